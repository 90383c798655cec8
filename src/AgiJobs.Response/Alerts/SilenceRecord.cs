using System.Text.Json;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Alerts;

/// <summary>A silence: one document. It keeps alerts from channels, never from lists.</summary>
public sealed record SilenceRecord
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>Its name: that of the act.</summary>
    public required string Id { get; init; }

    /// <summary>The signed act.</summary>
    public required SignedAlertAct Signed { get; init; }

    /// <summary>Whose it is.</summary>
    public required string By { get; init; }

    /// <summary>When and why it ended before its time; null while it did not.</summary>
    public PageEnd? Ended { get; init; }

    /// <summary>Until when it holds.</summary>
    public DateTimeOffset UntilTime() => DateTimeOffset.FromUnixTimeSeconds(Signed.Act.Until ?? 0);

    /// <summary>Whether it holds at a time.</summary>
    public bool Holds(DateTimeOffset now) => Ended is null && now < UntilTime();

    /// <summary>Whether it keeps an alert from channels while it holds: what it names, one without an incident never SEV-0, and none what <see cref="AlertRules.IsNeverSilenced"/> says.</summary>
    public bool Covers(AlertRecord alert)
    {
        ArgumentNullException.ThrowIfNull(alert);
        return (alert.Severity != Severity.Sev0 || Signed.Act.Incident is not null) && !AlertRules.IsNeverSilenced(alert.Rule) && Signed.Act.Matcher!.Matches(alert);
    }

    /// <summary>Reads a document.</summary>
    /// <exception cref="StorageException"><see cref="StorageException.Damaged"/>.</exception>
    public static SilenceRecord Read(StoredDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return document.Read(AlertJson.Default.SilenceRecord, read => read.Version != 1 ? $"it has version {read.Version}" : string.Equals(read.Id, document.Key, StringComparison.Ordinal) && string.Equals(read.Signed.Act.Id(), read.Id, StringComparison.Ordinal) ? null : $"it is of {read.Signed.Act.Id()}");
    }

    /// <summary>The document.</summary>
    public string Encode() => JsonSerializer.Serialize(this, AlertJson.Default.SilenceRecord);
}
