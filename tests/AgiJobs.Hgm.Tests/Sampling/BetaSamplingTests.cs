using AgiJobs.Hgm.Sampling;

namespace AgiJobs.Hgm.Tests.Sampling;

public sealed class BetaSamplingTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 61)]
    [InlineData(3.5, 2.25)]
    [InlineData(0.25, 0.25)]
    [InlineData(0.3, 4)]
    [InlineData(35, 27)]
    [InlineData(800.0 * 35, 800.0 * 27)]
    [InlineData(10_000, 10_000.0 * 61)]
    public void Draws_follow_the_distribution(double a, double b)
    {
        const int Draws = 20_000;
        var random = Xoshiro256.Of(5, RandomPurpose.Decision, (ulong)(100 * a + b));
        var draws = Enumerable.Range(0, Draws).Select(_ => BetaSampling.Draw(ref random, a, b)).Order().ToArray();
        var distance = 0.0;
        for (var i = 0; i < Draws; i += 7)
        {
            var below = BetaDistribution.Cumulative(draws[i], a, b);
            distance = Math.Max(distance, Math.Max(Math.Abs(below - i / (double)Draws), Math.Abs(below - (i + 1.0) / Draws)));
        }

        // Kolmogorov and Smirnov: 1.95 / sqrt(n) is exceeded once in a thousand; the seed is fixed.
        Assert.True(distance < 1.95 / Math.Sqrt(Draws), $"D = {distance}");
    }

    [Fact]
    public void Tiny_shapes_do_not_end_in_nothing_over_nothing()
    {
        var random = new Xoshiro256(1, 2, 3, 4);
        for (var i = 0; i < 1000; i++)
            Assert.InRange(BetaSampling.Draw(ref random, 1e-4, 1e-4), 0.0, 1.0);
    }
}
