namespace AgiJobs.Arena.Scoreboard;

/// <summary>
/// Rounds that were taken into account, so that none counts twice: the numbers as ascending ranges that neither touch nor overlap, since rounds may end in another order than they began. Immutable.
/// </summary>
/// <param name="Ranges">The ranges.</param>
public sealed record RoundSet(IReadOnlyList<RoundRange> Ranges)
{
    /// <summary>No round.</summary>
    public static RoundSet Empty { get; } = new([]);

    /// <summary>How many there are.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public long Count => Ranges.Sum(range => range.To - range.From + 1);

    /// <summary>Whether a round is among them.</summary>
    public bool Contains(long round) => Find(round) >= 0;

    /// <summary>These and one more.</summary>
    public RoundSet With(long round)
    {
        var at = Find(round);
        if (at >= 0)
        {
            return this;
        }

        at = ~at;
        var joinsBefore = at > 0 && Ranges[at - 1].To == round - 1;
        var joinsAfter = at < Ranges.Count && Ranges[at].From == round + 1;
        var joined = new RoundRange(joinsBefore ? Ranges[at - 1].From : round, joinsAfter ? Ranges[at].To : round);
        return new RoundSet([.. Ranges.Take(joinsBefore ? at - 1 : at), joined, .. Ranges.Skip(joinsAfter ? at + 1 : at)]);
    }

    /// <inheritdoc/>
    public bool Equals(RoundSet? other) => other is not null && Ranges.SequenceEqual(other.Ranges);

    /// <inheritdoc/>
    public override int GetHashCode() => Ranges.Count == 0 ? 0 : HashCode.Combine(Ranges.Count, Ranges[^1]);

    // The range that holds it, or the complement of where one would go.
    private int Find(long round)
    {
        var (low, high) = (0, Ranges.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (Ranges[middle].From > round)
            {
                high = middle - 1;
            }
            else if (Ranges[middle].To < round)
            {
                low = middle + 1;
            }
            else
            {
                return middle;
            }
        }

        return ~low;
    }
}

/// <summary>Rounds from one to another, both included.</summary>
/// <param name="From">The first.</param>
/// <param name="To">The last.</param>
public readonly record struct RoundRange(long From, long To);
