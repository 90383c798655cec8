using AgiJobs.Hgm.Simulation;

namespace AgiJobs.Hgm.Tests.Simulation;

public sealed class VerdictTests
{
    [Theory]
    [InlineData(0.50, 0.005, Verdict.Predicted)]
    [InlineData(0.525, 0.002, Verdict.Predicted)]
    [InlineData(0.525, 0.003, Verdict.TooFewSeeds)]
    [InlineData(0.535, 0.003, Verdict.TooFewSeeds)]
    [InlineData(0.535, 0.002, Verdict.NotReproduced)]
    [InlineData(0.40, 0.03, Verdict.NotReproduced)]
    [InlineData(0.40, 0.04, Verdict.TooFewSeeds)]
    [InlineData(0.50, double.NaN, Verdict.TooFewSeeds)]
    public void A_verdict_is_given_only_where_the_standard_error_allows_one(double mean, double error, string verdict) =>
        Assert.Equal(verdict, Verdict.Of(new Estimate(mean, error, 10), 50, 3, 100));

    [Theory]
    [InlineData(0.04, 0.01, Verdict.Predicted)]
    [InlineData(0.03, 0.01, Verdict.TooFewSeeds)]
    [InlineData(-0.03, 0.01, Verdict.TooFewSeeds)]
    [InlineData(-0.04, 0.01, Verdict.NotReproduced)]
    [InlineData(0.04, double.NaN, Verdict.TooFewSeeds)]
    public void An_order_is_told_by_more_than_three_standard_errors(double mean, double error, string verdict) => Assert.Equal(verdict, Verdict.Order(new Estimate(mean, error, 10)));
}
