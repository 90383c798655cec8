// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {JobRules} from "../src/base/JobRules.sol";
import {NoCode, Unauthorized, ZeroAddress} from "../src/base/Errors.sol";
import {ITaxPolicy} from "../src/interfaces/ITaxPolicy.sol";
import {Role} from "../src/interfaces/IStakeManager.sol";
import {JobRegistry} from "../src/JobRegistry.sol";
import {StakeManager} from "../src/StakeManager.sol";
import {TaxPolicy} from "../src/TaxPolicy.sol";
import {Protocol} from "./Protocol.sol";

contract TaxPolicyTest is Protocol {
    TaxPolicy private policy;

    function setUp() public override {
        super.setUp();
        policy = new TaxPolicy(governance, "ipfs://policy", "I owe my own taxes.");
    }

    function test_A_correction_of_wording_keeps_acknowledgements_and_a_new_version_does_not() public {
        vm.prank(agent);
        policy.acknowledge();
        assertTrue(policy.hasAcknowledged(agent), "acknowledged");
        assertFalse(policy.hasAcknowledged(employer), "nobody else");
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(policy));
        emit TaxPolicy.PolicyUpdated("ipfs://policy", "I owe my own taxes.", "ipfs://policy2", "I do.");
        policy.setPolicy("ipfs://policy2", "I do.");
        assertTrue(policy.hasAcknowledged(agent), "still");
        vm.expectEmit(true, true, true, true, address(policy));
        emit TaxPolicy.PolicyVersionUpdated(1, 2);
        policy.bumpPolicyVersion();
        vm.stopPrank();
        assertFalse(policy.hasAcknowledged(agent), "asked again");
    }

    function test_Acknowledgers_acknowledge_for_others() public {
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        policy.acknowledgeFor(agent);
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(policy));
        emit TaxPolicy.AcknowledgerUpdated(stranger, false, true);
        policy.setAcknowledger(stranger, true);
        vm.expectRevert(ZeroAddress.selector);
        policy.setAcknowledger(address(0), true);
        vm.stopPrank();
        assertTrue(policy.acknowledgers(stranger) && policy.acknowledgerList().length == 1, "listed");
        vm.prank(stranger);
        policy.acknowledgeFor(agent);
        assertTrue(policy.hasAcknowledged(agent), "acknowledged");
    }

    function test_An_acknowledgement_is_withdrawn_by_its_account_or_by_governance() public {
        vm.prank(agent);
        policy.acknowledge();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        policy.revokeAcknowledgement(agent);
        vm.prank(governance);
        policy.revokeAcknowledgement(agent);
        assertFalse(policy.hasAcknowledged(agent), "withdrawn");
        vm.startPrank(agent);
        policy.acknowledge();
        policy.revokeAcknowledgement(agent);
        vm.stopPrank();
        assertFalse(policy.hasAcknowledged(agent), "withdrawn again");
    }

    function test_Only_governance_sets_the_policy() public {
        vm.startPrank(stranger);
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.expectRevert(refusal);
        policy.setPolicy("", "");
        vm.expectRevert(refusal);
        policy.bumpPolicyVersion();
        vm.expectRevert(refusal);
        policy.setAcknowledger(stranger, true);
        vm.expectRevert(refusal);
        stakeManager.setTaxPolicy(policy);
        vm.expectRevert(refusal);
        jobRegistry.setTaxPolicy(policy);
        vm.stopPrank();
    }

    function test_Starting_needs_an_acknowledgement_and_leaving_does_not() public {
        deposit(agent, Role.Agent, 50e18);
        fund(employer, address(jobRegistry), 30e18);
        vm.prank(employer);
        uint256 jobId = jobRegistry.createJob(10e18, 1 days, "s", "");
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(stakeManager));
        emit StakeManager.TaxPolicyUpdated(address(0), address(policy));
        stakeManager.setTaxPolicy(policy);
        vm.expectEmit(true, true, true, true, address(jobRegistry));
        emit JobRules.TaxPolicyUpdated(address(0), address(policy));
        jobRegistry.setTaxPolicy(policy);
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        jobRegistry.setTaxPolicy(ITaxPolicy(stranger));
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        stakeManager.setTaxPolicy(ITaxPolicy(stranger));
        vm.stopPrank();

        vm.prank(employer);
        vm.expectRevert(abi.encodeWithSelector(JobRegistry.TaxPolicyNotAcknowledged.selector, employer));
        jobRegistry.createJob(10e18, 1 days, "s", "");
        vm.startPrank(agent);
        vm.expectRevert(abi.encodeWithSelector(JobRegistry.TaxPolicyNotAcknowledged.selector, agent));
        jobRegistry.applyForJob(jobId);
        vm.expectRevert(abi.encodeWithSelector(StakeManager.TaxPolicyNotAcknowledged.selector, agent));
        stakeManager.depositStake(Role.Agent, 1);
        stakeManager.requestWithdraw(Role.Agent, 20e18);
        vm.warp(block.timestamp + 7 days);
        stakeManager.finalizeWithdraw(Role.Agent);
        policy.acknowledge();
        jobRegistry.applyForJob(jobId);
        vm.stopPrank();
        vm.prank(governance);
        policy.bumpPolicyVersion();
        vm.prank(agent);
        jobRegistry.submit(jobId, "r", "");
        vm.startPrank(governance);
        stakeManager.setTaxPolicy(ITaxPolicy(address(0)));
        jobRegistry.setTaxPolicy(ITaxPolicy(address(0)));
        vm.stopPrank();
        vm.prank(employer);
        jobRegistry.createJob(10e18, 1 days, "s", "");
    }
}
