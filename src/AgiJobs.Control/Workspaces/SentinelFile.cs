using System.Text.Json.Serialization;

namespace AgiJobs.Control.Workspaces;

/// <summary>
/// What guards runs of the HGM engine: <c>config/sentinel.json</c> is the base, <c>config/sentinel.NAME.json</c> goes before it for one network, <c>config/PROFILE/sentinel.json</c> before both, key by key. A key that stands nowhere has the
/// program's value; zero turns a rule off.
/// </summary>
public sealed record SentinelFile
{
    /// <summary>The JSON Schema that an editor holds the file against; nothing is read from it.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The least return, value over cost; 0 judges none.</summary>
    public decimal? RoiFloor { get; init; }

    /// <summary>How many judgements below the floor hold expansions.</summary>
    public int? RoiGracePeriod { get; init; }

    /// <summary>How many evaluations must have ended before the return is judged.</summary>
    public int? MinimumEvidence { get; init; }

    /// <summary>Over how many of the operations that ended last the return is judged; 0 judges the whole run.</summary>
    public int? RollingWindow { get; init; }

    /// <summary>The most that a run may spend; 0 sets no cap.</summary>
    public decimal? BudgetCap { get; init; }

    /// <summary>The share of the cap, above 0 and at most 1, from which on no expansion starts.</summary>
    public decimal? BudgetSoftRatio { get; init; }

    /// <summary>When an agent is set aside.</summary>
    public FailureStreakFile? FailureStreak { get; init; }

    /// <summary>The share of its own results from which on an agent is not set aside for a streak; 1 spares none.</summary>
    public decimal? SuccessThreshold { get; init; }

    /// <summary>For how many hours people may override a rule at most.</summary>
    public int? MaxOverrideHours { get; init; }

    /// <summary>The base that a new workspace begins with.</summary>
    public static SentinelFile Base { get; } = new()
    {
        Version = 1,
        RoiFloor = 1.2m,
        RoiGracePeriod = 3,
        MinimumEvidence = 30,
        RollingWindow = 60,
        BudgetCap = 100_000m,
        BudgetSoftRatio = 0.8m,
        FailureStreak = new FailureStreakFile { Threshold = 12, SuccessReset = true },
        SuccessThreshold = 0.2m,
        MaxOverrideHours = 24,
    };

    /// <summary>What the profile of a new workspace changes about it.</summary>
    public static SentinelFile Profile { get; } = new() { Version = 1, RoiFloor = 1.35m, RoiGracePeriod = 4, BudgetCap = 250_000m, BudgetSoftRatio = 0.82m };
}

/// <summary>When an agent is set aside.</summary>
public sealed record FailureStreakFile
{
    /// <summary>After how many failures in a row; 0 sets none aside.</summary>
    public int? Threshold { get; init; }

    /// <summary>Whether a pass ends the streak; otherwise it takes one failure off.</summary>
    public bool? SuccessReset { get; init; }
}
