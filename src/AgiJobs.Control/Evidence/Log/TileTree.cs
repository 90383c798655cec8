using System.Numerics;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Evidence.Log;

/// <summary>Gives the tiles of a tree.</summary>
public interface ITileSource
{
    /// <summary>The first <paramref name="width"/> hashes of a tile.</summary>
    /// <exception cref="ControlException"><c>log-tile</c> (exit 6) when the tile is missing or has another length.</exception>
    ReadOnlyMemory<byte> Tile(int level, long index, int width);
}

/// <summary>Roots and proofs of a tree that is kept in tiles, from the tiles alone.</summary>
/// <param name="tiles">Where they are.</param>
/// <param name="size">How many entries the tree has.</param>
public sealed class TileTree(ITileSource tiles, long size)
{
    /// <summary>How many entries the tree has.</summary>
    public long Size => size;

    /// <summary>The root of the tree as it was with its first <paramref name="count"/> entries.</summary>
    /// <exception cref="ControlException"><c>log-tile</c> (exit 6).</exception>
    public Bytes32 Root(long count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, size);
        return count == 0 ? Merkle.EmptyRoot : Range(0, count);
    }

    /// <summary>The proof that the entry at an index is in the tree of the first <paramref name="count"/> entries, from the leaf's sibling up.</summary>
    /// <exception cref="ControlException"><c>log-tile</c> (exit 6).</exception>
    public IReadOnlyList<Bytes32> Inclusion(long index, long count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, size);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, count);
        var proof = new List<Bytes32>();
        var (start, end) = (0L, count);
        while (end - start > 1)
        {
            var middle = start + Merkle.Split(end - start);
            if (index < middle)
            {
                proof.Add(Range(middle, end));
                end = middle;
            }
            else
            {
                proof.Add(Range(start, middle));
                start = middle;
            }
        }

        proof.Reverse();
        return proof;
    }

    /// <summary>The proof that the tree of <paramref name="count"/> entries begins with all of the tree of <paramref name="older"/>.</summary>
    /// <exception cref="ControlException"><c>log-tile</c> (exit 6).</exception>
    public IReadOnlyList<Bytes32> Consistency(long older, long count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(older, count);
        var proof = new List<Bytes32>();
        if (older == 0 || older == count)
        {
            return proof;
        }

        var (start, end, isWhole) = (0L, count, true);
        while (older != end)
        {
            var middle = start + Merkle.Split(end - start);
            if (older <= middle)
            {
                proof.Add(Range(middle, end));
                end = middle;
            }
            else
            {
                proof.Add(Range(start, middle));
                start = middle;
                isWhole = false;
            }
        }

        if (!isWhole)
        {
            proof.Add(Range(start, end));
        }

        proof.Reverse();
        return proof;
    }

    // RFC 6962's MTH over [start, end), which lies as the division of a tree does: its full subtrees are aligned.
    private Bytes32 Range(long start, long end)
    {
        var count = end - start;
        if (!BitOperations.IsPow2(count))
        {
            var middle = start + Merkle.Split(count);
            return Merkle.Node(Range(start, middle), Range(middle, end));
        }

        var height = BitOperations.Log2((ulong)count);
        var level = height / 8;
        var first = start >> (8 * level);
        var needed = 1 << (height % 8);
        var offset = (int)(first % TilePath.Width);
        var tile = tiles.Tile(level, first / TilePath.Width, offset + needed);
        Span<byte> hashes = stackalloc byte[TilePath.Width / 2 * Merkle.Size];
        hashes = hashes[..(needed * Merkle.Size)];
        tile.Span.Slice(offset * Merkle.Size, hashes.Length).CopyTo(hashes);
        Span<byte> root = stackalloc byte[Merkle.Size];
        Merkle.Fold(hashes, root);
        return new Bytes32(root);
    }
}
