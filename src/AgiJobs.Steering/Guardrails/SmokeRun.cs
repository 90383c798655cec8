using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Policies;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Reports;
using AgiJobs.Steering.Runs;
using AgiJobs.Storage;

namespace AgiJobs.Steering.Guardrails;

/// <summary>A small demo from its first event to its report, in a folder of its own.</summary>
public static class SmokeRun
{
    private static readonly string[] Files =
    [
        "agents.svg", "baseline_timeline.json", "best_agent.svg", "hgm_lineage.json", "hgm_lineage.mmd", "hgm_timeline.json", LineagePage.UpdatesName, LineagePage.FileName, "logs.md", "roi_comparison.svg", "summary.json", "summary.txt",
    ];

    /// <summary>Grows HGM and a rival, and looks at what the report is made of.</summary>
    /// <param name="folder">Where state and report go; the caller clears it away.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns><c>smoke</c>, and <c>assets</c> of the page that came of it.</returns>
    public static async Task<IReadOnlyList<Guardrail>> AskAsync(string folder, TimeProvider time, CancellationToken cancellation)
    {
        var report = Path.Combine(folder, "report");
        try
        {
            Directory.CreateDirectory(folder);
            await using var state = await StateStore.OpenAsync(StateLocation.File(Path.Combine(folder, "state.db")), time, cancellation).ConfigureAwait(false);
            var demo = new HgmDemo(new DurableRunStore(state, "smoke"), new RunIdentity("smoke", 0, "smoke"), EvolutionStudy.Run with { Evaluations = 40 }, PolicyNames.Dgm, TimeSpan.FromSeconds(30), null, time);
            _ = await demo.RunAsync(new ReportFolder(report), TimeSpan.Zero, 2, _ => { }, cancellation).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is HgmException or ControlException or StorageException or IOException or UnauthorizedAccessException)
        {
            return [Missed($"the run failed: {problem.Message}"), new Guardrail("assets", GuardrailVerdict.Unknown, "unknown: no page was made", "a page that loads nothing from elsewhere", "Mend the run first.")];
        }

        return [Look(report), PageCheck.Of(File.Exists(Path.Combine(report, LineagePage.FileName)) ? await File.ReadAllTextAsync(Path.Combine(report, LineagePage.FileName), cancellation).ConfigureAwait(false) : "")];
    }

    /// <summary>Looks at the files of a report.</summary>
    public static Guardrail Look(string report)
    {
        foreach (var name in Files)
        {
            var path = Path.Combine(report, name);
            if (!File.Exists(path) || new FileInfo(path).Length == 0)
            {
                return Missed($"the report has no {name}");
            }

            try
            {
                if (name.EndsWith(".json", StringComparison.Ordinal))
                {
                    using var json = JsonDocument.Parse(File.ReadAllBytes(path));
                }
            }
            catch (JsonException problem)
            {
                return Missed($"{name} is no JSON: {problem.Message}");
            }
        }

        return new Guardrail("smoke", GuardrailVerdict.Held, $"HGM and a rival ran to their ends, and the report has its {Files.Length} files", "a small run from its beginning to its report", "");
    }

    private static Guardrail Missed(string what) => new("smoke", GuardrailVerdict.Missed, what, "a small run from its beginning to its report", "agijobs hgm demo --budget 40 --pace 0ms shows where it ends.");
}
