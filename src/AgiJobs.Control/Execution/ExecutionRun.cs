using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Execution;

/// <summary>One run of a change's execution, from what its journal says to its verification.</summary>
internal sealed class ExecutionRun
{
    private readonly ChangeExecutor _executor;
    private readonly FiledChange _change;
    private readonly ExecutionJournal _journal;
    private readonly IReadOnlyList<ISigner> _signers;
    private readonly EthereumClient _client;
    private readonly ChangeDocument _document;
    private readonly IReadOnlyList<ExecutionUnit> _units;
    private readonly ExecutionTraces _traces;
    private readonly PassageCarrier _carrier;
    private readonly RoutePassages _passages;
    private readonly List<string> _remarks = [];
    private bool _wasReorganised;
    private bool _isUnread;

    /// <summary>Begins on an open journal.</summary>
    public ExecutionRun(ChangeExecutor executor, FiledChange change, ExecutionJournal journal, IReadOnlyList<ISigner> signers)
    {
        (_executor, _change, _journal, _signers) = (executor, change, journal, signers);
        (_client, _document) = (executor.Client, change.Document);
        _units = ExecutionUnit.Of(_document);
        _traces = new ExecutionTraces(_client, executor.Protocol, change, _units.Count);
        _carrier = new PassageCarrier(executor, change, journal, signers);
        _passages = new RoutePassages(executor, change, journal, signers, _traces, _units.Count, _carrier.CarryAsync);
    }

    /// <summary>Runs to the end; the errors are those of <see cref="ChangeExecutor.ExecuteAsync(FiledChange, IReadOnlyList{ISigner}, CancellationToken)"/>.</summary>
    public async Task<ExecutionResult> RunAsync(CancellationToken cancellation)
    {
        if (string.Equals(_journal.LastWord, "refused", StringComparison.Ordinal))
        {
            throw new ControlException("change-refused", ExitCode.Refused, $"The change {_change.Id} was refused or cancelled; it is not executed any more.", "Plan it again for another --instance if it is to be done after all.");
        }

        if (_journal.IsVerified)
        {
            if (await GoneAsync(cancellation).ConfigureAwait(false) is not { Count: > 0 } gone)
            {
                if (_journal.Mined is [.., var newest])
                {
                    await WatchAsync(newest.Block, cancellation).ConfigureAwait(false);
                }

                // Executed once is executed; but the reader must not take that for the state of today.
                return Result(ExecutionEnd.AlreadyExecuted, await _executor.CheckAsync(_document.Expected, BlockReference.Latest, cancellation).ConfigureAwait(false));
            }

            _wasReorganised = true;
            Remark($"the chain was reorganised: {string.Join(", ", gone)} {(gone.Count == 1 ? "is" : "are")} no longer where {(gone.Count == 1 ? "it was" : "they were")} verified");
            await _journal.ReorganisedAsync(gone).ConfigureAwait(false);
        }
        else
        {
            await _journal.RepeatLastAsync().ConfigureAwait(false);
        }

        // Nothing that was signed can still take effect: the state decides anew, also when another transaction took the nonce.
        if (_units.All(unit => _journal.Pending(ExecutionJournal.EffectOf(unit), _passages.Fits(unit)) is null && !_journal.Elsewhere(ExecutionJournal.EffectOf(unit)).Found))
        {
            var checks = await _executor.CheckAsync([.. _document.Expected, .. _document.Preconditions], BlockReference.Latest, cancellation).ConfigureAwait(false);
            var now = checks.Take(_document.Expected.Count).ToList();
            var isSettled = await RequireAgreementAsync(cancellation).ConfigureAwait(false);
            if (isSettled && now.TrueForAll(check => check.Holds == true) && !await ByOthersAsync(cancellation).ConfigureAwait(false))
            {
                await RemarkOnScheduledAsync(cancellation).ConfigureAwait(false);
                return Result(ExecutionEnd.NothingToDo, now);
            }

            var preconditions = checks.Skip(_document.Expected.Count).ToList();
            if (!_carrier.WasElsewhere && (_units.Count == 1 || preconditions.TrueForAll(check => check.Holds == true) || !await BegunByOthersAsync(cancellation).ConfigureAwait(false)))
            {
                RequirePreconditions(preconditions);
            }
        }

        foreach (var unit in _units)
        {
            await RequireCodeAsync(unit, cancellation).ConfigureAwait(false);
            var done = _carrier.Receipts.Count;
            await CarryAsync(unit, cancellation).ConfigureAwait(false);
            if (unit != _units[^1])
            {
                await WatchAsync(done, cancellation).ConfigureAwait(false);
            }
        }

        var result = await VerifyAsync(cancellation).ConfigureAwait(false);
        await WatchAsync(Math.Max(0, _carrier.Receipts.Count - 1), cancellation).ConfigureAwait(false);
        return result;
    }

