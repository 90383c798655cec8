using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Ethereum.Tests.Keys;

public sealed class AccountVectorTests
{
    // Their ICAP form is left out: it is a form of the address that nothing here reads or writes.
    [Fact]
    public void Every_private_key_of_the_accounts_vectors_has_its_address()
    {
        var cases = KeyVectors.Read("accounts.json.gz").EnumerateArray().ToList();
        Assert.Equal(130, cases.Count);
        foreach (var item in cases)
        {
            using var signer = new LocalSigner(item.Data("privateKey"));
            Assert.Equal(item.Text("address"), signer.Address.ToString());
        }
    }
}
