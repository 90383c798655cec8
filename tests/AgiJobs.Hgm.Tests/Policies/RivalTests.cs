using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Simulation;

namespace AgiJobs.Hgm.Tests.Policies;

public sealed class RivalTests
{
    [Fact]
    public void A_generation_of_dgm_is_two_children_and_the_next_one_waits_for_it()
    {
        var inFlight = 0;
        SimulatedRun.Play(new RunSettings { Seed = 2, Policy = "dgm", FreeRootEvaluation = true }, new WorldSettings(), (happened, state) =>
        {
            if (happened is not ExpansionStarted)
                return;
            inFlight = Math.Max(inFlight, state.ExpansionsInFlight);
            if (state.ExpansionsStarted % 2 == 1)
                Assert.Single(state.Pending);
        });
        Assert.Equal(2, inFlight);
    }

    [Fact]
    public void Dgm_gives_the_rest_of_the_tasks_to_a_child_that_solves_four_of_ten_and_to_no_other()
    {
        var run = SimulatedRun.Play(new RunSettings { Seed = 2, Policy = "dgm", FreeRootEvaluation = true, Evaluations = 1500 }, new WorldSettings());
        var (dropped, kept) = (0, 0);
        for (var agent = 1; agent < run.State.Tree.Count - 2; agent++)
        {
            var results = run.State.Tree.Successes[agent] + run.State.Tree.Failures[agent];
            Assert.True(results is 10 or 60, $"agent {agent} has {results}");
            if (results == 10)
                Assert.True(run.State.Tree.Successes[agent] < 4);
            _ = results == 10 ? dropped++ : kept++;
        }

        Assert.True(dropped > 0 && kept > 0);
    }

    [Fact]
    public void Sica_evaluates_each_agent_on_everything_before_the_next_edit_and_edits_from_a_good_one()
    {
        SimulatedRun.Play(new RunSettings { Seed = 2, Policy = "sica", FreeRootEvaluation = true }, new WorldSettings(), (happened, state) =>
        {
            if (happened is not ExpansionStarted started)
                return;
            for (var agent = 0; agent < state.Tree.Count; agent++)
                Assert.Equal(60, state.Tree.Successes[agent] + state.Tree.Failures[agent]);
            var best = state.Tree.Successes.ToArray().Max() / 60.0;
            Assert.True(state.Tree.Successes[started.Parent] / 60.0 >= best - 1.96 * Math.Sqrt(best * (1 - best) / 60) - 1e-9);
        });
    }

    [Fact]
    public void The_best_belief_is_what_a_plain_search_over_all_quantiles_finds()
    {
        for (ulong seed = 0; seed < 5; seed++)
        {
            var state = SimulatedRun.Play(new RunSettings { Seed = seed, Evaluations = 300 }, new WorldSettings()).State;
            foreach (var epsilon in (double[])[0.01, 0.25, 0.9])
            {
                var scores = Enumerable.Range(0, state.Tree.Count).Select(agent => BestBelief.Score(FinalRule.Quantile, epsilon, state.Tree.Successes[agent], state.Tree.Failures[agent])).ToArray();
                Assert.Equal(Array.IndexOf(scores, scores.Max()), BestBelief.Choose(state, FinalRule.Quantile, epsilon));
            }
        }
    }

    [Fact]
    public void A_pruned_agent_is_not_expanded_evaluated_or_chosen()
    {
        var state = SimulatedRun.Play(new RunSettings { Seed = 1, Evaluations = 200 }, new WorldSettings()).State;
        var best = BestBelief.Choose(state);
        var pruned = RunState.Fold([new RunStarted(new RunSettings(), null), new AgentPruned(0, "three failures in a row, by sentinel")]);
        Assert.False(pruned.IsExpandable(0) || pruned.IsEvaluable(0));
        Assert.Equal(-1, BestBelief.Choose(pruned));
        Assert.True(best >= 0);
        Assert.Equal(RunEnd.NothingLeft, Assert.IsType<RunFinished>(RunStep.Next(pruned, PolicyNames.Find("hgm"))).Reason);
    }

    [Fact]
    public void An_unknown_policy_is_refused() => Assert.Equal("unknown-policy", Assert.Throws<HgmException>(() => PolicyNames.Find("greedy")).Code);
}
