using AgiJobs.Control.Serving;

namespace AgiJobs.Arena.Slashing;

/// <summary>The slasher as the work of a host. Findings that are held are told in the state and keep nothing else from working.</summary>
/// <param name="slasher">What looks and acts.</param>
/// <param name="poll">How often.</param>
/// <param name="time">The clock.</param>
public sealed class SlashWorker(Slasher slasher, TimeSpan poll, TimeProvider time) : LoopWorker(time)
{
    private volatile WorkerState _state = new(false, "starting", "it has not looked at the queue yet");

    /// <inheritdoc/>
    public override string Name => "arena-slasher";

    /// <inheritdoc/>
    protected override WorkerState Present => _state;

    /// <inheritdoc/>
    protected override Task RunAsync(CancellationToken cancellation) => slasher.RunAsync(poll, Hear, cancellation);

    private void Hear(SlasherTick? tick, string? problem) => _state = tick is null ? new WorkerState(false, "state-unknown", problem ?? "the state cannot be read")
        : !tick.IsActing ? new WorkerState(true, "standing-by", "another process takes care of slashes")
        : tick.Held > 0 ? new WorkerState(true, "holding", $"{tick.Held} slashes are held: no standing approval covers them")
        : new WorkerState(true, "ready", $"{tick.Open} slashes are under way");
}
