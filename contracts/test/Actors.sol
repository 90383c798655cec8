// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IArenaRounds} from "../src/interfaces/IArenaRounds.sol";
import {FeePool} from "../src/FeePool.sol";
import {JobRegistry} from "../src/JobRegistry.sol";
import {RewardEngine} from "../src/RewardEngine.sol";
import {SelfPlayArena} from "../src/SelfPlayArena.sol";
import {StakeManager} from "../src/StakeManager.sol";
import {ValidationModule} from "../src/ValidationModule.sol";
import {Attestation} from "../src/interfaces/IEnergyOracle.sol";
import {JobState} from "../src/interfaces/IJobRegistry.sol";
import {Role} from "../src/interfaces/IStakeManager.sol";
import {FullProtocol} from "./FullProtocol.sol";

/// @notice Everybody who uses, runs or governs the protocol, doing things in any order and at any time.
/// @dev What they try may be refused; what is checked is where the money is afterwards.
contract Actors is FullProtocol {
    uint256 private constant USERS = 6;
    bytes32 private constant SALT = "salt";

    address[] private users;
    address[] private holders;
    uint256 private salts;
    mapping(uint256 roundId => mapping(address => uint256)) private arenaVote;
    mapping(uint256 jobId => mapping(address => bool)) private jobVote;

    /// @notice How often something was done, refused attempts not counted.
    uint256 public done;

    /// @notice The first breach that an action showed.
    string public breach;

    function setUp() public override {
        super.setUp();
        holders = [address(stakeManager), address(feePool), address(jobRegistry), address(validations)];
        vm.startPrank(governance);
        stakeManager.setFeePct(5);
        stakeManager.setValidatorRewardPct(8);
        stakeManager.setSlashSplit(4_000, 4_000, 2_000);
        feePool.setBurnPct(300);
        jobRegistry.setDisputeFee(2e18);
        vm.stopPrank();
        for (uint256 i = 0; i < USERS; ++i) {
            address user = numbered("user", i);
            users.push(user);
            token.transfer(user, 100_000e18);
            admit(user);
            vm.startPrank(user);
            token.approve(address(stakeManager), type(uint256).max);
            token.approve(address(jobRegistry), type(uint256).max);
            token.approve(address(feePool), type(uint256).max);
            stakeManager.depositStake(Role.Agent, 500e18);
            stakeManager.depositStake(Role.Validator, 1_000e18);
            stakeManager.depositStake(Role.Platform, 50e18 * (i + 1));
            validations.joinPool();
            vm.stopPrank();
        }
        fillPool(20_000e18);
    }

    // ------------------------------------------------------------------------------------------------ what they do

    function depositStake(uint256 who, uint256 role, uint256 amount) external {
        act(
            someone(who),
            address(stakeManager),
            abi.encodeCall(stakeManager.depositStake, (as_(role), bound(amount, 1, 500e18)))
        );
    }

    function requestWithdraw(uint256 who, uint256 role, uint256 amount) external {
        uint256 free = stakeManager.freeStakeOf(someone(who), as_(role));
        act(
            someone(who),
            address(stakeManager),
            abi.encodeCall(
                stakeManager.requestWithdraw, (as_(role), amount % 3 == 0 ? free : bound(amount, 1, free + 1))
            )
        );
    }

    function cancelWithdraw(uint256 who, uint256 role) external {
        act(someone(who), address(stakeManager), abi.encodeCall(stakeManager.cancelWithdraw, (as_(role))));
    }

    function finalizeWithdraw(uint256 who, uint256 role) external {
        act(someone(who), address(stakeManager), abi.encodeCall(stakeManager.finalizeWithdraw, (as_(role))));
    }

    function createJob(uint256 who, uint256 reward) external {
        act(
            someone(who),
            address(jobRegistry),
            abi.encodeCall(jobRegistry.createJob, (uint128(bound(reward, 1, 1_000e18)), 1 days, "spec", "uri"))
        );
    }

    /// @dev Does to a job what can come next, one way or another.
    function progressJob(uint256 which, uint256 who, uint256 choice) external {
        if (jobRegistry.jobCount() == 0) return;
        uint256 jobId = 1 + which % jobRegistry.jobCount();
        JobRegistry.Job memory job = jobRegistry.jobs(jobId);
        address target = address(jobRegistry);
        if (job.state == JobState.Created) {
            if (choice % 8 == 0) act(job.employer, target, abi.encodeCall(jobRegistry.cancelJob, (jobId)));
            else act(someone(who), target, abi.encodeCall(jobRegistry.applyForJob, (jobId)));
        } else if (job.state == JobState.Applied) {
            if (choice % 4 == 0) act(someone(who), target, abi.encodeCall(jobRegistry.claimTimeout, (jobId)));
            else act(job.agent, target, abi.encodeCall(jobRegistry.submit, (jobId, "result", "uri")));
        } else if (job.state == JobState.Submitted) {
            if (choice % 8 == 0) act(job.employer, target, abi.encodeCall(jobRegistry.acceptResult, (jobId)));
            else if (choice % 8 == 1) act(job.agent, target, abi.encodeCall(jobRegistry.raiseDispute, (jobId, "")));
            else judge(jobId, choice);
        } else if (job.state == JobState.Completed) {
            address party = choice % 2 == 0 ? job.employer : job.agent;
            if (choice % 3 == 0) act(party, target, abi.encodeCall(jobRegistry.raiseDispute, (jobId, "")));
            else act(someone(who), target, abi.encodeCall(jobRegistry.finalize, (jobId)));
        } else if (job.state == JobState.Disputed) {
            if (disputes.openedAt(jobId) == 0) {
                act(someone(who), address(disputes), abi.encodeCall(disputes.openDispute, (jobId)));
            } else {
                act(moderator, address(disputes), abi.encodeCall(disputes.vote, (jobId, choice % 2 == 0)));
            }
        } else if (job.state == JobState.Finalized) {
            act(someone(who), address(validations), abi.encodeCall(validations.shareReward, (jobId)));
            act(someone(who), address(reputation), abi.encodeCall(reputation.recordJob, (jobId)));
        }
        progressValidation(jobId, choice);
    }

    function startRound(uint256 teacher, uint256 difficulty) external {
        if (arena.liveRounds() > 3) return;
        teacher %= USERS;
        address[] memory students = new address[](2);
        address[] memory validators = new address[](3);
        address chosen = someone(teacher);
        (students[0], students[1]) = (someone(teacher + 1), someone(teacher + 2));
        (validators[0], validators[1], validators[2]) =
        (someone(teacher + 3), someone(teacher + 4), someone(teacher + 5));
        act(
            orchestrator,
            address(arena),
            abi.encodeCall(arena.startRound, (uint32(difficulty % 100), chosen, students, validators))
        );
    }

    /// @dev Lets most participants of a round do what its phase asks for, and moves it on when it can be.
    function progressRound(uint256 which, uint256 silent) external {
        if (arena.totalRounds() == 0) return;
        uint256 roundId = 1 + which % arena.totalRounds();
        IArenaRounds.Round memory round = arena.getRound(roundId);
        address target = address(arena);
        for (uint256 i = 0; i < USERS; ++i) {
            if ((silent >> i) & 7 == 0) continue;
            address who = users[i];
            IArenaRounds.Participant memory seat = arena.participant(roundId, who);
            if (round.phase == IArenaRounds.Phase.Registration) {
                if (seat.seat == IArenaRounds.Seat.Teacher) {
                    act(who, target, abi.encodeCall(arena.publishTask, (roundId, "task", "uri")));
                } else {
                    act(who, target, abi.encodeCall(arena.joinRound, (roundId)));
                }
            } else if (seat.seat == IArenaRounds.Seat.Student && round.phase == IArenaRounds.Phase.Answering) {
                bytes32 commitment = arena.answerCommitment(roundId, who, "answer", SALT);
                act(who, target, abi.encodeCall(arena.commitAnswer, (roundId, commitment)));
            } else if (seat.seat == IArenaRounds.Seat.Student && round.phase == IArenaRounds.Phase.Revealing) {
                act(who, target, abi.encodeCall(arena.revealAnswer, (roundId, "answer", SALT, "uri")));
            } else if (seat.seat == IArenaRounds.Seat.Validator && round.phase == IArenaRounds.Phase.Voting) {
                (address[] memory students,) = arena.participantsOf(roundId);
                uint256 vote = (silent >> (10 * i)) % (1 << students.length);
                if (seat.commitment == 0) arenaVote[roundId][who] = vote;
                bytes32 commitment = arena.voteCommitment(roundId, who, vote, SALT);
                act(who, target, abi.encodeCall(arena.commitVote, (roundId, commitment)));
            } else if (seat.seat == IArenaRounds.Seat.Validator && round.phase == IArenaRounds.Phase.Counting) {
                act(who, target, abi.encodeCall(arena.revealVote, (roundId, arenaVote[roundId][who], SALT)));
            }
        }
        if (round.phase == IArenaRounds.Phase.Registration) {
            act(orchestrator, target, abi.encodeCall(arena.closeRound, (roundId)));
        } else if (round.phase == IArenaRounds.Phase.Counting) {
            act(stranger, target, abi.encodeCall(arena.finaliseRound, (roundId)));
        } else {
            act(stranger, target, abi.encodeCall(arena.advanceRound, (roundId)));
        }
    }

    function reportMisconduct(uint256 which, uint256 who, uint256 amount, uint256 reason) external {
        if (arena.totalRounds() == 0) return;
        bytes memory data = abi.encodeCall(
            arena.reportValidatorMisconduct,
            (
                1 + which % arena.totalRounds(),
                someone(who),
                bound(amount, 1, 120e18),
                string(abi.encodePacked(uint8(reason)))
            )
        );
        actAsDeclared(orchestrator, address(arena), data);
    }

    function slashByTicket(uint256 who, uint256 amount, uint256 ticket) external {
        bytes memory data = abi.encodeCall(
            slasher.slash, (someone(who), bound(amount, 0, 300e18), string(abi.encodePacked(uint8(ticket))))
        );
        actAsDeclared(operator, address(slasher), data);
    }

    function moveFees(uint256 who, uint256 choice, uint256 amount) external {
        address target = address(feePool);
        amount = bound(amount, 1, 200e18);
        if (choice % 6 == 0) act(someone(who), target, abi.encodeCall(feePool.depositFee, (amount)));
        else if (choice % 6 == 1) act(someone(who), target, abi.encodeCall(feePool.contribute, (amount)));
        else if (choice % 6 == 2) act(stranger, target, abi.encodeCall(feePool.distributeFees, ()));
        else if (choice % 6 == 3) act(someone(who), target, abi.encodeCall(feePool.claimRewards, ()));
        else if (choice % 6 == 4) act(stranger, address(jobRegistry), abi.encodeCall(jobRegistry.collectFees, ()));
        else act(stranger, address(validations), abi.encodeCall(validations.sendUnearned, ()));
    }

    function claimRewards(uint256 who, uint256 choice, uint256 epoch, uint256 role) external {
        if (choice % 3 == 0) {
            act(stranger, address(arena), abi.encodeCall(arena.claimReward, (someone(who))));
        } else if (choice % 3 == 1) {
            act(stranger, address(validations), abi.encodeCall(validations.claimReward, (someone(who))));
        } else {
            RewardEngine.RewardRole as4 = RewardEngine.RewardRole(role % 4);
            uint256 number = 1 + epoch % engine.currentEpoch();
            act(stranger, address(engine), abi.encodeCall(engine.claim, (number, as4, someone(who))));
        }
    }

    function work(uint256 who, uint256 role, uint256 amount) external {
        Attestation memory attestation = Attestation({
            consumer: address(engine),
            epoch: engine.currentEpoch(),
            user: someone(who),
            role: uint8(role % 4),
            work: bound(amount, 1, 1e20),
            deadline: block.timestamp,
            salt: bytes32(++salts)
        });
        address[] memory signers = new address[](1);
        bytes[] memory signatures = new bytes[](1);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(SIGNER_KEY, oracle.attestationDigest(attestation));
        (signers[0], signatures[0]) = (vm.addr(SIGNER_KEY), abi.encodePacked(r, s, v));
        act(stranger, address(engine), abi.encodeCall(engine.submitWork, (attestation, signers, signatures)));
        act(stranger, address(engine), abi.encodeCall(engine.settleEpoch, ()));
    }

    function govern(uint256 which, uint256 who, uint256 choice, uint256 amount) external {
        choice %= 8;
        uint256 jobId = jobRegistry.jobCount() == 0 ? 0 : 1 + which % jobRegistry.jobCount();
        uint256 roundId = arena.totalRounds() == 0 ? 0 : 1 + which % arena.totalRounds();
        address target = address(stakeManager);
        bytes memory data;
        if (choice == 0) {
            data = abi.encodeCall(
                stakeManager.governanceSlash,
                (as_(amount), someone(who), bound(amount, 1, amount % 4 == 0 ? 3_000e18 : 100e18), "INC")
            );
        } else if (choice == 1) {
            (target, data) = (address(jobRegistry), abi.encodeCall(jobRegistry.forceRefund, (jobId)));
        } else if (choice == 2) {
            (target, data) = (address(feePool), abi.encodeCall(feePool.governanceWithdraw, (bound(amount, 1, 300e18))));
        } else if (choice == 3) {
            (target, data) = (address(arena), abi.encodeCall(arena.voidRound, (roundId)));
        } else if (choice == 4) {
            (target, data) = (address(validations), abi.encodeCall(validations.voidRound, (jobId)));
        } else if (choice == 5) {
            (target, data) = (address(jobRegistry), abi.encodeCall(jobRegistry.extendDeadline, (jobId, 1 hours)));
        } else if (choice == 6) {
            data = abi.encodeCall(stakeManager.setFeePct, (amount % 20));
        } else {
            data = abi.encodeCall(stakeManager.releaseLock, (address(arena), Role.Validator, someone(who), roundId));
        }
        actAsDeclared(governance, target, data);
    }

    function pause(uint256 mask) external {
        if (mask % 4 != 0) return;
        address[] memory all = systemPause.modules();
        address[] memory some = new address[](all.length);
        uint256 count;
        for (uint256 i = 0; i < all.length; ++i) {
            if (mask % 12 == 0 || (mask >> (8 + i)) & 1 == 1) some[count++] = all[i];
        }
        assembly ("memory-safe") {
            mstore(some, count)
        }
        vm.prank(guardian);
        systemPause.pauseModules(some);
        for (uint256 i = 0; i < count; ++i) {
            if (!StakeManager(some[i]).paused()) note("a module did not stop");
        }
    }

    function resume() external {
        vm.prank(governance);
        systemPause.unpauseAll();
    }

    function wait_(uint256 time, uint256 blocks) external {
        // Mostly minutes, in which a phase goes on; now and then days, in which it ends.
        vm.warp(block.timestamp + bound(time, 1, time % 6 == 0 ? 4 days : 5 minutes));
        vm.roll(block.number + bound(blocks, 2, 40));
    }

    /// @dev How far they got: jobs paid, jobs refunded or failed, rounds finalised, rewards paid, stake taken, epochs paid.
    function reached() external view returns (uint256[6] memory corners) {
        for (uint256 id = 1; id <= jobRegistry.jobCount(); ++id) {
            JobState state = jobRegistry.stateOf(id);
            if (state == JobState.Finalized && jobRegistry.succeeded(id)) ++corners[0];
            else if (state == JobState.Finalized || state == JobState.Cancelled) ++corners[1];
            if (validations.rounds(id).rewarded) ++corners[3];
        }
        for (uint256 id = 1; id <= arena.totalRounds(); ++id) {
            if (arena.getRound(id).phase == IArenaRounds.Phase.Finalised) ++corners[2];
        }
        corners[4] = token.balanceOf(treasury);
        corners[5] = engine.currentEpoch() - 1;
    }

    // ------------------------------------------------------------------------------------- what must always be true

    function checkStakes() external view {
        uint256 held;
        for (uint256 r = 0; r < 3; ++r) {
            Role role = Role(r);
            uint256 bonded;
            uint256 unbonding;
            for (uint256 i = 0; i < USERS; ++i) {
                StakeManager.Stake memory stake = stakeManager.stakes(users[i], role);
                bonded += stake.bonded;
                unbonding += stake.unbonding;
                assertEq(stake.locked, locksOf(users[i], role), "locks of all managers");
            }
            assertEq(stakeManager.totalStakes(role), bonded, "bonded");
            assertEq(stakeManager.totalUnbonding(role), unbonding, "unbonding");
            held += bonded + unbonding;
        }
        assertEq(token.balanceOf(address(stakeManager)), held, "StakeManager holds the stakes");
    }

    function checkJobs() external view {
        uint256 escrow;
        uint256 fees;
        uint256 rewards;
        uint256 open;
        for (uint256 id = 1; id <= jobRegistry.jobCount(); ++id) {
            JobRegistry.Job memory job = jobRegistry.jobs(id);
            escrow += job.reward;
            fees += job.disputeFee;
            rewards += jobRegistry.validatorRewardOf(id);
            bool over = job.state == JobState.Finalized || job.state == JobState.Cancelled;
            if (!over && job.state != JobState.Created) ++open;
            if (over) assertEq(job.reward, 0, "nothing in escrow of a job that is over");
        }
        assertEq(jobRegistry.totalEscrow(), escrow, "escrow");
        assertEq(jobRegistry.totalDisputeFees(), fees, "dispute fees");
        assertEq(jobRegistry.totalValidatorRewards(), rewards, "validators' rewards");
        assertEq(jobRegistry.openEngagements(), open, "engagements");
        assertEq(
            token.balanceOf(address(jobRegistry)),
            escrow + fees + rewards + jobRegistry.accruedFees(),
            "JobRegistry holds what it owes"
        );
        assertEq(
            token.balanceOf(address(validations)),
            validations.totalOwed() + validations.unearned(),
            "ValidationModule holds what it owes"
        );
    }

    function checkFees() external view {
        uint256 claims;
        uint256 shared;
        uint256 owed;
        uint256 owedByValidations;
        for (uint256 i = 0; i < USERS; ++i) {
            claims += feePool.claimableOf(users[i]);
            shared += feePool.stakers(users[i]).stake;
            assertEq(feePool.stakers(users[i]).stake, stakeManager.stakeOf(users[i], Role.Platform), "told of stakes");
            owed += arena.owedTo(users[i]);
            owedByValidations += validations.owedTo(users[i]);
        }
        assertLe(claims, feePool.reservedClaims(), "claims are covered");
        assertEq(feePool.sharedStake(), shared, "shared stake");
        assertEq(
            feePool.reservedRewards(),
            feePool.reservationOf(address(arena)) + feePool.reservationOf(address(engine)),
            "reservations"
        );
        assertLe(
            feePool.pendingFees() + feePool.reservedClaims() + feePool.reservedRewards(),
            token.balanceOf(address(feePool)),
            "FeePool holds what it has set aside"
        );
        assertEq(arena.totalOwed(), owed, "owed by the arena");
        assertEq(validations.totalOwed(), owedByValidations, "owed by the ValidationModule");
        uint256 live;
        for (uint256 id = 1; id <= arena.totalRounds(); ++id) {
            IArenaRounds.Round memory round = arena.getRound(id);
            if (round.endedAt == 0) live += round.reserved;
        }
        assertEq(feePool.reservationOf(address(arena)), owed + live, "the arena can pay");
        assertEq(feePool.reservationOf(address(engine)), engine.totalOwed(), "the engine can pay");
    }

    function checkSupply() external view {
        uint256 sum = token.balanceOf(address(this)) + token.balanceOf(treasury) + token.balanceOf(governance)
            + token.balanceOf(moderator) + token.balanceOf(stranger) + token.balanceOf(orchestrator);
        for (uint256 i = 0; i < USERS; ++i) {
            sum += token.balanceOf(users[i]);
        }
        for (uint256 i = 0; i < holders.length; ++i) {
            sum += token.balanceOf(holders[i]);
        }
        assertEq(sum, token.totalSupply(), "every token is somewhere known");
    }

    // ------------------------------------------------------------------------------------------------------ support

    /// @dev An action of a user, which must take nothing out of a module that is paused.
    function act(address who, address target, bytes memory data) private {
        uint256[4] memory before;
        for (uint256 i = 0; i < 4; ++i) {
            if (StakeManager(holders[i]).paused()) before[i] = token.balanceOf(holders[i]);
        }
        attempt(who, target, data);
        for (uint256 i = 0; i < 4; ++i) {
            if (token.balanceOf(holders[i]) < before[i]) note("money left a module that is paused");
        }
    }

    /// @dev An action that may take money out of a paused module, but only to the treasury, or a refund to its parties.
    function actAsDeclared(address who, address target, bytes memory data) private {
        bool refund = bytes4(data) == jobRegistry.forceRefund.selector;
        uint256 before = token.balanceOf(treasury);
        uint256 held = heldByAll();
        uint256 supply = token.totalSupply();
        attempt(who, target, data);
        uint256 out = held - heldByAll();
        if (!refund && out != token.balanceOf(treasury) - before + supply - token.totalSupply()) {
            note("governance took money elsewhere than to the treasury");
        }
    }

    function attempt(address who, address target, bytes memory data) private {
        vm.prank(who);
        (bool success,) = target.call(data);
        if (success) ++done;
    }

    function judge(uint256 jobId, uint256 choice) private {
        ValidationModule.Phase phase = validations.rounds(jobId).phase;
        if (phase == ValidationModule.Phase.None || phase == ValidationModule.Phase.Failed) {
            act(stranger, address(validations), abi.encodeCall(validations.startValidation, (jobId)));
        }
        progressValidation(jobId, choice);
    }

    function progressValidation(uint256 jobId, uint256 silent) private {
        ValidationModule.Phase phase = validations.rounds(jobId).phase;
        address target = address(validations);
        if (phase == ValidationModule.Phase.Drawing) {
            act(stranger, target, abi.encodeCall(validations.drawCommittee, (jobId)));
            return;
        }
        address[] memory committee = validations.committeeOf(jobId);
        uint256 attempt_ = validations.rounds(jobId).attempt;
        for (uint256 i = 0; i < committee.length; ++i) {
            if ((silent >> (3 * i)) & 7 == 0) continue;
            if (phase == ValidationModule.Phase.Committing) {
                bool approve = (silent >> (20 + i)) & 1 == 1;
                if (validations.ballotOf(jobId, committee[i]).commitment == 0) jobVote[jobId][committee[i]] = approve;
                bytes32 commitment = validations.voteCommitment(jobId, attempt_, committee[i], approve, SALT);
                act(committee[i], target, abi.encodeCall(validations.commitVote, (jobId, commitment)));
            } else if (phase == ValidationModule.Phase.Revealing) {
                bool approve = jobVote[jobId][committee[i]];
                act(committee[i], target, abi.encodeCall(validations.revealVote, (jobId, approve, SALT)));
            }
        }
        if (phase == ValidationModule.Phase.Committing) {
            act(stranger, target, abi.encodeCall(validations.startReveal, (jobId)));
        } else if (phase == ValidationModule.Phase.Revealing) {
            act(stranger, target, abi.encodeCall(validations.finalizeValidation, (jobId)));
        }
    }

    function locksOf(address who, Role role) private view returns (uint256 sum) {
        for (uint256 id = 1; id <= jobRegistry.jobCount(); ++id) {
            sum += stakeManager.lockOf(address(jobRegistry), role, who, id);
            sum += stakeManager.lockOf(address(validations), role, who, id);
        }
        for (uint256 id = 1; id <= arena.totalRounds(); ++id) {
            sum += stakeManager.lockOf(address(arena), role, who, id);
        }
    }

    function heldByAll() private view returns (uint256 sum) {
        for (uint256 i = 0; i < holders.length; ++i) {
            sum += token.balanceOf(holders[i]);
        }
    }

    function note(string memory what) private {
        if (bytes(breach).length == 0) breach = what;
    }

    function someone(uint256 seed) private view returns (address) {
        return users[seed % USERS];
    }

    function as_(uint256 seed) private pure returns (Role) {
        return Role(seed % 3);
    }
}
