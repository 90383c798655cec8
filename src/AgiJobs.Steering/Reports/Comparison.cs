using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;

namespace AgiJobs.Steering.Reports;

/// <summary>Two runs at the same budget: each as it was at the last moment at which it had not passed what the more frugal of the two used in all.</summary>
/// <param name="Measure">By what they are equal: <c>evaluations</c> or <c>money</c>.</param>
/// <param name="Limit">How much, in words.</param>
/// <param name="Hgm">The one.</param>
/// <param name="Rival">The other.</param>
public sealed record Comparison(string Measure, string Limit, Reached Hgm, Reached Rival)
{
    /// <summary>At equal evaluations and at equal money. The two need not agree.</summary>
    /// <param name="hgm">The one.</param>
    /// <param name="rival">The other.</param>
    /// <param name="measured">Whether the chosen agents are given all tasks.</param>
    /// <param name="cancellation">Stops it.</param>
    public static IReadOnlyList<Comparison> Of(RunHistory hgm, RunHistory rival, bool measured, CancellationToken cancellation)
    {
        var evaluations = Math.Min(hgm.State.Evaluations, rival.State.Evaluations);
        var money = Least(hgm.State.Ledger.Run.Cost, rival.State.Ledger.Run.Cost);
        return
        [
            new Comparison("evaluations", FormattableString.Invariant($"{evaluations} evaluations"), Reach(hgm, state => state.Evaluations <= evaluations), Reach(rival, state => state.Evaluations <= evaluations)),
            new Comparison("money", $"{money} spent", Reach(hgm, state => state.Ledger.Run.Cost <= money), Reach(rival, state => state.Ledger.Run.Cost <= money)),
        ];

        Reached Reach(RunHistory history, Func<RunState, bool> within) => Reached.Of(history.At(within), measured, cancellation);
    }

    private static Amount Least(Amount one, Amount other) => one < other ? one : other;
}

/// <summary>What a run had come to at a moment.</summary>
/// <param name="Evaluations">Charged.</param>
/// <param name="Agents">How many there were.</param>
/// <param name="Account">Money.</param>
/// <param name="Best">The best-belief agent; -1 when all are set aside.</param>
/// <param name="Mean">The mean of its posterior: an estimate from its own results.</param>
/// <param name="Lower">The quantile by which it is chosen.</param>
/// <param name="Solved">The share of the run's tasks that it solves when it is given all of them; measured afterwards, known to no policy. Nothing where agents are not this system's programs.</param>
/// <param name="HeldOut">The same of tasks by which nobody was chosen.</param>
public sealed record Reached(int Evaluations, int Agents, Account Account, int Best, double Mean, double Lower, double? Solved, double? HeldOut)
{
    /// <summary>What a run has come to now.</summary>
    /// <param name="state">The run.</param>
    /// <param name="measured">Whether the chosen agent is given all tasks.</param>
    /// <param name="cancellation">Stops it.</param>
    public static Reached Of(RunState state, bool measured, CancellationToken cancellation)
    {
        var best = BestBelief.Choose(state);
        var (mean, lower) = best < 0 ? (double.NaN, double.NaN) : TimelineDocument.Belief(state, best);
        var artifact = best < 0 || !measured ? null : state.Artifact(best);
        return new Reached(state.Evaluations, state.Tree.Count, state.Ledger.Run, best, mean, lower, Measured.Solved(artifact, state.Settings, cancellation), Measured.HeldOut(artifact, state.Settings, cancellation));
    }
}

/// <summary>What programs solve when they are given all tasks: exactly, since the same program gives the same answer each time.</summary>
internal static class Measured
{
    public static double? Solved(string? artifact, RunSettings settings, CancellationToken cancellation) => Of(artifact, TaskSet.Of(settings.Seed, settings.Tasks), cancellation);

    public static double? HeldOut(string? artifact, RunSettings settings, CancellationToken cancellation) => Of(artifact, TaskSet.HeldOut(settings.Seed, EvolutionStudy.HeldOutTasks), cancellation);

    private static double? Of(string? artifact, TaskSet tasks, CancellationToken cancellation) => Programs.AgentProgram.TryParse(artifact, out _) ? EvolutionWorld.Accuracy(artifact!, tasks, cancellation) : null;
}
