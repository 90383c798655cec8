using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.Transactions;

namespace AgiJobs.Control.Execution;

/// <summary>
/// Executes a filed change: journal first, then send, then verify. A process that dies at any point is followed by one that reads the journal and goes on:
/// signed bytes that are on record are sent again as they are, and nothing is signed a second time while the first may still be mined. Of two machines that execute the same change the chain
/// lets one through, by the nonce, the salt or the operation that the transaction is bound to; the other finds that out and says so.
/// </summary>
public sealed class ChangeExecutor(EthereumClient client, Protocol protocol, Workspace workspace, TimeProvider time)
{
    // How far back another machine's transaction is looked for.
    private const ulong SearchedBlocks = 5_000;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    // About a block: how long another machine's transaction, which would do the same, is waited for before one is signed here.
    private static readonly TimeSpan Courtesy = TimeSpan.FromSeconds(15);

    // Twice what the node estimates: what a resume writes depends on the second in which it is mined, and gas that is not used is not paid.
    private readonly TransactionSender _sender = new(client, options: new SendOptions { GasBuffer = new BasisPoints(10_000) });
    private readonly ContractAbi _errors = ContractAbi.Merge([protocol.Abi, RouteCalls.Timelock]);

    /// <summary>Hears of each step as it is done, for people who wait.</summary>
    public Action<string> OnProgress { get; init; } = _ => { };

    /// <summary>How many blocks, its own included, a transaction needs; at least 1.</summary>
    public int Confirmations { get; init; } = 1;

    /// <summary>How long a sent transaction, or a timelock, is waited for before the command ends with <c>change-undecided</c> or <c>timelock-waiting</c>.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Decides after each transaction of a change that has a <see cref="ChangeDocument.Watch"/> whether the next is sent, given the block of the one before: it throws when not, and is asked again
    /// when the command is run again. Null refuses such a change.
    /// </summary>
    public Func<FiledChange, BlockNumber, CancellationToken, Task>? WatchAsync { get; init; }

    /// <summary>What has to let a change pass before anything is signed; null lets everything pass.</summary>
    public IExecutionGate? Gate { get; init; }

    /// <summary>
    /// Takes each event of the execution for the audit trail: <c>change.signed</c>, <c>change.sent</c>, <c>change.mined</c>, <c>change.verified</c>, <c>change.failed</c>, with
    /// what the journal says of it. After a crash the newest one may come twice. When it fails the execution goes on and says what is missing.
    /// </summary>
    public Func<string, JsonObject, Task> OnEvidence { get; init; } = (_, _) => Task.CompletedTask;

    /// <summary>Executes with one signer, or goes on with an execution that was interrupted.</summary>
    /// <param name="change">The change.</param>
    /// <param name="signer">Who sends: for a direct route the account that holds the role, for a Safe, a statement or a timelock that is due anybody with gas.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <exception cref="ControlException">As the other.</exception>
    /// <exception cref="EthereumException">Those of preparing and sending.</exception>
    public Task<ExecutionResult> ExecuteAsync(FiledChange change, ISigner signer, CancellationToken cancellation) => ExecuteAsync(change, [signer], cancellation);

    /// <summary>Executes, or goes on with an execution that was interrupted.</summary>
    /// <param name="change">The change.</param>
    /// <param name="signers">Who sends: each direct call the account that its route names, all else the first.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <exception cref="ControlException">
    /// <c>change-stale</c>, <c>approvals-missing</c>, <c>authorization-missing</c>, <c>authorization-spent</c>, <c>sender-wrong</c>, <c>outside-window</c>, <c>change-refused</c> (exit 4), <c>timelock-waiting</c> (exit 3),
    /// <c>change-reverted</c>, <c>nonce-taken</c> (exit 1), <c>change-undecided</c> (exit 5), <c>verification-mismatch</c> (exit 6), <c>journal-locked</c>, <c>journal-corrupt</c>; those of <see cref="Gate"/>.
    /// </exception>
    /// <exception cref="EthereumException">Those of preparing and sending.</exception>
    public async Task<ExecutionResult> ExecuteAsync(FiledChange change, IReadOnlyList<ISigner> signers, CancellationToken cancellation)
    {
        if (change.Document.ChainId != client.ChainId)
        {
            throw new ControlException("change-chain", ExitCode.Mismatch, $"The change {change.Id} is for chain {change.Document.ChainId}, and this is chain {client.ChainId}.");
        }

        using var file = Journal.Open(change.JournalPath, time);
        return await new Execution(this, change, new ExecutionJournal(file, change, OnEvidence, OnProgress), signers).RunAsync(cancellation).ConfigureAwait(false);
    }

    private sealed class Execution(ChangeExecutor executor, FiledChange change, ExecutionJournal journal, IReadOnlyList<ISigner> signers)
    {
        private readonly EthereumClient _client = executor.Client;
        private readonly ChangeDocument _document = change.Document;
        private readonly IReadOnlyList<ExecutionUnit> _units = ExecutionUnit.Of(change.Document);
        private readonly List<TransactionReceipt> _receipts = [];
        private readonly List<string> _remarks = [];
        private readonly List<ExecutedTransaction> _elsewhere = [];
        private bool _wasElsewhere;
        private bool _wasReorganised;
        private bool _isDisputed;
        private bool _isUnread;
        private readonly HashSet<Address> _passedGate = [];

