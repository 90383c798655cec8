using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Ethereum;

namespace AgiJobs.Response.Watching;

/// <summary>
/// Blocks that one monitor examined by one set of rules, without a gap: what the monitor signs. Who knows the chain can hold the two hashes against it, and the digest against the rules.
/// </summary>
/// <param name="Network">The network's name.</param>
/// <param name="ChainId">Its chain.</param>
/// <param name="Monitor">The monitor's name.</param>
/// <param name="Track">Which of its sets: <c>depth-12</c>.</param>
/// <param name="RuleSet">The digest of the rules.</param>
/// <param name="From">The first block.</param>
/// <param name="To">The last block.</param>
/// <param name="Parent">The hash of the block before the first; zero when it was not known.</param>
/// <param name="Hash">The hash of the last.</param>
public sealed record CoverageRange(string Network, ChainId ChainId, string Monitor, string Track, Bytes32 RuleSet, ulong From, ulong To, Bytes32 Parent, Bytes32 Hash)
{
    private const string Format = "agijobs-coverage/1";
    private const string Unread = "views unread";

    /// <summary>True when the views of these blocks are unknown, because the node refused them: what they log was examined, what their state is was not.</summary>
    public bool IsUnread { get; init; }

    /// <summary>The text that is signed.</summary>
    public string ToText() => string.Create(CultureInfo.InvariantCulture, $"{Format}\n{Network} {ChainId}\n{Monitor} {Track}\n{RuleSet}\n{From} {To}\n{Parent} {Hash}\n{(IsUnread ? $"{Unread}\n" : "")}");

    /// <summary>Reads the text.</summary>
    /// <exception cref="ControlException"><c>coverage-format</c> (exit 6).</exception>
    public static CoverageRange Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            if (text.Split('\n') is [Format, var place, var who, var rules, var blocks, var hashes, .. var rest] && rest is [""] or [Unread, ""]
                && place.Split(' ') is [var network, var chain] && who.Split(' ') is [var monitor, var track] && blocks.Split(' ') is [var from, var to] && hashes.Split(' ') is [var parent, var hash])
            {
                var range = new CoverageRange(network, new ChainId(ulong.Parse(chain, NumberStyles.None, CultureInfo.InvariantCulture)), monitor, track, Bytes32.Parse(rules), ulong.Parse(from, NumberStyles.None, CultureInfo.InvariantCulture), ulong.Parse(to, NumberStyles.None, CultureInfo.InvariantCulture), Bytes32.Parse(parent), Bytes32.Parse(hash)) { IsUnread = rest.Length > 1 };
                if (string.Equals(range.ToText(), text, StringComparison.Ordinal) && range.From <= range.To)
                {
                    return range;
                }
            }
        }
        catch (Exception problem) when (problem is FormatException or OverflowException or EthereumException)
        {
            throw Malformed(problem);
        }

        throw Malformed(null);
    }

    /// <summary>Whether another one goes on exactly where this one ends, by the same rules, on the same branch, and as whole.</summary>
    public bool GoesOnIn(CoverageRange later)
    {
        ArgumentNullException.ThrowIfNull(later);
        return later.From == To + 1 && later.RuleSet == RuleSet && later.IsUnread == IsUnread && string.Equals(later.Track, Track, StringComparison.Ordinal) && later.Parent == Hash;
    }

    /// <summary>The blocks of a stretch that none of the ranges has, in order.</summary>
    public static IReadOnlyList<(ulong From, ulong To)> Holes(IEnumerable<CoverageRange> ranges, ulong from, ulong to)
    {
        var holes = new List<(ulong, ulong)>();
        var next = from;
        foreach (var range in ranges.OrderBy(range => range.From))
        {
            if (next > to || range.From > to)
            {
                break;
            }

            if (range.From > next)
            {
                holes.Add((next, range.From - 1));
            }

            next = Math.Max(next, range.To + 1);
        }

        if (next <= to)
        {
            holes.Add((next, to));
        }

        return holes;
    }

    private static ControlException Malformed(Exception? inner) => new("coverage-format", ExitCode.Mismatch, "A coverage range cannot be read.", "Restore the state from a backup; what is not proven to be examined is to be examined again.", inner);
}
