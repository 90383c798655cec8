using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Slashing;

/// <summary>How far a finding has come.</summary>
public enum SlashState
{
    /// <summary>It waits to be made a change.</summary>
    Found,

    /// <summary>No standing approval covers it, or its limits are used up: nothing is sent until that is so or people approve.</summary>
    Held,

    /// <summary>A change is on file for it.</summary>
    Changed,

    /// <summary>Its transaction was mined and is not verified yet.</summary>
    Executed,

    /// <summary>The chain has it.</summary>
    Verified,

    /// <summary>It can never be executed: the report window is over, the cap is reached, or people refused it.</summary>
    Refused,

    /// <summary>An appeal was upheld and the stake was paid back.</summary>
    Reversed,
}

/// <summary>One step of a case.</summary>
/// <param name="At">When.</param>
/// <param name="State">What it came to.</param>
/// <param name="Detail">Why, or by what; null when the state says it all.</param>
public sealed record SlashStep(DateTimeOffset At, SlashState State, string? Detail = null);

/// <summary>A finding and everything that became of it: one document of the queue.</summary>
public sealed record SlashCase
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The round.</summary>
    public required long Round { get; init; }

    /// <summary>Who.</summary>
    public required Address Validator { get; init; }

    /// <summary>What is on the chain as the reason.</summary>
    public required string Reason { get; init; }

    /// <summary>What proves it.</summary>
    public required IReadOnlyList<SlashEvidence> Evidence { get; init; }

    /// <summary>How far it has come.</summary>
    public required SlashState State { get; init; }

    /// <summary>Why it is held or was refused, as a stable code; null otherwise.</summary>
    public string? Code { get; init; }

    /// <summary>The name of the change that carries it: its folder in <c>storage/changes</c>, and the reference in the ledger.</summary>
    public string? Change { get; init; }

    /// <summary>The digest of that change.</summary>
    public Bytes32? ChangeDigest { get; init; }

    /// <summary>The transaction that slashed.</summary>
    public Bytes32? Transaction { get; init; }

    /// <summary>How much was taken or is to be, in wei of the token.</summary>
    public string? Amount { get; init; }

    /// <summary>The name of the change that pays it back.</summary>
    public string? Reversal { get; init; }

    /// <summary>Everything that happened, oldest first.</summary>
    public IReadOnlyList<SlashStep> History { get => field ?? []; init; }

    /// <summary>Its name in the queue.</summary>
    [JsonIgnore]
    public string Key => SlashFinding.KeyOf(Round, Validator, Reason);

    /// <summary>True when nothing more happens to it by itself.</summary>
    [JsonIgnore]
    public bool IsSettled => State is SlashState.Verified or SlashState.Refused or SlashState.Reversed;

    /// <summary>The case of a finding. What the contract did itself is verified from the beginning and is never sent.</summary>
    public static SlashCase Of(SlashFinding finding, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(finding);
        var state = finding.Executed is null ? SlashState.Found : SlashState.Verified;
        return new SlashCase
        {
            Version = 1,
            Round = finding.Round,
            Validator = finding.Validator,
            Reason = finding.Reason,
            Evidence = finding.Evidence,
            State = state,
            Transaction = finding.Executed,
            Amount = finding.Taken?.Value.ToString(CultureInfo.InvariantCulture),
            History = [new SlashStep(now, state, finding.Executed is null ? null : "slashed by the contract itself")],
        };
    }

    /// <summary>Reads a document of the queue.</summary>
    /// <exception cref="StorageException"><see cref="StorageException.Damaged"/>.</exception>
    public static SlashCase Read(StoredDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return document.Read(
            SlashJson.Default.SlashCase,
            read => read.Version != 1 ? $"it has version {read.Version}" : string.Equals(read.Key, document.Key, StringComparison.Ordinal) ? null : $"it is of {read.Key}",
            "Nothing is sent for it until the state is restored from a backup.");
    }

    /// <summary>The document.</summary>
    public string Encode() => JsonSerializer.Serialize(this, SlashJson.Default.SlashCase);

    /// <summary>The case after a step.</summary>
    internal SlashCase To(SlashState state, DateTimeOffset now, string? detail, string? code = null) => this with { State = state, Code = code, History = [.. History, new SlashStep(now, state, detail)] };

    /// <summary>The line of the log.</summary>
    public string LogLine() => ScoreboardProjection.LogLine("validator", Reason);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(AddressConverter), typeof(Bytes32Converter), typeof(SlashStateConverter)])]
[JsonSerializable(typeof(SlashCase))]
internal sealed partial class SlashJson : JsonSerializerContext;

/// <summary>States by their lower-case names.</summary>
internal sealed class SlashStateConverter() : JsonStringEnumConverter<SlashState>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);
