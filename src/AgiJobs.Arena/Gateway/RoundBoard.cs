using System.Collections.Concurrent;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Arena.Gateway;

/// <summary>
/// The rounds as the gateway sees them: one read of the chain for each block, shared by all requests. A request never sees an older block than the newest of its own time, unless it says that it
/// can do with one. What cannot be read is a failure and never what was read before. Safe for use by several threads.
/// </summary>
public sealed class RoundBoard(ArenaContract arena, EthereumClient client, TimeProvider time)
{
    /// <summary>Most rounds that are listed.</summary>
    public const int Listed = 50;

    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(2);

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<Address, long> _asked = new();
    private Task<BoardState>? _running;
    private Task<BoardState>? _next;
    private (BoardState State, long At)? _known;
    private BoardReading _reading = new(0, null, null);
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The contract.</summary>
    public ArenaContract Arena => arena;

    /// <summary>What the latest look at the chain gave; it may be old where nobody looks.</summary>
    public BoardReading Latest
    {
        get
        {
            lock (_lock)
            {
                return _reading;
            }
        }
    }

    /// <summary>Looks at the chain again and again, so that those who wait for news get it.</summary>
    /// <param name="interval">How long to wait between two looks.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task WatchAsync(TimeSpan interval, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(interval, time);
        try
        {
            do
            {
                try
                {
                    _ = await ReadAsync(TimeSpan.Zero, cancellation).ConfigureAwait(false);
                }
                catch (EthereumException)
                {
                    // It is in the reading, for everybody who waits.
                }
            }
            while (await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The end.
        }
    }

    /// <summary>The arena at the newest block.</summary>
    /// <param name="age">How old the knowledge may be that a block is the newest; zero for now.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="EthereumException">The chain could not be read.</exception>
    public Task<BoardState> ReadAsync(TimeSpan age, CancellationToken cancellation = default)
    {
        lock (_lock)
        {
            if (_known is { } known && age > TimeSpan.Zero && time.GetElapsedTime(known.At) <= age)
            {
                return Task.FromResult(known.State);
            }

            // A look that is under way may have begun before the caller's own transaction was mined; the next one has not.
            if (_running is null || _running.IsCompleted)
            {
                return (_running = LookAsync()).WaitAsync(cancellation);
            }

            return (_next ??= FollowAsync(_running)).WaitAsync(cancellation);
        }
    }

