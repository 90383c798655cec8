using System.CommandLine;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Reports;
using AgiJobs.Cli.Evidence;

namespace AgiJobs.Cli.Owner;

/// <summary><c>owner audit</c>: whether the record explains the state.</summary>
internal static class AuditCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var format = OwnerViews.Format();
        var from = OwnerViews.FromBlock();
        var command = new Command("audit", "does the record (changes, approvals, receipts, log) explain the state; exit 3 when something is unexplained, 6 when record and chain disagree, 5 when something is unknown") { format, from };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var (drift, _, executed) = await OwnerViews.DriftAsync(session, cancellation).ConfigureAwait(false);
            drift = await OwnerViews.ExplainAsync(session, drift, executed, parsed.GetValue(from), cancellation).ConfigureAwait(false);
            var audit = await RunAsync(session, drift, executed, parsed.GetValue(from), cancellation).ConfigureAwait(false);
            var log = new AuditArchive(session.Workspace, environment.Seal).Verify(session.Network, []);
            List<AuditFinding> findings = [.. log.Logs.SelectMany(report => report.Findings), .. log.Findings];
            var exit = OwnerViews.Worst(audit.Exit, log.Exit, drift.Exit);
            return OwnerViews.Print(session, parsed.GetValue(format)!, audit.Page(drift, log.Exit, findings.ConvertAll(finding => finding.Message)), "agijobs.owner-audit/1", exit, writer =>
            {
                audit.Write(writer);
                writer.WriteStartObject("log");
                writer.WriteNumber("exit", (int)log.Exit);
                writer.WriteNumber("logs", log.Logs.Count);
                LogCommand.WriteFindings(writer, findings);
                writer.WriteEndObject();
                writer.WriteStartObject("surface");
                DriftPages.WriteSurface(writer, drift);
                writer.WriteEndObject();
            });
        });
        return command;
    }

    /// <summary>Looks at what happened.</summary>
    public static async Task<StateAudit> RunAsync(Session session, Control.Drift.DriftReport drift, Control.Drift.ExecutedState executed, ulong? from, CancellationToken cancellation) => await StateAudit.RunAsync(
        await session.ClientAsync(cancellation).ConfigureAwait(false),
        session.Workspace,
        drift,
        executed,
        new ChangeStore(session.Workspace, session.Environment.Time).Survey(),
        session.Policy,
        OwnerViews.Since(session, from),
        session.Terminal.Progress,
        cancellation).ConfigureAwait(false);
}
