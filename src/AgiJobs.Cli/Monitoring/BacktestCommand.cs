using System.CommandLine;
using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;

namespace AgiJobs.Cli.Monitoring;

/// <summary><c>monitoring backtest</c>: what rules would have said of a stretch of the chain. Nothing is told to anybody.</summary>
internal static class BacktestCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var files = new Argument<string[]>("RULES") { Description = "rule files; those of the workspace's monitoring/rules when none is given", Arity = ArgumentArity.ZeroOrMore };
        var from = new Option<ulong>("--from") { Description = "the first block", HelpName = "BLOCK", Required = true };
        var to = new Option<ulong?>("--to") { Description = "the last block; the newest when left out", HelpName = "BLOCK" };
        var command = new Command("backtest", "run rules over history and say what would have fired, when and how often; nobody is told; exit 3 when anything would have") { files, from, to };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var sources = RulesCheckCommand.Sources(session, parsed.GetValue(files) ?? []);
            var rules = new RuleCompiler(RuleGround.Of(session.Workspace, session.Network, environment.Time)).Compile(sources);
            var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
            var newest = (await client.BlockNumberAsync(cancellation).ConfigureAwait(false)).Value;
            var (first, last) = (parsed.GetValue(from), parsed.GetValue(to) ?? newest);
            if (last > newest)
            {
                throw new ControlException("backtest-range", ExitCode.BadInput, $"Block {last} is not there yet: the newest is {newest}.", "Leave --to out, or give a lower one.");
            }

            var reader = new MonitorOptions { Network = session.Network, ChainId = session.NetworkFile.ChainId, Name = "backtest" };
            var report = await Backtest.RunAsync(rules, first, last, needs => new RangeReader(new NodeChain(client), reader).ReadAsync(first, last, needs, cancellation), null, cancellation).ConfigureAwait(false);
            var fired = report.Findings.Where(finding => finding.Kind == FindingKind.Firing).ToList();
            var exit = fired.Count == 0 ? ExitCode.Clean : ExitCode.Findings;
            var quiet = rules.Rules.Select(rule => rule.Rule.Name).Except(fired.Select(finding => finding.Rule), StringComparer.Ordinal).ToList();
            var terminal = session.Terminal;
            terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}, blocks {first} to {last}, rules {rules.Digest}");
            if (fired.Count > 0)
            {
                terminal.Table(["rule", "severity", "fired", "first block", "last block"], fired.GroupBy(finding => finding.Rule, StringComparer.Ordinal).OrderBy(group => group.Min(finding => finding.Severity)).ThenBy(group => group.Key, StringComparer.Ordinal).Select(group => (IReadOnlyList<string>)
                [
                    group.Key,
                    group.Min(finding => finding.Severity).Name(),
                    group.Count().ToString(CultureInfo.InvariantCulture),
                    group.Min(finding => finding.Place!.Block).ToString(),
                    group.Max(finding => finding.Place!.Block).ToString(),
                ]));
                terminal.Line();
                terminal.Table(["block", "time (UTC)", "severity", "what", "transaction"], report.Findings.Select(finding => (IReadOnlyList<string>)
                [
                    finding.Place!.Block.ToString(),
                    finding.Place.Time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
                    finding.Kind == FindingKind.Resolved ? "resolved" : finding.Severity.Name(),
                    $"{finding.Rule}: {finding.Title}",
                    finding.Place.Transaction?.ToString() ?? "",
                ]));
            }

            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"{fired.Count} would have fired in {report.Blocks} blocks; {quiet.Count} rules would not: {(quiet.Count == 0 ? "none" : string.Join(", ", quiet))}"));
            terminal.Json("agijobs.monitoring-backtest/1", exit, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteNumber("from", first);
                writer.WriteNumber("to", last);
                writer.WriteNumber("blocks", report.Blocks);
                writer.WriteString("rules", rules.Digest.ToString());
                writer.WriteStartArray("findings");
                foreach (var finding in report.Findings)
                {
                    writer.WriteStartObject();
                    writer.WriteString("id", finding.Id);
                    writer.WriteString("kind", finding.Kind == FindingKind.Resolved ? "resolved" : "firing");
                    writer.WriteString("rule", finding.Rule);
                    writer.WriteString("severity", finding.Severity.Name());
                    writer.WriteString("subject", finding.Subject);
                    writer.WriteString("title", finding.Title);
                    writer.WriteNumber("block", finding.Place!.Block.Value);
                    writer.WriteString("time", finding.Place.Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
                    writer.WriteString("transaction", finding.Place.Transaction?.ToString());
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                writer.WriteStartArray("quiet");
                foreach (var name in quiet)
                {
                    writer.WriteStringValue(name);
                }

                writer.WriteEndArray();
            });
            return exit;
        });
        return command;
    }
}
