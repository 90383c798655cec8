using System.Text.Json;
using AgiJobs.Ethereum.Rlp;
using AgiJobs.Ethereum.Tests.Keys;

namespace AgiJobs.Ethereum.Tests.Rlp;

public sealed class RlpVectorTests
{
    [Fact]
    public void Every_case_of_the_rlp_vectors_encodes_and_decodes()
    {
        var cases = KeyVectors.Read("rlp.json.gz").EnumerateArray().ToList();
        Assert.Equal(31, cases.Count);
        foreach (var item in cases)
        {
            var expected = item.Data("encoded");
            var writer = new RlpWriter();
            Write(writer, item.GetProperty("decoded"));
            Assert.Equal(expected, writer.ToArray());

            var reader = new RlpReader(expected);
            Check(ref reader, item.GetProperty("decoded"));
            reader.ExpectEnd("the case");
        }
    }

    private static void Write(RlpWriter writer, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            writer.WriteBytes(Hex.Decode(value.GetString()!));
            return;
        }

        writer.BeginList();
        foreach (var item in value.EnumerateArray())
        {
            Write(writer, item);
        }

        writer.EndList();
    }

    private static void Check(ref RlpReader reader, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            Assert.Equal(Hex.Decode(value.GetString()!), reader.ReadBytes());
            return;
        }

        var list = reader.ReadList();
        foreach (var item in value.EnumerateArray())
        {
            Check(ref list, item);
        }

        list.ExpectEnd("the list");
    }
}