        public async Task<ExecutionResult> RunAsync(CancellationToken cancellation)
        {
            if (string.Equals(journal.LastWord, "refused", StringComparison.Ordinal))
            {
                throw new ControlException("change-refused", ExitCode.Refused, $"The change {change.Id} was refused or cancelled; it is not executed any more.", "Plan it again for another --instance if it is to be done after all.");
            }

            if (journal.IsVerified)
            {
                if (await GoneAsync(cancellation).ConfigureAwait(false) is not { Count: > 0 } gone)
                {
                    if (journal.Mined is [.., var newest])
                    {
                        await WatchAsync(newest.Block, cancellation).ConfigureAwait(false);
                    }

                    // Executed once is executed; but the reader must not take that for the state of today.
                    return Result(ExecutionEnd.AlreadyExecuted, await executor.CheckAsync(_document.Expected, BlockReference.Latest, cancellation).ConfigureAwait(false));
                }

                _wasReorganised = true;
                Remark($"the chain was reorganised: {string.Join(", ", gone)} {(gone.Count == 1 ? "is" : "are")} no longer where {(gone.Count == 1 ? "it was" : "they were")} verified");
                await journal.ReorganisedAsync(gone).ConfigureAwait(false);
            }
            else
            {
                await journal.RepeatLastAsync().ConfigureAwait(false);
            }

            // Nothing that was signed can still take effect: the state decides anew, also when another transaction took the nonce.
            if (_units.All(unit => journal.Pending(ExecutionJournal.EffectOf(unit), Fits(unit)) is null && !journal.Elsewhere(ExecutionJournal.EffectOf(unit)).Found))
            {
                var checks = await executor.CheckAsync([.. _document.Expected, .. _document.Preconditions], BlockReference.Latest, cancellation).ConfigureAwait(false);
                var now = checks.Take(_document.Expected.Count).ToList();
                var isSettled = await RequireAgreementAsync(cancellation).ConfigureAwait(false);
                if (isSettled && now.TrueForAll(check => check.Holds == true) && !await ByOthersAsync(cancellation).ConfigureAwait(false))
                {
                    await RemarkOnScheduledAsync(cancellation).ConfigureAwait(false);
                    return Result(ExecutionEnd.NothingToDo, now);
                }

                var preconditions = checks.Skip(_document.Expected.Count).ToList();
                if (!_wasElsewhere && (_units.Count == 1 || preconditions.TrueForAll(check => check.Holds == true) || !await BegunByOthersAsync(cancellation).ConfigureAwait(false)))
                {
                    RequirePreconditions(preconditions);
                }
            }

            foreach (var unit in _units)
            {
                await RequireCodeAsync(unit, cancellation).ConfigureAwait(false);
                var done = _receipts.Count;
                await CarryAsync(unit, cancellation).ConfigureAwait(false);
                if (unit != _units[^1])
                {
                    await WatchAsync(done, cancellation).ConfigureAwait(false);
                }
            }

            var result = await VerifyAsync(cancellation).ConfigureAwait(false);
            await WatchAsync(Math.Max(0, _receipts.Count - 1), cancellation).ConfigureAwait(false);
            return result;
        }

        // What happens between two transactions is seen from the block of the first of them on.
        private Task WatchAsync(int before, CancellationToken cancellation) => _document.Watch is null ? Task.CompletedTask
            : _receipts.Count > before ? WatchAsync(_receipts[^1].BlockNumber, cancellation)
            : throw new ControlException("outflow-unknown", ExitCode.Unknown, $"The change {change.Id} stopped: in which block another machine made its transaction is unknown, so it is unknown what left the pools since. Nothing more was sent.", "Look at the pools, and plan the rest for another --instance.");

        private Task WatchAsync(BlockNumber since, CancellationToken cancellation) => _document.Watch is null ? Task.CompletedTask
            : executor.WatchAsync is { } watch ? watch(change, since, cancellation)
            : throw new ControlException("watch-missing", ExitCode.Refused, $"The change {change.Id} is to be watched between its transactions, and nothing here watches.", "Execute it with 'agijobs change execute'.");

        // Nothing points to a contract before its code stands and is the one that was approved. Within one transaction the factory reverts the whole when it does not come to stand.
        private async Task RequireCodeAsync(ExecutionUnit next, CancellationToken cancellation)
        {
            var codes = _units.TakeWhile(unit => unit != next).SelectMany(unit => unit.Codes(_document)).ToList();
            if (codes.Count == 0)
            {
                return;
            }

            var checks = await executor.CheckAsync(codes, BlockReference.Latest, cancellation).ConfigureAwait(false);
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
            var agreement = await NodeAgreement.AskAsync(_client, [.. _document.Expected, .. _document.Preconditions], signers.Select(signer => signer.Address), null, cancellation).ConfigureAwait(false);
            if (agreement.Unconfirmed.Count > 0)
            {
                Remark($"FINDING no second node confirms {Some(agreement.Unconfirmed)}");
            }

            if (agreement.Disagreements.Count == 0)
            {
                return true;
            }

            _isDisputed = true;
            var what = $"the nodes disagree: {Some(agreement.Disagreements)}";
            if (!ChangeNature.Of(_document, executor.Protocol).IsPause)
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
            executor.OnProgress(what);
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
                if (await (unit.Operation is null ? FinalElsewhereAsync(unit, cancellation) : ExecutedAsync(unit.Operation, cancellation)).ConfigureAwait(false) is not { } done)
                {
                    return false;
                }

                found.Add((key, done));
            }

