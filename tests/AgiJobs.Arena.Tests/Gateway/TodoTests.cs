using AgiJobs.Arena.Gateway;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Tests.Gateway;

public sealed class TodoTests
{
    [Theory]
    [InlineData(RoundPhase.Registration, Seat.Teacher, false, false, false, "publish-task")]
    [InlineData(RoundPhase.Registration, Seat.Teacher, true, false, false, "nothing")]
    [InlineData(RoundPhase.Registration, Seat.Student, false, false, false, "join")]
    [InlineData(RoundPhase.Registration, Seat.Validator, false, false, false, "join")]
    [InlineData(RoundPhase.Registration, Seat.None, false, false, false, "nothing")]
    [InlineData(RoundPhase.Answering, Seat.Student, true, false, false, "commit-answer")]
    [InlineData(RoundPhase.Answering, Seat.Student, false, false, false, "nothing")]
    [InlineData(RoundPhase.Answering, Seat.Student, true, true, false, "nothing")]
    [InlineData(RoundPhase.Answering, Seat.Validator, true, false, false, "nothing")]
    [InlineData(RoundPhase.Revealing, Seat.Student, true, true, false, "reveal-answer")]
    [InlineData(RoundPhase.Revealing, Seat.Student, true, false, false, "nothing")]
    [InlineData(RoundPhase.Revealing, Seat.Student, true, true, true, "nothing")]
    [InlineData(RoundPhase.Voting, Seat.Validator, true, false, false, "commit-vote")]
    [InlineData(RoundPhase.Voting, Seat.Validator, false, false, false, "nothing")]
    [InlineData(RoundPhase.Voting, Seat.Student, true, true, true, "nothing")]
    [InlineData(RoundPhase.Counting, Seat.Validator, true, true, false, "reveal-vote")]
    [InlineData(RoundPhase.Counting, Seat.Validator, true, true, true, "nothing")]
    [InlineData(RoundPhase.Finalised, Seat.Validator, true, true, false, "nothing")]
    [InlineData(RoundPhase.Voided, Seat.Student, false, false, false, "nothing")]
    public void What_is_expected_is_what_the_contract_would_take(RoundPhase phase, Seat seat, bool joined, bool committed, bool revealed, string todo)
    {
        var participant = new ParticipantState(seat, joined, revealed, false, 0, committed ? Bytes32.FromUnsigned(1) : Bytes32.Zero, Bytes32.Zero, default);
        Assert.Equal(todo, Todo.Of(Arena(isPaused: false, time: 99), Round(phase), participant));
        Assert.Equal("nothing", Todo.Of(Arena(isPaused: true, time: 99), Round(phase), participant));
        Assert.Equal("nothing", Todo.Of(Arena(isPaused: false, time: 100), Round(phase), participant));
    }

    [Fact]
    public void A_reserve_is_not_asked_to_join_a_full_committee()
    {
        var reserve = new ParticipantState(Seat.Validator, false, false, false, 0, Bytes32.Zero, Bytes32.Zero, default);
        Assert.Equal("nothing", Todo.Of(Arena(isPaused: false, time: 0), Round(RoundPhase.Registration) with { Validators = [Address.Zero] }, reserve));
    }

    private static ArenaState Arena(bool isPaused, long time) => new()
    {
        Block = new BlockNumber(1),
        BlockHash = Bytes32.FromUnsigned(1),
        BlockTime = default,
        IsPaused = isPaused,
        ProtocolTime = time,
        TotalRounds = 1,
        LiveRounds = 1,
        Difficulty = 1,
        MaxDifficultyStep = 1,
        TargetSuccessRateBps = 1,
        CommitteeSize = 1,
        ValidatorStake = default,
        RewardOfRound = default,
        Rounds = new Dictionary<long, RoundState>(),
    };

    private static RoundState Round(RoundPhase phase) => new()
    {
        Id = 1,
        Phase = phase,
        PhaseEndsAt = 100,
        Difficulty = 1,
        Answers = 0,
        RevealedAnswers = 0,
        Votes = 0,
        RevealedVotes = 0,
        SuccessRateBps = 0,
        EndedAt = 0,
        Teacher = Address.Zero,
        Winners = 0,
        TaskHash = Bytes32.Zero,
        Students = [],
        Validators = [],
        CommitteeSize = 1,
    };
}
