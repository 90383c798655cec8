// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {BPS, OutOfBounds} from "./base/Errors.sol";
import {PausableModule} from "./base/PausableModule.sol";
import {IFeePool} from "./interfaces/IFeePool.sol";
import {IIdentityRegistry, Kind} from "./interfaces/IIdentityRegistry.sol";
import {IJobRegistry, JobState} from "./interfaces/IJobRegistry.sol";
import {IStakeManager, Role} from "./interfaces/IStakeManager.sol";

/// @title ValidationModule
/// @notice A committee drawn from a pool of validators judges a submitted job by commit and reveal.
/// @dev Starting a round fixes a block to come, whose hash draws the committee, so that whoever starts it cannot choose
/// the outcome; the proposer of that block can at most throw it away. A commitment or a vote touches this contract alone.
contract ValidationModule is PausableModule, ReentrancyGuardTransient {
    using EnumerableSet for EnumerableSet.AddressSet;
    using SafeERC20 for IERC20;

    /// @notice Where a round stands.
    enum Phase {
        None,
        Drawing,
        Committing,
        Revealing,
        Judged,
        Failed
    }

    /// @notice What a validator has done in a round.
    struct Ballot {
        bytes32 commitment;
        bool seated;
        bool revealed;
        bool approve;
    }

    /// @param phase Where it stands.
    /// @param seedBlock The block whose hash draws the committee.
    /// @param phaseEndsAt Protocol time at which the phase is over.
    /// @param attempt How many rounds the job has had.
    /// @param commits Commitments.
    /// @param reveals Revealed votes.
    /// @param approvals Revealed votes for the agent.
    /// @param rewarded Whether the validators' reward was shared out.
    /// @param stake What each validator has locked, in wei of the token.
    /// @param penaltyBps Share of that which silence costs, in basis points.
    /// @param thresholdBps Share of the revealed votes from which on the job has succeeded, in basis points.
    struct Round {
        Phase phase;
        uint64 seedBlock;
        uint64 phaseEndsAt;
        uint16 attempt;
        uint16 commits;
        uint16 reveals;
        uint16 approvals;
        bool rewarded;
        uint128 stake;
        uint16 penaltyBps;
        uint16 thresholdBps;
    }

    /// @notice Most validators in the pool.
    uint256 public constant MAX_POOL = 200;

    /// @notice Most validators in a committee.
    uint256 public constant MAX_COMMITTEE = 31;

    /// @notice Most rounds for one job.
    uint256 public constant MAX_ATTEMPTS = 5;

    /// @notice Longest window, in seconds.
    uint64 public constant MAX_WINDOW = 7 days;

    bytes32 private constant VOTE_DOMAIN = keccak256("ValidationModule.Vote");

    /// @notice Whose jobs are judged.
    IJobRegistry public immutable jobRegistry;

    /// @notice The token that validators are rewarded in.
    IERC20 public immutable token;

    /// @notice Where validators' stakes are locked.
    IStakeManager public stakeManager;

    /// @notice Where rewards go that nobody has earned; zero when they wait here.
    IFeePool public feePool;

    /// @notice Who may validate; zero when everybody may.
    IIdentityRegistry public identityRegistry;

    /// @notice How many validators judge a job.
    uint16 public committeeSize = 3;

    /// @notice Share of the revealed votes from which on a job has succeeded, in basis points.
    uint16 public approvalThresholdBps = 6_600;

    /// @notice Share of its stake that a silent validator loses, in basis points.
    uint16 public nonRevealPenaltyBps = 1_000;

    /// @notice What each validator locks, in wei of the token.
    uint128 public validatorStake = 10e18;

    /// @notice How long validators have to commit, in seconds.
    uint64 public commitWindow = 30 minutes;

    /// @notice How long they have to reveal, in seconds.
    uint64 public revealWindow = 30 minutes;

    /// @notice Rounds that hold stakes.
    uint256 public liveRounds;

    /// @notice Rewards earned and not yet paid, in wei of the token.
    uint256 public totalOwed;

    /// @notice Rewards that nobody has earned and that wait to be sent on, in wei of the token.
    uint256 public unearned;

    /// @notice Rewards earned and not yet paid, by validator, in wei of the token.
    mapping(address validator => uint256) public owedTo;

    EnumerableSet.AddressSet private _pool;
    mapping(uint256 jobId => Round) private _rounds;
    mapping(uint256 jobId => address[]) private _committees;
    mapping(uint256 jobId => mapping(uint256 attempt => mapping(address validator => Ballot))) private _ballots;

    /// @notice A validator offers to judge, or does no longer.
    event PoolUpdated(address indexed validator, bool previous, bool current);

    /// @notice A round began; its committee is drawn by the hash of `seedBlock`.
    event ValidationStarted(uint256 indexed jobId, uint256 indexed attempt, uint64 seedBlock);

    /// @notice The committee is drawn and commits until `commitEndsAt` of protocol time.
    event CommitteeDrawn(uint256 indexed jobId, uint256 indexed attempt, address[] committee, uint64 commitEndsAt);

    /// @notice A validator committed.
    event VoteCommitted(uint256 indexed jobId, address indexed validator, bytes32 commitment);

    /// @notice Commitments are over; the committee reveals until `revealEndsAt` of protocol time.
    event RevealStarted(uint256 indexed jobId, uint64 revealEndsAt);

    /// @notice A validator revealed.
    event VoteRevealed(uint256 indexed jobId, address indexed validator, bool approve);

    /// @notice A validator lost stake because it did not reveal.
    event ValidatorPenalised(uint256 indexed jobId, address indexed validator, uint256 slashed, string reason);

    /// @notice There is a verdict.
    event ValidationResult(uint256 indexed jobId, bool success, uint256 approvals, uint256 reveals);

    /// @notice A round ended without a verdict.
    event ValidationFailed(uint256 indexed jobId, uint256 indexed attempt);

    /// @notice Governance gave more time.
    event RoundExtended(uint256 indexed jobId, uint64 previous, uint64 current);

    /// @notice The reward of a final job was shared by those whose vote agreed with the outcome.
    event RewardShared(uint256 indexed jobId, uint256 amount, uint256 validators, uint256 each);

    /// @notice Earned rewards were paid.
    event RewardClaimed(address indexed validator, uint256 amount);

    /// @notice Rewards that nobody has earned went to the FeePool.
    event UnearnedSent(address indexed feePool, uint256 amount);

    /// @notice The committee changed.
    event CommitteeParametersUpdated(
        uint256 previousSize, uint256 previousStake, uint256 committeeSize, uint256 validatorStake
    );

    /// @notice The approval threshold changed, for rounds drawn from now on.
    event ApprovalThresholdUpdated(uint256 previous, uint256 current);

    /// @notice The price of silence changed, for rounds drawn from now on.
    event NonRevealPenaltyUpdated(uint256 previous, uint256 current);

    /// @notice The windows changed.
    event WindowsUpdated(uint64 previousCommit, uint64 previousReveal, uint64 commitWindow, uint64 revealWindow);

    /// @notice The StakeManager changed.
    event StakeManagerUpdated(address indexed previous, address indexed current);

    /// @notice The FeePool changed.
    event FeePoolUpdated(address indexed previous, address indexed current);

    /// @notice The IdentityRegistry changed.
    event IdentityRegistryUpdated(address indexed previous, address indexed current);

    /// @notice The round stands elsewhere than the function needs.
    error WrongPhase(uint256 jobId, Phase phase);

    /// @notice The phase is over.
    error PhaseOver(uint256 jobId, uint64 phaseEndsAt, uint64 protocolTime);

    /// @notice The phase goes on: its time is not over and not everybody has acted.
    error PhaseNotOver(uint256 jobId, uint64 phaseEndsAt, uint64 protocolTime);

    /// @notice The job does not wait for a verdict.
    error NotSubmitted(uint256 jobId, JobState state);

    /// @notice The job has had all its rounds.
    error TooManyAttempts(uint256 jobId, uint256 maximum);

    /// @notice The block that draws the committee is not there yet.
    error TooEarlyToDraw(uint256 jobId, uint64 seedBlock);

    /// @notice Only `eligible` validators could judge.
    error TooFewValidators(uint256 jobId, uint256 eligible, uint256 required);

    /// @notice The pool has no room.
    error PoolFull(uint256 maximum);

    /// @notice The account cannot validate: unknown, or without the stake.
    error NotEligible(address account);

    /// @notice The account is not in the committee, or has not committed.
    error NotSeated(uint256 jobId, address account);

    /// @notice The account did this before.
    error AlreadyDone(uint256 jobId, address account);

    /// @notice A commitment is empty.
    error EmptyHash();

    /// @notice What was revealed is not what was committed to.
    error CommitmentMismatch(bytes32 expected, bytes32 actual);

    /// @notice Nothing is owed to the account.
    error NothingOwed(address account);

    /// @notice There is nothing to send on, or nowhere to send it.
    error NothingToSend();

    /// @notice The job is not final.
    error JobNotFinal(uint256 jobId, JobState state);

    /// @notice Stakes are locked in the present StakeManager for this many rounds.
    error RoundsLive(uint256 count);

    /// @param initialOwner Governance, or the deployer until it hands over.
    /// @param initialSystemPause The SystemPause contract.
    /// @param judgedRegistry Whose jobs are judged.
    /// @param rewardToken The token that validators are rewarded in.
    /// @param initialStakeManager Where validators' stakes are locked.
    constructor(
        address initialOwner,
        address initialSystemPause,
        IJobRegistry judgedRegistry,
        IERC20 rewardToken,
        IStakeManager initialStakeManager
    ) PausableModule(initialOwner, initialSystemPause) {
        _requireContract(address(judgedRegistry));
        _requireContract(address(rewardToken));
        jobRegistry = judgedRegistry;
        token = rewardToken;
        _setStakeManager(initialStakeManager);
    }

    // ---------------------------------------------------------------------------------------------------- the pool

    /// @notice The caller offers to judge. Being drawn locks stake, and silence then costs part of it.
    function joinPool() external whenNotPaused {
        if (!_isEligible(msg.sender)) revert NotEligible(msg.sender);
        if (_pool.length() == MAX_POOL) revert PoolFull(MAX_POOL);
        emit PoolUpdated(msg.sender, !_pool.add(msg.sender), true);
    }

    /// @notice The caller offers no longer. Rounds that it sits in go on.
    function leavePool() external {
        emit PoolUpdated(msg.sender, _pool.remove(msg.sender), false);
    }

    /// @notice Takes out a validator that could not be drawn any more. Anybody may call it.
    function prunePool(address validator) external whenNotPaused {
        if (_pool.contains(validator) && !_isEligible(validator)) {
            _pool.remove(validator);
            emit PoolUpdated(validator, true, false);
        }
    }

    // -------------------------------------------------------------------------------------------------- the rounds

    /// @notice Starts a round for a submitted job. Anybody may call it.
    function startValidation(uint256 jobId) external whenNotPaused {
        Round storage round = _rounds[jobId];
        JobState state = jobRegistry.stateOf(jobId);
        if (state != JobState.Submitted) revert NotSubmitted(jobId, state);
        if (round.phase != Phase.None && round.phase != Phase.Failed) revert WrongPhase(jobId, round.phase);
        if (round.attempt == MAX_ATTEMPTS) revert TooManyAttempts(jobId, MAX_ATTEMPTS);
        delete _committees[jobId];
        round.phase = Phase.Drawing;
        round.seedBlock = uint64(block.number) + 1;
        ++round.attempt;
        (round.commits, round.reveals, round.approvals) = (0, 0, 0);
        emit ValidationStarted(jobId, round.attempt, round.seedBlock);
    }

    /// @notice Draws the committee and locks its stakes. Anybody may call it, at least two blocks after the start.
    /// @dev A hash is there for 256 blocks; when those have passed, another block is fixed.
    function drawCommittee(uint256 jobId) external whenNotPaused nonReentrant {
        Round storage round = _rounds[jobId];
        if (round.phase != Phase.Drawing) revert WrongPhase(jobId, round.phase);
        if (block.number <= round.seedBlock) revert TooEarlyToDraw(jobId, round.seedBlock);
        bytes32 seed = blockhash(round.seedBlock);
        if (seed == 0) {
            round.seedBlock = uint64(block.number) + 1;
            emit ValidationStarted(jobId, round.attempt, round.seedBlock);
            return;
        }
        address[] memory committee = _draw(jobId, round.attempt, seed);
        _committees[jobId] = committee;
        round.phase = Phase.Committing;
        round.phaseEndsAt = protocolTime() + commitWindow;
        round.stake = validatorStake;
        round.penaltyBps = nonRevealPenaltyBps;
        round.thresholdBps = approvalThresholdBps;
        ++liveRounds;
        emit CommitteeDrawn(jobId, round.attempt, committee, round.phaseEndsAt);
        for (uint256 i = 0; i < committee.length; ++i) {
            _ballots[jobId][round.attempt][committee[i]].seated = true;
            if (round.stake != 0) stakeManager.lockStake(Role.Validator, committee[i], jobId, round.stake);
        }
    }

    /// @notice A validator commits to a vote; see {voteCommitment}.
    function commitVote(uint256 jobId, bytes32 commitment) external whenNotPaused {
        Round storage round = _inPhase(jobId, Phase.Committing);
        Ballot storage ballot = _ballots[jobId][round.attempt][msg.sender];
        if (!ballot.seated) revert NotSeated(jobId, msg.sender);
        if (commitment == 0) revert EmptyHash();
        if (ballot.commitment != 0) revert AlreadyDone(jobId, msg.sender);
        ballot.commitment = commitment;
        ++round.commits;
        emit VoteCommitted(jobId, msg.sender, commitment);
    }

    /// @notice Ends commitments when all have committed or their time is over. Anybody may call it.
    function startReveal(uint256 jobId) external whenNotPaused {
        Round storage round = _rounds[jobId];
        if (round.phase != Phase.Committing) revert WrongPhase(jobId, round.phase);
        if (round.commits != _committees[jobId].length) _requireOver(jobId, round);
        round.phase = Phase.Revealing;
        round.phaseEndsAt = protocolTime() + revealWindow;
        emit RevealStarted(jobId, round.phaseEndsAt);
    }

    /// @notice A validator reveals the vote that was committed to.
    function revealVote(uint256 jobId, bool approve, bytes32 salt) external whenNotPaused {
        Round storage round = _inPhase(jobId, Phase.Revealing);
        Ballot storage ballot = _ballots[jobId][round.attempt][msg.sender];
        if (ballot.commitment == 0) revert NotSeated(jobId, msg.sender);
        if (ballot.revealed) revert AlreadyDone(jobId, msg.sender);
        bytes32 commitment = voteCommitment(jobId, round.attempt, msg.sender, approve, salt);
        if (ballot.commitment != commitment) revert CommitmentMismatch(ballot.commitment, commitment);
        ballot.revealed = true;
        ballot.approve = approve;
        ++round.reveals;
        if (approve) ++round.approvals;
        emit VoteRevealed(jobId, msg.sender, approve);
    }

    /// @notice Counts the votes, prices silence, frees stakes and enters the verdict. Anybody may call it.
    /// @dev Without the votes of more than half of the committee, or when the job no longer waits, there is no verdict.
    function finalizeValidation(uint256 jobId) external whenNotPaused nonReentrant {
        Round storage round = _rounds[jobId];
        if (round.phase != Phase.Revealing) revert WrongPhase(jobId, round.phase);
        if (round.reveals != round.commits) _requireOver(jobId, round);
        address[] memory committee = _committees[jobId];
        bool judged = uint256(round.reveals) * 2 > committee.length && jobRegistry.stateOf(jobId) == JobState.Submitted;
        _penaliseSilence(jobId, round, committee);
        _close(jobId, round, committee, judged ? Phase.Judged : Phase.Failed);
        if (!judged) return;
        bool success = uint256(round.approvals) * BPS >= uint256(round.reveals) * round.thresholdBps;
        emit ValidationResult(jobId, success, round.approvals, round.reveals);
        jobRegistry.recordVerdict(jobId, success);
    }

    // ------------------------------------------------------------------------------------------------- the rewards

    /// @notice Shares the reward of a final job among those whose vote agreed with its outcome. Anybody may call it.
    function shareReward(uint256 jobId) external whenNotPaused nonReentrant {
        Round storage round = _rounds[jobId];
        if (round.phase != Phase.Judged || round.rewarded) revert WrongPhase(jobId, round.phase);
        JobState state = jobRegistry.stateOf(jobId);
        if (state != JobState.Finalized) revert JobNotFinal(jobId, state);
        round.rewarded = true;
        bool success = jobRegistry.succeeded(jobId);
        uint256 winners = success ? round.approvals : round.reveals - round.approvals;
        uint256 amount = jobRegistry.collectValidatorReward(jobId);
        uint256 each = winners == 0 ? 0 : amount / winners;
        address[] memory committee = _committees[jobId];
        for (uint256 i = 0; i < committee.length && each != 0; ++i) {
            Ballot storage ballot = _ballots[jobId][round.attempt][committee[i]];
            if (ballot.revealed && ballot.approve == success) owedTo[committee[i]] += each;
        }
        totalOwed += each * winners;
        unearned += amount - each * winners;
        emit RewardShared(jobId, amount, winners, each);
    }

    /// @notice Pays what is owed to `validator`. Anybody may call it.
    function claimReward(address validator) external whenNotPaused nonReentrant {
        uint256 amount = owedTo[validator];
        if (amount == 0) revert NothingOwed(validator);
        owedTo[validator] = 0;
        totalOwed -= amount;
        emit RewardClaimed(validator, amount);
        token.safeTransfer(validator, amount);
    }

    /// @notice Sends rewards that nobody has earned to the FeePool. Anybody may call it.
    function sendUnearned() external whenNotPaused nonReentrant {
        uint256 amount = unearned;
        if (amount == 0 || address(feePool) == address(0)) revert NothingToSend();
        unearned = 0;
        emit UnearnedSent(address(feePool), amount);
        token.forceApprove(address(feePool), amount);
        feePool.depositFee(amount);
    }

    // -------------------------------------------------------------------------------------------------- governance

    /// @notice Ends a round without a verdict or penalties and frees its stakes. Works while paused.
    function voidRound(uint256 jobId) external onlyOwner nonReentrant {
        Round storage round = _rounds[jobId];
        if (round.phase == Phase.Drawing) {
            round.phase = Phase.Failed;
            emit ValidationFailed(jobId, round.attempt);
        } else {
            _requireLive(jobId, round);
            _close(jobId, round, _committees[jobId], Phase.Failed);
        }
    }

    /// @notice Gives the present phase more time. Works while paused.
    function extendRound(uint256 jobId, uint64 extraSeconds) external onlyOwner {
        Round storage round = _rounds[jobId];
        _requireLive(jobId, round);
        if (extraSeconds == 0 || extraSeconds > MAX_WINDOW) revert OutOfBounds(extraSeconds, 1, MAX_WINDOW);
        emit RoundExtended(jobId, round.phaseEndsAt, round.phaseEndsAt + extraSeconds);
        round.phaseEndsAt += extraSeconds;
    }

    /// @notice Sets how many validators judge, up to {MAX_COMMITTEE}, and what each locks, in wei of the token.
    function setCommitteeParameters(uint16 newSize, uint128 newStake) external onlyOwner {
        if (newSize == 0 || newSize > MAX_COMMITTEE) revert OutOfBounds(newSize, 1, MAX_COMMITTEE);
        emit CommitteeParametersUpdated(committeeSize, validatorStake, newSize, newStake);
        committeeSize = newSize;
        validatorStake = newStake;
    }

    /// @notice Sets from which share of votes on a job has succeeded, in basis points from 1.
    function setApprovalThreshold(uint16 newThresholdBps) external onlyOwner {
        if (newThresholdBps == 0 || newThresholdBps > BPS) revert OutOfBounds(newThresholdBps, 1, BPS);
        emit ApprovalThresholdUpdated(approvalThresholdBps, newThresholdBps);
        approvalThresholdBps = newThresholdBps;
    }

    /// @notice Sets what share of its stake a silent validator loses, in basis points.
    function setNonRevealPenalty(uint16 newPenaltyBps) external onlyOwner {
        if (newPenaltyBps > BPS) revert OutOfBounds(newPenaltyBps, 0, BPS);
        emit NonRevealPenaltyUpdated(nonRevealPenaltyBps, newPenaltyBps);
        nonRevealPenaltyBps = newPenaltyBps;
    }

    /// @notice Sets how long validators have to commit and to reveal, in seconds up to {MAX_WINDOW} each.
    function setWindows(uint64 newCommitWindow, uint64 newRevealWindow) external onlyOwner {
        if (newCommitWindow == 0 || newCommitWindow > MAX_WINDOW) revert OutOfBounds(newCommitWindow, 1, MAX_WINDOW);
        if (newRevealWindow == 0 || newRevealWindow > MAX_WINDOW) revert OutOfBounds(newRevealWindow, 1, MAX_WINDOW);
        emit WindowsUpdated(commitWindow, revealWindow, newCommitWindow, newRevealWindow);
        commitWindow = newCommitWindow;
        revealWindow = newRevealWindow;
    }

    /// @notice Names the StakeManager. Refused while the present one holds stakes for rounds.
    function setStakeManager(IStakeManager newStakeManager) external onlyOwner {
        if (liveRounds != 0) revert RoundsLive(liveRounds);
        _setStakeManager(newStakeManager);
    }

    /// @notice Names the FeePool; zero lets unearned rewards wait here.
    function setFeePool(IFeePool newFeePool) external onlyOwner {
        if (address(newFeePool) != address(0)) _requireContract(address(newFeePool));
        emit FeePoolUpdated(address(feePool), address(newFeePool));
        feePool = newFeePool;
    }

    /// @notice Names who knows the validators; zero lets everybody validate.
    function setIdentityRegistry(IIdentityRegistry newIdentityRegistry) external onlyOwner {
        if (address(newIdentityRegistry) != address(0)) _requireContract(address(newIdentityRegistry));
        emit IdentityRegistryUpdated(address(identityRegistry), address(newIdentityRegistry));
        identityRegistry = newIdentityRegistry;
    }

    // ------------------------------------------------------------------------------------------------------- views

    /// @notice What a validator commits to.
    function voteCommitment(uint256 jobId, uint256 attempt, address validator, bool approve, bytes32 salt)
        public
        view
        returns (bytes32)
    {
        return
            keccak256(abi.encode(VOTE_DOMAIN, block.chainid, address(this), jobId, attempt, validator, approve, salt));
    }

    /// @notice Everything about a job's latest round but its people.
    function rounds(uint256 jobId) external view returns (Round memory) {
        return _rounds[jobId];
    }

    /// @notice The committee of a job's latest round.
    function committeeOf(uint256 jobId) external view returns (address[] memory) {
        return _committees[jobId];
    }

    /// @notice What a validator has done in a job's latest round.
    function ballotOf(uint256 jobId, address validator) external view returns (Ballot memory) {
        return _ballots[jobId][_rounds[jobId].attempt][validator];
    }

    /// @notice All who offer to judge.
    function pool() external view returns (address[] memory) {
        return _pool.values();
    }

    // --------------------------------------------------------------------------------------------------- internals

    /// @dev Walks the pool in an order that the seed shuffles and seats the first who are able to judge.
    function _draw(uint256 jobId, uint256 attempt, bytes32 seed) private view returns (address[] memory committee) {
        address[] memory candidates = _pool.values();
        (address employer, address agent) = jobRegistry.partiesOf(jobId);
        committee = new address[](committeeSize);
        uint256 seated;
        for (uint256 left = candidates.length; left != 0 && seated != committee.length; --left) {
            uint256 pick = uint256(keccak256(abi.encode(seed, jobId, attempt, left))) % left;
            address candidate = candidates[pick];
            candidates[pick] = candidates[left - 1];
            if (candidate == employer || candidate == agent || !_isEligible(candidate)) continue;
            committee[seated++] = candidate;
        }
        if (seated != committee.length) revert TooFewValidators(jobId, seated, committee.length);
    }

    function _isEligible(address account) private view returns (bool) {
        if (!stakeManager.isStaked(account, Role.Validator)) return false;
        if (stakeManager.freeStakeOf(account, Role.Validator) < validatorStake) return false;
        return address(identityRegistry) == address(0) || identityRegistry.isAuthorized(Kind.Validator, account);
    }

    function _penaliseSilence(uint256 jobId, Round storage round, address[] memory committee) private {
        uint256 penalty = (uint256(round.stake) * round.penaltyBps) / BPS;
        for (uint256 i = 0; i < committee.length && penalty != 0; ++i) {
            if (_ballots[jobId][round.attempt][committee[i]].revealed) continue;
            uint256 slashed = stakeManager.slash(Role.Validator, committee[i], jobId, penalty, address(0));
            emit ValidatorPenalised(jobId, committee[i], slashed, "auto-slash:non-reveal");
        }
    }

    /// @dev Frees the committee's stakes.
    function _close(uint256 jobId, Round storage round, address[] memory committee, Phase phase) private {
        round.phase = phase;
        --liveRounds;
        if (phase == Phase.Failed) emit ValidationFailed(jobId, round.attempt);
        for (uint256 i = 0; i < committee.length && round.stake != 0; ++i) {
            stakeManager.unlockStake(Role.Validator, committee[i], jobId, round.stake);
        }
    }

    function _setStakeManager(IStakeManager newStakeManager) private {
        _requireContract(address(newStakeManager));
        emit StakeManagerUpdated(address(stakeManager), address(newStakeManager));
        stakeManager = newStakeManager;
    }

    function _inPhase(uint256 jobId, Phase phase) private view returns (Round storage round) {
        round = _rounds[jobId];
        if (round.phase != phase) revert WrongPhase(jobId, round.phase);
        if (protocolTime() >= round.phaseEndsAt) revert PhaseOver(jobId, round.phaseEndsAt, protocolTime());
    }

    function _requireOver(uint256 jobId, Round storage round) private view {
        if (protocolTime() < round.phaseEndsAt) revert PhaseNotOver(jobId, round.phaseEndsAt, protocolTime());
    }

    function _requireLive(uint256 jobId, Round storage round) private view {
        if (round.phase != Phase.Committing && round.phase != Phase.Revealing) revert WrongPhase(jobId, round.phase);
    }
}
