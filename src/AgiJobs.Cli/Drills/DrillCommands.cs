using System.CommandLine;
using System.Globalization;
using System.Text;
using AgiJobs.Cli.Output;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Response.Drills;

namespace AgiJobs.Cli.Drills;

/// <summary><c>drill list|run NAME|run --change ID</c>, and <c>drill pause</c> for short: the real commands on a throw-away chain.</summary>
internal static class DrillCommands
{
    private const string Pause = "pause";

    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("drill", "rehearse with the real commands, on a throw-away chain or on a fork; nothing live is touched");
        command.Subcommands.Add(List(options, environment));
        var name = new Argument<string?>("name") { Description = "the drill; left out with --change", HelpName = "NAME", Arity = ArgumentArity.ZeroOrOne };
        var change = new Option<string?>("--change") { Description = "rehearse this filed change on a fork of its network's node: signed with drill keys, executed, verified and taken back, with faults on the way; nothing live is touched", HelpName = "ID" };
        name.AcceptOnlyFromAmong([Pause, .. IncidentDrill.Names.Keys]);
        command.Subcommands.Add(Runs(new Command("run", $"run a drill by its name: {Pause}, or one of the quarterly exercises ({string.Join(", ", IncidentDrill.Names.Keys)}), which go by the runbooks with faults on the way, are scored against their clocks, and are appended to reports/incident-tabletop.md; or any filed change, with --change") { name, change }, options, environment, name, change));
        command.Subcommands.Add(Runs(new Command(Pause, "pause by the guardian, resume by the 2-of-3 Safe, a pause fired by a stranger, evidence verified; exit 0 only if every claim held"), options, environment));
        return command;
    }

    private static Command List(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("list", "list the drills");
        Session.Run(command, options, environment, (session, _, _) =>
        {
            session.Terminal.Table(["drill", "what it rehearses"], [[Pause, "pause by the guardian, resume by the 2-of-3 Safe, a pause fired by a stranger, evidence verified"], .. IncidentDrill.Names.Select(drill => (IReadOnlyList<string>)[drill.Key, drill.Value])]);
            session.Terminal.Json("agijobs.drill-list/1", ExitCode.Clean, writer =>
            {
                writer.WriteStartArray("drills");
                writer.WriteStringValue(Pause);
                foreach (var drill in IncidentDrill.Names.Keys)
                {
                    writer.WriteStringValue(drill);
                }

                writer.WriteEndArray();
            });
            return Task.FromResult(ExitCode.Clean);
        });
        return command;
    }

    private static Command Runs(Command command, CommonOptions options, CommandEnvironment environment, Argument<string?>? name = null, Option<string?>? change = null)
    {
        command.Options.Add(options.Out);
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            if (change is not null && (parsed.GetValue(change) is null) == (parsed.GetValue(name!) is null))
            {
                throw new ControlException("drill-which", ExitCode.BadInput, parsed.GetValue(change) is null ? "Which drill is to be run must be said." : "A drill by name and a change are two drills.", "'agijobs drill list' names the drills; --change ID rehearses a filed change ('agijobs change list').");
            }

            if (change is not null && parsed.GetValue(change) is { } filed)
            {
                return await IncidentDrillRun.RunChangeAsync(session, filed, parsed.GetValue(options.Out), cancellation).ConfigureAwait(false);
            }

            if (name is not null && parsed.GetValue(name) is { } wanted && wanted != Pause)
            {
                return await IncidentDrillRun.RunAsync(session, wanted, parsed.GetValue(options.Out), cancellation).ConfigureAwait(false);
            }

            var terminal = session.Terminal;
            var began = environment.Time.GetTimestamp();
            terminal.Line("Drill: pause, on a throw-away network (chain 31337). Nothing of yours is touched.");
            await using var ground = await ThrowAwayGround.StartAsync(environment, cancellation).ConfigureAwait(false);
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"  network ready in {ground.Started.Took.TotalSeconds:0.0} s: {ground.Started.Transactions} transactions, Safe {ground.Started.Network.Safe}"));
            var report = await new PauseDrill(ground, environment.Time, Printer(terminal)).RunAsync(cancellation).ConfigureAwait(false);
            var exit = report.Held ? ExitCode.Clean : ExitCode.Failed;
            var path = parsed.GetValue(options.Out) is { } chosen ? session.PathOf(chosen) : session.Workspace.Locate("reports", "drills", $"{report.StartedAt:yyyy-MM-dd-HHmmss}-pause.md");
            AtomicFile.Write(path, Encoding.UTF8.GetBytes(report.ToMarkdown()));
            terminal.Line();
            terminal.Line(report.Held ? $"HELD: all {report.Claims.Count} claims" : $"NOT HELD: {report.Claims.Count(claim => !claim.Held)} of {report.Claims.Count} claims");
            foreach (var (what, timing) in ((string, DrillTiming?)[])[("pause ", report.Pause), ("fire  ", report.Fire), ("resume", report.Resume)])
            {
                terminal.Line($"  {what}   {timing?.ToString() ?? "NOT REACHED"}");
            }

            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"  in all   {environment.Time.GetElapsedTime(began).TotalSeconds:0.0} s"));
            terminal.Line($"  report   {path}");
            terminal.Json("agijobs.drill/1", exit, writer =>
            {
                writer.WriteString("drill", report.Name);
                writer.WriteString("network", "drill");
                writer.WriteNumber("chainId", 31337);
                writer.WriteBoolean("held", report.Held);
                writer.WriteString("startedAt", report.StartedAt.ToString("O"));
                writer.WriteNumber("milliseconds", (long)report.Took.TotalMilliseconds);
                Milliseconds("networkMilliseconds", ground.Started.Took);
                foreach (var (what, timing) in ((string, DrillTiming?)[])[("pause", report.Pause), ("fire", report.Fire), ("resume", report.Resume)])
                {
                    Milliseconds(what + "Milliseconds", timing?.Took);
                    if (timing?.Blocks is { } waited)
                    {
                        writer.WriteNumber(what + "Blocks", waited);
                    }
                    else
                    {
                        writer.WriteNull(what + "Blocks");
                    }
                }

                writer.WriteString("report", path);
                writer.WriteStartArray("claims");
                foreach (var claim in report.Claims)
                {
                    writer.WriteStartObject();
                    writer.WriteString("part", claim.Part);
                    writer.WriteString("claim", claim.Claim);
                    writer.WriteBoolean("held", claim.Held);
                    writer.WriteString("seen", claim.Detail);
                    writer.WriteString("command", claim.Command);
                    writer.WriteNumber("milliseconds", (long)claim.Took.TotalMilliseconds);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();

                void Milliseconds(string key, TimeSpan? took)
                {
                    if (took is { } known)
                    {
                        writer.WriteNumber(key, (long)known.TotalMilliseconds);
                    }
                    else
                    {
                        writer.WriteNull(key);
                    }
                }
            });
            return exit;
        });
        return command;
    }

    /// <summary>What prints the claims of a drill as they are decided, below the headings of its parts.</summary>
    internal static Action<DrilledClaim> Printer(Terminal terminal)
    {
        string? part = null;
        return claim =>
        {
            if (!string.Equals(part, claim.Part, StringComparison.Ordinal))
            {
                terminal.Line();
                terminal.Line(part = claim.Part!);
            }

            Print(terminal, claim);
        };
    }

    internal static void Print(Terminal terminal, DrilledClaim claim)
    {
        terminal.Line(string.Create(CultureInfo.InvariantCulture, $"  {(claim.Held ? "held    " : "NOT HELD")} {claim.Took.TotalSeconds,5:0.00} s  {claim.Claim}{(claim.Held ? "" : $": {claim.Detail}")}"));
    }
}
