using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace AgiJobs.Ethereum.Abi;

/// <summary>The shapes of the contract ABI.</summary>
public enum AbiTypeKind
{
    /// <summary><c>uint8</c> to <c>uint256</c>.</summary>
    UnsignedInteger,

    /// <summary><c>int8</c> to <c>int256</c>.</summary>
    SignedInteger,

    /// <summary><c>bool</c>.</summary>
    Boolean,

    /// <summary><c>address</c>, also written <c>address payable</c>.</summary>
    Address,

    /// <summary><c>bytes1</c> to <c>bytes32</c>.</summary>
    FixedBytes,

    /// <summary><c>function</c>: an address and a selector, 24 bytes.</summary>
    Function,

    /// <summary><c>bytes</c>.</summary>
    Bytes,

    /// <summary><c>string</c>, UTF-8.</summary>
    String,

    /// <summary><c>T[k]</c>.</summary>
    FixedArray,

    /// <summary><c>T[]</c>.</summary>
    DynamicArray,

    /// <summary><c>(T1,...,Tn)</c>, a struct.</summary>
    Tuple,
}

/// <summary>
/// A type of the contract ABI. Two types are equal when their canonical text is, whatever their components are named.
/// Immutable. Source: the Solidity documentation, "Contract ABI Specification".
/// </summary>
public sealed class AbiType : IEquatable<AbiType>
{
    /// <summary>How deep tuples and arrays may nest; deeper types are refused with <c>abi-type</c>.</summary>
    public const int MaxDepth = 32;

    private AbiType(AbiTypeKind kind, string name, int size, AbiType? element, IReadOnlyList<AbiParameter> components)
    {
        Kind = kind;
        CanonicalName = name;
        Size = size;
        Element = element;
        Components = components;
        Depth = 1 + Math.Max(element?.Depth ?? 0, DeepestOf(components));
        if (Depth > MaxDepth)
        {
            throw EthereumException.BadInput("abi-type", $"A type nests deeper than {MaxDepth} levels; no compiler writes such a type.");
        }

        IsDynamic = kind switch
        {
            AbiTypeKind.Bytes or AbiTypeKind.String or AbiTypeKind.DynamicArray => true,
            AbiTypeKind.FixedArray => element!.IsDynamic,
            AbiTypeKind.Tuple => AnyDynamic(components),
            _ => false,
        };
        var content = kind switch
        {
            AbiTypeKind.FixedArray => (long)size * element!.HeadSize,
            AbiTypeKind.Tuple => HeadSizeOf(components),
            _ => 32,
        };
        if (content > int.MaxValue)
        {
            throw EthereumException.BadInput("abi-type", $"{Hex.Shorten(name)} takes {content} bytes, more than any chain data holds.");
        }

        ContentHeadSize = (int)content;
        HeadSize = IsDynamic ? 32 : ContentHeadSize;
    }

    /// <summary><c>bool</c>.</summary>
    public static AbiType Boolean { get; } = new(AbiTypeKind.Boolean, "bool", 0, null, []);

    /// <summary><c>address</c>.</summary>
    public static AbiType Address { get; } = new(AbiTypeKind.Address, "address", 0, null, []);

    /// <summary><c>bytes</c>.</summary>
    public static AbiType Bytes { get; } = new(AbiTypeKind.Bytes, "bytes", 0, null, []);

    /// <summary><c>string</c>.</summary>
    public static AbiType String { get; } = new(AbiTypeKind.String, "string", 0, null, []);

    /// <summary><c>function</c>.</summary>
    public static AbiType Function { get; } = new(AbiTypeKind.Function, "function", 24, null, []);

    /// <summary><c>uint256</c>.</summary>
    public static AbiType UInt256 { get; } = new(AbiTypeKind.UnsignedInteger, "uint256", 256, null, []);

    /// <summary><c>bytes32</c>.</summary>
    public static AbiType Bytes32 { get; } = new(AbiTypeKind.FixedBytes, "bytes32", 32, null, []);

