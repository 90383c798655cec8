// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IReputationEngine
/// @notice What the other modules need of ReputationEngine.
interface IReputationEngine {
    /// @notice Whether `account` is barred from starting anything.
    function isBlacklisted(address account) external view returns (bool);

    /// @notice The reputation of `account`, in points.
    function reputationOf(address account) external view returns (uint256);
}
