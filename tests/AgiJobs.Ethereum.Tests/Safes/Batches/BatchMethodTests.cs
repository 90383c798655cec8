using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Ethereum.Safes.Batches;
using AgiJobs.Ethereum.Tests.Keys;

namespace AgiJobs.Ethereum.Tests.Safes.Batches;

public sealed class BatchMethodTests
{
    private const string Someone = "0x49d4450977E2c95362C13D3a31a09311E0Ea26A6";

    // Type in JSON ABI form, value as in a file, the same value for ethers.
    public static TheoryData<string, string, string> Readings => new()
    {
        { "\"uint256\"", "340282366920938463463374607431768211456", "\"340282366920938463463374607431768211456\"" },
        { "\"uint256\"", "0xff", "\"255\"" },
        { "\"uint\"", " 7 ", "\"7\"" },
        { "\"int8\"", "-128", "\"-128\"" },
        { "\"bool\"", "True", "true" },
        { "\"bool\"", "0", "false" },
        { "\"address\"", Someone, $"\"{Someone}\"" },
        { "\"address\"", "0x49d4450977e2c95362c13d3a31a09311e0ea26a6", $"\"{Someone}\"" },
        { "\"bytes\"", "0x", "\"0x\"" },
        { "\"bytes4\"", "0x8456cb59", "\"0x8456cb59\"" },
        { "\"string\"", " kept, [as] \"it\" is ", "\" kept, [as] \\\"it\\\" is \"" },
        { "\"string\"", "", "\"\"" },
        { "\"uint256[]\"", "[1, 2,\"3\",'0x4']", "[\"1\",\"2\",\"3\",\"4\"]" },
        { "\"uint256[]\"", "[]", "[]" },
        { "\"uint8[2][]\"", "[[1,2],[3, 4]]", "[[\"1\",\"2\"],[\"3\",\"4\"]]" },
        { "\"address[]\"", $"[{Someone}]", $"[\"{Someone}\"]" },
        { "\"bool[3]\"", "[true,false,1]", "[true,false,true]" },
        { "\"bytes[]\"", "[\"0xaa\",0x]", "[\"0xaa\",\"0x\"]" },
        { "\"string[]\"", "[\"a,b\",\"\\u2028\"]", "[\"a,b\",\"\\u2028\"]" },
        { "\"string[][1]\"", "[[\"x\"]]", "[[\"x\"]]" },
        {
            "\"tuple\",\"components\":[{\"name\":\"to\",\"type\":\"address\"},{\"name\":\"calls\",\"type\":\"tuple[]\",\"components\":[{\"name\":\"data\",\"type\":\"bytes\"},{\"name\":\"n\",\"type\":\"uint256[2]\"}]},{\"name\":\"on\",\"type\":\"bool\"}]",
            $"[\"{Someone}\",[[\"0xaabb\",[1,\"340282366920938463463374607431768211456\"]],[\"0x\",[\"0x2\",3]]],false]",
            $"[\"{Someone}\",[[\"0xaabb\",[\"1\",\"340282366920938463463374607431768211456\"]],[\"0x\",[\"2\",\"3\"]]],false]"
        },
        {
            "\"tuple[2][]\",\"components\":[{\"name\":\"a\",\"type\":\"uint256\"},{\"name\":\"b\",\"type\":\"string\"}]",
            "[[{\"b\":\"x\",\"a\":1},[\"2\",\"y\"]]]",
            "[[[\"1\",\"x\"],[\"2\",\"y\"]]]"
        },
    };

    [Fact]
    public async Task Values_of_every_shape_encode_as_ethers_does()
    {
        var cases = Readings.Select(row => (Type: row.Data.Item1, Text: row.Data.Item2, Ethers: row.Data.Item3)).ToArray();
        var answers = await NodeOracle.AskAsync(cases.Select(item => new JsonObject
        {
            ["op"] = "call",
            ["method"] = JsonNode.Parse($"{{\"name\":\"f\",\"inputs\":[{{\"name\":\"p\",\"type\":{item.Type}}}]}}"),
            ["values"] = JsonNode.Parse($"[{item.Ethers}]"),
        }));
        for (var i = 0; i < cases.Length; i++)
        {
            var batch = TransactionBatch.Parse(Encoding.UTF8.GetBytes(File(cases[i].Type, cases[i].Text)));
            Assert.Equal(answers[i].Text("data"), Hex.Encode(batch.Transactions[0].Calldata.Span));
        }
    }

