using System.Globalization;
using System.Text;
using AgiJobs.Hgm.Policies;
using AgiJobs.Steering.Plots;
using AgiJobs.Steering.Runs;

namespace AgiJobs.Steering.Reports;

/// <summary>
/// The report of a run, with a rival's beside it if there is one: <c>hgm_timeline.json</c>, <c>baseline_timeline.json</c>, <c>hgm_lineage.mmd</c>, <c>hgm_lineage.json</c>, <c>summary.json</c>, <c>summary.txt</c>,
/// <c>roi_comparison.svg</c>, <c>best_agent.svg</c>, <c>agents.svg</c>, <c>lineage.html</c>, <c>lineage-data.js</c> and <c>logs.md</c>. The same run gives the same bytes but for times: <c>generated_at</c> in
/// <c>summary.json</c>, <c>at</c> of interventions wherever they stand, and the first column of <c>logs.md</c>. Not safe for use by several threads at once.
/// </summary>
public sealed class RunReport
{
    // Most lines of logs.md that tell of new best agents.
    private const int MaxLogged = 400;

    private readonly RunIdentity _identity;
    private readonly RunHistory _hgm;
    private readonly RunHistory? _rival;
    private readonly ReportFolder _folder;
    private readonly TimeProvider _time;
    private readonly LineagePage _page;

    /// <summary>A report of runs that may still be going on.</summary>
    /// <param name="identity">Where the run is.</param>
    /// <param name="hgm">The run.</param>
    /// <param name="rival">What it is compared with.</param>
    /// <param name="folder">Where the files go.</param>
    /// <param name="time">What says when the report was made.</param>
    public RunReport(RunIdentity identity, RunHistory hgm, RunHistory? rival, ReportFolder folder, TimeProvider time)
    {
        (_identity, _hgm, _rival, _folder, _time) = (identity, hgm, rival, folder, time);
        _page = new LineagePage(identity, hgm, rival);
    }

    private bool IsOver => All.All(history => history.State.Finished is not null);

    /// <summary>Tells pages that are open what happened since the last call; cheap enough for ten times a second.</summary>
    /// <exception cref="AgiJobs.Hgm.HgmException"><c>report-folder</c>.</exception>
    public void Tell()
    {
        if (_page.Update() is { } updates)
        {
            _folder.Put(LineagePage.UpdatesName, updates);
        }
    }

    /// <summary>Writes everything.</summary>
    /// <param name="live">Whether the runs go on: the page then looks for updates, and what only the end can tell is left out.</param>
    /// <param name="cancellation">Stops it before the summary.</param>
    /// <returns>The summary.</returns>
    /// <exception cref="AgiJobs.Hgm.HgmException"><c>report-folder</c>.</exception>
    public RunSummary Write(bool live, CancellationToken cancellation)
    {
        if (live)
        {
            Tell();
        }
        else
        {
            _folder.Put(LineagePage.UpdatesName, _page.LastUpdate());
        }

        _folder.Put(LineagePage.FileName, _page.Render(live));
        _folder.PutJson("hgm_timeline.json", writer => TimelineDocument.Write(writer, _hgm));
        _folder.Put("hgm_lineage.mmd", LineageDocuments.Mermaid(_hgm));
        _folder.PutJson("hgm_lineage.json", writer => LineageDocuments.Write(writer, _identity, _hgm));
        if (_rival is not null)
        {
            _folder.PutJson("baseline_timeline.json", writer => TimelineDocument.Write(writer, _rival));
        }

        _folder.Put("roi_comparison.svg", Roi().ToSvg());
        _folder.Put("best_agent.svg", Best().ToSvg());
        _folder.Put("agents.svg", Agents().ToSvg());
        _folder.Put("logs.md", Logs());
        var summary = RunSummary.Of(_identity, _hgm, _rival, measured: !live && IsOver, cancellation);
        _folder.PutJson("summary.json", writer => summary.Write(writer, _time.GetUtcNow()));
        _folder.Put("summary.txt", summary.ToText());
        return summary;
    }

    private IEnumerable<RunHistory> All => _rival is null ? [_hgm] : [_hgm, _rival];

    private Chart Roi() => new("Return on what was spent", "spent", "value over cost", [.. All.Select(history => Line(history, point => (double)(point.Account.Roi ?? 0), point => point.Account.Roi is not null))])
    {
        Note = "So far, over the whole run. A return that rises with the search is not the quality of the chosen agent.",
    };

