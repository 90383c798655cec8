using AgiJobs.Ethereum.Abi;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Ethereum.Tests.Abi;

public sealed class AbiPropertyTests
{
    [Fact]
    public void Decoding_an_encoding_gives_the_values_back() => ForSeeds(3000, static seed =>
    {
        var abi = new RandomAbi(seed);
        var types = abi.Parameters(4, 4);
        var values = abi.Values(types);
        Assert.Equal(values, AbiCodec.Decode(types, AbiCodec.Encode(types, values)));
    });

    [Fact]
    public void A_type_reads_back_from_its_text_and_from_its_canonical_name() => ForSeeds(2000, static seed =>
    {
        var type = new RandomAbi(seed).Type(5);
        Assert.Equal(type, AbiType.Parse(type.ToString()));
        Assert.Equal(type.ToString(), AbiType.Parse(type.ToString()).ToString());
        Assert.Equal(type, AbiType.Parse(type.CanonicalName));
    });

    [Fact]
    public void A_function_reads_back_from_its_text_and_its_calldata() => ForSeeds(1000, static seed =>
    {
        var abi = new RandomAbi(seed);
        var function = AbiFunction.Parse($"function f({string.Join(", ", abi.Parameters(4, 3).AsEnumerable())}) view returns ({string.Join(", ", abi.Parameters(2, 2).AsEnumerable())})");
        Assert.Equal(function.Signature, AbiFunction.Parse(function.ToString()).Signature);
        var values = abi.Values(function.Inputs);
        var calldata = function.Encode(values);
        Assert.Equal(function.Selector.ToBytes(), calldata[..4]);
        Assert.Equal(values, function.DecodeInput(calldata));
        Assert.Equal("abi-trailing", Assert.Throws<EthereumException>(() => function.DecodeInput([.. calldata, 0])).Code);
        Assert.Equal(values, function.DecodeInput([.. calldata, 0], allowTrailing: true));
    });

    [Fact]
    public void A_log_gives_back_its_plain_and_value_parameters_and_the_hashes_of_the_others() => ForSeeds(1000, static seed =>
    {
        var abi = new RandomAbi(seed);
        var inputs = abi.Parameters(5, 2).Select((input, index) => input with { Indexed = index < 3 && abi.Random.Next(2) == 0 });
        var logged = AbiEvent.Parse($"event E({string.Join(", ", inputs)}){(abi.Random.Next(4) == 0 ? " anonymous" : "")}");
        var values = abi.Values(logged.Inputs);
        var (topics, data) = logged.Encode(values);
        var decoded = logged.Decode(topics, data);
        for (var i = 0; i < values.Length; i++)
        {
            var input = logged.Inputs[i];
            var expected = input.Indexed && decoded[i] is AbiHash ? new AbiHash(AbiCodec.EncodeTopic(input.Type, values[i])) : values[i];
            Assert.Equal(expected, decoded[i]);
        }
    });

    [Fact]
    public void A_mutated_or_cut_encoding_is_a_value_or_a_refusal() => ForSeeds(4000, static seed =>
    {
        var abi = new RandomAbi(seed);
        var types = abi.Parameters(4, 4);
        var data = AbiCodec.Encode(types, abi.Values(types));
        for (var round = 0; round < 8; round++)
        {
            DecodeOrRefuse(types, Mutate(data, abi.Random));
        }
    });

    [Fact]
    public void Random_bytes_are_a_value_or_a_refusal() => ForSeeds(4000, static seed =>
    {
        var abi = new RandomAbi(seed);
        var types = abi.Parameters(3, 5);
        var data = new byte[abi.Random.Next(400)];
        for (var i = 31; i < data.Length; i += 32)
        {
            // Small multiples of a word are plausible offsets, lengths and counts.
            data[i] = (byte)(abi.Random.Next(8) * (abi.Random.Next(2) == 0 ? 32 : 1));
        }

        DecodeOrRefuse(types, data);
    });

    [Fact]
    public void Revert_data_of_any_bytes_is_read_without_an_exception() => ForSeeds(2000, static seed =>
    {
        var abi = new RandomAbi(seed);
        var error = AbiError.Parse($"error E({string.Join(", ", abi.Parameters(3, 3).AsEnumerable())})");
        var known = ContractAbi.FromHumanReadable(error.ToString());
        var values = abi.Values(error.Inputs);
        var data = error.Encode(values);
        Assert.Equal(values, known.DecodeRevert(data).Arguments!);
        for (var round = 0; round < 5; round++)
        {
            data = Mutate(data, abi.Random);
            var reason = known.DecodeRevert(data);
            Assert.Equal(reason.Kind is RevertKind.Unknown or RevertKind.Empty, reason.Arguments is null);
            Assert.Equal(data, reason.Data.ToArray());
        }
    });

    [Fact]
    public void A_mutated_signature_is_an_entry_or_a_refusal() => ForSeeds(4000, static seed =>
    {
        var abi = new RandomAbi(seed);
        var text = $"function f({string.Join(", ", abi.Parameters(3, 3).AsEnumerable())}) external view returns (bool)";
        const string Pieces = "()[],;0123456789 \tuintbytesuplexd\u0000é";
        for (var round = 0; round < 6; round++)
        {
            var at = abi.Random.Next(text.Length);
            text = abi.Random.Next(2) == 0 ? text.Remove(at, 1) : text.Insert(at, Pieces[abi.Random.Next(Pieces.Length)].ToString());
            try
            {
                ContractAbi.FromHumanReadable(text);
            }
            catch (EthereumException refusal)
            {
                Assert.StartsWith("abi-", refusal.Code, StringComparison.Ordinal);
            }
        }
    });

    internal static byte[] Mutate(byte[] data, Random random)
    {
        var copy = data.ToArray();
        switch (random.Next(5))
        {
            case 0:
                return copy[..random.Next(copy.Length + 1)];
            case 1 when copy.Length > 0:
                copy[random.Next(copy.Length)] ^= (byte)(1 << random.Next(8));
                return copy;
            case 2 when copy.Length >= 32:
                // A word becomes another word of the same data: offsets that point into each other.
                var from = 32 * random.Next(copy.Length / 32);
                copy.AsSpan(from, 32).CopyTo(copy.AsSpan(32 * random.Next(copy.Length / 32)));
                return copy;
            case 3 when copy.Length >= 32:
                copy.AsSpan(32 * random.Next(copy.Length / 32), 32).Fill((byte)(random.Next(2) * 255));
                return copy;
            case 4 when copy.Length >= 32:
                copy[(32 * random.Next(copy.Length / 32)) + 31] = (byte)random.Next(256);
                return copy;
            default:
                return [.. copy, 1];
        }
    }

    internal static void ForSeeds(int count, Action<int> check) => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(count),
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
        {
            check(seed);
            return true;
        }));

    private static void DecodeOrRefuse(AbiParameter[] types, byte[] data)
    {
        try
        {
            var values = AbiCodec.Decode(types, data, allowTrailing: true);

            // What was decoded is a set of real values: it can be encoded again and read back.
            Assert.Equal(values, AbiCodec.Decode(types, AbiCodec.Encode(types, values.Values)));
        }
        catch (EthereumException refusal)
        {
            Assert.StartsWith("abi-", refusal.Code, StringComparison.Ordinal);
        }
    }
}
