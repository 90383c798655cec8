using AgiJobs.Hgm;
using AgiJobs.Steering.Runs;

namespace AgiJobs.Steering.Reports;

/// <summary>A report of kept runs that is brought up to date while somebody drives them, in this process or another: it only reads the runs. Not safe for use by several threads at once.</summary>
/// <param name="store">Where the runs are kept.</param>
/// <param name="identity">Which run.</param>
/// <param name="rival">The name of the run beside it, if any.</param>
/// <param name="folder">Where the report goes.</param>
/// <param name="time">What paces and stamps.</param>
public sealed class LiveReport(DurableRunStore store, RunIdentity identity, string? rival, ReportFolder folder, TimeProvider time)
{
    // How often an open page is told what is new, and how often at most the other files are made again; rarer where making them takes long.
    private static readonly TimeSpan Told = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Rewritten = TimeSpan.FromSeconds(1);

    private readonly RunHistory _run = new(identity.Run);
    private readonly RunHistory? _rival = rival is null ? null : new RunHistory(rival);
    private RunReport? _report;

    /// <summary>The run as far as it was read.</summary>
    public RunHistory Run => _run;

    /// <summary>Writes the report as the runs are now; no page waits for more then.</summary>
    /// <exception cref="HgmException"><c>run-unknown</c> when a run has no first event; <c>report-folder</c>; those of <see cref="DurableRunStore.ReadAsync"/>.</exception>
    public async Task<RunSummary> WriteAsync(CancellationToken cancellation)
    {
        if (!await ReadAsync(cancellation).ConfigureAwait(false))
        {
            var missing = _run.State.Version == 0 ? _run.Run : _rival!.Run;
            throw new HgmException("run-unknown", $"There is no run '{missing}' on the network '{identity.Network}'.", $"agijobs hgm run {missing} makes it.");
        }

        return Report().Write(live: false, cancellation);
    }

    /// <summary>Keeps the report up to date until the runs end, then writes it a last time.</summary>
    /// <param name="until">Ends it earlier; nothing waits for the runs' ends alone. Awaited: what it throws is thrown.</param>
    /// <param name="onProgress">Told every hundred evaluations, in words.</param>
    /// <param name="cancellation">Stops it; the files are then as they were last written.</param>
    /// <exception cref="HgmException">As <see cref="WriteAsync"/>.</exception>
    public async Task<RunSummary> FollowAsync(Task? until, Action<string> onProgress, CancellationToken cancellation)
    {
        var (rewritten, least, told) = (0L, TimeSpan.Zero, -1);
        while (until is null ? !IsOver : !until.IsCompleted)
        {
            if (await ReadAsync(cancellation).ConfigureAwait(false))
            {
                Report().Tell();
                if (time.GetElapsedTime(rewritten) >= least)
                {
                    var begun = time.GetTimestamp();
                    Report().Write(live: true, cancellation);
                    rewritten = time.GetTimestamp();
                    var took = time.GetElapsedTime(begun, rewritten);
                    least = took * 8 > Rewritten ? took * 8 : Rewritten;
                }

                if (_run.State.Evaluations / 100 > told)
                {
                    told = _run.State.Evaluations / 100;
                    onProgress(string.Join("; ", Histories().Select(history => FormattableString.Invariant($"{history.State.Settings.Policy}: {history.State.Evaluations} of {history.State.Settings.Evaluations} evaluations, {history.State.Tree.Count} agents"))));
                }
            }
            else if (until is null)
            {
                break;
            }

            await Task.WhenAny(until ?? Task.Delay(Timeout.Infinite, cancellation), Task.Delay(Told, time, cancellation)).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
        }

        await (until ?? Task.CompletedTask).ConfigureAwait(false);
        return await WriteAsync(cancellation).ConfigureAwait(false);
    }

    private bool IsOver => _run.State.Version > 0 && Histories().All(history => history.State.Version > 0 && history.State.Finished is not null);

    private IEnumerable<RunHistory> Histories() => _rival is null ? [_run] : [_run, _rival];

    private RunReport Report() => _report ??= new RunReport(identity, _run, _rival, folder, time);

    // False while a run has no first event.
    private async Task<bool> ReadAsync(CancellationToken cancellation)
    {
        foreach (var history in Histories())
        {
            history.Add(await store.KeptAsync(history.Run, history.State.Version, int.MaxValue, cancellation).ConfigureAwait(false));
        }

        return Histories().All(history => history.State.Version > 0);
    }
}
