using System.Collections.Immutable;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Ethereum.Transactions;

/// <summary>What somebody wants to happen, before nonce, gas and fees are known.</summary>
public sealed record TransactionIntent
{
    /// <summary>Who sends and pays.</summary>
    public required Address From { get; init; }

    /// <summary>The account called; null creates a contract.</summary>
    public required Address? To { get; init; }

    /// <summary>Calldata or creation code.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>Native coin sent along.</summary>
    public Wei Value { get; init; }

    /// <summary>A nonce that was decided elsewhere, as by a journal; null takes the next one after those waiting.</summary>
    public ulong? Nonce { get; init; }

    /// <summary>
    /// True accepts a <see cref="Nonce"/> above those that the node knows of, when the sender knows of more waiting transactions.
    /// </summary>
    public bool MayLeaveGap { get; init; }

    /// <summary>A gas limit; null estimates. A given limit is used as it is, and the call is still tried first.</summary>
    public Gas? Gas { get; init; }

    /// <summary>The envelope; null takes type 2 where the chain has it, else 0 (1 with an access list).</summary>
    public TransactionType? Type { get; init; }

    /// <summary>Announced accounts and slots.</summary>
    public ImmutableArray<AccessListEntry> AccessList { get; init; } = [];

    /// <summary>Errors of the contracts involved, to name a revert.</summary>
    public ContractAbi? Abi { get; init; }
}
