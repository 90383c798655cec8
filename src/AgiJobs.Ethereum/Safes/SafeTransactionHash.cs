using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Ethereum.Safes;

/// <summary>
/// What the owners of one Safe sign for one transaction: the hash together with the Safe and the transaction it is of, so that the hash
/// of a parent Safe cannot be shown or signed in the place of its child's.
/// </summary>
public sealed class SafeTransactionHash : SafeHash
{
    private SafeTransactionHash(SafeDomain domain, SafeTransaction transaction, Bytes32 domainHash, Bytes32 messageHash, Bytes32 value)
        : base(domain, domainHash, messageHash, value) => Transaction = transaction;

    /// <summary>The transaction.</summary>
    public SafeTransaction Transaction { get; }

    /// <inheritdoc/>
    public override TypedDocument Document => TypedSafeHash.Document(Domain, Transaction);

    /// <inheritdoc/>
    public override string Subject => $"transaction {Transaction.Nonce} of {Domain}";

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
                $"{witness} says that {Subject} has hash {other}; computed here it is {Value}. Do not sign; find out which field differs.");
        }
    }
}
