using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Response.Detectors;
using AgiJobs.Storage;

namespace AgiJobs.Response.Watching;

/// <summary>
/// What keeps something of every block beside what the detectors find, such as the index. What it writes is committed with the cursor; writing a block twice leaves what writing it once leaves.
/// </summary>
public interface IBlockRecord
{
    /// <summary>What is written of a block.</summary>
    IReadOnlyList<DocumentWrite> WritesOf(WatchedBlock block);

    /// <summary>What takes back everything of the blocks from one on.</summary>
    /// <exception cref="StorageException">The state cannot be read.</exception>
    Task<IReadOnlyList<DocumentWrite>> WithdrawnAsync(ulong from, CancellationToken cancellation);
}

/// <summary>One set that a monitor follows the chain for, with a cursor of its own.</summary>
/// <param name="Name">Its name in the state: <c>depth-12</c>.</param>
/// <param name="Set">The set.</param>
/// <param name="Record">What else is kept of its blocks; null for nothing.</param>
public sealed record WatchTrack(string Name, IDetectorSet Set, IBlockRecord? Record = null)
{
    /// <summary>One track for each set.</summary>
    /// <exception cref="ControlException"><c>monitor-sets</c> when two sets have one depth, or their digests differ.</exception>
    public static IReadOnlyList<WatchTrack> Of(IReadOnlyList<IDetectorSet> sets)
    {
        ArgumentNullException.ThrowIfNull(sets);
        return sets.Select(set => set.Confirmations).Distinct().Count() == sets.Count && sets.Select(set => set.Digest).Distinct().Count() <= 1 && sets.All(set => set.Confirmations >= 0)
            ? [.. sets.OrderBy(set => set.Confirmations).Select(set => new WatchTrack(string.Create(CultureInfo.InvariantCulture, $"depth-{set.Confirmations}"), set))]
            : throw new ControlException("monitor-sets", ExitCode.BadInput, "Two detector sets have the same confirmation depth, a depth below 0, or other digests.", "Compile the rules of one network into one set for each depth.");
    }
}
