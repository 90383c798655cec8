using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgiJobs.Control.Workspaces;

/// <summary>
/// How services run: <c>config/services.json</c> for every network, <c>config/services.NAME.json</c> in its place for one. What is absent has the program's own value, and so has everything where there is
/// no file.
/// </summary>
public sealed record ServicesFile
{
    /// <summary>The JSON Schema that an editor holds the file against; nothing is read from it.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>IP address and port that <c>agijobs serve</c> listens on; <c>127.0.0.1:8420</c> when absent.</summary>
    public string Listen { get => field ?? "127.0.0.1:8420"; init; }

    /// <summary>Where the services keep their state; a SQLite file in the workspace when absent.</summary>
    public StateStorage Storage { get => field ?? new StateStorage { Kind = StorageKind.Sqlite }; init; }

    /// <summary>How much is taken of whom; the program's own limits when absent.</summary>
    public ServiceLimits Limits { get => field ?? new ServiceLimits(); init; }

    /// <summary>Where traces and metrics are sent by OTLP; nowhere when absent. Prometheus reads <c>/metrics</c> in any case.</summary>
    public TelemetryTarget? Otlp { get; init; }

    /// <summary>Whom alerts of the arena are told to, and when; nobody when absent.</summary>
    public AlertService? Alerts { get; init; }

    /// <summary>How long a stop waits for what is under way, in seconds, 0 to 600; 20 when absent.</summary>
    public int? DrainSeconds { get => field ?? 20; init; }

    /// <summary>How often the chain is looked at for what agents are told without asking, in milliseconds, 50 to 60,000; 500 when absent.</summary>
    public int? PollMilliseconds { get => field ?? 500; init; }

    /// <summary>How long an orchestrator, or the driver of a run, holds its lease without renewing it, in seconds, 1 to 600: after its death another takes over that much later; 15 when absent.</summary>
    public int? LeaseSeconds { get => field ?? 15; init; }

    /// <summary>How the role monitor, and <c>agijobs monitoring run</c>, watch; the program's own values when absent.</summary>
    public MonitorService Monitor { get => field ?? new MonitorService(); init; }

    /// <summary>How the role hgm drives runs; the program's own values when absent.</summary>
    public RunService Hgm { get => field ?? new RunService(); init; }

    /// <summary>What no schema can say: each with its place in the file, the rule and the mend.</summary>
    public IEnumerable<(string Place, string Message, string Mend)> Problems()
    {
        if (!IPEndPoint.TryParse(Listen, out var listen) || !Listen.EndsWith($":{listen.Port}", StringComparison.Ordinal))
        {
            yield return ("$.listen", $"'{Listen}' is no IP address and port", "Write it as 127.0.0.1:8420 or [::1]:8420.");
        }

        if (Storage is { Kind: StorageKind.Postgres, Connection: null })
        {
            yield return ("$.storage", "PostgreSQL needs a connection", "Add \"connection\": {\"env\": \"NAME\"}; the variable holds Host=...;Database=...;Username=...;Password=...");
        }

        if (Storage is { Kind: StorageKind.Sqlite, Connection: not null })
        {
            yield return ("$.storage", "a SQLite file has no connection", "Leave \"connection\" out, or write \"kind\": \"postgres\".");
        }

        foreach (var (name, rate) in ((string, RequestRate)[])[("agent", Limits.Agent), ("unsigned", Limits.Unsigned)])
        {
            if (rate.PerSecond is not (> 0 and <= 1_000_000) || rate.AtOnce is not (>= 1 and <= 1_000_000))
            {
                yield return ($"$.limits.{name}", $"{rate.PerSecond} a second and {rate.AtOnce} at once is no limit", "Both are above 0 and at most 1,000,000; atOnce is at least 1.");
            }
        }

        if (Limits.Connections is not (>= 1 and <= 1_000_000))
        {
            yield return ("$.limits.connections", $"{Limits.Connections} is no number of connections", "Write 1 to 1,000,000.");
        }

        if (Alerts is { } alerts)
        {
            if (alerts.Threshold is not (>= 1 and <= 1000))
            {
                yield return ("$.alerts.threshold", $"{alerts.Threshold} is no number of failures", "Write 1 to 1000.");
            }

            if (alerts.RenotifyAfter is null)
            {
                yield return ("$.alerts.renotify", $"'{alerts.Renotify}' is no time", "Write it as 30s, 5m or 2h, from 1 s to 7 days.");
            }
        }

        if (DrainSeconds is not (>= 0 and <= 600))
        {
            yield return ("$.drainSeconds", $"{DrainSeconds} is not from 0 to 600", "Write 0 to 600.");
        }

        if (PollMilliseconds is not (>= 50 and <= 60_000))
        {
            yield return ("$.pollMilliseconds", $"{PollMilliseconds} is not from 50 to 60000", "Write 50 to 60000.");
        }

        foreach (var (name, value, least, most) in Monitor.Limits())
        {
            if (value < least || value > most)
            {
                yield return ($"$.monitor.{name}", $"{value} is not from {least} to {most}", $"Write {least} to {most}, or leave it out.");
            }
        }

        if (Hgm.PaceMilliseconds is not (>= 0 and <= 3_600_000))
        {
            yield return ("$.hgm.paceMilliseconds", $"{Hgm.PaceMilliseconds} is not from 0 to 3600000", "Write 0 to 3600000.");
        }

        if (Hgm.Runs is not (>= 1 and <= 1000))
        {
            yield return ("$.hgm.runs", $"{Hgm.Runs} is not from 1 to 1000", "Write 1 to 1000.");
        }

        if (Hgm.Workers is not (null or (>= 1 and <= 1024)))
        {
            yield return ("$.hgm.workers", $"{Hgm.Workers} is not from 1 to 1024", "Write 1 to 1024, or leave it out for half of the processors.");
        }

        if (LeaseSeconds is not (>= 1 and <= 600))
        {
            yield return ("$.leaseSeconds", $"{LeaseSeconds} is not from 1 to 600", "Write 1 to 600.");
        }
    }
}

