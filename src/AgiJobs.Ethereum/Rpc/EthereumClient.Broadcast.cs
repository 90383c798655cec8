using AgiJobs.Ethereum.Transactions;

namespace AgiJobs.Ethereum.Rpc;

public sealed partial class EthereumClient
{
    /// <summary>
    /// Hands signed bytes to every node and relay at once. Returns when all have answered, or <paramref name="grace"/> after the first
    /// took the transaction: a node that hangs must not hold up an emergency.
    /// </summary>
    internal async Task<BroadcastReport> BroadcastAsync(
        ReadOnlyMemory<byte> signed, Bytes32 hash, bool relaysOnly, TimeSpan grace, CancellationToken cancellationToken)
    {
        if (relaysOnly && _relays.Length == 0)
        {
            throw EthereumException.BadInput(
                "rpc-no-relay", "The transaction is to go to private relays only, and none is configured (RpcOptions.Relays).");
        }

        var targets = relaysOnly ? _relays : [.. _transports, .. _relays];
        var accepted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answers = targets.Select(target => HandAsync(target, signed, hash, accepted, cancellationToken)).ToArray();
        var all = Task.WhenAll(answers);
        if (await Task.WhenAny(all, accepted.Task).ConfigureAwait(false) != all)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(all, Task.Delay(grace, _time, stop.Token)).ConfigureAwait(false);
            await stop.CancelAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }

        var report = new List<BroadcastAnswer>(targets.Length);
        for (var i = 0; i < targets.Length; i++)
        {
            report.Add(answers[i].IsCompleted
                ? await answers[i].ConfigureAwait(false)
                : new BroadcastAnswer(targets[i].Endpoint.Name, BroadcastResult.NoAnswer, "not yet"));
        }

        return new BroadcastReport(hash, report);
    }

    /// <summary>Never throws but for cancellation: what one node says must not hide that another took the transaction.</summary>
    private async Task<BroadcastAnswer> HandAsync(
        RpcTransport target, ReadOnlyMemory<byte> signed, Bytes32 hash, TaskCompletionSource accepted, CancellationToken cancellationToken)
    {
        BroadcastAnswer answer;
        try
        {
            answer = await AskAsync().ConfigureAwait(false);
        }
        catch (EthereumException error) when (error.Code == "rpc-wrong-chain")
        {
            answer = new BroadcastAnswer(target.Endpoint.Name, BroadcastResult.WrongChain, error.Message);
        }

        if (answer.Result is BroadcastResult.Accepted or BroadcastResult.AlreadyKnown)
        {
            accepted.TrySetResult();
        }

        return answer;

        async Task<BroadcastAnswer> AskAsync()
        {
            var name = target.Endpoint.Name;
            var slot = new RpcSlot<Bytes32>(EthRequests.SendRaw(signed));
            await SendPartAsync([slot], [target], cancellationToken).ConfigureAwait(false);
            if (slot.TryGet(out var answered))
            {
                return answered == hash
                    ? new BroadcastAnswer(name, BroadcastResult.Accepted, null)
                    : new BroadcastAnswer(name, BroadcastResult.WrongHash, $"it answered {answered}");
            }

            if (slot.Error is not RpcException refusal)
            {
                return new BroadcastAnswer(name, BroadcastResult.NoAnswer, slot.Error!.Message);
            }

            var reason = SendRefusals.Of(refusal);
            if (reason is SendRefusal.NonceTooLow)
            {
                // It may be this very transaction that used the nonce.
                var known = new RpcSlot<TransactionInfo?>(EthRequests.Transaction(hash));
                await SendPartAsync([known], [target], cancellationToken).ConfigureAwait(false);
                return !known.TryGet(out var transaction)
                    ? new BroadcastAnswer(name, BroadcastResult.NoAnswer, $"{refusal.NodeMessage}; then {known.Error!.Message}")
                    : transaction is not null
                    ? new BroadcastAnswer(name, BroadcastResult.AlreadyKnown, refusal.NodeMessage)
                    : new BroadcastAnswer(name, BroadcastResult.NonceUsed, refusal.NodeMessage);
            }

            return new BroadcastAnswer(name, reason switch
            {
                SendRefusal.AlreadyKnown => BroadcastResult.AlreadyKnown,
                SendRefusal.Underpriced => BroadcastResult.Underpriced,
                SendRefusal.InsufficientFunds => BroadcastResult.InsufficientFunds,
                _ => NodeError.IsOverload(refusal) ? BroadcastResult.NoAnswer : BroadcastResult.Refused,
            }, refusal.NodeMessage);
        }
    }
}
