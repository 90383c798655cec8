// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "./Vm.sol";

/// @notice The ground of every test: cheatcodes and assertions that name both values.
abstract contract Test {
    // forge takes a contract for a test contract by this.
    bool public constant IS_TEST = true;

    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    error NotEqual(uint256 actual, uint256 expected, string what);
    error NotTrue(string what);
    error TooLarge(uint256 actual, uint256 maximum, string what);

    function assertEq(uint256 actual, uint256 expected, string memory what) internal pure {
        if (actual != expected) revert NotEqual(actual, expected, what);
    }

    function assertEq(address actual, address expected, string memory what) internal pure {
        assertEq(uint160(actual), uint160(expected), what);
    }

    function assertEq(bytes32 actual, bytes32 expected, string memory what) internal pure {
        assertEq(uint256(actual), uint256(expected), what);
    }

    function assertLe(uint256 actual, uint256 maximum, string memory what) internal pure {
        if (actual > maximum) revert TooLarge(actual, maximum, what);
    }

    function assertTrue(bool condition, string memory what) internal pure {
        if (!condition) revert NotTrue(what);
    }

    function assertFalse(bool condition, string memory what) internal pure {
        assertTrue(!condition, what);
    }

    /// @dev Folds a random value into a closed interval.
    function bound(uint256 value, uint256 minimum, uint256 maximum) internal pure returns (uint256) {
        uint256 size = maximum - minimum;
        return size == type(uint256).max ? value : minimum + (value % (size + 1));
    }

    /// @dev A named address without a key.
    function account(string memory name) internal returns (address result) {
        result = address(uint160(uint256(keccak256(bytes(name)))));
        vm.label(result, name);
    }
}
