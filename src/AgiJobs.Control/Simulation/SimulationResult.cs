using System.Text.Json.Serialization;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Simulation;

/// <summary>
/// What a change would do, tried on the state of one block: <c>simulation.json</c> in the change's folder. The same change on the same block by the same means gives the same record.
/// It holds no signature.
/// </summary>
public sealed record SimulationResult
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The change's digest.</summary>
    public required Bytes32 Change { get; init; }

    /// <summary>The network.</summary>
    public required string Network { get; init; }

    /// <summary>The chain.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>The height of the block that it was tried on.</summary>
    public required ulong Block { get; init; }

    /// <summary>That block's hash.</summary>
    public required Bytes32 BlockHash { get; init; }

    /// <summary>The block time that the first transaction saw, seconds since 1970.</summary>
    public required ulong Time { get; init; }

    /// <summary>How it was found out: <c>eth_simulateV1</c>, <c>debug_traceCall calls</c>, <c>debug_traceCall differences</c>, <c>fork</c>.</summary>
    public required IReadOnlyList<string> Means { get; init; }

    /// <summary>The Safes that it runs through, with the nonces that they had.</summary>
    public required IReadOnlyList<SimulatedSafe> Safes { get; init; }

    /// <summary>The transactions in their order.</summary>
    public required IReadOnlyList<SimulatedTransaction> Transactions { get; init; }

    /// <summary>The state that is expected afterwards, as it was found in the simulated state.</summary>
    public required IReadOnlyList<SimulatedExpectation> Expected { get; init; }

    /// <summary>The calls that undo it, tried on top of it; absent when it has none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SimulatedRollback? Rollback { get; init; }

    /// <summary>What the reader must know, what blocks first.</summary>
    public required IReadOnlyList<SimulationFinding> Findings { get; init; }

    /// <summary>The findings for which the change must not be executed.</summary>
    [JsonIgnore]
    public IReadOnlyList<SimulationFinding> Blocks => [.. Findings.Where(finding => finding.Weight == FindingWeight.Blocks)];

    /// <summary>True when everything that was to be found out was found out.</summary>
    [JsonIgnore]
    public bool IsComplete => Findings.All(finding => finding.Weight != FindingWeight.Unknown);

    /// <summary>True when contracts of the change are left different, or nothing is known about that.</summary>
    [JsonIgnore]
    public bool ChangesSomething => !IsComplete || Transactions.Any(transaction => transaction.Events.Any(one => one.Standing != EffectStanding.Route) || transaction.Storage.Any(one => one.Standing != EffectStanding.Route) || transaction.Movements.Count > 0 || transaction.Codes.Count > 0);

    /// <summary>What a preview ends with: 4 blocked, 5 not all known, 3 would change something, 0 would change nothing.</summary>
    [JsonIgnore]
    public ExitCode Exit => Blocks.Count > 0 ? ExitCode.Refused : !IsComplete ? ExitCode.Unknown : ChangesSomething ? ExitCode.Findings : ExitCode.Clean;
}

/// <summary>A Safe that a change runs through.</summary>
/// <param name="Safe">The Safe.</param>
/// <param name="Nonce">The nonce that it had, as a decimal text.</param>
public sealed record SimulatedSafe(Address Safe, string Nonce);

/// <summary>How an effect stands to what was declared.</summary>
public enum EffectStanding
{
    /// <summary>The change declares it.</summary>
    Declared,

    /// <summary>The route brings it along: nonces, a Safe's execution event, a timelock's operation.</summary>
    Route,

    /// <summary>It was not told whether this is to be: the description does not say, or the place has no known name.</summary>
    Unknown,

    /// <summary>Nothing declares it.</summary>
    Undeclared,
}

/// <summary>One transaction as it would run.</summary>
public sealed record SimulatedTransaction
{
    /// <summary>What it is for, for people.</summary>
    public required string Purpose { get; init; }

    /// <summary>Who sends it.</summary>
    public required Address From { get; init; }

    /// <summary>What it calls.</summary>
    public required Address To { get; init; }

    /// <summary>The call, decoded.</summary>
    public required string Call { get; init; }

    /// <summary>True when it succeeds, false when it reverts; null when unknown.</summary>
    public bool? Succeeds { get; init; }

    /// <summary>Why it reverts; null when it does not.</summary>
    public string? Reason { get; init; }

    /// <summary>The gas it uses, without what further signatures cost; null when unknown.</summary>
    public ulong? Gas { get; init; }

    /// <summary>The calls that it makes; null when they are unknown.</summary>
    public IReadOnlyList<SimulatedCall>? Calls { get; init; }

    /// <summary>What it emits, in order.</summary>
    public required IReadOnlyList<SimulatedEvent> Events { get; init; }

    /// <summary>What it leaves different in storage.</summary>
    public required IReadOnlyList<SimulatedWrite> Storage { get; init; }

