using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Ethereum.Abi;

/// <summary>
/// Encodes and decodes values by their types. Encoding gives the one canonical form that the Solidity compiler gives. Decoding is
/// strict and safe on hostile data:
/// <list type="bullet">
/// <item>A bool that is not 0 or 1, an address with dirty high bytes, an integer outside its width, dirty bytes after a
/// <c>bytesN</c> or after the end of <c>bytes</c> and <c>string</c> are refused (<c>abi-padding</c>), and so is text that is not UTF-8
/// (<c>abi-utf8</c>).</item>
/// <item>Offsets and lengths outside the data are refused before anything is allocated (<c>abi-truncated</c>).</item>
/// <item>Values may lie at any offset, in any order, but may share bytes only so far that the work stays proportional to the data
/// (<c>abi-overlap</c>).</item>
/// <item>Bytes after the last one that a value uses are refused (<c>abi-trailing</c>) unless the caller allows them.</item>
/// </list>
/// Source: the Solidity documentation, "Contract ABI Specification", strict mode. Thread-safe; reads without allocating beyond the values.
/// </summary>
public static class AbiCodec
{
    /// <summary>Encodes values as a tuple of these types, without a selector.</summary>
    /// <exception cref="EthereumException">
    /// <c>abi-count</c>, <c>abi-value</c> (wrong kind), <c>abi-range</c> (integer too large or negative), <c>abi-length</c> (fixed bytes or
    /// fixed array of another length), <c>abi-utf8</c> (text that is not Unicode), <c>abi-size</c>.
    /// </exception>
    public static byte[] Encode(IReadOnlyList<AbiParameter> types, params ReadOnlySpan<AbiValue> values) =>
        AbiEncoder.Encode(types, values, []);

    /// <summary>Encodes one value as a tuple of one, as <c>abi.encode(value)</c> does.</summary>
    /// <exception cref="EthereumException">As for several values.</exception>
    public static byte[] Encode(AbiType type, AbiValue value) => AbiEncoder.Encode([new AbiParameter("", type)], [value], []);

    /// <summary>Decodes a tuple of these types from data without a selector.</summary>
    /// <param name="types">The types, whose names the result keeps.</param>
    /// <param name="data">The encoding.</param>
    /// <param name="allowTrailing">Accept and ignore bytes after the last one that a value uses.</param>
    /// <exception cref="EthereumException">
    /// <c>abi-truncated</c>, <c>abi-padding</c>, <c>abi-overlap</c>, <c>abi-utf8</c>, <c>abi-trailing</c>.
    /// </exception>
    public static AbiArguments Decode(IReadOnlyList<AbiParameter> types, ReadOnlySpan<byte> data, bool allowTrailing = false) =>
        new(types, AbiDecoder.Decode(types, data, allowTrailing));

    /// <summary>Decodes one value, as <c>abi.decode(data, (T))</c> does.</summary>
    /// <exception cref="EthereumException">As for several values.</exception>
    public static AbiValue Decode(AbiType type, ReadOnlySpan<byte> data, bool allowTrailing = false) =>
        AbiDecoder.Decode([new AbiParameter("", type)], data, allowTrailing)[0];

    /// <summary>
    /// What a topic holds for an indexed value: the word itself for a value type, else the hash of its in-place encoding (no lengths,
    /// no offsets, every element padded to 32 bytes, the bytes of a lone string or <c>bytes</c> unpadded).
    /// </summary>
    /// <exception cref="EthereumException">As for encoding.</exception>
    public static Bytes32 EncodeTopic(AbiType type, AbiValue value) => EncodeTopic(type, value, "");

    /// <summary>The same; messages of refusals begin with <paramref name="name"/>.</summary>
    internal static Bytes32 EncodeTopic(AbiType type, AbiValue value, string name)
    {
        if (!FitsTopic(type))
        {
            return Keccak256.Hash(AbiEncoder.EncodeInPlace(type, value, name));
        }

        Span<byte> word = stackalloc byte[Bytes32.Size];
        AbiEncoder.EncodeWord(type, value, name, word);
        return new Bytes32(word);
    }

    /// <summary>True when a topic holds the value itself, false when it holds a hash of it.</summary>
    internal static bool FitsTopic(AbiType type) => type.Kind is not (AbiTypeKind.Bytes or AbiTypeKind.String or AbiTypeKind.Tuple
        or AbiTypeKind.DynamicArray or AbiTypeKind.FixedArray);
}
