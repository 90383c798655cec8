using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Control.Execution;

/// <summary>How many of a Safe's signatures over a transaction there are.</summary>
/// <param name="State">The Safe as it was read.</param>
/// <param name="Hash">The transaction that carries the change, or that approves that of the Safe it owns, with its hash.</param>
/// <param name="Approvals">The signatures on file that count.</param>
/// <param name="Stale">Signatures on file that count no more, and owners that cannot sign, each with the reason.</param>
public sealed record SafeStanding(SafeState State, SafeTransactionHash Hash, IReadOnlyList<SafeApproval> Approvals, IReadOnlyList<string> Stale)
{
    /// <summary>Owners whose approval is on the chain already.</summary>
    public IReadOnlyList<Address> ApprovedOnChain { get; init; } = [];

    /// <summary>Owners that are Safes and have not approved yet, each with the standing of the transaction by which it would.</summary>
    public IReadOnlyList<SafeStanding> Nested { get; init; } = [];

    /// <summary>Which of the Safe transactions of the change this is, counted from 0.</summary>
    public int Chunk { get; init; }

    /// <summary>How many Safe transactions the change takes.</summary>
    public int Chunks { get; init; } = 1;

    /// <summary>How many owners the Safe demands.</summary>
    public int Needed => State.Quorum.Threshold;

    /// <summary>How many consent or can be brought to with the signatures there are.</summary>
    public int Given => Approvals.Count + ApprovedOnChain.Count + Nested.Count(child => child.IsComplete);

    /// <summary>True when the Safe would execute, the approvals of the Safes among its owners brought first.</summary>
    public bool IsComplete => Given >= Needed;

    /// <summary>This one and all below it.</summary>
    public IEnumerable<SafeStanding> Tree => Nested.SelectMany(child => child.Tree).Prepend(this);

    /// <summary>The nested Safes whose approval is to be brought: as few transactions as will do.</summary>
    internal IReadOnlyList<SafeStanding> ToBring() =>
        [.. Nested.Where(child => child.IsComplete).OrderBy(child => child.Transactions).Take(Math.Max(0, Needed - Approvals.Count - ApprovedOnChain.Count))];

    private int Transactions => 1 + ToBring().Sum(child => child.Transactions);
}
