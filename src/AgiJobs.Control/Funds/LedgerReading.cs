using AgiJobs.Control.Description;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Control.Funds;

/// <summary>One live item of a ledger.</summary>
/// <param name="Keys">What identifies it.</param>
/// <param name="State">Its state; null when items have none.</param>
/// <param name="Cells">What is said of it, column by column; null where it could not be read.</param>
/// <param name="Refund">The command that gives the money back; null when there is none.</param>
public sealed record LedgerItem(IReadOnlyList<AbiValue> Keys, string? State, IReadOnlyList<AbiValue?> Cells, string? Refund);

/// <summary>A sum held against what the contract says it is.</summary>
/// <param name="What">The contract's view, with its arguments.</param>
/// <param name="Column">The column that adds up.</param>
/// <param name="Sum">What the live items add up to.</param>
/// <param name="Says">What the contract says; null when it could not be read.</param>
/// <param name="Agrees">Whether they are the same; null when unknown.</param>
public sealed record LedgerSum(string What, string Column, string Sum, string? Says, bool? Agrees);

/// <summary>A ledger as it was at one block. Immutable.</summary>
/// <param name="Ledger">What was read.</param>
/// <param name="Items">Its live items, in their order.</param>
/// <param name="Closed">How many items are not live any more.</param>
/// <param name="Sums">The contract's totals.</param>
/// <param name="Unknown">What could not be read, in words.</param>
public sealed record LedgerReading(Ledger Ledger, IReadOnlyList<LedgerItem> Items, int Closed, IReadOnlyList<LedgerSum> Sums, IReadOnlyList<string> Unknown)
{
    /// <summary>5 when anything is unknown, 3 when a total differs, else 0.</summary>
    public ExitCode Exit => Unknown.Count > 0 ? ExitCode.Unknown : Sums.Any(sum => sum.Agrees == false) ? ExitCode.Findings : ExitCode.Clean;
}
