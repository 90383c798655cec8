// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {NoCode, OutOfBounds} from "../src/base/Errors.sol";
import {IdentityRegistry} from "../src/IdentityRegistry.sol";
import {IFeePool} from "../src/interfaces/IFeePool.sol";
import {IIdentityRegistry, Kind} from "../src/interfaces/IIdentityRegistry.sol";
import {JobState} from "../src/interfaces/IJobRegistry.sol";
import {IStakeManager, Role} from "../src/interfaces/IStakeManager.sol";
import {ValidationModule} from "../src/ValidationModule.sol";
import {Protocol} from "./Protocol.sol";

contract ValidationModuleTest is Protocol {
    bytes32 private constant SALT = "salt";
    uint256 private constant POOL = 6;

    ValidationModule private validations;
    address[] private committee;

    function setUp() public override {
        super.setUp();
        validations = new ValidationModule(governance, address(systemPause), jobRegistry, token, stakeManager);
        vm.startPrank(governance);
        jobRegistry.setValidationModule(address(validations));
        stakeManager.setValidatorLockManager(address(validations), true);
        stakeManager.setSlasher(address(validations), true);
        stakeManager.setValidatorRewardPct(9);
        validations.setFeePool(feePool);
        systemPause.addModule(address(validations));
        vm.stopPrank();
        deposit(agent, Role.Agent, 1_000e18);
        for (uint256 i = 0; i < POOL; ++i) {
            address validator = numbered("validator", i);
            deposit(validator, Role.Validator, 100e18);
            vm.prank(validator);
            validations.joinPool();
        }
    }

    // ------------------------------------------------------------------------------------------------- whole rounds

    function testFuzz_The_threshold_decides_and_those_who_agreed_with_the_outcome_share_the_reward(uint8 votes) public {
        uint256 jobId = drawn();
        uint256 approvals;
        for (uint256 i = 0; i < 3; ++i) {
            bool approve = (votes >> i) & 1 == 1;
            approvals += approve ? 1 : 0;
            commit(jobId, i, approve);
        }
        validations.startReveal(jobId);
        for (uint256 i = 0; i < 3; ++i) {
            reveal(jobId, i, (votes >> i) & 1 == 1);
        }
        validations.finalizeValidation(jobId);
        assertEq(uint256(jobRegistry.stateOf(jobId)), uint256(JobState.Completed), "judged");
        bool success = approvals * 10_000 >= 3 * 6_600;
        assertTrue(jobRegistry.succeeded(jobId) == success, "verdict");
        assertEq(validations.liveRounds(), 0, "over");
        vm.expectPartialRevert(ValidationModule.JobNotFinal.selector);
        validations.shareReward(jobId);
        vm.warp(block.timestamp + 1 days);
        jobRegistry.finalize(jobId);
        validations.shareReward(jobId);
        uint256 winners = success ? approvals : 3 - approvals;
        assertEq(validations.totalOwed(), 9e18 / winners * winners, "shared");
        for (uint256 i = 0; i < 3; ++i) {
            bool agreed = ((votes >> i) & 1 == 1) == success;
            assertEq(validations.owedTo(committee[i]), agreed ? 9e18 / winners : 0, "those who agreed");
            assertEq(stakeManager.stakes(committee[i], Role.Validator).locked, 0, "stake is free");
            if (!agreed) continue;
            validations.claimReward(committee[i]);
            assertEq(token.balanceOf(committee[i]), 9e18 / winners, "paid");
            vm.expectRevert(abi.encodeWithSelector(ValidationModule.NothingOwed.selector, committee[i]));
            validations.claimReward(committee[i]);
        }
        vm.expectPartialRevert(ValidationModule.WrongPhase.selector);
        validations.shareReward(jobId);
    }

    function test_Votes_that_just_reach_the_threshold_are_enough() public {
        vm.startPrank(governance);
        validations.setCommitteeParameters(4, 10e18);
        validations.setApprovalThreshold(5_000);
        vm.stopPrank();
        uint256 jobId = drawn();
        for (uint256 i = 0; i < 4; ++i) {
            commit(jobId, i, i < 2);
        }
        validations.startReveal(jobId);
        for (uint256 i = 0; i < 4; ++i) {
            reveal(jobId, i, i < 2);
        }
        validations.finalizeValidation(jobId);
        assertTrue(jobRegistry.succeeded(jobId), "two of four at a half");
    }

    function test_Half_of_the_committee_is_no_majority() public {
        vm.prank(governance);
        validations.setCommitteeParameters(4, 10e18);
        uint256 jobId = drawn();
        commit(jobId, 0, true);
        commit(jobId, 1, true);
        vm.warp(block.timestamp + 30 minutes);
        validations.startReveal(jobId);
        reveal(jobId, 0, true);
        reveal(jobId, 1, true);
        validations.finalizeValidation(jobId);
        assertEq(uint256(validations.rounds(jobId).phase), uint256(ValidationModule.Phase.Failed), "no verdict");
    }

    function test_When_a_dispute_overturns_the_verdict_nobody_who_was_wrong_is_paid() public {
        uint256 jobId = judged(true);
        vm.prank(employer);
        jobRegistry.raiseDispute(jobId, "");
        vm.prank(moderator);
        jobRegistry.resolveDispute(jobId, true);
        vm.expectRevert(ValidationModule.NothingToSend.selector);
        validations.sendUnearned();
        validations.shareReward(jobId);
        assertEq(validations.totalOwed(), 0, "nobody");
        assertEq(validations.unearned(), 9e18, "waits");
        validations.sendUnearned();
        assertEq(feePool.pendingFees(), 9e18, "sent on");
        assertEq(token.balanceOf(address(validations)), 0, "nothing left behind");
    }

    function test_Silence_costs_stake_and_without_a_majority_of_votes_there_is_no_verdict() public {
        uint256 jobId = drawn();
        commit(jobId, 0, true);
        vm.expectPartialRevert(ValidationModule.PhaseNotOver.selector);
        validations.startReveal(jobId);
        vm.warp(block.timestamp + 30 minutes);
        validations.startReveal(jobId);
        reveal(jobId, 0, true);
        vm.expectEmit(true, true, true, true, address(validations));
        emit ValidationModule.ValidationFailed(jobId, 1);
        validations.finalizeValidation(jobId);
        assertEq(stakeManager.stakeOf(committee[0], Role.Validator), 100e18, "who voted is whole");
        assertEq(stakeManager.stakeOf(committee[1], Role.Validator), 99e18, "who did not is not");
        assertEq(stakeManager.stakes(committee[1], Role.Validator).locked, 0, "free");
        assertEq(uint256(jobRegistry.stateOf(jobId)), uint256(JobState.Submitted), "still waiting");
        validations.startValidation(jobId);
        assertEq(validations.rounds(jobId).attempt, 2, "again");
    }

    function test_A_validator_whose_stake_was_slashed_in_the_meantime_cannot_be_drawn() public {
        address first = numbered("validator", 0);
        vm.prank(governance);
        stakeManager.governanceSlash(Role.Validator, first, 85e18, "INC-1");
        vm.prank(governance);
        validations.setCommitteeParameters(3, 16e18);
        validations.prunePool(first);
        assertEq(validations.pool().length, POOL - 1, "staked, but not enough for a seat");
    }

    function test_Exactly_the_stake_of_a_seat_is_enough_for_it() public {
        vm.prank(governance);
        validations.setCommitteeParameters(3, 100e18);
        uint256 jobId = drawn();
        assertEq(stakeManager.freeStakeOf(committee[0], Role.Validator), 0, "all of it is locked");
        assertEq(jobId, 1, "drawn");
    }

    function test_A_job_that_no_longer_waits_frees_the_committee_without_a_verdict() public {
        uint256 jobId = drawn();
        for (uint256 i = 0; i < 3; ++i) {
            commit(jobId, i, true);
        }
        validations.startReveal(jobId);
        for (uint256 i = 0; i < 3; ++i) {
            reveal(jobId, i, true);
        }
        vm.prank(employer);
        jobRegistry.acceptResult(jobId);
        validations.finalizeValidation(jobId);
        assertEq(uint256(validations.rounds(jobId).phase), uint256(ValidationModule.Phase.Failed), "no verdict");
        assertEq(stakeManager.stakes(committee[0], Role.Validator).locked, 0, "free");
        vm.expectPartialRevert(ValidationModule.NotSubmitted.selector);
        validations.startValidation(jobId);
    }

    // ----------------------------------------------------------------------------------------------------- the draw

    function test_The_committee_is_drawn_by_a_block_that_was_to_come() public {
        uint256 jobId = submitted();
        validations.startValidation(jobId);
        vm.expectPartialRevert(ValidationModule.WrongPhase.selector);
        validations.startValidation(jobId);
        vm.expectPartialRevert(ValidationModule.TooEarlyToDraw.selector);
        validations.drawCommittee(jobId);
        vm.roll(block.number + 1);
        vm.expectPartialRevert(ValidationModule.TooEarlyToDraw.selector);
        validations.drawCommittee(jobId);
        vm.roll(block.number + 1);
        validations.drawCommittee(jobId);
        assertEq(validations.committeeOf(jobId).length, 3, "drawn");
        vm.expectPartialRevert(ValidationModule.WrongPhase.selector);
        validations.drawCommittee(jobId);
    }

    function test_When_the_hash_is_gone_another_block_is_fixed() public {
        uint256 jobId = submitted();
        validations.startValidation(jobId);
        vm.roll(block.number + 300);
        validations.drawCommittee(jobId);
        assertEq(uint256(validations.rounds(jobId).phase), uint256(ValidationModule.Phase.Drawing), "not yet");
        assertEq(validations.rounds(jobId).seedBlock, block.number + 1, "another block");
    }

    function testFuzz_Parties_and_those_who_cannot_judge_are_never_drawn(uint256 seed) public {
        deposit(agent, Role.Validator, 100e18);
        deposit(employer, Role.Validator, 100e18);
        vm.prank(agent);
        validations.joinPool();
        vm.prank(employer);
        validations.joinPool();
        address poor = numbered("validator", 0);
        vm.prank(poor);
        stakeManager.requestWithdraw(Role.Validator, 100e18);
        uint256 jobId = submitted();
        validations.startValidation(jobId);
        vm.roll(block.number + 2 + (seed % 200));
        validations.drawCommittee(jobId);
        address[] memory seated = validations.committeeOf(jobId);
        for (uint256 i = 0; i < seated.length; ++i) {
            assertTrue(seated[i] != agent && seated[i] != employer && seated[i] != poor, "eligible");
            for (uint256 j = 0; j < i; ++j) {
                assertTrue(seated[i] != seated[j], "once");
            }
            assertEq(stakeManager.stakes(seated[i], Role.Validator).locked, 10e18, "locked");
        }
    }

    function test_Too_small_a_pool_draws_nobody() public {
        vm.prank(governance);
        validations.setCommitteeParameters(7, 10e18);
        uint256 jobId = submitted();
        validations.startValidation(jobId);
        vm.roll(block.number + 2);
        vm.expectRevert(abi.encodeWithSelector(ValidationModule.TooFewValidators.selector, jobId, 6, 7));
        validations.drawCommittee(jobId);
    }

    function test_The_pool_takes_in_who_is_eligible_and_lets_go_who_is_not() public {
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(ValidationModule.NotEligible.selector, stranger));
        validations.joinPool();
        address first = numbered("validator", 0);
        validations.prunePool(first);
        assertEq(validations.pool().length, POOL, "not pruned while eligible");
        vm.prank(first);
        stakeManager.requestWithdraw(Role.Validator, 100e18);
        validations.prunePool(first);
        assertEq(validations.pool().length, POOL - 1, "pruned");
        vm.prank(numbered("validator", 1));
        validations.leavePool();
        assertEq(validations.pool().length, POOL - 2, "left");

        IdentityRegistry identity = new IdentityRegistry(governance);
        vm.startPrank(governance);
        validations.setIdentityRegistry(identity);
        vm.stopPrank();
        address second = numbered("validator", 2);
        vm.prank(second);
        vm.expectRevert(abi.encodeWithSelector(ValidationModule.NotEligible.selector, second));
        validations.joinPool();
        vm.prank(governance);
        identity.setAllowed(Kind.Validator, second, true);
        vm.prank(second);
        validations.joinPool();
    }

    function test_The_pool_is_bounded() public {
        vm.prank(governance);
        validations.setCommitteeParameters(3, 0);
        for (uint256 i = POOL; i < validations.MAX_POOL(); ++i) {
            address validator = address(uint160(0x10000 + i));
            deposit(validator, Role.Validator, 10e18);
            vm.prank(validator);
            validations.joinPool();
        }
        deposit(stranger, Role.Validator, 10e18);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(ValidationModule.PoolFull.selector, 200));
        validations.joinPool();
        uint256 jobId = submitted();
        validations.startValidation(jobId);
        vm.roll(block.number + 2);
        uint256 before = gasleft();
        validations.drawCommittee(jobId);
        assertLe(before - gasleft(), 3_000_000, "gas of the fullest pool");
    }

    // -------------------------------------------------------------------------------------------------------- votes

    function test_Votes_are_given_once_by_the_committee_and_cannot_be_copied() public {
        uint256 jobId = drawn();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(ValidationModule.NotSeated.selector, jobId, stranger));
        validations.commitVote(jobId, "c");
        bytes32 commitment = validations.voteCommitment(jobId, 1, committee[0], true, SALT);
        assertEq(
            commitment,
            keccak256(
                abi.encode(
                    keccak256("ValidationModule.Vote"),
                    block.chainid,
                    address(validations),
                    jobId,
                    uint256(1),
                    committee[0],
                    true,
                    SALT
                )
            ),
            "what is hashed"
        );
        vm.startPrank(committee[1]);
        vm.expectRevert(ValidationModule.EmptyHash.selector);
        validations.commitVote(jobId, 0);
        validations.commitVote(jobId, commitment);
        vm.expectRevert(abi.encodeWithSelector(ValidationModule.AlreadyDone.selector, jobId, committee[1]));
        validations.commitVote(jobId, commitment);
        vm.stopPrank();
        commit(jobId, 0, true);
        vm.prank(committee[0]);
        vm.expectPartialRevert(ValidationModule.WrongPhase.selector);
        validations.revealVote(jobId, true, SALT);
        vm.warp(block.timestamp + 30 minutes);
        vm.prank(committee[2]);
        vm.expectPartialRevert(ValidationModule.PhaseOver.selector);
        validations.commitVote(jobId, "late");
        validations.startReveal(jobId);
        vm.expectPartialRevert(ValidationModule.WrongPhase.selector);
        validations.startReveal(jobId);
        vm.prank(committee[1]);
        vm.expectPartialRevert(ValidationModule.CommitmentMismatch.selector);
        validations.revealVote(jobId, true, SALT);
        vm.prank(committee[2]);
        vm.expectRevert(abi.encodeWithSelector(ValidationModule.NotSeated.selector, jobId, committee[2]));
        validations.revealVote(jobId, true, SALT);
        reveal(jobId, 0, true);
        vm.prank(committee[0]);
        vm.expectRevert(abi.encodeWithSelector(ValidationModule.AlreadyDone.selector, jobId, committee[0]));
        validations.revealVote(jobId, true, SALT);
        assertTrue(validations.ballotOf(jobId, committee[0]).revealed, "on record");
        vm.expectPartialRevert(ValidationModule.PhaseNotOver.selector);
        validations.finalizeValidation(jobId);
    }

    function test_Rounds_are_bounded() public {
        uint256 jobId = submitted();
        for (uint256 i = 0; i < 5; ++i) {
            validations.startValidation(jobId);
            vm.prank(governance);
            validations.voidRound(jobId);
        }
        vm.expectRevert(abi.encodeWithSelector(ValidationModule.TooManyAttempts.selector, jobId, 5));
        validations.startValidation(jobId);
        vm.expectPartialRevert(ValidationModule.WrongPhase.selector);
        validations.finalizeValidation(jobId);
    }

    // ------------------------------------------------------------------------------------------------------- clocks

    function testFuzz_A_pause_takes_no_time_from_commit_or_reveal(bool revealing, uint256 before, uint256 during)
        public
    {
        before = bound(before, 0, 30 minutes - 1);
        during = bound(during, 0, 365 days);
        uint256 jobId = drawn();
        if (revealing) {
            for (uint256 i = 0; i < 3; ++i) {
                commit(jobId, i, true);
            }
            validations.startReveal(jobId);
        }
        vm.warp(block.timestamp + before);
        vm.prank(guardian);
        systemPause.pauseAll();
        vm.warp(block.timestamp + during);
        vm.prank(governance);
        systemPause.unpauseAll();
        vm.warp(block.timestamp + 30 minutes - 1 - before);
        if (revealing) reveal(jobId, 0, true);
        else commit(jobId, 0, true);
        vm.warp(block.timestamp + 1);
        vm.prank(committee[1]);
        vm.expectPartialRevert(ValidationModule.PhaseOver.selector);
        if (revealing) validations.revealVote(jobId, true, SALT);
        else validations.commitVote(jobId, "late");
    }

    function test_What_a_window_demands_works_while_every_other_module_is_paused() public {
        uint256 jobId = drawn();
        address[] memory others = new address[](4);
        (others[0], others[1], others[2], others[3]) =
        (address(stakeManager), address(feePool), address(arena), address(jobRegistry));
        vm.prank(guardian);
        systemPause.pauseModules(others);
        for (uint256 i = 0; i < 3; ++i) {
            commit(jobId, i, true);
        }
        validations.startReveal(jobId);
        for (uint256 i = 0; i < 3; ++i) {
            reveal(jobId, i, true);
        }
    }

    function test_A_pause_stops_every_path_but_leaving_the_pool() public {
        uint256 jobId = drawn();
        vm.prank(guardian);
        systemPause.pauseModule(address(validations));
        bytes4 stopped = Pausable.EnforcedPause.selector;
        vm.startPrank(committee[0]);
        vm.expectRevert(stopped);
        validations.joinPool();
        vm.expectRevert(stopped);
        validations.prunePool(stranger);
        vm.expectRevert(stopped);
        validations.startValidation(jobId);
        vm.expectRevert(stopped);
        validations.drawCommittee(jobId);
        vm.expectRevert(stopped);
        validations.commitVote(jobId, "c");
        vm.expectRevert(stopped);
        validations.startReveal(jobId);
        vm.expectRevert(stopped);
        validations.revealVote(jobId, true, SALT);
        vm.expectRevert(stopped);
        validations.finalizeValidation(jobId);
        vm.expectRevert(stopped);
        validations.shareReward(jobId);
        vm.expectRevert(stopped);
        validations.claimReward(committee[0]);
        vm.expectRevert(stopped);
        validations.sendUnearned();
        validations.leavePool();
        vm.stopPrank();
    }

    function test_Governance_voids_and_extends_while_paused_too() public {
        uint256 jobId = drawn();
        vm.prank(guardian);
        systemPause.pauseAll();
        vm.startPrank(governance);
        uint64 endsAt = validations.rounds(jobId).phaseEndsAt;
        vm.expectEmit(true, true, true, true, address(validations));
        emit ValidationModule.RoundExtended(jobId, endsAt, endsAt + 1 hours);
        validations.extendRound(jobId, 1 hours);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 0, 1, 7 days));
        validations.extendRound(jobId, 0);
        validations.voidRound(jobId);
        vm.expectPartialRevert(ValidationModule.WrongPhase.selector);
        validations.voidRound(jobId);
        vm.expectPartialRevert(ValidationModule.WrongPhase.selector);
        validations.extendRound(jobId, 1);
        vm.stopPrank();
        assertEq(stakeManager.stakes(committee[0], Role.Validator).locked, 0, "free");
        assertEq(stakeManager.stakeOf(committee[0], Role.Validator), 100e18, "whole");
    }

    // --------------------------------------------------------------------------------------------------- parameters

    function test_Every_setter_shows_old_and_new_and_keeps_its_bounds() public {
        vm.startPrank(governance);
        expect();
        emit ValidationModule.CommitteeParametersUpdated(3, 10e18, 5, 1e18);
        validations.setCommitteeParameters(5, 1e18);
        expect();
        emit ValidationModule.ApprovalThresholdUpdated(6_600, 5_000);
        validations.setApprovalThreshold(5_000);
        expect();
        emit ValidationModule.NonRevealPenaltyUpdated(1_000, 2_000);
        validations.setNonRevealPenalty(2_000);
        expect();
        emit ValidationModule.WindowsUpdated(30 minutes, 30 minutes, 1 hours, 2 hours);
        validations.setWindows(1 hours, 2 hours);
        expect();
        emit ValidationModule.FeePoolUpdated(address(feePool), address(0));
        validations.setFeePool(IFeePool(address(0)));
        expect();
        emit ValidationModule.IdentityRegistryUpdated(address(0), address(token));
        validations.setIdentityRegistry(IIdentityRegistry(address(token)));
        validations.setIdentityRegistry(IIdentityRegistry(address(0)));
        expect();
        emit ValidationModule.StakeManagerUpdated(address(stakeManager), address(stakeManager));
        validations.setStakeManager(stakeManager);
        for (uint16 size = 0; size <= 32; size += 32) {
            vm.expectPartialRevert(OutOfBounds.selector);
            validations.setCommitteeParameters(size, 1);
        }
        vm.expectPartialRevert(OutOfBounds.selector);
        validations.setApprovalThreshold(0);
        vm.expectPartialRevert(OutOfBounds.selector);
        validations.setApprovalThreshold(10_001);
        vm.expectPartialRevert(OutOfBounds.selector);
        validations.setNonRevealPenalty(10_001);
        vm.expectPartialRevert(OutOfBounds.selector);
        validations.setWindows(0, 1);
        vm.expectPartialRevert(OutOfBounds.selector);
        validations.setWindows(1, 0);
        vm.expectPartialRevert(OutOfBounds.selector);
        validations.setWindows(8 days, 1);
        vm.expectPartialRevert(OutOfBounds.selector);
        validations.setWindows(1, 8 days);
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        validations.setFeePool(IFeePool(stranger));
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        validations.setIdentityRegistry(IIdentityRegistry(stranger));
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        validations.setStakeManager(IStakeManager(stranger));
        validations.setCommitteeParameters(3, 10e18);
        vm.stopPrank();
        drawn();
        vm.prank(governance);
        vm.expectRevert(abi.encodeWithSelector(ValidationModule.RoundsLive.selector, 1));
        validations.setStakeManager(stakeManager);
    }

    function test_Only_governance_governs() public {
        vm.startPrank(stranger);
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.expectRevert(refusal);
        validations.setCommitteeParameters(1, 1);
        vm.expectRevert(refusal);
        validations.setApprovalThreshold(1);
        vm.expectRevert(refusal);
        validations.setNonRevealPenalty(1);
        vm.expectRevert(refusal);
        validations.setWindows(1, 1);
        vm.expectRevert(refusal);
        validations.setFeePool(feePool);
        vm.expectRevert(refusal);
        validations.setIdentityRegistry(IIdentityRegistry(address(0)));
        vm.expectRevert(refusal);
        validations.setStakeManager(stakeManager);
        vm.expectRevert(refusal);
        validations.voidRound(1);
        vm.expectRevert(refusal);
        validations.extendRound(1, 1);
        vm.stopPrank();
    }

    // ------------------------------------------------------------------------------------------------------ support

    function expect() private {
        vm.expectEmit(true, true, true, true, address(validations));
    }

    function submitted() private returns (uint256 jobId) {
        fund(employer, address(jobRegistry), 100e18);
        vm.prank(employer);
        jobId = jobRegistry.createJob(100e18, 1 days, "s", "");
        vm.startPrank(agent);
        jobRegistry.applyForJob(jobId);
        jobRegistry.submit(jobId, "r", "");
        vm.stopPrank();
    }

    function drawn() private returns (uint256 jobId) {
        jobId = submitted();
        validations.startValidation(jobId);
        vm.roll(block.number + 2);
        validations.drawCommittee(jobId);
        committee = validations.committeeOf(jobId);
    }

    function judged(bool approve) private returns (uint256 jobId) {
        jobId = drawn();
        for (uint256 i = 0; i < 3; ++i) {
            commit(jobId, i, approve);
        }
        validations.startReveal(jobId);
        for (uint256 i = 0; i < 3; ++i) {
            reveal(jobId, i, approve);
        }
        validations.finalizeValidation(jobId);
    }

    function commit(uint256 jobId, uint256 index, bool approve) private {
        uint256 attempt = validations.rounds(jobId).attempt;
        bytes32 commitment = validations.voteCommitment(jobId, attempt, committee[index], approve, SALT);
        vm.prank(committee[index]);
        validations.commitVote(jobId, commitment);
    }

    function reveal(uint256 jobId, uint256 index, bool approve) private {
        vm.prank(committee[index]);
        validations.revealVote(jobId, approve, SALT);
    }
}