    /// <summary>Waits until there is something that a reader has not seen.</summary>
    /// <param name="seen">The number of the last reading that it saw; 0 for none.</param>
    /// <param name="cancellation">Stops waiting.</param>
    public async Task<BoardReading> NextAsync(long seen, CancellationToken cancellation)
    {
        while (true)
        {
            Task news;
            lock (_lock)
            {
                if (_reading.Number > seen)
                {
                    return _reading;
                }

                news = _news.Task;
            }

            await news.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>A round at a state's block; null when there is none of that number.</summary>
    /// <exception cref="EthereumException">The chain could not be read.</exception>
    public async Task<RoundState?> RoundAsync(BoardState state, long id, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (id < 1 || id > state.Arena.TotalRounds)
        {
            return null;
        }

        if (!state.Rounds.TryGetValue(id, out var round))
        {
            round = (await arena.ReadAsync(state.Block, [id], cancellation).ConfigureAwait(false)).Rounds[id];
            _ = state.Rounds.TryAdd(id, round);
        }

        return round;
    }

    /// <summary>The newest rounds at a state's block, newest first.</summary>
    public static IReadOnlyList<RoundState> Newest(BoardState state, bool onlyLive)
    {
        ArgumentNullException.ThrowIfNull(state);
        return [.. state.Rounds.Values.Where(round => !onlyLive || round.IsLive).OrderByDescending(round => round.Id).Take(Listed)];
    }

    /// <summary>What accounts are to a round at a state's block.</summary>
    /// <exception cref="EthereumException">The chain could not be read.</exception>
    public async Task<IReadOnlyDictionary<Address, ParticipantState>> PeopleAsync(BoardState state, long round, IReadOnlyCollection<Address> accounts, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(accounts);
        var missing = accounts.Where(account => !state.People.ContainsKey((round, account))).ToList();
        foreach (var (account, participant) in await arena.ParticipantsAsync(state.Block, round, missing, cancellation).ConfigureAwait(false))
        {
            state.People[(round, account)] = participant;
        }

        return accounts.Distinct().ToDictionary(account => account, account => state.People[(round, account)]);
    }

    /// <summary>What one account is to some rounds at a state's block. It is remembered for a while, so that the next blocks' reads have it.</summary>
    /// <exception cref="EthereumException">The chain could not be read.</exception>
    public async Task<IReadOnlyDictionary<long, ParticipantState>> SeatsAsync(BoardState state, Address account, IReadOnlyCollection<long> rounds, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(rounds);
        _asked[account] = time.GetTimestamp();
        await ReadPeopleAsync(state.Block, state.People, [.. rounds.Select(round => (round, account))], cancellation).ConfigureAwait(false);
        return rounds.Distinct().ToDictionary(round => round, round => state.People[(round, account)]);
    }

    private async Task<BoardState> FollowAsync(Task<BoardState> before)
    {
        await Task.Yield();
        await ((Task)before).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_lock)
        {
            _running = _next;
            _next = null;
        }

        return await LookAsync().ConfigureAwait(false);
    }

    private async Task<BoardState> LookAsync()
    {
        await Task.Yield();
        var asked = time.GetTimestamp();
        try
        {
            var state = await PinnedBlock.ReadAsync(client, ReadBlockAsync, CancellationToken.None).ConfigureAwait(false);
            Tell(state, asked, null);
            return state;
        }
        catch (EthereumException problem)
        {
            Tell(null, asked, problem);
            throw;
        }
    }

    private void Tell(BoardState? state, long asked, EthereumException? problem)
    {
        lock (_lock)
        {
            _known = state is null ? null : (state, asked);
            if (problem is null ? ReferenceEquals(state, _reading.State) && _reading.Problem is null : _reading.Problem is not null)
            {
                return;
            }

            _reading = new BoardReading(_reading.Number + 1, state ?? _reading.State, problem);
            var news = _news;
            _news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            news.SetResult();
        }
    }

    private async Task<BoardState> ReadBlockAsync(PinnedBlock block, CancellationToken cancellation)
    {
        var before = Latest.State;
        if (before is not null && before.Arena.BlockHash == block.Header.Hash)
        {
            return before;
        }

        if (before is not null && !await ContinuesAsync(before, block, cancellation).ConfigureAwait(false))
        {
            before = null;
        }

        // What has ended stays as it is, on this branch of the chain.
        var ended = before?.Rounds.Values.Where(round => !round.IsLive).ToDictionary(round => round.Id) ?? [];
        var live = before?.Live.Select(round => round.Id).ToList() ?? [];
        var now = await arena.ReadAsync(block, live, cancellation).ConfigureAwait(false);
        var rounds = new Dictionary<long, RoundState>(now.Rounds);
        var newest = now.TotalRounds;
        await AddAsync(Range(Math.Max(1, newest - Listed + 1), newest)).ConfigureAwait(false);

        // A round that waits for long is older than those that are listed.
        for (var lowest = Math.Max(1, newest - Listed + 1); lowest > 1 && rounds.Values.Count(round => round.IsLive) < now.LiveRounds; lowest = Math.Max(1, lowest - Listed))
        {
            await AddAsync(Range(Math.Max(1, lowest - Listed), lowest - 1)).ConfigureAwait(false);
        }

        var people = new ConcurrentDictionary<(long, Address), ParticipantState>();
        var wanted = new HashSet<(long, Address)>();
        foreach (var ((round, account), participant) in before?.People ?? [])
        {
            // Nobody gets a seat after a round has begun.
            if (participant.Seat == Seat.None || ended.ContainsKey(round))
            {
                people[(round, account)] = participant;
            }
            else
            {
                wanted.Add((round, account));
            }
        }

        foreach (var account in Askers())
        {
            wanted.UnionWith(rounds.Values.Where(round => round.IsLive).Select(round => (round.Id, account)));
        }

        await ReadPeopleAsync(block, people, [.. wanted], cancellation).ConfigureAwait(false);
        return new BoardState(now, block, rounds, people);

        async Task AddAsync(IEnumerable<long> ids)
        {
            var missing = new List<long>();
            foreach (var id in ids.Where(id => !rounds.ContainsKey(id)))
            {
                if (ended.TryGetValue(id, out var known))
                {
                    rounds[id] = known;
                }
                else
                {
                    missing.Add(id);
                }
            }

            if (missing.Count > 0)
            {
                foreach (var (id, round) in (await arena.ReadAsync(block, missing, cancellation).ConfigureAwait(false)).Rounds)
                {
                    rounds[id] = round;
                }
            }
        }

        static IEnumerable<long> Range(long first, long last)
        {
            for (var id = first; id <= last; id++)
            {
                yield return id;
            }
        }
    }

    private async Task<bool> ContinuesAsync(BoardState before, PinnedBlock block, CancellationToken cancellation)
    {
        var (old, header) = (before.Arena, block.Header);
        return header.ParentHash == old.BlockHash
            || (header.Number > old.Block && (await client.BlockAsync(BlockReference.At(old.Block), cancellation).ConfigureAwait(false))?.Hash == old.BlockHash);
    }

    private async Task ReadPeopleAsync(PinnedBlock block, ConcurrentDictionary<(long Round, Address Account), ParticipantState> people, IReadOnlyList<(long Round, Address Account)> wanted, CancellationToken cancellation)
    {
        foreach (var group in wanted.Where(entry => !people.ContainsKey(entry)).GroupBy(entry => entry.Round))
        {
            foreach (var (account, participant) in await arena.ParticipantsAsync(block, group.Key, [.. group.Select(entry => entry.Account)], cancellation).ConfigureAwait(false))
            {
                people[(group.Key, account)] = participant;
            }
        }
    }

    private IEnumerable<Address> Askers()
    {
        foreach (var (account, at) in _asked)
        {
            if (time.GetElapsedTime(at) > Remembered)
            {
                _asked.TryRemove(account, out _);
            }
            else
            {
                yield return account;
            }
        }
    }
}
