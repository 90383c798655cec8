using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Control.Evidence.Log;

namespace AgiJobs.Cli.Evidence;

/// <summary>How the commands name networks: evidence can be read where a network's file is gone or damaged.</summary>
internal static class EvidenceNetworks
{
    /// <summary>A network with its chain id, for people.</summary>
    public static string Name(Session session, string network) =>
        $"network {network}, chain {ChainId(session, network)?.ToString(CultureInfo.InvariantCulture) ?? "unknown (its file cannot be read)"}";

    /// <summary>A network's chain id; null when its file cannot be read.</summary>
    public static ulong? ChainId(Session session, string network)
    {
        try
        {
            return session.Workspace.Network(network).ChainId.Value;
        }
        catch (ControlException)
        {
            return null;
        }
    }

    /// <summary>The networks to speak of: the one asked for, else those with logs, else those of the workspace.</summary>
    public static IReadOnlyList<string> Of(Session session, string? asked, IEnumerable<LogFolder> logs)
    {
        IReadOnlyList<string> withLogs = [.. logs.Select(log => log.Network).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return asked is not null ? [asked] : withLogs.Count > 0 ? withLogs : session.Workspace.Networks();
    }
}
