using AgiJobs.Cli.Monitoring;
using AgiJobs.Cli.Tests.Configuration;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Watching;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Tests.Monitoring;

/// <summary>What the configuration says of monitors, their rules and breakers, and monitors that are retired.</summary>
public sealed class MonitorSettingsTests : IDisposable
{
    private const string Standing = """{"version": 1, "network": "main", "chainId": 1, "monitor": "second", "node": "n", "at": "2026-01-01T00:00:00Z", "findings": 0, "reorganisations": 0, "isSkewed": false, "isStale": false, "tracks": [{"name": "depth-0", "confirmations": 0, "ruleSet": "0x1", "from": 5, "liveFrom": 5, "next": 9}]}""";

    private readonly ConfigurationGround _ground = new();

    public void Dispose() => _ground.Dispose();

    [Fact]
    public void Every_limit_has_a_key_and_what_is_absent_is_the_programs_own()
    {
        var absent = Options("""{"version": 1, "pollMilliseconds": 700}""");
        var own = new MonitorOptions { Network = "main", ChainId = ChainId.Local, Name = "a" };
        Assert.Equal(own with { Poll = TimeSpan.FromMilliseconds(700), Node = "n", Take = absent.Take }, absent);

        var set = Options("""{"version": 1, "leaseSeconds": 7, "monitor": {"pollMilliseconds": 51, "rangeFromBlocks": 2, "maxRangeBlocks": 3, "logsPerRange": 4, "rangesAtOnce": 5, "blindSeconds": 6, "skewSeconds": 8, "staleSeconds": 9, "rememberedBlocks": 10}}""");
        Assert.Equal((51.0, 2, 3, 4, 5, 6.0, 7.0, 8.0, 9.0, 10), (set.Poll.TotalMilliseconds, set.RangeFrom, set.MaxRange, set.LogsPerRange, set.InFlight, set.BlindAfter.TotalSeconds, set.Lease.TotalSeconds, set.SkewLimit.TotalSeconds, set.StaleAfter!.Value.TotalSeconds, set.Remembered));
    }

    [Theory]
    [InlineData("pollMilliseconds", 49)]
    [InlineData("behindBlocks", 0)]
    [InlineData("rangeFromBlocks", 0)]
    [InlineData("maxRangeBlocks", 100_001)]
    [InlineData("logsPerRange", 0)]
    [InlineData("rangesAtOnce", 65)]
    [InlineData("blindSeconds", 0)]
    [InlineData("skewSeconds", 86_401)]
    [InlineData("staleSeconds", -1)]
    [InlineData("rememberedBlocks", -1)]
    public async Task A_limit_that_cannot_be_is_found_with_its_line(string key, int value)
    {
        _ground.Write("config/services.json", $$"""
            {
              "version": 1,
              "monitor": {
                "{{key}}": {{value}}
              }
            }
            """);
        Assert.Equal((2, "services-value", 4), await LintAsync("config/services.json"));
    }

    [Theory]
    [InlineData("breakers-value", 4, """[{"name": "a", "key": "KEY"}]""", 2, "offer")]
    [InlineData("breakers-value", 3, """[{"name": "a", "key": "none"}]""", 1, "offer")]
    [InlineData("breakers-value", 3, """[{"name": "a", "key": "KEY"}, {"name": "b", "key": "KEY"}]""", 1, "offer")]
    [InlineData("breakers-value", 5, """[{"name": "a", "key": "KEY"}]""", 1, "fire")]
    [InlineData("breakers-rule", 5, """[{"name": "a", "key": "KEY"}]""", 1, "offer")]
    public async Task Breakers_that_could_stop_nothing_or_too_easily_are_found_with_their_line(string code, int line, string monitors, int agree, string action)
    {
        _ground.Write("monitoring/rules/mine.json", """{"version": 1, "rules": [{"name": "paused", "severity": "SEV-1", "title": "paused", "event": {"events": ["Paused"]}}]}""");
        var key = new AgiJobs.Control.Evidence.Log.VerifierKey("main/monitor/a", new byte[32]).ToString();
        _ground.Write("config/breakers.json", $$"""
            {
              "version": 1,
              "monitors": {{monitors.Replace("KEY", key, StringComparison.Ordinal)}},
              "agree": {{agree}},
              "breakers": [{"rule": "{{(code == "breakers-rule" ? "nope" : "paused")}}", "action": "{{action}}"}]
            }
            """);
        Assert.Equal((2, code, line), await LintAsync("config/breakers.json"));
    }

