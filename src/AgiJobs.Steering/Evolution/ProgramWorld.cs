using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Programs;
using AgiJobs.Steering.Searches;
using AgiJobs.Steering.Worlds;
using AgiJobs.Tasks;

namespace AgiJobs.Steering.Evolution;

/// <summary>What an <see cref="EvolutionWorld"/> does, without the run around it: programs are changed, and tried on tasks that the family's checker judges. Safe for use by several threads.</summary>
/// <param name="tasks">The run's tasks.</param>
public sealed class ProgramWorld(TaskSet tasks) : IPortableWorld
{
    private static readonly Amount Step = Amount.Parse("0.001");
    private static readonly Amount Solved = Amount.Parse("1");

    /// <inheritdoc/>
    public Task<ExpansionOutcome> ExpandAsync(ExpansionWork work, string? mate, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!AgentProgram.TryParse(work.Artifact, out var parent))
        {
            return Task.FromResult(new ExpansionOutcome("the parent is no program", null, EvolutionWorld.ExpansionCost));
        }

        var other = AgentProgram.TryParse(mate, out var parsed) ? parsed : null;
        return Task.FromResult(Breeding.Child(parent, other, work.Seed) is { } child
            ? new ExpansionOutcome(null, child.Text, EvolutionWorld.ExpansionCost)
            : new ExpansionOutcome("nothing new came of it", null, EvolutionWorld.ExpansionCost));
    }

    /// <inheritdoc/>
    public Task<EvaluationOutcome> EvaluateAsync(EvaluationWork work, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!AgentProgram.TryParse(work.Artifact, out var program))
        {
            return Task.FromResult(new EvaluationOutcome(null, "the agent is no program", Amount.Zero, Amount.Zero));
        }

        var (passed, steps) = Try(program, tasks[work.Task]);
        return Task.FromResult(new EvaluationOutcome(passed, null, CostOf(steps), passed ? Solved : Amount.Zero));
    }

    internal static Amount CostOf(int steps) => Amount.OfAtoms(steps * Step.Atoms);

    internal static (bool Passed, int Steps) Try(AgentProgram program, TaskStatement task)
    {
        var (answer, steps) = SearchSpace.Solve(program, task);
        return (answer is not null && TaskFamilies.Judge(task, answer).IsRight, steps);
    }
}
