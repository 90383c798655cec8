using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Alerts;

/// <summary>When people are told.</summary>
/// <param name="Network">The network's name.</param>
/// <param name="ChainId">Its chain.</param>
public sealed record AlertSettings(string Network, ulong ChainId)
{
    /// <summary>So many rounds in a row that failed, so many of an agent's last rounds in which it was silent or blocked, so many failures in a row of the orchestrator.</summary>
    public int Threshold { get; init; } = 3;

    /// <summary>How many of an agent's last rounds are looked at.</summary>
    public int Window { get; init; } = 10;

    /// <summary>After which time an alert that goes on is told again.</summary>
    public TimeSpan Renotify { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether anybody is to be told. Without a receiver alerts are kept in the store and no message waits for nobody.</summary>
    public bool HasReceiver { get; init; } = true;

    /// <summary>The settings that a network's services have; its own where they say nothing.</summary>
    public static AlertSettings Of(string network, ChainId chain, AlertService? service)
    {
        var own = new AlertSettings(network, chain.Value) { HasReceiver = service?.Webhook is not null };
        return service is null ? own : own with { Threshold = service.Threshold!.Value, Window = Math.Max(own.Window, service.Threshold.Value), Renotify = service.RenotifyAfter ?? own.Renotify };
    }
}
