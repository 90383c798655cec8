using System.Numerics;
using AgiJobs.Ethereum.Tests.Keys;

namespace AgiJobs.Ethereum.Tests;

public sealed class FixedPointVectorTests
{
    private static readonly Dictionary<string, int> Units = new() { ["kwei"] = 3, ["mwei"] = 6, ["gwei"] = 9, ["szabo"] = 12, ["finney"] = 15, ["ether"] = 18 };

    [Fact]
    public void Every_case_of_the_units_vectors_reads_and_writes()
    {
        var cases = KeyVectors.Read("units.json.gz").EnumerateArray().ToList();
        Assert.Equal(10, cases.Count);
        var read = 0;
        foreach (var item in cases)
        {
            var wei = BigInteger.Parse(item.Text("wei"));
            foreach (var (unit, decimals) in Units)
            {
                if (item.TryGetProperty(unit, out var text))
                {
                    Assert.Equal(wei, FixedPoint.Parse(text.GetString()!, decimals));
                    read++;
                }

                if (item.TryGetProperty(unit + "_format", out var format))
                {
                    Assert.Equal(format.GetString(), FixedPoint.Format(wei, decimals));
                }
            }
        }

        Assert.Equal(17, read);
    }
}