            foreach (var (key, done) in found)
            {
                await ElsewhereAsync(key, done, cancellation).ConfigureAwait(false);
            }

            return true;
        }

        // True when the state is no longer the one that it was planned on because another machine began to execute this very change, and what it did is recorded.
        private async Task<bool> BegunByOthersAsync(CancellationToken cancellation)
        {
            foreach (var unit in _units.Where(unit => unit.Operation is not null || unit.Base.Kind != RouteKind.Direct))
            {
                if (await (unit.Operation is null ? FinalElsewhereAsync(unit, cancellation) : ExecutedAsync(unit.Operation, cancellation)).ConfigureAwait(false) is { } done)
                {
                    await ElsewhereAsync(ExecutionJournal.EffectOf(unit), done, cancellation).ConfigureAwait(false);
                }
            }

            return _wasElsewhere;
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
            var mined = journal.Mined;
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
                else if (receipt is null || receipt.BlockHash != journal.BlockOf(hash))
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
                throw new ControlException("change-stale", ExitCode.Refused, $"The change {change.Id} was planned on a state that is gone: {string.Join("; ", broken.Select(check => $"{check.Expectation.Subject} no longer holds (found {check.Found})"))}.", "Nothing was sent. Plan it again; the new plan is a new change.");
            }
        }

        private async Task CarryAsync(ExecutionUnit unit, CancellationToken cancellation)
        {
            if (unit.Operation is not { } operation)
            {
                await CarryAsync(Plain(unit, unit.Key, unit.Calls, unit.Effect(_document, _units.Count), token => FinalElsewhereAsync(unit, token)), cancellation).ConfigureAwait(false);
                return;
            }

            var timelock = new TimelockCarrier(_client, operation);
            var schedule = ExecutionJournal.ScheduleOf(unit);
            await CarryAsync(Plain(unit, schedule, unit.Calls, [], ScheduledAsync, looksFirst: true), cancellation).ConfigureAwait(false);
            await WaitAsync(unit, timelock, cancellation).ConfigureAwait(false);
            var execute = ExecutionJournal.ExecuteOf(unit);
            var calls = unit.ExecuteCalls();
            var effect = unit.Effect(_document, _units.Count);
            if (journal.Pending(execute, Fits(unit)) is not { } pending)
            {
                // Whoever may: the sender itself, or else those who scheduled it.
                var direct = await timelock.IsOpenAsync(cancellation).ConfigureAwait(false) ? signers[0] : await MayAsync(timelock, cancellation).ConfigureAwait(false);
                await (direct is not null
                    ? CarryAsync(Sent(execute, direct.Address, operation.Execute, effect, token => ExecutedAsync(operation, token), Pins(operation)), cancellation)
                    : CarryAsync(Plain(unit, execute, calls, effect, token => ExecutedAsync(operation, token), looksFirst: true), cancellation)).ConfigureAwait(false);
            }
            else
            {
                await CarryAsync(Sent(execute, pending.From, operation.Execute, effect, token => ExecutedAsync(operation, token), Pins(operation), fits: Fits(unit)), cancellation).ConfigureAwait(false);
            }

            async Task<DoneElsewhere?> ScheduledAsync(CancellationToken token)
            {
                if (await timelock.TimestampAsync(token).ConfigureAwait(false) > 0)
                {
                    return new DoneElsewhere(await FindAsync(operation.Timelock, RouteCalls.Timelock.Event("CallScheduled").Topic0!.Value, operation.Id, null, token).ConfigureAwait(false));
                }

                return await timelock.MinDelayAsync(token).ConfigureAwait(false) is var least && least > operation.DelaySeconds
                    ? throw new ControlException("change-stale", ExitCode.Refused, $"The timelock {operation.Timelock} now demands {least} seconds, and the change {change.Id} was planned for fewer.", "Nothing was sent. Plan it again; the new plan is a new change.")
                    : null;
            }
        }

        private async Task<ISigner?> MayAsync(TimelockCarrier timelock, CancellationToken cancellation)
        {
            foreach (var signer in signers)
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
            var started = executor.Time.GetTimestamp();
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

                journal.Waiting(unit.Key, operation.Id, readyAt);
                var head = await _client.BlockAsync(BlockReference.Latest, cancellation).ConfigureAwait(false);
                var now = Math.Max((ulong)Math.Max(0, executor.Time.GetUtcNow().ToUnixTimeSeconds()), head?.Timestamp is { } at ? (ulong)at.ToUnixTimeSeconds() : 0);
                if (now >= readyAt)
                {
                    return;
                }

                if (TimeSpan.FromSeconds(Math.Min(readyAt - now, int.MaxValue)) > executor.Patience - executor.Time.GetElapsedTime(started))
                {
                    throw new ControlException(
                        "timelock-waiting",
                        ExitCode.Findings,
                        $"The change {change.Id} is scheduled on the timelock {operation.Timelock} as {operation.Id}, waiting until {DateTimeOffset.FromUnixTimeSeconds((long)Math.Min(readyAt, 253_402_300_799)).ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture)}.",
                        $"Run again then: agijobs change execute {change.Id} --signer NAME --execute");
                }

                executor.OnProgress($"waiting {readyAt - now} s for the timelock");
                await Task.Delay(TimeSpan.FromSeconds(Math.Min(readyAt - now, 5)), executor.Time, cancellation).ConfigureAwait(false);
            }
        }

        // The transaction at the end of a route.
        private Passage Plain(ExecutionUnit unit, string key, IReadOnlyList<OuterCall> calls, IReadOnlyList<Expectation> effect, Func<CancellationToken, Task<DoneElsewhere?>> elsewhere, bool looksFirst = false) => unit.Base.Kind switch
        {
            RouteKind.Direct => Sent(key, unit.Base.Caller, calls[0], effect, elsewhere, unit.Operation is { } operation ? Pins(operation) : [], looksFirst || _units.Count > 1, Fits(unit), unit.Base),
            RouteKind.Authorization => Stated(unit, key, effect, elsewhere),
            _ => Safe(unit, key, calls, effect, elsewhere, looksFirst),
        };

        private Passage Sent(string key, Address from, OuterCall call, IReadOnlyList<Expectation> effect, Func<CancellationToken, Task<DoneElsewhere?>> elsewhere, JsonObject pins, bool looksFirst = true, Func<SignedTransaction, bool>? fits = null, Route? route = null) => new()
        {
            Key = key,
            Effect = effect,
            Sender = from,
            Fits = fits ?? (signed => signed.Unsigned.To == call.To && signed.Unsigned.Data.Span.SequenceEqual(call.Data.Span)),
            ElsewhereAsync = elsewhere,
            LooksFirst = looksFirst,
            IsPinnedByNonce = route is not null,
            PrepareAsync = _ => Task.FromResult(new PreparedPassage(
                signers.FirstOrDefault(signer => signer.Address == from)
                    ?? throw new ControlException("sender-wrong", ExitCode.Refused, $"The change {change.Id} is to be sent by {from} ({route?.Role}), and the signer is {string.Join(" or ", signers.Select(signer => signer.Address))}.", "Name that account's signer with --signer, or plan the change for this one."),
                new TransactionIntent { From = from, To = call.To, Data = call.Data, Abi = executor._errors },
                pins)),
        };

        private Passage Stated(ExecutionUnit unit, string key, IReadOnlyList<Expectation> effect, Func<CancellationToken, Task<DoneElsewhere?>> elsewhere)
        {
            var step = unit.Steps[0];
            var carrier = new AuthorizationCarrier(_client, executor.Protocol, change, step);
            return new Passage
            {
                Key = key,
                Effect = effect,
                Fits = Fits(unit),
                ElsewhereAsync = elsewhere,
                PrepareAsync = async token =>
                {
                    var standing = await carrier.StandingAsync(token).ConfigureAwait(false);
                    if (standing.IsSpent)
                    {
                        throw new ControlException("authorization-spent", ExitCode.Refused, $"The statement of {carrier.Signer} with the salt {carrier.Statement.Salt} was used or revoked, and the state is not the one asked for.", "Nothing was sent. Plan the change again for another --instance.");
                    }

                    var signed = standing.Signature
                        ?? throw new ControlException("authorization-missing", ExitCode.Refused, $"The change {change.Id} has no signature of {carrier.Signer} ({step.Route.Role}) over its statement.{(standing.Stale.Count == 0 ? "" : $" These do not count: {string.Join("; ", standing.Stale)}.")}", $"It is signed with 'agijobs change approve {change.Id} --signer NAME'.");
                    return new PreparedPassage(
                        signers[0],
                        new TransactionIntent { From = signers[0].Address, To = step.Target, Data = carrier.Encode(signed.Signature), Abi = executor._errors },
                        new JsonObject { ["contract"] = step.Target.ToString(), ["signer"] = carrier.Signer.ToString(), ["salt"] = carrier.Statement.Salt.ToString() });
                },
            };
        }

        private Passage Safe(ExecutionUnit unit, string key, IReadOnlyList<OuterCall> calls, IReadOnlyList<Expectation> effect, Func<CancellationToken, Task<DoneElsewhere?>> elsewhere, bool looksFirst)
        {
            var carrier = new SafeCarrier(_client, change, unit, calls);
            return new Passage
            {
                Key = key,
                Effect = effect,
                Fits = Fits(unit),
                ElsewhereAsync = elsewhere,
                LooksFirst = looksFirst,
                PrepareAsync = async token =>
                {
                    var standing = await carrier.StandingAsync(token).ConfigureAwait(false);
                    Require(standing);
                    // Nothing is begun that would stop half done for want of a signature.
                    foreach (var later in carrier.Chunks > 1 ? (await SafeCarrier.QueueAsync(_client, change, journal.Entries, token).ConfigureAwait(false)).Skip(1) : [])
                    {
                        Require(await later.StandingAsync(token).ConfigureAwait(false));
                    }

                    if (standing.ToBring() is { Count: > 0 } missing)
                    {
                        foreach (var child in missing)
                        {
                            await BringAsync(unit, carrier, standing, child, token).ConfigureAwait(false);
                        }

                        standing = await carrier.StandingAsync(token).ConfigureAwait(false);
                        Require(standing);
                    }

                    return await PreparedAsync(carrier, standing, unit.Operation, token).ConfigureAwait(false);
                },
            };
        }

        private void Require(SafeStanding standing)
        {
            if (!standing.IsComplete)
            {
                throw new ControlException(
                    "approvals-missing",
                    ExitCode.Refused,
                    $"The change {change.Id} has {standing.Given} of the {standing.Needed} signatures that the Safe demands{(standing.Chunks > 1 ? $" for transaction {standing.Chunk + 1} of {standing.Chunks}, at nonce {standing.Hash.Transaction.Nonce}" : "")}.{(standing.Nested.Count == 0 ? "" : $" Safes among its owners: {string.Join(", ", standing.Nested.Select(child => $"{child.State.Domain.Safe} has {child.Given} of {child.Needed}"))}.")}{(standing.Stale.Count == 0 ? "" : $" These count no more: {string.Join("; ", standing.Stale)}.")}",
                    $"Owners sign with 'agijobs change approve {change.Id} --signer NAME'.");
            }
        }

        // Has a Safe that owns another approve that one's transaction, those that own it first.
        private async Task BringAsync(ExecutionUnit unit, SafeCarrier carrier, SafeStanding parent, SafeStanding child, CancellationToken cancellation)
        {
            foreach (var deeper in child.ToBring())
            {
                await BringAsync(unit, carrier, child, deeper, cancellation).ConfigureAwait(false);
            }

            var safe = child.State.Domain.Safe;
            var expected = SafeExecution.EncodeApproval(parent.Hash);
            await CarryAsync(
                new Passage
                {
                    Key = $"{unit.Key}.approve-{safe}-{parent.Hash.Value.ToString()[2..10]}",
                    Effect = [],
                    Fits = signed => Executes(signed, safe, inner => inner.To == parent.State.Domain.Safe && inner.Data.Span.SequenceEqual(expected)),
                    ElsewhereAsync = async token => new Bytes32(await _client.CallAsync(new CallRequest { To = parent.State.Domain.Safe, Data = SafeAbi.Safe.Function("approvedHashes").Encode(safe, parent.Hash.Value) }, BlockReference.Latest, token).ConfigureAwait(false)) == Bytes32.Zero
                        ? null
                        : new DoneElsewhere(await FindAsync(parent.State.Domain.Safe, SafeAbi.Safe.Event("ApproveHash").Topic0!.Value, parent.Hash.Value, Word(safe), token).ConfigureAwait(false)),
                    PrepareAsync = async token =>
                    {
                        var standing = child;
                        if (child.ToBring().Count > 0)
                        {
                            // Another machine may have gone on in the meantime, and then this is no longer what is missing.
                            standing = (await carrier.StandingAsync(token).ConfigureAwait(false)).Tree.FirstOrDefault(node => node.Hash.Value == child.Hash.Value) ?? child;
                            Require(standing.ToBring().Count == 0 ? standing : standing with { Nested = [] });
                        }

                        return await PreparedAsync(carrier, standing, null, token).ConfigureAwait(false);
                    },
                },
                cancellation).ConfigureAwait(false);
        }

        private async Task<PreparedPassage> PreparedAsync(SafeCarrier carrier, SafeStanding standing, TimelockOperation? operation, CancellationToken cancellation)
        {
            var prepared = await carrier.PrepareAsync(standing, signers[0].Address, cancellation).ConfigureAwait(false);
            var pins = operation is null ? [] : Pins(operation);
            pins["safe"] = standing.State.Domain.Safe.ToString();
            pins["safeNonce"] = standing.State.Nonce.ToString(CultureInfo.InvariantCulture);
            pins["safeTxHash"] = standing.Hash.Value.ToString();
            return new PreparedPassage(signers[0], new TransactionIntent { From = signers[0].Address, To = standing.State.Domain.Safe, Data = prepared.Calldata, Abi = executor._errors }, pins);
        }

        private static JsonObject Pins(TimelockOperation operation) => new() { ["timelock"] = operation.Timelock.ToString(), ["operation"] = operation.Id.ToString(), ["salt"] = operation.Salt.ToString() };

        // Whether bytes on record are a transaction of a unit: its own call, the Safe's that makes it, the statement, or the timelock's execution.
        private Func<SignedTransaction, bool> Fits(ExecutionUnit unit) => signed =>
        {
            var data = signed.Unsigned.Data;
            return (unit.Operation is { } operation && signed.Unsigned.To == operation.Execute.To && data.Span.SequenceEqual(operation.Execute.Data.Span))
                || unit.Base.Kind switch
                {
                    RouteKind.Direct => signed.From == unit.Base.Caller && Calls(unit).Any(call => signed.Unsigned.To == call.To && data.Span.SequenceEqual(call.Data.Span)),
                    RouteKind.Authorization => signed.Unsigned.To == unit.Steps[0].Target && new AuthorizationCarrier(_client, executor.Protocol, change, unit.Steps[0]).IsCarriedBy(data.Span),
                    _ => Executes(signed, unit.Base.Caller, inner => SameCall(inner, unit.Calls) || (unit.Operation is not null && SameCall(inner, unit.ExecuteCalls()))),
                };
        };

        private static IEnumerable<OuterCall> Calls(ExecutionUnit unit) => unit.Operation is null ? unit.Calls : unit.Calls.Concat(unit.ExecuteCalls());

        private static bool SameCall(SafeTransaction inner, IReadOnlyList<OuterCall> calls)
        {
            var wanted = SafeCarrier.Transaction(calls, inner.Nonce);
            return inner.To == wanted.To && inner.Operation == wanted.Operation && inner.Value == wanted.Value && inner.GasPrice == wanted.GasPrice && inner.SafeTxGas == wanted.SafeTxGas && inner.Data.Span.SequenceEqual(wanted.Data.Span);
        }

        private static bool Executes(SignedTransaction signed, Address safe, Func<SafeTransaction, bool> inner)
        {
            try
            {
                return signed.Unsigned.To == safe && inner(SafeExecution.Decode(signed.Unsigned.Data.Span, 0).Transaction);
            }
            catch (EthereumException)
            {
                return false;
            }
        }

        // Whether another machine executed a unit, as far as the chain tells by what the unit is bound to.
        private async Task<DoneElsewhere?> FinalElsewhereAsync(ExecutionUnit unit, CancellationToken cancellation)
        {
            switch (unit.Base.Kind)
            {
                case RouteKind.Direct:
                    var effect = unit.Effect(_document, _units.Count);
                    return effect.Count > 0 && (await executor.CheckAsync(effect, BlockReference.Latest, cancellation).ConfigureAwait(false)).All(check => check.Holds == true) ? new DoneElsewhere(null) : null;
                case RouteKind.Authorization:
                    var step = unit.Steps[0];
                    var carrier = new AuthorizationCarrier(_client, executor.Protocol, change, step);
                    return (await carrier.StandingAsync(cancellation).ConfigureAwait(false)).IsSpent && await FindUseAsync(carrier, step, cancellation).ConfigureAwait(false) is { } use ? new DoneElsewhere(use) : null;
                default:
                    // A Safe says of a hash that it executed it; which hashes are meant, the signatures on file and the journal tell.
                    foreach (var hash in new SafeCarrier(_client, change, unit).SignedHashes())
                    {
                        if (await FindAsync(unit.Base.Caller, SafeAbi.Safe.Event("ExecutionSuccess").Topic0!.Value, hash, null, cancellation).ConfigureAwait(false) is { } transaction)
                        {
                            return new DoneElsewhere(transaction);
                        }
                    }

                    return null;
            }
        }

        private async Task<DoneElsewhere?> ExecutedAsync(TimelockOperation operation, CancellationToken cancellation) =>
            await new TimelockCarrier(_client, operation).TimestampAsync(cancellation).ConfigureAwait(false) == TimelockCarrier.Done
                ? new DoneElsewhere(await FindAsync(operation.Timelock, RouteCalls.Timelock.Event("CallExecuted").Topic0!.Value, operation.Id, null, cancellation).ConfigureAwait(false))
                : null;

        private async Task<Bytes32?> FindUseAsync(AuthorizationCarrier carrier, ChangeStep step, CancellationToken cancellation)
        {
            // An event about this signer and salt; that it is the use and not the revocation, the calldata of its transaction tell.
            var logs = await LogsAsync(step.Target, [[], [Word(carrier.Signer)], [carrier.Statement.Salt]], cancellation).ConfigureAwait(false);
            foreach (var hash in logs.Select(log => log.TransactionHash).OfType<Bytes32>().Distinct())
            {
                if (await _client.TransactionAsync(hash, cancellation).ConfigureAwait(false) is { } transaction && (transaction.To != step.Target || carrier.IsCarriedBy(transaction.Input.Span)))
                {
                    return hash;
                }
            }

            return null;
        }

        private async Task<Bytes32?> FindAsync(Address emitter, Bytes32 topic0, Bytes32 topic1, Bytes32? topic2, CancellationToken cancellation)
        {
            // Safes before 1.4 have the hash in the data.
            var logs = await LogsAsync(emitter, [[topic0]], cancellation).ConfigureAwait(false);
            return logs.FirstOrDefault(log => log.Topics.Count > 1 ? log.Topics[1] == topic1 && (topic2 is null || (log.Topics.Count > 2 && log.Topics[2] == topic2)) : log.Data.Length >= Bytes32.Size && new Bytes32(log.Data.Span[..Bytes32.Size]) == topic1)?.TransactionHash;
        }

        private static Bytes32 Word(Address address) => new([.. new byte[12], .. address.ToBytes()]);

        private async Task<IReadOnlyList<LogEntry>> LogsAsync(Address emitter, IReadOnlyList<IReadOnlyList<Bytes32>> topics, CancellationToken cancellation)
        {
            try
            {
                var head = (await _client.BlockNumberAsync(cancellation).ConfigureAwait(false)).Value;
                return await _client.LogsAsync(new LogFilter { From = BlockReference.At(new BlockNumber(head > SearchedBlocks ? head - SearchedBlocks : 0)), To = BlockReference.Latest, Addresses = [emitter], Topics = topics }, cancellation).ConfigureAwait(false);
            }
            catch (EthereumException problem) when (!string.Equals(problem.Code, "rpc-wrong-chain", StringComparison.Ordinal))
            {
                // Without logs the other machine's transaction has no name.
                return [];
            }
        }

        // Brings one transaction to its receipt, from wherever the journal says it is.
        private async Task CarryAsync(Passage passage, CancellationToken cancellation)
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
                    if (isThere && !_isDisputed)
                    {
                        await ElsewhereAsync(passage.Key, await passage.ElsewhereAsync(cancellation).ConfigureAwait(false) ?? new DoneElsewhere(null), cancellation).ConfigureAwait(false);
                        return null;
                    }

                    if (isWaiting && !_isDisputed && Left(started) > TimeSpan.Zero)
                    {
                        executor.OnProgress("a transaction that does the same waits to be mined; waiting for it");
                        await Task.Delay(Poll, executor.Time, cancellation).ConfigureAwait(false);
                        continue;
                    }

                    var signed = await executor._sender.SignAsync(await executor._sender.PrepareAsync(prepared.Intent with { Nonce = nonce }, cancellation).ConfigureAwait(false), prepared.Signer, cancellation).ConfigureAwait(false);
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
            if (_document.Window is { } window && executor.Time.GetUtcNow() is var now && (now < window.NotBefore || now >= window.NotAfter))
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
            if (_document.Window is null || await _client.ReceiptAsync(signed.Hash, cancellation).ConfigureAwait(false) is not null)
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
            var report = await executor._sender.BroadcastAsync(signed, cancellationToken: cancellation).ConfigureAwait(false);
            await journal.BroadcastAsync(passage.Key, signed, report).ConfigureAwait(false);
            if (!report.Answers.Any(answer => answer.Result == BroadcastResult.NonceUsed))
            {
                report.EnsureAccepted();
            }

            executor.OnProgress($"sent {signed.Hash}");
            var outcome = await executor._sender.WaitAsync(signed, new WaitOptions { Confirmations = Math.Max(1, executor.Confirmations), PollInterval = Poll, Deadline = executor.Patience }, cancellation).ConfigureAwait(false);
            switch (outcome)
            {
                case TransactionConfirmed confirmed:
                    var receipt = confirmed.Receipt;
                    await journal.MinedAsync(passage.Key, receipt).ConfigureAwait(false);
                    await executor.FileReceiptAsync(change, receipt, cancellation).ConfigureAwait(false);
                    executor.OnProgress($"mined in block {receipt.BlockNumber}");
                    if (receipt.Succeeded)
                    {
                        _receipts.Add(receipt);
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

        private async Task ElsewhereAsync(string key, DoneElsewhere done, CancellationToken cancellation)
        {
            await journal.ElsewhereAsync(key, done.Transaction).ConfigureAwait(false);
            executor.OnProgress(done.Transaction is { } by ? $"done elsewhere, by {by}" : "done elsewhere");
            await TakeElsewhereAsync(done, cancellation).ConfigureAwait(false);
        }

        private async Task TakeElsewhereAsync(DoneElsewhere done, CancellationToken cancellation)
        {
            _wasElsewhere = true;
            if (done.Transaction is { } hash && await _client.ReceiptAsync(hash, cancellation).ConfigureAwait(false) is { } receipt)
            {
                _receipts.Add(receipt);
                _elsewhere.Add(new ExecutedTransaction(hash, receipt.BlockNumber, receipt.GasUsed));
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
                reason = refused.DecodedBy(executor._errors).Message;
            }
            catch (EthereumException)
            {
                // The failure itself is certain; only its reason is not.
            }

            var what = $"{signed.Hash} was mined in block {receipt.BlockNumber} and reverted: {reason}.";
            await journal.FailedAsync(passage.Key, what).ConfigureAwait(false);
            return new ControlException("change-reverted", ExitCode.Failed, what, "Nothing was changed but the sender's gas. Plan the change again on the present state.");
        }

        private async Task<ExecutionResult> VerifyAsync(CancellationToken cancellation)
        {
            var last = _receipts.Count > 0 ? _receipts.MaxBy(receipt => (receipt.BlockNumber.Value, receipt.TransactionIndex)) : null;
            var checks = await executor.CheckAsync(_document.Expected, last is null ? BlockReference.Latest : BlockReference.At(last.BlockHash), cancellation).ConfigureAwait(false);
            if (checks.Where(check => check.Holds is null).ToList() is { Count: > 0 } unread)
            {
                throw new ControlException("reading-unknown", ExitCode.Unknown, $"The change was mined, and its effect could not be read: {string.Join("; ", unread.Select(check => $"{check.Expectation.Subject}: {check.Found}"))}.", "Run the command again; it sends nothing more and verifies.");
            }

            var undeclared = _receipts.SelectMany(receipt => receipt.Logs).Where(log => executor.Protocol.At(log.Address) is not null && !IsDeclared(log)).Select(executor.Describe).Distinct(StringComparer.Ordinal).ToList();
            AtomicFile.Write(Path.Combine(change.Folder, "verification.json"), VerificationJson(last, checks, undeclared));
            var wrong = checks.Where(check => check.Holds == false).Select(check => $"{check.Expectation.Subject} does not hold (found {check.Found})").Concat(undeclared.Select(log => $"an event that the plan did not declare: {log}")).ToList();
            if (wrong.Count > 0)
            {
                await journal.MismatchAsync(string.Join("; ", wrong)).ConfigureAwait(false);
                throw new ControlException("verification-mismatch", ExitCode.Mismatch, $"The change {change.Id} was mined and the state is not what it should be: {string.Join("; ", wrong)}.", "Look at the receipts and at the modules before anything else is sent.");
            }

            if (last is not null && await NodeAgreement.AskAsync(_client, _document.Expected, [], BlockReference.At(last.BlockHash), cancellation).ConfigureAwait(false) is { Disagreements: { Count: > 0 } disputed })
            {
                _isDisputed = true;
                Remark($"FINDING the nodes disagree on the effect: {Some(disputed)}");
            }

            await journal.VerifiedAsync(last?.BlockNumber, last?.BlockHash).ConfigureAwait(false);
            return _wasElsewhere
                ? Result(ExecutionEnd.ExecutedElsewhere, await executor.CheckAsync(_document.Expected, BlockReference.Latest, cancellation).ConfigureAwait(false))
                : Result(ExecutionEnd.Verified, checks);
        }

        private bool IsDeclared(LogEntry log) =>
            log.Topics.Count > 0 && _document.Effects.Any(effect => effect.Target == log.Address && effect.Emits.Any(signature => Keccak256.Hash(signature) == log.Topics[0]));

        private ExecutionResult Result(ExecutionEnd end, IReadOnlyList<CheckedExpectation> checks) =>
            new(end, end == ExecutionEnd.NothingToDo ? [] : [.. journal.Mined.Concat(_elsewhere).DistinctBy(transaction => transaction.Hash)], checks) { Remarks = _remarks, WasReorganised = _wasReorganised, IsDisputed = _isDisputed, IsUnread = _isUnread };

        private byte[] VerificationJson(TransactionReceipt? last, IReadOnlyList<CheckedExpectation> checks, IReadOnlyList<string> undeclared)
        {
            var verification = new JsonObject
            {
                ["version"] = 1,
                ["change"] = _document.Digest().ToString(),
                ["block"] = last?.BlockNumber.ToString(),
                ["blockHash"] = last?.BlockHash.ToString(),
                ["transaction"] = last?.TransactionHash.ToString(),
                ["transactions"] = new JsonArray([.. _receipts.Select(receipt => (JsonNode)JsonValue.Create(receipt.TransactionHash.ToString()))]),
                ["elsewhere"] = _wasElsewhere,
                ["expected"] = new JsonArray([.. checks.Select(check => (JsonNode)new JsonObject { ["subject"] = check.Expectation.Subject, ["holds"] = check.Holds, ["found"] = check.Found })]),
                ["events"] = new JsonArray([.. _receipts.SelectMany(receipt => receipt.Logs).Select(log => (JsonNode)JsonValue.Create(executor.Describe(log)))]),
                ["undeclared"] = new JsonArray([.. undeclared.Select(log => (JsonNode)JsonValue.Create(log))]),
            };
            return Encoding.UTF8.GetBytes(verification.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        }
    }

    private EthereumClient Client => client;

    private Protocol Protocol => protocol;

    private TimeProvider Time => time;

    private Task<IReadOnlyList<CheckedExpectation>> CheckAsync(IReadOnlyList<Expectation> expectations, BlockReference block, CancellationToken cancellation) => StateCheck.ReadAsync(client, expectations, block, cancellation);

    private async Task FileReceiptAsync(FiledChange change, TransactionReceipt receipt, CancellationToken cancellation)
    {
        // As the node gives it, so that it can be compared with any other node's.
        var raw = await client.RequestAsync("eth_getTransactionReceipt", writer => writer.WriteStringValue(receipt.TransactionHash.ToString()), cancellation).ConfigureAwait(false);
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            raw.WriteTo(writer);
        }

        AtomicFile.Write(workspace.Locate("storage", "receipts", change.Document.Network, receipt.TransactionHash + ".json"), [.. buffer.ToArray(), (byte)'\n']);
    }

    private string Describe(LogEntry log)
    {
        var emitter = protocol.At(log.Address)?.Name ?? log.Address.ToString();
        Bytes32[] topics = [.. log.Topics];
        var abi = protocol.At(log.Address)?.Abi ?? ContractAbi.Merge([SafeAbi.Safe, RouteCalls.Timelock]);
        return abi.TryEvent(topics, out var known) ? $"{emitter}.{known.Name}({known.Decode(topics, log.Data.Span)})" : $"{emitter}: unknown event {(topics.Length > 0 ? topics[0].ToString() : "without topics")}";
    }
}
