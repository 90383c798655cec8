using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Sampling;
using AgiJobs.Hgm.Simulation;
using AgiJobs.Hgm.Trees;

namespace AgiJobs.Hgm.Tests.Policies;

/// <summary>The ten traps between the paper and its code, in the order of docs/hgm.md.</summary>
public sealed class TrapTests
{
    [Fact]
    public void One_reading_a_clade_leaves_the_own_record_alone()
    {
        // The reference reads 5, 7, 9, 11 results on successive calls for an agent with 3 and a child with 2.
        var tree = new AgentTree();
        tree.Add(-1);
        tree.Add(0);
        foreach (var success in (bool[])[true, true, false])
            tree.Record(0, success);
        tree.Record(1, success: true);
        tree.Record(1, success: true);
        for (var call = 0; call < 4; call++)
        {
            Assert.Equal(5, tree.CladeSuccesses[0] + tree.CladeFailures[0]);
            Assert.Equal(3, tree.Successes[0] + tree.Failures[0]);
        }

        // And in a run: deciding a thousand times changes nothing.
        var state = SimulatedRun.Play(new RunSettings { Seed = 1, Evaluations = 100 }, new WorldSettings()).State;
        var before = (state.Tree.Successes.ToArray(), state.Tree.CladeFailures.ToArray());
        var random = new Xoshiro256(1, 2, 3, 4);
        for (var i = 0; i < 1000; i++)
            PolicyNames.Find("hgm").Decide(state, ref random);
        Assert.Equal(before.Item1, state.Tree.Successes.ToArray());
        Assert.Equal(before.Item2, state.Tree.CladeFailures.ToArray());
    }

    [Fact]
    public void Two_the_rule_of_the_code_admits_one_agent_more_and_has_a_name_of_its_own()
    {
        RunEvent[] four = [Charged(0, 0, 0), Charged(1, 0, 1), Charged(2, 0, 2), Charged(3, 0, 3), new ExpansionStarted(4, 0, default)];
        var settings = new RunSettings { Alpha = 0.5m, InitialBurst = 0 };
        Assert.True(Widening.Admits(RunState.Fold([new RunStarted(settings, null), .. four])));
        RunEvent[] five = [.. four, new ExpansionStarted(5, 0, default)];
        Assert.False(Widening.Admits(RunState.Fold([new RunStarted(settings, null), .. five])));
        Assert.True(Widening.Admits(RunState.Fold([new RunStarted(settings with { Widening = WideningRule.ReferenceCode }, null), .. five])));
    }

    [Fact]
    public void Three_epsilon_is_a_quantile_and_one_is_refused()
    {
        // As printed, every agent's I_1 is 1.
        Assert.Equal(1.0, BetaDistribution.Cumulative(1.0, 3, 50));
        Assert.Equal(1.0, BetaDistribution.Cumulative(1.0, 50, 3));
        Assert.Equal("bad-setting", Assert.Throws<HgmException>(() => new RunSettings { Epsilon = 1m }.Checked()).Code);

        // 3 of 3 is the better mean, 40 of 50 the better bound.
        Assert.True(BestBelief.Score(FinalRule.PosteriorMean, 0.01, 4, 0) > BestBelief.Score(FinalRule.PosteriorMean, 0.01, 40, 10));
        Assert.True(BestBelief.Score(FinalRule.Quantile, 0.01, 4, 0) < BestBelief.Score(FinalRule.Quantile, 0.01, 40, 10));
    }

    [Fact]
    public void Four_the_temperature_multiplies_the_prior_too()
    {
        // 10 evaluations of which 9 are charged already: τ = 10. An agent with 1 of 1: Beta(10·2, 10·1), not Beta(1 + 10, 1).
        var state = new RunState();
        state.Apply(new RunStarted(new RunSettings { Evaluations = 10, Tasks = 20, InitialBurst = 0 }, null));
        state.Apply(Charged(0, 0, 0));
        state.Apply(new EvaluationRecorded(0, Passed: true, default, default));
        for (var operation = 1; operation < 9; operation++)
            state.Apply(Charged(operation, 0, operation));
        Assert.Equal(10.0, HgmPolicy.Temperature(state));
        var left = Xoshiro256.Of(1, RandomPurpose.Decision, 9);
        var right = left;
        var both = HgmPolicy.Thompson(state, ref left, evaluate: true, state.Tree.Successes, state.Tree.Failures);
        Assert.Equal(0, both);
        BetaSampling.Draw(ref right, 10 * (1.0 + 1), 10 * (1.0 + 0));
        Assert.Equal(right.Next(), left.Next());
    }

    [Fact]
    public void Four_the_temperature_is_the_whole_budget_over_what_is_left()
    {
        var state = RunState.Fold([new RunStarted(new RunSettings { Evaluations = 4 }, null)]);
        Assert.Equal(1.0, HgmPolicy.Temperature(state));
        state.Apply(Charged(0, 0, 0));
        state.Apply(Charged(1, 0, 1));
        Assert.Equal(2.0, HgmPolicy.Temperature(state));
        state.Apply(Charged(2, 0, 2));
        Assert.Equal(4.0, HgmPolicy.Temperature(state));
        Assert.Equal(1.0, HgmPolicy.Temperature(RunState.Fold([new RunStarted(new RunSettings { Evaluations = 4, Cooling = false }, null), Charged(0, 0, 0), Charged(1, 0, 1)])));
    }

