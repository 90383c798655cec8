using AgiJobs.Hgm.Sampling;

namespace AgiJobs.Hgm.Tests.Sampling;

public sealed class ElementaryTests
{
    [Fact]
    public void The_logarithm_is_within_two_units_in_the_last_place_of_the_platforms()
    {
        var random = new Xoshiro256(1, 2, 3, 4);
        for (var i = 0; i < 200_000; i++)
        {
            var x = BitConverter.UInt64BitsToDouble(random.Next() & 0x7fef_ffff_ffff_ffff);
            AssertClose(Math.Log(x), Elementary.Log(x));
        }
    }

    [Fact]
    public void The_exponential_is_within_two_units_in_the_last_place_of_the_platforms()
    {
        var random = new Xoshiro256(1, 2, 3, 4);
        for (var i = 0; i < 200_000; i++)
        {
            var x = -700 + 1400 * random.Uniform();
            AssertClose(Math.Exp(x), Elementary.Exp(x));
        }
    }

    [Fact]
    public void The_ends_of_the_range_are_those_of_the_platform()
    {
        foreach (var x in (double[])[0, -0.0, 1, double.Epsilon, 2.2e-310, double.MaxValue, double.PositiveInfinity, -1, double.NaN])
            Assert.Equal(Math.Log(x), Elementary.Log(x), 1e-12);
        foreach (var x in (double[])[0, 709.78, 709.79, -745.13, -745.14, -720, double.PositiveInfinity, double.NegativeInfinity, double.NaN])
            Assert.Equal(Math.Exp(x), Elementary.Exp(x), Math.Abs(Math.Exp(x)) * 1e-14 is var t && double.IsFinite(t) ? t : 0);
    }

    [Fact]
    public void Every_machine_gives_these_bits()
    {
        var random = new Xoshiro256(1, 2, 3, 4);
        ulong mixed = 0;
        for (var i = 0; i < 10_000; i++)
        {
            var x = random.OpenUniform();
            mixed = mixed * 6364136223846793005 + BitConverter.DoubleToUInt64Bits(Elementary.Log(x));
            mixed = mixed * 6364136223846793005 + BitConverter.DoubleToUInt64Bits(Elementary.Exp(40 * x - 20));
            mixed = mixed * 6364136223846793005 + BitConverter.DoubleToUInt64Bits(random.Normal());
            mixed = mixed * 6364136223846793005 + BitConverter.DoubleToUInt64Bits(BetaSampling.Draw(ref random, 0.5 + 10 * x, 3));
        }

        Assert.Equal("76b8c3186a9faf71", mixed.ToString("x16"));
    }

    [Fact]
    public void The_logarithm_of_one_plus_a_little_keeps_the_little()
    {
        Assert.Equal(1e-20, Elementary.LogOnePlus(1e-20));
        Assert.Equal(9.9999999995e-11, Elementary.LogOnePlus(1e-10), 1e-24);
    }

    private static void AssertClose(double expected, double actual)
    {
        var apart = Math.Abs(BitConverter.DoubleToInt64Bits(expected) - BitConverter.DoubleToInt64Bits(actual));
        Assert.True(apart <= 2, $"{expected:R} and {actual:R} are {apart} apart");
    }
}
