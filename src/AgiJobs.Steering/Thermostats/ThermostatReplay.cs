using AgiJobs.Hgm.Laws;

namespace AgiJobs.Steering.Thermostats;

/// <summary>What the thermostat would have done with the samples of a file: the law alone, nothing is steered.</summary>
public sealed record ThermostatReplay
{
    private ThermostatReplay()
    {
    }

    /// <summary>What became of each sample.</summary>
    public required IReadOnlyList<(int Place, RoiSample Sample, ThermostatReading Reading)> Readings { get; init; }

    /// <summary>What is remembered at the end.</summary>
    public required ThermostatState End { get; init; }

    /// <summary>The place of the sample at which two control cycles had passed without recovery; null when that never was.</summary>
    public required int? EscalatedAt { get; init; }

    /// <summary>Replays samples.</summary>
    /// <param name="settings">Of the law.</param>
    /// <param name="from">Parameters and memory at the start.</param>
    /// <param name="samples">In their order.</param>
    /// <exception cref="AgiJobs.Hgm.HgmException"><c>bad-setting</c>.</exception>
    public static ThermostatReplay Of(ThermostatSettings settings, ThermostatState from, IReadOnlyList<(int Place, RoiSample Sample)> samples)
    {
        settings.Checked();
        var readings = new List<(int Place, RoiSample Sample, ThermostatReading Reading)>();
        var (state, moves, escalatedAt) = (from, 0, (int?)null);
        foreach (var (place, sample) in samples)
        {
            var reading = ThermostatLaw.Observe(settings, state, sample);
            state = reading.State;
            (moves, var escalates) = EscalationLaw.Observe(moves, reading);
            escalatedAt ??= escalates ? place : null;
            readings.Add((place, sample, reading));
        }

        return new ThermostatReplay { Readings = readings, End = state, EscalatedAt = escalatedAt };
    }
}
