// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {AccessControlEnumerable} from "@openzeppelin/contracts/access/extensions/AccessControlEnumerable.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {BPS, OutOfBounds, Unauthorized} from "./base/Errors.sol";
import {JobRules} from "./base/JobRules.sol";
import {PausableModule} from "./base/PausableModule.sol";
import {Kind} from "./interfaces/IIdentityRegistry.sol";
import {IJobRegistry, JobState} from "./interfaces/IJobRegistry.sol";
import {IStakeManager, Role} from "./interfaces/IStakeManager.sol";

/// @title JobRegistry
/// @notice Jobs with their reward in escrow, from posting to payment.
/// @dev The balance is at least the sum of open rewards, dispute fees, uncollected validators' rewards and uncollected
/// protocol fees. Everything that a deadline demands of a user (submit, dispute) is done in this contract alone, so that
/// no other module's pause can make him miss it.
contract JobRegistry is IJobRegistry, JobRules, AccessControlEnumerable, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @param employer Who posted it and is paid back when it fails.
    /// @param deadline Protocol time by which the present state must move on: submission while Applied, the verdict while
    /// Submitted, a dispute while Completed.
    /// @param state Where it stands.
    /// @param success The provisional verdict; meaningful from Completed on.
    /// @param validated Whether validators must judge it; otherwise a submission stands unless it is disputed.
    /// @param feePct The protocol's share in percent, as it was when the job was created.
    /// @param validatorRewardPct The validators' share in percent, as it was when the job was created.
    /// @param agent Who took it.
    /// @param duration Seconds that the agent has.
    /// @param reward In escrow until the job is final, in wei of the token.
    /// @param stake What the agent has locked for it, in wei of the token.
    /// @param disputeFee Held while it is disputed, in wei of the token.
    /// @param disputant Who raised the dispute.
    /// @param judge The ValidationModule that entered the verdict, and so may collect the validators' share; or zero.
    /// @param specHash Digest of what is asked.
    /// @param resultHash Digest of what was delivered.
    struct Job {
        address employer;
        uint64 deadline;
        JobState state;
        bool success;
        bool validated;
        address agent;
        uint64 duration;
        uint8 feePct;
        uint8 validatorRewardPct;
        uint128 reward;
        uint128 stake;
        uint128 disputeFee;
        address disputant;
        address judge;
        bytes32 specHash;
        bytes32 resultHash;
    }

    /// @notice Holders may pause job intake and everything else here, and may not resume.
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");

    /// @notice The token that jobs are paid in.
    IERC20 public immutable token;

    /// @notice Where agents' stakes are locked, and whose fee percentages apply.
    IStakeManager public stakeManager;

    /// @notice How many jobs there have been; the last one's number.
    uint256 public jobCount;

    /// @notice Jobs that hold an agent's stake.
    uint256 public openEngagements;

    /// @notice Rewards in escrow, in wei of the token.
    uint256 public totalEscrow;

    /// @notice Dispute fees held, in wei of the token.
    uint256 public totalDisputeFees;

    /// @notice Validators' rewards not yet collected, in wei of the token.
    uint256 public totalValidatorRewards;

    /// @notice Protocol fees not yet collected, in wei of the token.
    uint256 public accruedFees;

    /// @notice Jobs that an agent has open.
    mapping(address agent => uint256) public activeJobs;

    /// @notice The validators' reward of a final job that has not been collected, in wei of the token.
    mapping(uint256 jobId => uint256) public validatorRewardOf;

    mapping(uint256 jobId => Job) private _jobs;

    /// @notice A job was posted and its reward put in escrow.
    event JobCreated(
        uint256 indexed jobId,
        address indexed employer,
        uint256 reward,
        uint64 duration,
        uint256 feePct,
        uint256 validatorRewardPct,
        bool validated,
        bytes32 specHash,
        string uri
    );

    /// @notice An agent took the job; it must be submitted before `deadline` of protocol time.
    event JobApplied(uint256 indexed jobId, address indexed agent, uint256 stake, uint64 deadline);

    /// @notice The agent delivered; the present state must move on before `deadline` of protocol time.
    event JobSubmitted(uint256 indexed jobId, address indexed agent, bytes32 resultHash, string uri, uint64 deadline);

    /// @notice There is a verdict, by `judge` or by default, which can be disputed until `deadline` of protocol time.
    event JobCompleted(uint256 indexed jobId, bool success, address indexed judge, uint64 deadline);

    /// @notice A party disputes.
    event JobDisputed(uint256 indexed jobId, address indexed disputant, uint256 fee, string evidence);

    /// @notice A dispute was decided.
    event DisputeResolved(uint256 indexed jobId, bool employerWins);

    /// @notice The job is final and its escrow empty; the amounts add up to the reward.
    event JobFinalized(
        uint256 indexed jobId, bool success, uint256 toAgent, uint256 toEmployer, uint256 toValidators, uint256 fee
    );

    /// @notice The job was called off and its reward returned to the employer.
    event JobCancelled(uint256 indexed jobId, uint256 toEmployer);

    /// @notice The agent missed the deadline; the reward was returned and `slashed` of the stake taken.
    event JobExpired(uint256 indexed jobId, address indexed agent, uint256 slashed);

    /// @notice Governance returned the reward to the employer, the stake to the agent, and the dispute fee to its payer.
    event JobForceRefunded(
        uint256 indexed jobId, JobState previousState, uint256 toEmployer, uint256 stakeReleased, uint256 feeReturned
    );

    /// @notice StakeManager failed to release an agent's lock; StakeManager's `releaseLock` does it when it can.
    event StakeNotReleased(uint256 indexed jobId, address indexed agent, uint256 stake, bytes reason);

    /// @notice Governance gave more time.
    event DeadlineExtended(uint256 indexed jobId, uint64 previous, uint64 current);

    /// @notice A failed agent's stake was taken.
    event AgentSlashed(uint256 indexed jobId, address indexed agent, uint256 requested, uint256 slashed);

    /// @notice The validators' share went to the ValidationModule.
    event ValidatorRewardCollected(uint256 indexed jobId, address indexed validationModule, uint256 amount);

    /// @notice Fees went to the FeePool.
    event FeesCollected(address indexed feePool, uint256 amount);

    /// @notice The StakeManager changed.
    event StakeManagerUpdated(address indexed previous, address indexed current);

    /// @notice The job stands elsewhere than the function needs.
    error WrongState(uint256 jobId, JobState state);

    /// @notice The time for this is over.
    error DeadlinePassed(uint256 jobId, uint64 deadline, uint64 protocolTime);

    /// @notice The time for this has not come.
    error TooEarly(uint256 jobId, uint64 notBefore, uint64 protocolTime);

    /// @notice The agent has as many jobs open as he may.
    error TooManyActiveJobs(address agent, uint256 maximum);

    /// @notice An employer cannot work for himself.
    error OwnJob(uint256 jobId);

    /// @notice The account is not known as an agent.
    error NotAnAgent(address account);

    /// @notice The account has not acknowledged the tax policy in force.
    error TaxPolicyNotAcknowledged(address account);

    /// @notice There is nothing to collect.
    error NothingToCollect();

    /// @notice Stakes are locked in the present StakeManager for this many jobs.
    error EngagementsOpen(uint256 count);

    /// @notice The last holder of a role cannot give it up; governance can take it away.
    error LastHolder(bytes32 role, address account);

    /// @notice The admin of roles is whoever owns the contract, and nobody else.
    error AdminFollowsOwnership();

    /// @param initialOwner Governance, or the deployer until it hands over.
    /// @param initialSystemPause The SystemPause contract.
    /// @param jobToken The token that jobs are paid in.
    /// @param initialStakeManager Where agents' stakes are locked.
    constructor(address initialOwner, address initialSystemPause, IERC20 jobToken, IStakeManager initialStakeManager)
        JobRules(initialOwner, initialSystemPause)
    {
        _requireContract(address(jobToken));
        _requireContract(address(initialStakeManager));
        token = jobToken;
        stakeManager = initialStakeManager;
        emit StakeManagerUpdated(address(0), address(initialStakeManager));
    }

    // ------------------------------------------------------------------------------------------------- employer

    /// @notice Posts a job and puts its reward in escrow. Needs an allowance of the token.
    /// @param reward In wei of the token.
    /// @param duration Seconds that the agent has from taking the job.
    /// @param specHash Digest of what is asked.
    /// @param uri Where to read it.
    /// @return jobId The number of the job, from 1.
    function createJob(uint128 reward, uint64 duration, bytes32 specHash, string calldata uri)
        external
        whenNotPaused
        nonReentrant
        returns (uint256 jobId)
    {
        _requireAcknowledged(msg.sender);
        if (reward == 0 || reward > maxJobReward) revert OutOfBounds(reward, 1, maxJobReward);
        if (duration == 0 || duration > maxJobDuration) revert OutOfBounds(duration, 1, maxJobDuration);
        jobId = ++jobCount;
        Job storage job = _jobs[jobId];
        job.employer = msg.sender;
        job.state = JobState.Created;
        job.reward = reward;
        job.duration = duration;
        job.specHash = specHash;
        job.validated = validationModule != address(0);
        // Both are at most 100.
        // forge-lint: disable-next-line(unsafe-typecast)
        job.feePct = uint8(stakeManager.feePct());
        // forge-lint: disable-next-line(unsafe-typecast)
        job.validatorRewardPct = job.validated ? uint8(stakeManager.validatorRewardPct()) : 0;
        totalEscrow += reward;
        emit JobCreated(
            jobId, msg.sender, reward, duration, job.feePct, job.validatorRewardPct, job.validated, specHash, uri
        );
        token.safeTransferFrom(msg.sender, address(this), reward);
    }

    /// @notice Calls off a job that nobody has taken. The employer has his reward back.
    function cancelJob(uint256 jobId) external whenNotPaused nonReentrant {
        Job storage job = _inState(jobId, JobState.Created);
        if (msg.sender != job.employer) revert Unauthorized(msg.sender);
        job.state = JobState.Cancelled;
        uint256 amount = _emptyEscrow(job);
        emit JobCancelled(jobId, amount);
        token.safeTransfer(job.employer, amount);
    }

    /// @notice The employer accepts what was delivered, and the agent is paid at once.
    /// @dev Accepting before the verdict of validators saves nobody their share; it goes to the protocol instead.
    function acceptResult(uint256 jobId) external whenNotPaused nonReentrant {
        Job storage job = _jobs[jobId];
        if (job.state != JobState.Submitted && job.state != JobState.Completed) revert WrongState(jobId, job.state);
        if (msg.sender != job.employer) revert Unauthorized(msg.sender);
        uint256 validatorShare = job.state == JobState.Submitted ? _validatorShare(job) : 0;
        _settle(jobId, job, true, validatorShare);
    }

    // ---------------------------------------------------------------------------------------------------- agent

    /// @notice Takes a job. The job's stake is locked in StakeManager.
    function applyForJob(uint256 jobId) external whenNotPaused nonReentrant {
        Job storage job = _inState(jobId, JobState.Created);
        if (msg.sender == job.employer) revert OwnJob(jobId);
        _requireAcknowledged(msg.sender);
        if (address(identityRegistry) != address(0) && !identityRegistry.isAuthorized(Kind.Agent, msg.sender)) {
            revert NotAnAgent(msg.sender);
        }
        if (activeJobs[msg.sender] >= maxActiveJobsPerAgent) {
            revert TooManyActiveJobs(msg.sender, maxActiveJobsPerAgent);
        }
        job.state = JobState.Applied;
        job.agent = msg.sender;
        job.stake = jobStake;
        job.deadline = protocolTime() + job.duration;
        ++activeJobs[msg.sender];
        ++openEngagements;
        emit JobApplied(jobId, msg.sender, job.stake, job.deadline);
        if (job.stake != 0) stakeManager.lockStake(Role.Agent, msg.sender, jobId, job.stake);
    }

    /// @notice Delivers. Unless validators must judge it, the result stands once the dispute window is over.
    function submit(uint256 jobId, bytes32 resultHash, string calldata uri) external whenNotPaused {
        Job storage job = _inState(jobId, JobState.Applied);
        if (msg.sender != job.agent) revert Unauthorized(msg.sender);
        _requireBefore(jobId, job.deadline);
        job.resultHash = resultHash;
        if (job.validated) {
            job.state = JobState.Submitted;
            job.deadline = protocolTime() + validationWindow;
            emit JobSubmitted(jobId, msg.sender, resultHash, uri, job.deadline);
        } else {
            emit JobSubmitted(jobId, msg.sender, resultHash, uri, protocolTime() + disputeWindow);
            _complete(jobId, job, true, address(0));
        }
    }

    // ------------------------------------------------------------------------------------------------- verdicts

    /// @inheritdoc IJobRegistry
    function recordVerdict(uint256 jobId, bool success) external whenNotPaused {
        if (msg.sender != validationModule) revert Unauthorized(msg.sender);
        _complete(jobId, _inState(jobId, JobState.Submitted), success, msg.sender);
    }

    /// @notice A party disputes a verdict in time, or disputes because no verdict came in time.
    /// @dev Costs {disputeFee}, which comes back to the one who wins.
    function raiseDispute(uint256 jobId, string calldata evidence) external whenNotPaused nonReentrant {
        Job storage job = _jobs[jobId];
        if (msg.sender != job.employer && msg.sender != job.agent) revert Unauthorized(msg.sender);
        if (job.state == JobState.Completed) _requireBefore(jobId, job.deadline);
        else if (job.state == JobState.Submitted) _requireReached(jobId, job.deadline);
        else revert WrongState(jobId, job.state);
        uint128 fee = disputeFee;
        job.state = JobState.Disputed;
        job.disputant = msg.sender;
        job.disputeFee = fee;
        totalDisputeFees += fee;
        emit JobDisputed(jobId, msg.sender, fee, evidence);
        if (fee != 0) token.safeTransferFrom(msg.sender, address(this), fee);
    }

    /// @inheritdoc IJobRegistry
    function resolveDispute(uint256 jobId, bool employerWins) external whenNotPaused nonReentrant {
        if (msg.sender != disputeModule) revert Unauthorized(msg.sender);
        Job storage job = _inState(jobId, JobState.Disputed);
        emit DisputeResolved(jobId, employerWins);
        bool disputantWins = (job.disputant == job.employer) == employerWins;
        if (disputantWins) _returnDisputeFee(job);
        else accruedFees += _takeDisputeFee(job);
        _settle(jobId, job, !employerWins, 0);
    }

    /// @notice Makes an undisputed verdict final and pays. Anybody may call it.
    function finalize(uint256 jobId) external whenNotPaused nonReentrant {
        Job storage job = _inState(jobId, JobState.Completed);
        _requireReached(jobId, job.deadline);
        _settle(jobId, job, job.success, 0);
    }

    /// @notice Takes a job back from an agent who missed its deadline and the grace period. Anybody may call it.
    function claimTimeout(uint256 jobId) external whenNotPaused nonReentrant {
        Job storage job = _inState(jobId, JobState.Applied);
        _requireReached(jobId, job.deadline + expirationGracePeriod);
        job.state = JobState.Cancelled;
        uint256 amount = _emptyEscrow(job);
        uint256 slashed = _disengage(jobId, job, failureSlashBps);
        emit JobExpired(jobId, job.agent, slashed);
        emit JobCancelled(jobId, amount);
        token.safeTransfer(job.employer, amount);
    }

    /// @notice Sends the protocol's fees to the FeePool. Anybody may call it.
    function collectFees() external whenNotPaused nonReentrant {
        uint256 amount = accruedFees;
        if (amount == 0 || address(feePool) == address(0)) revert NothingToCollect();
        accruedFees = 0;
        emit FeesCollected(address(feePool), amount);
        token.forceApprove(address(feePool), amount);
        feePool.depositFee(amount);
    }

    /// @inheritdoc IJobRegistry
    /// @dev Only by the ValidationModule that judged the job, which need not be the present one.
    function collectValidatorReward(uint256 jobId) external whenNotPaused nonReentrant returns (uint256 amount) {
        if (msg.sender != _jobs[jobId].judge) revert Unauthorized(msg.sender);
        amount = validatorRewardOf[jobId];
        if (amount == 0) revert NothingToCollect();
        validatorRewardOf[jobId] = 0;
        totalValidatorRewards -= amount;
        emit ValidatorRewardCollected(jobId, msg.sender, amount);
        token.safeTransfer(msg.sender, amount);
    }

    // ----------------------------------------------------------------------------------------------- governance

    /// @notice Ends a job that is not final, as if it had never been. Works while paused.
    /// @dev The employer has the whole reward back, the agent his stake unharmed, the disputant his fee; protocol and
    /// validators get nothing. A StakeManager that fails does not hold up the money: the lock then stays there, for
    /// governance to release.
    function forceRefund(uint256 jobId) external onlyOwner nonReentrant {
        Job storage job = _jobs[jobId];
        JobState previous = job.state;
        if (previous == JobState.None || previous == JobState.Finalized || previous == JobState.Cancelled) {
            revert WrongState(jobId, previous);
        }
        job.state = JobState.Cancelled;
        uint256 amount = _emptyEscrow(job);
        uint256 feeReturned = job.disputeFee;
        _returnDisputeFee(job);
        uint256 stakeReleased = previous == JobState.Created ? 0 : _endEngagement(job);
        if (stakeReleased != 0) {
            try stakeManager.unlockStake(Role.Agent, job.agent, jobId, stakeReleased) {}
            catch (bytes memory reason) {
                emit StakeNotReleased(jobId, job.agent, stakeReleased, reason);
                stakeReleased = 0;
            }
        }
        emit JobForceRefunded(jobId, previous, amount, stakeReleased, feeReturned);
        token.safeTransfer(job.employer, amount);
    }

    /// @notice Gives more time for whatever the job waits for. Works while paused.
    function extendDeadline(uint256 jobId, uint64 extraSeconds) external onlyOwner {
        Job storage job = _jobs[jobId];
        if (job.state != JobState.Applied && job.state != JobState.Submitted && job.state != JobState.Completed) {
            revert WrongState(jobId, job.state);
        }
        if (extraSeconds == 0 || extraSeconds > MAX_WINDOW) revert OutOfBounds(extraSeconds, 1, MAX_WINDOW);
        emit DeadlineExtended(jobId, job.deadline, job.deadline + extraSeconds);
        job.deadline += extraSeconds;
    }

    /// @notice Names the StakeManager. Refused while the present one holds stakes for jobs.
    function setStakeManager(IStakeManager newStakeManager) external onlyOwner {
        _requireContract(address(newStakeManager));
        if (openEngagements != 0) revert EngagementsOpen(openEngagements);
        emit StakeManagerUpdated(address(stakeManager), address(newStakeManager));
        stakeManager = newStakeManager;
    }

    // ---------------------------------------------------------------------------------------------------- views

    /// @notice Everything about a job.
    function jobs(uint256 jobId) external view returns (Job memory) {
        return _jobs[jobId];
    }

    /// @inheritdoc IJobRegistry
    function stateOf(uint256 jobId) external view returns (JobState) {
        return _jobs[jobId].state;
    }

    /// @inheritdoc IJobRegistry
    function succeeded(uint256 jobId) external view returns (bool) {
        return _jobs[jobId].success;
    }

    /// @inheritdoc IJobRegistry
    function partiesOf(uint256 jobId) external view returns (address employer, address agent) {
        return (_jobs[jobId].employer, _jobs[jobId].agent);
    }

    /// @inheritdoc PausableModule
    function isPauser(address account) public view override returns (bool) {
        return super.isPauser(account) || hasRole(PAUSER_ROLE, account);
    }

    // ---------------------------------------------------------------------------------------------------- roles

    /// @inheritdoc IAccessControl
    function grantRole(bytes32 role, address account) public override(AccessControl, IAccessControl) {
        if (role == DEFAULT_ADMIN_ROLE) revert AdminFollowsOwnership();
        super.grantRole(role, account);
    }

    /// @inheritdoc IAccessControl
    function revokeRole(bytes32 role, address account) public override(AccessControl, IAccessControl) {
        if (role == DEFAULT_ADMIN_ROLE) revert AdminFollowsOwnership();
        super.revokeRole(role, account);
    }

    /// @inheritdoc IAccessControl
    function renounceRole(bytes32 role, address account) public override(AccessControl, IAccessControl) {
        if (role == DEFAULT_ADMIN_ROLE) revert AdminFollowsOwnership();
        if (hasRole(role, account) && getRoleMemberCount(role) == 1) revert LastHolder(role, account);
        super.renounceRole(role, account);
    }

    // ------------------------------------------------------------------------------------------------ internals

    /// @dev The only way in which the admin of roles changes.
    function _transferOwnership(address newOwner) internal override {
        if (owner() != address(0)) _revokeRole(DEFAULT_ADMIN_ROLE, owner());
        super._transferOwnership(newOwner);
        _grantRole(DEFAULT_ADMIN_ROLE, newOwner);
    }

    function _complete(uint256 jobId, Job storage job, bool success, address judge) private {
        job.state = JobState.Completed;
        job.success = success;
        job.judge = judge;
        job.deadline = protocolTime() + disputeWindow;
        emit JobCompleted(jobId, success, judge, job.deadline);
    }

    /// @dev Pays everybody. Fees round up and the validators' share down; the parts always add up to the reward.
    function _settle(uint256 jobId, Job storage job, bool success, uint256 extraFee) private {
        job.state = JobState.Finalized;
        job.success = success;
        uint256 toValidators = job.judge != address(0) ? _validatorShare(job) : 0;
        uint256 amount = _emptyEscrow(job);
        uint256 fee = success ? Math.ceilDiv(amount * job.feePct, 100) + extraFee : 0;
        uint256 rest = amount - fee - toValidators;
        accruedFees += fee;
        validatorRewardOf[jobId] = toValidators;
        totalValidatorRewards += toValidators;
        emit JobFinalized(jobId, success, success ? rest : 0, success ? 0 : rest, toValidators, fee);
        _disengage(jobId, job, success ? 0 : failureSlashBps);
        token.safeTransfer(success ? job.agent : job.employer, rest);
    }

    /// @dev Ends the agent's engagement and lets go of what is not slashed.
    function _disengage(uint256 jobId, Job storage job, uint256 slashBps) private returns (uint256 slashed) {
        address agent = job.agent;
        uint256 stake = _endEngagement(job);
        uint256 penalty = (stake * slashBps) / BPS;
        if (penalty != 0) {
            slashed = stakeManager.slash(Role.Agent, agent, jobId, penalty, job.employer);
            emit AgentSlashed(jobId, agent, penalty, slashed);
        }
        if (stake != penalty) stakeManager.unlockStake(Role.Agent, agent, jobId, stake - penalty);
    }

    function _endEngagement(Job storage job) private returns (uint256 stake) {
        --activeJobs[job.agent];
        --openEngagements;
        stake = job.stake;
        job.stake = 0;
    }

    function _validatorShare(Job storage job) private view returns (uint256) {
        return (uint256(job.reward) * job.validatorRewardPct) / 100;
    }

    function _emptyEscrow(Job storage job) private returns (uint256 amount) {
        amount = job.reward;
        job.reward = 0;
        totalEscrow -= amount;
    }

    function _takeDisputeFee(Job storage job) private returns (uint256 amount) {
        amount = job.disputeFee;
        job.disputeFee = 0;
        totalDisputeFees -= amount;
    }

    function _returnDisputeFee(Job storage job) private {
        uint256 amount = _takeDisputeFee(job);
        if (amount != 0) token.safeTransfer(job.disputant, amount);
    }

    function _inState(uint256 jobId, JobState state) private view returns (Job storage job) {
        job = _jobs[jobId];
        if (job.state != state) revert WrongState(jobId, job.state);
    }

    function _requireAcknowledged(address account) private view {
        if (address(taxPolicy) != address(0) && !taxPolicy.hasAcknowledged(account)) {
            revert TaxPolicyNotAcknowledged(account);
        }
    }

    function _requireBefore(uint256 jobId, uint64 deadline) private view {
        if (protocolTime() >= deadline) revert DeadlinePassed(jobId, deadline, protocolTime());
    }

    function _requireReached(uint256 jobId, uint64 notBefore) private view {
        if (protocolTime() < notBefore) revert TooEarly(jobId, notBefore, protocolTime());
    }
}
