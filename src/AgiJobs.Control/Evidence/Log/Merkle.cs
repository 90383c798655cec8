using System.Numerics;
using System.Security.Cryptography;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Evidence.Log;

/// <summary>The hashes and proofs of a transparency log. Source: RFC 6962, section 2.1; RFC 9162, sections 2.1.3 and 2.1.4.</summary>
public static class Merkle
{
    /// <summary>Length of a hash.</summary>
    public const int Size = 32;

    /// <summary>The root of the tree without entries.</summary>
    public static Bytes32 EmptyRoot { get; } = new(SHA256.HashData([]));

    /// <summary>The hash of an entry.</summary>
    public static Bytes32 Leaf(ReadOnlySpan<byte> entry)
    {
        Span<byte> hash = stackalloc byte[Size];
        Leaf(entry, hash);
        return new Bytes32(hash);
    }

    /// <summary>Writes the hash of an entry.</summary>
    public static void Leaf(ReadOnlySpan<byte> entry, Span<byte> hash)
    {
        const int Small = 2048;
        if (entry.Length < Small)
        {
            Span<byte> input = stackalloc byte[Small];
            input[0] = 0;
            entry.CopyTo(input[1..]);
            SHA256.HashData(input[..(entry.Length + 1)], hash);
        }
        else
        {
            SHA256.HashData([0, .. entry], hash);
        }
    }

    /// <summary>The hash of two subtrees.</summary>
    public static Bytes32 Node(Bytes32 left, Bytes32 right)
    {
        Span<byte> input = stackalloc byte[1 + (2 * Size)];
        input[0] = 1;
        left.CopyTo(input[1..]);
        right.CopyTo(input[(1 + Size)..]);
        return new Bytes32(SHA256.HashData(input));
    }

    /// <summary>
    /// The root of a full subtree from its leaves' hashes, which are put together in place: their number is a power of two, and their memory is used up.
    /// </summary>
    public static void Fold(Span<byte> hashes, Span<byte> root)
    {
        Span<byte> input = stackalloc byte[1 + (2 * Size)];
        input[0] = 1;
        for (var count = hashes.Length / Size; count > 1; count /= 2)
        {
            for (var i = 0; i < count; i += 2)
            {
                hashes.Slice(i * Size, 2 * Size).CopyTo(input[1..]);
                SHA256.HashData(input, hashes[(i / 2 * Size)..]);
            }
        }

        hashes[..Size].CopyTo(root);
    }

    /// <summary>The largest power of two below a number above 1: where a tree of that size divides.</summary>
    internal static long Split(long size) => 1L << BitOperations.Log2((ulong)size - 1);

    /// <summary>True when the proof shows that the leaf stands at the index in the tree of that size and root.</summary>
    public static bool IsIncluded(Bytes32 leaf, long index, long size, IReadOnlyList<Bytes32> proof, Bytes32 root)
    {
        if (index < 0 || index >= size)
        {
            return false;
        }

        var (fn, sn, hash) = (index, size - 1, leaf);
        foreach (var step in proof)
        {
            if (sn == 0)
            {
                return false;
            }

            if ((fn & 1) == 1 || fn == sn)
            {
                hash = Node(step, hash);
                while ((fn & 1) == 0 && fn != 0)
                {
                    fn >>= 1;
                    sn >>= 1;
                }
            }
            else
            {
                hash = Node(hash, step);
            }

            fn >>= 1;
            sn >>= 1;
        }

        return sn == 0 && hash == root;
    }

    /// <summary>True when the proof shows that the tree of the new size and root begins with all of the tree of the old size and root.</summary>
    public static bool IsConsistent(long oldSize, Bytes32 oldRoot, long newSize, Bytes32 newRoot, IReadOnlyList<Bytes32> proof)
    {
        if (oldSize < 0 || oldSize > newSize)
        {
            return false;
        }

        if (oldSize == newSize || oldSize == 0)
        {
            return proof.Count == 0 && oldRoot == (oldSize == 0 ? EmptyRoot : newRoot);
        }

        IReadOnlyList<Bytes32> path = BitOperations.IsPow2(oldSize) ? [oldRoot, .. proof] : proof;
        if (path.Count == 0)
        {
            return false;
        }

        var (fn, sn) = (oldSize - 1, newSize - 1);
        while ((fn & 1) == 1)
        {
            fn >>= 1;
            sn >>= 1;
        }

        var (first, second) = (path[0], path[0]);
        foreach (var step in path.Skip(1))
        {
            if (sn == 0)
            {
                return false;
            }

            if ((fn & 1) == 1 || fn == sn)
            {
                first = Node(step, first);
                second = Node(step, second);
                while ((fn & 1) == 0 && fn != 0)
                {
                    fn >>= 1;
                    sn >>= 1;
                }
            }
            else
            {
                second = Node(second, step);
            }

            fn >>= 1;
            sn >>= 1;
        }

        return sn == 0 && first == oldRoot && second == newRoot;
    }
}
