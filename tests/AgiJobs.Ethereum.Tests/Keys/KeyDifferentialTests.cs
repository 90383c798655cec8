using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Tests.Oracles;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Ethereum.Tests.Keys;

public sealed class KeyDifferentialTests
{
    [Fact]
    public async Task Ethers_signs_and_recovers_two_thousand_hashes_and_messages_alike()
    {
        var random = new Random(191);
        var cases = Enumerable.Range(0, 2000).Select(
            _ => (Key: Bytes(random, 32), Digest: new Bytes32(Bytes(random, 32)), Message: Bytes(random, random.Next(200)))).ToList();
        var answers = await Oracle.EthersAsync(cases.Select(c => new JsonObject
        {
            ["ask"] = "sign",
            ["key"] = Hex.Encode(c.Key),
            ["digest"] = c.Digest.ToString(),
            ["message"] = Hex.Encode(c.Message),
            ["signature"] = Secp256k1.Sign(c.Digest, c.Key).ToString(),
        }));
        for (var i = 0; i < cases.Count; i++)
        {
            using var signer = new LocalSigner(cases[i].Key);
            Assert.Equal(Secp256k1.Sign(cases[i].Digest, cases[i].Key).ToString(), answers[i].Text("signature"));
            Assert.Equal((await signer.SignMessageAsync(cases[i].Message, TestContext.Current.CancellationToken)).ToString(),
                answers[i].Text("personal"));
            Assert.Equal(signer.Address.ToString(), answers[i].Text("recovered"));
            Assert.Equal(signer.Address.ToString(), answers[i].Text("address"));
            Assert.Equal(signer.Address,
                Secp256k1.Recover(PersonalMessage.Hash(cases[i].Message), Signature.FromBytes(answers[i].Data("personal"))));
        }
    }

    [Fact]
    public async Task Ethers_derives_the_same_keys_from_three_hundred_phrases_with_any_passphrase_and_path()
    {
        var random = new Random(32);
        string[] alphabet =
        [
            "a", "Z", " ", "\u00e9", "e\u0301", "\ufb01", "\u212b", "\ud55c\uae00", "\U0001F680", "\u0323\u0301", "\u3000", "\u1e9b\u0323",
        ];
        var cases = Enumerable.Range(0, 300).Select(_ => (
            Entropy: Bytes(random, 16 + (4 * random.Next(5))),
            Passphrase: string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => alphabet[random.Next(alphabet.Length)])),
            Path: "m" + string.Concat(
                Enumerable.Range(0, 1 + random.Next(5)).Select(_ => $"/{random.Next()}{(random.Next(2) == 0 ? "'" : "")}")))).ToList();
        var answers = await Oracle.EthersAsync(cases.Select(c => new JsonObject
        {
            ["ask"] = "derive",
            ["entropy"] = Hex.Encode(c.Entropy),
            ["passphrase"] = c.Passphrase,
            ["path"] = c.Path,
        }));
        for (var i = 0; i < cases.Count; i++)
        {
            using var mnemonic = Mnemonic.FromEntropy(cases[i].Entropy);
            Assert.Equal(answers[i].Text("phrase"), mnemonic.RevealPhrase());
            var seed = mnemonic.ToSeed(cases[i].Passphrase);
            Assert.Equal(answers[i].Text("seed"), Hex.Encode(seed));
            using var master = ExtendedKey.FromSeed(seed);
            using var key = master.Derive(cases[i].Path);
            Assert.Equal(answers[i].Text("xprv"), key.RevealXprv());
            Assert.Equal(answers[i].Text("xpub"), key.ToXpub());
            Assert.Equal(answers[i].Text("address"), key.Address.ToString());
        }
    }

    [Fact]
    public async Task A_JavaScript_engine_decomposes_every_assigned_character_and_a_thousand_texts_alike()
    {
        var points = Enumerable.Range(0, 0x32000).Concat(Enumerable.Range(0xe0000, 0x1000))
            .Where(point => point is < 0xd800 or > 0xdfff && Decomposed(char.ConvertFromUtf32(point)) is not null).ToList();
        Assert.InRange(points.Count, 140_000, 220_000);
        var random = new Random(15);
        var texts = Enumerable.Range(0, 1000).Select(_ => string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ =>
            char.ConvertFromUtf32(random.Next(2) == 0 ? points[random.Next(points.Count)] : 0x300 + random.Next(0x4f))))).ToList();
        var answer = (await Oracle.EthersAsync([new JsonObject
        {
            ["ask"] = "decompose",
            ["points"] = new JsonArray([.. points.Select(point => (JsonNode)point)]),
            ["texts"] = new JsonArray([.. texts.Select(text => (JsonNode)text)]),
        }]))[0];
        Assert.Equal(answer.Text("points"), Keccak256.Hash(
            string.Join('|', points.Select(point => CompatibilityDecomposition.Of(char.ConvertFromUtf32(point))))).ToString());
        Assert.Equal(answer.GetProperty("texts").EnumerateArray().Select(text => text.GetString()),
            texts.Select(text => CompatibilityDecomposition.Of(text)));
    }

