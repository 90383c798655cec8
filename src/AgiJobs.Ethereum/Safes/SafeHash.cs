using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Ethereum.Safes;

/// <summary>
/// Something the owners of one Safe sign, with the Safe it belongs to: a <see cref="SafeTransactionHash"/> or a
/// <see cref="SafeMessageHash"/>. Exists only when two independent computations agreed.
/// </summary>
public abstract class SafeHash
{
    private protected SafeHash(SafeDomain domain, Bytes32 domainHash, Bytes32 messageHash, Bytes32 value)
    {
        Domain = domain;
        DomainHash = domainHash;
        MessageHash = messageHash;
        Value = value;
    }

    /// <summary>The Safe whose owners sign.</summary>
    public SafeDomain Domain { get; }

    /// <summary>The domain hash, which a hardware wallet may show.</summary>
    public Bytes32 DomainHash { get; }

    /// <summary>The message hash (hash of the struct), which a hardware wallet may show.</summary>
    public Bytes32 MessageHash { get; }

    /// <summary>The hash to sign.</summary>
    public Bytes32 Value { get; }

    /// <summary>The 66 bytes the hash is taken of; a Safe before 1.5.0 shows them to the contracts that own it.</summary>
    public ReadOnlyMemory<byte> PreImage => PackedSafeHash.PreImage(DomainHash, MessageHash);

    /// <summary>The EIP-712 document a wallet is asked to sign; its digest is <see cref="Value"/>.</summary>
    public abstract TypedDocument Document { get; }

    /// <summary>What is signed, in words, without the hash.</summary>
    public abstract string Subject { get; }

    /// <summary>Lets an owner's signer sign the typed data, and makes sure that it signed exactly this hash with its own key.</summary>
    /// <exception cref="EthereumException"><c>safe-signature-other-hash</c> (refused) when it signed something else; the signer's own refusals.</exception>
    public async ValueTask<SafeSignature> SignAsync(ISigner signer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(signer);
        var signature = await signer.SignTypedDataAsync(Document, cancellationToken).ConfigureAwait(false);
        return RequireOwn(SafeSignature.OfHash(signature), signer.Address);
    }

    /// <summary>The same for a signer that cannot sign typed data: it signs the 32 bytes of the hash as a personal message, and shows only them.</summary>
    /// <exception cref="EthereumException"><c>safe-signature-other-hash</c> (refused) when it signed something else; the signer's own refusals.</exception>
    public async ValueTask<SafeSignature> SignAsPersonalMessageAsync(ISigner signer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(signer);
        var signature = await signer.SignMessageAsync(Value.ToBytes(), cancellationToken).ConfigureAwait(false);
        return RequireOwn(SafeSignature.OfPersonalMessage(signature), signer.Address);
    }

    /// <summary>What is signed and its hash.</summary>
    public override string ToString() => $"{Subject}: {Value}";

    private SafeSignature RequireOwn(SafeSignature signature, Address signer) =>
        signature.TryOwner(Value, out var owner) && owner == signer
            ? signature
            : throw new EthereumException(
                "safe-signature-other-hash",
                Fault.Refused,
                $"The signer of {signer} returned a signature that recovers to {owner} over {Value} ({Subject}): it signed something else or with another key. Do not use it.");
}
