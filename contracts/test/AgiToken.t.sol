// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AgiToken} from "../src/AgiToken.sol";
import {Test} from "./Test.sol";

contract AgiTokenTest is Test {
    function test_The_supply_is_fixed_and_can_only_be_burned() public {
        AgiToken token = new AgiToken(address(this), 1_000e18);
        assertEq(token.totalSupply(), 1_000e18, "supply");
        assertEq(token.decimals(), 18, "decimals");
        assertEq(keccak256(bytes(token.symbol())), keccak256("AGIALPHA"), "symbol");
        assertEq(keccak256(bytes(token.name())), keccak256("AGI ALPHA Test"), "name");
        token.burn(400e18);
        assertEq(token.totalSupply(), 600e18, "burned");
    }
}
