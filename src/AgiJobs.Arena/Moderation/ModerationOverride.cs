using System.Text.Json.Serialization;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Arena.Moderation;

/// <summary>What a person decided about one content, against or besides the rules. Signed (EIP-712), for a time.</summary>
public sealed record ModerationOverride
{
    private static readonly TypedSchema Type = TypedSchema.Parse("ModerationOverride(bytes32 content,uint256 chainId,string outcome,string reason,uint64 issued,uint64 expires)");

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The chain on which it counts.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>The SHA-256 of the content in UTF-8.</summary>
    public required Bytes32 Content { get; init; }

    /// <summary>What is to become of it.</summary>
    public required ModerationOutcome Outcome { get; init; }

    /// <summary>Why.</summary>
    public required string Reason { get; init; }

    /// <summary>From when on it counts, in seconds since 1970.</summary>
    public required long Issued { get; init; }

    /// <summary>From when on it does not count any more, in seconds since 1970.</summary>
    public required long Expires { get; init; }

    /// <summary>Whose decision it is; a person with the duty <see cref="Duty.Security"/>.</summary>
    public required Address Author { get; init; }

    /// <summary>The author's signature of <see cref="Statement"/>.</summary>
    public required byte[] Signature { get; init; }

    /// <summary>What is signed. The domain names this program and the chain and no contract, as that of approvals.</summary>
    public TypedDocument Statement() => new(
        new TypedDomain { Name = "AGI Jobs Owner Control", Version = "1", ChainId = ChainId }, Type, Content, ChainId, OutcomeName(Outcome), Reason, Issued, Expires);

    /// <summary>Has somebody sign an override.</summary>
    /// <exception cref="EthereumException">Those of the signer.</exception>
    public static async Task<ModerationOverride> SignAsync(ChainId chain, Bytes32 content, ModerationOutcome outcome, string reason, DateTimeOffset issued, DateTimeOffset expires, ISigner signer, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(signer);
        var unsigned = new ModerationOverride
        {
            Version = 1,
            ChainId = chain,
            Content = content,
            Outcome = outcome,
            Reason = reason,
            Issued = issued.ToUnixTimeSeconds(),
            Expires = expires.ToUnixTimeSeconds(),
            Author = signer.Address,
            Signature = [],
        };
        var signature = await signer.SignTypedDataAsync(unsigned.Statement(), cancellation).ConfigureAwait(false);
        return unsigned with { Signature = signature.ToBytes() };
    }

    /// <summary>The record's file.</summary>
    public byte[] Encode() => JsonFile.Encode(this, ModerationJson.Default.ModerationOverride);

    internal static string OutcomeName(ModerationOutcome outcome) => outcome switch
    {
        ModerationOutcome.Allow => "allow",
        ModerationOutcome.Flag => "flag",
        _ => "block",
    };
}

/// <summary>How records of moderation are read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true,
    Converters = [typeof(AddressConverter), typeof(Bytes32Converter), typeof(ChainIdConverter), typeof(HexDataConverter), typeof(ModerationOutcomeConverter)])]
[JsonSerializable(typeof(ModerationOverride))]
[JsonSerializable(typeof(CorpusEntry))]
internal sealed partial class ModerationJson : JsonSerializerContext;