    private Chart Best() => new("The chosen agent's lower bound of belief", "spent", "quantile of the posterior", [.. All.Select(history => Steps(history, step => step.Best < 0 ? double.NaN : Lower(history, step)))])
    {
        Note = $"What it solves at least, with {Percent(1 - (double)_hgm.State.Settings.Epsilon)} belief, from its own results alone.",
    };

    private Chart Agents() => new("Agents", "evaluations", "agents", [.. All.Select(history => new Series(Name(history), [.. Points(history).Select(point => new PlotPoint(point.Evaluations, point.Agents))], Marked: false))]);

    private static IEnumerable<TimelinePoint> Points(RunHistory history) => history.Results % history.StepSize == 0 ? history.Points : history.Points.Append(history.Point());

    private static Series Line(RunHistory history, Func<TimelinePoint, double> of, Func<TimelinePoint, bool> known) =>
        new(Name(history), [.. Points(history).Select(point => new PlotPoint(Spent(point), known(point) ? of(point) : double.NaN))], Marked: false);

    private static Series Steps(RunHistory history, Func<TimelineStep, double> of)
    {
        var steps = history.Unfinished() is { } last ? history.Timeline.Append(last) : history.Timeline;
        return new Series(Name(history), [.. steps.Select(step => new PlotPoint(Spent(step.Point), of(step)))], Marked: false);
    }

    private static double Lower(RunHistory history, TimelineStep step)
    {
        // The best agent's counts then: in this step when it changed there, else in the last one in which it did.
        var steps = history.Timeline.TakeWhile(earlier => earlier.Point.Version <= step.Point.Version).Append(step);
        var record = steps.SelectMany(earlier => earlier.Agents).LastOrDefault(agent => agent.Agent == step.Best);
        return BestBelief.Score(FinalRule.Quantile, (double)history.State.Settings.Epsilon, record?.Successes ?? 0, record?.Failures ?? 0);
    }

    private static double Spent(TimelinePoint point) => (double)point.Account.Cost.Atoms / 1e18;

    private static string Name(RunHistory history) => history.State.Settings.Policy;

    private static string Percent(double share) => (100 * share).ToString("0.#", CultureInfo.InvariantCulture) + " %";

    private string Logs()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# Run {_identity.Run}\n\nNetwork {Cell(_identity.Network)}, chain {_identity.ChainId}. Nothing of a run touches the chain. Times are those of the store's commits.\n");
        foreach (var history in All)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {history.Run}: {Name(history)}\n\n| time (UTC) | event | evaluations | what |\n|---|---|---|---|\n");
            var best = -1;
            var lines = history.Timeline.Where(step => step.Best != best && (best = step.Best) >= 0).Take(MaxLogged)
                .Select(step => (step.Point.Version, step.Point.Evaluations, Words: FormattableString.Invariant($"best is now {TimelineDocument.AgentId(step.Best)}")))
                .Concat(history.Interventions.Select(one => (one.Version, one.Evaluations, Words: one.Text)))
                .Prepend((Version: 1, Evaluations: 0, Words: FormattableString.Invariant($"begun: {history.State.Settings.Policy}, seed {history.State.Settings.Seed}, {history.State.Settings.Tasks} tasks, budget {history.State.Settings.Evaluations} evaluations")))
                .OrderBy(line => line.Version);
            foreach (var (version, evaluations, words) in lines)
            {
                text.Append(CultureInfo.InvariantCulture, $"| {history.Events[(int)version - 1].At.UtcDateTime:yyyy-MM-dd HH:mm:ss} | {version} | {evaluations} | {Cell(words)} |\n");
            }

            text.Append(CultureInfo.InvariantCulture, $"\nNow: {Cell(RunStanding.Of(history.State))}.\n");
        }

        return text.ToString();
    }

    // A reason is somebody else's text: on one line, and neither a cell's end nor HTML.
    private static string Cell(string text)
    {
        var cell = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            cell.Append(character switch
            {
                '|' => "\\|",
                '<' => "&lt;",
                '>' => "&gt;",
                '&' => "&amp;",
                '[' or ']' or '`' or '*' or '_' or '\\' => "\\" + character,
                _ when char.IsControl(character) => " ",
                _ => character.ToString(),
            });
        }

        return cell.ToString();
    }
}
