using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace AgiJobs.Ethereum.Abi;

/// <summary>
/// Two passes over the values: the first checks shapes and adds up the size, so that the second writes into one array of exactly that
/// size.
/// </summary>
internal ref struct AbiEncoder
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Span<byte> _output;
    private int _tail;

    private AbiEncoder(Span<byte> output) => _output = output;

    public static byte[] Encode(IReadOnlyList<AbiParameter> types, ReadOnlySpan<AbiValue> values, ReadOnlySpan<byte> prefix)
    {
        if (values.Length != types.Count)
        {
            throw EthereumException.BadInput(
                "abi-count",
                $"{values.Length} values were given for {types.Count} parameters {AbiType.CanonicalList(types)}.");
        }

        long size = prefix.Length;
        for (var i = 0; i < values.Length; i++)
        {
            size += SizeOf(types[i].Type, Present(values[i]), types[i].Name, inPlace: false);
        }

        var output = Allocate(size);
        prefix.CopyTo(output);
        var encoder = new AbiEncoder(output.AsSpan(prefix.Length));
        encoder._tail = (int)AbiType.HeadSizeOf(types);
        var head = 0;
        for (var i = 0; i < values.Length; i++)
        {
            encoder.WriteInFrame(types[i].Type, values[i], types[i].Name, 0, head);
            head += types[i].Type.HeadSize;
        }

        return output;
    }

    // The in-place encoding of an indexed array or struct: element after element, without offsets and lengths.
    // A lone string or bytes is not even padded.
    public static byte[] EncodeInPlace(AbiType type, AbiValue value, string name)
    {
        var size = SizeOf(type, Present(value), name, inPlace: true);
        switch (type.Kind)
        {
            case AbiTypeKind.Bytes:
                return Bytes(type, value, name).Span.ToArray();
            case AbiTypeKind.String:
                return StrictUtf8.GetBytes(Text(type, value, name));
            default:
                var output = Allocate(size);
                var encoder = new AbiEncoder(output);
                encoder.WriteInPlace(type, value);
                return output;
        }
    }

    public static void EncodeWord(AbiType type, AbiValue value, string name, Span<byte> word)
    {
        word.Clear();
        WriteWord(type, Present(value), name, word);
    }

    private static byte[] Allocate(long size) => size <= Array.MaxLength
        ? new byte[size]
        : throw EthereumException.BadInput("abi-size", $"The values take {size} bytes, more than one call can carry.");

    private static AbiValue Present(AbiValue? value) => value
        ?? throw EthereumException.BadInput("abi-value", "A value is missing (null): every parameter needs one.");

    // Bytes of the value in the head of its frame and in the tail together.
    private static long SizeOf(AbiType type, AbiValue value, string name, bool inPlace)
    {
        switch (type.Kind)
        {
            case AbiTypeKind.Bytes:
                return (inPlace ? 0 : 64) + Padded(Bytes(type, value, name).Span.Length);
            case AbiTypeKind.String:
                return (inPlace ? 0 : 64) + Padded(TextLength(Text(type, value, name), name));
            case AbiTypeKind.DynamicArray or AbiTypeKind.FixedArray or AbiTypeKind.Tuple:
                var list = List(type, value, name);
                var size = inPlace ? 0L : (type.IsDynamic ? 32 : 0) + (type.Kind == AbiTypeKind.DynamicArray ? 32 : 0);
                for (var i = 0; i < list.Count; i++)
                {
                    var (itemType, itemName) = Item(type, i, name);
                    size += SizeOf(itemType, list[i], itemName, inPlace);
                }

                return size;
            default:
                return 32;
        }
    }

    private void WriteInFrame(AbiType type, AbiValue value, string name, int frame, int head)
    {
        if (!type.IsDynamic)
        {
            WriteStatic(type, value, name, head);
            return;
        }

        WriteLength(head, _tail - frame);
        switch (type.Kind)
        {
            case AbiTypeKind.Bytes:
                var bytes = Bytes(type, value, name).Span;
                WriteLength(_tail, bytes.Length);
                bytes.CopyTo(_output[(_tail + 32)..]);
                _tail += 32 + (int)Padded(bytes.Length);
                break;
            case AbiTypeKind.String:
                var length = StrictUtf8.GetBytes(Text(type, value, name), _output[(_tail + 32)..]);
                WriteLength(_tail, length);
                _tail += 32 + (int)Padded(length);
                break;
            default:
                WriteList(type, List(type, value, name), name);
                break;
        }
    }

    private void WriteList(AbiType type, AbiList list, string name)
    {
        if (type.Kind == AbiTypeKind.DynamicArray)
        {
            WriteLength(_tail, list.Count);
            _tail += 32;
        }

        var frame = _tail;
        _tail += type.Kind == AbiTypeKind.DynamicArray ? list.Count * type.Element!.HeadSize : type.ContentHeadSize;
        var head = frame;
        for (var i = 0; i < list.Count; i++)
        {
            var (itemType, itemName) = Item(type, i, name);
            WriteInFrame(itemType, list[i], itemName, frame, head);
            head += itemType.HeadSize;
        }
    }

    private readonly void WriteStatic(AbiType type, AbiValue value, string name, int head)
    {
        if (type.Kind is not (AbiTypeKind.FixedArray or AbiTypeKind.Tuple))
        {
            WriteWord(type, value, name, _output.Slice(head, 32));
            return;
        }

        var list = List(type, value, name);
        for (var i = 0; i < list.Count; i++)
        {
            var (itemType, itemName) = Item(type, i, name);
            WriteStatic(itemType, list[i], itemName, head);
            head += itemType.HeadSize;
        }
    }

    private void WriteInPlace(AbiType type, AbiValue value)
    {
        switch (type.Kind)
        {
            case AbiTypeKind.Bytes:
                var bytes = Bytes(type, value, "").Span;
                bytes.CopyTo(_output[_tail..]);
                _tail += (int)Padded(bytes.Length);
                break;
            case AbiTypeKind.String:
                _tail += (int)Padded(StrictUtf8.GetBytes(Text(type, value, ""), _output[_tail..]));
                break;
            case AbiTypeKind.DynamicArray or AbiTypeKind.FixedArray or AbiTypeKind.Tuple:
                var list = List(type, value, "");
                for (var i = 0; i < list.Count; i++)
                {
                    WriteInPlace(Item(type, i, "").Type, list[i]);
                }

                break;
            default:
                WriteWord(type, value, "", _output.Slice(_tail, 32));
                _tail += 32;
                break;
        }
    }

    // The output array is zero before: only the significant bytes are written.
    private static void WriteWord(AbiType type, AbiValue value, string name, Span<byte> word)
    {
        switch (type.Kind)
        {
            case AbiTypeKind.UnsignedInteger or AbiTypeKind.SignedInteger:
                WriteInteger(type, value is AbiInteger integer ? integer.Value : throw Wrong(type, value, name, "an integer"), name, word);
                break;
            case AbiTypeKind.Boolean:
                word[31] = (value is AbiBoolean boolean ? boolean.Value : throw Wrong(type, value, name, "a bool")) ? (byte)1 : (byte)0;
                break;
            case AbiTypeKind.Address:
                (value is AbiAddress address ? address.Value : throw Wrong(type, value, name, "an address")).CopyTo(word[12..]);
                break;
            default:
                var bytes = Bytes(type, value, name).Span;
                if (bytes.Length != type.Size)
                {
                    throw EthereumException.BadInput(
                        "abi-length",
                        $"{Place(name)}{type.CanonicalName} takes exactly {type.Size} bytes; {Hex.Shorten(Hex.Encode(bytes))} has "
                        + $"{bytes.Length}.");
                }

                bytes.CopyTo(word);
                break;
        }
    }

    private static void WriteInteger(AbiType type, BigInteger value, string name, Span<byte> word)
    {
        var signed = type.Kind == AbiTypeKind.SignedInteger;

        // One bit more than the magnitude is the sign. GetBitLength of a negative number is that of its two's complement without the sign.
        var bits = value.GetBitLength() + (signed ? 1 : 0);
        if ((!signed && value.Sign < 0) || bits > type.Size)
        {
            throw EthereumException.BadInput(
                "abi-range",
                $"{Place(name)}{Hex.Shorten(value.ToString())} does not fit {type.CanonicalName}: {RangeOf(type)}.");
        }

        if (value.Sign < 0)
        {
            word.Fill(0xff);
        }

        var length = value.GetByteCount(isUnsigned: !signed);
        value.TryWriteBytes(word[(32 - length)..], out _, isUnsigned: !signed, isBigEndian: true);
    }

    private static string RangeOf(AbiType type) => type.Kind == AbiTypeKind.SignedInteger
        ? $"it holds -2^{type.Size - 1} to 2^{type.Size - 1} - 1"
        : $"it holds 0 to 2^{type.Size} - 1";

    private readonly void WriteLength(int at, int length) => BinaryPrimitives.WriteInt32BigEndian(_output[(at + 28)..], length);

    private static long Padded(long length) => (length + 31) & ~31L;

    private static int TextLength(string text, string name)
    {
        try
        {
            return StrictUtf8.GetByteCount(text);
        }
        catch (EncoderFallbackException failure)
        {
            throw EthereumException.BadInput(
                "abi-utf8",
                $"{Place(name)}the text holds half of a surrogate pair and has no UTF-8 form.", failure);
        }
    }

    private static AbiBytes Bytes(AbiType type, AbiValue value, string name) =>
        value as AbiBytes ?? throw Wrong(type, value, name, "bytes");

    private static string Text(AbiType type, AbiValue value, string name) =>
        (value as AbiText ?? throw Wrong(type, value, name, "text")).Value;

    private static AbiList List(AbiType type, AbiValue value, string name)
    {
        var list = value as AbiList ?? throw Wrong(type, value, name, "a list");
        var wanted = type.Kind switch
        {
            AbiTypeKind.Tuple => type.Components.Count,
            AbiTypeKind.FixedArray => type.Size,
            _ => list.Count,
        };
        return list.Count == wanted ? list : throw EthereumException.BadInput(
            "abi-length", $"{Place(name)}{Hex.Shorten(type.CanonicalName)} takes exactly {wanted} items; {list.Count} were given.");
    }

    private static (AbiType Type, string Name) Item(AbiType type, int index, string name) => type.Kind == AbiTypeKind.Tuple
        ? (type.Components[index].Type, type.Components[index].Name)
        : (type.Element!, name);

    private static string Place(string name) => name.Length == 0 ? "" : $"{name}: ";

    private static EthereumException Wrong(AbiType type, AbiValue value, string name, string wanted) => EthereumException.BadInput(
        "abi-value",
        $"{Place(name)}{Hex.Shorten(type.CanonicalName)} takes {wanted}; {Hex.Shorten(value.ToString())} is {value.KindName}.");
}
