using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace AgiJobs.Ethereum.Abi;

/// <summary>Reads and writes the JSON ABI of compilers. Source: the Solidity documentation, "Contract ABI Specification", JSON.</summary>
internal static class AbiJson
{
    public static List<object> Read(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 256 });
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("abi", out var inner))
            {
                root = inner;
            }

            if (root.ValueKind != JsonValueKind.Array)
            {
                throw Bad("the ABI must be an array of entries, or an object whose property 'abi' is one");
            }

            var entries = new List<object>();
            foreach (var entry in root.EnumerateArray())
            {
                entries.Add(ReadEntry(entry));
            }

            return entries;
        }
        catch (JsonException failure)
        {
            throw EthereumException.BadInput("abi-json", $"The ABI is not JSON: {failure.Message}", failure);
        }
        catch (InvalidOperationException failure)
        {
            // A string of the document holds half of a surrogate pair.
            throw EthereumException.BadInput("abi-json", $"The ABI holds text that is not Unicode: {failure.Message}", failure);
        }
    }

    public static string Write(ContractAbi abi)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartArray();
            if (!ReferenceEquals(abi.Constructor, AbiConstructor.Default))
            {
                Begin(writer, "constructor", null, abi.Constructor.Inputs, false);
                End(writer, abi.Constructor.StateMutability);
            }

            foreach (var function in abi.Functions)
            {
                Begin(writer, "function", function.Name, function.Inputs, false);
                WriteParameters(writer, "outputs", function.Outputs, false);
                End(writer, function.StateMutability);
            }

            foreach (var error in abi.Errors)
            {
                Begin(writer, "error", error.Name, error.Inputs, false);
                writer.WriteEndObject();
            }

            foreach (var one in abi.Events)
            {
                Begin(writer, "event", one.Name, one.Inputs, true);
                writer.WriteBoolean("anonymous", one.IsAnonymous);
                writer.WriteEndObject();
            }

            if (abi.HasFallback)
            {
                WriteMark(writer, "fallback", abi.HasFallbackPayable);
            }

            if (abi.HasReceive)
            {
                WriteMark(writer, "receive", payable: true);
            }

            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Begin(Utf8JsonWriter writer, string type, string? name, IReadOnlyList<AbiParameter> inputs, bool isEvent)
    {
        writer.WriteStartObject();
        writer.WriteString("type", type);
        if (name is not null)
        {
            writer.WriteString("name", name);
        }

        WriteParameters(writer, "inputs", inputs, isEvent);
    }

    private static void End(Utf8JsonWriter writer, StateMutability mutability)
    {
        writer.WriteString("stateMutability", Word(mutability));
        writer.WriteEndObject();
    }

    private static void WriteMark(Utf8JsonWriter writer, string type, bool payable)
    {
        writer.WriteStartObject();
        writer.WriteString("type", type);
        End(writer, payable ? StateMutability.Payable : StateMutability.NonPayable);
    }

    private static void WriteParameters(Utf8JsonWriter writer, string property, IReadOnlyList<AbiParameter> parameters, bool isEvent)
    {
        writer.WriteStartArray(property);
        foreach (var parameter in parameters)
        {
            writer.WriteStartObject();
            writer.WriteString("name", parameter.Name);
            writer.WriteString("type", parameter.Type.JsonName);
            if (parameter.InternalType is not null)
            {
                writer.WriteString("internalType", parameter.InternalType);
            }

            if (isEvent)
            {
                writer.WriteBoolean("indexed", parameter.Indexed);
            }

            var innermost = parameter.Type;
            while (innermost.Element is not null)
            {
                innermost = innermost.Element;
            }

            if (innermost.Kind == AbiTypeKind.Tuple)
            {
                WriteParameters(writer, "components", innermost.Components, isEvent: false);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static string Word(StateMutability mutability) => mutability switch
    {
        StateMutability.View => "view",
        StateMutability.Pure => "pure",
        StateMutability.Payable => "payable",
        _ => "nonpayable",
    };

    private static object ReadEntry(JsonElement entry)
    {
        if (entry.ValueKind != JsonValueKind.Object)
        {
            throw Bad("every entry must be an object");
        }

        // An entry without a type is a function, as in ABIs of the first compilers.
        var type = Text(entry, "type") ?? "function";
        switch (type)
        {
            case "function":
                return new AbiFunction(
                    Name(entry), Parameters(entry, "inputs", false, 0), Parameters(entry, "outputs", false, 0), Mutability(entry));
            case "event":
                return new AbiEvent(Name(entry), Parameters(entry, "inputs", true, 0), Flag(entry, "anonymous"));
            case "error":
                return new AbiError(Name(entry), Parameters(entry, "inputs", false, 0));
            case "constructor":
                return new AbiConstructor(Parameters(entry, "inputs", false, 0), Mutability(entry));
            case "receive":
                return AbiEntryMark.Receive;
            case "fallback":
                return Mutability(entry) == StateMutability.Payable ? AbiEntryMark.PayableFallback : AbiEntryMark.Fallback;
            default:
                throw Bad($"'{Hex.Shorten(type)}' is no kind of entry");
        }
    }

    internal static AbiParameter[] Parameters(JsonElement owner, string property, bool isEvent, int depth)
    {
        if (!owner.TryGetProperty(property, out var list))
        {
            return [];
        }

        if (list.ValueKind != JsonValueKind.Array)
        {
            throw Bad($"'{property}' must be an array");
        }

        if (depth > AbiType.MaxDepth)
        {
            throw EthereumException.BadInput(
                "abi-type",
                $"A type nests deeper than {AbiType.MaxDepth} levels; no compiler writes such a type.");
        }

        var parameters = new List<AbiParameter>();
        foreach (var item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object)
            {
                throw Bad("every parameter must be an object");
            }

            var text = Text(item, "type") ?? throw Bad("a parameter has no type");
            parameters.Add(new AbiParameter(Text(item, "name") ?? "", ReadType(item, text, depth), isEvent && Flag(item, "indexed"))
            {
                InternalType = Text(item, "internalType"),
            });
        }

        return [.. parameters];
    }

    private static AbiType ReadType(JsonElement item, string text, int depth)
    {
        if (!text.StartsWith("tuple", StringComparison.Ordinal))
        {
            return AbiType.Parse(text);
        }

        if (!item.TryGetProperty("components", out _))
        {
            throw Bad("a tuple has no components");
        }

        var parser = new SignatureParser(text);
        parser.ReadWord();
        var type = parser.ReadSuffixes(AbiType.TupleOf(Parameters(item, "components", false, depth + 1)));
        parser.ExpectEnd();
        return text is "tuple" || text.StartsWith("tuple[", StringComparison.Ordinal)
            ? type
            : throw EthereumException.BadInput("abi-type", $"'{Hex.Shorten(text)}' is not an ABI type.");
    }

    private static StateMutability Mutability(JsonElement entry)
    {
        switch (Text(entry, "stateMutability"))
        {
            case "view":
                return StateMutability.View;
            case "pure":
                return StateMutability.Pure;
            case "payable":
                return StateMutability.Payable;
            case "nonpayable":
                return StateMutability.NonPayable;
            case null:
                // Compilers before 0.4.16 wrote two flags instead.
                return Flag(entry, "constant")
                    ? StateMutability.View
                    : Flag(entry, "payable")
                    ? StateMutability.Payable
                    : StateMutability.NonPayable;
            case var other:
                throw Bad($"'{Hex.Shorten(other)}' is no stateMutability");
        }
    }

    private static string Name(JsonElement entry) => Text(entry, "name") is { Length: > 0 } name && IsName(name)
        ? name
        : throw Bad("a function, event or error has no valid name");

    private static bool IsName(string name) =>
        !char.IsAsciiDigit(name[0]) && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '$');

    private static string? Text(JsonElement owner, string property) => !owner.TryGetProperty(property, out var value) ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : throw Bad($"'{property}' must be text");

    private static bool Flag(JsonElement owner, string property) => owner.TryGetProperty(property, out var value) && value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Bad($"'{property}' must be true or false"),
    };

    private static EthereumException Bad(string rule) => EthereumException.BadInput("abi-json", $"The ABI cannot be read: {rule}.");
}
