using System.Runtime.CompilerServices;

namespace AgiJobs.Arena.Diversity;

/// <summary>
/// The grid of MAP-Elites: one elite for each cell, the best that was offered. Of equal ones the lower id stays, so that the order of offers does not matter. Source: Mouret and Clune, "Illuminating search spaces by
/// mapping elites" (2015). An offer allocates nothing. Not safe for several threads.
/// </summary>
public sealed class EliteGrid
{
    private long[] _fitness;
    private long[] _ids;
    private int[] _visits;

    /// <summary>An empty grid.</summary>
    public EliteGrid(int cells)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cells);
        (_fitness, _ids, _visits) = (new long[cells], new long[cells], new int[cells]);
    }

    /// <summary>How many cells there are.</summary>
    public int Cells => _visits.Length;

    /// <summary>How many have an elite.</summary>
    public int Filled { get; private set; }

    /// <summary>The QD-score: the sum of the elites' fitness.</summary>
    public long Score { get; private set; }

    /// <summary>Offers a candidate.</summary>
    /// <param name="cell">The cell that its behaviour falls into.</param>
    /// <param name="fitness">How good it is, 0 or more.</param>
    /// <param name="id">What tells it from others.</param>
    /// <returns>True when it is the cell's elite now and was not before.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Offer(int cell, long fitness, long id)
    {
        ref var visits = ref _visits[cell];
        ref var best = ref _fitness[cell];
        ref var holder = ref _ids[cell];
        if (visits++ == 0)
        {
            Filled++;
        }
        else if (fitness < best || (fitness == best && id >= holder))
        {
            return false;
        }

        Score += fitness - best;
        (best, holder) = (fitness, id);
        return true;
    }

    /// <summary>How often a cell was offered something.</summary>
    public int Visits(int cell) => _visits[cell];

    /// <summary>The fitness of a cell's elite, 0 when it has none.</summary>
    public long Fitness(int cell) => _fitness[cell];

    /// <summary>The id of a cell's elite; without meaning when it has none.</summary>
    public long Id(int cell) => _ids[cell];

    /// <summary>Adds empty cells until there are as many as asked.</summary>
    public void Grow(int cells)
    {
        if (cells > _visits.Length)
        {
            Array.Resize(ref _fitness, cells);
            Array.Resize(ref _ids, cells);
            Array.Resize(ref _visits, cells);
        }
    }
}
