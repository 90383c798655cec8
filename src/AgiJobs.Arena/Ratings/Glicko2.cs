namespace AgiJobs.Arena.Ratings;

/// <summary>A Glicko-2 rating.</summary>
/// <param name="Rating">On the scale of Elo.</param>
/// <param name="Deviation">How uncertain it is (RD).</param>
/// <param name="Volatility">How erratic the player is.</param>
public readonly record struct GlickoRating(double Rating, double Deviation, double Volatility)
{
    /// <summary>What is believed of somebody who has not played.</summary>
    public static GlickoRating Start => new(1500, 350, 0.06);
}

/// <summary>A game of a rating period.</summary>
/// <param name="Rating">The opponent's rating before the period.</param>
/// <param name="Deviation">The opponent's deviation before the period.</param>
/// <param name="Score">1 for a win, 0.5 for a draw, 0 for a loss.</param>
public readonly record struct GlickoGame(double Rating, double Deviation, double Score);

/// <summary>
/// Ratings by periods, which grow uncertain while nobody plays. Source: Glickman, "Example of the Glicko-2 system" (2013), with its Illinois algorithm for the volatility. The same bits on every machine.
/// </summary>
public static class Glicko2
{
    /// <summary>The most that a deviation can be: somebody of whom nothing is known.</summary>
    public const double MaxDeviation = 350;

    private const double Scale = 173.7178;
    private const double Epsilon = 0.000001;

    /// <summary>Rates one player over one period.</summary>
    /// <param name="player">As before the period.</param>
    /// <param name="games">All games of the period; none is inactivity.</param>
    /// <param name="tau">How much volatility may change: 0.3 to 1.2, 0.5 by default.</param>
    public static GlickoRating Rate(GlickoRating player, ReadOnlySpan<GlickoGame> games, double tau = 0.5)
    {
        if (games.IsEmpty)
        {
            return Inactive(player);
        }

        var (mu, phi) = ((player.Rating - 1500) / Scale, player.Deviation / Scale);
        var (information, surprise) = (0.0, 0.0);
        foreach (ref readonly var game in games)
        {
            var g = Weight(game.Deviation / Scale);
            var expected = 1 / (1 + PortableMath.Exp(-g * (mu - ((game.Rating - 1500) / Scale))));
            information += g * g * expected * (1 - expected);
            surprise += g * (game.Score - expected);
        }

        var v = 1 / information;
        var volatility = Volatility(phi, v, v * surprise, player.Volatility, tau);
        var spread = (phi * phi) + (volatility * volatility);
        phi = 1 / Math.Sqrt((1 / spread) + information);
        mu += phi * phi * surprise;
        return new GlickoRating((mu * Scale) + 1500, Math.Min(phi * Scale, MaxDeviation), volatility);
    }

    /// <summary>What a number of periods without a game leaves: rating and volatility stay, the deviation grows to at most <see cref="MaxDeviation"/>.</summary>
    public static GlickoRating Inactive(GlickoRating player, int periods = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(periods);
        var phi = player.Deviation / Scale;
        return player with { Deviation = periods == 0 ? player.Deviation : Math.Min(MaxDeviation, Scale * Math.Sqrt((phi * phi) + (periods * player.Volatility * player.Volatility))) };
    }

    private static double Weight(double phi) => 1 / Math.Sqrt(1 + (3 * phi * phi / (Math.PI * Math.PI)));

    // Step 5 of the paper: the root of f, between bounds that close by the Illinois rule.
    private static double Volatility(double phi, double v, double delta, double sigma, double tau)
    {
        var a = PortableMath.Log(sigma * sigma);
        var (variance, squared) = (phi * phi, delta * delta);
        var low = a;
        double high;
        if (squared > variance + v)
        {
            high = PortableMath.Log(squared - variance - v);
        }
        else
        {
            var k = 1;
            while (F(a - (k * tau)) < 0)
            {
                k++;
            }

            high = a - (k * tau);
        }

        var (atLow, atHigh) = (F(low), F(high));
        while (Math.Abs(high - low) > Epsilon)
        {
            var next = low + ((low - high) * atLow / (atHigh - atLow));
            var atNext = F(next);
            if (atNext * atHigh <= 0)
            {
                (low, atLow) = (high, atHigh);
            }
            else
            {
                atLow /= 2;
            }

            (high, atHigh) = (next, atNext);
        }

        return PortableMath.Exp(low / 2);

        double F(double x)
        {
            var e = PortableMath.Exp(x);
            var sum = variance + v + e;
            return (e * (squared - variance - v - e) / (2 * sum * sum)) - ((x - a) / (tau * tau));
        }
    }
}
