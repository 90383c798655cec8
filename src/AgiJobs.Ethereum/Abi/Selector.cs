using System.Buffers.Binary;

namespace AgiJobs.Ethereum.Abi;

/// <summary>The first four bytes of calldata or of revert data: which function is called, which error was thrown.</summary>
public readonly record struct Selector
{
    /// <summary>Length in bytes.</summary>
    public const int Size = 4;

    private readonly uint _value;

    /// <summary>Takes the first four bytes of <paramref name="data"/>, which may be longer (calldata, revert data).</summary>
    /// <exception cref="EthereumException"><c>selector-length</c> when there are fewer.</exception>
    public Selector(ReadOnlySpan<byte> data)
    {
        if (data.Length < Size)
        {
            throw EthereumException.BadInput("selector-length", $"A selector has 4 bytes; {Hex.Encode(data)} has {data.Length}.");
        }

        _value = BinaryPrimitives.ReadUInt32BigEndian(data);
    }

    /// <summary>The selector of a canonical signature such as <c>transfer(address,uint256)</c>. The text is hashed as it is.</summary>
    public static Selector Of(string signature)
    {
        Span<byte> hash = stackalloc byte[Bytes32.Size];
        Hashing.Keccak256.Hash(signature).CopyTo(hash);
        return new Selector(hash);
    }

    /// <summary>Reads 0x and eight hex digits.</summary>
    /// <exception cref="EthereumException"><c>selector-format</c>.</exception>
    public static Selector Parse(string text) =>
        text is { Length: 10 } && Hex.TryDecode(text, out var bytes)
            ? new Selector(bytes)
            : throw EthereumException.BadInput(
                "selector-format",
                $"'{Hex.Shorten(text)}' is not a selector: it must be 0x and 8 hex digits.");

    /// <summary>Writes the four bytes to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination) => BinaryPrimitives.WriteUInt32BigEndian(destination, _value);

    /// <summary>The four bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>0x and eight lower-case digits.</summary>
    public override string ToString() => Hex.Encode(ToBytes());
}
