// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {JobRules} from "../src/base/JobRules.sol";
import {ArenaRules} from "../src/base/ArenaRules.sol";
import {IArenaRounds} from "../src/interfaces/IArenaRounds.sol";
import {NoCode, ZeroAddress} from "../src/base/Errors.sol";
import {IdentityRegistry} from "../src/IdentityRegistry.sol";
import {IEns, INameWrapper} from "../src/interfaces/IEns.sol";
import {IIdentityRegistry, Kind} from "../src/interfaces/IIdentityRegistry.sol";
import {IReputationEngine} from "../src/interfaces/IReputationEngine.sol";
import {Role} from "../src/interfaces/IStakeManager.sol";
import {JobRegistry} from "../src/JobRegistry.sol";
import {ReputationEngine} from "../src/ReputationEngine.sol";
import {SelfPlayArena} from "../src/SelfPlayArena.sol";
import {Protocol} from "./Protocol.sol";

contract NameDouble is IEns, INameWrapper {
    mapping(bytes32 => address) private _owners;
    mapping(uint256 => address) private _wrapped;

    function setOwner(bytes32 node, address owner_) external {
        _owners[node] = owner_;
    }

    function setWrapped(uint256 id, address owner_) external {
        _wrapped[id] = owner_;
    }

    function owner(bytes32 node) external view returns (address) {
        return _owners[node];
    }

    function ownerOf(uint256 id) external view returns (address) {
        require(_wrapped[id] != address(0), "expired");
        return _wrapped[id];
    }
}

