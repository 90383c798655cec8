using AgiJobs.Ethereum.Transactions;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Ethereum.Keys;

/// <summary>
/// A signer of any kind whose every signature is recovered before it is given out: it must be over exactly what was asked for, and be the address's. What is signed with another key never leaves here.
/// </summary>
/// <remarks>
/// Every method throws besides what the signer itself throws: <c>signer-other-key</c> and <c>signer-other-transaction</c> (<see cref="Fault.Mismatch"/>).
/// </remarks>
/// <param name="signer">The signer; disposed with this one.</param>
/// <param name="address">The account that it is to sign for.</param>
/// <param name="name">What it is called in messages.</param>
public sealed class CheckedSigner(ISigner signer, Address address, string name) : ISigner, IDisposable
{
    /// <inheritdoc/>
    public Address Address { get; } = address;

    private string Subject => $"The signer '{name}'";

    /// <inheritdoc/>
    public async ValueTask<Signature> SignMessageAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        SigningRules.RequireOwn(PersonalMessage.Hash(message.Span), await signer.SignMessageAsync(message, cancellationToken).ConfigureAwait(false), Address, Subject);

    /// <inheritdoc/>
    public async ValueTask<Signature> SignTypedDataAsync(TypedDocument document, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(document);
        return SigningRules.RequireOwn(document.Digest, await signer.SignTypedDataAsync(document, cancellationToken).ConfigureAwait(false), Address, Subject);
    }

    /// <inheritdoc/>
    public async ValueTask<SignedTransaction> SignTransactionAsync(UnsignedTransaction transaction, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return SigningRules.RequireOwn(transaction, await signer.SignTransactionAsync(transaction, cancellationToken).ConfigureAwait(false), Address, Subject);
    }

    /// <inheritdoc/>
    public void Dispose() => (signer as IDisposable)?.Dispose();

    /// <summary>The name and the address.</summary>
    public override string ToString() => $"'{name}' ({Address})";
}
