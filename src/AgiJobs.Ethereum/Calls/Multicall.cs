using System.Diagnostics.CodeAnalysis;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Ethereum.Calls;

/// <summary>Multicall3, which is at one address on nearly every chain. Source: github.com/mds1/multicall3.</summary>
internal static class Multicall
{
    public static readonly Address CanonicalAddress = Address.Parse("0xcA11bde05977b3631167028862bE2a173976CA11");

    private static readonly AbiFunction Aggregate = AbiFunction.Parse(
        "function aggregate3((address target, bool allowFailure, bytes callData)[] calls) payable "
        + "returns ((bool success, bytes returnData)[] returnData)");

    public static CallRequest Bundle(IReadOnlyList<PinnedRead> reads)
    {
        var calls = reads.Select(read => AbiValue.List(read.Bundle!.To!.Value, true, read.Bundle.Data)).ToArray();
        return new CallRequest { To = CanonicalAddress, Data = Aggregate.Encode(AbiValue.List(calls)) };
    }

    /// <summary>The results of a bundle; false when the bytes are not the results of so many calls.</summary>
    public static bool TryUnbundle(byte[] returned, int count, [NotNullWhen(true)] out (bool Success, byte[] Data)[]? results)
    {
        try
        {
            var list = Aggregate.DecodeOutput(returned)[0].AsList();
            results = list.Count == count
                ? [.. list.Select(result => (result.AsList()[0].AsBoolean(), result.AsList()[1].AsBytes()))]
                : null;
        }
        catch (EthereumException)
        {
            results = null;
        }

        return results is not null;
    }
}
