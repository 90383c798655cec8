using System.Numerics;
using AgiJobs.Arena.Agents;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Arena.Tests.Agents;

/// <summary>A chain that is as the test says, and notes what was signed and sent.</summary>
internal sealed class ScriptedChain : IAgentChain
{
    public static readonly Address Me = Named("me");

    private ulong _block = 100;

    public Address Account => Me;

    public ChainId Chain => ChainId.Local;

    public Address Arena { get; } = Named("arena");

    public Bytes32 Genesis { get; } = Keccak256.Hash("genesis");

    public bool IsPaused { get; set; }

    public Wei Owed { get; set; }

    public long Time { get; set; }

    public Dictionary<long, RoundState> Rounds { get; } = [];

    public Dictionary<long, ParticipantState> Mine { get; } = [];

    public Dictionary<Address, ParticipantState> Students { get; } = [];

    public int Looks { get; private set; }

    public List<ArenaAct> Signed { get; } = [];

    public List<SignedAct> Sent { get; } = [];

    public Func<SignedAct, ActEnd> Ends { get; set; } = _ => ActEnd.Succeeded;

    public Action<SignedAct> OnSend { get; set; } = _ => { };

    public static Address Named(string name) => Keccak256.Hash(name).ToBytes() is var hash ? new Address(hash.AsSpan(12)) : default;

    public static ParticipantState Seated(Seat seat, bool joined = true, int index = 0, Bytes32 commitment = default, Bytes32? disclosed = null) =>
        new(seat, joined, disclosed is not null, HasMisbehaved: false, index, commitment, disclosed ?? Bytes32.Zero, Wei.Zero);

    public void At(long id, RoundPhase phase, Seat seat, Bytes32 taskHash = default, IReadOnlyList<Address>? students = null, bool joined = true, Bytes32 commitment = default, Bytes32? disclosed = null, int difficulty = 10)
    {
        Rounds[id] = new RoundState
        {
            Id = id,
            Phase = phase,
            PhaseEndsAt = 3_600,
            Difficulty = difficulty,
            Answers = 0,
            RevealedAnswers = 0,
            Votes = 0,
            RevealedVotes = 0,
            SuccessRateBps = 0,
            EndedAt = 0,
            Teacher = Named("teacher"),
            Winners = BigInteger.Zero,
            TaskHash = taskHash,
            Students = students ?? [],
            Validators = [],
            CommitteeSize = 3,
        };
        Mine[id] = Seated(seat, joined, commitment: commitment, disclosed: disclosed);
        _block++;
    }

    public Task<AgentSight> LookAsync(long after, IReadOnlyCollection<long> rounds, CancellationToken cancellation)
    {
        Looks++;
        var shown = Rounds.Where(entry => entry.Key > after || rounds.Contains(entry.Key)).ToDictionary();
        return Task.FromResult(new AgentSight(
            new ArenaState
            {
                Block = new BlockNumber(_block),
                BlockHash = Keccak256.Hash("block"),
                BlockTime = DateTimeOffset.UnixEpoch,
                IsPaused = IsPaused,
                ProtocolTime = Time,
                TotalRounds = Rounds.Keys.DefaultIfEmpty().Max(),
                LiveRounds = Rounds.Count,
                Difficulty = 10,
                MaxDifficultyStep = 100,
                TargetSuccessRateBps = 5_000,
                CommitteeSize = 3,
                ValidatorStake = Wei.Zero,
                RewardOfRound = Wei.Zero,
                Rounds = shown,
            },
            shown.Keys.ToDictionary(id => id, id => Mine[id]),
            Owed));
    }

    public Task<IReadOnlyDictionary<Address, ParticipantState>> StudentsAsync(RoundState round, CancellationToken cancellation) => Task.FromResult<IReadOnlyDictionary<Address, ParticipantState>>(Students);

    public Task<SignedAct> SignAsync(ArenaAct act, CancellationToken cancellation)
    {
        Signed.Add(act);
        byte[] raw = [1, (byte)Signed.Count];
        return Task.FromResult(new SignedAct(act.Key, Keccak256.Hash(raw), raw));
    }

    public Task SendAsync(SignedAct act, CancellationToken cancellation)
    {
        OnSend(act);
        Sent.Add(act);
        return Task.CompletedTask;
    }

    public Task<ActFate> FateAsync(SignedAct act, CancellationToken cancellation) => Task.FromResult(new ActFate(Ends(act), new BlockNumber(_block), "as the script says"));
}
