using System.Text;
using System.Text.Json;
using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Ethereum.Tests.Keys;

public sealed class MnemonicVectorTests
{
    private static readonly List<JsonElement> Cases = [.. KeyVectors.Read("mnemonics.json.gz").EnumerateArray()];

    [Fact]
    public void Every_phrase_has_its_entropy_and_back()
    {
        Assert.Equal(20, Cases.Count);
        foreach (var item in Cases)
        {
            var phrase = Encoding.UTF8.GetString(item.Data("phrase"));
            using var parsed = Mnemonic.Parse(phrase);
            Assert.Equal(item.Data("entropy"), parsed.CopyEntropy());
            using var made = Mnemonic.FromEntropy(item.Data("entropy"));
            Assert.Equal(phrase, made.RevealPhrase());
        }
    }

    [Fact]
    public void Every_seed_and_every_derived_key_is_the_published_one()
    {
        foreach (var item in Cases)
        {
            using var mnemonic = Mnemonic.Parse(Encoding.UTF8.GetString(item.Data("phrase")));
            var seed = mnemonic.ToSeed(Encoding.UTF8.GetString(item.Data("password")));
            Assert.Equal(item.Text("seed"), Hex.Encode(seed));
            using var master = ExtendedKey.FromSeed(seed);
            foreach (var node in item.GetProperty("nodes").EnumerateArray())
            {
                using var key = master.Derive(node.Text("path"));
                Assert.Equal(node.Text("xpriv"), key.RevealXprv());
                Assert.Equal(node.Text("xpub"), key.ToXpub());
                Assert.Equal(node.Text("chainCode"), key.ChainCode.ToString());
                Assert.Equal(node.Text("publicKey"), Hex.Encode(key.PublicKey.Span));
                Assert.Equal(node.GetProperty("depth").GetInt32(), key.Depth);
                Assert.Equal(node.GetProperty("index").GetUInt32(), key.Index);
                Assert.Equal(node.Text("fingerprint"), $"0x{key.Fingerprint:x8}");
                Assert.Equal(node.Text("parentFingerprint"), $"0x{key.ParentFingerprint:x8}");
                using var signer = key.ToSigner();
                using var published = new LocalSigner(node.Data("privateKey"));
                Assert.Equal(published.Address, signer.Address);
                using var reread = ExtendedKey.Parse(node.Text("xpriv"));
                Assert.Equal(node.Text("xpriv"), reread.RevealXprv());
                using var readPublic = ExtendedKey.Parse(node.Text("xpub"));
                Assert.Equal(node.Text("xpub"), readPublic.ToXpub());
            }
        }
    }

    [Fact]
    public void The_first_development_account_is_the_well_known_one() => Assert.Equal(
        "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", new DevelopmentKeys(ChainId.Local).Signer(0).Address.ToString());
}
