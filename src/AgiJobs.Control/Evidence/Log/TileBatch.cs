using System.Buffers;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Evidence.Log;

/// <summary>
/// Entries that are being added to a tree: works out the tiles that they fill, reading no more than the right edge of the tree that is there. Writes nothing itself.
/// </summary>
internal sealed class TileBatch : ITileSource
{
    private readonly LogFolder _log;
    private readonly List<ArrayBufferWriter<byte>> _edges = [];
    private readonly ArrayBufferWriter<byte> _bundle = new();
    private readonly Dictionary<(int Level, long Index), byte[]> _tiles = [];
    private readonly List<(string Path, byte[] Content)> _writes = [];
    private readonly List<string> _filled = [];
    private readonly byte[] _scratch = new byte[TilePath.Width * Merkle.Size];
    private long _size;

    /// <summary>Begins on a tree of a size.</summary>
    /// <exception cref="ControlException"><c>log-tile</c> (exit 6).</exception>
    public TileBatch(LogFolder log, long size)
    {
        _log = log;
        _size = size;
        for (var level = 0; size >> (8 * level) > 0; level++)
        {
            var width = TilePath.PartialWidth(level, size);
            Edge(level).Write(width > 0 ? log.Tile(level, size >> (8 * (level + 1)), width).Span : default);
        }

        if (TilePath.PartialWidth(0, size) is > 0 and var count)
        {
            foreach (var entry in log.Bundle(size / TilePath.Width, count))
            {
                LogFolder.WriteEntry(_bundle, entry.Span);
            }
        }
    }

    /// <summary>How many entries the tree has with those that were added.</summary>
    public long Size => _size;

    /// <summary>The files to write, in order, once <see cref="Finish"/> was called.</summary>
    public IReadOnlyList<(string Path, byte[] Content)> Writes => _writes;

    /// <summary>The tiles that became full, whose partial forms are of no more use.</summary>
    public IReadOnlyList<string> Filled => _filled;

    public void Add(ReadOnlySpan<byte> entry)
    {
        Span<byte> leaf = stackalloc byte[Merkle.Size];
        Merkle.Leaf(entry, leaf);
        LogFolder.WriteEntry(_bundle, entry);
        Edge(0).Write(leaf);
        if (++_size % TilePath.Width == 0)
        {
            Full(TilePath.OfEntries((_size / TilePath.Width) - 1), _bundle.WrittenSpan.ToArray());
            _bundle.ResetWrittenCount();
            Carry(0);
        }
    }

    /// <summary>Works out the partial tiles of the right edge and gives the root.</summary>
    public Bytes32 Finish()
    {
        if (_bundle.WrittenCount > 0)
        {
            _writes.Add((TilePath.OfEntries(_size / TilePath.Width, TilePath.PartialWidth(0, _size)), _bundle.WrittenSpan.ToArray()));
        }

        for (var level = 0; level < _edges.Count; level++)
        {
            if (_edges[level].WrittenCount > 0)
            {
                var index = _size >> (8 * (level + 1));
                var content = _edges[level].WrittenSpan.ToArray();
                _tiles[(level, index)] = content;
                _writes.Add((TilePath.Of(level, index, content.Length / Merkle.Size), content));
            }
        }

        return Tree().Root(_size);
    }

    /// <summary>The tree with what was added; after <see cref="Finish"/>.</summary>
    public TileTree Tree() => new(this, _size);

    ReadOnlyMemory<byte> ITileSource.Tile(int level, long index, int width) =>
        _tiles.TryGetValue((level, index), out var made) && made.Length >= width * Merkle.Size ? made.AsMemory(0, width * Merkle.Size) : _log.Tile(level, index, width);

    // A full tile's root is one hash of the level above.
    private void Carry(int level)
    {
        var content = _edges[level].WrittenSpan.ToArray();
        _edges[level].ResetWrittenCount();
        var index = (_size >> (8 * (level + 1))) - 1;
        _tiles[(level, index)] = content;
        Full(TilePath.Of(level, index), content);
        content.CopyTo(_scratch, 0);
        Span<byte> root = stackalloc byte[Merkle.Size];
        Merkle.Fold(_scratch, root);
        var above = Edge(level + 1);
        above.Write(root);
        if (above.WrittenCount == TilePath.Width * Merkle.Size)
        {
            Carry(level + 1);
        }
    }

    private void Full(string path, byte[] content)
    {
        _writes.Add((path, content));
        _filled.Add(path);
    }

    private ArrayBufferWriter<byte> Edge(int level)
    {
        while (_edges.Count <= level)
        {
            _edges.Add(new ArrayBufferWriter<byte>());
        }

        return _edges[level];
    }
}
