using AgiJobs.Hgm;
using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Runs;

namespace AgiJobs.Steering.Reports;

/// <summary>
/// HGM beside a rival on programs that evolve: two ordinary kept runs with the same seed, tasks, root, concurrency and budget, driven at once, with a report that is written while they go on. Cut anywhere, the same
/// call goes on with both. Nothing touches the chain.
/// </summary>
/// <param name="store">Where the runs are kept.</param>
/// <param name="identity">Network and chain; the run's name is that of HGM's.</param>
/// <param name="settings">What both runs follow, but for the policy.</param>
/// <param name="rival">The rival's policy.</param>
/// <param name="time">What paces and stamps.</param>
public sealed class HgmDemo(DurableRunStore store, RunIdentity identity, RunSettings settings, string rival, TimeProvider time)
{
    /// <summary>The rival's run.</summary>
    public string RivalRun { get; } = $"{identity.Run}.{rival}";

    /// <summary>A name for a demo's run: the same for the same settings, another for others.</summary>
    public static string RunName(RunSettings settings) => FormattableString.Invariant($"demo-s{settings.Seed}-b{settings.Evaluations}");

    /// <summary>Drives both runs to their ends, or goes on with them, and writes the report.</summary>
    /// <param name="folder">Where the report goes.</param>
    /// <param name="pace">The least time between two results of a run, so that people can watch; without influence on the result.</param>
    /// <param name="workers">How many operations of each run are carried out at once; without influence on the result.</param>
    /// <param name="onProgress">Told now and then, in words.</param>
    /// <param name="cancellation">Stops driving; the report is brought up to date first.</param>
    /// <exception cref="HgmException">Those of <see cref="RunDriver.DriveAsync"/>, and <c>report-folder</c>.</exception>
    public async Task<RunSummary> RunAsync(ReportFolder folder, TimeSpan pace, int workers, Action<string> onProgress, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var driving = Task.WhenAll(DriveAsync(identity.Run, PolicyNames.Hgm, pace, workers, stop.Token), DriveAsync(RivalRun, rival, pace, workers, stop.Token));
        var report = new LiveReport(store, identity, RivalRun, folder, time);
        try
        {
            return await report.FollowAsync(driving, onProgress, cancellation).ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await driving.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);

            // What was stopped is reported as it is: no page waits for more.
            if (cancellation.IsCancellationRequested && report.Run.State.Version > 0)
            {
                await report.WriteAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private async Task<RunState> DriveAsync(string run, string policy, TimeSpan pace, int workers, CancellationToken cancellation)
    {
        var own = settings with { Policy = policy };
        return await new RunDriver(new PacedStore(store, pace, time), EvolutionWorld.For(own, store), workers).DriveAsync(run, EvolutionWorld.Begin(own), cancellation).ConfigureAwait(false);
    }

    // Waits before a result is kept.
    private sealed class PacedStore(IRunStore kept, TimeSpan pace, TimeProvider time) : IRunStore
    {
        public ValueTask<IReadOnlyList<RunEvent>> ReadAsync(string run, long after, CancellationToken cancellation) => kept.ReadAsync(run, after, cancellation);

        public async ValueTask<bool> AppendAsync(string run, long expectedVersion, IReadOnlyList<RunEvent> events, CancellationToken cancellation)
        {
            if (pace > TimeSpan.Zero && events.Any(happened => happened is AgentAdded or ExpansionFailed or EvaluationRecorded or EvaluationVoided))
            {
                await Task.Delay(pace, time, cancellation).ConfigureAwait(false);
            }

            return await kept.AppendAsync(run, expectedVersion, events, cancellation).ConfigureAwait(false);
        }
    }
}
