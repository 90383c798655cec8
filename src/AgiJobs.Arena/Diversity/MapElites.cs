using System.Numerics;

namespace AgiJobs.Arena.Diversity;

/// <summary>What MAP-Elites searches: how good a genotype is and how it behaves. A struct, so that its code is compiled into the loop.</summary>
public interface IEliteDomain
{
    /// <summary>How many numbers from 0 to 1 a genotype has.</summary>
    int Genes { get; }

    /// <summary>How many cells behaviour is told apart by.</summary>
    int Cells { get; }

    /// <summary>Evaluates a genotype.</summary>
    /// <param name="genes">The numbers.</param>
    /// <param name="cell">The cell that its behaviour falls into.</param>
    /// <returns>Its fitness, 0 or more, in millionths.</returns>
    long Evaluate(ReadOnlySpan<double> genes, out int cell);
}

/// <summary>
/// MAP-Elites: random genotypes first, then children of elites by the Iso+LineDD variation (Vassiliades and Mouret, "Discovering the elite hypervolume by leveraging interspecies correlation", 2018):
/// x + 0.01 N + 0.2 N (y - x). The same seed gives the same archive. Allocates nothing after its construction. Not safe for several threads.
/// </summary>
public sealed class MapElites<TDomain>
    where TDomain : struct, IEliteDomain
{
    private const double Isotropic = 0.01;
    private const double Line = 0.2;

    private readonly double[] _genes;
    private readonly double[] _child;
    private readonly int[] _filled;
    private readonly int _start;
    private readonly TDomain _domain;
    private ulong _a;
    private ulong _b;
    private double _spare = double.NaN;
    private long _evaluations;

    /// <summary>Makes an empty archive.</summary>
    /// <param name="domain">What is searched.</param>
    /// <param name="seed">Which of the searches.</param>
    /// <param name="start">How many random genotypes come first.</param>
    public MapElites(TDomain domain, ulong seed, int start = 1000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(start, 1);
        (_domain, _start) = (domain, start);
        Grid = new EliteGrid(domain.Cells);
        _genes = new double[domain.Cells * domain.Genes];
        _child = new double[domain.Genes];
        _filled = new int[domain.Cells];
        // SplitMix64, so that near seeds are far apart.
        (_a, _b) = (Split(ref seed), Split(ref seed));
    }

    /// <summary>The archive.</summary>
    public EliteGrid Grid { get; }

    /// <summary>The genotype of a cell's elite.</summary>
    public ReadOnlySpan<double> Genes(int cell) => _genes.AsSpan(cell * _child.Length, _child.Length);

    /// <summary>Evaluates a number of genotypes.</summary>
    public void Run(long evaluations)
    {
        for (var end = _evaluations + evaluations; _evaluations < end; _evaluations++)
        {
            if (_evaluations < _start || Grid.Filled == 0)
            {
                foreach (ref var gene in _child.AsSpan())
                {
                    gene = Uniform();
                }
            }
            else
            {
                var parent = Genes(_filled[Below(Grid.Filled)]);
                var other = Genes(_filled[Below(Grid.Filled)]);
                var along = Line * Normal();
                for (var i = 0; i < _child.Length; i++)
                {
                    _child[i] = Math.Clamp(parent[i] + (Isotropic * Normal()) + (along * (other[i] - parent[i])), 0, 1);
                }
            }

            var fitness = _domain.Evaluate(_child, out var cell);
            var filled = Grid.Filled;
            if (Grid.Offer(cell, fitness, _evaluations))
            {
                _child.CopyTo(_genes.AsSpan(cell * _child.Length));
                if (Grid.Filled > filled)
                {
                    _filled[filled] = cell;
                }
            }
        }
    }

    private static ulong Split(ref ulong state)
    {
        var z = state += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    // xoroshiro128+ (Blackman and Vigna).
    private ulong Bits()
    {
        var (a, b) = (_a, _b);
        var sum = a + b;
        b ^= a;
        (_a, _b) = (BitOperations.RotateLeft(a, 24) ^ b ^ (b << 16), BitOperations.RotateLeft(b, 37));
        return sum;
    }

    private double Uniform() => (Bits() >> 11) * (1.0 / (1UL << 53));

    private int Below(int count) => (int)Math.BigMul(Bits(), (ulong)count, out _);

    // Marsaglia's polar method, whose second number is kept.
    private double Normal()
    {
        if (!double.IsNaN(_spare))
        {
            var kept = _spare;
            _spare = double.NaN;
            return kept;
        }

        while (true)
        {
            var (u, v) = ((2 * Uniform()) - 1, (2 * Uniform()) - 1);
            var s = (u * u) + (v * v);
            if (s is > 0 and < 1)
            {
                var factor = Math.Sqrt(-2 * Ratings.PortableMath.Log(s) / s);
                _spare = v * factor;
                return u * factor;
            }
        }
    }
}
