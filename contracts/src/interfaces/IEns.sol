// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IEns
/// @notice What IdentityRegistry needs of the ENS registry.
interface IEns {
    /// @notice Who owns a node.
    function owner(bytes32 node) external view returns (address);
}

/// @title INameWrapper
/// @notice What IdentityRegistry needs of the ENS NameWrapper.
interface INameWrapper {
    /// @notice Who owns a wrapped name; zero when it has expired.
    function ownerOf(uint256 id) external view returns (address);
}
