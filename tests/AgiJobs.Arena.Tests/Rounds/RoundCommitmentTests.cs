using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Testing;

namespace AgiJobs.Arena.Tests.Rounds;

public sealed class RoundCommitmentTests
{
    public static TheoryData<int> Indices => [.. Enumerable.Range(0, Vectors().Count)];

    [Fact]
    public void There_are_answers_and_votes() => Assert.Equal((6, 6), (Count("answer"), Count("vote")));

    [Theory]
    [MemberData(nameof(Indices))]
    public void A_commitment_is_that_of_the_vector(int index)
    {
        var vector = Vectors()[index]!;
        var chain = new ChainId(ulong.Parse(Text("chain"), CultureInfo.InvariantCulture));
        var (arena, account) = (Address.Parse(Text("arena")), Address.Parse(Text("account")));
        var round = long.Parse(Text("round"), CultureInfo.InvariantCulture);
        var (payload, salt) = (Bytes32.Parse(Text("payload")), Bytes32.Parse(Text("salt")));
        var (isVote, expected) = (Text("kind") is "vote", Bytes32.Parse(Text("commitment")));
        Assert.Equal(expected, Of(round, account, salt));
        Assert.NotEqual(expected, Of(round - 1, account, salt));
        Assert.NotEqual(expected, Of(round, arena, salt));
        Assert.NotEqual(expected, Of(round, account, payload));
        Assert.Equal(payload.ToBytes(), isVote ? Bytes32.FromUnsigned(System.Numerics.BigInteger.Parse(Text("text"), CultureInfo.InvariantCulture)).ToBytes() : SHA256.HashData(Encoding.UTF8.GetBytes(Text("text"))));

        Bytes32 Of(long number, Address who, Bytes32 secret) => isVote
            ? RoundCommitment.OfVote(chain, arena, number, who, payload.ToUnsigned(), secret)
            : RoundCommitment.OfAnswer(chain, arena, number, who, payload, secret);

        string Text(string key) => (string)vector[key]!;
    }

    private static JsonArray Vectors() => JsonNode.Parse(File.ReadAllText(Toolchain.PathOf("tests", "vectors", "arena-commitments.json")))!["vectors"]!.AsArray();

    private static int Count(string kind) => Vectors().Count(vector => (string)vector!["kind"]! == kind);
}
