using System.Text.Json.Serialization;

namespace AgiJobs.Control.Workspaces;

/// <summary>What is watched on a chain, and what is told when it happens: <c>monitoring/rules/*.json</c> for every network, <c>monitoring/rules/NETWORK/*.json</c> for one alone. Compiled by <c>agijobs monitoring check</c>.</summary>
public sealed record MonitoringRulesFile
{
    /// <summary>The JSON Schema that an editor holds the file against; nothing is read from it.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The rules; a name stands once among all files of a network.</summary>
    public required IReadOnlyList<MonitoringRule> Rules { get; init; }
}

/// <summary>One rule: it has exactly one of <see cref="Event"/>, <see cref="Call"/>, <see cref="State"/>, <see cref="Change"/>, <see cref="Rate"/>, <see cref="Absence"/> and <see cref="Sequence"/>.</summary>
public sealed record MonitoringRule
{
    /// <summary>Its name, kebab case.</summary>
    public required string Name { get; init; }

    /// <summary>How bad it is when it fires: SEV-0 to SEV-3.</summary>
    public required string Severity { get; init; }

    /// <summary>One line for people; {NAME} stands for an argument, {module}, {event}, {arguments} and what the rule's kind gives besides.</summary>
    public required string Title { get; init; }

    /// <summary>How many blocks must stand on a block before it is examined; 0 when absent.</summary>
    public int Confirmations { get; init; }

    /// <summary>Alerts of one group are told together; the rule's own name when absent.</summary>
    public string? Group { get; init; }

    /// <summary>The runbook to follow when it fires.</summary>
    public string? Runbook { get; init; }

    /// <summary>Why it is there and what to think of when it fires, for people.</summary>
    public string? Note { get; init; }

    /// <summary>True for a rule that is kept and not watched.</summary>
    public bool Disabled { get; init; }

    /// <summary>True when it fires only for transactions that no change of this workspace is behind.</summary>
    public bool Unexplained { get; init; }

    /// <summary>True when it tells that something was stopped. Its alerts do not stand in the way of a resume where the description says that a pause logs the events that it watches.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Standstill { get; init; }

    /// <summary>Blocks in a row that it may be unable to read before that is a finding of its own; 3 when absent.</summary>
    public int? BlindAfter { get; init; }

    /// <summary>The unit of an argument or a result by its name, such as AGIALPHA, bps or seconds: its values are written so, and compared with values that are.</summary>
    public IReadOnlyDictionary<string, string>? Units { get; init; }

    /// <summary>An event is logged.</summary>
    public EventSelectorFile? Event { get; init; }

    /// <summary>A function is called by a transaction.</summary>
    public CallRuleFile? Call { get; init; }

    /// <summary>A view returns what it should not.</summary>
    public StateRuleFile? State { get; init; }

    /// <summary>What a view returns changes.</summary>
    public ViewChangeRuleFile? Change { get; init; }

    /// <summary>An event is logged too often, or its amounts are too much together.</summary>
    public RateRuleFile? Rate { get; init; }

    /// <summary>An event is not logged in time.</summary>
    public AbsenceRuleFile? Absence { get; init; }

    /// <summary>An event follows another.</summary>
    public SequenceRuleFile? Sequence { get; init; }
}

/// <summary>Which logs are meant.</summary>
public sealed record EventSelectorFile
{
    /// <summary>Modules of the protocol; every one that has the event when absent and no addresses are given.</summary>
    public IReadOnlyList<string> Modules { get => field ?? []; init; }

    /// <summary>Contracts besides: addresses, @safe and @backup-safe for the network's Safes.</summary>
    public IReadOnlyList<string> Addresses { get => field ?? []; init; }

    /// <summary>What is known of the contracts under addresses: entries such as "event Paused(address account)". Safes need none.</summary>
    public IReadOnlyList<string> Abi { get => field ?? []; init; }

    /// <summary>Events by name, by signature, or by a name with * for any letters.</summary>
    public required IReadOnlyList<string> Events { get; init; }

    /// <summary>Events that are not meant although a name with * would take them in, by name.</summary>
    public IReadOnlyList<string> Except { get => field ?? []; init; }

    /// <summary>An expression over the arguments that must hold; always when absent.</summary>
    public string? Where { get; init; }
}

