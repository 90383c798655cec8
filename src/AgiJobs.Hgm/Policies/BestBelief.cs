using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Sampling;

namespace AgiJobs.Hgm.Policies;

/// <summary>
/// The choice of the final agent. The paper prints argmax I_ε(1 + n_s, 1 + n_f) with ε = 1, which is 1 for every agent; here ε is a probability and the choice is by the
/// inverse, the quantile, so that ε = 0.01 is the utility that an agent exceeds with 99 % belief. Equal agents: the older one.
/// </summary>
public static class BestBelief
{
    /// <summary>The best agent by the run's rule; -1 when all are set aside.</summary>
    public static int Choose(RunState state) => Choose(state, state.Settings.Final, (double)state.Settings.Epsilon);

    /// <summary>The best agent by another rule.</summary>
    /// <param name="state">The run.</param>
    /// <param name="rule">How to choose.</param>
    /// <param name="epsilon">The quantile, in (0, 1); without meaning for the other rules.</param>
    public static int Choose(RunState state, FinalRule rule, double epsilon)
    {
        var (best, highest) = (-1, double.NegativeInfinity);
        for (var agent = 0; agent < state.Tree.Count; agent++)
        {
            if (state.IsPruned(agent))
                continue;
            var (successes, failures) = (state.Tree.Successes[agent], state.Tree.Failures[agent]);

            // Below the best quantile so far lies at least ε of this agent's belief: its own quantile is not higher.
            if (rule == FinalRule.Quantile && best >= 0 && BetaDistribution.Cumulative(highest, 1.0 + successes, 1.0 + failures) >= epsilon)
                continue;
            var score = Score(rule, epsilon, successes, failures);
            if (score > highest)
                (best, highest) = (agent, score);
        }

        return best;
    }

    /// <summary>By what agents with these counts are compared.</summary>
    public static double Score(FinalRule rule, double epsilon, int successes, int failures) => rule switch
    {
        FinalRule.PosteriorMean => (1.0 + successes) / (2.0 + successes + failures),
        FinalRule.EmpiricalMean => successes + failures == 0 ? -1.0 : successes / (double)(successes + failures),
        _ => BetaDistribution.Quantile(epsilon, 1.0 + successes, 1.0 + failures),
    };
}
