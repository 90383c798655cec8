// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Actors} from "./Actors.sol";
import {Test} from "./Test.sol";

contract InvariantsTest is Test {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Actors private actors;

    function setUp() public {
        actors = new Actors();
        actors.setUp();
    }

    /// @dev What forge calls at random.
    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(actors), selectorsOfActors());
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(actors);
    }

    /// forge-config: default.invariant.runs = 24
    /// forge-config: default.invariant.depth = 128
    function invariant_Every_module_holds_exactly_what_it_owes_and_a_pause_stops_every_outflow_but_the_declared_ones()
        public
        view
    {
        check();
    }

    /// @dev A walk that is the same every time, to show that the actors get everywhere.
    function test_The_actors_reach_every_corner() public {
        bytes4[] memory selectors = selectorsOfActors();
        uint256 random = 1;
        for (uint256 i = 0; i < 1_500; ++i) {
            random = uint256(keccak256(abi.encode(random)));
            bytes4 selector = selectors[random % selectors.length];
            (bool success,) = address(actors)
                .call(
                    abi.encodePacked(
                        selector,
                        keccak256(abi.encode(random, 1)) >> 4,
                        keccak256(abi.encode(random, 2)),
                        keccak256(abi.encode(random, 3)),
                        keccak256(abi.encode(random, 4))
                    )
                );
            success;
            if (i % 50 == 0) check();
        }
        check();
        uint256[6] memory corners = actors.reached();
        for (uint256 i = 0; i < corners.length; ++i) {
            if (corners[i] == 0) {
                revert NotEqual(corners[i], i, string.concat("corner ", string(abi.encodePacked(uint8(48 + i)))));
            }
        }
        if (actors.done() < 500) revert NotEqual(actors.done(), 500, "done");
    }

    function check() private view {
        if (bytes(actors.breach()).length != 0) revert(actors.breach());
        actors.checkStakes();
        actors.checkJobs();
        actors.checkFees();
        actors.checkSupply();
    }

    function selectorsOfActors() private pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](22);
        selectors[0] = Actors.depositStake.selector;
        selectors[1] = Actors.requestWithdraw.selector;
        selectors[2] = Actors.cancelWithdraw.selector;
        selectors[3] = Actors.finalizeWithdraw.selector;
        selectors[4] = Actors.createJob.selector;
        selectors[5] = Actors.progressJob.selector;
        selectors[6] = Actors.startRound.selector;
        selectors[7] = Actors.progressRound.selector;
        selectors[8] = Actors.reportMisconduct.selector;
        selectors[9] = Actors.slashByTicket.selector;
        selectors[10] = Actors.moveFees.selector;
        selectors[11] = Actors.claimRewards.selector;
        selectors[12] = Actors.work.selector;
        selectors[13] = Actors.govern.selector;
        selectors[14] = Actors.pause.selector;
        selectors[15] = Actors.resume.selector;
        selectors[16] = Actors.wait_.selector;
        // Long lives need many steps, so these come up more often.
        selectors[17] = Actors.progressJob.selector;
        selectors[18] = Actors.progressRound.selector;
        selectors[19] = Actors.progressJob.selector;
        selectors[20] = Actors.progressRound.selector;
        selectors[21] = Actors.wait_.selector;
    }
}
