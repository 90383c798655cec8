using System.Globalization;
using System.Text;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Response.Drills;

namespace AgiJobs.Cli.Drills;

/// <summary><c>drill run pause-and-rotation|reward-drain|mass-slashing</c>: a quarterly exercise, scored, logged and kept with its evidence.</summary>
internal static class IncidentDrillRun
{
    private const string Log = "incident-tabletop.md";
    private const string LogHead = "# Tabletop exercises\n\nWhat `agijobs drill run NAME` found, oldest first; each exercise is run for real on a throw-away chain.\n\n";

    public static async Task<ExitCode> RunAsync(Session session, string name, string? to, CancellationToken cancellation)
    {
        var (terminal, environment) = (session.Terminal, session.Environment);
        terminal.Line($"Drill: {name}, on a throw-away network (chain 31337). Nothing of yours is touched.");
        terminal.Line($"  {IncidentDrill.Names[name]}");
        await using var ground = await ThrowAwayGround.StartAsync(environment, cancellation).ConfigureAwait(false);
        string? part = null;
        var score = await new IncidentDrill(ground, environment.Time)
        {
            OnClaim = claim =>
            {
                if (!string.Equals(part, claim.Part, StringComparison.Ordinal))
                {
                    terminal.Line();
                    terminal.Line(part = claim.Part!);
                }

                DrillCommands.Print(terminal, claim);
            },
        }.RunAsync(name, cancellation).ConfigureAwait(false);
        var kept = to is { } chosen ? session.PathOf(chosen) : session.Workspace.Locate("reports", "drills", $"{score.Report.StartedAt:yyyy-MM-dd-HHmmss}-{name}");
        var bundle = Path.Combine(ground.Folder, "evidence.tar");
        AtomicFile.Write(Path.Combine(kept, "report.md"), Encoding.UTF8.GetBytes(score.Report.ToMarkdown()));
        if (File.Exists(bundle))
        {
            AtomicFile.Write(Path.Combine(kept, "evidence.tar"), await File.ReadAllBytesAsync(bundle, cancellation).ConfigureAwait(false));
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
        terminal.Line(string.Create(CultureInfo.InvariantCulture, $"  to the pause   {(score.ToPause is { } took ? $"{took.TotalSeconds:0.0} s, {score.BlocksToPause} blocks; wanted {score.PauseWithin.TotalMinutes:0} min" : "NOT PAUSED")}"));
        terminal.Line($"  steps          {score.Steps}, {score.Late.Count} late");
        terminal.Line($"  faults         {score.Faults.Count(fault => fault.Noticed)} of {score.Faults.Count} noticed");
        terminal.Line($"  log            {log}");
        terminal.Line($"  evidence       {kept}");
        terminal.Json("agijobs.incident-drill/1", exit, writer =>
        {
            writer.WriteString("drill", name);
            writer.WriteString("network", "drill");
            writer.WriteNumber("chainId", 31337);
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
