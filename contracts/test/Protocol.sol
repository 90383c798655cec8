// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AgiToken} from "../src/AgiToken.sol";
import {FeePool} from "../src/FeePool.sol";
import {JobRegistry} from "../src/JobRegistry.sol";
import {SelfPlayArena} from "../src/SelfPlayArena.sol";
import {StakeManager} from "../src/StakeManager.sol";
import {SystemPause} from "../src/SystemPause.sol";
import {Role} from "../src/interfaces/IStakeManager.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Test} from "./Test.sol";

/// @notice The protocol, deployed and wired as on a network, and handed over to governance.
abstract contract Protocol is Test {
    uint256 internal constant START = 1_750_000_000;
    uint256 internal constant GUARDIAN_KEY = 0xA11CE;

    address internal immutable governance = account("governance");
    address internal immutable treasury = account("treasury");
    address internal immutable orchestrator = account("orchestrator");
    address internal immutable pauser = account("pauser");
    address internal immutable guardian = vm.addr(GUARDIAN_KEY);
    address internal immutable employer = account("employer");
    address internal immutable agent = account("agent");
    address internal immutable platform = account("platform");
    address internal immutable stranger = account("stranger");
    address internal immutable moderator = account("moderator");
    address internal immutable validation = account("validation");

    AgiToken internal token;
    SystemPause internal systemPause;
    StakeManager internal stakeManager;
    FeePool internal feePool;
    JobRegistry internal jobRegistry;
    SelfPlayArena internal arena;

    function setUp() public virtual {
        vm.warp(START);
        token = new AgiToken(address(this), 1_000_000_000e18);
        address[] memory guardians = new address[](1);
        guardians[0] = guardian;
        systemPause = new SystemPause(address(this), guardians);
        stakeManager = new StakeManager(address(this), address(systemPause), token, treasury);
        feePool = new FeePool(address(this), address(systemPause), token, stakeManager, treasury);
        jobRegistry = new JobRegistry(address(this), address(systemPause), token, stakeManager);
        arena = new SelfPlayArena(address(this), address(systemPause), stakeManager, feePool);

        stakeManager.setLockManager(Role.Agent, address(jobRegistry), true);
        stakeManager.setSlasher(address(jobRegistry), true);
        stakeManager.setValidatorLockManager(address(arena), true);
        stakeManager.setSlasher(address(arena), true);
        stakeManager.setTreasurySlasher(address(arena), true);
        stakeManager.setFeePool(feePool);
        stakeManager.setMinStake(Role.Agent, 10e18);
        stakeManager.setMinStake(Role.Validator, 10e18);
        feePool.setRewarder(address(arena), true);
        jobRegistry.setFeePool(feePool);
        jobRegistry.setDisputeModule(moderator);
        jobRegistry.setJobStake(10e18);
        jobRegistry.grantRole(jobRegistry.PAUSER_ROLE(), pauser);
        arena.setOrchestrator(orchestrator, true);

        systemPause.addModule(address(stakeManager));
        systemPause.addModule(address(feePool));
        systemPause.addModule(address(jobRegistry));
        systemPause.addModule(address(arena));

        handOver(systemPause);
        handOver(stakeManager);
        handOver(feePool);
        handOver(jobRegistry);
        handOver(arena);
    }

    function handOver(Ownable2Step module) internal {
        module.transferOwnership(governance);
        vm.prank(governance);
        module.acceptOwnership();
    }

    /// @dev Gives `user` tokens and lets `spender` take them.
    function fund(address user, address spender, uint256 amount) internal {
        token.transfer(user, amount);
        vm.prank(user);
        token.approve(spender, amount);
    }

    function deposit(address user, Role role, uint256 amount) internal {
        fund(user, address(stakeManager), amount);
        vm.prank(user);
        stakeManager.depositStake(role, amount);
    }

    function fillPool(uint256 amount) internal {
        token.approve(address(feePool), amount);
        feePool.contribute(amount);
    }

    function numbered(string memory name, uint256 index) internal returns (address) {
        return
            account(string.concat(name, "-", string(abi.encodePacked(uint8(48 + index / 10), uint8(48 + index % 10)))));
    }
}
