using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Alerts;

/// <summary>What a channel is told.</summary>
public enum NoticeKind
{
    /// <summary>A page is open, or goes on.</summary>
    Trigger,

    /// <summary>Somebody has acknowledged it.</summary>
    Acknowledge,

    /// <summary>It is over.</summary>
    Resolve,

    /// <summary>Nothing has happened: the channel is tried.</summary>
    Test,

    /// <summary>Nothing has happened: whoever watches over the monitor hears that it lives.</summary>
    Heartbeat,
}

/// <summary>An alert as a notice tells it.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Rule">The rule.</param>
/// <param name="Severity">How bad.</param>
/// <param name="Title">One line.</param>
/// <param name="Subject">What it is about.</param>
/// <param name="State">How it stands.</param>
/// <param name="Transaction">The transaction; null when there is none.</param>
/// <param name="Block">The block; null when there is none.</param>
public sealed record NoticeAlert(string Id, string Rule, Severity Severity, string Title, string Subject, AlertState State, string? Transaction = null, ulong? Block = null);

/// <summary>A message of the outbox for one channel: all that is told, in no channel's form.</summary>
public sealed record Notice
{
    /// <summary>How many alerts a notice lists at most; it tells their number besides.</summary>
    public const int MostListed = 20;

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>What it says.</summary>
    public required NoticeKind Kind { get; init; }

    /// <summary>The page, by which channels tell what belongs together.</summary>
    public required string Page { get; init; }

    /// <summary>The network.</summary>
    public required string Network { get; init; }

    /// <summary>Its chain.</summary>
    public required ulong ChainId { get; init; }

    /// <summary>The channel.</summary>
    public required string Channel { get; init; }

    /// <summary>How bad.</summary>
    public required Severity Severity { get; init; }

    /// <summary>One line.</summary>
    public required string Title { get; init; }

    /// <summary>Why it is told now.</summary>
    public required string Why { get; init; }

    /// <summary>The people and groups whom the channel is to reach.</summary>
    public IReadOnlyList<string> People { get => field ?? []; init; }

    /// <summary>How many alerts the page has had.</summary>
    public int Count { get; init; }

    /// <summary>How many of them fire.</summary>
    public int Firing { get; init; }

    /// <summary>Alerts of different rules were put together because there were so many.</summary>
    public bool IsStorm { get; init; }

    /// <summary>The first of the alerts.</summary>
    public IReadOnlyList<NoticeAlert> Alerts { get => field ?? []; init; }

    /// <summary>Since when the page is open.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>When it was written.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The message of this channel before this one about the page; null when none.</summary>
    public string? Behind { get; init; }

    /// <summary>By which message the receiver has the page now (<see cref="Channels.DeliveryProof.Standing"/>); who delivers sets it. Null while it has none.</summary>
    [JsonIgnore]
    public string? Standing { get; init; }

    /// <summary>By which messages the receiver perhaps has the page as well (<see cref="Channels.DeliveryProof.Unsure"/>); who delivers sets it.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Unsure { get; init; } = [];

    /// <summary>Reads a message.</summary>
    /// <exception cref="StorageException"><see cref="StorageException.Damaged"/>.</exception>
    public static Notice Read(OutboxMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return new StoredDocument(message.Channel, message.Key, 1, message.Data, message.CreatedAt).Read(AlertJson.Default.Notice, read => read.Version != 1 ? $"it has version {read.Version}" : null);
    }

    /// <summary>The message's data.</summary>
    public string Encode() => JsonSerializer.Serialize(this, AlertJson.Default.Notice);

    /// <summary>The first line, for people: severity, network, what.</summary>
    public string Headline() => Kind switch
    {
        NoticeKind.Resolve => $"[{Severity.Name()} resolved] {Network}: {Title}",
        NoticeKind.Acknowledge => $"[{Severity.Name()} acknowledged] {Network}: {Title}",
        NoticeKind.Test => $"[test] {Network}: {Title}",
        NoticeKind.Heartbeat => $"[alive] {Network}: {Title}",
        _ => $"[{Severity.Name()}] {Network}: {Title}{(Count > 1 ? $" (and {Count - 1} more alerts{(IsStorm ? ", a storm" : "")})" : "")}",
    };

    /// <summary>All of it in plain text, for people.</summary>
    public IReadOnlyList<string> Lines() =>
    [
        Headline(),
        $"network {Network}, chain {ChainId}; {Why}",
        .. People.Count > 0 ? (string[])[$"for {string.Join(", ", People)}"] : [],
        .. Alerts.Select(alert => $"- {alert.Id} {alert.Severity.Name()} {alert.State.ToString().ToLowerInvariant()}: {alert.Title}{(alert.Transaction is null ? "" : $", transaction {alert.Transaction}")}{(alert.Block is null ? "" : $", block {alert.Block}")}"),
        .. Count > Alerts.Count ? (string[])[$"- and {Count - Alerts.Count} more: agijobs alert list --network {Network}"] : [],
        .. Kind is NoticeKind.Trigger ? (string[])[$"acknowledge: agijobs alert ack {Page} --network {Network} --reason TEXT --signer NAME"] : [],
    ];
}
