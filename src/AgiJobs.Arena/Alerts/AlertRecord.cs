using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Alerts;

/// <summary>One thing that was looked at for an alert.</summary>
/// <param name="Id">What it was: a run, a finding.</param>
/// <param name="Failure">What was wrong; null when nothing was.</param>
public sealed record AlertSample(string Id, string? Failure = null);

/// <summary>An alert and what it is judged by: one document.</summary>
public sealed record AlertRecord
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>Its name: the rule, and what it is about where the rule is about several.</summary>
    public required string Id { get; init; }

    /// <summary>The rule.</summary>
    public required string Rule { get; init; }

    /// <summary>Whom it is about; null when nobody.</summary>
    public Address? Agent { get; init; }

    /// <summary>Whether it is firing; resolved or never fired otherwise.</summary>
    public required bool IsFiring { get; init; }

    /// <summary>Since when it is so.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>How often it has begun to fire.</summary>
    public int Firings { get; init; }

    /// <summary>How often it was told since it began to fire, its end included.</summary>
    public int Notices { get; init; }

    /// <summary>When it was last told.</summary>
    public DateTimeOffset? NotifiedAt { get; init; }

    /// <summary>How many failures.</summary>
    public int Failures { get; init; }

    /// <summary>The last failure.</summary>
    public string? Reason { get; init; }

    /// <summary>The round of the last failure.</summary>
    public long? Round { get; init; }

    /// <summary>What was looked at last, oldest first.</summary>
    public IReadOnlyList<AlertSample> Samples { get => field ?? []; init; }

    /// <summary>Reads a document.</summary>
    /// <exception cref="StorageException"><see cref="StorageException.Damaged"/>.</exception>
    public static AlertRecord Read(StoredDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return document.Read(AlertJson.Default.AlertRecord, read => read.Version != 1 ? $"it has version {read.Version}" : string.Equals(read.Id, document.Key, StringComparison.Ordinal) ? null : $"it is of {read.Id}");
    }

    /// <summary>The document.</summary>
    public string Encode() => JsonSerializer.Serialize(this, AlertJson.Default.AlertRecord);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(AddressConverter)])]
[JsonSerializable(typeof(AlertRecord))]
internal sealed partial class AlertJson : JsonSerializerContext;
