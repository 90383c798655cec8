using System.Numerics;
using AgiJobs.Arena.Orchestration;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Storage;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Arena.Tests.Orchestration;

/// <summary>A round's people on a local network, played by the test: what each would do is done for it as soon as the chain lets it.</summary>
internal sealed class ArenaScene(TestNetwork devnet, EthereumClient client) : IPresence
{
    private readonly ArenaContract _arena = new(devnet.Client, devnet.Protocol);

    public ArenaContract Arena { get; } = new(client, devnet.Protocol);

    /// <summary>Accounts that do nothing at a step: <c>agent-1:reveal</c>.</summary>
    public HashSet<string> Silent { get; } = new(StringComparer.Ordinal);

    /// <summary>Votes of validators; without one it is that of who approves every student.</summary>
    public Dictionary<string, int> Votes { get; } = new(StringComparer.Ordinal);

    public IReadOnlyList<string> Teachers { get; init; } = ["agent-3"];

    public IReadOnlyList<string> Students { get; init; } = ["agent-1", "agent-2"];

    public IReadOnlyList<string> Validators { get; init; } = ["validator-1", "validator-2", "validator-3"];

    public Task<IReadOnlyList<PresentAgent>> PresentAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<PresentAgent>>(
    [
        .. Teachers.Select(name => Agent(name, Seat.Teacher)),
        .. Students.Select(name => Agent(name, Seat.Student)),
        .. Validators.Select(name => Agent(name, Seat.Validator)),
    ]);

    /// <summary>Every one does what is due in the newest round.</summary>
    public async Task PlayAsync(long roundId)
    {
        var state = await _arena.ReadAsync([roundId]);
        var round = state.Rounds[roundId];
        if (state.IsPaused || !round.IsLive)
        {
            return;
        }

        var block = await PinnedBlock.AtAsync(devnet.Client, BlockReference.Latest);
        var people = await _arena.ParticipantsAsync(block, roundId, [.. Teachers.Concat(Students).Concat(Validators).Select(Account)]);
        switch (round.Phase)
        {
            case RoundPhase.Registration:
                await EachAsync(Teachers, "publish", person => !person.HasJoined && person.Seat == Seat.Teacher, _ => _arena.Publish(roundId, Keccak256.Hash("task"), "test:task"));
                await EachAsync(Students, "join", person => !person.HasJoined && person.Seat == Seat.Student, _ => _arena.Join(roundId));
                await EachAsync(Validators, "join", person => !person.HasJoined && person.Seat == Seat.Validator, _ => _arena.Join(roundId));
                break;
            case RoundPhase.Answering:
                await EachAsync(Students, "commit", person => person.HasJoined && person.Commitment == Bytes32.Zero, name => _arena.CommitAnswer(roundId, RoundCommitment.OfAnswer(_arena.Chain, _arena.Address, roundId, Account(name), Answer(name), Salt(name))));
                break;
            case RoundPhase.Revealing:
                await EachAsync(Students, "reveal", person => person.Commitment != Bytes32.Zero && !person.HasRevealed, name => _arena.RevealAnswer(roundId, Answer(name), Salt(name), $"test:{name}"));
                break;
            case RoundPhase.Voting:
                await EachAsync(Validators, "vote", person => person.HasJoined && person.Commitment == Bytes32.Zero, name => _arena.CommitVote(roundId, RoundCommitment.OfVote(_arena.Chain, _arena.Address, roundId, Account(name), Vote(name, round), Salt(name))));
                break;
            default:
                await EachAsync(Validators, "count", person => person.Commitment != Bytes32.Zero && !person.HasRevealed, name => _arena.RevealVote(roundId, Vote(name, round), Salt(name)));
                break;
        }

        async Task EachAsync(IEnumerable<string> names, string step, Func<ParticipantState, bool> isDue, Func<string, byte[]> call)
        {
            foreach (var name in names.Where(name => !Silent.Contains($"{name}:{step}") && isDue(people[Account(name)])))
            {
                await devnet.SendMinedAsync(Account(name), _arena.Address, call(name));
            }
        }
    }

    public Address Account(string name) => devnet.Accounts[name].Address;

    public static Bytes32 Answer(string name) => Keccak256.Hash($"answer of {name}");

    /// <summary>An orchestrator of this scene on a store; <paramref name="rpc"/> is what it sees of the chain.</summary>
    public Orchestrator NewOrchestrator(EthereumClient rpc, IStateStore store, IStandings standings, string holder = "test", long lastRun = 1, TimeProvider? time = null) => new(
        rpc,
        new ArenaContract(rpc, devnet.Protocol),
        new Eligibility(rpc, devnet.Protocol),
        this,
        standings,
        store,
        devnet.Accounts["orchestrator"],
        new OrchestratorOptions { Network = TestNetwork.Network, Holder = holder, LastRun = lastRun },
        time ?? TimeProvider.System);

