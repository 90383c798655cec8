// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {IBurnableToken} from "./interfaces/IBurnableToken.sol";

/// @title AgiToken
/// @notice The token of local and test networks, in the form of the AGIALPHA of public ones: 18 decimals, burnable.
contract AgiToken is ERC20Burnable, IBurnableToken {
    /// @param initialHolder Receives the whole supply; there is no other way to mint.
    /// @param supply In wei of the token.
    constructor(address initialHolder, uint256 supply) ERC20("AGI ALPHA Test", "AGIALPHA") {
        _mint(initialHolder, supply);
    }

    /// @inheritdoc IBurnableToken
    function burn(uint256 value) public override(ERC20Burnable, IBurnableToken) {
        super.burn(value);
    }
}
