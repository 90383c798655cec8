using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace AgiJobs.Ethereum.Abi;

/// <summary>Reads values out of data that may be hostile; see <see cref="AbiCodec"/> for what is refused.</summary>
internal ref struct AbiDecoder
{
    // Data in which no byte is used twice spends at most its own length. Hand-written encoders let equal tails share bytes, so a multiple
    // is granted; it is a constant factor, so that the work and the values stay proportional to the data.
    private const int Sharing = 8;

    // Every element of no size (T[0], an empty tuple) spends this much, since nothing else bounds their number.
    private const int EmptyCost = 32;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _data;
    private long _budget;
    private int _end;

    private AbiDecoder(ReadOnlySpan<byte> data)
    {
        _data = data;
        _budget = ((long)data.Length * Sharing) + 4096;
    }

    public static AbiValue[] Decode(IReadOnlyList<AbiParameter> types, ReadOnlySpan<byte> data, bool allowTrailing)
    {
        var decoder = new AbiDecoder(data);
        var values = decoder.ReadItems(types, 0);
        if (!allowTrailing && decoder._end < data.Length)
        {
            throw EthereumException.BadInput(
                "abi-trailing",
                $"The values {Hex.Shorten(AbiType.CanonicalList(types))} end at byte {decoder._end}; "
                + $"{data.Length - decoder._end} more bytes follow that mean nothing here.");
        }

        return values;
    }

    /// <summary>Reads the value type that a topic holds.</summary>
    public static AbiValue DecodeWord(AbiType type, ReadOnlySpan<byte> word)
    {
        var decoder = new AbiDecoder(word);
        return decoder.ReadWord(type, 0);
    }

    private AbiValue[] ReadItems(IReadOnlyList<AbiParameter> types, int frame)
    {
        var count = types.Count;
        if (count == 0)
        {
            Spend(EmptyCost);
            return [];
        }

        var values = new AbiValue[count];
        var head = frame;
        for (var i = 0; i < count; i++)
        {
            var type = types[i].Type;
            values[i] = ReadInFrame(type, frame, head);
            head += type.HeadSize;
        }

        return values;
    }

    private AbiValue ReadInFrame(AbiType type, int frame, int head)
    {
        if (!type.IsDynamic)
        {
            return ReadContent(type, head);
        }

        var offset = ReadLength(head, "an offset");
        if (offset > _data.Length - frame)
        {
            throw Truncated(type, $"its offset {offset} from byte {frame} points behind the data");
        }

        return ReadContent(type, frame + offset);
    }

    private AbiValue ReadContent(AbiType type, int at)
    {
        switch (type.Kind)
        {
            case AbiTypeKind.Tuple:
                RequireHead(type, at, type.ContentHeadSize);
                return new AbiList(ReadItems(type.Components, at), owned: true);
            case AbiTypeKind.FixedArray:
                return ReadElements(type, type.Element!, type.Size, at);
            case AbiTypeKind.DynamicArray:
                var count = ReadLength(at, "a count");
                return ReadElements(type, type.Element!, count, at + 32);
            case AbiTypeKind.Bytes:
                return new AbiBytes(ReadBytes(type, at).ToArray(), owned: true);
            case AbiTypeKind.String:
                return ReadText(type, at);
            default:
                return ReadWord(type, at);
        }
    }

    private AbiList ReadElements(AbiType type, AbiType element, int count, int frame)
    {
        RequireHead(type, frame, (long)count * element.HeadSize);
        if (element.HeadSize == 0 && (long)count * EmptyCost > _budget)
        {
            throw Overlap();
        }

        if (count == 0)
        {
            Spend(EmptyCost);
            return new AbiList([], owned: true);
        }

        // The head was just shown to lie inside the data, so the allocation is bounded by it; for empty elements by the budget. The budget
        // must cover it too, or shared heads would allocate without paying first.
        if (((long)count * element.HeadSize) > _budget)
        {
            throw Overlap();
        }

        var values = new AbiValue[count];
        var head = frame;
        for (var i = 0; i < count; i++)
        {
            values[i] = ReadInFrame(element, frame, head);
            head += element.HeadSize;
        }

        return new AbiList(values, owned: true);
    }

    private ReadOnlySpan<byte> ReadBytes(AbiType type, int at)
    {
        var length = ReadLength(at, "a length");
        var start = at + 32;
        var padded = ((long)length + 31) & ~31L;
        if (padded > _data.Length - start)
        {
            throw Truncated(type, $"{length} bytes padded to {padded} are announced at byte {at}, {_data.Length - start} are there");
        }

        Spend((int)padded);
        var end = start + (int)padded;
        _end = Math.Max(_end, end);
        if (_data[(start + length)..end].ContainsAnyExcept((byte)0))
        {
            throw Padding(type, _data[start..end], "the bytes after its end must be zero");
        }

        return _data.Slice(start, length);
    }

    private AbiText ReadText(AbiType type, int at)
    {
        var bytes = ReadBytes(type, at);
        try
        {
            return new AbiText(StrictUtf8.GetString(bytes));
        }
        catch (DecoderFallbackException failure)
        {
            throw EthereumException.BadInput(
                "abi-utf8",
                $"A string at byte {at} is not UTF-8: {Hex.Shorten(Hex.Encode(bytes))}. Read it as bytes.", failure);
        }
    }

    private AbiValue ReadWord(AbiType type, int at)
    {
        var word = Word(at);
        switch (type.Kind)
        {
            case AbiTypeKind.UnsignedInteger:
                var unused = 32 - (type.Size / 8);
                if (unused > 0 && word[..unused].ContainsAnyExcept((byte)0))
                {
                    throw Padding(type, word, "the bytes before it must be zero");
                }

                return new AbiInteger(ReadUnsigned(word));
            case AbiTypeKind.SignedInteger:
                var high = 32 - (type.Size / 8);
                if (high > 0 && word[..high].ContainsAnyExcept(word[high] >= 0x80 ? (byte)0xff : (byte)0))
                {
                    throw Padding(type, word, "the bytes before it must repeat its sign");
                }

                return new AbiInteger(new BigInteger(word[high..], isUnsigned: false, isBigEndian: true));
            case AbiTypeKind.Boolean:
                if (word[31] > 1 || word[..31].ContainsAnyExcept((byte)0))
                {
                    throw Padding(type, word, "it must be 0 or 1");
                }

                return word[31] == 1 ? AbiBoolean.True : AbiBoolean.False;
            case AbiTypeKind.Address:
                if (word[..12].ContainsAnyExcept((byte)0))
                {
                    throw Padding(type, word, "its first 12 bytes must be zero");
                }

                return new AbiAddress(new Address(word[12..]));
            default:
                if (word[type.Size..].ContainsAnyExcept((byte)0))
                {
                    throw Padding(type, word, "the bytes after it must be zero");
                }

                return new AbiBytes(word[..type.Size].ToArray(), owned: true);
        }
    }

    private static BigInteger ReadUnsigned(ReadOnlySpan<byte> word) => word[..24].ContainsAnyExcept((byte)0)
        ? new BigInteger(word, isUnsigned: true, isBigEndian: true)
        : BinaryPrimitives.ReadUInt64BigEndian(word[24..]);

    // A length, count or offset. One that does not fit 31 bits points behind any data.
    private int ReadLength(int at, string what)
    {
        var word = Word(at);
        if (word[..28].ContainsAnyExcept((byte)0) || word[28] >= 0x80)
        {
            throw EthereumException.BadInput(
                "abi-truncated",
                $"{Hex.Encode(word)} at byte {at} is no possible {what[(what.IndexOf(' ') + 1)..]}: the data has {_data.Length} bytes.");
        }

        return BinaryPrimitives.ReadInt32BigEndian(word[28..]);
    }

    private ReadOnlySpan<byte> Word(int at)
    {
        if (at > _data.Length - 32)
        {
            throw EthereumException.BadInput("abi-truncated", $"The data has {_data.Length} bytes; 32 more are needed at byte {at}.");
        }

        Spend(32);
        _end = Math.Max(_end, at + 32);
        return _data.Slice(at, 32);
    }

    private readonly void RequireHead(AbiType type, int at, long size)
    {
        if (size > _data.Length - at)
        {
            throw Truncated(type, $"{size} bytes are needed at byte {at}, {Math.Max(0, _data.Length - at)} are there");
        }
    }

    private void Spend(int amount)
    {
        _budget -= amount;
        if (_budget < 0)
        {
            throw Overlap();
        }
    }

    private readonly EthereumException Overlap() => EthereumException.BadInput(
        "abi-overlap",
        $"The values in these {_data.Length} bytes overlap so often that they would fill more than {Sharing} times as "
        + "many: the data is hostile or not of these types.");

    private static EthereumException Truncated(AbiType type, string why) =>
        EthereumException.BadInput("abi-truncated", $"{Hex.Shorten(type.CanonicalName)} does not fit the data: {why}.");

    private static EthereumException Padding(AbiType type, ReadOnlySpan<byte> bytes, string rule) =>
        EthereumException.BadInput("abi-padding", $"{Hex.Shorten(Hex.Encode(bytes))} is not a canonical {type.CanonicalName}: {rule}.");
}
