using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using AgiJobs.Arena.Rounds;
using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Tasks;

namespace AgiJobs.Arena.Agents;

/// <summary>
/// An agent that can take any seat. What it may do it reads from the chain; the gateway keeps what does not belong there (tasks, answers), wakes it by its events, and is believed nothing: a task must have the chain's digest, an
/// answer the digest that its student revealed, and a phase or <c>todo</c> that the chain does not show is logged and not followed. Whatever a reveal needs, and the bytes of each transaction, are in the state file before the
/// transaction is sent, and one transaction is brought to its end before the next is signed, so that an agent that is killed at any moment goes on where it was and sends nothing twice. While the arena is
/// paused it sends nothing. Not for use by several threads.
/// </summary>
public sealed partial class ReferenceAgent
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan SettlingTime = TimeSpan.FromSeconds(30);

    // The newest rounds are looked at again: a reorganisation may give them other guests.
    private const int LookedAtAgain = 3;

    private readonly AgentOptions _options;
    private readonly IReadOnlyList<ITaskFamily> _families;
    private readonly IAgentChain _chain;
    private readonly IAgentGateway _gateway;
    private readonly AgentNotebook _notes;
    private readonly AgentLog _log;
    private readonly TimeProvider _time;
    private readonly Func<Bytes32> _salt;
    private readonly HashSet<long> _live = [];
    private readonly Dictionary<string, Retry> _retries = new(StringComparer.Ordinal);
    private readonly Channel<GatewayEvent> _told = Channel.CreateBounded<GatewayEvent>(new BoundedChannelOptions(64) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly List<GatewayEvent> _heard = [];
    private DateTimeOffset? _announcedAt;
    private (BlockNumber Block, DateTimeOffset At)? _settled;
    private bool _isPaused;

    /// <summary>Makes one.</summary>
    /// <param name="options">What kind of agent.</param>
    /// <param name="chain">The chain, for its account.</param>
    /// <param name="gateway">The gateway.</param>
    /// <param name="notes">Its state file.</param>
    /// <param name="log">Where it tells what it does.</param>
    /// <param name="time">The clock.</param>
    /// <param name="salt">Draws 32 bytes that nobody can guess; null for the system's source.</param>
    /// <exception cref="ControlException"><c>family-unknown</c>.</exception>
    public ReferenceAgent(AgentOptions options, IAgentChain chain, IAgentGateway gateway, AgentNotebook notes, AgentLog log, TimeProvider time, Func<Bytes32>? salt = null)
    {
        _options = options;
        _chain = chain;
        _gateway = gateway;
        _notes = notes;
        _log = log;
        _time = time;
        _salt = salt ?? (() => new Bytes32(RandomNumberGenerator.GetBytes(Bytes32.Size)));
        _families = options.Families.Count == 0
            ? TaskFamilies.All
            : [.. options.Families.Select(name => TaskFamilies.Find(name) ?? throw new ControlException("family-unknown", ExitCode.BadInput, $"There is no task family '{name}'.", $"The families are {string.Join(", ", TaskFamilies.All.Select(family => family.Name))}."))];
        _live.UnionWith(notes.File.Rounds.Select(round => round.Id));
    }

    /// <summary>Works until it is cancelled. What goes wrong with chain or gateway is logged and tried again.</summary>
    /// <exception cref="ControlException">What it cannot go on with: its state cannot be written, the gateway is of another network.</exception>
    /// <exception cref="ChainReplacedException">Its notes are about a chain that is gone.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        _log.Info("agent-started", string.Create(CultureInfo.InvariantCulture, $"{_chain.Account} as {string.Join(", ", _options.Seats)}, {_options.Behaviour}, {_options.Skill} steps; arena {_chain.Arena} on chain {_chain.Chain}"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var listening = ListenAsync(stop.Token);
        var pause = _options.Poll;
        try
        {
            while (true)
            {
                try
                {
                    await StepAsync(cancellation).ConfigureAwait(false);
                    pause = _options.Poll;
                }
                catch (EthereumException problem)
                {
                    _log.Warn(problem.Code, problem.Message);
                    pause = Longer(pause);
                }

                await WaitAsync(pause, cancellation).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _log.Info("agent-stopped", "What was begun goes on when the agent is started again.");
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await listening.ConfigureAwait(false);
        }
    }

    /// <summary>Looks once and does what is to be done.</summary>
    /// <exception cref="EthereumException">The chain could not be read; nothing was done.</exception>
    /// <exception cref="ControlException">As for <see cref="RunAsync"/>.</exception>
    public async Task StepAsync(CancellationToken cancellation)
    {
        var sight = await _chain.LookAsync(Math.Max(0, _notes.File.SeenRounds - LookedAtAgain), _live, cancellation).ConfigureAwait(false);
        var arena = sight.Arena;
        HoldAgainst(sight);
        if (_isPaused != arena.IsPaused)
        {
            _isPaused = arena.IsPaused;
            _log.Info(_isPaused ? "arena-paused" : "arena-resumed", $"Seen at block {arena.Block}.{(_isPaused ? " Nothing is sent until it is resumed." : "")}");
        }

        if (_isPaused)
        {
            return;
        }

        // A node that lags behind shows the state before what was done last.
        if (_settled is { } settled && arena.Block < settled.Block && _time.GetUtcNow() - settled.At < SettlingTime)
        {
            return;
        }

        Remember(sight);
        if (!await SettleAsync(cancellation).ConfigureAwait(false))
        {
            return;
        }

        await AnnounceAsync(sight, cancellation).ConfigureAwait(false);
        foreach (var id in _live.Order().ToList())
        {
            if (sight.Mine.TryGetValue(id, out var mine) && arena.Rounds.TryGetValue(id, out var round) && !arena.IsOver(round) && !await TryAsync(arena, round, mine, cancellation).ConfigureAwait(false))
            {
                return;
            }
        }

        if (sight.Owed > Wei.Zero && (_notes.File.ClaimedAt is not { } claimed || _time.GetUtcNow() - claimed >= _options.ClaimEvery) && MayTry(new ClaimReward().Key))
        {
            await AttemptAsync(new ClaimReward().Key, async () =>
            {
                await PerformAsync(new ClaimReward(), cancellation).ConfigureAwait(false);
                _notes.Claim(_time.GetUtcNow());
            }).ConfigureAwait(false);
        }
    }

    // False when a transaction is on its way, so that nothing else can be sent.
    private async Task<bool> TryAsync(ArenaState arena, RoundState round, ParticipantState mine, CancellationToken cancellation)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"{round.Id}/{round.Phase}");
        if (MayTry(key))
        {
            await AttemptAsync(key, async () =>
            {
                if (await DecideAsync(arena, round, mine, cancellation).ConfigureAwait(false) is { } act)
                {
                    await PerformAsync(act, cancellation).ConfigureAwait(false);
                }
            }).ConfigureAwait(false);
        }

        return _notes.File.Pending is null;
    }

    private bool MayTry(string key) => !_retries.TryGetValue(key, out var retry) || _time.GetUtcNow() >= retry.NotBefore;

    private async Task AttemptAsync(string key, Func<Task> attempt)
    {
        try
        {
            await attempt().ConfigureAwait(false);
            _retries.Remove(key);
        }
        catch (Exception problem) when (problem is EthereumException or GatewayException)
        {
            var code = problem is GatewayException refused ? refused.Code : CodeOf((EthereumException)problem);
            var before = _retries.GetValueOrDefault(key);
            var pause = before is null ? FirstRetry : Longer(before.Pause);
            _retries[key] = new Retry(code, pause, _time.GetUtcNow() + pause);
            if (before is null || !string.Equals(before.Code, code, StringComparison.Ordinal))
            {
                _log.Warn(code, $"{key}: {problem.Message}");
            }
        }
    }

    // The contract's own name for a refusal says more than that it refused.
    private static string CodeOf(EthereumException problem) => problem.InnerException is RevertException { Reason.Error: { } error } ? error.Name : problem.Code;

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 < LongestRetry ? pause * 2 : LongestRetry;

    /// <summary>Signs, notes and sends one act, and waits a little for its end.</summary>
    internal async Task PerformAsync(ArenaAct act, CancellationToken cancellation)
    {
        var signed = await _chain.SignAsync(act, cancellation).ConfigureAwait(false);
        _notes.Pend(signed);
        await _chain.SendAsync(signed, cancellation).ConfigureAwait(false);
        _ = await SettleAsync(cancellation).ConfigureAwait(false);
    }

    // False while the end of what was sent is not known.
    private async Task<bool> SettleAsync(CancellationToken cancellation)
    {
        if (_notes.File.Pending is not { } pending)
        {
            return true;
        }

        var act = new SignedAct(pending.Act, pending.Hash, pending.Raw);
        var fate = await _chain.FateAsync(act, cancellation).ConfigureAwait(false);
        switch (fate.End)
        {
            case ActEnd.Waiting:
                return false;
            case ActEnd.Unsent:
                await _chain.SendAsync(act, cancellation).ConfigureAwait(false);
                _log.Info("sent-again", $"{act.Key}: the same bytes; {fate.Detail}");
                return false;
            case ActEnd.Succeeded:
                _log.Info(act.Key[(act.Key.IndexOf('/', StringComparison.Ordinal) + 1)..], $"{act.Key}: {fate.Detail}");
                break;
            case ActEnd.Reverted:
                _log.Warn("reverted", $"{act.Key}: {fate.Detail}");
                break;
            default:
                _log.Error("nonce-taken", $"{act.Key}: {fate.Detail}. Another program uses this agent's key.");
                break;
        }

        _notes.Pend(null);
        _settled = fate.Block is { } block ? (block, _time.GetUtcNow()) : _settled;
        return true;
    }

    private async Task AnnounceAsync(AgentSight sight, CancellationToken cancellation)
    {
        var now = _time.GetUtcNow();
        if ((_announcedAt is { } last && now - last < _options.AnnounceEvery)
            || (_options.Behaviour == AgentBehaviour.Offline && sight.Mine.Any(entry => entry.Value.HasJoined && sight.Arena.Rounds[entry.Key].IsLive))
            || !MayTry("announce"))
        {
            return;
        }

        await AttemptAsync("announce", async () =>
        {
            await _gateway.AnnounceAsync(_options.Seats, [.. _families.Select(family => family.Name)], cancellation).ConfigureAwait(false);
            _announcedAt = now;
        }).ConfigureAwait(false);
    }

    private void Remember(AgentSight sight)
    {
        foreach (var (id, round) in sight.Arena.Rounds)
        {
            if (!round.IsLive)
            {
                _live.Remove(id);
            }
            else if (_live.Add(id))
            {
                _log.Info("invited", string.Create(CultureInfo.InvariantCulture, $"round {id} of difficulty {round.Difficulty} as {sight.Mine[id].Seat}"));
            }
        }

        // A round whose number is looked at and that has no seat for this account any more is another round now.
        _live.RemoveWhere(id => !sight.Mine.ContainsKey(id) && id <= sight.Arena.TotalRounds);
        _notes.See(sight.Arena.TotalRounds);
    }

    // The chain is what counts; that the gateway says something else is worth a line.
    private void HoldAgainst(AgentSight sight)
    {
        Hear();
        foreach (var told in _heard)
        {
            if (told.Round is { } id && sight.Arena.Rounds.TryGetValue(id, out var round) && told.Phase is { } phase && !phase.Equals(round.Phase.ToString(), StringComparison.OrdinalIgnoreCase))
            {
                _log.Info("gateway-differs", $"round {id}: the gateway says {phase} and {told.Todo ?? "nothing"}, the chain {round.Phase} at block {sight.Arena.Block}");
            }
        }

        _heard.Clear();
    }

    private void Hear()
    {
        while (_told.Reader.TryRead(out var told))
        {
            _heard.Add(told);
        }
    }

    private async Task ListenAsync(CancellationToken cancellation)
    {
        try
        {
            await foreach (var told in _gateway.EventsAsync(cancellation).ConfigureAwait(false))
            {
                _ = _told.Writer.TryWrite(told);
            }
        }
        catch (OperationCanceledException)
        {
            // The agent stops.
        }
    }

    private async Task WaitAsync(TimeSpan pause, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(pause, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            // What woke it is taken, so that it wakes it once, also when nothing can be done about it: paused, or behind a node that does not answer.
            _ = await _told.Reader.WaitToReadAsync(either.Token).ConfigureAwait(false);
            Hear();
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Nothing woke it.
        }
    }

    // What follows from seed, account, round and purpose alone.
    private ulong Draw(long round, string purpose) =>
        BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{_options.Seed}/{_chain.Account}/{round}/{purpose}"))));

    private sealed record Retry(string Code, TimeSpan Pause, DateTimeOffset NotBefore);
}
