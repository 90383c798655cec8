// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {Governed} from "./Governed.sol";
import {Membership} from "./Membership.sol";

/// @title TreasuryAccount
/// @notice Where a module sends what belongs to the protocol: an allowlisted account that is never the owner.
/// @dev The treasury in use cannot leave the allowlist, so a payment to it can never be refused half-way.
abstract contract TreasuryAccount is Governed {
    using EnumerableSet for EnumerableSet.AddressSet;
    using Membership for EnumerableSet.AddressSet;

    /// @notice The account that receives the protocol's money; zero when unset.
    address public treasury;

    EnumerableSet.AddressSet private _allowlist;

    /// @notice The treasury changed.
    event TreasuryUpdated(address indexed previousTreasury, address indexed newTreasury);

    /// @notice An account may, or may no longer, be made the treasury.
    event TreasuryAllowlistUpdated(address indexed account, bool previous, bool current);

    /// @notice The account is not on the allowlist.
    error TreasuryNotAllowlisted(address account);

    /// @notice One account cannot be both owner and treasury, nor the module its own treasury.
    error TreasuryConflict(address account);

    /// @notice The treasury in use cannot be taken off the allowlist; set another one first.
    error TreasuryInUse(address account);

    /// @notice There is no treasury to pay to.
    error TreasuryNotSet();

    /// @param initialTreasury Allowlisted and set at once; zero leaves it unset.
    constructor(address initialTreasury) {
        if (initialTreasury != address(0)) {
            _setAllowed(initialTreasury, true);
            _setTreasury(initialTreasury);
        }
    }

    /// @notice Makes an allowlisted account the treasury; zero unsets it.
    function setTreasury(address newTreasury) external onlyOwner {
        _setTreasury(newTreasury);
    }

    /// @notice Says whether `account` may be made the treasury.
    function setTreasuryAllowlist(address account, bool allowed) external onlyOwner {
        if (!allowed && account == treasury) revert TreasuryInUse(account);
        _setAllowed(account, allowed);
    }

    /// @notice Whether `account` may be made the treasury.
    function treasuryAllowlist(address account) public view returns (bool) {
        return _allowlist.contains(account);
    }

    /// @notice All accounts that may be made the treasury.
    function allowedTreasuries() external view returns (address[] memory) {
        return _allowlist.values();
    }

    /// @dev The treasury cannot become the owner either.
    function _transferOwnership(address newOwner) internal virtual override {
        if (newOwner == treasury && newOwner != address(0)) revert TreasuryConflict(newOwner);
        super._transferOwnership(newOwner);
    }

    function _setTreasury(address newTreasury) private {
        if (newTreasury != address(0)) {
            if (!treasuryAllowlist(newTreasury)) revert TreasuryNotAllowlisted(newTreasury);
            if (newTreasury == owner() || newTreasury == address(this)) revert TreasuryConflict(newTreasury);
        }
        emit TreasuryUpdated(treasury, newTreasury);
        treasury = newTreasury;
    }

    function _setAllowed(address account, bool allowed) private {
        emit TreasuryAllowlistUpdated(account, _allowlist.update(account, allowed), allowed);
    }
}