/// <summary>A kind of database.</summary>
public enum StorageKind
{
    /// <summary>A file in the workspace: <c>storage/state/NAME.db</c>.</summary>
    Sqlite,

    /// <summary>A server.</summary>
    Postgres,
}

/// <summary>Where services keep their state.</summary>
public sealed record StateStorage
{
    /// <summary>Which kind of database.</summary>
    public required StorageKind Kind { get; init; }

    /// <summary>The connection string of PostgreSQL; absent for SQLite.</summary>
    public Secret? Connection { get; init; }
}

/// <summary>Whom alerts are told to, and when.</summary>
public sealed record AlertService
{
    /// <summary>Where they are posted to; without it they are kept and shown, and told to nobody.</summary>
    public AlertWebhook? Webhook { get; init; }

    /// <summary>How many failures make an alert; 3 when absent.</summary>
    public int? Threshold { get => field ?? 3; init; }

    /// <summary>After which time an alert that goes on is told again: <c>30s</c>, <c>5m</c>, <c>2h</c>; 5m when absent.</summary>
    public string Renotify { get => field ?? "5m"; init; }

    /// <summary>That time; null when it is none.</summary>
    [JsonIgnore]
    public TimeSpan? RenotifyAfter => Renotify.Length > 1 && int.TryParse(Renotify.AsSpan(0, Renotify.Length - 1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var count) && count > 0
        && (Renotify[^1] switch { 's' => 1L, 'm' => 60, 'h' => 3600, 'd' => 86_400, _ => 0 }) is > 0 and var unit && count * unit <= 7 * 86_400
        ? TimeSpan.FromSeconds(count * unit)
        : null;
}

/// <summary>A receiver of alerts.</summary>
public sealed record AlertWebhook
{
    /// <summary>The URL that is posted to: https, or this machine.</summary>
    public required EndpointReference Url { get; init; }

    /// <summary>The key that messages are signed with (HMAC-SHA256), as those of the change feed are.</summary>
    public required Secret Secret { get; init; }
}

/// <summary>The limits of monitors. How many blocks must stand on one before it is examined is each rule's own (<c>confirmations</c>).</summary>
public sealed record MonitorService
{
    /// <summary>How often a monitor looks at the chain, also where a subscription tells of blocks, in milliseconds, 50 to 60,000; <see cref="ServicesFile.PollMilliseconds"/> when absent.</summary>
    public int? PollMilliseconds { get; init; }

    /// <summary>From how many blocks behind on a monitor is not ready, 1 to 100,000; 64 when absent.</summary>
    public int? BehindBlocks { get => field ?? 64; init; }

    /// <summary>From how many blocks behind on blocks are read in ranges, and how far below what was examined a node's head may be before it counts as unread, 1 to 100,000; 64 when absent.</summary>
    public int? RangeFromBlocks { get => field ?? 64; init; }

    /// <summary>The largest range of one request, in blocks, 1 to 100,000; 2,000 when absent. Some nodes take no more than 500.</summary>
    public int? MaxRangeBlocks { get => field ?? 2000; init; }

