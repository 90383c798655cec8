using System.Text.Json.Nodes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Bench;

internal static class HashingCases
{
    public static IEnumerable<BenchCase> All()
    {
        yield return Keccak("keccak-256, 32 B", 32);
        yield return Keccak("keccak-256, 1 KiB", 1024);
        yield return Keccak("keccak-256, 128 KiB", 128 * 1024);
    }

    private static BenchCase Keccak(string name, int length)
    {
        var data = new byte[length];
        for (var i = 0; i < length; i++)
        {
            data[i] = (byte)((i * 131) + 7);
        }

        var digest = new byte[32];
        return new BenchCase(
            name,
            () =>
            {
                Keccak256.Hash(data, digest);
                return digest;
            },
            () => Keccak256.Hash(data).ToString())
        {
            Baseline = "@noble/hashes",
            Operation = "keccak",
            Input = new JsonObject { ["data"] = Hex.Encode(data) },
            Target = 5,
        };
    }
}
