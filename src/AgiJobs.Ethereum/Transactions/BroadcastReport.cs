namespace AgiJobs.Ethereum.Transactions;

/// <summary>What a node did with a signed transaction.</summary>
public enum BroadcastResult
{
    /// <summary>It took it.</summary>
    Accepted,

    /// <summary>It has it already, waiting or mined.</summary>
    AlreadyKnown,

    /// <summary>Its nonce was used by another transaction.</summary>
    NonceUsed,

    /// <summary>Fees too low, for the pool or to replace the one that waits.</summary>
    Underpriced,

    /// <summary>The sender cannot pay for it.</summary>
    InsufficientFunds,

    /// <summary>It refused for another reason.</summary>
    Refused,

    /// <summary>It gave no usable answer; it may have taken it.</summary>
    NoAnswer,

    /// <summary>It serves another chain, so it was not given the transaction.</summary>
    WrongChain,

    /// <summary>It lied: it answered with another hash.</summary>
    WrongHash,
}

/// <summary>One node's answer.</summary>
/// <param name="Endpoint">The redacted name of the node.</param>
/// <param name="Result">What it did.</param>
/// <param name="Detail">Its words, or null when it accepted.</param>
public sealed record BroadcastAnswer(string Endpoint, BroadcastResult Result, string? Detail);

/// <summary>What became of a broadcast, node by node.</summary>
/// <param name="Hash">The transaction.</param>
/// <param name="Answers">One for each node and relay.</param>
public sealed record BroadcastReport(Bytes32 Hash, IReadOnlyList<BroadcastAnswer> Answers)
{
    /// <summary>True when at least one node has the transaction.</summary>
    public bool IsAccepted => Answers.Any(answer => answer.Result is BroadcastResult.Accepted or BroadcastResult.AlreadyKnown);

    /// <summary>True when it is certain that no node has it: every one refused.</summary>
    public bool IsRefused => Answers.All(answer => answer.Result is BroadcastResult.NonceUsed or BroadcastResult.Underpriced
        or BroadcastResult.InsufficientFunds or BroadcastResult.Refused or BroadcastResult.WrongChain);

    /// <summary>Who said what, on one line.</summary>
    public override string ToString() => string.Join(
        "; ", Answers.Select(answer => $"{answer.Endpoint}: {answer.Result}{(answer.Detail is null ? "" : $" ({answer.Detail})")}"));

    /// <summary>Throws when no node has the transaction.</summary>
    /// <exception cref="EthereumException">
    /// <c>transaction-nonce-used</c>, <c>transaction-underpriced</c>, <c>insufficient-funds</c>, <c>transaction-refused</c>;
    /// <c>transaction-unknown</c> (<see cref="Fault.Unknown"/>) when a node may have taken it without saying so.
    /// </exception>
    public void EnsureAccepted()
    {
        if (IsAccepted)
        {
            return;
        }

        bool Any(BroadcastResult result) => Answers.Any(answer => answer.Result == result);
        throw !IsRefused
            ? new EthereumException("transaction-unknown", Fault.Unknown,
                $"It is not known whether transaction {Hash} was taken: {this}. Send the same signed bytes again; "
                + "never sign another with its nonce before it is known.")
            : Any(BroadcastResult.NonceUsed)
            ? new EthereumException(
                "transaction-nonce-used", Fault.Failed, $"Transaction {Hash} can never be mined, its nonce is used: {this}.")
            : Any(BroadcastResult.Underpriced)
            ? new EthereumException(
                "transaction-underpriced", Fault.Failed, $"Transaction {Hash} pays too little: {this}. Replace it with higher fees.")
            : Any(BroadcastResult.InsufficientFunds)
            ? new EthereumException(
                "insufficient-funds",
                Fault.Failed,
                $"The sender cannot pay for transaction {Hash}: {this}. Fund it and send the same bytes again.")
            : new EthereumException("transaction-refused", Fault.Failed, $"Every node refused transaction {Hash}: {this}.");
    }
}
