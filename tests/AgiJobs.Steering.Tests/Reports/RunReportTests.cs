using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Reports;
using AgiJobs.Steering.Runs;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Steering.Tests.Reports;

public sealed partial class RunReportTests : IDisposable
{
    private const string Harm = "</script><script>alert(1)</script><!-- \u2028 & \"|\n`*";

    private static readonly RunIdentity Identity = new("test", 31337, "demo");
    private static readonly RunSettings Settings = new() { Seed = 7, Tasks = 10, Evaluations = 40, Concurrency = 4 };
    private static readonly DateTimeOffset Long = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-reports-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_report_has_all_files_and_its_numbers_are_those_of_the_fold()
    {
        var (hgm, rival) = (await GrownAsync(PolicyNames.Hgm), await GrownAsync(PolicyNames.Dgm));
        var folder = Written(hgm, rival, "one");
        Assert.Equal(
            ["agents.svg", "baseline_timeline.json", "best_agent.svg", "hgm_lineage.json", "hgm_lineage.mmd", "hgm_timeline.json", "lineage-data.js", "lineage.html", "logs.md", "roi_comparison.svg", "summary.json", "summary.txt"],
            Directory.EnumerateFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var (state, summary) = (hgm.State, Json(folder, "summary.json"));
        Assert.Equal((state.Evaluations, state.Tree.Count, "test", 31337), ((int)summary["hgm"]!["evaluations"]!, (int)summary["hgm"]!["agents"]!, (string?)summary["network"], (int)summary["chainId"]!));
        Assert.Equal(state.Ledger.Run.Cost.ToString(), summary["hgm"]!["cost"]!.ToJsonString());
        Assert.Equal(state.Ledger.Run.Roi, (decimal?)summary["hgm"]!["roi"]);
        Assert.Equal(TimelineDocument.AgentId(BestBelief.Choose(state)), (string?)summary["hgm"]!["best_agent_id"]);
        var agents = Json(folder, "hgm_lineage.json")["agents"]!.AsArray();
        for (var agent = 0; agent < state.Tree.Count; agent++)
        {
            Assert.Equal((state.Tree.CladeSuccesses[agent], state.Tree.CladeFailures[agent]), ((int)agents[agent]!["clade_success"]!, (int)agents[agent]!["clade_failure"]!));
            Assert.Equal(state.Ledger.Clade(agent).Cost.ToString(), agents[agent]!["clade_cost"]!.ToJsonString());
        }

        // Both at the same evaluations and at the same money, and what was measured afterwards beside what was believed.
        foreach (var comparison in summary["at_equal_budget"]!.AsArray())
        {
            var (one, other) = (comparison!["hgm"]!, comparison["baseline"]!);
            Assert.True((int)one["evaluations"]! == (int)other["evaluations"]! || (string?)comparison["measure"] == "money");
            Assert.InRange((double)one["best_agent_solved"]!, 0, 1);
            Assert.True((decimal)one["cost"]! <= Math.Max((decimal)summary["hgm"]!["cost"]!, (decimal)summary["baseline"]!["cost"]!));
        }

        Assert.Equal(2, summary["at_equal_budget"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_timeline_tells_each_change_once_and_adds_up_to_the_run()
    {
        var hgm = await GrownAsync(PolicyNames.Hgm);
        var steps = Json(Written(hgm, null, "one"), "hgm_timeline.json").AsArray();
        var known = new Dictionary<string, (int Successes, int Failures)>(StringComparer.Ordinal);
        foreach (var step in steps)
        {
            foreach (var agent in step!["agents"]!.AsArray())
            {
                var counts = ((int)agent!["direct_success"]!, (int)agent["direct_failure"]!);
                Assert.NotEqual(known.GetValueOrDefault((string)agent["agent_id"]!, (-1, -1)), counts);
                known[(string)agent["agent_id"]!] = counts;
            }

            Assert.Equal((int)step["successes"]!, known.Values.Sum(counts => counts.Successes));
            Assert.Null(step["quality"]);
        }

        Assert.Equal((hgm.State.Tree.Count, hgm.State.Evaluations), (known.Count, (int)steps[^1]!["evaluations"]!));
    }

    [Fact]
    public void While_nothing_was_spent_there_is_no_return()
    {
        var history = History(
            EvolutionWorld.Begin(Settings), new EvaluationStarted(0, 0, 0, true, EvolutionWorld.EvaluationReserve), new EvaluationRecorded(0, true, Amount.Zero, Amount.Parse("1")),
            new EvaluationStarted(1, 0, 1, true, EvolutionWorld.EvaluationReserve), new EvaluationRecorded(1, true, Amount.Parse("0.1"), Amount.Parse("1")));
        var folder = Written(history, null, "one");
        var steps = Json(folder, "hgm_timeline.json").AsArray();
        Assert.Null(steps[0]!["roi"]);
        Assert.Equal(20m, (decimal)steps[1]!["roi"]!);
        Assert.DoesNotContain("Infinity", File.ReadAllText(Path.Combine(folder, "summary.json")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_run_gives_the_same_files_but_for_times()
    {
        var one = Written(await GrownAsync(PolicyNames.Hgm), await GrownAsync(PolicyNames.Dgm), "one");
        var other = Written(await GrownAsync(PolicyNames.Hgm, Long.AddDays(3)), await GrownAsync(PolicyNames.Dgm, Long.AddDays(3)), "other", live: true);
        foreach (var path in Directory.EnumerateFiles(one))
        {
            Assert.Equal(Timeless(path), Timeless(Path.Combine(other, Path.GetFileName(path))));
        }

        Assert.NotEqual(File.ReadAllText(Path.Combine(one, "logs.md")), File.ReadAllText(Path.Combine(other, "logs.md")));
    }

    [Fact]
    public void Hostile_names_and_artifacts_are_data_in_every_file()
    {
        var history = History(
            new RunStarted(Settings, Harm), new ExpansionStarted(0, 0, Amount.Zero), new AgentAdded(0, Harm, Amount.Zero), new AgentPruned(1, Harm), new ParametersChanged(0.7m, 1m, Harm), new ExpansionGateSet(false, Harm), new StopRequested(Harm));
        var folder = Written(history, null, "one", identity: new RunIdentity(Harm, 1, "demo"));
        var page = File.ReadAllText(Path.Combine(folder, "lineage.html"));
        Assert.Equal(2, Regex.Count(page, "</script>", RegexOptions.IgnoreCase));
        var block = DataBlock().Match(page).Groups["data"].Value;
        Assert.DoesNotContain('<', block);
        var data = JsonNode.Parse(block)!;
        Assert.Equal((Harm, Harm, Harm), ((string?)data["network"], (string?)data["artifacts"]![1], (string?)data["pruned"]![0]![1]));
        Assert.Equal(["pruned", "parameters", "shut", "stop"], data["interventions"]!.AsArray().Select(one => (string?)one!["kind"]));
        Assert.DoesNotContain('<', File.ReadAllText(Path.Combine(folder, "lineage-data.js")));
        foreach (var line in File.ReadAllLines(Path.Combine(folder, "logs.md")).Where(line => line.Contains("alert", StringComparison.Ordinal)))
        {
            Assert.DoesNotContain('<', line);
        }

        Assert.DoesNotContain("alert", File.ReadAllText(Path.Combine(folder, "hgm_lineage.mmd")) + File.ReadAllText(Path.Combine(folder, "agents.svg")), StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_names_what_may_run_by_its_digest_and_nothing_from_elsewhere()
    {
        var page = File.ReadAllText(Path.Combine(Written(History(EvolutionWorld.Begin(Settings)), null, "one"), "lineage.html"));
        var policy = Policy().Match(page).Groups[1].Value;
        Assert.StartsWith("default-src 'none'; script-src 'self' 'sha256-", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("http", policy, StringComparison.Ordinal);
        var script = page[(page.LastIndexOf("<script>", StringComparison.Ordinal) + "<script>".Length)..page.LastIndexOf("</script>", StringComparison.Ordinal)];
        Assert.Contains($"'sha256-{Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(script)))}'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("innerHTML", script, StringComparison.Ordinal);
        Assert.DoesNotContain("eval(", script, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Updates_lead_from_any_moment_to_the_end_and_say_from_where()
    {
        var whole = await GrownAsync(PolicyNames.Hgm);
        var history = new RunHistory("demo");
        history.Add(whole.Events.Take(10));
        var page = new LineagePage(Identity, history, null);
        Assert.Equal((10, 10, 0), Span(page.Update()!));
        Assert.Null(page.Update());
        history.Add(whole.Events.Skip(10).Take(5));
        history.Add(whole.Events.Skip(15).Take(5));
        Assert.Equal((10, 20, 1), Span(page.Update()!));
        history.Add(whole.Events.Skip(20));
        var file = Updates(page.Update()!);
        var counts = new Dictionary<int, (int, int)>();
        foreach (var change in file["updates"]!.AsArray().SelectMany(update => update!["changed"]!.AsArray()))
        {
            counts[(int)change![0]!] = ((int)change[1]!, (int)change[2]!);
        }

        foreach (var (agent, known) in counts)
        {
            Assert.Equal((whole.State.Tree.Successes[agent], whole.State.Tree.Failures[agent]), known);
        }

        // Of a run that is over one update tells all.
        Assert.Equal((0, whole.State.Version, 1), Span(page.LastUpdate()));
        Assert.Equal(whole.State.Tree.Count, Updates(page.LastUpdate())["updates"]![0]!["changed"]!.AsArray().Count);
    }

    [Fact]
    public void What_thermostat_sentinel_and_people_did_stands_where_it_happened()
    {
        var history = History(
            EvolutionWorld.Begin(Settings), new EvaluationStarted(0, 0, 0, true, EvolutionWorld.EvaluationReserve), new EvaluationRecorded(0, true, Amount.Parse("0.1"), Amount.Parse("1")), new ParametersChanged(0.65m, 1.1m, "thermostat: roi_dip"),
            new ExpansionGateSet(false, "lunch"), new ExpansionGateSet(true, "back"), new ResultRevoked(0, "slashed"), new ResultReinstated(0, "appeal"), new StopRequested("enough"), new RunFinished(RunEnd.Stopped, 0));
        Assert.Equal(["parameters", "shut", "open", "revoked", "reinstated", "stop", "end"], history.Interventions.Select(one => one.Kind));
        Assert.Equal([4, 5, 6, 7, 8, 9, 10], history.Interventions.Select(one => one.Version));
        Assert.Equal("alpha 0.6 to 0.65, prior 1 to 1.1: thermostat: roi_dip", history.Interventions[0].Text);
        Assert.Equal(0, history.Interventions[3].Agent);
        Assert.All(history.Interventions, one => Assert.Equal(1, one.Evaluations));
    }

    [Fact]
    public async Task The_chart_for_Mermaid_has_every_agent_with_its_counts_and_no_hidden_quality()
    {
        var history = await GrownAsync(PolicyNames.Hgm);
        var chart = LineageDocuments.Mermaid(history);
        Assert.StartsWith("graph TD\n", chart, StringComparison.Ordinal);
        for (var agent = 1; agent < history.State.Tree.Count; agent++)
        {
            var id = TimelineDocument.AgentId(agent);
            Assert.Contains($"{TimelineDocument.AgentId(history.State.Tree.Parents[agent])} --> {id}\n", chart, StringComparison.Ordinal);
            Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"C={history.State.Tree.CladeSuccesses[agent]}/{history.State.Tree.CladeFailures[agent]}\"]"), chart, StringComparison.Ordinal);
        }

        Assert.Contains($"style {TimelineDocument.AgentId(BestBelief.Choose(history.State))} stroke:", chart, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_told_and_a_file_is_replaced_whole()
    {
        var place = Path.Combine(_folder, "taken");
        File.WriteAllText(place, "a file");
        Assert.Equal("report-folder", Assert.Throws<HgmException>(() => new ReportFolder(place).Put("a.txt", "x")).Code);
        var folder = new ReportFolder(Path.Combine(_folder, "there"));
        folder.Put("a.txt", "a longer text");
        folder.Put("a.txt", "short");
        Assert.Equal(["a.txt"], Directory.EnumerateFiles(folder.Path).Select(Path.GetFileName));
        Assert.Equal("short", File.ReadAllText(Path.Combine(folder.Path, "a.txt")));
    }

    [Fact]
    public async Task A_demo_that_is_cut_goes_on_to_the_same_report_and_its_files_are_never_half()
    {
        var settings = Settings with { Evaluations = 30 };
        await DemoAsync("whole.db", "whole", settings, TimeSpan.Zero, CancellationToken.None);
        using var cut = new CancellationTokenSource();
        var watched = Path.Combine(_folder, "cut", "summary.json");
        var running = DemoAsync("cut.db", "cut", settings, TimeSpan.FromMilliseconds(5), cut.Token);
        await Wait.UntilAsync("the demo writes its summary", () => Task.FromResult(running.IsCompleted || File.Exists(watched)));
        await cut.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.False((bool)JsonNode.Parse(File.ReadAllText(watched))!["hgm"]!["finished"]!);
        Assert.Contains("\"live\":false", File.ReadAllText(Path.Combine(_folder, "cut", "lineage.html")), StringComparison.Ordinal);
        await DemoAsync("cut.db", "cut", settings, TimeSpan.Zero, CancellationToken.None);
        foreach (var path in Directory.EnumerateFiles(Path.Combine(_folder, "whole")))
        {
            Assert.Equal(Timeless(path), Timeless(Path.Combine(_folder, "cut", Path.GetFileName(path))));
        }
    }

    [Fact]
    public async Task A_run_that_another_one_drives_is_followed_to_its_end_and_a_run_that_is_none_is_refused()
    {
        await using var state = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder, "state.db")), TimeProvider.System);
        var store = new DurableRunStore(state, "test");
        var refused = await Assert.ThrowsAsync<HgmException>(() => new LiveReport(store, Identity, null, new ReportFolder(Path.Combine(_folder, "none")), TimeProvider.System).FollowAsync(null, _ => { }, CancellationToken.None));
        Assert.Equal("run-unknown", refused.Code);
        await store.BeginAsync("demo", EvolutionWorld.Begin(Settings), null, null, CancellationToken.None);
        var followed = new LiveReport(store, Identity, null, new ReportFolder(Path.Combine(_folder, "followed")), TimeProvider.System).FollowAsync(null, _ => { }, CancellationToken.None);
        await new RunDriver(store, EvolutionWorld.For(Settings, store), 2).DriveAsync("demo", EvolutionWorld.Begin(Settings), CancellationToken.None);
        await followed;
        Assert.True((bool)Json(Path.Combine(_folder, "followed"), "summary.json")["hgm"]!["finished"]!);
    }

    private async Task DemoAsync(string database, string folder, RunSettings settings, TimeSpan pace, CancellationToken cancellation)
    {
        await using var state = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder, database)), TimeProvider.System, CancellationToken.None);
        var demo = new HgmDemo(new DurableRunStore(state, "test"), Identity, settings, PolicyNames.Dgm, TimeSpan.FromSeconds(30), null, TimeProvider.System);
        await demo.RunAsync(new ReportFolder(Path.Combine(_folder, folder)), pace, 2, _ => { }, cancellation);
    }

    private static async Task<RunHistory> GrownAsync(string policy, DateTimeOffset? at = null)
    {
        var settings = Settings with { Policy = policy };
        var store = new MemoryRunStore();
        await new RunDriver(store, EvolutionWorld.For(settings, store), 2).DriveAsync("demo", EvolutionWorld.Begin(settings), CancellationToken.None);
        return History(at ?? Long, policy == PolicyNames.Hgm ? "demo" : "demo." + policy, [.. await store.ReadAsync("demo", 0, CancellationToken.None)]);
    }

    private static RunHistory History(params RunEvent[] events) => History(Long, "demo", events);

    private static RunHistory History(DateTimeOffset at, string run, RunEvent[] events)
    {
        var history = new RunHistory(run);
        history.Add(events.Select((happened, index) => new KeptEvent(index + 1, at.AddSeconds(index), "", happened)));
        return history;
    }

    private string Written(RunHistory hgm, RunHistory? rival, string name, bool live = false, RunIdentity? identity = null)
    {
        var folder = new ReportFolder(Path.Combine(_folder, name));
        var report = new RunReport(identity ?? Identity, hgm, rival, folder, TimeProvider.System);
        if (live)
        {
            report.Write(live: true, CancellationToken.None);
        }

        report.Write(live: false, CancellationToken.None);
        return folder.Path;
    }

    private static JsonNode Json(string folder, string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(folder, name)))!;

    private static JsonNode Updates(byte[] file)
    {
        var text = System.Text.Encoding.UTF8.GetString(file);
        Assert.StartsWith("lineageUpdates({", text, StringComparison.Ordinal);
        Assert.EndsWith("});\n", text, StringComparison.Ordinal);
        return JsonNode.Parse(text["lineageUpdates(".Length..^3])!;
    }

    private static (long From, long To, int Updates) Span(byte[] file) => Updates(file) is var node ? ((long)node["from"]!, (long)node["to"]!, node["updates"]!.AsArray().Count) : default;

    private static string Timeless(string path) => Time().Replace(File.ReadAllText(path), "TIME");

    [GeneratedRegex(@"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00|\\u002B00:00|Z)?")]
    private static partial Regex Time();

    [GeneratedRegex("""id="data">(?<data>.*?)</script>""", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex DataBlock();

    [GeneratedRegex("""Content-Security-Policy" content="(.*?)">""")]
    private static partial Regex Policy();
}
