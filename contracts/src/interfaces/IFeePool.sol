// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IFeePool
/// @notice What the other modules need of FeePool.
interface IFeePool {
    /// @notice Pulls a protocol fee from the caller.
    function depositFee(uint256 amount) external;

    /// @notice Pays a reward out of the caller's reservation first, then out of the free budget.
    function reward(address to, uint256 amount) external;

    /// @notice Sets part of the free budget aside for the caller's later rewards.
    function reserveRewards(uint256 amount) external;

    /// @notice Gives back up to `amount` of the caller's reservation. Works while paused.
    function releaseRewards(uint256 amount) external;

    /// @notice What can be reserved or paid as a reward without touching anybody's claim.
    function rewardBudget() external view returns (uint256);
}
