using System.Text;
using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Ethereum.Tests.Keys;

public sealed class KeystoreVectorTests
{
    [Theory]
    [InlineData("pbkdf2")]
    [InlineData("scrypt")]
    public void The_keystore_tests_of_ethereum_tests_unlock(string name)
    {
        var item = KeyVectors.Read("keystore.json").GetProperty(name);
        var keystore = Keystore.Parse(Encoding.UTF8.GetBytes(item.GetProperty("json").GetRawText()));
        using var signer = keystore.Unlock(item.Text("password"));
        var key = new byte[32];
        signer.CopyKeyTo(key);
        Assert.Equal(item.Text("priv"), Convert.ToHexStringLower(key));
    }

    [Fact]
    public void Every_wallet_of_the_wallets_vectors_unlocks()
    {
        var cases = KeyVectors.Read("wallets.json.gz").EnumerateArray().ToList();
        Assert.Equal(4, cases.Count);
        Assert.All(cases, item => Assert.Equal("keystore", item.Text("type")));
        foreach (var item in cases)
        {
            var keystore = Keystore.Parse(Encoding.UTF8.GetBytes(item.Text("content")));
            using var signer = keystore.Unlock(Encoding.UTF8.GetString(item.Data("password")));
            Assert.Equal(item.Text("address"), signer.Address.ToString());
        }
    }
}
