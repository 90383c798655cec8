using System.Text.Json;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Alerts;

/// <summary>Who has acknowledged.</summary>
/// <param name="By">Who.</param>
/// <param name="At">When.</param>
/// <param name="Reason">What they said.</param>
/// <param name="Act">The signed act.</param>
public sealed record Acknowledgement(string By, DateTimeOffset At, string Reason, string Act);

/// <summary>
/// What people are told as one: an alert, or the alerts of one transaction, or those of one rule shortly one after another, or a storm. It is open while one of its alerts fires, and is what an incident may be made of. Which
/// alerts are in it say they themselves (<see cref="AlertRecord.Page"/>).
/// </summary>
public sealed record AlertPage
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>Its name.</summary>
    public required string Id { get; init; }

    /// <summary>The network.</summary>
    public required string Network { get; init; }

    /// <summary>The worst of its alerts, ever.</summary>
    public required Severity Severity { get; init; }

    /// <summary>The line of its worst alert.</summary>
    public required string Title { get; init; }

    /// <summary>The rule of its first alert.</summary>
    public required string Rule { get; init; }

    /// <summary>What its first alert is about.</summary>
    public string Subject { get; init; } = "";

    /// <summary>The transaction of its first alert; null when there is none.</summary>
    public string? Transaction { get; init; }

    /// <summary>When it was opened.</summary>
    public required DateTimeOffset OpenedAt { get; init; }

    /// <summary>When an alert last came into it.</summary>
    public required DateTimeOffset JoinedAt { get; init; }

    /// <summary>From when on the steps of the escalation are counted.</summary>
    public required DateTimeOffset EscalatesFrom { get; init; }

    /// <summary>How many steps were told.</summary>
    public int Steps { get; init; }

    /// <summary>When somebody was last told.</summary>
    public DateTimeOffset? ToldAt { get; init; }

    /// <summary>How often channels were told.</summary>
    public int Notices { get; init; }

    /// <summary>How many alerts it has had.</summary>
    public int Alerts { get; init; }

    /// <summary>How many of them fire.</summary>
    public int Firing { get; init; }

    /// <summary>Alerts of different rules were put together because there were so many.</summary>
    public bool IsStorm { get; init; }

    /// <summary>Each of its alerts that fires is silenced: nobody is told.</summary>
    public bool IsSilenced { get; init; }

    /// <summary>Who has acknowledged it; null while nobody has.</summary>
    public Acknowledgement? Acknowledged { get; init; }

    /// <summary>The key of the last message of each channel that was told.</summary>
    public IReadOnlyDictionary<string, string> Told { get => field ?? new SortedDictionary<string, string>(StringComparer.Ordinal); init; }

    /// <summary>When and why it was closed; null while it is open.</summary>
    public PageEnd? Closed { get; init; }

    /// <summary>How many transitions its stream has.</summary>
    public long Events { get; init; }

    /// <summary>Reads a document.</summary>
    /// <exception cref="StorageException"><see cref="StorageException.Damaged"/>.</exception>
    public static AlertPage Read(StoredDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return document.Read(AlertJson.Default.AlertPage, read => read.Version != 1 ? $"it has version {read.Version}" : string.Equals(read.Id, document.Key, StringComparison.Ordinal) ? null : $"it is of {read.Id}");
    }

    /// <summary>The document.</summary>
    public string Encode() => JsonSerializer.Serialize(this, AlertJson.Default.AlertPage);
}

/// <summary>The end of a page.</summary>
/// <param name="At">When.</param>
/// <param name="Why">In words.</param>
public sealed record PageEnd(DateTimeOffset At, string Why);
