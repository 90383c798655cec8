using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Sampling;

namespace AgiJobs.Hgm.Policies;

/// <summary>
/// The Self-Improving Coding Agent (Robeyns et al. 2025): one iteration after the other, each agent evaluated on all tasks; the next edit starts from the latest agent whose mean is at
/// least the lower end of the best agent's 95 % confidence interval, walking back, and from the best one at the latest. Of its utility only the score is here; cost and time have no
/// counterpart in a run.
/// </summary>
internal sealed class SicaPolicy : IPolicy
{
    public string Name => PolicyNames.Sica;

    public Decision Decide(RunState state, ref Xoshiro256 random)
    {
        for (var agent = 0; agent < state.Tree.Count; agent++)
        {
            if (state.IsEvaluable(agent))
                return Decision.Evaluate(agent, state.Allocation.FreeTask(agent, 0));
        }

        return state.Pending.Count > 0 ? Decision.Wait : Decision.Expand(Base(state));
    }

    private static int Base(RunState state)
    {
        var best = -1;
        for (var agent = 0; agent < state.Tree.Count; agent++)
        {
            if (state.IsExpandable(agent) && (best < 0 || Mean(state, agent) > Mean(state, best)))
                best = agent;
        }

        if (best < 0)
            return -1;
        var mean = Mean(state, best);
        var evaluations = Math.Max(1, state.Tree.Successes[best] + state.Tree.Failures[best]);
        var lower = mean - 1.959963984540054 * Math.Sqrt(mean * (1.0 - mean) / evaluations);
        for (var agent = state.Tree.Count - 1; agent > best; agent--)
        {
            if (state.IsExpandable(agent) && Mean(state, agent) >= lower)
                return agent;
        }

        return best;
    }

    private static double Mean(RunState state, int agent)
    {
        var evaluations = state.Tree.Successes[agent] + state.Tree.Failures[agent];
        return evaluations == 0 ? 0.0 : state.Tree.Successes[agent] / (double)evaluations;
    }
}
