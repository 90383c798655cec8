// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFeePool} from "../interfaces/IFeePool.sol";
import {IIdentityRegistry} from "../interfaces/IIdentityRegistry.sol";
import {ITaxPolicy} from "../interfaces/ITaxPolicy.sol";
import {BPS, OutOfBounds, ZeroAmount} from "./Errors.sol";
import {PausableModule} from "./PausableModule.sol";

/// @title JobRules
/// @notice The parameters and links of JobRegistry, and their setters.
abstract contract JobRules is PausableModule {
    /// @notice Longest window that can be set, in seconds.
    uint64 public constant MAX_WINDOW = 90 days;

    /// @notice Where collected fees go; zero when they wait here.
    IFeePool public feePool;

    /// @notice Who may work; zero when everybody may.
    IIdentityRegistry public identityRegistry;

    /// @notice What employers and agents must have acknowledged; zero for nothing.
    ITaxPolicy public taxPolicy;

    /// @notice Who judges submissions; zero when submissions stand unless they are disputed.
    address public validationModule;

    /// @notice Who decides disputes.
    address public disputeModule;

    /// @notice What an agent locks for a job, in wei of the token.
    uint128 public jobStake;

    /// @notice Largest reward of a job, in wei of the token.
    uint128 public maxJobReward = type(uint128).max;

    /// @notice What it costs to raise a dispute; the loser pays. In wei of the token.
    uint128 public disputeFee;

    /// @notice Longest duration of a job, in seconds.
    uint64 public maxJobDuration = 30 days;

    /// @notice How long after its deadline an agent's job can be taken back, in seconds.
    uint64 public expirationGracePeriod = 1 days;

    /// @notice How long validators have before the parties may dispute instead, in seconds.
    uint64 public validationWindow = 1 days;

    /// @notice How long a verdict can be disputed, in seconds.
    uint64 public disputeWindow = 1 days;

    /// @notice How many jobs one agent may have open.
    uint256 public maxActiveJobsPerAgent = 10;

    /// @notice Share of the job's stake that a failed agent loses, in basis points.
    uint256 public failureSlashBps = 5_000;

    /// @notice The FeePool changed.
    event FeePoolUpdated(address indexed previous, address indexed current);

    /// @notice The IdentityRegistry changed.
    event IdentityRegistryUpdated(address indexed previous, address indexed current);

    /// @notice The TaxPolicy changed.
    event TaxPolicyUpdated(address indexed previous, address indexed current);

    /// @notice The ValidationModule changed.
    event ValidationModuleUpdated(address indexed previous, address indexed current);

    /// @notice The DisputeModule changed.
    event DisputeModuleUpdated(address indexed previous, address indexed current);

    /// @notice The stake per job changed, for jobs taken from now on.
    event JobStakeUpdated(uint256 previous, uint256 current);

    /// @notice The largest reward changed.
    event MaxJobRewardUpdated(uint256 previous, uint256 current);

    /// @notice The price of a dispute changed, for disputes raised from now on.
    event DisputeFeeUpdated(uint256 previous, uint256 current);

    /// @notice The longest duration changed.
    event MaxJobDurationUpdated(uint64 previous, uint64 current);

    /// @notice The grace period changed.
    event ExpirationGracePeriodUpdated(uint64 previous, uint64 current);

    /// @notice The validators' window changed, for jobs submitted from now on.
    event ValidationWindowUpdated(uint64 previous, uint64 current);

    /// @notice The dispute window changed, for verdicts from now on.
    event DisputeWindowUpdated(uint64 previous, uint64 current);

    /// @notice The number of jobs that an agent may have open changed.
    event MaxActiveJobsPerAgentUpdated(uint256 previous, uint256 current);

    /// @notice The share of stake that a failed agent loses changed.
    event FailureSlashUpdated(uint256 previous, uint256 current);

    /// @param initialOwner The first owner.
    /// @param initialSystemPause The SystemPause contract.
    constructor(address initialOwner, address initialSystemPause) PausableModule(initialOwner, initialSystemPause) {}

    /// @notice Names the FeePool; zero lets fees wait here.
    function setFeePool(IFeePool newFeePool) external onlyOwner {
        if (address(newFeePool) != address(0)) _requireContract(address(newFeePool));
        emit FeePoolUpdated(address(feePool), address(newFeePool));
        feePool = newFeePool;
    }

    /// @notice Names who knows the agents; zero lets everybody work.
    function setIdentityRegistry(IIdentityRegistry newIdentityRegistry) external onlyOwner {
        if (address(newIdentityRegistry) != address(0)) _requireContract(address(newIdentityRegistry));
        emit IdentityRegistryUpdated(address(identityRegistry), address(newIdentityRegistry));
        identityRegistry = newIdentityRegistry;
    }

    /// @notice Names the policy to be acknowledged before creating or taking a job; zero for none.
    function setTaxPolicy(ITaxPolicy newTaxPolicy) external onlyOwner {
        if (address(newTaxPolicy) != address(0)) _requireContract(address(newTaxPolicy));
        emit TaxPolicyUpdated(address(taxPolicy), address(newTaxPolicy));
        taxPolicy = newTaxPolicy;
    }

    /// @notice Names who judges submissions; zero lets submissions of jobs created from now on stand unless disputed.
    function setValidationModule(address newValidationModule) external onlyOwner {
        emit ValidationModuleUpdated(validationModule, newValidationModule);
        validationModule = newValidationModule;
    }

    /// @notice Names who decides disputes; zero leaves them to {forceRefund}.
    function setDisputeModule(address newDisputeModule) external onlyOwner {
        emit DisputeModuleUpdated(disputeModule, newDisputeModule);
        disputeModule = newDisputeModule;
    }

    /// @notice Sets what an agent locks for a job, in wei of the token.
    function setJobStake(uint128 newJobStake) external onlyOwner {
        emit JobStakeUpdated(jobStake, newJobStake);
        jobStake = newJobStake;
    }

    /// @notice Sets the largest reward of a job, in wei of the token.
    function setMaxJobReward(uint128 newMaxJobReward) external onlyOwner {
        if (newMaxJobReward == 0) revert ZeroAmount();
        emit MaxJobRewardUpdated(maxJobReward, newMaxJobReward);
        maxJobReward = newMaxJobReward;
    }

    /// @notice Sets what it costs to raise a dispute, in wei of the token.
    function setDisputeFee(uint128 newDisputeFee) external onlyOwner {
        emit DisputeFeeUpdated(disputeFee, newDisputeFee);
        disputeFee = newDisputeFee;
    }

    /// @notice Sets the longest duration of a job, in seconds up to a year.
    function setMaxJobDuration(uint64 newMaxJobDuration) external onlyOwner {
        if (newMaxJobDuration == 0 || newMaxJobDuration > 365 days) revert OutOfBounds(newMaxJobDuration, 1, 365 days);
        emit MaxJobDurationUpdated(maxJobDuration, newMaxJobDuration);
        maxJobDuration = newMaxJobDuration;
    }

    /// @notice Sets the grace period after a job's deadline, in seconds up to {MAX_WINDOW}.
    function setExpirationGracePeriod(uint64 newGracePeriod) external onlyOwner {
        if (newGracePeriod > MAX_WINDOW) revert OutOfBounds(newGracePeriod, 0, MAX_WINDOW);
        emit ExpirationGracePeriodUpdated(expirationGracePeriod, newGracePeriod);
        expirationGracePeriod = newGracePeriod;
    }

    /// @notice Sets how long validators have, in seconds up to {MAX_WINDOW}.
    function setValidationWindow(uint64 newWindow) external onlyOwner {
        if (newWindow == 0 || newWindow > MAX_WINDOW) revert OutOfBounds(newWindow, 1, MAX_WINDOW);
        emit ValidationWindowUpdated(validationWindow, newWindow);
        validationWindow = newWindow;
    }

    /// @notice Sets how long a verdict can be disputed, in seconds up to {MAX_WINDOW}.
    function setDisputeWindow(uint64 newWindow) external onlyOwner {
        if (newWindow == 0 || newWindow > MAX_WINDOW) revert OutOfBounds(newWindow, 1, MAX_WINDOW);
        emit DisputeWindowUpdated(disputeWindow, newWindow);
        disputeWindow = newWindow;
    }

    /// @notice Sets how many jobs one agent may have open.
    function setMaxActiveJobsPerAgent(uint256 newMaximum) external onlyOwner {
        if (newMaximum == 0) revert ZeroAmount();
        emit MaxActiveJobsPerAgentUpdated(maxActiveJobsPerAgent, newMaximum);
        maxActiveJobsPerAgent = newMaximum;
    }

    /// @notice Sets the share of the job's stake that a failed agent loses, in basis points.
    function setFailureSlash(uint256 newSlashBps) external onlyOwner {
        if (newSlashBps > BPS) revert OutOfBounds(newSlashBps, 0, BPS);
        emit FailureSlashUpdated(failureSlashBps, newSlashBps);
        failureSlashBps = newSlashBps;
    }
}
