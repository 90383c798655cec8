using System.Text.Json.Serialization;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Armory;

/// <summary>
/// A pause that was signed in advance, with all that is needed to fire it: a statement that anybody may submit, or a rung of a ladder: one Safe transaction at one nonce. At rest it is sealed; whoever can read it can
/// pause the protocol.
/// </summary>
public sealed record ArmedPause
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The change that it carries; its network, chain and route say what it is for.</summary>
    public required ChangeDocument Change { get; init; }

    /// <summary>The signed statement; absent for a rung.</summary>
    public SignedAuthorization? Authorization { get; init; }

    /// <summary>The rung; absent for a statement.</summary>
    public SafeRung? Rung { get; init; }

    /// <summary>When it was made, for the record.</summary>
    public required DateTimeOffset AddedAt { get; init; }

    /// <summary>The name that commands take: <c>authorization-DIGEST8</c> or <c>rung-NONCE-DIGEST8</c>.</summary>
    [JsonIgnore]
    public string Name => Rung is { } rung ? $"rung-{rung.Nonce.PadLeft(6, '0')}-{Digest8}" : $"authorization-{Digest8}";

    private string Digest8 => Change.Digest().ToString()[2..10];
}

/// <summary>One Safe transaction at one nonce, its signatures, and what the Safe was when they were made.</summary>
public sealed record SafeRung
{
    /// <summary>The Safe.</summary>
    public required Address Safe { get; init; }

    /// <summary>The nonce that it waits for, as a decimal text.</summary>
    public required string Nonce { get; init; }

    /// <summary>The hash that the owners signed.</summary>
    public required Bytes32 SafeTxHash { get; init; }

    /// <summary>The signatures so far; fewer than the threshold until the last owner has signed.</summary>
    public required IReadOnlyList<SafeApproval> Signatures { get; init; }

    /// <summary>The Safe's owners at the time.</summary>
    public required IReadOnlyList<Address> Owners { get; init; }

    /// <summary>Its threshold.</summary>
    public required int Threshold { get; init; }

    /// <summary>Its guard; absent when it had none.</summary>
    public Address? Guard { get; init; }

    /// <summary>The keccak-256 of the code behind the proxy.</summary>
    public required Bytes32 SingletonCodeHash { get; init; }
}

/// <summary>How armed pauses are written before they are sealed.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(AddressConverter), typeof(Bytes32Converter), typeof(ChainIdConverter), typeof(HexDataConverter), typeof(RiskConverter), typeof(RouteKindConverter)])]
[JsonSerializable(typeof(ArmedPause))]
[JsonSerializable(typeof(IReadOnlyList<SafeApproval>))]
public sealed partial class ArmoryJson : JsonSerializerContext;
