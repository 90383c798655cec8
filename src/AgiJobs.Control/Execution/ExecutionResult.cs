using AgiJobs.Ethereum;

namespace AgiJobs.Control.Execution;

/// <summary>How an execution ended.</summary>
public enum ExecutionEnd
{
    /// <summary>Sent, mined, and the state afterwards is as expected.</summary>
    Verified,

    /// <summary>The state was there already; nothing was sent.</summary>
    NothingToDo,

    /// <summary>The change was executed and verified before; nothing was sent.</summary>
    AlreadyExecuted,

    /// <summary>Another machine executed the change, or a part of it; what it did was verified.</summary>
    ExecutedElsewhere,
}

/// <summary>A transaction that carried a change.</summary>
/// <param name="Hash">Its hash.</param>
/// <param name="Block">The block that it is in.</param>
/// <param name="GasUsed">What it used.</param>
public sealed record ExecutedTransaction(Bytes32 Hash, BlockNumber Block, Gas GasUsed);

/// <summary>What an execution did.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Transactions">What was mined, in order; those of another machine included, as far as they were found.</param>
/// <param name="Checks">The expected state as it was found: after the last transaction, or now when nothing was sent from here.</param>
public sealed record ExecutionResult(ExecutionEnd End, IReadOnlyList<ExecutedTransaction> Transactions, IReadOnlyList<CheckedExpectation> Checks)
{
    /// <summary>What the reader must know besides: a reorganisation, an operation that stays scheduled, what could not be read.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>True when the chain was reorganised since the change was verified, and it was brought onto the chain again.</summary>
    public bool WasReorganised { get; init; }

    /// <summary>True when nodes contradicted each other on the state: one of them lies or is broken.</summary>
    public bool IsDisputed { get; init; }

    /// <summary>True when it could not be read whether what was mined is still there.</summary>
    public bool IsUnread { get; init; }

    /// <summary>Clean when the expected state holds; findings when it no longer does, nodes contradict each other or the chain was reorganised, unknown when it could not be read.</summary>
    public ExitCode Exit => IsUnread || Checks.Any(check => check.Holds is null) ? ExitCode.Unknown : Checks.Any(check => check.Holds == false) || WasReorganised || IsDisputed ? ExitCode.Findings : ExitCode.Clean;
}
