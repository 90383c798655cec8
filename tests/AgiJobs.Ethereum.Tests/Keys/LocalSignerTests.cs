using System.Security.Cryptography;
using System.Text;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Transactions;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Ethereum.Tests.Keys;

public sealed class LocalSignerTests
{
    private static readonly byte[] Key = Keccak256.Hash("local signer").ToBytes();

    private static readonly UnsignedTransaction Transaction =
        UnsignedTransaction.DynamicFee(ChainId.Local, 0, Wei.Zero, Wei.FromGwei("1"), new Gas(21000), Address.Zero, Wei.Zero, default);

    [Fact]
    public async Task Messages_documents_and_transactions_recover_to_the_address()
    {
        using var signer = new LocalSigner(Key);
        var message = await signer.SignMessageAsync(Encoding.UTF8.GetBytes("pause"), TestContext.Current.CancellationToken);
        Assert.Equal(signer.Address, Secp256k1.Recover(PersonalMessage.Hash("pause"), message));

        var document = TypedDocument.FromJson(TypedDocuments.WithChain(31337));
        var typed = await signer.SignTypedDataAsync(document, TestContext.Current.CancellationToken);
        Assert.Equal(signer.Address, Secp256k1.Recover(document.Digest, typed));

        var signed = await signer.SignTransactionAsync(Transaction, TestContext.Current.CancellationToken);
        Assert.Equal(signer.Address, signed.From);
        Assert.Equal(Transaction, signed.Unsigned);
    }

    [Fact]
    public void A_transaction_of_every_chain_is_refused()
    {
        using var signer = new LocalSigner(Key);
        var everywhere = UnsignedTransaction.Legacy(null, 0, Wei.Zero, new Gas(21000), Address.Zero, Wei.Zero, default);
        var nowhere = UnsignedTransaction.DynamicFee(
            new ChainId(0), 0, Wei.Zero, Wei.Zero, new Gas(21000), Address.Zero, Wei.Zero, default);
        foreach (var transaction in new[] { everywhere, nowhere })
        {
            var refusal = Assert.Throws<EthereumException>(() => signer.Sign(transaction));
            Assert.Equal("transaction-unprotected", refusal.Code);
            Assert.Equal(Fault.Refused, refusal.Fault);
        }
    }

    [Fact]
    public void Nothing_that_a_signer_prints_holds_the_key()
    {
        using var signer = new LocalSigner(Key);
        Assert.Equal(signer.Address.ToString(), signer.ToString());
        using var secret = new SecretMemory(Key);
        Assert.Equal("secret", secret.ToString());
    }

    [Fact]
    public async Task A_disposed_signer_signs_nothing()
    {
        var signer = new LocalSigner(Key);
        signer.Dispose();
        signer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => signer.Sign(Transaction));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
            await signer.SignMessageAsync(default, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Disposal_while_others_sign_ends_in_signatures_or_refusals_never_in_wrong_signatures()
    {
        for (var round = 0; round < 20; round++)
        {
            var signer = new LocalSigner(Key);
            var address = signer.Address;
            var started = new TaskCompletionSource();
            var work = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
            {
                started.TrySetResult();
                try
                {
                    for (var i = 0; i < 100; i++)
                    {
                        Assert.Equal(address, signer.Sign(Transaction.WithNonce((ulong)i)).From);
                    }
                }
                catch (ObjectDisposedException)
                {
                }
            }, TestContext.Current.CancellationToken)).ToList();
            await started.Task;
            signer.Dispose();
            await Task.WhenAll(work);
        }
    }

    [Fact]
    public void The_callers_copy_may_be_zeroed()
    {
        var copy = Key.ToArray();
        using var signer = new LocalSigner(copy);
        CryptographicOperations.ZeroMemory(copy);
        Assert.Equal(Secp256k1.AddressOf(Key), signer.Sign(Transaction).From);
    }

    [Fact]
    public void Generated_keys_come_from_the_given_source()
    {
        using var random = RandomNumberGenerator.Create();
        using var one = LocalSigner.Generate(random);
        using var other = LocalSigner.Generate(random);
        Assert.NotEqual(one.Address, other.Address);

        using var broken = new BrokenSource();
        Assert.Equal("random-source", Assert.Throws<EthereumException>(() => LocalSigner.Generate(broken)).Code);
    }

    private sealed class BrokenSource : RandomNumberGenerator
    {
        public override void GetBytes(byte[] data) => Array.Clear(data);
    }
}
