// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {OutOfBounds, Unauthorized} from "./base/Errors.sol";
import {PausableModule} from "./base/PausableModule.sol";
import {IJobRegistry, JobState} from "./interfaces/IJobRegistry.sol";
import {IReputationEngine} from "./interfaces/IReputationEngine.sol";
import {IStakeManager, Role} from "./interfaces/IStakeManager.sol";

/// @title JobRouter
/// @notice Assigns new jobs to the platforms that find agents for them, the likelier the more a platform has at stake.
/// @dev The choice moves no money, so a block's randomness will do; its proposer could bend it.
contract JobRouter is PausableModule {
    using EnumerableSet for EnumerableSet.AddressSet;

    /// @notice Most platforms at a time.
    uint256 public constant MAX_PLATFORMS = 64;

    /// @notice Most that a point of reputation can weigh, in wei of stake.
    uint256 public constant MAX_REPUTATION_WEIGHT = 1_000e18;

    /// @notice Whose jobs are routed.
    IJobRegistry public immutable jobRegistry;

    /// @notice Where platforms' stakes are.
    IStakeManager public stakeManager;

    /// @notice Whose points count beside stake; zero when none do.
    IReputationEngine public reputationEngine;

    /// @notice What a point of reputation weighs, in wei of stake.
    uint256 public reputationWeight = 1e18;

    /// @notice The platform that a job was assigned to; zero for none.
    mapping(uint256 jobId => address) public platformOf;

    EnumerableSet.AddressSet private _platforms;

    /// @notice A platform takes jobs, and where to reach it.
    event PlatformRegistered(address indexed platform, string uri);

    /// @notice A platform takes jobs no longer.
    event PlatformDeregistered(address indexed platform, address indexed by);

    /// @notice A job was assigned.
    event JobRouted(uint256 indexed jobId, address indexed platform, uint256 weight, uint256 totalWeight);

    /// @notice The StakeManager changed.
    event StakeManagerUpdated(address indexed previous, address indexed current);

    /// @notice The ReputationEngine changed.
    event ReputationEngineUpdated(address indexed previous, address indexed current);

    /// @notice The weight of reputation changed.
    event ReputationWeightUpdated(uint256 previous, uint256 current);

    /// @notice The account has not put up a platform's minimum stake, or is barred.
    error NotEligible(address account);

    /// @notice The account is no platform.
    error UnknownPlatform(address account);

    /// @notice No more than {MAX_PLATFORMS}.
    error TooManyPlatforms(uint256 maximum);

    /// @notice Only a job that nobody has taken is routed.
    error NotOpen(uint256 jobId, JobState state);

    /// @notice The job was routed before.
    error AlreadyRouted(uint256 jobId, address platform);

    /// @notice There is no platform to route to.
    error NoPlatform();

    /// @param initialOwner Governance, or the deployer until it hands over.
    /// @param initialSystemPause The SystemPause contract.
    /// @param routedRegistry Whose jobs are routed.
    /// @param initialStakeManager Where platforms' stakes are.
    constructor(
        address initialOwner,
        address initialSystemPause,
        IJobRegistry routedRegistry,
        IStakeManager initialStakeManager
    ) PausableModule(initialOwner, initialSystemPause) {
        _requireContract(address(routedRegistry));
        jobRegistry = routedRegistry;
        _setStakeManager(initialStakeManager);
    }

    /// @notice The caller takes jobs, reachable at `uri`. Calling again changes the address.
    function registerPlatform(string calldata uri) external whenNotPaused {
        if (!_isEligible(msg.sender)) revert NotEligible(msg.sender);
        _platforms.add(msg.sender);
        if (_platforms.length() > MAX_PLATFORMS) revert TooManyPlatforms(MAX_PLATFORMS);
        emit PlatformRegistered(msg.sender, uri);
    }

    /// @notice A platform leaves, governance dismisses it, or anybody takes out one that is no longer eligible.
    function deregisterPlatform(address platform) external {
        if (msg.sender != platform && msg.sender != owner() && _isEligible(platform)) revert Unauthorized(msg.sender);
        if (!_platforms.remove(platform)) revert UnknownPlatform(platform);
        emit PlatformDeregistered(platform, msg.sender);
    }

    /// @notice The employer of a job that nobody has taken has it assigned, once.
    function routeJob(uint256 jobId) external whenNotPaused returns (address platform) {
        (address employer,) = jobRegistry.partiesOf(jobId);
        if (msg.sender != employer) revert Unauthorized(msg.sender);
        JobState state = jobRegistry.stateOf(jobId);
        if (state != JobState.Created) revert NotOpen(jobId, state);
        if (platformOf[jobId] != address(0)) revert AlreadyRouted(jobId, platformOf[jobId]);

        address[] memory candidates = _platforms.values();
        uint256[] memory weights = new uint256[](candidates.length);
        uint256 total;
        for (uint256 i = 0; i < candidates.length; ++i) {
            weights[i] = weightOf(candidates[i]);
            total += weights[i];
        }
        if (total == 0) revert NoPlatform();
        uint256 point = uint256(keccak256(abi.encode(block.prevrandao, blockhash(block.number - 1), jobId))) % total;
        uint256 chosen;
        while (point >= weights[chosen]) {
            point -= weights[chosen++];
        }
        platform = candidates[chosen];
        platformOf[jobId] = platform;
        emit JobRouted(jobId, platform, weights[chosen], total);
    }

    /// @notice Names the StakeManager.
    function setStakeManager(IStakeManager newStakeManager) external onlyOwner {
        _setStakeManager(newStakeManager);
    }

    /// @notice Names whose points count beside stake; zero for nobody's.
    function setReputationEngine(IReputationEngine newReputationEngine) external onlyOwner {
        if (address(newReputationEngine) != address(0)) _requireContract(address(newReputationEngine));
        emit ReputationEngineUpdated(address(reputationEngine), address(newReputationEngine));
        reputationEngine = newReputationEngine;
    }

    /// @notice Sets what a point of reputation weighs, in wei of stake up to {MAX_REPUTATION_WEIGHT}.
    function setReputationWeight(uint256 newWeight) external onlyOwner {
        if (newWeight > MAX_REPUTATION_WEIGHT) revert OutOfBounds(newWeight, 0, MAX_REPUTATION_WEIGHT);
        emit ReputationWeightUpdated(reputationWeight, newWeight);
        reputationWeight = newWeight;
    }

    /// @notice The chance of a platform, as a weight; zero when it is not eligible.
    function weightOf(address platform) public view returns (uint256) {
        if (!_isEligible(platform)) return 0;
        uint256 points = address(reputationEngine) == address(0) ? 0 : reputationEngine.reputationOf(platform);
        return stakeManager.stakeOf(platform, Role.Platform) + points * reputationWeight;
    }

    /// @notice All platforms.
    function platforms() external view returns (address[] memory) {
        return _platforms.values();
    }

    function _isEligible(address account) private view returns (bool) {
        return stakeManager.isStaked(account, Role.Platform)
            && (address(reputationEngine) == address(0) || !reputationEngine.isBlacklisted(account));
    }

    function _setStakeManager(IStakeManager newStakeManager) private {
        _requireContract(address(newStakeManager));
        emit StakeManagerUpdated(address(stakeManager), address(newStakeManager));
        stakeManager = newStakeManager;
    }
}
