using System.Collections.Immutable;
using System.Text.Json;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Transactions;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Orchestration;

/// <summary>A transaction that was signed and of which it is not known yet what became.</summary>
/// <param name="Step">What for.</param>
/// <param name="Attempts">It and those that replace it with higher fees; all have one nonce, so one of them is mined at most.</param>
/// <param name="Block">The newest block when the last one was signed.</param>
public sealed record PendingTransaction(RunStep Step, ImmutableList<SignedTransaction> Attempts, ulong Block);

/// <summary>A transaction that was mined for a run.</summary>
/// <param name="Step">What for.</param>
/// <param name="Hash">Its hash.</param>
/// <param name="Block">Where.</param>
/// <param name="GasUsed">Gas that it used.</param>
/// <param name="HasSucceeded">False when it reverted.</param>
public sealed record RunTransaction(RunStep Step, Bytes32 Hash, ulong Block, ulong GasUsed, bool HasSucceeded);

/// <summary>A line of a run's log.</summary>
/// <param name="At">When.</param>
/// <param name="Level"><c>info</c>, <c>warning</c> or <c>error</c>.</param>
/// <param name="Code">Stable.</param>
/// <param name="Message">In words.</param>
public sealed record RunLine(DateTimeOffset At, string Level, string Code, string Message);

/// <summary>A run as its events make it.</summary>
public sealed record RunRecord
{
    /// <summary>Its name.</summary>
    public required string Id { get; init; }

    /// <summary>Version of its stream.</summary>
    public long Version { get; init; }

    /// <summary>What was decided.</summary>
    public required RunPlanned Plan { get; init; }

    /// <summary>When it was decided.</summary>
    public required DateTimeOffset PlannedAt { get; init; }

    /// <summary>The round on chain; null until its start is mined.</summary>
    public long? RoundId { get; init; }

    /// <summary>What waits to be mined.</summary>
    public PendingTransaction? Pending { get; init; }

    /// <summary>What was mined.</summary>
    public ImmutableList<RunTransaction> Transactions { get; init; } = [];

    /// <summary>The phase that it was last seen in.</summary>
    public RoundPhase Phase { get; init; }

    /// <summary>When each phase was first seen.</summary>
    public ImmutableList<(RoundPhase Phase, ulong Block, DateTimeOffset At)> Phases { get; init; } = [];

    /// <summary>The block that it was found paused in; null while it is not.</summary>
    public ulong? FrozenIn { get; init; }

    /// <summary>How often in a row something did not work.</summary>
    public int Failures { get; init; }

    /// <summary>The code of the last failure.</summary>
    public string? LastFailure { get; init; }

    /// <summary>The signed bytes of the start, to be sent again when its block is reorganised away.</summary>
    public SignedTransaction? Start { get; init; }

