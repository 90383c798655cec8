using System.Buffers;
using AgiJobs.Hgm.Sampling;

namespace AgiJobs.Hgm.Policies;

/// <summary>
/// Thompson sampling where many agents have the same counts. Agents with the same (successes, failures) have the same posterior, so that one draw stands for all of them: the highest of n
/// independent draws is the quantile of U^(1/n), and which of the n drew it is uniform. The choice has the same distribution as with one draw for each agent; the draws, which cost
/// most, grow with the distinct pairs and no more with the agents, over which a pass of whole numbers remains.
/// </summary>
internal static class GroupedThompson
{
    // Up to here, n draws are cheaper than one quantile.
    private const int DrawnOneByOne = 64;

    /// <summary>The chosen agent; -1 when none is eligible.</summary>
    /// <param name="random">The decision's stream.</param>
    /// <param name="eligible">Whether each agent may be chosen.</param>
    /// <param name="successes">n_s of each agent.</param>
    /// <param name="failures">n_f of each agent.</param>
    /// <param name="temperature">τ.</param>
    /// <param name="prior">What is added to both counts.</param>
    public static int Choose(ref Xoshiro256 random, ReadOnlySpan<bool> eligible, ReadOnlySpan<int> successes, ReadOnlySpan<int> failures, double temperature, double prior)
    {
        var size = 16;
        while (size < 2 * eligible.Length)
            size *= 2;
        var slots = ArrayPool<int>.Shared.Rent(size);
        var firsts = ArrayPool<int>.Shared.Rent(eligible.Length);
        var counts = ArrayPool<int>.Shared.Rent(eligible.Length);
        var groups = ArrayPool<int>.Shared.Rent(eligible.Length);
        try
        {
            // Groups are numbered in the order of their first agent, so that nothing depends on the hash.
            slots.AsSpan(0, size).Fill(-1);
            var distinct = 0;
            for (var agent = 0; agent < eligible.Length; agent++)
            {
                if (!eligible[agent])
                    continue;
                var slot = (int)(((ulong)(uint)successes[agent] << 32 | (uint)failures[agent]) * 0x9e3779b97f4a7c15 >> 40) & (size - 1);
                while (slots[slot] >= 0 && (successes[firsts[slots[slot]]] != successes[agent] || failures[firsts[slots[slot]]] != failures[agent]))
                    slot = (slot + 1) & (size - 1);
                if (slots[slot] < 0)
                {
                    slots[slot] = distinct;
                    firsts[distinct] = agent;
                    counts[distinct++] = 0;
                }

                groups[agent] = slots[slot];
                counts[slots[slot]]++;
            }

            var (best, highest) = (-1, -1.0);
            for (var group = 0; group < distinct; group++)
            {
                var draw = Highest(ref random, counts[group], temperature * (prior + successes[firsts[group]]), temperature * (prior + failures[firsts[group]]));
                if (draw > highest)
                    (best, highest) = (group, draw);
            }

            if (best < 0)
                return -1;
            var rank = random.Below(counts[best]);
            for (var agent = firsts[best]; ; agent++)
            {
                if (eligible[agent] && groups[agent] == best && rank-- == 0)
                    return agent;
            }
        }
        finally
        {
            ArrayPool<int>.Shared.Return(slots);
            ArrayPool<int>.Shared.Return(firsts);
            ArrayPool<int>.Shared.Return(counts);
            ArrayPool<int>.Shared.Return(groups);
        }
    }

    private static double Highest(ref Xoshiro256 random, int count, double a, double b)
    {
        if (count > DrawnOneByOne)
            return BetaDistribution.Quantile(Elementary.Exp(Elementary.Log(random.OpenUniform()) / count), a, b);
        var highest = -1.0;
        for (var i = 0; i < count; i++)
            highest = Math.Max(highest, BetaSampling.Draw(ref random, a, b));
        return highest;
    }
}
