using AgiJobs.Arena.Scoreboard;
using AgiJobs.Control;

namespace AgiJobs.Arena.Difficulty;

/// <summary>
/// Steers the difficulty of an arena's tasks towards its target success rate. One state for each arena; pure, and the same on every machine. The rate is the mean of a Beta posterior over the last rounds.
/// </summary>
public static class DifficultyController
{
    private const decimal Million = 1_000_000;

    /// <summary>Takes a round into account. One that is in the state already changes nothing; one that came to nothing or had no student moves nothing.</summary>
    /// <exception cref="ControlException"><c>difficulty-settings</c>.</exception>
    public static DifficultyState Apply(DifficultyState state, DifficultySettings settings, EndedRound round)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(round);
        settings.Check();
        if (state.Applied.Contains(round.Id))
        {
            return state;
        }

        var applied = state.Applied.With(round.Id);
        if (round.Failure is not null || round.Students.Count == 0)
        {
            return state with { Applied = applied };
        }

        IReadOnlyList<ObservedRound> window = [.. state.Window.Append(new ObservedRound(round.Id, round.Solved, round.Students.Count)).TakeLast(settings.Window)];
        var rate = Posterior(window, settings).Mean;
        var law = new ControlLaw(settings.Proportional, settings.Integral, settings.Derivative, settings.Lowest, settings.Highest, settings.MaxStep);
        var memory = law.Step(
            new ControlMemory(state.IntegralMicro / Million, state.OutputMicro / Million),
            rate - (settings.TargetSuccessRateBps / 10_000m),
            state.RateMicro is { } before ? rate - (before / Million) : 0);
        return state with
        {
            Applied = applied,
            Window = window,
            RateMicro = Micro(rate),
            IntegralMicro = Micro(memory.Integral),
            OutputMicro = Micro(memory.Output),
        };
    }

    /// <summary>What is believed of the success rate over the window.</summary>
    public static SuccessPosterior Posterior(IReadOnlyList<ObservedRound> window, DifficultySettings settings)
    {
        ArgumentNullException.ThrowIfNull(window);
        ArgumentNullException.ThrowIfNull(settings);
        return SuccessPosterior.Prior(settings.TargetSuccessRateBps, settings.PriorStudents).After(window.Sum(round => (long)round.Solved), window.Sum(round => (long)round.Students));
    }

    /// <summary>The difficulty for the next round: the state's, within the step that the contract allows from the round before on the chain; null for an arena without one, which allows any.</summary>
    public static int Next(DifficultyState state, DifficultySettings settings, int? before)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(settings);
        var wanted = Math.Clamp(state.Difficulty, settings.Lowest, settings.Highest);
        return before is { } last ? Math.Clamp(wanted, last - settings.MaxStep, last + settings.MaxStep) : wanted;
    }

    private static long Micro(decimal value) => (long)Math.Round(value * Million, MidpointRounding.ToEven);
}
