using System.Buffers.Binary;
using System.Numerics;

namespace AgiJobs.Ethereum.Rlp;

/// <summary>
/// Writes canonical RLP into one growing buffer. Not safe for use by several threads. Source: Ethereum Yellow Paper, appendix B.
/// </summary>
public sealed class RlpWriter
{
    private readonly Stack<int> _openLists = new();
    private byte[] _buffer = new byte[256];
    private int _length;

    /// <summary>Writes a byte string.</summary>
    public void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes is not [< 0x80])
        {
            WriteHeader(_length, bytes.Length, 0x80);
        }

        bytes.CopyTo(Reserve(bytes.Length));
    }

    /// <summary>Writes an integer: big-endian without leading zeros, zero as the empty string.</summary>
    public void WriteUnsigned(ulong value)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(word, value);
        WriteBytes(word[(BitOperations.LeadingZeroCount(value) / 8)..]);
    }

    /// <summary>Writes an integer: big-endian without leading zeros, zero as the empty string.</summary>
    /// <exception cref="EthereumException"><c>rlp-integer</c> when it is negative.</exception>
    public void WriteUnsigned(BigInteger value)
    {
        if (value.Sign < 0)
        {
            throw EthereumException.BadInput("rlp-integer", $"{value} is negative: RLP holds integers from zero up.");
        }

        WriteBytes(value.IsZero ? [] : value.ToByteArray(isUnsigned: true, isBigEndian: true));
    }

    /// <summary>Opens a list; what is written until the matching <see cref="EndList"/> are its items.</summary>
    public void BeginList() => _openLists.Push(_length);

    /// <summary>Closes the list opened last.</summary>
    /// <exception cref="InvalidOperationException">No list is open.</exception>
    public void EndList()
    {
        var start = _openLists.Pop();
        WriteHeader(start, _length - start, 0xc0);
    }

    /// <summary>What was written.</summary>
    /// <exception cref="InvalidOperationException">A list is still open.</exception>
    public byte[] ToArray() =>
        _openLists.Count == 0 ? _buffer.AsSpan(0, _length).ToArray() : throw new InvalidOperationException("An RLP list is still open.");

    // Puts a header at a position, moving what follows: the length of a list is known only when it is complete.
    private void WriteHeader(int position, int contentLength, byte offset)
    {
        Span<byte> header = stackalloc byte[1 + sizeof(uint)];
        int headerLength;
        if (contentLength < 56)
        {
            header[0] = (byte)(offset + contentLength);
            headerLength = 1;
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(header[1..], (uint)contentLength);
            var zeros = BitOperations.LeadingZeroCount((uint)contentLength) / 8;
            headerLength = 1 + sizeof(uint) - zeros;
            header[zeros] = (byte)(offset + 55 + sizeof(uint) - zeros);
            header = header[zeros..];
        }

        var moved = _length - position;
        Reserve(headerLength);
        _buffer.AsSpan(position, moved).CopyTo(_buffer.AsSpan(position + headerLength));
        header[..headerLength].CopyTo(_buffer.AsSpan(position));
    }

    private Span<byte> Reserve(int count)
    {
        if (_buffer.Length - _length < count)
        {
            Array.Resize(ref _buffer, Math.Max(checked(_length + count), (int)Math.Min(Array.MaxLength, _buffer.Length * 2L)));
        }

        var span = _buffer.AsSpan(_length, count);
        _length += count;
        return span;
    }
}
