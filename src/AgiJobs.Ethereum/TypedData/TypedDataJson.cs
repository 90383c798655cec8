using System.Buffers;
using System.Numerics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Ethereum.TypedData;

/// <summary>The JSON form of typed documents, <c>eth_signTypedData_v4</c>.</summary>
internal static class TypedDataJson
{
    private const long MaxExactInDouble = 9_007_199_254_740_991;

    public static TypedDocument Read(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            // A doubled member would show one value to a person and sign another.
            using var parsed = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 256 });
            return ReadDocument(parsed.RootElement);
        }
        catch (JsonException failure)
        {
            throw EthereumException.BadInput("typed-data-json", $"The typed document is not JSON: {failure.Message}", failure);
        }
        catch (InvalidOperationException failure)
        {
            throw EthereumException.BadInput(
                "typed-data-json",
                $"The typed document holds text that is not Unicode: {failure.Message}", failure);
        }
    }

    public static string Write(TypedDocument document)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("types");
            WriteType(
                writer,
                TypedDomain.TypeName,
                document.Domain.Present().Select(static one => new TypedField(one.Name, one.Type.CanonicalName)));
            foreach (var one in document.Schema.Structs)
            {
                WriteType(writer, one.Name, one.Fields);
            }

            writer.WriteEndObject();
            writer.WriteString("primaryType", document.PrimaryType);
            writer.WriteStartObject("domain");
            foreach (var (name, type, value) in document.Domain.Present())
            {
                writer.WritePropertyName(name);
                if (value is AbiInteger { Value: var chain } && chain <= MaxExactInDouble)
                {
                    writer.WriteNumberValue((long)chain);
                }
                else
                {
                    AbiValueJson.Write(writer, type, value);
                }
            }

            writer.WriteEndObject();
            writer.WritePropertyName("message");
            WriteStruct(writer, document.Schema.Primary, document.Message);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static TypedDocument ReadDocument(JsonElement root)
    {
        Object(root, "the document");
        foreach (var property in root.EnumerateObject())
        {
            if (property.Name is not ("types" or "primaryType" or "domain" or "message"))
            {
                throw EthereumException.BadInput(
                    "typed-data-json",
                    $"'{Hex.Shorten(property.Name)}' is no part of a typed document: it has types, primaryType, domain and message.");
            }
        }

        var types = Part(root, "types");
        var primary = Part(root, "primaryType");
        if (primary.ValueKind != JsonValueKind.String)
        {
            throw EthereumException.BadInput("typed-data-json", "primaryType must be text.");
        }

        Object(types, "types");
        List<TypedField>? domainFields = null;
        var structs = new List<TypedStruct>();
        foreach (var property in types.EnumerateObject())
        {
            var fields = ReadFields(property);
            if (property.Name == TypedDomain.TypeName)
            {
                domainFields = fields;
            }
            else
            {
                structs.Add(new TypedStruct(property.Name, fields));
            }
        }

        if (domainFields is null)
        {
            throw EthereumException.BadInput(
                "typed-data-types", "types has no EIP712Domain: wallets then disagree about the domain that is signed. Declare "
                + "the fields that the domain has.");
        }

        var schema = new TypedSchema(primary.GetString()!, structs);
        var domain = ReadDomain(Part(root, "domain"), domainFields);
        var message = ReadStruct(schema.Primary, Part(root, "message"), schema.Primary.Name);
        return new TypedDocument(domain, schema, message.Items);
    }

    private static List<TypedField> ReadFields(JsonProperty declaration)
    {
        if (declaration.Value.ValueKind != JsonValueKind.Array)
        {
            throw EthereumException.BadInput("typed-data-json", $"types.{Hex.Shorten(declaration.Name)} must be an array of members.");
        }

        var fields = new List<TypedField>();
        foreach (var field in declaration.Value.EnumerateArray())
        {
            if (field.ValueKind != JsonValueKind.Object || !TryText(field, "name", out var name) || !TryText(field, "type", out var type)
                || field.GetPropertyCount() != 2)
            {
                throw EthereumException.BadInput(
                    "typed-data-json",
                    $"A member of {Hex.Shorten(declaration.Name)} must be an object of name and type.");
            }

            fields.Add(new TypedField(name, type));
        }

        return fields;
    }

    private static TypedDomain ReadDomain(JsonElement element, List<TypedField> declared)
    {
        Object(element, "domain");
        foreach (var property in element.EnumerateObject())
        {
            if (!declared.Exists(field => field.Name == property.Name))
            {
                throw EthereumException.BadInput(
                    "typed-data-domain",
                    $"The domain holds '{Hex.Shorten(property.Name)}', which EIP712Domain does not declare: it would not be signed.");
            }
        }

        var domain = new TypedDomain();
        var order = new List<string>();
        foreach (var field in declared)
        {
            var type = TypedDomain.TypeOf(field.Name);
            if (type is null || type.CanonicalName != field.Type || order.Contains(field.Name))
            {
                throw EthereumException.BadInput(
                    "typed-data-domain",
                    $"EIP712Domain declares '{Hex.Shorten(field.Type)} {Hex.Shorten(field.Name)}'; it may hold string name, string "
                    + "version, uint256 chainId, address verifyingContract and bytes32 salt, each once.");
            }

            if (!element.TryGetProperty(field.Name, out var given))
            {
                throw EthereumException.BadInput("typed-data-member", $"The domain lacks '{field.Name}', which EIP712Domain declares.");
            }

            order.Add(field.Name);
            var value = AbiValueJson.ReadAtom(type, given, $"domain.{field.Name}");
            domain = field.Name switch
            {
                "name" => domain with { Name = value.AsText() },
                "version" => domain with { Version = value.AsText() },
                "chainId" => domain with { ChainId = Chain(value.AsInteger()) },
                "verifyingContract" => domain with { VerifyingContract = value.AsAddress() },
                _ => domain with { Salt = value.AsBytes32() },
            };
        }

        return domain.InOrder([.. order]);
    }

    private static ChainId Chain(BigInteger number) => number.Sign >= 0 && number <= ulong.MaxValue
        ? new ChainId((ulong)number)
        : throw EthereumException.BadInput("typed-data-domain", $"{Hex.Shorten(number.ToString())} is no chain id: it is 0 to 2^64 - 1.");

    private static AbiList ReadStruct(TypedStruct type, JsonElement element, string place)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw AbiValueJson.Wrong(place, type.Name, "an object", element);
        }

        var values = new AbiValue[type.Fields.Count];
        for (var i = 0; i < values.Length; i++)
        {
            var name = type.Fields[i].Name;
            values[i] = element.TryGetProperty(name, out var member)
                ? ReadValue(type.Shapes[i], member, $"{place}.{name}")
                : throw EthereumException.BadInput("typed-data-member", $"{place} lacks '{name}', which {type.Name} declares.");
        }

        // The names are distinct and all declared ones are there, so any excess is undeclared.
        if (element.GetPropertyCount() != values.Length)
        {
            var extra = element.EnumerateObject().First(property => !type.Fields.Any(field => field.Name == property.Name));
            throw EthereumException.BadInput(
                "typed-data-member",
                $"{place} holds '{Hex.Shorten(extra.Name)}', which {type.Name} does not declare: it would not be signed.");
        }

        return new AbiList(values, owned: true);
    }

    private static AbiValue ReadValue(TypedShape shape, JsonElement element, string place)
    {
        if (shape.Struct is not null)
        {
            return ReadStruct(shape.Struct, element, place);
        }

        if (shape.Atom is not null)
        {
            return AbiValueJson.ReadAtom(shape.Atom, element, place);
        }

        if (element.ValueKind != JsonValueKind.Array)
        {
            throw AbiValueJson.Wrong(place, shape.Name, "an array", element);
        }

        var items = new AbiValue[element.GetArrayLength()];
        var next = 0;
        foreach (var item in element.EnumerateArray())
        {
            items[next] = ReadValue(shape.Element!, item, $"{place}[{next}]");
            next++;
        }

        return new AbiList(items, owned: true);
    }

    private static void WriteType(Utf8JsonWriter writer, string name, IEnumerable<TypedField> fields)
    {
        writer.WriteStartArray(name);
        foreach (var field in fields)
        {
            writer.WriteStartObject();
            writer.WriteString("name", field.Name);
            writer.WriteString("type", field.Type);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteStruct(Utf8JsonWriter writer, TypedStruct type, AbiValue value)
    {
        var members = value.AsList();
        writer.WriteStartObject();
        for (var i = 0; i < members.Count; i++)
        {
            writer.WritePropertyName(type.Fields[i].Name);
            WriteValue(writer, type.Shapes[i], members[i]);
        }

        writer.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter writer, TypedShape shape, AbiValue value)
    {
        if (shape.Struct is not null)
        {
            WriteStruct(writer, shape.Struct, value);
        }
        else if (shape.Atom is not null)
        {
            AbiValueJson.Write(writer, shape.Atom, value);
        }
        else
        {
            writer.WriteStartArray();
            foreach (var item in value.AsList())
            {
                WriteValue(writer, shape.Element!, item);
            }

            writer.WriteEndArray();
        }
    }

    private static JsonElement Part(JsonElement root, string name) => root.TryGetProperty(name, out var part)
        ? part
        : throw EthereumException.BadInput("typed-data-json", $"The typed document lacks '{name}'.");

    private static void Object(JsonElement element, string what)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw EthereumException.BadInput("typed-data-json", $"{what} must be a JSON object.");
        }
    }

    private static bool TryText(JsonElement owner, string name, out string text)
    {
        text = owner.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
        return text.Length > 0;
    }
}