contract IdentityRegistryTest is Protocol {
    bytes32 private constant ROOT = keccak256("agent.agi.eth");
    bytes32 private constant ALPHA = keccak256("alpha.agent.agi.eth");

    IdentityRegistry private identity;
    NameDouble private ens;
    NameDouble private wrapper;

    function setUp() public override {
        super.setUp();
        ens = new NameDouble();
        wrapper = new NameDouble();
        identity = new IdentityRegistry(governance);
        vm.startPrank(governance);
        identity.setENS(ens);
        identity.setNameWrapper(wrapper);
        identity.setRootNode(Kind.Agent, ROOT);
        identity.setRootNodeAlias(Kind.Agent, ALPHA, true);
        vm.stopPrank();
    }

    function test_A_name_counts_as_long_as_its_account_owns_it() public {
        bytes32 node = nodeOf(ROOT, "ada");
        vm.prank(agent);
        vm.expectRevert(abi.encodeWithSelector(IdentityRegistry.NotNameOwner.selector, agent, node));
        identity.registerName(Kind.Agent, ROOT, "ada");
        ens.setOwner(node, agent);
        vm.prank(agent);
        identity.registerName(Kind.Agent, ROOT, "ada");
        assertTrue(identity.isAuthorized(Kind.Agent, agent), "authorised");
        assertFalse(identity.isAuthorized(Kind.Validator, agent), "as an agent only");
        assertEq(identity.registrationOf(Kind.Agent, agent).parent, ROOT, "on record");
        ens.setOwner(node, stranger);
        assertFalse(identity.isAuthorized(Kind.Agent, agent), "sold");
    }

    function test_A_wrapped_name_belongs_to_whom_the_wrapper_says() public {
        bytes32 node = nodeOf(ALPHA, "ada");
        ens.setOwner(node, address(wrapper));
        wrapper.setWrapped(uint256(node), agent);
        vm.prank(agent);
        identity.registerName(Kind.Agent, ALPHA, "ada");
        assertTrue(identity.isAuthorized(Kind.Agent, agent), "authorised");
        wrapper.setWrapped(uint256(node), address(0));
        assertFalse(identity.isAuthorized(Kind.Agent, agent), "expired");
        wrapper.setWrapped(uint256(node), agent);
        vm.startPrank(governance);
        identity.setENS(IEns(address(0)));
        assertFalse(identity.isAuthorized(Kind.Agent, agent), "names count no longer");
        identity.setENS(ens);
        identity.setRootNodeAlias(Kind.Agent, ALPHA, false);
        vm.stopPrank();
        assertFalse(identity.isAuthorized(Kind.Agent, agent), "the root node counts no longer");
    }

    function test_Only_names_under_known_roots_count() public {
        vm.startPrank(agent);
        vm.expectRevert(abi.encodeWithSelector(IdentityRegistry.UnknownRootNode.selector, Kind.Validator, ROOT));
        identity.registerName(Kind.Validator, ROOT, "ada");
        vm.expectRevert(IdentityRegistry.EmptyNode.selector);
        identity.registerName(Kind.Agent, ROOT, "");
        vm.stopPrank();
        assertFalse(identity.isRootNode(Kind.Agent, 0), "nothing is no root");
    }

    function testFuzz_A_proof_counts_as_long_as_its_root_does(address other) public {
        vm.assume(other != agent);
        bytes32 mine = identity.merkleLeaf(Kind.Validator, agent);
        bytes32 sibling = identity.merkleLeaf(Kind.Validator, other);
        bytes32 root = mine < sibling ? keccak256(abi.encode(mine, sibling)) : keccak256(abi.encode(sibling, mine));
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = sibling;
        vm.prank(agent);
        vm.expectRevert(abi.encodeWithSelector(IdentityRegistry.InvalidProof.selector, Kind.Validator, agent));
        identity.registerProof(Kind.Validator, proof);
        vm.prank(governance);
        identity.setMerkleRoot(Kind.Validator, root);
        vm.prank(agent);
        identity.registerProof(Kind.Validator, proof);
        assertTrue(identity.isAuthorized(Kind.Validator, agent), "authorised");
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IdentityRegistry.InvalidProof.selector, Kind.Validator, stranger));
        identity.registerProof(Kind.Validator, proof);
        vm.prank(governance);
        identity.setMerkleRoot(Kind.Validator, "next");
        assertFalse(identity.isAuthorized(Kind.Validator, agent), "the old root counts no longer");
    }

    function test_The_blacklist_outranks_the_allowlist() public {
        ReputationEngine reputation = new ReputationEngine(governance, jobRegistry);
        vm.startPrank(governance);
        identity.setAllowed(Kind.Agent, agent, true);
        assertTrue(identity.isAuthorized(Kind.Agent, agent), "allowed");
        identity.setReputationEngine(reputation);
        reputation.setBlacklist(agent, true);
        assertFalse(identity.isAuthorized(Kind.Agent, agent), "barred");
        identity.setReputationEngine(IReputationEngine(address(0)));
        assertTrue(identity.isAuthorized(Kind.Agent, agent), "no blacklist");
        identity.setAllowed(Kind.Agent, agent, false);
        assertFalse(identity.isAuthorized(Kind.Agent, agent), "taken off");
        vm.stopPrank();
    }

    function test_Every_setter_shows_old_and_new_and_refuses_nonsense() public {
        vm.startPrank(governance);
        expect();
        emit IdentityRegistry.EnsUpdated(address(ens), address(0));
        identity.setENS(IEns(address(0)));
        expect();
        emit IdentityRegistry.NameWrapperUpdated(address(wrapper), address(0));
        identity.setNameWrapper(INameWrapper(address(0)));
        expect();
        emit IdentityRegistry.RootNodeUpdated(Kind.Agent, ROOT, ALPHA);
        identity.setRootNode(Kind.Agent, ALPHA);
        expect();
        emit IdentityRegistry.RootNodeAliasUpdated(Kind.Agent, ALPHA, true, true);
        identity.setRootNodeAlias(Kind.Agent, ALPHA, true);
        expect();
        emit IdentityRegistry.MerkleRootUpdated(Kind.Agent, 0, "m");
        identity.setMerkleRoot(Kind.Agent, "m");
        expect();
        emit IdentityRegistry.AllowlistUpdated(Kind.Agent, agent, false, true);
        identity.setAllowed(Kind.Agent, agent, true);
        expect();
        emit IdentityRegistry.ReputationEngineUpdated(address(0), address(token));
        identity.setReputationEngine(IReputationEngine(address(token)));
        assertEq(identity.allowlist(Kind.Agent)[0], agent, "allowlist");
        assertEq(identity.rootNodeAliases(Kind.Agent)[0], ALPHA, "aliases");

        vm.expectRevert(IdentityRegistry.EmptyNode.selector);
        identity.setRootNodeAlias(Kind.Agent, 0, true);
        vm.expectRevert(ZeroAddress.selector);
        identity.setAllowed(Kind.Agent, address(0), true);
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        identity.setENS(IEns(stranger));
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        identity.setNameWrapper(INameWrapper(stranger));
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        identity.setReputationEngine(IReputationEngine(stranger));
        for (uint256 i = 1; i < 16; ++i) {
            identity.setRootNodeAlias(Kind.Agent, bytes32(i), true);
        }
        vm.expectRevert(abi.encodeWithSelector(IdentityRegistry.TooManyAliases.selector, 16));
        identity.setRootNodeAlias(Kind.Agent, "one more", true);
        vm.stopPrank();
    }

    function test_Only_governance_sets_parameters() public {
        vm.startPrank(stranger);
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.expectRevert(refusal);
        identity.setENS(ens);
        vm.expectRevert(refusal);
        identity.setNameWrapper(wrapper);
        vm.expectRevert(refusal);
        identity.setReputationEngine(IReputationEngine(address(0)));
        vm.expectRevert(refusal);
        identity.setRootNode(Kind.Agent, 0);
        vm.expectRevert(refusal);
        identity.setRootNodeAlias(Kind.Agent, ROOT, true);
        vm.expectRevert(refusal);
        identity.setMerkleRoot(Kind.Agent, 0);
        vm.expectRevert(refusal);
        identity.setAllowed(Kind.Agent, stranger, true);
        vm.expectRevert(refusal);
        jobRegistry.setIdentityRegistry(identity);
        vm.expectRevert(refusal);
        arena.setIdentityRegistry(identity);
        vm.stopPrank();
    }

    function test_Jobs_and_rounds_are_for_those_who_are_known() public {
        deposit(agent, Role.Agent, 50e18);
        fund(employer, address(jobRegistry), 10e18);
        vm.prank(employer);
        uint256 jobId = jobRegistry.createJob(10e18, 1 days, "s", "");
        fillPool(1_000e18);
        address[] memory students = new address[](1);
        students[0] = agent;
        address[] memory validators = new address[](3);
        for (uint256 i = 0; i < 3; ++i) {
            validators[i] = numbered("validator", i);
            deposit(validators[i], Role.Validator, 200e18);
        }
        vm.prank(orchestrator);
        uint256 roundId = arena.startRound(1, employer, students, validators);

        vm.startPrank(governance);
        expectFrom(address(jobRegistry));
        emit JobRules.IdentityRegistryUpdated(address(0), address(identity));
        jobRegistry.setIdentityRegistry(identity);
        expectFrom(address(arena));
        emit ArenaRules.IdentityRegistryUpdated(address(0), address(identity));
        arena.setIdentityRegistry(identity);
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        jobRegistry.setIdentityRegistry(IIdentityRegistry(stranger));
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        arena.setIdentityRegistry(IIdentityRegistry(stranger));
        vm.stopPrank();
        vm.startPrank(agent);
        vm.expectRevert(abi.encodeWithSelector(JobRegistry.NotAnAgent.selector, agent));
        jobRegistry.applyForJob(jobId);
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.NotAuthorized.selector, agent, Kind.Agent));
        arena.joinRound(roundId);
        vm.stopPrank();
        vm.prank(validators[0]);
        vm.expectRevert(abi.encodeWithSelector(IArenaRounds.NotAuthorized.selector, validators[0], Kind.Validator));
        arena.joinRound(roundId);

        vm.startPrank(governance);
        identity.setAllowed(Kind.Agent, agent, true);
        identity.setAllowed(Kind.Validator, validators[0], true);
        vm.stopPrank();
        vm.startPrank(agent);
        jobRegistry.applyForJob(jobId);
        arena.joinRound(roundId);
        vm.stopPrank();
        vm.prank(validators[0]);
        arena.joinRound(roundId);
        vm.startPrank(governance);
        jobRegistry.setIdentityRegistry(IIdentityRegistry(address(0)));
        arena.setIdentityRegistry(IIdentityRegistry(address(0)));
        vm.stopPrank();
        vm.prank(validators[1]);
        arena.joinRound(roundId);
    }

    function nodeOf(bytes32 parent, string memory label) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(parent, keccak256(bytes(label))));
    }

    function expect() private {
        expectFrom(address(identity));
    }

    function expectFrom(address emitter) private {
        vm.expectEmit(true, true, true, true, emitter);
    }
}
