// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IThermostat
/// @notice What the other modules need of Thermostat.
interface IThermostat {
    /// @notice The temperature of the whole system, as a fraction with 18 decimals.
    function systemTemperature() external view returns (uint256);
}
