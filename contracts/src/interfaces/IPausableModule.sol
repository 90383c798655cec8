// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IPausableModule
/// @notice What SystemPause needs of a module.
interface IPausableModule {
    /// @notice Stops the module. Reverts when it is stopped already.
    function pause() external;

    /// @notice Resumes the module. Reverts when it is running.
    function unpause() external;

    /// @notice Whether the module is stopped.
    function paused() external view returns (bool);

    /// @notice Whether `account` may call {pause}.
    function isPauser(address account) external view returns (bool);
}
