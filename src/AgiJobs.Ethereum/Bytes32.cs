using System.Buffers.Binary;
using System.Numerics;

namespace AgiJobs.Ethereum;

/// <summary>Thirty-two bytes: a hash, a storage word, a salt, a role.</summary>
public readonly struct Bytes32 : IEquatable<Bytes32>, IComparable<Bytes32>
{
    /// <summary>Length in bytes.</summary>
    public const int Size = 32;

    private readonly ulong _a;
    private readonly ulong _b;
    private readonly ulong _c;
    private readonly ulong _d;

    /// <summary>Takes exactly 32 bytes.</summary>
    /// <exception cref="EthereumException"><c>bytes32-length</c> for any other length.</exception>
    public Bytes32(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw EthereumException.BadInput("bytes32-length", $"A 32-byte value was expected, not {bytes.Length} bytes.");
        }

        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    /// <summary>Thirty-two zero bytes.</summary>
    public static Bytes32 Zero => default;

    /// <summary>True when every byte is zero.</summary>
    public bool IsZero => this == default;

    /// <summary>Reads 0x and 64 hex digits in either case.</summary>
    /// <exception cref="EthereumException"><c>bytes32-format</c>.</exception>
    public static Bytes32 Parse(string text) =>
        text is { Length: 66 } && Hex.TryDecode(text, out var bytes)
            ? new Bytes32(bytes)
            : throw EthereumException.BadInput("bytes32-format", $"'{Hex.Shorten(text)}' is not a 32-byte value: it must be 0x and 64 hex digits.");

    /// <summary>The unsigned number as a big-endian word.</summary>
    /// <exception cref="EthereumException"><c>word-range</c> when it is negative or does not fit.</exception>
    public static Bytes32 FromUnsigned(BigInteger value)
    {
        Span<byte> word = stackalloc byte[Size];
        word.Clear();
        if (value.Sign < 0 || value.GetByteCount(isUnsigned: true) > Size)
        {
            throw EthereumException.BadInput("word-range", $"{value} does not fit an unsigned 256-bit word.");
        }

        value.TryWriteBytes(word[(Size - value.GetByteCount(isUnsigned: true))..], out _, isUnsigned: true, isBigEndian: true);
        return new Bytes32(word);
    }

    /// <summary>The word as an unsigned big-endian number.</summary>
    public BigInteger ToUnsigned()
    {
        Span<byte> word = stackalloc byte[Size];
        CopyTo(word);
        return new BigInteger(word, isUnsigned: true, isBigEndian: true);
    }

    /// <summary>The address in the last 20 bytes, as storage and topics hold one.</summary>
    /// <exception cref="EthereumException"><c>word-address</c> when the first 12 bytes are not zero.</exception>
    public Address ToAddress()
    {
        if (_a != 0 || _b >> 32 != 0)
        {
            throw EthereumException.BadInput("word-address", $"{this} does not hold an address: its first 12 bytes must be zero.");
        }

        return new Address(ToBytes().AsSpan(12));
    }

    /// <summary>Writes the 32 bytes to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], _d);
        BinaryPrimitives.WriteUInt64BigEndian(destination, _a);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _b);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], _c);
    }

    /// <summary>The 32 bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>0x and 64 lower-case digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        return Hex.Encode(bytes);
    }

    /// <inheritdoc/>
    public bool Equals(Bytes32 other) => _a == other._a && _b == other._b && _c == other._c && _d == other._d;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Bytes32 other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_a, _b, _c, _d);

    /// <inheritdoc/>
    public int CompareTo(Bytes32 other)
    {
        var order = _a.CompareTo(other._a);
        order = order != 0 ? order : _b.CompareTo(other._b);
        order = order != 0 ? order : _c.CompareTo(other._c);
        return order != 0 ? order : _d.CompareTo(other._d);
    }

    /// <summary>Equality of all 32 bytes.</summary>
    public static bool operator ==(Bytes32 left, Bytes32 right) => left.Equals(right);

    /// <summary>Inequality.</summary>
    public static bool operator !=(Bytes32 left, Bytes32 right) => !left.Equals(right);

    /// <summary>Numeric order.</summary>
    public static bool operator <(Bytes32 left, Bytes32 right) => left.CompareTo(right) < 0;

    /// <summary>Numeric order.</summary>
    public static bool operator >(Bytes32 left, Bytes32 right) => left.CompareTo(right) > 0;

    /// <summary>Numeric order.</summary>
    public static bool operator <=(Bytes32 left, Bytes32 right) => left.CompareTo(right) <= 0;

    /// <summary>Numeric order.</summary>
    public static bool operator >=(Bytes32 left, Bytes32 right) => left.CompareTo(right) >= 0;
}
