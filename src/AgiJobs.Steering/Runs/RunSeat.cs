using AgiJobs.Control;
using AgiJobs.Hgm.Runs;
using AgiJobs.Storage;

namespace AgiJobs.Steering.Runs;

/// <summary>
/// The right to drive one run, the lease <c>hgm/NETWORK/runs/NAME</c>. It is renewed while the seat is held. Whatever the driver appends carries its fence, so that a driver that lost the seat, even without having
/// noticed, changes nothing any more. Disposing it gives the lease back.
/// </summary>
public sealed class RunSeat : IAsyncDisposable
{
    /// <summary>Another process drives the run.</summary>
    public const string DrivenElsewhere = "run-driven-elsewhere";

    /// <summary>Another process took the run over; what this one did since was not kept.</summary>
    public const string Lost = "run-lease-lost";

    private readonly DurableRunStore _runs;
    private readonly string _run;
    private readonly TimeSpan _lasts;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _end = new();
    private readonly CancellationTokenSource _lost = new();
    private readonly Task _renewing;
    private Lease _lease;
    private bool _isGivenBack;

    private RunSeat(DurableRunStore runs, string run, Lease lease, TimeSpan lasts, TimeProvider time)
    {
        (_runs, _run, _lease, _lasts, _time) = (runs, run, lease, lasts, time);
        _renewing = Task.Run(RenewAsync, CancellationToken.None);
    }

    /// <summary>Takes the seat: a free one, and that of a driver of this machine whose process is gone.</summary>
    /// <param name="runs">The network's runs.</param>
    /// <param name="run">The run's name.</param>
    /// <param name="driver">Who drives: <see cref="DriverName"/>.</param>
    /// <param name="lasts">For how long the lease is taken, and held without being renewed.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ControlException"><see cref="DrivenElsewhere"/>, naming the holder.</exception>
    /// <exception cref="Hgm.HgmException"><c>run-name</c>.</exception>
    /// <exception cref="StorageException">The store did not answer.</exception>
    public static async Task<RunSeat> TakeAsync(DurableRunStore runs, string run, string driver, TimeSpan lasts, TimeProvider time, CancellationToken cancellation) =>
        await TryTakeAsync(runs, run, driver, lasts, time, cancellation).ConfigureAwait(false)
        ?? throw Elsewhere(run, await runs.State.FindLeaseAsync(runs.StreamOf(run), cancellation).ConfigureAwait(false));

    /// <summary>As <see cref="TakeAsync"/>; null when another drives.</summary>
    public static async Task<RunSeat?> TryTakeAsync(DurableRunStore runs, string run, string driver, TimeSpan lasts, TimeProvider time, CancellationToken cancellation)
    {
        var (store, name) = (runs.State, runs.StreamOf(run));
        var lease = await store.TryAcquireAsync(name, driver, lasts, cancellation).ConfigureAwait(false);
        if (lease is null && await store.FindLeaseAsync(name, cancellation).ConfigureAwait(false) is { } held && DriverName.IsGone(held.Holder))
        {
            // Only who is called as the dead one gets its lease; another that does the same at this moment raises the fence, and one of the two finds the lease gone.
            if (await store.TryAcquireAsync(name, held.Holder, lasts, cancellation).ConfigureAwait(false) is { } dead)
            {
                await store.ReleaseAsync(dead, cancellation).ConfigureAwait(false);
                lease = await store.TryAcquireAsync(name, driver, lasts, cancellation).ConfigureAwait(false);
            }
        }

        return lease is null ? null : new RunSeat(runs, run, lease, lasts, time);
    }

    /// <summary>Drives the run until it is finished or held.</summary>
    /// <param name="world">Who does the work.</param>
    /// <param name="workers">How many operations are carried out at once.</param>
    /// <param name="start">The run's first event.</param>
    /// <param name="pace">The least time between committed results; zero for none. Without influence on the result.</param>
    /// <param name="brake">What holds back the start of operations, without influence on the result; null for nothing.</param>
    /// <param name="cancellation">Stops driving; the run can be resumed.</param>
    /// <exception cref="ControlException"><see cref="Lost"/>.</exception>
    /// <exception cref="Hgm.HgmException">As <see cref="RunDriver.DriveAsync"/>.</exception>
    /// <exception cref="StorageException">The store did not answer, or is damaged.</exception>
    public async Task<RunState> DriveAsync(IAgentWorld world, int workers, RunStarted start, TimeSpan pace, PauseBrake? brake, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _lost.Token);
        try
        {
            return await new RunDriver(new DrivenStore(_runs, _lease, pace, brake, _time), world, workers, _time).DriveAsync(_run, start, stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_lost.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw await TakenAsync(null, cancellation).ConfigureAwait(false);
        }
        catch (StorageException problem) when (problem.Code == StorageException.FenceLost)
        {
            throw await TakenAsync(problem, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Gives the seat back; once, however often it is called.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isGivenBack, true))
        {
            return;
        }

        await _end.CancelAsync().ConfigureAwait(false);
        await _renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            await _runs.State.ReleaseAsync(_lease, CancellationToken.None).ConfigureAwait(false);
        }
        catch (StorageException)
        {
            // It runs out by itself.
        }

        _end.Dispose();
        _lost.Dispose();
    }

    private static ControlException Elsewhere(string run, Lease? held) => new(
        DrivenElsewhere,
        ExitCode.Refused,
        $"The run '{run}' is driven by {(held is null ? "another process, which gave it back this moment" : $"{DriverName.Words(held.Holder)}, which holds it until {held.Until.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC at least")}.",
        held is null ? "Run the command again." : "It goes on there; 'agijobs hgm list' and 'agijobs hgm report' show how far it is. To drive it here, end that process first.");

    private async Task<ControlException> TakenAsync(StorageException? inner, CancellationToken cancellation)
    {
        var held = await _runs.State.FindLeaseAsync(_lease.Name, cancellation).ConfigureAwait(false);
        return new ControlException(
            Lost,
            ExitCode.Failed,
            $"The run '{_run}' was taken over by {(held is null ? "another process" : DriverName.Words(held.Holder))}: driving it has ended here, and nothing that was done here since was kept.",
            "Nothing is lost: the run goes on there from its last event.",
            inner);
    }

    private async Task RenewAsync()
    {
        while (true)
        {
            await Task.Delay(_lasts / 3, _time, _end.Token).ConfigureAwait(false);
            try
            {
                if (await _runs.State.RenewAsync(_lease, _lasts, _end.Token).ConfigureAwait(false) is not { } renewed)
                {
                    await _lost.CancelAsync().ConfigureAwait(false);
                    return;
                }

                _lease = renewed;
            }
            catch (StorageException)
            {
                // The store is asked again in a while. Whether the lease still stands is decided by the fence of the next append.
            }
        }
    }
}