    /// <summary>How many logs one answer should have, 1 to 1,000,000; ranges grow and shrink towards it; 5,000 when absent.</summary>
    public int? LogsPerRange { get => field ?? 5000; init; }

    /// <summary>How many ranges are read at once, 1 to 64; 4 when absent.</summary>
    public int? RangesAtOnce { get => field ?? 4; init; }

    /// <summary>For how many seconds nothing could be read before that is a finding, 1 to 86,400; 60 when absent.</summary>
    public int? BlindSeconds { get => field ?? 60; init; }

    /// <summary>How many seconds the newest block's time may be ahead of the machine's clock, 1 to 86,400; 60 when absent.</summary>
    public int? SkewSeconds { get => field ?? 60; init; }

    /// <summary>How many seconds old the newest block may be before that is a finding, 0 to 604,800, 0 for never; 120 when absent, and never on chain 31337, where blocks come as they please.</summary>
    public int? StaleSeconds { get; init; }

    /// <summary>The age, in seconds, at which the newest block is a finding where the file says nothing.</summary>
    public const int OwnStaleSeconds = 120;

    /// <summary>Of how many blocks the hashes are remembered one by one, so that so deep a reorganisation is followed, 1 to 100,000; 256 when absent.</summary>
    public int? RememberedBlocks { get => field ?? 256; init; }

    internal IEnumerable<(string Name, int? Value, int Least, int Most)> Limits() =>
    [
        ("pollMilliseconds", PollMilliseconds, 50, 60_000),
        ("behindBlocks", BehindBlocks, 1, 100_000),
        ("rangeFromBlocks", RangeFromBlocks, 1, 100_000),
        ("maxRangeBlocks", MaxRangeBlocks, 1, 100_000),
        ("logsPerRange", LogsPerRange, 1, 1_000_000),
        ("rangesAtOnce", RangesAtOnce, 1, 64),
        ("blindSeconds", BlindSeconds, 1, 86_400),
        ("skewSeconds", SkewSeconds, 1, 86_400),
        ("staleSeconds", StaleSeconds, 0, 604_800),
        ("rememberedBlocks", RememberedBlocks, 1, 100_000),
    ];
}

/// <summary>How runs of the HGM engine are driven.</summary>
public sealed record RunService
{
    /// <summary>The least time between committed results of a run, in milliseconds, 0 to 3,600,000, so that people can follow and steer a fast one; 0 when absent. Without influence on the result.</summary>
    public int? PaceMilliseconds { get => field ?? 0; init; }

    /// <summary>How many runs are driven at once, 1 to 1,000; 4 when absent.</summary>
    public int? Runs { get => field ?? 4; init; }

    /// <summary>How many operations of one run are carried out at once, 1 to 1,024; half of the processors when absent.</summary>
    public int? Workers { get; init; }

    /// <summary>Where the URL of a RabbitMQ broker is to be found, which carries the work of runs to <c>agijobs hgm worker</c>; the work is done where the run is driven when absent.</summary>
    public Secret? Broker { get; init; }
}

/// <summary>How much services take.</summary>
public sealed record ServiceLimits
{
    /// <summary>Signed requests of one address; 20 a second and 60 at once when absent.</summary>
    public RequestRate Agent { get => field ?? new RequestRate { PerSecond = 20, AtOnce = 60 }; init; }

    /// <summary>Requests of one other end of a connection that nobody's signature stands for; 10 a second and 40 at once when absent.</summary>
    public RequestRate Unsigned { get => field ?? new RequestRate { PerSecond = 10, AtOnce = 40 }; init; }

    /// <summary>Connections at the same time; 1,000 when absent.</summary>
    public int? Connections { get => field ?? 1000; init; }
}

/// <summary>How many requests.</summary>
public sealed record RequestRate
{
    /// <summary>In the long run.</summary>
    public required double PerSecond { get; init; }

    /// <summary>At once.</summary>
    public required int AtOnce { get; init; }
}

/// <summary>Where traces and metrics are sent.</summary>
public sealed record TelemetryTarget
{
    /// <summary>The collector's OTLP/HTTP endpoint, such as <c>http://127.0.0.1:4318</c>.</summary>
    public required EndpointReference Url { get; init; }

    /// <summary>Headers for it, as <c>name=value,name=value</c>; absent when it wants none.</summary>
    public Secret? Headers { get; init; }
}

/// <summary>Storage kinds by their lower-case names.</summary>
public sealed class StorageKindConverter() : JsonStringEnumConverter<StorageKind>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);
