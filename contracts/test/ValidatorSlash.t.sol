// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {NoCode, OutOfBounds, Unauthorized, ZeroAddress, ZeroAmount} from "../src/base/Errors.sol";
import {IStakeManager, Role} from "../src/interfaces/IStakeManager.sol";
import {ValidatorSlash} from "../src/ValidatorSlash.sol";
import {Protocol} from "./Protocol.sol";

contract ValidatorSlashTest is Protocol {
    ValidatorSlash private slasher;
    address private immutable operator = account("operator");
    address private immutable validator = account("validator");

    function setUp() public override {
        super.setUp();
        slasher = new ValidatorSlash(governance, address(systemPause), stakeManager);
        vm.startPrank(governance);
        stakeManager.setTreasurySlasher(address(slasher), true);
        systemPause.addModule(address(slasher));
        slasher.setOperator(operator, true);
        vm.stopPrank();
        deposit(validator, Role.Validator, 100e18);
    }

    function test_A_ticket_slashes_a_validator_once() public {
        vm.startPrank(operator);
        vm.expectRevert(ValidatorSlash.TicketMissing.selector);
        slasher.slash(validator, 1e18, "");
        vm.expectEmit(true, true, true, true, address(slasher));
        emit ValidatorSlash.ValidatorSlashed(validator, operator, 10e18, 10e18, "INC-1");
        assertEq(slasher.slash(validator, 0, "INC-1"), 10e18, "the default penalty, a tenth");
        assertEq(token.balanceOf(treasury), 10e18, "to the treasury");
        assertTrue(slasher.isUsed(validator, "INC-1"), "on record");
        vm.expectRevert(abi.encodeWithSelector(ValidatorSlash.TicketUsed.selector, "INC-1", validator));
        slasher.slash(validator, 1e18, "INC-1");
        slasher.slash(validator, 1e18, "INC-2");
        vm.stopPrank();
    }

    function testFuzz_An_operator_keeps_within_a_share_of_the_stake(uint256 amount) public {
        amount = bound(amount, 1, 200e18);
        vm.prank(operator);
        if (amount > 25e18) {
            vm.expectRevert(abi.encodeWithSelector(ValidatorSlash.PenaltyTooLarge.selector, amount, 25e18));
        }
        slasher.slash(validator, amount, "INC-1");
    }

    function test_Operators_together_keep_within_the_limit_of_a_period() public {
        vm.prank(governance);
        slasher.setPeriodLimit(30e18);
        vm.startPrank(operator);
        slasher.slash(validator, 20e18, "INC-1");
        vm.expectRevert(abi.encodeWithSelector(ValidatorSlash.PeriodLimitReached.selector, 11e18, 10e18));
        slasher.slash(validator, 11e18, "INC-2");
        slasher.slash(validator, 10e18, "INC-2");
        vm.expectRevert(abi.encodeWithSelector(ValidatorSlash.PeriodLimitReached.selector, 1, 0));
        slasher.slash(validator, 1, "INC-3");
        vm.warp(block.timestamp + 1 days);
        slasher.slash(validator, 1, "INC-3");
        vm.stopPrank();
    }

    function test_While_paused_governance_slashes_and_operators_do_not() public {
        vm.prank(guardian);
        systemPause.pauseAll();
        vm.prank(operator);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        slasher.slash(validator, 1e18, "INC-1");
        vm.startPrank(governance);
        assertEq(slasher.slash(validator, 250e18, "INC-1"), 100e18, "all there was");
        vm.expectRevert(ZeroAmount.selector);
        slasher.slash(validator, 0, "INC-2");
        vm.expectRevert(abi.encodeWithSelector(ValidatorSlash.NothingToSlash.selector, validator));
        slasher.slash(validator, 1, "INC-2");
        vm.stopPrank();
        assertFalse(slasher.isUsed(validator, "INC-2"), "a ticket is not used up by nothing");
    }

    function testFuzz_The_period_stands_still_while_paused(uint256 during) public {
        during = bound(during, 1, 365 days);
        vm.prank(governance);
        slasher.setPeriodLimit(20e18);
        vm.warp(block.timestamp - block.timestamp % 1 days);
        vm.prank(operator);
        slasher.slash(validator, 20e18, "INC-1");
        assertEq(slasher.takenIn(slasher.currentPeriod()), 20e18, "counted in this period");
        vm.prank(guardian);
        systemPause.pauseAll();
        vm.warp(block.timestamp + during);
        vm.prank(governance);
        systemPause.unpauseAll();
        vm.prank(operator);
        vm.expectPartialRevert(ValidatorSlash.PeriodLimitReached.selector);
        slasher.slash(validator, 1, "INC-2");
    }

    function test_Nobody_else_slashes_or_governs() public {
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        slasher.slash(validator, 1, "INC-1");
        vm.startPrank(operator);
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, operator);
        vm.expectRevert(refusal);
        slasher.setOperator(stranger, true);
        vm.expectRevert(refusal);
        slasher.setPenalties(1, 2);
        vm.expectRevert(refusal);
        slasher.setPeriodLimit(1);
        vm.expectRevert(refusal);
        slasher.setStakeManager(stakeManager);
        vm.stopPrank();
    }

    function test_Every_setter_shows_old_and_new_and_keeps_its_bounds() public {
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(slasher));
        emit ValidatorSlash.PenaltiesUpdated(1_000, 2_500, 1, 2);
        slasher.setPenalties(1, 2);
        vm.expectEmit(true, true, true, true, address(slasher));
        emit ValidatorSlash.PeriodLimitUpdated(10_000e18, 7);
        slasher.setPeriodLimit(7);
        vm.expectEmit(true, true, true, true, address(slasher));
        emit ValidatorSlash.OperatorUpdated(operator, true, false);
        slasher.setOperator(operator, false);
        assertTrue(!slasher.operators(operator) && slasher.operatorList().length == 0, "dismissed");
        vm.expectEmit(true, true, true, true, address(slasher));
        emit ValidatorSlash.StakeManagerUpdated(address(stakeManager), address(token));
        slasher.setStakeManager(IStakeManager(address(token)));
        vm.expectPartialRevert(OutOfBounds.selector);
        slasher.setPenalties(1, 10_001);
        vm.expectPartialRevert(OutOfBounds.selector);
        slasher.setPenalties(3, 2);
        vm.expectRevert(ZeroAddress.selector);
        slasher.setOperator(address(0), true);
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        slasher.setStakeManager(IStakeManager(stranger));
        vm.stopPrank();
    }
}
