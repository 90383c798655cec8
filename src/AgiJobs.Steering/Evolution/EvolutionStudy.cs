using System.Globalization;
using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Simulation;

namespace AgiJobs.Steering.Evolution;

/// <summary>The policies against each other on programs that evolve: the same seeds, tasks, root and evaluations for all.</summary>
public static class EvolutionStudy
{
    /// <summary>Tasks that nobody was chosen by.</summary>
    public const int HeldOutTasks = 100;

    /// <summary>Above so many standard errors one is called ahead of the other.</summary>
    public const double ClearZ = 2.0;

    /// <summary>The run that is compared: the sizes of the paper's 60-task runs, the root evaluated beforehand without charge.</summary>
    public static RunSettings Run { get; } = new() { FreeRootEvaluation = true };

    /// <summary>Two tables: what each policy reached, and by how much HGM is ahead of each, with a verdict in words.</summary>
    /// <param name="study">Seeds and threads.</param>
    /// <param name="run">What all runs follow but for policy and seed.</param>
    /// <param name="onRun">Told after each run, from several threads.</param>
    /// <param name="cancellation">Stops it.</param>
    public static async Task<IReadOnlyList<ReportTable>> ComputeAsync(Study study, RunSettings run, Action? onRun, CancellationToken cancellation)
    {
        var policies = PolicyNames.All;
        var reached = new Reached[policies.Count, study.Seeds];
        var roots = new double[study.Seeds];
        await Parallel.ForAsync(0, study.Seeds, new ParallelOptions { MaxDegreeOfParallelism = study.Threads, CancellationToken = cancellation }, async (replicate, stop) =>
        {
            var seed = study.SeedOf(replicate);
            var (tasks, heldOut) = (TaskSet.Of(seed, run.Tasks), TaskSet.HeldOut(seed, HeldOutTasks));
            roots[replicate] = EvolutionWorld.Accuracy(EvolutionWorld.RootArtifact, heldOut, stop);
            for (var policy = 0; policy < policies.Count; policy++)
            {
                var store = new EventList();
                var settings = run with { Seed = seed, Policy = policies[policy] };
                var state = await new RunDriver(store, new EvolutionWorld(tasks, store), workers: 1).DriveAsync("study", EvolutionWorld.Begin(settings), stop).ConfigureAwait(false);
                var chosen = state.Artifact(BestBelief.Choose(state))!;
                reached[policy, replicate] = new Reached(
                    EvolutionWorld.Accuracy(EvolutionWorld.RootArtifact, tasks, stop), EvolutionWorld.Accuracy(chosen, tasks, stop), EvolutionWorld.Accuracy(chosen, heldOut, stop), state.Evaluations, state.Tree.Count);
                onRun?.Invoke();
            }
        }).ConfigureAwait(false);
        return [Accuracies(study, run, policies, reached, roots), Differences(study, policies, reached)];
    }

    private static ReportTable Accuracies(Study study, RunSettings run, IReadOnlyList<string> policies, Reached[,] reached, double[] roots)
    {
        var rows = new List<IReadOnlyList<ReportCell>>
        {
            new List<ReportCell> { new("(the root)"), Cell(0, one => one.Root), new("-"), ReportCell.Of(Estimate.Of(roots), 1, 100), new("-"), new("-"), new("-") },
        };
        for (var policy = 0; policy < policies.Count; policy++)
        {
            var at = policy;
            rows.Add(
            [
                new ReportCell(policies[policy]),
                Cell(at, one => one.Tasks),
                Cell(at, one => one.Tasks - one.Root),
                Cell(at, one => one.HeldOut),
                ReportCell.Of(Estimate.Of(Of(reached, at).Select((one, replicate) => one.HeldOut - roots[replicate])), 1, 100),
                ReportCell.Of(Estimate.Of(Of(reached, at).Select(one => (double)one.Evaluations)), 0),
                ReportCell.Of(Estimate.Of(Of(reached, at).Select(one => (double)one.Agents)), 1),
            ]);
        }

        return new ReportTable(
            "Programs that evolve: the chosen agent",
            ["policy", "run's tasks %", "gain, points", "held out %", "gain, points", "evaluations", "agents"],
            rows,
            [
                string.Create(CultureInfo.InvariantCulture, $"{study.Seeds} seeds from {study.Seed}, {run.Evaluations} evaluations on {run.Tasks} tasks each, concurrency {run.Concurrency}; ± is the standard error of the mean."),
                string.Create(CultureInfo.InvariantCulture, $"What the chosen agent solves of the run's tasks, all of them, and of {HeldOutTasks} others of the same kinds by which nobody was chosen."),
            ]);

        ReportCell Cell(int policy, Func<Reached, double> of) => ReportCell.Of(Estimate.Of(Of(reached, policy).Select(of)), 1, 100);
    }

