using AgiJobs.Ethereum.Transactions;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Ethereum.Keys;

/// <summary>
/// Something that signs for one account: a key in memory, a development key, a remote signer. Safe for use by several threads.
/// </summary>
public interface ISigner
{
    /// <summary>The account that it signs for.</summary>
    Address Address { get; }

    /// <summary>Signs a message as <c>personal_sign</c> does (EIP-191, version 0x45).</summary>
    /// <exception cref="EthereumException">Depends on the signer; a refusal has <see cref="Fault.Refused"/>.</exception>
    ValueTask<Signature> SignMessageAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken);

    /// <summary>Signs a typed document (EIP-712).</summary>
    /// <exception cref="EthereumException">Depends on the signer; a refusal has <see cref="Fault.Refused"/>.</exception>
    ValueTask<Signature> SignTypedDataAsync(TypedDocument document, CancellationToken cancellationToken);

    /// <summary>
    /// Signs a transaction. What comes back carries exactly the given fields and recovers to <see cref="Address"/>.
    /// </summary>
    /// <exception cref="EthereumException">
    /// <c>transaction-unprotected</c> (<see cref="Fault.Refused"/>) for one without a chain id, which would be valid on every
    /// chain; others by signer.
    /// </exception>
    ValueTask<SignedTransaction> SignTransactionAsync(UnsignedTransaction transaction, CancellationToken cancellationToken);
}
