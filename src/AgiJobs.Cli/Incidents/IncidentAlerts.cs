using AgiJobs.Response.Findings;
using AgiJobs.Response.Incidents;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Incidents;

/// <summary>Where incidents get alerts and pages from. While no alert book is connected, what an incident says of alerts is unknown and told as such.</summary>
internal static class IncidentAlerts
{
    /// <summary>The alerts and pages of an incident for its timeline, and what could not be had.</summary>
    public static Task<(IReadOnlyList<TimelineEntry> Entries, IReadOnlyList<string> Unknown)> EntriesAsync(IStateStore store, string network, IncidentState state, CancellationToken cancellation)
    {
        _ = (store, network, cancellation);
        return Task.FromResult<(IReadOnlyList<TimelineEntry>, IReadOnlyList<string>)>(([], state.Alerts.Count == 0 ? [] : [$"what the alerts {string.Join(", ", state.Alerts)} said: no alert book is connected"]));
    }

    /// <summary>The findings of alerts by fingerprint, and what could not be had.</summary>
    public static Task<(IReadOnlyList<Finding> Findings, IReadOnlyList<string> Unknown)> FindingsAsync(IStateStore store, string network, IReadOnlyList<string> fingerprints, CancellationToken cancellation)
    {
        _ = (store, network, cancellation);
        return Task.FromResult<(IReadOnlyList<Finding>, IReadOnlyList<string>)>(([], fingerprints.Count == 0 ? [] : [$"the alerts {string.Join(", ", fingerprints)}: no alert book is connected"]));
    }
}
