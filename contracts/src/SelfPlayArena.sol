// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ArenaRules} from "./base/ArenaRules.sol";
import {BPS, OutOfBounds, ZeroAddress, ZeroAmount} from "./base/Errors.sol";
import {IFeePool} from "./interfaces/IFeePool.sol";
import {Kind} from "./interfaces/IIdentityRegistry.sol";
import {IArenaRounds} from "./interfaces/IArenaRounds.sol";
import {IStakeManager, Role} from "./interfaces/IStakeManager.sol";

/// @title SelfPlayArena
/// @notice Rounds in which a teacher sets a task, students answer and a committee of validators judges the answers.
/// @dev A round goes Registration, Answering, Revealing, Voting, Counting, Finalised; anybody moves it on when a phase is
/// over. Everything that a window demands of a participant (answer, reveal, vote) is done in this contract alone, so that
/// no other module's pause can make him miss it. Winners follow from the votes and from nothing else.
contract SelfPlayArena is IArenaRounds, ArenaRules, ReentrancyGuardTransient {
    /// @notice Most students in a round.
    uint256 public constant MAX_STUDENTS = 32;

    /// @notice Most accounts that can be invited as validators, reserves included.
    uint256 public constant MAX_INVITED_VALIDATORS = 62;

    bytes32 private constant ANSWER_DOMAIN = keccak256("SelfPlayArena.Answer");
    bytes32 private constant VOTE_DOMAIN = keccak256("SelfPlayArena.Vote");

    /// @notice Where validators' stakes are locked.
    IStakeManager public stakeManager;

    /// @notice How many rounds there have been; the last one's number.
    uint256 public totalRounds;

    /// @notice Rounds that are neither finalised nor voided.
    uint256 public liveRounds;

    /// @notice Rewards earned and not yet paid, in wei of the token.
    uint256 public totalOwed;

    /// @notice Difficulty of the latest round.
    uint32 public difficulty;

    /// @notice Rewards earned and not yet paid, by account, in wei of the token.
    mapping(address account => uint256) public owedTo;

    mapping(uint256 roundId => Round) private _rounds;
    mapping(uint256 roundId => Rules) private _rulesOf;
    mapping(uint256 roundId => address[]) private _students;
    mapping(uint256 roundId => address[]) private _validators;
    mapping(uint256 roundId => mapping(address account => Participant)) private _participants;
    mapping(bytes32 offence => bool) private _punished;

    /// @param initialOwner Governance, or the deployer until it hands over.
    /// @param initialSystemPause The SystemPause contract.
    /// @param initialStakeManager Where validators' stakes are locked.
    /// @param initialFeePool Where rewards come from.
    constructor(
        address initialOwner,
        address initialSystemPause,
        IStakeManager initialStakeManager,
        IFeePool initialFeePool
    ) ArenaRules(initialOwner, initialSystemPause, initialFeePool) {
        _setStakeManager(initialStakeManager);
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
        Rules memory rules_ = _currentRules();
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
        bool early = complete && _isOperator(msg.sender);
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
    function _creditValidators(uint256 roundId, uint256 winners, Rules memory rules_) private returns (uint256 total) {
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
