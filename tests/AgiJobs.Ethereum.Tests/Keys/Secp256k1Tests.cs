using System.Security.Cryptography;
using System.Text;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Keys;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;

namespace AgiJobs.Ethereum.Tests.Keys;

public sealed class Secp256k1Tests
{
    private const string Order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

    // The widely used RFC 6979 cases for secp256k1 with SHA-256; the RFC's own appendix has other curves. s in the lower half.
    [Theory]
    [InlineData(
        "0000000000000000000000000000000000000000000000000000000000000001", "Satoshi Nakamoto",
        "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d82442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5")]
    [InlineData(
        "0000000000000000000000000000000000000000000000000000000000000001", "All those moments will be lost in time, like tears in rain. "
            + "Time to die...",
        "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21")]
    [InlineData(
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140", "Satoshi Nakamoto",
        "fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d06b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5")]
    [InlineData(
        "f8b8af8ce3c7cca5e300d33939540c10d45ce001b8f252bfbc57ba0342904181", "Alan Turing",
        "7063ae83e7f62bbb171798131b4a0564b956930092b33b07b395615d9ec7e15c58dfcc1e00a35e1572f366ffe34ba0fc47db1e7189759b9fb233c5b05ab388ea")]
    [InlineData(
        "cca9fbcc1b41e5a95d369eaa6ddcff73b61a4efaa279cfc6567e8daa39cbaf50", "sample",
        "af340daf02cc15c8d5d08d7735dfe6b98a474ed373bdb5fbecf7571be52b38425009fb27f37034a9b24b707b7c6b79ca23ddef9e25f7282e8a797efe53a8f124")]
    public void The_published_deterministic_signatures_are_reproduced(string key, string message, string expected)
    {
        var signature = Secp256k1.Sign(new Bytes32(SHA256.HashData(Encoding.ASCII.GetBytes(message))), Convert.FromHexString(key));
        Assert.Equal(expected, Convert.ToHexStringLower(signature.ToBytes().AsSpan(0, 64)));
    }

    [Fact]
    public void BouncyCastle_makes_the_same_signatures_of_four_hundred_random_hashes()
    {
        var random = new Random(6979);
        var curve = Org.BouncyCastle.Asn1.X9.ECNamedCurveTable.GetByName("secp256k1");
        var domain = new ECDomainParameters(curve.Curve, curve.G, curve.N, curve.H);
        var half = curve.N.ShiftRight(1);
        var key = new byte[32];
        var hash = new byte[32];
        for (var i = 0; i < 400; i++)
        {
            random.NextBytes(key);
            random.NextBytes(hash);
            var signer = new ECDsaSigner(new HMacDsaKCalculator(new Sha256Digest()));
            signer.Init(true, new ECPrivateKeyParameters(new Org.BouncyCastle.Math.BigInteger(1, key), domain));
            var pair = signer.GenerateSignature(hash);
            var s = pair[1].CompareTo(half) > 0 ? curve.N.Subtract(pair[1]) : pair[1];

            var signature = Secp256k1.Sign(new Bytes32(hash), key);
            Assert.Equal(pair[0].ToString(16).PadLeft(64, '0'), signature.R.ToString()[2..]);
            Assert.Equal(s.ToString(16).PadLeft(64, '0'), signature.S.ToString()[2..]);
            var point = domain.G.Multiply(new Org.BouncyCastle.Math.BigInteger(1, key)).Normalize();
            Assert.Equal(point.GetEncoded(false), Secp256k1.PublicKey(key));
            Assert.Equal(point.GetEncoded(true), Secp256k1.CompressedPublicKey(key));
        }
    }

    [Fact]
    public void A_signature_recovers_to_its_key_verifies_and_fails_for_another_hash()
    {
        var random = new Random(1);
        var key = new byte[32];
        for (var i = 0; i < 200; i++)
        {
            random.NextBytes(key);
            var hash = Keccak256.Hash(key);
            var signature = Secp256k1.Sign(hash, key);
            Assert.True(signature.IsLowS);
            Assert.Equal(Secp256k1.AddressOf(key), Secp256k1.Recover(hash, signature));
            Assert.Equal(Secp256k1.PublicKey(key), Secp256k1.RecoverPublicKey(hash, signature));
            Assert.True(Secp256k1.Verify(hash, signature, Secp256k1.CompressedPublicKey(key)));
            Assert.True(Secp256k1.Verify(hash, signature, Secp256k1.PublicKey(key)));
            var other = Keccak256.Hash(hash.ToBytes());
            Assert.False(Secp256k1.Verify(other, signature, Secp256k1.PublicKey(key)));
            Assert.NotEqual(Secp256k1.AddressOf(key), Secp256k1.Recover(other, signature));
        }
    }

