using System.CommandLine;
using System.Globalization;
using System.Text;
using AgiJobs.Cli.Arena;
using AgiJobs.Control;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Files;
using AgiJobs.Response.Index;
using AgiJobs.Response.Watching;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Monitoring;

/// <summary><c>monitoring forget NAME</c>: a monitor that is not coming back is not waited for any more. What it had proven is kept.</summary>
internal static class ForgetCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var name = new Argument<string>("name") { Description = "the monitor ('monitoring status')", HelpName = "NAME" };
        var reason = new Option<string?>("--reason") { Description = "why, for the audit log", HelpName = "TEXT" };
        var command = new Command("forget", "forget a monitor that was retired, so that its silence is no finding any more; previewed without --execute. What it had proven goes to reports/monitors, with an entry of the audit log. Refused (exit 4) while it writes") { name, reason, options.Execute, options.DryRun };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var (terminal, wanted) = (session.Terminal, parsed.GetValue(name)!);
            if (string.Equals(wanted, EventIndex.Monitor, StringComparison.Ordinal))
            {
                throw new ControlException("monitor-index", ExitCode.BadInput, $"'{wanted}' keeps the index and watches nothing.", "To make the index anew: agijobs index rebuild.");
            }

            await using var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
            try
            {
                var now = environment.Time.GetUtcNow();
                var retired = await RetiredMonitor.ReadAsync(store, session.Network, wanted, now, cancellation).ConfigureAwait(false);
                var breakers = Breakers(session, wanted);
                string? kept = null;
                if (session.Execute)
                {
                    kept = session.Workspace.Locate("reports", "monitors", string.Create(CultureInfo.InvariantCulture, $"{session.Network}-{wanted}-{now.UtcDateTime:yyyyMMdd'T'HHmmss'Z'}.txt"));
                    AtomicFile.Write(kept, Encoding.UTF8.GetBytes(string.Join("\n----\n", retired.Notes.Prepend($"monitor {wanted} of {session.Network}, chain {retired.Standing.ChainId}, key {retired.Standing.Key ?? "none"}, last written {retired.Standing.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC\n")) + "\n"));

                    // The log hears of it first: an entry for what was then not forgotten does no harm.
                    var entry = new AuditEntry { Kind = "monitoring.forgotten", Network = session.Network, Files = [AuditFile.Of(session.Workspace, kept)] };
                    entry.Data["monitor"] = wanted;
                    entry.Data["key"] = retired.Standing.Key;
                    entry.Data["lastWritten"] = retired.Standing.At.ToString("O", CultureInfo.InvariantCulture);
                    entry.Data["ranges"] = retired.Notes.Count;
                    entry.Data["reason"] = parsed.GetValue(reason);
                    if ((await session.Audit.RecordAsync(entry, cancellation).ConfigureAwait(false)).Problem is { } problem)
                    {
                        throw new ControlException("audit-refused", ExitCode.Failed, $"The monitor was not forgotten, because the audit log did not take the entry that says so: {problem.Message}", problem.Mend, problem);
                    }

                    await retired.ForgetAsync(store, cancellation).ConfigureAwait(false);
                }

                Tell(session, retired, breakers, kept);
                return kept is null ? ExitCode.Findings : ExitCode.Clean;
            }
            catch (StorageException problem)
            {
                throw ServiceState.Told(problem);
            }
        });
        return command;
    }

    private static void Tell(Session session, RetiredMonitor retired, IReadOnlyList<string> breakers, string? kept)
    {
        var (terminal, standing) = (session.Terminal, retired.Standing);
        terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}");
        terminal.Line(string.Create(CultureInfo.InvariantCulture, $"  {standing.Monitor} followed {standing.Node}, wrote last at {standing.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, and has {retired.Notes.Count} ranges of examined blocks"));
        foreach (var track in standing.Tracks)
        {
            terminal.Line($"  {track.Name}: blocks {track.From} to {(track.Next == 0 ? 0 : track.Next - 1)}");
        }

        foreach (var line in breakers)
        {
            terminal.Line($"FINDING {line}");
        }

        terminal.Line(kept is null ? "Nothing was forgotten. To forget it: add --execute" : $"FORGOTTEN. What it had proven: {kept}. Its key stays in the configuration folder.");
        terminal.Json("agijobs.monitoring-forget/1", kept is null ? ExitCode.Findings : ExitCode.Clean, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
            writer.WriteString("monitor", standing.Monitor);
            writer.WriteString("lastWritten", standing.At);
            writer.WriteNumber("ranges", retired.Notes.Count);
            writer.WriteBoolean("forgotten", kept is not null);
            writer.WriteString("kept", kept);
            writer.WriteStartArray("breakers");
            foreach (var line in breakers)
            {
                writer.WriteStringValue(line);
            }

            writer.WriteEndArray();
        });
    }

    // A breaker that counts on it could stop nothing, and nobody would know.
    private static IReadOnlyList<string> Breakers(Session session, string monitor)
    {
        try
        {
            return session.Workspace.Breakers(session.Network) is { } file && file.Monitors.Any(known => string.Equals(known.Name, monitor, StringComparison.Ordinal))
                ? [string.Create(CultureInfo.InvariantCulture, $"config/breakers.json counts on {monitor}: {file.Agree} of {file.Monitors.Count} have to agree, and {file.Monitors.Count - 1} are left. Take it out of the file, or name another")]
                : [];
        }
        catch (ControlException problem)
        {
            return [$"whether a breaker counts on {monitor} is unknown: {problem.Message}"];
        }
    }
}
