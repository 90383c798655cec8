// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Where a job stands.
enum JobState {
    None,
    Created,
    Applied,
    Submitted,
    Completed,
    Disputed,
    Finalized,
    Cancelled
}

/// @title IJobRegistry
/// @notice What the other modules need of JobRegistry.
interface IJobRegistry {
    /// @notice Enters the validators' verdict on a submitted job.
    function recordVerdict(uint256 jobId, bool success) external;

    /// @notice Ends a dispute.
    function resolveDispute(uint256 jobId, bool employerWins) external;

    /// @notice Pays the validators' share of a finalized job to the ValidationModule, once.
    function collectValidatorReward(uint256 jobId) external returns (uint256 amount);

    /// @notice Where a job stands.
    function stateOf(uint256 jobId) external view returns (JobState);

    /// @notice Whether a job's verdict, provisional while Completed and final once Finalized, is in the agent's favour.
    function succeeded(uint256 jobId) external view returns (bool);

    /// @notice The two parties of a job; the agent is zero until somebody has applied.
    function partiesOf(uint256 jobId) external view returns (address employer, address agent);
}