    [Fact]
    public void Five_a_leaf_is_drawn_by_its_own_counts_and_not_punished_for_having_no_children()
    {
        // A root that failed, one child that solved: the leaf's clade is itself, and it is the parent nearly always.
        var state = new RunState();
        state.Apply(new RunStarted(new RunSettings { InitialBurst = 0, Evaluations = 1000 }, null));
        state.Apply(new ExpansionStarted(0, 0, default));
        state.Apply(new AgentAdded(0, null, default));
        for (var operation = 1; operation <= 40; operation++)
        {
            state.Apply(Charged(operation, operation % 2, operation / 2));
            state.Apply(new EvaluationRecorded(operation, Passed: operation % 2 == 1, default, default));
        }

        Assert.Equal((20, 20), (state.Tree.CladeSuccesses[0], state.Tree.CladeFailures[0]));
        var random = new Xoshiro256(1, 2, 3, 4);
        Assert.Equal(200, Enumerable.Range(0, 200).Count(_ => PolicyNames.Find("hgm").Decide(state, ref random) is { IsExpansion: true, Agent: 1 }));
    }

    [Fact]
    public void Six_a_root_that_fails_everything_is_expanded_all_the_same()
    {
        // The reference asks for an own mean above zero, and two of three runs of a replication were stuck there.
        var run = SimulatedRun.Play(new RunSettings { Seed = 4, Evaluations = 200, InitialBurst = 0 }, new WorldSettings { RootAccuracy = 0.001, DifficultySpread = 0.01, PairNoise = 0 });
        Assert.Equal(0, run.State.Tree.Successes[0]);
        Assert.Equal(24, run.State.Tree.Count);
        Assert.True(run.State.Tree.Children[0] > 0);
    }

    [Fact]
    public void Seven_expansions_are_counted_beside_the_budget_of_evaluations()
    {
        var run = SimulatedRun.Play(new RunSettings { Seed = 4 }, new WorldSettings());
        Assert.Equal((800, 55), (run.State.Evaluations, run.State.ExpansionsStarted));
        var rival = SimulatedRun.Play(new RunSettings { Seed = 4, Policy = "sica", FreeRootEvaluation = true }, new WorldSettings());
        Assert.Equal((800, 14), (rival.State.Evaluations, rival.State.ExpansionsStarted));
    }

    [Fact]
    public void Eight_expansions_that_fail_again_and_again_do_not_eat_the_run()
    {
        var state = RunState.Fold([new RunStarted(new RunSettings { Evaluations = 50, Concurrency = 1, ExpansionFailureCap = 3, InitialBurst = 5 }, null)]);
        while (state.Finished is null)
        {
            var next = RunStep.Next(state, PolicyNames.Find("hgm"));
            state.Apply(next ?? (state.Pending[0].IsExpansion ? new ExpansionFailed(state.Pending[0].Number, "does not compile", default) : new EvaluationRecorded(state.Pending[0].Number, true, default, default)));
        }

        Assert.Equal((3, 3, 50), (state.ExpansionsStarted, state.ExpansionsFailed, state.Evaluations));
        Assert.Equal(RunEnd.EvaluationsSpent, state.Finished.Reason);
    }

    [Fact]
    public void Nine_no_pair_is_evaluated_twice_and_no_agent_has_more_results_than_there_are_tasks()
    {
        foreach (var policy in PolicyNames.All)
        {
            var pairs = new HashSet<(int, int)>();
            var run = SimulatedRun.Play(
                new RunSettings { Seed = 9, Policy = policy, Evaluations = 300, FreeRootEvaluation = true },
                new WorldSettings { Tasks = 15 },
                (happened, _) =>
                {
                    if (happened is EvaluationStarted started)
                        Assert.True(pairs.Add((started.Agent, started.Task)));
                });
            Assert.Equal(300, run.State.Evaluations);
            for (var agent = 0; agent < run.State.Tree.Count; agent++)
                Assert.InRange(run.State.Tree.Successes[agent] + run.State.Tree.Failures[agent], 0, 15);
        }
    }

    [Fact]
    public void Ten_the_rivals_take_the_best_where_the_best_is_meant()
    {
        // The DGM reference sorts ascending where it takes the best; here a strong agent gets nearly all children, a weak one nearly none.
        var state = new RunState();
        state.Apply(new RunStarted(new RunSettings { Policy = "dgm", Tasks = 20 }, null));
        state.Apply(new ExpansionStarted(0, 0, default));
        state.Apply(new AgentAdded(0, null, default));
        state.Apply(new ExpansionStarted(1, 0, default));
        state.Apply(new AgentAdded(1, null, default));
        var operation = 2;
        for (var task = 0; task < 10; task++)
        {
            foreach (var agent in (int[])[0, 1, 2])
            {
                state.Apply(Charged(operation, agent, task));
                state.Apply(new EvaluationRecorded(operation++, Passed: agent == 1 || task == 0, default, default));
            }
        }

        for (var task = 10; task < 20; task++)
        {
            state.Apply(Charged(operation, 1, task));
            state.Apply(new EvaluationRecorded(operation++, Passed: true, default, default));
        }

        var random = new Xoshiro256(1, 2, 3, 4);
        var parents = Enumerable.Range(0, 500).Select(_ => PolicyNames.Find("dgm").Decide(state, ref random).Agent).ToArray();
        Assert.InRange(parents.Count(parent => parent == 1), 480, 500);
    }

    private static EvaluationStarted Charged(int operation, int agent, int task) => new(operation, agent, task, Charged: true, default);
}
