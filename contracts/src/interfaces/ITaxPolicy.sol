// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ITaxPolicy
/// @notice What the other modules need of TaxPolicy.
interface ITaxPolicy {
    /// @notice Whether `account` has acknowledged the policy in force.
    function hasAcknowledged(address account) external view returns (bool);
}
