using AgiJobs.Control.Serving;
using AgiJobs.Storage;

namespace AgiJobs.Steering.Steerage;

/// <summary>Sees to it that every change of a run reaches the owner's ledger, also those of a process that died in between.</summary>
/// <param name="desk">The desk.</param>
/// <param name="time">The clock.</param>
public sealed class LedgerWorker(SteeringDesk desk, TimeProvider time) : LoopWorker(time)
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time = time;
    private volatile WorkerState _present = new(false, "starting", "it has not looked yet");

    /// <inheritdoc/>
    public override string Name => "hgm-ledger";

    /// <inheritdoc/>
    protected override WorkerState Present => _present;

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var (waiting, problem) = await desk.RecordAsync(cancellation).ConfigureAwait(false);
                _present = problem is null
                    ? new WorkerState(true, "ready", "every change of a run is in the owner's ledger")
                    : new WorkerState(false, problem.Code, $"{waiting} changes of runs wait for the owner's ledger: {problem.Message}");
                await Task.Delay(Poll, _time, cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (StorageException problem)
            {
                _present = new WorkerState(false, problem.Code, problem.Message);
                await Task.Delay(Poll, _time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
