using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Tests.Keys;
using AgiJobs.Ethereum.Tests.Oracles;

namespace AgiJobs.Ethereum.Tests.Abi;

/// <summary>The ABI against ethers and cast on generated cases. The seeds are fixed, so a failure repeats.</summary>
public sealed class AbiDifferentialTests
{
    [Fact]
    public async Task Thousands_of_generated_encodings_agree_with_ethers_in_both_directions()
    {
        var cases = Enumerable.Range(0, 4000).Select(static seed =>
        {
            var abi = new RandomAbi(seed, emptyFixed: false, functions: false);
            var types = abi.Parameters(5, 4);
            return (Types: types, Values: abi.Values(types));
        }).ToList();
        var answers = await Oracle.EthersAsync(cases.Select(static one => new JsonObject
        {
            ["ask"] = "abi",
            ["types"] = new JsonArray([.. one.Types.Select(static type => (JsonNode)type.Type.ToString())]),
            ["values"] = ToNode(one.Types, one.Values),
            ["ours"] = Hex.Encode(AbiCodec.Encode(one.Types, one.Values)),
        }));
        for (var i = 0; i < cases.Count; i++)
        {
            var (types, values) = cases[i];
            var encoded = answers[i].Text("encoded");
            Assert.Equal(encoded, Hex.Encode(AbiCodec.Encode(types, values)));
            Assert.Equal(encoded, answers[i].Text("reencoded"));
            Assert.Equal(values, AbiCodec.Decode(types, Hex.Decode(encoded)));
        }
    }

    [Fact]
    public async Task Generated_functions_errors_and_events_agree_with_ethers()
    {
        var cases = Enumerable.Range(0, 1500).Select(static seed =>
        {
            var abi = new RandomAbi(seed, emptyFixed: false, functions: false);
            var inputs = abi.Parameters(5, 3);
            var kind = (seed % 3) switch { 0 => "function", 1 => "error", _ => "event" };
            if (kind == "event")
            {
                // ethers does not write topics of arrays and tuples.
                inputs = [.. inputs.Select((input, index) => input with { Indexed = index < 3 && IsPlain(input.Type) && abi.Random.Next(2) == 0 })];
            }

            return (Text: $"{kind} name{seed}({string.Join(", ", inputs.AsEnumerable())})", Inputs: inputs, Values: abi.Values(inputs));
        }).ToList();
        var answers = await Oracle.EthersAsync(cases.Select(static one => new JsonObject
        {
            ["ask"] = "entry",
            ["text"] = one.Text,
            ["values"] = ToNode(one.Inputs, one.Values),
        }));
        for (var i = 0; i < cases.Count; i++)
        {
            var (text, _, values) = cases[i];
            var answer = answers[i];
            foreach (var abi in (ContractAbi[])[ContractAbi.FromHumanReadable(text), ContractAbi.FromJson(answer.Text("json"))])
            {
                switch (abi)
                {
                    case { Functions: [var function] }:
                        Assert.Equal(answer.Text("signature"), function.Signature);
                        Assert.Equal(answer.Text("data"), Hex.Encode(function.Encode(values)));
                        break;
                    case { Errors: [var error] }:
                        Assert.Equal(answer.Text("signature"), error.Signature);
                        Assert.Equal(answer.Text("data"), Hex.Encode(error.Encode(values)));
                        break;
                    default:
                        var logged = Assert.Single(abi.Events);
                        var (topics, data) = logged.Encode(values);
                        Assert.Equal(answer.Text("signature"), logged.Signature);
                        Assert.Equal(answer.Text("data"), Hex.Encode(data));
                        Assert.Equal(answer.GetProperty("topics").EnumerateArray().Select(static topic => topic.GetString()), topics.Select(static topic => topic.ToString()));
                        break;
                }
            }
        }
    }

    [Fact]
    public async Task Generated_calls_agree_with_cast_in_both_directions()
    {
        var leaves = 0;
        await Parallel.ForAsync(0, 150, new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = TestContext.Current.CancellationToken }, async (seed, _) =>
        {
            var abi = new RandomAbi(seed, emptyFixed: false, plainText: true);
            AbiParameter[] types = [.. Enumerable.Range(0, 12).Select(_ => new AbiParameter("", abi.Type(2)))];
            var values = abi.Values(types);
            var function = AbiFunction.Parse($"f{AbiType.TupleOf(types).CanonicalName}");
            var calldata = await Oracle.CastAsync(["calldata", function.Signature, "--", .. types.Zip(values, static (type, value) => Text(type.Type, value, top: true))]);
            Assert.Equal(calldata, Hex.Encode(function.Encode(values)));

            // cast prints the values of type function as a contract's address and no selector, so those cases are left to the encoding.
            if (!function.Signature.Contains("function", StringComparison.Ordinal))
            {
                var decoded = await Oracle.CastAsync("decode-abi", "--json", $"f(){AbiType.TupleOf(types).CanonicalName}", Hex.Encode(AbiCodec.Encode(types, values)));
                Assert.Equal(AbiValue.List(values), AbiValueJson.Parse(AbiType.TupleOf(types), decoded));
            }

            Interlocked.Add(ref leaves, values.Sum(Leaves));
        });
        Assert.True(leaves > 2000, $"Only {leaves} values were compared.");
    }

    [Fact]
    public async Task Hashes_selectors_and_topics_agree_with_cast()
    {
        var random = new Random(11);
        for (var length = 0; length < 300; length += 37)
        {
            var data = new byte[length];
            random.NextBytes(data);
            Assert.Equal(await Oracle.CastAsync("keccak", Hex.Encode(data)), Keccak256.Hash(data).ToString());
        }

        for (var seed = 0; seed < 12; seed++)
        {
            var signature = AbiFunction.Parse($"f{AbiType.TupleOf(new RandomAbi(seed, emptyFixed: false).Parameters(5, 3)).CanonicalName}").Signature;
            Assert.Equal(await Oracle.CastAsync("sig", signature), Selector.Of(signature).ToString());
            Assert.Equal(await Oracle.CastAsync("sig-event", signature), AbiEvent.Parse(signature).Topic0.ToString());
        }
    }

    private static bool IsPlain(AbiType type) => type.Kind is not (AbiTypeKind.DynamicArray or AbiTypeKind.FixedArray or AbiTypeKind.Tuple);

    private static int Leaves(AbiValue value) => value is AbiList list ? list.Sum(Leaves) : 1;

    private static JsonArray ToNode(AbiParameter[] types, AbiValue[] values)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            for (var i = 0; i < values.Length; i++)
            {
                AbiValueJson.Write(writer, types[i].Type, values[i]);
            }

            writer.WriteEndArray();
        }

        return JsonNode.Parse(buffer.ToArray())!.AsArray();
    }

    // The notation of cast: lists in brackets, tuples in parentheses, text in quotes unless it stands alone.
    private static string Text(AbiType type, AbiValue value, bool top = false)
    {
        if (value is not AbiList list)
        {
            return value is AbiText text && top ? text.Value : value.ToString();
        }

        var parts = new StringBuilder();
        for (var i = 0; i < list.Count; i++)
        {
            parts.Append(i == 0 ? "" : ",").Append(Text(type.Element ?? type.Components[i].Type, list[i]));
        }

        return type.Kind == AbiTypeKind.Tuple ? $"({parts})" : $"[{parts}]";
    }
}
