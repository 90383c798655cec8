using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Ethereum.Storage;

/// <summary>The state variables of a contract and where they lie, as solc's <c>storageLayout</c> tells it. Immutable.</summary>
public sealed class StorageLayout
{
    private const int MaxDepth = 64;

    private StorageLayout(IReadOnlyList<StorageVariable> variables) => Variables = variables;

    /// <summary>A layout without variables.</summary>
    public static StorageLayout Empty { get; } = new([]);

    /// <summary>The variables in the order of the source, base contracts first.</summary>
    public IReadOnlyList<StorageVariable> Variables { get; }

    /// <summary>
    /// Reads the layout of a compiled artefact (its property <c>storageLayout</c>) or the layout itself; null when the document has none.
    /// </summary>
    /// <exception cref="EthereumException"><c>storage-layout</c> when it has another form.</exception>
    public static StorageLayout? FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object && !root.TryGetProperty("storage", out _))
            {
                if (!root.TryGetProperty("storageLayout", out root))
                {
                    return null;
                }
            }

            return root.ValueKind == JsonValueKind.Object ? Read(root) : null;
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or OverflowException)
        {
            throw EthereumException.BadInput("storage-layout", $"The storage layout does not have solc's form: {problem.Message}", problem);
        }
    }

    /// <summary>
    /// Makes a layout by hand: each entry is <c>type name</c>, optionally <c>@slot</c> (decimal, or 0x and hex digits) and <c>+offset</c>, as in <c>address owner @5 +0</c>. Without a
    /// slot it follows the entry before it in the next one. Value types, mappings of them and dynamic arrays of them are known.
    /// </summary>
    /// <exception cref="EthereumException"><c>storage-layout</c>.</exception>
    public static StorageLayout Of(params ReadOnlySpan<string> entries)
    {
        var variables = new List<StorageVariable>();
        var next = BigInteger.Zero;
        foreach (var entry in entries)
        {
            var offset = 0;
            var text = entry;
            if (text.IndexOf(" +", StringComparison.Ordinal) is var plus and >= 0)
            {
                offset = int.Parse(text.AsSpan(plus + 2), NumberStyles.None, CultureInfo.InvariantCulture);
                text = text[..plus];
            }

            var slot = next;
            if (text.IndexOf(" @", StringComparison.Ordinal) is var at and >= 0)
            {
                var given = text[(at + 2)..];
                slot = given.StartsWith("0x", StringComparison.Ordinal) ? Hex.DecodeQuantity(given) : BigInteger.Parse(given, NumberStyles.None, CultureInfo.InvariantCulture);
                text = text[..at];
            }

            var space = text.LastIndexOf(' ');
            var type = TypeOf(text[..space].Trim());
            variables.Add(new StorageVariable(text[(space + 1)..], slot, offset, type));
            next = slot + type.Slots;
        }

        return new StorageLayout(variables);
    }

    /// <summary>Two layouts together: of a contract and of what lies at places of its own.</summary>
    public StorageLayout With(StorageLayout other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new StorageLayout([.. Variables, .. other.Variables]);
    }

    /// <summary>The base slot of a namespace: <c>keccak256(keccak256(id) - 1) &amp; ~0xff</c>. Source: ERC-7201.</summary>
    public static BigInteger NamespaceSlot(string id)
    {
        var inner = Bytes32.FromUnsigned(Keccak256.Hash(Encoding.UTF8.GetBytes(id)).ToUnsigned() - 1);
        var outer = Keccak256.Hash(inner.ToBytes()).ToUnsigned();
        return outer - (outer % 256);
    }

    private static StorageType TypeOf(string label)
    {
        if (label.StartsWith("mapping(", StringComparison.Ordinal) && label.EndsWith(')'))
        {
            var arrow = label.IndexOf("=>", StringComparison.Ordinal);
            return new StorageType(label, StorageEncoding.Mapping, 32) { Key = TypeOf(label[8..arrow].Trim()), Element = TypeOf(label[(arrow + 2)..^1].Trim()) };
        }

        if (label.EndsWith("[]", StringComparison.Ordinal))
        {
            return new StorageType(label, StorageEncoding.DynamicArray, 32) { Element = TypeOf(label[..^2]) };
        }

        return label switch
        {
            "string" or "bytes" => new StorageType(label, StorageEncoding.Bytes, 32),
            "bool" => new StorageType(label, StorageEncoding.InPlace, 1),
            "address" => new StorageType(label, StorageEncoding.InPlace, 20),
            _ when Digits(label, "uint") is { } bits => new StorageType(label, StorageEncoding.InPlace, bits / 8),
            _ when Digits(label, "int") is { } bits => new StorageType(label, StorageEncoding.InPlace, bits / 8),
            _ when Digits(label, "bytes") is { } bytes => new StorageType(label, StorageEncoding.InPlace, bytes),
            _ => throw EthereumException.BadInput("storage-layout", $"'{label}' is no type that a layout can be made of here."),
        };

        static int? Digits(string label, string prefix) =>
            label.StartsWith(prefix, StringComparison.Ordinal) && int.TryParse(label.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    private static StorageLayout Read(JsonElement root)
    {
        // solc writes null where a contract has no variables.
        var definitions = root.TryGetProperty("types", out var given) && given.ValueKind == JsonValueKind.Object ? given : default;
        var types = new Dictionary<string, StorageType>(StringComparer.Ordinal);
        return new StorageLayout(Variables(root.GetProperty("storage"), 0));

        List<StorageVariable> Variables(JsonElement list, int depth) =>
            [.. list.EnumerateArray().Select(variable => new StorageVariable(
                variable.GetProperty("label").GetString()!,
                BigInteger.Parse(variable.GetProperty("slot").GetString()!, NumberStyles.None, CultureInfo.InvariantCulture),
                variable.GetProperty("offset").GetInt32() is >= 0 and < 32 and var offset ? offset : throw new FormatException("an offset is not 0 to 31"),
                Type(variable.GetProperty("type").GetString()!, depth)))];

        StorageType Type(string id, int depth)
        {
            if (types.TryGetValue(id, out var known))
            {
                return known;
            }

            if (depth > MaxDepth)
            {
                throw new FormatException("types nest too deep");
            }

            var definition = definitions.GetProperty(id);
            var label = definition.GetProperty("label").GetString()!;
            var size = BigInteger.Parse(definition.GetProperty("numberOfBytes").GetString()!, NumberStyles.None, CultureInfo.InvariantCulture);
            var encoding = definition.GetProperty("encoding").GetString() switch
            {
                "inplace" => StorageEncoding.InPlace,
                "mapping" => StorageEncoding.Mapping,
                "dynamic_array" => StorageEncoding.DynamicArray,
                "bytes" => StorageEncoding.Bytes,
                var other => throw new FormatException($"'{other}' is no encoding"),
            };

            // On the list before its parts are read: a struct may hold a mapping to itself.
            var type = new StorageType(label, encoding, size);
            types.Add(id, type);
            type.Key = definition.TryGetProperty("key", out var key) ? Type(key.GetString()!, depth + 1) : null;
            type.Element = definition.TryGetProperty("value", out var value) || definition.TryGetProperty("base", out value) ? Type(value.GetString()!, depth + 1) : null;
            type.Members = definition.TryGetProperty("members", out var members) ? Variables(members, depth + 1) : null;
            type.Count = encoding == StorageEncoding.InPlace && type.Element is not null ? CountOf(label) : null;
            return type;
        }
    }

    // The outermost count of an array stands last: uint8[2][3] is three times uint8[2].
    private static BigInteger CountOf(string label) =>
        label.LastIndexOf('[') is var open and >= 0 && label.EndsWith(']')
            ? BigInteger.Parse(label.AsSpan(open + 1, label.Length - open - 2), NumberStyles.None, CultureInfo.InvariantCulture)
            : throw new FormatException($"'{label}' does not tell how many elements it has");
}
