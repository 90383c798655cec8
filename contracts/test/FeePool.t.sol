// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {NoCode, OutOfBounds, Unauthorized, ZeroAddress, ZeroAmount} from "../src/base/Errors.sol";
import {TreasuryAccount} from "../src/base/TreasuryAccount.sol";
import {IStakeManager, Role} from "../src/interfaces/IStakeManager.sol";
import {IStakeObserver} from "../src/interfaces/IStakeObserver.sol";
import {FeePool} from "../src/FeePool.sol";
import {Protocol} from "./Protocol.sol";

contract FeePoolTest is Protocol {
    address private immutable rewarder = account("rewarder");
    address private immutable alice = account("alice");
    address private immutable bob = account("bob");

    function setUp() public override {
        super.setUp();
        vm.prank(governance);
        feePool.setRewarder(rewarder, true);
    }

    // ------------------------------------------------------------------------------------------------------- fees

    function testFuzz_A_fee_is_burned_and_kept_without_remainder(uint256 amount, uint256 burnPct) public {
        amount = bound(amount, 1, 1_000_000e18);
        burnPct = bound(burnPct, 0, 5_000);
        vm.prank(governance);
        feePool.setBurnPct(burnPct);
        uint256 supply = token.totalSupply();
        payFee(amount);
        uint256 burned = supply - token.totalSupply();
        assertEq(burned, (amount * burnPct) / 10_000, "burned");
        assertEq(feePool.pendingFees(), amount - burned, "pending");
        assertEq(token.balanceOf(address(feePool)), amount - burned, "balance");
        assertEq(feePool.rewardBudget(), 0, "pending fees are no budget");
    }

    function testFuzz_Stakers_share_by_stake_and_never_get_more_than_was_set_aside(
        uint256 fees,
        uint256 aliceStake,
        uint256 bobStake
    ) public {
        fees = bound(fees, 2, 1_000_000e18);
        aliceStake = bound(aliceStake, 1, 1_000_000e18);
        bobStake = bound(bobStake, 1, 1_000_000e18);
        deposit(alice, Role.Platform, aliceStake);
        deposit(bob, Role.Platform, bobStake);
        payFee(fees);
        feePool.distributeFees();
        uint256 reserved = feePool.reservedClaims();
        assertLe(reserved, fees / 2, "no more than the stakers' share");
        uint256 forAlice = feePool.claimableOf(alice);
        uint256 forBob = feePool.claimableOf(bob);
        assertLe(forAlice + forBob, reserved, "claims are covered");
        assertLe(reserved - forAlice - forBob, 3, "dust is bounded");
        if (forAlice != 0) {
            vm.prank(alice);
            feePool.claimRewards();
            assertEq(token.balanceOf(alice), forAlice, "paid");
            vm.prank(alice);
            vm.expectRevert(abi.encodeWithSelector(FeePool.NothingToClaim.selector, alice));
            feePool.claimRewards();
        }
    }

    function test_Fees_wait_while_nobody_has_platform_stake() public {
        payFee(100e18);
        vm.expectRevert(FeePool.NothingToDistribute.selector);
        feePool.distributeFees();
        assertEq(feePool.pendingFees(), 100e18, "waiting");
        deposit(alice, Role.Platform, 1e18);
        feePool.distributeFees();
        assertEq(feePool.pendingFees(), 0, "distributed");
        assertEq(feePool.rewardBudget(), 50e18, "the rest is budget");
        vm.expectRevert(FeePool.NothingToDistribute.selector);
        feePool.distributeFees();
    }

    function test_A_late_staker_has_no_share_in_what_was_distributed_before() public {
        deposit(alice, Role.Platform, 100e18);
        payFee(100e18);
        feePool.distributeFees();
        deposit(bob, Role.Platform, 100e18);
        assertEq(feePool.claimableOf(bob), 0, "late");
        payFee(100e18);
        feePool.distributeFees();
        assertEq(feePool.claimableOf(bob), 25e18, "from then on");
        assertEq(feePool.claimableOf(alice), 75e18, "from the beginning");
    }

    function test_A_staker_keeps_what_accrued_before_he_left_or_was_slashed() public {
        deposit(alice, Role.Platform, 100e18);
        payFee(100e18);
        feePool.distributeFees();
        vm.prank(alice);
        stakeManager.requestWithdraw(Role.Platform, 100e18);
        assertEq(feePool.claimableOf(alice), 50e18, "kept");
        assertEq(feePool.sharedStake(), 0, "shares no more");
        deposit(bob, Role.Platform, 100e18);
        payFee(100e18);
        feePool.distributeFees();
        assertEq(feePool.claimableOf(alice), 50e18, "no more than that");
        vm.prank(alice);
        feePool.claimRewards();
        assertEq(token.balanceOf(alice), 50e18, "paid");
    }

    function test_When_StakeManager_could_not_tell_the_smaller_stake_counts_and_the_rest_goes_back() public {
        deposit(alice, Role.Platform, 100e18);
        deposit(bob, Role.Platform, 100e18);
        vm.prank(governance);
        stakeManager.setFeePool(IStakeObserver(address(0)));
        vm.prank(alice);
        stakeManager.requestWithdraw(Role.Platform, 50e18);
        payFee(200e18);
        feePool.distributeFees();
        assertEq(feePool.claimableOf(alice), 25e18, "what she holds now");
        feePool.sync(alice);
        assertEq(feePool.pendingFees(), 25e18, "the rest is to be distributed again");
        assertEq(feePool.sharedStake(), 150e18, "up to date");
        assertEq(feePool.claimableOf(alice), 25e18, "unchanged by the sync");
    }

    function test_Only_StakeManager_tells_of_stakes() public {
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        vm.prank(stranger);
        feePool.stakeChanged(stranger, Role.Platform, 1e18);
    }

    function test_Nothing_is_no_fee_and_no_contribution() public {
        vm.expectRevert(ZeroAmount.selector);
        feePool.depositFee(0);
        vm.expectRevert(ZeroAmount.selector);
        feePool.contribute(0);
    }

    // ---------------------------------------------------------------------------------------------------- rewards

    function testFuzz_A_reward_never_touches_claims_fees_or_anothers_reservation(uint256 amount) public {
        deposit(alice, Role.Platform, 100e18);
        payFee(100e18);
        feePool.distributeFees();
        payFee(30e18);
        fillPool(200e18);
        vm.prank(governance);
        feePool.setRewarder(bob, true);
        vm.prank(bob);
        feePool.reserveRewards(120e18);
        uint256 budget = feePool.rewardBudget();
        assertEq(budget, 130e18, "budget");
        amount = bound(amount, 1, 1_000e18);
        vm.prank(rewarder);
        if (amount > budget) {
            vm.expectRevert(abi.encodeWithSelector(FeePool.InsufficientRewardBalance.selector, amount, budget));
            feePool.reward(employer, amount);
        } else {
            vm.expectEmit(true, true, true, true, address(feePool));
            emit FeePool.RewardPaid(rewarder, employer, amount);
            feePool.reward(employer, amount);
        }
        vm.prank(bob);
        feePool.reward(bob, 120e18);
        vm.prank(alice);
        feePool.claimRewards();
        assertEq(token.balanceOf(alice), 50e18, "claim");
    }

    function test_A_reservation_is_used_first_and_can_be_given_back_while_paused() public {
        fillPool(100e18);
        vm.startPrank(rewarder);
        feePool.reserveRewards(60e18);
        assertEq(feePool.rewardBudget(), 40e18, "budget");
        vm.expectRevert(abi.encodeWithSelector(FeePool.InsufficientRewardBalance.selector, 41e18, 40e18));
        feePool.reserveRewards(41e18);
        feePool.reward(alice, 10e18);
        assertEq(feePool.reservationOf(rewarder), 50e18, "used");
        feePool.reward(alice, 70e18);
        assertEq(feePool.reservationOf(rewarder), 0, "used up");
        assertEq(feePool.rewardBudget(), 20e18, "and then budget");
        feePool.reserveRewards(20e18);
        vm.stopPrank();
        vm.prank(governance);
        feePool.pause();
        vm.prank(rewarder);
        feePool.releaseRewards(100e18);
        assertEq(feePool.rewardBudget(), 20e18, "given back");
    }

    function test_A_rewarder_pays_out_no_more_in_a_period_than_the_limit_whatever_it_has_reserved() public {
        fillPool(100e18);
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(feePool));
        emit FeePool.RewardLimitUpdated(type(uint256).max, 30e18);
        feePool.setRewardLimit(30e18);
        feePool.setRewarder(bob, true);
        vm.stopPrank();
        vm.startPrank(rewarder);
        feePool.reserveRewards(60e18);
        feePool.reward(alice, 20e18);
        vm.expectRevert(abi.encodeWithSelector(FeePool.RewardLimitReached.selector, 11e18, 10e18));
        feePool.reward(alice, 11e18);
        feePool.reward(alice, 10e18);
        assertEq(feePool.rewardedIn(rewarder, feePool.rewardPeriod()), 30e18, "counted");
        vm.stopPrank();
        vm.prank(bob);
        feePool.reward(bob, 30e18);
        vm.warp(block.timestamp + 1 days);
        vm.prank(rewarder);
        feePool.reward(alice, 30e18);
        assertEq(token.balanceOf(alice), 60e18, "what waited");
    }

    function test_Governance_cancels_the_reservation_of_a_rewarder_that_is_gone() public {
        fillPool(100e18);
        vm.prank(rewarder);
        feePool.reserveRewards(60e18);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger));
        vm.prank(stranger);
        feePool.cancelReservation(rewarder);
        vm.expectEmit(true, true, true, true, address(feePool));
        emit FeePool.ReservationUpdated(rewarder, 60e18, 0);
        vm.prank(governance);
        feePool.cancelReservation(rewarder);
        assertEq(feePool.reservedRewards(), 0, "free");
    }

    function test_Only_rewarders_reward_and_reserve() public {
        fillPool(100e18);
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        feePool.reward(stranger, 1);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        feePool.reserveRewards(1);
        vm.stopPrank();
        vm.startPrank(rewarder);
        vm.expectRevert(ZeroAmount.selector);
        feePool.reward(alice, 0);
        vm.expectRevert(ZeroAddress.selector);
        feePool.reward(address(0), 1);
        vm.stopPrank();
    }

    // ------------------------------------------------------------------------------------------------------ pause

    function test_A_pause_stops_every_outflow_but_the_one_to_the_treasury() public {
        deposit(alice, Role.Platform, 100e18);
        payFee(100e18);
        feePool.distributeFees();
        fillPool(100e18);
        token.approve(address(feePool), 1e18);
        vm.prank(guardian);
        systemPause.pauseAll();
        bytes4 stopped = Pausable.EnforcedPause.selector;
        vm.expectRevert(stopped);
        feePool.depositFee(1e18);
        vm.expectRevert(stopped);
        feePool.contribute(1e18);
        vm.expectRevert(stopped);
        feePool.distributeFees();
        vm.expectRevert(stopped);
        feePool.sync(alice);
        vm.prank(alice);
        vm.expectRevert(stopped);
        feePool.claimRewards();
        vm.startPrank(rewarder);
        vm.expectRevert(stopped);
        feePool.reward(alice, 1);
        vm.expectRevert(stopped);
        feePool.reserveRewards(1);
        vm.stopPrank();

        vm.startPrank(governance);
        vm.expectRevert(abi.encodeWithSelector(FeePool.InsufficientRewardBalance.selector, 151e18, 150e18));
        feePool.governanceWithdraw(151e18);
        vm.expectEmit(true, true, true, true, address(feePool));
        emit FeePool.GovernanceWithdrawal(treasury, 150e18);
        feePool.governanceWithdraw(150e18);
        vm.stopPrank();
        assertEq(token.balanceOf(treasury), 150e18, "treasury");
        assertEq(token.balanceOf(address(feePool)), 50e18, "the claim is still there");
    }

    function test_Governance_withdraws_only_to_a_treasury_that_is_set() public {
        fillPool(100e18);
        vm.startPrank(governance);
        vm.expectRevert(ZeroAmount.selector);
        feePool.governanceWithdraw(0);
        feePool.setTreasury(address(0));
        vm.expectRevert(TreasuryAccount.TreasuryNotSet.selector);
        feePool.governanceWithdraw(1);
        vm.stopPrank();
    }

    // ------------------------------------------------------------------------------------------------- parameters

    function test_Every_setter_shows_old_and_new_and_keeps_its_bounds() public {
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(feePool));
        emit FeePool.BurnPctUpdated(0, 400);
        feePool.setBurnPct(400);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 5_001, 0, 5_000));
        feePool.setBurnPct(5_001);
        vm.expectEmit(true, true, true, true, address(feePool));
        emit FeePool.StakerShareUpdated(5_000, 10_000);
        feePool.setStakerShare(10_000);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 10_001, 0, 10_000));
        feePool.setStakerShare(10_001);
        vm.expectEmit(true, true, true, true, address(feePool));
        emit FeePool.RewarderUpdated(alice, false, true);
        feePool.setRewarder(alice, true);
        assertTrue(feePool.rewarders(alice), "rewarder");
        assertEq(feePool.rewarderList().length, 3, "list");
        vm.expectRevert(ZeroAddress.selector);
        feePool.setRewarder(address(0), true);
        vm.expectEmit(true, true, true, true, address(feePool));
        emit FeePool.StakeManagerUpdated(address(stakeManager), address(token));
        feePool.setStakeManager(IStakeManager(address(token)));
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, alice));
        feePool.setStakeManager(IStakeManager(alice));
        vm.stopPrank();
    }

    function test_Only_governance_sets_parameters_and_withdraws() public {
        vm.startPrank(stranger);
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.expectRevert(refusal);
        feePool.setBurnPct(1);
        vm.expectRevert(refusal);
        feePool.setStakerShare(1);
        vm.expectRevert(refusal);
        feePool.setRewardLimit(1);
        vm.expectRevert(refusal);
        feePool.setRewarder(stranger, true);
        vm.expectRevert(refusal);
        feePool.setStakeManager(stakeManager);
        vm.expectRevert(refusal);
        feePool.governanceWithdraw(1);
        vm.stopPrank();
    }

    function payFee(uint256 amount) private {
        token.approve(address(feePool), amount);
        feePool.depositFee(amount);
    }
}
