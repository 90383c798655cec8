// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {ZeroAddress} from "./Errors.sol";

/// @title Membership
/// @notice The holders of a role, as a set that can be listed.
library Membership {
    using EnumerableSet for EnumerableSet.AddressSet;

    /// @notice Makes `account` a member or not.
    /// @return previous Whether it was one before.
    function update(EnumerableSet.AddressSet storage members, address account, bool member)
        internal
        returns (bool previous)
    {
        if (account == address(0)) revert ZeroAddress();
        return member ? !members.add(account) : members.remove(account);
    }
}
