// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {OutOfBounds, Unauthorized} from "./base/Errors.sol";
import {Membership} from "./base/Membership.sol";
import {PausableModule} from "./base/PausableModule.sol";
import {IThermostat} from "./interfaces/IThermostat.sol";

/// @title Thermostat
/// @notice A PID controller that turns three indicators of the protocol's health into a temperature.
/// @dev All quantities are fractions with 18 decimals and bounded, so that no product can overflow. The integral is
/// bounded, and stands still while the temperature is at a bound that the error pushes against.
contract Thermostat is IThermostat, PausableModule {
    using EnumerableSet for EnumerableSet.AddressSet;
    using Membership for EnumerableSet.AddressSet;
    using SafeCast for int256;
    using SafeCast for uint256;

    /// @notice Largest gain, weight and indicator, by amount.
    int256 public constant MAX_TERM = 1e24;

    /// @notice Largest temperature and integral, by amount.
    int256 public constant MAX_STATE = 1e30;

    /// @notice Longest time between ticks that can be demanded, in seconds.
    uint64 public constant MAX_TICK_INTERVAL = 30 days;

    int256 private constant ONE = 1e18;

    /// @inheritdoc IThermostat
    uint256 public systemTemperature;

    /// @notice Lowest temperature.
    uint256 public minTemperature;

    /// @notice Highest temperature.
    uint256 public maxTemperature;

    /// @notice Proportional gain.
    int256 public kp;

    /// @notice Integral gain, per tick.
    int256 public ki;

    /// @notice Differential gain, per tick.
    int256 public kd;

    /// @notice Weight of the emission indicator.
    int256 public emissionWeight = ONE;

    /// @notice Weight of the backlog indicator.
    int256 public backlogWeight = ONE;

    /// @notice Weight of the service-level indicator.
    int256 public slaWeight = ONE;

    /// @notice Sum of errors so far.
    int256 public integral;

    /// @notice Least sum of errors.
    int256 public integralMin = -100e18;

    /// @notice Greatest sum of errors.
    int256 public integralMax = 100e18;

    /// @notice Deviation at the last tick.
    int256 public lastDeviation;

    /// @notice Protocol time of the last tick; zero before the first.
    uint64 public lastTickAt;

    /// @notice Least time between ticks, in seconds of protocol time.
    uint64 public tickInterval;

    EnumerableSet.AddressSet private _controllers;

    /// @notice The controller took a step.
    event Tick(
        address indexed controller,
        int256 emission,
        int256 backlog,
        int256 sla,
        int256 deviation,
        int256 integral,
        uint256 previousTemperature,
        uint256 temperature
    );

    /// @notice The temperature was set, by hand or by new bounds.
    event TemperatureUpdated(uint256 previous, uint256 current);

    /// @notice The bounds of the temperature changed.
    event TemperatureBoundsUpdated(
        uint256 previousMin, uint256 previousMax, uint256 minTemperature, uint256 maxTemperature
    );

    /// @notice The gains changed.
    event PIDUpdated(int256 previousKp, int256 previousKi, int256 previousKd, int256 kp, int256 ki, int256 kd);

    /// @notice The weights of the indicators changed.
    event KPIWeightsUpdated(
        int256 previousEmission, int256 previousBacklog, int256 previousSla, int256 emission, int256 backlog, int256 sla
    );

    /// @notice The bounds of the integral changed.
    event IntegralBoundsUpdated(int256 previousMin, int256 previousMax, int256 integralMin, int256 integralMax);

    /// @notice The integral was brought within new bounds or reset.
    event IntegralUpdated(int256 previous, int256 current);

    /// @notice The least time between ticks changed.
    event TickIntervalUpdated(uint64 previous, uint64 current);

    /// @notice Who may take steps changed.
    event ControllerUpdated(address indexed controller, bool previous, bool current);

    /// @notice `value` is larger than `maximum`, by amount.
    error TermTooLarge(int256 value, int256 maximum);

    /// @notice The lower bound is not below the upper one.
    error InvalidBounds(int256 minimum, int256 maximum);

    /// @notice The next step can be taken from `notBefore` of protocol time.
    error TooSoon(uint64 notBefore, uint64 protocolTime);

    /// @param initialOwner Governance, or the deployer until it hands over.
    /// @param initialSystemPause The SystemPause contract.
    /// @param temperature The temperature to begin with.
    /// @param minimum Lowest temperature, not zero.
    /// @param maximum Highest temperature.
    constructor(address initialOwner, address initialSystemPause, uint256 temperature, uint256 minimum, uint256 maximum)
        PausableModule(initialOwner, initialSystemPause)
    {
        _setBounds(minimum, maximum);
        _setTemperature(temperature);
    }

    /// @notice A controller takes a step; each indicator is how far it is from where it should be.
    /// @return temperature The new temperature.
    function tick(int256 emission, int256 backlog, int256 sla) external whenNotPaused returns (uint256 temperature) {
        if (msg.sender != owner() && !_controllers.contains(msg.sender)) revert Unauthorized(msg.sender);
        if (lastTickAt != 0 && protocolTime() < lastTickAt + tickInterval) {
            revert TooSoon(lastTickAt + tickInterval, protocolTime());
        }
        _requireTerm(emission);
        _requireTerm(backlog);
        _requireTerm(sla);

        int256 deviation = (emissionWeight * emission + backlogWeight * backlog + slaWeight * sla) / ONE;
        int256 sum = _clamp(integral + deviation, integralMin, integralMax);
        int256 differential = lastTickAt == 0 ? int256(0) : deviation - lastDeviation;
        int256 step = (kp * deviation + ki * sum + kd * differential) / ONE;
        uint256 previous = systemTemperature;
        int256 target = previous.toInt256() + step;
        temperature = _clamp(target, minTemperature.toInt256(), maxTemperature.toInt256()).toUint256();

        // Going on to sum up an error that can have no effect would only delay the way back.
        bool saturated = target != temperature.toInt256() && (step > 0) == (ki * deviation > 0);
        if (!saturated) integral = sum;
        lastDeviation = deviation;
        lastTickAt = protocolTime();
        systemTemperature = temperature;
        emit Tick(msg.sender, emission, backlog, sla, deviation, integral, previous, temperature);
    }

    /// @notice Sets the temperature by hand, within its bounds.
    function setSystemTemperature(uint256 newTemperature) external onlyOwner {
        _setTemperature(newTemperature);
    }

    /// @notice Sets the bounds of the temperature and brings it within them.
    function setTemperatureBounds(uint256 newMinimum, uint256 newMaximum) external onlyOwner {
        _setBounds(newMinimum, newMaximum);
        uint256 current = systemTemperature;
        if (current < newMinimum) _setTemperature(newMinimum);
        else if (current > newMaximum) _setTemperature(newMaximum);
    }

    /// @notice Sets the gains, up to {MAX_TERM} by amount.
    function setPID(int256 newKp, int256 newKi, int256 newKd) external onlyOwner {
        _requireTerm(newKp);
        _requireTerm(newKi);
        _requireTerm(newKd);
        emit PIDUpdated(kp, ki, kd, newKp, newKi, newKd);
        (kp, ki, kd) = (newKp, newKi, newKd);
    }

    /// @notice Sets the weights of the indicators, up to {MAX_TERM} by amount.
    function setKPIWeights(int256 newEmission, int256 newBacklog, int256 newSla) external onlyOwner {
        _requireTerm(newEmission);
        _requireTerm(newBacklog);
        _requireTerm(newSla);
        emit KPIWeightsUpdated(emissionWeight, backlogWeight, slaWeight, newEmission, newBacklog, newSla);
        (emissionWeight, backlogWeight, slaWeight) = (newEmission, newBacklog, newSla);
    }

    /// @notice Sets the bounds of the integral and brings it within them.
    function setIntegralBounds(int256 newMinimum, int256 newMaximum) external onlyOwner {
        _requireState(newMinimum);
        _requireState(newMaximum);
        if (newMinimum >= newMaximum) revert InvalidBounds(newMinimum, newMaximum);
        emit IntegralBoundsUpdated(integralMin, integralMax, newMinimum, newMaximum);
        (integralMin, integralMax) = (newMinimum, newMaximum);
        _setIntegral(_clamp(integral, newMinimum, newMaximum));
    }

    /// @notice Forgets the sum of errors, as far as its bounds allow.
    function resetIntegral() external onlyOwner {
        _setIntegral(_clamp(0, integralMin, integralMax));
    }

    /// @notice Sets the least time between ticks, in seconds up to {MAX_TICK_INTERVAL}.
    function setTickInterval(uint64 newInterval) external onlyOwner {
        if (newInterval > MAX_TICK_INTERVAL) revert OutOfBounds(newInterval, 0, MAX_TICK_INTERVAL);
        emit TickIntervalUpdated(tickInterval, newInterval);
        tickInterval = newInterval;
    }

    /// @notice Says whether `controller` may take steps.
    function setController(address controller, bool allowed) external onlyOwner {
        emit ControllerUpdated(controller, _controllers.update(controller, allowed), allowed);
    }

    /// @notice Whether `account` may take steps.
    function controllers(address account) external view returns (bool) {
        return _controllers.contains(account);
    }

    /// @notice All who may take steps.
    function controllerList() external view returns (address[] memory) {
        return _controllers.values();
    }

    function _setTemperature(uint256 newTemperature) private {
        if (newTemperature < minTemperature || newTemperature > maxTemperature) {
            revert OutOfBounds(newTemperature, minTemperature, maxTemperature);
        }
        emit TemperatureUpdated(systemTemperature, newTemperature);
        systemTemperature = newTemperature;
    }

    function _setBounds(uint256 minimum, uint256 maximum) private {
        _requireState(minimum.toInt256());
        _requireState(maximum.toInt256());
        if (minimum == 0 || minimum >= maximum) revert InvalidBounds(minimum.toInt256(), maximum.toInt256());
        emit TemperatureBoundsUpdated(minTemperature, maxTemperature, minimum, maximum);
        (minTemperature, maxTemperature) = (minimum, maximum);
    }

    function _setIntegral(int256 newIntegral) private {
        if (newIntegral == integral) return;
        emit IntegralUpdated(integral, newIntegral);
        integral = newIntegral;
    }

    function _clamp(int256 value, int256 minimum, int256 maximum) private pure returns (int256) {
        return SignedMath.max(minimum, SignedMath.min(value, maximum));
    }

    function _requireTerm(int256 value) private pure {
        if (value > MAX_TERM || value < -MAX_TERM) revert TermTooLarge(value, MAX_TERM);
    }

    function _requireState(int256 value) private pure {
        if (value > MAX_STATE || value < -MAX_STATE) revert TermTooLarge(value, MAX_STATE);
    }
}
