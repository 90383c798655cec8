using System.CommandLine;
using System.Text.Json.Nodes;
using AgiJobs.Control;
using AgiJobs.Control.Snapshots;

namespace AgiJobs.Cli.Configuration;

/// <summary>Finishes restores that a death interrupted, before a command reads the configuration, and records every restore.</summary>
internal static class RestoreRecord
{
    // What may carry a pause, or tells how things stand: these go on with a finding, because nothing stands in the way of a pause.
    private static readonly string[] GoOn = ["owner pause", "owner system-pause", "owner emergency", "owner armory", "change", "doctor"];

    /// <summary>Finishes what is pending.</summary>
    /// <exception cref="ControlException"><c>restore-unfinished</c>, <c>snapshot-busy</c> and others, unless the command may carry a pause.</exception>
    public static async Task FinishPendingAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        if (!ConfigurationRestore.IsPending(session.Workspace))
        {
            return;
        }

        try
        {
            if (await new ConfigurationRestore(session.Workspace, session.Environment.Time).FinishPendingAsync(cancellation).ConfigureAwait(false) is { } outcome)
            {
                session.Terminal.Progress($"A restore of the configuration to {outcome.Snapshot} was interrupted; {(outcome.TakenBack ? $"that snapshot is damaged, so the state before it, {outcome.Before}, was put back" : "it was finished now")}.");
                await WriteAsync(session, outcome, cancellation).ConfigureAwait(false);
            }
        }
        catch (ControlException problem) when (MayPause(parsed))
        {
            session.Terminal.Progress($"FINDING {problem.Message} [{problem.Code}]");
        }
    }

    /// <summary>Records a restore.</summary>
    public static Task WriteAsync(Session session, RestoreOutcome outcome, CancellationToken cancellation) => WorkspaceScope.RecordAsync(
        session,
        outcome.TakenBack ? "config.restore-taken-back" : "config.restored",
        data =>
        {
            data["snapshot"] = outcome.Snapshot;
            data["before"] = outcome.Before;
            data["files"] = new JsonArray([.. outcome.Paths.Take(200).Select(path => (JsonNode)path)]);
        },
        [],
        cancellation);

    private static bool MayPause(ParseResult parsed)
    {
        var names = new List<string>();
        for (var at = parsed.CommandResult; at.Parent is System.CommandLine.Parsing.CommandResult parent; at = parent)
        {
            names.Insert(0, at.Command.Name);
        }

        var line = string.Join(' ', names);
        return Array.Exists(GoOn, name => string.Equals(line, name, StringComparison.Ordinal) || line.StartsWith(name + " ", StringComparison.Ordinal));
    }
}
