using System.Numerics;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Arena.Rounds;

/// <summary>How a round ended.</summary>
public enum RoundEnding
{
    /// <summary>It goes on.</summary>
    Open,

    /// <summary>Votes were counted.</summary>
    Finalised,

    /// <summary>It ended without rewards.</summary>
    Voided,
}

/// <summary>Somebody in a round, as its events tell.</summary>
/// <param name="Account">Who.</param>
/// <param name="Seat">As what.</param>
/// <param name="Index">Place among those that joined; null for who was invited and did not come, and for the teacher.</param>
public sealed record Attendance(Address Account, Seat Seat, int? Index)
{
    /// <summary>Whether it took part: joined, or for the teacher set the task.</summary>
    public bool HasCome { get; init; }

    /// <summary>Whether it committed to an answer or vote.</summary>
    public bool HasCommitted { get; init; }

    /// <summary>The revealed answer's digest or the vote; null when it revealed nothing.</summary>
    public Bytes32? Disclosed { get; init; }

    /// <summary>Where the revealed answer is said to be.</summary>
    public string? Uri { get; init; }

    /// <summary>What it earned in this round.</summary>
    public Wei Earned { get; init; }

    /// <summary>Stake that silence cost it in this round.</summary>
    public Wei Silence { get; init; }
}

/// <summary>A slash for misconduct.</summary>
/// <param name="Validator">Who lost stake.</param>
/// <param name="Amount">How much.</param>
/// <param name="Reason">Such as <c>auto-slash:contradiction</c>.</param>
/// <param name="Reporter">Who reported it.</param>
/// <param name="Block">Where.</param>
/// <param name="Transaction">By what.</param>
public sealed record Misconduct(Address Validator, Wei Amount, string Reason, Address Reporter, BlockNumber Block, Bytes32 Transaction);

/// <summary>
/// A round as its events tell it, from its start: who came, what was revealed, who won, earned and was slashed. It is computed from the chain's logs and from nothing else, so that the scoreboard
/// that is made of it and a replay of the chain cannot differ.
/// </summary>
public sealed record RoundChronicle
{
    private static readonly string[] Told =
    [
        "RoundStarted", "TaskPublished", "ParticipantJoined", "PhaseStarted", "AnswerCommitted", "AnswerRevealed", "VoteCommitted", "VoteRevealed",
        "ValidatorPenalised", "RoundFinalised", "RewardsDistributed", "RewardEarned", "RoundVoided", "ValidatorMisconduct", "PhaseExtended",
    ];

    /// <summary>The round's number.</summary>
    public required long Id { get; init; }

    /// <summary>Its difficulty.</summary>
    public required int Difficulty { get; init; }

    /// <summary>Who sets the task.</summary>
    public required Address Teacher { get; init; }

    /// <summary>Who started it.</summary>
    public required Address Orchestrator { get; init; }

    /// <summary>The block that it was started in.</summary>
    public required BlockNumber StartedIn { get; init; }

    /// <summary>Everybody invited: teacher, students, validators, each in the order of the invitation.</summary>
    public required IReadOnlyList<Attendance> People { get; init; }

    /// <summary>Digest of the task; null until it is set.</summary>
    public Bytes32? TaskHash { get; init; }

    /// <summary>Where the task is said to be.</summary>
    public string? TaskUri { get; init; }

    /// <summary>How it ended.</summary>
    public RoundEnding Ending { get; init; }

    /// <summary>The phase that it was in when it was voided.</summary>
    public RoundPhase? VoidedIn { get; init; }

    /// <summary>The block that it ended in.</summary>
    public BlockNumber? EndedIn { get; init; }

    /// <summary>The transaction that ended it.</summary>
    public Bytes32? EndedBy { get; init; }

    /// <summary>Bit i: student i won.</summary>
    public BigInteger Winners { get; init; }

    /// <summary>Winners among the students, in basis points.</summary>
    public int SuccessRateBps { get; init; }

    /// <summary>The block that each phase began in, in order.</summary>
    public IReadOnlyList<(RoundPhase Phase, BlockNumber Block)> Phases { get; init; } = [];

    /// <summary>Slashes for misconduct, also after its end.</summary>
    public IReadOnlyList<Misconduct> Slashes { get; init; } = [];

    /// <summary>The students that joined, in the order of the votes' bits.</summary>
    public IReadOnlyList<Attendance> Students => [.. People.Where(person => person.Seat == Seat.Student && person.Index is not null).OrderBy(person => person.Index)];

    /// <summary>The validators that joined, in order.</summary>
    public IReadOnlyList<Attendance> Committee => [.. People.Where(person => person.Seat == Seat.Validator && person.Index is not null).OrderBy(person => person.Index)];

    /// <summary>Whether a student won.</summary>
    public bool HasWon(Attendance student) => student.Index is { } index && ((Winners >> index) & 1) == 1;

    /// <summary>Why it was voided by closing or counting it, as a stable code; null when it was not voided. Governance may void a round at any time, which the events do not tell apart.</summary>
    public string? WhyVoided() => Ending != RoundEnding.Voided
        ? null
        : VoidedIn switch
        {
            RoundPhase.Registration when TaskHash is null => "teacher-vanished",
            RoundPhase.Registration when Students.Count == 0 => "no-students",
            RoundPhase.Registration => "committee-too-small",
            RoundPhase.Counting => "too-few-votes",
            _ => "voided-by-governance",
        };

