using AgiJobs.Hgm.Trees;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Hgm.Tests.Trees;

public sealed class AgentTreeTests
{
    [Fact]
    public void A_result_counts_for_the_agent_once_and_for_each_clade_that_holds_it_once()
    {
        var tree = Chain(3);
        tree.Record(2, success: true);
        tree.Record(1, success: false);
        Assert.Equal([0, 0, 1], tree.Successes);
        Assert.Equal([0, 1, 0], tree.Failures);
        Assert.Equal([1, 1, 1], tree.CladeSuccesses);
        Assert.Equal([1, 1, 0], tree.CladeFailures);
    }

    [Fact]
    public void After_any_actions_the_clade_counts_are_a_recount_of_the_own_counts() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(Actions(), actions =>
    {
        var (tree, _) = Play(actions);
        var (successes, failures) = tree.Recount();
        Assert.Equal(successes, tree.CladeSuccesses.ToArray());
        Assert.Equal(failures, tree.CladeFailures.ToArray());
    }));

    [Fact]
    public void What_was_revoked_never_happened() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(Actions(), actions =>
    {
        var (tree, kept) = Play(actions);
        var without = new AgentTree();
        without.Add(-1);
        foreach (var (_, at) in actions.Where(action => action.Kind == 0))
            without.Add(at % without.Count);
        foreach (var (agent, success) in kept)
            without.Record(agent, success);
        Assert.Equal(without.Successes.ToArray(), tree.Successes.ToArray());
        Assert.Equal(without.Failures.ToArray(), tree.Failures.ToArray());
        Assert.Equal(without.CladeSuccesses.ToArray(), tree.CladeSuccesses.ToArray());
        Assert.Equal(without.CladeFailures.ToArray(), tree.CladeFailures.ToArray());
    }));

    [Fact]
    public void What_is_not_there_cannot_be_revoked_and_nobody_is_changed()
    {
        var tree = Chain(2);
        tree.Record(0, success: true);
        Assert.Equal("nothing-to-revoke", Assert.Throws<HgmException>(() => tree.Revoke(1, success: true)).Code);
        Assert.Equal("no-such-agent", Assert.Throws<HgmException>(() => tree.Record(2, success: true)).Code);
        Assert.Equal("no-such-agent", Assert.Throws<HgmException>(() => tree.Add(2)).Code);
        Assert.Equal("no-such-agent", Assert.Throws<HgmException>(() => tree.Add(-1)).Code);
        Assert.Equal([1, 0], tree.CladeSuccesses);
    }

    [Fact]
    public void A_clade_is_an_agent_and_its_descendants()
    {
        var tree = Chain(3);
        tree.Add(0);
        Assert.True(tree.IsInClade(2, 1));
        Assert.True(tree.IsInClade(1, 1));
        Assert.False(tree.IsInClade(3, 1));
        Assert.False(tree.IsInClade(0, 1));
        Assert.Equal([0, 1, 2, 1], tree.Depths);
        Assert.Equal([2, 1, 0, 0], tree.Children);
    }

    [Fact]
    public void Each_pair_is_given_once_and_free_tasks_are_found_by_rank()
    {
        var allocation = new TaskAllocation(130);
        allocation.Add();
        allocation.Add();
        Assert.True(allocation.Take(1, 64));
        Assert.False(allocation.Take(1, 64));
        Assert.True(allocation.Take(0, 64));
        Assert.Equal(65, allocation.FreeTask(1, 64));
        Assert.Equal(129, allocation.FreeTask(1, 128));
        Assert.Equal(129, allocation.Left[1]);
        allocation.Release(1, 64);
        Assert.Equal(64, allocation.FreeTask(1, 64));
        Assert.Throws<ArgumentOutOfRangeException>(() => allocation.FreeTask(0, 129));
    }

    private static AgentTree Chain(int agents)
    {
        var tree = new AgentTree();
        for (var i = 0; i < agents; i++)
            tree.Add(i - 1);
        return tree;
    }

    // 0 adds an agent, 1 and 2 record, 3 revokes.
    private static Arbitrary<(int Kind, int At)[]> Actions() => (from kind in Gen.Choose(0, 3) from at in Gen.Choose(0, 1000) select (kind, at)).ArrayOf().ToArbitrary();

    private static (AgentTree Tree, List<(int Agent, bool Success)> Kept) Play((int Kind, int At)[] actions)
    {
        var tree = new AgentTree();
        tree.Add(-1);
        var kept = new List<(int Agent, bool Success)>();
        foreach (var (kind, at) in actions)
        {
            if (kind == 0)
            {
                tree.Add(at % tree.Count);
            }
            else if (kind < 3)
            {
                kept.Add((at % tree.Count, kind == 1));
                tree.Record(kept[^1].Agent, kept[^1].Success);
            }
            else if (kept.Count > 0)
            {
                var (agent, success) = kept[at % kept.Count];
                kept.RemoveAt(at % kept.Count);
                tree.Revoke(agent, success);
            }
        }

        return (tree, kept);
    }
}
