using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Incidents;

/// <summary>How the incidents of one severity went. Means are over those of which the time is on record, and null when it is of none.</summary>
/// <param name="Severity">The severity as it was decided last; null for all together.</param>
/// <param name="Count">How many.</param>
/// <param name="Open">How many of them are not resolved.</param>
/// <param name="ToDetect">Mean time to detect.</param>
/// <param name="ToAcknowledge">Mean time to the commander's first signature.</param>
/// <param name="ToPause">Mean time to pause.</param>
/// <param name="ToResolve">Mean time to resolve.</param>
/// <param name="LateDuties">How many duties were or are late, reviews apart.</param>
/// <param name="LateReviews">How many reviews were or are late.</param>
/// <param name="OpenFollowUps">How many follow-ups are not done.</param>
public sealed record IncidentMetricsRow(Severity? Severity, int Count, int Open, TimeSpan? ToDetect, TimeSpan? ToAcknowledge, TimeSpan? ToPause, TimeSpan? ToResolve, int LateDuties, int LateReviews, int OpenFollowUps);

/// <summary>Metrics of incidents, from their streams alone.</summary>
public static class IncidentMetrics
{
    /// <summary>A row for each severity and one for all; last.</summary>
    public static IReadOnlyList<IncidentMetricsRow> Of(IReadOnlyList<IncidentState> incidents, IncidentsFile settings, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(incidents);
        return [.. Enum.GetValues<Severity>().Select(severity => Row(severity, [.. incidents.Where(state => state.Severity == severity)])), Row(null, incidents)];

        IncidentMetricsRow Row(Severity? severity, IReadOnlyList<IncidentState> some)
        {
            var times = some.Select(state => IncidentTimes.Of(state, null)).ToList();
            var late = some.SelectMany(state => DutyClocks.Late(state, settings, now)).ToList();
            return new IncidentMetricsRow(
                severity,
                some.Count,
                some.Count(state => state.Phase == IncidentPhase.Open),
                Mean(times.Select(time => time.ToDetect)),
                Mean(times.Select(time => time.ToAcknowledge)),
                Mean(times.Select(time => time.ToPause)),
                Mean(times.Select(time => time.ToResolve)),
                late.Count(clock => clock.Name != "review"),
                late.Count(clock => clock.Name == "review"),
                some.Sum(state => state.FollowUps.Count(followUp => followUp.Done is null)));
        }
    }

    private static TimeSpan? Mean(IEnumerable<TimeSpan?> times)
    {
        var known = times.OfType<TimeSpan>().ToList();
        return known.Count == 0 ? null : TimeSpan.FromTicks((long)known.Average(time => time.Ticks));
    }
}
