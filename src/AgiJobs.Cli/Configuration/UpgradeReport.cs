using System.Text.Json.Nodes;
using AgiJobs.Control;
using AgiJobs.Control.Configuration;

namespace AgiJobs.Cli.Configuration;

/// <summary><c>init --upgrade</c>: what an older workspace lacks, and with <c>--execute</c> its adding.</summary>
internal static class UpgradeReport
{
    private const string Nothing = "NOTHING WAS SENT - add --execute";

    public static async Task<ExitCode> RunAsync(Session session, CancellationToken cancellation)
    {
        var execute = session.Execute;
        var upgrade = new WorkspaceUpgrade(session.Workspace, session.Environment.Time);
        var files = upgrade.Plan();
        var before = execute ? await upgrade.ExecuteAsync(cancellation).ConfigureAwait(false) : null;
        if (execute && files.Count > 0)
        {
            await WorkspaceScope.RecordAsync(session, "config.upgraded", data =>
            {
                data["before"] = before?.Id;
                data["files"] = new JsonArray([.. files.Select(file => (JsonNode)file.Path)]);
            }, [], cancellation).ConfigureAwait(false);
        }

        var exit = execute || files.Count == 0 ? ExitCode.Clean : ExitCode.Findings;
        if (!execute)
        {
            session.Terminal.Line(Nothing);
        }

        session.Terminal.Line(WorkspaceScope.Line(session));
        session.Terminal.Line(files.Count == 0 ? "  nothing is missing" : $"  {files.Count} file{(files.Count == 1 ? "" : "s")} {(execute ? "added" : "would be added")}; none is written over:");
        foreach (var file in files)
        {
            session.Terminal.Line($"  {file.Path}");
            session.Terminal.Line($"      {file.Why}");
        }

        if (before is not null)
        {
            session.Terminal.Line($"  before    {before.Id} keeps what was there");
        }

        if (!execute)
        {
            session.Terminal.Line(Nothing);
        }

        session.Terminal.Json("agijobs.init-upgrade/1", exit, writer =>
        {
            WorkspaceScope.Write(session, writer);
            writer.WriteBoolean("executed", execute);
            writer.WriteString("before", before?.Id);
            writer.WriteStartArray("files");
            foreach (var file in files)
            {
                writer.WriteStartObject();
                writer.WriteString("path", file.Path);
                writer.WriteString("why", file.Why);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
        return exit;
    }
}
