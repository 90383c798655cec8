using AgiJobs.Ethereum.Tests.Keys;

namespace AgiJobs.Ethereum.Tests;

public sealed class ContractAddressTests
{
    [Fact]
    public void Every_published_CREATE2_address_comes_out_from_the_init_code_and_from_its_hash()
    {
        var count = 0;
        foreach (var group in KeyVectors.Read("create2.json.gz").EnumerateArray())
        {
            var sender = Address.Parse(group.Text("sender"));
            foreach (var vector in group.GetProperty("creates").EnumerateArray())
            {
                var salt = Bytes32.Parse(vector.Text("salt"));
                var expected = Address.Parse(vector.Text("address"));
                Assert.Equal(expected, ContractAddress.Create2(sender, salt, vector.Data("initCode")));
                Assert.Equal(expected, ContractAddress.Create2(sender, salt, Bytes32.Parse(vector.Text("initCodeHash"))));
                count++;
            }
        }

        Assert.True(count >= 8, $"only {count} vectors");
    }

    [Theory]
    [InlineData("0x0000000000000000000000000000000000000000", "0x0000000000000000000000000000000000000000000000000000000000000000", "0x00", "0x4D1A2e2bB4F88F0250f26Ffff098B0b30B26BF38")]
    [InlineData("0xdeadbeef00000000000000000000000000000000", "0x0000000000000000000000000000000000000000000000000000000000000000", "0x00", "0xB928f69Bb1D91Cd65274e3c79d8986362984fDA3")]
    [InlineData("0xdeadbeef00000000000000000000000000000000", "0x000000000000000000000000feed000000000000000000000000000000000000", "0x00", "0xD04116cDd17beBE565EB2422F2497E06cC1C9833")]
    [InlineData("0x0000000000000000000000000000000000000000", "0x0000000000000000000000000000000000000000000000000000000000000000", "0xdeadbeef", "0x70f2b2914A2a4b783FaEFb75f459A580616Fcb5e")]
    [InlineData("0x00000000000000000000000000000000deadbeef", "0x00000000000000000000000000000000000000000000000000000000cafebabe", "0xdeadbeef", "0x60f3f640a8508fC6a86d45DF051962668E1e8AC7")]
    [InlineData("0x0000000000000000000000000000000000000000", "0x0000000000000000000000000000000000000000000000000000000000000000", "0x", "0xE33C0C7F7df4809055C3ebA6c09CFe4BaF1BD9e0")]
    public void The_examples_of_EIP_1014_come_out(string deployer, string salt, string initCode, string address) =>
        Assert.Equal(address, ContractAddress.Create2(Address.ParseAnyCase(deployer), Bytes32.Parse(salt), Hex.Decode(initCode)).ToString());

    // Computed with cast compute-address 1.7.1.
    [Theory]
    [InlineData(0UL, "0xcd234A471b72ba2F1Ccf0A70FCABA648a5eeCD8d")]
    [InlineData(1UL, "0x343c43A37D37dfF08AE8C4A11544c718AbB4fCF8")]
    [InlineData(2UL, "0xf778B86FA74E846c4f0a1fBd1335FE81c00a0C91")]
    [InlineData(3UL, "0xffFd933A0bC612844eaF0C6Fe3E5b8E9B6C1d19c")]
    [InlineData(127UL, "0x06d9a77f5E4b311Bae8D559DB9CDB4dF94104aA0")]
    [InlineData(128UL, "0x08e190dcB7b73F5fcDAbb43e102215c83659A76D")]
    [InlineData(255UL, "0x3eF7c1a519E4b4431E317d7839340E3139B03c65")]
    [InlineData(256UL, "0x3837C1Ae70354f670550C746580199Ac6a73Cb0a")]
    [InlineData(65536UL, "0xf666A819b370D38F44F2573464Da3FbA8479b917")]
    [InlineData(4294967296UL, "0xf4bf328880432064068338F915C49f817dC4Ce18")]
    [InlineData(18446744073709551614UL, "0x9ab3917BCc9efBCf7DE35BceD143Ed95c3B3CbF5")]
    public void CREATE_addresses_come_out_at_every_length_of_the_nonce(ulong nonce, string address) =>
        Assert.Equal(address, ContractAddress.Create(Address.ParseAnyCase("0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0"), nonce).ToString());
}
