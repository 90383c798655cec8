using AgiJobs.Control.Approvals;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Control.Signing;

/// <summary>One thing that somebody is asked to sign for a change: consent under a duty, or a Safe's transaction.</summary>
public abstract record SigningItem
{
    /// <summary>What a wallet is asked to sign (EIP-712).</summary>
    public abstract TypedDocument Document { get; }

    /// <summary>The digest that is signed.</summary>
    public Bytes32 Digest => Document.Digest;

    /// <summary>What it is, in a few words.</summary>
    public abstract string What { get; }

    /// <summary>Consent to a change under a duty.</summary>
    /// <param name="Change">The change's digest.</param>
    /// <param name="Chain">The chain.</param>
    /// <param name="Duty">The duty.</param>
    public sealed record OfDuty(Bytes32 Change, ChainId Chain, Duty Duty) : SigningItem
    {
        /// <inheritdoc/>
        public override TypedDocument Document { get; } = ApprovalStatements.Approval(Change, Chain, Duty);

        /// <inheritdoc/>
        public override string What => $"consent to the change as {Duty.Name()}";
    }

    /// <summary>A transaction of a Safe.</summary>
    /// <param name="Hash">The transaction with its hash, computed by two ways that agree.</param>
    public sealed record OfSafe(SafeTransactionHash Hash) : SigningItem
    {
        /// <inheritdoc/>
        public override TypedDocument Document => Hash.Document;

        /// <inheritdoc/>
        public override string What => $"the transaction of the Safe {Hash.Domain.Safe} at nonce {Hash.Transaction.Nonce}";
    }
}
