using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Ethereum.Transactions;

/// <summary>
/// How waiting for a transaction ended: <see cref="TransactionConfirmed"/>, <see cref="TransactionReplaced"/> or
/// <see cref="TransactionUndecided"/>.
/// </summary>
public abstract record TransactionOutcome
{
    private protected TransactionOutcome()
    {
    }
}

/// <summary>It is mined and deep enough. Whether it did what it should is in the receipt: a reverted one is confirmed too.</summary>
/// <param name="Attempt">Which of the attempts it was.</param>
/// <param name="Receipt">Its receipt in the canonical chain.</param>
/// <param name="Confirmations">Blocks from its own to the newest.</param>
/// <param name="Reorganisations">How often it changed its block or lost it.</param>
public sealed record TransactionConfirmed(
    SignedTransaction Attempt, TransactionReceipt Receipt, ulong Confirmations, int Reorganisations) : TransactionOutcome;

/// <summary>
/// A finding, <c>transaction-replaced</c>: its nonce was used by a transaction that is none of the attempts, so none of them can be mined.
/// Somebody else has the key, or another program used it.
/// </summary>
/// <param name="Nonce">The nonce.</param>
/// <param name="By">The transaction that used it, when it could be found.</param>
public sealed record TransactionReplaced(ulong Nonce, Bytes32? By) : TransactionOutcome
{
    /// <summary>The stable code of the finding.</summary>
    public const string Code = "transaction-replaced";
}

/// <summary>The deadline passed. Nothing is decided: the transaction may still be mined later.</summary>
/// <param name="IsKnown">True when at the last look that succeeded a node had it, waiting or in a block that is not deep enough.</param>
/// <param name="Why">What it waits for, as far as could be seen.</param>
/// <param name="Receipt">The receipt, when it is mined but not deep enough.</param>
public sealed record TransactionUndecided(bool IsKnown, string Why, TransactionReceipt? Receipt) : TransactionOutcome;
