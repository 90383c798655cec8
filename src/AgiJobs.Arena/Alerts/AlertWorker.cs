using AgiJobs.Control.Serving;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Alerts;

/// <summary>The delivery of alerts as the work of a host. A receiver that does not take them keeps nothing else from working, and is told in the state.</summary>
/// <param name="delivery">What delivers.</param>
/// <param name="store">Where messages wait.</param>
/// <param name="network">Whose alerts.</param>
/// <param name="poll">How often it looks.</param>
/// <param name="time">The clock.</param>
public sealed class AlertWorker(AlertDelivery delivery, IStateStore store, string network, TimeSpan poll, TimeProvider time) : LoopWorker(time)
{
    private volatile WorkerState _state = new(false, "starting", "it has not looked at its outbox yet");

    /// <summary>Hears of what was given up and of what cannot be done.</summary>
    public Action<string> Tell { get; init; } = _ => { };

    /// <inheritdoc/>
    public override string Name => "arena-alerts";

    /// <inheritdoc/>
    protected override WorkerState Present => _state;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        delivery.Dispose();
    }

    /// <inheritdoc/>
    protected override Task RunAsync(CancellationToken cancellation) => RepeatAsync(poll, LookAsync, Fail, cancellation);

    private async Task LookAsync(CancellationToken cancellation)
    {
        foreach (var lost in (await delivery.DeliverAsync(cancellation).ConfigureAwait(false)).GivenUp)
        {
            Tell(lost);
        }

        var outbox = await store.OutboxAsync(AlertBook.Channel(network), cancellation).ConfigureAwait(false);
        _state = outbox.GivenUp > 0 ? new WorkerState(true, "alerts-given-up", $"{outbox.GivenUp} alerts were given up: {outbox.LastError}")
            : outbox.Waiting > 0 && outbox.LastError is { } error ? new WorkerState(true, "retrying", $"{outbox.Waiting} alerts wait: {error}")
            : new WorkerState(true, "ready", $"{outbox.Waiting} alerts wait");
    }

    private void Fail(Exception problem)
    {
        var code = problem is StorageException store ? store.Code : "alerts-failed";
        if (_state.Code != code)
        {
            Tell($"alerts: {problem.Message} [{code}]");
        }

        _state = new WorkerState(false, code, problem.Message);
    }
}
