// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {NoCode, OutOfBounds, SplitSum, Unauthorized, ZeroAddress} from "../src/base/Errors.sol";
import {EnergyOracle} from "../src/EnergyOracle.sol";
import {Attestation, IEnergyOracle} from "../src/interfaces/IEnergyOracle.sol";
import {IFeePool} from "../src/interfaces/IFeePool.sol";
import {IThermostat} from "../src/interfaces/IThermostat.sol";
import {RewardEngine} from "../src/RewardEngine.sol";
import {Thermostat} from "../src/Thermostat.sol";
import {Protocol} from "./Protocol.sol";

contract RewardEngineTest is Protocol {
    uint256 private constant KEY = 0x51;

    EnergyOracle private oracle;
    RewardEngine private engine;
    Thermostat private thermostat;
    address private immutable signer = vm.addr(KEY);
    uint256 private salts;

    function setUp() public override {
        super.setUp();
        address[] memory signers = new address[](1);
        signers[0] = signer;
        oracle = new EnergyOracle(governance, address(systemPause), signers);
        engine = new RewardEngine(governance, address(systemPause), feePool, oracle);
        thermostat = new Thermostat(governance, address(systemPause), 1e18, 0.1e18, 5e18);
        vm.startPrank(governance);
        feePool.setRewarder(address(engine), true);
        systemPause.addModule(address(oracle));
        systemPause.addModule(address(engine));
        engine.setEpochBudget(100e18, 300e18);
        engine.setThermostat(thermostat);
        vm.stopPrank();
        fillPool(10_000e18);
    }

    // ------------------------------------------------------------------------------------------------------- epochs

    function test_An_epoch_is_shared_by_role_and_by_work() public {
        submit(agent, 0, 3);
        submit(stranger, 0, 1);
        submit(employer, 3, 7);
        vm.expectPartialRevert(RewardEngine.EpochNotOver.selector);
        engine.settleEpoch();
        vm.warp(block.timestamp + 7 days);
        engine.settleEpoch();
        assertEq(engine.currentEpoch(), 2, "the next epoch");
        assertEq(engine.totalOwed(), 70e18, "agents' 65 and employers' 5; the others' share stays in the pool");
        assertEq(feePool.reservationOf(address(engine)), 70e18, "set aside");
        assertEq(claim(1, 0, agent), 48.75e18, "three quarters of 65");
        assertEq(claim(1, 0, stranger), 16.25e18, "one quarter");
        assertEq(claim(1, 3, employer), 5e18, "all of 5");
        assertEq(token.balanceOf(agent), 48.75e18, "paid");
        assertEq(engine.totalOwed(), 0, "nothing left");
        assertEq(feePool.reservedRewards(), 0, "nothing set aside");
        vm.expectRevert(
            abi.encodeWithSelector(RewardEngine.NothingToClaim.selector, 1, RewardEngine.RewardRole.Agent, agent)
        );
        engine.claim(1, RewardEngine.RewardRole.Agent, agent);
    }

    function testFuzz_Shares_add_up_to_the_pot_to_the_wei(uint256[5] memory work, uint256 budget) public {
        budget = bound(budget, 0, 5_000e18);
        vm.prank(governance);
        engine.setEpochBudget(budget, 5_000e18);
        for (uint256 i = 0; i < 5; ++i) {
            submit(numbered("worker", i), 1, bound(work[i], 1, 1e36));
        }
        vm.warp(block.timestamp + 7 days);
        engine.settleEpoch();
        uint256 paid;
        for (uint256 i = 0; i < 5; ++i) {
            if (engine.totalOwed() == 0 && budget * 15 / 100 == 0) break;
            paid += claim(1, 1, numbered("worker", i));
        }
        assertEq(paid, budget * 15 / 100, "paid");
        assertEq(engine.totalOwed(), 0, "nothing owed");
        assertEq(feePool.reservedRewards(), 0, "nothing set aside");
    }

    function test_The_temperature_scales_the_budget_up_to_its_maximum_and_the_pool() public {
        (uint256 budget, uint256 temperature) = engine.budgetNow();
        assertTrue(budget == 100e18 && temperature == 1e18, "at one");
        vm.startPrank(governance);
        thermostat.setSystemTemperature(2e18);
        (budget,) = engine.budgetNow();
        assertEq(budget, 200e18, "at two");
        thermostat.setSystemTemperature(5e18);
        (budget,) = engine.budgetNow();
        assertEq(budget, 300e18, "the maximum");
        feePool.governanceWithdraw(9_900e18);
        (budget,) = engine.budgetNow();
        assertEq(budget, 100e18, "what the pool has");
        thermostat.setSystemTemperature(0.1e18);
        engine.setThermostat(IThermostat(address(0)));
        (budget, temperature) = engine.budgetNow();
        assertTrue(budget == 100e18 && temperature == 1e18, "without a thermostat");
        vm.stopPrank();
    }

    function test_An_epoch_without_work_costs_nothing() public {
        vm.warp(block.timestamp + 7 days);
        engine.settleEpoch();
        assertEq(engine.totalOwed(), 0, "nothing");
        submit(agent, 0, 1);
        vm.expectPartialRevert(RewardEngine.NothingToClaim.selector);
        engine.claim(2, RewardEngine.RewardRole.Agent, agent);
    }

    function test_A_share_that_rounds_to_nothing_does_not_stand_in_the_way() public {
        submit(agent, 0, 1);
        submit(stranger, 0, 1e36);
        vm.prank(governance);
        engine.setEpochBudget(100, 100);
        vm.warp(block.timestamp + 7 days);
        engine.settleEpoch();
        assertEq(claim(1, 0, agent), 0, "nothing");
        assertEq(claim(1, 0, stranger), 65, "the rest");
    }

    // ------------------------------------------------------------------------------------------------- attestations

    function test_An_attestation_counts_once_for_one_contract_one_epoch_and_one_time() public {
        Attestation memory attestation = attested(agent, 0, 5);
        (address[] memory signers, bytes[] memory signatures) = signedBySigner(attestation);
        // Anybody may look; that uses nothing up.
        oracle.verify(attestation, signers, signatures);
        engine.submitWork(attestation, signers, signatures);
        vm.expectPartialRevert(RewardEngine.AlreadyCounted.selector);
        engine.submitWork(attestation, signers, signatures);

        attestation = attested(agent, 0, 5);
        attestation.consumer = stranger;
        (signers, signatures) = signedBySigner(attestation);
        vm.expectRevert(abi.encodeWithSelector(RewardEngine.WrongConsumer.selector, stranger));
        engine.submitWork(attestation, signers, signatures);

        attestation = attested(agent, 0, 5);
        attestation.epoch = 2;
        (signers, signatures) = signedBySigner(attestation);
        vm.expectRevert(abi.encodeWithSelector(RewardEngine.WrongEpoch.selector, 2, 1));
        engine.submitWork(attestation, signers, signatures);

        attestation = attested(agent, 0, 5);
        (signers, signatures) = signedBySigner(attestation);
        vm.warp(attestation.deadline + 1);
        vm.expectPartialRevert(EnergyOracle.AttestationExpired.selector);
        engine.submitWork(attestation, signers, signatures);
    }

    function test_Work_is_bounded_and_somebodys() public {
        Attestation memory attestation = attested(address(0), 0, 5);
        (address[] memory signers, bytes[] memory signatures) = signedBySigner(attestation);
        vm.expectRevert(ZeroAddress.selector);
        engine.submitWork(attestation, signers, signatures);
        attestation = attested(agent, 4, 5);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 4, 0, 3));
        engine.submitWork(attestation, signers, signatures);
        attestation = attested(agent, 0, 0);
        vm.expectPartialRevert(OutOfBounds.selector);
        engine.submitWork(attestation, signers, signatures);
        attestation = attested(agent, 0, 1e36 + 1);
        vm.expectPartialRevert(OutOfBounds.selector);
        engine.submitWork(attestation, signers, signatures);
    }

    function testFuzz_A_changed_attestation_is_refused(uint256 work, uint8 role, address user) public {
        Attestation memory attestation = attested(agent, 0, 5);
        (address[] memory signers, bytes[] memory signatures) = signedBySigner(attestation);
        attestation.work = bound(work, 1, 1e36);
        attestation.role = uint8(bound(role, 0, 3));
        vm.assume(user != address(0));
        attestation.user = user;
        vm.assume(attestation.work != 5 || attestation.role != 0 || user != agent);
        vm.expectRevert(abi.encodeWithSelector(EnergyOracle.InvalidSignature.selector, signer));
        engine.submitWork(attestation, signers, signatures);
    }

    function test_As_many_signers_must_agree_as_the_threshold_says_and_none_counts_twice() public {
        uint256 otherKey = KEY + 1;
        while (vm.addr(otherKey) < signer) ++otherKey;
        address other = vm.addr(otherKey);
        vm.startPrank(governance);
        oracle.setSigner(other, true);
        vm.expectEmit(true, true, true, true, address(oracle));
        emit EnergyOracle.ThresholdUpdated(1, 2);
        oracle.setThreshold(2);
        vm.stopPrank();
        Attestation memory attestation = attested(agent, 0, 5);
        (address[] memory signers, bytes[] memory signatures) = signedBySigner(attestation);
        vm.expectRevert(abi.encodeWithSelector(EnergyOracle.NotEnoughSignatures.selector, 1, 2));
        oracle.verify(attestation, signers, signatures);
        address[] memory both = new address[](2);
        bytes[] memory bothSignatures = new bytes[](2);
        (both[0], both[1], bothSignatures[0], bothSignatures[1]) = (signer, signer, signatures[0], signatures[0]);
        vm.expectRevert(abi.encodeWithSelector(EnergyOracle.SignersNotAscending.selector, signer, signer));
        oracle.verify(attestation, both, bothSignatures);
        both[1] = address(type(uint160).max);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, both[1]));
        oracle.verify(attestation, both, bothSignatures);
        both[1] = other;
        vm.expectRevert(abi.encodeWithSelector(EnergyOracle.InvalidSignature.selector, other));
        oracle.verify(attestation, both, bothSignatures);
        vm.expectRevert(abi.encodeWithSelector(EnergyOracle.LengthMismatch.selector, 2, 1));
        oracle.verify(attestation, both, signatures);
        bothSignatures[1] = signed(otherKey, attestation);
        assertEq(oracle.verify(attestation, both, bothSignatures), oracle.attestationDigest(attestation), "agreed");
    }

    function test_The_signer_set_never_falls_below_the_threshold() public {
        vm.startPrank(governance);
        vm.expectRevert(abi.encodeWithSelector(EnergyOracle.TooFewSigners.selector, 0, 1));
        oracle.setSigner(signer, false);
        address[] memory accounts = new address[](2);
        bool[] memory allowed = new bool[](2);
        (accounts[0], accounts[1], allowed[0], allowed[1]) = (signer, stranger, false, true);
        vm.expectEmit(true, true, true, true, address(oracle));
        emit EnergyOracle.SignerUpdated(signer, true, false);
        vm.expectEmit(true, true, true, true, address(oracle));
        emit EnergyOracle.SignerUpdated(stranger, false, true);
        oracle.setSigners(accounts, allowed);
        assertTrue(oracle.isSigner(stranger) && !oracle.isSigner(signer), "rotated at once");
        assertEq(oracle.signerCount(), 1, "count");
        assertEq(oracle.getSigners()[0], stranger, "list");
        vm.expectRevert(abi.encodeWithSelector(EnergyOracle.LengthMismatch.selector, 2, 1));
        oracle.setSigners(accounts, new bool[](1));
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 2, 1, 1));
        oracle.setThreshold(2);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 0, 1, 1));
        oracle.setThreshold(0);
        vm.expectRevert(ZeroAddress.selector);
        oracle.setSigner(address(0), true);
        for (uint256 i = 1; i < 32; ++i) {
            oracle.setSigner(numbered("s", i), true);
        }
        vm.expectRevert(abi.encodeWithSelector(EnergyOracle.TooManySigners.selector, 32));
        oracle.setSigner(numbered("s", 99), true);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(EnergyOracle.TooFewSigners.selector, 0, 1));
        new EnergyOracle(governance, address(systemPause), new address[](0));
    }

    // -------------------------------------------------------------------------------------------------------- pause

    function test_A_pause_stops_work_settlement_and_payment() public {
        submit(agent, 0, 1);
        vm.warp(block.timestamp + 7 days);
        engine.settleEpoch();
        Attestation memory attestation = attested(agent, 0, 5);
        (address[] memory signers, bytes[] memory signatures) = signedBySigner(attestation);
        vm.prank(guardian);
        systemPause.pauseAll();
        vm.expectRevert(Pausable.EnforcedPause.selector);
        engine.submitWork(attestation, signers, signatures);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        oracle.verify(attestation, signers, signatures);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        engine.settleEpoch();
        vm.expectRevert(Pausable.EnforcedPause.selector);
        engine.claim(1, RewardEngine.RewardRole.Agent, agent);
    }

    function testFuzz_A_pause_takes_no_time_from_an_epoch(uint256 before, uint256 during) public {
        before = bound(before, 0, 7 days - 1);
        during = bound(during, 1, 365 days);
        vm.warp(block.timestamp + before);
        vm.prank(guardian);
        systemPause.pauseAll();
        vm.warp(block.timestamp + during);
        vm.prank(governance);
        systemPause.unpauseAll();
        vm.warp(block.timestamp + 7 days - 1 - before);
        vm.expectPartialRevert(RewardEngine.EpochNotOver.selector);
        engine.settleEpoch();
        vm.warp(block.timestamp + 1);
        engine.settleEpoch();
    }

    // --------------------------------------------------------------------------------------------------- parameters

    function testFuzz_Weights_must_add_up(uint8 a, uint8 b, uint8 c, uint8 d) public {
        uint256 sum = uint256(a) + b + c + d;
        vm.prank(governance);
        if (sum != 100) vm.expectRevert(abi.encodeWithSelector(SplitSum.selector, sum, 100));
        engine.setRoleWeights([a, b, c, d]);
    }

    function test_Every_setter_shows_old_and_new_and_keeps_its_bounds() public {
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(engine));
        emit RewardEngine.RoleWeightsUpdated([65, 15, 15, 5], [uint8(100), 0, 0, 0]);
        engine.setRoleWeights([100, 0, 0, 0]);
        assertEq(engine.roleWeights()[0], 100, "weights");
        vm.expectEmit(true, true, true, true, address(engine));
        emit RewardEngine.EpochBudgetUpdated(100e18, 300e18, 1, 2);
        engine.setEpochBudget(1, 2);
        vm.expectEmit(true, true, true, true, address(engine));
        emit RewardEngine.EpochLengthUpdated(7 days, 1 hours);
        engine.setEpochLength(1 hours);
        vm.expectEmit(true, true, true, true, address(engine));
        emit RewardEngine.ThermostatUpdated(address(thermostat), address(0));
        engine.setThermostat(IThermostat(address(0)));
        vm.expectEmit(true, true, true, true, address(engine));
        emit RewardEngine.FeePoolUpdated(address(feePool), address(token));
        engine.setFeePool(IFeePool(address(token)));
        vm.expectEmit(true, true, true, true, address(engine));
        emit RewardEngine.EnergyOracleUpdated(address(oracle), address(token));
        engine.setEnergyOracle(IEnergyOracle(address(token)));
        vm.expectPartialRevert(OutOfBounds.selector);
        engine.setEpochBudget(3, 2);
        vm.expectPartialRevert(OutOfBounds.selector);
        engine.setEpochBudget(3, uint256(type(uint128).max) + 1);
        vm.expectPartialRevert(OutOfBounds.selector);
        engine.setEpochLength(59);
        vm.expectPartialRevert(OutOfBounds.selector);
        engine.setEpochLength(91 days);
        vm.expectRevert(abi.encodeWithSelector(NoCode.selector, stranger));
        engine.setThermostat(IThermostat(stranger));
        vm.stopPrank();
        assertEq(engine.pots(1, RewardEngine.RewardRole.Agent).totalWork, 0, "no work");
    }

    function test_Only_governance_sets_parameters() public {
        vm.startPrank(stranger);
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.expectRevert(refusal);
        engine.setRoleWeights([100, 0, 0, 0]);
        vm.expectRevert(refusal);
        engine.setEpochBudget(1, 2);
        vm.expectRevert(refusal);
        engine.setEpochLength(1 hours);
        vm.expectRevert(refusal);
        engine.setThermostat(thermostat);
        vm.expectRevert(refusal);
        engine.setFeePool(feePool);
        vm.expectRevert(refusal);
        engine.setEnergyOracle(oracle);
        vm.expectRevert(refusal);
        oracle.setSigner(stranger, true);
        vm.expectRevert(refusal);
        oracle.setSigners(new address[](0), new bool[](0));
        vm.expectRevert(refusal);
        oracle.setThreshold(1);
        vm.stopPrank();
    }

    // ------------------------------------------------------------------------------------------------------ support

    function attested(address user, uint8 role, uint256 work) private returns (Attestation memory) {
        return Attestation({
            consumer: address(engine),
            epoch: engine.currentEpoch(),
            user: user,
            role: role,
            work: work,
            deadline: block.timestamp + 1 days,
            salt: bytes32(++salts)
        });
    }

    function signed(uint256 key, Attestation memory attestation) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, oracle.attestationDigest(attestation));
        return abi.encodePacked(r, s, v);
    }

    function signedBySigner(Attestation memory attestation)
        private
        view
        returns (address[] memory signers, bytes[] memory signatures)
    {
        signers = new address[](1);
        signatures = new bytes[](1);
        signers[0] = signer;
        signatures[0] = signed(KEY, attestation);
    }

    function submit(address user, uint8 role, uint256 work) private {
        Attestation memory attestation = attested(user, role, work);
        (address[] memory signers, bytes[] memory signatures) = signedBySigner(attestation);
        engine.submitWork(attestation, signers, signatures);
    }

    function claim(uint256 epoch, uint8 role, address user) private returns (uint256) {
        return engine.claim(epoch, RewardEngine.RewardRole(role), user);
    }
}
