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
    // How often an open page is told what is new, and how often at most the other files are made again; rarer where making them takes long.
    private static readonly TimeSpan Told = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Rewritten = TimeSpan.FromSeconds(1);

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
        var (hgm, other) = (new RunHistory(identity.Run), new RunHistory(RivalRun));
        RunReport? report = null;
        try
        {
            long rewritten = 0;
            var (least, told) = (TimeSpan.Zero, -1);
            while (!driving.IsCompleted)
            {
                if (await FollowAsync(hgm, other, stop.Token).ConfigureAwait(false))
                {
                    report ??= new RunReport(identity, hgm, other, folder, time);
                    report.Tell();
                    if (time.GetElapsedTime(rewritten) >= least)
                    {
                        var begun = time.GetTimestamp();
                        report.Write(live: true, stop.Token);
                        rewritten = time.GetTimestamp();
                        var took = time.GetElapsedTime(begun, rewritten);
                        least = took * 8 > Rewritten ? took * 8 : Rewritten;
                    }

                    if (hgm.State.Evaluations / 100 > told)
                    {
                        told = hgm.State.Evaluations / 100;
                        onProgress(FormattableString.Invariant($"{hgm.State.Evaluations} of {settings.Evaluations} evaluations, {hgm.State.Tree.Count} agents; {rival}: {other.State.Evaluations}, {other.State.Tree.Count}"));
                    }
                }

                await Task.WhenAny(driving, Task.Delay(Told, time, stop.Token)).ConfigureAwait(false);
            }

            await driving.ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await driving.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);

            // Also what was stopped is reported, as it is; no page waits for more.
            if (cancellation.IsCancellationRequested && await FollowAsync(hgm, other, CancellationToken.None).ConfigureAwait(false))
            {
                (report ?? new RunReport(identity, hgm, other, folder, time)).Write(live: false, CancellationToken.None);
            }
        }

        await FollowAsync(hgm, other, cancellation).ConfigureAwait(false);
        (report ?? new RunReport(identity, hgm, other, folder, time)).Write(live: false, cancellation);
        return RunSummary.Of(identity, hgm, other, measured: true, cancellation);
    }

    // False while either has no first event.
    private async Task<bool> FollowAsync(RunHistory hgm, RunHistory other, CancellationToken cancellation)
    {
        foreach (var history in (RunHistory[])[hgm, other])
        {
            history.Add(await store.TimedAsync(history.Run, history.State.Version, cancellation).ConfigureAwait(false));
        }

        return hgm.State.Version > 0 && other.State.Version > 0;
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
