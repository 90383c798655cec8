using System.Security.Cryptography;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Tests.Evidence.Log;

/// <summary>RFC 6962, section 2.1, word for word and without regard to speed: the independent implementation.</summary>
internal static class NaiveMerkle
{
    public static Bytes32 Root(ReadOnlySpan<byte[]> d) => d.Length switch
    {
        0 => new Bytes32(SHA256.HashData([])),
        1 => new Bytes32(SHA256.HashData([0, .. d[0]])),
        var n => Hash(Root(d[..K(n)]), Root(d[K(n)..])),
    };

    public static List<Bytes32> Path(int m, ReadOnlySpan<byte[]> d)
    {
        if (d.Length == 1)
        {
            return [];
        }

        var k = K(d.Length);
        return m < k ? [.. Path(m, d[..k]), Root(d[k..])] : [.. Path(m - k, d[k..]), Root(d[..k])];
    }

    public static List<Bytes32> Proof(int m, ReadOnlySpan<byte[]> d) => SubProof(m, d, true);

    private static List<Bytes32> SubProof(int m, ReadOnlySpan<byte[]> d, bool b)
    {
        if (m == d.Length)
        {
            return b ? [] : [Root(d)];
        }

        var k = K(d.Length);
        return m <= k ? [.. SubProof(m, d[..k], b), Root(d[k..])] : [.. SubProof(m - k, d[k..], false), Root(d[..k])];
    }

    private static Bytes32 Hash(Bytes32 left, Bytes32 right) => new(SHA256.HashData([1, .. left.ToBytes(), .. right.ToBytes()]));

    private static int K(int n)
    {
        var k = 1;
        while (k * 2 < n)
        {
            k *= 2;
        }

        return k;
    }
}
