using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace AgiJobs.Ethereum.Abi;

/// <summary>
/// Values as JSON, read strictly by their type. Integers are JSON numbers of any size, or decimal or 0x strings, and are written as decimal
/// strings, which no reader rounds. Bytes and addresses are 0x strings; an address in mixed case must have its EIP-55 checksum. An array is
/// an array. A tuple is read from an object with exactly its members or from an array in order; it is written as an object when its
/// components have distinct names, else as an array.
/// </summary>
public static class AbiValueJson
{
    // Decimal digits of the widest integer; longer text cannot be one and is not parsed.
    private const int MaxDigits = 79;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    /// <summary>Reads a value of a type. Whether an integer fits its width is checked when it is encoded.</summary>
    /// <exception cref="EthereumException">
    /// <c>abi-value</c>, <c>abi-length</c>, <c>address-format</c> or <c>address-checksum</c>.
    /// </exception>
    public static AbiValue Read(AbiType type, JsonElement element) => Read(type, element, "");

    /// <summary>Reads a value of a type from JSON text.</summary>
    /// <exception cref="EthereumException"><c>abi-json</c> when it is not JSON or doubles a member, else as for an element.</exception>
    public static AbiValue Parse(AbiType type, string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 256 });
            return Read(type, document.RootElement);
        }
        catch (JsonException failure)
        {
            throw EthereumException.BadInput("abi-json", $"The value is not JSON: {failure.Message}", failure);
        }
    }

    /// <summary>Writes a value of a type.</summary>
    /// <exception cref="EthereumException"><c>abi-value</c> when the value is not of the type.</exception>
    public static void Write(Utf8JsonWriter writer, AbiType type, AbiValue value)
    {
        ArgumentNullException.ThrowIfNull(writer);
        switch (type.Kind)
        {
            case AbiTypeKind.Boolean:
                writer.WriteBooleanValue(value.AsBoolean());
                break;
            case AbiTypeKind.UnsignedInteger or AbiTypeKind.SignedInteger:
                writer.WriteStringValue(value.AsInteger().ToString(CultureInfo.InvariantCulture));
                break;
            case AbiTypeKind.Address:
                writer.WriteStringValue(value.AsAddress().ToString());
                break;
            case AbiTypeKind.String:
                writer.WriteStringValue(value.AsText());
                break;
            case AbiTypeKind.Bytes or AbiTypeKind.FixedBytes or AbiTypeKind.Function:
                writer.WriteStringValue(Hex.Encode(value.AsSpan()));
                break;
            default:
                WriteList(writer, type, value.AsList());
                break;
        }
    }

    internal static AbiValue ReadAtom(AbiType type, JsonElement element, string place)
    {
        var text = element.ValueKind == JsonValueKind.String ? TextOf(element, place) : null;
        switch (type.Kind)
        {
            case AbiTypeKind.UnsignedInteger or AbiTypeKind.SignedInteger:
                var digits = text ?? (element.ValueKind == JsonValueKind.Number ? element.GetRawText() : "");
                return TryInteger(digits, out var number)
                    ? number
                    : throw Wrong(place, type.CanonicalName, "a whole number, in decimal or 0x", element);
            case AbiTypeKind.Boolean:
                return element.ValueKind is JsonValueKind.True or JsonValueKind.False
                    ? element.GetBoolean()
                    : throw Wrong(place, type.CanonicalName, "true or false", element);
            case AbiTypeKind.Address:
                return text is not null ? ReadAddress(text) : throw Wrong(place, type.CanonicalName, "an address as text", element);
            case AbiTypeKind.String:
                return text ?? throw Wrong(place, type.CanonicalName, "text", element);
            default:
                return Hex.TryDecode(text, out var bytes) && (type.Kind == AbiTypeKind.Bytes || bytes.Length == type.Size)
                    ? bytes
                    : throw Wrong(
                        place,
                        type.CanonicalName,
                        type.Kind == AbiTypeKind.Bytes ? "0x and whole bytes" : $"0x and exactly {type.Size} bytes",
                        element);
        }
    }

    internal static EthereumException Wrong(string place, string type, string wanted, JsonElement element) => EthereumException.BadInput(
        "abi-value",
        $"{(place.Length == 0 ? "" : Hex.Shorten(place) + ": ")}{Hex.Shorten(type)} takes {wanted}, not "
        + $"{Hex.Shorten(element.GetRawText())}.");

    private static AbiValue Read(AbiType type, JsonElement element, string place)
    {
        switch (type.Kind)
        {
            case AbiTypeKind.DynamicArray or AbiTypeKind.FixedArray:
                return ReadArray(type, element, place);
            case AbiTypeKind.Tuple when element.ValueKind == JsonValueKind.Array:
                return ReadArray(type, element, place);
            case AbiTypeKind.Tuple:
                return ReadObject(type, element, place);
            default:
                return ReadAtom(type, element, place);
        }
    }

    private static AbiList ReadArray(AbiType type, JsonElement element, string place)
    {
        if (element.ValueKind != JsonValueKind.Array)
        {
            throw Wrong(place, type.CanonicalName, "an array", element);
        }

        var count = element.GetArrayLength();
        var wanted = type.Kind switch
        {
            AbiTypeKind.FixedArray => type.Size,
            AbiTypeKind.Tuple => type.Components.Count,
            _ => count,
        };
        if (count != wanted)
        {
            throw EthereumException.BadInput(
                "abi-length",
                $"{(place.Length == 0 ? "" : place + ": ")}{Hex.Shorten(type.CanonicalName)} takes exactly {wanted} items; "
                + $"{count} were given.");
        }

        var items = new AbiValue[count];
        var next = 0;
        foreach (var item in element.EnumerateArray())
        {
            items[next] = Read(type.Element ?? type.Components[next].Type, item, $"{place}[{next}]");
            next++;
        }

        return new AbiList(items, owned: true);
    }

    private static AbiList ReadObject(AbiType type, JsonElement element, string place)
    {
        if (element.ValueKind != JsonValueKind.Object || !HasDistinctNames(type))
        {
            throw Wrong(place, type.CanonicalName, HasDistinctNames(type) ? "an object or an array" : "an array", element);
        }

        var items = new AbiValue[type.Components.Count];
        for (var i = 0; i < items.Length; i++)
        {
            var component = type.Components[i];
            items[i] = element.TryGetProperty(component.Name, out var member)
                ? Read(component.Type, member, $"{place}.{component.Name}")
                : throw EthereumException.BadInput(
                    "abi-value",
                    $"{(place.Length == 0 ? "" : place + " ")}lacks the member '{component.Name}' of {Hex.Shorten(type.ToString())}.");
        }

        return element.GetPropertyCount() == items.Length
            ? new AbiList(items, owned: true)
            : throw Wrong(place, type.ToString(), "no other members than its own", element);
    }

    private static void WriteList(Utf8JsonWriter writer, AbiType type, IReadOnlyList<AbiValue> items)
    {
        var named = type.Kind == AbiTypeKind.Tuple && HasDistinctNames(type);
        if (type.Kind == AbiTypeKind.Tuple && items.Count != type.Components.Count)
        {
            throw EthereumException.BadInput(
                "abi-value",
                $"{Hex.Shorten(type.CanonicalName)} has {type.Components.Count} items, not {items.Count}.");
        }

        if (named)
        {
            writer.WriteStartObject();
        }
        else
        {
            writer.WriteStartArray();
        }

        for (var i = 0; i < items.Count; i++)
        {
            if (named)
            {
                writer.WritePropertyName(type.Components[i].Name);
            }

            Write(writer, type.Element ?? type.Components[i].Type, items[i]);
        }

        if (named)
        {
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteEndArray();
        }
    }

    private static bool HasDistinctNames(AbiType tuple)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var component in tuple.Components)
        {
            if (component.Name.Length == 0 || !names.Add(component.Name))
            {
                return false;
            }
        }

        return true;
    }

    // Half of a surrogate pair is legal JSON but no text.
    private static string TextOf(JsonElement element, string place)
    {
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Wrong(place, "string", "Unicode text", element);
        }
    }

    // Machines write addresses in lower case; one in mixed case carries a checksum, and a wrong one is an error.
    private static Address ReadAddress(string text) =>
        text.Length == 42 && text.AsSpan(2).ContainsAnyInRange('a', 'f') && text.AsSpan(2).ContainsAnyInRange('A', 'F')
        ? Address.Parse(text)
        : Address.ParseAnyCase(text);

    private static bool TryInteger(string text, out BigInteger number)
    {
        number = default;
        if (text.StartsWith("0x", StringComparison.Ordinal))
        {
            var digits = text.AsSpan(2);
            return digits.Length is >= 1 and <= 64 && !digits.ContainsAnyExcept(HexDigits)
                && BigInteger.TryParse("0" + text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
        }

        var body = text.AsSpan(text.StartsWith('-') ? 1 : 0);
        return body.Length is >= 1 and <= MaxDigits && !body.ContainsAnyExceptInRange('0', '9')
            && BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
    }
}
