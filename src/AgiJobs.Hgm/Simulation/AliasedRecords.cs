using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Sampling;

namespace AgiJobs.Hgm.Simulation;

/// <summary>
/// HGM with the slip of the reference code, for the ablation alone: reading a clade there appends the descendants' results to the agent's own list, again at each expansion. To first order:
/// at each decision to expand, each agent's own record grows by what its descendants have; both draws then use the grown records. It remembers what it did and cannot be resumed.
/// </summary>
internal sealed class AliasedRecords : IPolicy
{
    private readonly List<int> _addedSuccesses = [];
    private readonly List<int> _addedFailures = [];

    public string Name => "hgm with aliased records";

    public Decision Decide(RunState state, ref Xoshiro256 random)
    {
        if (state.ExpansionsStarted < state.Settings.InitialBurst)
            return Decision.Expand(0);
        var tree = state.Tree;
        if (Widening.Admits(state))
        {
            for (var agent = 0; agent < tree.Count; agent++)
            {
                if (agent == _addedSuccesses.Count)
                {
                    _addedSuccesses.Add(0);
                    _addedFailures.Add(0);
                }

                _addedSuccesses[agent] += tree.CladeSuccesses[agent] - tree.Successes[agent];
                _addedFailures[agent] += tree.CladeFailures[agent] - tree.Failures[agent];
            }

            return Decision.Expand(HgmPolicy.Thompson(state, ref random, evaluate: false, Grown(tree.Successes, _addedSuccesses), Grown(tree.Failures, _addedFailures)));
        }

        var evaluated = HgmPolicy.Thompson(state, ref random, evaluate: true, Grown(tree.Successes, _addedSuccesses), Grown(tree.Failures, _addedFailures));
        return evaluated < 0 ? Decision.Wait : Decision.Evaluate(evaluated, state.Allocation.FreeTask(evaluated, random.Below(state.Allocation.Left[evaluated])));
    }

    private static int[] Grown(ReadOnlySpan<int> own, List<int> added)
    {
        var grown = own.ToArray();
        for (var agent = 0; agent < added.Count; agent++)
            grown[agent] += added[agent];
        return grown;
    }
}