    [Fact]
    public void High_s_is_refused_unless_asked_for_and_then_recovers_as_the_precompile_does()
    {
        var key = Keccak256.Hash("high s").ToBytes();
        var hash = Keccak256.Hash("message");
        var low = Secp256k1.Sign(hash, key);
        var order = Bytes32.Parse("0x" + Order).ToUnsigned();
        var high = new Signature(low.R, Bytes32.FromUnsigned(order - low.S.ToUnsigned()), (byte)(1 - low.YParity));
        Assert.False(high.IsLowS);
        Assert.Equal(low, high.ToLowS());
        Assert.Equal(low, low.ToLowS());
        Assert.Equal("signature-high-s", Assert.Throws<EthereumException>(() => Secp256k1.Recover(hash, high)).Code);
        Assert.Equal(Secp256k1.AddressOf(key), Secp256k1.Recover(hash, high, allowHighS: true));
        Assert.False(Secp256k1.Verify(hash, high, Secp256k1.PublicKey(key)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData(Order)]
    [InlineData("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    [InlineData("00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001")]
    public void What_is_no_private_key_is_refused_everywhere_without_showing_it(string text)
    {
        var key = Convert.FromHexString(text);
        Assert.False(Secp256k1.IsPrivateKey(key));
        var refusals = new[]
        {
            Assert.Throws<EthereumException>(() => Secp256k1.Sign(Bytes32.Zero, key)),
            Assert.Throws<EthereumException>(() => Secp256k1.PublicKey(key)),
            Assert.Throws<EthereumException>(() => Secp256k1.AddressOf(key)),
            Assert.Throws<EthereumException>(() => new LocalSigner(key)),
        };
        Assert.All(refusals, refusal =>
        {
            Assert.Equal("private-key", refusal.Code);
            Assert.DoesNotContain(text.Length < 8 ? "0x" : text[..8], refusal.ToString(), StringComparison.OrdinalIgnoreCase);
        });
    }

    [Theory]
    [InlineData("")]
    [InlineData("04")]
    [InlineData("020000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("05d902f35f560e0470c63313c7369168d9d7df2d49bf295fd9fb7cb109ccee0494")]
    [InlineData("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f8179800")]
    public void What_is_no_public_key_is_refused(string text) =>
        Assert.Equal("public-key", Assert.Throws<EthereumException>(() => Secp256k1.AddressOfPublicKey(Convert.FromHexString(text))).Code);

    [Fact]
    public void The_hybrid_form_of_a_public_key_is_refused()
    {
        var key = Secp256k1.PublicKey(Keccak256.Hash("hybrid").ToBytes());
        key[0] = (byte)(6 + (key[64] & 1));
        Assert.Equal("public-key", Assert.Throws<EthereumException>(() => Secp256k1.AddressOfPublicKey(key)).Code);
    }

    [Fact]
    public void A_signature_that_no_key_can_have_made_is_refused()
    {
        // No point of the curve has x = 5; r may be any number.
        var signature = new Signature(Bytes32.FromUnsigned(5), Bytes32.FromUnsigned(1), 0);
        Assert.Equal("signature-unrecoverable", Assert.Throws<EthereumException>(() =>
            Secp256k1.Recover(Keccak256.Hash("x"), signature)).Code);
        Assert.Equal("signature-unrecoverable", Assert.Throws<EthereumException>(() =>
            Secp256k1.Recover(Keccak256.Hash("x"), default)).Code);
    }

    [Fact]
    public async Task Many_threads_sign_and_recover_with_one_context()
    {
        var key = Keccak256.Hash("threads").ToBytes();
        var address = Secp256k1.AddressOf(key);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(() =>
        {
            for (var i = 0; i < 200; i++)
            {
                var hash = Keccak256.Hash($"{thread}/{i}");
                Assert.Equal(address, Secp256k1.Recover(hash, Secp256k1.Sign(hash, key)));
            }
        }, TestContext.Current.CancellationToken)));
    }

    [Fact]
    public void A_missing_library_is_named_with_the_command_that_installs_it()
    {
        var refusal = Assert.Throws<EthereumException>(() =>
            NativeLibraries.Load(["libsecp256k1-is-not-here.so"], "secp256k1-missing", NativeLibraries.Secp256k1Missing));
        Assert.Equal("secp256k1-missing", refusal.Code);
        Assert.Contains("apt-get install libsecp256k1-1", refusal.Message, StringComparison.Ordinal);
    }
}
