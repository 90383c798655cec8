using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Programs;
using AgiJobs.Steering.Searches;
using AgiJobs.Steering.Worlds;

namespace AgiJobs.Steering.Evolution;

/// <summary>
/// Agents that are programs, tried on the arena's own tasks. An expansion changes a program by the program's own editor and lets it take parts of another agent of the run; an evaluation lets it search for an
/// answer within the step limit and has the answer checked by the task's family. Everything follows from the run's events and seeds: a run is the same to the byte whoever carries it out and however often it
/// was cut. Steps cost 0.001 each, a change <see cref="ExpansionCost"/>; a solved task is worth 1. Safe for use by several threads.
/// </summary>
/// <param name="tasks">The run's tasks.</param>
/// <param name="store">Where the run's events are, by which an expansion knows the others.</param>
public sealed class EvolutionWorld(TaskSet tasks, IRunStore store) : IAgentWorld
{
    private readonly NearWorld _near = new(new ProgramWorld(tasks), store);

    /// <summary>What everything descends from.</summary>
    public static string RootArtifact => AgentProgram.Root.Text;

    /// <summary>The most that an evaluation costs.</summary>
    public static Amount EvaluationReserve { get; } = ProgramWorld.CostOf(SearchSpace.StepLimit);

    /// <summary>What an expansion costs.</summary>
    public static Amount ExpansionCost { get; } = Amount.Parse("0.01");

    /// <summary>The world of a run with these settings.</summary>
    public static EvolutionWorld For(RunSettings settings, IRunStore store) => new(TaskSet.Of(settings.Seed, settings.Tasks), store);

    /// <summary>The first event of a run in this world: the settings with what operations may cost.</summary>
    public static RunStarted Begin(RunSettings settings) => new(settings with { EvaluationReserve = EvaluationReserve, ExpansionReserve = ExpansionCost }, RootArtifact);

    /// <summary>The share of tasks that an agent solves, from 0 to 1: exactly, since the same program gives the same answer each time.</summary>
    /// <exception cref="ArgumentException">The artifact is no program.</exception>
    public static double Accuracy(string artifact, TaskSet tasks, CancellationToken cancellation = default) => Trials(artifact, tasks, cancellation).Count(trial => trial.Passed) / (double)tasks.Count;

    /// <summary>What an agent makes of each task, in their order: whether it solves it, and in how many steps it ends.</summary>
    /// <exception cref="ArgumentException">The artifact is no program.</exception>
    public static IReadOnlyList<(bool Passed, int Steps)> Trials(string artifact, TaskSet tasks, CancellationToken cancellation = default)
    {
        var program = AgentProgram.TryParse(artifact, out var parsed) ? parsed : throw new ArgumentException("The artifact is no program.", nameof(artifact));
        var trials = new (bool Passed, int Steps)[tasks.Count];
        for (var task = 0; task < tasks.Count; task++)
        {
            cancellation.ThrowIfCancellationRequested();
            trials[task] = ProgramWorld.Try(program, tasks[task]);
        }

        return trials;
    }

    /// <inheritdoc/>
    public Task<ExpansionOutcome> ExpandAsync(ExpansionWork work, CancellationToken cancellation) => _near.ExpandAsync(work, cancellation);

    /// <inheritdoc/>
    public Task<EvaluationOutcome> EvaluateAsync(EvaluationWork work, CancellationToken cancellation) => _near.EvaluateAsync(work, cancellation);
}
