using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Tests.Keys;
using Org.BouncyCastle.Crypto.Digests;

namespace AgiJobs.Ethereum.Tests.Hashing;

public sealed class Keccak256Tests
{
    [Fact]
    public void Every_published_hash_comes_out()
    {
        var count = 0;
        foreach (var vector in KeyVectors.Read("hashes.json.gz").EnumerateArray())
        {
            Assert.Equal(vector.Text("keccak256"), Keccak256.Hash(vector.Data("data")).ToString());
            count++;
        }

        Assert.Equal(129, count);
    }

    [Fact]
    public void Every_length_around_the_block_size_agrees_with_BouncyCastle()
    {
        var random = new Random(20240817);
        for (var length = 0; length <= 700; length++)
        {
            var data = new byte[length];
            random.NextBytes(data);
            Assert.Equal(Reference(data), Keccak256.Hash(data).ToBytes());
        }
    }

    [Fact]
    public void Large_inputs_agree_with_BouncyCastle()
    {
        var random = new Random(7);
        foreach (var length in (ReadOnlySpan<int>)[4096, 65_535, 131_072, 1_000_003])
        {
            var data = new byte[length];
            random.NextBytes(data);
            Assert.Equal(Reference(data), Keccak256.Hash(data).ToBytes());
        }
    }

    private static byte[] Reference(byte[] data)
    {
        var digest = new KeccakDigest(256);
        digest.BlockUpdate(data, 0, data.Length);
        var hash = new byte[32];
        digest.DoFinal(hash, 0);
        return hash;
    }
}
