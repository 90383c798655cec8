using AgiJobs.Hgm;
using AgiJobs.Steering.Guardrails;
using AgiJobs.Steering.Utility;

namespace AgiJobs.Steering.Tests.Utility;

/// <summary>The published figures (agi-jobs-v2-services, 6.3).</summary>
public class MicroSetTests
{
    [Theory]
    [InlineData("e2e", 10.94)]
    [InlineData("alphaevolve", 15.17)]
    [InlineData("hgm", 9.83)]
    [InlineData("trm", 19.70)]
    [InlineData("omni", 25.28)]
    public void Each_strategy_has_the_published_uplift(string strategy, double percent) =>
        Assert.Equal((decimal)percent, decimal.Round(100m * MicroSet.Of(MicroSet.Find(strategy)).Uplift, 2));

    [Fact]
    public void The_figures_of_e2e_are_the_published_ones()
    {
        var reading = MicroSet.Of(MicroSet.Find("e2e"));

        Assert.Equal((80m, 110.962m), (reading.BaselineUtility, reading.Value));
        Assert.Equal((22.597m, 88.753m, 1.997m, 0.388m), (decimal.Round(reading.Cost, 3), decimal.Round(reading.Utility, 3), decimal.Round(reading.Fee, 3), decimal.Round(reading.Bonus, 3)));
        Assert.Equal((2.386m, -0.04m, 0.9168m), (decimal.Round(reading.Treasury, 3), reading.LatencyDelta, reading.Latency95));
        Assert.Equal((2.1513, 87.617, 86.713, 0.7472), (Math.Round(reading.Entropy, 4), Math.Round(reading.Gibbs, 3), Math.Round(reading.Hamiltonian, 3), Math.Round(reading.Stability, 4)));
    }

    [Fact]
    public void The_strategies_together_earn_the_published_treasury_and_mean_uplift()
    {
        var readings = MicroSet.Strategies.Select(MicroSet.Of).ToList();

        Assert.Equal((13.011m, 0.1618m, -0.05m), (decimal.Round(readings.Sum(reading => reading.Treasury), 3), decimal.Round(readings.Average(reading => reading.Uplift), 4), decimal.Round(readings.Average(reading => reading.LatencyDelta), 4)));
    }

    [Fact]
    public void Every_published_strategy_holds_its_guardrails() =>
        Assert.All(MicroSet.Strategies, strategy => Assert.Equal(GuardrailVerdict.Held, MicroSet.GuardrailsOf(strategy).Verdict()));

    [Theory]
    [InlineData(1.00, 0.96, 0.97, "utility-uplift")]
    [InlineData(1.09, 1.06, 0.97, "latency")]
    [InlineData(1.09, 0.96, 0.91, "reliability")]
    public void A_strategy_that_misses_one_guardrail_is_missed_for_that_one(double value, double latency, double reliability, string missed)
    {
        var strategy = MicroSet.Find("e2e") with { Value = (decimal)value, Latency = (decimal)latency, Reliability = (decimal)reliability };

        var guardrails = MicroSet.GuardrailsOf(strategy);

        Assert.Equal(GuardrailVerdict.Missed, guardrails.Verdict());
        Assert.Equal([missed], guardrails.Where(guardrail => guardrail.Verdict == GuardrailVerdict.Missed).Select(guardrail => guardrail.Name));
    }

    [Fact]
    public void A_strategy_that_is_not_published_is_refused_with_those_that_are()
    {
        var refused = Assert.Throws<HgmException>(() => MicroSet.Find("core"));

        Assert.Equal("unknown-strategy", refused.Code);
        Assert.Contains("alphaevolve", refused.Mend, StringComparison.Ordinal);
    }
}
