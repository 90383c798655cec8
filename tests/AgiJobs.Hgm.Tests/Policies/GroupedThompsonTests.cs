using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Sampling;

namespace AgiJobs.Hgm.Tests.Policies;

public sealed class GroupedThompsonTests
{
    [Fact]
    public void The_choice_has_the_distribution_of_one_draw_for_each_agent()
    {
        // 400 agents in six groups, one of them large enough for the quantile; agent 3 may not be chosen.
        (int Successes, int Failures, int Agents)[] groups = [(0, 0, 150), (3, 1, 5), (1, 1, 90), (9, 6, 20), (2, 5, 134), (14, 2, 1)];
        var successes = groups.SelectMany(group => Enumerable.Repeat(group.Successes, group.Agents)).ToArray();
        var failures = groups.SelectMany(group => Enumerable.Repeat(group.Failures, group.Agents)).ToArray();
        var eligible = Enumerable.Range(0, successes.Length).Select(agent => agent != 3).ToArray();
        var (grouped, plain) = (new int[groups.Length], new int[groups.Length]);
        var within = new int[150];
        var random = new Xoshiro256(1, 2, 3, 4);
        const int Draws = 3000;
        for (var i = 0; i < Draws; i++)
        {
            var chosen = GroupedThompson.Choose(ref random, eligible, successes, failures, 1.5, 1);
            Assert.True(eligible[chosen]);
            grouped[GroupOf(groups, chosen)]++;
            if (chosen < 150)
                within[chosen]++;
            plain[GroupOf(groups, Plain(ref random, eligible, successes, failures))]++;
        }

        // Two samples of the same distribution: chi-square with five degrees of freedom is above 20.5 once in a thousand; the seed is fixed.
        var chiSquare = groups.Select((_, group) => grouped[group] + plain[group] == 0 ? 0 : (grouped[group] - plain[group]) * (grouped[group] - plain[group]) / (double)(grouped[group] + plain[group])).Sum();
        Assert.True(chiSquare < 20.5, $"{chiSquare}: {string.Join(' ', grouped)} and {string.Join(' ', plain)}");
        Assert.True(grouped.Count(count => count > 10) >= 3);

        // Within a group, uniform: 148 degrees of freedom, 204 is exceeded about once in a thousand.
        var expected = within.Sum() / 149.0;
        Assert.Equal(0, within[3]);
        Assert.True(within.Where((_, agent) => agent != 3).Sum(count => (count - expected) * (count - expected) / expected) < 204);
    }

    [Fact]
    public void Nobody_eligible_is_nobody() => Assert.Equal(-1, Nobody());

    [Fact]
    public void A_large_tree_decides_by_groups_and_a_small_one_by_agents()
    {
        var state = new RunState();
        state.Apply(new RunStarted(new RunSettings { InitialBurst = 0, Evaluations = 1_000_000, Concurrency = 10_000 }, null));
        for (var operation = 0; operation < HgmPolicy.GroupedAbove; operation++)
        {
            state.Apply(new ExpansionStarted(operation, operation / 2, default));
            state.Apply(new AgentAdded(operation, null, default));
        }

        Assert.Equal(HgmPolicy.GroupedAbove + 1, state.Tree.Count);
        var random = new Xoshiro256(1, 2, 3, 4);
        var chosen = Enumerable.Range(0, 300).Select(_ => HgmPolicy.Thompson(state, ref random, evaluate: true, state.Tree.Successes, state.Tree.Failures)).ToArray();
        Assert.True(chosen.Distinct().Count() > 250);
    }

    private static int Nobody()
    {
        var random = new Xoshiro256(1, 2, 3, 4);
        return GroupedThompson.Choose(ref random, [false, false], [1, 1], [0, 0], 1, 1);
    }

    private static int Plain(ref Xoshiro256 random, bool[] eligible, int[] successes, int[] failures)
    {
        var (best, highest) = (-1, -1.0);
        for (var agent = 0; agent < successes.Length; agent++)
        {
            if (!eligible[agent])
                continue;
            var draw = BetaSampling.Draw(ref random, 1.5 * (1 + successes[agent]), 1.5 * (1 + failures[agent]));
            if (draw > highest)
                (best, highest) = (agent, draw);
        }

        return best;
    }

    private static int GroupOf((int Successes, int Failures, int Agents)[] groups, int agent)
    {
        var group = 0;
        while (agent >= groups[group].Agents)
            agent -= groups[group++].Agents;
        return group;
    }
}
