using System.Buffers;
using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Sampling;

namespace AgiJobs.Hgm.Policies;

/// <summary>
/// Algorithm 1 of the paper, asynchronous: after the initial burst, expand where the widening rule admits it, else evaluate. The parent is the argmax of draws from
/// Beta(τ(1 + n_s of the clade), τ(1 + n_f of the clade)), the agent to evaluate that of draws from its own counts, its task uniform among those that it was not given.
/// No agent is kept from being a parent for having failed all that it was given (the reference does that, and a root that fails its first tasks then never expands).
/// </summary>
internal sealed class HgmPolicy(string name, ExpansionStatistic statistic) : IPolicy
{
    /// <summary>With more agents than this, those with the same counts are drawn together. Part of what a seed means: it never changes.</summary>
    internal const int GroupedAbove = 2048;

    public string Name => name;

    public Decision Decide(RunState state, ref Xoshiro256 random)
    {
        if (state.ExpansionsStarted < state.Settings.InitialBurst && state.IsExpandable(0))
            return Decision.Expand(0);
        if (Widening.Admits(state))
        {
            var parent = Parent(state, ref random);
            if (parent >= 0)
                return Decision.Expand(parent);
        }

        var agent = Thompson(state, ref random, evaluate: true, clade: false);
        if (agent >= 0)
            return Decision.Evaluate(agent, state.Allocation.FreeTask(agent, random.Below(state.Allocation.Left[agent])));

        // Every agent has had every task, and evaluations are left: only a new agent can use them, whatever the rule says.
        return state.Pending.Count > 0 ? Decision.Wait : Decision.Expand(Parent(state, ref random));
    }

    private int Parent(RunState state, ref Xoshiro256 random)
    {
        if (statistic != ExpansionStatistic.Uniform)
            return Thompson(state, ref random, evaluate: false, clade: statistic == ExpansionStatistic.Clade);
        var expandable = 0;
        for (var agent = 0; agent < state.Tree.Count; agent++)
            expandable += state.IsExpandable(agent) ? 1 : 0;
        if (expandable == 0)
            return -1;
        var rank = random.Below(expandable);
        for (var agent = 0; ; agent++)
        {
            if (state.IsExpandable(agent) && rank-- == 0)
                return agent;
        }
    }

    private static int Thompson(RunState state, ref Xoshiro256 random, bool evaluate, bool clade) => clade
        ? Thompson(state, ref random, evaluate, state.Tree.CladeSuccesses, state.Tree.CladeFailures)
        : Thompson(state, ref random, evaluate, state.Tree.Successes, state.Tree.Failures);

    /// <summary>The argmax of one draw for each agent that may be evaluated, or expanded; -1 when none may.</summary>
    internal static int Thompson(RunState state, ref Xoshiro256 random, bool evaluate, ReadOnlySpan<int> successes, ReadOnlySpan<int> failures)
    {
        var temperature = Temperature(state);
        var prior = (double)state.Prior;
        var rented = ArrayPool<bool>.Shared.Rent(successes.Length);
        try
        {
            var eligible = rented.AsSpan(0, successes.Length);
            state.MarkEligible(eligible, evaluate);
            if (successes.Length > GroupedAbove)
                return GroupedThompson.Choose(ref random, eligible, successes, failures, temperature, prior);
            var (best, highest) = (-1, -1.0);
            for (var agent = 0; agent < eligible.Length; agent++)
            {
                if (!eligible[agent])
                    continue;
                var draw = BetaSampling.Draw(ref random, temperature * (prior + successes[agent]), temperature * (prior + failures[agent]));
                if (draw > highest)
                    (best, highest) = (agent, draw);
            }

            return best;
        }
        finally
        {
            ArrayPool<bool>.Shared.Return(rented);
        }
    }

    /// <summary>τ = B/b, b being the evaluations that are left to start: 1 at first, B for the last one. It multiplies the prior as well, so that the mean stays and the spread shrinks.</summary>
    internal static double Temperature(RunState state)
    {
        var left = state.Settings.Evaluations - state.EvaluationsStarted;
        return state.Settings.Cooling ? state.Settings.Evaluations / (double)Math.Max(1, left) : 1.0;
    }
}
