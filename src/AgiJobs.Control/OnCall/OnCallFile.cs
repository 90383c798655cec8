using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.OnCall;

/// <summary>
/// Who is told of alerts, by what and when: <c>config/oncall.json</c> for every network, <c>config/oncall.NAME.json</c> in its place for one. Times are written as <c>30s</c>, <c>5m</c>, <c>2h</c>, <c>1d</c>; severities as <c>SEV-0</c>.
/// </summary>
public sealed record OnCallFile
{
    /// <summary>The JSON Schema that an editor holds the file against; nothing is read from it.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The ways by which people and machines are told.</summary>
    public IReadOnlyList<AlertChannel> Channels { get => field ?? []; init; }

    /// <summary>By which channels a person is reached.</summary>
    public IReadOnlyList<Contact> Contacts { get => field ?? []; init; }

    /// <summary>Groups of people and channels: signers, operations, finance, legal.</summary>
    public IReadOnlyList<ContactGroup> Groups { get => field ?? []; init; }

    /// <summary>Who is on call when.</summary>
    public IReadOnlyList<RotationFile> Rotations { get => field ?? []; init; }

    /// <summary>Whom to tell in which order.</summary>
    public IReadOnlyList<EscalationPolicy> Policies { get => field ?? []; init; }

    /// <summary>Which policy and which deadlines a severity has; each of the four stands once.</summary>
    public IReadOnlyList<SeverityRule> Severities { get => field ?? []; init; }

    /// <summary>Within which time alerts of one rule, or very many of several, are told as one; 5m when absent.</summary>
    public string GroupWindow { get => field ?? "5m"; init; }

    /// <summary>So many notifications within that time make a storm, to which further alerts are added; 10 when absent.</summary>
    public int? Storm { get => field ?? 10; init; }

    /// <summary>For how long a silence may hold at most; 8h when absent.</summary>
    public string MaxSilence { get => field ?? "8h"; init; }

    /// <summary>The dead-man's switch; absent when there is none.</summary>
    public HeartbeatFile? Heartbeat { get; init; }

    /// <summary>Whose alerts are taken by webhook; nobody's when absent.</summary>
    public IncomingFile? Incoming { get; init; }
}

/// <summary>A kind of channel.</summary>
public enum ChannelKind
{
    /// <summary>PagerDuty Events API v2: <c>key</c> is the routing key; <c>url</c> may name another region.</summary>
    Pagerduty,

    /// <summary>A Slack incoming webhook: <c>url</c>.</summary>
    Slack,

    /// <summary>A webhook signed as the change feed is: <c>url</c> and <c>key</c>.</summary>
    Webhook,

    /// <summary>Email by SMTP: <c>smtp</c>, <c>from</c> and <c>to</c>.</summary>
    Email,

    /// <summary>A Prometheus Alertmanager, API v2: <c>url</c> is its root, <c>token</c> a bearer token where it wants one.</summary>
    Alertmanager,

    /// <summary>A file of the workspace that a line of JSON is added to: <c>path</c>.</summary>
    Log,
}

/// <summary>Channel kinds by their lower-case names.</summary>
public sealed class ChannelKindConverter() : JsonStringEnumConverter<ChannelKind>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);

/// <summary>A way by which somebody is told.</summary>
public sealed record AlertChannel
{
    /// <summary>Its name; no other channel has it. Lower-case letters, digits and dashes.</summary>
    public required string Name { get; init; }

    /// <summary>What it is.</summary>
    public required ChannelKind Kind { get; init; }

    /// <summary>Where it posts to: https, or this machine.</summary>
    public EndpointReference? Url { get; init; }

    /// <summary>PagerDuty's routing key; the key that a webhook is signed with.</summary>
    public Secret? Key { get; init; }

    /// <summary>A bearer token.</summary>
    public Secret? Token { get; init; }

    /// <summary>The mail server.</summary>
    public SmtpServer? Smtp { get; init; }

    /// <summary>The sender's address.</summary>
    public string? From { get; init; }

    /// <summary>The receivers' addresses.</summary>
    public IReadOnlyList<string> To { get => field ?? []; init; }

    /// <summary>The file, relative to the workspace.</summary>
    public string? Path { get; init; }
}

/// <summary>How a connection to a mail server is kept secret.</summary>
public enum SmtpSecurity
{
    /// <summary>STARTTLS, which the server must offer.</summary>
    Starttls,

    /// <summary>TLS from the first byte.</summary>
    Tls,

    /// <summary>Not at all: only to this machine.</summary>
    None,
}

/// <summary>The names of <see cref="SmtpSecurity"/>.</summary>
public sealed class SmtpSecurityConverter() : JsonStringEnumConverter<SmtpSecurity>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);

/// <summary>A mail server.</summary>
public sealed record SmtpServer
{
    /// <summary>Its host name.</summary>
    public required string Host { get; init; }

    /// <summary>Its port; 587 when absent.</summary>
    public int? Port { get => field ?? 587; init; }

    /// <summary>How the connection is kept secret; STARTTLS when absent.</summary>
    public SmtpSecurity? Security { get => field ?? SmtpSecurity.Starttls; init; }

    /// <summary>The account; absent when the server wants none.</summary>
    public Secret? User { get; init; }

    /// <summary>Its password.</summary>
    public Secret? Password { get; init; }
}

/// <summary>By which channels a person is reached.</summary>
public sealed record Contact
{
    /// <summary>The person's name in the operators' file.</summary>
    public required string Person { get; init; }

