using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Control.Execution;

/// <summary>What the transactions of other machines that executed the same change left on the chain.</summary>
internal sealed class ExecutionTraces(EthereumClient client, Protocol protocol, FiledChange change, int units)
{
    // How far back another machine's transaction is looked for.
    private const ulong SearchedBlocks = 5_000;

    /// <summary>Whether another machine executed a unit, as far as the chain tells by what the unit is bound to; null when it did not, or it cannot be told.</summary>
    public async Task<DoneElsewhere?> FinalAsync(ExecutionUnit unit, CancellationToken cancellation)
    {
        switch (unit.Base.Kind)
        {
            case RouteKind.Direct:
                var effect = unit.Effect(change.Document, units);
                return effect.Count > 0 && (await StateCheck.ReadAsync(client, effect, BlockReference.Latest, cancellation).ConfigureAwait(false)).All(check => check.Holds == true) ? new DoneElsewhere(null) : null;
            case RouteKind.Authorization:
                var step = unit.Steps[0];
                var carrier = new AuthorizationCarrier(client, protocol, change, step);
                return (await carrier.StandingAsync(cancellation).ConfigureAwait(false)).IsSpent && await FindUseAsync(carrier, step, cancellation).ConfigureAwait(false) is { } use ? new DoneElsewhere(use) : null;
            default:
                // A Safe says of a hash that it executed it; which hashes are meant, the signatures on file and the journal tell.
                foreach (var hash in new SafeCarrier(client, change, unit).SignedHashes())
                {
                    if (await FindAsync(unit.Base.Caller, SafeAbi.Safe.Event("ExecutionSuccess").Topic0!.Value, hash, null, cancellation).ConfigureAwait(false) is { } transaction)
                    {
                        return new DoneElsewhere(transaction);
                    }
                }

                return null;
        }
    }

    /// <summary>Whether a timelock has executed an operation; null when it has not.</summary>
    public async Task<DoneElsewhere?> ExecutedAsync(TimelockOperation operation, CancellationToken cancellation) =>
        await new TimelockCarrier(client, operation).TimestampAsync(cancellation).ConfigureAwait(false) == TimelockCarrier.Done
            ? new DoneElsewhere(await FindAsync(operation.Timelock, RouteCalls.Timelock.Event("CallExecuted").Topic0!.Value, operation.Id, null, cancellation).ConfigureAwait(false))
            : null;

    private async Task<Bytes32?> FindUseAsync(AuthorizationCarrier carrier, ChangeStep step, CancellationToken cancellation)
    {
        // An event about this signer and salt; that it is the use and not the revocation, the calldata of its transaction tell.
        var logs = await LogsAsync(step.Target, [[], [Word(carrier.Signer)], [carrier.Statement.Salt]], cancellation).ConfigureAwait(false);
        foreach (var hash in logs.Select(log => log.TransactionHash).OfType<Bytes32>().Distinct())
        {
            if (await client.TransactionAsync(hash, cancellation).ConfigureAwait(false) is { } transaction && (transaction.To != step.Target || carrier.IsCarriedBy(transaction.Input.Span)))
            {
                return hash;
            }
        }

        return null;
    }

    /// <summary>The transaction with an event of these topics; null when none is found.</summary>
    public async Task<Bytes32?> FindAsync(Address emitter, Bytes32 topic0, Bytes32 topic1, Bytes32? topic2, CancellationToken cancellation)
    {
        // Safes before 1.4 have the hash in the data.
        var logs = await LogsAsync(emitter, [[topic0]], cancellation).ConfigureAwait(false);
        return logs.FirstOrDefault(log => log.Topics.Count > 1 ? log.Topics[1] == topic1 && (topic2 is null || (log.Topics.Count > 2 && log.Topics[2] == topic2)) : log.Data.Length >= Bytes32.Size && new Bytes32(log.Data.Span[..Bytes32.Size]) == topic1)?.TransactionHash;
    }

    /// <summary>An address as a topic.</summary>
    public static Bytes32 Word(Address address) => new([.. new byte[12], .. address.ToBytes()]);

    private async Task<IReadOnlyList<LogEntry>> LogsAsync(Address emitter, IReadOnlyList<IReadOnlyList<Bytes32>> topics, CancellationToken cancellation)
    {
        try
        {
            var head = (await client.BlockNumberAsync(cancellation).ConfigureAwait(false)).Value;
            return await client.LogsAsync(new LogFilter { From = BlockReference.At(new BlockNumber(head > SearchedBlocks ? head - SearchedBlocks : 0)), To = BlockReference.Latest, Addresses = [emitter], Topics = topics }, cancellation).ConfigureAwait(false);
        }
        catch (EthereumException problem) when (!string.Equals(problem.Code, "rpc-wrong-chain", StringComparison.Ordinal))
        {
            // Without logs the other machine's transaction has no name.
            return [];
        }
    }
}
