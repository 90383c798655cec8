using System.Globalization;
using System.Numerics;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Arena.Rounds;

/// <summary>The SelfPlayArena of one network: its reads at a pinned block and the calls that participants and the orchestrator make. Sends nothing. Safe for use by several threads.</summary>
public sealed class ArenaContract
{
    private const string ModuleName = "SelfPlayArena";

    private readonly EthereumClient _client;

    /// <summary>Names the arena of a protocol.</summary>
    /// <exception cref="AgiJobs.Control.ControlException">When the description has no module of that name.</exception>
    public ArenaContract(EthereumClient client, Protocol protocol)
        : this(client, protocol[ModuleName].Address, protocol[ModuleName].Abi, protocol[ModuleName].Since)
    {
        Errors = protocol.Abi;
    }

    /// <summary>Names an arena by its address.</summary>
    public ArenaContract(EthereumClient client, Address address, ContractAbi abi, BlockNumber since)
    {
        _client = client;
        Address = address;
        Abi = abi;
        Since = since;
        Errors = abi;
    }

    /// <summary>Its address.</summary>
    public Address Address { get; }

    /// <summary>Its ABI.</summary>
    public ContractAbi Abi { get; }

    /// <summary>The block that it was deployed in, or an earlier one.</summary>
    public BlockNumber Since { get; }

    /// <summary>The errors that its calls can end with, those of the contracts that it calls included.</summary>
    public ContractAbi Errors { get; }

    /// <summary>The chain.</summary>
    public ChainId Chain => _client.ChainId;

    /// <summary>Reads the arena and some of its rounds at the newest block, in two round trips.</summary>
    /// <exception cref="EthereumException">What could not be read; nothing is assumed in its place.</exception>
    public Task<ArenaState> ReadAsync(IReadOnlyCollection<long> rounds, CancellationToken cancellation = default) =>
        PinnedBlock.ReadAsync(_client, (block, token) => ReadAsync(block, rounds, token), cancellation);

    /// <summary>Reads the arena and some of its rounds at one block, in one round trip.</summary>
    public async Task<ArenaState> ReadAsync(PinnedBlock block, IReadOnlyCollection<long> rounds, CancellationToken cancellation = default)
    {
        var reads = block.NewReads();
        var paused = Ask("paused");
        var time = Ask("protocolTime");
        var total = Ask("totalRounds");
        var live = Ask("liveRounds");
        var difficulty = Ask("difficulty");
        var step = Ask("maxDifficultyStep");
        var target = Ask("targetSuccessRateBps");
        var committee = Ask("committeeSize");
        var stake = Ask("validatorStake");
        var rewards = ((string Reward, string Split)[])[("teacherReward", "teacherSplit"), ("studentReward", "studentSplit"), ("validatorReward", "validatorSplit")];
        var parts = Array.ConvertAll(rewards, names => (Reward: Ask(names.Reward), Split: Ask(names.Split)));
        var found = rounds.Distinct().Order().Select(id => (Id: id, Round: Ask("getRound", id), People: Ask("participantsOf", id), Rules: Ask("rulesOf", id))).ToList();
        await reads.SendAsync(cancellation).ConfigureAwait(false);
        return new ArenaState
        {
            Block = block.Header.Number,
            BlockHash = block.Header.Hash!.Value,
            BlockTime = block.Header.Timestamp,
            IsPaused = paused.Value[0].AsBoolean(),
            ProtocolTime = Long(time),
            TotalRounds = Long(total),
            LiveRounds = Long(live),
            Difficulty = (int)Long(difficulty),
            MaxDifficultyStep = (int)Long(step),
            TargetSuccessRateBps = (int)Long(target),
            CommitteeSize = (int)Long(committee),
            ValidatorStake = new Wei(stake.Value[0].AsInteger()),
            RewardOfRound = new Wei(parts.Aggregate(BigInteger.Zero, (sum, part) => sum + (part.Reward.Value[0].AsInteger() * part.Split.Value[0].AsInteger() / 10_000))),
            Rounds = found.ToDictionary(entry => entry.Id, entry => Round(entry.Id, entry.Round.Value[0].AsList(), entry.People.Value, entry.Rules.Value[0].AsList())),
        };

        PinnedRead<AbiArguments> Ask(string function, params ReadOnlySpan<AbiValue> arguments) => reads.Call(Address, Abi.Function(function), arguments);

        static long Long(PinnedRead<AbiArguments> read) => (long)read.Value[0].AsInteger();
    }

    /// <summary>The events of one round as far as a block; null when its start is not among them.</summary>
    /// <param name="round">Its number.</param>
    /// <param name="from">A block not after its start.</param>
    /// <param name="to">The last block to read.</param>
    /// <param name="cancellation">Stops the read.</param>
    public async Task<RoundChronicle?> ChronicleAsync(long round, BlockNumber from, BlockNumber to, CancellationToken cancellation = default) =>
        (await ChroniclesAsync(from, to, round, cancellation).ConfigureAwait(false)).FirstOrDefault(chronicle => chronicle.Id == round);