    [Theory]
    [InlineData("rule-module-unknown", """{"modules": ["FeePol"], "events": ["Paused"]}""")]
    [InlineData("rule-event-unknown", """{"modules": ["FeePool"], "events": ["Pausd"]}""")]
    [InlineData("where-argument-unknown", """{"modules": ["FeePool"], "events": ["RewardPaid"], "where": "amont > 1"}""")]
    public async Task A_rule_that_does_not_compile_is_found_with_its_line(string code, string @event)
    {
        _ground.Write("monitoring/rules/mine.json", $$"""
            {
              "version": 1,
              "rules": [
                { "name": "fine", "severity": "SEV-1", "title": "fine", "event": { "events": ["Paused"] } },
                {
                  "name": "mine", "severity": "SEV-1", "title": "mine",
                  "event": {{@event}}
                }
              ]
            }
            """);
        var (exit, found, line) = await LintAsync("monitoring/rules/mine.json");
        Assert.Equal((2, 7, code), (exit, line, found));
    }

    [Fact]
    public async Task A_rule_file_that_is_no_JSON_of_rules_is_found()
    {
        _ground.Write("monitoring/rules/mine.json", """{"version": 1, "rule": []}""");
        Assert.Equal(2, (await LintAsync("monitoring/rules/mine.json")).Exit);
    }

    [Fact]
    public async Task A_retired_monitor_is_forgotten_when_told_so_and_what_it_had_proven_is_kept_and_vouched_for()
    {
        await PutAsync(Standing);
        var key = new AgiJobs.Control.Evidence.Log.VerifierKey("main/monitor/a", new byte[32]).ToString();
        _ground.Write("config/breakers.json", $$"""{"version": 1, "monitors": [{"name": "second", "key": "{{key}}"}], "agree": 1, "breakers": []}""");

        var preview = await _ground.RunAsync("monitoring", "forget", "second", "--json");
        Assert.True(preview.Exit == 3, preview.ToString());
        Assert.Equal((false, 1), ((bool)preview.Json["forgotten"]!, (int)preview.Json["ranges"]!));
        Assert.Contains("counts on second", (string?)Assert.Single(preview.Json["breakers"]!.AsArray()), StringComparison.Ordinal);
        Assert.NotEmpty(await DocumentsAsync("response/main/monitors"));

        var done = await _ground.RunAsync("monitoring", "forget", "second", "--execute", "--reason", "the machine is gone", "--json");
        Assert.True(done.Exit == 0, done.ToString());
        Assert.Empty(await DocumentsAsync("response/main/monitors"));
        Assert.Empty(await DocumentsAsync("response/main/monitors/second/coverage"));
        Assert.Contains("the note", await File.ReadAllTextAsync((string)done.Json["kept"]!, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("the machine is gone", (await _ground.RunAsync("evidence", "log", "--kind", "monitoring.forgotten", "--json")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await _ground.RunAsync("evidence", "log", "--verify")).Exit);
        await RefusedAsync(2, "monitor-unknown", "second");
        await RefusedAsync(2, "monitor-index", "event-index");
    }

    [Fact]
    public async Task A_monitor_that_writes_or_holds_its_lease_is_not_forgotten()
    {
        await PutAsync(Standing.Replace("2026-01-01T00:00:00Z", TimeProvider.System.GetUtcNow().ToString("O"), StringComparison.Ordinal));
        await RefusedAsync(4, "monitor-writes", "second");
        await PutAsync(Standing);
        await using (var store = await OpenAsync())
        {
            Assert.NotNull(await store.TryAcquireAsync(new MonitorPlaces("main", "second").Lease, "somebody", TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken));
        }

        await RefusedAsync(4, "monitor-writes", "second");
        Assert.NotEmpty(await DocumentsAsync("response/main/monitors"));
    }

    private static MonitorOptions Options(string json) => MonitorWatch.Options(JsonFile.Parse(System.Text.Encoding.UTF8.GetBytes(json), "services.json", WorkspaceJson.Default.ServicesFile), "main", ChainId.Local, "a", "n");

    private async Task<(int Exit, string Code, int Line)> LintAsync(string path)
    {
        var outcome = await _ground.RunAsync("config", "lint", "--json");
        var found = outcome.Json["findings"]!.AsArray().First(finding => (string?)finding!["path"] == path)!;
        return (outcome.Exit, (string)found["code"]!, (int?)found["line"] ?? 0);
    }

    private async Task RefusedAsync(int exit, string code, string name)
    {
        var outcome = await _ground.RunAsync("monitoring", "forget", name, "--execute", "--json");
        Assert.Equal((exit, code), (outcome.Exit, (string?)outcome.Json["error"]?["code"]));
    }

    private Task<IStateStore> OpenAsync() => StateStore.OpenAsync(StateLocation.File(Path.Combine(_ground.Folder, "storage", "state", "main.db")), TimeProvider.System);

    private async Task PutAsync(string standing)
    {
        await using var store = await OpenAsync();
        await store.CommitAsync(new StateCommit { Documents = [new DocumentWrite("response/main/monitors", "second", standing), new DocumentWrite("response/main/monitors/second/coverage", "depth-0/5", """{"note": "the note"}""")] });
    }

    private async Task<IReadOnlyList<StoredDocument>> DocumentsAsync(string collection)
    {
        await using var store = await OpenAsync();
        return await store.ListAsync(collection);
    }
}
