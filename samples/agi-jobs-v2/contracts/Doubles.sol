// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

/// @notice Doubles of the deployment's contracts as far as owners act on them: who may, what reverts, what is emitted.
abstract contract Governable {
    address public governance;

    event GovernanceUpdated(address indexed newGovernance);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    error NotGovernance();
    error ZeroAddress();

    modifier onlyGovernance() {
        if (msg.sender != governance) revert NotGovernance();
        _;
    }

    constructor(address initialGovernance) {
        _set(initialGovernance);
    }

    function setGovernance(address newGovernance) external onlyGovernance {
        _set(newGovernance);
    }

    function transferOwnership(address newOwner) external onlyGovernance {
        _set(newOwner);
    }

    function owner() public view returns (address) {
        return governance;
    }

    function _set(address next) private {
        if (next == address(0)) revert ZeroAddress();
        emit GovernanceUpdated(next);
        emit OwnershipTransferred(governance, next);
        governance = next;
    }
}

abstract contract Pausers is Pausable {
    address public pauser;
    address public pauserManager;

    event PauserUpdated(address indexed pauser);
    event PauserManagerUpdated(address indexed pauserManager);

    error NotOwnerOrPauser();
    error NotOwnerOrPauserManager();

    /// @dev Every view that the double does not have answers zero.
    fallback() external {
        assembly ("memory-safe") {
            mstore(0, 0)
            return(0, 32)
        }
    }

    function setPauser(address newPauser) external {
        if (msg.sender != _chief() && msg.sender != pauserManager) revert NotOwnerOrPauserManager();
        pauser = newPauser;
        emit PauserUpdated(newPauser);
    }

    function setPauserManager(address next) external {
        if (msg.sender != _chief()) revert NotOwnerOrPauserManager();
        pauserManager = next;
        emit PauserManagerUpdated(next);
    }

    function pause() external {
        if (msg.sender != _chief() && msg.sender != pauser) revert NotOwnerOrPauser();
        _pause();
    }

    function unpause() external {
        if (msg.sender != _chief() && msg.sender != pauser) revert NotOwnerOrPauser();
        _unpause();
    }

    function _chief() internal view virtual returns (address);
}

contract GovernedDouble is Governable, Pausers {
    constructor(address first) Governable(first) {}

    function _chief() internal view override returns (address) {
        return governance;
    }
}

contract StakeManagerDouble is GovernedDouble {
    uint256 public feePct;
    uint256 public burnPct;
    uint256 public validatorRewardPct;
    uint256 public validatorSlashRewardPct;
    uint256 public minStake = 1 ether;
    mapping(address => bool) public validatorLockManagers;

    event ParametersUpdated(
        uint256 minStake,
        uint256 employerSlash,
        uint256 treasurySlash,
        uint256 operatorSlash,
        uint256 validatorSlashReward,
        uint256 burnSlash,
        uint256 feePct,
        uint256 burnPct,
        uint256 validatorRewardPct
    );
    event FeePctUpdated(uint256 pct);
    event ValidatorLockManagerUpdated(address indexed manager, bool allowed);

    error InvalidPercentage();

    constructor(address first) GovernedDouble(first) {}

    function setFeePct(uint256 value) external onlyGovernance {
        if (value + burnPct + validatorRewardPct > 100) revert InvalidPercentage();
        feePct = value;
        emit FeePctUpdated(value);
        _told();
    }

    function setValidatorRewardPct(uint256 value) external onlyGovernance {
        if (feePct + burnPct + value > 100) revert InvalidPercentage();
        validatorRewardPct = value;
        validatorSlashRewardPct = value;
        _told();
    }

    function setValidatorLockManager(address manager, bool allowed) external onlyGovernance {
        validatorLockManagers[manager] = allowed;
        emit ValidatorLockManagerUpdated(manager, allowed);
    }

    function _told() private {
        emit ParametersUpdated(minStake, 0, 0, 0, validatorSlashRewardPct, 0, feePct, burnPct, validatorRewardPct);
    }
}

contract OwnedDouble is Ownable, Pausers {
    constructor(address first) Ownable(first) {}

    function _chief() internal view override returns (address) {
        return owner();
    }
}

contract SystemPauseDouble is Governable {
    address public jobRegistry;
    address public stakeManager;
    address public validationModule;
    address public disputeModule;
    address public platformRegistry;
    address public feePool;
    address public reputationEngine;
    address public arbitratorCommittee;
    address public activePauser;

    event GovernanceCallExecuted(address indexed target, bytes4 indexed selector, bytes result);

    error UnknownGovernanceTarget(address target);
    error MissingSelector();

    constructor(address[8] memory m, address first) Governable(first) {
        (jobRegistry, stakeManager, validationModule, disputeModule) = (m[0], m[1], m[2], m[3]);
        (platformRegistry, feePool, reputationEngine, arbitratorCommittee) = (m[4], m[5], m[6], m[7]);
    }

    function pauseAll() external onlyGovernance {
        address[8] memory all = _all();
        for (uint256 i = 0; i < 8; ++i) {
            Pausers(all[i]).pause();
        }
    }

    function unpauseAll() external onlyGovernance {
        address[8] memory all = _all();
        for (uint256 i = 0; i < 8; ++i) {
            Pausers(all[i]).unpause();
        }
    }

    function executeGovernanceCall(address target, bytes calldata data)
        external
        onlyGovernance
        returns (bytes memory result)
    {
        address[8] memory all = _all();
        bool known;
        for (uint256 i = 0; i < 8; ++i) {
            known = known || all[i] == target;
        }
        if (!known) revert UnknownGovernanceTarget(target);
        if (data.length < 4) revert MissingSelector();
        bool success;
        (success, result) = target.call(data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(result, 32), mload(result))
            }
        }
        emit GovernanceCallExecuted(target, bytes4(data[:4]), result);
    }

    function _all() private view returns (address[8] memory) {
        return [jobRegistry, stakeManager, validationModule, disputeModule, platformRegistry, feePool, reputationEngine, arbitratorCommittee];
    }
}