    /// <summary>The rounds whose start lies within a range of blocks, as far as its end tells of them.</summary>
    public async Task<IReadOnlyList<RoundChronicle>> ChroniclesAsync(BlockNumber from, BlockNumber to, long? round = null, CancellationToken cancellation = default)
    {
        IReadOnlyList<Bytes32> kinds = RoundChronicle.Topics(Abi);
        var logs = await _client.LogsAsync(
            new LogFilter { From = BlockReference.At(from), To = BlockReference.At(to), Addresses = [Address], Topics = round is { } id ? [kinds, [Topic(id)]] : [kinds] },
            cancellation).ConfigureAwait(false);
        return RoundChronicle.Read(Abi, logs);
    }

    /// <summary>What accounts are to a round, at one block, in one round trip.</summary>
    public async Task<IReadOnlyDictionary<Address, ParticipantState>> ParticipantsAsync(PinnedBlock block, long round, IReadOnlyCollection<Address> accounts, CancellationToken cancellation = default)
    {
        var reads = block.NewReads();
        var found = accounts.Distinct().Select(account => (account, Read: reads.Call(Address, Abi.Function("participant"), round, account))).ToList();
        if (found.Count > 0)
        {
            await reads.SendAsync(cancellation).ConfigureAwait(false);
        }

        return found.ToDictionary(entry => entry.account, entry => Participant(entry.Read.Value[0].AsList()));
    }

    /// <summary>Starts a round: <c>startRound</c>.</summary>
    public byte[] Start(int difficulty, Address teacher, IReadOnlyList<Address> students, IReadOnlyList<Address> validators) =>
        Abi.Function("startRound").Encode(difficulty, teacher, Addresses(students), Addresses(validators));

    /// <summary>Ends the registration: <c>closeRound</c>.</summary>
    public byte[] Close(long round) => Abi.Function("closeRound").Encode(round);

    /// <summary>Ends answering, revealing or voting: <c>advanceRound</c>.</summary>
    public byte[] Advance(long round) => Abi.Function("advanceRound").Encode(round);

    /// <summary>Counts the votes: <c>finaliseRound</c>.</summary>
    public byte[] Finalise(long round) => Abi.Function("finaliseRound").Encode(round);

    /// <summary>Sets the task: <c>publishTask</c>.</summary>
    public byte[] Publish(long round, Bytes32 taskHash, string uri) => Abi.Function("publishTask").Encode(round, taskHash, uri);

    /// <summary>Accepts a seat: <c>joinRound</c>.</summary>
    public byte[] Join(long round) => Abi.Function("joinRound").Encode(round);

    /// <summary>Commits to an answer: <c>commitAnswer</c>.</summary>
    public byte[] CommitAnswer(long round, Bytes32 commitment) => Abi.Function("commitAnswer").Encode(round, commitment);

    /// <summary>Reveals an answer: <c>revealAnswer</c>.</summary>
    public byte[] RevealAnswer(long round, Bytes32 answerHash, Bytes32 salt, string uri) => Abi.Function("revealAnswer").Encode(round, answerHash, salt, uri);

    /// <summary>Commits to a vote: <c>commitVote</c>.</summary>
    public byte[] CommitVote(long round, Bytes32 commitment) => Abi.Function("commitVote").Encode(round, commitment);

    /// <summary>Reveals a vote: <c>revealVote</c>.</summary>
    public byte[] RevealVote(long round, BigInteger vote, Bytes32 salt) => Abi.Function("revealVote").Encode(round, vote, salt);

    /// <summary>Has what an account earned paid: <c>claimReward</c>.</summary>
    public byte[] Claim(Address account) => Abi.Function("claimReward").Encode(account);

    /// <summary>A round's number as an indexed topic.</summary>
    internal static Bytes32 Topic(long round) => Bytes32.FromUnsigned(round);

    private static AbiValue Addresses(IReadOnlyList<Address> accounts) => AbiValue.List([.. accounts.Select(account => (AbiValue)account)]);

    // The order of IArenaRounds.Round.
    private static RoundState Round(long id, IReadOnlyList<AbiValue> round, AbiArguments people, IReadOnlyList<AbiValue> rules) => new()
    {
        Id = id,
        Phase = (RoundPhase)(int)round[0].AsInteger(),
        PhaseEndsAt = (long)round[1].AsInteger(),
        Difficulty = (int)round[2].AsInteger(),
        Answers = (int)round[3].AsInteger(),
        RevealedAnswers = (int)round[4].AsInteger(),
        Votes = (int)round[5].AsInteger(),
        RevealedVotes = (int)round[6].AsInteger(),
        SuccessRateBps = (int)round[7].AsInteger(),
        EndedAt = (long)round[8].AsInteger(),
        Teacher = round[9].AsAddress(),
        Winners = round[10].AsInteger(),
        TaskHash = round[12].AsBytes32(),
        Students = [.. people[0].AsList().Select(account => account.AsAddress())],
        Validators = [.. people[1].AsList().Select(account => account.AsAddress())],
        CommitteeSize = (int)rules[7].AsInteger(),
    };

    internal static ParticipantState Participant(IReadOnlyList<AbiValue> participant) => new(
        (Seat)(int)participant[0].AsInteger(),
        participant[1].AsBoolean(),
        participant[2].AsBoolean(),
        participant[3].AsBoolean(),
        (int)participant[4].AsInteger(),
        participant[5].AsBytes32(),
        participant[6].AsBytes32(),
        new Wei(participant[7].AsInteger()));

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"SelfPlayArena {Address} on chain {Chain}");
}
