using System.Globalization;
using System.Text;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Files;
using AgiJobs.Response.Drills;
using AgiJobs.Response.Incidents;

namespace AgiJobs.Cli.Drills;

/// <summary><c>drill run pause-and-rotation|reward-drain|mass-slashing</c>, a quarterly exercise, and <c>drill run --change ID</c>, a filed change on a fork: scored, logged and kept with its evidence.</summary>
internal static class IncidentDrillRun
{
    private const string Log = "incident-tabletop.md";
    private const string LogHead = "# Tabletop exercises\n\nWhat `agijobs drill run NAME` found, oldest first; each exercise is run for real on a throw-away chain or a fork.\n\n";

    public static async Task<ExitCode> RunAsync(Session session, string name, string? to, CancellationToken cancellation)
    {
        var (terminal, environment) = (session.Terminal, session.Environment);
        terminal.Line($"Drill: {name}, on a throw-away network (chain 31337). Nothing of yours is touched.");
        terminal.Line($"  {IncidentDrill.Names[name]}");
        await using var ground = await ThrowAwayGround.StartAsync(environment, cancellation).ConfigureAwait(false);
        var score = await new IncidentDrill(ground, environment.Time, DrillCommands.Printer(session.Terminal)).RunAsync(name, cancellation).ConfigureAwait(false);
        return await KeepAsync(session, name, score, ground.Folder, ("drill", 31337), to, cancellation).ConfigureAwait(false);
    }

    /// <summary>Rehearses a change of the workspace on a fork of its network's node.</summary>
    /// <exception cref="ControlException"><c>change-unknown</c> (exit 2), <c>drill-change-executed</c> (exit 4), <c>drill-caller</c>, <c>drill-people</c>, and those of the node and the fork.</exception>
    public static async Task<ExitCode> RunChangeAsync(Session session, string id, string? to, CancellationToken cancellation)
    {
        var (terminal, environment) = (session.Terminal, session.Environment);
        var change = new ChangeStore(session.Workspace, environment.Time).Get(id);
        session.Use(change.Document.Network);
        if (Journal.Read(change.JournalPath).Any(entry => (string?)entry["event"] is "broadcast" or "mined"))
        {
            throw new ControlException("drill-change-executed", ExitCode.Refused, $"The change {change.Id} was sent already: on a fork of the chain as it is now there is nothing of it to rehearse.", $"Rehearse what undoes it: agijobs change rollback {change.Id}, then agijobs drill run --change with the change that it plans.");
        }

        terminal.Line($"Drill: the change {change.Id} on a fork of {session.Network}, chain {session.NetworkFile.ChainId}. NOTHING LIVE IS TOUCHED: the live chain is only read.");
        await using var ground = await ForkGround.StartAsync(session, change, cancellation).ConfigureAwait(false);
        var score = await new ChangeDrill(ground, environment.Time, DrillCommands.Printer(session.Terminal))
        {
            WhilePausedAsync = await ground.PauserAsync(cancellation).ConfigureAwait(false),
            Incident = IncidentName.OfInstance(change.Document.Instance),
        }.RunAsync(change.Id, ground.Cast, ground.Where, cancellation).ConfigureAwait(false);
        await session.RecordAsync("drill.change", change.Document.Digest(), data => data["held"] = score.Held, cancellation).ConfigureAwait(false);
        return await KeepAsync(session, $"change-{change.Id}", score, ground.Folder, (session.Network, (long)session.NetworkFile.ChainId.Value), to, cancellation).ConfigureAwait(false);
    }

