using System.CommandLine;
using AgiJobs.Cli.Arena;
using AgiJobs.Control;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Policies;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Reports;
using AgiJobs.Steering.Runs;
using AgiJobs.Storage;

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
        var pace = new Option<int>("--pace") { Description = "least milliseconds between two results of a run, so that one can watch; 0 for as fast as it goes. Without influence on the result", HelpName = "MS", DefaultValueFactory = _ => 20 };
        var command = new Command("demo", "grow programs by HGM and by a rival at the same budget, and write a report while they grow: open lineage.html of its folder and watch. Interrupted, the same command goes on; finished, it writes the report again")
        {
            seed, budget, rival, pace,
        };
        command.Options.Add(options.Out);
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var wait = parsed.GetValue(pace);
            if (wait is < 0 or > 60_000)
            {
                throw new ControlException("pace-range", ExitCode.BadInput, $"--pace {wait} is not from 0 to 60000 milliseconds.", "Leave it out for 20, or give 0 for as fast as it goes.");
            }

            var folder = new ReportFolder(FolderOf(session, parsed.GetValue(options.Out)));
            await using var state = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
            try
            {
                var settings = (EvolutionStudy.Run with { Seed = parsed.GetValue(seed), Evaluations = parsed.GetValue(budget) }).Checked();
                var identity = new RunIdentity(session.Network, session.NetworkFile.ChainId.Value, HgmDemo.RunName(settings));
                var demo = new HgmDemo(new DurableRunStore(state, session.Network), identity, settings, parsed.GetValue(rival)!, environment.Time);
                session.Terminal.Progress($"watch {Path.Combine(folder.Path, LineagePage.FileName)}");
                var summary = await demo.RunAsync(folder, TimeSpan.FromMilliseconds(wait), Environment.ProcessorCount, session.Terminal.Progress, cancellation).ConfigureAwait(false);
                return Told(session, "agijobs.hgm-demo/1", folder, summary);
            }
            catch (HgmException problem)
            {
                throw HgmCommands.Told(problem);
            }
            catch (StorageException problem)
            {
                throw ServiceState.Told(problem);
            }
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
