using System.Numerics;
using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Execution;

/// <summary>How an operation stands with its timelock. Source: OpenZeppelin Contracts 5, TimelockController.</summary>
internal sealed class TimelockCarrier(EthereumClient client, TimelockOperation operation)
{
    /// <summary>The timestamp of an operation that was executed.</summary>
    public const ulong Done = 1;

    private static readonly Bytes32 Executor = Keccak256.Hash("EXECUTOR_ROLE");

    /// <summary>0 when it is not scheduled, <see cref="Done"/> when it was executed, else the block time in seconds from which on it may be.</summary>
    public async Task<ulong> TimestampAsync(CancellationToken cancellation)
    {
        var answer = RouteCalls.Timelock.Function("getTimestamp").DecodeOutput(await CallAsync("getTimestamp", cancellation, operation.Id).ConfigureAwait(false))[0].AsInteger();
        return answer > ulong.MaxValue ? ulong.MaxValue : (ulong)answer;
    }

    /// <summary>True when anybody may execute.</summary>
    public Task<bool> IsOpenAsync(CancellationToken cancellation) => MayExecuteAsync(Address.Zero, cancellation);

    /// <summary>True when an account may execute.</summary>
    public async Task<bool> MayExecuteAsync(Address account, CancellationToken cancellation) =>
        RouteCalls.Timelock.Function("hasRole").DecodeOutput(await CallAsync("hasRole", cancellation, Executor, account).ConfigureAwait(false))[0].AsBoolean();

    /// <summary>The least delay that the timelock takes now, in seconds.</summary>
    public async Task<BigInteger> MinDelayAsync(CancellationToken cancellation) =>
        RouteCalls.Timelock.Function("getMinDelay").DecodeOutput(await CallAsync("getMinDelay", cancellation).ConfigureAwait(false))[0].AsInteger();

    private Task<byte[]> CallAsync(string function, CancellationToken cancellation, params Ethereum.Abi.AbiValue[] arguments) =>
        client.CallAsync(new CallRequest { To = operation.Timelock, Data = RouteCalls.Timelock.Function(function).Encode(arguments) }, BlockReference.Latest, cancellation);
}
