using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Control;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Breakers;

/// <summary>What one monitor says it found, signed by it. The text that is signed is one line of JSON.</summary>
public sealed record Testimony
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The monitor's name.</summary>
    public required string Monitor { get; init; }

    /// <summary>The network's name in the workspace.</summary>
    public required string Network { get; init; }

    /// <summary>Its chain.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>What happened, the same for whoever found it: see <see cref="OccurrenceOf"/>.</summary>
    public required string Occurrence { get; init; }

    /// <summary>The alert that it belongs to.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The rule.</summary>
    public required string Rule { get; init; }

    /// <summary>The digest of the rules that the monitor examines by.</summary>
    public required Bytes32 RuleSet { get; init; }

    /// <summary>One line for people.</summary>
    public required string Title { get; init; }

    /// <summary>The block's number.</summary>
    public required long Block { get; init; }

    /// <summary>Its hash.</summary>
    public required Bytes32 Hash { get; init; }

    /// <summary>The time that its proposer claims.</summary>
    public required DateTimeOffset BlockTime { get; init; }

    /// <summary>The transaction; null when the state says it.</summary>
    public Bytes32? Transaction { get; init; }

    /// <summary>When the monitor found it, by its own clock.</summary>
    public required DateTimeOffset SeenAt { get; init; }

    /// <summary>
    /// The identity of what happened: rule and subject, block, transaction and log, and not how often one monitor told it, took it back and told it again.
    /// </summary>
    /// <param name="fingerprint">The alert that it belongs to.</param>
    /// <param name="place">Where.</param>
    public static string OccurrenceOf(string fingerprint, ChainPlace place)
    {
        ArgumentNullException.ThrowIfNull(place);
        var text = string.Create(CultureInfo.InvariantCulture, $"{fingerprint}\n{place.Hash}\n{place.Transaction}\n{place.LogIndex}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..32];
    }

    /// <summary>The text that is signed.</summary>
    public string Text() => JsonSerializer.Serialize(this, BreakerJson.Default.Testimony) + "\n";

    /// <summary>Reads a signed one and checks its signature.</summary>
    /// <param name="note">The note, as it is kept.</param>
    /// <param name="key">The monitor's key.</param>
    /// <param name="fault">Why it counts for nothing; null when it does.</param>
    public static Testimony? Read(string note, VerifierKey key, out string? fault)
    {
        ArgumentNullException.ThrowIfNull(key);
        Testimony? read = null;
        try
        {
            var signed = SignedNote.Parse(Encoding.UTF8.GetBytes(note));
            fault = key.HasSigned(signed) ? null : "its signature is not that of the monitor's key";
            read = fault is null ? JsonSerializer.Deserialize(signed.Text, BreakerJson.Default.Testimony) : null;
            fault ??= read is null ? "it is empty" : read.Version != 1 ? $"it has version {read.Version}; this program reads version 1" : null;
        }
        catch (Exception problem) when (problem is ControlException or JsonException or NotSupportedException)
        {
            fault = $"it cannot be read: {problem.Message}";
        }

        return fault is null ? read : null;
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(Bytes32Converter), typeof(ChainIdConverter), typeof(BreakerStateConverter), typeof(Control.Workspaces.BreakerActionConverter)])]
[JsonSerializable(typeof(Testimony))]
[JsonSerializable(typeof(BreakerCase))]
internal sealed partial class BreakerJson : JsonSerializerContext;
