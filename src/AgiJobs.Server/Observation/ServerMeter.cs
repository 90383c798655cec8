using System.Diagnostics;
using System.Diagnostics.Metrics;
using AgiJobs.Arena.Gateway;

namespace AgiJobs.Server.Observation;

/// <summary>What a host measures of itself. Safe for use by several threads.</summary>
internal sealed class ServerMeter : IDisposable
{
    /// <summary>The name of meter and traces.</summary>
    public const string Name = "AgiJobs.Server";

    private static readonly ActivitySource Source = new(Name);

    private readonly Meter _meter;
    private readonly Counter<long> _requests;
    private readonly Counter<long> _refusals;
    private readonly Histogram<double> _durations;
    private readonly UpDownCounter<long> _listeners;

    /// <summary>Makes the instruments.</summary>
    public ServerMeter()
    {
        _meter = new Meter(new MeterOptions(Name) { Scope = this });
        _requests = _meter.CreateCounter<long>("agijobs.http.requests", null, "Requests answered, by route, method and status.");
        _refusals = _meter.CreateCounter<long>("agijobs.http.refusals", null, "Requests refused, by code.");
        _durations = _meter.CreateHistogram("agijobs.http.duration", "s", "Time from a request to its answer, by route.", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] });
        _listeners = _meter.CreateUpDownCounter<long>("agijobs.events.listeners", null, "Connections that are told of rounds.");
    }

    /// <summary>Whether another meter's measurements belong to this host: those of no host do.</summary>
    public bool Covers(Meter meter) => meter.Name.StartsWith("AgiJobs.", StringComparison.Ordinal) && (meter.Scope is null || ReferenceEquals(meter.Scope, this));

    /// <summary>Shows how the chain stands.</summary>
    public void Watch(RoundBoard board)
    {
        _ = _meter.CreateObservableGauge("agijobs.chain.block", () => board.Latest.State is { } state ? [new Measurement<long>((long)state.Arena.Block.Value)] : Array.Empty<Measurement<long>>(), null, "The newest block that was read.");
        _ = _meter.CreateObservableGauge("agijobs.chain.readable", () => board.Latest is { Problem: null, State: not null } ? 1L : 0L, null, "1 when the latest look at the chain succeeded.");
        _ = _meter.CreateObservableGauge("agijobs.arena.paused", () => board.Latest.State is { } state ? [new Measurement<long>(state.Arena.IsPaused ? 1 : 0)] : Array.Empty<Measurement<long>>(), null, "1 when the arena is paused at the newest block that was read.");
        _ = _meter.CreateObservableGauge("agijobs.arena.live_rounds", () => board.Latest.State is { } state ? [new Measurement<long>(state.Arena.LiveRounds)] : Array.Empty<Measurement<long>>(), null, "Rounds that go on at the newest block that was read.");
    }

    /// <summary>Begins the trace of a request; null when nobody traces. Its caller is a stranger, who neither names it nor decides whether it is kept.</summary>
    public static Activity? Begin(string method, string route)
    {
        // The server's own activity has the caller's identifiers and is recorded by nobody, so that its children would not be either.
        Activity.Current = null;
        var activity = Source.StartActivity($"{method} {route}", ActivityKind.Server);
        _ = activity?.SetTag("http.request.method", method).SetTag("http.route", route);
        return activity;
    }

    /// <summary>Counts an answered request.</summary>
    public void Answered(string method, string route, int status, string? code, TimeSpan took)
    {
        _requests.Add(1, new KeyValuePair<string, object?>("method", method), new("route", route), new("status", status));
        _durations.Record(took.TotalSeconds, new KeyValuePair<string, object?>("route", route));
        if (code is not null)
        {
            _refusals.Add(1, new KeyValuePair<string, object?>("code", code.StartsWith(GatewayCode.Moderation, StringComparison.Ordinal) ? "moderation" : code));
        }
    }

    /// <summary>Counts an alert of others that was refused.</summary>
    public void Refused(string code) => _refusals.Add(1, new KeyValuePair<string, object?>("code", code));

    /// <summary>Counts a connection that is told of rounds.</summary>
    public void Listening(int change) => _listeners.Add(change);

    public void Dispose() => _meter.Dispose();
}