    [Fact]
    public async Task Ethers_opens_our_keystore_files_and_we_open_theirs()
    {
        var random = new Random(3);
        using var source = RandomNumberGenerator.Create();
        var cases = new List<(byte[] Key, string Password, string Ours)>();
        for (var i = 0; i < 60; i++)
        {
            var key = Bytes(random, 32);
            key[0] &= (byte)(i % 3 == 0 ? 0 : 0x7f);
            var password = $"pass {random.Next()} \u20ac";
            using var signer = new LocalSigner(key);
            cases.Add((key, password, Encoding.UTF8.GetString(Keystore.Create(signer, password, source, 1 << (1 + (i % 6))).ToJson())));
        }

        var answers = await Oracle.EthersAsync(cases.Select(
            c => new JsonObject { ["ask"] = "keystore", ["key"] = Hex.Encode(c.Key), ["password"] = c.Password, ["ours"] = c.Ours }));
        for (var i = 0; i < cases.Count; i++)
        {
            Assert.Equal(Hex.Encode(cases[i].Key), answers[i].Text("opened"));
            using var signer = Keystore.Parse(Encoding.UTF8.GetBytes(answers[i].Text("theirs"))).Unlock(cases[i].Password);
            Assert.Equal(Secp256k1.AddressOf(cases[i].Key), signer.Address);
        }
    }

    [Fact]
    public async Task Cast_signs_and_addresses_sixty_keys_alike()
    {
        var random = new Random(7);
        var cases = Enumerable.Range(0, 60).Select(_ => (Key: Bytes(random, 32), Data: new Bytes32(Bytes(random, 32)))).ToList();
        await Parallel.ForEachAsync(cases, TestContext.Current.CancellationToken, async (c, cancel) =>
        {
            using var signer = new LocalSigner(c.Key);
            Assert.Equal(signer.Address.ToString(), await Oracle.CastAsync("wallet", "address", "--private-key", Hex.Encode(c.Key)));
            Assert.Equal(Secp256k1.Sign(c.Data, c.Key).ToString(),
                await Oracle.CastAsync("wallet", "sign", "--no-hash", "--private-key", Hex.Encode(c.Key), c.Data.ToString()));
            Assert.Equal((await signer.SignMessageAsync(c.Data.ToBytes(), cancel)).ToString(),
                await Oracle.CastAsync("wallet", "sign", "--private-key", Hex.Encode(c.Key), c.Data.ToString()));
        });
    }

    [Fact]
    public async Task Cast_signs_a_typed_document_alike()
    {
        var key = Keccak256.Hash("typed").ToBytes();
        using var signer = new LocalSigner(key);
        foreach (var json in new[] { TypedDocuments.WithChain(1), TypedDocuments.WithChain(31337), TypedDocuments.WithoutChain })
        {
            var signature = await signer.SignTypedDataAsync(TypedDocument.FromJson(json), TestContext.Current.CancellationToken);
            Assert.Equal(signature.ToString(), await Oracle.CastAsync("wallet", "sign", "--data", "--private-key", Hex.Encode(key), json));
        }
    }

    [Fact]
    public async Task Cast_opens_our_keystore_file_and_we_open_its()
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-cast-").FullName;
        try
        {
            var key = Keccak256.Hash("cast keystore").ToBytes();
            using var signer = new LocalSigner(key);
            using var source = RandomNumberGenerator.Create();
            var path = Path.Combine(folder, "ours");
            Keystore.Create(signer, "a password", source, 1024).Save(path);
            Assert.Equal(
                signer.Address.ToString(), await Oracle.CastAsync("wallet", "address", "--keystore", path, "--password", "a password"));

            await Oracle.CastAsync("wallet", "import", "theirs", "--keystore-dir", folder, "--private-key", Hex.Encode(key),
                "--unsafe-password", "a password");
            using var opened = Keystore.Load(Path.Combine(folder, "theirs")).Unlock("a password");
            Assert.Equal(signer.Address, opened.Address);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string? Decomposed(string text)
    {
        try
        {
            return CompatibilityDecomposition.Of(text);
        }
        catch (EthereumException)
        {
            return null;
        }
    }

    private static byte[] Bytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
