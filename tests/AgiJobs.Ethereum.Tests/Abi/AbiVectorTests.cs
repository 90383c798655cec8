using System.Globalization;
using System.Numerics;
using System.Text.Json;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Tests.Keys;

namespace AgiJobs.Ethereum.Tests.Abi;

public sealed class AbiVectorTests
{
    [Fact]
    public void Every_published_encoding_is_written_and_read_exactly()
    {
        var count = 0;
        foreach (var vector in KeyVectors.Read("abi.json.gz").EnumerateArray())
        {
            var type = AbiType.Parse(vector.Text("type"));
            var value = Read(vector.GetProperty("verbose"));
            var encoded = vector.Text("encoded");
            Assert.Equal(encoded, Hex.Encode(AbiCodec.Encode(type, value)));
            Assert.Equal(value, AbiCodec.Decode(type, Hex.Decode(encoded)));
            count++;
        }

        Assert.Equal(512, count);
    }

    private static AbiValue Read(JsonElement typed)
    {
        var value = typed.GetProperty("value");
        return typed.Text("type") switch
        {
            "number" => BigInteger.Parse(value.ToString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture),
            "hexstring" => Hex.Decode(value.GetString()!),
            "boolean" => value.GetBoolean(),
            "address" => Address.Parse(value.GetString()!),
            "string" => value.GetString()!,
            _ => AbiValue.List([.. value.EnumerateArray().Select(Read)]),
        };
    }
}
