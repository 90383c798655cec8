using System.CommandLine;
using AgiJobs.Cli.Arena;
using AgiJobs.Cli.Owner;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Reports;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Incidents;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Changes;

/// <summary><c>change metrics</c>: mean time to execute, rollback rate, incidents caused, by month and kind.</summary>
internal static class MetricsCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var format = OwnerViews.Format();
        var command = new Command("metrics", "mean time to execute, rollback rate and incidents caused, by month and kind, from the journals, the audit log and what people signed about the causes of incidents ('incident cause')") { format };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var findings = new List<AuditFinding>();
            var entries = new AuditArchive(session.Workspace, environment.Seal).Entries(session.Network, findings).Select(logged => logged.Entry);
            var (causes, why, isFault) = await CausesAsync(session, cancellation).ConfigureAwait(false);
            var metrics = ChangeMetrics.Of(new ChangeStore(session.Workspace, environment.Time).Survey(), entries, session.Network, causes);
            metrics = metrics with { Problems = [.. metrics.Problems, .. findings.Select(finding => finding.Message)], WhyNoIncidents = why };
            var exit = metrics.Problems.Count > 0 || isFault ? ExitCode.Unknown : ExitCode.Clean;
            return OwnerViews.Print(session, parsed.GetValue(format)!, metrics.Page(session.Network, session.NetworkFile.ChainId), "agijobs.change-metrics/1", exit, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                metrics.Write(writer);
            });
        });
        return command;
    }

    private static async Task<(ILookup<Bytes32, string>? Causes, string? Why, bool IsFault)> CausesAsync(Session session, CancellationToken cancellation)
    {
        // Looking must not make the state that it looks for; one that was set aside as damaged is not none.
        var path = session.Workspace.StatePath(session.Network);
        if (session.Workspace.Services(session.Network).Storage.Kind != StorageKind.Postgres && !(Path.GetDirectoryName(path) is { } folder && Directory.Exists(folder) && Directory.EnumerateFiles(folder, Path.GetFileName(path) + "*").Any()))
        {
            return (null, "no incident was ever on record here: there is no state of services", false);
        }

        try
        {
            await using var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
            var incidents = await new IncidentStore(store, session.Network, session.NetworkFile.ChainId).ListAsync(cancellation).ConfigureAwait(false);
            return (incidents.SelectMany(state => state.Causes.Select(change => (Change: change, state.Id))).ToLookup(cause => cause.Change, cause => cause.Id), null, false);
        }
        catch (Exception problem) when (problem is ControlException or StorageException)
        {
            return (null, problem.Message, true);
        }
    }
}
