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
    private readonly TimeProvider _time = time;
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
    protected override async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
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
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (StorageException problem)
            {
                _state = new WorkerState(false, problem.Code, problem.Message);
                Tell($"alerts: {problem.Message} [{problem.Code}]");
            }

            await Task.Delay(poll, _time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
