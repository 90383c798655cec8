using AgiJobs.Control.Serving;

namespace AgiJobs.Arena.Orchestration;

/// <summary>An orchestrator as the work of a host.</summary>
/// <param name="orchestrator">What looks and acts.</param>
/// <param name="time">The clock.</param>
/// <param name="patience">For how long the last good look may be ago before it counts as not ready.</param>
public sealed class OrchestratorWorker(Orchestrator orchestrator, TimeProvider time, TimeSpan patience) : LoopWorker(time)
{
    private readonly TimeProvider _time = time;
    private volatile OrchestratorTick? _last;
    private long _lastGood;

    /// <summary>Hears of every look.</summary>
    public Action<OrchestratorTick>? Tell { get; init; }

    /// <inheritdoc/>
    public override string Name => "arena-orchestrator";

    /// <inheritdoc/>
    protected override WorkerState Present => _last switch
    {
        null => new WorkerState(false, "starting", "it has not looked at the chain yet"),
        { State: OrchestratorState.Unknown, Why: var why } => new WorkerState(false, "chain-unknown", why ?? "the chain or the state cannot be read"),
        _ when _time.GetElapsedTime(Volatile.Read(ref _lastGood)) > patience => new WorkerState(false, "stuck", $"its last look at the chain is {_time.GetElapsedTime(Volatile.Read(ref _lastGood)).TotalSeconds:0} s ago"),
        { State: OrchestratorState.StandingBy } => new WorkerState(true, "standing-by", "another orchestrator acts; this one takes over when that one is gone"),
        { State: OrchestratorState.Paused } => new WorkerState(true, "paused", "the arena is paused; nothing is sent"),
        { State: OrchestratorState.Waiting, Why: var why } => new WorkerState(true, "waiting", why ?? "it waits for agents"),
        var tick => new WorkerState(true, "ready", $"{tick.Open} rounds under way"),
    };

    /// <inheritdoc/>
    protected override Task RunAsync(CancellationToken cancellation) => orchestrator.RunAsync(Hear, cancellation);

    private void Hear(OrchestratorTick tick)
    {
        _last = tick;
        if (tick.State != OrchestratorState.Unknown)
        {
            Volatile.Write(ref _lastGood, _time.GetTimestamp());
        }

        Tell?.Invoke(tick);
    }
}
