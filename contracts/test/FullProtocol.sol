// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DisputeModule} from "../src/DisputeModule.sol";
import {EnergyOracle} from "../src/EnergyOracle.sol";
import {HamiltonianMonitor} from "../src/HamiltonianMonitor.sol";
import {IdentityRegistry} from "../src/IdentityRegistry.sol";
import {JobRouter} from "../src/JobRouter.sol";
import {OwnerConfigurator} from "../src/OwnerConfigurator.sol";
import {ReputationEngine} from "../src/ReputationEngine.sol";
import {RewardEngine} from "../src/RewardEngine.sol";
import {TaxPolicy} from "../src/TaxPolicy.sol";
import {Thermostat} from "../src/Thermostat.sol";
import {ValidationModule} from "../src/ValidationModule.sol";
import {ValidatorSlash} from "../src/ValidatorSlash.sol";
import {Role} from "../src/interfaces/IStakeManager.sol";
import {Kind} from "../src/interfaces/IIdentityRegistry.sol";
import {Protocol} from "./Protocol.sol";

/// @notice The whole protocol, deployed, wired and handed over.
abstract contract FullProtocol is Protocol {
    uint256 internal constant SIGNER_KEY = 0x5160;

    address internal immutable operator = account("operator");

    TaxPolicy internal taxPolicy;
    IdentityRegistry internal identity;
    ReputationEngine internal reputation;
    ValidationModule internal validations;
    DisputeModule internal disputes;
    JobRouter internal router;
    Thermostat internal thermostat;
    EnergyOracle internal oracle;
    RewardEngine internal engine;
    HamiltonianMonitor internal monitor;
    OwnerConfigurator internal configurator;
    ValidatorSlash internal slasher;

    function setUp() public virtual override {
        super.setUp();
        address pause = address(systemPause);
        address[] memory signers = new address[](1);
        signers[0] = vm.addr(SIGNER_KEY);
        taxPolicy = new TaxPolicy(governance, "ipfs://policy", "I owe my own taxes.");
        reputation = new ReputationEngine(governance, jobRegistry);
        identity = new IdentityRegistry(governance);
        validations = new ValidationModule(governance, pause, jobRegistry, token, stakeManager);
        disputes = new DisputeModule(governance, pause, jobRegistry);
        router = new JobRouter(governance, pause, jobRegistry, stakeManager);
        thermostat = new Thermostat(governance, pause, 1e18, 0.1e18, 5e18);
        oracle = new EnergyOracle(governance, pause, signers);
        engine = new RewardEngine(governance, pause, feePool, oracle);
        monitor = new HamiltonianMonitor(governance, 5);
        configurator = new OwnerConfigurator(governance);
        slasher = new ValidatorSlash(governance, pause, stakeManager);

        vm.startPrank(governance);
        stakeManager.setValidatorLockManager(address(validations), true);
        stakeManager.setSlasher(address(validations), true);
        stakeManager.setTreasurySlasher(address(slasher), true);
        stakeManager.setTaxPolicy(taxPolicy);
        feePool.setRewarder(address(engine), true);
        jobRegistry.setValidationModule(address(validations));
        jobRegistry.setDisputeModule(address(disputes));
        jobRegistry.setIdentityRegistry(identity);
        jobRegistry.setTaxPolicy(taxPolicy);
        arena.setIdentityRegistry(identity);
        validations.setIdentityRegistry(identity);
        validations.setFeePool(feePool);
        identity.setReputationEngine(reputation);
        router.setReputationEngine(reputation);
        engine.setThermostat(thermostat);
        engine.setEpochBudget(50e18, 200e18);
        disputes.setModerator(moderator, 1);
        slasher.setOperator(operator, true);
        systemPause.addModule(address(validations));
        systemPause.addModule(address(disputes));
        systemPause.addModule(address(router));
        systemPause.addModule(address(thermostat));
        systemPause.addModule(address(oracle));
        systemPause.addModule(address(engine));
        systemPause.addModule(address(slasher));
        vm.stopPrank();
    }

    /// @dev Lets `user` do anything that needs an identity and an acknowledgement.
    function admit(address user) internal {
        vm.startPrank(governance);
        identity.setAllowed(Kind.Agent, user, true);
        identity.setAllowed(Kind.Validator, user, true);
        vm.stopPrank();
        vm.prank(user);
        taxPolicy.acknowledge();
    }
}
