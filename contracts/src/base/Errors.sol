// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev An address that must name somebody is zero.
error ZeroAddress();

/// @dev An amount that must move something is zero.
error ZeroAmount();

/// @dev A contract was expected at `account`.
error NoCode(address account);

/// @dev `value` is outside the closed interval from `minimum` to `maximum`.
error OutOfBounds(uint256 value, uint256 minimum, uint256 maximum);

/// @dev The shares of a split add up to `sum` where `expected` is required.
error SplitSum(uint256 sum, uint256 expected);

/// @dev `caller` does not hold the right that the function needs.
error Unauthorized(address caller);

/// @dev Shares are expressed in basis points of this whole.
uint256 constant BPS = 10_000;
