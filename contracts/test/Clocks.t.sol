// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RewardEngine} from "../src/RewardEngine.sol";
import {Attestation} from "../src/interfaces/IEnergyOracle.sol";
import {Role} from "../src/interfaces/IStakeManager.sol";
import {FullProtocol} from "./FullProtocol.sol";

/// @notice Lives through every clock of the protocol to its last second, with and without pauses, and compares.
contract ClocksTest is FullProtocol {
    uint256 private constant STEPS = 20;
    bytes32 private constant SALT = "salt";

    address[] private users;
    uint256 private step;
    uint256[2] private pauseAfter;
    uint256[2] private duration;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 8; ++i) {
            address user = numbered("user", i);
            users.push(user);
            admit(user);
            deposit(user, Role.Agent, 500e18);
            deposit(user, Role.Validator, 500e18);
            deposit(user, Role.Platform, 100e18 * (i + 1));
            vm.prank(user);
            validations.joinPool();
        }
        fillPool(5_000e18);
        vm.startPrank(governance);
        stakeManager.setFeePct(5);
        stakeManager.setValidatorRewardPct(8);
        stakeManager.setMinStake(Role.Platform, 1e18);
        thermostat.setPID(0.1e18, 0.01e18, 0);
        thermostat.setTickInterval(1 hours);
        vm.stopPrank();
    }

    function testFuzz_Everything_ends_as_it_would_have_ended_without_the_pauses(
        uint256 first,
        uint256 second,
        uint256 long,
        uint256 longer
    ) public {
        uint256 snapshot = vm.snapshotState();
        bytes32 without = live();
        vm.revertToState(snapshot);
        pauseAfter = [bound(first, 1, STEPS), bound(second, 1, STEPS)];
        duration = [bound(long, 1, 30 days), bound(longer, 1, 365 days)];
        assertEq(live(), without, "the same balances, stakes, states and temperature");
    }

    function test_There_are_as_many_steps_as_pauses_can_follow() public {
        live();
        assertEq(step, STEPS, "steps");
    }

    /// @dev Does everything in the last second in which it can be done, and returns a digest of how it ended.
    function live() private returns (bytes32) {
        step = 0;
        unbondAndTick();
        uint256 judged = job();
        judgeJob(judged);
        pass(1 days);
        jobRegistry.finalize(judged);
        validations.shareReward(judged);
        missDeadline();
        dispute();
        playRound();
        settleEpoch();
        return outcome();
    }

    function unbondAndTick() private {
        vm.prank(users[7]);
        stakeManager.requestWithdraw(Role.Platform, 800e18);
        vm.prank(governance);
        thermostat.tick(0.5e18, 0, 0);
        pass(1 hours);
        vm.prank(governance);
        thermostat.tick(0.5e18, 0, 0);
        pass(7 days - 1 hours);
        vm.prank(users[7]);
        stakeManager.finalizeWithdraw(Role.Platform);
    }

    function job() private returns (uint256 jobId) {
        fund(users[0], address(jobRegistry), 100e18);
        vm.prank(users[0]);
        jobId = jobRegistry.createJob(100e18, 1 days, "spec", "");
        vm.prank(users[1]);
        jobRegistry.applyForJob(jobId);
        pass(1 days - 1);
        vm.prank(users[1]);
        jobRegistry.submit(jobId, "result", "");
    }

    function judgeJob(uint256 jobId) private {
        validations.startValidation(jobId);
        vm.roll(block.number + 2);
        validations.drawCommittee(jobId);
        address[] memory committee = validations.committeeOf(jobId);
        pass(30 minutes - 1);
        for (uint256 i = 0; i < committee.length; ++i) {
            bytes32 commitment = validations.voteCommitment(jobId, 1, committee[i], i != 2, SALT);
            vm.prank(committee[i]);
            validations.commitVote(jobId, commitment);
        }
        validations.startReveal(jobId);
        pass(30 minutes - 1);
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(committee[i]);
            validations.revealVote(jobId, true, SALT);
        }
        pass(1);
        validations.finalizeValidation(jobId);
    }

    function missDeadline() private {
        fund(users[0], address(jobRegistry), 50e18);
        vm.prank(users[0]);
        uint256 jobId = jobRegistry.createJob(50e18, 1 days, "spec", "");
        vm.prank(users[2]);
        jobRegistry.applyForJob(jobId);
        pass(2 days);
        jobRegistry.claimTimeout(jobId);
    }

    function dispute() private {
        uint256 jobId = job();
        pass(1 days);
        vm.prank(users[1]);
        jobRegistry.raiseDispute(jobId, "no verdict");
        disputes.openDispute(jobId);
        pass(1 hours);
        vm.prank(moderator);
        disputes.vote(jobId, true);
    }

    function playRound() private {
        address[] memory students = new address[](2);
        address[] memory committee = new address[](3);
        (students[0], students[1]) = (users[1], users[2]);
        (committee[0], committee[1], committee[2]) = (users[3], users[4], users[5]);
        vm.prank(orchestrator);
        uint256 roundId = arena.startRound(10, users[0], students, committee);
        pass(1 hours - 1);
        vm.prank(users[0]);
        arena.publishTask(roundId, "task", "");
        for (uint256 i = 1; i < 6; ++i) {
            vm.prank(users[i]);
            arena.joinRound(roundId);
        }
        vm.prank(orchestrator);
        arena.closeRound(roundId);
        pass(1 hours - 1);
        commitAnswer(roundId, students[0]);
        pass(1);
        arena.advanceRound(roundId);
        pass(1 hours - 1);
        vm.prank(students[0]);
        arena.revealAnswer(roundId, "answer", SALT, "");
        arena.advanceRound(roundId);
        pass(1 hours - 1);
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 commitment = arena.voteCommitment(roundId, committee[i], 1, SALT);
            vm.prank(committee[i]);
            arena.commitVote(roundId, commitment);
        }
        arena.advanceRound(roundId);
        pass(1 hours - 1);
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(committee[i]);
            arena.revealVote(roundId, 1, SALT);
        }
        pass(1);
        arena.finaliseRound(roundId);
        pass(7 days - 1);
        vm.prank(orchestrator);
        arena.reportValidatorMisconduct(roundId, committee[2], 5e18, "moderation:block");
    }

    function commitAnswer(uint256 roundId, address student) private {
        bytes32 commitment = arena.answerCommitment(roundId, student, "answer", SALT);
        vm.prank(student);
        arena.commitAnswer(roundId, commitment);
    }

    function settleEpoch() private {
        Attestation memory attestation =
            Attestation(address(engine), engine.currentEpoch(), users[6], 1, 5, type(uint256).max, "salt");
        address[] memory signers = new address[](1);
        bytes[] memory signatures = new bytes[](1);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(SIGNER_KEY, oracle.attestationDigest(attestation));
        (signers[0], signatures[0]) = (vm.addr(SIGNER_KEY), abi.encodePacked(r, s, v));
        engine.submitWork(attestation, signers, signatures);
        engine.settleEpoch();
        pass(7 days);
        engine.settleEpoch();
        engine.claim(1, RewardEngine.RewardRole.Validator, users[6]);
    }

    /// @dev Lets time pass, in two halves with a step between them in which everything can be paused.
    function pass(uint256 time) private {
        vm.warp(block.timestamp + time / 2);
        ++step;
        for (uint256 i = 0; i < 2; ++i) {
            if (pauseAfter[i] != step) continue;
            vm.prank(guardian);
            systemPause.pauseAll();
            vm.warp(block.timestamp + duration[i]);
            vm.prank(governance);
            systemPause.unpauseAll();
        }
        vm.warp(block.timestamp + time - time / 2);
    }

    function outcome() private view returns (bytes32 digest) {
        digest = keccak256(
            abi.encode(
                thermostat.systemTemperature(),
                thermostat.integral(),
                token.balanceOf(treasury),
                token.balanceOf(address(stakeManager)),
                token.balanceOf(address(feePool)),
                token.balanceOf(address(jobRegistry)),
                token.balanceOf(address(validations)),
                token.totalSupply(),
                jobRegistry.accruedFees(),
                arena.totalOwed(),
                engine.currentEpoch()
            )
        );
        for (uint256 i = 0; i < users.length; ++i) {
            digest = keccak256(
                abi.encode(
                    digest,
                    token.balanceOf(users[i]),
                    stakeManager.stakeOf(users[i], Role.Agent),
                    stakeManager.stakes(users[i], Role.Validator).locked,
                    stakeManager.stakeOf(users[i], Role.Validator),
                    arena.owedTo(users[i]),
                    validations.owedTo(users[i])
                )
            );
        }
        for (uint256 id = 1; id <= jobRegistry.jobCount(); ++id) {
            digest = keccak256(abi.encode(digest, jobRegistry.stateOf(id), jobRegistry.succeeded(id)));
        }
    }
}
