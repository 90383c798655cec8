using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Ethereum.Safes;

/// <summary>
/// What the owners of one Safe sign for one transaction: the hash together with the Safe and the transaction it is of, so that the hash
/// of a parent Safe cannot be shown or signed in the place of its child's. Exists only when two independent computations agreed.
/// </summary>
public sealed class SafeTransactionHash
{
    private SafeTransactionHash(SafeDomain domain, SafeTransaction transaction, Bytes32 domainHash, Bytes32 messageHash, Bytes32 value)
    {
        Domain = domain;
        Transaction = transaction;
        DomainHash = domainHash;
        MessageHash = messageHash;
        Value = value;
    }

    /// <summary>The Safe whose owners sign.</summary>
    public SafeDomain Domain { get; }

    /// <summary>The transaction.</summary>
    public SafeTransaction Transaction { get; }

    /// <summary>The domain hash, which a hardware wallet may show.</summary>
    public Bytes32 DomainHash { get; }

    /// <summary>The message hash (hash of the SafeTx struct), which a hardware wallet may show.</summary>
    public Bytes32 MessageHash { get; }

    /// <summary>The Safe transaction hash (<c>getTransactionHash</c>, <c>contractTransactionHash</c>).</summary>
    public Bytes32 Value { get; }

    /// <summary>The 66 bytes the hash is taken of; a Safe before 1.5.0 shows them to the contracts that own it.</summary>
    public ReadOnlyMemory<byte> PreImage => PackedSafeHash.PreImage(DomainHash, MessageHash);

    /// <summary>The EIP-712 document a wallet is asked to sign; its digest is <see cref="Value"/>.</summary>
    public TypedDocument Document => TypedSafeHash.Document(Domain, Transaction);

    /// <summary>Computes the hash in both ways.</summary>
    /// <exception cref="EthereumException"><c>safe-hash-mismatch</c> (mismatch) when they disagree.</exception>
    public static SafeTransactionHash Compute(SafeDomain domain, SafeTransaction transaction)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        var (domainHash, messageHash, value) = AgreedSafeHash.Transaction(domain, transaction);
        return new SafeTransactionHash(domain, transaction, domainHash, messageHash, value);
    }

    /// <summary>Refuses when somebody else's hash for this transaction (a node's, a file's) is another one.</summary>
    /// <param name="other">The other hash.</param>
    /// <param name="witness">Who said so, for the message.</param>
    /// <exception cref="EthereumException"><c>safe-hash-mismatch</c> (mismatch).</exception>
    public void RequireSame(Bytes32 other, string witness)
    {
        if (other != Value)
        {
            throw new EthereumException(
                "safe-hash-mismatch",
                Fault.Mismatch,
                $"{witness} says that transaction {Transaction.Nonce} of {Domain} has hash {other}; computed here it is {Value}. Do not sign; find out which field differs.");
        }
    }

    /// <summary>The hash with the Safe and nonce it belongs to.</summary>
    public override string ToString() => $"transaction {Transaction.Nonce} of {Domain}: {Value}";
}
