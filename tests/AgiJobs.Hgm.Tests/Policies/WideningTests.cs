using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;

namespace AgiJobs.Hgm.Tests.Policies;

public sealed class WideningTests
{
    // ⌊N^0.6⌋ children beside the root.
    [Theory]
    [InlineData(60, 11)]
    [InlineData(100, 15)]
    [InlineData(400, 36)]
    [InlineData(800, 55)]
    [InlineData(8000, 219)]
    public void The_published_rule_makes_as_many_children_as_N_to_the_alpha(int evaluations, int children)
    {
        Assert.True(Widening.Reaches(evaluations, 0.6m, children));
        Assert.False(Widening.Reaches(evaluations, 0.6m, children + 1));
    }

    [Fact]
    public void A_run_of_800_evaluations_ends_with_the_root_and_55_children_and_one_more_under_the_rule_of_the_code()
    {
        Assert.Equal(56, Play(WideningRule.Published).Tree.Count);
        Assert.Equal(57, Play(WideningRule.ReferenceCode).Tree.Count);
    }

    [Fact]
    public void At_equality_the_rule_holds_whatever_a_logarithm_rounds_to()
    {
        for (var root = 1; root < 400; root++)
        {
            Assert.True(Widening.Reaches(root * root, 0.5m, root));
            Assert.False(Widening.Reaches(root * root - 1, 0.5m, root));
        }

        // 32^0.6 = 8, 243^0.6 = 27, 1024^0.6 = 64, 3125^0.6 = 125.
        foreach (var (evaluations, agents) in ((int, int)[])[(32, 8), (243, 27), (1024, 64), (3125, 125)])
        {
            Assert.True(Widening.Reaches(evaluations, 0.6m, agents));
            Assert.False(Widening.Reaches(evaluations - 1, 0.6m, agents));
            Assert.False(Widening.Reaches(evaluations, 0.5999m, agents));
        }
    }

    [Fact]
    public void Without_evaluations_only_the_burst_expands()
    {
        Assert.False(Widening.Reaches(0, 0.6m, 1));
        var state = RunState.Fold([new RunStarted(new RunSettings { InitialBurst = 0 }, null)]);
        Assert.IsType<EvaluationStarted>(RunStep.Next(state, PolicyNames.Find("hgm")));
        state = RunState.Fold([new RunStarted(new RunSettings(), null)]);
        for (var i = 0; i < 5; i++)
        {
            var next = Assert.IsType<ExpansionStarted>(RunStep.Next(state, PolicyNames.Find("hgm")));
            Assert.Equal(0, next.Parent);
            state.Apply(next);
        }

        Assert.IsType<EvaluationStarted>(RunStep.Next(state, PolicyNames.Find("hgm")));
    }

    [Fact]
    public void Expansions_and_evaluations_in_flight_count()
    {
        var state = RunState.Fold([new RunStarted(new RunSettings { InitialBurst = 0 }, null), new EvaluationStarted(0, 0, 0, Charged: true, default)]);
        Assert.True(Widening.Admits(state));
        state.Apply(new ExpansionStarted(1, 0, default));
        Assert.False(Widening.Admits(state));
    }

    private static RunState Play(WideningRule rule) => AgiJobs.Hgm.Simulation.SimulatedRun.Play(new RunSettings { Seed = 3, Widening = rule }, new AgiJobs.Hgm.Simulation.WorldSettings()).State;
}
