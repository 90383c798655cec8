// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {IFeePool} from "../interfaces/IFeePool.sol";
import {IIdentityRegistry} from "../interfaces/IIdentityRegistry.sol";
import {BPS, OutOfBounds, SplitSum, Unauthorized, ZeroAmount} from "./Errors.sol";
import {Membership} from "./Membership.sol";
import {PausableModule} from "./PausableModule.sol";

/// @title ArenaRules
/// @notice The rules that new rounds of the arena are played by, who runs them, and the setters of both.
abstract contract ArenaRules is PausableModule {
    using EnumerableSet for EnumerableSet.AddressSet;
    using Membership for EnumerableSet.AddressSet;

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

    /// @notice Most validators in a committee.
    uint256 public constant MAX_COMMITTEE = 31;

    /// @notice Longest window of a phase, in seconds.
    uint256 public constant MAX_WINDOW = 7 days;

    /// @notice Longest time after a round in which misconduct can be reported, in seconds.
    uint64 public constant MAX_REPORT_WINDOW = 90 days;

    /// @notice Where rewards come from.
    IFeePool public feePool;

    /// @notice Who may take part; zero when everybody may.
    IIdentityRegistry public identityRegistry;

    /// @notice How far the difficulty may move from one round to the next.
    uint32 public maxDifficultyStep = 100;

    /// @notice Most that misconduct in one round can cost a validator, in basis points of the round's stake.
    uint16 public misconductCapBps = 10_000;

    /// @notice How long after a round misconduct can be reported, in seconds of protocol time.
    uint64 public reportWindow = 7 days;

    Rules private _rules;
    EnumerableSet.AddressSet private _orchestrators;

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
    event MisconductPolicyUpdated(uint256 previousCapBps, uint256 previousWindow, uint256 capBps, uint256 reportWindow);

    /// @notice The largest step of difficulty changed.
    event MaxDifficultyStepUpdated(uint256 previous, uint256 current);

    /// @notice The FeePool changed.
    event FeePoolUpdated(address indexed previous, address indexed current);

    /// @notice The IdentityRegistry changed.
    event IdentityRegistryUpdated(address indexed previous, address indexed current);

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

    modifier onlyOperator() {
        if (!_isOperator(msg.sender)) revert Unauthorized(msg.sender);
        _;
    }

    /// @param initialOwner The first owner.
    /// @param initialSystemPause The SystemPause contract.
    /// @param initialFeePool Where rewards come from.
    constructor(address initialOwner, address initialSystemPause, IFeePool initialFeePool)
        PausableModule(initialOwner, initialSystemPause)
    {
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
        _setFeePool(initialFeePool);
        _emitParameters();
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

    /// @notice Whether `account` may start rounds and report misconduct.
    function orchestrators(address account) external view returns (bool) {
        return _orchestrators.contains(account);
    }

    /// @notice All orchestrators.
    function orchestratorList() external view returns (address[] memory) {
        return _orchestrators.values();
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

    function _currentRules() internal view returns (Rules memory) {
        return _rules;
    }

    function _isOperator(address account) internal view returns (bool) {
        return account == owner() || _orchestrators.contains(account);
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

    function _requireWindow(uint256 window) private pure {
        if (window == 0 || window > MAX_WINDOW) revert OutOfBounds(window, 1, MAX_WINDOW);
    }
}
