using System.Text.Json.Nodes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Transactions;

namespace AgiJobs.Control.Execution;

/// <summary>A transaction that is ready to be signed.</summary>
/// <param name="Signer">Who signs and pays.</param>
/// <param name="Intent">What it does.</param>
/// <param name="Pins">What makes the chain take it at most once, for the journal: the Safe's nonce, a salt, an operation's id.</param>
internal sealed record PreparedPassage(ISigner Signer, TransactionIntent Intent, JsonObject Pins);

/// <summary>What another machine did in the place of a transaction of ours.</summary>
/// <param name="Transaction">Its transaction, where it was found.</param>
internal sealed record DoneElsewhere(Bytes32? Transaction);

/// <summary>One transaction on the way of a unit, which is signed once and recorded before it is sent.</summary>
internal sealed class Passage
{
    /// <summary>Its name in the journal.</summary>
    public required string Key { get; init; }

    /// <summary>Who must send it; null when any of the signers may.</summary>
    public Address? Sender { get; init; }

    /// <summary>What it must have brought about, to see whether another machine's transaction with the same effect waits already.</summary>
    public required IReadOnlyList<Changes.Expectation> Effect { get; init; }

    /// <summary>True for bytes on record that are this transaction.</summary>
    public required Func<SignedTransaction, bool> Fits { get; init; }

    /// <summary>Makes it ready; refuses when signatures are missing or somebody else has to send it.</summary>
    public required Func<CancellationToken, Task<PreparedPassage>> PrepareAsync { get; init; }

    /// <summary>Looks on the chain whether somebody else brought it there; null when nobody did, or it cannot be told.</summary>
    public required Func<CancellationToken, Task<DoneElsewhere?>> ElsewhereAsync { get; init; }

    /// <summary>True when that look comes before anything is made ready: where making it ready would not fail for what another machine did.</summary>
    public bool LooksFirst { get; init; }

    /// <summary>True when the sender's nonce is what keeps two machines from doing it twice.</summary>
    public bool IsPinnedByNonce { get; init; }
}
