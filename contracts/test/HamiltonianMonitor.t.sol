// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {OutOfBounds, Unauthorized, ZeroAddress} from "../src/base/Errors.sol";
import {HamiltonianMonitor} from "../src/HamiltonianMonitor.sol";
import {Protocol} from "./Protocol.sol";

contract HamiltonianMonitorTest is Protocol {
    HamiltonianMonitor private monitor;
    address private immutable recorder = account("recorder");
    uint64 private next;

    function setUp() public override {
        super.setUp();
        monitor = new HamiltonianMonitor(governance, 3);
        vm.prank(governance);
        monitor.setRecorder(recorder, true);
        next = uint64(START - 10_000);
    }

    function test_The_window_slides_and_history_is_in_order() public {
        assertTrue(monitor.currentHamiltonian() == 0, "empty");
        for (uint128 i = 1; i <= 5; ++i) {
            record(i * 10, i);
        }
        assertEq(monitor.averageDissipation(), 40, "of 30, 40, 50");
        assertEq(monitor.averageUtility(), 4, "of 3, 4, 5");
        assertTrue(monitor.currentHamiltonian() == 36, "difference");
        HamiltonianMonitor.Observation[] memory history = monitor.history();
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(history[i].dissipation, (i + 3) * 10, "oldest first");
        }
    }

    function testFuzz_The_means_are_those_of_the_last_observations(uint128[12] memory values, uint8 window_) public {
        uint256 window = bound(window_, 1, 12);
        vm.prank(governance);
        monitor.setWindow(window, false);
        uint256 sum;
        for (uint256 i = 0; i < 12; ++i) {
            record(values[i], values[11 - i]);
            if (i >= 12 - window) sum += values[i];
        }
        assertEq(monitor.averageDissipation(), sum / window, "mean");
        uint256 smaller = (window + 1) / 2;
        vm.prank(governance);
        monitor.setWindow(smaller, false);
        sum = 0;
        for (uint256 i = 12 - smaller; i < 12; ++i) {
            sum += values[i];
        }
        assertEq(monitor.averageDissipation(), sum / smaller, "mean of the newest");
        assertEq(monitor.history().length, smaller, "kept");
        record(1, 1);
        assertEq(monitor.history()[smaller - 1].dissipation, 1, "goes on in order");
        assertEq(monitor.history().length, smaller, "and slides");
    }

    function test_Neither_duplicates_nor_the_past_nor_the_future_are_recorded() public {
        vm.startPrank(recorder);
        monitor.record(100, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(HamiltonianMonitor.NotAscending.selector, 100, 100));
        monitor.record(100, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(HamiltonianMonitor.NotAscending.selector, 99, 100));
        monitor.record(99, 1, 1);
        uint64 tomorrow = uint64(block.timestamp + 1 days);
        vm.expectRevert(abi.encodeWithSelector(HamiltonianMonitor.FromTheFuture.selector, tomorrow, block.timestamp));
        monitor.record(tomorrow, 1, 1);
        vm.stopPrank();
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(monitor));
        emit HamiltonianMonitor.HistoryReset(1);
        monitor.resetHistory();
        assertEq(monitor.history().length, 0, "dropped");
        vm.expectRevert(abi.encodeWithSelector(HamiltonianMonitor.NotAscending.selector, 100, 100));
        monitor.record(100, 1, 1);
        monitor.record(101, 1, 1);
        vm.expectEmit(true, true, true, true, address(monitor));
        emit HamiltonianMonitor.WindowUpdated(3, 5, true);
        monitor.setWindow(5, true);
        assertEq(monitor.history().length, 0, "dropped with the window");
        vm.stopPrank();
    }

    function test_The_window_is_positive_and_bounded() public {
        vm.startPrank(governance);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 0, 1, 256));
        monitor.setWindow(0, false);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 257, 1, 256));
        monitor.setWindow(257, false);
        vm.stopPrank();
        vm.expectPartialRevert(OutOfBounds.selector);
        new HamiltonianMonitor(governance, 0);
    }

    function test_Only_recorders_record_and_only_governance_governs() public {
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, stranger));
        monitor.record(1, 1, 1);
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.expectRevert(refusal);
        monitor.setWindow(1, false);
        vm.expectRevert(refusal);
        monitor.resetHistory();
        vm.expectRevert(refusal);
        monitor.setRecorder(stranger, true);
        vm.stopPrank();
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(monitor));
        emit HamiltonianMonitor.RecorderUpdated(recorder, true, false);
        monitor.setRecorder(recorder, false);
        assertTrue(!monitor.recorders(recorder) && monitor.recorderList().length == 0, "dismissed");
        vm.expectRevert(ZeroAddress.selector);
        monitor.setRecorder(address(0), true);
        vm.stopPrank();
    }

    function record(uint128 dissipation, uint128 utility) private {
        vm.prank(recorder);
        monitor.record(++next, dissipation, utility);
    }
}
