using System.Globalization;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Transactions;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Orchestration;

/// <summary>
/// Plays rounds: starts them, moves them on when everybody has acted or time is over, counts them, and keeps the books. The chain decides where a round stands and the state store what was
/// sent for it; the process itself remembers nothing, so it may die at any moment. Of several orchestrators of one network the holder of the lease acts and the others wait. While the
/// arena is paused nothing is signed or sent. One call of <see cref="TickAsync"/> at a time.
/// </summary>
public sealed class Orchestrator
{
    private const ulong SearchedBlocks = 1024;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly EthereumClient _client;
    private readonly ArenaContract _arena;
    private readonly IEligibility _eligibility;
    private readonly IPresence _presence;
    private readonly IStandings _standings;
    private readonly IStateStore _store;
    private readonly ISigner _signer;
    private readonly OrchestratorOptions _options;
    private readonly TimeProvider _time;
    private readonly TransactionSender _sender;
    private readonly RunLog _log;
    private readonly OrchestratorView _view;
    private List<RunRecord>? _open;
    private Lease? _lease;
    private BlockNumber? _seen;
    private BlockNumber? _pausedIn;
    private TimeSpan _pause = FirstPause;
    private DateTimeOffset _notBefore;

    /// <summary>Takes what it works with; nothing is read yet.</summary>
    public Orchestrator(
        EthereumClient client, ArenaContract arena, IEligibility eligibility, IPresence presence, IStandings standings, IStateStore store, ISigner signer, OrchestratorOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_client, _arena, _eligibility, _presence, _standings, _store, _signer, _options, _time) = (client, arena, eligibility, presence, standings, store, signer, options, time);
        _sender = new TransactionSender(client);
        _log = new RunLog(store, options.Network, time);
        _view = new OrchestratorView(store, _log.Views, client.ChainId, options, time);
    }

    /// <summary>Is waited for after every look of <see cref="RunAsync"/>: what tells people how the orchestrator fares. It throws nothing but the cancellation.</summary>
    public Func<OrchestratorTick, CancellationToken, Task> Watch { get; init; } = (_, _) => Task.CompletedTask;

    /// <summary>Ticks until cancelled, and then gives the lease back. A chain or a store that does not answer is told in the view where it can be, and tried again.</summary>
    /// <param name="tell">Hears of each tick.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(Action<OrchestratorTick>? tell, CancellationToken cancellation)
    {
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                var tick = await AttemptAsync(cancellation).ConfigureAwait(false);
                tell?.Invoke(tick);
                await Watch(tick, cancellation).ConfigureAwait(false);
                await Task.Delay(_options.Poll, _time, cancellation).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Asked to stop.
        }
        finally
        {
            if (_lease is { } lease)
            {
                await _store.ReleaseAsync(lease, CancellationToken.None).ConfigureAwait(false);
                _lease = null;
            }
        }
    }

    /// <summary>Looks at the chain once and does what is due.</summary>
    /// <exception cref="EthereumException">The chain could not be read; nothing was decided on what was not known.</exception>
    /// <exception cref="StorageException">The state could not be read or written.</exception>
    public async Task<OrchestratorTick> TickAsync(CancellationToken cancellation)
    {
        if (!await HoldAsync(cancellation).ConfigureAwait(false))
        {
            _open = null;
            return new OrchestratorTick(OrchestratorState.StandingBy, null, 0, 0, "another orchestrator holds the lease");
        }

        if (_open is null)
        {
            _open = [.. await _log.OpenAsync(cancellation).ConfigureAwait(false)];
            await _standings.RestoreAsync(cancellation).ConfigureAwait(false);
            foreach (var run in await _log.UnpublishedAsync(cancellation).ConfigureAwait(false))
            {
                await PublishAsync(run, cancellation).ConfigureAwait(false);
            }
        }

        var sent = 0;
        var last = _seen;
        var arena = await _arena.ReadAsync([.. _open.Where(run => run.RoundId is not null).Select(run => run.RoundId!.Value)], cancellation).ConfigureAwait(false);
        for (var i = 0; i < _open.Count; i++)
        {
            _open[i] = await SettleAsync(_open[i], arena, cancellation).ConfigureAwait(false);
        }

        // What was mined since is seen with the next look.
        if (_open.Exists(run => run.RoundId is { } id && !arena.Rounds.ContainsKey(id)))
        {
            arena = await _arena.ReadAsync([.. _open.Where(run => run.RoundId is not null).Select(run => run.RoundId!.Value)], cancellation).ConfigureAwait(false);
        }

        for (var i = 0; i < _open.Count; i++)
        {
            _open[i] = await ObserveAsync(_open[i], arena, cancellation).ConfigureAwait(false);
        }

        _open.RemoveAll(run => run.Ended is not null);
        if (_seen?.Value != arena.Block.Value)
        {
            await _standings.FollowAsync(_lease!, arena, _open.Where(run => run.RoundId is not null).Select(run => run.RoundId!.Value).ToHashSet(), cancellation).ConfigureAwait(false);
        }

        string? waits = null;
        if (!arena.IsPaused)
        {
            for (var i = 0; i < _open.Count; i++)
            {
                var before = _open[i];
                _open[i] = await ActAsync(before, arena, cancellation).ConfigureAwait(false);
                sent += _open[i].Pending is not null && before.Pending is null ? 1 : 0;
            }

            var open = _open.Count;
            waits = await PlanAsync(arena, cancellation).ConfigureAwait(false);
            sent += _open.Count - open;
        }

        _seen = arena.Block;
        _pausedIn = !arena.IsPaused ? null : _pausedIn ?? await PausedInAsync(last, arena, cancellation).ConfigureAwait(false);
        var state = arena.IsPaused ? OrchestratorState.Paused : waits is not null && _open.Count == 0 ? OrchestratorState.Waiting : OrchestratorState.Running;
        var worst = _open.Where(run => run.Failures > 0).MaxBy(run => run.Failures);
        var tick = new OrchestratorTick(state, arena, _open.Count, sent, arena.IsPaused ? "the arena is paused" : waits)
        {
            PausedIn = _pausedIn,
            Failures = worst?.Failures ?? 0,
            Code = worst?.LastFailure,
        };
        await _view.ShowAsync(_lease!, tick, _open, cancellation).ConfigureAwait(false);
        return tick;
    }

    private async Task<OrchestratorTick> AttemptAsync(CancellationToken cancellation)
    {
        try
        {
            return await TickAsync(cancellation).ConfigureAwait(false);
        }
        catch (StorageException problem)
        {
            // Another one goes on, or it is not known what was written: everything is read again.
            _open = null;
            _lease = problem.Code == StorageException.FenceLost ? null : _lease;
            return new OrchestratorTick(OrchestratorState.Unknown, null, 0, 0, $"{problem.Code}: {problem.Message}") { Code = problem.Code };
        }
        catch (EthereumException problem)
        {
            return new OrchestratorTick(OrchestratorState.Unknown, null, _open?.Count ?? 0, 0, $"{problem.Code}: {problem.Message}") { Code = problem.Code };
        }
    }

    private async Task<bool> HoldAsync(CancellationToken cancellation)
    {
        var name = $"arena/{_options.Network}/orchestrator";
        if (_lease is { } held)
        {
            if (held.Until - _time.GetUtcNow() > _options.LeaseTime / 2)
            {
                return true;
            }

            _lease = await _store.RenewAsync(held, _options.LeaseTime, cancellation).ConfigureAwait(false);
            if (_lease is not null)
            {
                return true;
            }

            _open = null;
        }

        _lease = await _store.TryAcquireAsync(name, _options.Holder, _options.LeaseTime, cancellation).ConfigureAwait(false);
        return _lease is not null;
    }

    // What became of what was sent.
    private async Task<RunRecord> SettleAsync(RunRecord run, ArenaState arena, CancellationToken cancellation)
    {
        if (run.Pending is not { } pending)
        {
            return run;
        }

        var batch = _client.NewBatch();
        var receipts = pending.Attempts.ConvertAll(attempt => batch.Add(EthRequests.Receipt(attempt.Hash)));
        var known = batch.Add(EthRequests.Transaction(pending.Attempts[^1].Hash));
        var nonce = batch.Add(EthRequests.Nonce(_signer.Address, BlockReference.Latest));
        await batch.SendAsync(cancellation).ConfigureAwait(false);
        var index = receipts.FindIndex(slot => slot.Value is not null);
        if (index >= 0)
        {
            var receipt = receipts[index].Value!;
            if (arena.Block.Value + 1 < receipt.BlockNumber.Value + (ulong)_options.Confirmations)
            {
                return run;
            }

            var round = pending.Step == RunStep.Start && receipt.Succeeded ? Started(receipt) : (long?)null;
            return await _log.AppendAsync(_lease!, run, cancellation, new TransactionMined(pending.Step, pending.Attempts[index].Hash, receipt.BlockNumber.Value, receipt.GasUsed.Value, receipt.Succeeded, round)).ConfigureAwait(false);
        }

        if (nonce.Value > pending.Attempts[0].Unsigned.Nonce)
        {
            // The count is of the newest block and the receipts may be of the one before it: it is lost only when the next look finds the same.
            var again = _client.NewBatch();
            var later = pending.Attempts.ConvertAll(attempt => again.Add(EthRequests.Receipt(attempt.Hash)));
            await again.SendAsync(cancellation).ConfigureAwait(false);
            return later.Exists(slot => slot.Value is not null)
                ? run
                : await _log.AppendAsync(_lease!, run, cancellation, new TransactionLost(pending.Step, pending.Attempts[^1].Hash, $"nonce {pending.Attempts[0].Unsigned.Nonce} of {_signer.Address} was used by another transaction")).ConfigureAwait(false);
        }

        if (arena.IsPaused)
        {
            return run;
        }

        if (known.Value is null)
        {
            // Never sent because of a death in between, or forgotten by the node. The same bytes again do no harm.
            await _sender.BroadcastAsync(pending.Attempts[^1], cancellationToken: cancellation).ConfigureAwait(false);
        }
        else if (arena.Block.Value >= pending.Block + (ulong)_options.StuckAfterBlocks)
        {
            return await ReplaceAsync(run, pending, arena, cancellation).ConfigureAwait(false);
        }

        return run;
    }

    private async Task<RunRecord> ReplaceAsync(RunRecord run, PendingTransaction pending, ArenaState arena, CancellationToken cancellation)
    {
        try
        {
            var prepared = await _sender.PrepareReplacementAsync(pending.Attempts[^1], cancellationToken: cancellation).ConfigureAwait(false);
            var signed = await _sender.SignAsync(prepared, _signer, cancellation).ConfigureAwait(false);
            run = await _log.AppendAsync(_lease!, run, cancellation, Signed(pending.Step, signed, arena)).ConfigureAwait(false);
            await _sender.BroadcastAsync(signed, cancellationToken: cancellation).ConfigureAwait(false);
            return run;
        }
        catch (EthereumException problem) when (problem.Fault == Fault.Refused)
        {
            // Mined in between, or the fees are above what is allowed; the next look tells.
            return run;
        }
    }

    // What the chain says of the round.
    private async Task<RunRecord> ObserveAsync(RunRecord run, ArenaState arena, CancellationToken cancellation)
    {
        if (arena.IsPaused != run.FrozenIn is not null)
        {
            run = await _log.AppendAsync(_lease!, run, cancellation, arena.IsPaused ? new RunFrozen(arena.Block.Value) : new RunThawed(arena.Block.Value)).ConfigureAwait(false);
        }

        if (run.RoundId is not { } id || !arena.Rounds.TryGetValue(id, out var round))
        {
            return run;
        }

        if (round.Phase == RoundPhase.None || round.Teacher != run.Plan.Teacher)
        {
            return await _log.AppendAsync(_lease!, run, cancellation, new TransactionReturned(RunStep.Start, run.Start!.Hash)).ConfigureAwait(false);
        }

        if (round.Phase != run.Phase && round.IsLive)
        {
            run = await _log.AppendAsync(_lease!, run, cancellation, new PhaseSeen(round.Phase, arena.Block.Value, round.PhaseEndsAt)).ConfigureAwait(false);
        }

        return round.IsLive ? run : await EndAsync(run, round, arena, cancellation).ConfigureAwait(false);
    }

    private async Task<RunRecord> EndAsync(RunRecord run, RoundState round, ArenaState arena, CancellationToken cancellation)
    {
        var chronicle = await _arena.ChronicleAsync(round.Id, new BlockNumber(run.Plan.Block), arena.Block, cancellation).ConfigureAwait(false)
            ?? throw new EthereumException("logs-missing", Fault.Unknown, $"Round {round.Id} is {round.Phase} at block {arena.Block} and the node gives no logs of its start since block {run.Plan.Block}. Ask another node.");
        if (chronicle.Ending == RoundEnding.Open)
        {
            throw new EthereumException("logs-missing", Fault.Unknown, $"Round {round.Id} is {round.Phase} at block {arena.Block} and the node gives no log of its end. Ask another node.");
        }

        var ended = round.Phase == RoundPhase.Finalised ? new RunEnded("finalised", arena.Block.Value) : new RunEnded("voided", arena.Block.Value, run.Transactions.Any(transaction => transaction.Hash == chronicle.EndedBy) ? chronicle.WhyVoided() : "voided-elsewhere");
        return await EndAsync(run, chronicle, ended, arena, cancellation).ConfigureAwait(false);
    }

    private async Task<RunRecord> EndAsync(RunRecord run, RoundChronicle? chronicle, RunEnded ended, ArenaState arena, CancellationToken cancellation)
    {
        var besides = await _standings.AfterAsync(run, chronicle, ended, arena, cancellation).ConfigureAwait(false);
        run = await _log.EndAsync(_lease!, run, ended, besides, cancellation).ConfigureAwait(false);
        await PublishAsync(run, cancellation).ConfigureAwait(false);
        return run;
    }

    private async Task PublishAsync(RunRecord run, CancellationToken cancellation)
    {
        await _standings.PublishAsync(run, cancellation).ConfigureAwait(false);
        await _log.PublishedAsync(run, cancellation).ConfigureAwait(false);
    }

    // What is due for the round.
    private async Task<RunRecord> ActAsync(RunRecord run, ArenaState arena, CancellationToken cancellation)
    {
        if (run.Pending is not null)
        {
            return run;
        }

        if (run.RoundId is not { } id)
        {
            // A start that reverted or lost its nonce had no effect; who was drawn then may be gone now, so that lots are drawn again.
            return run.Transactions.Count > 0 || run.Log.Any(line => line.Code == "transaction-lost")
                ? await EndAsync(run, null, new RunEnded("abandoned", arena.Block.Value, "start-failed"), arena, cancellation).ConfigureAwait(false)
                : await SendAsync(run, RunStep.Start, _arena.Start(run.Plan.Difficulty, run.Plan.Teacher, run.Plan.Students, run.Plan.Validators), arena, cancellation).ConfigureAwait(false);
        }

        var round = arena.Rounds[id];
        if (!round.IsComplete && !arena.IsOver(round))
        {
            return run;
        }

        return round.Phase switch
        {
            RoundPhase.Registration => await SendAsync(run, RunStep.Close, _arena.Close(id), arena, cancellation).ConfigureAwait(false),
            RoundPhase.Answering => await SendAsync(run, RunStep.EndAnswering, _arena.Advance(id), arena, cancellation).ConfigureAwait(false),
            RoundPhase.Revealing => await SendAsync(run, RunStep.EndRevealing, _arena.Advance(id), arena, cancellation).ConfigureAwait(false),
            RoundPhase.Voting => await SendAsync(run, RunStep.EndVoting, _arena.Advance(id), arena, cancellation).ConfigureAwait(false),
            RoundPhase.Counting => await SendAsync(run, RunStep.Finalise, _arena.Finalise(id), arena, cancellation).ConfigureAwait(false),
            _ => run,
        };
    }

    private async Task<RunRecord> SendAsync(RunRecord run, RunStep step, byte[] call, ArenaState arena, CancellationToken cancellation)
    {
        SignedTransaction signed;
        try
        {
            var prepared = await _sender.PrepareAsync(new TransactionIntent { From = _signer.Address, To = _arena.Address, Data = call, Abi = _arena.Errors }, cancellation).ConfigureAwait(false);
            signed = await _sender.SignAsync(prepared, _signer, cancellation).ConfigureAwait(false);
        }
        catch (EthereumException problem) when (problem.Fault is Fault.Refused)
        {
            // Told once for each reason in a row, and tried again: the round lives on chain whatever happens here.
            if (run.LastFailure == problem.Code && run.Failures > 0)
            {
                return run;
            }

            run = await _log.AppendAsync(_lease!, run, cancellation, new RunFailed(problem.Code, problem.Message, arena.Block.Value)).ConfigureAwait(false);
            return step == RunStep.Start ? await EndAsync(run, null, new RunEnded("abandoned", arena.Block.Value, problem.Code), arena, cancellation).ConfigureAwait(false) : run;
        }

        // Pausing is looked for once more between the decision and the signature's use: what is not in the log is never sent.
        if ((await _client.CallAsync(new CallRequest { To = _arena.Address, Data = _arena.Abi.Function("paused").Encode() }, BlockReference.Pending, cancellation).ConfigureAwait(false)) is [.., not 0])
        {
            return run;
        }

        run = await _log.AppendAsync(_lease!, run, cancellation, Signed(step, signed, arena)).ConfigureAwait(false);
        await _sender.BroadcastAsync(signed, cancellationToken: cancellation).ConfigureAwait(false);
        return run;
    }

    // Why no round was planned; null when one was, or enough are under way.
    private async Task<string?> PlanAsync(ArenaState arena, CancellationToken cancellation)
    {
        if (_open!.Count >= _options.Concurrency || (_options.LastRun is { } last && await _log.PlannedAsync(cancellation).ConfigureAwait(false) >= last))
        {
            return null;
        }

        if (_time.GetUtcNow() < _notBefore)
        {
            return "the last round could not be started; it is tried again after a while";
        }

        var busy = _open.SelectMany(run => (IEnumerable<Address>)[run.Plan.Teacher, .. run.Plan.Students, .. run.Plan.Validators]).ToHashSet();
        var present = (await _presence.PresentAsync(cancellation).ConfigureAwait(false)).Where(agent => !busy.Contains(agent.Address)).ToList();
        var eligible = await _eligibility.OfAsync(present, arena, cancellation).ConfigureAwait(false);
        if (RoundDraw.Draw(eligible, arena.CommitteeSize, _options.Students, arena.BlockHash) is not { } drawn)
        {
            return string.Create(CultureInfo.InvariantCulture, $"not enough agents: {present.Count} are there and free, {eligible.Count(entry => entry.Seat == Seat.Teacher)} could teach, {eligible.Count(entry => entry.Seat == Seat.Student)} could answer and {eligible.Count(entry => entry.Seat == Seat.Validator)} could judge; a round needs 1, 1 and {arena.CommitteeSize}");
        }

        var difficulty = await _standings.NextDifficultyAsync(arena, cancellation).ConfigureAwait(false);
        var run = await _log.PlanAsync(_lease!, id => new RunPlanned(id, arena.Block.Value, arena.BlockHash, difficulty, drawn.Teacher, drawn.Students, drawn.Validators), cancellation).ConfigureAwait(false);
        run = await ActAsync(run, arena, cancellation).ConfigureAwait(false);
        if (run.Ended is not null)
        {
            // What refuses one start refuses the next, until somebody mends it.
            _notBefore = _time.GetUtcNow() + _pause;
            _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
            return $"the round could not be started: {run.Log[^2].Message}";
        }

        _pause = FirstPause;
        _open.Add(run);
        return null;
    }

    // The block that the pause was mined in; where the node does not tell, none is guessed.
    private async Task<BlockNumber?> PausedInAsync(BlockNumber? last, ArenaState arena, CancellationToken cancellation)
    {
        var from = last is { } seen && seen < arena.Block ? seen.Value : arena.Block.Value > SearchedBlocks ? arena.Block.Value - SearchedBlocks : 0;
        var logs = await _client.LogsAsync(
            new LogFilter { From = BlockReference.At(new BlockNumber(from)), To = BlockReference.At(arena.Block), Addresses = [_arena.Address], Topics = [[_arena.Abi.Event("Paused").Topic0!.Value]] },
            cancellation).ConfigureAwait(false);
        return logs.Count > 0 ? logs[^1].BlockNumber : null;
    }

    private long Started(TransactionReceipt receipt)
    {
        var started = _arena.Abi.Event("RoundStarted");
        var log = receipt.Logs.FirstOrDefault(entry => entry.Address == _arena.Address && entry.Topics.Count > 0 && entry.Topics[0] == started.Topic0)
            ?? throw new EthereumException("logs-missing", Fault.Unknown, $"The node gives a receipt of {receipt.TransactionHash} that succeeded and tells of no round. Ask another node.");
        return (long)started.Decode([.. log.Topics], log.Data.Span)["roundId"].AsInteger();
    }

    private static TransactionSigned Signed(RunStep step, SignedTransaction signed, ArenaState arena) =>
        new(step, arena.Block.Value, signed.Hash, signed.Unsigned.Nonce, signed.Raw.ToArray());
}
