// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {OutOfBounds, SplitSum, ZeroAddress} from "./base/Errors.sol";
import {PausableModule} from "./base/PausableModule.sol";
import {Attestation, IEnergyOracle} from "./interfaces/IEnergyOracle.sol";
import {IFeePool} from "./interfaces/IFeePool.sol";
import {IThermostat} from "./interfaces/IThermostat.sol";

/// @title RewardEngine
/// @notice Pays every epoch's budget to those who worked, by role and by attested work.
/// @dev An epoch's budget is set aside in the FeePool when the epoch is settled, so every share of it is covered. The
/// last to claim in a role gets what is left of it, so the shares add up to the budget to the wei.
contract RewardEngine is PausableModule, ReentrancyGuardTransient {
    /// @notice The roles that share an epoch's budget.
    enum RewardRole {
        Agent,
        Validator,
        Operator,
        Employer
    }

    /// @param totalWork Attested work, until the epoch is settled.
    /// @param workLeft Work that has not been paid.
    /// @param budgetLeft What it will be paid with, in wei of the token.
    struct Pot {
        uint256 totalWork;
        uint256 workLeft;
        uint256 budgetLeft;
    }

    /// @notice Weights of roles add up to this.
    uint256 public constant WEIGHT_SUM = 100;

    /// @notice Most work that one attestation can carry.
    uint256 public constant MAX_WORK = 1e36;

    /// @notice Shortest epoch, in seconds.
    uint64 public constant MIN_EPOCH = 1 minutes;

    /// @notice Longest epoch, in seconds.
    uint64 public constant MAX_EPOCH = 90 days;

    uint256 private constant ONE = 1e18;

    /// @notice Where rewards come from.
    IFeePool public feePool;

    /// @notice Who attests work.
    IEnergyOracle public energyOracle;

    /// @notice Whose temperature scales the budget; zero for none.
    IThermostat public thermostat;

    /// @notice The epoch that work is attested for, from 1.
    uint256 public currentEpoch = 1;

    /// @notice Protocol time from which the current epoch can be settled.
    uint64 public epochEndsAt;

    /// @notice How long an epoch lasts, in seconds.
    uint64 public epochLength = 7 days;

    /// @notice Budget of an epoch at temperature one, in wei of the token.
    uint256 public epochBudget;

    /// @notice Budget of an epoch at any temperature, in wei of the token.
    uint256 public maxEpochBudget;

    /// @notice Rewards set aside and not yet paid, in wei of the token.
    uint256 public totalOwed;

    /// @notice Work of a user in a role that was attested and not yet paid.
    mapping(uint256 epoch => mapping(RewardRole => mapping(address user => uint256))) public workOf;

    /// @notice Whether an attestation has been counted.
    mapping(bytes32 digest => bool) public isCounted;

    uint8[4] private _roleWeights = [65, 15, 15, 5];
    mapping(uint256 epoch => mapping(RewardRole => Pot)) private _pots;

    /// @notice Work was counted.
    event WorkCounted(
        uint256 indexed epoch, RewardRole indexed role, address indexed user, uint256 work, bytes32 digest
    );

    /// @notice An epoch was settled and the next began; `budget` is what roles with work share.
    event EpochSettled(uint256 indexed epoch, uint256 budget, uint256 temperature, uint64 nextEpochEndsAt);

    /// @notice A role's share of an epoch.
    event PotFilled(uint256 indexed epoch, RewardRole indexed role, uint256 work, uint256 budget);

    /// @notice A share was paid.
    event EpochRewardClaimed(uint256 indexed epoch, RewardRole indexed role, address indexed user, uint256 amount);

    /// @notice The weights of roles changed, for epochs settled from now on.
    event RoleWeightsUpdated(uint8[4] previous, uint8[4] current);

    /// @notice The budget changed, for epochs settled from now on.
    event EpochBudgetUpdated(uint256 previousBudget, uint256 previousMaximum, uint256 budget, uint256 maximum);

    /// @notice The length of epochs changed, for those that begin from now on.
    event EpochLengthUpdated(uint64 previous, uint64 current);

    /// @notice The FeePool changed.
    event FeePoolUpdated(address indexed previous, address indexed current);

    /// @notice The EnergyOracle changed.
    event EnergyOracleUpdated(address indexed previous, address indexed current);

    /// @notice The Thermostat changed.
    event ThermostatUpdated(address indexed previous, address indexed current);

    /// @notice The attestation is for another contract.
    error WrongConsumer(address consumer);

    /// @notice The attestation is for another epoch than the current one.
    error WrongEpoch(uint256 epoch, uint256 currentEpoch);

    /// @notice The attestation was counted before.
    error AlreadyCounted(bytes32 digest);

    /// @notice The epoch goes on.
    error EpochNotOver(uint64 epochEndsAt, uint64 protocolTime);

    /// @notice There is nothing to claim, or not yet.
    error NothingToClaim(uint256 epoch, RewardRole role, address user);

    /// @param initialOwner Governance, or the deployer until it hands over.
    /// @param initialSystemPause The SystemPause contract.
    /// @param initialFeePool Where rewards come from.
    /// @param initialEnergyOracle Who attests work.
    constructor(
        address initialOwner,
        address initialSystemPause,
        IFeePool initialFeePool,
        IEnergyOracle initialEnergyOracle
    ) PausableModule(initialOwner, initialSystemPause) {
        _setFeePool(initialFeePool);
        _setEnergyOracle(initialEnergyOracle);
        epochEndsAt = protocolTime() + epochLength;
    }

    /// @notice Counts attested work for the current epoch. Anybody may submit it, once.
    function submitWork(Attestation calldata attestation, address[] calldata signers, bytes[] calldata signatures)
        external
        whenNotPaused
    {
        if (attestation.consumer != address(this)) revert WrongConsumer(attestation.consumer);
        if (attestation.epoch != currentEpoch) revert WrongEpoch(attestation.epoch, currentEpoch);
        if (attestation.user == address(0)) revert ZeroAddress();
        if (attestation.role > uint8(type(RewardRole).max)) {
            revert OutOfBounds(attestation.role, 0, uint8(type(RewardRole).max));
        }
        if (attestation.work == 0 || attestation.work > MAX_WORK) revert OutOfBounds(attestation.work, 1, MAX_WORK);
        bytes32 digest = energyOracle.verify(attestation, signers, signatures);
        if (isCounted[digest]) revert AlreadyCounted(digest);
        isCounted[digest] = true;
        RewardRole role = RewardRole(attestation.role);
        workOf[currentEpoch][role][attestation.user] += attestation.work;
        _pots[currentEpoch][role].totalWork += attestation.work;
        emit WorkCounted(currentEpoch, role, attestation.user, attestation.work, digest);
    }

    /// @notice Settles the epoch when its time is over and begins the next. Anybody may call it.
    /// @dev A role without work leaves its share in the pool. When the pool has less than the budget, that is the budget.
    function settleEpoch() external whenNotPaused nonReentrant {
        if (protocolTime() < epochEndsAt) revert EpochNotOver(epochEndsAt, protocolTime());
        uint256 epoch = currentEpoch++;
        epochEndsAt = protocolTime() + epochLength;
        (uint256 budget, uint256 temperature) = budgetNow();
        uint256 reserved;
        for (uint256 i = 0; i < _roleWeights.length; ++i) {
            RewardRole role = RewardRole(i);
            Pot storage pot = _pots[epoch][role];
            uint256 share = (budget * _roleWeights[i]) / WEIGHT_SUM;
            if (pot.totalWork == 0 || share == 0) continue;
            pot.workLeft = pot.totalWork;
            pot.budgetLeft = share;
            reserved += share;
            emit PotFilled(epoch, role, pot.totalWork, share);
        }
        totalOwed += reserved;
        emit EpochSettled(epoch, reserved, temperature, epochEndsAt);
        if (reserved != 0) feePool.reserveRewards(reserved);
    }

    /// @notice Pays a user's share of a settled epoch. Anybody may call it.
    function claim(uint256 epoch, RewardRole role, address user)
        external
        whenNotPaused
        nonReentrant
        returns (uint256 amount)
    {
        Pot storage pot = _pots[epoch][role];
        uint256 work = workOf[epoch][role][user];
        if (work == 0 || pot.workLeft == 0) revert NothingToClaim(epoch, role, user);
        amount = Math.mulDiv(pot.budgetLeft, work, pot.workLeft);
        workOf[epoch][role][user] = 0;
        pot.workLeft -= work;
        pot.budgetLeft -= amount;
        totalOwed -= amount;
        emit EpochRewardClaimed(epoch, role, user, amount);
        // A share can round to nothing, which is no reason to keep it from being settled.
        if (amount != 0) feePool.reward(user, amount);
    }

    /// @notice Sets the weights of agent, validator, operator and employer, which add up to {WEIGHT_SUM}.
    function setRoleWeights(uint8[4] calldata newWeights) external onlyOwner {
        uint256 sum = uint256(newWeights[0]) + newWeights[1] + newWeights[2] + newWeights[3];
        if (sum != WEIGHT_SUM) revert SplitSum(sum, WEIGHT_SUM);
        emit RoleWeightsUpdated(_roleWeights, newWeights);
        _roleWeights = newWeights;
    }

    /// @notice Sets the budget of an epoch at temperature one and at any, in wei of the token.
    function setEpochBudget(uint256 newBudget, uint256 newMaximum) external onlyOwner {
        if (newMaximum > type(uint128).max) revert OutOfBounds(newMaximum, 0, type(uint128).max);
        if (newBudget > newMaximum) revert OutOfBounds(newBudget, 0, newMaximum);
        emit EpochBudgetUpdated(epochBudget, maxEpochBudget, newBudget, newMaximum);
        epochBudget = newBudget;
        maxEpochBudget = newMaximum;
    }

    /// @notice Sets how long epochs last, in seconds from {MIN_EPOCH} to {MAX_EPOCH}.
    function setEpochLength(uint64 newLength) external onlyOwner {
        if (newLength < MIN_EPOCH || newLength > MAX_EPOCH) revert OutOfBounds(newLength, MIN_EPOCH, MAX_EPOCH);
        emit EpochLengthUpdated(epochLength, newLength);
        epochLength = newLength;
    }

    /// @notice Names the FeePool. What is owed is then paid from the new one.
    function setFeePool(IFeePool newFeePool) external onlyOwner {
        _setFeePool(newFeePool);
    }

    /// @notice Names the EnergyOracle.
    function setEnergyOracle(IEnergyOracle newEnergyOracle) external onlyOwner {
        _setEnergyOracle(newEnergyOracle);
    }

    /// @notice Names the Thermostat; zero leaves the temperature at one.
    function setThermostat(IThermostat newThermostat) external onlyOwner {
        if (address(newThermostat) != address(0)) _requireContract(address(newThermostat));
        emit ThermostatUpdated(address(thermostat), address(newThermostat));
        thermostat = newThermostat;
    }

    /// @notice What the roles would share if the epoch were settled now, before roles without work drop out.
    function budgetNow() public view returns (uint256 budget, uint256 temperature) {
        temperature = address(thermostat) == address(0) ? ONE : thermostat.systemTemperature();
        budget = Math.min(Math.mulDiv(epochBudget, temperature, ONE), maxEpochBudget);
        budget = Math.min(budget, feePool.rewardBudget());
    }

    /// @notice The weights of agent, validator, operator and employer.
    function roleWeights() external view returns (uint8[4] memory) {
        return _roleWeights;
    }

    /// @notice What a role has of an epoch.
    function pots(uint256 epoch, RewardRole role) external view returns (Pot memory) {
        return _pots[epoch][role];
    }

    function _setFeePool(IFeePool newFeePool) private {
        _requireContract(address(newFeePool));
        emit FeePoolUpdated(address(feePool), address(newFeePool));
        feePool = newFeePool;
    }

    function _setEnergyOracle(IEnergyOracle newEnergyOracle) private {
        _requireContract(address(newEnergyOracle));
        emit EnergyOracleUpdated(address(energyOracle), address(newEnergyOracle));
        energyOracle = newEnergyOracle;
    }
}
