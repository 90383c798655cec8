using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Ethereum.Safes;

/// <summary>
/// What the owners of a Safe sign so that the Safe, as a contract, signs a message (EIP-1271): the hash of <c>SafeMessage(bytes)</c>
/// under the Safe's domain.
/// Source: CompatibilityFallbackHandler.sol, <c>encodeMessageDataForSafe</c>.
/// </summary>
public sealed class SafeMessageHash : SafeHash
{
    private SafeMessageHash(SafeDomain domain, ReadOnlyMemory<byte> message, string subject, Bytes32 domainHash, Bytes32 messageHash, Bytes32 value)
        : base(domain, domainHash, messageHash, value)
    {
        Message = message;
        Subject = subject;
    }

    /// <summary>The message.</summary>
    public ReadOnlyMemory<byte> Message { get; }

    /// <inheritdoc/>
    public override TypedDocument Document => TypedSafeHash.Document(Domain, Message);

    /// <inheritdoc/>
    public override string Subject { get; }

    /// <summary>Computes the hash of a message of any length in both ways.</summary>
    /// <exception cref="EthereumException"><c>safe-hash-mismatch</c> (mismatch) when they disagree.</exception>
    public static SafeMessageHash Compute(SafeDomain domain, ReadOnlyMemory<byte> message) => Compute(domain, message, $"message of {message.Length} bytes for {domain}");

    /// <summary>
    /// What is asked of a contract that signs a 32-byte hash in the standard way, <c>isValidSignature(bytes32,bytes)</c>: the message of a
    /// Safe is then those 32 bytes.
    /// </summary>
    /// <exception cref="EthereumException"><c>safe-hash-mismatch</c> (mismatch) when the two computations disagree.</exception>
    public static SafeMessageHash ComputeForHash(SafeDomain domain, Bytes32 hash) => Compute(domain, hash.ToBytes(), $"consent of {domain} to the hash {hash}");

    /// <summary>
    /// What the owners of <paramref name="child"/> sign so that their Safe signs, as an owner, a transaction of a parent Safe. It is never
    /// the parent's hash. The form depends on the parent's version: see <see cref="SafeVersion.AsksContractOwnersAboutTheHash"/>; a child
    /// whose fallback handler is of 1.5.0 cannot answer an older parent.
    /// </summary>
    /// <exception cref="EthereumException"><c>safe-nested-self</c> when both are the same Safe; <c>safe-hash-mismatch</c> (mismatch).</exception>
    public static SafeMessageHash ForParent(SafeDomain child, SafeTransactionHash parent)
    {
        ArgumentNullException.ThrowIfNull(parent);
        if (child.Safe == parent.Domain.Safe)
        {
            throw EthereumException.BadInput("safe-nested-self", $"{child.Safe} cannot sign as its own owner; give the Safe that owns it.");
        }

        return Compute(
            child,
            parent.Domain.Version.AsksContractOwnersAboutTheHash ? parent.Value.ToBytes() : parent.PreImage,
            $"consent of {child} to {parent.Subject}");
    }

    private static SafeMessageHash Compute(SafeDomain domain, ReadOnlyMemory<byte> message, string subject)
    {
        ReadOnlyMemory<byte> copy = message.ToArray();
        var (domainHash, messageHash, value) = AgreedSafeHash.Message(domain, copy);
        return new SafeMessageHash(domain, copy, subject, domainHash, messageHash, value);
    }
}
