// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Role} from "./IStakeManager.sol";

/// @title IStakeObserver
/// @notice Told by StakeManager of every change of a stake.
interface IStakeObserver {
    /// @notice `user` now has `stake` in `role`.
    function stakeChanged(address user, Role role, uint256 stake) external;
}
