using AgiJobs.Ethereum.Transactions;

namespace AgiJobs.Ethereum.Keys;

/// <summary>What every signer refuses, and what is asked of every signature, whatever the signer's kind.</summary>
internal static class SigningRules
{
    public static void RequireChain(UnsignedTransaction transaction)
    {
        if (transaction.ChainId is null or { Value: 0 })
        {
            throw new EthereumException(
                "transaction-unprotected", Fault.Refused, "The transaction names no chain, so anyone could repeat it on every other chain "
                    + "(EIP-155). Give it the chain id of the network.");
        }
    }

    /// <summary>True when a signature of a hash is low in s and recovers to an address; who it recovers to is told, null for nobody.</summary>
    public static bool IsBy(Bytes32 hash, Signature signature, Address address, out Address? recovered)
    {
        try
        {
            recovered = Secp256k1.Recover(hash, signature);
            return recovered == address;
        }
        catch (EthereumException problem) when (problem.Fault == Fault.BadInput)
        {
            recovered = null;
            return false;
        }
    }

    /// <summary>The signature, which must recover to an address.</summary>
    /// <exception cref="EthereumException"><c>signer-other-key</c> (<see cref="Fault.Mismatch"/>).</exception>
    public static Signature RequireOwn(Bytes32 hash, Signature signature, Address address, string signer) =>
        IsBy(hash, signature, address, out var recovered) ? signature : throw OtherKey(signer, address, recovered);

    /// <summary>The signed transaction, which must be the one asked for, signed by an address.</summary>
    /// <exception cref="EthereumException"><c>signer-other-transaction</c>, <c>signer-other-key</c> (<see cref="Fault.Mismatch"/>).</exception>
    public static SignedTransaction RequireOwn(UnsignedTransaction asked, SignedTransaction signed, Address address, string signer)
    {
        if (!signed.Unsigned.Equals(asked))
        {
            throw new EthereumException(
                "signer-other-transaction", Fault.Mismatch, $"{signer} signed another transaction than the one asked "
                    + $"for. Asked for: {asked}. Signed: {signed.Unsigned}. It was thrown away; nothing was sent.");
        }

        return signed.From == address ? signed : throw OtherKey(signer, address, signed.From);
    }

    public static EthereumException OtherKey(string signer, Address expected, Address? found) => new(
        "signer-other-key", Fault.Mismatch, $"{signer} signed with {(found is null ? "another key" : $"the key of {found}")}, or signed something else than "
            + $"was asked; {expected} was expected. It was thrown away; nothing was sent.");
}
