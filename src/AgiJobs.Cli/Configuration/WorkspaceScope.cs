using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Cli.Evidence;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Evidence.Log;

namespace AgiJobs.Cli.Configuration;

/// <summary>What concerns the whole workspace concerns each of its networks: they are all named, and each one's log has it.</summary>
internal static class WorkspaceScope
{
    /// <summary>The workspace and its networks, for people.</summary>
    public static string Line(Session session) =>
        $"workspace {session.Workspace.Root}: {(session.Workspace.Networks() is { Count: > 0 } networks ? string.Join("; ", networks.Select(network => EvidenceNetworks.Name(session, network))) : "no network")}";

    /// <summary>The workspace and its networks, for programs.</summary>
    public static void Write(Session session, Utf8JsonWriter writer)
    {
        writer.WriteString("workspace", session.Workspace.Root);
        writer.WriteStartArray("networks");
        foreach (var network in session.Workspace.Networks())
        {
            writer.WriteStartObject();
            writer.WriteString("network", network);
            if (EvidenceNetworks.ChainId(session, network) is { } chain)
            {
                writer.WriteNumber("chainId", chain);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>Records what was done in the log of every network; a log that cannot take it is a finding.</summary>
    public static async Task RecordAsync(Session session, string kind, Action<JsonObject> say, IReadOnlyList<AuditFile> files, CancellationToken cancellation)
    {
        var networks = session.Workspace.Networks();
        if (networks.Count == 0)
        {
            session.Terminal.Progress("FINDING not recorded in an audit log: the workspace has no network");
        }

        foreach (var network in networks)
        {
            await using var log = AuditLog.Open(session.Workspace, network, session.Environment.Seal, session.Environment.Time);
            var entry = new AuditEntry { Kind = kind, Network = network, Files = files };
            say(entry.Data);
            if ((await log.RecordAsync(entry, cancellation).ConfigureAwait(false)).Problem is { } problem)
            {
                session.Terminal.Progress($"FINDING not recorded in the audit log of {network}: {problem.Message}");
            }
        }
    }
}
