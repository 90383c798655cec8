using AgiJobs.Arena.Scoreboard;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Culture;

/// <summary>What an agent did in a period.</summary>
/// <param name="Account">Who.</param>
/// <param name="Wins">Rounds won.</param>
/// <param name="Slashes">Slashes that stand.</param>
public sealed record CultureEntry(Address Account, long Wins, long Slashes)
{
    /// <summary>Counts rounds and slashes of a period, by when each happened. A slash that was reversed, whenever that was, does not count. What comes twice counts once.</summary>
    public static IReadOnlyList<CultureEntry> Of(IEnumerable<EndedRound> rounds, IEnumerable<SlashRecord> slashes, IEnumerable<SlashReversal> reversals, CulturePeriod period)
    {
        ArgumentNullException.ThrowIfNull(rounds);
        ArgumentNullException.ThrowIfNull(slashes);
        ArgumentNullException.ThrowIfNull(period);
        // The scoreboard's own rules say who won.
        var projection = new ScoreboardProjection();
        foreach (var round in rounds.Where(round => period.Contains(round.EndedAt)))
        {
            projection.Add(round);
        }

        foreach (var slash in slashes.Where(slash => period.Contains(slash.At)))
        {
            projection.Add(slash);
        }

        foreach (var reversal in reversals)
        {
            projection.Add(reversal);
        }

        return [.. projection.Entries().Select(pair => new CultureEntry(pair.Key, pair.Value.Wins, pair.Value.Slashes)).OrderBy(entry => entry.Account)];
    }
}

/// <summary>How slashes count against rewards.</summary>
/// <param name="WinsPerSlash">How many wins a slash takes away; 0 leaves slashes out of account.</param>
/// <param name="ExcludesSlashed">Whether whoever has a slash that stands gets nothing.</param>
public sealed record CulturePolicy(long WinsPerSlash = 1, bool ExcludesSlashed = false)
{
    /// <summary>The wins that count.</summary>
    public long Score(CultureEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return ExcludesSlashed && entry.Slashes > 0 ? 0 : (long)Int128.Clamp(entry.Wins - ((Int128)entry.Slashes * WinsPerSlash), 0, long.MaxValue);
    }
}
