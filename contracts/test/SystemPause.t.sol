// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {Governed} from "../src/base/Governed.sol";
import {NoCode, Unauthorized, ZeroAddress} from "../src/base/Errors.sol";
import {SystemPause} from "../src/SystemPause.sol";
import {StakeManager} from "../src/StakeManager.sol";
import {Protocol} from "./Protocol.sol";
import {LegacyModule, PauseDouble} from "./PauseDouble.sol";

/// @notice A module that lets itself be registered and then does not stop.
contract BrokenModule {
    enum Fault {
        None,
        Reverts,
        DoesNothing,
        BurnsGas,
        AnswersNonsense
    }

    error Stuck(uint256 detail);

    Fault public fault;
    bool private _paused;

    function setFault(Fault newFault) external {
        fault = newFault;
    }

    function isPauser(address) external pure returns (bool) {
        return true;
    }

    function paused() external view returns (bool) {
        if (fault == Fault.AnswersNonsense) {
            assembly {
                mstore(0, 7)
                return(0, 32)
            }
        }
        return _paused;
    }

    function pause() external {
        if (fault == Fault.Reverts) revert Stuck(42);
        if (fault == Fault.BurnsGas) while (true) _paused = !_paused;
        if (fault != Fault.DoesNothing) _paused = true;
    }

    function unpause() external {
        if (fault == Fault.Reverts) revert Stuck(43);
        if (fault != Fault.DoesNothing) _paused = false;
    }
}

/// @notice A contract account whose signatures are the digest itself.
contract ContractSigner {
    bool public agrees = true;

    function setAgrees(bool value) external {
        agrees = value;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return agrees && bytes32(signature) == hash ? this.isValidSignature.selector : bytes4(0);
    }

    function call(address target, bytes calldata data) external {
        (bool success,) = target.call(data);
        require(success);
    }
}

