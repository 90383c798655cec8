using System.Text.Json.Nodes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Bench;

internal static class AbiCases
{
    // A batch of governance calls as a multisig signs it: nested tuples, addresses, amounts, calldata and a note.
    private const string Payload = "tuple(address target, uint256 value, bytes data, "
        + "tuple(bytes32 role, uint64 delay, bool enabled, string note)[] grants)[]";

    public static IEnumerable<BenchCase> All()
    {
        var type = AbiType.Parse(Payload);
        var value = Calls();
        var encoded = AbiCodec.Encode(type, value);
        yield return new BenchCase(
            $"ABI decode, nested ({encoded.Length} B)",
            () => AbiCodec.Decode(type, encoded),
            () => Hex.Encode(AbiCodec.Encode(type, AbiCodec.Decode(type, encoded))))
        {
            Baseline = "ethers",
            Operation = "abiDecode",
            Input = new JsonObject { ["types"] = new JsonArray(Payload), ["data"] = Hex.Encode(encoded) },
            Target = 5,
        };
        yield return new BenchCase(
            $"ABI encode, nested ({encoded.Length} B)",
            () => AbiCodec.Encode(type, value),
            () => Hex.Encode(AbiCodec.Encode(type, value)))
        {
            Baseline = "ethers",
            Operation = "abiEncode",
            Input = new JsonObject { ["types"] = new JsonArray(Payload), ["values"] = new JsonArray(Json(value)) },
        };

        var transfer = AbiEvent.Parse("event Transfer(address indexed from, address indexed to, uint256 value)");
        var (topics, data) = transfer.Encode(Account(1), Account(2), 1_000_000_000_000_000_000L);
        yield return Event("event log, ERC-20 Transfer", transfer, topics, data);

        var changed = AbiEvent.Parse("event ParametersUpdated(bytes32 indexed key, address indexed by, uint256[] values, string note)");
        (topics, data) = changed.Encode(Keccak256.Hash("k"), Account(3), AbiValue.List(1, 2, 3, 4, 5), "lower the fee to 400 bps");
        yield return Event("event log, array and text", changed, topics, data);
    }

    private static BenchCase Event(string name, AbiEvent @event, Bytes32[] topics, byte[] data)
    {
        string Show() => string.Join(' ', @event.Decode(topics, data).Select(static value => value switch
        {
            AbiList list => string.Join(',', list),
            AbiText text => text.Value,
            _ => value.ToString(),
        }));
        return new BenchCase(name, () => @event.Decode(topics, data), Show)
        {
            Baseline = "ethers",
            Operation = "eventDecode",
            Input = new JsonObject
            {
                ["event"] = @event.ToString(),
                ["topics"] = new JsonArray([.. topics.Select(static topic => (JsonNode)topic.ToString())]),
                ["data"] = Hex.Encode(data),
            },
            Target = 5,
        };
    }

    private static AbiValue Calls()
    {
        var calls = new AbiValue[8];
        for (var i = 0; i < calls.Length; i++)
        {
            var grants = new AbiValue[3];
            for (var j = 0; j < grants.Length; j++)
            {
                var note = $"grant {j} of call {i}, agreed on the owners' call";
                grants[j] = AbiValue.List(Keccak256.Hash($"ROLE_{i}_{j}"), 86_400 * (j + 1), j % 2 == 0, note);
            }

            var data = new byte[4 + (32 * (i + 1))];
            for (var k = 0; k < data.Length; k++)
            {
                data[k] = (byte)((k * 29) + i);
            }

            calls[i] = AbiValue.List(Account(i), Wei.FromEther($"{i}.5").Value, data, AbiValue.List(grants));
        }

        return AbiValue.List(calls);
    }

    private static Address Account(int number) => new(Keccak256.Hash($"account {number}").ToBytes().AsSpan(12));

    // Integers as text with an n behind, which the baseline revives as BigInt.
    private static JsonNode Json(AbiValue value) => value switch
    {
        AbiList list => new JsonArray([.. list.Select(Json)]),
        AbiInteger integer => $"{integer.Value}n",
        AbiBoolean boolean => boolean.Value,
        AbiText text => text.Value,
        _ => value.ToString(),
    };
}
