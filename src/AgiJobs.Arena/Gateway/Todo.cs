using AgiJobs.Arena.Rounds;

namespace AgiJobs.Arena.Gateway;

/// <summary>What is expected of somebody in a round, and the names that the protocol has for it.</summary>
public static class Todo
{
    /// <summary>Set the task.</summary>
    public const string PublishTask = "publish-task";

    /// <summary>Accept the seat.</summary>
    public const string Join = "join";

    /// <summary>Commit to an answer.</summary>
    public const string CommitAnswer = "commit-answer";

    /// <summary>Reveal the answer.</summary>
    public const string RevealAnswer = "reveal-answer";

    /// <summary>Commit to a vote.</summary>
    public const string CommitVote = "commit-vote";

    /// <summary>Reveal the vote.</summary>
    public const string RevealVote = "reveal-vote";

    /// <summary>Nothing, or nothing that the contract would take now.</summary>
    public const string Nothing = "nothing";

    /// <summary>What the contract would take of a participant at this block. Nothing while the arena is paused and when the phase's time is over.</summary>
    public static string Of(ArenaState arena, RoundState round, ParticipantState participant)
    {
        ArgumentNullException.ThrowIfNull(arena);
        ArgumentNullException.ThrowIfNull(round);
        ArgumentNullException.ThrowIfNull(participant);
        return arena.IsPaused || !round.IsLive || arena.IsOver(round) ? Nothing : (round.Phase, participant) switch
        {
            (RoundPhase.Registration, { Seat: Seat.Teacher, HasJoined: false }) => PublishTask,
            (RoundPhase.Registration, { Seat: Seat.Student, HasJoined: false }) => Join,
            (RoundPhase.Registration, { Seat: Seat.Validator, HasJoined: false }) when round.Validators.Count < round.CommitteeSize => Join,
            (RoundPhase.Answering, { Seat: Seat.Student, HasJoined: true, Commitment.IsZero: true }) => CommitAnswer,
            (RoundPhase.Revealing, { Seat: Seat.Student, HasRevealed: false, Commitment.IsZero: false }) => RevealAnswer,
            (RoundPhase.Voting, { Seat: Seat.Validator, HasJoined: true, Commitment.IsZero: true }) => CommitVote,
            (RoundPhase.Counting, { Seat: Seat.Validator, HasRevealed: false, Commitment.IsZero: false }) => RevealVote,
            _ => Nothing,
        };
    }

    /// <summary>A phase's name in the protocol.</summary>
    public static string NameOf(RoundPhase phase) => phase.ToString().ToLowerInvariant();

    /// <summary>A seat's name in the protocol.</summary>
    public static string NameOf(Seat seat) => seat.ToString().ToLowerInvariant();

    /// <summary>A kind's name in the protocol.</summary>
    public static string NameOf(ContentKind kind) => kind.ToString().ToLowerInvariant();
}
