using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Simulation;

/// <summary>The protocol as it would be after a change: the change is tried on the state of a block, and the same reads as ever are made on what it leaves. Sends nothing.</summary>
public static class Aftermath
{
    private static readonly Bytes32 ThresholdSlot = Bytes32.FromUnsigned(4);
    private static readonly Bytes32 ChangedThreshold = AbiEvent.Parse("event ChangedThreshold(uint256 threshold)").Topic0!.Value;

    /// <summary>Tries the change and observes what it leaves.</summary>
    /// <returns>The state; unknown when the node does not tell what a transaction leaves in storage (<c>debug_traceCall</c>).</returns>
    /// <exception cref="ControlException"><c>change-reverts</c> when a transaction of it would revert, <c>change-chain</c>, <c>simulation-route</c>.</exception>
    /// <exception cref="EthereumException">Those of reading Safes and of <see cref="ProtocolObserver.ObserveAsync"/>.</exception>
    public static async Task<Reading<ProtocolState>> ObserveAsync(EthereumClient client, ProtocolObserver observer, Protocol protocol, ChangeDocument document, SimulationOptions options, PinnedBlock block, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(observer);
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(block);
        if (document.ChainId != client.ChainId)
        {
            throw new ControlException("change-chain", ExitCode.Mismatch, $"The change is for chain {document.ChainId}, and this is chain {client.ChainId}.");
        }

        var plan = await SimulationPlan.MakeAsync(client, protocol, [document], 1, options, block, signatures: true, cancellation).ConfigureAwait(false);
        var run = await SimulationRun.TryAsync(client, plan, block.Header, block.Reference, [], (_, _) => false, cancellation).ConfigureAwait(false);
        var left = new StateOverrides();
        for (var i = 0; i < plan.Transactions.Count; i++)
        {
            var tried = run.Transactions[i];
            if ((tried.Outcome?.Succeeded ?? tried.Calls?.Succeeded) == false)
            {
                throw new ControlException("change-reverts", ExitCode.Failed, $"The change would not go through now: {plan.Transactions[i].Purpose} reverts.", "Look at it with 'agijobs change simulate', and plan it again.");
            }

            if (tried.Difference is not { } difference || tried.Outcome is null)
            {
                return Reading.Unknown<ProtocolState>($"what {plan.Transactions[i].Purpose} leaves is unknown: {string.Join("; ", run.Problems)}");
            }

            // Only what was left, not what was made up so that it could be tried without signatures: Safes keep their own thresholds.
            left.Apply(difference);
            foreach (var log in tried.Outcome.Logs.Where(log => log.Topics is [var topic, ..] && topic == ChangedThreshold && log.Data.Length == Bytes32.Size && plan.Safes.Any(safe => safe.Safe == log.Address)))
            {
                left[log.Address].Set(ThresholdSlot, new Bytes32(log.Data.Span));
            }
        }

        return Reading.Known(await observer.ObserveAsync(protocol, block.With(left), cancellation).ConfigureAwait(false));
    }
}
