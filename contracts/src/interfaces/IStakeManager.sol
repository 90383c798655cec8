// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What a stake is put up for.
enum Role {
    Agent,
    Validator,
    Platform
}

/// @title IStakeManager
/// @notice What the other modules need of StakeManager.
interface IStakeManager {
    /// @notice Holds back part of a user's stake under the caller's own key.
    function lockStake(Role role, address user, uint256 key, uint256 amount) external;

    /// @notice Lets go of what the caller locked under `key`. Works while paused.
    function unlockStake(Role role, address user, uint256 key, uint256 amount) external;

    /// @notice Takes stake that the caller locked under `key` and splits it.
    function slash(Role role, address user, uint256 key, uint256 amount, address beneficiary)
        external
        returns (uint256 slashed);

    /// @notice Takes stake, locked or not, for the treasury. Works while paused.
    function slashToTreasury(Role role, address user, uint256 amount) external returns (uint256 slashed);

    /// @notice Stake that is put up and not being withdrawn.
    function stakeOf(address user, Role role) external view returns (uint256);

    /// @notice Stake that is put up and not locked.
    function freeStakeOf(address user, Role role) external view returns (uint256);

    /// @notice Whether the user has put up the role's minimum.
    function isStaked(address user, Role role) external view returns (bool);

    /// @notice The protocol's share of a job's reward, in percent.
    function feePct() external view returns (uint256);

    /// @notice The validators' share of a job's reward, in percent.
    function validatorRewardPct() external view returns (uint256);
}
