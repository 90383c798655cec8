namespace AgiJobs.Hgm.Laws;

/// <summary>The sentinel's rules by name.</summary>
public static class SentinelRules
{
    /// <summary>The return is below its floor: holds expansions, lets them go when it has recovered.</summary>
    public const string RoiFloor = "roi_floor";

    /// <summary>The soft share of the budget is spent: holds expansions, lets them go when the budget is raised.</summary>
    public const string BudgetSoft = "budget_soft";

    /// <summary>The budget is spent: stops the run. It cannot be overridden; the budget is raised before it is reached.</summary>
    public const string BudgetCap = "budget_cap";

    /// <summary>An agent fails again and again: sets it aside.</summary>
    public const string FailureStreak = "failure_streak";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [RoiFloor, BudgetSoft, BudgetCap, FailureStreak];

    /// <summary>Those that people may override for a time.</summary>
    public static IReadOnlyList<string> Overridable { get; } = [RoiFloor, BudgetSoft, FailureStreak];

    internal static string Known(string rule) =>
        All.Contains(rule, StringComparer.Ordinal) ? rule : throw new HgmException("unknown-rule", $"The sentinel has no rule '{rule}'.", $"Name one of {string.Join(", ", All)}.");
}
