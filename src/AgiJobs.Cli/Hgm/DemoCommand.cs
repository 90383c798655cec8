using System.CommandLine;
using AgiJobs.Control;
using AgiJobs.Hgm.Policies;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Reports;
using AgiJobs.Steering.Runs;

namespace AgiJobs.Cli.Hgm;

/// <summary><c>hgm demo</c>: HGM beside a rival at the same budget, with a report that can be watched while it is written. Both are kept runs. Nothing of it touches the chain.</summary>
internal static class DemoCommand
{
    private static readonly string[] Rivals = [.. PolicyNames.All.Where(name => name is not PolicyNames.Hgm)];

    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var seed = new Option<ulong>("--seed") { Description = "from which all chance and all tasks of both runs come", HelpName = "N", DefaultValueFactory = _ => 0 };
        var budget = new Option<int>("--budget") { Description = "how many evaluations each run may use", HelpName = "N", DefaultValueFactory = _ => 400 };
        var rival = new Option<string>("--rival") { Description = "the policy beside HGM", HelpName = "POLICY", DefaultValueFactory = _ => PolicyNames.Dgm };
        rival.AcceptOnlyFromAmong(Rivals);
        var pace = new Option<string>("--pace") { Description = "the least time between two results of a run, such as 20ms or 1s, so that one can watch; 0ms for as fast as it goes. It is not part of the result", HelpName = "TIME", DefaultValueFactory = _ => "20ms" };
        var command = new Command("demo", "grow programs by HGM and by a rival at the same budget, and write a report while they grow: open lineage.html of its folder and watch. The folder is --out, else the variable HGM_REPORT_DIR, else reports/hgm/demo of the workspace. Interrupted, the same command goes on; finished, it writes the report again")
        {
            seed, budget, rival, pace,
        };
        command.Options.Add(options.Out);
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var wait = Pace.Of(parsed.GetValue(pace))!.Value;
            var folder = new ReportFolder(FolderOf(session, parsed.GetValue(options.Out)));
            return await RunCommand.WithRunsAsync(session, async store =>
            {
                var settings = (EvolutionStudy.Run with { Seed = parsed.GetValue(seed), Evaluations = parsed.GetValue(budget) }).Checked();
                var identity = new RunIdentity(session.Network, session.NetworkFile.ChainId.Value, HgmDemo.RunName(settings));
                var leased = TimeSpan.FromSeconds(session.Workspace.Services(session.Network).LeaseSeconds!.Value);
                var demo = new HgmDemo(store, identity, settings, parsed.GetValue(rival)!, leased, SystemBrake.Of(session), environment.Time);
                session.Terminal.Progress($"watch {Path.Combine(folder.Path, LineagePage.FileName)}");
                return Told(session, "agijobs.hgm-demo/1", folder, await demo.RunAsync(folder, wait, Environment.ProcessorCount, session.Terminal.Progress, cancellation).ConfigureAwait(false));
            }, cancellation).ConfigureAwait(false);
        });
        return command;
    }

    /// <summary>Writes the report of a kept run, once or until the run ends.</summary>
    public static async Task<ExitCode> ReportAsync(Session session, DurableRunStore store, string run, string? rival, ReportFolder folder, bool follow, CancellationToken cancellation)
    {
        var report = new LiveReport(store, new RunIdentity(session.Network, session.NetworkFile.ChainId.Value, run), rival, folder, session.Environment.Time);
        return Told(session, "agijobs.hgm-report/1", folder, follow
            ? await report.FollowAsync(null, session.Terminal.Progress, cancellation).ConfigureAwait(false)
            : await report.WriteAsync(cancellation).ConfigureAwait(false));
    }

    // Says what a report says, and where it is.
    private static ExitCode Told(Session session, string schema, ReportFolder folder, RunSummary summary)
    {
        session.Terminal.Text(summary.ToText());
        session.Terminal.Line();
        session.Terminal.Line($"written to {folder.Path}: {string.Join(", ", folder.Written)}");
        session.Terminal.Json(schema, ExitCode.Clean, writer =>
        {
            writer.WriteString("folder", folder.Path);
            writer.WriteStartArray("files");
            foreach (var name in folder.Written)
            {
                writer.WriteStringValue(name);
            }

            writer.WriteEndArray();
            writer.WritePropertyName("summary");
            summary.Write(writer, session.Environment.Time.GetUtcNow());
        });
        return ExitCode.Clean;
    }

    // What is said, else the variable that the runbooks name, else the workspace's own folder.
    private static string FolderOf(Session session, string? chosen) =>
        chosen is not null ? session.PathOf(chosen)
        : session.Environment.HgmReports is { Length: > 0 } named ? session.PathOf(named)
        : session.Workspace.Locate("reports", "hgm", "demo");
}
