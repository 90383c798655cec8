namespace AgiJobs.Hgm.Sampling;

/// <summary>
/// The regularised incomplete beta function I_x(a, b) and its inverse. The power of the integrand is taken as DiDonato and Morris do (TOMS 708, 1992), so that large shapes lose no
/// digits by cancelling logarithms of gammas; the rest is the continued fraction of DLMF 8.17.22 by Lentz's method.
/// </summary>
public static class BetaDistribution
{
    private const double Tiny = 1e-300;
    private const double HalfLogTwoPi = 0.91893853320467274178;

    /// <summary>I_x(a, b): the probability that a Beta(a, b) is at most <paramref name="x"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A shape that is not positive and finite.</exception>
    public static double Cumulative(double x, double a, double b)
    {
        Check(a, b);
        if (x <= 0.0)
            return 0.0;
        if (x >= 1.0)
            return 1.0;
        var (below, _) = Tails(x, a, b);
        return below;
    }

    /// <summary>The x at which I_x(a, b) is <paramref name="p"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A shape that is not positive and finite, or a probability outside [0, 1].</exception>
    public static double Quantile(double p, double a, double b)
    {
        Check(a, b);
        if (!(p >= 0.0 && p <= 1.0))
            throw new ArgumentOutOfRangeException(nameof(p), p, "A probability is from 0 to 1.");
        if (p is 0.0 or 1.0)
            return p;

        // Newton's steps inside a bracket; where one leaves it, the bracket is halved in the order of the doubles themselves, of which there are fewer than 2^62 between 0 and 1.
        double low = 0.0, high = 1.0, x = a / (a + b);
        for (var i = 0; i < 200; i++)
        {
            var (below, density) = Tails(x, a, b);
            var error = below - p;
            if (error == 0.0)
                return x;
            if (error > 0.0)
                high = x;
            else
                low = x;
            var next = density > 0.0 ? x - error / density : double.NaN;
            if (!(next > low && next < high))
            {
                var middle = (BitConverter.DoubleToUInt64Bits(low) + BitConverter.DoubleToUInt64Bits(high)) / 2;
                next = BitConverter.UInt64BitsToDouble(middle);
                if (next <= low || next >= high)
                    break;
            }
            else if (Math.Abs(next - x) <= 1.1e-16 * x)
            {
                return next;
            }

            x = next;
        }

        return x;
    }

    private static void Check(double a, double b)
    {
        if (!(a > 0.0 && double.IsFinite(a)))
            throw new ArgumentOutOfRangeException(nameof(a), a, "A shape is positive and finite.");
        if (!(b > 0.0 && double.IsFinite(b)))
            throw new ArgumentOutOfRangeException(nameof(b), b, "A shape is positive and finite.");
    }

    // I_x(a, b) and the density at x.
    private static (double Below, double Density) Tails(double x, double a, double b)
    {
        var power = Power(x, a, b);
        var density = power / (x * (1.0 - x));
        return x < (a + 1.0) / (a + b + 2.0)
            ? (Math.Min(1.0, power * Fraction(x, a, b) / a), density)
            : (Math.Max(0.0, 1.0 - power * Fraction(1.0 - x, b, a) / b), density);
    }

    // x^a (1 - x)^b / B(a, b).
    private static double Power(double x, double a, double b)
    {
        if (a >= 8.0 && b >= 8.0)
        {
            var n = a + b;
            var lambda = a * (1.0 - x) - b * x;
            var z = Elementary.Exp(-(a * Excess(-lambda / a) + b * Excess(lambda / b)));
            return Math.Sqrt(a * (b / n)) * z * Elementary.Exp(Correction(n) - Correction(a) - Correction(b)) * 0.3989422804014327;
        }

        return Elementary.Exp(a * Elementary.Log(x) + b * Elementary.LogOnePlus(-x) - LogBeta(a, b));
    }

    // e - ln(1 + e), without cancellation near zero.
    private static double Excess(double e)
    {
        if (Math.Abs(e) > 0.4)
            return e - Elementary.LogOnePlus(e);
        var r = e / (2.0 + e);
        var square = r * r;
        double sum = 0.0, term = r;
        for (var k = 3; k < 40; k += 2)
        {
            term *= square;
            var next = sum + term / k;
            if (next == sum)
                break;
            sum = next;
        }

        return 2.0 * (square / (1.0 - r) - sum);
    }

    private static double LogBeta(double a, double b)
    {
        var small = Math.Min(a, b);
        var large = Math.Max(a, b);
        if (large < 10.0)
            return LogGamma(small) + LogGamma(large) - LogGamma(small + large);
        var n = small + large;
        var quotient = -(large - 0.5) * Elementary.LogOnePlus(small / large) - small * (Elementary.Log(n) - 1.0) + Correction(large) - Correction(n);
        return LogGamma(small) + quotient;
    }

    /// <summary>ln Γ(x) for positive x: Stirling's series, reached by the recurrence.</summary>
    internal static double LogGamma(double x)
    {
        var product = 1.0;
        while (x < 10.0)
        {
            product *= x;
            x += 1.0;
        }

        return (x - 0.5) * Elementary.Log(x) - x + HalfLogTwoPi + Correction(x) - Elementary.Log(product);
    }

    // ln Γ(x) less the leading terms of Stirling's series, for x of at least 8.
    private static double Correction(double x)
    {
        var y = 1.0 / (x * x);
        return (1.0 / 12.0 - y * (1.0 / 360.0 - y * (1.0 / 1260.0 - y * (1.0 / 1680.0 - y * (1.0 / 1188.0 - y * (691.0 / 360360.0 - y * (1.0 / 156.0 - y * (3617.0 / 122400.0)))))))) / x;
    }

    private static double Fraction(double x, double a, double b)
    {
        var c = 1.0;
        var d = 1.0 - (a + b) * x / (a + 1.0);
        d = 1.0 / (Math.Abs(d) < Tiny ? Tiny : d);
        var h = d;
        for (var m = 1; m < 1_000_000; m++)
        {
            var even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m));
            d = 1.0 + even * d;
            d = 1.0 / (Math.Abs(d) < Tiny ? Tiny : d);
            c = 1.0 + even / c;
            c = Math.Abs(c) < Tiny ? Tiny : c;
            h *= d * c;
            var odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0));
            d = 1.0 + odd * d;
            d = 1.0 / (Math.Abs(d) < Tiny ? Tiny : d);
            c = 1.0 + odd / c;
            c = Math.Abs(c) < Tiny ? Tiny : c;
            var factor = d * c;
            h *= factor;
            if (Math.Abs(factor - 1.0) < 3e-16)
                break;
        }

        return h;
    }
}
