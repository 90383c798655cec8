// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What somebody must be known as.
enum Kind {
    Agent,
    Validator
}

/// @title IIdentityRegistry
/// @notice What the other modules need of IdentityRegistry.
interface IIdentityRegistry {
    /// @notice Whether `account` may act as `kind` now.
    function isAuthorized(Kind kind, address account) external view returns (bool);
}