    // What happens between two transactions is seen from the block of the first of them on.
    private Task WatchAsync(int before, CancellationToken cancellation) => _document.Watch is null ? Task.CompletedTask
        : _carrier.Receipts.Count > before ? WatchAsync(_carrier.Receipts[^1].BlockNumber, cancellation)
        : throw new ControlException("outflow-unknown", ExitCode.Unknown, $"The change {_change.Id} stopped: in which block another machine made its transaction is unknown, so it is unknown what left the pools since. Nothing more was sent.", "Look at the pools, and plan the rest for another --instance.");

    private Task WatchAsync(BlockNumber since, CancellationToken cancellation) => _document.Watch is null ? Task.CompletedTask
        : _executor.WatchAsync is { } watch ? watch(_change, since, cancellation)
        : throw new ControlException("watch-missing", ExitCode.Refused, $"The change {_change.Id} is to be watched between its transactions, and nothing here watches.", "Execute it with 'agijobs change execute'.");

    // Nothing points to a contract before its code stands and is the one that was approved. Within one transaction the factory reverts the whole when it does not come to stand.
    private async Task RequireCodeAsync(ExecutionUnit next, CancellationToken cancellation)
    {
        var codes = _units.TakeWhile(unit => unit != next).SelectMany(unit => unit.Codes(_document)).ToList();
        if (codes.Count == 0)
        {
            return;
        }

        var checks = await _executor.CheckAsync(codes, BlockReference.Latest, cancellation).ConfigureAwait(false);
        if (checks.FirstOrDefault(check => check.Holds != true) is { } wrong)
        {
            throw wrong.Holds is null
                ? new ControlException("reading-unknown", ExitCode.Unknown, $"{wrong.Expectation.Subject} could not be read: {wrong.Found}.", "Nothing was wired. Run the command again when the node answers.")
                : new ControlException("deployed-code", ExitCode.Mismatch, $"{wrong.Expectation.Subject} at {wrong.Expectation.Target} is not the code that was planned (found {wrong.Found}).", "Nothing was wired. Run the command again when the deployment is mined; if it is and the code differs, plan the change again.");
        }
    }

    // Of two nodes that contradict each other one lies. Nobody knows which, so nothing is done on the word of either. Only a pause is not held back by that alone, because stopping what is stopped already does no harm; what it was planned on must hold all the same.
    // False when what they say of the state asked for cannot be relied on.
    private async Task<bool> RequireAgreementAsync(CancellationToken cancellation)
    {
        var agreement = await NodeAgreement.AskAsync(_client, [.. _document.Expected, .. _document.Preconditions], _signers.Select(signer => signer.Address), null, cancellation).ConfigureAwait(false);
        if (agreement.Unconfirmed.Count > 0)
        {
            Remark($"FINDING no second node confirms {Some(agreement.Unconfirmed)}");
        }

        if (agreement.Disagreements.Count == 0)
        {
            return true;
        }

        _carrier.IsDisputed = true;
        var what = $"the nodes disagree: {Some(agreement.Disagreements)}";
        if (!ChangeNature.Of(_document, _executor.Protocol).IsPause)
        {
            throw new ControlException("rpc-disagreement", ExitCode.Mismatch, $"Nothing was sent: {what}. At least one of them lies or is broken.", "Find out which one, and take it out of the network's file; then run the command again.");
        }

        Remark($"FINDING {what}; that alone does not hold a pause back");
        return false;
    }

    private static string Some(IReadOnlyList<string> items) => items.Count <= 3 ? string.Join("; ", items) : $"{string.Join("; ", items.Take(3))}; and {items.Count - 3} more";

    private void Remark(string what)
    {
        _remarks.Add(what);
        _executor.OnProgress(what);
    }