    // Report, evidence and archive as of an incident, and the row of the log.
    private static async Task<ExitCode> KeepAsync(Session session, string name, IncidentScore score, string folder, (string Name, long Chain) network, string? to, CancellationToken cancellation)
    {
        var (terminal, environment) = (session.Terminal, session.Environment);
        var kept = to is { } chosen ? session.PathOf(chosen) : session.Workspace.Locate("reports", "incidents", $"{score.Report.StartedAt:yyyy-MM-dd}-drill-{name}-{score.Report.StartedAt:HHmmss}");
        var bundle = Path.Combine(folder, "evidence.tar");
        AtomicFile.Write(Path.Combine(kept, "report.md"), Encoding.UTF8.GetBytes(score.Report.ToMarkdown()));
        if (File.Exists(bundle))
        {
            AtomicFile.Write(Path.Combine(kept, "evidence.tar"), await File.ReadAllBytesAsync(bundle, cancellation).ConfigureAwait(false));
        }

        var archive = score.Incident.Length > 0 ? Path.Combine(folder, "reports", "incidents", score.Incident) : "";
        if (Directory.Exists(archive))
        {
            foreach (var path in Directory.EnumerateFiles(archive, "*", SearchOption.AllDirectories))
            {
                AtomicFile.Write(Path.Combine(kept, "archive", Path.GetRelativePath(archive, path)), await File.ReadAllBytesAsync(path, cancellation).ConfigureAwait(false));
            }
        }

        var log = session.Workspace.Locate("reports", Log);
        var entry = score.ToMarkdown(Path.GetRelativePath(session.Workspace.Root, kept).Replace('\\', '/'));
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        using (await FileLock.TakeAsync(log + ".lock", TimeSpan.FromSeconds(30), environment.Time, cancellation).ConfigureAwait(false) ?? throw new ControlException("drill-log", ExitCode.Failed, $"{log} is being written by another process.", $"The report and the evidence are in {kept}; append the entry by hand."))
        {
            AtomicFile.Write(log, Encoding.UTF8.GetBytes((File.Exists(log) ? await File.ReadAllTextAsync(log, cancellation).ConfigureAwait(false) : LogHead) + entry));
        }

        var exit = score.Held ? ExitCode.Clean : ExitCode.Failed;
        terminal.Line();
        terminal.Line($"{(score.Held ? "HELD" : "NOT HELD")}: {score.Report.Claims.Count(claim => claim.Held)} of {score.Report.Claims.Count} claims");
        terminal.Line(string.Create(CultureInfo.InvariantCulture, $"  {score.Measured}: {(score.ToPause is { } took ? $"{took.TotalSeconds:0.0} s, {score.BlocksToPause} blocks; wanted {score.PauseWithin.TotalMinutes:0} min" : "NOT REACHED")}"));
        terminal.Line($"  steps          {score.Steps}, {score.Late.Count} late");
        terminal.Line($"  faults         {score.Faults.Count(fault => fault.Noticed)} of {score.Faults.Count} noticed");
        terminal.Line($"  log            {log}");
        terminal.Line($"  evidence       {kept}");
        terminal.Json("agijobs.incident-drill/1", exit, writer =>
        {
            writer.WriteString("drill", name);
            writer.WriteString("network", network.Name);
            writer.WriteNumber("chainId", network.Chain);
            writer.WriteBoolean("held", score.Held);
            writer.WriteString("startedAt", score.Report.StartedAt.ToString("O"));
            if (score.ToPause is { } paused)
            {
                writer.WriteNumber("pauseMilliseconds", (long)paused.TotalMilliseconds);
                writer.WriteNumber("pauseBlocks", score.BlocksToPause!.Value);
            }

            writer.WriteNumber("steps", score.Steps);
            writer.WriteStartArray("late");
            foreach (var step in score.Late)
            {
                writer.WriteStringValue(step);
            }

            writer.WriteEndArray();
            writer.WriteStartArray("faults");
            foreach (var (fault, noticed) in score.Faults)
            {
                writer.WriteStartObject();
                writer.WriteString("fault", fault);
                writer.WriteBoolean("noticed", noticed);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteString("log", log);
            writer.WriteString("evidence", kept);
            writer.WriteStartArray("claims");
            foreach (var claim in score.Report.Claims)
            {
                writer.WriteStartObject();
                writer.WriteString("part", claim.Part);
                writer.WriteString("claim", claim.Claim);
                writer.WriteBoolean("held", claim.Held);
                writer.WriteString("seen", claim.Detail);
                writer.WriteString("command", claim.Command);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
        return exit;
    }
}
