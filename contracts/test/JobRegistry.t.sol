// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {JobRules} from "../src/base/JobRules.sol";
import {NoCode, OutOfBounds, Unauthorized, ZeroAmount} from "../src/base/Errors.sol";
import {IFeePool} from "../src/interfaces/IFeePool.sol";
import {JobState} from "../src/interfaces/IJobRegistry.sol";
import {IStakeManager, Role} from "../src/interfaces/IStakeManager.sol";
import {JobRegistry} from "../src/JobRegistry.sol";
import {Protocol} from "./Protocol.sol";

contract JobRegistryTest is Protocol {
    uint128 private constant REWARD = 100e18;

    function setUp() public virtual override {
        super.setUp();
        deposit(agent, Role.Agent, 100e18);
        vm.startPrank(governance);
        stakeManager.setFeePct(5);
        stakeManager.setValidatorRewardPct(8);
        vm.stopPrank();
    }

    // ------------------------------------------------------------------------------------------ the life of a job

    function testFuzz_An_undisputed_job_pays_agent_and_fee_without_remainder(uint128 reward, uint8 feePct) public {
        reward = uint128(bound(reward, 1, 1_000_000e18));
        feePct = uint8(bound(feePct, 0, 92));
        vm.prank(governance);
        stakeManager.setFeePct(feePct);
        uint256 jobId = created(reward);
        assertEq(jobRegistry.totalEscrow(), reward, "escrow");
        apply_(jobId);
        submit(jobId);
        vm.warp(block.timestamp + 1 days);
        jobRegistry.finalize(jobId);
        assertEq(token.balanceOf(agent) + jobRegistry.accruedFees(), reward, "nothing lost");
        assertEq(jobRegistry.accruedFees(), (uint256(reward) * feePct + 99) / 100, "the fee rounds up");
        assertEq(jobRegistry.totalEscrow(), 0, "escrow is empty");
        assertEq(stakeManager.stakes(agent, Role.Agent).locked, 0, "stake is free");
        expectState(jobId, JobState.Finalized);
    }

    function test_Percentages_are_those_of_the_day_the_job_was_created() public {
        uint256 jobId = created(REWARD);
        vm.prank(governance);
        stakeManager.setFeePct(50);
        apply_(jobId);
        submit(jobId);
        vm.warp(block.timestamp + 1 days);
        jobRegistry.finalize(jobId);
        assertEq(jobRegistry.accruedFees(), 5e18, "the old fee");
    }

    function test_An_employer_can_call_off_a_job_that_nobody_has_taken() public {
        uint256 jobId = created(REWARD);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        jobRegistry.cancelJob(jobId);
        vm.prank(employer);
        jobRegistry.cancelJob(jobId);
        assertEq(token.balanceOf(employer), REWARD, "back");
        vm.prank(employer);
        vm.expectRevert(abi.encodeWithSelector(JobRegistry.WrongState.selector, jobId, JobState.Cancelled));
        jobRegistry.cancelJob(jobId);
    }

    function test_An_employer_can_accept_at_once() public {
        uint256 jobId = submitted();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        jobRegistry.acceptResult(jobId);
        vm.prank(employer);
        jobRegistry.acceptResult(jobId);
        assertEq(token.balanceOf(agent), 95e18, "paid");
        vm.prank(employer);
        vm.expectRevert(abi.encodeWithSelector(JobRegistry.WrongState.selector, jobId, JobState.Finalized));
        jobRegistry.acceptResult(jobId);
    }

    function test_Accepting_before_the_verdict_saves_nobody_the_validators_share() public {
        uint256 jobId = validated();
        vm.prank(employer);
        jobRegistry.acceptResult(jobId);
        assertEq(token.balanceOf(agent), 87e18, "as with a verdict");
        assertEq(jobRegistry.accruedFees(), 13e18, "to the protocol");
        assertEq(jobRegistry.totalValidatorRewards(), 0, "nobody judged");
    }

    function test_The_module_that_judged_collects_after_another_took_its_place() public {
        uint256 jobId = validated();
        vm.prank(validation);
        jobRegistry.recordVerdict(jobId, true);
        vm.prank(governance);
        jobRegistry.setValidationModule(stranger);
        vm.prank(employer);
        jobRegistry.acceptResult(jobId);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        jobRegistry.collectValidatorReward(jobId);
        vm.prank(validation);
        assertEq(jobRegistry.collectValidatorReward(jobId), 8e18, "collected");
    }

    function test_Taking_a_job_locks_stake_and_is_limited() public {
        vm.prank(governance);
        jobRegistry.setMaxActiveJobsPerAgent(1);
        uint256 jobId = created(REWARD);
        vm.prank(employer);
        vm.expectRevert(abi.encodeWithSelector(JobRegistry.OwnJob.selector, jobId));
        jobRegistry.applyForJob(jobId);
        apply_(jobId);
        assertEq(stakeManager.lockOf(address(jobRegistry), Role.Agent, agent, jobId), 10e18, "locked");
        uint256 second = created(REWARD);
        vm.prank(agent);
        vm.expectRevert(abi.encodeWithSelector(JobRegistry.TooManyActiveJobs.selector, agent, 1));
        jobRegistry.applyForJob(second);
        vm.prank(stranger);
        vm.expectPartialRevert(bytes4(keccak256("InsufficientStake(uint256,uint256)")));
        jobRegistry.applyForJob(second);
    }

    function test_Only_the_agent_submits_and_only_in_time() public {
        uint256 jobId = created(REWARD);
        apply_(jobId);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        jobRegistry.submit(jobId, "r", "");
        vm.warp(block.timestamp + 1 days);
        vm.prank(agent);
        vm.expectPartialRevert(JobRegistry.DeadlinePassed.selector);
        jobRegistry.submit(jobId, "r", "");
    }

    function test_A_missed_deadline_returns_the_reward_and_costs_stake_after_the_grace_period() public {
        uint256 jobId = created(REWARD);
        apply_(jobId);
        vm.warp(block.timestamp + 2 days - 1);
        vm.expectPartialRevert(JobRegistry.TooEarly.selector);
        jobRegistry.claimTimeout(jobId);
        vm.warp(block.timestamp + 1);
        jobRegistry.claimTimeout(jobId);
        assertEq(token.balanceOf(employer), REWARD + 2.5e18, "reward and his share of the slash");
        assertEq(token.balanceOf(treasury), 2.5e18, "treasury");
        assertEq(stakeManager.stakeOf(agent, Role.Agent), 95e18, "half of the job's stake");
        assertEq(stakeManager.stakes(agent, Role.Agent).locked, 0, "the other half is free");
        assertEq(jobRegistry.activeJobs(agent), 0, "free for another");
    }

    function test_Creation_is_bounded() public {
        vm.startPrank(governance);
        jobRegistry.setMaxJobReward(50e18);
        jobRegistry.setMaxJobDuration(1 hours);
        vm.stopPrank();
        vm.startPrank(employer);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 51e18, 1, 50e18));
        jobRegistry.createJob(51e18, 1 hours, "s", "");
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 0, 1, 50e18));
        jobRegistry.createJob(0, 1 hours, "s", "");
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 3601, 1, 3600));
        jobRegistry.createJob(1, 3601, "s", "");
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 0, 1, 3600));
        jobRegistry.createJob(1, 0, "s", "");
        vm.stopPrank();
    }

    // --------------------------------------------------------------------------------------- verdicts and disputes

    function test_A_validated_job_waits_for_the_verdict_and_pays_validators_from_the_reward() public {
        uint256 jobId = validated();
        expectState(jobId, JobState.Submitted);
        vm.expectRevert(abi.encodeWithSelector(JobRegistry.WrongState.selector, jobId, JobState.Submitted));
        jobRegistry.finalize(jobId);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        jobRegistry.recordVerdict(jobId, true);
        vm.prank(validation);
        jobRegistry.recordVerdict(jobId, true);
        vm.expectPartialRevert(JobRegistry.TooEarly.selector);
        jobRegistry.finalize(jobId);
        vm.warp(block.timestamp + 1 days);
        jobRegistry.finalize(jobId);
        assertEq(token.balanceOf(agent), 87e18, "agent");
        assertEq(jobRegistry.accruedFees(), 5e18, "fee");

        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        jobRegistry.collectValidatorReward(jobId);
        vm.startPrank(validation);
        assertEq(jobRegistry.collectValidatorReward(jobId), 8e18, "validators");
        vm.expectRevert(JobRegistry.NothingToCollect.selector);
        jobRegistry.collectValidatorReward(jobId);
        vm.stopPrank();
        assertEq(jobRegistry.totalValidatorRewards(), 0, "collected");
    }

    function test_A_failed_job_pays_the_employer_back_less_the_validators_and_slashes_the_agent() public {
        uint256 jobId = validated();
        vm.prank(validation);
        jobRegistry.recordVerdict(jobId, false);
        vm.warp(block.timestamp + 1 days);
        jobRegistry.finalize(jobId);
        assertEq(token.balanceOf(employer), 92e18 + 2.5e18, "employer");
        assertEq(jobRegistry.accruedFees(), 0, "no fee");
        assertEq(stakeManager.stakeOf(agent, Role.Agent), 95e18, "slashed");
    }

    function test_When_validators_stay_silent_the_parties_can_dispute_instead() public {
        uint256 jobId = validated();
        vm.prank(agent);
        vm.expectPartialRevert(JobRegistry.TooEarly.selector);
        jobRegistry.raiseDispute(jobId, "no verdict");
        vm.warp(block.timestamp + 1 days);
        vm.prank(agent);
        jobRegistry.raiseDispute(jobId, "no verdict");
        vm.prank(validation);
        vm.expectRevert(abi.encodeWithSelector(JobRegistry.WrongState.selector, jobId, JobState.Disputed));
        jobRegistry.recordVerdict(jobId, false);
        vm.prank(moderator);
        jobRegistry.resolveDispute(jobId, false);
        assertEq(token.balanceOf(agent), 95e18, "no validators to pay");
    }

    function testFuzz_The_loser_of_a_dispute_pays_its_fee(bool byEmployer, bool employerWins) public {
        vm.prank(governance);
        jobRegistry.setDisputeFee(2e18);
        uint256 jobId = submitted();
        address disputant = byEmployer ? employer : agent;
        fund(disputant, address(jobRegistry), 2e18);
        vm.prank(disputant);
        jobRegistry.raiseDispute(jobId, "evidence");
        assertEq(jobRegistry.totalDisputeFees(), 2e18, "held");
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        jobRegistry.resolveDispute(jobId, employerWins);
        vm.prank(moderator);
        jobRegistry.resolveDispute(jobId, employerWins);
        assertEq(jobRegistry.totalDisputeFees(), 0, "not held");
        uint256 fee = byEmployer == employerWins ? 0 : 2e18;
        assertEq(jobRegistry.accruedFees(), (employerWins ? 0 : 5e18) + fee, "fees");
        assertEq(
            token.balanceOf(employer),
            (employerWins ? REWARD + 2.5e18 : 0) + (byEmployer && employerWins ? 2e18 : 0),
            "employer"
        );
        assertEq(
            token.balanceOf(agent), (employerWins ? 0 : 95e18) + (!byEmployer && !employerWins ? 2e18 : 0), "agent"
        );
        vm.prank(moderator);
        vm.expectRevert(abi.encodeWithSelector(JobRegistry.WrongState.selector, jobId, JobState.Finalized));
        jobRegistry.resolveDispute(jobId, employerWins);
    }

    function test_Only_parties_dispute_and_only_in_time() public {
        uint256 jobId = submitted();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        jobRegistry.raiseDispute(jobId, "");
        vm.warp(block.timestamp + 1 days);
        vm.prank(employer);
        vm.expectPartialRevert(JobRegistry.DeadlinePassed.selector);
        jobRegistry.raiseDispute(jobId, "");
        uint256 fresh = created(REWARD);
        vm.prank(employer);
        vm.expectRevert(abi.encodeWithSelector(JobRegistry.WrongState.selector, fresh, JobState.Created));
        jobRegistry.raiseDispute(fresh, "");
    }

    // ---------------------------------------------------------------------------------------------- force refunds

    function testFuzz_A_forced_refund_makes_both_parties_whole_from_every_open_state_and_while_paused(
        uint8 choice,
        bool paused
    ) public {
        JobState state = JobState(bound(choice, 1, 5));
        vm.prank(governance);
        jobRegistry.setDisputeFee(2e18);
        uint256 jobId = inState(state);
        uint256 employerBefore = token.balanceOf(employer);
        if (paused) {
            vm.prank(guardian);
            systemPause.pauseAll();
        }
        vm.prank(governance);
        jobRegistry.forceRefund(jobId);
        uint256 feeBack = state == JobState.Disputed ? 2e18 : 0;
        assertEq(token.balanceOf(employer) - employerBefore, REWARD + feeBack, "employer");
        assertEq(stakeManager.stakeOf(agent, Role.Agent), 100e18, "the agent is not slashed");
        assertEq(stakeManager.stakes(agent, Role.Agent).locked, 0, "nor locked");
        assertEq(jobRegistry.activeJobs(agent), 0, "nor busy");
        assertEq(jobRegistry.totalEscrow() + jobRegistry.totalDisputeFees() + jobRegistry.accruedFees(), 0, "empty");
        expectState(jobId, JobState.Cancelled);
        vm.prank(governance);
        vm.expectRevert(abi.encodeWithSelector(JobRegistry.WrongState.selector, jobId, JobState.Cancelled));
        jobRegistry.forceRefund(jobId);
    }

    function test_A_broken_StakeManager_does_not_hold_up_a_forced_refund() public {
        uint256 jobId = submitted();
        bytes memory reason = abi.encodeWithSelector(ZeroAmount.selector);
        vm.mockCallRevert(address(stakeManager), abi.encodeWithSelector(stakeManager.unlockStake.selector), reason);
        vm.prank(governance);
        expect();
        emit JobRegistry.StakeNotReleased(jobId, agent, 10e18, reason);
        jobRegistry.forceRefund(jobId);
        assertEq(token.balanceOf(employer), REWARD, "refunded");
        assertEq(jobRegistry.openEngagements(), 0, "so that another StakeManager can be named");
        vm.clearMockedCalls();
        vm.prank(governance);
        stakeManager.releaseLock(address(jobRegistry), Role.Agent, agent, jobId);
        assertEq(stakeManager.stakes(agent, Role.Agent).locked, 0, "released later");
    }

    function test_Only_governance_forces_a_refund_and_never_of_a_job_that_is_final() public {
        uint256 jobId = submitted();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger));
        jobRegistry.forceRefund(jobId);
        vm.prank(employer);
        jobRegistry.acceptResult(jobId);
        vm.startPrank(governance);
        vm.expectRevert(abi.encodeWithSelector(JobRegistry.WrongState.selector, jobId, JobState.Finalized));
        jobRegistry.forceRefund(jobId);
        vm.expectRevert(abi.encodeWithSelector(JobRegistry.WrongState.selector, 99, JobState.None));
        jobRegistry.forceRefund(99);
        vm.stopPrank();
    }

    // ------------------------------------------------------------------------------------------------------ clocks

    function testFuzz_A_pause_takes_no_time_from_the_agent(uint256 before, uint256 during) public {
        before = bound(before, 0, 1 days - 1);
        during = bound(during, 0, 365 days);
        uint256 jobId = created(REWARD);
        apply_(jobId);
        pausedFor(before, during);
        vm.warp(block.timestamp + 1 days - 1 - before);
        submit(jobId);
    }

    function testFuzz_A_pause_gives_the_agent_no_time_either(uint256 before, uint256 during) public {
        before = bound(before, 0, 1 days - 1);
        during = bound(during, 0, 365 days);
        uint256 jobId = created(REWARD);
        apply_(jobId);
        pausedFor(before, during);
        vm.warp(block.timestamp + 1 days - before);
        vm.prank(agent);
        vm.expectPartialRevert(JobRegistry.DeadlinePassed.selector);
        jobRegistry.submit(jobId, "r", "");
    }

    function testFuzz_A_pause_takes_no_time_from_a_dispute(uint256 before, uint256 during) public {
        before = bound(before, 0, 1 days - 1);
        during = bound(during, 0, 365 days);
        uint256 jobId = submitted();
        pausedFor(before, during);
        vm.expectPartialRevert(JobRegistry.TooEarly.selector);
        jobRegistry.finalize(jobId);
        vm.warp(block.timestamp + 1 days - 1 - before);
        vm.prank(employer);
        jobRegistry.raiseDispute(jobId, "");
    }

    function testFuzz_A_pause_takes_no_time_from_the_grace_period_or_the_validators(uint256 before, uint256 during)
        public
    {
        before = bound(before, 0, 1 days - 1);
        during = bound(during, 1, 365 days);
        uint256 jobId = created(REWARD);
        apply_(jobId);
        uint256 second = validated();
        pausedFor(before, during);
        vm.warp(block.timestamp + 1 days - 1 - before);
        vm.prank(agent);
        vm.expectPartialRevert(JobRegistry.TooEarly.selector);
        jobRegistry.raiseDispute(second, "");
        vm.warp(block.timestamp + 1 days);
        vm.expectPartialRevert(JobRegistry.TooEarly.selector);
        jobRegistry.claimTimeout(jobId);
        vm.warp(block.timestamp + 1);
        jobRegistry.claimTimeout(jobId);
    }

    function test_What_a_deadline_demands_works_while_every_other_module_is_paused() public {
        uint256 jobId = created(REWARD);
        apply_(jobId);
        address[] memory others = new address[](3);
        (others[0], others[1], others[2]) = (address(stakeManager), address(feePool), address(arena));
        vm.prank(guardian);
        systemPause.pauseModules(others);
        submit(jobId);
        vm.prank(employer);
        jobRegistry.raiseDispute(jobId, "");
    }

    function test_Governance_gives_more_time_while_paused_too() public {
        uint256 jobId = created(REWARD);
        vm.prank(governance);
        vm.expectRevert(abi.encodeWithSelector(JobRegistry.WrongState.selector, jobId, JobState.Created));
        jobRegistry.extendDeadline(jobId, 1 days);
        apply_(jobId);
        uint64 deadline = jobRegistry.jobs(jobId).deadline;
        vm.startPrank(governance);
        jobRegistry.pause();
        vm.expectEmit(true, true, true, true, address(jobRegistry));
        emit JobRegistry.DeadlineExtended(jobId, deadline, deadline + 1 days);
        jobRegistry.extendDeadline(jobId, 1 days);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 0, 1, 90 days));
        jobRegistry.extendDeadline(jobId, 0);
        jobRegistry.unpause();
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, agent));
        vm.prank(agent);
        jobRegistry.extendDeadline(jobId, 1 days);
        vm.warp(block.timestamp + 2 days - 1);
        submit(jobId);
    }

    function test_A_pause_stops_every_path_of_users() public {
        uint256 open = created(REWARD);
        uint256 jobId = submitted();
        vm.prank(pauser);
        jobRegistry.pause();
        bytes4 stopped = Pausable.EnforcedPause.selector;
        vm.startPrank(employer);
        vm.expectRevert(stopped);
        jobRegistry.createJob(1, 1 days, "", "");
        vm.expectRevert(stopped);
        jobRegistry.cancelJob(open);
        vm.expectRevert(stopped);
        jobRegistry.acceptResult(jobId);
        vm.expectRevert(stopped);
        jobRegistry.raiseDispute(jobId, "");
        vm.stopPrank();
        vm.startPrank(agent);
        vm.expectRevert(stopped);
        jobRegistry.applyForJob(open);
        vm.expectRevert(stopped);
        jobRegistry.submit(jobId, "", "");
        vm.expectRevert(stopped);
        jobRegistry.finalize(jobId);
        vm.expectRevert(stopped);
        jobRegistry.claimTimeout(jobId);
        vm.expectRevert(stopped);
        jobRegistry.collectFees();
        vm.stopPrank();
        vm.prank(moderator);
        vm.expectRevert(stopped);
        jobRegistry.resolveDispute(jobId, true);
        vm.startPrank(validation);
        vm.expectRevert(stopped);
        jobRegistry.recordVerdict(jobId, true);
        vm.expectRevert(stopped);
        jobRegistry.collectValidatorReward(jobId);
        vm.stopPrank();
    }

    // -------------------------------------------------------------------------------------------------------- fees

    function test_Fees_go_to_the_pool_when_anybody_sends_them() public {
        vm.expectRevert(JobRegistry.NothingToCollect.selector);
        jobRegistry.collectFees();
        uint256 jobId = submitted();
        vm.prank(employer);
        jobRegistry.acceptResult(jobId);
        vm.prank(stranger);
        jobRegistry.collectFees();
        assertEq(feePool.pendingFees(), 5e18, "in the pool");
        assertEq(token.balanceOf(address(jobRegistry)), 0, "nothing left behind");
        vm.prank(governance);
        jobRegistry.setFeePool(IFeePool(address(0)));
        vm.expectRevert(JobRegistry.NothingToCollect.selector);
        jobRegistry.collectFees();
    }

    // ------------------------------------------------------------------------------------------------------- roles

    function test_The_admin_of_roles_follows_ownership_and_cannot_be_lost() public {
        bytes32 admin = jobRegistry.DEFAULT_ADMIN_ROLE();
        bytes32 role = jobRegistry.PAUSER_ROLE();
        assertEq(jobRegistry.getRoleMemberCount(admin), 1, "one admin");
        assertEq(jobRegistry.getRoleMember(admin, 0), governance, "governance");
        vm.startPrank(governance);
        vm.expectRevert(JobRegistry.AdminFollowsOwnership.selector);
        jobRegistry.grantRole(admin, stranger);
        vm.expectRevert(JobRegistry.AdminFollowsOwnership.selector);
        jobRegistry.revokeRole(admin, governance);
        vm.expectRevert(JobRegistry.AdminFollowsOwnership.selector);
        jobRegistry.renounceRole(admin, governance);
        jobRegistry.transferOwnership(stranger);
        vm.stopPrank();
        vm.prank(stranger);
        jobRegistry.acceptOwnership();
        assertEq(jobRegistry.getRoleMemberCount(admin), 1, "still one");
        assertTrue(jobRegistry.hasRole(admin, stranger), "the new owner");
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, governance, admin)
        );
        vm.prank(governance);
        jobRegistry.grantRole(role, governance);
    }

    function test_The_last_pauser_cannot_renounce_but_can_be_dismissed() public {
        bytes32 role = jobRegistry.PAUSER_ROLE();
        vm.prank(pauser);
        vm.expectRevert(abi.encodeWithSelector(JobRegistry.LastHolder.selector, role, pauser));
        jobRegistry.renounceRole(role, pauser);
        vm.prank(governance);
        jobRegistry.grantRole(role, stranger);
        vm.prank(pauser);
        jobRegistry.renounceRole(role, pauser);
        assertEq(jobRegistry.getRoleMemberCount(role), 1, "one left");
        vm.prank(governance);
        jobRegistry.revokeRole(role, stranger);
        assertFalse(jobRegistry.isPauser(stranger), "dismissed");
        vm.expectPartialRevert(IAccessControl.AccessControlUnauthorizedAccount.selector);
        vm.prank(stranger);
        jobRegistry.grantRole(role, stranger);
    }

    // -------------------------------------------------------------------------------------------------- parameters

    function test_Every_setter_shows_old_and_new() public {
        vm.startPrank(governance);
        expect();
        emit JobRules.JobStakeUpdated(10e18, 11e18);
        jobRegistry.setJobStake(11e18);
        expect();
        emit JobRules.MaxJobRewardUpdated(type(uint128).max, 5e18);
        jobRegistry.setMaxJobReward(5e18);
        expect();
        emit JobRules.DisputeFeeUpdated(0, 1e18);
        jobRegistry.setDisputeFee(1e18);
        expect();
        emit JobRules.MaxJobDurationUpdated(30 days, 10 days);
        jobRegistry.setMaxJobDuration(10 days);
        expect();
        emit JobRules.ExpirationGracePeriodUpdated(1 days, 0);
        jobRegistry.setExpirationGracePeriod(0);
        expect();
        emit JobRules.ValidationWindowUpdated(1 days, 2 days);
        jobRegistry.setValidationWindow(2 days);
        expect();
        emit JobRules.DisputeWindowUpdated(1 days, 3 days);
        jobRegistry.setDisputeWindow(3 days);
        expect();
        emit JobRules.MaxActiveJobsPerAgentUpdated(10, 4);
        jobRegistry.setMaxActiveJobsPerAgent(4);
        expect();
        emit JobRules.FailureSlashUpdated(5_000, 10_000);
        jobRegistry.setFailureSlash(10_000);
        expect();
        emit JobRules.DisputeModuleUpdated(moderator, stranger);
        jobRegistry.setDisputeModule(stranger);
        expect();
        emit JobRules.ValidationModuleUpdated(address(0), stranger);
        jobRegistry.setValidationModule(stranger);
        expect();
        emit JobRules.FeePoolUpdated(address(feePool), address(token));
        jobRegistry.setFeePool(IFeePool(address(token)));
        expect();
        emit JobRegistry.StakeManagerUpdated(address(stakeManager), address(token));
        jobRegistry.setStakeManager(IStakeManager(address(token)));
        vm.stopPrank();
    }

    function test_Setters_refuse_what_is_out_of_bounds() public {
        vm.startPrank(governance);
        vm.expectRevert(ZeroAmount.selector);
        jobRegistry.setMaxJobReward(0);
        vm.expectRevert(ZeroAmount.selector);
        jobRegistry.setMaxActiveJobsPerAgent(0);
        vm.expectPartialRevert(OutOfBounds.selector);
        jobRegistry.setMaxJobDuration(0);
        vm.expectPartialRevert(OutOfBounds.selector);
        jobRegistry.setMaxJobDuration(366 days);
        vm.expectPartialRevert(OutOfBounds.selector);
        jobRegistry.setExpirationGracePeriod(91 days);
        vm.expectPartialRevert(OutOfBounds.selector);
        jobRegistry.setValidationWindow(0);
        vm.expectPartialRevert(OutOfBounds.selector);
        jobRegistry.setValidationWindow(91 days);
        vm.expectPartialRevert(OutOfBounds.selector);
        jobRegistry.setDisputeWindow(0);
        vm.expectPartialRevert(OutOfBounds.selector);
        jobRegistry.setDisputeWindow(91 days);
        vm.expectPartialRevert(OutOfBounds.selector);
        jobRegistry.setFailureSlash(10_001);
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        jobRegistry.setFeePool(IFeePool(stranger));
        vm.stopPrank();
        uint256 jobId = created(REWARD);
        apply_(jobId);
        vm.prank(governance);
        vm.expectRevert(abi.encodeWithSelector(JobRegistry.EngagementsOpen.selector, 1));
        jobRegistry.setStakeManager(stakeManager);
    }

    function test_Only_governance_sets_parameters() public {
        vm.startPrank(stranger);
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.expectRevert(refusal);
        jobRegistry.setJobStake(1);
        vm.expectRevert(refusal);
        jobRegistry.setMaxJobReward(1);
        vm.expectRevert(refusal);
        jobRegistry.setDisputeFee(1);
        vm.expectRevert(refusal);
        jobRegistry.setMaxJobDuration(1);
        vm.expectRevert(refusal);
        jobRegistry.setExpirationGracePeriod(1);
        vm.expectRevert(refusal);
        jobRegistry.setValidationWindow(1);
        vm.expectRevert(refusal);
        jobRegistry.setDisputeWindow(1);
        vm.expectRevert(refusal);
        jobRegistry.setMaxActiveJobsPerAgent(1);
        vm.expectRevert(refusal);
        jobRegistry.setFailureSlash(1);
        vm.expectRevert(refusal);
        jobRegistry.setDisputeModule(stranger);
        vm.expectRevert(refusal);
        jobRegistry.setValidationModule(stranger);
        vm.expectRevert(refusal);
        jobRegistry.setFeePool(feePool);
        vm.expectRevert(refusal);
        jobRegistry.setStakeManager(stakeManager);
        vm.stopPrank();
    }

    function test_The_interfaces_of_access_control_are_announced() public view {
        assertTrue(jobRegistry.supportsInterface(type(IAccessControl).interfaceId), "access control");
    }

    // ----------------------------------------------------------------------------------------------------- support

    function expect() private {
        vm.expectEmit(true, true, true, true, address(jobRegistry));
    }

    function created(uint128 reward) private returns (uint256) {
        fund(employer, address(jobRegistry), reward);
        vm.prank(employer);
        return jobRegistry.createJob(reward, 1 days, "spec", "ipfs://spec");
    }

    function apply_(uint256 jobId) private {
        vm.prank(agent);
        jobRegistry.applyForJob(jobId);
    }

    function submit(uint256 jobId) private {
        vm.prank(agent);
        jobRegistry.submit(jobId, "result", "ipfs://result");
    }

    function submitted() private returns (uint256 jobId) {
        jobId = created(REWARD);
        apply_(jobId);
        submit(jobId);
    }

    function validated() private returns (uint256) {
        vm.prank(governance);
        jobRegistry.setValidationModule(validation);
        return submitted();
    }

    function inState(JobState state) private returns (uint256 jobId) {
        if (state == JobState.Submitted) return validated();
        jobId = created(REWARD);
        if (state == JobState.Created) return jobId;
        apply_(jobId);
        if (state == JobState.Applied) return jobId;
        submit(jobId);
        if (state == JobState.Completed) return jobId;
        fund(employer, address(jobRegistry), 2e18);
        vm.prank(employer);
        jobRegistry.raiseDispute(jobId, "");
    }

    function pausedFor(uint256 before, uint256 during) private {
        vm.warp(block.timestamp + before);
        vm.prank(guardian);
        systemPause.pauseAll();
        vm.warp(block.timestamp + during);
        vm.prank(governance);
        systemPause.unpauseAll();
    }

    function expectState(uint256 jobId, JobState state) private view {
        assertEq(uint256(jobRegistry.stateOf(jobId)), uint256(state), "state");
    }
}
