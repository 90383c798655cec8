using System.Diagnostics.Metrics;
using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Control.Serving;

namespace AgiJobs.Response.Watching;

/// <summary>A monitor as the work of a host. A blind one is not ready; one that stands by is.</summary>
public sealed class MonitorWorker : LoopWorker
{
    private readonly ChainMonitor _monitor;
    private readonly Meter _meter;
    private volatile WorkerState _state = new(false, "starting", "it has not looked at the chain yet");
    private volatile MonitorTick? _last;

    /// <summary>Takes the monitor, which is disposed with it.</summary>
    /// <param name="monitor">What looks.</param>
    /// <param name="time">The clock.</param>
    public MonitorWorker(ChainMonitor monitor, TimeProvider time)
        : base(time)
    {
        ArgumentNullException.ThrowIfNull(monitor);
        _monitor = monitor;
        _meter = new Meter("AgiJobs.Response");
        var label = new KeyValuePair<string, object?>("monitor", monitor.Name);
        _ = _meter.CreateObservableGauge("agijobs.monitor.head", () => _last?.Head is { } head ? [new Measurement<long>((long)head.Number, label)] : Array.Empty<Measurement<long>>(), null, "The newest block that the monitor saw.");
        _ = _meter.CreateObservableGauge("agijobs.monitor.behind", () => _last is { Head: not null } tick ? [new Measurement<long>((long)tick.Behind, label)] : Array.Empty<Measurement<long>>(), null, "Blocks that are due and were not examined, holes included.");
        _ = _meter.CreateObservableGauge("agijobs.monitor.blind", () => _last is { } tick ? [new Measurement<long>(tick.State == MonitorState.Blind ? 1 : 0, label)] : Array.Empty<Measurement<long>>(), null, "1 while the monitor cannot read its node.");
        _ = _meter.CreateObservableCounter("agijobs.monitor.findings", () => monitor.Standing is { } standing ? [new Measurement<long>(standing.Findings, label)] : Array.Empty<Measurement<long>>(), null, "Findings told, retractions too.");
        _ = _meter.CreateObservableCounter("agijobs.monitor.reorganisations", () => monitor.Standing is { } standing ? [new Measurement<long>(standing.Reorganisations, label)] : Array.Empty<Measurement<long>>(), null, "How often blocks were withdrawn.");
    }

    /// <summary>From more blocks behind than this on it is not ready: far behind is not watching. 64, so much is caught up within a look.</summary>
    public ulong BehindLimit { get; init; } = 64;

    /// <summary>Hears of every look.</summary>
    public Action<MonitorTick> Hear { get; init; } = _ => { };

    /// <summary>Hears of what keeps it from looking, such as a state that cannot be read or written; it tries again.</summary>
    public Action<string> Tell { get; init; } = _ => { };

    /// <inheritdoc/>
    public override string Name => $"monitor-{_monitor.Name}";

    /// <inheritdoc/>
    protected override WorkerState Present => _state;

    /// <inheritdoc/>
    protected override Task RunAsync(CancellationToken cancellation) => _monitor.RunAsync(Take, Fail, cancellation);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _meter.Dispose();
        _monitor.Dispose();
    }

    private void Take(MonitorTick tick)
    {
        _last = tick;
        _state = tick switch
        {
            { State: MonitorState.Blind } => new WorkerState(false, "chain-unknown", tick.Why ?? "the node cannot be read"),
            { State: MonitorState.StandingBy } => new WorkerState(true, "standing-by", "another monitor of this name is at work; this one takes over when that one is gone"),
            _ when _monitor.Standing is { IsStale: true, HeadTime: { } time } => new WorkerState(false, "chain-stale", string.Create(CultureInfo.InvariantCulture, $"the newest block that the node shows, {tick.Head?.Number}, is of {time.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC")),
            _ when tick.Behind > BehindLimit => new WorkerState(false, "behind", $"{tick.Behind} blocks are due and not examined yet"),
            { State: MonitorState.Moved } => new WorkerState(true, "moved", "the chain moved while it was read; it is read again"),
            _ => new WorkerState(true, "ready", $"block {tick.Head?.Number}, {tick.Behind} behind"),
        };
        Hear(tick);
    }

    private void Fail(ControlException problem)
    {
        // It is tried again and again: once is enough to hear of it.
        if (!string.Equals(_state.Message, problem.Message, StringComparison.Ordinal))
        {
            Tell($"monitor {_monitor.Name}: {problem.Message} [{problem.Code}]");
        }

        _state = new WorkerState(false, problem.Code, problem.Message);
    }
}
