// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IEntryPointStake} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {NoCode, Unauthorized, ZeroAddress} from "../src/base/Errors.sol";
import {Governed} from "../src/base/Governed.sol";
import {PausableModule} from "../src/base/PausableModule.sol";
import {TreasuryAccount} from "../src/base/TreasuryAccount.sol";
import {IBurnableToken} from "../src/interfaces/IBurnableToken.sol";
import {IStakeManager, Role} from "../src/interfaces/IStakeManager.sol";
import {FeePool} from "../src/FeePool.sol";
import {Paymaster} from "../src/Paymaster.sol";
import {StakeManager} from "../src/StakeManager.sol";
import {SystemPause} from "../src/SystemPause.sol";
import {FullProtocol} from "./FullProtocol.sol";

/// @notice What holds for every module alike.
contract AuthorityTest is FullProtocol {
    Paymaster private paymaster;
    address[] private owned;

    function setUp() public override {
        super.setUp();
        paymaster = new Paymaster(governance, address(systemPause), IEntryPointStake(address(token)), treasury);
        vm.prank(governance);
        systemPause.addModule(address(paymaster));
        owned = systemPause.modules();
        owned.push(address(systemPause));
        owned.push(address(taxPolicy));
        owned.push(address(reputation));
        owned.push(address(identity));
        owned.push(address(monitor));
        owned.push(address(configurator));
    }

    function test_Ownership_is_never_given_up_and_changes_hands_in_two_steps() public {
        for (uint256 i = 0; i < owned.length; ++i) {
            Ownable2Step module = Ownable2Step(owned[i]);
            assertEq(module.owner(), governance, "governance");
            vm.startPrank(governance);
            vm.expectRevert(Governed.OwnershipCannotBeRenounced.selector);
            module.renounceOwnership();
            module.transferOwnership(stranger);
            vm.stopPrank();
            assertEq(module.owner(), governance, "not yet");
            vm.prank(employer);
            vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, employer));
            module.acceptOwnership();
            vm.prank(stranger);
            module.acceptOwnership();
            assertEq(module.owner(), stranger, "accepted");
            assertEq(module.pendingOwner(), address(0), "no longer pending");
            vm.prank(governance);
            vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, governance));
            module.transferOwnership(governance);
        }
    }

    function test_Nothing_is_left_with_the_deployer() public view {
        address deployer = address(this);
        for (uint256 i = 0; i < owned.length; ++i) {
            assertTrue(Ownable2Step(owned[i]).owner() != deployer, "owner");
            assertTrue(Ownable2Step(owned[i]).pendingOwner() != deployer, "pending owner");
        }
        assertFalse(systemPause.isGuardian(deployer), "guardian");
        assertFalse(arena.orchestrators(deployer), "orchestrator");
        assertFalse(feePool.rewarders(deployer), "rewarder");
        for (uint256 r = 0; r < 3; ++r) {
            assertFalse(stakeManager.isLockManager(Role(r), deployer), "lock manager");
        }
        assertEq(stakeManager.slashers().length, 3, "slashers are contracts");
        assertEq(stakeManager.treasurySlashers().length, 2, "treasury slashers are contracts");
        assertFalse(jobRegistry.hasRole(jobRegistry.DEFAULT_ADMIN_ROLE(), deployer), "admin");
        assertFalse(jobRegistry.hasRole(jobRegistry.PAUSER_ROLE(), deployer), "pauser");
    }

    function test_Guardians_stop_every_module_and_only_governance_resumes_each() public {
        address[] memory modules = systemPause.modules();
        assertEq(modules.length, 12, "all that move value or start work");
        uint256 before = gasleft();
        vm.prank(guardian);
        (uint256 changed, address[] memory failed) = systemPause.pauseAll();
        assertLe(before - gasleft(), 700_000, "gas of stopping everything");
        assertTrue(changed == 12 && failed.length == 0, "all stopped");
        for (uint256 i = 0; i < modules.length; ++i) {
            PausableModule module = PausableModule(modules[i]);
            assertTrue(module.paused(), "paused");
            address[5] memory others = [guardian, orchestrator, pauser, stranger, operator];
            for (uint256 j = 0; j < others.length; ++j) {
                vm.prank(others[j]);
                vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, others[j]));
                module.unpause();
            }
            vm.prank(governance);
            module.unpause();
            vm.prank(stranger);
            vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
            module.pause();
            vm.prank(governance);
            module.pause();
        }
        vm.prank(governance);
        assertEq(systemPause.unpauseAll(), 12, "all resumed");
    }

    function testFuzz_Every_clock_stands_still_while_its_module_is_paused_and_runs_otherwise(
        uint32[4] memory running,
        uint32[4] memory stopped
    ) public {
        address[] memory modules = systemPause.modules();
        uint256 ran;
        uint256 stood;
        for (uint256 i = 0; i < 4; ++i) {
            vm.warp(block.timestamp + running[i]);
            ran += running[i];
            vm.prank(guardian);
            systemPause.pauseAll();
            vm.warp(block.timestamp + stopped[i]);
            stood += stopped[i];
            for (uint256 m = 0; m < modules.length; ++m) {
                assertEq(PausableModule(modules[m]).pausedSeconds(), stood, "stood, while paused");
            }
            vm.prank(governance);
            systemPause.unpauseAll();
        }
        for (uint256 m = 0; m < modules.length; ++m) {
            assertEq(PausableModule(modules[m]).protocolTime(), START + ran, "ran");
            assertEq(PausableModule(modules[m]).pausedSeconds(), stood, "stood");
        }
    }

    function test_Constructors_refuse_addresses_that_cannot_be_what_they_must() public {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableInvalidOwner.selector, address(0)));
        new SystemPause(address(0), new address[](0));
        address[] memory nobody = new address[](1);
        vm.expectRevert(ZeroAddress.selector);
        new SystemPause(governance, nobody);
        vm.expectRevert(ZeroAddress.selector);
        new StakeManager(governance, address(0), token, treasury);
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        new StakeManager(governance, address(systemPause), IBurnableToken(stranger), treasury);
        vm.expectRevert(abi.encodeWithSelector(TreasuryAccount.TreasuryConflict.selector, governance));
        new StakeManager(governance, address(systemPause), token, governance);
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        new FeePool(governance, address(systemPause), token, IStakeManager(stranger), treasury);
        StakeManager unset = new StakeManager(governance, address(systemPause), token, address(0));
        assertEq(unset.treasury(), address(0), "a treasury can wait");
    }
}