    [Theory]
    [InlineData("\"uint256\"", "1e18", "safe-batch-value")] // upstream: hexadecimal 0x1e18
    [InlineData("\"uint256\"", "ff", "safe-batch-value")]
    [InlineData("\"uint256\"", "1.5", "safe-batch-value")]
    [InlineData("\"uint256\"", "", "safe-batch-value")]
    [InlineData("\"uint256\"", "-1", "abi-range")]
    [InlineData("\"uint8\"", "256", "abi-range")]
    [InlineData("\"bool\"", "yes", "safe-batch-value")]
    [InlineData("\"address\"", "0x49d4450977e2c95362C13D3a31a09311E0Ea26A6", "address-checksum")]
    [InlineData("\"address\"", "vitalik.eth", "address-format")]
    [InlineData("\"bytes4\"", "0x8456cb", "abi-length")]
    [InlineData("\"bytes\"", "0xabc", "safe-batch-value")]
    [InlineData("\"uint256[]\"", "1,2", "safe-batch-value")]
    [InlineData("\"uint256[]\"", "[1,,2]", "safe-batch-value")]
    [InlineData("\"uint256[]\"", "[1,]", "safe-batch-value")]
    [InlineData("\"uint256[]\"", "[[1]]", "safe-batch-value")]
    [InlineData("\"uint256[2]\"", "[1]", "safe-batch-value")]
    [InlineData("\"uint256[][]\"", "[[1],[2]", "safe-batch-value")]
    [InlineData("\"string[]\"", "[a]", "safe-batch-json")]
    [InlineData("\"tuple\",\"components\":[{\"name\":\"a\",\"type\":\"bool\"}]", "[\"false\"]", "safe-batch-value")] // upstream: true
    [InlineData("\"tuple\",\"components\":[{\"name\":\"a\",\"type\":\"uint256\"}]", "[9007199254740993]", "safe-batch-number")] // upstream: rounded
    [InlineData("\"tuple\",\"components\":[{\"name\":\"a\",\"type\":\"uint256\"}]", "[1,2]", "safe-batch-value")]
    [InlineData("\"tuple\",\"components\":[{\"name\":\"a\",\"type\":\"uint256\"}]", "{\"b\":1}", "safe-batch-value")]
    [InlineData("\"tuple\",\"components\":[{\"name\":\"a\",\"type\":\"uint256\"}]", "{}", "safe-batch-value")]
    [InlineData("\"tuple\"", "[]", "safe-batch-type")]
    [InlineData("\"uint7\"", "1", "abi-type")]
    [InlineData("\"(uint256)\"", "[1]", "safe-batch-type")]
    public void A_value_that_would_be_guessed_or_does_not_fit_is_refused(string type, string text, string code) =>
        Assert.Equal(code, Assert.Throws<EthereumException>(() => TransactionBatch.Parse(Encoding.UTF8.GetBytes(File(type, text)))).Code);

