using AgiJobs.Hgm.Ledger;

namespace AgiJobs.Hgm.Simulation;

/// <summary>
/// A world of simulated agents. A task has a difficulty d ~ N(0, spread); an agent a skill s and a gift m for changing itself; it solves a task with probability σ(s - d + noise), the
/// noise drawn once for each pair. A child's gift is m' = m + σ_m N and its skill s' = s + μ + m' + σ_s N; some children are broken, and so are theirs. The defaults are the calibrated
/// cell that docs/hgm.md speaks of.
/// </summary>
public sealed record WorldSettings
{
    /// <summary>How many tasks.</summary>
    public int Tasks { get; init; } = 60;

    /// <summary>Standard deviation of the tasks' difficulties.</summary>
    public double DifficultySpread { get; init; } = 1.2;

    /// <summary>What the root solves of all tasks on average; its skill is set so that this holds exactly in each world.</summary>
    public double RootAccuracy { get; init; } = 0.40;

    /// <summary>Standard deviation of the noise of a pair of agent and task.</summary>
    public double PairNoise { get; init; } = 0.6;

    /// <summary>σ_s: standard deviation of the part of one change that is not inherited as a gift.</summary>
    public double SkillNoise { get; init; } = 0.20;

    /// <summary>σ_m: standard deviation of the change of the gift, which is heritable.</summary>
    public double GiftNoise { get; init; } = 0.06;

    /// <summary>μ: what a change does on average.</summary>
    public double Drift { get; init; } = -0.05;

    /// <summary>The share of children that are broken.</summary>
    public double BrokenShare { get; init; } = 0.08;

    /// <summary>What a broken agent solves.</summary>
    public double BrokenAccuracy { get; init; } = 0.02;

    /// <summary>Mean hours of an evaluation before the limit cuts it.</summary>
    public double EvaluationHours { get; init; } = 0.60;

    /// <summary>Mean hours of an expansion before the limit cuts it.</summary>
    public double ExpansionHours { get; init; } = 0.75;

    /// <summary>Standard deviation of the logarithm of the hours.</summary>
    public double HoursSpread { get; init; } = 0.35;

    /// <summary>No operation takes longer.</summary>
    public double HoursLimit { get; init; } = 1.0;

    /// <summary>By how much the logarithm of an evaluation's hours rises with one unit of difficulty; 0 makes time and difficulty independent.</summary>
    public double HoursByDifficulty { get; init; }

    /// <summary>What an evaluation costs.</summary>
    public Amount EvaluationCost { get; init; }

    /// <summary>What an expansion costs.</summary>
    public Amount ExpansionCost { get; init; }

    /// <summary>What a solved task is worth.</summary>
    public Amount TaskValue { get; init; }
}
