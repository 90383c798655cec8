using AgiJobs.Control.Serving;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Alerts;

/// <summary>The delivery of alerts as the work of a host. A receiver that does not take them keeps nothing else from working, and is told in the state.</summary>
/// <param name="delivery">What delivers.</param>
/// <param name="store">Where messages wait.</param>
/// <param name="network">Whose alerts.</param>
/// <param name="poll">How often it looks.</param>
/// <param name="time">The clock.</param>
public sealed class AlertWorker(AlertDelivery delivery, IStateStore store, string network, TimeSpan poll, TimeProvider time) : IWorker, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _work = Task.CompletedTask;
    private volatile WorkerState _state = new(false, "starting", "it has not looked at its outbox yet");

    /// <summary>Hears of what was given up and of what cannot be done.</summary>
    public Action<string> Tell { get; init; } = _ => { };

    /// <inheritdoc/>
    public string Name => "arena-alerts";

    /// <inheritdoc/>
    public WorkerState State => _state;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellation)
    {
        _work = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StopAsync(TimeSpan drain)
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        // A message that was being sent goes out again after its claim has run out.
        await _work.WaitAsync(drain + TimeSpan.FromSeconds(1), time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Dispose();
        delivery.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                foreach (var lost in (await delivery.DeliverAsync(_stop.Token).ConfigureAwait(false)).GivenUp)
                {
                    Tell(lost);
                }

                var outbox = await store.OutboxAsync(AlertBook.Channel(network), _stop.Token).ConfigureAwait(false);
                _state = outbox.GivenUp > 0 ? new WorkerState(true, "alerts-given-up", $"{outbox.GivenUp} alerts were given up: {outbox.LastError}")
                    : outbox.Waiting > 0 && outbox.LastError is { } error ? new WorkerState(true, "retrying", $"{outbox.Waiting} alerts wait: {error}")
                    : new WorkerState(true, "ready", $"{outbox.Waiting} alerts wait");
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (StorageException problem)
            {
                _state = new WorkerState(false, problem.Code, problem.Message);
                Tell($"alerts: {problem.Message} [{problem.Code}]");
            }

            await Task.Delay(poll, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
