using System.Security.Cryptography;
using AgiJobs.Ethereum.Transactions;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Ethereum.Keys;

/// <summary>
/// Signs with a private key held in this process. The key is kept in memory that is never moved, zeroed on disposal, and never
/// printed. Each signature is checked to recover to <see cref="Address"/> before it is given out.
/// </summary>
public sealed class LocalSigner : ISigner, IDisposable
{
    private readonly SecretMemory _key;

    /// <summary>Copies the 32 bytes; the caller zeroes its own copy.</summary>
    /// <exception cref="EthereumException">
    /// <c>private-key</c> when they are zero, not below the order of secp256k1, or of another length.
    /// </exception>
    public LocalSigner(ReadOnlySpan<byte> privateKey)
    {
        _key = SecretMemory.OfPrivateKey(privateKey);
        Address = Secp256k1.AddressOf(privateKey);
    }

    /// <inheritdoc/>
    public Address Address { get; }

    /// <summary>A signer of a new key.</summary>
    /// <param name="random">The source of the key, such as <see cref="RandomNumberGenerator.Create()"/>.</param>
    public static LocalSigner Generate(RandomNumberGenerator random)
    {
        ArgumentNullException.ThrowIfNull(random);
        Span<byte> key = stackalloc byte[Secp256k1.PrivateKeySize];
        try
        {
            // A draw outside the order has a chance of 2^-128; a source that fails more often than that is broken.
            for (var attempt = 0; attempt < 8; attempt++)
            {
                random.GetBytes(key);
                if (Secp256k1.IsPrivateKey(key))
                {
                    return new LocalSigner(key);
                }
            }

            throw new EthereumException("random-source", Fault.Failed, "The random source gave no usable key in 8 draws: it is broken. No "
                + "key was made.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The key was zeroed.</exception>
    public ValueTask<Signature> SignMessageAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(SignHash(PersonalMessage.Hash(message.Span)));
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The key was zeroed.</exception>
    public ValueTask<Signature> SignTypedDataAsync(TypedDocument document, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(document);
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(SignHash(document.Digest));
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The key was zeroed.</exception>
    public ValueTask<SignedTransaction> SignTransactionAsync(UnsignedTransaction transaction, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Sign(transaction));
    }

    /// <inheritdoc cref="SignTransactionAsync"/>
    public SignedTransaction Sign(UnsignedTransaction transaction)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        SigningRules.RequireChain(transaction);
        var signature = _key.Read(transaction.SigningHash, static (hash, key) => Secp256k1.Sign(hash, key));
        var signed = new SignedTransaction(transaction, signature);
        return signed.From == Address ? signed : throw WrongSignature();
    }

    /// <summary>
    /// Signs a bare hash. The hash says nothing of what it stands for, so only the code that computed it from a readable document may
    /// ask for this.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The key was zeroed.</exception>
    internal Signature SignHash(Bytes32 hash)
    {
        var signature = _key.Read(hash, static (digest, key) => Secp256k1.Sign(digest, key));
        return Secp256k1.Recover(hash, signature) == Address ? signature : throw WrongSignature();
    }

    /// <summary>Copies the key to memory that the caller zeroes; for keystore files only.</summary>
    /// <exception cref="ObjectDisposedException">The key was zeroed.</exception>
    internal void CopyKeyTo(Span<byte> destination) => _key.CopyTo(destination);

    /// <summary>Zeroes the key.</summary>
    public void Dispose() => _key.Dispose();

    /// <summary>The address only.</summary>
    public override string ToString() => Address.ToString();

    // Seen only when memory or the processor is faulty; such a signature can reveal the key.
    private EthereumException WrongSignature() => new(
        "signature-self-check", Fault.Failed, $"The signature just made does not belong to {Address}: memory or processor are faulty. It "
            + "was thrown away; use another machine.");
}