    /// <summary>The chain's coin that it moves; always undeclared.</summary>
    public required IReadOnlyList<SimulatedMovement> Movements { get; init; }

    /// <summary>Code that it makes, changes or destroys; always undeclared.</summary>
    public required IReadOnlyList<SimulatedCode> Codes { get; init; }
}

/// <summary>One call in the tree of a transaction.</summary>
/// <param name="Kind">call, staticCall, delegateCall, callCode, create or selfDestruct.</param>
/// <param name="To">Whose code runs.</param>
/// <param name="Call">The call, decoded.</param>
/// <param name="Failure">Why it failed; null when it succeeded.</param>
/// <param name="Calls">The calls that it makes.</param>
public sealed record SimulatedCall(string Kind, Address? To, string Call, string? Failure, IReadOnlyList<SimulatedCall> Calls);

/// <summary>One event.</summary>
/// <param name="Contract">The contract's name, or its address.</param>
/// <param name="Address">Its address.</param>
/// <param name="Event">The event, decoded; its first topic where it is unknown.</param>
/// <param name="Name">The event's bare name, or its first topic.</param>
/// <param name="Standing">How it stands to what was declared.</param>
public sealed record SimulatedEvent(string Contract, Address Address, string Event, string Name, EffectStanding Standing);

/// <summary>One variable that is left different.</summary>
/// <param name="Contract">The contract's name, or its address.</param>
/// <param name="Address">Its address.</param>
/// <param name="Variable">The variable with its keys and members; null when it has no known name.</param>
/// <param name="Type">Its type in the source; null when it has no known name.</param>
/// <param name="Slot">Where it lies.</param>
/// <param name="Before">The value before.</param>
/// <param name="After">The value after.</param>
/// <param name="Standing">How it stands to what was declared.</param>
public sealed record SimulatedWrite(string Contract, Address Address, string? Variable, string? Type, Bytes32 Slot, string Before, string After, EffectStanding Standing);

/// <summary>The chain's coin that moves.</summary>
/// <param name="From">Where from; null when only the balance is known.</param>
/// <param name="To">Where to; null when only the balance is known.</param>
/// <param name="Amount">How much, in wei, as a decimal text; with a balance alone what it is changed by, with its sign.</param>
public sealed record SimulatedMovement(Address? From, Address? To, string Amount);

/// <summary>Code that comes, changes or goes.</summary>
/// <param name="Address">Where.</param>
/// <param name="What">made, changed, destroyed, or made to destroy itself.</param>
public sealed record SimulatedCode(Address Address, string What);

/// <summary>One expectation in the simulated state.</summary>
/// <param name="Subject">What must hold.</param>
/// <param name="Holds">Whether it does; null when unknown.</param>
/// <param name="Found">What was found instead, or why nothing was; null when it holds.</param>
public sealed record SimulatedExpectation(string Subject, bool? Holds, string? Found);

/// <summary>The calls that undo a change, tried on the state that it leaves.</summary>
/// <param name="Reverses">True when they succeed and every view that the change was planned on answers as before; null when that is not known.</param>
/// <param name="Why">Why that is not known; null when it is.</param>
/// <param name="Transactions">The transactions that carry them.</param>
/// <param name="Differs">The views that do not answer as before.</param>
public sealed record SimulatedRollback(bool? Reverses, string? Why, IReadOnlyList<SimulatedRollbackTransaction> Transactions, IReadOnlyList<SimulatedDifference> Differs);

/// <summary>One transaction that undoes.</summary>
/// <param name="Purpose">What it is for, for people.</param>
/// <param name="Succeeds">True when it succeeds, false when it reverts; null when unknown.</param>
/// <param name="Reason">Why it reverts; null when it does not.</param>
/// <param name="Gas">The gas it uses; null when unknown.</param>
public sealed record SimulatedRollbackTransaction(string Purpose, bool? Succeeds, string? Reason, ulong? Gas);

/// <summary>A view that answers otherwise.</summary>
/// <param name="Subject">What it is about, for people.</param>
/// <param name="Before">What it answered, as hex.</param>
/// <param name="After">What it answers, as hex; null when it reverts.</param>
public sealed record SimulatedDifference(string Subject, string Before, string? After);

/// <summary>How much a finding weighs.</summary>
public enum FindingWeight
{
    /// <summary>The change must not be executed.</summary>
    Blocks,

    /// <summary>Something could not be found out.</summary>
    Unknown,

    /// <summary>The reader must know it.</summary>
    Note,
}

/// <summary>Something that the reader must know.</summary>
/// <param name="Code">What sort: <c>simulation-undeclared</c>, <c>simulation-reverts</c>, <c>simulation-not-reached</c>, <c>simulation-unknown</c> and others; stable.</param>
/// <param name="Weight">How much it weighs.</param>
/// <param name="Message">What it is, for people.</param>
public sealed record SimulationFinding(string Code, FindingWeight Weight, string Message);
