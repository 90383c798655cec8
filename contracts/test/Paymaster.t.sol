// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IEntryPointStake, IPaymaster, PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {OutOfBounds, Unauthorized, ZeroAddress, ZeroAmount} from "../src/base/Errors.sol";
import {TreasuryAccount} from "../src/base/TreasuryAccount.sol";
import {Paymaster} from "../src/Paymaster.sol";
import {Protocol} from "./Protocol.sol";

/// @notice The deposits and stakes of an ERC-4337 EntryPoint, and its two calls of a paymaster.
contract EntryPointDouble is IEntryPointStake {
    mapping(address => uint256) public balanceOf;
    mapping(address => uint256) public stakeOf;
    bool public unlocked;

    function depositTo(address account) external payable {
        balanceOf[account] += msg.value;
    }

    function withdrawTo(address payable to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        (bool success,) = to.call{value: amount}("");
        require(success);
    }

    function addStake(uint32) external payable {
        stakeOf[msg.sender] += msg.value;
    }

    function unlockStake() external {
        unlocked = true;
    }

    function withdrawStake(address payable to) external {
        require(unlocked);
        uint256 amount = stakeOf[msg.sender];
        stakeOf[msg.sender] = 0;
        (bool success,) = to.call{value: amount}("");
        require(success);
    }

    function validate(Paymaster paymaster, address sender, uint256 number, uint256 maxCost)
        external
        returns (bytes memory context, uint256 validationData)
    {
        PackedUserOperation memory operation;
        operation.sender = sender;
        operation.paymasterAndData =
            abi.encodePacked(address(paymaster), uint128(100_000), uint128(50_000), bytes32(number));
        return paymaster.validatePaymasterUserOp(operation, "op", maxCost);
    }

    function validateRaw(Paymaster paymaster, address sender, bytes calldata data) external {
        PackedUserOperation memory operation;
        operation.sender = sender;
        operation.paymasterAndData = data;
        paymaster.validatePaymasterUserOp(operation, "op", 1);
    }

    function post(Paymaster paymaster, bytes calldata context, uint256 cost) external {
        paymaster.postOp(IPaymaster.PostOpMode.opSucceeded, context, cost, 1);
    }
}

