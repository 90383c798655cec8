using AgiJobs.Control.Serving;

namespace AgiJobs.Arena.Slashing;

/// <summary>The slasher as the work of a host. Findings that are held are told in the state and keep nothing else from working.</summary>
/// <param name="slasher">What looks and acts.</param>
/// <param name="poll">How often.</param>
/// <param name="time">The clock.</param>
public sealed class SlashWorker(Slasher slasher, TimeSpan poll, TimeProvider time) : IWorker, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _work = Task.CompletedTask;
    private volatile WorkerState _state = new(false, "starting", "it has not looked at the queue yet");

    /// <inheritdoc/>
    public string Name => "arena-slasher";

    /// <inheritdoc/>
    public WorkerState State => _state;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellation)
    {
        _work = Task.Run(() => slasher.RunAsync(poll, Hear, _stop.Token), CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StopAsync(TimeSpan drain)
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        // What was sent is in the change's journal, and the next look goes on from there.
        await _work.WaitAsync(drain + TimeSpan.FromSeconds(1), time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();

    private void Hear(SlasherTick? tick, string? problem) => _state = tick is null ? new WorkerState(false, "state-unknown", problem ?? "the state cannot be read")
        : !tick.IsActing ? new WorkerState(true, "standing-by", "another process takes care of slashes")
        : tick.Held > 0 ? new WorkerState(true, "holding", $"{tick.Held} slashes are held: no standing approval covers them")
        : new WorkerState(true, "ready", $"{tick.Open} slashes are under way");
}
