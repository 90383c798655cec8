using System.Buffers.Binary;
using System.Numerics;

namespace AgiJobs.Ethereum.Rlp;

/// <summary>
/// Reads RLP item by item without copying. Only the canonical form is accepted: shortest headers, no leading zeros in integers or
/// lengths. Nothing is allocated for a length that the input does not hold, and nesting deeper than <see cref="MaxDepth"/> is refused.
/// Source: Ethereum Yellow Paper, appendix B.
/// </summary>
public ref struct RlpReader
{
    /// <summary>The deepest nesting of lists that is read; no Ethereum object nests deeper than a handful.</summary>
    public const int MaxDepth = 64;

    private readonly int _depth;
    private ReadOnlySpan<byte> _rest;

    /// <summary>Starts at the first item of <paramref name="data"/>, which must outlive the reader.</summary>
    public RlpReader(ReadOnlySpan<byte> data)
        : this(data, 0)
    {
    }

    private RlpReader(ReadOnlySpan<byte> data, int depth)
    {
        _rest = data;
        _depth = depth;
    }

    /// <summary>True when every item of this list (or of the input) has been read.</summary>
    public readonly bool IsAtEnd => _rest.IsEmpty;

    /// <summary>True when the next item is a list.</summary>
    /// <exception cref="EthereumException"><c>rlp-truncated</c> at the end.</exception>
    public readonly bool NextIsList => _rest.IsEmpty ? throw Truncated() : _rest[0] >= 0xc0;

    /// <summary>Reads a byte string. The result points into the input.</summary>
    /// <exception cref="EthereumException">
    /// <c>rlp-truncated</c>, <c>rlp-canonical</c>, or <c>rlp-type</c> when the next item is a list.
    /// </exception>
    public ReadOnlySpan<byte> ReadBytes()
    {
        if (NextIsList)
        {
            throw EthereumException.BadInput("rlp-type", "The RLP data has a list where a byte string belongs.");
        }

        var first = _rest[0];
        if (first < 0x80)
        {
            return Take(0, 1);
        }

        if (first > 0xb7)
        {
            return TakeLong(first - 0xb7);
        }

        var content = Take(1, (ulong)(first - 0x80));
        return content is [< 0x80]
            ? throw EthereumException.BadInput("rlp-canonical", $"The RLP byte 0x{content[0]:x2} has a length header; canonical RLP "
                + "writes it alone.")
            : content;
    }

    /// <summary>Enters a list: the result reads its items, and this reader goes on after it.</summary>
    /// <exception cref="EthereumException">
    /// <c>rlp-truncated</c>, <c>rlp-canonical</c>, <c>rlp-type</c> when the next item is a byte string, <c>rlp-depth</c>.
    /// </exception>
    public RlpReader ReadList()
    {
        if (!NextIsList)
        {
            throw EthereumException.BadInput("rlp-type", "The RLP data has a byte string where a list belongs.");
        }

        if (_depth == MaxDepth)
        {
            throw EthereumException.BadInput("rlp-depth", $"The RLP data nests lists deeper than {MaxDepth}, which no Ethereum "
                + "object does.");
        }

        var first = _rest[0];
        return new RlpReader(first <= 0xf7 ? Take(1, (ulong)(first - 0xc0)) : TakeLong(first - 0xf7), _depth + 1);
    }

    /// <summary>Reads an unsigned big-endian integer of at most <paramref name="maxBytes"/> bytes.</summary>
    /// <exception cref="EthereumException">
    /// As <see cref="ReadBytes"/>, and <c>rlp-integer</c> for a leading zero or too many bytes.
    /// </exception>
    public BigInteger ReadUnsigned(int maxBytes = 32) => new(IntegerBytes(maxBytes), isUnsigned: true, isBigEndian: true);

    /// <summary>Reads an unsigned big-endian integer of at most 64 bits.</summary>
    /// <exception cref="EthereumException">As <see cref="ReadUnsigned"/>.</exception>
    public ulong ReadUInt64()
    {
        var bytes = IntegerBytes(sizeof(ulong));
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        word.Clear();
        bytes.CopyTo(word[(sizeof(ulong) - bytes.Length)..]);
        return BinaryPrimitives.ReadUInt64BigEndian(word);
    }

    /// <summary>Refuses items that are left over.</summary>
    /// <param name="what">What was read, for the message: "a legacy transaction".</param>
    /// <exception cref="EthereumException"><c>rlp-trailing</c>.</exception>
    public readonly void ExpectEnd(string what)
    {
        if (!_rest.IsEmpty)
        {
            throw EthereumException.BadInput("rlp-trailing", $"{_rest.Length} bytes of RLP data are left over after {what}; it must "
                + "end exactly.");
        }
    }

    private ReadOnlySpan<byte> IntegerBytes(int maxBytes)
    {
        var bytes = ReadBytes();
        if (bytes.Length > maxBytes)
        {
            throw EthereumException.BadInput("rlp-integer", $"An RLP integer has {bytes.Length} bytes; here it has at most {maxBytes}.");
        }

        return bytes is [0, ..]
            ? throw EthereumException.BadInput("rlp-integer", "An RLP integer begins with a zero byte; canonical RLP has no leading zeros "
                + "(zero is the empty string).")
            : bytes;
    }

    private ReadOnlySpan<byte> TakeLong(int lengthBytes)
    {
        if (_rest.Length <= lengthBytes)
        {
            throw Truncated();
        }

        ulong length = 0;
        foreach (var b in _rest.Slice(1, lengthBytes))
        {
            length = (length << 8) | b;
        }

        return _rest[1] == 0 || length < 56
            ? throw EthereumException.BadInput("rlp-canonical", $"The RLP length {length} is not written in its shortest form.")
            : Take(1 + lengthBytes, length);
    }

    private ReadOnlySpan<byte> Take(int header, ulong length)
    {
        if (length > (ulong)(_rest.Length - header))
        {
            throw Truncated();
        }

        var content = _rest.Slice(header, (int)length);
        _rest = _rest[(header + (int)length)..];
        return content;
    }

    private static EthereumException Truncated() =>
        EthereumException.BadInput("rlp-truncated", "The RLP data ends before an item that it announces: part of it was lost in copying.");
}
