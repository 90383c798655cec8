using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Keys;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Ethereum.Tests.Keys;

public sealed class SignatureTests
{
    private static readonly byte[] Key = Keccak256.Hash("signature tests").ToBytes();

    [Fact]
    public void Sixty_five_bytes_read_back_with_both_ways_of_writing_v()
    {
        for (var i = 0; i < 50; i++)
        {
            var signature = Secp256k1.Sign(Keccak256.Hash($"{i}"), Key);
            var bytes = signature.ToBytes();
            Assert.Equal(65, bytes.Length);
            Assert.InRange(bytes[64], 27, 28);
            Assert.Equal(signature.V, bytes[64]);
            Assert.Equal(signature, Signature.FromBytes(bytes));
            bytes[64] -= 27;
            Assert.Equal(signature, Signature.FromBytes(bytes));
            Assert.Equal(signature.ToString(), Hex.Encode(Signature.FromBytes(bytes).ToBytes()));
        }
    }

    [Fact]
    public void Every_other_v_is_refused()
    {
        var bytes = Secp256k1.Sign(Keccak256.Hash("v"), Key).ToBytes();
        foreach (var v in Enumerable.Range(0, 256).Select(v => (byte)v).Where(v => v is not (0 or 1 or 27 or 28)))
        {
            bytes[64] = v;
            Assert.Equal("signature-v", Assert.Throws<EthereumException>(() => Signature.FromBytes(bytes)).Code);
        }
    }

    [Fact]
    public void Any_bytes_are_a_signature_or_an_error() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(500),
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
        {
            try
            {
                var signature = Signature.FromBytes(bytes);
                _ = Secp256k1.Recover(Bytes32.Zero, signature, allowHighS: true);
            }
            catch (EthereumException)
            {
            }
        }));

    [Theory]
    [InlineData(
        "0x0000000000000000000000000000000000000000000000000000000000000000",
        "0x0000000000000000000000000000000000000000000000000000000000000001")]
    [InlineData(
        "0x0000000000000000000000000000000000000000000000000000000000000001",
        "0x0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData(
        "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        "0x0000000000000000000000000000000000000000000000000000000000000001")]
    [InlineData(
        "0x0000000000000000000000000000000000000000000000000000000000000001",
        "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")]
    public void Numbers_outside_the_order_are_refused(string r, string s) =>
        Assert.Equal("signature-range", Assert.Throws<EthereumException>(() => new Signature(Bytes32.Parse(r), Bytes32.Parse(s), 0)).Code);

    [Fact]
    public void Half_the_order_is_low_and_one_more_is_high()
    {
        var one = Bytes32.FromUnsigned(1);
        Assert.True(new Signature(one, Bytes32.Parse("0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"), 0).IsLowS);
        Assert.False(new Signature(one, Bytes32.Parse("0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1"), 0).IsLowS);
    }
}
