namespace AgiJobs.Hgm.Sampling;

/// <summary>
/// Draws from the beta and gamma distributions by rejection, which is exact: the only errors are those of floating point. Gamma: Marsaglia and Tsang, "A simple method for generating
/// gamma variables" (2000), with their boost for shapes below one. Beta(a, b): X / (X + Y) of two gammas.
/// </summary>
public static class BetaSampling
{
    /// <summary>One draw from Beta(<paramref name="a"/>, <paramref name="b"/>), both positive.</summary>
    public static double Draw(ref Xoshiro256 random, double a, double b)
    {
        if (a < 1.0 || b < 1.0)
        {
            // In logarithms, where two tiny gammas do not both round to zero.
            var difference = LogGammaDraw(ref random, b) - LogGammaDraw(ref random, a);
            return 1.0 / (1.0 + Elementary.Exp(difference));
        }

        var x = GammaDraw(ref random, a);
        var y = GammaDraw(ref random, b);
        return x / (x + y);
    }

    /// <summary>One draw from Gamma(<paramref name="shape"/>, 1) for a shape of at least one.</summary>
    internal static double GammaDraw(ref Xoshiro256 random, double shape)
    {
        var d = shape - 1.0 / 3.0;
        var c = 1.0 / Math.Sqrt(9.0 * d);
        while (true)
        {
            var x = random.Normal();
            var v = 1.0 + c * x;
            if (v <= 0.0)
                continue;
            v = v * v * v;
            var u = random.OpenUniform();
            var square = x * x;
            if (u < 1.0 - 0.0331 * square * square || Elementary.Log(u) < 0.5 * square + d * (1.0 - v + Elementary.Log(v)))
                return d * v;
        }
    }

    private static double LogGammaDraw(ref Xoshiro256 random, double shape) => shape < 1.0
        ? Elementary.Log(GammaDraw(ref random, shape + 1.0)) + Elementary.Log(random.OpenUniform()) / shape
        : Elementary.Log(GammaDraw(ref random, shape));
}
