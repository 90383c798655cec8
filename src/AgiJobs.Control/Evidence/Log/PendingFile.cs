using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;

namespace AgiJobs.Control.Evidence.Log;

/// <summary>
/// Entries that are not yet under a checkpoint: <c>pending-INDEX</c>, named by the index of its first entry. Each record is a length (2 bytes, big endian), the first 8 bytes of
/// the entry's leaf hash, and the entry; a record that a loss of power left half is told by them.
/// </summary>
internal sealed class PendingFile
{
    private const string Prefix = "pending-";
    private const int MarkSize = 8;
    private const int HeaderSize = sizeof(ushort) + MarkSize;

    private PendingFile(string path, long start, IReadOnlyList<byte[]> entries, long goodLength, long length)
    {
        Path = path;
        Start = start;
        Entries = entries;
        GoodLength = goodLength;
        Length = length;
    }

    public string Path { get; }

    /// <summary>The index of the first entry.</summary>
    public long Start { get; }

    public IReadOnlyList<byte[]> Entries { get; }

    /// <summary>The index after the last entry.</summary>
    public long End => Start + Entries.Count;

    /// <summary>Where the whole records end.</summary>
    public long GoodLength { get; }

    /// <summary>How long the file is.</summary>
    public long Length { get; }

    /// <summary>True when something stands after the whole records: what was being written when the power went, or an alteration.</summary>
    public bool HasTail => GoodLength < Length;

    public static string NameOf(long start) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{start}");

    /// <summary>The pending files of a log by their start.</summary>
    public static IReadOnlyList<(string Path, long Start)> List(string folder) =>
        Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder, Prefix + "*")
                .Select(path => (Path: path, Name: System.IO.Path.GetFileName(path)[Prefix.Length..]))
                .Where(file => long.TryParse(file.Name, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                .Select(file => (file.Path, Start: long.Parse(file.Name, CultureInfo.InvariantCulture)))
                .OrderBy(file => file.Start)]
            : [];

    /// <summary>Reads a file as far as it is whole.</summary>
    public static PendingFile Read(string path, long start)
    {
        byte[] bytes;
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
        {
            bytes = new byte[file.Length];
            file.ReadExactly(bytes);
        }

        var entries = new List<byte[]>();
        var at = 0;
        Span<byte> leaf = stackalloc byte[Merkle.Size];
        while (bytes.Length - at >= HeaderSize)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(at));
            if (bytes.Length - at - HeaderSize < length)
            {
                break;
            }

            var entry = bytes.AsSpan(at + HeaderSize, length);
            Merkle.Leaf(entry, leaf);
            if (!leaf[..MarkSize].SequenceEqual(bytes.AsSpan(at + sizeof(ushort), MarkSize)))
            {
                break;
            }

            entries.Add(entry.ToArray());
            at += HeaderSize + length;
        }

        return new PendingFile(path, start, entries, at, bytes.Length);
    }

    /// <summary>Appends the record of an entry.</summary>
    public static void Write(IBufferWriter<byte> target, ReadOnlySpan<byte> entry)
    {
        Span<byte> header = stackalloc byte[HeaderSize];
        Span<byte> leaf = stackalloc byte[Merkle.Size];
        BinaryPrimitives.WriteUInt16BigEndian(header, checked((ushort)entry.Length));
        Merkle.Leaf(entry, leaf);
        leaf[..MarkSize].CopyTo(header[sizeof(ushort)..]);
        target.Write(header);
        target.Write(entry);
    }
}