    [Fact]
    public void A_missing_value_is_refused_and_an_unnamed_input_stands_under_its_index()
    {
        var method = new BatchMethod("f", [new BatchInput("", "uint256"), new BatchInput("b", "bool")], false);
        Assert.Equal("f(uint256,bool)", method.Signature);
        var data = method.Encode(new Dictionary<string, string>(StringComparer.Ordinal) { ["0"] = "3", ["b"] = "true", ["stale"] = "" });
        Assert.Equal(4 + 64, data.Length);
        var refusal = Assert.Throws<EthereumException>(() => method.Encode(new Dictionary<string, string>(StringComparer.Ordinal) { ["0"] = "3" }));
        Assert.Equal("safe-batch-value-missing", refusal.Code);
        Assert.Contains("'b'", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_that_disagree_with_the_method_are_refused_and_data_that_agree_pass()
    {
        var pause = "{\"inputs\":[],\"name\":\"pause\",\"payable\":false}";
        var agree = File("\"0x8456cb59\"", pause, "{}");
        Assert.Equal("0x8456cb59", Hex.Encode(TransactionBatch.Parse(Encoding.UTF8.GetBytes(agree)).Transactions[0].Calldata.Span));
        foreach (var data in new[] { "\"0x3f4ba83a\"", "\"0x\"" })
        {
            var refusal = Assert.Throws<EthereumException>(() => TransactionBatch.Parse(Encoding.UTF8.GetBytes(File(data, pause, "{}"))));
            Assert.Equal("safe-batch-data-disagrees", refusal.Code);
            Assert.Equal(Fault.Mismatch, refusal.Fault);
        }
    }

    [Fact]
    public void Custom_data_beside_fallback_are_what_upstream_writes_and_beside_receive_they_disagree()
    {
        static string Method(string name) => $"{{\"inputs\":[],\"name\":\"{name}\",\"payable\":true}}";
        var batch = TransactionBatch.Parse(Encoding.UTF8.GetBytes(File("\"0x8456cb59\"", Method("fallback"), "null")));
        Assert.Equal("0x8456cb59", Hex.Encode(batch.Transactions[0].Calldata.Span));
        Assert.Equal("safe-batch-data-disagrees", Assert.Throws<EthereumException>(
            () => TransactionBatch.Parse(Encoding.UTF8.GetBytes(File("\"0x8456cb59\"", Method("receive"), "null")))).Code);
    }

    [Fact]
    public void Coin_for_a_method_that_takes_none_is_refused()
    {
        var method = new BatchMethod("pause", [], payable: false);
        var nothing = new Dictionary<string, string>(StringComparer.Ordinal);
        var to = Address.Parse(Someone);
        Assert.Equal("safe-batch-not-payable", Assert.Throws<EthereumException>(() => BatchTransaction.FromMethod(to, new Wei(1), method, nothing)).Code);
        Assert.Equal("0x8456cb59", Hex.Encode(BatchTransaction.FromMethod(to, new Wei(1), new BatchMethod("pause", [], payable: true), nothing).Calldata.Span));
    }

    [Fact]
    public void Receive_and_fallback_are_plain_transfers() =>
        Assert.True(BatchTransaction.FromMethod(
            Address.Parse(Someone), new Wei(1), new BatchMethod("receive", [], payable: true), new Dictionary<string, string>(StringComparer.Ordinal)).Calldata.IsEmpty);

    [Fact]
    public void A_method_with_nested_components_writes_and_reads_back()
    {
        var made = TransactionBatch.Create(ChainId.Local, DateTimeOffset.UnixEpoch, new BatchMeta { Name = "n" },
        [
            BatchTransaction.FromMethod(
                Address.Parse(Someone), Wei.Zero,
                new BatchMethod("run", [new BatchInput("calls", "tuple[]", "struct Call[]", [new BatchInput("to", "address", "address"), new BatchInput("data", "bytes", "bytes")])], false),
                new Dictionary<string, string>(StringComparer.Ordinal) { ["calls"] = $"[[\"{Someone}\",\"0xaabb\"]]" }),
        ]);
        var read = TransactionBatch.Parse(made.ToBytes());
        Assert.Equal("run((address,bytes)[])", read.Transactions[0].Method!.Signature);
        Assert.Equal(Hex.Encode(made.Transactions[0].Calldata.Span), Hex.Encode(read.Transactions[0].Calldata.Span));
        Assert.Equal(made.ToBytes(), read.ToBytes());
    }

    private static string File(string type, string value) => File(
        "null", $"{{\"inputs\":[{{\"internalType\":\"x\",\"name\":\"p\",\"type\":{type}}}],\"name\":\"f\",\"payable\":false}}", $"{{\"p\":{JsonValue.Create(value).ToJsonString()}}}");

    private static string File(string data, string method, string values) =>
        $"{{\"version\":\"1.0\",\"chainId\":\"1\",\"createdAt\":1,\"meta\":{{\"name\":\"x\"}},\"transactions\":[{{\"to\":\"{Someone}\",\"value\":\"0\",\"data\":{data},\"contractMethod\":{method},\"contractInputsValues\":{values}}}]}}";
}
