using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.Transactions;
using AgiJobs.Ethereum.TypedData;
using static AgiJobs.Ethereum.Tests.Safes.SafeSamples;

namespace AgiJobs.Ethereum.Tests.Safes;

public sealed class SafeSigningTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_signer_signs_typed_data_or_a_personal_message_of_the_same_hash()
    {
        using var signer = new LocalSigner(Key(1));
        Assert.Equal(SafeSignature.OfHash(Sign(1, PauseHash.Value)), await PauseHash.SignAsync(signer, Stop));
        Assert.Equal(SafeSignature.OfPersonalMessage(SignPersonally(1, PauseHash.Value)), await PauseHash.SignAsPersonalMessageAsync(signer, Stop));
    }

    [Fact]
    public async Task A_signer_that_signs_with_another_key_is_caught()
    {
        using var other = new LocalSigner(Key(2));
        var liar = new Liar(Owner(1), other);
        Assert.Equal("safe-signature-other-hash", (await Assert.ThrowsAsync<EthereumException>(async () => await PauseHash.SignAsync(liar, Stop))).Code);
        Assert.Equal("safe-signature-other-hash", (await Assert.ThrowsAsync<EthereumException>(async () => await PauseHash.SignAsPersonalMessageAsync(liar, Stop))).Code);
    }

    private sealed class Liar(Address address, ISigner signer) : ISigner
    {
        public Address Address => address;

        public ValueTask<Signature> SignMessageAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) => signer.SignMessageAsync(message, cancellationToken);

        public ValueTask<Signature> SignTypedDataAsync(TypedDocument document, CancellationToken cancellationToken) => signer.SignTypedDataAsync(document, cancellationToken);

        public ValueTask<SignedTransaction> SignTransactionAsync(UnsignedTransaction transaction, CancellationToken cancellationToken) =>
            signer.SignTransactionAsync(transaction, cancellationToken);
    }
}
