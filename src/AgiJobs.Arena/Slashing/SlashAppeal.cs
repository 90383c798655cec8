using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.TypedData;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Slashing;

/// <summary>
/// A signed appeal against a slash: a document of <c>arena/NETWORK/appeals</c>, one for each slash and signer. It decides nothing: people who find it right plan the reversal. The signature (EIP-712, the domain of this program's
/// approvals) names the slash and the chain, so that it counts for no other.
/// </summary>
public sealed record SlashAppeal
{
    private static readonly TypedSchema Type = TypedSchema.Parse("SlashAppeal(string slash,uint256 chainId,string text)");

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary><c>ROUND-VALIDATOR-REASON</c>.</summary>
    public required string Slash { get; init; }

    /// <summary>The chain.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>What speaks against the slash.</summary>
    public required string Text { get; init; }

    /// <summary>Who signed.</summary>
    public required Address Signer { get; init; }

    /// <summary>65 bytes: r, s, v.</summary>
    public required byte[] Signature { get; init; }

    /// <summary>When, by the signer's own word.</summary>
    public required DateTimeOffset SignedAt { get; init; }

    /// <summary>Where appeals of a network are.</summary>
    public static string Collection(string network) => $"arena/{network}/appeals";

    /// <summary>What is signed.</summary>
    public static TypedDocument Statement(string slash, ChainId chain, string text) => new(new TypedDomain { Name = "AGI Jobs Owner Control", Version = "1", ChainId = chain }, Type, slash, chain, text);

    /// <summary>Has an appeal signed and files it. The slashed validator and every person of the network may appeal.</summary>
    /// <exception cref="ControlException">
    /// <c>appeal-text</c> when it says nothing; <c>appeal-stranger</c> (exit 4); <c>appeal-state</c> (exit 4) when there is nothing to appeal against; <c>appeal-exists</c> (exit 4) when the signer has appealed already;
    /// <c>signature-other-key</c> (exit 6).
    /// </exception>
    public static async Task<SlashAppeal> FileAsync(IStateStore store, string network, ChainId chain, SlashCase slash, string text, ISigner signer, OperatorBook? people, TimeProvider time, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(slash);
        ArgumentNullException.ThrowIfNull(signer);
        if (string.IsNullOrWhiteSpace(text) || text.Length > 4000)
        {
            throw new ControlException("appeal-text", ExitCode.BadInput, string.IsNullOrWhiteSpace(text) ? "An appeal without a reason helps nobody." : $"The appeal has {text.Length} characters, and 4,000 are the most.", "Say with --text what speaks against the slash.");
        }

        if (signer.Address != slash.Validator && people?.Of(signer.Address) is null)
        {
            throw new ControlException("appeal-stranger", ExitCode.Refused, $"{signer.Address} is neither the validator nor an address of anybody in the operators' files.", "Have the validator sign, or a person of the network.");
        }

        if (slash.State is SlashState.Refused or SlashState.Reversed)
        {
            throw new ControlException("appeal-state", ExitCode.Refused, $"The slash {slash.Key} is {(slash.State == SlashState.Refused ? "refused: nothing was or will be taken" : "reversed already")}.", "Nothing is to be done.");
        }

        var statement = Statement(slash.Key, chain, text);
        var signature = (await signer.SignTypedDataAsync(statement, cancellation).ConfigureAwait(false)).ToBytes();
        var appeal = new SlashAppeal { Version = 1, Slash = slash.Key, ChainId = chain, Text = text, Signer = signer.Address, Signature = signature, SignedAt = time.GetUtcNow() };
        if (appeal.Problem(chain) is { } problem)
        {
            throw new ControlException("signature-other-key", ExitCode.Mismatch, $"The signer of {signer.Address} gave a signature that is not its own: {problem}.", "Nothing was filed. Check what the signer's reference points to.");
        }

        try
        {
            _ = await store.CommitAsync(new StateCommit { Documents = [new DocumentWrite(Collection(network), $"{slash.Key}/{signer.Address}", JsonSerializer.Serialize(appeal, AppealJson.Default.SlashAppeal), ExpectedVersion: 0)] }, cancellation).ConfigureAwait(false);
        }
        catch (StorageException conflict) when (conflict.Code == StorageException.DocumentConflict)
        {
            throw new ControlException("appeal-exists", ExitCode.Refused, $"{signer.Address} has appealed against {slash.Key} already.", "'agijobs arena slashes' shows it.", conflict);
        }

        return appeal;
    }

    /// <summary>The appeals against a slash whose signatures hold; those that do not are told of.</summary>
    public static async Task<IReadOnlyList<(SlashAppeal? Appeal, string? Problem)>> ListAsync(IStateStore store, string network, ChainId chain, string slash, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        var found = new List<(SlashAppeal?, string?)>();
        foreach (var document in (await store.ListAsync(Collection(network), cancellationToken: cancellation).ConfigureAwait(false)).Where(document => document.Key.StartsWith(slash + "/", StringComparison.Ordinal)))
        {
            try
            {
                var appeal = JsonSerializer.Deserialize(document.Data, AppealJson.Default.SlashAppeal) ?? throw new JsonException("null");
                var problem = string.Equals(appeal.Slash, slash, StringComparison.Ordinal) ? appeal.Problem(chain) : $"it is against {appeal.Slash}";
                found.Add((problem is null ? appeal : null, problem is null ? null : $"{document.Key}: {problem}"));
            }
            catch (JsonException problem)
            {
                found.Add((null, $"{document.Key} cannot be read: {problem.Message}"));
            }
        }

        return found;
    }

    private string? Problem(ChainId chain)
    {
        try
        {
            return Version != 1 ? $"it has version {Version}"
                : ChainId != chain ? $"it is for chain {ChainId}"
                : Secp256k1.Recover(Statement(Slash, ChainId, Text).Digest, Ethereum.Keys.Signature.FromBytes(Signature)) == Signer ? null
                : $"it was not signed by {Signer}: it was altered, or is over something else";
        }
        catch (EthereumException problem)
        {
            return problem.Message;
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    Converters = [typeof(AddressConverter), typeof(ChainIdConverter), typeof(HexDataConverter)])]
[JsonSerializable(typeof(SlashAppeal))]
internal sealed partial class AppealJson : JsonSerializerContext;
