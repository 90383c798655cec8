// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {OutOfBounds, Unauthorized} from "./base/Errors.sol";
import {Membership} from "./base/Membership.sol";
import {PausableModule} from "./base/PausableModule.sol";
import {Attestation, IEnergyOracle} from "./interfaces/IEnergyOracle.sol";

/// @title EnergyOracle
/// @notice A set of signers, so many of whom must agree, attests work done.
/// @dev Verification changes nothing, so nobody can use up another's attestation; its consumer keeps count of digests.
/// There are never fewer signers than must agree, nor fewer than one.
contract EnergyOracle is IEnergyOracle, PausableModule, EIP712 {
    using EnumerableSet for EnumerableSet.AddressSet;
    using Membership for EnumerableSet.AddressSet;

    /// @notice EIP-712 type of {Attestation}.
    bytes32 public constant ATTESTATION_TYPEHASH = keccak256(
        "Attestation(address consumer,uint256 epoch,address user,uint8 role,uint256 work,uint256 deadline,bytes32 salt)"
    );

    /// @notice Most signers at a time.
    uint256 public constant MAX_SIGNERS = 32;

    /// @notice How many signers must agree.
    uint256 public threshold = 1;

    EnumerableSet.AddressSet private _signers;

    /// @notice A signer was added or removed.
    event SignerUpdated(address indexed signer, bool previous, bool current);

    /// @notice How many must agree changed.
    event ThresholdUpdated(uint256 previous, uint256 current);

    /// @notice That would leave fewer signers than must agree.
    error TooFewSigners(uint256 count, uint256 threshold);

    /// @notice No more than {MAX_SIGNERS}.
    error TooManySigners(uint256 maximum);

    /// @notice The lists are not equally long.
    error LengthMismatch(uint256 first, uint256 second);

    /// @notice Only `given` signers where `required` must agree.
    error NotEnoughSignatures(uint256 given, uint256 required);

    /// @notice Signers are given in ascending order, so that none counts twice.
    error SignersNotAscending(address previous, address next);

    /// @notice The signature is not that of `signer` over this attestation.
    error InvalidSignature(address signer);

    /// @notice The attestation is too old.
    error AttestationExpired(uint256 deadline, uint256 timestamp);

    /// @param initialOwner Governance, or the deployer until it hands over.
    /// @param initialSystemPause The SystemPause contract.
    /// @param initialSigners At least one.
    constructor(address initialOwner, address initialSystemPause, address[] memory initialSigners)
        PausableModule(initialOwner, initialSystemPause)
        EIP712("EnergyOracle", "1")
    {
        for (uint256 i = 0; i < initialSigners.length; ++i) {
            _setSigner(initialSigners[i], true);
        }
        _requireQuorum();
    }

    /// @inheritdoc IEnergyOracle
    function verify(Attestation calldata attestation, address[] calldata signers, bytes[] calldata signatures)
        external
        view
        whenNotPaused
        returns (bytes32 digest)
    {
        if (block.timestamp > attestation.deadline) {
            revert AttestationExpired(attestation.deadline, block.timestamp);
        }
        if (signers.length != signatures.length) revert LengthMismatch(signers.length, signatures.length);
        if (signers.length < threshold) revert NotEnoughSignatures(signers.length, threshold);
        digest = attestationDigest(attestation);
        address previous = address(0);
        for (uint256 i = 0; i < signers.length; ++i) {
            address signer = signers[i];
            if (signer <= previous) revert SignersNotAscending(previous, signer);
            if (!_signers.contains(signer)) revert Unauthorized(signer);
            if (!SignatureChecker.isValidSignatureNowCalldata(signer, digest, signatures[i])) {
                revert InvalidSignature(signer);
            }
            previous = signer;
        }
    }

    /// @notice Adds or removes a signer.
    function setSigner(address signer, bool allowed) external onlyOwner {
        _setSigner(signer, allowed);
        _requireQuorum();
    }

    /// @notice Adds and removes signers at once; what counts is how many there are at the end.
    function setSigners(address[] calldata signers, bool[] calldata allowed) external onlyOwner {
        if (signers.length != allowed.length) revert LengthMismatch(signers.length, allowed.length);
        for (uint256 i = 0; i < signers.length; ++i) {
            _setSigner(signers[i], allowed[i]);
        }
        _requireQuorum();
    }

    /// @notice Sets how many signers must agree: at least one, at most as many as there are.
    function setThreshold(uint256 newThreshold) external onlyOwner {
        if (newThreshold == 0 || newThreshold > _signers.length()) {
            revert OutOfBounds(newThreshold, 1, _signers.length());
        }
        emit ThresholdUpdated(threshold, newThreshold);
        threshold = newThreshold;
    }

    /// @notice All signers.
    function getSigners() external view returns (address[] memory) {
        return _signers.values();
    }

    /// @notice How many signers there are.
    function signerCount() external view returns (uint256) {
        return _signers.length();
    }

    /// @notice Whether `account` is a signer.
    function isSigner(address account) external view returns (bool) {
        return _signers.contains(account);
    }

    /// @notice What signers sign.
    function attestationDigest(Attestation calldata attestation) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    ATTESTATION_TYPEHASH,
                    attestation.consumer,
                    attestation.epoch,
                    attestation.user,
                    attestation.role,
                    attestation.work,
                    attestation.deadline,
                    attestation.salt
                )
            )
        );
    }

    function _setSigner(address signer, bool allowed) private {
        emit SignerUpdated(signer, _signers.update(signer, allowed), allowed);
    }

    function _requireQuorum() private view {
        uint256 count = _signers.length();
        if (count < threshold) revert TooFewSigners(count, threshold);
        if (count > MAX_SIGNERS) revert TooManySigners(MAX_SIGNERS);
    }
}
