using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace AgiJobs.Ethereum.Rpc;

/// <summary>
/// Reads what nodes send. Every method takes the name of the field for the message and throws <see cref="EthereumException"/> with code
/// <c>rpc-malformed</c> when the shape is another one.
/// </summary>
internal static class NodeJson
{
    // Answers nest as deep as call traces do: two levels for each of at most 1024 frames.
    public static readonly JsonDocumentOptions Options = new() { MaxDepth = 4096, AllowDuplicateProperties = false };

    public static EthereumException Malformed(string text) => new("rpc-malformed", Fault.Unknown, text);

    public static bool IsNull(JsonElement element) => element.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined;

    public static string Text(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.String)
        {
            throw Wrong(element, name, "a string");
        }

        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Malformed($"{name} is not valid UTF-8 text");
        }
    }

    public static byte[] Data(JsonElement element, string name)
    {
        var digits = HexDigits(element, name, "hex data");
        if (digits.Length % 2 != 0)
        {
            throw Wrong(element, name, "hex data with an even number of digits");
        }

        var bytes = new byte[digits.Length / 2];
        return Convert.FromHexString(digits, bytes, out _, out var written) == OperationStatus.Done && written == bytes.Length
            ? bytes
            : throw Wrong(element, name, "hex data");
    }

    public static Bytes32 Word(JsonElement element, string name)
    {
        var digits = HexDigits(element, name, "a 32-byte value");
        Span<byte> bytes = stackalloc byte[Bytes32.Size];
        return digits.Length == 2 * Bytes32.Size && Convert.FromHexString(digits, bytes, out _, out _) == OperationStatus.Done
            ? new Bytes32(bytes)
            : throw Wrong(element, name, "a 32-byte value");
    }

    public static Address Address(JsonElement element, string name)
    {
        var digits = HexDigits(element, name, "an address");
        Span<byte> bytes = stackalloc byte[Ethereum.Address.Size];
        return digits.Length == 2 * Ethereum.Address.Size && Convert.FromHexString(digits, bytes, out _, out _) == OperationStatus.Done
            ? new Address(bytes)
            : throw Wrong(element, name, "an address");
    }

    public static BigInteger Quantity(JsonElement element, string name)
    {
        var digits = HexDigits(element, name, "a hex quantity");
        if (digits.Length is 0 or > 64)
        {
            throw Wrong(element, name, "a hex quantity of at most 256 bits");
        }

        Span<byte> padded = stackalloc byte[64];
        padded.Fill((byte)'0');
        digits.CopyTo(padded[(64 - digits.Length)..]);
        Span<byte> bytes = stackalloc byte[32];
        return Convert.FromHexString(padded, bytes, out _, out _) == OperationStatus.Done
            ? new BigInteger(bytes, isUnsigned: true, isBigEndian: true)
            : throw Wrong(element, name, "a hex quantity");
    }

    public static ulong Count(JsonElement element, string name)
    {
        var value = Quantity(element, name);
        return value <= ulong.MaxValue ? (ulong)value : throw Wrong(element, name, "a hex quantity of at most 64 bits");
    }

    public static Wei Wei(JsonElement element, string name) => new(Quantity(element, name));

    public static bool Boolean(JsonElement element, string name) => element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(element, name, "true or false"),
    };

    public static JsonElement Field(JsonElement parent, string name)
    {
        Object(parent, "the parent of " + name);
        return parent.TryGetProperty(name, out var value) ? value : throw Malformed($"{name} is missing");
    }

    /// <summary>The field, or null when it is absent or JSON null.</summary>
    public static JsonElement? Optional(JsonElement parent, string name)
    {
        Object(parent, "the parent of " + name);
        return parent.TryGetProperty(name, out var value) && !IsNull(value) ? value : null;
    }

    public static void Object(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw Wrong(element, name, "an object");
        }
    }

    public static T[] List<T>(JsonElement element, string name, Func<JsonElement, T> read)
    {
        if (element.ValueKind != JsonValueKind.Array)
        {
            throw Wrong(element, name, "a list");
        }

        var items = new T[element.GetArrayLength()];
        var i = 0;
        foreach (var item in element.EnumerateArray())
        {
            items[i++] = read(item);
        }

        return items;
    }

    /// <summary>Runs a reader so that whatever is wrong with the document comes out as <see cref="EthereumException"/>.</summary>
    public static T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or OverflowException
            or ArgumentException or IndexOutOfRangeException or KeyNotFoundException or NotSupportedException)
        {
            throw Malformed($"the answer does not have the expected form ({error.Message})");
        }
    }

    private static ReadOnlySpan<byte> HexDigits(JsonElement element, string name, string expected)
    {
        if (element.ValueKind != JsonValueKind.String)
        {
            throw Wrong(element, name, expected);
        }

        var raw = JsonMarshal.GetRawUtf8Value(element);
        raw = raw[1..^1];
        return raw.StartsWith("0x"u8) ? raw[2..] : throw Wrong(element, name, expected);
    }

    private static EthereumException Wrong(JsonElement element, string name, string expected) =>
        Malformed($"{name} is {Describe(element)} where {expected} was expected");

    private static string Describe(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => "null",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        _ => Hex.Shorten(System.Text.Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(element))),
    };
}