    /// <summary>How it ended; null while it goes on.</summary>
    public RunEnded? Ended { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Its log.</summary>
    public ImmutableList<RunLine> Log { get; init; } = [];

    /// <summary>Reads a run from its events; null when there are none.</summary>
    /// <exception cref="StorageException"><see cref="StorageException.Damaged"/> when an event cannot be read.</exception>
    public static RunRecord? Read(IEnumerable<StoredEvent> events)
    {
        RunRecord? run = null;
        foreach (var stored in events)
        {
            RunEvent happened;
            try
            {
                happened = JsonSerializer.Deserialize(stored.Data, RunJson.Default.RunEvent) ?? throw new JsonException("null");
            }
            catch (Exception problem) when (problem is JsonException or NotSupportedException)
            {
                throw new StorageException(StorageException.Damaged, $"Event {stored.Version} of {stored.Stream} cannot be read: {problem.Message}", "The run stands still until the state is restored from a backup.", problem);
            }

            run = run is null
                ? happened is RunPlanned plan ? Begin(plan, stored) : throw new StorageException(StorageException.Damaged, $"{stored.Stream} begins with '{stored.Type}' and not with its plan.", "Restore the state from a backup.")
                : run.With(happened, stored.Version, stored.At);
        }

        return run;
    }

    /// <summary>The run after one more event.</summary>
    internal RunRecord With(RunEvent happened, long version, DateTimeOffset at)
    {
        var next = this with { Version = version };
        switch (happened)
        {
            case TransactionSigned signed:
                var transaction = SignedTransaction.Parse(signed.Raw);
                var attempts = Pending is { } waiting && waiting.Step == signed.Step && waiting.Attempts[0].Unsigned.Nonce == signed.Nonce ? waiting.Attempts.Add(transaction) : [transaction];
                return next with
                {
                    Pending = new PendingTransaction(signed.Step, attempts, signed.Block),
                    Start = signed.Step == RunStep.Start ? transaction : Start,
                    Log = Log.Add(new RunLine(at, "info", "transaction-signed", $"{Words(signed.Step)}: transaction {signed.Hash} with nonce {signed.Nonce}")),
                };
            case TransactionMined mined:
                return next with
                {
                    Pending = null,
                    RoundId = mined.RoundId ?? RoundId,
                    Failures = mined.HasSucceeded ? 0 : Failures + 1,
                    Transactions = Transactions.Add(new RunTransaction(mined.Step, mined.Hash, mined.Block, mined.GasUsed, mined.HasSucceeded)),
                    Log = Log.Add(mined.HasSucceeded
                        ? new RunLine(at, "info", "transaction-mined", $"{Words(mined.Step)}: mined in block {mined.Block}{(mined.RoundId is { } id ? $"; it is round {id}" : "")}")
                        : new RunLine(at, "warning", "transaction-reverted", $"{Words(mined.Step)}: {mined.Hash} reverted in block {mined.Block} and had no effect")),
                };
            case TransactionLost lost:
                return next with { Pending = null, Log = Log.Add(new RunLine(at, "warning", "transaction-lost", $"{Words(lost.Step)}: {lost.Hash}: {lost.Why}")) };
            case TransactionReturned returned:
                return next with
                {
                    RoundId = null,
                    Phase = RoundPhase.None,
                    Pending = new PendingTransaction(returned.Step, [Start!], Pending?.Block ?? 0),
                    Transactions = Transactions.RemoveAll(entry => entry.Hash == returned.Hash),
                    Log = Log.Add(new RunLine(at, "warning", "block-reorganised", $"{Words(returned.Step)}: the block of {returned.Hash} was reorganised away; the same transaction is sent again")),
                };
            case PhaseSeen seen:
                return next with { Phase = seen.Phase, Failures = 0, Phases = Phases.Add((seen.Phase, seen.Block, at)), Log = Log.Add(new RunLine(at, "info", "phase", $"{Words(seen.Phase)} since block {seen.Block}")) };
            case RunFrozen frozen:
                return next with { FrozenIn = frozen.Block, Log = Log.Add(new RunLine(at, "warning", "arena-paused", $"the arena was found paused in block {frozen.Block}; clocks stand still")) };
            case RunThawed thawed:
                return next with { FrozenIn = null, Log = Log.Add(new RunLine(at, "info", "arena-resumed", $"the arena was found resumed in block {thawed.Block}")) };
            case RunFailed failed:
                return next with { Failures = Failures + 1, LastFailure = failed.Code, Log = Log.Add(new RunLine(at, "error", failed.Code, failed.Message)) };
            case RunEnded ended:
                return next with { Ended = ended, EndedAt = at, Pending = null, Log = Log.Add(new RunLine(at, ended.Code is null ? "info" : "warning", ended.Code ?? "round-finalised", $"ended: {ended.Outcome} in block {ended.Block}")) };
            default:
                throw new StorageException(StorageException.Damaged, $"Run {Id} has a second plan.", "Restore the state from a backup.");
        }
    }

    private static RunRecord Begin(RunPlanned plan, StoredEvent stored) => new()
    {
        Id = plan.RunId,
        Version = stored.Version,
        Plan = plan,
        PlannedAt = stored.At,
        Log = [new RunLine(stored.At, "info", "run-planned", $"difficulty {plan.Difficulty}, teacher {plan.Teacher}, {plan.Students.Count} students, {plan.Validators.Count} validators invited, on block {plan.Block}")],
    };

    private static string Words(RunStep step) => step switch
    {
        RunStep.Start => "start of the round",
        RunStep.Close => "end of the registration",
        RunStep.EndAnswering => "end of answering",
        RunStep.EndRevealing => "end of revealing",
        RunStep.EndVoting => "end of voting",
        _ => "counting of the votes",
    };

    private static string Words(RoundPhase phase) => phase.ToString().ToLowerInvariant();
}
