using System.Globalization;
using System.Text;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Transactions;

namespace AgiJobs.Ethereum.Keys;

/// <summary>What every signer refuses, whatever its kind.</summary>
internal static class SigningRules
{
    public static void RequireChain(UnsignedTransaction transaction)
    {
        if (transaction.ChainId is null or { Value: 0 })
        {
            throw new EthereumException(
                "transaction-unprotected", Fault.Refused, "The transaction names no chain, so anyone could repeat it on every other chain (EIP-155). Give it the chain id of the network.");
        }
    }

    /// <summary>EIP-191, version 0x45.</summary>
    public static Bytes32 MessageHash(ReadOnlySpan<byte> message) =>
        Keccak256.Hash([.. "\u0019Ethereum Signed Message:\n"u8, .. Encoding.UTF8.GetBytes(message.Length.ToString(CultureInfo.InvariantCulture)), .. message]);
}
