// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {OutOfBounds, Unauthorized, ZeroAddress} from "../src/base/Errors.sol";
import {Thermostat} from "../src/Thermostat.sol";
import {Protocol} from "./Protocol.sol";

contract ThermostatTest is Protocol {
    Thermostat private thermostat;
    address private immutable controller = account("controller");

    function setUp() public override {
        super.setUp();
        thermostat = new Thermostat(governance, address(systemPause), 1e18, 0.1e18, 5e18);
        vm.startPrank(governance);
        systemPause.addModule(address(thermostat));
        thermostat.setController(controller, true);
        vm.stopPrank();
    }

    function test_Each_term_does_what_its_gain_says() public {
        gains(0.5e18, 0, 0);
        assertEq(step(0.2e18, 0.1e18, 0.1e18), 1.2e18, "proportional: 1 + 0.5 x 0.4");
        gains(0, 0.5e18, 0);
        // The sum of deviations goes on over changes of gains.
        assertEq(uint256(thermostat.integral()), 0.4e18, "integral");
        assertEq(step(0.2e18, 0, 0), 1.5e18, "integral: 1.2 + 0.5 x 0.6");
        gains(0, 0, 0.5e18);
        assertEq(step(0.6e18, 0, 0), 1.7e18, "differential: 1.5 + 0.5 x (0.6 - 0.2)");
    }

    function test_Weights_say_what_counts() public {
        gains(1e18, 0, 0);
        vm.prank(governance);
        thermostat.setKPIWeights(0, -1e18, 2e18);
        assertEq(step(9e18, 0.1e18, 0.2e18), 1.3e18, "1 - 0.1 + 2 x 0.2");
    }

    function testFuzz_The_temperature_never_leaves_its_bounds(
        int256 kp,
        int256 ki,
        int256 kd,
        int256 emission,
        int256 backlog,
        int256 sla
    ) public {
        int256 most = thermostat.MAX_TERM();
        gains(kp % most, ki % most, kd % most);
        for (uint256 i = 0; i < 5; ++i) {
            uint256 temperature = step(emission % most, backlog % most, sla % most);
            assertTrue(temperature >= 0.1e18 && temperature <= 5e18, "temperature");
            assertTrue(thermostat.integral() >= -100e18 && thermostat.integral() <= 100e18, "integral");
            (emission, backlog, sla) = (backlog / 3, sla / 2, -(emission / 7));
        }
    }

    function test_The_integral_stands_still_at_a_bound_so_that_the_way_back_is_short() public {
        gains(0, 1e18, 0);
        for (uint256 i = 0; i < 50; ++i) {
            step(1e18, 0, 0);
        }
        assertEq(thermostat.systemTemperature(), 5e18, "at the bound");
        assertTrue(thermostat.integral() < 6e18, "no windup");
        uint256 ticks;
        while (thermostat.systemTemperature() == 5e18) {
            step(-1e18, 0, 0);
            ++ticks;
        }
        assertLe(ticks, 6, "back soon");
    }

    function test_Only_controllers_and_governance_take_steps_and_not_too_soon() public {
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        thermostat.tick(0, 0, 0);
        vm.prank(governance);
        thermostat.setTickInterval(1 hours);
        vm.prank(governance);
        thermostat.tick(0, 0, 0);
        vm.warp(block.timestamp + 1 hours - 1);
        vm.prank(controller);
        vm.expectPartialRevert(Thermostat.TooSoon.selector);
        thermostat.tick(0, 0, 0);
        vm.warp(block.timestamp + 1);
        vm.prank(controller);
        thermostat.tick(0, 0, 0);
        vm.warp(block.timestamp + 1 hours);
        vm.prank(controller);
        vm.expectPartialRevert(Thermostat.TermTooLarge.selector);
        thermostat.tick(1e24 + 1, 0, 0);
    }

    function testFuzz_The_time_between_ticks_stands_still_while_paused(uint256 before, uint256 during) public {
        before = bound(before, 0, 1 hours - 1);
        during = bound(during, 1, 365 days);
        vm.prank(governance);
        thermostat.setTickInterval(1 hours);
        step(0, 0, 0);
        vm.warp(block.timestamp + before);
        vm.prank(guardian);
        systemPause.pauseAll();
        vm.prank(controller);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        thermostat.tick(0, 0, 0);
        vm.warp(block.timestamp + during);
        vm.prank(governance);
        systemPause.unpauseAll();
        vm.warp(block.timestamp + 1 hours - 1 - before);
        vm.prank(controller);
        vm.expectPartialRevert(Thermostat.TooSoon.selector);
        thermostat.tick(0, 0, 0);
        vm.warp(block.timestamp + 1);
        step(0, 0, 0);
    }

    function test_New_bounds_bring_temperature_and_integral_within_them() public {
        gains(0, 1e18, 0);
        step(1e18, 0, 0);
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(thermostat));
        emit Thermostat.TemperatureBoundsUpdated(0.1e18, 5e18, 0.1e18, 1.5e18);
        vm.expectEmit(true, true, true, true, address(thermostat));
        emit Thermostat.TemperatureUpdated(2e18, 1.5e18);
        thermostat.setTemperatureBounds(0.1e18, 1.5e18);
        thermostat.setTemperatureBounds(3e18, 4e18);
        assertEq(thermostat.systemTemperature(), 3e18, "raised");
        thermostat.setTemperatureBounds(1e18, 4e18);
        assertEq(thermostat.systemTemperature(), 3e18, "left alone");
        vm.expectEmit(true, true, true, true, address(thermostat));
        emit Thermostat.IntegralBoundsUpdated(-100e18, 100e18, -1e18, 0.5e18);
        vm.expectEmit(true, true, true, true, address(thermostat));
        emit Thermostat.IntegralUpdated(1e18, 0.5e18);
        thermostat.setIntegralBounds(-1e18, 0.5e18);
        thermostat.resetIntegral();
        assertTrue(thermostat.integral() == 0, "reset");
        vm.stopPrank();
    }

    function test_Every_setter_shows_old_and_new_and_keeps_its_bounds() public {
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(thermostat));
        emit Thermostat.PIDUpdated(0, 0, 0, 1, -2, 3);
        thermostat.setPID(1, -2, 3);
        vm.expectEmit(true, true, true, true, address(thermostat));
        emit Thermostat.KPIWeightsUpdated(1e18, 1e18, 1e18, 1, 2, 3);
        thermostat.setKPIWeights(1, 2, 3);
        vm.expectEmit(true, true, true, true, address(thermostat));
        emit Thermostat.TemperatureUpdated(1e18, 2e18);
        thermostat.setSystemTemperature(2e18);
        vm.expectEmit(true, true, true, true, address(thermostat));
        emit Thermostat.TickIntervalUpdated(0, 60);
        thermostat.setTickInterval(60);
        vm.expectEmit(true, true, true, true, address(thermostat));
        emit Thermostat.ControllerUpdated(controller, true, true);
        thermostat.setController(controller, true);
        assertTrue(thermostat.controllers(controller) && thermostat.controllerList().length == 1, "listed");

        int256[2] memory wrong = [int256(1e24 + 1), -1e24 - 1];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectPartialRevert(Thermostat.TermTooLarge.selector);
            thermostat.setPID(wrong[i], 0, 0);
            vm.expectPartialRevert(Thermostat.TermTooLarge.selector);
            thermostat.setPID(0, wrong[i], 0);
            vm.expectPartialRevert(Thermostat.TermTooLarge.selector);
            thermostat.setPID(0, 0, wrong[i]);
            vm.expectPartialRevert(Thermostat.TermTooLarge.selector);
            thermostat.setKPIWeights(wrong[i], 0, 0);
            vm.expectPartialRevert(Thermostat.TermTooLarge.selector);
            thermostat.setKPIWeights(0, wrong[i], 0);
            vm.expectPartialRevert(Thermostat.TermTooLarge.selector);
            thermostat.setKPIWeights(0, 0, wrong[i]);
        }
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 6e18, 0.1e18, 5e18));
        thermostat.setSystemTemperature(6e18);
        vm.expectPartialRevert(OutOfBounds.selector);
        thermostat.setSystemTemperature(0.01e18);
        vm.expectPartialRevert(Thermostat.InvalidBounds.selector);
        thermostat.setTemperatureBounds(0, 1e18);
        vm.expectPartialRevert(Thermostat.InvalidBounds.selector);
        thermostat.setTemperatureBounds(1e18, 1e18);
        vm.expectPartialRevert(Thermostat.TermTooLarge.selector);
        thermostat.setTemperatureBounds(1e18, 1e31);
        vm.expectPartialRevert(Thermostat.InvalidBounds.selector);
        thermostat.setIntegralBounds(1, 1);
        vm.expectPartialRevert(Thermostat.TermTooLarge.selector);
        thermostat.setIntegralBounds(-1e31, 1);
        vm.expectPartialRevert(OutOfBounds.selector);
        thermostat.setTickInterval(31 days);
        vm.expectRevert(ZeroAddress.selector);
        thermostat.setController(address(0), true);
        vm.stopPrank();
        vm.expectPartialRevert(OutOfBounds.selector);
        new Thermostat(governance, address(systemPause), 6e18, 1e18, 5e18);
    }

    function test_Only_governance_sets_parameters() public {
        vm.startPrank(controller);
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, controller);
        vm.expectRevert(refusal);
        thermostat.setPID(1, 1, 1);
        vm.expectRevert(refusal);
        thermostat.setKPIWeights(1, 1, 1);
        vm.expectRevert(refusal);
        thermostat.setSystemTemperature(1e18);
        vm.expectRevert(refusal);
        thermostat.setTemperatureBounds(1, 2);
        vm.expectRevert(refusal);
        thermostat.setIntegralBounds(1, 2);
        vm.expectRevert(refusal);
        thermostat.resetIntegral();
        vm.expectRevert(refusal);
        thermostat.setTickInterval(1);
        vm.expectRevert(refusal);
        thermostat.setController(stranger, true);
        vm.stopPrank();
    }

    function gains(int256 kp, int256 ki, int256 kd) private {
        vm.prank(governance);
        thermostat.setPID(kp, ki, kd);
    }

    function step(int256 emission, int256 backlog, int256 sla) private returns (uint256) {
        vm.prank(controller);
        return thermostat.tick(emission, backlog, sla);
    }
}
