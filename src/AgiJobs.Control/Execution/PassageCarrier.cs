using System.Globalization;
using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Transactions;

namespace AgiJobs.Control.Execution;

/// <summary>
/// Signs a transaction once, records it before it is sent, and waits for its receipt; what is on record is sent again as it is. Of two machines that do the same one finds out and waits for the other.
/// </summary>
internal sealed class PassageCarrier(ChangeExecutor executor, FiledChange change, ExecutionJournal journal, IReadOnlyList<ISigner> signers)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    // About a block: how long another machine's transaction, which would do the same, is waited for before one is signed here.
    private static readonly TimeSpan Courtesy = TimeSpan.FromSeconds(15);

    private readonly EthereumClient _client = executor.Client;
    private readonly HashSet<Address> _passedGate = [];

    /// <summary>What was mined, here or elsewhere, in the order in which it was learnt.</summary>
    public List<TransactionReceipt> Receipts { get; } = [];

    /// <summary>What another machine sent.</summary>
    public List<ExecutedTransaction> Elsewhere { get; } = [];

    /// <summary>True when another machine did a part of it or all.</summary>
    public bool WasElsewhere { get; private set; }

    /// <summary>True where nodes contradict each other: then none is believed that says it is there already.</summary>
    public bool IsDisputed { get; set; }

    /// <summary>Brings one transaction to its receipt, from wherever the journal says it is.</summary>
    public async Task CarryAsync(Passage passage, CancellationToken cancellation)
    {
        if (journal.Elsewhere(passage.Key) is (true, var known))
        {
            await TakeElsewhereAsync(new DoneElsewhere(known), cancellation).ConfigureAwait(false);
            return;
        }

        var signed = journal.Pending(passage.Key, passage.Fits);
        if (signed is null)
        {
            if (await SignAsync(passage, cancellation).ConfigureAwait(false) is not { } fresh)
            {
                return;
            }

            signed = fresh;
        }
        else
        {
            executor.OnProgress($"going on with {signed.Hash}, which was signed before");
            await RequireWindowAsync(signed, cancellation).ConfigureAwait(false);
        }

        await SendAsync(passage, signed, cancellation).ConfigureAwait(false);
    }

    // Once for each account that signs. Only a gate that opened is remembered: what is tried again after a refusal asks again.
    private async Task PassGateAsync(Address sender, CancellationToken cancellation)
    {
        if (executor.Gate is { } gate && !_passedGate.Contains(sender))
        {
            await gate.RequireAsync(change, sender, cancellation).ConfigureAwait(false);
            _passedGate.Add(sender);
        }
    }

    // Null when another machine did it first.
    private async Task<SignedTransaction?> SignAsync(Passage passage, CancellationToken cancellation)
    {
        var started = executor.Time.GetTimestamp();
        var hasReread = false;
        for (var looksFirst = passage.LooksFirst; ; looksFirst = true)
        {
            try
            {
                if (looksFirst && await passage.ElsewhereAsync(cancellation).ConfigureAwait(false) is { } done)
                {
                    await ElsewhereAsync(passage.Key, done, cancellation).ConfigureAwait(false);
                    return null;
                }

                RequireWindow();
                await PassGateAsync(passage.Sender ?? signers[0].Address, cancellation).ConfigureAwait(false);
                var prepared = await passage.PrepareAsync(cancellation).ConfigureAwait(false);
                // A timelock may have to be executed by another of the signers than was asked for.
                await PassGateAsync(prepared.Signer.Address, cancellation).ConfigureAwait(false);

                // The nonce is read before the state on top of which it will be used: a transaction of another machine that comes between the two takes the nonce, and the chain
                // lets one of them through.
                var (nonce, isThere, isWaiting) = await LookAsync(prepared, passage, cancellation).ConfigureAwait(false);
                // Where nodes contradict each other none is believed that says it is there.
                if (isThere && !IsDisputed)
                {
                    await ElsewhereAsync(passage.Key, await passage.ElsewhereAsync(cancellation).ConfigureAwait(false) ?? new DoneElsewhere(null), cancellation).ConfigureAwait(false);
                    return null;
                }

                if (isWaiting && !IsDisputed && Left(started) > TimeSpan.Zero)
                {
                    executor.OnProgress("a transaction that does the same waits to be mined; waiting for it");
                    await Task.Delay(Poll, executor.Time, cancellation).ConfigureAwait(false);
                    continue;
                }

                var signed = await executor.Sender.SignAsync(await executor.Sender.PrepareAsync(prepared.Intent with { Nonce = nonce }, cancellation).ConfigureAwait(false), prepared.Signer, cancellation).ConfigureAwait(false);
                await journal.SignedAsync(passage.Key, signed, prepared.Pins).ConfigureAwait(false);
                return signed;
            }
            catch (Exception problem) when (MayBeOthers(problem))
            {
                if (await passage.ElsewhereAsync(cancellation).ConfigureAwait(false) is { } done)
                {
                    await ElsewhereAsync(passage.Key, done, cancellation).ConfigureAwait(false);
                    return null;
                }

                // Signatures that went stale between two reads, because another machine's transaction was mined in between, are looked at once more.
                if (problem is ControlException && !hasReread)
                {
                    hasReread = true;
                    continue;
                }

                // A transaction of another machine that is in the pool makes ours fail before it is mined itself.
                if (problem is not EthereumException || Left(started) <= TimeSpan.Zero)
                {
                    throw;
                }

                await Task.Delay(Poll, executor.Time, cancellation).ConfigureAwait(false);
            }
        }
    }

    private TimeSpan Left(long started) => (executor.Patience < Courtesy ? executor.Patience : Courtesy) - executor.Time.GetElapsedTime(started);

    private static bool MayBeOthers(Exception problem) => problem switch
    {
        EthereumException refused => refused.Code is "transaction-would-revert" or "nonce-waiting" or "nonce-used" or "safe-reverted" or "safe-nonce",
        ControlException refused => refused.Code is "approvals-missing" or "authorization-spent",
        _ => false,
    };

    // The sender's next nonce, for a route that it is bound to; whether the effect is there already, and whether it is on top of what waits.
    private async Task<(ulong? Nonce, bool IsThere, bool IsWaiting)> LookAsync(PreparedPassage prepared, Passage passage, CancellationToken cancellation)
    {
        var batch = _client.NewBatch();
        var nonce = passage.IsPinnedByNonce ? batch.Add(EthRequests.Nonce(prepared.Intent.From, BlockReference.Pending)) : null;
        var now = Ask(BlockReference.Latest);
        var next = Ask(BlockReference.Pending);
        if (batch.Count == 0)
        {
            return (null, false, false);
        }

        await batch.SendAsync(cancellation).ConfigureAwait(false);
        return (nonce?.Value, Hold(now), Hold(next));

        List<(Expectation Expectation, RpcSlot<byte[]> Slot)> Ask(BlockReference block) =>
            [.. passage.Effect.Where(expectation => expectation.Call is not null).Select(expectation => (expectation, batch.Add(EthRequests.Call(new CallRequest { To = expectation.Target, Data = expectation.Call }, block))))];

        static bool Hold(List<(Expectation Expectation, RpcSlot<byte[]> Slot)> effect) =>
            effect.Count > 0 && effect.TrueForAll(entry => entry.Slot.TryGet(out var found) && found.AsSpan().SequenceEqual(entry.Expectation.Result));
    }

    private void RequireWindow()
    {
        if (change.Document.Window is { } window && executor.Time.GetUtcNow() is var now && (now < window.NotBefore || now >= window.NotAfter))
        {
            throw new ControlException(
                "outside-window",
                ExitCode.Refused,
                $"The change {change.Id} may be executed {(window.NotBefore is { } from ? $"from {Instant(from)} " : "")}{(window.NotAfter is { } until ? $"until {Instant(until)}" : "")}, and it is {Instant(now)}.".Replace(" ,", ",", StringComparison.Ordinal),
                now < window.NotBefore ? "Nothing was signed. Run the command again in its window." : "Nothing was signed. Plan it again with another window; the new plan is a new change.");
        }

        static string Instant(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
    }

    // What was signed in its window and is mined is verified at any time; but it is not sent again outside of it.
    private async Task RequireWindowAsync(SignedTransaction signed, CancellationToken cancellation)
    {
        if (change.Document.Window is null || await _client.ReceiptAsync(signed.Hash, cancellation).ConfigureAwait(false) is not null)
        {
            return;
        }

        try
        {
            RequireWindow();
        }
        catch (ControlException outside)
        {
            throw new ControlException(outside.Code, outside.Exit, $"{outside.Message} {signed.Hash} was signed before and is not mined; it is not sent again, but where it was sent it may still be mined.", "Use its nonce for something else to be sure that it is not, or run the command again in its window.", outside);
        }
    }

    private async Task SendAsync(Passage passage, SignedTransaction signed, CancellationToken cancellation)
    {
        // Also when it may have been sent before: the same bytes can be mined once only.
        var report = await executor.Sender.BroadcastAsync(signed, cancellationToken: cancellation).ConfigureAwait(false);
        await journal.BroadcastAsync(passage.Key, signed, report).ConfigureAwait(false);
        if (!report.Answers.Any(answer => answer.Result == BroadcastResult.NonceUsed))
        {
            report.EnsureAccepted();
        }

        executor.OnProgress($"sent {signed.Hash}");
        var outcome = await executor.Sender.WaitAsync(signed, new WaitOptions { Confirmations = Math.Max(1, executor.Confirmations), PollInterval = Poll, Deadline = executor.Patience }, cancellation).ConfigureAwait(false);
        switch (outcome)
        {
            case TransactionConfirmed confirmed:
                var receipt = confirmed.Receipt;
                await journal.MinedAsync(passage.Key, receipt).ConfigureAwait(false);
                await executor.FileReceiptAsync(change, receipt, cancellation).ConfigureAwait(false);
                executor.OnProgress($"mined in block {receipt.BlockNumber}");
                if (receipt.Succeeded)
                {
                    Receipts.Add(receipt);
                }
                else if (await passage.ElsewhereAsync(cancellation).ConfigureAwait(false) is { } done)
                {
                    await ElsewhereAsync(passage.Key, done, cancellation).ConfigureAwait(false);
                }
                else
                {
                    throw await RevertedAsync(passage, signed, receipt, cancellation).ConfigureAwait(false);
                }

                return;
            case TransactionReplaced replaced:
                await journal.ReplacedAsync(passage.Key, signed, replaced.By).ConfigureAwait(false);
                if ((await SameByAsync(signed, replaced.By, cancellation).ConfigureAwait(false) ?? await passage.ElsewhereAsync(cancellation).ConfigureAwait(false)) is { } other)
                {
                    await ElsewhereAsync(passage.Key, other, cancellation).ConfigureAwait(false);
                    return;
                }

                throw new ControlException("nonce-taken", ExitCode.Failed, $"{signed.Hash} can never be mined: nonce {replaced.Nonce} of {signed.From} was used by {replaced.By?.ToString() ?? "another transaction"}.", "Somebody or something else uses this key. Find out what that transaction did, then run the command again.");
            case TransactionUndecided undecided:
                throw new ControlException("change-undecided", ExitCode.Unknown, $"{signed.Hash} is sent and not decided: {undecided.Why}", "Run the command again; it goes on with the same signed transaction and sends no other.");
            default:
                throw new InvalidOperationException($"{outcome.GetType().Name} is no known outcome.");
        }
    }

    // The transaction that took the nonce, when it makes the same call and succeeded.
    private async Task<DoneElsewhere?> SameByAsync(SignedTransaction signed, Bytes32? by, CancellationToken cancellation) =>
        by is { } hash
        && await _client.TransactionAsync(hash, cancellation).ConfigureAwait(false) is { } other
        && other.To == signed.Unsigned.To && other.Input.Span.SequenceEqual(signed.Unsigned.Data.Span)
        && await _client.ReceiptAsync(hash, cancellation).ConfigureAwait(false) is { Succeeded: true }
            ? new DoneElsewhere(hash)
            : null;

    /// <summary>Records that another machine did it.</summary>
    public async Task ElsewhereAsync(string key, DoneElsewhere done, CancellationToken cancellation)
    {
        await journal.ElsewhereAsync(key, done.Transaction).ConfigureAwait(false);
        executor.OnProgress(done.Transaction is { } by ? $"done elsewhere, by {by}" : "done elsewhere");
        await TakeElsewhereAsync(done, cancellation).ConfigureAwait(false);
    }

    private async Task TakeElsewhereAsync(DoneElsewhere done, CancellationToken cancellation)
    {
        WasElsewhere = true;
        if (done.Transaction is { } hash && await _client.ReceiptAsync(hash, cancellation).ConfigureAwait(false) is { } receipt)
        {
            Receipts.Add(receipt);
            Elsewhere.Add(new ExecutedTransaction(hash, receipt.BlockNumber, receipt.GasUsed));
            await executor.FileReceiptAsync(change, receipt, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<ControlException> RevertedAsync(Passage passage, SignedTransaction signed, TransactionReceipt receipt, CancellationToken cancellation)
    {
        var reason = "the reason could not be found out";
        try
        {
            _ = await _client.CallAsync(new CallRequest { From = signed.From, To = signed.Unsigned.To, Data = signed.Unsigned.Data }, BlockReference.At(receipt.BlockHash), cancellation).ConfigureAwait(false);
        }
        catch (RevertException refused)
        {
            reason = refused.DecodedBy(executor.Errors).Message;
        }
        catch (EthereumException)
        {
            // The failure itself is certain; only its reason is not.
        }

        var what = $"{signed.Hash} was mined in block {receipt.BlockNumber} and reverted: {reason}.";
        await journal.FailedAsync(passage.Key, what).ConfigureAwait(false);
        return new ControlException("change-reverted", ExitCode.Failed, what, "Nothing was changed but the sender's gas. Plan the change again on the present state.");
    }
}
