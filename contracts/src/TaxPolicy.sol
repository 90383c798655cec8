// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {Unauthorized} from "./base/Errors.sol";
import {Governed} from "./base/Governed.sol";
import {Membership} from "./base/Membership.sol";
import {ITaxPolicy} from "./interfaces/ITaxPolicy.sol";

/// @title TaxPolicy
/// @notice The statement on who owes tax, and who has acknowledged it.
/// @dev A correction of wording leaves acknowledgements as they are; only {bumpPolicyVersion} asks for new ones, because
/// that keeps everybody from starting anything until he has acknowledged again. It never stands in the way of leaving.
contract TaxPolicy is ITaxPolicy, Governed {
    using EnumerableSet for EnumerableSet.AddressSet;
    using Membership for EnumerableSet.AddressSet;

    /// @notice Where the policy can be read.
    string public policyURI;

    /// @notice The sentence that is acknowledged.
    string public acknowledgement;

    /// @notice The version that must have been acknowledged, from 1.
    uint256 public policyVersion = 1;

    /// @notice The version that an account acknowledged last; zero for none.
    mapping(address account => uint256) public acknowledgedVersion;

    EnumerableSet.AddressSet private _acknowledgers;

    /// @notice The wording changed.
    event PolicyUpdated(string previousURI, string previousAcknowledgement, string uri, string acknowledgement);

    /// @notice Everybody must acknowledge again.
    event PolicyVersionUpdated(uint256 previous, uint256 current);

    /// @notice An account acknowledged, by itself or through `acknowledger`.
    event PolicyAcknowledged(address indexed account, uint256 version, address indexed acknowledger);

    /// @notice Governance or the account itself withdrew an acknowledgement.
    event AcknowledgementRevoked(address indexed account, uint256 version);

    /// @notice Who may acknowledge for others changed.
    event AcknowledgerUpdated(address indexed acknowledger, bool previous, bool current);

    /// @param initialOwner Governance, or the deployer until it hands over.
    /// @param initialURI Where the policy can be read.
    /// @param initialAcknowledgement The sentence that is acknowledged.
    constructor(address initialOwner, string memory initialURI, string memory initialAcknowledgement)
        Governed(initialOwner)
    {
        policyURI = initialURI;
        acknowledgement = initialAcknowledgement;
        emit PolicyUpdated("", "", initialURI, initialAcknowledgement);
    }

    /// @notice The caller acknowledges the policy in force.
    function acknowledge() external {
        _acknowledge(msg.sender);
    }

    /// @notice An acknowledger does so for an account that told it to.
    function acknowledgeFor(address account) external {
        if (!_acknowledgers.contains(msg.sender)) revert Unauthorized(msg.sender);
        _acknowledge(account);
    }

    /// @notice Withdraws an acknowledgement.
    function revokeAcknowledgement(address account) external {
        if (msg.sender != account && msg.sender != owner()) revert Unauthorized(msg.sender);
        emit AcknowledgementRevoked(account, acknowledgedVersion[account]);
        acknowledgedVersion[account] = 0;
    }

    /// @notice Changes the wording. Acknowledgements stand.
    function setPolicy(string calldata newURI, string calldata newAcknowledgement) external onlyOwner {
        emit PolicyUpdated(policyURI, acknowledgement, newURI, newAcknowledgement);
        policyURI = newURI;
        acknowledgement = newAcknowledgement;
    }

    /// @notice Asks everybody to acknowledge again before starting anything new.
    function bumpPolicyVersion() external onlyOwner {
        emit PolicyVersionUpdated(policyVersion, policyVersion + 1);
        ++policyVersion;
    }

    /// @notice Says whether `acknowledger` may acknowledge for others.
    function setAcknowledger(address acknowledger, bool allowed) external onlyOwner {
        emit AcknowledgerUpdated(acknowledger, _acknowledgers.update(acknowledger, allowed), allowed);
    }

    /// @inheritdoc ITaxPolicy
    function hasAcknowledged(address account) external view returns (bool) {
        return acknowledgedVersion[account] == policyVersion;
    }

    /// @notice Whether `account` may acknowledge for others.
    function acknowledgers(address account) external view returns (bool) {
        return _acknowledgers.contains(account);
    }

    /// @notice All who may acknowledge for others.
    function acknowledgerList() external view returns (address[] memory) {
        return _acknowledgers.values();
    }

    function _acknowledge(address account) private {
        acknowledgedVersion[account] = policyVersion;
        emit PolicyAcknowledged(account, policyVersion, msg.sender);
    }
}
