// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {NoCode, OutOfBounds, Unauthorized, ZeroAddress} from "../src/base/Errors.sol";
import {IJobRegistry, JobState} from "../src/interfaces/IJobRegistry.sol";
import {Role} from "../src/interfaces/IStakeManager.sol";
import {ReputationEngine} from "../src/ReputationEngine.sol";
import {Protocol} from "./Protocol.sol";

contract ReputationEngineTest is Protocol {
    ReputationEngine private reputation;

    function setUp() public override {
        super.setUp();
        reputation = new ReputationEngine(governance, jobRegistry);
        deposit(agent, Role.Agent, 100e18);
    }

    function test_A_job_counts_once_and_only_when_it_is_final() public {
        uint256 jobId = submitted();
        vm.expectRevert(abi.encodeWithSelector(ReputationEngine.JobNotFinal.selector, jobId, JobState.Completed));
        reputation.recordJob(jobId);
        vm.prank(employer);
        jobRegistry.acceptResult(jobId);
        vm.expectEmit(true, true, true, true, address(reputation));
        emit ReputationEngine.JobRecorded(jobId, agent, true);
        vm.expectEmit(true, true, true, true, address(reputation));
        emit ReputationEngine.ReputationUpdated(agent, 0, 100, "job done");
        reputation.recordJob(jobId);
        vm.expectRevert(abi.encodeWithSelector(ReputationEngine.AlreadyRecorded.selector, jobId));
        reputation.recordJob(jobId);
        assertEq(reputation.reputationOf(agent), 100, "points");
    }

    function test_A_failed_job_costs_points_and_never_more_than_there_are() public {
        vm.prank(governance);
        reputation.addReputation(agent, 250, "welcome");
        for (uint256 i = 0; i < 2; ++i) {
            uint256 jobId = submitted();
            vm.prank(employer);
            jobRegistry.raiseDispute(jobId, "");
            vm.prank(moderator);
            jobRegistry.resolveDispute(jobId, true);
            reputation.recordJob(jobId);
        }
        assertEq(reputation.reputationOf(agent), 0, "250 - 200 - 200");
    }

    function testFuzz_Points_stay_in_bounds(uint256 up, uint256 down) public {
        vm.startPrank(governance);
        reputation.addReputation(agent, up, "up");
        uint256 before = reputation.reputationOf(agent);
        assertLe(before, 88_888, "ceiling");
        reputation.subtractReputation(agent, down, "down");
        assertEq(reputation.reputationOf(agent), down > before ? 0 : before - down, "floor");
        vm.stopPrank();
    }

    function test_Callers_adjust_and_bar() public {
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        reputation.addReputation(agent, 1, "");
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        reputation.subtractReputation(agent, 1, "");
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        reputation.setBlacklist(agent, true);
        vm.stopPrank();
        vm.prank(governance);
        vm.expectEmit(true, true, true, true, address(reputation));
        emit ReputationEngine.CallerUpdated(stranger, false, true);
        reputation.setCaller(stranger, true);
        vm.startPrank(stranger);
        reputation.addReputation(agent, 1_000, "merit");
        assertTrue(reputation.isPremium(agent), "premium");
        reputation.setBlacklist(agent, true);
        vm.stopPrank();
        assertFalse(reputation.isPremium(agent), "not when barred");
        assertTrue(reputation.isBlacklisted(agent), "barred");
        assertEq(reputation.blacklist()[0], agent, "listed");
        assertTrue(reputation.callers(stranger) && reputation.callerList().length == 1, "caller listed");
    }

    function test_Every_setter_shows_old_and_new_and_keeps_its_bounds() public {
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(reputation));
        emit ReputationEngine.PointsUpdated(100, 200, 1, 2);
        reputation.setPoints(1, 2);
        vm.expectEmit(true, true, true, true, address(reputation));
        emit ReputationEngine.PremiumThresholdUpdated(1_000, 5);
        reputation.setPremiumThreshold(5);
        vm.expectEmit(true, true, true, true, address(reputation));
        emit ReputationEngine.JobRegistryUpdated(address(jobRegistry), address(token));
        reputation.setJobRegistry(IJobRegistry(address(token)));
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 88_889, 0, 88_888));
        reputation.setPoints(88_889, 0);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 88_889, 0, 88_888));
        reputation.setPoints(0, 88_889);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 88_889, 0, 88_888));
        reputation.setPremiumThreshold(88_889);
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        reputation.setJobRegistry(IJobRegistry(stranger));
        vm.expectRevert(ZeroAddress.selector);
        reputation.setCaller(address(0), true);
        vm.stopPrank();
        vm.startPrank(stranger);
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.expectRevert(refusal);
        reputation.setPoints(1, 2);
        vm.expectRevert(refusal);
        reputation.setPremiumThreshold(5);
        vm.expectRevert(refusal);
        reputation.setJobRegistry(jobRegistry);
        vm.expectRevert(refusal);
        reputation.setCaller(stranger, true);
        vm.stopPrank();
    }

    function submitted() private returns (uint256 jobId) {
        fund(employer, address(jobRegistry), 10e18);
        vm.prank(employer);
        jobId = jobRegistry.createJob(10e18, 1 days, "s", "");
        vm.startPrank(agent);
        jobRegistry.applyForJob(jobId);
        jobRegistry.submit(jobId, "r", "");
        vm.stopPrank();
    }
}