    // True when the state is there because another machine executed this very change.
    private async Task<bool> ByOthersAsync(CancellationToken cancellation)
    {
        foreach (var unit in _units)
        {
            if (unit.Operation is null && unit.Base.Kind == RouteKind.Direct)
            {
                return false;
            }
        }

        var found = new List<(string Key, DoneElsewhere Done)>();
        foreach (var unit in _units)
        {
            var key = ExecutionJournal.EffectOf(unit);
            if (await (unit.Operation is null ? _traces.FinalAsync(unit, cancellation) : _traces.ExecutedAsync(unit.Operation, cancellation)).ConfigureAwait(false) is not { } done)
            {
                return false;
            }

            found.Add((key, done));
        }

        foreach (var (key, done) in found)
        {
            await _carrier.ElsewhereAsync(key, done, cancellation).ConfigureAwait(false);
        }

        return true;
    }

    // True when the state is no longer the one that it was planned on because another machine began to execute this very change, and what it did is recorded.
    private async Task<bool> BegunByOthersAsync(CancellationToken cancellation)
    {
        foreach (var unit in _units.Where(unit => unit.Operation is not null || unit.Base.Kind != RouteKind.Direct))
        {
            if (await (unit.Operation is null ? _traces.FinalAsync(unit, cancellation) : _traces.ExecutedAsync(unit.Operation, cancellation)).ConfigureAwait(false) is { } done)
            {
                await _carrier.ElsewhereAsync(ExecutionJournal.EffectOf(unit), done, cancellation).ConfigureAwait(false);
            }
        }

        return _carrier.WasElsewhere;
    }

    private async Task RemarkOnScheduledAsync(CancellationToken cancellation)
    {
        foreach (var operation in _units.Select(unit => unit.Operation).OfType<TimelockOperation>())
        {
            if (await new TimelockCarrier(_client, operation).TimestampAsync(cancellation).ConfigureAwait(false) > TimelockCarrier.Done)
            {
                Remark($"the operation {operation.Id} stays scheduled on the timelock {operation.Timelock} and can still be executed: have it cancelled there");
            }
        }
    }

    // Which of the transactions that were verified are not where they were.
    private async Task<List<Bytes32>> GoneAsync(CancellationToken cancellation)
    {
        var mined = _journal.Mined;
        if (mined.Count == 0)
        {
            return [];
        }

        var batch = _client.NewBatch();
        var slots = mined.Select(transaction => (transaction.Hash, Receipt: batch.Add(EthRequests.Receipt(transaction.Hash)))).ToList();
        await batch.SendAsync(cancellation).ConfigureAwait(false);
        var gone = new List<Bytes32>();
        foreach (var (hash, slot) in slots)
        {
            if (!slot.TryGet(out var receipt))
            {
                _isUnread = true;
                Remark($"UNKNOWN whether {hash} is still mined: {slot.Error!.Message}");
            }
            else if (receipt is null || receipt.BlockHash != _journal.BlockOf(hash))
            {
                gone.Add(hash);
            }
        }

        return gone;
    }

    private void RequirePreconditions(List<CheckedExpectation> checks)
    {
        if (checks.FindAll(check => check.Holds is null) is { Count: > 0 } unread)
        {
            throw new ControlException("reading-unknown", ExitCode.Unknown, $"Preconditions could not be read: {string.Join("; ", unread.Select(check => $"{check.Expectation.Subject}: {check.Found}"))}.", "Nothing was sent. Run the command again when the node answers.");
        }

        if (checks.FindAll(check => check.Holds == false) is { Count: > 0 } broken)
        {
            throw new ControlException("change-stale", ExitCode.Refused, $"The change {_change.Id} was planned on a state that is gone: {string.Join("; ", broken.Select(check => $"{check.Expectation.Subject} no longer holds (found {check.Found})"))}.", "Nothing was sent. Plan it again; the new plan is a new change.");
        }
    }

