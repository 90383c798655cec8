using System.Numerics;

namespace AgiJobs.Ethereum.Safes;

/// <summary>
/// A Safe that owns another consents to the parent's transaction by a transaction of its own, which calls <c>approveHash</c> on the parent.
/// The two hashes are kept apart: the owners of the child sign <see cref="Child"/> and never <see cref="Parent"/>.
/// </summary>
public sealed class NestedApproval
{
    private NestedApproval(SafeTransactionHash parent, SafeTransactionHash child)
    {
        Parent = parent;
        Child = child;
    }

    /// <summary>The parent's transaction, which gets approved. Nobody in the child signs this hash.</summary>
    public SafeTransactionHash Parent { get; }

    /// <summary>The child's transaction, which its owners sign. It can itself be the parent of a deeper approval.</summary>
    public SafeTransactionHash Child { get; }

    /// <summary>What stands among the parent's signatures once the child's transaction is executed.</summary>
    public SafeSignature ParentSignature => SafeSignature.Approved(Child.Domain.Safe);

    /// <summary>Builds the child's transaction.</summary>
    /// <param name="parent">The parent's transaction.</param>
    /// <param name="child">The Safe that is an owner of the parent.</param>
    /// <param name="childNonce">The child's nonce.</param>
    /// <exception cref="EthereumException"><c>safe-nested-self</c>, <c>safe-nested-chain</c>; <c>safe-number</c> for a nonce out of range.</exception>
    public static NestedApproval Create(SafeTransactionHash parent, SafeDomain child, BigInteger childNonce)
    {
        ArgumentNullException.ThrowIfNull(parent);
        if (child.Safe == parent.Domain.Safe)
        {
            throw EthereumException.BadInput("safe-nested-self", $"{child.Safe} cannot approve as its own owner; give the Safe that owns it.");
        }

        if (child.Chain != parent.Domain.Chain)
        {
            throw EthereumException.BadInput("safe-nested-chain", $"The child Safe is on chain {child.Chain} and its parent on chain {parent.Domain.Chain}; an owner must be on the same chain.");
        }

        var transaction = new SafeTransaction { To = parent.Domain.Safe, Data = SafeExecution.EncodeApproval(parent), Nonce = childNonce };
        return new NestedApproval(parent, SafeTransactionHash.Compute(child, transaction));
    }

    /// <summary>What is signed and what for, with the hash to sign only.</summary>
    public override string ToString() => $"{Child} (approves {Parent.Subject})";
}