    /// <summary>The shape.</summary>
    public AbiTypeKind Kind { get; }

    /// <summary>Bits of an integer, bytes of <c>bytesN</c> and <c>function</c>, elements of a fixed array; else 0.</summary>
    public int Size { get; }

    /// <summary>The element of an array, else null.</summary>
    public AbiType? Element { get; }

    /// <summary>The components of a tuple with their names; empty for other shapes.</summary>
    public IReadOnlyList<AbiParameter> Components { get; }

    /// <summary>True when the value lies behind an offset.</summary>
    public bool IsDynamic { get; }

    /// <summary>The canonical text, as selectors hash it: tuples without the word <c>tuple</c> and without names.</summary>
    public string CanonicalName { get; }

    /// <summary>Bytes in the enclosing head: 32 for a dynamic type, else the whole encoding. Zero for <c>T[0]</c> and <c>()</c>.</summary>
    internal int HeadSize { get; }

    /// <summary>Bytes of the head of the value itself, once an offset was followed.</summary>
    internal int ContentHeadSize { get; }

    internal int Depth { get; }

    /// <summary>An unsigned integer of 8 to 256 bits in steps of 8.</summary>
    /// <exception cref="EthereumException"><c>abi-type</c>.</exception>
    public static AbiType Unsigned(int bits) => Integer(AbiTypeKind.UnsignedInteger, "uint", bits);

    /// <summary>A signed integer of 8 to 256 bits in steps of 8.</summary>
    /// <exception cref="EthereumException"><c>abi-type</c>.</exception>
    public static AbiType Signed(int bits) => Integer(AbiTypeKind.SignedInteger, "int", bits);

    /// <summary><c>bytes1</c> to <c>bytes32</c>.</summary>
    /// <exception cref="EthereumException"><c>abi-type</c>.</exception>
    public static AbiType FixedBytes(int length) => length is >= 1 and <= 32
        ? new(AbiTypeKind.FixedBytes, "bytes" + length.ToString(CultureInfo.InvariantCulture), length, null, [])
        : throw EthereumException.BadInput("abi-type", $"bytes{length} is not a type: fixed bytes are bytes1 to bytes32.");

    /// <summary><c>T[]</c>.</summary>
    public static AbiType ArrayOf(AbiType element) => new(AbiTypeKind.DynamicArray, element.CanonicalName + "[]", 0, element, []);

    /// <summary><c>T[length]</c>; zero is a legal length.</summary>
    /// <exception cref="EthereumException"><c>abi-type</c> when negative or too large.</exception>
    public static AbiType ArrayOf(AbiType element, int length) => length >= 0
        ? new(AbiTypeKind.FixedArray, $"{element.CanonicalName}[{length}]", length, element, [])
        : throw EthereumException.BadInput("abi-type", $"An array has no negative length ({length}).");

    /// <summary><c>(T1,...,Tn)</c>; the empty tuple is legal.</summary>
    public static AbiType TupleOf(params ReadOnlySpan<AbiParameter> components)
    {
        var copy = components.ToArray();
        return new(AbiTypeKind.Tuple, CanonicalList(copy), 0, null, copy);
    }

    /// <summary>
    /// Reads a type in the human-readable form: <c>uint256</c>, <c>uint</c>, <c>bytes32[2][]</c>,
    /// <c>tuple(address to, uint256 value)[]</c>, <c>(address,uint256)</c>.
    /// </summary>
    /// <exception cref="EthereumException"><c>abi-type</c> or <c>abi-syntax</c>.</exception>
    public static AbiType Parse(string text)
    {
        var parser = new SignatureParser(text);
        var type = parser.ReadType();
        parser.ExpectEnd();
        return type;
    }

