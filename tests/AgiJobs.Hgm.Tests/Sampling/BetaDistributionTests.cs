using System.Numerics;
using AgiJobs.Hgm.Sampling;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Hgm.Tests.Sampling;

public sealed class BetaDistributionTests
{
    // 40 digits with mpmath, rounded; the first is the example in the documentation of scipy.special.betainc.
    [Theory]
    [InlineData(1.4, 3.1, 0.5, 0.814890403622529655)]
    [InlineData(0.5, 0.5, 0.1, 0.20483276469913345754)]
    [InlineData(0.3, 0.7, 0.001, 0.10807284733274037941)]
    [InlineData(1, 61, 0.01, 0.45831492403314614552)]
    [InlineData(31, 31, 0.35, 0.0080100392422990801588)]
    [InlineData(35, 27, 0.4, 0.0045262622350964900414)]
    [InlineData(8001, 1, 0.999, 0.00033378844328789736653)]
    [InlineData(2, 800, 0.0001, 0.0030383340229504155326)]
    [InlineData(0.25, 8000, 1e-5, 0.57755891740317930714)]
    [InlineData(9.5, 2.5, 0.99, 0.99905252467548344061)]
    [InlineData(50, 7.9, 0.8, 0.088356625301482688519)]
    public void The_function_has_the_values_of_forty_digits(double a, double b, double x, double expected) =>
        Assert.Equal(1.0, BetaDistribution.Cumulative(x, a, b) / expected, 2e-13);

    [Fact]
    public void Large_shapes_lose_no_digits() => Assert.Equal(0.48262065168987928154, BetaDistribution.Cumulative(0.9836, 600_000, 10_000), 1e-11);

    // Percentage points of F and t as printed in tables of statistics (NIST/SEMATECH handbook, 1.3.6.7), by I_{d1 F / (d1 F + d2)}(d1 / 2, d2 / 2).
    [Theory]
    [InlineData(5, 10, 3.326, 0.95)]
    [InlineData(1, 10, 4.965, 0.95)]
    [InlineData(10, 20, 2.348, 0.95)]
    [InlineData(10, 20, 3.368, 0.99)]
    [InlineData(1, 10, 2.228 * 2.228, 0.95)]
    public void The_function_has_the_percentage_points_of_printed_tables(int first, int second, double f, double probability) =>
        Assert.Equal(probability, BetaDistribution.Cumulative(first * f / (first * f + second), first / 2.0, second / 2.0), 1e-4);

    [Fact]
    public void With_whole_shapes_it_is_the_tail_of_the_binomial_distribution_exactly() =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(
            (from successes in Gen.Choose(0, 60) from failures in Gen.Choose(0, 60) from thousandth in Gen.Choose(1, 999) select (successes, failures, thousandth)).ToArbitrary(),
            drawn =>
            {
                var (successes, failures, thousandth) = drawn;
                var exact = BinomialTail(successes + 1, successes + failures + 1, thousandth);
                Assert.Equal(exact, BetaDistribution.Cumulative(thousandth / 1000.0, 1.0 + successes, 1.0 + failures), 1e-13 + exact * 1e-12);
            }));

    // 1 % quantiles, 40 digits with mpmath.
    [Theory]
    [InlineData(0, 0, 0.01)]
    [InlineData(60, 0, 0.927284744151619635)]
    [InlineData(34, 26, 0.417587807957487446)]
    [InlineData(0, 60, 0.000164746032037569723)]
    [InlineData(30, 30, 0.354887899941249759)]
    [InlineData(3, 7, 0.0836602901754745686)]
    public void The_quantile_has_the_values_of_forty_digits(int successes, int failures, double expected) =>
        Assert.Equal(1.0, BetaDistribution.Quantile(0.01, 1.0 + successes, 1.0 + failures) / expected, 1e-13);

    [Fact]
    public void The_quantile_undoes_the_function() =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(
            (from a in Gen.Choose(1, 800) from b in Gen.Choose(1, 800) from p in Gen.Choose(1, 9999) from scale in Gen.Elements(0.25, 1.0, 7.5) select (A: a * scale, B: b * scale, P: p / 10_000.0)).ToArbitrary(),
            drawn => Assert.Equal(drawn.P, BetaDistribution.Cumulative(BetaDistribution.Quantile(drawn.P, drawn.A, drawn.B), drawn.A, drawn.B), 1e-12)));

    [Theory]
    [InlineData(610_000, 10_000)]
    [InlineData(10_000, 610_000)]
    [InlineData(0.1, 5)]
    [InlineData(0.25, 3)]
    public void The_quantile_undoes_the_function_for_extreme_shapes(double a, double b)
    {
        foreach (var p in (double[])[1e-6, 0.01, 0.5, 0.99])
            Assert.Equal(p, BetaDistribution.Cumulative(BetaDistribution.Quantile(p, a, b), a, b), 1e-12);
    }

    [Fact]
    public void Shapes_and_probabilities_outside_their_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => BetaDistribution.Cumulative(0.5, 0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => BetaDistribution.Cumulative(0.5, 1, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => BetaDistribution.Quantile(double.NaN, 1, 1));
        Assert.Equal((0.0, 1.0), (BetaDistribution.Cumulative(-1, 2, 2), BetaDistribution.Cumulative(2, 2, 2)));
        Assert.Equal((0.0, 1.0), (BetaDistribution.Quantile(0, 2, 2), BetaDistribution.Quantile(1, 2, 2)));
    }

    // P(at least k successes of n) for success probability thousandth / 1000, in whole numbers.
    private static double BinomialTail(int least, int n, int thousandth)
    {
        var sum = BigInteger.Zero;
        var coefficient = BigInteger.One;
        for (var k = 0; k <= n; k++)
        {
            if (k >= least)
                sum += coefficient * BigInteger.Pow(thousandth, k) * BigInteger.Pow(1000 - thousandth, n - k);
            coefficient = coefficient * (n - k) / (k + 1);
        }

        return (double)(sum * BigInteger.Pow(10, 40) / BigInteger.Pow(1000, n)) / 1e40;
    }
}
