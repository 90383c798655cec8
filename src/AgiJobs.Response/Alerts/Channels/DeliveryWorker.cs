using System.Collections.Concurrent;
using AgiJobs.Control.Serving;
using AgiJobs.Storage;

namespace AgiJobs.Response.Alerts.Channels;

/// <summary>The delivery of all channels as the work of a host, each by itself: one that stalls or fails keeps none of the others waiting.</summary>
/// <param name="deliveries">What delivers, one for each channel.</param>
/// <param name="store">Where messages wait.</param>
/// <param name="places">Where things are kept.</param>
/// <param name="poll">How often it looks.</param>
/// <param name="time">The clock.</param>
public sealed class DeliveryWorker(IReadOnlyList<NoticeDelivery> deliveries, IStateStore store, AlertPlaces places, TimeSpan poll, TimeProvider time) : LoopWorker(time)
{
    private readonly ConcurrentDictionary<string, WorkerState> _states = new(StringComparer.Ordinal);

    /// <summary>Hears of what was given up and of what cannot be done.</summary>
    public Action<string> Tell { get; init; } = _ => { };

    /// <inheritdoc/>
    public override string Name => "alert-delivery";

    /// <inheritdoc/>
    protected override WorkerState Present => deliveries.Count == 0 ? new WorkerState(true, "nobody-told", "no channel is on file, so nobody is told of alerts")
        : _states.Count < deliveries.Count ? new WorkerState(false, "starting", "it has not looked at every outbox yet")
        : _states.Values.FirstOrDefault(state => !state.IsReady) ?? _states.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => entry.Value).FirstOrDefault(state => state.Code is not "ready") ?? new WorkerState(true, "ready", $"{deliveries.Count} channels deliver");

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        foreach (var delivery in deliveries)
        {
            delivery.Dispose();
        }
    }

    /// <inheritdoc/>
    protected override Task RunAsync(CancellationToken cancellation) => Task.WhenAll(deliveries.Select(delivery => Task.Run(() => RunAsync(delivery, cancellation), CancellationToken.None)));

    private Task RunAsync(NoticeDelivery delivery, CancellationToken cancellation) => RepeatAsync(
        poll,
        async token =>
        {
            foreach (var lost in (await delivery.DeliverAsync(token).ConfigureAwait(false)).GivenUp)
            {
                Tell(lost);
            }

            var outbox = await store.OutboxAsync(places.Outbox(delivery.Name), token).ConfigureAwait(false);
            _states[delivery.Name] = outbox.GivenUp > 0 ? new WorkerState(true, "alerts-given-up", $"the channel {delivery.Name} has given up {outbox.GivenUp} messages: {outbox.LastError}")
                : outbox.Waiting > 0 && outbox.LastError is { } error ? new WorkerState(true, "retrying", $"the channel {delivery.Name} has {outbox.Waiting} messages waiting: {error}")
                : new WorkerState(true, "ready", $"the channel {delivery.Name} has {outbox.Waiting} messages waiting");
        },
        problem =>
        {
            var code = problem is StorageException stored ? stored.Code : "delivery-failed";
            if (!_states.TryGetValue(delivery.Name, out var before) || before.Code != code)
            {
                Tell($"alert delivery by {delivery.Name}: {problem.Message} [{code}]");
            }

            _states[delivery.Name] = new WorkerState(false, code, $"the channel {delivery.Name}: {problem.Message}");
        },
        cancellation);
}
