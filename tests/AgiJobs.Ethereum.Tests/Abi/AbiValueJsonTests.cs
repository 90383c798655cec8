using System.Text;
using System.Text.Json;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Ethereum.Tests.Abi;

public sealed class AbiValueJsonTests
{
    [Fact]
    public void Reading_what_was_written_gives_the_value_back() => AbiPropertyTests.ForSeeds(2000, static seed =>
    {
        var abi = new RandomAbi(seed);
        var type = AbiType.TupleOf(abi.Parameters(4, 4));
        var value = abi.Value(type);
        Assert.Equal(value, AbiValueJson.Parse(type, Write(type, value)));
    });

    [Fact]
    public void Mutated_JSON_is_a_value_or_a_refusal() => AbiPropertyTests.ForSeeds(2000, static seed =>
    {
        var abi = new RandomAbi(seed);
        var type = AbiType.TupleOf(abi.Parameters(4, 3));
        var json = Write(type, abi.Value(type));
        for (var round = 0; round < 5; round++)
        {
            json = Mutate(json, abi.Random);
            try
            {
                var value = AbiValueJson.Parse(type, json);
                Assert.Equal(value, AbiValueJson.Parse(type, Write(type, value)));
            }
            catch (EthereumException refusal)
            {
                Assert.Equal(Fault.BadInput, refusal.Fault);
            }
        }
    });

    [Fact]
    public void A_mutated_JSON_ABI_is_an_ABI_or_a_refusal() => AbiPropertyTests.ForSeeds(3000, static seed =>
    {
        var abi = new RandomAbi(seed);
        var json = ContractAbi.FromHumanReadable(
            $"function f({string.Join(", ", abi.Parameters(3, 3).AsEnumerable())}) view returns (bool)", "event E(address indexed a)", "error X(uint8)", "receive() external payable").ToJson();
        for (var round = 0; round < 5; round++)
        {
            json = Mutate(json, abi.Random);
            try
            {
                var read = ContractAbi.FromJson(json);
                Assert.Equal(read.ToJson(), ContractAbi.FromJson(read.ToJson()).ToJson());
            }
            catch (EthereumException refusal)
            {
                Assert.Equal(Fault.BadInput, refusal.Fault);
            }
        }
    });

    [Theory]
    [InlineData("uint256", "9007199254740993", "9007199254740993")]
    [InlineData("uint256", "\"0xff\"", "255")]
    [InlineData("int256", "-9007199254740993", "-9007199254740993")]
    [InlineData("bytes3[]", "[\"0x010203\"]", "[0x010203]")]
    [InlineData("(uint8 a, bool b)", "{\"b\":true,\"a\":\"1\"}", "[1, true]")]
    [InlineData("(uint8 a, bool b)", "[1,true]", "[1, true]")]
    public void Values_are_read_exactly(string type, string json, string text) => Assert.Equal(text, AbiValueJson.Parse(AbiType.Parse(type), json).ToString());

    [Theory]
    [InlineData("uint256", "1e18")]
    [InlineData("uint256", "1.0")]
    [InlineData("uint256", "\" 1\"")]
    [InlineData("uint256", "\"1_000\"")]
    [InlineData("uint256", "null")]
    [InlineData("bool", "\"true\"")]
    [InlineData("bool", "1")]
    [InlineData("bytes3", "\"0x01\"")]
    [InlineData("bytes", "\"01\"")]
    [InlineData("string", "\"\\ud800\"")]
    [InlineData("address", "\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed\"")]
    [InlineData("address", "\"5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\"")]
    [InlineData("uint8[2]", "[1]")]
    [InlineData("(uint8 a)", "{}")]
    [InlineData("(uint8 a)", "{\"a\":1,\"b\":2}")]
    [InlineData("(uint8 a)", "{\"a\":1,\"a\":2}")]
    [InlineData("(uint8)", "{\"\":1}")]
    [InlineData("uint8", "")]
    public void Values_of_another_kind_are_refused(string type, string json) =>
        Assert.Equal(Fault.BadInput, Assert.Throws<EthereumException>(() => AbiValueJson.Parse(AbiType.Parse(type), json)).Fault);

    private static string Mutate(string json, Random random)
    {
        const string Pieces = "{}[]\":,0123456789.-exabcdefuintuplesnul\\ud800 \0é";
        var at = random.Next(json.Length);
        return random.Next(2) == 0 && json.Length > 1 ? json.Remove(at, 1) : json.Insert(at, Pieces[random.Next(Pieces.Length)].ToString());
    }

    private static string Write(AbiType type, AbiValue value)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            AbiValueJson.Write(writer, type, value);
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
