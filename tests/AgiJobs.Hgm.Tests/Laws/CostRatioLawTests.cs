using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Simulation;

namespace AgiJobs.Hgm.Tests.Laws;

public sealed class CostRatioLawTests
{
    [Theory]
    [InlineData("0.001", "0.9")]
    [InlineData("1", "0.77")]
    [InlineData("3", "0.69")]
    [InlineData("10", "0.6")]
    [InlineData("100000", "0.4")]
    public void The_dearer_an_expansion_the_lower_alpha(string ratio, string alpha) => Assert.Equal(Parse(alpha), CostRatioLaw.Alpha(Parse(ratio)));

    [Fact]
    public void The_ratio_is_measured_and_a_run_is_steered_by_it_once()
    {
        var world = PaperTables.Verified with { EvaluationCost = Amount.Parse("0.5"), ExpansionCost = Amount.Parse("1.5") };
        var settings = new RunSettings { Seed = 2, Evaluations = 200 };
        var run = SimulatedRun.Play(settings, world, CostRatioLaw.Observe);
        Assert.Equal(3m, CostRatioLaw.Ratio(run.State));
        Assert.Equal(0.69m, run.State.Alpha);
        Assert.Null(CostRatioLaw.Observe(run.State));
        Assert.True(run.State.Tree.Count > SimulatedRun.Play(settings, world).State.Tree.Count);
    }

    [Fact]
    public void Without_costs_or_results_there_is_no_ratio_and_no_change()
    {
        Assert.Null(CostRatioLaw.Observe(SimulatedRun.Play(new RunSettings { Seed = 2, Evaluations = 50 }, PaperTables.Verified).State));
        Assert.Null(CostRatioLaw.Ratio(RunState.Fold([new RunStarted(new RunSettings(), null)])));
    }

    [Fact]
    public void The_ways_to_steer_are_compared_at_equal_cost()
    {
        var table = Steering.Compute(new Study(2), TestContext.Current.CancellationToken);
        Assert.Equal(["1", "3", "10"], table.Rows.Select(row => row[0].Text));
        Assert.Equal(table.ToText(), Steering.Compute(new Study(2, Threads: 3), TestContext.Current.CancellationToken).ToText());
    }

    [Fact]
    public void The_thermostat_changes_a_simulated_run()
    {
        var world = PaperTables.Verified with { EvaluationCost = Amount.Parse("1"), ExpansionCost = Amount.Parse("1"), TaskValue = Amount.Parse("1") };
        var run = SimulatedRun.Play(new RunSettings { Seed = 2, Evaluations = 400 }, world, Steering.Thermostat(new ThermostatSettings()));
        Assert.True(run.State.Alpha > 0.6m);
        Assert.True(run.State.Prior > 1m);
    }

    private static decimal Parse(string text) => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