    private static Bytes32 Salt(string name) => Keccak256.Hash($"salt of {name}");

    private PresentAgent Agent(string name, params Seat[] seats) => new(Account(name), new HashSet<Seat>(seats), []);

    private BigInteger Vote(string name, RoundState round) => Votes.TryGetValue(name, out var vote) ? vote : (BigInteger.One << round.Students.Count) - 1;
}

/// <summary>Standings that only count.</summary>
internal sealed class CountedStandings : IStandings
{
    public List<string> Ended { get; } = [];

    public List<string> Published { get; } = [];

    public Task RestoreAsync(CancellationToken cancellation) => Task.CompletedTask;

    public Task FollowAsync(Lease fence, ArenaState arena, IReadOnlySet<long> own, CancellationToken cancellation) => Task.CompletedTask;

    public Task<int> NextDifficultyAsync(ArenaState arena, CancellationToken cancellation) => Task.FromResult(arena.Difficulty + 1);

    public Task<StateCommit> AfterAsync(RunRecord run, RoundChronicle? round, RunEnded ended, ArenaState arena, CancellationToken cancellation)
    {
        Ended.Add(run.Id);
        return Task.FromResult(new StateCommit { Documents = [new DocumentWrite("test/ended", run.Id, "{}", 0)] });
    }

    public Task PublishAsync(RunRecord run, CancellationToken cancellation)
    {
        Published.Add(run.Id);
        return Task.CompletedTask;
    }
}

/// <summary>A store whose process dies at one of its commits: before it, or after it and before anybody hears of it.</summary>
internal sealed class DyingStore(IStateStore store, int commit, bool isAfter) : IStateStore
{
    private int _commits;

    public bool HasDied { get; private set; }

    public async Task<long> CommitAsync(StateCommit commit1, CancellationToken cancellationToken = default)
    {
        if (HasDied || (++_commits == commit && !isAfter))
        {
            HasDied = true;
            throw new ProcessDiedException();
        }

        var position = await store.CommitAsync(commit1, cancellationToken);
        if (_commits == commit)
        {
            HasDied = true;
            throw new ProcessDiedException();
        }

        return position;
    }

    public Task<IReadOnlyList<StoredEvent>> ReadAsync(string stream, long after = 0, int limit = int.MaxValue, CancellationToken cancellationToken = default) => store.ReadAsync(stream, after, limit, cancellationToken);

    public Task<IReadOnlyList<StoredEvent>> ReadAllAsync(string prefix, long afterPosition = 0, int limit = int.MaxValue, CancellationToken cancellationToken = default) => store.ReadAllAsync(prefix, afterPosition, limit, cancellationToken);

    public Task<StoredDocument?> GetAsync(string collection, string key, CancellationToken cancellationToken = default) => store.GetAsync(collection, key, cancellationToken);

    public Task<IReadOnlyList<StoredDocument>> ListAsync(string collection, string? afterKey = null, int limit = int.MaxValue, CancellationToken cancellationToken = default) => store.ListAsync(collection, afterKey, limit, cancellationToken);

    public Task<Lease?> TryAcquireAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken = default) => store.TryAcquireAsync(name, holder, duration, cancellationToken);

    public Task<Lease?> RenewAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken = default) => store.RenewAsync(lease, duration, cancellationToken);

    public Task ReleaseAsync(Lease lease, CancellationToken cancellationToken = default) => store.ReleaseAsync(lease, cancellationToken);

    public Task<Lease?> FindLeaseAsync(string name, CancellationToken cancellationToken = default) => store.FindLeaseAsync(name, cancellationToken);

    public Task<IReadOnlyList<OutboxMessage>> ClaimAsync(string channel, int limit, TimeSpan held, CancellationToken cancellationToken = default) => store.ClaimAsync(channel, limit, held, cancellationToken);

    public Task<bool> SettleAsync(OutboxMessage message, Delivery delivery, CancellationToken cancellationToken = default) => store.SettleAsync(message, delivery, cancellationToken);

    public Task<OutboxState> OutboxAsync(string channel, CancellationToken cancellationToken = default) => store.OutboxAsync(channel, cancellationToken);

    public Task ProbeAsync(CancellationToken cancellationToken = default) => store.ProbeAsync(cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Stands for the death of the process.</summary>
internal sealed class ProcessDiedException : Exception;
