using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Ethereum.Safes;

/// <summary>
/// What the owners of a Safe sign so that the Safe, as a contract, signs a message (EIP-1271): the hash of <c>SafeMessage(bytes)</c>
/// under the Safe's domain. Exists only when two independent computations agreed.
/// Source: CompatibilityFallbackHandler.sol, <c>encodeMessageDataForSafe</c>.
/// </summary>
public sealed class SafeMessageHash
{
    private SafeMessageHash(SafeDomain domain, ReadOnlyMemory<byte> message, Bytes32 domainHash, Bytes32 messageHash, Bytes32 value)
    {
        Domain = domain;
        Message = message;
        DomainHash = domainHash;
        MessageHash = messageHash;
        Value = value;
    }

    /// <summary>The Safe whose owners sign.</summary>
    public SafeDomain Domain { get; }

    /// <summary>The message.</summary>
    public ReadOnlyMemory<byte> Message { get; }

    /// <summary>The domain hash.</summary>
    public Bytes32 DomainHash { get; }

    /// <summary>The hash of the SafeMessage struct.</summary>
    public Bytes32 MessageHash { get; }

    /// <summary>The hash to sign.</summary>
    public Bytes32 Value { get; }

    /// <summary>The EIP-712 document a wallet is asked to sign; its digest is <see cref="Value"/>.</summary>
    public TypedDocument Document => TypedSafeHash.Document(Domain, Message);

    /// <summary>Computes the hash of a message of any length in both ways.</summary>
    /// <exception cref="EthereumException"><c>safe-hash-mismatch</c> (mismatch) when they disagree.</exception>
    public static SafeMessageHash Compute(SafeDomain domain, ReadOnlyMemory<byte> message)
    {
        ReadOnlyMemory<byte> copy = message.ToArray();
        var (domainHash, messageHash, value) = AgreedSafeHash.Message(domain, copy);
        return new SafeMessageHash(domain, copy, domainHash, messageHash, value);
    }

    /// <summary>
    /// What is asked of a contract that signs a 32-byte hash in the standard way, <c>isValidSignature(bytes32,bytes)</c>: the message of a
    /// Safe is then those 32 bytes.
    /// </summary>
    /// <exception cref="EthereumException"><c>safe-hash-mismatch</c> (mismatch) when the two computations disagree.</exception>
    public static SafeMessageHash ComputeForHash(SafeDomain domain, Bytes32 hash) => Compute(domain, hash.ToBytes());

    /// <summary>
    /// What the owners of <paramref name="child"/> sign so that their Safe signs, as an owner, a transaction of a parent Safe. It is never
    /// the parent's hash. The form depends on the parent's version: see <see cref="SafeVersion.AsksContractOwnersAboutTheHash"/>.
    /// </summary>
    /// <exception cref="EthereumException"><c>safe-nested-self</c> when both are the same Safe; <c>safe-hash-mismatch</c> (mismatch).</exception>
    public static SafeMessageHash ForParent(SafeDomain child, SafeTransactionHash parent)
    {
        ArgumentNullException.ThrowIfNull(parent);
        if (child.Safe == parent.Domain.Safe)
        {
            throw EthereumException.BadInput("safe-nested-self", $"{child.Safe} cannot sign as its own owner; give the Safe that owns it.");
        }

        return parent.Domain.Version.AsksContractOwnersAboutTheHash ? ComputeForHash(child, parent.Value) : Compute(child, parent.PreImage);
    }

    /// <summary>The hash with the Safe it belongs to.</summary>
    public override string ToString() => $"message of {Message.Length} bytes signed by {Domain}: {Value}";
}
