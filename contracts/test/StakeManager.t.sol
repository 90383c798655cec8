// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {OutOfBounds, SplitSum, Unauthorized, ZeroAddress, ZeroAmount, NoCode} from "../src/base/Errors.sol";
import {TreasuryAccount} from "../src/base/TreasuryAccount.sol";
import {IStakeObserver} from "../src/interfaces/IStakeObserver.sol";
import {Role} from "../src/interfaces/IStakeManager.sol";
import {StakeManager} from "../src/StakeManager.sol";
import {Protocol} from "./Protocol.sol";

/// @notice An observer that fails in the way it is told.
contract BrokenObserver is IStakeObserver {
    bool public burnsGas;

    error Broken();

    constructor(bool burns) {
        burnsGas = burns;
    }

    function stakeChanged(address, Role, uint256) external view {
        while (burnsGas) {}
        revert Broken();
    }
}

contract StakeManagerTest is Protocol {
    address private immutable manager = account("manager");
    address private immutable other = account("other");
    address private immutable user = account("user");

    function setUp() public override {
        super.setUp();
        vm.startPrank(governance);
        stakeManager.setValidatorLockManager(manager, true);
        stakeManager.setValidatorLockManager(other, true);
        stakeManager.setSlasher(manager, true);
        stakeManager.setTreasurySlasher(manager, true);
        vm.stopPrank();
    }

    // ------------------------------------------------------------------------------------------ deposit, withdraw

    function testFuzz_Stake_goes_in_and_comes_out_whole_after_unbonding(uint256 amount) public {
        amount = bound(amount, 10e18, 1_000_000e18);
        deposit(user, Role.Validator, amount);
        assertEq(stakeManager.stakeOf(user, Role.Validator), amount, "bonded");
        assertEq(stakeManager.totalStakes(Role.Validator), amount, "total");
        vm.startPrank(user);
        stakeManager.requestWithdraw(Role.Validator, amount);
        assertEq(stakeManager.totalStakes(Role.Validator), 0, "total after");
        assertEq(stakeManager.totalUnbonding(Role.Validator), amount, "unbonding");
        vm.warp(block.timestamp + 7 days - 1);
        vm.expectPartialRevert(StakeManager.StillUnbonding.selector);
        stakeManager.finalizeWithdraw(Role.Validator);
        vm.warp(block.timestamp + 1);
        stakeManager.finalizeWithdraw(Role.Validator);
        vm.stopPrank();
        assertEq(token.balanceOf(user), amount, "back");
        assertEq(token.balanceOf(address(stakeManager)), 0, "nothing left behind");
    }

    function test_The_unbonding_clock_stands_still_while_paused() public {
        deposit(user, Role.Validator, 100e18);
        vm.prank(user);
        stakeManager.requestWithdraw(Role.Validator, 100e18);
        vm.warp(block.timestamp + 3 days);
        vm.prank(governance);
        stakeManager.pause();
        vm.warp(block.timestamp + 30 days);
        vm.prank(user);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        stakeManager.finalizeWithdraw(Role.Validator);
        vm.prank(governance);
        stakeManager.unpause();
        vm.startPrank(user);
        vm.warp(block.timestamp + 4 days - 1);
        vm.expectPartialRevert(StakeManager.StillUnbonding.selector);
        stakeManager.finalizeWithdraw(Role.Validator);
        vm.warp(block.timestamp + 1);
        stakeManager.finalizeWithdraw(Role.Validator);
        vm.stopPrank();
        assertEq(stakeManager.pausedSeconds(), 30 days, "paused time");
    }

    function test_A_second_request_starts_the_period_again_and_a_cancelled_one_counts_again() public {
        deposit(user, Role.Validator, 100e18);
        vm.startPrank(user);
        stakeManager.requestWithdraw(Role.Validator, 20e18);
        vm.warp(block.timestamp + 6 days);
        stakeManager.requestWithdraw(Role.Validator, 20e18);
        vm.warp(block.timestamp + 2 days);
        vm.expectPartialRevert(StakeManager.StillUnbonding.selector);
        stakeManager.finalizeWithdraw(Role.Validator);
        stakeManager.cancelWithdraw(Role.Validator);
        assertEq(stakeManager.stakeOf(user, Role.Validator), 100e18, "all of it counts");
        vm.expectRevert(abi.encodeWithSelector(StakeManager.NothingUnbonding.selector, user, Role.Validator));
        stakeManager.cancelWithdraw(Role.Validator);
        vm.expectRevert(abi.encodeWithSelector(StakeManager.NothingUnbonding.selector, user, Role.Validator));
        stakeManager.finalizeWithdraw(Role.Validator);
        vm.stopPrank();
    }

    function test_A_stake_is_at_least_the_minimum_or_nothing() public {
        fund(user, address(stakeManager), 100e18);
        vm.startPrank(user);
        vm.expectRevert(abi.encodeWithSelector(StakeManager.BelowMinimumStake.selector, 1e18, 10e18));
        stakeManager.depositStake(Role.Validator, 1e18);
        stakeManager.depositStake(Role.Validator, 20e18);
        vm.expectRevert(abi.encodeWithSelector(StakeManager.BelowMinimumStake.selector, 9e18, 10e18));
        stakeManager.requestWithdraw(Role.Validator, 11e18);
        stakeManager.requestWithdraw(Role.Validator, 20e18);
        vm.stopPrank();
        vm.prank(governance);
        stakeManager.setMinStake(Role.Validator, 50e18);
        vm.expectRevert(abi.encodeWithSelector(StakeManager.BelowMinimumStake.selector, 20e18, 50e18));
        vm.prank(user);
        stakeManager.cancelWithdraw(Role.Validator);
    }

    function test_Nothing_is_no_amount() public {
        vm.startPrank(user);
        vm.expectRevert(ZeroAmount.selector);
        stakeManager.depositStake(Role.Agent, 0);
        vm.expectRevert(ZeroAmount.selector);
        stakeManager.requestWithdraw(Role.Agent, 0);
        vm.stopPrank();
        vm.prank(manager);
        vm.expectRevert(ZeroAmount.selector);
        stakeManager.lockStake(Role.Validator, user, 1, 0);
        vm.prank(governance);
        vm.expectRevert(ZeroAmount.selector);
        stakeManager.governanceSlash(Role.Validator, user, 0, "INC-1");
    }

    function test_The_minimum_itself_is_enough() public {
        deposit(user, Role.Validator, 10e18);
        assertTrue(stakeManager.isStaked(user, Role.Validator), "staked");
        vm.prank(governance);
        stakeManager.setMinStake(Role.Validator, 10e18 + 1);
        assertFalse(stakeManager.isStaked(user, Role.Validator), "a wei short");
    }

    function test_Roles_are_kept_apart() public {
        deposit(user, Role.Agent, 30e18);
        deposit(user, Role.Validator, 40e18);
        vm.prank(user);
        vm.expectRevert(abi.encodeWithSelector(StakeManager.InsufficientStake.selector, 41e18, 40e18));
        stakeManager.requestWithdraw(Role.Validator, 41e18);
        assertEq(stakeManager.stakeOf(user, Role.Agent), 30e18, "agent");
        assertTrue(stakeManager.isStaked(user, Role.Agent), "staked");
        assertFalse(stakeManager.isStaked(user, Role.Platform), "no stake is not staked, even without a minimum");
    }

    // ------------------------------------------------------------------------------------------------------ locks

    function test_Locked_stake_cannot_leave_and_each_manager_releases_only_its_own() public {
        deposit(user, Role.Validator, 100e18);
        vm.prank(manager);
        stakeManager.lockStake(Role.Validator, user, 1, 60e18);
        vm.prank(other);
        stakeManager.lockStake(Role.Validator, user, 1, 30e18);
        vm.prank(user);
        vm.expectRevert(abi.encodeWithSelector(StakeManager.InsufficientStake.selector, 11e18, 10e18));
        stakeManager.requestWithdraw(Role.Validator, 11e18);
        vm.prank(other);
        stakeManager.unlockStake(Role.Validator, user, 1, 90e18);
        assertEq(stakeManager.lockOf(manager, Role.Validator, user, 1), 60e18, "the other's lock stands");
        assertEq(stakeManager.stakes(user, Role.Validator).locked, 60e18, "sum of locks");
        vm.prank(other);
        vm.expectRevert(abi.encodeWithSelector(StakeManager.InsufficientStake.selector, 41e18, 40e18));
        stakeManager.lockStake(Role.Validator, user, 2, 41e18);
    }

    function test_Only_lock_managers_of_the_role_lock_and_a_dismissed_one_can_still_let_go() public {
        deposit(user, Role.Validator, 100e18);
        deposit(user, Role.Agent, 100e18);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        stakeManager.lockStake(Role.Validator, user, 1, 1);
        vm.prank(manager);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, manager));
        stakeManager.lockStake(Role.Agent, user, 1, 1);
        vm.prank(manager);
        stakeManager.lockStake(Role.Validator, user, 1, 60e18);
        vm.prank(governance);
        stakeManager.setValidatorLockManager(manager, false);
        vm.startPrank(manager);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, manager));
        stakeManager.lockStake(Role.Validator, user, 1, 1);
        stakeManager.unlockStake(Role.Validator, user, 1, 60e18);
        vm.stopPrank();
        assertEq(stakeManager.stakes(user, Role.Validator).locked, 0, "free");
    }

    function test_Governance_releases_a_stranded_lock_while_paused_too() public {
        deposit(user, Role.Validator, 100e18);
        vm.prank(manager);
        stakeManager.lockStake(Role.Validator, user, 1, 60e18);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, user));
        vm.prank(user);
        stakeManager.releaseLock(manager, Role.Validator, user, 1);
        vm.startPrank(governance);
        stakeManager.pause();
        stakeManager.releaseLock(manager, Role.Validator, user, 1);
        vm.stopPrank();
        assertEq(stakeManager.stakes(user, Role.Validator).locked, 0, "free");
        vm.prank(manager);
        stakeManager.unlockStake(Role.Validator, user, 1, 60e18);
    }

    // ---------------------------------------------------------------------------------------------------- slashes

    function testFuzz_A_slash_is_split_without_remainder(uint256 amount, uint256 employerBps, uint256 burnBps) public {
        amount = bound(amount, 1, 100e18);
        employerBps = bound(employerBps, 0, 10_000);
        burnBps = bound(burnBps, 0, 10_000 - employerBps);
        vm.prank(governance);
        stakeManager.setSlashSplit(employerBps, 10_000 - employerBps - burnBps, burnBps);
        lockAll(100e18);
        uint256 supply = token.totalSupply();
        vm.prank(manager);
        assertEq(stakeManager.slash(Role.Validator, user, 1, amount, employer), amount, "slashed");
        uint256 out = token.balanceOf(employer) + token.balanceOf(treasury) + supply - token.totalSupply();
        assertEq(out, amount, "the shares add up");
        assertEq(token.balanceOf(employer), (amount * employerBps) / 10_000, "employer");
        assertEq(supply - token.totalSupply(), (amount * burnBps) / 10_000, "burned");
        assertEq(stakeManager.stakeOf(user, Role.Validator), 100e18 - amount, "left");
        assertEq(token.balanceOf(address(stakeManager)), 100e18 - amount, "balance");
        assertEq(stakeManager.lockOf(manager, Role.Validator, user, 1), 100e18 - amount, "lock");
    }

    function test_A_slasher_takes_no_more_than_it_has_locked() public {
        deposit(user, Role.Validator, 100e18);
        vm.startPrank(manager);
        stakeManager.lockStake(Role.Validator, user, 1, 30e18);
        assertEq(stakeManager.slash(Role.Validator, user, 1, 80e18, employer), 30e18, "capped");
        assertEq(stakeManager.slash(Role.Validator, user, 2, 80e18, employer), 0, "nothing under another key");
        vm.stopPrank();
        assertEq(stakeManager.stakeOf(user, Role.Validator), 70e18, "left");
    }

    function test_Without_a_treasury_its_share_is_burned_and_slashing_goes_on() public {
        vm.prank(governance);
        stakeManager.setTreasury(address(0));
        lockAll(100e18);
        uint256 supply = token.totalSupply();
        vm.prank(manager);
        stakeManager.slash(Role.Validator, user, 1, 40e18, address(0));
        assertEq(supply - token.totalSupply(), 40e18, "burned");
    }

    function test_A_pause_stops_every_path_of_users_and_managers_but_letting_go() public {
        lockAll(100e18);
        fund(user, address(stakeManager), 10e18);
        vm.prank(guardian);
        systemPause.pauseAll();
        bytes4 stopped = Pausable.EnforcedPause.selector;
        vm.startPrank(user);
        vm.expectRevert(stopped);
        stakeManager.depositStake(Role.Validator, 10e18);
        vm.expectRevert(stopped);
        stakeManager.requestWithdraw(Role.Validator, 1);
        vm.expectRevert(stopped);
        stakeManager.cancelWithdraw(Role.Validator);
        vm.expectRevert(stopped);
        stakeManager.finalizeWithdraw(Role.Validator);
        vm.stopPrank();
        vm.startPrank(manager);
        vm.expectRevert(stopped);
        stakeManager.lockStake(Role.Validator, user, 1, 1);
        stakeManager.unlockStake(Role.Validator, user, 1, 100e18);
        vm.stopPrank();
        assertEq(stakeManager.stakes(user, Role.Validator).locked, 0, "let go");
    }

    function test_While_paused_only_slashes_for_the_treasury_go_on() public {
        lockAll(100e18);
        vm.prank(guardian);
        systemPause.pauseAll();
        vm.prank(manager);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        stakeManager.slash(Role.Validator, user, 1, 1, employer);
        vm.prank(manager);
        assertEq(stakeManager.slashToTreasury(Role.Validator, user, 40e18), 40e18, "by a treasury slasher");
        vm.prank(governance);
        assertEq(
            stakeManager.governanceSlash(Role.Validator, user, 90e18, "INC-7"), 60e18, "by governance, what is left"
        );
        assertEq(token.balanceOf(treasury), 100e18, "all to the treasury");
    }

    function test_Stake_on_its_way_out_can_still_be_slashed() public {
        deposit(user, Role.Validator, 100e18);
        vm.prank(user);
        stakeManager.requestWithdraw(Role.Validator, 90e18);
        vm.prank(governance);
        assertEq(stakeManager.governanceSlash(Role.Validator, user, 60e18, "INC-7"), 60e18, "slashed");
        assertEq(stakeManager.stakeOf(user, Role.Validator), 0, "bonded first");
        assertEq(stakeManager.stakes(user, Role.Validator).unbonding, 40e18, "then unbonding");
        assertEq(stakeManager.totalUnbonding(Role.Validator), 40e18, "total");
    }

    function test_A_lock_covers_what_a_slash_has_left_and_blocks_withdrawal_until_then() public {
        lockAll(100e18);
        vm.prank(governance);
        stakeManager.governanceSlash(Role.Validator, user, 70e18, "INC-7");
        vm.prank(user);
        vm.expectRevert(abi.encodeWithSelector(StakeManager.InsufficientStake.selector, 1, 0));
        stakeManager.requestWithdraw(Role.Validator, 1);
        vm.prank(manager);
        assertEq(stakeManager.slash(Role.Validator, user, 1, 100e18, employer), 30e18, "what was left");
        assertEq(stakeManager.stakes(user, Role.Validator).locked, 0, "no lock left");
    }

    function test_Nobody_slashes_without_the_right() public {
        lockAll(100e18);
        vm.prank(other);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, other));
        stakeManager.slash(Role.Validator, user, 1, 1, other);
        vm.prank(other);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, other));
        stakeManager.slashToTreasury(Role.Validator, user, 1);
        vm.prank(other);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, other));
        stakeManager.governanceSlash(Role.Validator, user, 1, "");
    }

    function testFuzz_A_broken_observer_does_not_stand_in_the_way(bool burnsGas) public {
        BrokenObserver observer = new BrokenObserver(burnsGas);
        vm.prank(governance);
        stakeManager.setFeePool(observer);
        deposit(user, Role.Platform, 100e18);
        vm.prank(governance);
        assertEq(stakeManager.governanceSlash(Role.Platform, user, 40e18, "INC-7"), 40e18, "slashed");
    }

    function test_A_caller_cannot_starve_the_observer() public {
        deposit(user, Role.Platform, 100e18);
        vm.prank(user);
        (bool success, bytes memory reason) = address(stakeManager).call{gas: 150_000}(
            abi.encodeCall(stakeManager.requestWithdraw, (Role.Platform, 100e18))
        );
        assertFalse(success, "refused");
        assertEq(bytes32(bytes4(reason)), bytes32(StakeManager.InsufficientGas.selector), "why");
        assertEq(feePool.stakers(user).stake, 100e18, "still told the truth");
    }

    // ------------------------------------------------------------------------------------------------- parameters

    function testFuzz_Split_and_percentages_must_add_up(uint256 a, uint256 b, uint256 c) public {
        a = bound(a, 0, 12_000);
        b = bound(b, 0, 12_000);
        c = bound(c, 0, 12_000);
        vm.startPrank(governance);
        if (a > 10_000 || b > 10_000 || c > 10_000) {
            vm.expectPartialRevert(OutOfBounds.selector);
            stakeManager.setSlashSplit(a, b, c);
        } else if (a + b + c != 10_000) {
            vm.expectRevert(abi.encodeWithSelector(SplitSum.selector, a + b + c, 10_000));
            stakeManager.setSlashSplit(a, b, c);
        } else {
            stakeManager.setSlashSplit(a, b, c);
        }
        a %= 120;
        b %= 120;
        if (a > 100) {
            vm.expectPartialRevert(OutOfBounds.selector);
            stakeManager.setFeePct(a);
            a = 0;
        } else {
            stakeManager.setFeePct(a);
        }
        if (b > 100) vm.expectPartialRevert(OutOfBounds.selector);
        else if (a + b > 100) vm.expectRevert(abi.encodeWithSelector(StakeManager.PercentageSum.selector, a + b));
        stakeManager.setValidatorRewardPct(b);
        vm.stopPrank();
    }

    function test_Every_setter_shows_old_and_new() public {
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(stakeManager));
        emit StakeManager.FeePctUpdated(0, 4);
        vm.expectEmit(true, true, true, true, address(stakeManager));
        emit StakeManager.ParametersUpdated(4, 0, 5_000, 5_000, 0, 7 days);
        stakeManager.setFeePct(4);
        vm.expectEmit(true, true, true, true, address(stakeManager));
        emit StakeManager.ValidatorRewardPctUpdated(0, 8);
        stakeManager.setValidatorRewardPct(8);
        vm.expectEmit(true, true, true, true, address(stakeManager));
        emit StakeManager.UnbondingPeriodUpdated(7 days, 1 days);
        stakeManager.setUnbondingPeriod(1 days);
        vm.expectEmit(true, true, true, true, address(stakeManager));
        emit StakeManager.SlashSplitUpdated(5_000, 5_000, 0, 1_000, 2_000, 7_000);
        stakeManager.setSlashSplit(1_000, 2_000, 7_000);
        vm.expectEmit(true, true, true, true, address(stakeManager));
        emit StakeManager.MinStakeUpdated(Role.Agent, 10e18, 11e18);
        stakeManager.setMinStake(Role.Agent, 11e18);
        vm.expectEmit(true, true, true, true, address(stakeManager));
        emit StakeManager.FeePoolUpdated(address(feePool), address(0));
        stakeManager.setFeePool(IStakeObserver(address(0)));
        vm.expectEmit(true, true, true, true, address(stakeManager));
        emit StakeManager.LockManagerUpdated(Role.Validator, manager, true, false);
        vm.expectEmit(true, true, true, true, address(stakeManager));
        emit StakeManager.ValidatorLockManagerUpdated(manager, false);
        stakeManager.setValidatorLockManager(manager, false);
        vm.expectEmit(true, true, true, true, address(stakeManager));
        emit StakeManager.SlasherUpdated(manager, true, false);
        stakeManager.setSlasher(manager, false);
        vm.expectEmit(true, true, true, true, address(stakeManager));
        emit StakeManager.TreasurySlasherUpdated(manager, true, false);
        stakeManager.setTreasurySlasher(manager, false);
        vm.stopPrank();
    }

    function test_Setters_refuse_what_is_out_of_bounds() public {
        vm.startPrank(governance);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 59 minutes, 1 hours, 90 days));
        stakeManager.setUnbondingPeriod(59 minutes);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 91 days, 1 hours, 90 days));
        stakeManager.setUnbondingPeriod(91 days);
        vm.expectRevert(ZeroAddress.selector);
        stakeManager.setLockManager(Role.Agent, address(0), true);
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        stakeManager.setFeePool(IStakeObserver(stranger));
        vm.stopPrank();
    }

    function test_Only_governance_sets_parameters() public {
        vm.startPrank(stranger);
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.expectRevert(refusal);
        stakeManager.setFeePct(1);
        vm.expectRevert(refusal);
        stakeManager.setValidatorRewardPct(1);
        vm.expectRevert(refusal);
        stakeManager.setSlashSplit(0, 0, 10_000);
        vm.expectRevert(refusal);
        stakeManager.setMinStake(Role.Agent, 0);
        vm.expectRevert(refusal);
        stakeManager.setUnbondingPeriod(1 days);
        vm.expectRevert(refusal);
        stakeManager.setLockManager(Role.Agent, stranger, true);
        vm.expectRevert(refusal);
        stakeManager.setValidatorLockManager(stranger, true);
        vm.expectRevert(refusal);
        stakeManager.setSlasher(stranger, true);
        vm.expectRevert(refusal);
        stakeManager.setTreasurySlasher(stranger, true);
        vm.expectRevert(refusal);
        stakeManager.setFeePool(IStakeObserver(address(0)));
        vm.expectRevert(refusal);
        stakeManager.setTreasury(address(0));
        vm.expectRevert(refusal);
        stakeManager.setTreasuryAllowlist(stranger, true);
        vm.stopPrank();
    }

    function test_Roles_can_be_enumerated() public view {
        assertEq(stakeManager.lockManagers(Role.Validator).length, 3, "validators' lock managers");
        assertEq(stakeManager.lockManagers(Role.Agent)[0], address(jobRegistry), "agents' lock manager");
        assertTrue(stakeManager.validatorLockManagers(manager), "by name");
        assertTrue(stakeManager.isLockManager(Role.Agent, address(jobRegistry)), "by role");
        assertEq(stakeManager.slashers().length, 3, "slashers");
        assertEq(stakeManager.treasurySlashers().length, 2, "treasury slashers");
    }

    // --------------------------------------------------------------------------------------------------- treasury

    function test_The_treasury_is_allowlisted_and_never_the_owner() public {
        vm.startPrank(governance);
        vm.expectRevert(abi.encodeWithSelector(TreasuryAccount.TreasuryNotAllowlisted.selector, stranger));
        stakeManager.setTreasury(stranger);
        stakeManager.setTreasuryAllowlist(governance, true);
        vm.expectRevert(abi.encodeWithSelector(TreasuryAccount.TreasuryConflict.selector, governance));
        stakeManager.setTreasury(governance);
        stakeManager.setTreasuryAllowlist(address(stakeManager), true);
        vm.expectRevert(abi.encodeWithSelector(TreasuryAccount.TreasuryConflict.selector, address(stakeManager)));
        stakeManager.setTreasury(address(stakeManager));
        vm.expectRevert(abi.encodeWithSelector(TreasuryAccount.TreasuryInUse.selector, treasury));
        stakeManager.setTreasuryAllowlist(treasury, false);
        vm.expectRevert(ZeroAddress.selector);
        stakeManager.setTreasuryAllowlist(address(0), true);

        vm.expectEmit(true, true, true, true, address(stakeManager));
        emit TreasuryAccount.TreasuryAllowlistUpdated(stranger, false, true);
        stakeManager.setTreasuryAllowlist(stranger, true);
        vm.expectEmit(true, true, true, true, address(stakeManager));
        emit TreasuryAccount.TreasuryUpdated(treasury, stranger);
        stakeManager.setTreasury(stranger);
        vm.expectEmit(true, true, true, true, address(stakeManager));
        emit TreasuryAccount.TreasuryAllowlistUpdated(treasury, true, false);
        stakeManager.setTreasuryAllowlist(treasury, false);
        assertEq(stakeManager.allowedTreasuries().length, 3, "list");

        stakeManager.transferOwnership(stranger);
        vm.stopPrank();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(TreasuryAccount.TreasuryConflict.selector, stranger));
        stakeManager.acceptOwnership();
    }

    // ---------------------------------------------------------------------------------------------------- support

    function lockAll(uint256 amount) private {
        deposit(user, Role.Validator, amount);
        vm.prank(manager);
        stakeManager.lockStake(Role.Validator, user, 1, amount);
    }
}
