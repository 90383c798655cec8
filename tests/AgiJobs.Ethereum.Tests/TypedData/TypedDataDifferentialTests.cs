using System.Text.Json.Nodes;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Tests.Abi;
using AgiJobs.Ethereum.Tests.Keys;
using AgiJobs.Ethereum.Tests.Oracles;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Ethereum.Tests.TypedData;

/// <summary>Typed documents and messages against ethers on generated cases. The seeds are fixed, so a failure repeats.</summary>
public sealed class TypedDataDifferentialTests
{
    [Fact]
    public async Task Two_thousand_generated_documents_have_the_hashes_of_ethers()
    {
        var cases = Enumerable.Range(0, 2000).Select(static seed => new RandomDocument(seed)).ToList();
        var documents = cases.ConvertAll(static one => TypedDocument.FromJson(one.ToJson()));
        var answers = await Oracle.EthersAsync(cases.Select(static one => new JsonObject
        {
            ["ask"] = "typed",
            ["domain"] = one.Domain.DeepClone(),
            ["types"] = one.StructTypes.DeepClone(),
            ["message"] = one.Message.DeepClone(),
        }));
        for (var i = 0; i < answers.Length; i++)
        {
            Assert.Equal(answers[i].Text("type"), documents[i].Schema.Primary.EncodedType);
            Assert.Equal(answers[i].Text("domain"), documents[i].DomainSeparator.ToString());
            Assert.Equal(answers[i].Text("digest"), documents[i].Digest.ToString());
            Assert.Equal(documents[i].Digest, TypedDocument.FromJson(documents[i].ToJson()).Digest);
            Assert.Equal(documents[i].Schema.Primary.TypeHash, TypedSchema.Parse(documents[i].Schema.Primary.EncodedType).Primary.TypeHash);
        }
    }

    [Fact]
    public async Task Messages_and_hashes_of_every_length_agree_with_ethers()
    {
        var random = new Random(5);
        var data = Enumerable.Range(0, 400).Select(length =>
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            return bytes;
        }).ToList();
        var questions = data.SelectMany(static bytes => (JsonObject[])
        [
            new JsonObject { ["ask"] = "message", ["data"] = Hex.Encode(bytes) },
            new JsonObject { ["ask"] = "keccak", ["data"] = Hex.Encode(bytes) },
        ]);
        var answers = await Oracle.EthersAsync(questions);
        for (var i = 0; i < data.Count; i++)
        {
            Assert.Equal(answers[2 * i].Text("hash"), PersonalMessage.Hash(data[i]).ToString());
            Assert.Equal(answers[(2 * i) + 1].Text("hash"), Keccak256.Hash(data[i]).ToString());
        }
    }

    [Fact]
    public void A_mutated_document_is_a_document_or_a_refusal() => AbiPropertyTests.ForSeeds(3000, static seed =>
    {
        var random = new Random(seed);
        var json = new RandomDocument(seed).ToJson();
        const string Pieces = "{}[]\":,0123456789.-eExabcdefuintstringbytesnulltrue\\ud800 \0é";
        for (var round = 0; round < 5 && json.Length > 1; round++)
        {
            var at = random.Next(json.Length);
            json = random.Next(3) switch
            {
                0 => json.Remove(at, 1),
                1 => json.Insert(at, Pieces[random.Next(Pieces.Length)].ToString()),
                _ => json.Remove(at, 1).Insert(at, Pieces[random.Next(Pieces.Length)].ToString()),
            };
            try
            {
                var document = TypedDocument.FromJson(json);
                Assert.Equal(document.Digest, TypedDocument.FromJson(document.ToJson()).Digest);
            }
            catch (EthereumException refusal)
            {
                Assert.Equal(Fault.BadInput, refusal.Fault);
            }
        }
    });
}
