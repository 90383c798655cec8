// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {NoCode, OutOfBounds, Unauthorized} from "../src/base/Errors.sol";
import {JobState} from "../src/interfaces/IJobRegistry.sol";
import {IReputationEngine} from "../src/interfaces/IReputationEngine.sol";
import {IStakeManager, Role} from "../src/interfaces/IStakeManager.sol";
import {JobRouter} from "../src/JobRouter.sol";
import {ReputationEngine} from "../src/ReputationEngine.sol";
import {Protocol} from "./Protocol.sol";

contract JobRouterTest is Protocol {
    JobRouter private router;
    ReputationEngine private reputation;

    function setUp() public override {
        super.setUp();
        router = new JobRouter(governance, address(systemPause), jobRegistry, stakeManager);
        reputation = new ReputationEngine(governance, jobRegistry);
        vm.startPrank(governance);
        systemPause.addModule(address(router));
        router.setReputationEngine(reputation);
        vm.stopPrank();
    }

    function testFuzz_A_job_goes_once_to_a_platform_with_something_at_stake(
        uint256 random,
        uint256 stakeA,
        uint256 stakeB
    ) public {
        stakeA = bound(stakeA, 1, 1e24);
        stakeB = bound(stakeB, 1, 1e24);
        address a = registered(0, stakeA);
        address b = registered(1, stakeB);
        vm.prevrandao(random);
        uint256 jobId = created();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        router.routeJob(jobId);
        vm.startPrank(employer);
        address chosen = router.routeJob(jobId);
        assertTrue(chosen == a || chosen == b, "one of them");
        assertEq(router.platformOf(jobId), chosen, "on record");
        vm.expectRevert(abi.encodeWithSelector(JobRouter.AlreadyRouted.selector, jobId, chosen));
        router.routeJob(jobId);
        vm.stopPrank();
    }

    function test_The_chance_of_a_platform_grows_with_stake_and_points() public {
        address a = registered(0, 100e18);
        assertEq(router.weightOf(a), 100e18, "stake");
        vm.startPrank(governance);
        reputation.addReputation(a, 50, "merit");
        assertEq(router.weightOf(a), 150e18, "and points");
        reputation.setBlacklist(a, true);
        assertEq(router.weightOf(a), 0, "barred");
        router.setReputationEngine(IReputationEngine(address(0)));
        assertEq(router.weightOf(a), 100e18, "no points counted");
        vm.stopPrank();
        uint256 hits;
        address b = registered(1, 900e18);
        for (uint256 i = 0; i < 200; ++i) {
            vm.prevrandao(i);
            uint256 jobId = created();
            vm.prank(employer);
            if (router.routeJob(jobId) == b) ++hits;
        }
        assertTrue(hits > 160 && hits < 199, "about nine in ten");
    }

    function test_Without_a_platform_or_an_open_job_nothing_is_routed() public {
        uint256 jobId = created();
        vm.startPrank(employer);
        vm.expectRevert(JobRouter.NoPlatform.selector);
        router.routeJob(jobId);
        jobRegistry.cancelJob(jobId);
        vm.expectRevert(abi.encodeWithSelector(JobRouter.NotOpen.selector, jobId, JobState.Cancelled));
        router.routeJob(jobId);
        vm.stopPrank();
    }

    function test_Platforms_come_and_go() public {
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(JobRouter.NotEligible.selector, stranger));
        router.registerPlatform("https://s");
        address a = registered(0, 100e18);
        address b = registered(1, 100e18);
        address c = registered(2, 100e18);
        assertEq(router.platforms().length, 3, "three");
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        router.deregisterPlatform(a);
        vm.prank(a);
        router.deregisterPlatform(a);
        vm.prank(governance);
        router.deregisterPlatform(b);
        vm.prank(c);
        stakeManager.requestWithdraw(Role.Platform, 100e18);
        vm.prank(stranger);
        vm.expectEmit(true, true, true, true, address(router));
        emit JobRouter.PlatformDeregistered(c, stranger);
        router.deregisterPlatform(c);
        vm.expectRevert(abi.encodeWithSelector(JobRouter.UnknownPlatform.selector, c));
        router.deregisterPlatform(c);
    }

    function test_Platforms_are_bounded() public {
        for (uint256 i = 0; i < 64; ++i) {
            registered(i, 1e18);
        }
        deposit(stranger, Role.Platform, 1e18);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(JobRouter.TooManyPlatforms.selector, 64));
        router.registerPlatform("https://s");
    }

    function test_A_pause_stops_routing() public {
        registered(0, 1e18);
        uint256 jobId = created();
        vm.prank(guardian);
        systemPause.pauseModule(address(router));
        vm.prank(employer);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        router.routeJob(jobId);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        router.registerPlatform("");
    }

    function test_Every_setter_shows_old_and_new_and_keeps_its_bounds() public {
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(router));
        emit JobRouter.ReputationWeightUpdated(1e18, 2e18);
        router.setReputationWeight(2e18);
        vm.expectPartialRevert(OutOfBounds.selector);
        router.setReputationWeight(1_001e18);
        vm.expectEmit(true, true, true, true, address(router));
        emit JobRouter.StakeManagerUpdated(address(stakeManager), address(token));
        router.setStakeManager(IStakeManager(address(token)));
        vm.expectEmit(true, true, true, true, address(router));
        emit JobRouter.ReputationEngineUpdated(address(reputation), address(0));
        router.setReputationEngine(IReputationEngine(address(0)));
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        router.setReputationEngine(IReputationEngine(stranger));
        vm.stopPrank();
        vm.startPrank(stranger);
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.expectRevert(refusal);
        router.setReputationWeight(1);
        vm.expectRevert(refusal);
        router.setStakeManager(stakeManager);
        vm.expectRevert(refusal);
        router.setReputationEngine(reputation);
        vm.stopPrank();
    }

    function registered(uint256 index, uint256 stake) private returns (address platform_) {
        platform_ = numbered("platform", index);
        deposit(platform_, Role.Platform, stake);
        vm.prank(platform_);
        router.registerPlatform("https://platform");
    }

    function created() private returns (uint256 jobId) {
        fund(employer, address(jobRegistry), 1e18);
        vm.prank(employer);
        jobId = jobRegistry.createJob(1e18, 1 days, "s", "");
    }
}
