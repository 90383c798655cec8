// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

/// @notice A module as legacy deployments have it: its owner pauses and resumes, neither of them twice.
contract LegacyModule is Ownable, Pausable {
    constructor(address initialOwner) Ownable(initialOwner) {}

    function pause() external onlyOwner {
        _pause();
    }

    function unpause() external onlyOwner {
        _unpause();
    }
}

/// @notice Stands in for a legacy SystemPause, which owns its modules, has a fixed set of them, changes hands in one step,
/// and whose `pauseAll` reverts as soon as one module is paused already.
contract PauseDouble {
    address public governance;
    LegacyModule[] private _modules;

    event GovernanceUpdated(address indexed newGovernance);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);
    event GovernanceCallExecuted(address indexed target, bytes4 indexed selector, bytes result);

    error NotGovernance();
    error UnknownGovernanceTarget(address target);

    modifier onlyGovernance() {
        if (msg.sender != governance) revert NotGovernance();
        _;
    }

    /// @param initialGovernance Who may do everything.
    /// @param count How many modules to deploy.
    constructor(address initialGovernance, uint256 count) {
        _setGovernance(initialGovernance);
        for (uint256 i = 0; i < count; ++i) {
            _modules.push(new LegacyModule(address(this)));
        }
    }

    function pauseAll() external onlyGovernance {
        for (uint256 i = 0; i < _modules.length; ++i) {
            _modules[i].pause();
        }
    }

    function unpauseAll() external onlyGovernance {
        for (uint256 i = 0; i < _modules.length; ++i) {
            _modules[i].unpause();
        }
    }

    function executeGovernanceCall(address target, bytes calldata data)
        external
        onlyGovernance
        returns (bytes memory result)
    {
        bool known;
        for (uint256 i = 0; i < _modules.length; ++i) {
            known = known || address(_modules[i]) == target;
        }
        if (!known) revert UnknownGovernanceTarget(target);
        bool success;
        (success, result) = target.call(data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(result, 32), mload(result))
            }
        }
        emit GovernanceCallExecuted(target, bytes4(data[:4]), result);
    }

    function setGovernance(address newGovernance) external onlyGovernance {
        _setGovernance(newGovernance);
    }

    function owner() external view returns (address) {
        return governance;
    }

    function modules() external view returns (LegacyModule[] memory) {
        return _modules;
    }

    function _setGovernance(address newGovernance) private {
        emit GovernanceUpdated(newGovernance);
        emit OwnershipTransferred(governance, newGovernance);
        governance = newGovernance;
    }
}