    private async Task CarryAsync(ExecutionUnit unit, CancellationToken cancellation)
    {
        if (unit.Operation is not { } operation)
        {
            await _carrier.CarryAsync(_passages.Of(unit, unit.Key, unit.Calls, unit.Effect(_document, _units.Count), token => _traces.FinalAsync(unit, token)), cancellation).ConfigureAwait(false);
            return;
        }

        var timelock = new TimelockCarrier(_client, operation);
        var schedule = ExecutionJournal.ScheduleOf(unit);
        await _carrier.CarryAsync(_passages.Of(unit, schedule, unit.Calls, [], ScheduledAsync, looksFirst: true), cancellation).ConfigureAwait(false);
        await WaitAsync(unit, timelock, cancellation).ConfigureAwait(false);
        var execute = ExecutionJournal.ExecuteOf(unit);
        var calls = unit.ExecuteCalls();
        var effect = unit.Effect(_document, _units.Count);
        if (_journal.Pending(execute, _passages.Fits(unit)) is not { } pending)
        {
            // Whoever may: the sender itself, or else those who scheduled it.
            var direct = await timelock.IsOpenAsync(cancellation).ConfigureAwait(false) ? _signers[0] : await MayAsync(timelock, cancellation).ConfigureAwait(false);
            await (direct is not null
                ? _carrier.CarryAsync(_passages.Sent(execute, direct.Address, operation.Execute, effect, token => _traces.ExecutedAsync(operation, token), RoutePassages.Pins(operation)), cancellation)
                : _carrier.CarryAsync(_passages.Of(unit, execute, calls, effect, token => _traces.ExecutedAsync(operation, token), looksFirst: true), cancellation)).ConfigureAwait(false);
        }
        else
        {
            await _carrier.CarryAsync(_passages.Sent(execute, pending.From, operation.Execute, effect, token => _traces.ExecutedAsync(operation, token), RoutePassages.Pins(operation), fits: _passages.Fits(unit)), cancellation).ConfigureAwait(false);
        }

        async Task<DoneElsewhere?> ScheduledAsync(CancellationToken token)
        {
            if (await timelock.TimestampAsync(token).ConfigureAwait(false) > 0)
            {
                return new DoneElsewhere(await _traces.FindAsync(operation.Timelock, RouteCalls.Timelock.Event("CallScheduled").Topic0!.Value, operation.Id, null, token).ConfigureAwait(false));
            }

            return await timelock.MinDelayAsync(token).ConfigureAwait(false) is var least && least > operation.DelaySeconds
                ? throw new ControlException("change-stale", ExitCode.Refused, $"The timelock {operation.Timelock} now demands {least} seconds, and the change {_change.Id} was planned for fewer.", "Nothing was sent. Plan it again; the new plan is a new change.")
                : null;
        }
    }

    private async Task<ISigner?> MayAsync(TimelockCarrier timelock, CancellationToken cancellation)
    {
        foreach (var signer in _signers)
        {
            if (await timelock.MayExecuteAsync(signer.Address, cancellation).ConfigureAwait(false))
            {
                return signer;
            }
        }

        return null;
    }

