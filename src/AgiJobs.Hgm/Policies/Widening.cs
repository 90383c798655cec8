using System.Numerics;
using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Sampling;

namespace AgiJobs.Hgm.Policies;

/// <summary>The widening rule of UCB-Air (Wang, Audibert and Munos 2008): how many agents a number of evaluations carries.</summary>
public static class Widening
{
    /// <summary>Whether the run's rule admits an expansion now.</summary>
    public static bool Admits(RunState state)
    {
        var agents = state.Tree.Count + state.ExpansionsInFlight;
        return Reaches(state.EvaluationsStarted, state.Alpha, state.Settings.Widening == WideningRule.Published ? agents : agents - 1);
    }

    /// <summary>
    /// Whether <paramref name="evaluations"/>^<paramref name="alpha"/> is at least <paramref name="agents"/>, exactly: near equality, where a logarithm could fall on either side, whole
    /// numbers are compared (N^p with T^q for α = p/q).
    /// </summary>
    public static bool Reaches(int evaluations, decimal alpha, int agents)
    {
        if (agents <= 0)
            return true;
        if (evaluations <= 0)
            return false;
        if (agents == 1)
            return true;
        var difference = (double)alpha * Elementary.Log(evaluations) - Elementary.Log(agents);
        if (Math.Abs(difference) > 1e-9)
            return difference > 0;

        var p = (int)(alpha * 10_000m);
        var q = 10_000;
        var divisor = (int)BigInteger.GreatestCommonDivisor(p, q);
        return BigInteger.Pow(evaluations, p / divisor) >= BigInteger.Pow(agents, q / divisor);
    }
}
