using System.Numerics;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Rounds;

/// <summary>A round as the chain has it at one block: <c>getRound</c> and <c>participantsOf</c>.</summary>
public sealed record RoundState
{
    /// <summary>Its number on chain, from 1.</summary>
    public required long Id { get; init; }

    /// <summary>Where it stands.</summary>
    public required RoundPhase Phase { get; init; }

    /// <summary>When the phase is over, in seconds of the arena's protocol time, which stands still while it is paused.</summary>
    public required long PhaseEndsAt { get; init; }

    /// <summary>Its difficulty.</summary>
    public required int Difficulty { get; init; }

    /// <summary>Answers that were committed.</summary>
    public required int Answers { get; init; }

    /// <summary>Answers that were revealed.</summary>
    public required int RevealedAnswers { get; init; }

    /// <summary>Votes that were committed.</summary>
    public required int Votes { get; init; }

    /// <summary>Votes that were revealed.</summary>
    public required int RevealedVotes { get; init; }

    /// <summary>Winners among the students, in basis points; known once finalised.</summary>
    public required int SuccessRateBps { get; init; }

    /// <summary>When it ended, in seconds of protocol time; 0 while it goes on.</summary>
    public required long EndedAt { get; init; }

    /// <summary>Who sets the task.</summary>
    public required Address Teacher { get; init; }

    /// <summary>Bit i is set when student i won.</summary>
    public required BigInteger Winners { get; init; }

    /// <summary>Digest of the task; zero until it is set.</summary>
    public required Bytes32 TaskHash { get; init; }

    /// <summary>The students that joined, in the order of the votes' bits.</summary>
    public required IReadOnlyList<Address> Students { get; init; }

    /// <summary>The validators that joined.</summary>
    public required IReadOnlyList<Address> Validators { get; init; }

    /// <summary>Seats of the committee.</summary>
    public required int CommitteeSize { get; init; }

    /// <summary>True until it is finalised or voided.</summary>
    public bool IsLive => Phase is not (RoundPhase.None or RoundPhase.Finalised or RoundPhase.Voided);

    /// <summary>Whether everybody who can act in this phase has, so that nobody loses anything when it is ended now.</summary>
    public bool IsComplete => Phase switch
    {
        RoundPhase.Registration => TaskHash != Bytes32.Zero && Students.Count > 0 && Validators.Count == CommitteeSize,
        RoundPhase.Answering => Answers == Students.Count,
        RoundPhase.Revealing => RevealedAnswers == Answers,
        RoundPhase.Voting => Votes == Validators.Count,
        RoundPhase.Counting => RevealedVotes == Votes,
        _ => false,
    };
}

/// <summary>What one account is to a round and has done there: <c>participant</c>.</summary>
/// <param name="Seat">What it was invited as.</param>
/// <param name="HasJoined">Whether it accepted.</param>
/// <param name="HasRevealed">Whether its answer or vote is in the open.</param>
/// <param name="HasMisbehaved">Whether misconduct was reported.</param>
/// <param name="Index">Its place among the students or validators that joined.</param>
/// <param name="Commitment">To its answer or vote; zero before.</param>
/// <param name="Disclosed">The answer's digest, or the vote; zero before.</param>
/// <param name="Penalised">Stake taken for misconduct in this round.</param>
public sealed record ParticipantState(Seat Seat, bool HasJoined, bool HasRevealed, bool HasMisbehaved, int Index, Bytes32 Commitment, Bytes32 Disclosed, Wei Penalised);

/// <summary>The arena at one block.</summary>
public sealed record ArenaState
{
    /// <summary>The block.</summary>
    public required BlockNumber Block { get; init; }

    /// <summary>The block's hash.</summary>
    public required Bytes32 BlockHash { get; init; }

    /// <summary>The block's time.</summary>
    public required DateTimeOffset BlockTime { get; init; }

    /// <summary>Whether the arena is paused.</summary>
    public required bool IsPaused { get; init; }

    /// <summary>Seconds of protocol time.</summary>
    public required long ProtocolTime { get; init; }

    /// <summary>The last round's number.</summary>
    public required long TotalRounds { get; init; }

    /// <summary>Rounds that go on.</summary>
    public required long LiveRounds { get; init; }

    /// <summary>Difficulty of the latest round.</summary>
    public required int Difficulty { get; init; }

    /// <summary>Largest step of difficulty between rounds.</summary>
    public required int MaxDifficultyStep { get; init; }

    /// <summary>The success rate at which teachers are paid in full.</summary>
    public required int TargetSuccessRateBps { get; init; }

    /// <summary>Seats of the committee of a new round.</summary>
    public required int CommitteeSize { get; init; }

    /// <summary>What each validator of a new round locks.</summary>
    public required Wei ValidatorStake { get; init; }

    /// <summary>What a new round sets aside at most in the FeePool.</summary>
    public required Wei RewardOfRound { get; init; }

    /// <summary>The rounds that were asked for, by number.</summary>
    public required IReadOnlyDictionary<long, RoundState> Rounds { get; init; }

    /// <summary>Whether a round's phase is over by the clock.</summary>
    public bool IsOver(RoundState round) => ProtocolTime >= round.PhaseEndsAt;
}
