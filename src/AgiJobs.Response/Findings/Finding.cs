using AgiJobs.Ethereum;

namespace AgiJobs.Response.Findings;

/// <summary>What a finding says about what it is about.</summary>
public enum FindingKind
{
    /// <summary>It is so, or has happened.</summary>
    Firing,

    /// <summary>It is so no more.</summary>
    Resolved,

    /// <summary>It was never so: the block that it was found in is no part of the chain any more.</summary>
    Retracted,
}

/// <summary>Where on the chain something was found.</summary>
/// <param name="Block">The block.</param>
/// <param name="Hash">Its hash.</param>
/// <param name="Time">The time that its proposer claims.</param>
/// <param name="Transaction">The transaction; null when the block itself, or the state at it, says it.</param>
/// <param name="LogIndex">The log's place in the block; null when it is no log.</param>
public sealed record ChainPlace(BlockNumber Block, Bytes32 Hash, DateTimeOffset Time, Bytes32? Transaction = null, int? LogIndex = null);

/// <summary>
/// Something that a detector, or somebody else's monitor, found. The same thing found again, by another monitor, after a restart or in a backfill, has the same <see cref="Id"/>: whoever takes findings takes each once.
/// </summary>
public sealed record Finding
{
    /// <summary>What tells it from all others: made of network, rule, subject and place, never of the time at which it was found.</summary>
    public required string Id { get; init; }

    /// <summary>Which alert it belongs to: made of network, rule and subject. What goes on, or happens again, has the same.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>
    /// The name of what goes on, where the finding tells of a time that has a beginning and an end, such as an outage; null when it tells of something that happened. What is told with the same name goes on: it counts once until
    /// it is resolved by this name, and anew after that, or when it is told again after a person has closed the alert. What is resolved by a name ends that and nothing later.
    /// </summary>
    public string? Condition { get; init; }

    /// <summary>What it says.</summary>
    public required FindingKind Kind { get; init; }

    /// <summary>The rule's name, kebab case.</summary>
    public required string Rule { get; init; }

    /// <summary>The digest of the rule set that the rule was of; null when the finding comes from elsewhere.</summary>
    public Bytes32? RuleSet { get; init; }

    /// <summary>Who found it: <c>monitor NAME</c>, <c>forta</c>, <c>alertmanager</c>, <c>arena</c>.</summary>
    public required string Source { get; init; }

    /// <summary>The network's name in the workspace.</summary>
    public required string Network { get; init; }

    /// <summary>How bad it is.</summary>
    public required Severity Severity { get; init; }

    /// <summary>One line for people, with names and units.</summary>
    public required string Title { get; init; }

    /// <summary>What it is about: a module's name, an address, a service. Empty when it is about the whole.</summary>
    public string Subject { get; init; } = "";

    /// <summary>Where on the chain; null when it is about something off the chain.</summary>
    public ChainPlace? Place { get; init; }

    /// <summary>Why it was retracted; null otherwise.</summary>
    public string? Why { get; init; }

    /// <summary>Named facts, with units, in the order of their names: arguments of the event, thresholds, addresses.</summary>
    public IReadOnlyDictionary<string, string> Facts { get => field ?? new SortedDictionary<string, string>(StringComparer.Ordinal); init; }
}
