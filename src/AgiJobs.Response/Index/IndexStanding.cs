using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Control.Description;
using AgiJobs.Response.Watching;
using AgiJobs.Storage;

namespace AgiJobs.Response.Index;

/// <summary>How far the index of a network goes, and why what is found in it may not be all.</summary>
/// <param name="Monitor">Who keeps it; null when nobody ever did.</param>
/// <param name="Track">Its cursor; null when there is no index.</param>
/// <param name="Problems">Why an answer may be incomplete, old or decoded otherwise than today, in words; empty when it is whole as of the newest block that was seen.</param>
public sealed record IndexStanding(MonitorStanding? Monitor, TrackStanding? Track, IReadOnlyList<string> Problems)
{
    /// <summary>Reads it.</summary>
    /// <param name="store">The state.</param>
    /// <param name="network">The network's name.</param>
    /// <param name="protocol">The protocol as it is today.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="StorageException">The state cannot be read.</exception>
    public static async Task<IndexStanding> ReadAsync(IStateStore store, string network, Protocol protocol, DateTimeOffset now, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        var document = await store.GetAsync(new MonitorPlaces(network, EventIndex.Monitor).Monitors, EventIndex.Monitor, cancellation).ConfigureAwait(false);
        if (document is null || MonitorStanding.Read(document) is not { Tracks: [var track, ..] } standing)
        {
            return new IndexStanding(document is null ? null : MonitorStanding.Read(document), null, ["there is no index yet"]);
        }

        var problems = new List<string>();
        if (track.Next == 0 || (standing.Head is { } head && head.Number >= track.Next))
        {
            problems.Add(string.Create(CultureInfo.InvariantCulture, $"{(standing.Head?.Number ?? 0) + 1 - track.Next} blocks are missing at its end"));
        }

        if (track.Fill is { } fill)
        {
            problems.Add($"the blocks {fill.From} to {fill.To} are being filled in, at {fill.Next}");
        }

        if (standing.Blind is { } blind)
        {
            problems.Add($"its node cannot be read since {Moment(blind.Since)}: {blind.Why}");
        }

        if (standing is { IsStale: true, HeadTime: { } time })
        {
            problems.Add($"its node shows no block after that of {Moment(time)}");
        }

        if (standing.WhySilent(now) is not null)
        {
            problems.Add(standing.At > now ? $"it was kept last at {Moment(standing.At)}, which is ahead of this machine's clock: how old it is cannot be told" : $"nobody has kept it since {Moment(standing.At)}: what came later is not in it");
        }

        try
        {
            var ranges = (await CoverageReport.ReadAsync(store, standing, null, cancellation).ConfigureAwait(false)).Tracks[0].Ranges.Select(proven => proven.Range).ToList();
            var today = EventIndex.DigestOf(protocol);
            problems.AddRange(ranges.Where(range => range.RuleSet != today).Select(range => $"the blocks {range.From} to {range.To} are as the modules and ABIs were before they changed: agijobs index rebuild"));
            if (ranges.TrueForAll(range => range.RuleSet == today) && !string.Equals(track.RuleSet, today.ToString(), StringComparison.Ordinal))
            {
                problems.Add("it is kept by other modules and ABIs than today's: agijobs index rebuild");
            }

            if (track.Next > track.From && track.Fill is null)
            {
                problems.AddRange(CoverageRange.Holes(ranges, track.From, track.Next - 1).Select(hole => $"the blocks {hole.From} to {hole.To} are not in it: agijobs index rebuild"));
            }
        }
        catch (ControlException damaged)
        {
            problems.Add($"which blocks are in it cannot be read: {damaged.Message}");
        }

        return new IndexStanding(standing, track, problems);
    }

    private static string Moment(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
