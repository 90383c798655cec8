using System.Security.Cryptography;
using AgiJobs.Ethereum.Transactions;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Ethereum.Keys;

/// <summary>
/// The accounts that anvil and Hardhat fund, whose keys everybody knows. They exist for chain 31337 only: on any other chain
/// whatever such an account holds is stolen within seconds, so nothing is signed for one.
/// </summary>
public sealed class DevelopmentKeys
{
    /// <summary>The public phrase from which they come.</summary>
    public const string Phrase = "test test test test test test test test test test test junk";

    private readonly ExtendedKey _accounts;
    private readonly bool _signsDocumentsWithoutChain;

    /// <summary>Opens the keys for a network.</summary>
    /// <param name="chainId">31337.</param>
    /// <param name="signDocumentsWithoutChain">
    /// Sign typed documents whose domain names no chain too, as those of a Safe before 1.3.0 do. Such a signature counts on every chain
    /// where that contract has the same address, so it is refused unless the caller says that it works with one.
    /// </param>
    /// <exception cref="EthereumException">
    /// <c>development-key-network</c> (<see cref="Fault.Refused"/>) for any chain but 31337.
    /// </exception>
    public DevelopmentKeys(ChainId chainId, bool signDocumentsWithoutChain = false)
    {
        if (chainId != ChainId.Local)
        {
            throw WrongNetwork($"{chainId}");
        }

        _signsDocumentsWithoutChain = signDocumentsWithoutChain;

        using var mnemonic = Mnemonic.Parse(Phrase);
        var seed = mnemonic.ToSeed();
        using var master = ExtendedKey.FromSeed(seed);
        CryptographicOperations.ZeroMemory(seed);
        _accounts = master.Derive("m/44'/60'/0'/0");
    }

    /// <summary>The signer of account <paramref name="index"/> (path m/44'/60'/0'/0/index). Signs for chain 31337 only.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is negative.</exception>
    public ISigner Signer(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        using var account = _accounts.Derive((uint)index);
        return new DevelopmentSigner(account.ToSigner(), _signsDocumentsWithoutChain);
    }

    private static EthereumException WrongNetwork(string chain) => new(
        "development-key-network",
        Fault.Refused,
        $"The development keys are public and sign on chain {ChainId.Local} only, not on chain {chain}: use a signer of your own (agijobs "
            + "signer add).");

    private sealed class DevelopmentSigner(LocalSigner key, bool signsDocumentsWithoutChain) : ISigner
    {
        public Address Address => key.Address;

        // A message names no chain; that this signer exists says that the caller is on the local one.
        public ValueTask<Signature> SignMessageAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
            key.SignMessageAsync(message, cancellationToken);

        public ValueTask<Signature> SignTypedDataAsync(TypedDocument document, CancellationToken cancellationToken)
        {
            ArgumentNullException.ThrowIfNull(document);
            return document.ChainId == ChainId.Local || (document.ChainId is null && signsDocumentsWithoutChain)
                ? key.SignTypedDataAsync(document, cancellationToken)
                : throw WrongNetwork(document.ChainId?.ToString() ?? "any (the document's domain names none)");
        }

        public ValueTask<SignedTransaction> SignTransactionAsync(UnsignedTransaction transaction, CancellationToken cancellationToken)
        {
            ArgumentNullException.ThrowIfNull(transaction);
            return transaction.ChainId == ChainId.Local
                ? key.SignTransactionAsync(transaction, cancellationToken)
                : throw WrongNetwork(transaction.ChainId?.ToString() ?? "any (the transaction names none)");
        }

        public override string ToString() => $"{key} (development key)";
    }
}