    /// <summary>The topics of the events that are read.</summary>
    /// <exception cref="EthereumException">When the ABI has no such event.</exception>
    public static IReadOnlyList<Bytes32> Topics(ContractAbi abi) => [.. Told.Select(name => abi.Event(name).Topic0!.Value)];

    /// <summary>Reads the rounds that the logs of the arena tell of, oldest first. Logs of a round whose start is not among them are left out.</summary>
    /// <param name="abi">The arena's ABI.</param>
    /// <param name="logs">Logs of the arena in the order of the chain; other events among them are passed over.</param>
    /// <exception cref="EthereumException">A log that does not fit its event.</exception>
    public static IReadOnlyList<RoundChronicle> Read(ContractAbi abi, IEnumerable<LogEntry> logs)
    {
        var rounds = new SortedDictionary<long, RoundChronicle>();
        var names = Told.ToDictionary(name => abi.Event(name).Topic0!.Value, name => abi.Event(name));
        foreach (var log in logs)
        {
            if (log.Topics.Count == 0 || log.Removed || !names.TryGetValue(log.Topics[0], out var @event))
            {
                continue;
            }

            var told = @event.Decode([.. log.Topics], log.Data.Span);
            var id = (long)told["roundId"].AsInteger();
            if (string.Equals(@event.Name, "RoundStarted", StringComparison.Ordinal))
            {
                rounds[id] = Begin(id, told, log);
            }
            else if (rounds.TryGetValue(id, out var round))
            {
                rounds[id] = round.With(@event.Name, told, log);
            }
        }

        return [.. rounds.Values];
    }

    private static RoundChronicle Begin(long id, AbiArguments told, LogEntry log)
    {
        var teacher = told["teacher"].AsAddress();
        return new RoundChronicle
        {
            Id = id,
            Difficulty = (int)told["difficulty"].AsInteger(),
            Teacher = teacher,
            Orchestrator = told["orchestrator"].AsAddress(),
            StartedIn = log.BlockNumber!.Value,
            Phases = [(RoundPhase.Registration, log.BlockNumber!.Value)],
            People =
            [
                new Attendance(teacher, Seat.Teacher, null),
                .. told["students"].AsList().Select(account => new Attendance(account.AsAddress(), Seat.Student, null)),
                .. told["validators"].AsList().Select(account => new Attendance(account.AsAddress(), Seat.Validator, null)),
            ],
        };
    }

    private RoundChronicle With(string name, AbiArguments told, LogEntry log) => name switch
    {
        "TaskPublished" => Person(Teacher, person => person with { HasCome = true }) with { TaskHash = told["taskHash"].AsBytes32(), TaskUri = told["uri"].AsText() },
        "ParticipantJoined" => Person(told["account"].AsAddress(), person => person with { HasCome = true, Index = (int)told["index"].AsInteger() }),
        "PhaseStarted" => this with { Phases = [.. Phases, ((RoundPhase)(int)told["phase"].AsInteger(), log.BlockNumber!.Value)] },
        "AnswerCommitted" => Person(told["student"].AsAddress(), person => person with { HasCommitted = true }),
        "AnswerRevealed" => Person(told["student"].AsAddress(), person => person with { Disclosed = told["answerHash"].AsBytes32(), Uri = told["uri"].AsText() }),
        "VoteCommitted" => Person(told["validator"].AsAddress(), person => person with { HasCommitted = true }),
        "VoteRevealed" => Person(told["validator"].AsAddress(), person => person with { Disclosed = Bytes32.FromUnsigned(told["vote"].AsInteger()) }),
        "ValidatorPenalised" => Person(told["validator"].AsAddress(), person => person with { Silence = new Wei(person.Silence.Value + told["slashed"].AsInteger()) }),
        "RewardEarned" => Person(told["account"].AsAddress(), person => person with { Earned = new Wei(person.Earned.Value + told["amount"].AsInteger()) }),
        "RoundFinalised" => Ended(RoundEnding.Finalised, log) with { Winners = told["winners"].AsInteger(), SuccessRateBps = (int)told["successRateBps"].AsInteger() },
        "RoundVoided" => Ended(RoundEnding.Voided, log) with { VoidedIn = (RoundPhase)(int)told["phase"].AsInteger() },
        "ValidatorMisconduct" => this with
        {
            Slashes = [.. Slashes, new Misconduct(told["validator"].AsAddress(), new Wei(told["amount"].AsInteger()), told["reason"].AsText(), told["reporter"].AsAddress(), log.BlockNumber!.Value, log.TransactionHash!.Value)],
        },
        _ => this,
    };

    private RoundChronicle Ended(RoundEnding ending, LogEntry log) => this with { Ending = ending, EndedIn = log.BlockNumber, EndedBy = log.TransactionHash };

    private RoundChronicle Person(Address account, Func<Attendance, Attendance> change) => this with { People = [.. People.Select(person => person.Account == account ? change(person) : person)] };
}
