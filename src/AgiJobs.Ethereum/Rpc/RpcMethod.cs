namespace AgiJobs.Ethereum.Rpc;

/// <summary>What sending a request twice would do.</summary>
internal enum RpcEffect
{
    /// <summary>Changes nothing; may be repeated and sent to any node.</summary>
    Read,

    /// <summary>Changes the chain, but a repetition with the same bytes has no further effect.</summary>
    IdempotentWrite,

    /// <summary>May act twice when sent twice; never repeated.</summary>
    Write,
}

/// <summary>Classifies JSON-RPC methods. What is not known to be harmless is treated as a write.</summary>
internal static class RpcMethod
{
    private static readonly HashSet<string> Reads = new(StringComparer.Ordinal)
    {
        "eth_accounts", "eth_blobBaseFee", "eth_blockNumber", "eth_call", "eth_chainId", "eth_config", "eth_createAccessList",
        "eth_estimateGas", "eth_feeHistory", "eth_gasPrice", "eth_maxPriorityFeePerGas", "eth_protocolVersion", "eth_simulateV1",
        "eth_syncing", "rpc_modules",
    };

    private static readonly string[] ReadPrefixes =
        ["eth_get", "net_", "web3_", "debug_trace", "debug_get", "debug_storageRange", "debug_codeByHash", "trace_", "txpool_"];

    /// <summary>The effect of one method.</summary>
    public static RpcEffect EffectOf(string method)
    {
        if (method == "eth_sendRawTransaction")
        {
            return RpcEffect.IdempotentWrite;
        }

        // Polling a filter takes what it returns away from the next poll.
        if (method is "eth_getFilterChanges")
        {
            return RpcEffect.Write;
        }

        return Reads.Contains(method) || Array.Exists(ReadPrefixes, prefix => method.StartsWith(prefix, StringComparison.Ordinal))
            ? RpcEffect.Read
            : RpcEffect.Write;
    }
}
