using System.CommandLine;
using System.Globalization;
using AgiJobs.Cli.Output;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Desired;
using AgiJobs.Control.Drift;
using AgiJobs.Control.Reports;

namespace AgiJobs.Cli.Owner;

/// <summary><c>owner surface</c>, <c>owner parameters</c> and <c>owner diff</c>: what differs, all values, what a change or the drift would change.</summary>
internal static class SurfaceCommands
{
    public static Command Surface(CommonOptions options, CommandEnvironment environment)
    {
        var format = OwnerViews.Format();
        var from = OwnerViews.FromBlock();
        var why = new Option<bool>("--why") { Description = "find for everything that differs the transaction that made it so, and whether a change was behind it" };
        var command = new Command("surface", "what differs from the manifest: wanted, is, last executed, and the command that mends it; exit 0 clean, 3 drift, 5 unknown") { format, why, from };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var (report, _, executed) = await OwnerViews.DriftAsync(session, cancellation).ConfigureAwait(false);
            if (parsed.GetValue(why))
            {
                report = await OwnerViews.ExplainAsync(session, report, executed, parsed.GetValue(from), cancellation).ConfigureAwait(false);
            }

            return OwnerViews.Print(session, parsed.GetValue(format)!, DriftPages.Surface(report), "agijobs.owner-surface/1", report.Exit, writer => DriftPages.WriteSurface(writer, report));
        });
        return command;
    }

    public static Command Parameters(CommonOptions options, CommandEnvironment environment)
    {
        var format = OwnerViews.Format();
        var only = new Option<string[]>("--module") { Description = "only this module; may be given several times", HelpName = "NAME", AllowMultipleArgumentsPerToken = false };
        var command = new Command("parameters", "all values with units, bounds, rules, risk, who may set them, and what is wanted; exit 5 when any is unknown") { format, only };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var modules = OwnerViews.Modules(session.Protocol, parsed.GetValue(only));
            var desired = DesiredState.Load(session.Workspace, session.Network, session.Protocol);
            var state = await session.ObserveWholeAsync(cancellation).ConfigureAwait(false);
            return OwnerViews.Print(
                session,
                parsed.GetValue(format)!,
                DriftPages.Parameters(session.Network, state, desired, modules),
                "agijobs.owner-parameters/1",
                DriftPages.ExitOfParameters(state, modules),
                writer => DriftPages.WriteParameters(writer, session.Network, state, desired, modules));
        });
        return command;
    }

    public static Command Diff(CommonOptions options, CommandEnvironment environment)
    {
        var id = new Option<string?>("--change") { Description = "what this change would change; without it: what mending the drift would change", HelpName = "ID" };
        var command = new Command("diff", "differences ranked red (security), amber (financial), green (cosmetic), with a SHA-256 fingerprint that two machines compare; exit 3 when there are any") { id };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            RankedDiff diff;
            ExitCode exit;
            string subject;
            if (parsed.GetValue(id) is { } asked)
            {
                var change = new ChangeStore(session.Workspace, environment.Time).Get(asked);
                session.Use(change.Document.Network);
                diff = RankedDiff.Of(change.Document, session.Protocol);
                exit = diff.Rows.Count == 0 ? ExitCode.Clean : ExitCode.Findings;
                subject = $"what the change {change.Id} would change: {change.Document.Title}";
            }
            else
            {
                var (report, _, _) = await OwnerViews.DriftAsync(session, cancellation).ConfigureAwait(false);
                foreach (var problem in report.Problems)
                {
                    session.Terminal.Progress($"UNKNOWN {problem}");
                }

                diff = RankedDiff.Of(report);
                exit = report.Exit;
                subject = "what mending the drift would change";
            }

            session.Terminal.Line($"network {diff.Network}, chain {diff.ChainId}: {subject}");
            foreach (var group in diff.Rows.GroupBy(row => row.Risk))
            {
                session.Terminal.Line(session.Terminal.Painted(string.Create(CultureInfo.InvariantCulture, $"{group.Key.Name().ToUpperInvariant()} {group.Key switch { Control.Description.Risk.Red => "security", Control.Description.Risk.Amber => "financial", _ => "cosmetic" }}: {group.Count()}"), group.Key));
                foreach (var line in session.Terminal.IsJson ? [] : TextTable.Lines(["what", "from", "to", "command"], group.Select(row => (IReadOnlyList<string>)[$"{row.Kind.Name()} {row.Subject}", row.From, row.To ?? "unknown", row.Mend ?? "-"])))
                {
                    session.Terminal.Line(session.Terminal.Painted(line, group.Key));
                }
            }

            session.Terminal.Line(diff.Rows.Count == 0 ? "Nothing differs." : "");
            session.Terminal.Line($"fingerprint {diff.Fingerprint}");
            session.Terminal.Json("agijobs.owner-diff/1", exit, writer =>
            {
                writer.WriteString("network", diff.Network);
                writer.WriteNumber("chainId", diff.ChainId.Value);
                writer.WriteString("fingerprint", diff.Fingerprint.ToString());
                diff.WriteRows(writer);
            });
            return exit;
        });
        return command;
    }
}
