// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title IBurnableToken
/// @notice An ERC-20 token whose holder can destroy what he holds.
interface IBurnableToken is IERC20 {
    /// @notice Destroys `value` of the caller's tokens.
    function burn(uint256 value) external;
}