contract PaymasterTest is Protocol {
    EntryPointDouble private entryPoint;
    Paymaster private paymaster;
    address private immutable sponsored = account("sponsored");
    address private immutable other = account("other");

    function setUp() public override {
        super.setUp();
        entryPoint = new EntryPointDouble();
        paymaster = new Paymaster(governance, address(systemPause), entryPoint, treasury);
        vm.startPrank(governance);
        systemPause.addModule(address(paymaster));
        paymaster.setSponsored(sponsored, true);
        paymaster.setSponsored(other, true);
        paymaster.setSpendLimits(10 ether, 15 ether);
        vm.stopPrank();
        vm.deal(address(this), 100 ether);
        vm.deal(governance, 100 ether);
    }

    function testFuzz_Spending_stays_within_the_limits_of_account_and_all(uint256[6] memory costs, uint8 whose) public {
        uint256 number = paymaster.currentPeriod();
        uint256[2] memory spent;
        for (uint256 i = 0; i < 6; ++i) {
            uint256 cost = bound(costs[i], 0, 6 ether);
            uint256 who = (whose >> i) & 1;
            address sender = who == 0 ? sponsored : other;
            if (spent[who] + cost > 10 ether) {
                vm.expectPartialRevert(Paymaster.AccountLimitReached.selector);
                entryPoint.validate(paymaster, sender, number, cost);
            } else if (spent[0] + spent[1] + cost > 15 ether) {
                vm.expectPartialRevert(Paymaster.GlobalLimitReached.selector);
                entryPoint.validate(paymaster, sender, number, cost);
            } else {
                (bytes memory context,) = entryPoint.validate(paymaster, sender, number, cost);
                uint256 actual = cost % 2 == 0 ? cost : cost / 3;
                entryPoint.post(paymaster, context, actual);
                spent[who] += actual;
            }
        }
        assertEq(paymaster.spentBy(1 days, number, sponsored), spent[0], "one");
        assertEq(paymaster.spentIn(1 days, number), spent[0] + spent[1], "all");
    }

    function test_An_operation_is_held_to_the_time_of_the_period_it_names() public {
        uint256 number = paymaster.currentPeriod();
        (, uint256 validationData) = entryPoint.validate(paymaster, sponsored, number, 10 ether);
        uint256 validAfter = validationData >> 208;
        uint256 validUntil = (validationData >> 160) & type(uint48).max;
        assertEq(validAfter, number * 1 days, "from");
        assertEq(validUntil, (number + 1) * 1 days - 1, "to");
        assertEq(validationData << 96, 0, "no aggregator");
        vm.expectRevert(abi.encodeWithSelector(Paymaster.AccountLimitReached.selector, sponsored, 1, 0));
        entryPoint.validate(paymaster, sponsored, number, 1);
        entryPoint.validate(paymaster, sponsored, number + 1, 1);
        vm.expectPartialRevert(Paymaster.PeriodTooFar.selector);
        entryPoint.validate(paymaster, sponsored, type(uint256).max, 1);
        vm.expectRevert(abi.encodeWithSelector(Paymaster.PeriodMissing.selector, 52));
        entryPoint.validateRaw(paymaster, sponsored, new bytes(52));
    }

    function test_A_single_account_can_have_a_limit_of_its_own() public {
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(paymaster));
        emit Paymaster.AccountLimitUpdated(sponsored, 0, 1 ether);
        paymaster.setAccountLimit(sponsored, 1 ether);
        vm.stopPrank();
        uint256 number = paymaster.currentPeriod();
        vm.expectPartialRevert(Paymaster.AccountLimitReached.selector);
        entryPoint.validate(paymaster, sponsored, number, 1 ether + 1);
        entryPoint.validate(paymaster, other, number, 1 ether + 1);
    }

    function test_Only_the_EntryPoint_spends_and_only_for_the_sponsored() public {
        vm.expectRevert(abi.encodeWithSelector(Paymaster.NotSponsored.selector, stranger));
        entryPoint.validate(paymaster, stranger, 1, 1);
        PackedUserOperation memory operation;
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, address(this)));
        paymaster.validatePaymasterUserOp(operation, "", 1);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, address(this)));
        paymaster.postOp(IPaymaster.PostOpMode.opSucceeded, "", 1, 1);
    }

    function test_A_pause_stops_sponsoring_and_not_the_settling_of_what_was_sponsored() public {
        (bytes memory context,) = entryPoint.validate(paymaster, sponsored, paymaster.currentPeriod(), 5 ether);
        paymaster.deposit{value: 10 ether}();
        vm.prank(guardian);
        systemPause.pauseAll();
        vm.expectRevert(Pausable.EnforcedPause.selector);
        entryPoint.validate(paymaster, sponsored, 1, 1);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        paymaster.deposit{value: 1 ether}();
        entryPoint.post(paymaster, context, 6 ether);
        assertEq(paymaster.spentIn(1 days, paymaster.currentPeriod()), 5 ether, "never less than nothing unused");
        vm.prank(governance);
        paymaster.withdraw(4 ether);
        assertEq(treasury.balance, 4 ether, "to the treasury, while paused too");
    }

    function test_Money_leaves_to_the_treasury_only() public {
        vm.expectRevert(ZeroAmount.selector);
        paymaster.deposit();
        paymaster.deposit{value: 3 ether}();
        assertEq(entryPoint.balanceOf(address(paymaster)), 3 ether, "deposit");
        vm.startPrank(governance);
        paymaster.addStake{value: 2 ether}(1 days);
        paymaster.unlockStake();
        paymaster.withdrawStake();
        assertEq(treasury.balance, 2 ether, "stake");
        vm.expectRevert(ZeroAmount.selector);
        paymaster.withdraw(0);
        paymaster.setTreasury(address(0));
        vm.expectRevert(TreasuryAccount.TreasuryNotSet.selector);
        paymaster.withdraw(1);
        vm.expectRevert(TreasuryAccount.TreasuryNotSet.selector);
        paymaster.withdrawStake();
        vm.stopPrank();
    }

    function test_Every_setter_shows_old_and_new_and_keeps_its_bounds() public {
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(paymaster));
        emit Paymaster.SpendLimitsUpdated(10 ether, 15 ether, 1, 2);
        paymaster.setSpendLimits(1, 2);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 3, 0, 2));
        paymaster.setSpendLimits(3, 2);
        vm.expectEmit(true, true, true, true, address(paymaster));
        emit Paymaster.PeriodUpdated(1 days, 2 days);
        paymaster.setPeriod(2 days);
        vm.expectPartialRevert(OutOfBounds.selector);
        paymaster.setPeriod(59 minutes);
        vm.expectPartialRevert(OutOfBounds.selector);
        paymaster.setPeriod(366 days);
        vm.expectEmit(true, true, true, true, address(paymaster));
        emit Paymaster.SponsoredUpdated(other, true, false);
        paymaster.setSponsored(other, false);
        assertTrue(paymaster.isSponsored(sponsored) && paymaster.sponsoredAccounts().length == 1, "listed");
        vm.expectRevert(ZeroAddress.selector);
        paymaster.setSponsored(address(0), true);
        vm.stopPrank();
        vm.startPrank(stranger);
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.expectRevert(refusal);
        paymaster.setSpendLimits(1, 2);
        vm.expectRevert(refusal);
        paymaster.setAccountLimit(stranger, 2);
        vm.expectRevert(refusal);
        paymaster.setPeriod(2 days);
        vm.expectRevert(refusal);
        paymaster.setSponsored(stranger, true);
        vm.expectRevert(refusal);
        paymaster.withdraw(1);
        vm.expectRevert(refusal);
        paymaster.withdrawStake();
        vm.expectRevert(refusal);
        paymaster.unlockStake();
        vm.expectRevert(refusal);
        paymaster.addStake(1);
        vm.stopPrank();
    }

    function test_The_treasury_is_not_the_owner_here_either() public {
        vm.startPrank(governance);
        paymaster.transferOwnership(treasury);
        vm.stopPrank();
        vm.prank(treasury);
        vm.expectRevert(abi.encodeWithSelector(TreasuryAccount.TreasuryConflict.selector, treasury));
        paymaster.acceptOwnership();
    }
}