    private static ReportTable Differences(Study study, IReadOnlyList<string> policies, Reached[,] reached)
    {
        var rows = new List<IReadOnlyList<ReportCell>>();
        for (var policy = 1; policy < policies.Count; policy++)
        {
            var (tasks, heldOut) = (Paired(reached, policy, one => one.Tasks), Paired(reached, policy, one => one.HeldOut));
            rows.Add(
            [
                new ReportCell($"{policies[0]} - {policies[policy]}"),
                ReportCell.Of(tasks, 2, 100),
                ReportCell.Of(tasks.Z, 1),
                ReportCell.Of(heldOut, 2, 100),
                ReportCell.Of(heldOut.Z, 1),
                new ReportCell(Verdict(heldOut)),
            ]);
        }

        return new ReportTable(
            "Does HGM beat its rivals here? Paired by seed",
            ["difference", "run's tasks, points", "z", "held out, points", "z", "verdict on tasks held out"],
            rows,
            [
                string.Create(CultureInfo.InvariantCulture, $"{study.Seeds} seeds from {study.Seed}; ± is the standard error of the mean. 'ahead' and 'behind': by more than {ClearZ:F0} standard errors."),
                "Evaluations are equal and expansions are not: HGM makes more agents of them, as in the paper.",
            ]);
    }

    /// <summary>A paired difference in words.</summary>
    internal static string Verdict(Estimate difference) => difference.Mean > 0 && difference.Mean > ClearZ * difference.Error ? "hgm is ahead"
        : difference.Mean < 0 && -difference.Mean > ClearZ * difference.Error ? "hgm is behind"
        : "no difference seen";

    private static Estimate Paired(Reached[,] reached, int rival, Func<Reached, double> of) => Estimate.Of(Of(reached, 0).Zip(Of(reached, rival), (hgm, other) => of(hgm) - of(other)));

    private static IEnumerable<Reached> Of(Reached[,] reached, int policy) => Enumerable.Range(0, reached.GetLength(1)).Select(replicate => reached[policy, replicate]);

    private sealed record Reached(double Root, double Tasks, double HeldOut, int Evaluations, int Agents);

    // The events as they are: a study keeps none of them.
    private sealed class EventList : IRunStore
    {
        private readonly Lock _lock = new();
        private readonly List<RunEvent> _events = [];

        public ValueTask<IReadOnlyList<RunEvent>> ReadAsync(string run, long after, CancellationToken cancellation)
        {
            lock (_lock)
            {
                return ValueTask.FromResult<IReadOnlyList<RunEvent>>(_events.GetRange((int)after, _events.Count - (int)after));
            }
        }

        public ValueTask<bool> AppendAsync(string run, long expectedVersion, IReadOnlyList<RunEvent> events, CancellationToken cancellation)
        {
            lock (_lock)
            {
                if (_events.Count != expectedVersion)
                {
                    return ValueTask.FromResult(false);
                }

                _events.AddRange(events);
                return ValueTask.FromResult(true);
            }
        }
    }
}
