using System.Security.Cryptography;
using AgiJobs.Ethereum.Transactions;

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

    /// <summary>Opens the keys for a network.</summary>
    /// <exception cref="EthereumException"><c>development-key-network</c> (<see cref="Fault.Refused"/>) for any chain but 31337.</exception>
    public DevelopmentKeys(ChainId chainId)
    {
        if (chainId != ChainId.Local)
        {
            throw WrongNetwork($"{chainId}");
        }

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
        return new DevelopmentSigner(account.ToSigner());
    }

    private static EthereumException WrongNetwork(string chain) => new(
        "development-key-network",
        Fault.Refused,
        $"The development keys are public and sign on chain {ChainId.Local} only, not on chain {chain}: use a signer of your own (agijobs signer add).");

    private sealed class DevelopmentSigner(LocalSigner key) : ISigner
    {
        public Address Address => key.Address;

        // A message names no chain; that this signer exists says that the caller is on the local one.
        public ValueTask<Signature> SignMessageAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
            key.SignMessageAsync(message, cancellationToken);

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
