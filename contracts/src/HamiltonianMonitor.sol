// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {OutOfBounds, Unauthorized} from "./base/Errors.sol";
import {Governed} from "./base/Governed.sol";
import {Membership} from "./base/Membership.sol";

/// @title HamiltonianMonitor
/// @notice A sliding window over dissipation and utility, and the difference of their means.
/// @dev Observations carry the time at which they were made, which must ascend; that leaves no room for duplicates.
contract HamiltonianMonitor is Governed {
    using EnumerableSet for EnumerableSet.AddressSet;
    using Membership for EnumerableSet.AddressSet;

    /// @param observedAt When it was made, in seconds of block time.
    /// @param dissipation What was lost.
    /// @param utility What was gained.
    struct Observation {
        uint64 observedAt;
        uint128 dissipation;
        uint128 utility;
    }

    /// @notice Longest window.
    uint256 public constant MAX_WINDOW = 256;

    /// @notice How many observations the means are taken over.
    uint256 public window;

    /// @notice How many observations there have been since the last reset.
    uint256 public observationCount;

    /// @notice When the latest observation was made; it outlives resets.
    uint64 public lastObservedAt;

    uint256 private _sumDissipation;
    uint256 private _sumUtility;
    Observation[] private _history;
    EnumerableSet.AddressSet private _recorders;

    /// @notice An observation was recorded.
    event ObservationRecorded(
        address indexed recorder, uint64 observedAt, uint256 dissipation, uint256 utility, int256 hamiltonian
    );

    /// @notice The window changed; the oldest observations were dropped as needed, or all.
    event WindowUpdated(uint256 previous, uint256 current, bool historyReset);

    /// @notice All observations were dropped.
    event HistoryReset(uint256 observations);

    /// @notice Who may record changed.
    event RecorderUpdated(address indexed recorder, bool previous, bool current);

    /// @notice An observation of this time or a later one is on record.
    error NotAscending(uint64 observedAt, uint64 lastObservedAt);

    /// @notice The observation is of a time to come.
    error FromTheFuture(uint64 observedAt, uint256 timestamp);

    /// @param initialOwner Governance, or the deployer until it hands over.
    /// @param initialWindow How many observations the means are taken over.
    constructor(address initialOwner, uint256 initialWindow) Governed(initialOwner) {
        _requireWindow(initialWindow);
        window = initialWindow;
        emit WindowUpdated(0, initialWindow, false);
    }

    /// @notice Records an observation made at `observedAt`, which is later than every one on record.
    function record(uint64 observedAt, uint128 dissipation, uint128 utility) external {
        if (msg.sender != owner() && !_recorders.contains(msg.sender)) revert Unauthorized(msg.sender);
        if (observedAt <= lastObservedAt) revert NotAscending(observedAt, lastObservedAt);
        if (observedAt > block.timestamp) revert FromTheFuture(observedAt, block.timestamp);
        lastObservedAt = observedAt;
        Observation memory observation = Observation(observedAt, dissipation, utility);
        if (_history.length < window) {
            _history.push(observation);
        } else {
            uint256 oldest = observationCount % window;
            _sumDissipation -= _history[oldest].dissipation;
            _sumUtility -= _history[oldest].utility;
            _history[oldest] = observation;
        }
        _sumDissipation += dissipation;
        _sumUtility += utility;
        ++observationCount;
        emit ObservationRecorded(msg.sender, observedAt, dissipation, utility, currentHamiltonian());
    }

    /// @notice Sets the window, from 1 to {MAX_WINDOW}; the newest observations stay unless all are dropped.
    function setWindow(uint256 newWindow, bool resetHistory_) external onlyOwner {
        _requireWindow(newWindow);
        emit WindowUpdated(window, newWindow, resetHistory_);
        Observation[] memory kept = history();
        _clear();
        window = newWindow;
        if (resetHistory_) {
            emit HistoryReset(kept.length);
            return;
        }
        for (uint256 i = kept.length > newWindow ? kept.length - newWindow : 0; i < kept.length; ++i) {
            _history.push(kept[i]);
            _sumDissipation += kept[i].dissipation;
            _sumUtility += kept[i].utility;
            ++observationCount;
        }
    }

    /// @notice Drops all observations.
    function resetHistory() external onlyOwner {
        emit HistoryReset(_history.length);
        _clear();
    }

    /// @notice Says whether `recorder` may record.
    function setRecorder(address recorder, bool allowed) external onlyOwner {
        emit RecorderUpdated(recorder, _recorders.update(recorder, allowed), allowed);
    }

    /// @notice Mean dissipation less mean utility; zero without observations.
    function currentHamiltonian() public view returns (int256) {
        // Means of 128-bit numbers fit.
        // forge-lint: disable-next-line(unsafe-typecast)
        return int256(averageDissipation()) - int256(averageUtility());
    }

    /// @notice Mean dissipation over the window; zero without observations.
    function averageDissipation() public view returns (uint256) {
        return _history.length == 0 ? 0 : _sumDissipation / _history.length;
    }

    /// @notice Mean utility over the window; zero without observations.
    function averageUtility() public view returns (uint256) {
        return _history.length == 0 ? 0 : _sumUtility / _history.length;
    }

    /// @notice The observations in the window, oldest first.
    function history() public view returns (Observation[] memory observations) {
        uint256 count = _history.length;
        observations = new Observation[](count);
        uint256 oldest = count < window ? 0 : observationCount % window;
        for (uint256 i = 0; i < count; ++i) {
            observations[i] = _history[(oldest + i) % count];
        }
    }

    /// @notice Whether `account` may record.
    function recorders(address account) external view returns (bool) {
        return _recorders.contains(account);
    }

    /// @notice All who may record.
    function recorderList() external view returns (address[] memory) {
        return _recorders.values();
    }

    function _clear() private {
        delete _history;
        observationCount = 0;
        _sumDissipation = 0;
        _sumUtility = 0;
    }

    function _requireWindow(uint256 newWindow) private pure {
        if (newWindow == 0 || newWindow > MAX_WINDOW) revert OutOfBounds(newWindow, 1, MAX_WINDOW);
    }
}