    /// <summary>The channels.</summary>
    public required IReadOnlyList<string> Channels { get; init; }
}

/// <summary>A group that is told together.</summary>
public sealed record ContactGroup
{
    /// <summary>Its name, such as signers, operations, finance or legal.</summary>
    public required string Name { get; init; }

    /// <summary>People, by their names in the operators' file.</summary>
    public IReadOnlyList<string> People { get => field ?? []; init; }

    /// <summary>Channels of the group itself.</summary>
    public IReadOnlyList<string> Channels { get => field ?? []; init; }
}

/// <summary>Who is on call when: exactly one person at any moment.</summary>
public sealed record RotationFile
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The time zone of all its times, such as <c>Europe/Zurich</c> or <c>UTC</c>.</summary>
    public required string TimeZone { get; init; }

    /// <summary>The day on which the first person begins, such as <c>2026-11-23</c>. Weekly shifts change on its day of the week.</summary>
    public required string Start { get; init; }

    /// <summary><c>weekly</c> or <c>daily</c>; weekly when absent.</summary>
    public string Shift { get => field ?? "weekly"; init; }

    /// <summary>The time of day at which the next person takes over; 09:00 when absent.</summary>
    public string HandOver { get => field ?? "09:00"; init; }

    /// <summary>Who takes turns, in their order.</summary>
    public IReadOnlyList<string> People { get => field ?? []; init; }

    /// <summary>In the place of <see cref="People"/>: parts of the day or the week with people of their own. Together they cover the week, each minute once.</summary>
    public IReadOnlyList<RotationWatch> Watches { get => field ?? []; init; }

    /// <summary>Somebody else for a time.</summary>
    public IReadOnlyList<RotationOverride> Overrides { get => field ?? []; init; }
}

/// <summary>A part of the week.</summary>
public sealed record RotationWatch
{
    /// <summary>On which days it begins, such as <c>monday</c>; every day when absent.</summary>
    public IReadOnlyList<string> Days { get => field ?? []; init; }

    /// <summary>From which time of day.</summary>
    public required string From { get; init; }

    /// <summary>To which time of day, of the next day when it is not later; the same as <see cref="From"/> for a whole day.</summary>
    public required string To { get; init; }

    /// <summary>Who takes turns, in their order.</summary>
    public required IReadOnlyList<string> People { get; init; }
}

/// <summary>Somebody else for a time.</summary>
public sealed record RotationOverride
{
    /// <summary>Who.</summary>
    public required string Person { get; init; }

    /// <summary>From when, with its offset, such as <c>2026-12-24T18:00:00Z</c>.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>Until when.</summary>
    public required DateTimeOffset To { get; init; }
}

/// <summary>Whom to tell in which order.</summary>
public sealed record EscalationPolicy
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The steps.</summary>
    public required IReadOnlyList<EscalationStep> Steps { get; init; }
}

/// <summary>A step: everybody whom it names is told at once.</summary>
public sealed record EscalationStep
{
    /// <summary>How long after the first notification it is due while nobody has acknowledged; when absent, one more of the severity's acknowledgement deadline than the step before it, and at once for the first.</summary>
    public string? After { get; init; }

    /// <summary>Whoever is on call in these rotations, by their own channels.</summary>
    public IReadOnlyList<string> Rotations { get => field ?? []; init; }

    /// <summary>These people, by their own channels.</summary>
    public IReadOnlyList<string> People { get => field ?? []; init; }

    /// <summary>These groups: the channels of the group, and those of its people.</summary>
    public IReadOnlyList<string> Groups { get => field ?? []; init; }

    /// <summary>These channels.</summary>
    public IReadOnlyList<string> Channels { get => field ?? []; init; }
}

/// <summary>What a severity demands.</summary>
public sealed record SeverityRule
{
    /// <summary><c>SEV-0</c> to <c>SEV-3</c>.</summary>
    public required string Severity { get; init; }

    /// <summary>The policy.</summary>
    public required string Policy { get; init; }

    /// <summary>Within which time somebody is to acknowledge.</summary>
    public required string Acknowledge { get; init; }

    /// <summary>After which time what goes on is told again.</summary>
    public required string Renotify { get; init; }
}

/// <summary>The dead-man's switch: who hears nothing any more knows that nobody watches.</summary>
public sealed record HeartbeatFile
{
    /// <summary>The channel that is told, as long as this network's monitors are alive; a webhook, an Alertmanager or a log.</summary>
    public required string Channel { get; init; }

    /// <summary>How often; 5m when absent.</summary>
    public string Every { get => field ?? "5m"; init; }

    /// <summary>A monitor that has not been heard of for so long is an alert; 2m when absent.</summary>
    public string StaleAfter { get => field ?? "2m"; init; }
}

/// <summary>Whose alerts are taken by webhook.</summary>
public sealed record IncomingFile
{
    /// <summary>Forta: the bearer token that it sends.</summary>
    public Secret? Forta { get; init; }

    /// <summary>Tenderly: the signing key of the alert.</summary>
    public Secret? Tenderly { get; init; }

    /// <summary>OpenZeppelin Monitor: the secret of the webhook.</summary>
    public Secret? OpenzeppelinMonitor { get; init; }

    /// <summary>Alertmanager: the bearer token that it sends.</summary>
    public Secret? Alertmanager { get; init; }
}
