using AgiJobs.Control;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Storage;

namespace AgiJobs.Response.Watching;

/// <summary>A range as it is kept, and whether its signature holds.</summary>
/// <param name="Range">The range.</param>
/// <param name="Signature"><c>good</c>, <c>bad</c> or <c>none</c>.</param>
public sealed record ProvenRange(CoverageRange Range, string Signature);

/// <summary>What one set of a monitor has proven.</summary>
/// <param name="Standing">How it stands.</param>
/// <param name="Ranges">The ranges, in order.</param>
/// <param name="Holes">Blocks that were to be examined and are in no range with a good signature.</param>
public sealed record TrackCoverage(TrackStanding Standing, IReadOnlyList<ProvenRange> Ranges, IReadOnlyList<(ulong From, ulong To)> Holes);

/// <summary>What a monitor can prove of the blocks that it examined: the ranges, their signatures, and what is missing.</summary>
/// <param name="Standing">How the monitor stands.</param>
/// <param name="Tracks">Its sets.</param>
/// <param name="IsOwnKey">Whether the signing key is the one of this user's configuration folder; null when none is there.</param>
public sealed record CoverageReport(MonitorStanding Standing, IReadOnlyList<TrackCoverage> Tracks, bool? IsOwnKey)
{
    /// <summary>Whether everything that was to be examined is proven to be, views included.</summary>
    public bool IsWhole => IsOwnKey != false && Tracks.All(track => track.Holes.Count == 0 && track.Ranges.All(range => range is { Signature: "good", Range.IsUnread: false }));

    /// <summary>Reads and verifies what a monitor proves.</summary>
    /// <param name="store">The state.</param>
    /// <param name="standing">The monitor.</param>
    /// <param name="known">The monitor's key as it is known from elsewhere, such as the configuration folder; null when it is not.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="StorageException">The state cannot be read.</exception>
    /// <exception cref="ControlException"><c>coverage-format</c>, <c>note-format</c>, <c>verifier-key</c>.</exception>
    public static async Task<CoverageReport> ReadAsync(IStateStore store, MonitorStanding standing, VerifierKey? known, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(standing);
        var key = standing.Key is { } text ? VerifierKey.Parse(text) : null;
        var documents = await store.ListAsync(new MonitorPlaces(standing.Network, standing.Monitor).Coverage, cancellationToken: cancellation).ConfigureAwait(false);
        var ranges = documents.Select(document => Proven(document.Read(WatchJson.Default.CoverageDocument).Note, known ?? key, standing)).ToList();
        return new CoverageReport(
            standing,
            [.. standing.Tracks.Select(track =>
            {
                var own = ranges.Where(range => string.Equals(range.Range.Track, track.Name, StringComparison.Ordinal)).OrderBy(range => range.Range.From).ToList();
                return new TrackCoverage(track, own, track.Next == 0 || track.Next <= track.From ? [] : CoverageRange.Holes(own.Where(range => range.Signature == "good").Select(range => range.Range), track.From, track.Next - 1));
            })],
            known is null ? null : key is not null && string.Equals(known.ToString(), key.ToString(), StringComparison.Ordinal));
    }

    private static ProvenRange Proven(string note, VerifierKey? key, MonitorStanding standing)
    {
        var range = CoverageRange.Parse(ChainMonitor.TextOf(note));
        var isOfIt = string.Equals(range.Monitor, standing.Monitor, StringComparison.Ordinal) && string.Equals(range.Network, standing.Network, StringComparison.Ordinal) && range.ChainId.Value == standing.ChainId;
        return new ProvenRange(range, !note.Contains("\n\n", StringComparison.Ordinal) ? "none" : isOfIt && key?.HasSigned(SignedNote.Parse(System.Text.Encoding.UTF8.GetBytes(note))) == true ? "good" : "bad");
    }
}
