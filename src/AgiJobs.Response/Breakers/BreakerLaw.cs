using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Response.Breakers;

/// <summary>How far monitors agree on one finding.</summary>
/// <param name="IsAgreed">Whether enough of them do.</param>
/// <param name="Counted">The testimony that counts, by monitor.</param>
/// <param name="Discounted">What does not, each with the monitor and the reason.</param>
public sealed record Verdict(bool IsAgreed, IReadOnlyList<Testimony> Counted, IReadOnlyList<string> Discounted);

/// <summary>
/// When monitors agree: so many of those that the file names, each with its own signature, found the same thing in the same block by the same rules, and the block is fresh. One that lies stands alone; one that is silent, or
/// says something else, takes nothing away from the others. A pure function.
/// </summary>
public static class BreakerLaw
{
    // A proposer's clock may be so far ahead of this machine's.
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(2);

    /// <summary>Judges the testimony for one finding.</summary>
    /// <param name="file">The network's breakers.</param>
    /// <param name="network">The network's name.</param>
    /// <param name="chain">Its chain.</param>
    /// <param name="notes">What is on file, by the monitor's name.</param>
    /// <param name="now">The time.</param>
    public static Verdict Judge(BreakersFile file, string network, ChainId chain, IReadOnlyDictionary<string, string?> notes, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(notes);
        var (heard, discounted) = (new List<Testimony>(), new List<string>());
        foreach (var (name, note) in notes.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            if (Take(file, network, chain, name, note, now, out var why) is { } testimony)
            {
                heard.Add(testimony);
            }
            else
            {
                discounted.Add($"{name}: {why}");
            }
        }

        // The largest group that says the same; of two of the same size neither is better, and the first stands for the report.
        var groups = heard.GroupBy(one => (one.Occurrence, one.Hash, one.RuleSet)).OrderByDescending(group => group.Count()).ThenBy(group => group.Key.Occurrence, StringComparer.Ordinal).ThenBy(group => group.Key.Hash.ToString(), StringComparer.Ordinal).ThenBy(group => group.Key.RuleSet.ToString(), StringComparer.Ordinal).ToList();
        var counted = groups.Count == 0 ? [] : groups[0].ToList();
        foreach (var other in groups.Skip(1).SelectMany(group => group))
        {
            discounted.Add(other.Hash != counted[0].Hash ? $"{other.Monitor}: its block {other.Block} is {other.Hash}, that of the others {counted[0].Hash}"
                : other.RuleSet != counted[0].RuleSet ? $"{other.Monitor}: it watches by the rules {other.RuleSet}, the others by {counted[0].RuleSet}; apply the same rules everywhere"
                : $"{other.Monitor}: it is about something else");
        }

        discounted.Sort(StringComparer.Ordinal);
        return new Verdict(counted.Count >= file.Agree, counted, discounted);
    }

    private static Testimony? Take(BreakersFile file, string network, ChainId chain, string name, string? note, DateTimeOffset now, out string? why)
    {
        if (file.Monitors.FirstOrDefault(one => string.Equals(one.Name, name, StringComparison.Ordinal))?.Verifier() is not { } key)
        {
            why = "it is none of the monitors of config/breakers.json";
            return null;
        }

        if (note is null || Testimony.Read(note, key, out why) is not { } testimony)
        {
            why = note is null ? "its testimony cannot be read" : Testimony.Read(note, key, out var fault) is null ? fault : null;
            return null;
        }

        why = !string.Equals(testimony.Monitor, name, StringComparison.Ordinal) ? $"it speaks for '{testimony.Monitor}'"
            : !string.Equals(testimony.Network, network, StringComparison.Ordinal) || testimony.ChainId != chain ? $"it is for '{testimony.Network}' on chain {testimony.ChainId}"
            : now - testimony.BlockTime > TimeSpan.FromSeconds(file.FreshSeconds!.Value) ? $"its block is {(now - testimony.BlockTime).TotalSeconds:0} s old, and {file.FreshSeconds} s is the most"
            : testimony.BlockTime - now > Ahead ? $"its block claims a time {(testimony.BlockTime - now).TotalSeconds:0} s ahead of this machine's clock"
            : null;
        return why is null ? testimony : null;
    }
}
