// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {NoCode, ZeroAddress} from "./Errors.sol";

/// @title Governed
/// @notice Owned by governance (a Safe, or a timelock before it) in two steps, and never by nobody.
abstract contract Governed is Ownable2Step {
    /// @notice Giving up ownership would lose every right of governance for good.
    error OwnershipCannotBeRenounced();

    /// @param initialOwner The first owner; a deployer hands over with `transferOwnership` and `acceptOwnership`.
    constructor(address initialOwner) Ownable(initialOwner) {}

    /// @notice Always refused: a module without an owner could never be resumed or repaired.
    function renounceOwnership() public pure override {
        revert OwnershipCannotBeRenounced();
    }

    /// @dev Refuses an address that cannot be a contract of the protocol.
    function _requireContract(address account) internal view {
        if (account == address(0)) revert ZeroAddress();
        if (account.code.length == 0) revert NoCode(account);
    }
}
