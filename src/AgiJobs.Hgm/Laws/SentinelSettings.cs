using AgiJobs.Hgm.Ledger;

namespace AgiJobs.Hgm.Laws;

/// <summary>The sentinel's law in numbers. A rule whose number is not there is off.</summary>
public sealed record SentinelSettings
{
    /// <summary>The least return (value over cost); nothing judges none. At most four decimal places.</summary>
    public decimal? RoiFloor { get; init; } = 1.2m;

    /// <summary>How many judgements below the floor hold expansions. Each one above takes one back; at zero they are let go.</summary>
    public int RoiGrace { get; init; } = 3;

    /// <summary>How many evaluations must have ended, those without a verdict too, before the return is judged at all: work is paid before it earns.</summary>
    public int MinimumEvidence { get; init; } = 30;

    /// <summary>
    /// Over how many of the operations that ended last the return is judged, once there are as many; until then, and with 0 always, over all of the run. So old gains do not hide a collapse
    /// and old losses do not outlast a recovery.
    /// </summary>
    public int RollingWindow { get; init; } = 60;

    /// <summary>The most that the run may spend, beside its own cap: the lower of them holds. Nothing means no cap of the sentinel's.</summary>
    public Amount? BudgetCap { get; init; }

    /// <summary>The share of the cap, in (0, 1], from which on no expansion starts. At most four decimal places.</summary>
    public decimal SoftRatio { get; init; } = 0.8m;

    /// <summary>How many evaluations an agent may fail in a row before it is set aside; nothing sets none aside.</summary>
    public int? FailureStreak { get; init; } = 12;

    /// <summary>Whether a pass ends the streak; without it a pass takes one failure off.</summary>
    public bool SuccessReset { get; init; } = true;

    /// <summary>The share of an agent's own results, in (0, 1], from which on it counts as one that succeeds on the whole and is not set aside for a streak. 1 spares none.</summary>
    public decimal SuccessThreshold { get; init; } = 0.2m;

    /// <summary>To how many judgements below the floor the count can grow: twice the grace, so that recovery takes no longer than that.</summary>
    public int MostBreaches => 2 * RoiGrace;

    /// <summary>These settings, if they make sense.</summary>
    /// <exception cref="HgmException"><c>bad-setting</c>, naming the first that is out of bounds.</exception>
    public SentinelSettings Checked()
    {
        Require(RoiFloor is not { } floor || (floor is > 0m and <= 1_000_000m && decimal.Round(floor, 4) == floor), nameof(RoiFloor), RoiFloor, "is above 0, at most 1000000, with at most four decimal places");
        Require(RoiGrace is >= 1 and <= 100_000, nameof(RoiGrace), RoiGrace, "is from 1 to 100000");
        Require(MinimumEvidence is >= 0 and <= 1_000_000, nameof(MinimumEvidence), MinimumEvidence, "is from 0 to 1000000");
        Require(RollingWindow is >= 0 and <= 100_000, nameof(RollingWindow), RollingWindow, "is from 0 to 100000");
        Require(BudgetCap is not { } cap || (cap > Amount.Zero && cap <= Amount.Most), nameof(BudgetCap), BudgetCap, $"is above 0 and at most {Amount.Most}");
        Require(SoftRatio is > 0m and <= 1m && decimal.Round(SoftRatio, 4) == SoftRatio, nameof(SoftRatio), SoftRatio, "is above 0, at most 1, with at most four decimal places");
        Require(FailureStreak is null or (>= 1 and <= 1_000_000), nameof(FailureStreak), FailureStreak, "is from 1 to 1000000");
        Require(SuccessThreshold is > 0m and <= 1m && decimal.Round(SuccessThreshold, 4) == SuccessThreshold, nameof(SuccessThreshold), SuccessThreshold, "is above 0, at most 1, with at most four decimal places");
        return this;
    }

    private static void Require(bool holds, string name, object? value, string rule)
    {
        if (!holds)
            throw new HgmException("bad-setting", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name} is {value}; it {rule}."), "Set it within its bounds.");
    }
}
