// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Governed} from "./base/Governed.sol";

/// @title OwnerConfigurator
/// @notice Makes changes as one audited batch: each says what it expects to find and to leave, and both are read.
/// @dev It acts with its own rights, so it can only change modules that it owns or that know it. The values in its events
/// are those that the chain gave before and after the call, never those that somebody asserted.
contract OwnerConfigurator is Governed {
    /// @param target Whose parameter it is.
    /// @param callData The call that changes it.
    /// @param readData The view call that reads it; empty for a call that has no getter.
    /// @param moduleKey Name of the module, hashed.
    /// @param parameterKey Name of the parameter, hashed.
    /// @param oldValue What reading must give before; the ABI encoding of the getter's answer.
    /// @param newValue What reading must give afterwards.
    struct Configuration {
        address target;
        bytes callData;
        bytes readData;
        bytes32 moduleKey;
        bytes32 parameterKey;
        bytes oldValue;
        bytes newValue;
    }

    /// @notice A parameter was changed; both values were read from the chain.
    event ParameterUpdated(
        bytes32 indexed module, bytes32 indexed parameter, bytes oldValue, bytes newValue, address indexed actor
    );

    /// @notice A module was called.
    event ConfigurationExecuted(address indexed target, bytes4 indexed selector, bytes result);

    /// @notice Reading gave something else than was expected.
    error UnexpectedValue(address target, bytes32 parameterKey, bytes expected, bytes actual);

    /// @notice A call without a function selector.
    error MissingSelector();

    /// @notice A batch of nothing.
    error EmptyBatch();

    /// @param initialOwner Governance, or the deployer until it hands over.
    constructor(address initialOwner) Governed(initialOwner) {}

    /// @notice Makes one change.
    /// @return result What the call returned.
    function configure(Configuration calldata configuration) external onlyOwner returns (bytes memory result) {
        return _configure(configuration);
    }

    /// @notice Makes all changes in this order, or none.
    /// @return results What the calls returned.
    function configureBatch(Configuration[] calldata configurations)
        external
        onlyOwner
        returns (bytes[] memory results)
    {
        if (configurations.length == 0) revert EmptyBatch();
        results = new bytes[](configurations.length);
        for (uint256 i = 0; i < configurations.length; ++i) {
            results[i] = _configure(configurations[i]);
        }
    }

    function _configure(Configuration calldata configuration) private returns (bytes memory result) {
        address target = configuration.target;
        if (configuration.callData.length < 4) revert MissingSelector();
        bytes memory previous = _read(configuration, configuration.oldValue);
        result = Address.functionCall(target, configuration.callData);
        bytes memory current = _read(configuration, configuration.newValue);
        emit ConfigurationExecuted(target, bytes4(configuration.callData[:4]), result);
        if (configuration.readData.length != 0) {
            emit ParameterUpdated(configuration.moduleKey, configuration.parameterKey, previous, current, msg.sender);
        }
    }

    function _read(Configuration calldata configuration, bytes calldata expected)
        private
        view
        returns (bytes memory actual)
    {
        if (configuration.readData.length == 0) return "";
        actual = Address.functionStaticCall(configuration.target, configuration.readData);
        if (keccak256(actual) != keccak256(expected)) {
            revert UnexpectedValue(configuration.target, configuration.parameterKey, expected, actual);
        }
    }
}