    /// <summary>The elementary type of that name (<c>uint</c> and <c>int</c> mean 256 bits), without arrays and tuples.</summary>
    internal static bool TryElementary(ReadOnlySpan<char> name, [NotNullWhen(true)] out AbiType? type)
    {
        type = name switch
        {
            "bool" => Boolean,
            "address" => Address,
            "bytes" => Bytes,
            "string" => String,
            "function" => Function,
            "uint" or "uint256" => UInt256,
            "int" => Signed(256),
            "byte" => FixedBytes(1),
            "bytes32" => Bytes32,
            _ => null,
        };
        if (type is not null)
        {
            return true;
        }

        if (name.StartsWith("uint") && TrySize(name[4..], out var bits) && bits % 8 == 0 && bits is >= 8 and <= 256)
        {
            type = Unsigned(bits);
        }
        else if (name.StartsWith("int") && TrySize(name[3..], out bits) && bits % 8 == 0 && bits is >= 8 and <= 256)
        {
            type = Signed(bits);
        }
        else if (name.StartsWith("bytes") && TrySize(name[5..], out var length) && length is >= 1 and <= 32)
        {
            type = FixedBytes(length);
        }

        return type is not null;
    }

    internal static string CanonicalList(IReadOnlyList<AbiParameter> parameters)
    {
        var text = new StringBuilder("(");
        for (var i = 0; i < parameters.Count; i++)
        {
            text.Append(i == 0 ? "" : ",").Append(parameters[i].Type.CanonicalName);
        }

        return text.Append(')').ToString();
    }

    internal static long HeadSizeOf(IReadOnlyList<AbiParameter> parameters)
    {
        var size = 0L;
        for (var i = 0; i < parameters.Count; i++)
        {
            size += parameters[i].Type.HeadSize;
        }

        return size;
    }

    /// <inheritdoc/>
    public bool Equals(AbiType? other) => other is not null && string.Equals(CanonicalName, other.CanonicalName, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as AbiType);

    /// <inheritdoc/>
    public override int GetHashCode() => CanonicalName.GetHashCode(StringComparison.Ordinal);

    /// <summary>The human-readable text with component names, which <see cref="Parse"/> reads back.</summary>
    public override string ToString() => Kind switch
    {
        AbiTypeKind.Tuple => $"tuple({string.Join(", ", Components)})",
        AbiTypeKind.DynamicArray => $"{Element}[]",
        AbiTypeKind.FixedArray => $"{Element}[{Size}]",
        _ => CanonicalName,
    };

    /// <summary>The canonical word in JSON ABI: a tuple is <c>tuple</c>, its components are listed beside it.</summary>
    internal string JsonName => Kind switch
    {
        AbiTypeKind.Tuple => "tuple",
        AbiTypeKind.DynamicArray => $"{Element!.JsonName}[]",
        AbiTypeKind.FixedArray => $"{Element!.JsonName}[{Size}]",
        _ => CanonicalName,
    };

    // A size has no sign and no leading zero: uint08 is no type.
    private static bool TrySize(ReadOnlySpan<char> digits, out int size)
    {
        size = 0;
        return digits.Length is >= 1 and <= 3 && digits[0] != '0' && !digits.ContainsAnyExceptInRange('0', '9')
            && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out size);
    }

    private static AbiType Integer(AbiTypeKind kind, string prefix, int bits) => bits is >= 8 and <= 256 && bits % 8 == 0
        ? new(kind, prefix + bits.ToString(CultureInfo.InvariantCulture), bits, null, [])
        : throw EthereumException.BadInput("abi-type", $"{prefix}{bits} is not a type: integers have 8 to 256 bits in steps of 8.");

    private static bool AnyDynamic(IReadOnlyList<AbiParameter> components)
    {
        for (var i = 0; i < components.Count; i++)
        {
            if (components[i].Type.IsDynamic)
            {
                return true;
            }
        }

        return false;
    }

    private static int DeepestOf(IReadOnlyList<AbiParameter> components)
    {
        var depth = 0;
        for (var i = 0; i < components.Count; i++)
        {
            depth = Math.Max(depth, components[i].Type.Depth);
        }

        return depth;
    }
}
