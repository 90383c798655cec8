using System.Text;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Transactions;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Ethereum.Tests.Keys;

public sealed class DevelopmentKeysTests
{
    // As anvil prints them when it starts.
    private static readonly string[] Published =
    [
        "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
        "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC", "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
        "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65", "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc",
        "0x976EA74026E726554dB657fA54763abd0C3a0aa9", "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955",
        "0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f", "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720",
    ];

    [Fact]
    public void The_accounts_are_the_ones_that_anvil_prints()
    {
        var keys = new DevelopmentKeys(ChainId.Local);
        Assert.Equal(Published, Enumerable.Range(0, 10).Select(index => keys.Signer(index).Address.ToString()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1337)]
    [InlineData(11155111)]
    public void Another_chain_gets_no_keys(ulong chain) =>
        AssertRefused(Assert.Throws<EthereumException>(() => new DevelopmentKeys(new ChainId(chain))));

    [Fact]
    public async Task Transactions_of_another_chain_or_of_none_are_refused()
    {
        var signer = new DevelopmentKeys(ChainId.Local).Signer(0);
        var cancel = TestContext.Current.CancellationToken;
        foreach (var chain in new ChainId?[] { new ChainId(1), null })
        {
            var transaction = UnsignedTransaction.Legacy(chain, 0, Wei.Zero, new Gas(21000), Address.Zero, Wei.Zero, default);
            AssertRefused(await Assert.ThrowsAsync<EthereumException>(async () => await signer.SignTransactionAsync(transaction, cancel)));
        }

        var local = UnsignedTransaction.Legacy(ChainId.Local, 0, Wei.Zero, new Gas(21000), Address.Zero, Wei.Zero, default);
        Assert.Equal(signer.Address, (await signer.SignTransactionAsync(local, cancel)).From);
    }

    [Fact]
    public async Task Documents_of_another_chain_are_refused_and_those_of_none_unless_asked_for()
    {
        var cancel = TestContext.Current.CancellationToken;
        var local = TypedDocument.FromJson(TypedDocuments.WithChain(31337));
        var elsewhere = TypedDocument.FromJson(TypedDocuments.WithChain(1));
        var anywhere = TypedDocument.FromJson(TypedDocuments.WithoutChain);

        var strict = new DevelopmentKeys(ChainId.Local).Signer(1);
        Assert.Equal(strict.Address, Secp256k1.Recover(local.Digest, await strict.SignTypedDataAsync(local, cancel)));
        AssertRefused(await Assert.ThrowsAsync<EthereumException>(async () => await strict.SignTypedDataAsync(elsewhere, cancel)));
        AssertRefused(await Assert.ThrowsAsync<EthereumException>(async () => await strict.SignTypedDataAsync(anywhere, cancel)));

        var forOldSafes = new DevelopmentKeys(ChainId.Local, signDocumentsWithoutChain: true).Signer(1);
        Assert.Equal(strict.Address, Secp256k1.Recover(anywhere.Digest, await forOldSafes.SignTypedDataAsync(anywhere, cancel)));
        AssertRefused(await Assert.ThrowsAsync<EthereumException>(async () => await forOldSafes.SignTypedDataAsync(elsewhere, cancel)));
    }

    [Fact]
    public async Task Messages_are_signed()
    {
        var signer = new DevelopmentKeys(ChainId.Local).Signer(2);
        var signature = await signer.SignMessageAsync(Encoding.UTF8.GetBytes("hello"), TestContext.Current.CancellationToken);
        Assert.Equal(signer.Address, Secp256k1.Recover(PersonalMessage.Hash("hello"), signature));
    }

    private static void AssertRefused(EthereumException refusal)
    {
        Assert.Equal("development-key-network", refusal.Code);
        Assert.Equal(Fault.Refused, refusal.Fault);
        Assert.Contains("31337", refusal.Message, StringComparison.Ordinal);
    }
}
