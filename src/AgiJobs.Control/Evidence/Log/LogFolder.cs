using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace AgiJobs.Control.Evidence.Log;

/// <summary>
/// One log on disk, <c>storage/audit/NETWORK/WRITER/</c>, as a reader sees it: <c>checkpoint</c> and <c>tile/</c> (C2SP tlog-tiles), <c>verifier-key</c>, the entries that are
/// <c>pending</c>, the owners' <c>cosignatures/</c>, and <c>retired.json</c> when the log was found to be damaged and given up. Tiles that were read are kept.
/// Not for use by several threads.
/// </summary>
public sealed class LogFolder : ITileSource
{
    private readonly Dictionary<(int Level, long Index), ReadOnlyMemory<byte>> _tiles = [];

    /// <summary>A log by its folder, whose two last parts are its network and writer.</summary>
    public LogFolder(string path)
    {
        Path = System.IO.Path.GetFullPath(path).TrimEnd(System.IO.Path.DirectorySeparatorChar);
        Writer = System.IO.Path.GetFileName(Path);
        Network = System.IO.Path.GetFileName(System.IO.Path.GetDirectoryName(Path)) ?? "";
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The network's name.</summary>
    public string Network { get; }

    /// <summary>The writer.</summary>
    public string Writer { get; }

    /// <summary>The log's name in its checkpoints.</summary>
    public string Origin => OriginOf(Network, Writer);

    /// <summary>True when the log was given up.</summary>
    public bool IsRetired => File.Exists(Locate("retired.json"));

    internal string CheckpointPath => Locate("checkpoint");

    internal string VerifierKeyPath => Locate("verifier-key");

    internal string LockPath => Locate("append.lock");

    /// <summary>The name of a log of a writer on a network.</summary>
    public static string OriginOf(string network, string writer) =>
        string.Concat(network.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-')) + "/" + writer;

    /// <summary>The logs below a folder such as <c>storage/audit</c>, by network and writer.</summary>
    public static IReadOnlyList<LogFolder> Under(string audit) =>
        Directory.Exists(audit)
            ? [.. Directory.EnumerateDirectories(audit).Order(StringComparer.Ordinal).SelectMany(Of)]
            : [];

    /// <summary>The logs of one network's folder, by writer.</summary>
    public static IReadOnlyList<LogFolder> Of(string networkFolder) =>
        Directory.Exists(networkFolder)
            ? [.. Directory.EnumerateDirectories(networkFolder).Order(StringComparer.Ordinal).Select(path => new LogFolder(path))]
            : [];

    /// <summary>The note with the newest checkpoint; null when nothing was signed yet.</summary>
    /// <exception cref="ControlException"><c>note-format</c> (exit 6), <c>file-read</c>.</exception>
    public SignedNote? ReadNote() => ReadBytes(CheckpointPath) is { } bytes ? SignedNote.Parse(bytes) : null;

    /// <summary>The key that lies in the log's folder; null when there is none.</summary>
    /// <exception cref="ControlException"><c>verifier-key</c> (exit 6), <c>file-read</c>.</exception>
    public VerifierKey? ReadVerifierKey() => ReadBytes(VerifierKeyPath) is { } bytes ? VerifierKey.Parse(Encoding.UTF8.GetString(bytes)) : null;

    /// <summary>The tree of the first <paramref name="size"/> entries.</summary>
    public TileTree Tree(long size) => new(this, size);

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Tile(int level, long index, int width)
    {
        if (_tiles.TryGetValue((level, index), out var known) && known.Length >= width * Merkle.Size)
        {
            return known[..(width * Merkle.Size)];
        }

        var tile = Load(level, index, width);
        _tiles[(level, index)] = tile;
        return tile[..(width * Merkle.Size)];
    }

    /// <summary>A tile from the disk, at least as wide as asked for.</summary>
    internal ReadOnlyMemory<byte> Load(int level, long index, int width)
    {
        var (path, found) = Widest(count => TilePath.Of(level, index, count), width);
        var bytes = ReadBytes(path) ?? throw Missing(path);
        return bytes.Length == found * Merkle.Size
            ? bytes
            : throw new ControlException("log-tile", ExitCode.Mismatch, $"{path} has {bytes.Length} bytes; {found} hashes have {found * Merkle.Size}.", "Restore it from git or a backup.");
    }

    /// <summary>The first <paramref name="width"/> entries of a bundle.</summary>
    /// <exception cref="ControlException"><c>log-tile</c> (exit 6) when the bundle is missing or malformed.</exception>
    public IReadOnlyList<ReadOnlyMemory<byte>> Bundle(long index, int width)
    {
        var (path, found) = Widest(count => TilePath.OfEntries(index, count), width);
        var entries = Parse(ReadBytes(path) ?? throw Missing(path));
        return entries.Count == found
            ? found == width ? entries : [.. entries.Take(width)]
            : throw new ControlException("log-tile", ExitCode.Mismatch, $"{path} holds {entries.Count} whole entries; there must be {found}.", "Restore it from git or a backup.");
    }

    /// <summary>The entries of the tree, from an index on.</summary>
    /// <exception cref="ControlException"><c>log-tile</c> (exit 6).</exception>
    public IEnumerable<(long Index, ReadOnlyMemory<byte> Entry)> Entries(long size, long from = 0)
    {
        for (var bundle = from / TilePath.Width; bundle * TilePath.Width < size; bundle++)
        {
            var start = bundle * TilePath.Width;
            var entries = Bundle(bundle, (int)Math.Min(TilePath.Width, size - start));
            for (var i = (int)Math.Max(0, from - start); i < entries.Count; i++)
            {
                yield return (start + i, entries[i]);
            }
        }
    }

    /// <summary>The entry at an index of the tree.</summary>
    /// <exception cref="ControlException"><c>log-tile</c> (exit 6).</exception>
    public ReadOnlyMemory<byte> Entry(long index, long size)
    {
        var start = index - (index % TilePath.Width);
        return Bundle(index / TilePath.Width, (int)Math.Min(TilePath.Width, size - start))[(int)(index - start)];
    }

    /// <summary>A path in the log's folder.</summary>
    public string Locate(params ReadOnlySpan<string> parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>The content of a file; null when there is none.</summary>
    /// <exception cref="ControlException"><c>file-read</c>.</exception>
    internal static byte[]? ReadBytes(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllBytes(path) : null;
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("file-read", ExitCode.Failed, $"{path} could not be read: {problem.Message}", null, problem);
        }
    }

    internal static List<ReadOnlyMemory<byte>> Parse(ReadOnlyMemory<byte> bundle)
    {
        var entries = new List<ReadOnlyMemory<byte>>(TilePath.Width);
        while (bundle.Length >= sizeof(ushort))
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(bundle.Span);
            if (bundle.Length - sizeof(ushort) < length)
            {
                break;
            }

            entries.Add(bundle.Slice(sizeof(ushort), length));
            bundle = bundle[(sizeof(ushort) + length)..];
        }

        // A rest makes the number of entries wrong for every caller.
        return bundle.Length == 0 ? entries : [.. entries, ReadOnlyMemory<byte>.Empty, ReadOnlyMemory<byte>.Empty];
    }

    internal static void WriteEntry(IBufferWriter<byte> bundle, ReadOnlySpan<byte> entry)
    {
        Span<byte> length = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(length, checked((ushort)entry.Length));
        bundle.Write(length);
        bundle.Write(entry);
    }

    // A wider tile begins with every narrower one: the full one first, then the exact one, then the next wider.
    private (string Path, int Width) Widest(Func<int, string> name, int width)
    {
        var full = Locate(name(TilePath.Width));
        if (width == TilePath.Width || File.Exists(full))
        {
            return (full, TilePath.Width);
        }

        var exact = Locate(name(width));
        if (!File.Exists(exact) && Directory.Exists(full + ".p"))
        {
            var wider = Directory.EnumerateFiles(full + ".p")
                .Select(path => int.TryParse(System.IO.Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var found) ? found : 0)
                .Where(found => found > width && found < TilePath.Width)
                .DefaultIfEmpty()
                .Min();
            if (wider > 0)
            {
                return (Locate(name(wider)), wider);
            }
        }

        return (exact, width);
    }

    private static ControlException Missing(string path) => new("log-tile", ExitCode.Mismatch, $"{path} is missing.", "Restore it from git or a backup.");
}
