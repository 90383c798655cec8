using System.Numerics;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Ethereum.Tests.Abi;

public sealed class AbiHostileTests
{
    private const string Max = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

    [Theory]
    [InlineData("uint8", "0000000000000000000000000000000000000000000000000000000000000100", "abi-padding")]
    [InlineData("uint248", "0100000000000000000000000000000000000000000000000000000000000000", "abi-padding")]
    [InlineData("int8", "0000000000000000000000000000000000000000000000000000000000000080", "abi-padding")]
    [InlineData("int8", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "abi-padding")]
    [InlineData("int8", "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff80", "abi-padding")]
    [InlineData("bool", "0000000000000000000000000000000000000000000000000000000000000002", "abi-padding")]
    [InlineData("bool", "0100000000000000000000000000000000000000000000000000000000000001", "abi-padding")]
    [InlineData("address", "0000000000000000000000015aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "abi-padding")]
    [InlineData("bytes4", "1234567800000000000000000000000000000000000000000000000000000001", "abi-padding")]
    [InlineData("bytes31", "00000000000000000000000000000000000000000000000000000000000000ff", "abi-padding")]
    [InlineData("function", "0000000000000000000000000000000000000000000000000000000000000001", "abi-padding")]
    [InlineData("bytes", "0000000000000000000000000000000000000000000000000000000000000020" + "0000000000000000000000000000000000000000000000000000000000000001" + "1200000000000000000000000000000000000000000000000000000000000001", "abi-padding")]
    [InlineData("string", "0000000000000000000000000000000000000000000000000000000000000020" + "0000000000000000000000000000000000000000000000000000000000000001" + "ff00000000000000000000000000000000000000000000000000000000000000", "abi-utf8")]
    [InlineData("bytes", "0000000000000000000000000000000000000000000000000000000000000020" + "0000000000000000000000000000000000000000000000000000000000000001" + "12", "abi-truncated")]
    [InlineData("bytes", "0000000000000000000000000000000000000000000000000000000000000020" + Max, "abi-truncated")]
    [InlineData("bytes", Max, "abi-truncated")]
    [InlineData("bytes", "0000000000000000000000000000000000000000000000000000000080000000", "abi-truncated")]
    [InlineData("bytes", "000000000000000000000000000000000000000000000000000000007fffffff", "abi-truncated")]
    [InlineData("bytes", "0000000000000000000000000000000000000000000000000000000000000020" + "000000000000000000000000000000000000000000000000000000007fffffff", "abi-truncated")]
    [InlineData("uint256[]", "0000000000000000000000000000000000000000000000000000000000000020" + "000000000000000000000000000000000000000000000000000000007fffffff", "abi-truncated")]
    [InlineData("uint256[]", "0000000000000000000000000000000000000000000000000000000000000020" + "8000000000000000000000000000000000000000000000000000000000000000", "abi-truncated")]
    [InlineData("uint256[]", "", "abi-truncated")]
    [InlineData("uint256", "00", "abi-truncated")]
    [InlineData("uint256[3]", "0000000000000000000000000000000000000000000000000000000000000001", "abi-truncated")]
    [InlineData("uint256[2147483647][1]", "", "abi-type")]
    [InlineData("uint256[60000000]", "00", "abi-truncated")]
    [InlineData("string[2147483647]", "", "abi-type")]
    [InlineData("string[60000000]", "0000000000000000000000000000000000000000000000000000000000000020", "abi-truncated")]
    [InlineData("uint256[0][2147483647]", "", "abi-overlap")]
    [InlineData("()[]", "0000000000000000000000000000000000000000000000000000000000000020" + "000000000000000000000000000000000000000000000000000000007fffffff", "abi-overlap")]
    [InlineData("uint256[0][]", "0000000000000000000000000000000000000000000000000000000000000020" + "000000000000000000000000000000000000000000000000000000007fffffff", "abi-overlap")]
    [InlineData("(uint8[0],())[1000000][1000]", "", "abi-overlap")]
    [InlineData("uint256", "0000000000000000000000000000000000000000000000000000000000000001" + "00", "abi-trailing")]
    [InlineData("()", "00", "abi-trailing")]
    public void Data_that_is_not_a_canonical_value_is_refused_with_its_code(string type, string data, string code)
    {
        var refusal = Assert.Throws<EthereumException>(() => AbiCodec.Decode(AbiType.Parse(type), Convert.FromHexString(data)));
        Assert.Equal(code, refusal.Code);
        Assert.Equal(Fault.BadInput, refusal.Fault);
    }

    [Fact]
    public void Nested_offsets_that_point_back_cannot_multiply_the_work()
    {
        // Every level holds 32 offsets to the same next level: 32^7 values in 8 KiB if each were followed.
        var words = new List<int>();
        for (var level = 0; level < 7; level++)
        {
            words.Add(32);
            for (var i = 0; i < 32; i++)
            {
                words.Add(32 * 32);
            }
        }

        words.Add(0);
        byte[] data = [.. Word(32), .. words.SelectMany(static word => Word(word))];
        var type = AbiType.Parse("bytes[][][][][][][]");
        Assert.Equal("abi-overlap", Assert.Throws<EthereumException>(() => AbiCodec.Decode(type, data, allowTrailing: true)).Code);
    }

    [Fact]
    public void One_blob_that_a_thousand_offsets_share_is_refused_before_it_is_copied_a_thousand_times()
    {
        const int Count = 1000;
        byte[] data = [.. Word(32), .. Word(Count), .. Enumerable.Range(0, Count).SelectMany(static _ => Word(32 * Count)), .. Word(32_000), .. new byte[32_000]];
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal("abi-overlap", Assert.Throws<EthereumException>(() => AbiCodec.Decode(AbiType.Parse("bytes[]"), data)).Code);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10 * data.Length);
    }

    [Fact]
    public void Two_equal_tails_may_share_their_bytes_as_hand_written_encoders_make_them()
    {
        byte[] data = [.. Word(64), .. Word(64), .. Word(3), 1, 2, 3, .. new byte[29]];
        var values = AbiCodec.Decode([new AbiParameter("a", AbiType.Bytes), new AbiParameter("b", AbiType.Bytes)], data);
        Assert.Equal(values["a"], values["b"]);
        Assert.Equal((byte[])[1, 2, 3], values["a"].AsBytes());
    }

    [Fact]
    public void Types_of_any_depth_or_length_are_refused_without_exhausting_the_stack()
    {
        foreach (var text in (string[])
            [
                new string('(', 100_000),
                new string('(', 30_000) + new string(')', 30_000),
                "uint256" + string.Concat(Enumerable.Repeat("[]", 20_000)),
                "uint256" + string.Concat(Enumerable.Repeat("[2]", 40)),
                new string('a', 1_000_000),
            ])
        {
            Assert.StartsWith("abi-", Assert.Throws<EthereumException>(() => AbiType.Parse(text)).Code, StringComparison.Ordinal);
        }

        var nested = string.Concat(Enumerable.Repeat("""{"type":"tuple","components":[""", 100)) + string.Concat(Enumerable.Repeat("]}", 100));
        Assert.Equal("abi-type", Assert.Throws<EthereumException>(() => ContractAbi.FromJson($$"""[{"type":"error","name":"E","inputs":[{{nested}}]}]""")).Code);
        Assert.Equal("abi-json", Assert.Throws<EthereumException>(() => ContractAbi.FromJson(new string('[', 1_000_000))).Code);
    }

    [Theory]
    [InlineData("uint")]
    [InlineData("uint256")]
    public void Aliases_mean_the_full_width(string text) => Assert.Equal("uint256", AbiType.Parse(text).CanonicalName);

    [Theory]
    [InlineData("uint0")]
    [InlineData("uint7")]
    [InlineData("uint264")]
    [InlineData("uint08")]
    [InlineData("int 8")]
    [InlineData("bytes0")]
    [InlineData("bytes33")]
    [InlineData("fixed128x18")]
    [InlineData("ufixed")]
    [InlineData("IERC20")]
    [InlineData("uint256[-1]")]
    [InlineData("uint256[01]")]
    [InlineData("uint256[99999999999]")]
    [InlineData("uint256[")]
    [InlineData("uint256]")]
    [InlineData("(uint256")]
    [InlineData("(uint256,)")]
    [InlineData("(,)")]
    [InlineData("(uint256 indexed a)")]
    [InlineData("tuple")]
    [InlineData("")]
    [InlineData("uint256,uint256")]
    [InlineData("string payable")]
    public void Text_that_is_no_type_is_refused(string text) =>
        Assert.StartsWith("abi-", Assert.Throws<EthereumException>(() => AbiType.Parse(text)).Code, StringComparison.Ordinal);

    [Fact]
    public void Values_that_do_not_fit_their_type_are_refused_and_named()
    {
        var function = AbiFunction.Parse("f(uint8 fee, int8 delta, bytes4 tag, address to, bool on, string note, uint256[2] pair, (bytes data) call)");
        AbiValue[] good = [255, -128, (byte[])[1, 2, 3, 4], Address.Zero, true, "x", AbiValue.List(1, 2), AbiValue.List((byte[])[])];
        function.Encode(good);
        foreach (var (index, bad, code, word) in ((int, AbiValue, string, string)[])
            [
                (0, 256, "abi-range", "fee"),
                (0, -1, "abi-range", "fee"),
                (0, BigInteger.One << 100_000, "abi-range", "fee"),
                (0, true, "abi-value", "fee"),
                (0, "1", "abi-value", "fee"),
                (1, 128, "abi-range", "delta"),
                (1, -129, "abi-range", "delta"),
                (2, (byte[])[1, 2, 3], "abi-length", "tag"),
                (2, (byte[])[1, 2, 3, 4, 5], "abi-length", "tag"),
                (3, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "abi-value", "to"),
                (3, (byte[])[1], "abi-value", "to"),
                (4, 1, "abi-value", "on"),
                (5, "\ud800", "abi-utf8", "note"),
                (5, (byte[])[1], "abi-value", "note"),
                (6, AbiValue.List(1), "abi-length", "pair"),
                (6, 1, "abi-value", "pair"),
                (7, AbiValue.List(), "abi-length", "call"),
                (7, AbiValue.List("x"), "abi-value", "data"),
            ])
        {
            var values = good.ToArray();
            values[index] = bad;
            var refusal = Assert.Throws<EthereumException>(() => function.Encode(values));
            Assert.Equal(code, refusal.Code);
            Assert.Contains(word + ":", refusal.Message, StringComparison.Ordinal);
        }

        Assert.Equal("abi-count", Assert.Throws<EthereumException>(() => function.Encode(good.AsSpan(1))).Code);
        Assert.Equal("abi-value", Assert.Throws<EthereumException>(() => AbiFunction.Parse("f(bool)").Encode([null!])).Code);
    }

    private static byte[] Word(int value) => Bytes32.FromUnsigned(value).ToBytes();
}
