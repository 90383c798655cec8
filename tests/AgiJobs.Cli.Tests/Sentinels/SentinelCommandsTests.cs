using System.Text.Json.Nodes;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Sentinels;

public sealed class SentinelCommandsTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private static readonly string[] Small = ["--seed", "5", "--tasks", "15", "--budget", "60", "--concurrency", "4"];

    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_run_begins_with_the_sentinel_of_the_files_and_a_snapshot_reads_it()
    {
        Assert.Equal(0, (await Devnet.RunAsync(["hgm", "run", "night-1", .. Small])).Exit);
        var snapshot = await Devnet.RunAsync("sentinel", "snapshot", "night-1", "--json");
        Assert.True(snapshot.Exit == 0, snapshot.ToString());
        var json = snapshot.Json;
        Assert.Equal(("agijobs.sentinel-snapshot/1", "finished: the budget of evaluations is spent", "1.35", "250000"), ((string?)json["schema"], (string?)json["state"], (string?)json["inForce"]!["roiFloor"], (string?)json["cap"]));
        Assert.Equal(75, (int)json["evidence"]!);
        Assert.NotNull((string?)json["roi"]);
        Assert.EndsWith("Z", (string?)json["lastEventAt"], StringComparison.Ordinal);
        Assert.Null((string?)json["drivenBy"]);
        Assert.Equal("config/agialpha/sentinel.json:3", (string?)json["configuration"]![0]!["where"]);
        Assert.Contains((string)json["digest"]!, (string?)json["inForceSince"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_that_differ_from_those_in_force_are_a_finding_until_they_are_applied()
    {
        Write("config/agialpha/sentinel.json", """{ "version": 1, "budgetCap": 250000, "roiFloor": 1.7, "rollingWindow": 0 }""");
        await HoldAsync("mine");
        Write("config/agialpha/sentinel.json", """{ "version": 1, "budgetCap": 250000, "roiFloor": 0.01 }""");
        var snapshot = await Devnet.RunAsync("sentinel", "snapshot", "mine", "--json");
        Assert.Equal(3, snapshot.Exit);
        Assert.Contains(snapshot.Json["findings"]!.AsArray(), finding => (string?)finding!["code"] == "settings-differ" && ((string?)finding["message"])!.Contains("roiFloor 1000000 in the run, 0.01 today", StringComparison.Ordinal));
        var applied = await Devnet.RunAsync("sentinel", "apply", "mine", "--reason", "reviewed", "--signer", "moderator", "--signer", "pauser");
        Assert.True(applied.Exit == 0, applied.ToString());

        // The floor is low enough now, so that the run goes on to its end; what was held meanwhile was released.
        Assert.Equal(0, (await Devnet.RunAsync("hgm", "run", "mine")).Exit);
        var after = await Devnet.RunAsync("sentinel", "snapshot", "mine", "--json");
        Assert.True(after.Exit == 0, after.ToString());
        Assert.Equal("finished: the budget of evaluations is spent", (string?)after.Json["state"]);
    }

    [Fact]
    public async Task A_hold_is_acknowledged_overridden_by_two_and_each_act_is_in_the_ledger_and_the_log()
    {
        await HoldAsync("held");
        var held = await Devnet.RunAsync("sentinel", "snapshot", "held", "--json");
        Assert.Equal((3, "roi_floor", false), (held.Exit, (string?)held.Json["pause_reasons"]![0], (bool)held.Json["expansionsOpen"]!));
        Assert.Equal(0, (await Devnet.RunAsync("sentinel", "acknowledge", "held", "roi_floor", "--reason", "seen", "--signer", "guardian")).Exit);

        var begun = await Devnet.RunAsync("sentinel", "override", "held", "roi_floor", "--hours", "2", "--reason", "slow at first", "--signer", "moderator", "--json");
        Assert.Equal((3, false), (begun.Exit, (bool)begun.Json["inForce"]!));
        var id = (string)begun.Json["id"]!;
        Assert.False((bool)(await Devnet.RunAsync("sentinel", "snapshot", "held", "--json")).Json["expansionsOpen"]!);
        foreach (var (code, signer) in ((string, string)[])[("act-twice", "moderator"), ("act-duty", "treasury")])
        {
            var refused = await Devnet.RunAsync("sentinel", "sign", id, "--signer", signer, "--json");
            Assert.Equal((4, code), (refused.Exit, (string?)refused.Json["error"]!["code"]));
        }

        var signed = await Devnet.RunAsync("sentinel", "sign", id, "--signer", "guardian", "--json");
        Assert.True(signed.Exit == 0, signed.ToString());
        Assert.True((bool)signed.Json["inForce"]!);
        var overridden = (await Devnet.RunAsync("sentinel", "snapshot", "held", "--json")).Json;
        Assert.Equal((true, 0), ((bool)overridden["expansionsOpen"]!, overridden["pause_reasons"]!.AsArray().Count));
        Assert.Contains("security moderator, operator guardian: slow at first", (string?)overridden["overrides"]![0]!["reason"], StringComparison.Ordinal);
        Assert.Contains("by operator guardian: seen", (string?)overridden["holds"]![0]!["acknowledged"], StringComparison.Ordinal);

        // Twice does nothing twice.
        Assert.Equal(0, (await Devnet.RunAsync("sentinel", "sign", id)).Exit);
        Assert.Equal(0, (await Devnet.RunAsync("sentinel", "end-override", "held", "roi_floor", "--reason", "enough", "--signer", "pauser")).Exit);
        Assert.False((bool)(await Devnet.RunAsync("sentinel", "snapshot", "held", "--json")).Json["expansionsOpen"]!);
        var ledger = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Devnet.Folder, "storage", "owner-ledger.json")))!.AsArray();
        Assert.Equal(["sentinel.acknowledge", "sentinel.override", "sentinel.end-override"], ledger.Select(entry => (string?)entry!["kind"]));
        Assert.Equal(["moderator", "guardian"], ledger[1]!["who"]!.AsArray().Select(who => (string?)who!["name"]));
        var log = await Devnet.RunAsync("evidence", "log", "--verify");
        Assert.True(log.Exit == 0, log.ToString());
    }

    [Fact]
    public async Task A_soft_cap_holds_a_top_up_clears_it_and_the_hard_cap_stops()
    {
        Write("config/agialpha/hgm.json", """{ "version": 1, "budget": { "max": 2 } }""");
        Write("config/agialpha/sentinel.json", """{ "version": 1, "roiFloor": 0, "budgetCap": 2, "budgetSoftRatio": 1 }""");
        Assert.Equal(0, (await Devnet.RunAsync(["hgm", "run", "poor", .. Small])).Exit);
        var stopped = await Devnet.RunAsync("sentinel", "snapshot", "poor", "--json");
        Assert.Equal((3, true), (stopped.Exit, (bool)stopped.Json["stop_requested"]!));
        Assert.Contains("budget_cap", (string?)stopped.Json["stop_reason"], StringComparison.Ordinal);
        Assert.True(decimal.Parse((string)stopped.Json["spent"]!, System.Globalization.CultureInfo.InvariantCulture) <= 2m);
        var late = await Devnet.RunAsync("sentinel", "top-up", "poor", "10", "--reason", "more", "--signer", "treasury", "--signer", "guardian", "--json");
        Assert.Equal((2, "already-finished"), (late.Exit, (string?)late.Json["error"]!["code"]));

        await HoldAsync("rich", """{ "version": 1, "roiFloor": 1000000, "minimumEvidence": 1, "budgetCap": 2, "budgetSoftRatio": 0.0001 }""");
        Assert.Equal(2, (await Devnet.RunAsync("sentinel", "snapshot", "rich", "--json")).Json["holds"]!.AsArray().Count);
        var raised = await Devnet.RunAsync("sentinel", "top-up", "rich", "100000", "--reason", "more", "--signer", "treasury", "--signer", "guardian");
        Assert.True(raised.Exit == 0, raised.ToString());
        Assert.Equal(0, (await Devnet.RunAsync("hgm", "run", "rich")).Exit);
        var after = (await Devnet.RunAsync("sentinel", "snapshot", "rich", "--json")).Json;
        Assert.Equal(("100002", "100000", "roi_floor"), ((string?)after["cap"], (string?)after["toppedUp"], (string?)Assert.Single(after["holds"]!.AsArray())!["rule"]));
    }

    [Theory]
    [InlineData(2, "run-unknown", "snapshot", "never")]
    [InlineData(2, "run-unknown", "watch", "never", "--iterations", "1")]
    [InlineData(2, "run-unknown", "override", "never", "roi_floor", "--hours", "1", "--reason", "r", "--signer", "moderator")]
    [InlineData(2, "unknown-rule", "override", "any", "roi", "--hours", "1", "--reason", "r", "--signer", "moderator")]
    [InlineData(2, "override-end", "override", "any", "roi_floor", "--reason", "r", "--signer", "moderator")]
    [InlineData(2, "override-end", "override", "any", "roi_floor", "--until", "2020-01-01T00:00:00Z", "--reason", "r", "--signer", "moderator")]
    [InlineData(2, "override-end", "override", "any", "roi_floor", "--until", "soon", "--reason", "r", "--signer", "moderator")]
    [InlineData(4, "override-too-long", "override", "any", "roi_floor", "--hours", "25", "--reason", "r", "--signer", "moderator")]
    [InlineData(2, "signer-needed", "acknowledge", "any", "roi_floor", "--reason", "r")]
    [InlineData(2, "reason-needed", "acknowledge", "any", "roi_floor", "--reason", " ", "--signer", "moderator")]
    [InlineData(2, "unknown-rule", "acknowledge", "any", "luck", "--reason", "r", "--signer", "moderator")]
    [InlineData(2, "nothing-to-acknowledge", "acknowledge", "any", "budget_soft", "--reason", "r", "--signer", "moderator")]
    [InlineData(2, "not-overridable", "override", "any", "budget_cap", "--hours", "1", "--reason", "r", "--signer", "moderator")]
    [InlineData(2, "not-overridden", "end-override", "any", "roi_floor", "--reason", "r", "--signer", "moderator")]
    [InlineData(4, "act-duty", "acknowledge", "any", "roi_floor", "--reason", "r", "--signer", "treasury")]
    [InlineData(4, "act-twice", "override", "any", "roi_floor", "--hours", "1", "--reason", "r", "--signer", "moderator", "--signer", "moderator")]
    [InlineData(2, "bad-amount", "top-up", "any", "-5", "--reason", "r", "--signer", "treasury")]
    [InlineData(2, "act-unknown", "sign", "0123456789abcdef", "--signer", "moderator")]
    [InlineData(2, "watch-range", "watch", "any", "--interval", "0")]
    public async Task What_may_not_be_is_refused_with_its_code_and_changes_nothing(int exit, string code, params string[] arguments)
    {
        await HoldAsync("any");
        var events = (int)(await Devnet.RunAsync("sentinel", "snapshot", "any", "--json")).Json["events"]!;
        var refused = await Devnet.RunAsync(["sentinel", .. arguments, "--json"]);
        Assert.Equal((exit, code), (refused.Exit, (string?)refused.Json["error"]?["code"]));
        Assert.Equal(events, (int)(await Devnet.RunAsync("sentinel", "snapshot", "any", "--json")).Json["events"]!);
    }

    [Fact]
    public async Task Without_people_on_file_nobody_decides()
    {
        await HoldAsync("any");
        File.Delete(Devnet.Workspace.NetworkOperatorsPath(TestNetwork.Network));
        Devnet.Unmanage();
        var refused = await Devnet.RunAsync("sentinel", "acknowledge", "any", "roi_floor", "--reason", "r", "--signer", "moderator", "--json");
        Assert.Equal((4, "people-missing"), (refused.Exit, (string?)refused.Json["error"]?["code"]));
    }

    [Fact]
    public async Task A_run_for_a_study_has_no_sentinel_and_a_snapshot_says_so()
    {
        Assert.Equal(0, (await Devnet.RunAsync(["hgm", "run", "study", .. Small, "--no-sentinel"])).Exit);
        var snapshot = await Devnet.RunAsync("sentinel", "snapshot", "study", "--json");
        Assert.Equal((3, "no-sentinel"), (snapshot.Exit, (string?)snapshot.Json["findings"]![0]!["code"]));
        Assert.Null(snapshot.Json["inForce"]);
    }

    [Fact]
    public async Task Interventions_are_printed_and_delivered_to_the_receiver_also_when_it_was_away()
    {
        var (taken, isAway) = (new List<JsonNode>(), true);
        await using var receiver = new LocalHttp(request =>
        {
            if (isAway)
            {
                return new LocalReply(503);
            }

            taken.Add(JsonNode.Parse(request.Text)!);
            return new LocalReply(200);
        });
        await HoldAsync("watched");
        await File.WriteAllTextAsync(Path.Combine(Devnet.Folder, "key"), "a secret of more than sixteen characters");
        Write("config/services.json", $$$"""{ "version": 1, "alerts": { "webhook": { "url": "{{{receiver.Url}}}", "secret": { "file": "{{{Path.Combine(Devnet.Folder, "key")}}}" } } } }""");
        var silent = await Devnet.RunAsync("sentinel", "watch", "watched", "--iterations", "1", "--json");
        Assert.Equal((3, 1, 1), (silent.Exit, (int)silent.Json["told"]!, (int)silent.Json["waiting"]!));
        isAway = false;
        var watch = await Devnet.RunAsync("sentinel", "watch", "watched", "--iterations", "5", "--interval", "2");
        Assert.True(watch.Exit == 0, watch.ToString());
        Assert.Contains("Sentinel paused expansions (roi_floor)", watch.Output, StringComparison.Ordinal);
        Assert.Equal(("sentinel.alert", "roi_floor", "held"), ((string?)Assert.Single(taken)["type"], (string?)taken[0]["rule"], (string?)taken[0]["state"]));
        Assert.NotNull((string?)taken[0]["timestamp"]);
    }

    private void Write(string path, string text) => File.WriteAllText(Path.Combine(Devnet.Folder, path), text);

    // A run that its sentinel holds as soon as the root was tried.
    private async Task HoldAsync(string run, string sentinel = """{ "version": 1, "roiFloor": 1000000, "minimumEvidence": 1, "rollingWindow": 0, "budgetCap": 250000 }""")
    {
        var path = Path.Combine(Devnet.Folder, "config", "agialpha", "sentinel.json");
        var before = await File.ReadAllTextAsync(path);
        await File.WriteAllTextAsync(path, sentinel);
        var held = await Devnet.RunAsync(["hgm", "run", run, .. Small, "--json"]);
        await File.WriteAllTextAsync(path, before);
        Assert.True(held.Exit == 0, held.ToString());
        Assert.StartsWith("held: ", (string?)held.Json["state"], StringComparison.Ordinal);
    }
}
