using System.Text.Json.Serialization;

namespace AgiJobs.Control.Workspaces;

/// <summary>
/// Who must consent to what: <c>config/policy.json</c> for every network, <c>config/policy.NAME.json</c> in its place for one. Where neither is, approvals are not managed and the
/// chain's own authority is the only gate.
/// </summary>
public sealed record PolicyFile
{
    /// <summary>The JSON Schema that an editor holds the file against; nothing is read from it.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>What a change of each risk takes.</summary>
    public required RiskPolicies Risks { get; init; }

    /// <summary>Duties that are held by different people in one change; author, approver and executor when absent. One that is not named may be left out.</summary>
    public IReadOnlyList<Duty> Distinct { get => field ?? [Duty.Author, Duty.Approver, Duty.Executor]; init; }

    /// <summary>What takes the place of <see cref="Risks"/> for a kind of change; a trailing <c>*</c> stands for any ending, and the longest name that fits counts.</summary>
    public IReadOnlyDictionary<string, KindPolicy> Kinds { get => field ?? new Dictionary<string, KindPolicy>(StringComparer.Ordinal); init; }

    /// <summary>The limits of standing approvals; the program's own when absent.</summary>
    public StandingPolicy Standing { get => field ?? new StandingPolicy(); init; }

    /// <summary>The backup that must be there before a change is sent; none is demanded when absent. A pause never waits for one.</summary>
    public BackupPolicy? Backup { get; init; }

    /// <summary>How far and how often parameters may be changed; no limits besides the description's when absent.</summary>
    public IReadOnlyList<GuardrailPolicy>? Guardrails { get; init; }

    /// <summary>What no change may leave the powers with; nothing is asked when absent.</summary>
    public AuthorityPolicy? Authority { get; init; }
}

/// <summary>How far and how often a parameter may be changed, and by how many people.</summary>
public sealed record GuardrailPolicy
{
    /// <summary><c>Module.parameter</c>, or <c>Module.*</c> for all of a module.</summary>
    public required string Parameter { get; init; }

    /// <summary>How far it may go in one change, and in the hours of <see cref="CooldownHours"/> together: <c>100 bps</c>, with the parameter's unit, or <c>10%</c> of the present value. No limit when absent.</summary>
    public string? MaxChange { get; init; }

    /// <summary>For how many hours it stays as it is after a change of it was executed; at least 1. None when absent.</summary>
    public int? CooldownHours { get; init; }

    /// <summary>How many approvers a change of it takes at least. The number of the risk when absent.</summary>
    public int? Quorum { get; init; }
}

/// <summary>The backup that must be there before a change is sent.</summary>
public sealed record BackupPolicy
{
    /// <summary>How old the newest whole backup may be, in hours; at least 1. None is demanded when absent or null.</summary>
    public int? MaxAgeHours { get; init; }
}

/// <summary>How many have to act together to use a power.</summary>
public sealed record AuthorityPolicy
{
    /// <summary>The fewest signers that may be enough, by power: <c>moveFunds</c>, <c>rotate</c>.</summary>
    public required IReadOnlyDictionary<string, int> MinSigners { get; init; }
}

/// <summary>What a change takes, by its risk.</summary>
public sealed record RiskPolicies
{
    /// <summary>Cosmetic changes.</summary>
    public required IReadOnlyList<ApprovalRule> Green { get; init; }

    /// <summary>Financial changes.</summary>
    public required IReadOnlyList<ApprovalRule> Amber { get; init; }

    /// <summary>Changes that touch security.</summary>
    public required IReadOnlyList<ApprovalRule> Red { get; init; }
}

/// <summary>So many different people, each with one of these duties.</summary>
public sealed record ApprovalRule
{
    /// <summary>How many people; at least 1.</summary>
    public required int Count { get; init; }

    /// <summary>Any of these duties.</summary>
    public required IReadOnlyList<Duty> Duties { get; init; }
}

/// <summary>What one kind of change takes.</summary>
public sealed record KindPolicy
{
    /// <summary>The approvals; those of the risk when absent.</summary>
    public IReadOnlyList<ApprovalRule>? Approvals { get; init; }

    /// <summary>Duties held by different people; those of the policy when absent.</summary>
    public IReadOnlyList<Duty>? Distinct { get; init; }

    /// <summary>Who signs for the points of a resume; the program's own choice when absent. Points can be given to other duties, not taken away.</summary>
    public GatePolicy? Gate { get; init; }
}

/// <summary>The duties that own the points of the resume gate.</summary>
public sealed record GatePolicy
{
    /// <summary>Signs that alerts are back to normal where the monitors cannot tell; security when absent.</summary>
    public Duty? Alerts { get; init; }

    /// <summary>Signs that the checks have passed while none are connected; operator when absent.</summary>
    public Duty? Checks { get; init; }

    /// <summary>The responders whose sign-off is recorded; commander, operator and security when absent.</summary>
    public IReadOnlyList<Duty>? Responders { get; init; }
}

/// <summary>What no standing approval may exceed; each member that is absent has the program's own limit.</summary>
public sealed record StandingPolicy
{
    /// <summary>The longest validity, in days; 366 when absent.</summary>
    public int? MaxDays { get => field ?? 366; init; }

    /// <summary>The most executions in 24 hours; 24 when absent.</summary>
    public int? MaxPerDay { get => field ?? 24; init; }

    /// <summary>The most executions in all; 1000 when absent.</summary>
    public int? MaxTotal { get => field ?? 1000; init; }

    /// <summary>How far validators may be slashed under standing approvals; the program's own limits when absent.</summary>
    public SlashCeilingPolicy Slash { get => field ?? new SlashCeilingPolicy(); init; }
}

/// <summary>What all standing approvals of slashes together may let through on a network, whatever they say themselves. Each amount as <c>20 AGIALPHA</c>; each that is absent is the program's own.</summary>
public sealed record SlashCeilingPolicy
{
    /// <summary>The most for one round, all validators together; 100 AGIALPHA when absent.</summary>
    public string? MaxPerRound { get => field ?? "100 AGIALPHA"; init; }

    /// <summary>The most within 24 hours; 250 AGIALPHA when absent.</summary>
    public string? MaxPerDay { get => field ?? "250 AGIALPHA"; init; }

    /// <summary>The most for one validator within 30 days; 100 AGIALPHA when absent.</summary>
    public string? MaxPerValidator { get => field ?? "100 AGIALPHA"; init; }
}
