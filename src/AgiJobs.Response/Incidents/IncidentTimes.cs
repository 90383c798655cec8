namespace AgiJobs.Response.Incidents;

/// <summary>How long things took. What is not on record is null, never zero.</summary>
/// <param name="ToDetect">From the beginning, as far as is known, to the opening.</param>
/// <param name="ToAcknowledge">From the opening to the commander's first signature.</param>
/// <param name="ToPause">From the opening to the pause that is on the chain, or to the word that it is stabilised.</param>
/// <param name="ToResolve">From the opening to recovery.</param>
/// <param name="BlocksToPause">From the block that it was found in to the block of the pause.</param>
public sealed record IncidentTimes(TimeSpan? ToDetect, TimeSpan? ToAcknowledge, TimeSpan? ToPause, TimeSpan? ToResolve, long? BlocksToPause)
{
    /// <summary>Takes the times of an incident.</summary>
    /// <param name="state">The incident.</param>
    /// <param name="timeline">Its timeline; null where only the acts are at hand.</param>
    public static IncidentTimes Of(IncidentState state, Timeline? timeline)
    {
        ArgumentNullException.ThrowIfNull(state);
        var opened = state.Opened.At;
        var commander = state.Acts.FirstOrDefault(act => act.Signed.Duty == Control.Workspaces.Duty.Commander)?.At;
        var paused = timeline?.Paused;
        var stabilized = state.Steps.TryGetValue(IncidentSteps.Stabilize, out var mark) && !mark.IsSkipped ? mark.Hand.At : (DateTimeOffset?)null;
        return new IncidentTimes(
            opened - state.DetectedAt,
            commander - opened,
            (paused?.At ?? stabilized) - opened,
            state.ResolvedAt - opened,
            state.DetectedBlock is { } found && paused?.Block is { } block ? (long)block.Value - (long)found.Value : null);
    }

    /// <summary>A time in words.</summary>
    public static string Words(TimeSpan? time) => time is not { } known ? "unknown" : known < TimeSpan.Zero ? $"{DutyClock.Words(known)} before" : $"{DutyClock.Words(known)} ({known.TotalSeconds.ToString("0", System.Globalization.CultureInfo.InvariantCulture)} s)";
}
