// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {IPausableModule} from "../interfaces/IPausableModule.sol";
import {Governed} from "./Governed.sol";
import {Unauthorized} from "./Errors.sol";

/// @title PausableModule
/// @notice The pause lever and the clock that every module shares.
/// @dev Deadlines of users are expressed in {protocolTime}, which stands still while the module is paused, so a pause
/// never makes a deadline pass. An action that a deadline demands must not depend on another pausable module, or that
/// module's pause would eat the time that this clock does not save.
abstract contract PausableModule is Governed, Pausable, IPausableModule {
    /// @notice The contract that pauses on behalf of guardians and resumes on behalf of governance.
    address public systemPause;

    uint64 private _pausedAt;
    uint64 private _pausedBefore;

    /// @notice The contract with the right to pause and resume changed.
    event SystemPauseUpdated(address indexed previousSystemPause, address indexed newSystemPause);

    /// @param initialOwner The first owner.
    /// @param initialSystemPause The SystemPause contract, which has the pause lever and no other right.
    constructor(address initialOwner, address initialSystemPause) Governed(initialOwner) {
        _setSystemPause(initialSystemPause);
    }

    /// @inheritdoc IPausableModule
    function pause() external {
        if (!isPauser(msg.sender)) revert Unauthorized(msg.sender);
        _pause();
    }

    /// @inheritdoc IPausableModule
    /// @dev SystemPause forwards this for governance only; a guardian or a pauser can never resume.
    function unpause() external {
        if (msg.sender != owner() && msg.sender != systemPause) revert Unauthorized(msg.sender);
        _unpause();
    }

    /// @notice Names the contract that pauses for guardians.
    function setSystemPause(address newSystemPause) external onlyOwner {
        _setSystemPause(newSystemPause);
    }

    /// @inheritdoc IPausableModule
    function isPauser(address account) public view virtual returns (bool) {
        return account == owner() || account == systemPause;
    }

    /// @inheritdoc IPausableModule
    function paused() public view override(IPausableModule, Pausable) returns (bool) {
        return super.paused();
    }

    /// @notice The clock of this module's deadlines: block time less all the time spent paused, in seconds.
    function protocolTime() public view returns (uint64) {
        return uint64(block.timestamp) - pausedSeconds();
    }

    /// @notice How long this module has been paused in all, in seconds. A deadline passes this much later on the wall.
    function pausedSeconds() public view returns (uint64) {
        return paused() ? _pausedBefore + uint64(block.timestamp) - _pausedAt : _pausedBefore;
    }

    /// @dev Stops the clock with the module.
    function _pause() internal override {
        super._pause();
        _pausedAt = uint64(block.timestamp);
    }

    /// @dev Lets the clock go on from where it stood.
    function _unpause() internal override {
        _pausedBefore = pausedSeconds();
        super._unpause();
    }

    function _setSystemPause(address newSystemPause) private {
        _requireContract(newSystemPause);
        emit SystemPauseUpdated(systemPause, newSystemPause);
        systemPause = newSystemPause;
    }
}
