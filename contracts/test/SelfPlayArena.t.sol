// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ArenaRules} from "../src/base/ArenaRules.sol";
import {IArenaRounds} from "../src/interfaces/IArenaRounds.sol";
import {NoCode, OutOfBounds, SplitSum, Unauthorized, ZeroAddress, ZeroAmount} from "../src/base/Errors.sol";
import {FeePool} from "../src/FeePool.sol";
import {IFeePool} from "../src/interfaces/IFeePool.sol";
import {IStakeManager, Role} from "../src/interfaces/IStakeManager.sol";
import {SelfPlayArena} from "../src/SelfPlayArena.sol";
import {Protocol} from "./Protocol.sol";

contract SelfPlayArenaTest is Protocol {
    uint256 private constant STUDENTS = 4;
    uint256 private constant VALIDATORS = 3;
    bytes32 private constant SALT = "salt";

    address private immutable teacher = account("teacher");
    address[] private students;
    address[] private validators;

    function setUp() public override {
        super.setUp();
        fillPool(10_000e18);
        deposit(teacher, Role.Agent, 100e18);
        for (uint256 i = 0; i < STUDENTS; ++i) {
            students.push(numbered("student", i));
            deposit(students[i], Role.Agent, 100e18);
        }
        for (uint256 i = 0; i < VALIDATORS; ++i) {
            validators.push(numbered("validator", i));
            deposit(validators[i], Role.Validator, 200e18);
        }
    }

    // ----------------------------------------------------------------------------------------------- whole rounds

    function test_A_round_pays_teacher_winners_and_validators_from_the_votes_alone() public {
        uint256 roundId = playedTo(IArenaRounds.Phase.Voting, 0);
        commit(roundId, 0, 3);
        commit(roundId, 1, 3);
        commit(roundId, 2, 4);
        arena.advanceRound(roundId);
        // Students 0 and 1 have two votes of three, student 2 one, student 3 none.
        reveal(roundId, 0, 3);
        reveal(roundId, 1, 3);
        reveal(roundId, 2, 4);
        vm.prank(stranger);
        arena.finaliseRound(roundId);
        IArenaRounds.Round memory round = arena.getRound(roundId);
        assertEq(round.winners, 3, "winners");
        assertEq(round.successRateBps, 5_000, "success rate");
        // On target the teacher has 60 % of 100, students 20 % of 100 among two, validators 20 % of 100 over 12 verdicts.
        assertEq(arena.owedTo(teacher), 60e18, "teacher");
        assertEq(arena.owedTo(students[0]), 10e18, "winner");
        assertEq(arena.owedTo(students[2]), 0, "loser");
        assertEq(arena.owedTo(validators[0]), uint256(20e18) * 4 / 12, "with the majority four times");
        assertEq(arena.owedTo(validators[2]), uint256(20e18) * 1 / 12, "once");
        assertEq(feePool.reservationOf(address(arena)), arena.totalOwed(), "exactly what is owed is set aside");
        assertEq(stakeManager.stakes(validators[0], Role.Validator).locked, 0, "stake is free");
        assertEq(stakeManager.stakeOf(validators[0], Role.Validator), 200e18, "and whole");

        arena.claimReward(students[0]);
        assertEq(token.balanceOf(students[0]), 10e18, "paid");
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.NothingOwed.selector, students[0]));
        arena.claimReward(students[0]);
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.WrongPhase.selector, roundId, IArenaRounds.Phase.Finalised));
        arena.finaliseRound(roundId);
    }

    function testFuzz_Rewards_never_exceed_what_was_set_aside(uint256 a, uint256 b, uint256 c, uint128 base) public {
        base = uint128(bound(base, 0, 3_000e18));
        vm.prank(governance);
        arena.setRewards(base, base, base);
        uint256 roundId = playedTo(IArenaRounds.Phase.Voting, 0);
        uint256[3] memory votes = [a % 16, b % 16, c % 16];
        for (uint256 i = 0; i < 3; ++i) {
            commit(roundId, i, votes[i]);
        }
        arena.advanceRound(roundId);
        for (uint256 i = 0; i < 3; ++i) {
            reveal(roundId, i, votes[i]);
        }
        uint256 reserved = arena.getRound(roundId).reserved;
        uint256 budget = feePool.rewardBudget();
        arena.finaliseRound(roundId);
        assertLe(arena.totalOwed(), reserved, "no more than set aside");
        assertEq(feePool.rewardBudget(), budget + reserved - arena.totalOwed(), "the rest goes back");
        uint256 winners = arena.getRound(roundId).winners;
        for (uint256 s = 0; s < 4; ++s) {
            uint256 approvals = ((votes[0] >> s) & 1) + ((votes[1] >> s) & 1) + ((votes[2] >> s) & 1);
            assertEq((winners >> s) & 1, approvals >= 2 ? 1 : 0, "the majority decides");
        }
    }

    function test_Nobody_succeeding_earns_the_teacher_nothing() public {
        uint256 roundId = playedTo(IArenaRounds.Phase.Counting, 0);
        for (uint256 i = 0; i < 3; ++i) {
            reveal(roundId, i, 0);
        }
        arena.finaliseRound(roundId);
        assertEq(arena.owedTo(teacher), 0, "teacher");
        assertEq(arena.owedTo(validators[0]), uint256(20e18) / 3, "validators are paid for agreeing");
    }

    function test_Everybody_succeeding_is_half_off_the_target() public {
        uint256 roundId = playedTo(IArenaRounds.Phase.Counting, 15);
        for (uint256 i = 0; i < 3; ++i) {
            reveal(roundId, i, 15);
        }
        arena.finaliseRound(roundId);
        assertEq(arena.getRound(roundId).successRateBps, 10_000, "rate");
        assertEq(arena.owedTo(teacher), 30e18, "teacher");
        assertEq(arena.owedTo(students[3]), 5e18, "each student a quarter");
    }

    function test_An_answer_that_was_not_revealed_cannot_win() public {
        uint256 roundId = playedTo(IArenaRounds.Phase.Revealing, 0);
        for (uint256 i = 1; i < STUDENTS; ++i) {
            revealAnswer(roundId, i);
        }
        vm.expectPartialRevert(IArenaRounds.PhaseNotOver.selector);
        arena.advanceRound(roundId);
        vm.warp(block.timestamp + 1 hours);
        arena.advanceRound(roundId);
        for (uint256 i = 0; i < 3; ++i) {
            commit(roundId, i, 15);
        }
        arena.advanceRound(roundId);
        for (uint256 i = 0; i < 3; ++i) {
            reveal(roundId, i, 15);
        }
        arena.finaliseRound(roundId);
        assertEq(arena.getRound(roundId).winners, 14, "all but student 0");
    }

    function test_Silence_costs_a_validator_stake_and_pays_nothing() public {
        uint256 roundId = playedTo(IArenaRounds.Phase.Counting, 3);
        reveal(roundId, 0, 3);
        reveal(roundId, 1, 3);
        vm.expectPartialRevert(IArenaRounds.PhaseNotOver.selector);
        arena.finaliseRound(roundId);
        vm.warp(block.timestamp + 1 hours);
        vm.expectEmit(true, true, true, true, address(arena));
        emit IArenaRounds.ValidatorPenalised(roundId, validators[2], 10e18, "auto-slash:non-reveal");
        arena.finaliseRound(roundId);
        assertEq(stakeManager.stakeOf(validators[2], Role.Validator), 190e18, "a tenth of 100");
        assertEq(stakeManager.stakes(validators[2], Role.Validator).locked, 0, "the rest is free");
        assertEq(arena.owedTo(validators[2]), 0, "no reward");
        assertEq(token.balanceOf(treasury), 10e18, "to the treasury");
    }

    function test_Half_of_the_committee_is_no_majority() public {
        vm.prank(governance);
        arena.setCommitteeParameters(2, 100e18);
        validators.pop();
        uint256 roundId = playedTo(IArenaRounds.Phase.Counting, 3);
        reveal(roundId, 0, 3);
        vm.warp(block.timestamp + 1 hours);
        arena.finaliseRound(roundId);
        assertEq(uint256(arena.getRound(roundId).phase), uint256(IArenaRounds.Phase.Voided), "void");
    }

    function test_A_tie_wins_nothing() public {
        vm.prank(governance);
        arena.setCommitteeParameters(2, 100e18);
        validators.pop();
        uint256 roundId = playedTo(IArenaRounds.Phase.Voting, 0);
        commit(roundId, 0, 3);
        commit(roundId, 1, 1);
        arena.advanceRound(roundId);
        reveal(roundId, 0, 3);
        reveal(roundId, 1, 1);
        arena.finaliseRound(roundId);
        assertEq(arena.getRound(roundId).winners, 1, "one of two is not more than half");
    }

    function test_Without_a_stake_silence_costs_nothing() public {
        vm.prank(governance);
        arena.setCommitteeParameters(3, 0);
        uint256 roundId = playedTo(IArenaRounds.Phase.Counting, 3);
        vm.warp(block.timestamp + 1 hours);
        arena.finaliseRound(roundId);
        assertEq(stakeManager.stakeOf(validators[0], Role.Validator), 200e18, "whole");
    }

    function test_Without_a_majority_of_votes_the_round_is_void_and_silence_still_costs() public {
        uint256 roundId = playedTo(IArenaRounds.Phase.Voting, 0);
        commit(roundId, 0, 3);
        vm.warp(block.timestamp + 1 hours);
        arena.advanceRound(roundId);
        reveal(roundId, 0, 3);
        arena.finaliseRound(roundId);
        assertEq(uint256(arena.getRound(roundId).phase), uint256(IArenaRounds.Phase.Voided), "void");
        assertEq(arena.totalOwed(), 0, "nobody is paid");
        assertEq(feePool.reservedRewards(), 0, "all goes back");
        assertEq(stakeManager.stakeOf(validators[0], Role.Validator), 200e18, "who voted is whole");
        assertEq(stakeManager.stakeOf(validators[1], Role.Validator), 190e18, "who did not is not");
        assertEq(arena.liveRounds(), 0, "over");
    }

    // ----------------------------------------------------------------------------------------------- registration

    function test_Only_operators_start_rounds() public {
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        arena.startRound(1, teacher, students, validators);
        vm.prank(governance);
        arena.startRound(1, teacher, students, validators);
    }

    function test_Nobody_sits_twice_in_one_round() public {
        address[] memory guests = students;
        guests[1] = guests[0];
        vm.startPrank(orchestrator);
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.DuplicateParticipant.selector, students[0]));
        arena.startRound(1, teacher, guests, validators);
        guests[1] = validators[0];
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.DuplicateParticipant.selector, validators[0]));
        arena.startRound(1, teacher, guests, validators);
        guests[1] = teacher;
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.DuplicateParticipant.selector, teacher));
        arena.startRound(1, teacher, guests, validators);
        guests[1] = address(0);
        vm.expectRevert(ZeroAddress.selector);
        arena.startRound(1, teacher, guests, validators);
        vm.stopPrank();
        uint256 roundId = started();
        vm.startPrank(students[0]);
        arena.joinRound(roundId);
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.AlreadyDone.selector, roundId, students[0]));
        arena.joinRound(roundId);
        vm.stopPrank();
    }

    function test_Guests_are_bounded() public {
        vm.startPrank(orchestrator);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 0, 1, 32));
        arena.startRound(1, teacher, new address[](0), validators);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 33, 1, 32));
        arena.startRound(1, teacher, new address[](33), validators);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 2, 3, 62));
        arena.startRound(1, teacher, students, new address[](2));
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 63, 3, 62));
        arena.startRound(1, teacher, students, new address[](63));
        vm.stopPrank();
    }

    function test_Only_the_invited_join_and_only_with_stake() public {
        uint256 roundId = started();
        vm.prank(stranger);
        vm.expectPartialRevert(IArenaRounds.NotSeated.selector);
        arena.joinRound(roundId);
        vm.prank(stranger);
        vm.expectPartialRevert(IArenaRounds.NotSeated.selector);
        arena.publishTask(roundId, "task", "");
        vm.prank(teacher);
        vm.expectPartialRevert(IArenaRounds.NotSeated.selector);
        arena.joinRound(roundId);

        vm.prank(students[0]);
        stakeManager.requestWithdraw(Role.Agent, 100e18);
        vm.prank(students[0]);
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.NotStaked.selector, students[0], Role.Agent));
        arena.joinRound(roundId);
        vm.prank(validators[0]);
        stakeManager.requestWithdraw(Role.Validator, 200e18);
        vm.prank(validators[0]);
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.NotStaked.selector, validators[0], Role.Validator));
        arena.joinRound(roundId);
        vm.prank(teacher);
        stakeManager.requestWithdraw(Role.Agent, 100e18);
        vm.prank(teacher);
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.NotStaked.selector, teacher, Role.Agent));
        arena.publishTask(roundId, "task", "");
    }

    function test_A_committee_has_as_many_seats_as_its_size() public {
        address reserve = account("reserve");
        deposit(reserve, Role.Validator, 200e18);
        validators.push(reserve);
        uint256 roundId = started();
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(validators[i]);
            arena.joinRound(roundId);
        }
        vm.prank(reserve);
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.CommitteeFull.selector, roundId, 3));
        arena.joinRound(roundId);
        (, address[] memory committee) = arena.participantsOf(roundId);
        assertEq(committee.length, 3, "seats");
        assertEq(arena.participant(roundId, validators[2]).index, 2, "index");
    }

    function test_A_task_is_set_once() public {
        uint256 roundId = started();
        vm.startPrank(teacher);
        vm.expectRevert(IArenaRounds.EmptyHash.selector);
        arena.publishTask(roundId, 0, "");
        arena.publishTask(roundId, "task", "");
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.AlreadyDone.selector, roundId, teacher));
        arena.publishTask(roundId, "other", "");
        vm.stopPrank();
    }

    function test_Registration_ends_early_for_an_operator_only_when_complete() public {
        uint256 roundId = started();
        vm.prank(orchestrator);
        vm.expectPartialRevert(IArenaRounds.PhaseNotOver.selector);
        arena.closeRound(roundId);
        joinAll(roundId);
        vm.prank(stranger);
        vm.expectPartialRevert(IArenaRounds.PhaseNotOver.selector);
        arena.closeRound(roundId);
        vm.prank(orchestrator);
        arena.closeRound(roundId);
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.WrongPhase.selector, roundId, IArenaRounds.Phase.Answering));
        arena.closeRound(roundId);
    }

    function test_An_incomplete_round_is_void_when_its_time_is_over_and_costs_nobody() public {
        uint256 roundId = started();
        vm.prank(validators[0]);
        arena.joinRound(roundId);
        vm.warp(block.timestamp + 1 hours);
        vm.prank(validators[1]);
        vm.expectPartialRevert(IArenaRounds.PhaseOver.selector);
        arena.joinRound(roundId);
        arena.closeRound(roundId);
        assertEq(uint256(arena.getRound(roundId).phase), uint256(IArenaRounds.Phase.Voided), "void");
        assertEq(stakeManager.stakes(validators[0], Role.Validator).locked, 0, "free");
        assertEq(stakeManager.stakeOf(validators[0], Role.Validator), 200e18, "whole");
        assertEq(feePool.reservedRewards(), 0, "given back");
    }

    function test_A_round_that_the_pool_cannot_pay_does_not_start() public {
        vm.prank(governance);
        feePool.governanceWithdraw(9_950e18);
        vm.prank(orchestrator);
        vm.expectRevert(abi.encodeWithSelector(FeePool.InsufficientRewardBalance.selector, 100e18, 50e18));
        arena.startRound(1, teacher, students, validators);
    }

    function testFuzz_Difficulty_moves_in_bounded_steps(uint32 first, uint32 second) public {
        vm.startPrank(orchestrator);
        arena.startRound(first, teacher, students, validators);
        uint256 step = first > second ? first - second : second - first;
        if (step > 100) {
            vm.expectRevert(abi.encodeWithSelector(IArenaRounds.DifficultyStepTooLarge.selector, first, second, 100));
        }
        arena.startRound(second, teacher, students, validators);
        assertEq(arena.difficulty(), step > 100 ? first : second, "difficulty");
        vm.stopPrank();
    }

    // -------------------------------------------------------------------------------------------- answers and votes

    function test_Commitments_hold_for_one_chain_contract_round_and_agent() public {
        uint256 roundId = playedTo(IArenaRounds.Phase.Voting, 0);
        bytes32 commitment = arena.voteCommitment(roundId, validators[0], 3, SALT);
        assertEq(
            commitment,
            keccak256(
                abi.encode(
                    keccak256("SelfPlayArena.Vote"),
                    block.chainid,
                    address(arena),
                    roundId,
                    validators[0],
                    uint256(3),
                    SALT
                )
            ),
            "what is hashed"
        );
        // A copied commitment cannot be opened by the copier.
        vm.prank(validators[1]);
        arena.commitVote(roundId, commitment);
        commit(roundId, 0, 3);
        commit(roundId, 2, 3);
        arena.advanceRound(roundId);
        vm.prank(validators[1]);
        vm.expectPartialRevert(IArenaRounds.CommitmentMismatch.selector);
        arena.revealVote(roundId, 3, SALT);
        vm.prank(validators[0]);
        vm.expectPartialRevert(IArenaRounds.CommitmentMismatch.selector);
        arena.revealVote(roundId, 1, SALT);
    }

    function test_Votes_and_answers_are_given_once_by_those_who_sit_in_the_round() public {
        uint256 roundId = playedTo(IArenaRounds.Phase.Answering, 0);
        vm.startPrank(students[0]);
        vm.expectRevert(IArenaRounds.EmptyHash.selector);
        arena.commitAnswer(roundId, 0);
        arena.commitAnswer(roundId, "c");
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.AlreadyDone.selector, roundId, students[0]));
        arena.commitAnswer(roundId, "d");
        vm.stopPrank();
        vm.prank(validators[0]);
        vm.expectPartialRevert(IArenaRounds.NotSeated.selector);
        arena.commitAnswer(roundId, "c");
        vm.prank(students[0]);
        vm.expectPartialRevert(IArenaRounds.WrongPhase.selector);
        arena.commitVote(roundId, "c");
        vm.warp(block.timestamp + 1 hours);
        vm.prank(students[1]);
        vm.expectPartialRevert(IArenaRounds.PhaseOver.selector);
        arena.commitAnswer(roundId, "c");
        arena.advanceRound(roundId);
        vm.prank(students[1]);
        vm.expectPartialRevert(IArenaRounds.NotSeated.selector);
        arena.revealAnswer(roundId, "a", SALT, "");
        vm.prank(students[0]);
        vm.expectRevert(IArenaRounds.EmptyHash.selector);
        arena.revealAnswer(roundId, 0, SALT, "");
    }

    function test_A_vote_is_revealed_once_and_names_only_students() public {
        uint256 roundId = playedTo(IArenaRounds.Phase.Counting, 3);
        vm.prank(validators[0]);
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.InvalidVote.selector, 16, 4));
        arena.revealVote(roundId, 16, SALT);
        reveal(roundId, 0, 3);
        vm.prank(validators[0]);
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.AlreadyDone.selector, roundId, validators[0]));
        arena.revealVote(roundId, 3, SALT);
        vm.expectPartialRevert(IArenaRounds.WrongPhase.selector);
        arena.advanceRound(roundId);
    }

    // ------------------------------------------------------------------------------------------------------- clocks

    function testFuzz_A_pause_takes_no_time_from_any_window(uint8 choice, uint256 before, uint256 during) public {
        IArenaRounds.Phase phase = IArenaRounds.Phase(bound(choice, 1, 5));
        uint256 roundId = playedTo(phase, 3);
        before = bound(before, 0, 1 hours - 1);
        during = bound(during, 0, 365 days);
        vm.warp(block.timestamp + before);
        vm.prank(guardian);
        systemPause.pauseAll();
        vm.warp(block.timestamp + during);
        vm.prank(governance);
        systemPause.unpauseAll();
        vm.warp(block.timestamp + 1 hours - 1 - before);
        act(roundId, phase, 0);
        vm.warp(block.timestamp + 1);
        // The window ends one second later, as it would have without the pause.
        (bool success, bytes memory reason) = tryAct(roundId, phase, 1);
        assertFalse(success, "over");
        assertEq(bytes32(bytes4(reason)), bytes32(IArenaRounds.PhaseOver.selector), "why");
    }

    function test_What_a_window_demands_works_while_every_other_module_is_paused() public {
        uint256 roundId = playedTo(IArenaRounds.Phase.Answering, 0);
        address[] memory others = new address[](3);
        (others[0], others[1], others[2]) = (address(stakeManager), address(feePool), address(jobRegistry));
        vm.prank(guardian);
        systemPause.pauseModules(others);
        for (uint256 i = 0; i < STUDENTS; ++i) {
            act(roundId, IArenaRounds.Phase.Answering, i);
        }
        arena.advanceRound(roundId);
        for (uint256 i = 0; i < STUDENTS; ++i) {
            revealAnswer(roundId, i);
        }
        arena.advanceRound(roundId);
        for (uint256 i = 0; i < 3; ++i) {
            commit(roundId, i, 3);
        }
        arena.advanceRound(roundId);
        for (uint256 i = 0; i < 3; ++i) {
            reveal(roundId, i, 3);
        }
        arena.finaliseRound(roundId);
        assertEq(arena.owedTo(teacher), 60e18, "counted");
        vm.expectRevert(Pausable.EnforcedPause.selector);
        arena.claimReward(teacher);
    }

    function test_A_pause_stops_every_path_of_users() public {
        uint256 open = started();
        uint256 roundId = playedTo(IArenaRounds.Phase.Counting, 3);
        vm.prank(governance);
        arena.pause();
        bytes4 stopped = Pausable.EnforcedPause.selector;
        vm.startPrank(orchestrator);
        vm.expectRevert(stopped);
        arena.startRound(1, teacher, students, validators);
        vm.expectRevert(stopped);
        arena.closeRound(open);
        vm.expectRevert(stopped);
        arena.advanceRound(roundId);
        vm.expectRevert(stopped);
        arena.finaliseRound(roundId);
        vm.expectRevert(stopped);
        arena.claimReward(teacher);
        vm.expectRevert(stopped);
        arena.joinRound(open);
        vm.expectRevert(stopped);
        arena.publishTask(open, "t", "");
        vm.expectRevert(stopped);
        arena.commitAnswer(roundId, "c");
        vm.expectRevert(stopped);
        arena.revealAnswer(roundId, "c", SALT, "");
        vm.expectRevert(stopped);
        arena.commitVote(roundId, "c");
        vm.expectRevert(stopped);
        arena.revealVote(roundId, 3, SALT);
        vm.stopPrank();
    }

    function test_Governance_voids_and_extends_while_paused_too() public {
        uint256 roundId = playedTo(IArenaRounds.Phase.Voting, 0);
        vm.prank(guardian);
        systemPause.pauseAll();
        vm.startPrank(governance);
        uint64 endsAt = arena.getRound(roundId).phaseEndsAt;
        vm.expectEmit(true, true, true, true, address(arena));
        emit IArenaRounds.PhaseExtended(roundId, endsAt, endsAt + 1 days);
        arena.extendPhase(roundId, 1 days);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 0, 1, 7 days));
        arena.extendPhase(roundId, 0);
        arena.voidRound(roundId);
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.WrongPhase.selector, roundId, IArenaRounds.Phase.Voided));
        arena.voidRound(roundId);
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.WrongPhase.selector, roundId, IArenaRounds.Phase.Voided));
        arena.extendPhase(roundId, 1 days);
        vm.stopPrank();
        assertEq(stakeManager.stakes(validators[0], Role.Validator).locked, 0, "free");
        assertEq(stakeManager.stakeOf(validators[0], Role.Validator), 200e18, "whole");
        assertEq(feePool.reservedRewards(), 0, "given back");
        vm.startPrank(orchestrator);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, orchestrator));
        arena.voidRound(roundId);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, orchestrator));
        arena.extendPhase(roundId, 1);
        vm.stopPrank();
    }

    // --------------------------------------------------------------------------------------------------- misconduct

    function testFuzz_Misconduct_is_slashed_for_real_while_everything_is_paused(uint256 amount) public {
        amount = bound(amount, 1, 100e18);
        uint256 roundId = playedTo(IArenaRounds.Phase.Counting, 3);
        vm.prank(guardian);
        systemPause.pauseAll();
        vm.expectEmit(true, true, true, true, address(arena));
        emit IArenaRounds.ValidatorMisconduct(roundId, validators[0], orchestrator, amount, "moderation:block");
        vm.prank(orchestrator);
        assertEq(arena.reportValidatorMisconduct(roundId, validators[0], amount, "moderation:block"), amount, "slashed");
        assertEq(stakeManager.stakeOf(validators[0], Role.Validator), 200e18 - amount, "stake");
        assertEq(token.balanceOf(treasury), amount, "treasury");
        assertTrue(arena.isPunished(roundId, validators[0], "moderation:block"), "on record");
    }

    function test_An_offence_is_punished_once_and_a_round_costs_no_more_than_the_cap() public {
        uint256 roundId = playedTo(IArenaRounds.Phase.Counting, 3);
        vm.startPrank(orchestrator);
        arena.reportValidatorMisconduct(roundId, validators[0], 60e18, "moderation:block");
        vm.expectRevert(
            abi.encodeWithSelector(
                IArenaRounds.OffenceAlreadyPunished.selector, roundId, validators[0], "moderation:block"
            )
        );
        arena.reportValidatorMisconduct(roundId, validators[0], 1, "moderation:block");
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.MisconductCapExceeded.selector, 41e18, 40e18));
        arena.reportValidatorMisconduct(roundId, validators[0], 41e18, "moderation:spam");
        arena.reportValidatorMisconduct(roundId, validators[0], 40e18, "moderation:spam");
        vm.stopPrank();
    }

    function test_Misconduct_forfeits_the_reward_and_leaves_the_vote() public {
        uint256 roundId = playedTo(IArenaRounds.Phase.Counting, 3);
        for (uint256 i = 0; i < 3; ++i) {
            reveal(roundId, i, 3);
        }
        vm.prank(orchestrator);
        arena.reportValidatorMisconduct(roundId, validators[0], 1e18, "moderation:block");
        arena.finaliseRound(roundId);
        assertEq(arena.owedTo(validators[0]), 0, "no reward");
        assertEq(arena.getRound(roundId).winners, 3, "an operator cannot unmake votes");
    }

    function test_Misconduct_can_be_reported_for_a_limited_time() public {
        uint256 roundId = playedTo(IArenaRounds.Phase.Counting, 3);
        vm.warp(block.timestamp + 1 hours);
        arena.finaliseRound(roundId);
        vm.warp(block.timestamp + 7 days - 1);
        vm.startPrank(orchestrator);
        arena.reportValidatorMisconduct(roundId, validators[0], 1e18, "moderation:block");
        vm.warp(block.timestamp + 1);
        vm.expectPartialRevert(IArenaRounds.ReportWindowOver.selector);
        arena.reportValidatorMisconduct(roundId, validators[0], 1e18, "moderation:spam");
        vm.stopPrank();
    }

    function test_Misconduct_is_reported_by_operators_of_validators_of_the_round() public {
        uint256 roundId = playedTo(IArenaRounds.Phase.Counting, 3);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        arena.reportValidatorMisconduct(roundId, validators[0], 1e18, "r");
        vm.startPrank(orchestrator);
        vm.expectPartialRevert(IArenaRounds.NotSeated.selector);
        arena.reportValidatorMisconduct(roundId, students[0], 1e18, "r");
        vm.expectPartialRevert(IArenaRounds.NotSeated.selector);
        arena.reportValidatorMisconduct(roundId + 1, validators[0], 1e18, "r");
        vm.expectRevert(ZeroAmount.selector);
        arena.reportValidatorMisconduct(roundId, validators[0], 0, "r");
        vm.stopPrank();
        vm.prank(governance);
        stakeManager.governanceSlash(Role.Validator, validators[0], 200e18, "INC-1");
        vm.prank(orchestrator);
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.NothingToSlash.selector, validators[0]));
        arena.reportValidatorMisconduct(roundId, validators[0], 1e18, "r");
    }

    // --------------------------------------------------------------------------------------------------- parameters

    function test_Every_setter_shows_old_and_new() public {
        vm.startPrank(governance);
        expect();
        emit ArenaRules.RewardsUpdated(100e18, 100e18, 100e18, 150e18, 1, 2);
        expect();
        emit ArenaRules.ParametersUpdated(150e18, 1, 2, 3, 100e18, 5_000, 6_000, 2_000, 2_000, address(feePool));
        arena.setRewards(150e18, 1, 2);
        expect();
        emit ArenaRules.RewardSplitsUpdated(6_000, 2_000, 2_000, 5_000, 3_000, 2_000);
        arena.setRewardSplits(5_000, 3_000, 2_000);
        expect();
        emit ArenaRules.CommitteeParametersUpdated(3, 100e18, 5, 5e18);
        arena.setCommitteeParameters(5, 5e18);
        expect();
        emit ArenaRules.TargetSuccessRateUpdated(5_000, 6_000);
        arena.setTargetSuccessRateBps(6_000);
        expect();
        emit ArenaRules.NonRevealPenaltyUpdated(1_000, 2_000);
        arena.setNonRevealPenalty(2_000);
        ArenaRules.Windows memory previous = arena.windows();
        ArenaRules.Windows memory windows = ArenaRules.Windows(1, 2, 3, 4, 5);
        expect();
        emit ArenaRules.WindowsUpdated(previous, windows);
        arena.setWindows(windows);
        expect();
        emit ArenaRules.MisconductPolicyUpdated(10_000, 7 days, 5_000, 1 days);
        arena.setMisconductPolicy(5_000, 1 days);
        expect();
        emit ArenaRules.MaxDifficultyStepUpdated(100, 7);
        arena.setMaxDifficultyStep(7);
        expect();
        emit ArenaRules.OrchestratorUpdated(orchestrator, true, false);
        arena.setOrchestrator(orchestrator, false);
        expect();
        emit ArenaRules.FeePoolUpdated(address(feePool), address(token));
        arena.setFeePool(IFeePool(address(token)));
        expect();
        emit IArenaRounds.StakeManagerUpdated(address(stakeManager), address(token));
        arena.setStakeManager(IStakeManager(address(token)));
        vm.stopPrank();
        assertEq(arena.teacherReward(), 150e18, "teacher's");
        assertEq(arena.studentReward(), 1, "students'");
        assertEq(arena.validatorReward(), 2, "validators'");
        assertEq(arena.teacherSplit(), 5_000, "teacher's split");
        assertEq(arena.studentSplit(), 3_000, "students' split");
        assertEq(arena.validatorSplit(), 2_000, "validators' split");
        assertEq(arena.committeeSize(), 5, "seats");
        assertEq(arena.validatorStake(), 5e18, "stake");
        assertEq(arena.targetSuccessRateBps(), 6_000, "target");
        assertEq(arena.nonRevealPenaltyBps(), 2_000, "penalty");
        assertEq(arena.windows().count, 5, "windows");
        assertEq(arena.orchestratorList().length, 0, "orchestrators");
    }

    function testFuzz_Splits_must_add_up(uint16 a, uint16 b, uint16 c) public {
        uint256 sum = uint256(a) + b + c;
        vm.prank(governance);
        if (sum != 10_000) vm.expectRevert(abi.encodeWithSelector(SplitSum.selector, sum, 10_000));
        arena.setRewardSplits(a, b, c);
    }

    function test_Setters_refuse_what_is_out_of_bounds() public {
        vm.startPrank(governance);
        vm.expectPartialRevert(OutOfBounds.selector);
        arena.setCommitteeParameters(0, 1);
        vm.expectPartialRevert(OutOfBounds.selector);
        arena.setCommitteeParameters(32, 1);
        vm.expectPartialRevert(OutOfBounds.selector);
        arena.setTargetSuccessRateBps(0);
        vm.expectPartialRevert(OutOfBounds.selector);
        arena.setTargetSuccessRateBps(10_001);
        vm.expectPartialRevert(OutOfBounds.selector);
        arena.setNonRevealPenalty(10_001);
        vm.expectPartialRevert(OutOfBounds.selector);
        arena.setMisconductPolicy(10_001, 1);
        vm.expectPartialRevert(OutOfBounds.selector);
        arena.setMisconductPolicy(1, 91 days);
        vm.expectRevert(ZeroAmount.selector);
        arena.setMaxDifficultyStep(0);
        vm.expectRevert(ZeroAddress.selector);
        arena.setOrchestrator(address(0), true);
        for (uint256 i = 0; i < 5; ++i) {
            uint32[5] memory w = [uint32(1), 1, 1, 1, 1];
            w[i] = i % 2 == 0 ? 0 : uint32(7 days + 1);
            vm.expectPartialRevert(OutOfBounds.selector);
            arena.setWindows(ArenaRules.Windows(w[0], w[1], w[2], w[3], w[4]));
        }
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        arena.setFeePool(IFeePool(stranger));
        vm.stopPrank();
        started();
        vm.prank(governance);
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.RoundsLive.selector, 1));
        arena.setStakeManager(stakeManager);
    }

    function test_Rules_of_a_round_are_those_of_the_day_it_started() public {
        uint256 roundId = playedTo(IArenaRounds.Phase.Counting, 3);
        vm.startPrank(governance);
        arena.setRewards(0, 0, 0);
        arena.setCommitteeParameters(7, 0);
        vm.stopPrank();
        for (uint256 i = 0; i < 3; ++i) {
            reveal(roundId, i, 3);
        }
        arena.finaliseRound(roundId);
        assertEq(arena.owedTo(teacher), 60e18, "the old reward");
        assertEq(stakeManager.stakes(validators[0], Role.Validator).locked, 0, "the old stake is free");
        assertEq(arena.rulesOf(roundId).committeeSize, 3, "the old rules");
    }

    function test_Only_governance_sets_parameters() public {
        vm.startPrank(orchestrator);
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, orchestrator);
        vm.expectRevert(refusal);
        arena.setRewards(1, 1, 1);
        vm.expectRevert(refusal);
        arena.setRewardSplits(10_000, 0, 0);
        vm.expectRevert(refusal);
        arena.setCommitteeParameters(1, 1);
        vm.expectRevert(refusal);
        arena.setTargetSuccessRateBps(1);
        vm.expectRevert(refusal);
        arena.setNonRevealPenalty(1);
        vm.expectRevert(refusal);
        arena.setWindows(ArenaRules.Windows(1, 1, 1, 1, 1));
        vm.expectRevert(refusal);
        arena.setMisconductPolicy(1, 1);
        vm.expectRevert(refusal);
        arena.setMaxDifficultyStep(1);
        vm.expectRevert(refusal);
        arena.setOrchestrator(stranger, true);
        vm.expectRevert(refusal);
        arena.setFeePool(feePool);
        vm.expectRevert(refusal);
        arena.setStakeManager(stakeManager);
        vm.stopPrank();
    }

    // ------------------------------------------------------------------------------------------------------ support

    function expect() private {
        vm.expectEmit(true, true, true, true, address(arena));
    }

    function started() private returns (uint256) {
        vm.prank(orchestrator);
        return arena.startRound(10, teacher, students, validators);
    }

    function joinAll(uint256 roundId) private {
        vm.prank(teacher);
        arena.publishTask(roundId, "task", "ipfs://task");
        for (uint256 i = 0; i < STUDENTS; ++i) {
            vm.prank(students[i]);
            arena.joinRound(roundId);
        }
        for (uint256 i = 0; i < validators.length && i < VALIDATORS; ++i) {
            vm.prank(validators[i]);
            arena.joinRound(roundId);
        }
    }

    /// @dev A round at the beginning of `phase`; for Counting, all validators have committed to `vote`.
    function playedTo(IArenaRounds.Phase phase, uint256 vote) private returns (uint256 roundId) {
        roundId = started();
        if (phase == IArenaRounds.Phase.Registration) return roundId;
        joinAll(roundId);
        vm.prank(orchestrator);
        arena.closeRound(roundId);
        if (phase == IArenaRounds.Phase.Answering) return roundId;
        for (uint256 i = 0; i < STUDENTS; ++i) {
            act(roundId, IArenaRounds.Phase.Answering, i);
        }
        arena.advanceRound(roundId);
        if (phase == IArenaRounds.Phase.Revealing) return roundId;
        for (uint256 i = 0; i < STUDENTS; ++i) {
            revealAnswer(roundId, i);
        }
        arena.advanceRound(roundId);
        if (phase == IArenaRounds.Phase.Voting) return roundId;
        for (uint256 i = 0; i < validators.length; ++i) {
            commit(roundId, i, vote);
        }
        arena.advanceRound(roundId);
    }

    function commit(uint256 roundId, uint256 index, uint256 vote) private {
        bytes32 commitment = arena.voteCommitment(roundId, validators[index], vote, SALT);
        vm.prank(validators[index]);
        arena.commitVote(roundId, commitment);
    }

    function reveal(uint256 roundId, uint256 index, uint256 vote) private {
        vm.prank(validators[index]);
        arena.revealVote(roundId, vote, SALT);
    }

    function revealAnswer(uint256 roundId, uint256 index) private {
        vm.prank(students[index]);
        arena.revealAnswer(roundId, bytes32(index + 1), SALT, "ipfs://answer");
    }

    function act(uint256 roundId, IArenaRounds.Phase phase, uint256 index) private {
        (bool success,) = tryAct(roundId, phase, index);
        assertTrue(success, "acted");
    }

    function tryAct(uint256 roundId, IArenaRounds.Phase phase, uint256 index)
        private
        returns (bool success, bytes memory reason)
    {
        bytes memory data;
        address actor = students[index];
        if (phase == IArenaRounds.Phase.Registration) {
            data = abi.encodeCall(arena.joinRound, (roundId));
        } else if (phase == IArenaRounds.Phase.Answering) {
            data = abi.encodeCall(
                arena.commitAnswer, (roundId, arena.answerCommitment(roundId, actor, bytes32(index + 1), SALT))
            );
        } else if (phase == IArenaRounds.Phase.Revealing) {
            data = abi.encodeCall(arena.revealAnswer, (roundId, bytes32(index + 1), SALT, "ipfs://answer"));
        } else if (phase == IArenaRounds.Phase.Voting) {
            actor = validators[index];
            data = abi.encodeCall(arena.commitVote, (roundId, arena.voteCommitment(roundId, actor, 3, SALT)));
        } else {
            actor = validators[index];
            data = abi.encodeCall(arena.revealVote, (roundId, 3, SALT));
        }
        vm.prank(actor);
        (success, reason) = address(arena).call(data);
    }
}
