using System.Globalization;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Evidence.Log;

/// <summary>A log's tree computed anew from its entries, and compared with every tile on the disk.</summary>
/// <param name="Root">The root that the entries give; null when entries are missing.</param>
/// <param name="Findings">Each difference.</param>
public sealed record LogTreeCheck(Bytes32? Root, IReadOnlyList<AuditFinding> Findings)
{
    private const int MaxFindings = 20;

    /// <summary>Reads every entry and every tile of the first <paramref name="size"/> entries. Uses all processors.</summary>
    public static LogTreeCheck Run(LogFolder log, long size)
    {
        var findings = new List<AuditFinding>();
        var bundles = (size + TilePath.Width - 1) / TilePath.Width;
        var whole = size / TilePath.Width;
        var above = new byte[whole * Merkle.Size];
        var edge = Array.Empty<byte>();
        var isComplete = true;
        _ = Parallel.For(
            0L,
            bundles,
            () => (Leaves: new byte[TilePath.Width * Merkle.Size], Log: new LogFolder(log.Path)),
            (bundle, _, local) =>
            {
                try
                {
                    var count = (int)Math.Min(TilePath.Width, size - (bundle * TilePath.Width));
                    var entries = local.Log.Bundle(bundle, count);
                    var leaves = local.Leaves.AsSpan(0, count * Merkle.Size);
                    for (var i = 0; i < count; i++)
                    {
                        Merkle.Leaf(entries[i].Span, leaves.Slice(i * Merkle.Size, Merkle.Size));
                    }

                    Compare(local.Log, 0, bundle, leaves, Add);
                    if (count == TilePath.Width)
                    {
                        Merkle.Fold(leaves, above.AsSpan((int)bundle * Merkle.Size, Merkle.Size));
                    }
                    else
                    {
                        edge = leaves.ToArray();
                    }
                }
                catch (ControlException problem)
                {
                    Volatile.Write(ref isComplete, false);
                    Add(AuditFinding.Of(problem));
                }

                return local;
            },
            _ => { });
        if (!isComplete)
        {
            return Made(null);
        }

        var computed = new Computed();
        computed.Edges.Add(edge);
        for (var level = 1; above.Length > 0; level++)
        {
            var count = above.Length / Merkle.Size;
            var next = new byte[count / TilePath.Width * Merkle.Size];
            for (var tile = 0; tile * TilePath.Width < count; tile++)
            {
                var hashes = above.AsSpan(tile * TilePath.Width * Merkle.Size, Math.Min(TilePath.Width, count - (tile * TilePath.Width)) * Merkle.Size);
                Compare(log, level, tile, hashes, Add);
                if (hashes.Length == TilePath.Width * Merkle.Size)
                {
                    Merkle.Fold(hashes, next.AsSpan(tile * Merkle.Size, Merkle.Size));
                }
            }

            computed.Edges.Add(above[(count / TilePath.Width * TilePath.Width * Merkle.Size)..]);
            above = next;
        }

        return Made(new TileTree(computed, size).Root(size));

        LogTreeCheck Made(Bytes32? root) => new(root, [.. findings.OrderBy(finding => finding.Message, StringComparer.Ordinal).Take(MaxFindings)]);

        void Add(AuditFinding finding)
        {
            lock (findings)
            {
                findings.Add(finding);
            }
        }
    }

    private static void Compare(LogFolder log, int level, long index, ReadOnlySpan<byte> computed, Action<AuditFinding> add)
    {
        try
        {
            var tile = log.Load(level, index, computed.Length / Merkle.Size).Span[..computed.Length];
            if (tile.SequenceEqual(computed))
            {
                return;
            }

            for (var i = 0; i < computed.Length / Merkle.Size; i++)
            {
                if (!tile.Slice(i * Merkle.Size, Merkle.Size).SequenceEqual(computed.Slice(i * Merkle.Size, Merkle.Size)))
                {
                    var number = (index * TilePath.Width) + i;
                    add(new AuditFinding("log-edited", ExitCode.Mismatch, level == 0
                        ? string.Create(CultureInfo.InvariantCulture, $"{log.Origin}: entry {number} is not the one whose hash the tree has: it was altered, or entries were moved.")
                        : string.Create(CultureInfo.InvariantCulture, $"{log.Origin}: the tile {TilePath.Of(level, index)} has another hash at place {i} than the entries below it give.")));
                }
            }
        }
        catch (ControlException problem)
        {
            add(AuditFinding.Of(problem));
        }
    }

    // Only the right edges are needed for the root: all else is in the level above.
    private sealed class Computed : ITileSource
    {
        public List<byte[]> Edges { get; } = [];

        public ReadOnlyMemory<byte> Tile(int level, long index, int width) => Edges[level].AsMemory(0, width * Merkle.Size);
    }
}
