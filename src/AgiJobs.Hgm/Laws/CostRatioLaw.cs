using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Sampling;

namespace AgiJobs.Hgm.Laws;

/// <summary>
/// Steers α by what a run can measure without knowing what anything is worth: κ, the mean cost of an expansion over that of an evaluation. The line α = 0.77 - 0.17 log10 κ goes through the
/// best values of the α sweep (docs/hgm.md), kept between 0.4 and 0.9; the prior is left alone.
/// </summary>
public static class CostRatioLaw
{
    /// <summary>The least difference of α that is worth a change.</summary>
    public const decimal Hysteresis = 0.02m;

    /// <summary>κ so far, rounded to four decimal places; nothing until there are five of each kind, both of which cost something.</summary>
    public static decimal? Ratio(RunState state)
    {
        var expansions = state.ExpansionsStarted - state.ExpansionsInFlight;
        var evaluations = state.OperationsStarted - state.ExpansionsStarted - (state.Pending.Count - state.ExpansionsInFlight);
        if (expansions < 5 || evaluations < 5 || state.ExpansionCost.Over(state.EvaluationCost) is not { } costs || costs == 0m)
            return null;
        return decimal.Round(costs * evaluations / expansions, 4) is > 0m and var ratio ? ratio : null;
    }

    /// <summary>The α for a κ above zero, with two decimal places.</summary>
    public static decimal Alpha(decimal ratio)
    {
        var alpha = 0.77 - 0.17 * Elementary.Log((double)ratio) / Elementary.Log(10.0);
        return decimal.Round((decimal)Math.Clamp(alpha, 0.4, 0.9), 2);
    }

    /// <summary>The change that the run's κ asks for; nothing where κ is not known or α is near enough.</summary>
    public static ParametersChanged? Observe(RunState state)
    {
        if (Ratio(state) is not { } ratio)
            return null;
        var alpha = Alpha(ratio);
        return Math.Abs(alpha - state.Alpha) < Hysteresis ? null : new ParametersChanged(alpha, state.Prior, $"cost ratio: an expansion costs {ratio} evaluations");
    }
}
