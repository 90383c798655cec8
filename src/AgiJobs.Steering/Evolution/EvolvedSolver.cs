using System.Diagnostics.CodeAnalysis;
using AgiJobs.Steering.Programs;
using AgiJobs.Steering.Searches;
using AgiJobs.Tasks;

namespace AgiJobs.Steering.Evolution;

/// <summary>A program that evolved in a run, as somebody who answers tasks of the arena. Bounded in steps as in the run. Safe for use by several threads.</summary>
public sealed class EvolvedSolver
{
    private readonly AgentProgram _program;

    private EvolvedSolver(AgentProgram program) => _program = program;

    /// <summary>Reads a run's artifact; false when it is no program.</summary>
    public static bool TryParse(string? artifact, [NotNullWhen(true)] out EvolvedSolver? solver)
    {
        solver = AgentProgram.TryParse(artifact, out var program) ? new EvolvedSolver(program) : null;
        return solver is not null;
    }

    /// <summary>Its answer to a task; nothing when it finds none, or when the statement is no task that it knows. What it gives the family's own checker has accepted.</summary>
    public string? Solve(TaskStatement statement) =>
        TaskFamilies.Validate(statement) is null && SearchSpace.Solve(_program, statement).Answer is { } answer && TaskFamilies.Judge(statement, answer).IsRight ? answer : null;
}
