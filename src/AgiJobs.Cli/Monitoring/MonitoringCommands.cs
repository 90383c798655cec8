using System.CommandLine;
using System.Globalization;
using AgiJobs.Cli.Arena;
using AgiJobs.Control;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Monitoring;

/// <summary><c>monitoring run|status</c>: who watches the chain, how far, by which rules, and what proves it.</summary>
internal static class MonitoringCommands
{
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(20);

    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("monitoring", "the watch over the chain: rules as files, checked, put in force, tried on history; who watches, and what proves that nothing was left out");
        command.Subcommands.Add(Status(options, environment));
        command.Subcommands.Add(Run(options, environment));
        command.Subcommands.Add(ForgetCommand.Build(options, environment));
        command.Subcommands.Add(BreakersCommand.Build(options, environment));
        command.Subcommands.Add(RulesCheckCommand.Build(options, environment));
        command.Subcommands.Add(RulesPlanCommand.Plan(options, environment));
        command.Subcommands.Add(RulesPlanCommand.Apply(options, environment));
        command.Subcommands.Add(BacktestCommand.Build(options, environment));
        command.Subcommands.Add(RulesImportCommand.Build(options, environment));
        return command;
    }

    private static Command Run(CommonOptions options, CommandEnvironment environment)
    {
        var name = new Option<string>("--name") { Description = "the monitor's name; monitors of different names run beside each other, of those of one name one works and the others stand by", HelpName = "NAME", DefaultValueFactory = _ => MonitorWatch.DefaultName };
        var rpc = new Option<int>("--rpc") { Description = "which RPC endpoint of the network's file it follows, from 1: one alone, so that monitors on different ones are independent", HelpName = "N", DefaultValueFactory = _ => 1 };
        var from = new Option<ulong?>("--from") { Description = "the first block to be examined; default: where the monitor left off, else the newest. An earlier one than before is filled in", HelpName = "BLOCK" };
        var command = new Command("run", "watch in this process until interrupted, and say what is found ('serve' does it with the role monitor). Sends no transaction. Exit 3 when there are no rules to apply") { name, rpc, from };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var terminal = session.Terminal;
            var place = $"network {session.Network}, chain {session.NetworkFile.ChainId}";
            var node = session.NodeOf(parsed.GetValue(rpc));
            var monitor = parsed.GetValue(name)!;
            MonitorWatch.Options(session, monitor, parsed.GetValue(rpc)).Check();
            await using var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
            var rules = await RulesInForce.LoadAsync(store, session.Workspace, session.Network, session.Environment.Time, cancellation).ConfigureAwait(false);
            var sets = rules.Sets;
            if (rules.IsProvisional)
            {
                terminal.Line($"{place}: no rules were ever put in force; it watches by those of the files. Put them in force: agijobs monitoring apply --execute");
            }

            if (sets.Count == 0)
            {
                terminal.Line($"{place}: no rules are applied, so there is nothing to watch for. Write some and apply them: agijobs monitoring apply");
                terminal.Json("agijobs.monitoring-run/1", ExitCode.Findings, writer => Head(writer, session));
                return ExitCode.Findings;
            }

            terminal.Line($"{place}: the monitor {monitor} follows {node.Name} by the rules {sets[0].Digest} until it is told to stop; it takes up others by itself when they are put in force");
            var said = "";
            long told = 0;
            using var watch = MonitorWatch.Ruled(session, store, monitor, parsed.GetValue(rpc), parsed.GetValue(from), Hear, line => terminal.Line($"{session.Environment.Time.GetUtcNow():HH:mm:ss} {line}"));
            await watch.StartAsync(cancellation).ConfigureAwait(false);
            await watch.Completion.WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await watch.StopAsync(Drain).ConfigureAwait(false);
            await watch.Completion.ConfigureAwait(false);
            terminal.Line($"{place}: the monitor {monitor} has stopped; the next one goes on where it left off");
            terminal.Json("agijobs.monitoring-run/1", ExitCode.Clean, writer =>
            {
                Head(writer, session);
                writer.WriteString("monitor", monitor);
                writer.WriteNumber("findings", told);
            });
            return ExitCode.Clean;

            void Hear(MonitorTick tick)
            {
                foreach (var finding in tick.Told)
                {
                    told++;
                    terminal.Line($"{session.Environment.Time.GetUtcNow():HH:mm:ss} {Word(finding)} {finding.Severity.Name()} {finding.Rule}: {finding.Title}{(finding.Place is { } at ? $" (block {at.Block})" : "")}{(finding.Why is { } why ? $": {why}" : "")}");
                }

                foreach (var note in tick.Notes)
                {
                    terminal.Line($"{session.Environment.Time.GetUtcNow():HH:mm:ss} {note}");
                }

                var line = tick.State switch
                {
                    MonitorState.Watching when tick.Behind == 0 => "up to date",
                    MonitorState.Watching => "catching up",
                    MonitorState.StandingBy => $"standing by: {tick.Why}",
                    MonitorState.Blind => $"BLIND: {tick.Why}",
                    _ => said,
                };
                if (!string.Equals(line, said, StringComparison.Ordinal))
                {
                    said = line;
                    terminal.Line($"{session.Environment.Time.GetUtcNow():HH:mm:ss} {line}{(tick.Head is { } head ? $", block {head.Number}" : "")}{(tick.Behind > 0 ? $", {tick.Behind} behind" : "")}");
                }
            }
        });
        return command;
    }

    private static Command Status(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("status", "the monitors of the network: what they follow, how far, by which rules, which blocks are proven to be examined. Exit 3 when something is left out, silent, old, not read or not proven, 5 when one is blind or none ever ran, 6 when a signature is bad");
        Session.Run(command, options, environment, async (session, _, cancellation) =>
        {
            await using var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
            try
            {
                return await ShowAsync(session, store, cancellation).ConfigureAwait(false);
            }
            catch (StorageException problem)
            {
                throw ServiceState.Told(problem);
            }
        });
        return command;
    }

    private static async Task<ExitCode> ShowAsync(Session session, IStateStore store, CancellationToken cancellation)
    {
        var terminal = session.Terminal;
        var now = session.Environment.Time.GetUtcNow();
        var reports = new List<CoverageReport>();
        foreach (var standing in await MonitorStanding.ReadAllAsync(store, session.Network, cancellation).ConfigureAwait(false))
        {
            reports.Add(await CoverageReport.ReadAsync(store, standing, MonitorKey.Find(session.Environment.Seal, session.Network, standing.Monitor), cancellation).ConfigureAwait(false));
        }

        var findings = MonitorProblem.Of(reports, now);
        var exit = reports.Count == 0 ? ExitCode.Unknown : Worst(findings.Select(finding => finding.Exit));
        terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}: {(reports.Count == 0 ? "no monitor has ever run here. Start one: agijobs serve --roles monitor, or agijobs monitoring run" : $"{reports.Count} monitors")}");
        if (reports.Count > 0)
        {
            terminal.Table(
                ["monitor", "node", "head", "of (UTC)", "set", "examined to", "behind", "findings", "reorganisations", "written"],
                reports.SelectMany(report => report.Standing.Tracks.DefaultIfEmpty(null).Select(track => Row(report.Standing, track, now))));
            foreach (var report in reports)
            {
                if (report.Standing.Key is { } key)
                {
                    terminal.Line($"  {report.Standing.Monitor} key {key}");
                }

                foreach (var track in report.Tracks)
                {
                    foreach (var proven in track.Ranges)
                    {
                        terminal.Line($"  {report.Standing.Monitor} {track.Standing.Name}: blocks {proven.Range.From} to {proven.Range.To} ({proven.Range.Hash}) by the rules {proven.Range.RuleSet}, signature {proven.Signature}{(proven.Range.IsUnread ? ", views unread" : "")}");
                    }
                }
            }
        }

        foreach (var (_, text) in findings)
        {
            terminal.Line($"FINDING {text}");
        }

        terminal.Json("agijobs.monitoring-status/1", exit, writer => Write(writer, session, reports, [.. findings.Select(finding => finding.Text)]));
        return exit;
    }

    private static ExitCode Worst(IEnumerable<ExitCode> exits)
    {
        var all = exits.ToHashSet();
        return all.Contains(ExitCode.Mismatch) ? ExitCode.Mismatch : all.Contains(ExitCode.Unknown) ? ExitCode.Unknown : all.Contains(ExitCode.Findings) ? ExitCode.Findings : ExitCode.Clean;
    }

    private static IReadOnlyList<string> Row(MonitorStanding standing, TrackStanding? track, DateTimeOffset now) =>
    [
        standing.Monitor,
        standing.Node,
        standing.Blind is not null ? "BLIND" : standing.Head?.Number.ToString(CultureInfo.InvariantCulture) ?? "unknown",
        standing.HeadTime is { } time ? time.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture) : "",
        track?.Name ?? "no rules",
        track is null || track.Next == 0 ? "" : (track.Next - 1).ToString(CultureInfo.InvariantCulture),
        track is null ? "" : Behind(standing, track).ToString(CultureInfo.InvariantCulture),
        standing.Findings.ToString(CultureInfo.InvariantCulture),
        standing.Reorganisations.ToString(CultureInfo.InvariantCulture),
        string.Create(CultureInfo.InvariantCulture, $"{(now - standing.At).TotalSeconds:0} s ago"),
    ];

    private static ulong Behind(MonitorStanding standing, TrackStanding track)
    {
        var due = standing.Head is { } head && head.Number >= (ulong)track.Confirmations ? head.Number - (ulong)track.Confirmations + 1 : 0;
        return (due > track.Next ? due - track.Next : 0) + (track.Fill is { } fill ? fill.To + 1 - fill.Next : 0);
    }

    private static string Word(Finding finding) => finding.Kind switch
    {
        FindingKind.Firing => "FINDING",
        FindingKind.Resolved => "RESOLVED",
        _ => "RETRACTED",
    };

    private static void Head(System.Text.Json.Utf8JsonWriter writer, Session session)
    {
        writer.WriteString("network", session.Network);
        writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
    }

    private static void Write(System.Text.Json.Utf8JsonWriter writer, Session session, List<CoverageReport> reports, List<string> findings)
    {
        Head(writer, session);
        writer.WriteStartArray("monitors");
        foreach (var report in reports)
        {
            var standing = report.Standing;
            writer.WriteStartObject();
            writer.WriteString("monitor", standing.Monitor);
            writer.WriteString("node", standing.Node);
            writer.WriteString("at", standing.At);
            writer.WriteString("ruleSet", standing.RuleSet);
            writer.WriteString("key", standing.Key);
            writer.WriteNumber("findings", standing.Findings);
            writer.WriteNumber("reorganisations", standing.Reorganisations);
            if (standing.Head is { } head)
            {
                writer.WriteStartObject("head");
                writer.WriteNumber("number", head.Number);
                writer.WriteString("hash", head.Hash);
                writer.WriteEndObject();
            }

            if (standing.Blind is { } blind)
            {
                writer.WriteStartObject("blind");
                writer.WriteString("since", blind.Since);
                writer.WriteString("why", blind.Why);
                writer.WriteEndObject();
            }

            writer.WriteStartArray("sets");
            foreach (var track in report.Tracks)
            {
                writer.WriteStartObject();
                writer.WriteString("name", track.Standing.Name);
                writer.WriteNumber("confirmations", track.Standing.Confirmations);
                writer.WriteNumber("from", track.Standing.From);
                writer.WriteNumber("next", track.Standing.Next);
                writer.WriteString("hash", track.Standing.Hash);
                writer.WriteNumber("behind", Behind(standing, track.Standing));
                writer.WriteStartArray("ranges");
                foreach (var proven in track.Ranges)
                {
                    writer.WriteStartObject();
                    writer.WriteNumber("from", proven.Range.From);
                    writer.WriteNumber("to", proven.Range.To);
                    writer.WriteString("hash", proven.Range.Hash.ToString());
                    writer.WriteString("ruleSet", proven.Range.RuleSet.ToString());
                    writer.WriteString("signature", proven.Signature);
                    writer.WriteBoolean("viewsUnread", proven.Range.IsUnread);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                writer.WriteStartArray("holes");
                foreach (var (from, to) in track.Holes)
                {
                    writer.WriteStartObject();
                    writer.WriteNumber("from", from);
                    writer.WriteNumber("to", to);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("problems");
        foreach (var finding in findings)
        {
            writer.WriteStringValue(finding);
        }

        writer.WriteEndArray();
    }
}
