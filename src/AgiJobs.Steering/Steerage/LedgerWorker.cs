using AgiJobs.Control.Serving;
using AgiJobs.Storage;

namespace AgiJobs.Steering.Steerage;

/// <summary>Sees to it that every change of a run reaches the owner's ledger, also those of a process that died in between.</summary>
/// <param name="desk">The desk.</param>
/// <param name="time">The clock.</param>
public sealed class LedgerWorker(SteeringDesk desk, TimeProvider time) : LoopWorker(time)
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(2);

    private volatile WorkerState _present = new(false, "starting", "it has not looked yet");

    /// <inheritdoc/>
    public override string Name => "hgm-ledger";

    /// <inheritdoc/>
    protected override WorkerState Present => _present;

    /// <inheritdoc/>
    protected override Task RunAsync(CancellationToken cancellation) => RepeatAsync(
        Poll,
        async token =>
        {
            var (waiting, problem) = await desk.RecordAsync(token).ConfigureAwait(false);
            _present = problem is null
                ? new WorkerState(true, "ready", "every change of a run is in the owner's ledger")
                : new WorkerState(false, problem.Code, $"{waiting} changes of runs wait for the owner's ledger: {problem.Message}");
        },
        problem => _present = new WorkerState(false, problem is StorageException store ? store.Code : "ledger-failed", problem.Message),
        cancellation);
}
