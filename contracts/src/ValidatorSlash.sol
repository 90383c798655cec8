// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {BPS, OutOfBounds, Unauthorized, ZeroAmount} from "./base/Errors.sol";
import {Membership} from "./base/Membership.sol";
import {PausableModule} from "./base/PausableModule.sol";
import {IStakeManager, Role} from "./interfaces/IStakeManager.sol";

/// @title ValidatorSlash
/// @notice Slashes validators under a ticket, once for each validator and ticket, within limits.
/// @dev Operators slash up to a share of the stake and up to a total per period while the module runs; governance slashes
/// any amount, while paused too. The stake goes to the treasury, whoever slashes.
contract ValidatorSlash is PausableModule {
    using EnumerableSet for EnumerableSet.AddressSet;
    using Membership for EnumerableSet.AddressSet;

    /// @notice Length of the period in which operators' slashes are limited, in seconds of protocol time.
    uint64 public constant PERIOD = 1 days;

    /// @notice Where validators' stakes are.
    IStakeManager public stakeManager;

    /// @notice What {slash} takes when no amount is given, in basis points of the validator's stake.
    uint256 public defaultPenaltyBps = 1_000;

    /// @notice Most that an operator takes at once, in basis points of the validator's stake.
    uint256 public maxPenaltyBps = 2_500;

    /// @notice Most that operators take in one period together, in wei of the token.
    uint256 public periodLimit = 10_000e18;

    /// @notice What operators have taken in each period, in wei of the token.
    mapping(uint256 period => uint256) public takenIn;

    EnumerableSet.AddressSet private _operators;
    mapping(bytes32 ticketAndValidator => bool) private _used;

    /// @notice A validator was slashed under a ticket.
    event ValidatorSlashed(
        address indexed validator, address indexed operator, uint256 requested, uint256 slashed, string ticket
    );

    /// @notice Who may slash changed.
    event OperatorUpdated(address indexed operator, bool previous, bool current);

    /// @notice The penalties changed.
    event PenaltiesUpdated(
        uint256 previousDefaultBps, uint256 previousMaxBps, uint256 defaultPenaltyBps, uint256 maxPenaltyBps
    );

    /// @notice The limit per period changed.
    event PeriodLimitUpdated(uint256 previous, uint256 current);

    /// @notice The StakeManager changed.
    event StakeManagerUpdated(address indexed previous, address indexed current);

    /// @notice A slash needs a ticket.
    error TicketMissing();

    /// @notice The validator was slashed under this ticket before.
    error TicketUsed(string ticket, address validator);

    /// @notice An operator may take only `maximum` at once.
    error PenaltyTooLarge(uint256 requested, uint256 maximum);

    /// @notice Operators may take only `remaining` more in this period.
    error PeriodLimitReached(uint256 requested, uint256 remaining);

    /// @notice The validator has no stake to take.
    error NothingToSlash(address validator);

    /// @param initialOwner Governance, or the deployer until it hands over.
    /// @param initialSystemPause The SystemPause contract.
    /// @param initialStakeManager Where validators' stakes are; must know this contract as a treasury slasher.
    constructor(address initialOwner, address initialSystemPause, IStakeManager initialStakeManager)
        PausableModule(initialOwner, initialSystemPause)
    {
        _setStakeManager(initialStakeManager);
    }

    /// @notice Slashes a validator.
    /// @param amount In wei of the token; zero for the default penalty.
    /// @param ticket Where the reason is on record.
    /// @return slashed Less than asked for when there was less.
    function slash(address validator, uint256 amount, string calldata ticket) external returns (uint256 slashed) {
        if (bytes(ticket).length == 0) revert TicketMissing();
        bytes32 key = keccak256(abi.encode(validator, ticket));
        if (_used[key]) revert TicketUsed(ticket, validator);
        uint256 stake = stakeManager.stakeOf(validator, Role.Validator);
        uint256 requested = amount == 0 ? (stake * defaultPenaltyBps) / BPS : amount;
        if (requested == 0) revert ZeroAmount();
        if (msg.sender != owner()) _limit(requested, stake);
        _used[key] = true;
        slashed = stakeManager.slashToTreasury(Role.Validator, validator, requested);
        if (slashed == 0) revert NothingToSlash(validator);
        emit ValidatorSlashed(validator, msg.sender, requested, slashed, ticket);
    }

    /// @notice Says whether `operator` may slash within the limits.
    function setOperator(address operator, bool allowed) external onlyOwner {
        emit OperatorUpdated(operator, _operators.update(operator, allowed), allowed);
    }

    /// @notice Sets the default penalty and the largest of an operator, in basis points of the validator's stake.
    function setPenalties(uint256 newDefaultBps, uint256 newMaxBps) external onlyOwner {
        if (newMaxBps > BPS) revert OutOfBounds(newMaxBps, 0, BPS);
        if (newDefaultBps > newMaxBps) revert OutOfBounds(newDefaultBps, 0, newMaxBps);
        emit PenaltiesUpdated(defaultPenaltyBps, maxPenaltyBps, newDefaultBps, newMaxBps);
        defaultPenaltyBps = newDefaultBps;
        maxPenaltyBps = newMaxBps;
    }

    /// @notice Sets what operators may take in one period together, in wei of the token.
    function setPeriodLimit(uint256 newLimit) external onlyOwner {
        emit PeriodLimitUpdated(periodLimit, newLimit);
        periodLimit = newLimit;
    }

    /// @notice Names the StakeManager.
    function setStakeManager(IStakeManager newStakeManager) external onlyOwner {
        _setStakeManager(newStakeManager);
    }

    /// @notice Whether `validator` was slashed under `ticket`.
    function isUsed(address validator, string calldata ticket) external view returns (bool) {
        return _used[keccak256(abi.encode(validator, ticket))];
    }

    /// @notice The number of the present period.
    function currentPeriod() public view returns (uint256) {
        return protocolTime() / PERIOD;
    }

    /// @notice Whether `account` may slash within the limits.
    function operators(address account) external view returns (bool) {
        return _operators.contains(account);
    }

    /// @notice All who may slash within the limits.
    function operatorList() external view returns (address[] memory) {
        return _operators.values();
    }

    function _limit(uint256 requested, uint256 stake) private whenNotPaused {
        if (!_operators.contains(msg.sender)) revert Unauthorized(msg.sender);
        uint256 maximum = (stake * maxPenaltyBps) / BPS;
        if (requested > maximum) revert PenaltyTooLarge(requested, maximum);
        uint256 period = currentPeriod();
        uint256 taken = takenIn[period];
        uint256 remaining = periodLimit > taken ? periodLimit - taken : 0;
        if (requested > remaining) revert PeriodLimitReached(requested, remaining);
        takenIn[period] = taken + requested;
    }

    function _setStakeManager(IStakeManager newStakeManager) private {
        _requireContract(address(newStakeManager));
        emit StakeManagerUpdated(address(stakeManager), address(newStakeManager));
        stakeManager = newStakeManager;
    }
}
