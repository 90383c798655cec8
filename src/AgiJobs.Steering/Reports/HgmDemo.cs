using AgiJobs.Hgm;
using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Runs;

namespace AgiJobs.Steering.Reports;

/// <summary>
/// HGM beside a rival on programs that evolve: two ordinary kept runs with the same seed, tasks, root, concurrency and budget, driven at once, with a report that is written while they go on. Cut anywhere, the same
/// call goes on with both; a run that another process drives is watched. Nothing touches the chain.
/// </summary>
/// <param name="store">Where the runs are kept.</param>
/// <param name="identity">Network and chain; the run's name is that of HGM's.</param>
/// <param name="settings">What both runs follow, but for the policy.</param>
/// <param name="rival">The rival's policy.</param>
/// <param name="leased">For how long the seat of a run's driver is taken, and held without being renewed.</param>
/// <param name="brake">What holds back the start of operations while the system is paused; null for nothing.</param>
/// <param name="time">What paces and stamps.</param>
public sealed class HgmDemo(DurableRunStore store, RunIdentity identity, RunSettings settings, string rival, TimeSpan leased, PauseBrake? brake, TimeProvider time)
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
    /// <exception cref="HgmException"><c>other-run</c>, those of <see cref="RunDriver.DriveAsync"/>, and <c>report-folder</c>.</exception>
    /// <exception cref="AgiJobs.Control.ControlException"><see cref="RunSeat.Lost"/>.</exception>
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

    private async Task DriveAsync(string run, string policy, TimeSpan pace, int workers, CancellationToken cancellation)
    {
        var own = settings with { Policy = policy };
        var start = EvolutionWorld.Begin(own);
        if (!await store.BeginAsync(run, start, null, pace, cancellation).ConfigureAwait(false) && (await store.KeptAsync(run, 0, 1, cancellation).ConfigureAwait(false))[0].Happened is RunStarted began && began != start)
        {
            throw new HgmException("other-run", $"A run '{run}' began with other settings.", "Choose another seed or budget.");
        }

        while (true)
        {
            // Whoever drives it, the result is the same: here is only watched what another drives.
            if (await RunSeat.TryTakeAsync(store, run, DriverName.New(), leased, time, cancellation).ConfigureAwait(false) is { } seat)
            {
                await using (seat.ConfigureAwait(false))
                {
                    await store.EnlistAsync(run, await seat.DriveAsync(EvolutionWorld.For(own, store), workers, start, pace, brake, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
                    return;
                }
            }

            if (await store.FindAsync(run, cancellation).ConfigureAwait(false) is { IsFinished: true })
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(250), time, cancellation).ConfigureAwait(false);
        }
    }
}
