using System.Numerics;

namespace AgiJobs.Hgm.Sampling;

/// <summary>
/// xoshiro256** 1.0 of Blackman and Vigna, its state filled by SplitMix64 (prng.di.unimi.it). A stream is addressed by seed, purpose and index and not carried from draw to draw: what
/// decision 57 of a run draws follows from the run's seed and the number 57, and a run that was cut needs no state of a generator to go on. A mutable value: pass it by reference.
/// </summary>
public struct Xoshiro256
{
    private ulong _s0;
    private ulong _s1;
    private ulong _s2;
    private ulong _s3;
    private double _spare;
    private bool _hasSpare;

    /// <summary>The generator with exactly this state, of which not all words may be zero.</summary>
    public Xoshiro256(ulong s0, ulong s1, ulong s2, ulong s3)
    {
        (_s0, _s1, _s2, _s3) = (s0, s1, s2, s3);
    }

    /// <summary>The stream of a purpose and an index under a seed.</summary>
    /// <param name="seed">Of the run or of the study.</param>
    /// <param name="purpose">What the draws are for; streams of different purposes have nothing in common.</param>
    /// <param name="index">Which one of that purpose.</param>
    public static Xoshiro256 Of(ulong seed, RandomPurpose purpose, ulong index)
    {
        var state = Address(seed, purpose, index);
        return new Xoshiro256(SplitMix(ref state), SplitMix(ref state), SplitMix(ref state), SplitMix(ref state));
    }

    /// <summary>A seed of its own for what happens outside the engine: the same for the same address.</summary>
    public static ulong SeedOf(ulong seed, RandomPurpose purpose, ulong index)
    {
        var state = Address(seed, purpose, index);
        return SplitMix(ref state);
    }

    /// <summary>The next output of SplitMix64.</summary>
    internal static ulong SplitMix(ref ulong state)
    {
        state += 0x9e3779b97f4a7c15;
        var z = state;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    /// <summary>The next 64 bits.</summary>
    public ulong Next()
    {
        var result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        var shifted = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= shifted;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>Uniform on the multiples of 2^-53 from 0 inclusive to 1 exclusive.</summary>
    public double Uniform() => (Next() >> 11) * (1.0 / 9007199254740992.0);

    /// <summary>Uniform on the odd multiples of 2^-54, so that neither 0 nor 1 comes and the logarithm is finite.</summary>
    public double OpenUniform() => ((Next() >> 11) + 0.5) * (1.0 / 9007199254740992.0);

    /// <summary>Uniform from 0 to <paramref name="bound"/> - 1, without bias (multiplication with rejection, Lemire 2019).</summary>
    public int Below(int bound)
    {
        var range = (uint)bound;
        var product = (Next() >> 32) * range;
        if ((uint)product < range)
        {
            var least = unchecked(0 - range) % range;
            while ((uint)product < least)
                product = (Next() >> 32) * range;
        }

        return (int)(product >> 32);
    }

    /// <summary>Standard normal, by the polar method of Marsaglia (1964).</summary>
    public double Normal()
    {
        if (_hasSpare)
        {
            _hasSpare = false;
            return _spare;
        }

        double u, v, s;
        do
        {
            u = 2.0 * Uniform() - 1.0;
            v = 2.0 * Uniform() - 1.0;
            s = u * u + v * v;
        }
        while (s is >= 1.0 or 0.0);
        var factor = Math.Sqrt(-2.0 * Elementary.Log(s) / s);
        _spare = v * factor;
        _hasSpare = true;
        return u * factor;
    }

    private static ulong Address(ulong seed, RandomPurpose purpose, ulong index)
    {
        var state = seed;
        var address = SplitMix(ref state) ^ (ulong)purpose;
        address = SplitMix(ref address) ^ index;
        return SplitMix(ref address);
    }
}
