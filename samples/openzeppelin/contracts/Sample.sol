// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {AccessControlEnumerable} from "@openzeppelin/contracts/access/extensions/AccessControlEnumerable.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

/// @notice Ownable2Step and Pausable; its owner is the timelock.
contract Vault is Ownable2Step, Pausable {
    uint256 public constant MAX_FEE_BPS = 1_000;

    uint256 public feeBps;
    uint256 public window;

    event FeeUpdated(uint256 previous, uint256 current);
    event WindowUpdated(uint256 previous, uint256 current);

    error FeeTooHigh(uint256 feeBps);

    constructor(address initialOwner) Ownable(initialOwner) {
        feeBps = 100;
        window = 1 days;
    }

    function pause() external onlyOwner {
        _pause();
    }

    function unpause() external onlyOwner {
        _unpause();
    }

    function setFeeBps(uint256 newFeeBps) external onlyOwner {
        if (newFeeBps > MAX_FEE_BPS) revert FeeTooHigh(newFeeBps);
        emit FeeUpdated(feeBps, newFeeBps);
        feeBps = newFeeBps;
    }

    function setWindow(uint256 newWindow) external onlyOwner {
        emit WindowUpdated(window, newWindow);
        window = newWindow;
    }
}

/// @notice AccessControlEnumerable and Pausable; its admin is the Safe, a pauser can stop it and not start it again.
contract Gate is AccessControlEnumerable, Pausable {
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");
    bytes32 public constant KEEPER_ROLE = keccak256("KEEPER_ROLE");

    uint256 public limit;
    address public vault;

    event LimitUpdated(uint256 previous, uint256 current);
    event VaultUpdated(address previous, address current);

    constructor(address admin, address initialVault) {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        vault = initialVault;
        limit = 10;
    }

    function pause() external onlyRole(PAUSER_ROLE) {
        _pause();
    }

    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _unpause();
    }

    function setLimit(uint256 newLimit) external onlyRole(KEEPER_ROLE) {
        emit LimitUpdated(limit, newLimit);
        limit = newLimit;
    }

    function setVault(address newVault) external onlyRole(DEFAULT_ADMIN_ROLE) {
        emit VaultUpdated(vault, newVault);
        vault = newVault;
    }
}

/// @notice AccessControl as it is: nothing lists who holds a role, only events tell.
contract Journal is AccessControl {
    bytes32 public constant WRITER_ROLE = keccak256("WRITER_ROLE");

    uint256 public entries;

    constructor(address admin) {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    function write() external onlyRole(WRITER_ROLE) {
        ++entries;
    }
}

/// @notice Ownable, which changes hands in one step.
contract Board is Ownable {
    address public gate;
    uint256 public quorum;

    event QuorumUpdated(uint256 previous, uint256 current);

    constructor(address initialOwner, address initialGate) Ownable(initialOwner) {
        gate = initialGate;
        quorum = 3;
    }

    function setQuorum(uint256 newQuorum) external onlyOwner {
        emit QuorumUpdated(quorum, newQuorum);
        quorum = newQuorum;
    }
}
