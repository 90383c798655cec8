// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Kind} from "./IIdentityRegistry.sol";
import {Role} from "./IStakeManager.sol";

/// @title IArenaRounds
/// @notice What a round of the arena is, what is told of it, and why something in it is refused.
interface IArenaRounds {
    /// @notice Where a round stands.
    enum Phase {
        None,
        Registration,
        Answering,
        Revealing,
        Voting,
        Counting,
        Finalised,
        Voided
    }

    /// @notice What somebody is to a round.
    enum Seat {
        None,
        Teacher,
        Student,
        Validator
    }

    /// @param phase Where it stands.
    /// @param phaseEndsAt Protocol time at which the phase is over.
    /// @param difficulty Set by the orchestrator within {maxDifficultyStep} of the round before.
    /// @param answers Committed answers.
    /// @param revealedAnswers Revealed answers.
    /// @param votes Committed votes.
    /// @param revealedVotes Revealed votes.
    /// @param successRateBps Winners among the students, in basis points; known once finalised.
    /// @param endedAt Protocol time at which it was finalised or voided.
    /// @param teacher Who sets the task.
    /// @param winners Bit i is set when student i won; known once finalised.
    /// @param reserved Set aside in the FeePool for its rewards, in wei of the token.
    /// @param taskHash Digest of the task.
    struct Round {
        Phase phase;
        uint64 phaseEndsAt;
        uint32 difficulty;
        uint16 answers;
        uint16 revealedAnswers;
        uint16 votes;
        uint16 revealedVotes;
        uint16 successRateBps;
        uint64 endedAt;
        address teacher;
        uint256 winners;
        uint256 reserved;
        bytes32 taskHash;
    }

    /// @param seat What the account was invited as.
    /// @param joined Whether it accepted.
    /// @param revealed Whether its answer or vote is in the open.
    /// @param misconduct Whether misconduct was reported, which forfeits the reward.
    /// @param index Position among the students or validators that joined.
    /// @param commitment To its answer or vote.
    /// @param disclosed The answer's digest, or the vote with bit i for "student i is right".
    /// @param penalised Stake taken for misconduct in this round, in wei of the token.
    struct Participant {
        Seat seat;
        bool joined;
        bool revealed;
        bool misconduct;
        uint16 index;
        bytes32 commitment;
        bytes32 disclosed;
        uint256 penalised;
    }

    /// @notice A round began, with these guests.
    event RoundStarted(
        uint256 indexed roundId,
        address indexed orchestrator,
        address indexed teacher,
        uint32 difficulty,
        uint64 registrationEndsAt,
        uint256 reserved,
        address[] students,
        address[] validators
    );

    /// @notice The teacher set the task, and so takes part.
    event TaskPublished(uint256 indexed roundId, address indexed teacher, bytes32 taskHash, string uri);

    /// @notice A student or validator takes part.
    event ParticipantJoined(uint256 indexed roundId, address indexed account, Seat seat, uint256 index);

    /// @notice A round is in its next phase, which ends at `phaseEndsAt` of protocol time.
    event PhaseStarted(uint256 indexed roundId, Phase indexed phase, uint64 phaseEndsAt);

    /// @notice A student committed to an answer.
    event AnswerCommitted(uint256 indexed roundId, address indexed student, bytes32 commitment);

    /// @notice A student revealed the answer.
    event AnswerRevealed(uint256 indexed roundId, address indexed student, bytes32 answerHash, string uri);

    /// @notice A validator committed to a vote.
    event VoteCommitted(uint256 indexed roundId, address indexed validator, bytes32 commitment);

    /// @notice A validator revealed the vote; bit i says that student i is right.
    event VoteRevealed(uint256 indexed roundId, address indexed validator, uint256 vote);

    /// @notice A validator lost stake because it did not reveal a vote.
    event ValidatorPenalised(uint256 indexed roundId, address indexed validator, uint256 slashed, string reason);

    /// @notice The votes are counted; bit i of `winners` says that student i won.
    event RoundFinalised(uint256 indexed roundId, uint256 winners, uint256 successRateBps, uint32 difficulty);

    /// @notice What the roles of a round have earned.
    event RewardsDistributed(uint256 indexed roundId, uint256 toTeacher, uint256 toStudents, uint256 toValidators);

    /// @notice An account has earned a reward.
    event RewardEarned(uint256 indexed roundId, address indexed account, Seat seat, uint256 amount);

    /// @notice Earned rewards were paid.
    event RewardClaimed(address indexed account, uint256 amount);

    /// @notice A round ended without rewards.
    event RoundVoided(uint256 indexed roundId, Phase indexed phase);

    /// @notice A validator was slashed for misconduct.
    event ValidatorMisconduct(
        uint256 indexed roundId, address indexed validator, address indexed reporter, uint256 amount, string reason
    );

    /// @notice Governance gave more time.
    event PhaseExtended(uint256 indexed roundId, uint64 previous, uint64 current);

    /// @notice The StakeManager changed.
    event StakeManagerUpdated(address indexed previous, address indexed current);

    /// @notice The round stands elsewhere than the function needs.
    error WrongPhase(uint256 roundId, Phase phase);

    /// @notice The phase is over.
    error PhaseOver(uint256 roundId, uint64 phaseEndsAt, uint64 protocolTime);

    /// @notice The phase goes on: its time is not over and not everybody has acted.
    error PhaseNotOver(uint256 roundId, uint64 phaseEndsAt, uint64 protocolTime);

    /// @notice Nobody can sit twice in one round.
    error DuplicateParticipant(address account);

    /// @notice The account does not hold the seat that the function needs.
    error NotSeated(uint256 roundId, address account, Seat seat);

    /// @notice The account did this before.
    error AlreadyDone(uint256 roundId, address account);

    /// @notice All seats of the committee are taken.
    error CommitteeFull(uint256 roundId, uint256 committeeSize);

    /// @notice The account has not put up the role's minimum stake.
    error NotStaked(address account, Role role);

    /// @notice The account is not known as `kind`.
    error NotAuthorized(address account, Kind kind);

    /// @notice A commitment, a task or a digest is empty.
    error EmptyHash();

    /// @notice What was revealed is not what was committed to.
    error CommitmentMismatch(bytes32 expected, bytes32 actual);

    /// @notice The vote has bits beyond the students.
    error InvalidVote(uint256 vote, uint256 students);

    /// @notice The difficulty moves further than it may.
    error DifficultyStepTooLarge(uint32 previous, uint32 requested, uint32 maximumStep);

    /// @notice This offence was punished before.
    error OffenceAlreadyPunished(uint256 roundId, address validator, string reason);

    /// @notice Misconduct in this round can cost the validator only `remaining` more.
    error MisconductCapExceeded(uint256 requested, uint256 remaining);

    /// @notice The time for reporting is over.
    error ReportWindowOver(uint256 roundId, uint64 endedAt);

    /// @notice The validator has no stake left to take.
    error NothingToSlash(address validator);

    /// @notice Nothing is owed to the account.
    error NothingOwed(address account);

    /// @notice Stakes are locked in the present StakeManager for this many rounds.
    error RoundsLive(uint256 count);
}
