using AgiJobs.Arena.Ratings;

namespace AgiJobs.Arena.Tests.Ratings;

public sealed class Glicko2Tests
{
    [Fact]
    public void The_example_of_the_paper_comes_out_in_full()
    {
        var rated = Glicko2.Rate(new GlickoRating(1500, 200, 0.06), [new(1400, 30, 1), new(1550, 100, 0), new(1700, 300, 0)]);
        Assert.Equal(1464.0507, rated.Rating, 4);
        Assert.Equal(151.5165, rated.Deviation, 4);
        Assert.Equal(0.0599960, rated.Volatility, 7);
    }

    [Fact]
    public void Inactivity_leaves_the_rating_and_adds_doubt_up_to_a_limit()
    {
        var player = new GlickoRating(1700, 60, 0.06);
        var later = Glicko2.Rate(player, []);
        Assert.Equal(1700, later.Rating);
        Assert.Equal(0.06, later.Volatility);
        Assert.Equal(Math.Sqrt((60 * 60) + Math.Pow(0.06 * 173.7178, 2)), later.Deviation, 9);
        var periods = player;
        for (var i = 0; i < 10; i++)
        {
            periods = Glicko2.Rate(periods, []);
        }

        Assert.Equal(Glicko2.Inactive(player, 10).Deviation, periods.Deviation, 9);
        Assert.Equal(Glicko2.MaxDeviation, Glicko2.Inactive(player, 1_000_000).Deviation);
        Assert.Equal(player, Glicko2.Inactive(player, 0));
    }

    [Fact]
    public void A_great_surprise_raises_volatility()
    {
        var player = new GlickoRating(1500, 50, 0.06);
        var surprised = Glicko2.Rate(player, [new(2400, 30, 1), new(2400, 30, 1), new(2400, 30, 1)]);
        var expected = Glicko2.Rate(player, [new(1500, 30, 1), new(1500, 30, 0)]);
        Assert.True(surprised.Volatility > 0.06);
        Assert.True(expected.Volatility < 0.06);
        Assert.True(surprised.Rating > expected.Rating);
    }
}