    // Until the operation may be executed, when that is soon.
    private async Task WaitAsync(ExecutionUnit unit, TimelockCarrier timelock, CancellationToken cancellation)
    {
        var operation = unit.Operation!;
        var started = _executor.Time.GetTimestamp();
        while (true)
        {
            var readyAt = await timelock.TimestampAsync(cancellation).ConfigureAwait(false);
            if (readyAt == TimelockCarrier.Done)
            {
                return;
            }

            if (readyAt == 0)
            {
                throw new ControlException("change-undecided", ExitCode.Unknown, $"The operation {operation.Id} was scheduled, and the timelock {operation.Timelock} does not know it: the node is behind, the chain was reorganised, or it was cancelled.", "Run the command again. When it was cancelled, plan the change again.");
            }

            _journal.Waiting(unit.Key, operation.Id, readyAt);
            var head = await _client.BlockAsync(BlockReference.Latest, cancellation).ConfigureAwait(false);
            var now = Math.Max((ulong)Math.Max(0, _executor.Time.GetUtcNow().ToUnixTimeSeconds()), head?.Timestamp is { } at ? (ulong)at.ToUnixTimeSeconds() : 0);
            if (now >= readyAt)
            {
                return;
            }

            if (TimeSpan.FromSeconds(Math.Min(readyAt - now, int.MaxValue)) > _executor.Patience - _executor.Time.GetElapsedTime(started))
            {
                throw new ControlException(
                    "timelock-waiting",
                    ExitCode.Findings,
                    $"The change {_change.Id} is scheduled on the timelock {operation.Timelock} as {operation.Id}, waiting until {DateTimeOffset.FromUnixTimeSeconds((long)Math.Min(readyAt, 253_402_300_799)).ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture)}.",
                    $"Run again then: agijobs change execute {_change.Id} --signer NAME --execute");
            }

            _executor.OnProgress($"waiting {readyAt - now} s for the timelock");
            await Task.Delay(TimeSpan.FromSeconds(Math.Min(readyAt - now, 5)), _executor.Time, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<ExecutionResult> VerifyAsync(CancellationToken cancellation)
    {
        var last = _carrier.Receipts.Count > 0 ? _carrier.Receipts.MaxBy(receipt => (receipt.BlockNumber.Value, receipt.TransactionIndex)) : null;
        var checks = await _executor.CheckAsync(_document.Expected, last is null ? BlockReference.Latest : BlockReference.At(last.BlockHash), cancellation).ConfigureAwait(false);
        if (checks.Where(check => check.Holds is null).ToList() is { Count: > 0 } unread)
        {
            throw new ControlException("reading-unknown", ExitCode.Unknown, $"The change was mined, and its effect could not be read: {string.Join("; ", unread.Select(check => $"{check.Expectation.Subject}: {check.Found}"))}.", "Run the command again; it sends nothing more and verifies.");
        }

        var undeclared = _carrier.Receipts.SelectMany(receipt => receipt.Logs).Where(log => _executor.Protocol.At(log.Address) is not null && !IsDeclared(log)).Select(_executor.Describe).Distinct(StringComparer.Ordinal).ToList();
        AtomicFile.Write(Path.Combine(_change.Folder, "verification.json"), VerificationJson(last, checks, undeclared));
        var wrong = checks.Where(check => check.Holds == false).Select(check => $"{check.Expectation.Subject} does not hold (found {check.Found})").Concat(undeclared.Select(log => $"an event that the plan did not declare: {log}")).ToList();
        if (wrong.Count > 0)
        {
            await _journal.MismatchAsync(string.Join("; ", wrong)).ConfigureAwait(false);
            throw new ControlException("verification-mismatch", ExitCode.Mismatch, $"The change {_change.Id} was mined and the state is not what it should be: {string.Join("; ", wrong)}.", "Look at the receipts and at the modules before anything else is sent.");
        }

        if (last is not null && await NodeAgreement.AskAsync(_client, _document.Expected, [], BlockReference.At(last.BlockHash), cancellation).ConfigureAwait(false) is { Disagreements: { Count: > 0 } disputed })
        {
            _carrier.IsDisputed = true;
            Remark($"FINDING the nodes disagree on the effect: {Some(disputed)}");
        }

        await _journal.VerifiedAsync(last?.BlockNumber, last?.BlockHash).ConfigureAwait(false);
        return _carrier.WasElsewhere
            ? Result(ExecutionEnd.ExecutedElsewhere, await _executor.CheckAsync(_document.Expected, BlockReference.Latest, cancellation).ConfigureAwait(false))
            : Result(ExecutionEnd.Verified, checks);
    }

    private bool IsDeclared(LogEntry log) =>
        log.Topics.Count > 0 && _document.Effects.Any(effect => effect.Target == log.Address && effect.Emits.Any(signature => Keccak256.Hash(signature) == log.Topics[0]));

    private ExecutionResult Result(ExecutionEnd end, IReadOnlyList<CheckedExpectation> checks) =>
        new(end, end == ExecutionEnd.NothingToDo ? [] : [.. _journal.Mined.Concat(_carrier.Elsewhere).DistinctBy(transaction => transaction.Hash)], checks) { Remarks = _remarks, WasReorganised = _wasReorganised, IsDisputed = _carrier.IsDisputed, IsUnread = _isUnread };

    private byte[] VerificationJson(TransactionReceipt? last, IReadOnlyList<CheckedExpectation> checks, IReadOnlyList<string> undeclared)
    {
        var verification = new JsonObject
        {
            ["version"] = 1,
            ["change"] = _document.Digest().ToString(),
            ["block"] = last?.BlockNumber.ToString(),
            ["blockHash"] = last?.BlockHash.ToString(),
            ["transaction"] = last?.TransactionHash.ToString(),
            ["transactions"] = new JsonArray([.. _carrier.Receipts.Select(receipt => (JsonNode)JsonValue.Create(receipt.TransactionHash.ToString()))]),
            ["elsewhere"] = _carrier.WasElsewhere,
            ["expected"] = new JsonArray([.. checks.Select(check => (JsonNode)new JsonObject { ["subject"] = check.Expectation.Subject, ["holds"] = check.Holds, ["found"] = check.Found })]),
            ["events"] = new JsonArray([.. _carrier.Receipts.SelectMany(receipt => receipt.Logs).Select(log => (JsonNode)JsonValue.Create(_executor.Describe(log)))]),
            ["undeclared"] = new JsonArray([.. undeclared.Select(log => (JsonNode)JsonValue.Create(log))]),
        };
        return Encoding.UTF8.GetBytes(verification.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
    }
}
