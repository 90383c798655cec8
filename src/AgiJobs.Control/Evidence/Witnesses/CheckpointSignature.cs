using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Control.Evidence.Witnesses;

/// <summary>
/// A Safe owner's signature over a checkpoint of a log, so that the owners are its witnesses: EIP-712 with the domain "AGI Jobs evidence", version 1, chain and Safe, and
/// the struct <c>Checkpoint(string origin,uint64 size,bytes32 root)</c>. Kept in <c>cosignatures/SIZE-OWNER.json</c> beside the log.
/// </summary>
public sealed record CheckpointSignature
{
    private static readonly TypedSchema Schema = TypedSchema.Parse("Checkpoint(string origin,uint64 size,bytes32 root)");

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The checkpoint as the log signed it: a C2SP note.</summary>
    public required string Checkpoint { get; init; }

    /// <summary>The chain of the Safe.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>The Safe whose owner signed.</summary>
    public required Address Safe { get; init; }

    /// <summary>Who signed.</summary>
    public required Address Owner { get; init; }

    /// <summary>The 65 bytes of the signature: r, s, v.</summary>
    public required byte[] Signature { get; init; }

    /// <summary>When, for the record; the signature does not cover it.</summary>
    public required DateTimeOffset SignedAt { get; init; }

    /// <summary>The file's name beside the log.</summary>
    public string FileName => string.Create(CultureInfo.InvariantCulture, $"{Read().Size:000000000000}-{Owner}.json");

    /// <summary>The note that was signed.</summary>
    /// <exception cref="ControlException"><c>note-format</c> (exit 6).</exception>
    public SignedNote Note() => SignedNote.Parse(Encoding.UTF8.GetBytes(Checkpoint));

    /// <summary>The checkpoint that was signed.</summary>
    /// <exception cref="ControlException"><c>note-format</c> or <c>checkpoint-format</c> (exit 6).</exception>
    public Checkpoint Read() => Log.Checkpoint.Parse(Note().Text);

    /// <summary>True when the owner that is named signed this checkpoint for this Safe and chain.</summary>
    public bool Holds()
    {
        try
        {
            return Version == 1 && Secp256k1.Recover(Document(Read(), ChainId, Safe).Digest, Ethereum.Keys.Signature.FromBytes(Signature)) == Owner;
        }
        catch (Exception problem) when (problem is EthereumException or ControlException)
        {
            return false;
        }
    }

    /// <summary>What an owner signs.</summary>
    public static TypedDocument Document(Checkpoint checkpoint, ChainId chainId, Address safe) => new(
        new TypedDomain { Name = "AGI Jobs evidence", Version = "1", ChainId = chainId, VerifyingContract = safe },
        Schema,
        checkpoint.Origin,
        checkpoint.Size,
        checkpoint.Root);

    /// <summary>Has an owner sign a checkpoint.</summary>
    /// <param name="note">The checkpoint as the log signed it.</param>
    /// <param name="chainId">The Safe's chain.</param>
    /// <param name="safe">The Safe.</param>
    /// <param name="owners">The Safe's owners, as read from the chain.</param>
    /// <param name="signer">Who signs.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Cancels.</param>
    /// <exception cref="ControlException"><c>safe-not-owner</c> (exit 4) when the signer is no owner; <c>checkpoint-signature</c> (exit 6) when what came back is not its signature.</exception>
    /// <exception cref="EthereumException">Those of the signer.</exception>
    public static async Task<CheckpointSignature> SignAsync(SignedNote note, ChainId chainId, Address safe, IReadOnlyList<Address> owners, ISigner signer, TimeProvider time, CancellationToken cancellation)
    {
        if (!owners.Contains(signer.Address))
        {
            throw new ControlException("safe-not-owner", ExitCode.Refused, $"{signer.Address} is not an owner of the Safe {safe}, so its signature would witness nothing. Its owners are {string.Join(", ", owners)}.", "Sign with one of its owners.");
        }

        var signature = await signer.SignTypedDataAsync(Document(Log.Checkpoint.Parse(note.Text), chainId, safe), cancellation).ConfigureAwait(false);
        var made = new CheckpointSignature
        {
            Version = 1,
            Checkpoint = Encoding.UTF8.GetString(note.ToBytes()),
            ChainId = chainId,
            Safe = safe,
            Owner = signer.Address,
            Signature = signature.ToBytes(),
            SignedAt = time.GetUtcNow(),
        };
        return made.Holds()
            ? made
            : throw new ControlException("checkpoint-signature", ExitCode.Mismatch, $"What the signer of {signer.Address} gave back is not its signature over the checkpoint.", "Check the signer; nothing was filed.");
    }

    /// <summary>The signatures beside a log, by file name.</summary>
    /// <exception cref="ControlException"><c>file-format</c> when one cannot be read.</exception>
    public static IReadOnlyList<CheckpointSignature> Beside(LogFolder log)
    {
        var folder = log.Locate("cosignatures");
        return Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal).Select(path => JsonFile.Read(path, WitnessJson.Default.CheckpointSignature))]
            : [];
    }

    /// <summary>Puts the signature beside its log.</summary>
    /// <exception cref="ControlException"><c>file-write</c>.</exception>
    public string File(LogFolder log)
    {
        var path = log.Locate("cosignatures", FileName);
        JsonFile.Write(path, this, WitnessJson.Default.CheckpointSignature);
        return path;
    }
}

/// <summary>How the owners' signatures are read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    IgnoreReadOnlyProperties = true,
    WriteIndented = true,
    Converters = [typeof(AddressConverter), typeof(ChainIdConverter), typeof(HexDataConverter)])]
[JsonSerializable(typeof(CheckpointSignature))]
public sealed partial class WitnessJson : JsonSerializerContext;
