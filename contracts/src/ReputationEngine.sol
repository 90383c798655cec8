// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {OutOfBounds, Unauthorized} from "./base/Errors.sol";
import {Governed} from "./base/Governed.sol";
import {Membership} from "./base/Membership.sol";
import {IJobRegistry, JobState} from "./interfaces/IJobRegistry.sol";
import {IReputationEngine} from "./interfaces/IReputationEngine.sol";

/// @title ReputationEngine
/// @notice Points that agents earn with jobs done and lose with jobs failed, and the blacklist.
/// @dev Scores are pulled from final jobs, once each, so that a fault here can never hold up a payment.
contract ReputationEngine is IReputationEngine, Governed {
    using EnumerableSet for EnumerableSet.AddressSet;
    using Membership for EnumerableSet.AddressSet;

    /// @notice Most points that an account can have.
    uint256 public constant MAX_REPUTATION = 88_888;

    /// @notice Whose jobs count.
    IJobRegistry public jobRegistry;

    /// @notice Points for a job done.
    uint256 public successPoints = 100;

    /// @notice Points lost with a job failed.
    uint256 public failurePoints = 200;

    /// @notice From how many points on an account is premium.
    uint256 public premiumThreshold = 1_000;

    /// @inheritdoc IReputationEngine
    mapping(address account => uint256) public reputationOf;

    /// @notice Whether a job has been counted.
    mapping(address registry => mapping(uint256 jobId => bool)) public isRecorded;

    EnumerableSet.AddressSet private _callers;
    EnumerableSet.AddressSet private _blacklist;

    /// @notice The points of an account changed.
    event ReputationUpdated(address indexed account, uint256 previous, uint256 current, string reason);

    /// @notice A final job was counted.
    event JobRecorded(uint256 indexed jobId, address indexed agent, bool success);

    /// @notice An account was barred, or is no longer.
    event BlacklistUpdated(address indexed account, bool previous, bool current);

    /// @notice Who may adjust points and bar accounts changed.
    event CallerUpdated(address indexed caller, bool previous, bool current);

    /// @notice The points per job changed.
    event PointsUpdated(uint256 previousSuccess, uint256 previousFailure, uint256 successPoints, uint256 failurePoints);

    /// @notice The premium threshold changed.
    event PremiumThresholdUpdated(uint256 previous, uint256 current);

    /// @notice The JobRegistry changed.
    event JobRegistryUpdated(address indexed previous, address indexed current);

    /// @notice The job is not final.
    error JobNotFinal(uint256 jobId, JobState state);

    /// @notice The job has been counted before.
    error AlreadyRecorded(uint256 jobId);

    modifier onlyCaller() {
        if (msg.sender != owner() && !_callers.contains(msg.sender)) revert Unauthorized(msg.sender);
        _;
    }

    /// @param initialOwner Governance, or the deployer until it hands over.
    /// @param initialJobRegistry Whose jobs count.
    constructor(address initialOwner, IJobRegistry initialJobRegistry) Governed(initialOwner) {
        _setJobRegistry(initialJobRegistry);
    }

    /// @notice Counts a final job. Anybody may call it, once for each job.
    function recordJob(uint256 jobId) external {
        JobState state = jobRegistry.stateOf(jobId);
        if (state != JobState.Finalized) revert JobNotFinal(jobId, state);
        if (isRecorded[address(jobRegistry)][jobId]) revert AlreadyRecorded(jobId);
        isRecorded[address(jobRegistry)][jobId] = true;
        (, address agent) = jobRegistry.partiesOf(jobId);
        bool success = jobRegistry.succeeded(jobId);
        emit JobRecorded(jobId, agent, success);
        if (success) _add(agent, successPoints, "job done");
        else _subtract(agent, failurePoints, "job failed");
    }

    /// @notice A caller gives points, for the reason on record.
    function addReputation(address account, uint256 points, string calldata reason) external onlyCaller {
        _add(account, points, reason);
    }

    /// @notice A caller takes points, for the reason on record.
    function subtractReputation(address account, uint256 points, string calldata reason) external onlyCaller {
        _subtract(account, points, reason);
    }

    /// @notice A caller bars an account from starting anything, or lets it again.
    function setBlacklist(address account, bool barred) external onlyCaller {
        emit BlacklistUpdated(account, _blacklist.update(account, barred), barred);
    }

    /// @notice Says whether `caller` may adjust points and bar accounts.
    function setCaller(address caller, bool allowed) external onlyOwner {
        emit CallerUpdated(caller, _callers.update(caller, allowed), allowed);
    }

    /// @notice Sets the points per job, up to {MAX_REPUTATION} each.
    function setPoints(uint256 newSuccessPoints, uint256 newFailurePoints) external onlyOwner {
        _requirePoints(newSuccessPoints);
        _requirePoints(newFailurePoints);
        emit PointsUpdated(successPoints, failurePoints, newSuccessPoints, newFailurePoints);
        successPoints = newSuccessPoints;
        failurePoints = newFailurePoints;
    }

    /// @notice Sets from how many points on an account is premium, up to {MAX_REPUTATION}.
    function setPremiumThreshold(uint256 newThreshold) external onlyOwner {
        _requirePoints(newThreshold);
        emit PremiumThresholdUpdated(premiumThreshold, newThreshold);
        premiumThreshold = newThreshold;
    }

    /// @notice Names whose jobs count.
    function setJobRegistry(IJobRegistry newJobRegistry) external onlyOwner {
        _setJobRegistry(newJobRegistry);
    }

    /// @inheritdoc IReputationEngine
    function isBlacklisted(address account) external view returns (bool) {
        return _blacklist.contains(account);
    }

    /// @notice Whether an account has the points of a premium one and is not barred.
    function isPremium(address account) external view returns (bool) {
        return reputationOf[account] >= premiumThreshold && !_blacklist.contains(account);
    }

    /// @notice All who are barred.
    function blacklist() external view returns (address[] memory) {
        return _blacklist.values();
    }

    /// @notice Whether `account` may adjust points and bar accounts.
    function callers(address account) external view returns (bool) {
        return _callers.contains(account);
    }

    /// @notice All who may adjust points and bar accounts.
    function callerList() external view returns (address[] memory) {
        return _callers.values();
    }

    function _add(address account, uint256 points, string memory reason) private {
        uint256 previous = reputationOf[account];
        _setReputation(account, Math.min(Math.saturatingAdd(previous, points), MAX_REPUTATION), reason);
    }

    function _subtract(address account, uint256 points, string memory reason) private {
        _setReputation(account, Math.saturatingSub(reputationOf[account], points), reason);
    }

    function _setReputation(address account, uint256 points, string memory reason) private {
        emit ReputationUpdated(account, reputationOf[account], points, reason);
        reputationOf[account] = points;
    }

    function _setJobRegistry(IJobRegistry newJobRegistry) private {
        _requireContract(address(newJobRegistry));
        emit JobRegistryUpdated(address(jobRegistry), address(newJobRegistry));
        jobRegistry = newJobRegistry;
    }

    function _requirePoints(uint256 points) private pure {
        if (points > MAX_REPUTATION) revert OutOfBounds(points, 0, MAX_REPUTATION);
    }
}
