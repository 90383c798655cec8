// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {IPausableModule} from "./interfaces/IPausableModule.sol";
import {Governed} from "./base/Governed.sol";
import {Membership} from "./base/Membership.sol";
import {Unauthorized} from "./base/Errors.sol";

/// @title SystemPause
/// @notice One lever that stops the whole protocol from any state it may be in.
/// @dev Guardians and governance pause; only governance resumes. A pause stops as much as it can: a module that fails to
/// stop is reported and does not keep the others running. A resume is all or nothing.
contract SystemPause is Governed, EIP712 {
    using EnumerableSet for EnumerableSet.AddressSet;
    using Membership for EnumerableSet.AddressSet;

    /// @notice Leave to pause, signed in advance, that anybody may submit once.
    /// @param signer The guardian or governance that signed; an account or an ERC-1271 contract.
    /// @param modules What to pause; empty means every registered module.
    /// @param validAfter First second in which it may be used.
    /// @param validBefore First second in which it may no longer be used.
    /// @param salt Tells the authorisations of one signer apart; each is used once.
    struct PauseAuthorization {
        address signer;
        address[] modules;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 salt;
    }

    /// @notice EIP-712 type of {PauseAuthorization}.
    bytes32 public constant PAUSE_AUTHORIZATION_TYPEHASH = keccak256(
        "PauseAuthorization(address signer,address[] modules,uint256 validAfter,uint256 validBefore,bytes32 salt)"
    );

    /// @notice Keeps the gas of {pauseAll} far below a block's.
    uint256 public constant MAX_MODULES = 64;

    /// @notice Gas that one module gets to stop itself, so that a broken one cannot burn the others' share.
    uint256 public constant PAUSE_GAS = 200_000;

    // What must be left before a module is called: its gas, the 64th that the EVM holds back, and room for the outcome.
    uint256 private constant GAS_FLOOR = (PAUSE_GAS * 64) / 63 + 50_000;

    EnumerableSet.AddressSet private _modules;
    EnumerableSet.AddressSet private _guardians;
    mapping(address signer => mapping(bytes32 salt => bool)) private _spent;

    /// @notice A module can be paused from here.
    event ModuleAdded(address indexed module);

    /// @notice A module can no longer be paused from here.
    event ModuleRemoved(address indexed module);

    /// @notice A guardian was appointed or dismissed.
    event GuardianUpdated(address indexed guardian, bool previous, bool current);

    /// @notice Everything was told to stop: `changed` modules did, `failed` could not.
    event SystemPaused(address indexed caller, uint256 changed, uint256 failed);

    /// @notice Some modules were told to stop: `changed` did, `failed` could not.
    event ModulesPaused(address indexed caller, uint256 changed, uint256 failed);

    /// @notice Everything runs again: `changed` modules were resumed.
    event SystemResumed(address indexed caller, uint256 changed);

    /// @notice One module was resumed.
    event ModuleResumed(address indexed caller, address indexed module);

    /// @notice A module did not stop; `reason` is what it reverted with.
    event PauseFailed(address indexed module, bytes reason);

    /// @notice An authorisation was used by `submitter`.
    event AuthorizationUsed(address indexed signer, bytes32 indexed salt, address indexed submitter);

    /// @notice An authorisation can no longer be used.
    event AuthorizationRevoked(address indexed signer, bytes32 indexed salt);

    /// @notice Governance called a module through this contract.
    event GovernanceCallExecuted(address indexed target, bytes4 indexed selector, bytes result);

    /// @notice The module is not registered here.
    error UnknownModule(address module);

    /// @notice The module is registered already.
    error ModuleAlreadyAdded(address module);

    /// @notice The module does not let this contract pause it, so registering it would be a lever that does nothing.
    error ModuleRefusesPause(address module);

    /// @notice No more than {MAX_MODULES} modules.
    error TooManyModules(uint256 maximum);

    /// @notice The module did not stop, or did not resume.
    error ModuleCallFailed(address module, bytes reason);

    /// @notice With `available` gas left a module might fail for want of gas; send at least `required`.
    error InsufficientGas(uint256 available, uint256 required);

    /// @notice Used or revoked before.
    error AuthorizationSpent(address signer, bytes32 salt);

    /// @notice Outside the window from `validAfter` to `validBefore`.
    error AuthorizationNotValidNow(uint256 validAfter, uint256 validBefore, uint256 timestamp);

    /// @notice The signature is not that of `signer` over this authorisation.
    error InvalidSignature(address signer);

    /// @notice The authorisation would stop nothing, and so is kept for when it does.
    error NothingPaused(uint256 failed);

    /// @notice A call without a function selector.
    error MissingSelector();

    modifier onlyGuardianOrOwner() {
        if (!_canPause(msg.sender)) revert Unauthorized(msg.sender);
        _;
    }

    /// @param initialOwner Governance, or the deployer until it hands over.
    /// @param initialGuardians Who can pause and never resume.
    constructor(address initialOwner, address[] memory initialGuardians)
        Governed(initialOwner)
        EIP712("SystemPause", "1")
    {
        for (uint256 i = 0; i < initialGuardians.length; ++i) {
            _setGuardian(initialGuardians[i], true);
        }
    }

    /// @notice Stops every registered module that runs.
    /// @return changed How many modules were stopped by this call.
    /// @return failed The modules that still run, each with a {PauseFailed} event.
    function pauseAll() external onlyGuardianOrOwner returns (uint256 changed, address[] memory failed) {
        (changed, failed) = _pauseEach(_modules.values());
        emit SystemPaused(msg.sender, changed, failed.length);
    }

    /// @notice Stops the given modules that run. One that is not registered counts as failed.
    /// @return changed How many modules were stopped by this call.
    /// @return failed The modules that may still run, each with a {PauseFailed} event.
    function pauseModules(address[] calldata targets)
        external
        onlyGuardianOrOwner
        returns (uint256 changed, address[] memory failed)
    {
        (changed, failed) = _pauseEach(targets);
        emit ModulesPaused(msg.sender, changed, failed.length);
    }

    /// @notice Stops one module, or reverts with the module's own reason.
    /// @return changed False when it was stopped already.
    function pauseModule(address module) external onlyGuardianOrOwner returns (bool changed) {
        (bool stopped, bool wasRunning, bytes memory reason) = _tryPause(module);
        if (!stopped) revert ModuleCallFailed(module, reason);
        emit ModulesPaused(msg.sender, wasRunning ? 1 : 0, 0);
        return wasRunning;
    }

    /// @notice Stops what a guardian or governance authorised in advance. Anybody may submit it, once.
    /// @return changed How many modules were stopped by this call.
    /// @return failed The modules that may still run, each with a {PauseFailed} event.
    function pauseWithAuthorization(PauseAuthorization calldata authorization, bytes calldata signature)
        external
        returns (uint256 changed, address[] memory failed)
    {
        address signer = authorization.signer;
        if (!_canPause(signer)) revert Unauthorized(signer);
        if (_spent[signer][authorization.salt]) revert AuthorizationSpent(signer, authorization.salt);
        if (block.timestamp < authorization.validAfter || block.timestamp >= authorization.validBefore) {
            revert AuthorizationNotValidNow(authorization.validAfter, authorization.validBefore, block.timestamp);
        }
        if (!SignatureChecker.isValidSignatureNowCalldata(signer, authorizationDigest(authorization), signature)) {
            revert InvalidSignature(signer);
        }

        _spent[signer][authorization.salt] = true;
        emit AuthorizationUsed(signer, authorization.salt, msg.sender);

        bool everything = authorization.modules.length == 0;
        (changed, failed) = _pauseEach(everything ? _modules.values() : authorization.modules);
        // Whoever holds the signature must not be able to waste it on a moment when it does nothing.
        if (changed == 0) revert NothingPaused(failed.length);

        if (everything) emit SystemPaused(signer, changed, failed.length);
        else emit ModulesPaused(signer, changed, failed.length);
    }

    /// @notice Makes the caller's authorisation with this salt worthless.
    function revokeAuthorization(bytes32 salt) external {
        if (_spent[msg.sender][salt]) revert AuthorizationSpent(msg.sender, salt);
        _spent[msg.sender][salt] = true;
        emit AuthorizationRevoked(msg.sender, salt);
    }

    /// @notice Resumes every module that is stopped, or none.
    /// @return changed How many modules were resumed by this call.
    function unpauseAll() external onlyOwner returns (uint256 changed) {
        address[] memory all = _modules.values();
        for (uint256 i = 0; i < all.length; ++i) {
            if (_unpause(all[i])) ++changed;
        }
        emit SystemResumed(msg.sender, changed);
    }

    /// @notice Resumes one module.
    /// @return changed False when it was running already.
    function unpauseModule(address module) external onlyOwner returns (bool changed) {
        if (!_modules.contains(module)) revert UnknownModule(module);
        changed = _unpause(module);
    }

    /// @notice Calls a registered module with this contract's rights there.
    /// @dev Lets governance act on modules that this contract owns, and use the lever of a single module.
    /// @return result What the module returned.
    function executeGovernanceCall(address target, bytes calldata data)
        external
        onlyOwner
        returns (bytes memory result)
    {
        if (!_modules.contains(target)) revert UnknownModule(target);
        if (data.length < 4) revert MissingSelector();
        result = Address.functionCall(target, data);
        emit GovernanceCallExecuted(target, bytes4(data[:4]), result);
    }

    /// @notice Registers a module. It must already let this contract pause it.
    function addModule(address module) external onlyOwner {
        _requireContract(module);
        if (_modules.length() == MAX_MODULES) revert TooManyModules(MAX_MODULES);
        if (!IPausableModule(module).isPauser(address(this))) revert ModuleRefusesPause(module);
        if (!_modules.add(module)) revert ModuleAlreadyAdded(module);
        emit ModuleAdded(module);
    }

    /// @notice Takes a module out of the registry, whatever its state.
    function removeModule(address module) external onlyOwner {
        if (!_modules.remove(module)) revert UnknownModule(module);
        emit ModuleRemoved(module);
    }

    /// @notice Appoints or dismisses a guardian.
    function setGuardian(address guardian, bool allowed) external onlyOwner {
        _setGuardian(guardian, allowed);
    }

    /// @notice Starts the two-step transfer of governance; the same as `transferOwnership`.
    function setGovernance(address newGovernance) external {
        transferOwnership(newGovernance);
    }

    /// @notice Who governs; the same as `owner`.
    function governance() external view returns (address) {
        return owner();
    }

    /// @notice Every registered module.
    function modules() external view returns (address[] memory) {
        return _modules.values();
    }

    /// @notice How many modules are registered.
    function moduleCount() external view returns (uint256) {
        return _modules.length();
    }

    /// @notice Whether `module` is registered.
    function isModule(address module) external view returns (bool) {
        return _modules.contains(module);
    }

    /// @notice Every guardian.
    function guardians() external view returns (address[] memory) {
        return _guardians.values();
    }

    /// @notice Whether `account` is a guardian.
    function isGuardian(address account) external view returns (bool) {
        return _guardians.contains(account);
    }

    /// @notice The state of every module, in the order of {modules}.
    /// @return all The modules.
    /// @return isPaused Whether each is stopped; meaningless where `isKnown` is false.
    /// @return isKnown Whether the module could say so at all.
    function pausedStates()
        external
        view
        returns (address[] memory all, bool[] memory isPaused, bool[] memory isKnown)
    {
        all = _modules.values();
        isPaused = new bool[](all.length);
        isKnown = new bool[](all.length);
        for (uint256 i = 0; i < all.length; ++i) {
            (isKnown[i], isPaused[i]) = _pausedState(all[i]);
        }
    }

    /// @notice Whether the authorisation of `signer` with `salt` was used or revoked.
    function authorizationSpent(address signer, bytes32 salt) external view returns (bool) {
        return _spent[signer][salt];
    }

    /// @notice What the signer of an authorisation signs.
    function authorizationDigest(PauseAuthorization calldata authorization) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    PAUSE_AUTHORIZATION_TYPEHASH,
                    authorization.signer,
                    keccak256(abi.encodePacked(authorization.modules)),
                    authorization.validAfter,
                    authorization.validBefore,
                    authorization.salt
                )
            )
        );
    }

    function _pauseEach(address[] memory targets) private returns (uint256 changed, address[] memory failed) {
        address[] memory failures = new address[](targets.length);
        uint256 failureCount;
        for (uint256 i = 0; i < targets.length; ++i) {
            (bool stopped, bool wasRunning, bytes memory reason) = _tryPause(targets[i]);
            if (!stopped) {
                failures[failureCount++] = targets[i];
                emit PauseFailed(targets[i], reason);
            } else if (wasRunning) {
                ++changed;
            }
        }
        failed = new address[](failureCount);
        for (uint256 i = 0; i < failureCount; ++i) {
            failed[i] = failures[i];
        }
    }

    /// @dev Low-level calls, because a module without code or with nonsense for an answer must not revert this one.
    function _tryPause(address module) private returns (bool stopped, bool wasRunning, bytes memory reason) {
        if (!_modules.contains(module)) {
            return (false, false, abi.encodeWithSelector(UnknownModule.selector, module));
        }
        // A caller could otherwise starve a module of gas and have its failure swallowed.
        if (gasleft() < GAS_FLOOR) revert InsufficientGas(gasleft(), GAS_FLOOR);

        (bool known, bool isPaused) = _pausedState(module);
        if (known && isPaused) return (true, false, "");
        (stopped, reason) = module.call{gas: PAUSE_GAS}(abi.encodeCall(IPausableModule.pause, ()));
        // A call that claims success is believed only when the state afterwards bears it out.
        (known, isPaused) = _pausedState(module);
        stopped = stopped && known && isPaused;
        wasRunning = true;
    }

    function _unpause(address module) private returns (bool changed) {
        (bool known, bool isPaused) = _pausedState(module);
        if (known && !isPaused) return false;
        (bool success, bytes memory reason) = module.call(abi.encodeCall(IPausableModule.unpause, ()));
        (known, isPaused) = _pausedState(module);
        if (!success || !known || isPaused) revert ModuleCallFailed(module, reason);
        emit ModuleResumed(msg.sender, module);
        return true;
    }

    function _pausedState(address module) private view returns (bool known, bool isPaused) {
        (bool success, bytes memory answer) =
            module.staticcall{gas: PAUSE_GAS}(abi.encodeCall(IPausableModule.paused, ()));
        if (!success || answer.length != 32) return (false, false);
        uint256 word = abi.decode(answer, (uint256));
        return (word <= 1, word == 1);
    }

    function _canPause(address account) private view returns (bool) {
        return account == owner() || _guardians.contains(account);
    }

    function _setGuardian(address guardian, bool allowed) private {
        emit GuardianUpdated(guardian, _guardians.update(guardian, allowed), allowed);
    }
}
