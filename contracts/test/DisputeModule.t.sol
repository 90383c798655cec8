// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {OutOfBounds, Unauthorized, ZeroAddress} from "../src/base/Errors.sol";
import {DisputeModule} from "../src/DisputeModule.sol";
import {JobState} from "../src/interfaces/IJobRegistry.sol";
import {Role} from "../src/interfaces/IStakeManager.sol";
import {Protocol} from "./Protocol.sol";

contract DisputeModuleTest is Protocol {
    uint256[3] private keys = [uint256(0x111), 0x222, 0x333];
    address[3] private moderators;
    DisputeModule private disputes;

    function setUp() public override {
        super.setUp();
        disputes = new DisputeModule(governance, address(systemPause), jobRegistry);
        vm.startPrank(governance);
        jobRegistry.setDisputeModule(address(disputes));
        systemPause.addModule(address(disputes));
        for (uint256 i = 0; i < 3; ++i) {
            moderators[i] = vm.addr(keys[i]);
            disputes.setModerator(moderators[i], 1);
        }
        vm.stopPrank();
        deposit(agent, Role.Agent, 1_000e18);
    }

    function testFuzz_More_than_half_of_the_weight_decides(uint8 votes, bool employerWins) public {
        uint256 jobId = opened();
        vm.warp(block.timestamp + 1 hours);
        uint256 count;
        for (uint256 i = 0; i < 3 && count < 2; ++i) {
            if ((votes >> i) & 1 == 0) continue;
            ++count;
            vm.prank(moderators[i]);
            disputes.vote(jobId, employerWins);
        }
        bool decided = jobRegistry.stateOf(jobId) == JobState.Finalized;
        assertTrue(decided == (count == 2), "two of three");
        if (decided) assertTrue(jobRegistry.succeeded(jobId) != employerWins, "outcome");
    }

    function test_Parties_have_time_for_evidence_first() public {
        uint256 jobId = disputed();
        vm.startPrank(moderators[0]);
        vm.expectPartialRevert(DisputeModule.EvidenceWindowOpen.selector);
        disputes.vote(jobId, true);
        disputes.openDispute(jobId);
        vm.expectRevert(abi.encodeWithSelector(DisputeModule.AlreadyOpened.selector, jobId));
        disputes.openDispute(jobId);
        vm.warp(block.timestamp + 1 hours - 1);
        vm.expectPartialRevert(DisputeModule.EvidenceWindowOpen.selector);
        disputes.vote(jobId, true);
        disputes.submitEvidence(jobId, "ipfs://m");
        vm.stopPrank();
        vm.prank(employer);
        disputes.submitEvidence(jobId, "ipfs://e");
        vm.prank(agent);
        vm.expectEmit(true, true, true, true, address(disputes));
        emit DisputeModule.EvidenceSubmitted(jobId, agent, "ipfs://a");
        disputes.submitEvidence(jobId, "ipfs://a");
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        disputes.submitEvidence(jobId, "ipfs://s");
    }

    function testFuzz_A_pause_takes_no_time_from_the_evidence(uint256 before, uint256 during) public {
        before = bound(before, 0, 1 hours - 1);
        during = bound(during, 1, 365 days);
        uint256 jobId = opened();
        vm.warp(block.timestamp + before);
        vm.prank(guardian);
        systemPause.pauseAll();
        vm.warp(block.timestamp + during);
        vm.prank(governance);
        systemPause.unpauseAll();
        vm.warp(block.timestamp + 1 hours - 1 - before);
        vm.prank(moderators[0]);
        vm.expectPartialRevert(DisputeModule.EvidenceWindowOpen.selector);
        disputes.vote(jobId, true);
        vm.warp(block.timestamp + 1);
        vm.prank(moderators[0]);
        disputes.vote(jobId, true);
    }

    function test_A_moderator_votes_once_and_nobody_else_does() public {
        uint256 jobId = opened();
        vm.warp(block.timestamp + 1 hours);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        disputes.vote(jobId, true);
        vm.startPrank(moderators[0]);
        disputes.vote(jobId, true);
        vm.expectRevert(abi.encodeWithSelector(DisputeModule.AlreadyVoted.selector, jobId, moderators[0]));
        disputes.vote(jobId, false);
        vm.stopPrank();
        (uint256 forEmployer, uint256 forAgent) = disputes.tally(jobId);
        assertTrue(forEmployer == 1 && forAgent == 0, "tally");
    }

    function test_A_dismissed_moderators_vote_counts_nothing_and_anybody_can_then_ask_again() public {
        vm.prank(governance);
        disputes.setModerator(moderators[2], 3);
        uint256 jobId = opened();
        vm.warp(block.timestamp + 1 hours);
        vm.prank(moderators[0]);
        disputes.vote(jobId, true);
        vm.prank(moderators[1]);
        disputes.vote(jobId, true);
        disputes.decide(jobId, true);
        assertEq(uint256(jobRegistry.stateOf(jobId)), uint256(JobState.Disputed), "two of five");
        vm.prank(governance);
        disputes.setModerator(moderators[2], 0);
        disputes.decide(jobId, true);
        assertEq(uint256(jobRegistry.stateOf(jobId)), uint256(JobState.Finalized), "two of two");
        vm.expectRevert(abi.encodeWithSelector(DisputeModule.NotDisputed.selector, jobId, JobState.Finalized));
        disputes.decide(jobId, true);
    }

    function test_Signed_votes_count_like_cast_ones() public {
        uint256 jobId = opened();
        vm.warp(block.timestamp + 1 hours);
        address[] memory signers = new address[](2);
        bytes[] memory signatures = new bytes[](2);
        for (uint256 i = 0; i < 2; ++i) {
            signers[i] = moderators[i];
            signatures[i] = signed(keys[i], jobId, false);
        }
        vm.expectRevert(abi.encodeWithSelector(DisputeModule.InvalidSignature.selector, moderators[0]));
        disputes.voteWithSignatures(jobId, true, signers, signatures);
        vm.expectRevert(abi.encodeWithSelector(DisputeModule.LengthMismatch.selector, 2, 1));
        disputes.voteWithSignatures(jobId, false, signers, new bytes[](1));
        signers[1] = moderators[0];
        signatures[1] = signatures[0];
        vm.expectRevert(abi.encodeWithSelector(DisputeModule.AlreadyVoted.selector, jobId, moderators[0]));
        disputes.voteWithSignatures(jobId, false, signers, signatures);
        signers[1] = moderators[1];
        signatures[1] = signed(keys[1], jobId, false);
        vm.prank(stranger);
        disputes.voteWithSignatures(jobId, false, signers, signatures);
        assertTrue(jobRegistry.succeeded(jobId), "for the agent");
        assertEq(uint256(jobRegistry.stateOf(jobId)), uint256(JobState.Finalized), "final");
    }

    function test_A_pause_stops_every_path() public {
        uint256 jobId = disputed();
        vm.prank(guardian);
        systemPause.pauseModule(address(disputes));
        bytes4 stopped = Pausable.EnforcedPause.selector;
        vm.expectRevert(stopped);
        disputes.openDispute(jobId);
        vm.expectRevert(stopped);
        disputes.submitEvidence(jobId, "");
        vm.expectRevert(stopped);
        disputes.vote(jobId, true);
        vm.expectRevert(stopped);
        disputes.voteWithSignatures(jobId, true, new address[](0), new bytes[](0));
        vm.expectRevert(stopped);
        disputes.decide(jobId, true);
    }

    function test_Moderators_are_listed_weighed_and_bounded() public {
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(disputes));
        emit DisputeModule.ModeratorUpdated(moderators[0], 1, 5);
        disputes.setModerator(moderators[0], 5);
        assertEq(disputes.totalModeratorWeight(), 7, "total");
        assertEq(disputes.moderatorWeights(moderators[0]), 5, "weight");
        disputes.setModerator(moderators[0], 0);
        assertEq(disputes.moderators().length, 2, "dismissed");
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 1_000_001, 0, 1_000_000));
        disputes.setModerator(moderators[0], 1_000_001);
        vm.expectRevert(ZeroAddress.selector);
        disputes.setModerator(address(0), 1);
        for (uint256 i = 0; i < 30; ++i) {
            disputes.setModerator(numbered("m", i), 1);
        }
        vm.expectRevert(abi.encodeWithSelector(DisputeModule.TooManyModerators.selector, 32));
        disputes.setModerator(stranger, 1);
        vm.expectEmit(true, true, true, true, address(disputes));
        emit DisputeModule.EvidenceWindowUpdated(1 hours, 2 hours);
        disputes.setEvidenceWindow(2 hours);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 31 days, 0, 30 days));
        disputes.setEvidenceWindow(31 days);
        vm.stopPrank();
        vm.startPrank(stranger);
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.expectRevert(refusal);
        disputes.setModerator(stranger, 1);
        vm.expectRevert(refusal);
        disputes.setEvidenceWindow(0);
        vm.stopPrank();
    }

    function disputed() private returns (uint256 jobId) {
        fund(employer, address(jobRegistry), 10e18);
        vm.prank(employer);
        jobId = jobRegistry.createJob(10e18, 1 days, "s", "");
        vm.startPrank(agent);
        jobRegistry.applyForJob(jobId);
        jobRegistry.submit(jobId, "r", "");
        vm.stopPrank();
        vm.prank(employer);
        jobRegistry.raiseDispute(jobId, "");
    }

    function opened() private returns (uint256 jobId) {
        jobId = disputed();
        disputes.openDispute(jobId);
    }

    function signed(uint256 key, uint256 jobId, bool employerWins) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, disputes.voteDigest(jobId, employerWins));
        return abi.encodePacked(r, s, v);
    }
}
