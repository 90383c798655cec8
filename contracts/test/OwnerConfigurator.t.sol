// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {OutOfBounds} from "../src/base/Errors.sol";
import {OwnerConfigurator} from "../src/OwnerConfigurator.sol";
import {Protocol} from "./Protocol.sol";

contract OwnerConfiguratorTest is Protocol {
    OwnerConfigurator private configurator;

    function setUp() public override {
        super.setUp();
        configurator = new OwnerConfigurator(governance);
        vm.startPrank(governance);
        feePool.transferOwnership(address(configurator));
        configurator.configure(
            OwnerConfigurator.Configuration(
                address(feePool), abi.encodeCall(feePool.acceptOwnership, ()), "", "FEE_POOL", "OWNER", "", ""
            )
        );
        vm.stopPrank();
        assertEq(feePool.owner(), address(configurator), "owned");
    }

    function test_A_batch_records_what_it_found_and_what_it_left() public {
        OwnerConfigurator.Configuration[] memory batch = new OwnerConfigurator.Configuration[](2);
        batch[0] = burn(0, 400);
        batch[1] = share(5_000, 6_000);
        vm.expectEmit(true, true, true, true, address(configurator));
        emit OwnerConfigurator.ParameterUpdated("FEE_POOL", "BURN_PCT", abi.encode(0), abi.encode(400), governance);
        vm.prank(governance);
        configurator.configureBatch(batch);
        assertEq(feePool.burnPct(), 400, "first");
        assertEq(feePool.stakerShareBps(), 6_000, "second");
    }

    function test_A_batch_that_finds_or_leaves_something_else_does_nothing() public {
        OwnerConfigurator.Configuration[] memory batch = new OwnerConfigurator.Configuration[](2);
        batch[0] = burn(0, 400);
        batch[1] = share(4_000, 6_000);
        vm.startPrank(governance);
        vm.expectRevert(
            abi.encodeWithSelector(
                OwnerConfigurator.UnexpectedValue.selector,
                address(feePool),
                bytes32("STAKER_SHARE"),
                abi.encode(4_000),
                abi.encode(5_000)
            )
        );
        configurator.configureBatch(batch);
        batch[1] = share(5_000, 6_000);
        batch[1].newValue = abi.encode(6_001);
        vm.expectPartialRevert(OwnerConfigurator.UnexpectedValue.selector);
        configurator.configureBatch(batch);
        vm.stopPrank();
        assertEq(feePool.burnPct(), 0, "nothing happened");
    }

    function test_Reasons_bubble_and_nonsense_is_refused() public {
        vm.startPrank(governance);
        vm.expectRevert(abi.encodeWithSelector(OutOfBounds.selector, 5_001, 0, 5_000));
        configurator.configure(burn(0, 5_001));
        OwnerConfigurator.Configuration memory configuration = burn(0, 1);
        configuration.callData = hex"1234";
        vm.expectRevert(OwnerConfigurator.MissingSelector.selector);
        configurator.configure(configuration);
        configuration = burn(0, 1);
        configuration.target = stranger;
        vm.expectRevert(abi.encodeWithSelector(Address.AddressEmptyCode.selector, stranger));
        configurator.configure(configuration);
        vm.expectRevert(OwnerConfigurator.EmptyBatch.selector);
        configurator.configureBatch(new OwnerConfigurator.Configuration[](0));
        vm.stopPrank();
    }

    function test_Only_governance_configures_and_modules_can_be_handed_back() public {
        vm.startPrank(stranger);
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.expectRevert(refusal);
        configurator.configure(burn(0, 1));
        vm.expectRevert(refusal);
        configurator.configureBatch(new OwnerConfigurator.Configuration[](1));
        vm.stopPrank();
        OwnerConfigurator.Configuration memory handBack = OwnerConfigurator.Configuration(
            address(feePool), abi.encodeCall(feePool.transferOwnership, (governance)), "", "FEE_POOL", "OWNER", "", ""
        );
        vm.startPrank(governance);
        configurator.configure(handBack);
        feePool.acceptOwnership();
        vm.stopPrank();
        assertEq(feePool.owner(), governance, "back");
    }

    function test_A_timelock_can_govern_and_guardians_need_not_wait_for_it() public {
        address[] memory proposers = new address[](1);
        proposers[0] = governance;
        TimelockController timelock = new TimelockController(2 days, proposers, proposers, address(0));
        vm.startPrank(governance);
        stakeManager.transferOwnership(address(timelock));
        systemPause.transferOwnership(address(timelock));
        schedule(timelock, address(stakeManager), abi.encodeCall(stakeManager.acceptOwnership, ()));
        schedule(timelock, address(systemPause), abi.encodeCall(systemPause.acceptOwnership, ()));
        vm.warp(block.timestamp + 2 days);
        run(timelock, address(stakeManager), abi.encodeCall(stakeManager.acceptOwnership, ()));
        run(timelock, address(systemPause), abi.encodeCall(systemPause.acceptOwnership, ()));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, governance));
        stakeManager.setFeePct(4);
        schedule(timelock, address(stakeManager), abi.encodeCall(stakeManager.setFeePct, (4)));
        vm.expectRevert();
        timelock.execute(address(stakeManager), 0, abi.encodeCall(stakeManager.setFeePct, (4)), "", "");
        vm.warp(block.timestamp + 2 days);
        run(timelock, address(stakeManager), abi.encodeCall(stakeManager.setFeePct, (4)));
        vm.stopPrank();
        assertEq(stakeManager.feePct(), 4, "set after the delay");
        vm.prank(guardian);
        systemPause.pauseAll();
        assertTrue(stakeManager.paused(), "paused without delay");
    }

    function schedule(TimelockController timelock, address target, bytes memory data) private {
        timelock.schedule(target, 0, data, "", "", 2 days);
    }

    function run(TimelockController timelock, address target, bytes memory data) private {
        timelock.execute(target, 0, data, "", "");
    }

    function burn(uint256 previous, uint256 current) private view returns (OwnerConfigurator.Configuration memory) {
        return OwnerConfigurator.Configuration(
            address(feePool),
            abi.encodeCall(feePool.setBurnPct, (current)),
            abi.encodeCall(feePool.burnPct, ()),
            "FEE_POOL",
            "BURN_PCT",
            abi.encode(previous),
            abi.encode(current)
        );
    }

    function share(uint256 previous, uint256 current) private view returns (OwnerConfigurator.Configuration memory) {
        return OwnerConfigurator.Configuration(
            address(feePool),
            abi.encodeCall(feePool.setStakerShare, (current)),
            abi.encodeCall(feePool.stakerShareBps, ()),
            "FEE_POOL",
            "STAKER_SHARE",
            abi.encode(previous),
            abi.encode(current)
        );
    }
}
