using AgiJobs.Control;

namespace AgiJobs.Arena.Difficulty;

/// <summary>What a difficulty controller aims at and how hard it steers. Gains are points of difficulty for a success rate that is off by 100%.</summary>
public sealed record DifficultySettings
{
    /// <summary>The success rate that is aimed at, in basis points: the contract's <c>targetSuccessRateBps</c>.</summary>
    public required int TargetSuccessRateBps { get; init; }

    /// <summary>The most that difficulty may change from one round to the next: the contract's <c>maxDifficultyStep</c>.</summary>
    public required int MaxStep { get; init; }

    /// <summary>Easiest.</summary>
    public int Lowest { get; init; }

    /// <summary>Hardest.</summary>
    public int Highest { get; init; } = 1000;

    /// <summary>From how many of the last rounds the success rate is taken.</summary>
    public int Window { get; init; } = 5;

    /// <summary>How many students' worth of evidence the belief that the target is met has before anything was seen. So that a round of three students does not whip the dial about.</summary>
    public int PriorStudents { get; init; } = 4;

    /// <summary>Proportional gain.</summary>
    public decimal Proportional { get; init; } = 100;

    /// <summary>Integral gain, for each round.</summary>
    public decimal Integral { get; init; } = 60;

    /// <summary>Derivative gain: how much a rate that changes is held against.</summary>
    public decimal Derivative { get; init; } = 20;

    /// <summary>Refuses what cannot be steered by.</summary>
    /// <exception cref="ControlException"><c>difficulty-settings</c>.</exception>
    public void Check()
    {
        var wrong = this switch
        {
            { TargetSuccessRateBps: < 1 or > 9_999 } => $"a target of {TargetSuccessRateBps} bps is not between 1 and 9999",
            { MaxStep: < 1 } => $"a step of {MaxStep} moves nothing",
            { Lowest: < 0 } or { Highest: > 1000 } => $"the bounds {Lowest} and {Highest} are not within 0 and 1000",
            _ when Lowest >= Highest => $"the lowest difficulty {Lowest} is not below the highest {Highest}",
            { Window: < 1 or > 1000 } => $"a window of {Window} rounds is not between 1 and 1000",
            { PriorStudents: < 1 or > 1000 } => $"prior evidence of {PriorStudents} students is not between 1 and 1000",
            { Proportional: < 0 or > 10_000 } or { Integral: < 0 or > 10_000 } or { Derivative: < 0 or > 10_000 } => "a gain is not between 0 and 10000",
            _ => null,
        };
        if (wrong is not null)
        {
            throw new ControlException("difficulty-settings", ExitCode.BadInput, $"Difficulty cannot be steered: {wrong}.", "Correct the setting, or the contract's parameter.");
        }
    }
}
