using System.CommandLine;
using AgiJobs.Cli.Owner;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Reports;

namespace AgiJobs.Cli.Changes;

/// <summary><c>change metrics</c>: mean time to execute, rollback rate, incidents caused, by month and kind.</summary>
internal static class MetricsCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var format = OwnerViews.Format();
        var command = new Command("metrics", "mean time to execute, rollback rate and incidents caused, by month and kind, from the journals and the audit log") { format };
        Session.Run(command, options, environment, (session, parsed, _) =>
        {
            var findings = new List<AuditFinding>();
            var entries = new AuditArchive(session.Workspace, environment.Seal).Entries(session.Network, findings).Select(logged => logged.Entry);
            var metrics = ChangeMetrics.Of(new ChangeStore(session.Workspace, environment.Time).Survey(), entries, session.Network);
            metrics = metrics with { Problems = [.. metrics.Problems, .. findings.Select(finding => finding.Message)] };
            var exit = metrics.Problems.Count > 0 ? ExitCode.Unknown : ExitCode.Clean;
            return Task.FromResult(OwnerViews.Print(session, parsed.GetValue(format)!, metrics.Page(session.Network, session.NetworkFile.ChainId), "agijobs.change-metrics/1", exit, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                metrics.Write(writer);
            }));
        });
        return command;
    }
}
