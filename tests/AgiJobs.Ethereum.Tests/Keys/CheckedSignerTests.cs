using System.Security.Cryptography;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Transactions;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Ethereum.Tests.Keys;

public sealed class CheckedSignerTests
{
    private static readonly UnsignedTransaction Transaction = Numbered(1);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_signed_with_another_key_or_is_something_else_never_leaves()
    {
        using var random = RandomNumberGenerator.Create();
        using var own = LocalSigner.Generate(random);
        using var foreign = LocalSigner.Generate(random);
        using var honest = new CheckedSigner(own, own.Address, "ops");
        using var swapped = new CheckedSigner(new Lying(foreign, own.Address, false), own.Address, "ops");
        using var altered = new CheckedSigner(new Lying(own, own.Address, true), own.Address, "ops");
        var document = new TypedDocument(new TypedDomain { Name = "test" }, TypedSchema.Parse("Mail(string text)"), "hello");

        Assert.Equal(own.Address, Secp256k1.Recover(document.Digest, await honest.SignTypedDataAsync(document, Cancel)));
        Assert.Equal(own.Address, (await honest.SignTransactionAsync(Transaction, Cancel)).From);
        foreach (var signer in (CheckedSigner[])[swapped, altered])
        {
            await RefusedAsync("signer-other-key", async () => await signer.SignMessageAsync("x"u8.ToArray(), Cancel));
            await RefusedAsync("signer-other-key", async () => await signer.SignTypedDataAsync(document, Cancel));
        }

        await RefusedAsync("signer-other-key", async () => await swapped.SignTransactionAsync(Transaction, Cancel));
        await RefusedAsync("signer-other-transaction", async () => await altered.SignTransactionAsync(Transaction, Cancel));
    }

    private static UnsignedTransaction Numbered(ulong nonce) => UnsignedTransaction.Legacy(new ChainId(5), nonce, Wei.Zero, new Gas(21000), Address.Zero, Wei.Zero, default);

    private static async Task RefusedAsync(string code, Func<Task> sign)
    {
        var problem = await Assert.ThrowsAsync<EthereumException>(sign);
        Assert.Equal((code, Fault.Mismatch), (problem.Code, problem.Fault));
    }

    // Says that it is one account and signs with the key of another, or signs something else.
    private sealed class Lying(LocalSigner signer, Address address, bool alters) : ISigner
    {
        public Address Address => address;

        public ValueTask<Signature> SignMessageAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
            signer.SignMessageAsync(alters ? "other"u8.ToArray() : message, cancellationToken);

        public ValueTask<Signature> SignTypedDataAsync(TypedDocument document, CancellationToken cancellationToken) =>
            alters ? signer.SignMessageAsync("other"u8.ToArray(), cancellationToken) : signer.SignTypedDataAsync(document, cancellationToken);

        public ValueTask<SignedTransaction> SignTransactionAsync(UnsignedTransaction transaction, CancellationToken cancellationToken) =>
            signer.SignTransactionAsync(alters ? Numbered(9) : transaction, cancellationToken);
    }
}
