// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What the oracle's signers attest: work that somebody did in an epoch.
/// @param consumer The contract that may count it.
/// @param epoch The epoch of that contract.
/// @param user Who did it.
/// @param role In which role: 0 agent, 1 validator, 2 operator, 3 employer.
/// @param work How much, in units that only compare within a role and an epoch.
/// @param deadline Last second in which it may be submitted.
/// @param salt Tells attestations apart.
struct Attestation {
    address consumer;
    uint256 epoch;
    address user;
    uint8 role;
    uint256 work;
    uint256 deadline;
    bytes32 salt;
}

/// @title IEnergyOracle
/// @notice What the other modules need of EnergyOracle.
interface IEnergyOracle {
    /// @notice Returns the digest of an attestation that enough signers signed, and reverts for any other.
    function verify(Attestation calldata attestation, address[] calldata signers, bytes[] calldata signatures)
        external
        view
        returns (bytes32 digest);
}
