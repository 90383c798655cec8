using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Sampling;

namespace AgiJobs.Hgm.Policies;

/// <summary>
/// The Darwin Gödel Machine (Zhang et al. 2025) as its code has it: generations of two children with a barrier between them; a parent is drawn with replacement, with weight
/// σ(10(mean - 0.5)) / (1 + children); a child is evaluated on the first 10 tasks and, when it solves at least 0.4 of them, on the rest. All children are kept.
/// The third stage (the 140-task set) has no counterpart here.
/// </summary>
internal sealed class DgmPolicy : IPolicy
{
    private const int FirstStage = 10;
    private const int ChildrenPerGeneration = 2;
    private const double StageThreshold = 0.4;

    public string Name => PolicyNames.Dgm;

    public Decision Decide(RunState state, ref Xoshiro256 random)
    {
        // The second child of a generation starts beside the first.
        if (state.ExpansionsStarted % ChildrenPerGeneration != 0)
        {
            var second = Parent(state, ref random);
            if (second >= 0)
                return Decision.Expand(second);
        }

        for (var agent = 0; agent < state.Tree.Count; agent++)
        {
            if (state.IsEvaluable(agent) && state.InFlight(agent) < state.Settings.WorkersPerChild && IsDue(state, agent))
                return Decision.Evaluate(agent, state.Allocation.FreeTask(agent, 0));
        }

        return state.Pending.Count > 0 ? Decision.Wait : Decision.Expand(Parent(state, ref random));
    }

    private static bool IsDue(RunState state, int agent)
    {
        var first = Math.Min(FirstStage, state.Settings.Tasks);
        var given = state.Settings.Tasks - state.Allocation.Left[agent];
        if (given != first)
            return true;
        var (successes, failures) = (state.Tree.Successes[agent], state.Tree.Failures[agent]);
        return state.InFlight(agent) == 0 && successes + failures > 0 && successes / (double)(successes + failures) >= StageThreshold;
    }

    private static int Parent(RunState state, ref Xoshiro256 random)
    {
        var total = 0.0;
        for (var agent = 0; agent < state.Tree.Count; agent++)
            total += Weight(state, agent);
        var at = random.Uniform() * total;
        var last = -1;
        for (var agent = 0; agent < state.Tree.Count; agent++)
        {
            var weight = Weight(state, agent);
            if (weight == 0)
                continue;
            last = agent;
            at -= weight;
            if (at < 0)
                break;
        }

        return last;
    }

    private static double Weight(RunState state, int agent)
    {
        var (successes, failures) = (state.Tree.Successes[agent], state.Tree.Failures[agent]);
        if (!state.IsExpandable(agent) || successes + failures == 0)
            return agent == 0 && state.Tree.Count == 1 && state.IsExpandable(0) ? 1.0 : 0.0;
        return Elementary.Sigmoid(10.0 * (successes / (double)(successes + failures) - 0.5)) / (1.0 + state.Tree.Children[agent]);
    }
}
