namespace AgiJobs.Hgm.Sampling;

/// <summary>
/// Logarithm and exponential out of additions, multiplications, divisions and bit patterns alone, each of which IEEE 754 rounds in one way. The platform's own functions come from
/// the C library of the machine and differ in the last bit from one to the next, and one bit is enough to send a run another way. The methods and constants are those of fdlibm
/// (Sun Microsystems, 1993; e_log.c, e_exp.c), errors below one unit in the last place.
/// </summary>
internal static class Elementary
{
    private const double Ln2High = 6.93147180369123816490e-01;
    private const double Ln2Low = 1.90821492927058770002e-10;
    private const double InverseLn2 = 1.44269504088896338700e+00;

    /// <summary>Natural logarithm; minus infinity at zero, not a number below.</summary>
    public static double Log(double x)
    {
        if (x == 0)
            return double.NegativeInfinity;
        if (double.IsNaN(x) || x < 0)
            return double.NaN;
        if (double.IsPositiveInfinity(x))
            return x;

        var exponent = 0;
        if (x < 2.2250738585072014e-308)
        {
            x *= 18014398509481984.0;
            exponent = -54;
        }

        // x = 2^exponent * (1 + f) with 1 + f between sqrt(1/2) and sqrt(2).
        var bits = BitConverter.DoubleToUInt64Bits(x);
        var high = (uint)(bits >> 32) + (0x3ff00000 - 0x3fe6a09e);
        exponent += (int)(high >> 20) - 0x3ff;
        high = (high & 0x000fffff) + 0x3fe6a09e;
        var f = BitConverter.UInt64BitsToDouble(((ulong)high << 32) | (bits & 0xffffffff)) - 1.0;
        var halfSquare = 0.5 * f * f;
        var s = f / (2.0 + f);
        var z = s * s;
        var w = z * z;
        var even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
        var odd = z * (6.666666666666735130e-01 + w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
        return s * (halfSquare + (odd + even)) + exponent * Ln2Low - halfSquare + f + exponent * Ln2High;
    }

    /// <summary>ln(1 + x), exact also where 1 + x rounds.</summary>
    public static double LogOnePlus(double x)
    {
        var u = 1.0 + x;
        return u == 1.0 ? x : Log(u) - ((u - 1.0) - x) / u;
    }

    /// <summary>e to the power of <paramref name="x"/>; zero below -745.14, infinity above 709.79.</summary>
    public static double Exp(double x)
    {
        if (double.IsNaN(x))
            return x;
        if (x > 709.782712893383973096)
            return double.PositiveInfinity;
        if (x < -745.13321910194110842)
            return 0;

        var k = (int)(InverseLn2 * x + (x < 0 ? -0.5 : 0.5));
        var high = x - k * Ln2High;
        var low = k * Ln2Low;
        var r = high - low;
        var square = r * r;
        var c = r - square * (1.66666666666666019037e-01 + square * (-2.77777777770155933842e-03 + square * (6.61375632143793436117e-05 + square * (-1.65339022054652515390e-06 + square * 4.13813679705723846039e-08))));
        return Scale(1.0 + (r * c / (2.0 - c) - low + high), k);
    }

    /// <summary>x to the power of y for positive x.</summary>
    public static double Pow(double x, double y) => Exp(y * Log(x));

    /// <summary>1 / (1 + e^-x).</summary>
    public static double Sigmoid(double x) => 1.0 / (1.0 + Exp(-x));

    private static double Scale(double y, int k)
    {
        if (k > 1023)
            return y * 8.98846567431158e307 * Power(k - 1023);
        return k < -1022 ? y * Power(k + 54) * 5.551115123125783e-17 : y * Power(k);
    }

    private static double Power(int k) => BitConverter.UInt64BitsToDouble((ulong)(k + 0x3ff) << 52);
}
