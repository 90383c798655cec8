// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SelfPlayArena} from "../src/SelfPlayArena.sol";
import {Protocol} from "./Protocol.sol";

/// @notice The vectors of commitments that the program's tests read too, made without either.
contract ArenaCommitmentsTest is Protocol {
    function test_Commitments_are_those_of_the_shared_vectors() public {
        string memory json = vm.readFile("tests/vectors/arena-commitments.json");
        uint256 count;
        for (string memory path = ".vectors[0]"; vm.keyExistsJson(json, path);) {
            matches(json, path);
            path = string.concat(".vectors[", vm.toString(++count), "]");
        }
        assertEq(count, 12, "vectors");
    }

    function matches(string memory json, string memory path) private {
        address place = vm.parseJsonAddress(json, string.concat(path, ".arena"));
        vm.etch(place, address(arena).code);
        vm.chainId(vm.parseUint(vm.parseJsonString(json, string.concat(path, ".chain"))));
        uint256 round = vm.parseUint(vm.parseJsonString(json, string.concat(path, ".round")));
        address who = vm.parseJsonAddress(json, string.concat(path, ".account"));
        bytes32 payload = vm.parseJsonBytes32(json, string.concat(path, ".payload"));
        bytes32 salt = vm.parseJsonBytes32(json, string.concat(path, ".salt"));
        string memory kind = vm.parseJsonString(json, string.concat(path, ".kind"));
        assertEq(
            keccak256(bytes(kind)) == keccak256("vote")
                ? SelfPlayArena(place).voteCommitment(round, who, uint256(payload), salt)
                : SelfPlayArena(place).answerCommitment(round, who, payload, salt),
            vm.parseJsonBytes32(json, string.concat(path, ".commitment")),
            path
        );
    }
}
