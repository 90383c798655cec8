// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IEntryPointStake, IPaymaster, PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {OutOfBounds, Unauthorized, ZeroAmount} from "./base/Errors.sol";
import {Membership} from "./base/Membership.sol";
import {PausableModule} from "./base/PausableModule.sol";
import {TreasuryAccount} from "./base/TreasuryAccount.sol";

/// @title Paymaster
/// @notice Pays the gas of sponsored ERC-4337 accounts, within a limit per account and period and one for all together.
/// @dev Validation may not look at the clock, so an operation names the period it belongs to, its cost counts there, and
/// the EntryPoint holds it to the period's time. The greatest possible cost is counted first and the rest given back.
contract Paymaster is IPaymaster, PausableModule, TreasuryAccount, ReentrancyGuardTransient {
    using EnumerableSet for EnumerableSet.AddressSet;
    using Membership for EnumerableSet.AddressSet;

    /// @notice Shortest period, in seconds.
    uint48 public constant MIN_PERIOD = 1 hours;

    /// @notice Longest period, in seconds.
    uint48 public constant MAX_PERIOD = 365 days;

    // The data of the paymaster begin behind its address and two gas limits.
    uint256 private constant DATA_OFFSET = 52;

    /// @notice The ERC-4337 EntryPoint.
    IEntryPointStake public immutable entryPoint;

    /// @notice Length of a period, in seconds.
    uint48 public period = 1 days;

    /// @notice Most that one account may cost in a period, in wei of the chain's coin.
    uint256 public accountLimit;

    /// @notice Most that all accounts together may cost in a period, in wei of the chain's coin.
    uint256 public globalLimit;

    /// @notice Limits of single accounts in the place of {accountLimit}; zero for none.
    mapping(address account => uint256) public limitOf;

    /// @notice What an account has cost in a period, by the period's length and number, in wei of the chain's coin.
    mapping(uint48 period => mapping(uint256 number => mapping(address account => uint256))) public spentBy;

    /// @notice What all accounts have cost in a period, by its length and number, in wei of the chain's coin.
    mapping(uint48 period => mapping(uint256 number => uint256)) public spentIn;

    EnumerableSet.AddressSet private _sponsored;

    /// @notice An operation is paid for, at most with `maxCost`.
    event OperationSponsored(
        address indexed account, bytes32 indexed userOpHash, uint256 indexed number, uint256 maxCost
    );

    /// @notice An operation cost `actualCost`.
    event OperationPaid(address indexed account, uint256 indexed number, uint256 maxCost, uint256 actualCost);

    /// @notice An account is sponsored, or is no longer.
    event SponsoredUpdated(address indexed account, bool previous, bool current);

    /// @notice The limits changed.
    event SpendLimitsUpdated(
        uint256 previousAccountLimit, uint256 previousGlobalLimit, uint256 accountLimit, uint256 globalLimit
    );

    /// @notice The limit of a single account changed.
    event AccountLimitUpdated(address indexed account, uint256 previous, uint256 current);

    /// @notice The length of periods changed; counting begins anew.
    event PeriodUpdated(uint48 previous, uint48 current);

    /// @notice The deposit at the EntryPoint was filled up.
    event Deposited(address indexed from, uint256 amount);

    /// @notice Money went from the EntryPoint to the treasury.
    event Withdrawn(address indexed treasury, uint256 amount);

    /// @notice The account is not sponsored.
    error NotSponsored(address account);

    /// @notice The operation does not name its period in 32 bytes.
    error PeriodMissing(uint256 length);

    /// @notice The period is too far from now to be expressed.
    error PeriodTooFar(uint256 number);

    /// @notice The account may cost only `remaining` more in this period.
    error AccountLimitReached(address account, uint256 requested, uint256 remaining);

    /// @notice All accounts together may cost only `remaining` more in this period.
    error GlobalLimitReached(uint256 requested, uint256 remaining);

    modifier onlyEntryPoint() {
        if (msg.sender != address(entryPoint)) revert Unauthorized(msg.sender);
        _;
    }

    /// @param initialOwner Governance, or the deployer until it hands over.
    /// @param initialSystemPause The SystemPause contract.
    /// @param erc4337EntryPoint The ERC-4337 EntryPoint.
    /// @param initialTreasury Where governance may withdraw to; zero leaves it unset.
    constructor(
        address initialOwner,
        address initialSystemPause,
        IEntryPointStake erc4337EntryPoint,
        address initialTreasury
    ) PausableModule(initialOwner, initialSystemPause) TreasuryAccount(initialTreasury) {
        _requireContract(address(erc4337EntryPoint));
        entryPoint = erc4337EntryPoint;
    }

    /// @inheritdoc IPaymaster
    /// @dev The paymaster's data are the number of the period, see {currentPeriod}.
    function validatePaymasterUserOp(PackedUserOperation calldata userOp, bytes32 userOpHash, uint256 maxCost)
        external
        onlyEntryPoint
        whenNotPaused
        returns (bytes memory context, uint256 validationData)
    {
        address account = userOp.sender;
        if (!_sponsored.contains(account)) revert NotSponsored(account);
        if (userOp.paymasterAndData.length != DATA_OFFSET + 32) revert PeriodMissing(userOp.paymasterAndData.length);
        uint256 number = uint256(bytes32(userOp.paymasterAndData[DATA_OFFSET:]));
        uint48 length = period;
        if (number >= type(uint48).max / length) revert PeriodTooFar(number);

        uint256 spent = spentBy[length][number][account];
        uint256 limit = limitOf[account] == 0 ? accountLimit : limitOf[account];
        uint256 remaining = limit > spent ? limit - spent : 0;
        if (maxCost > remaining) revert AccountLimitReached(account, maxCost, remaining);
        uint256 spentByAll = spentIn[length][number];
        remaining = globalLimit > spentByAll ? globalLimit - spentByAll : 0;
        if (maxCost > remaining) revert GlobalLimitReached(maxCost, remaining);
        spentBy[length][number][account] = spent + maxCost;
        spentIn[length][number] = spentByAll + maxCost;
        emit OperationSponsored(account, userOpHash, number, maxCost);

        uint256 validAfter = number * length;
        // The EntryPoint takes the last valid second, and zero for no end.
        uint256 validUntil = validAfter + length - 1;
        validationData = (validAfter << 208) | (validUntil << 160);
        context = abi.encode(account, length, number, maxCost);
    }

    /// @inheritdoc IPaymaster
    /// @dev Works while paused: the operation was paid for before.
    function postOp(PostOpMode, bytes calldata context, uint256 actualGasCost, uint256) external onlyEntryPoint {
        (address account, uint48 length, uint256 number, uint256 maxCost) =
            abi.decode(context, (address, uint48, uint256, uint256));
        uint256 unused = maxCost > actualGasCost ? maxCost - actualGasCost : 0;
        spentBy[length][number][account] -= unused;
        spentIn[length][number] -= unused;
        emit OperationPaid(account, number, maxCost, actualGasCost);
    }

    /// @notice Fills up the deposit that operations are paid from.
    function deposit() external payable whenNotPaused {
        if (msg.value == 0) revert ZeroAmount();
        emit Deposited(msg.sender, msg.value);
        entryPoint.depositTo{value: msg.value}(address(this));
    }

    /// @notice Moves the deposit to the treasury, and nowhere else. Works while paused.
    function withdraw(uint256 amount) external onlyOwner nonReentrant {
        address account = _requireTreasury();
        if (amount == 0) revert ZeroAmount();
        emit Withdrawn(account, amount);
        entryPoint.withdrawTo(payable(account), amount);
    }

    /// @notice Puts up the stake that the EntryPoint wants to see, for at least `unstakeDelay` seconds.
    function addStake(uint32 unstakeDelay) external payable onlyOwner {
        entryPoint.addStake{value: msg.value}(unstakeDelay);
    }

    /// @notice Begins to take the stake out.
    function unlockStake() external onlyOwner {
        entryPoint.unlockStake();
    }

    /// @notice Moves the stake to the treasury, and nowhere else. Works while paused.
    function withdrawStake() external onlyOwner nonReentrant {
        entryPoint.withdrawStake(payable(_requireTreasury()));
    }

    /// @notice Says whether `account` is sponsored.
    function setSponsored(address account, bool allowed) external onlyOwner {
        emit SponsoredUpdated(account, _sponsored.update(account, allowed), allowed);
    }

    /// @notice Sets what one account and all together may cost in a period, in wei of the chain's coin.
    function setSpendLimits(uint256 newAccountLimit, uint256 newGlobalLimit) external onlyOwner {
        if (newAccountLimit > newGlobalLimit) revert OutOfBounds(newAccountLimit, 0, newGlobalLimit);
        emit SpendLimitsUpdated(accountLimit, globalLimit, newAccountLimit, newGlobalLimit);
        accountLimit = newAccountLimit;
        globalLimit = newGlobalLimit;
    }

    /// @notice Sets the limit of a single account, in wei of the chain's coin; zero for the common one.
    function setAccountLimit(address account, uint256 newLimit) external onlyOwner {
        emit AccountLimitUpdated(account, limitOf[account], newLimit);
        limitOf[account] = newLimit;
    }

    /// @notice Sets the length of periods, in seconds from {MIN_PERIOD} to {MAX_PERIOD}.
    function setPeriod(uint48 newPeriod) external onlyOwner {
        if (newPeriod < MIN_PERIOD || newPeriod > MAX_PERIOD) revert OutOfBounds(newPeriod, MIN_PERIOD, MAX_PERIOD);
        emit PeriodUpdated(period, newPeriod);
        period = newPeriod;
    }

    /// @notice The number of the present period, which operations name.
    function currentPeriod() external view returns (uint256) {
        return block.timestamp / period;
    }

    /// @notice Whether `account` is sponsored.
    function isSponsored(address account) external view returns (bool) {
        return _sponsored.contains(account);
    }

    /// @notice All sponsored accounts.
    function sponsoredAccounts() external view returns (address[] memory) {
        return _sponsored.values();
    }

    function _requireTreasury() private view returns (address account) {
        account = treasury;
        if (account == address(0)) revert TreasuryNotSet();
    }

    function _transferOwnership(address newOwner) internal override(TreasuryAccount, Ownable2Step) {
        TreasuryAccount._transferOwnership(newOwner);
    }
}
