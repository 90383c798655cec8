using System.Globalization;
using System.Text.Json.Nodes;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Tests.Abi;

namespace AgiJobs.Ethereum.Tests.TypedData;

/// <summary>
/// A random typed document from a seed: structs that use only later ones, arrays of all shapes, any subset of the domain.
/// </summary>
internal sealed class RandomDocument
{
    private readonly Random _random;
    private readonly RandomAbi _abi;
    private readonly List<(string Name, List<(string Name, string Type)> Fields)> _structs = [];

    public RandomDocument(int seed)
    {
        _random = new Random(seed);
        _abi = new RandomAbi(seed, emptyFixed: false, functions: false);
        var count = _random.Next(1, 5);

        // Names in random order, so that the alphabetical order of the encoding is put to the test.
        var names = Enumerable.Range(0, count).Select(index => $"{(char)('A' + _random.Next(26))}{index}").ToList();
        for (var i = 0; i < count; i++)
        {
            var fields = new List<(string, string)>();
            if (i + 1 < count)
            {
                // Every struct is used by the one before it, as ethers demands.
                fields.Add(("next", names[i + 1] + Suffix()));
            }

            for (var j = _random.Next(i + 1 < count ? 0 : 1, 5); j > 0; j--)
            {
                var inner = i + 1 < count && _random.Next(4) == 0 ? names[_random.Next(i + 1, count)] : _abi.Type(0).CanonicalName;
                fields.Insert(_random.Next(fields.Count + 1), ($"f{j}", inner + Suffix()));
            }

            _structs.Add((names[i], fields));
        }

        Message = Value(names[0]);
        foreach (var (name, type) in (ReadOnlySpan<(string, string)>)[("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address"), ("salt", "bytes32")])
        {
            if (_random.Next(2) == 0)
            {
                DomainType.Add(new JsonObject { ["name"] = name, ["type"] = type });
                Domain[name] = name == "chainId" ? JsonValue.Create(_random.NextInt64(1L << 53)) : Value(type);
            }
        }
    }

    public JsonObject Domain { get; } = [];

    public JsonArray DomainType { get; } = [];

    public JsonNode Message { get; }

    public JsonObject StructTypes
    {
        get
        {
            var types = new JsonObject();
            foreach (var (name, fields) in _structs)
            {
                types[name] = new JsonArray([.. fields.Select(static member => (JsonNode)new JsonObject { ["name"] = member.Name, ["type"] = member.Type })]);
            }

            return types;
        }
    }

    public string ToJson()
    {
        var types = StructTypes;
        types["EIP712Domain"] = DomainType.DeepClone();
        return new JsonObject
        {
            ["types"] = types,
            ["primaryType"] = _structs[0].Name,
            ["domain"] = Domain.DeepClone(),
            ["message"] = Message.DeepClone(),
        }.ToJsonString();
    }

    private string Suffix() => _random.Next(6) switch { 0 => "[]", 1 => "[2]", 2 when _random.Next(2) == 0 => "[][1]", _ => "" };

    private JsonNode Value(string type)
    {
        if (type.EndsWith(']'))
        {
            var open = type.LastIndexOf('[');
            var length = type[(open + 1)..^1];
            var count = length.Length == 0 ? _random.Next(3) : int.Parse(length, CultureInfo.InvariantCulture);
            return new JsonArray([.. Enumerable.Range(0, count).Select(_ => Value(type[..open]))]);
        }

        var inner = _structs.Find(one => one.Name == type);
        if (inner.Fields is not null)
        {
            var members = new JsonObject();
            foreach (var (name, field) in inner.Fields)
            {
                members[name] = Value(field);
            }

            return members;
        }

        var value = _abi.Value(AbiType.Parse(type));
        return value switch
        {
            AbiBoolean boolean => boolean.Value,
            AbiText text => text.Value,
            AbiInteger { Value.Sign: >= 0 } integer when _random.Next(3) == 0 => Hex.EncodeQuantity(integer.Value),
            _ => value.ToString(),
        };
    }
}
