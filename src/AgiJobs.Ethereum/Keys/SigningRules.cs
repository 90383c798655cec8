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
                "transaction-unprotected", Fault.Refused, "The transaction names no chain, so anyone could repeat it on every other chain "
                    + "(EIP-155). Give it the chain id of the network.");
        }
    }
}
