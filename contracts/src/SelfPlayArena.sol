// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {BPS, OutOfBounds, SplitSum, Unauthorized, ZeroAddress, ZeroAmount} from "./base/Errors.sol";
import {Membership} from "./base/Membership.sol";
import {PausableModule} from "./base/PausableModule.sol";
import {IFeePool} from "./interfaces/IFeePool.sol";
import {IIdentityRegistry, Kind} from "./interfaces/IIdentityRegistry.sol";
import {IStakeManager, Role} from "./interfaces/IStakeManager.sol";

/// @title SelfPlayArena
/// @notice Rounds in which a teacher sets a task, students answer and a committee of validators judges the answers.
/// @dev A round goes Registration, Answering, Revealing, Voting, Counting, Finalised; anybody moves it on when a phase is
/// over. Everything that a window demands of a participant (answer, reveal, vote) is done in this contract alone, so that
/// no other module's pause can make him miss it. Winners follow from the votes and from nothing else.
contract SelfPlayArena is PausableModule, ReentrancyGuardTransient {
    using EnumerableSet for EnumerableSet.AddressSet;
    using Membership for EnumerableSet.AddressSet;

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

    /// @notice How long each phase lasts, in seconds of protocol time.
    struct Windows {
        uint32 registration;
        uint32 answer;
        uint32 reveal;
        uint32 vote;
        uint32 count;
    }

    /// @notice The rules of a round, fixed when it starts.
    /// @param teacherReward Base reward of the teacher, in wei of the token.
    /// @param studentReward Base reward of all winning students together, in wei of the token.
    /// @param validatorReward Base reward of the whole committee together, in wei of the token.
    /// @param validatorStake What each validator locks, in wei of the token.
    /// @param teacherSplit Share of its base reward that the teacher's role is paid, in basis points.
    /// @param studentSplit The same for students; the three splits add up to 10 000.
    /// @param validatorSplit The same for validators.
    /// @param committeeSize How many validators judge.
    /// @param targetSuccessRateBps Success rate at which the teacher is paid in full, in basis points.
    /// @param nonRevealPenaltyBps Share of its stake that a silent validator loses, in basis points.
    struct Rules {
        uint128 teacherReward;
        uint128 studentReward;
        uint128 validatorReward;
        uint128 validatorStake;
        uint16 teacherSplit;
        uint16 studentSplit;
        uint16 validatorSplit;
        uint16 committeeSize;
        uint16 targetSuccessRateBps;
        uint16 nonRevealPenaltyBps;
        Windows windows;
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

    /// @notice Most students in a round.
    uint256 public constant MAX_STUDENTS = 32;

    /// @notice Most validators in a committee.
    uint256 public constant MAX_COMMITTEE = 31;

    /// @notice Most accounts that can be invited as validators, reserves included.
    uint256 public constant MAX_INVITED_VALIDATORS = 62;

    /// @notice Longest window of a phase, in seconds.
    uint256 public constant MAX_WINDOW = 7 days;

    /// @notice Longest time after a round in which misconduct can be reported, in seconds.
    uint64 public constant MAX_REPORT_WINDOW = 90 days;

    bytes32 private constant ANSWER_DOMAIN = keccak256("SelfPlayArena.Answer");
    bytes32 private constant VOTE_DOMAIN = keccak256("SelfPlayArena.Vote");

    /// @notice Where validators' stakes are locked.
    IStakeManager public stakeManager;

    /// @notice Where rewards come from.
    IFeePool public feePool;

    /// @notice Who may take part; zero when everybody may.
    IIdentityRegistry public identityRegistry;

    /// @notice How many rounds there have been; the last one's number.
    uint256 public totalRounds;

    /// @notice Rounds that are neither finalised nor voided.
    uint256 public liveRounds;

    /// @notice Rewards earned and not yet paid, in wei of the token.
    uint256 public totalOwed;

    /// @notice Difficulty of the latest round.
    uint32 public difficulty;

    /// @notice How far the difficulty may move from one round to the next.
    uint32 public maxDifficultyStep = 100;

    /// @notice Most that misconduct in one round can cost a validator, in basis points of the round's stake.
    uint16 public misconductCapBps = 10_000;

    /// @notice How long after a round misconduct can be reported, in seconds of protocol time.
    uint64 public reportWindow = 7 days;

    /// @notice Rewards earned and not yet paid, by account, in wei of the token.
    mapping(address account => uint256) public owedTo;

    Rules private _rules;
    EnumerableSet.AddressSet private _orchestrators;
    mapping(uint256 roundId => Round) private _rounds;
    mapping(uint256 roundId => Rules) private _rulesOf;
    mapping(uint256 roundId => address[]) private _students;
    mapping(uint256 roundId => address[]) private _validators;
    mapping(uint256 roundId => mapping(address account => Participant)) private _participants;
    mapping(bytes32 offence => bool) private _punished;

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

    /// @notice Who may start rounds and report misconduct changed.
    event OrchestratorUpdated(address indexed orchestrator, bool previous, bool current);

    /// @notice The base rewards changed.
    event RewardsUpdated(
        uint256 previousTeacher,
        uint256 previousStudent,
        uint256 previousValidator,
        uint256 teacher,
        uint256 student,
        uint256 validator
    );

    /// @notice The splits changed.
    event RewardSplitsUpdated(
        uint256 previousTeacher,
        uint256 previousStudent,
        uint256 previousValidator,
        uint256 teacher,
        uint256 student,
        uint256 validator
    );

    /// @notice The committee changed.
    event CommitteeParametersUpdated(
        uint256 previousSize, uint256 previousStake, uint256 committeeSize, uint256 validatorStake
    );

    /// @notice The target success rate changed.
    event TargetSuccessRateUpdated(uint256 previous, uint256 current);

    /// @notice The price of silence changed.
    event NonRevealPenaltyUpdated(uint256 previous, uint256 current);

    /// @notice The windows changed.
    event WindowsUpdated(Windows previous, Windows current);

    /// @notice The bounds of misconduct reports changed.
    event MisconductPolicyUpdated(
        uint256 previousCapBps, uint256 previousWindow, uint256 capBps, uint256 reportWindow
    );

    /// @notice The largest step of difficulty changed.
    event MaxDifficultyStepUpdated(uint256 previous, uint256 current);

    /// @notice The FeePool changed.
    event FeePoolUpdated(address indexed previous, address indexed current);

    /// @notice The IdentityRegistry changed.
    event IdentityRegistryUpdated(address indexed previous, address indexed current);

    /// @notice The StakeManager changed.
    event StakeManagerUpdated(address indexed previous, address indexed current);

    /// @notice The parameters as they are after a change.
    event ParametersUpdated(
        uint256 teacherReward,
        uint256 studentReward,
        uint256 validatorReward,
        uint256 committeeSize,
        uint256 validatorStake,
        uint256 targetSuccessRateBps,
        uint16 teacherSplit,
        uint16 studentSplit,
        uint16 validatorSplit,
        address feePool
    );

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

    modifier onlyOperator() {
        if (msg.sender != owner() && !_orchestrators.contains(msg.sender)) revert Unauthorized(msg.sender);
        _;
    }

    /// @param initialOwner Governance, or the deployer until it hands over.
    /// @param initialSystemPause The SystemPause contract.
    /// @param initialStakeManager Where validators' stakes are locked.
    /// @param initialFeePool Where rewards come from.
    constructor(
        address initialOwner,
        address initialSystemPause,
        IStakeManager initialStakeManager,
        IFeePool initialFeePool
    ) PausableModule(initialOwner, initialSystemPause) {
        _rules = Rules({
            teacherReward: 100e18,
            studentReward: 100e18,
            validatorReward: 100e18,
            validatorStake: 100e18,
            teacherSplit: 6_000,
            studentSplit: 2_000,
            validatorSplit: 2_000,
            committeeSize: 3,
            targetSuccessRateBps: 5_000,
            nonRevealPenaltyBps: 1_000,
            windows: Windows({registration: 1 hours, answer: 1 hours, reveal: 1 hours, vote: 1 hours, count: 1 hours})
        });
        _setStakeManager(initialStakeManager);
        _setFeePool(initialFeePool);
        _emitParameters();
    }

    // --------------------------------------------------------------------------------------------- registration

    /// @notice Starts a round and invites its participants, who must accept. Sets the rewards aside in the FeePool.
    /// @param roundDifficulty Within {maxDifficultyStep} of the round before; free for the first.
    /// @param teacher Sets the task.
    /// @param students Up to {MAX_STUDENTS}.
    /// @param validators At least as many as the committee has seats; the first to accept get them.
    /// @return roundId The number of the round, from 1.
    function startRound(
        uint32 roundDifficulty,
        address teacher,
        address[] calldata students,
        address[] calldata validators
    ) external whenNotPaused onlyOperator nonReentrant returns (uint256 roundId) {
        Rules memory rules_ = _rules;
        if (students.length == 0 || students.length > MAX_STUDENTS) {
            revert OutOfBounds(students.length, 1, MAX_STUDENTS);
        }
        if (validators.length < rules_.committeeSize || validators.length > MAX_INVITED_VALIDATORS) {
            revert OutOfBounds(validators.length, rules_.committeeSize, MAX_INVITED_VALIDATORS);
        }
        _moveDifficulty(roundDifficulty);

        roundId = ++totalRounds;
        ++liveRounds;
        _rulesOf[roundId] = rules_;
        _invite(roundId, teacher, Seat.Teacher);
        for (uint256 i = 0; i < students.length; ++i) {
            _invite(roundId, students[i], Seat.Student);
        }
        for (uint256 i = 0; i < validators.length; ++i) {
            _invite(roundId, validators[i], Seat.Validator);
        }

        Round storage round = _rounds[roundId];
        round.phase = Phase.Registration;
        round.phaseEndsAt = protocolTime() + rules_.windows.registration;
        round.difficulty = roundDifficulty;
        round.teacher = teacher;
        round.reserved = _share(rules_.teacherReward, rules_.teacherSplit)
            + _share(rules_.studentReward, rules_.studentSplit) + _share(rules_.validatorReward, rules_.validatorSplit);
        emit RoundStarted(
            roundId, msg.sender, teacher, roundDifficulty, round.phaseEndsAt, round.reserved, students, validators
        );
        if (round.reserved != 0) feePool.reserveRewards(round.reserved);
    }

    /// @notice The teacher accepts by setting the task. Needs the minimum stake of an agent.
    function publishTask(uint256 roundId, bytes32 taskHash, string calldata uri) external whenNotPaused {
        Round storage round = _inPhase(roundId, Phase.Registration);
        if (msg.sender != round.teacher) revert NotSeated(roundId, msg.sender, Seat.Teacher);
        if (taskHash == 0) revert EmptyHash();
        if (round.taskHash != 0) revert AlreadyDone(roundId, msg.sender);
        _requireEligible(msg.sender, Role.Agent);
        round.taskHash = taskHash;
        _participants[roundId][msg.sender].joined = true;
        emit TaskPublished(roundId, msg.sender, taskHash, uri);
    }

    /// @notice A student or validator accepts. A validator's stake is locked until the round is over.
    function joinRound(uint256 roundId) external whenNotPaused nonReentrant {
        _inPhase(roundId, Phase.Registration);
        Participant storage joining = _participants[roundId][msg.sender];
        if (joining.joined) revert AlreadyDone(roundId, msg.sender);
        joining.joined = true;
        if (joining.seat == Seat.Student) {
            _requireEligible(msg.sender, Role.Agent);
            _takeSeat(roundId, joining, _students[roundId]);
        } else if (joining.seat == Seat.Validator) {
            Rules storage rules_ = _rulesOf[roundId];
            if (_validators[roundId].length == rules_.committeeSize) {
                revert CommitteeFull(roundId, rules_.committeeSize);
            }
            _requireEligible(msg.sender, Role.Validator);
            _takeSeat(roundId, joining, _validators[roundId]);
            if (rules_.validatorStake != 0) {
                stakeManager.lockStake(Role.Validator, msg.sender, roundId, rules_.validatorStake);
            }
        } else {
            revert NotSeated(roundId, msg.sender, Seat.Student);
        }
    }

    /// @notice Ends registration: by an orchestrator when all that is needed is there, by anybody when its time is over.
    /// @dev Without a task, a student or a full committee the round is void.
    function closeRound(uint256 roundId) external whenNotPaused nonReentrant {
        Round storage round = _rounds[roundId];
        if (round.phase != Phase.Registration) revert WrongPhase(roundId, round.phase);
        bool complete = round.taskHash != 0 && _students[roundId].length != 0
            && _validators[roundId].length == _rulesOf[roundId].committeeSize;
        bool early = complete && (msg.sender == owner() || _orchestrators.contains(msg.sender));
        if (!early) _requireOver(roundId, round);
        if (complete) _enter(roundId, round, Phase.Answering, _rulesOf[roundId].windows.answer);
        else _void(roundId, round);
    }

    // ------------------------------------------------------------------------------------------- answers, votes

    /// @notice A student commits to an answer; see {answerCommitment}.
    function commitAnswer(uint256 roundId, bytes32 commitment) external whenNotPaused {
        Round storage round = _inPhase(roundId, Phase.Answering);
        _commit(roundId, Seat.Student, commitment);
        ++round.answers;
        emit AnswerCommitted(roundId, msg.sender, commitment);
    }

    /// @notice A student reveals the answer that was committed to.
    function revealAnswer(uint256 roundId, bytes32 answerHash, bytes32 salt, string calldata uri)
        external
        whenNotPaused
    {
        Round storage round = _inPhase(roundId, Phase.Revealing);
        if (answerHash == 0) revert EmptyHash();
        _reveal(roundId, Seat.Student, answerHash, answerCommitment(roundId, msg.sender, answerHash, salt));
        ++round.revealedAnswers;
        emit AnswerRevealed(roundId, msg.sender, answerHash, uri);
    }

    /// @notice A validator commits to a vote; see {voteCommitment}.
    function commitVote(uint256 roundId, bytes32 commitment) external whenNotPaused {
        Round storage round = _inPhase(roundId, Phase.Voting);
        _commit(roundId, Seat.Validator, commitment);
        ++round.votes;
        emit VoteCommitted(roundId, msg.sender, commitment);
    }

    /// @notice A validator reveals the vote that was committed to.
    /// @param vote Bit i says that student i is right.
    function revealVote(uint256 roundId, uint256 vote, bytes32 salt) external whenNotPaused {
        Round storage round = _inPhase(roundId, Phase.Counting);
        if (vote >> _students[roundId].length != 0) revert InvalidVote(vote, _students[roundId].length);
        _reveal(roundId, Seat.Validator, bytes32(vote), voteCommitment(roundId, msg.sender, vote, salt));
        ++round.revealedVotes;
        emit VoteRevealed(roundId, msg.sender, vote);
    }

    /// @notice Moves a round on when its phase is over or everybody has acted. Anybody may call it.
    function advanceRound(uint256 roundId) external whenNotPaused {
        Round storage round = _rounds[roundId];
        Windows memory windows_ = _rulesOf[roundId].windows;
        if (round.phase == Phase.Answering) {
            if (round.answers != _students[roundId].length) _requireOver(roundId, round);
            _enter(roundId, round, Phase.Revealing, windows_.reveal);
        } else if (round.phase == Phase.Revealing) {
            if (round.revealedAnswers != round.answers) _requireOver(roundId, round);
            _enter(roundId, round, Phase.Voting, windows_.vote);
        } else if (round.phase == Phase.Voting) {
            if (round.votes != _validators[roundId].length) _requireOver(roundId, round);
            _enter(roundId, round, Phase.Counting, windows_.count);
        } else {
            revert WrongPhase(roundId, round.phase);
        }
    }

    /// @notice Counts the votes, prices silence, frees stakes and credits rewards. Anybody may call it.
    /// @dev A student wins with the votes of more than half of the validators who revealed; the round counts when more
    /// than half of the committee revealed, and is void otherwise.
    function finaliseRound(uint256 roundId) external whenNotPaused nonReentrant {
        Round storage round = _rounds[roundId];
        if (round.phase != Phase.Counting) revert WrongPhase(roundId, round.phase);
        if (round.revealedVotes != round.votes) _requireOver(roundId, round);

        _penaliseSilence(roundId);
        if (uint256(round.revealedVotes) * 2 <= _validators[roundId].length) {
            _void(roundId, round);
            return;
        }

        (uint256 winners, uint256 winnerCount) = _countVotes(roundId, round.revealedVotes);
        uint256 students = _students[roundId].length;
        round.phase = Phase.Finalised;
        round.winners = winners;
        // At most 10 000.
        // forge-lint: disable-next-line(unsafe-typecast)
        round.successRateBps = uint16((winnerCount * BPS) / students);
        emit RoundFinalised(roundId, winners, round.successRateBps, round.difficulty);
        uint256 earned = _creditRewards(roundId, round, winnerCount);
        _end(roundId, round, earned);
    }

    /// @notice Pays what is owed to `account`. Anybody may call it.
    function claimReward(address account) external whenNotPaused nonReentrant {
        uint256 amount = owedTo[account];
        if (amount == 0) revert NothingOwed(account);
        owedTo[account] = 0;
        totalOwed -= amount;
        emit RewardClaimed(account, amount);
        feePool.reward(account, amount);
    }

    // ---------------------------------------------------------------------------------------------- misconduct

    /// @notice Slashes a validator of a round for misconduct. Works while paused, here and in StakeManager.
    /// @dev Once for each reason in each round, up to the cap for all reasons together, and for a limited time after the
    /// round. The stake goes to the treasury, so that reporting earns nothing.
    /// @param amount In wei of the token.
    /// @param reason Such as `moderation:<rule>` or `auto-slash:<rule>`.
    /// @return slashed Less than `amount` when less stake was left.
    function reportValidatorMisconduct(uint256 roundId, address validator, uint256 amount, string calldata reason)
        external
        onlyOperator
        nonReentrant
        returns (uint256 slashed)
    {
        Participant storage accused = _participants[roundId][validator];
        if (accused.seat != Seat.Validator || !accused.joined) {
            revert NotSeated(roundId, validator, Seat.Validator);
        }
        if (amount == 0) revert ZeroAmount();
        uint64 endedAt = _rounds[roundId].endedAt;
        if (endedAt != 0 && protocolTime() >= endedAt + reportWindow) revert ReportWindowOver(roundId, endedAt);
        bytes32 offence = keccak256(abi.encode(roundId, validator, reason));
        if (_punished[offence]) revert OffenceAlreadyPunished(roundId, validator, reason);
        uint256 remaining =
            Math.saturatingSub(_share(_rulesOf[roundId].validatorStake, misconductCapBps), accused.penalised);
        if (amount > remaining) revert MisconductCapExceeded(amount, remaining);

        _punished[offence] = true;
        accused.misconduct = true;
        accused.penalised += amount;
        slashed = stakeManager.slashToTreasury(Role.Validator, validator, amount);
        if (slashed == 0) revert NothingToSlash(validator);
        emit ValidatorMisconduct(roundId, validator, msg.sender, slashed, reason);
    }

    // ---------------------------------------------------------------------------------------------- governance

    /// @notice Ends a round without rewards or penalties and frees its stakes. Works while paused.
    function voidRound(uint256 roundId) external onlyOwner nonReentrant {
        Round storage round = _rounds[roundId];
        if (!_isLive(round.phase)) revert WrongPhase(roundId, round.phase);
        _void(roundId, round);
    }

    /// @notice Gives the present phase more time. Works while paused.
    function extendPhase(uint256 roundId, uint64 extraSeconds) external onlyOwner {
        Round storage round = _rounds[roundId];
        if (!_isLive(round.phase)) revert WrongPhase(roundId, round.phase);
        if (extraSeconds == 0 || extraSeconds > MAX_WINDOW) revert OutOfBounds(extraSeconds, 1, MAX_WINDOW);
        emit PhaseExtended(roundId, round.phaseEndsAt, round.phaseEndsAt + extraSeconds);
        round.phaseEndsAt += extraSeconds;
    }

    /// @notice Says whether `orchestrator` may start rounds and report misconduct.
    function setOrchestrator(address orchestrator, bool allowed) external onlyOwner {
        emit OrchestratorUpdated(orchestrator, _orchestrators.update(orchestrator, allowed), allowed);
    }

    /// @notice Sets the base rewards of each role for rounds started from now on, in wei of the token.
    function setRewards(uint128 teacher, uint128 student, uint128 validator) external onlyOwner {
        Rules storage rules_ = _rules;
        emit RewardsUpdated(
            rules_.teacherReward, rules_.studentReward, rules_.validatorReward, teacher, student, validator
        );
        rules_.teacherReward = teacher;
        rules_.studentReward = student;
        rules_.validatorReward = validator;
        _emitParameters();
    }

    /// @notice Sets what share of its base reward each role is paid, in basis points that add up to 10 000.
    function setRewardSplits(uint16 teacher, uint16 student, uint16 validator) external onlyOwner {
        uint256 sum = uint256(teacher) + student + validator;
        if (sum != BPS) revert SplitSum(sum, BPS);
        Rules storage rules_ = _rules;
        emit RewardSplitsUpdated(
            rules_.teacherSplit, rules_.studentSplit, rules_.validatorSplit, teacher, student, validator
        );
        rules_.teacherSplit = teacher;
        rules_.studentSplit = student;
        rules_.validatorSplit = validator;
        _emitParameters();
    }

    /// @notice Sets how many validators judge, up to {MAX_COMMITTEE}, and what each locks, in wei of the token.
    function setCommitteeParameters(uint16 newSize, uint128 newStake) external onlyOwner {
        if (newSize == 0 || newSize > MAX_COMMITTEE) revert OutOfBounds(newSize, 1, MAX_COMMITTEE);
        emit CommitteeParametersUpdated(_rules.committeeSize, _rules.validatorStake, newSize, newStake);
        _rules.committeeSize = newSize;
        _rules.validatorStake = newStake;
        _emitParameters();
    }

    /// @notice Sets the success rate at which the teacher is paid in full, in basis points from 1.
    function setTargetSuccessRateBps(uint16 newTarget) external onlyOwner {
        if (newTarget == 0 || newTarget > BPS) revert OutOfBounds(newTarget, 1, BPS);
        emit TargetSuccessRateUpdated(_rules.targetSuccessRateBps, newTarget);
        _rules.targetSuccessRateBps = newTarget;
        _emitParameters();
    }

    /// @notice Sets what share of its stake a silent validator loses, in basis points.
    function setNonRevealPenalty(uint16 newPenaltyBps) external onlyOwner {
        if (newPenaltyBps > BPS) revert OutOfBounds(newPenaltyBps, 0, BPS);
        emit NonRevealPenaltyUpdated(_rules.nonRevealPenaltyBps, newPenaltyBps);
        _rules.nonRevealPenaltyBps = newPenaltyBps;
    }

    /// @notice Sets how long the phases of rounds started from now on last, in seconds up to {MAX_WINDOW} each.
    function setWindows(Windows calldata newWindows) external onlyOwner {
        _requireWindow(newWindows.registration);
        _requireWindow(newWindows.answer);
        _requireWindow(newWindows.reveal);
        _requireWindow(newWindows.vote);
        _requireWindow(newWindows.count);
        emit WindowsUpdated(_rules.windows, newWindows);
        _rules.windows = newWindows;
    }

    /// @notice Bounds what misconduct can cost in one round, in basis points of its stake, and how long after the round.
    function setMisconductPolicy(uint16 newCapBps, uint64 newReportWindow) external onlyOwner {
        if (newCapBps > BPS) revert OutOfBounds(newCapBps, 0, BPS);
        if (newReportWindow > MAX_REPORT_WINDOW) revert OutOfBounds(newReportWindow, 0, MAX_REPORT_WINDOW);
        emit MisconductPolicyUpdated(misconductCapBps, reportWindow, newCapBps, newReportWindow);
        misconductCapBps = newCapBps;
        reportWindow = newReportWindow;
    }

    /// @notice Sets how far the difficulty may move from one round to the next.
    function setMaxDifficultyStep(uint32 newStep) external onlyOwner {
        if (newStep == 0) revert ZeroAmount();
        emit MaxDifficultyStepUpdated(maxDifficultyStep, newStep);
        maxDifficultyStep = newStep;
    }

    /// @notice Names the FeePool. What is owed is then paid from the new one.
    function setFeePool(IFeePool newFeePool) external onlyOwner {
        _setFeePool(newFeePool);
        _emitParameters();
    }

    /// @notice Names who knows agents and validators; zero lets everybody take part.
    function setIdentityRegistry(IIdentityRegistry newIdentityRegistry) external onlyOwner {
        if (address(newIdentityRegistry) != address(0)) _requireContract(address(newIdentityRegistry));
        emit IdentityRegistryUpdated(address(identityRegistry), address(newIdentityRegistry));
        identityRegistry = newIdentityRegistry;
    }

    /// @notice Names the StakeManager. Refused while the present one holds stakes for rounds.
    function setStakeManager(IStakeManager newStakeManager) external onlyOwner {
        if (liveRounds != 0) revert RoundsLive(liveRounds);
        _setStakeManager(newStakeManager);
    }

    // --------------------------------------------------------------------------------------------------- views

    /// @notice What a student commits to.
    function answerCommitment(uint256 roundId, address student, bytes32 answerHash, bytes32 salt)
        public
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(ANSWER_DOMAIN, block.chainid, address(this), roundId, student, answerHash, salt));
    }

    /// @notice What a validator commits to.
    function voteCommitment(uint256 roundId, address validator, uint256 vote, bytes32 salt)
        public
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(VOTE_DOMAIN, block.chainid, address(this), roundId, validator, vote, salt));
    }

    /// @notice Whether `account` may start rounds and report misconduct.
    function orchestrators(address account) external view returns (bool) {
        return _orchestrators.contains(account);
    }

    /// @notice All orchestrators.
    function orchestratorList() external view returns (address[] memory) {
        return _orchestrators.values();
    }

    /// @notice The rules of one round.
    function rulesOf(uint256 roundId) external view returns (Rules memory) {
        return _rulesOf[roundId];
    }

    /// @notice Everything about a round but its people.
    function getRound(uint256 roundId) external view returns (Round memory) {
        return _rounds[roundId];
    }

    /// @notice The students and validators that joined a round, in the order of votes and indices.
    function participantsOf(uint256 roundId)
        external
        view
        returns (address[] memory students, address[] memory validators)
    {
        return (_students[roundId], _validators[roundId]);
    }

    /// @notice What an account is to a round and has done there.
    function participant(uint256 roundId, address account) external view returns (Participant memory) {
        return _participants[roundId][account];
    }

    /// @notice Whether misconduct of `validator` was punished under `reason`.
    function isPunished(uint256 roundId, address validator, string calldata reason) external view returns (bool) {
        return _punished[keccak256(abi.encode(roundId, validator, reason))];
    }

    /// @notice Base reward of the teacher, in wei of the token.
    function teacherReward() external view returns (uint256) {
        return _rules.teacherReward;
    }

    /// @notice Base reward of all winning students together, in wei of the token.
    function studentReward() external view returns (uint256) {
        return _rules.studentReward;
    }

    /// @notice Base reward of the whole committee together, in wei of the token.
    function validatorReward() external view returns (uint256) {
        return _rules.validatorReward;
    }

    /// @notice What each validator locks, in wei of the token.
    function validatorStake() external view returns (uint256) {
        return _rules.validatorStake;
    }

    /// @notice How many validators judge.
    function committeeSize() external view returns (uint256) {
        return _rules.committeeSize;
    }

    /// @notice Success rate at which the teacher is paid in full, in basis points.
    function targetSuccessRateBps() external view returns (uint256) {
        return _rules.targetSuccessRateBps;
    }

    /// @notice Share of its base reward that the teacher is paid, in basis points.
    function teacherSplit() external view returns (uint256) {
        return _rules.teacherSplit;
    }

    /// @notice Share of their base reward that students are paid, in basis points.
    function studentSplit() external view returns (uint256) {
        return _rules.studentSplit;
    }

    /// @notice Share of their base reward that validators are paid, in basis points.
    function validatorSplit() external view returns (uint256) {
        return _rules.validatorSplit;
    }

    /// @notice Share of its stake that a silent validator loses, in basis points.
    function nonRevealPenaltyBps() external view returns (uint256) {
        return _rules.nonRevealPenaltyBps;
    }

    /// @notice How long the phases last, in seconds.
    function windows() external view returns (Windows memory) {
        return _rules.windows;
    }

    // ----------------------------------------------------------------------------------------------- internals

    function _moveDifficulty(uint32 requested) private {
        uint32 previous = difficulty;
        uint32 step = requested > previous ? requested - previous : previous - requested;
        if (totalRounds != 0 && step > maxDifficultyStep) {
            revert DifficultyStepTooLarge(previous, requested, maxDifficultyStep);
        }
        difficulty = requested;
    }

    function _invite(uint256 roundId, address account, Seat seat) private {
        if (account == address(0)) revert ZeroAddress();
        Participant storage invited = _participants[roundId][account];
        if (invited.seat != Seat.None) revert DuplicateParticipant(account);
        invited.seat = seat;
    }

    function _takeSeat(uint256 roundId, Participant storage joining, address[] storage seats) private {
        // At most 32 seats.
        // forge-lint: disable-next-line(unsafe-typecast)
        joining.index = uint16(seats.length);
        seats.push(msg.sender);
        emit ParticipantJoined(roundId, msg.sender, joining.seat, joining.index);
    }

    function _commit(uint256 roundId, Seat seat, bytes32 commitment) private {
        Participant storage acting = _participants[roundId][msg.sender];
        if (acting.seat != seat || !acting.joined) revert NotSeated(roundId, msg.sender, seat);
        if (commitment == 0) revert EmptyHash();
        if (acting.commitment != 0) revert AlreadyDone(roundId, msg.sender);
        acting.commitment = commitment;
    }

    function _reveal(uint256 roundId, Seat seat, bytes32 disclosed, bytes32 commitment) private {
        Participant storage acting = _participants[roundId][msg.sender];
        if (acting.seat != seat || acting.commitment == 0) revert NotSeated(roundId, msg.sender, seat);
        if (acting.revealed) revert AlreadyDone(roundId, msg.sender);
        if (acting.commitment != commitment) revert CommitmentMismatch(acting.commitment, commitment);
        acting.revealed = true;
        acting.disclosed = disclosed;
    }

    function _penaliseSilence(uint256 roundId) private {
        Rules storage rules_ = _rulesOf[roundId];
        uint256 penalty = _share(rules_.validatorStake, rules_.nonRevealPenaltyBps);
        if (penalty == 0) return;
        address[] storage committee = _validators[roundId];
        for (uint256 i = 0; i < committee.length; ++i) {
            address validator = committee[i];
            if (_participants[roundId][validator].revealed) continue;
            uint256 slashed = stakeManager.slash(Role.Validator, validator, roundId, penalty, address(0));
            emit ValidatorPenalised(roundId, validator, slashed, "auto-slash:non-reveal");
        }
    }

    function _countVotes(uint256 roundId, uint256 revealedVotes)
        private
        view
        returns (uint256 winners, uint256 winnerCount)
    {
        address[] storage students = _students[roundId];
        address[] storage committee = _validators[roundId];
        uint256[] memory approvals = new uint256[](students.length);
        for (uint256 v = 0; v < committee.length; ++v) {
            // A validator who did not reveal has disclosed nothing, which approves nobody.
            uint256 vote = uint256(_participants[roundId][committee[v]].disclosed);
            for (uint256 s = 0; s < approvals.length; ++s) {
                approvals[s] += (vote >> s) & 1;
            }
        }
        for (uint256 s = 0; s < approvals.length; ++s) {
            if (approvals[s] * 2 <= revealedVotes || !_participants[roundId][students[s]].revealed) continue;
            winners |= uint256(1) << s;
            ++winnerCount;
        }
    }

    /// @dev Each role has its share of its base reward; what nobody has earned goes back to the pool.
    function _creditRewards(uint256 roundId, Round storage round, uint256 winnerCount)
        private
        returns (uint256 earned)
    {
        Rules memory rules_ = _rulesOf[roundId];
        uint256 toTeacher = _creditTeacher(roundId, round, rules_);
        uint256 toStudents = winnerCount == 0 ? 0 : _creditStudents(roundId, round.winners, winnerCount, rules_);
        uint256 toValidators = _creditValidators(roundId, round.winners, rules_);
        emit RewardsDistributed(roundId, toTeacher, toStudents, toValidators);
        earned = toTeacher + toStudents + toValidators;
        totalOwed += earned;
    }

    /// @dev The teacher loses a part as the success rate is off the target, and everything when nobody succeeded.
    function _creditTeacher(uint256 roundId, Round storage round, Rules memory rules_)
        private
        returns (uint256 amount)
    {
        uint256 rate = round.successRateBps;
        uint256 target = rules_.targetSuccessRateBps;
        if (rate == 0) return 0;
        uint256 miss = rate > target ? rate - target : target - rate;
        amount = _share(_share(rules_.teacherReward, rules_.teacherSplit), BPS - miss);
        _credit(roundId, round.teacher, Seat.Teacher, amount);
    }

    /// @dev Winning students share equally.
    function _creditStudents(uint256 roundId, uint256 winners, uint256 winnerCount, Rules memory rules_)
        private
        returns (uint256)
    {
        address[] memory students = _students[roundId];
        uint256 each = _share(rules_.studentReward, rules_.studentSplit) / winnerCount;
        for (uint256 s = 0; s < students.length; ++s) {
            if ((winners >> s) & 1 == 1) _credit(roundId, students[s], Seat.Student, each);
        }
        return each * winnerCount;
    }

    /// @dev Each seat of the committee has an equal part, of which a validator earns as much as it judged like the
    /// majority. Misconduct forfeits it.
    function _creditValidators(uint256 roundId, uint256 winners, Rules memory rules_)
        private
        returns (uint256 total)
    {
        address[] memory committee = _validators[roundId];
        uint256 judgements = _students[roundId].length;
        uint256 pot = _share(rules_.validatorReward, rules_.validatorSplit);
        for (uint256 v = 0; v < committee.length; ++v) {
            Participant storage judge = _participants[roundId][committee[v]];
            if (!judge.revealed || judge.misconduct) continue;
            uint256 agreed = judgements - _bitCount(uint256(judge.disclosed) ^ winners);
            uint256 amount = (pot * agreed) / (committee.length * judgements);
            _credit(roundId, committee[v], Seat.Validator, amount);
            total += amount;
        }
    }

    function _credit(uint256 roundId, address account, Seat seat, uint256 amount) private {
        if (amount == 0) return;
        owedTo[account] += amount;
        emit RewardEarned(roundId, account, seat, amount);
    }

    function _void(uint256 roundId, Round storage round) private {
        emit RoundVoided(roundId, round.phase);
        round.phase = Phase.Voided;
        _end(roundId, round, 0);
    }

    /// @dev Frees the committee's stakes and gives back what was set aside and not earned.
    function _end(uint256 roundId, Round storage round, uint256 earned) private {
        --liveRounds;
        round.endedAt = protocolTime();
        uint256 unused = round.reserved - earned;
        round.reserved = earned;
        uint256 stake = _rulesOf[roundId].validatorStake;
        address[] memory committee = _validators[roundId];
        for (uint256 i = 0; i < committee.length && stake != 0; ++i) {
            stakeManager.unlockStake(Role.Validator, committee[i], roundId, stake);
        }
        if (unused != 0) feePool.releaseRewards(unused);
    }

    function _enter(uint256 roundId, Round storage round, Phase phase, uint32 window) private {
        round.phase = phase;
        round.phaseEndsAt = protocolTime() + window;
        emit PhaseStarted(roundId, phase, round.phaseEndsAt);
    }

    function _setStakeManager(IStakeManager newStakeManager) private {
        _requireContract(address(newStakeManager));
        emit StakeManagerUpdated(address(stakeManager), address(newStakeManager));
        stakeManager = newStakeManager;
    }

    function _setFeePool(IFeePool newFeePool) private {
        _requireContract(address(newFeePool));
        emit FeePoolUpdated(address(feePool), address(newFeePool));
        feePool = newFeePool;
    }

    function _emitParameters() private {
        Rules memory rules_ = _rules;
        emit ParametersUpdated(
            rules_.teacherReward,
            rules_.studentReward,
            rules_.validatorReward,
            rules_.committeeSize,
            rules_.validatorStake,
            rules_.targetSuccessRateBps,
            rules_.teacherSplit,
            rules_.studentSplit,
            rules_.validatorSplit,
            address(feePool)
        );
    }

    function _inPhase(uint256 roundId, Phase phase) private view returns (Round storage round) {
        round = _rounds[roundId];
        if (round.phase != phase) revert WrongPhase(roundId, round.phase);
        if (protocolTime() >= round.phaseEndsAt) revert PhaseOver(roundId, round.phaseEndsAt, protocolTime());
    }

    function _requireOver(uint256 roundId, Round storage round) private view {
        if (protocolTime() < round.phaseEndsAt) revert PhaseNotOver(roundId, round.phaseEndsAt, protocolTime());
    }

    function _requireEligible(address account, Role role) private view {
        if (!stakeManager.isStaked(account, role)) revert NotStaked(account, role);
        Kind kind = role == Role.Validator ? Kind.Validator : Kind.Agent;
        if (address(identityRegistry) != address(0) && !identityRegistry.isAuthorized(kind, account)) {
            revert NotAuthorized(account, kind);
        }
    }

    function _requireWindow(uint256 window) private pure {
        if (window == 0 || window > MAX_WINDOW) revert OutOfBounds(window, 1, MAX_WINDOW);
    }

    function _isLive(Phase phase) private pure returns (bool) {
        return phase != Phase.None && phase != Phase.Finalised && phase != Phase.Voided;
    }

    function _share(uint256 amount, uint256 bps) private pure returns (uint256) {
        return (amount * bps) / BPS;
    }

    function _bitCount(uint256 bits) private pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) {
            ++count;
        }
    }
}
