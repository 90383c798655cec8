using System.Globalization;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Drift;

/// <summary>A transaction that made something so.</summary>
/// <param name="Hash">The transaction.</param>
/// <param name="From">Who sent it.</param>
/// <param name="To">The contract that it called; null when it made one.</param>
/// <param name="Change">The change that it was sent for; null when no change on file was behind it.</param>
public sealed record CausingTransaction(Bytes32 Hash, Address From, Address? To, string? Change);

/// <summary>What made something as it is: the block in which it became so, and the transactions of that block that the module logged. Or why that is unknown.</summary>
/// <param name="Block">The block; null when it is unknown.</param>
/// <param name="Time">Its time, UTC; null when the block is unknown.</param>
/// <param name="Transactions">Usually one; several when the module logged several in that block.</param>
/// <param name="Unknown">Why it is unknown; null when it is known.</param>
public sealed record DriftCause(BlockNumber? Block, DateTimeOffset? Time, IReadOnlyList<CausingTransaction> Transactions, string? Unknown)
{
    /// <summary>One line for people.</summary>
    public override string ToString() => Unknown is not null
        ? $"unknown: {Unknown}"
        : string.Create(CultureInfo.InvariantCulture, $"block {Block} ({Time:yyyy-MM-dd HH:mm:ss} UTC), {(Transactions.Count > 1 ? "one of " : "")}{string.Join("; ", Transactions.Select(Say))}");

    internal static DriftCause Of(string why) => new(null, null, [], why);

    private static string Say(CausingTransaction transaction) =>
        $"{transaction.Hash} sent by {transaction.From}{(transaction.To is { } to ? $" to {to}" : "")}, {(transaction.Change is { } change ? $"by change {change}" : "no change was behind it")}";
}
