namespace AgiJobs.Arena.Difficulty;

/// <summary>
/// Proportional-integral-derivative control with an output that has bounds and may move only so far at once. While either limit holds the output back, the integral does not go on growing against it
/// (conditional integration), and it stays within the bounds itself: after any excursion the output leaves its limit as soon as the error is gone. The derivative is taken on the measurement, so that a new target gives no kick.
/// </summary>
/// <param name="Proportional">Proportional gain.</param>
/// <param name="Integral">Integral gain for each step.</param>
/// <param name="Derivative">Derivative gain for each step.</param>
/// <param name="Lowest">The lowest output.</param>
/// <param name="Highest">The highest output.</param>
/// <param name="MaxStep">The most that the output changes at once.</param>
public readonly record struct ControlLaw(decimal Proportional, decimal Integral, decimal Derivative, decimal Lowest, decimal Highest, decimal MaxStep)
{
    /// <summary>One step. A positive error raises the output, and so does a measurement that rises.</summary>
    /// <param name="memory">What the step before left.</param>
    /// <param name="error">How far the measurement is above what is wanted.</param>
    /// <param name="change">By how much the measurement rose since the step before.</param>
    public ControlMemory Step(ControlMemory memory, decimal error, decimal change)
    {
        var integral = Math.Clamp(memory.Integral + (Integral * error), Lowest, Highest);
        var wanted = integral + (Proportional * error) + (Derivative * change);
        var output = Math.Clamp(Math.Clamp(wanted, Lowest, Highest), memory.Output - MaxStep, memory.Output + MaxStep);
        // Bounds that were narrowed go before the step.
        output = Math.Clamp(output, Lowest, Highest);
        var isHeldBack = (wanted > output && error > 0) || (wanted < output && error < 0);
        return new ControlMemory(isHeldBack ? Math.Clamp(memory.Integral, Lowest, Highest) : integral, output);
    }
}

/// <summary>What a <see cref="ControlLaw"/> remembers.</summary>
/// <param name="Integral">The integral, in units of the output.</param>
/// <param name="Output">The last output.</param>
public readonly record struct ControlMemory(decimal Integral, decimal Output);