/// <summary>Which transactions are meant. Calls that contracts make of each other are not seen: watch their events.</summary>
public sealed record CallRuleFile
{
    /// <summary>Modules of the protocol; every one that has the function when absent and no addresses are given.</summary>
    public IReadOnlyList<string> Modules { get => field ?? []; init; }

    /// <summary>Contracts besides: addresses, @safe and @backup-safe.</summary>
    public IReadOnlyList<string> Addresses { get => field ?? []; init; }

    /// <summary>What is known of the contracts under addresses: entries such as "function pause()". Safes need none.</summary>
    public IReadOnlyList<string> Abi { get => field ?? []; init; }

    /// <summary>Functions by name, by signature, or by a name with * for any letters; every transaction when absent.</summary>
    public IReadOnlyList<string> Functions { get => field ?? []; init; }

    /// <summary>any, success or failure; any when absent.</summary>
    public string? Status { get; init; }

    /// <summary>An expression over the arguments, and tx.from, tx.to, tx.value, tx.nonce, tx.gas, that must hold; always when absent.</summary>
    public string? Where { get; init; }
}

/// <summary>A view.</summary>
public record ViewFile
{
    /// <summary>Modules of the protocol; every one that has the view when absent and no address is given.</summary>
    public IReadOnlyList<string> Modules { get => field ?? []; init; }

    /// <summary>Contracts besides: addresses, @safe and @backup-safe.</summary>
    public IReadOnlyList<string> Addresses { get => field ?? []; init; }

    /// <summary>What is known of the contracts under addresses: entries such as "function totalStakes() view returns (uint256)". Safes need none.</summary>
    public IReadOnlyList<string> Abi { get => field ?? []; init; }

    /// <summary>The view by name or signature.</summary>
    public required string View { get; init; }

    /// <summary>Its arguments as text; @Module stands for a module's address.</summary>
    public IReadOnlyList<string> Arguments { get => field ?? []; init; }
}

/// <summary>A view returns what it should not.</summary>
public sealed record StateRuleFile : ViewFile
{
    /// <summary>An expression over the results, by name, or value for the only one: it fires when it begins to hold, and is resolved when it does so no more.</summary>
    public required string Where { get; init; }
}

/// <summary>What a view returns changes.</summary>
public sealed record ViewChangeRuleFile : ViewFile
{
    /// <summary>By what percentage it must fall below the highest value within the window, such as 20%; any change when neither this nor rise is there.</summary>
    public string? Drop { get; init; }

    /// <summary>By what percentage it must rise above the lowest value within the window.</summary>
    public string? Rise { get; init; }

    /// <summary>The window, such as "100 blocks" or "1 hour"; with drop and rise only.</summary>
    public string? Within { get; init; }
}

/// <summary>An event is logged too often, or its amounts are too much together.</summary>
public sealed record RateRuleFile
{
    /// <summary>The event.</summary>
    public required EventSelectorFile Of { get; init; }

    /// <summary>The window, such as "100 blocks" or "1 hour".</summary>
    public required string Within { get; init; }

    /// <summary>It fires when there are so many within the window.</summary>
    public int? Count { get; init; }

    /// <summary>The argument that is added up.</summary>
    public string? Sum { get; init; }

    /// <summary>It fires when the sum within the window reaches this, with its unit.</summary>
    public string? Reaches { get; init; }

    /// <summary>The argument by which events are counted apart; all together when absent.</summary>
    public string? By { get; init; }
}

/// <summary>An event is not logged in time.</summary>
public sealed record AbsenceRuleFile
{
    /// <summary>The event that has to come.</summary>
    public required EventSelectorFile Of { get; init; }

    /// <summary>Within what time, such as "7200 blocks" or "1 day": since it last came, or since <see cref="After"/>.</summary>
    public required string Within { get; init; }

    /// <summary>The event that it has to follow; it has to come again and again when absent.</summary>
    public EventSelectorFile? After { get; init; }

    /// <summary>The argument that both have to have in common; any when absent.</summary>
    public string? Same { get; init; }
}

/// <summary>An event follows another.</summary>
public sealed record SequenceRuleFile
{
    /// <summary>The event that comes first.</summary>
    public required EventSelectorFile First { get; init; }

    /// <summary>The event that follows it, in a later place of the chain.</summary>
    public required EventSelectorFile Then { get; init; }

    /// <summary>Within what time, such as "10 blocks" or "1 hour".</summary>
    public required string Within { get; init; }

    /// <summary>The argument that both have to have in common; any when absent.</summary>
    public string? Same { get; init; }
}