contract SystemPauseTest is Protocol {
    BrokenModule private broken;

    function setUp() public override {
        super.setUp();
        broken = new BrokenModule();
    }

    // --------------------------------------------------------------------------------------------- pause, resume

    function test_Guardian_can_pause_everything_and_never_resume() public {
        vm.prank(guardian);
        (uint256 changed, address[] memory failed) = systemPause.pauseAll();
        assertEq(changed, 4, "changed");
        assertEq(failed.length, 0, "failed");
        assertTrue(allPaused(), "all paused, FeePool included");

        vm.startPrank(guardian);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, guardian));
        systemPause.unpauseAll();
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, guardian));
        systemPause.unpauseModule(address(arena));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, guardian));
        systemPause.executeGovernanceCall(address(arena), abi.encodeCall(arena.unpause, ()));
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, guardian));
        arena.unpause();
        vm.stopPrank();
        assertTrue(allPaused(), "still paused");
    }

    function testFuzz_Pause_all_and_resume_all_work_from_every_mixed_state(uint8 state) public {
        address[] memory modules = systemPause.modules();
        uint256 running;
        for (uint256 i = 0; i < modules.length; ++i) {
            if ((state >> i) & 1 == 0) {
                ++running;
                continue;
            }
            vm.prank(governance);
            StakeManager(modules[i]).pause();
        }
        vm.prank(guardian);
        (uint256 changed,) = systemPause.pauseAll();
        assertEq(changed, running, "only what ran was stopped");
        assertTrue(allPaused(), "paused");

        for (uint256 i = 0; i < modules.length; ++i) {
            if ((state >> (4 + i)) & 1 == 0) continue;
            vm.prank(governance);
            systemPause.unpauseModule(modules[i]);
        }
        vm.prank(governance);
        systemPause.unpauseAll();
        (, bool[] memory isPaused, bool[] memory isKnown) = systemPause.pausedStates();
        for (uint256 i = 0; i < modules.length; ++i) {
            assertTrue(isKnown[i] && !isPaused[i], "running");
        }
    }

    function test_Pausing_and_resuming_twice_changes_nothing_the_second_time() public {
        vm.startPrank(governance);
        systemPause.pauseAll();
        (uint256 changed,) = systemPause.pauseAll();
        assertEq(changed, 0, "second pause");
        assertFalse(systemPause.pauseModule(address(arena)), "second pause of one");
        assertEq(systemPause.unpauseAll(), 4, "resume");
        assertEq(systemPause.unpauseAll(), 0, "second resume");
        assertFalse(systemPause.unpauseModule(address(arena)), "second resume of one");
        vm.stopPrank();
    }

    function test_Aggregate_events_say_who_and_how_many() public {
        vm.expectEmit(true, true, true, true, address(systemPause));
        emit SystemPause.SystemPaused(guardian, 4, 0);
        vm.prank(guardian);
        systemPause.pauseAll();
        vm.expectEmit(true, true, true, true, address(systemPause));
        emit SystemPause.SystemResumed(governance, 4);
        vm.prank(governance);
        systemPause.unpauseAll();
    }

    function test_Guardian_can_pause_some_modules_and_one_module() public {
        address[] memory some = new address[](2);
        some[0] = address(arena);
        some[1] = address(feePool);
        vm.startPrank(guardian);
        vm.expectEmit(true, true, true, true, address(systemPause));
        emit SystemPause.ModulesPaused(guardian, 2, 0);
        systemPause.pauseModules(some);
        assertTrue(arena.paused() && feePool.paused(), "paused");
        assertFalse(stakeManager.paused() || jobRegistry.paused(), "others run");
        assertTrue(systemPause.pauseModule(address(stakeManager)), "one more");
        vm.stopPrank();
    }

    function test_Nobody_else_can_pause_or_resume() public {
        address[] memory some = new address[](1);
        some[0] = address(arena);
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        systemPause.pauseAll();
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        systemPause.pauseModules(some);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        systemPause.pauseModule(address(arena));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger));
        systemPause.unpauseAll();
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        arena.pause();
        vm.stopPrank();
    }

    function test_SystemPause_has_no_right_in_modules_but_the_lever() public {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(systemPause)));
        vm.prank(governance);
        systemPause.executeGovernanceCall(address(stakeManager), abi.encodeCall(stakeManager.setFeePct, (5)));
    }

    // ----------------------------------------------------------------------------------------------- failures

    function testFuzz_A_broken_module_does_not_keep_the_others_running(uint8 choice) public {
        BrokenModule.Fault fault = BrokenModule.Fault(bound(choice, 1, 4));
        register(address(broken));
        broken.setFault(fault);
        vm.recordLogs();
        vm.prank(guardian);
        (uint256 changed, address[] memory failed) = systemPause.pauseAll();
        assertEq(changed, 4, "the sound ones stopped");
        assertEq(failed.length, 1, "one failed");
        assertEq(failed[0], address(broken), "which");
        assertTrue(arena.paused() && feePool.paused() && stakeManager.paused() && jobRegistry.paused(), "paused");
        (, bool[] memory isPaused, bool[] memory isKnown) = systemPause.pausedStates();
        assertEq(isKnown[4] ? 1 : 0, fault == BrokenModule.Fault.AnswersNonsense ? 0 : 1, "known");
        assertFalse(isPaused[4], "the broken one runs");
    }

    function test_A_failure_is_reported_with_the_modules_own_reason() public {
        register(address(broken));
        broken.setFault(BrokenModule.Fault.Reverts);
        bytes memory reason = abi.encodeWithSelector(BrokenModule.Stuck.selector, 42);
        vm.expectEmit(true, true, true, true, address(systemPause));
        emit SystemPause.PauseFailed(address(broken), reason);
        vm.expectEmit(true, true, true, true, address(systemPause));
        emit SystemPause.SystemPaused(guardian, 4, 1);
        vm.prank(guardian);
        systemPause.pauseAll();

        vm.expectRevert(abi.encodeWithSelector(SystemPause.ModuleCallFailed.selector, address(broken), reason));
        vm.prank(guardian);
        systemPause.pauseModule(address(broken));
    }

    function test_Resuming_is_all_or_nothing() public {
        register(address(broken));
        vm.startPrank(governance);
        systemPause.pauseAll();
        broken.setFault(BrokenModule.Fault.Reverts);
        bytes memory reason = abi.encodeWithSelector(BrokenModule.Stuck.selector, 43);
        vm.expectRevert(abi.encodeWithSelector(SystemPause.ModuleCallFailed.selector, address(broken), reason));
        systemPause.unpauseAll();
        assertTrue(arena.paused(), "nothing was resumed");
        systemPause.unpauseModule(address(arena));
        assertFalse(arena.paused(), "one by one still works");
        vm.stopPrank();
    }

    function test_An_unregistered_module_in_a_list_counts_as_failed() public {
        address[] memory some = new address[](2);
        some[0] = stranger;
        some[1] = address(arena);
        vm.prank(guardian);
        (uint256 changed, address[] memory failed) = systemPause.pauseModules(some);
        assertEq(changed, 1, "changed");
        assertEq(failed[0], stranger, "failed");
    }

    function test_A_module_whose_code_is_gone_is_unknown_and_failed() public {
        register(address(broken));
        vm.etch(address(broken), "");
        vm.prank(guardian);
        (, address[] memory failed) = systemPause.pauseAll();
        assertEq(failed.length, 1, "failed");
        (,, bool[] memory isKnown) = systemPause.pausedStates();
        assertFalse(isKnown[4], "unknown");
    }

    function test_Too_little_gas_is_an_error_and_not_a_failed_module() public {
        vm.prank(guardian);
        (bool success, bytes memory reason) =
            address(systemPause).call{gas: 280_000}(abi.encodeCall(systemPause.pauseAll, ()));
        assertFalse(success, "refused");
        assertEq(bytes32(bytes4(reason)), bytes32(SystemPause.InsufficientGas.selector), "reason");
        assertFalse(arena.paused(), "nothing happened");
    }

    function test_A_legacy_SystemPause_fails_from_a_mixed_state() public {
        PauseDouble legacy = new PauseDouble(governance, 2);
        LegacyModule first = legacy.modules()[1];
        vm.startPrank(governance);
        legacy.executeGovernanceCall(address(first), abi.encodeCall(first.pause, ()));
        vm.expectRevert(Pausable.EnforcedPause.selector);
        legacy.pauseAll();
        vm.expectRevert(Pausable.ExpectedPause.selector);
        legacy.unpauseAll();
        vm.stopPrank();
    }

    // ------------------------------------------------------------------------------------------ authorisations

    function test_Anybody_can_submit_a_guardians_authorisation_once() public {
        SystemPause.PauseAuthorization memory authorization = forEverything("a");
        bytes memory signature = signedByGuardian(authorization);
        vm.expectEmit(true, true, true, true, address(systemPause));
        emit SystemPause.AuthorizationUsed(guardian, "a", stranger);
        vm.prank(stranger);
        (uint256 changed,) = systemPause.pauseWithAuthorization(authorization, signature);
        assertEq(changed, 4, "changed");
        assertTrue(allPaused(), "paused");
        assertTrue(systemPause.authorizationSpent(guardian, "a"), "spent");

        vm.prank(governance);
        systemPause.unpauseAll();
        vm.expectRevert(abi.encodeWithSelector(SystemPause.AuthorizationSpent.selector, guardian, bytes32("a")));
        systemPause.pauseWithAuthorization(authorization, signature);
    }

    function test_An_authorisation_reaches_no_further_than_its_scope() public {
        SystemPause.PauseAuthorization memory authorization = forEverything("a");
        authorization.modules = new address[](1);
        authorization.modules[0] = address(arena);
        systemPause.pauseWithAuthorization(authorization, signedByGuardian(authorization));
        assertTrue(arena.paused(), "paused");
        assertFalse(stakeManager.paused(), "runs");
    }

    function test_An_authorisation_is_worthless_outside_its_window() public {
        SystemPause.PauseAuthorization memory authorization = forEverything("a");
        bytes memory signature = signedByGuardian(authorization);
        vm.warp(authorization.validAfter - 1);
        vm.expectPartialRevert(SystemPause.AuthorizationNotValidNow.selector);
        systemPause.pauseWithAuthorization(authorization, signature);
        vm.warp(authorization.validBefore);
        vm.expectPartialRevert(SystemPause.AuthorizationNotValidNow.selector);
        systemPause.pauseWithAuthorization(authorization, signature);
        vm.warp(authorization.validBefore - 1);
        systemPause.pauseWithAuthorization(authorization, signature);
    }

    function test_A_signer_can_revoke_an_authorisation() public {
        SystemPause.PauseAuthorization memory authorization = forEverything("a");
        bytes memory signature = signedByGuardian(authorization);
        vm.expectEmit(true, true, true, true, address(systemPause));
        emit SystemPause.AuthorizationRevoked(guardian, "a");
        vm.startPrank(guardian);
        systemPause.revokeAuthorization("a");
        vm.expectRevert(abi.encodeWithSelector(SystemPause.AuthorizationSpent.selector, guardian, bytes32("a")));
        systemPause.revokeAuthorization("a");
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(SystemPause.AuthorizationSpent.selector, guardian, bytes32("a")));
        systemPause.pauseWithAuthorization(authorization, signature);
    }

    function test_A_stranger_cannot_revoke_or_sign_for_a_guardian() public {
        vm.prank(stranger);
        systemPause.revokeAuthorization("a");
        assertFalse(systemPause.authorizationSpent(guardian, "a"), "the guardian's is untouched");

        SystemPause.PauseAuthorization memory authorization = forEverything("a");
        bytes memory signature = signed(0xBAD, authorization);
        vm.expectRevert(abi.encodeWithSelector(SystemPause.InvalidSignature.selector, guardian));
        systemPause.pauseWithAuthorization(authorization, signature);

        authorization.signer = vm.addr(0xBAD);
        signature = signed(0xBAD, authorization);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, vm.addr(0xBAD)));
        systemPause.pauseWithAuthorization(authorization, signature);
    }

    function test_A_dismissed_guardians_authorisations_are_worthless() public {
        SystemPause.PauseAuthorization memory authorization = forEverything("a");
        bytes memory signature = signedByGuardian(authorization);
        vm.prank(governance);
        systemPause.setGuardian(guardian, false);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, guardian));
        systemPause.pauseWithAuthorization(authorization, signature);
    }

    function testFuzz_A_changed_authorisation_is_refused(uint256 validAfter, uint256 validBefore, bytes32 salt) public {
        SystemPause.PauseAuthorization memory authorization = forEverything("a");
        bytes memory signature = signedByGuardian(authorization);
        validAfter = bound(validAfter, 0, block.timestamp);
        validBefore = bound(validBefore, block.timestamp + 1, type(uint256).max);
        vm.assume(
            validAfter != authorization.validAfter || validBefore != authorization.validBefore
                || salt != authorization.salt
        );
        authorization.validAfter = validAfter;
        authorization.validBefore = validBefore;
        authorization.salt = salt;
        vm.expectRevert(abi.encodeWithSelector(SystemPause.InvalidSignature.selector, guardian));
        systemPause.pauseWithAuthorization(authorization, signature);
    }

    function test_An_authorisation_holds_on_one_chain_only() public {
        SystemPause.PauseAuthorization memory authorization = forEverything("a");
        bytes memory signature = signedByGuardian(authorization);
        vm.chainId(5);
        vm.expectRevert(abi.encodeWithSelector(SystemPause.InvalidSignature.selector, guardian));
        systemPause.pauseWithAuthorization(authorization, signature);
    }

    function test_A_contract_guardian_signs_by_ERC_1271() public {
        ContractSigner signer = new ContractSigner();
        vm.prank(governance);
        systemPause.setGuardian(address(signer), true);
        SystemPause.PauseAuthorization memory authorization = forEverything("a");
        authorization.signer = address(signer);
        bytes memory signature = abi.encode(systemPause.authorizationDigest(authorization));
        signer.setAgrees(false);
        vm.expectRevert(abi.encodeWithSelector(SystemPause.InvalidSignature.selector, address(signer)));
        systemPause.pauseWithAuthorization(authorization, signature);
        signer.setAgrees(true);
        systemPause.pauseWithAuthorization(authorization, signature);
        assertTrue(allPaused(), "paused");
    }

    function test_An_authorisation_is_not_wasted_on_a_moment_when_it_does_nothing() public {
        vm.prank(guardian);
        systemPause.pauseAll();
        SystemPause.PauseAuthorization memory authorization = forEverything("a");
        bytes memory signature = signedByGuardian(authorization);
        vm.expectRevert(abi.encodeWithSelector(SystemPause.NothingPaused.selector, 0));
        systemPause.pauseWithAuthorization(authorization, signature);
        vm.prank(governance);
        systemPause.unpauseAll();
        systemPause.pauseWithAuthorization(authorization, signature);
        assertTrue(allPaused(), "paused");
    }

    function test_The_digest_is_that_of_EIP_712() public view {
        SystemPause.PauseAuthorization memory authorization = forEverything("a");
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("SystemPause"),
                keccak256("1"),
                block.chainid,
                address(systemPause)
            )
        );
        bytes32 structHash = keccak256(
            abi.encode(
                systemPause.PAUSE_AUTHORIZATION_TYPEHASH(),
                authorization.signer,
                keccak256(abi.encodePacked(authorization.modules)),
                authorization.validAfter,
                authorization.validBefore,
                authorization.salt
            )
        );
        assertEq(
            systemPause.authorizationDigest(authorization),
            keccak256(abi.encodePacked(hex"1901", domain, structHash)),
            "digest"
        );
    }

    // ------------------------------------------------------------------------------------- registry, governance

    function test_Only_governance_changes_the_registry_and_the_guardians() public {
        vm.startPrank(guardian);
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, guardian);
        vm.expectRevert(refusal);
        systemPause.addModule(address(broken));
        vm.expectRevert(refusal);
        systemPause.removeModule(address(arena));
        vm.expectRevert(refusal);
        systemPause.setGuardian(stranger, true);
        vm.expectRevert(refusal);
        systemPause.setGovernance(stranger);
        vm.expectRevert(refusal);
        systemPause.executeGovernanceCall(address(arena), hex"12345678");
        vm.stopPrank();
    }

    function test_A_module_is_registered_once_and_only_if_it_can_be_paused() public {
        vm.startPrank(governance);
        vm.expectRevert(abi.encodeWithSelector(SystemPause.ModuleAlreadyAdded.selector, address(arena)));
        systemPause.addModule(address(arena));
        vm.expectRevert(ZeroAddress.selector);
        systemPause.addModule(address(0));
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        systemPause.addModule(stranger);
        SystemPause other = new SystemPause(address(this), new address[](0));
        StakeManager foreign = new StakeManager(address(this), address(other), token, treasury);
        vm.expectRevert(abi.encodeWithSelector(SystemPause.ModuleRefusesPause.selector, address(foreign)));
        systemPause.addModule(address(foreign));
        vm.stopPrank();
    }

    function test_The_registry_is_enumerable_and_bounded() public {
        assertEq(systemPause.moduleCount(), 4, "count");
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(systemPause));
        emit SystemPause.ModuleRemoved(address(arena));
        systemPause.removeModule(address(arena));
        assertFalse(systemPause.isModule(address(arena)), "removed");
        vm.expectRevert(abi.encodeWithSelector(SystemPause.UnknownModule.selector, address(arena)));
        systemPause.removeModule(address(arena));
        vm.expectRevert(abi.encodeWithSelector(SystemPause.UnknownModule.selector, address(arena)));
        systemPause.unpauseModule(address(arena));
        for (uint256 i = systemPause.moduleCount(); i < systemPause.MAX_MODULES(); ++i) {
            systemPause.addModule(address(new BrokenModule()));
        }
        vm.expectRevert(abi.encodeWithSelector(SystemPause.TooManyModules.selector, 64));
        systemPause.addModule(address(arena));
        uint256 before = gasleft();
        systemPause.pauseAll();
        assertLe(before - gasleft(), 10_000_000, "gas of the fullest registry");
        vm.stopPrank();
    }

    function test_Guardians_are_enumerable_and_every_change_shows_old_and_new() public {
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(systemPause));
        emit SystemPause.GuardianUpdated(stranger, false, true);
        systemPause.setGuardian(stranger, true);
        vm.expectEmit(true, true, true, true, address(systemPause));
        emit SystemPause.GuardianUpdated(stranger, true, true);
        systemPause.setGuardian(stranger, true);
        assertEq(systemPause.guardians().length, 2, "two");
        vm.expectEmit(true, true, true, true, address(systemPause));
        emit SystemPause.GuardianUpdated(guardian, true, false);
        systemPause.setGuardian(guardian, false);
        assertFalse(systemPause.isGuardian(guardian), "dismissed");
        vm.expectRevert(ZeroAddress.selector);
        systemPause.setGuardian(address(0), true);
        vm.stopPrank();
    }

    function test_Governance_changes_hands_in_two_steps_and_cannot_be_given_up() public {
        vm.startPrank(governance);
        vm.expectRevert(Governed.OwnershipCannotBeRenounced.selector);
        systemPause.renounceOwnership();
        systemPause.setGovernance(stranger);
        assertEq(systemPause.governance(), governance, "not yet");
        assertEq(systemPause.pendingOwner(), stranger, "pending");
        vm.stopPrank();
        vm.prank(stranger);
        systemPause.acceptOwnership();
        assertEq(systemPause.governance(), stranger, "accepted");
    }

    function test_Governance_calls_reach_registered_modules_and_bubble_their_reasons() public {
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(systemPause));
        emit SystemPause.GovernanceCallExecuted(address(arena), arena.pause.selector, "");
        systemPause.executeGovernanceCall(address(arena), abi.encodeCall(arena.pause, ()));
        assertTrue(arena.paused(), "paused");
        vm.expectRevert(Pausable.EnforcedPause.selector);
        systemPause.executeGovernanceCall(address(arena), abi.encodeCall(arena.pause, ()));
        vm.expectRevert(abi.encodeWithSelector(SystemPause.UnknownModule.selector, address(token)));
        systemPause.executeGovernanceCall(address(token), abi.encodeCall(arena.pause, ()));
        vm.expectRevert(SystemPause.MissingSelector.selector);
        systemPause.executeGovernanceCall(address(arena), hex"1234");
        vm.stopPrank();
    }

    function test_A_module_that_SystemPause_owns_is_governed_through_it() public {
        vm.startPrank(governance);
        stakeManager.transferOwnership(address(systemPause));
        systemPause.executeGovernanceCall(address(stakeManager), abi.encodeCall(stakeManager.acceptOwnership, ()));
        systemPause.executeGovernanceCall(address(stakeManager), abi.encodeCall(stakeManager.setFeePct, (5)));
        vm.stopPrank();
        assertEq(stakeManager.feePct(), 5, "set");
    }

    function test_A_module_follows_a_new_SystemPause() public {
        SystemPause next = new SystemPause(governance, new address[](0));
        vm.startPrank(governance);
        arena.setSystemPause(address(next));
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        arena.setSystemPause(stranger);
        vm.expectRevert(ZeroAddress.selector);
        arena.setSystemPause(address(0));
        next.addModule(address(arena));
        next.pauseAll();
        vm.stopPrank();
        assertTrue(arena.paused(), "paused by the new one");
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger));
        vm.prank(stranger);
        arena.setSystemPause(address(next));
    }

    function test_FeePool_alone_needs_governance_and_JobRegistry_alone_its_pauser() public {
        vm.startPrank(pauser);
        jobRegistry.pause();
        assertTrue(jobRegistry.paused(), "paused by PAUSER_ROLE");
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, pauser));
        jobRegistry.unpause();
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, pauser));
        feePool.pause();
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, guardian));
        vm.prank(guardian);
        feePool.pause();
        vm.startPrank(governance);
        feePool.pause();
        feePool.unpause();
        jobRegistry.unpause();
        vm.stopPrank();
    }

    // ------------------------------------------------------------------------------------------------- support

    function register(address module) private {
        vm.prank(governance);
        systemPause.addModule(module);
    }

    function allPaused() private view returns (bool result) {
        (address[] memory all, bool[] memory isPaused, bool[] memory isKnown) = systemPause.pausedStates();
        result = true;
        for (uint256 i = 0; i < all.length; ++i) {
            result = result && isPaused[i] && isKnown[i];
        }
    }

    function forEverything(bytes32 salt) private view returns (SystemPause.PauseAuthorization memory) {
        return SystemPause.PauseAuthorization({
            signer: guardian, modules: new address[](0), validAfter: START, validBefore: START + 30 days, salt: salt
        });
    }

    function signedByGuardian(SystemPause.PauseAuthorization memory authorization) private view returns (bytes memory) {
        return signed(GUARDIAN_KEY, authorization);
    }

    function signed(uint256 key, SystemPause.PauseAuthorization memory authorization)
        private
        view
        returns (bytes memory)
    {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, systemPause.authorizationDigest(authorization));
        return abi.encodePacked(r, s, v);
    }
}
