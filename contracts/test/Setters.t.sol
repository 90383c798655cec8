// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEntryPointStake} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {ArenaRules} from "../src/base/ArenaRules.sol";
import {Paymaster} from "../src/Paymaster.sol";
import {SelfPlayArena} from "../src/SelfPlayArena.sol";
import {FullProtocol} from "./FullProtocol.sol";

/// @notice Whatever value a setter is given: within its bounds the getter gives it back, outside nothing changes.
contract SettersTest is FullProtocol {
    struct Parameter {
        address target;
        bytes4 setter;
        bytes4 getter;
        uint256 minimum;
        uint256 maximum;
    }

    Parameter[] private parameters;
    Paymaster private paymaster;

    function setUp() public override {
        super.setUp();
        paymaster = new Paymaster(governance, address(systemPause), IEntryPointStake(address(token)), treasury);
        address s = address(stakeManager);
        add(s, stakeManager.setUnbondingPeriod.selector, stakeManager.unbondingPeriod.selector, 1 hours, 90 days);
        add(s, stakeManager.setFeePct.selector, stakeManager.feePct.selector, 0, 100);
        address f = address(feePool);
        add(f, feePool.setBurnPct.selector, feePool.burnPct.selector, 0, 5_000);
        add(f, feePool.setStakerShare.selector, feePool.stakerShareBps.selector, 0, 10_000);
        add(f, feePool.setRewardLimit.selector, feePool.rewardLimit.selector, 0, type(uint256).max);
        address j = address(jobRegistry);
        add(j, jobRegistry.setJobStake.selector, jobRegistry.jobStake.selector, 0, type(uint128).max);
        add(j, jobRegistry.setMaxJobReward.selector, jobRegistry.maxJobReward.selector, 1, type(uint128).max);
        add(j, jobRegistry.setDisputeFee.selector, jobRegistry.disputeFee.selector, 0, type(uint128).max);
        add(j, jobRegistry.setMaxJobDuration.selector, jobRegistry.maxJobDuration.selector, 1, 365 days);
        add(j, jobRegistry.setExpirationGracePeriod.selector, jobRegistry.expirationGracePeriod.selector, 0, 90 days);
        add(j, jobRegistry.setValidationWindow.selector, jobRegistry.validationWindow.selector, 1, 90 days);
        add(j, jobRegistry.setDisputeWindow.selector, jobRegistry.disputeWindow.selector, 1, 90 days);
        add(
            j,
            jobRegistry.setMaxActiveJobsPerAgent.selector,
            jobRegistry.maxActiveJobsPerAgent.selector,
            1,
            type(uint256).max
        );
        add(j, jobRegistry.setFailureSlash.selector, jobRegistry.failureSlashBps.selector, 0, 10_000);
        address a = address(arena);
        add(a, arena.setTargetSuccessRateBps.selector, arena.targetSuccessRateBps.selector, 1, 10_000);
        add(a, arena.setNonRevealPenalty.selector, arena.nonRevealPenaltyBps.selector, 0, 10_000);
        add(a, arena.setMaxDifficultyStep.selector, arena.maxDifficultyStep.selector, 1, type(uint32).max);
        address v = address(validations);
        add(v, validations.setApprovalThreshold.selector, validations.approvalThresholdBps.selector, 1, 10_000);
        add(v, validations.setNonRevealPenalty.selector, validations.nonRevealPenaltyBps.selector, 0, 10_000);
        add(address(disputes), disputes.setEvidenceWindow.selector, disputes.evidenceWindow.selector, 0, 30 days);
        add(address(router), router.setReputationWeight.selector, router.reputationWeight.selector, 0, 1_000e18);
        address r = address(reputation);
        add(r, reputation.setPremiumThreshold.selector, reputation.premiumThreshold.selector, 0, 88_888);
        address t = address(thermostat);
        add(t, thermostat.setSystemTemperature.selector, thermostat.systemTemperature.selector, 0.1e18, 5e18);
        add(t, thermostat.setTickInterval.selector, thermostat.tickInterval.selector, 0, 30 days);
        add(address(oracle), oracle.setThreshold.selector, oracle.threshold.selector, 1, 1);
        add(address(engine), engine.setEpochLength.selector, engine.epochLength.selector, 1 minutes, 90 days);
        add(address(slasher), slasher.setPeriodLimit.selector, slasher.periodLimit.selector, 0, type(uint256).max);
        add(address(paymaster), paymaster.setPeriod.selector, paymaster.period.selector, 1 hours, 365 days);
    }

    /// forge-config: default.fuzz.runs = 3000
    function testFuzz_A_value_is_taken_within_bounds_and_refused_outside(uint256 which, uint256 value, uint8 near)
        public
    {
        Parameter memory parameter = parameters[which % parameters.length];
        // Half of the values are at the bounds, where mistakes are.
        if (near % 8 == 0) value = parameter.minimum;
        else if (near % 8 == 1) value = parameter.maximum;
        else if (near % 8 == 2 && parameter.minimum != 0) value = parameter.minimum - 1;
        else if (near % 8 == 3 && parameter.maximum != type(uint256).max) value = parameter.maximum + 1;
        else if (near % 8 < 6) value = bound(value, parameter.minimum, parameter.maximum);
        uint256 previous = read(parameter);
        bytes memory data = abi.encodeWithSelector(parameter.setter, value);

        vm.prank(stranger);
        (bool success,) = parameter.target.call(data);
        assertFalse(success, "not by a stranger");
        vm.prank(governance);
        (success,) = parameter.target.call(data);
        bool within = value >= parameter.minimum && value <= parameter.maximum;
        assertTrue(success == within, "as the bounds say");
        assertEq(read(parameter), within ? value : previous, "value");
    }

    function testFuzz_Pairs_keep_their_order(uint256 a, uint256 b) public {
        vm.startPrank(governance);
        a = bound(a, 0, 12_000);
        b = bound(b, 0, 12_000);
        taken(address(slasher), abi.encodeCall(slasher.setPenalties, (a, b)), a <= b && b <= 10_000);
        taken(address(paymaster), abi.encodeCall(paymaster.setSpendLimits, (a, b)), a <= b);
        taken(address(engine), abi.encodeCall(engine.setEpochBudget, (a, b)), a <= b);
        taken(address(thermostat), abi.encodeCall(thermostat.setTemperatureBounds, (a, b)), a != 0 && a < b);
        int256 low = int256(a) - 6_000;
        int256 high = int256(b) - 6_000;
        taken(address(thermostat), abi.encodeCall(thermostat.setIntegralBounds, (low, high)), low < high);
        vm.stopPrank();
        uint256 temperature = thermostat.systemTemperature();
        assertTrue(
            temperature >= thermostat.minTemperature() && temperature <= thermostat.maxTemperature(), "within bounds"
        );
    }

    function testFuzz_Windows_and_committees_keep_their_bounds(uint32[5] memory w, uint16 size, uint128 stake) public {
        vm.startPrank(governance);
        bool within = true;
        for (uint256 i = 0; i < 5; ++i) {
            if (stake % 2 == 0) w[i] = uint32(bound(w[i], 1, 7 days));
            within = within && w[i] != 0 && w[i] <= 7 days;
        }
        taken(
            address(arena), abi.encodeCall(arena.setWindows, (ArenaRules.Windows(w[0], w[1], w[2], w[3], w[4]))), within
        );
        within = w[0] != 0 && w[0] <= 7 days && w[1] != 0 && w[1] <= 7 days;
        taken(address(validations), abi.encodeCall(validations.setWindows, (w[0], w[1])), within);
        size %= 64;
        within = size != 0 && size <= 31;
        taken(address(arena), abi.encodeCall(arena.setCommitteeParameters, (size, stake)), within);
        taken(address(validations), abi.encodeCall(validations.setCommitteeParameters, (size, stake)), within);
        within = size <= 10_000 && w[4] <= 90 days;
        taken(address(arena), abi.encodeCall(arena.setMisconductPolicy, (size, w[4])), within);
        vm.stopPrank();
    }

    function testFuzz_Gains_and_weights_keep_their_bounds(int256 a, int256 b, int256 c) public {
        int256 most = thermostat.MAX_TERM();
        if (a % 3 != 0) (a, b, c) = (a % (most + 1), b % (most + 1), c % (most + 1));
        if (b % 4 == 0) (a, c) = (most, -most);
        bool within = amount(a) <= uint256(most) && amount(b) <= uint256(most) && amount(c) <= uint256(most);
        vm.startPrank(governance);
        taken(address(thermostat), abi.encodeCall(thermostat.setPID, (a, b, c)), within);
        taken(address(thermostat), abi.encodeCall(thermostat.setKPIWeights, (a, b, c)), within);
        vm.stopPrank();
        if (within) assertTrue(thermostat.kp() == a && thermostat.slaWeight() == c, "taken");
    }

    function taken(address target, bytes memory data, bool expected) private {
        (bool success,) = target.call(data);
        assertTrue(success == expected, "as the bounds say");
    }

    function add(address target, bytes4 setter, bytes4 getter, uint256 minimum, uint256 maximum) private {
        parameters.push(Parameter(target, setter, getter, minimum, maximum));
    }

    function read(Parameter memory parameter) private view returns (uint256) {
        (bool success, bytes memory answer) = parameter.target.staticcall(abi.encodeWithSelector(parameter.getter));
        assertTrue(success, "readable");
        return abi.decode(answer, (uint256));
    }

    function amount(int256 value) private pure returns (uint256) {
        return value == type(int256).min ? 2 ** 255 : uint256(value < 0 ? -value : value);
    }
}
