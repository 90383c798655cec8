using System.CommandLine;
using System.Text;
using AgiJobs.Cli.Output;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Files;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Reports;
using AgiJobs.Ethereum.Calls;

namespace AgiJobs.Cli.Owner;

/// <summary><c>owner dashboard</c> and <c>owner command-center</c>: what is running now, and the briefing of all views with what to do next.</summary>
internal static class BriefingCommands
{
    public static Command Dashboard(CommonOptions options, CommandEnvironment environment)
    {
        var format = OwnerViews.Format();
        var command = new Command("dashboard", "what is running now: pauses, counters, pools, changes under way, balances of signers; exit 5 when something could not be read") { format };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var dashboard = await DashboardAsync(session, await session.ObserveWholeAsync(cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
            return OwnerViews.Print(session, parsed.GetValue(format)!, dashboard.Page(), "agijobs.owner-dashboard/1", dashboard.Exit, dashboard.Write);
        });
        return command;
    }

    public static Command CommandCenter(CommonOptions options, CommandEnvironment environment)
    {
        var format = OwnerViews.Format();
        var from = OwnerViews.FromBlock();
        var command = new Command("command-center", "the briefing of all views with what to do next, also written as command-center.md and .json; exit 3 findings, 5 unknown, 6 mismatch") { format, from };
        command.Options.Add(options.Out);
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var first = parsed.GetValue(from);
            var (drift, _, executed) = await OwnerViews.DriftAsync(session, cancellation).ConfigureAwait(false);
            drift = await OwnerViews.ExplainAsync(session, drift, executed, first, cancellation).ConfigureAwait(false);
            var center = new CommandCenter(
                await DashboardAsync(session, drift.State, cancellation).ConfigureAwait(false),
                drift,
                await AuditCommand.RunAsync(session, drift, executed, first, cancellation).ConfigureAwait(false),
                new AuditArchive(session.Workspace, environment.Seal).Verify(session.Network, []).Exit,
                await FundsCommands.ReadAsync(session, _ => true, cancellation).ConfigureAwait(false));
            var folder = parsed.GetValue(options.Out) is { } path ? session.PathOf(path) : session.Workspace.Locate("reports", "owner-control");
            AtomicFile.Write(Path.Combine(folder, "command-center.md"), Encoding.UTF8.GetBytes(center.Page().Markdown()));
            AtomicFile.Write(Path.Combine(folder, "command-center.json"), Encoding.UTF8.GetBytes(JsonText(center)));
            var exit = OwnerViews.Print(session, parsed.GetValue(format)!, center.Page(), Schema, center.Exit, center.Write);
            session.Terminal.Progress($"written to {Path.Combine(folder, "command-center.md")} and .json");
            return exit;
        });
        return command;
    }

    private const string Schema = "agijobs.owner-command-center/1";

    private static string JsonText(CommandCenter center)
    {
        using var text = new StringWriter { NewLine = "\n" };
        new Terminal(text, TextWriter.Null, true, false).Json(Schema, center.Exit, center.Write);
        return text.ToString();
    }

    private static async Task<Dashboard> DashboardAsync(Session session, ProtocolState state, CancellationToken cancellation)
    {
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var figures = await FigureReader.ReadAsync(session.Protocol, PinnedBlock.AtConnect(client), cancellation).ConfigureAwait(false);
        var pending = PendingChange.Of(new ChangeStore(session.Workspace, session.Environment.Time).Survey(), session.Network, session.Protocol, session.Policy, session.Environment.Time.GetUtcNow());
        return new Dashboard(session.Network, state, figures, pending, session.SignersAtHand);
    }
}
