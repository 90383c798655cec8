using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Ethereum;

/// <summary>
/// A 20-byte account address. Text is EIP-55: mixed case is a checksum, and a wrong one is refused. Orders as an unsigned
/// big-endian number, which is the order Safe demands of signatures.
/// </summary>
public readonly struct Address : IEquatable<Address>, IComparable<Address>
{
    /// <summary>Length in bytes.</summary>
    public const int Size = 20;

    private readonly ulong _high;
    private readonly ulong _middle;
    private readonly uint _low;

    /// <summary>Takes exactly 20 bytes.</summary>
    /// <exception cref="EthereumException"><c>address-length</c> for any other length.</exception>
    public Address(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw EthereumException.BadInput("address-length", $"An address has 20 bytes, not {bytes.Length}.");
        }

        _high = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _middle = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _low = BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]);
    }

    /// <summary>The zero address.</summary>
    public static Address Zero => default;

    /// <summary>True for the zero address.</summary>
    public bool IsZero => this == default;

    /// <summary>
    /// Reads an address that a person wrote: 0x and 40 digits with a correct EIP-55 checksum. One without upper-case letters carries no
    /// checksum and is refused like one with a wrong checksum, since a mistyped digit in it cannot be seen.
    /// </summary>
    /// <exception cref="EthereumException"><c>address-format</c> or <c>address-checksum</c>.</exception>
    public static Address Parse(string text)
    {
        var address = ParseAnyCase(text);
        var expected = address.ToString();
        if (string.Equals(expected, text, StringComparison.Ordinal))
        {
            return address;
        }

        var hasChecksum = text.AsSpan(2).ContainsAnyInRange('a', 'f') && text.AsSpan(2).ContainsAnyInRange('A', 'F');
        throw EthereumException.BadInput("address-checksum", hasChecksum
            ? $"'{text}' has a wrong EIP-55 checksum: at least one character was mistyped. Copy it again from its source."
            : $"'{text}' has no EIP-55 checksum, so a typo could not be seen. Compare it with its source, then write {expected}.");
    }

    /// <summary>Reads an address in any case, for text that a machine wrote (JSON-RPC, compiled artefacts).</summary>
    /// <exception cref="EthereumException"><c>address-format</c> when it is not 0x and 40 hex digits.</exception>
    public static Address ParseAnyCase(string text) =>
        text is { Length: 42 } && Hex.TryDecode(text, out var bytes)
            ? new Address(bytes)
            : throw EthereumException.BadInput("address-format", $"'{Hex.Shorten(text)}' is not an address: it must be 0x and 40 hex digits.");

    /// <summary>Reads an address as <see cref="Parse"/> does, without throwing.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Address address)
    {
        address = default;
        if (text is not { Length: 42 } || !Hex.TryDecode(text, out var bytes))
        {
            return false;
        }

        address = new Address(bytes);
        return string.Equals(address.ToString(), text, StringComparison.Ordinal);
    }

    /// <summary>Writes the 20 bytes to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination[16..], _low);
        BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _middle);
    }

    /// <summary>The 20 bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>The EIP-55 form.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        Span<byte> lower = stackalloc byte[Size * 2];
        Convert.TryToHexStringLower(bytes, lower, out _);
        Span<byte> hash = stackalloc byte[32];
        Keccak256.Hash(lower, hash);

        Span<char> text = stackalloc char[42];
        text[0] = '0';
        text[1] = 'x';
        for (var i = 0; i < lower.Length; i++)
        {
            var nibble = (hash[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 0xf;
            var c = (char)lower[i];
            text[2 + i] = nibble >= 8 ? char.ToUpperInvariant(c) : c;
        }

        return new string(text);
    }

    /// <inheritdoc/>
    public bool Equals(Address other) => _high == other._high && _middle == other._middle && _low == other._low;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Address other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_high, _middle, _low);

    /// <inheritdoc/>
    public int CompareTo(Address other)
    {
        var order = _high.CompareTo(other._high);
        order = order != 0 ? order : _middle.CompareTo(other._middle);
        return order != 0 ? order : _low.CompareTo(other._low);
    }

    /// <summary>Equality of all 20 bytes.</summary>
    public static bool operator ==(Address left, Address right) => left.Equals(right);

    /// <summary>Inequality.</summary>
    public static bool operator !=(Address left, Address right) => !left.Equals(right);

    /// <summary>Numeric order.</summary>
    public static bool operator <(Address left, Address right) => left.CompareTo(right) < 0;

    /// <summary>Numeric order.</summary>
    public static bool operator >(Address left, Address right) => left.CompareTo(right) > 0;

    /// <summary>Numeric order.</summary>
    public static bool operator <=(Address left, Address right) => left.CompareTo(right) <= 0;

    /// <summary>Numeric order.</summary>
    public static bool operator >=(Address left, Address right) => left.CompareTo(right) >= 0;
}
