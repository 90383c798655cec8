using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Alerts.Escalation;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Alerts;

/// <summary>What the alerts of a network are handled by.</summary>
/// <param name="Network">The network's name.</param>
/// <param name="ChainId">Its chain.</param>
public sealed record AlertSettings(string Network, ChainId ChainId)
{
    /// <summary>Whom to tell; null when nobody is on file: alerts are kept and shown, and told to nobody.</summary>
    public OnCallPlan? Plan { get; init; }

    /// <summary>Who is who: whose silences count. Nobody's when null.</summary>
    public OperatorBook? People { get; init; }

    /// <summary>Where things are kept.</summary>
    public AlertPlaces Places { get; } = new(Network);

    /// <summary>Within which time alerts are told as one.</summary>
    public TimeSpan GroupWindow => Plan?.GroupWindow ?? TimeSpan.FromMinutes(5);

    /// <summary>After which time what goes on is told again.</summary>
    public TimeSpan Renotify(Severity severity) => Plan?.Of(severity).Renotify ?? TimeSpan.FromMinutes(30);

    /// <summary>So many pages within that time make a storm.</summary>
    public int Storm => Plan?.Storm ?? 10;
}
