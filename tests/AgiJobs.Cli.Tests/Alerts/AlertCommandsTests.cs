using AgiJobs.Cli.Tests.Configuration;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Alerts;
using AgiJobs.Response.Alerts.Escalation;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Tests.Alerts;

public sealed class AlertCommandsTests : IDisposable
{
    private const string Ann = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
    private const string Ben = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
    private const string OnCall = """
        {
          "version": 1,
          "channels": [ { "name": "log", "kind": "log", "path": "reports/alerts.jsonl" } ],
          "contacts": [ { "person": "Ann", "channels": ["log"] } ],
          "rotations": [ { "name": "first", "timeZone": "UTC", "start": "2026-11-16", "people": ["Ann"] } ],
          "policies": [ { "name": "all", "steps": [ { "rotations": ["first"] } ] } ],
          "severities": [
            { "severity": "SEV-0", "policy": "all", "acknowledge": "5m", "renotify": "15m" }, { "severity": "SEV-1", "policy": "all", "acknowledge": "5m", "renotify": "15m" },
            { "severity": "SEV-2", "policy": "all", "acknowledge": "5m", "renotify": "15m" }, { "severity": "SEV-3", "policy": "all", "acknowledge": "5m", "renotify": "15m" }
          ]
        }
        """;

    private readonly ConfigurationGround _ground = new();

    public AlertCommandsTests()
    {
        _ground.Write("config/networks/main.json", """{"version": 1, "chainId": 31337, "rpc": ["http://127.0.0.1:9"]}""");
        _ground.Write("config/operators.json", $$"""{"version": 1, "people": [{"name": "Ann", "addresses": ["{{Ann}}"], "duties": ["security"]}, {"name": "Ben", "addresses": ["{{Ben}}"], "duties": ["finance"]}]}""");
        _ground.Write("config/signers.json", $$"""{"version": 1, "signers": [{"name": "ann", "kind": "development", "address": "{{Ann}}", "index": 0}, {"name": "ben", "kind": "development", "address": "{{Ben}}", "index": 1}]}""");
        _ground.Write("config/oncall.json", OnCall);
    }

    public void Dispose() => _ground.Dispose();

    [Fact]
    public async Task An_alert_is_listed_shown_acknowledged_and_closed()
    {
        await FireAsync("drain");
        var list = await _ground.RunAsync("alert", "list", "--json");
        Assert.Equal(3, list.Exit);
        var alert = list.Json["alerts"]![0]!;
        Assert.Equal(("SEV-1", "firing", "log"), ((string?)alert["severity"], (string?)alert["state"], (string?)alert["told"]![0]));
        var id = (string)alert["id"]!;
        await RefusedAsync(4, "act-duty", "alert", "ack", id, "--reason", "seen", "--signer", "ben");
        await RefusedAsync(2, "signer-needed", "alert", "ack", id, "--reason", "seen");
        Assert.Equal(0, (await _ground.RunAsync("alert", "ack", id[..6], "--reason", "seen", "--signer", "ann")).Exit);
        await RefusedAsync(4, "alert-acknowledged", "alert", "ack", id, "--reason", "seen", "--signer", "ann");
        Assert.Contains("acknowledged by Ann", (await _ground.RunAsync("alert", "list")).Output, StringComparison.Ordinal);
        var show = await _ground.RunAsync("alert", "show", id, "--json");
        Assert.Equal(["alert.fired", "page.opened", "page.told", "page.acknowledged", "page.told"], show.Json["transitions"]!.AsArray().Select(one => (string)one!["type"]!));
        Assert.Equal(0, (await _ground.RunAsync("alert", "close", id, "--reason", "done", "--signer", "ann")).Exit);
        Assert.Equal(0, (await _ground.RunAsync("alert", "list")).Exit);
        Assert.Contains("closed", (await _ground.RunAsync("alert", "list", "--all")).Output, StringComparison.Ordinal);
        await RefusedAsync(4, "alert-over", "alert", "close", id, "--reason", "done", "--signer", "ann");
        await RefusedAsync(2, "alert-unknown", "alert", "show", "ffff");
    }

    [Fact]
    public async Task A_silence_needs_a_matcher_a_bounded_time_and_for_SEV_0_an_open_incident()
    {
        await RefusedAsync(2, "silence-matcher", Silence("1h"));
        await RefusedAsync(2, "silence-time", Silence("soon", "--rule", "drain"));
        await RefusedAsync(4, "silence-too-long", Silence("9h", "--rule", "drain"));
        await RefusedAsync(2, "silence-matcher", Silence("1h", "--severity", "SEV-1"));
        await RefusedAsync(4, "silence-never", Silence("1h", "--rule", "monitor-silent"));
        await RefusedAsync(4, "silence-incident", Silence("1h", "--severity", "SEV-0", "--rule", "drain"));
        await RefusedAsync(4, "incident-unknown", Silence("1h", "--rule", "drain", "--incident", "I-1"));
        var made = await _ground.RunAsync([.. Silence("1h", "--rule", "drain"), "--json"]);
        Assert.True(made.Exit == 0, made.ToString());
        await FireAsync("drain");
        var list = await _ground.RunAsync("alert", "list");
        Assert.Equal(3, list.Exit);
        Assert.Contains("silenced by Ann", list.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await _ground.RunAsync("alert", "unsilence", (string)made.Json["id"]!, "--reason", "over", "--signer", "ann")).Exit);
        Assert.DoesNotContain("silenced", (await _ground.RunAsync("alert", "list")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broken_on_call_file_is_told_with_the_mend_and_keeps_nobody_from_acknowledging()
    {
        await FireAsync("drain");
        _ground.Write("config/oncall.json", OnCall.Replace("\"people\": [\"Ann\"]", "\"people\": [\"Ben\"]", StringComparison.Ordinal));
        var check = await _ground.RunAsync("oncall", "check", "--json");
        Assert.Equal((2, "person-unreachable"), (check.Exit, (string)check.Json["problems"]![0]!["code"]!));
        await RefusedAsync(2, "person-unreachable", "oncall", "show");
        Assert.Contains("person-unreachable", (await _ground.RunAsync("config", "lint")).Output, StringComparison.Ordinal);
        var list = await _ground.RunAsync("alert", "list", "--json");
        Assert.False((bool)list.Json["somebodyIsTold"]!);
        Assert.Equal(0, (await _ground.RunAsync("alert", "ack", (string)list.Json["alerts"]![0]!["id"]!, "--reason", "seen", "--signer", "ann")).Exit);
    }

    [Fact]
    public async Task A_test_message_says_what_came_back_and_who_is_on_call_is_shown_for_any_moment()
    {
        var sent = await _ground.RunAsync("oncall", "check", "--send", "--json");
        Assert.Equal((0, true, "written"), (sent.Exit, (bool)sent.Json["channels"]![0]!["taken"]!, (string?)sent.Json["channels"]![0]!["answer"]));
        await RefusedAsync(2, "channel-unknown", "alert", "test", "pager");
        _ground.Write("config/oncall.json", OnCall.Replace("\"path\": \"reports/alerts.jsonl\"", "\"path\": \"config\"", StringComparison.Ordinal));
        Assert.Equal(1, (await _ground.RunAsync("alert", "test", "log")).Exit);
        var show = await _ground.RunAsync("oncall", "show", "--at", "2026-12-24T20:00:00Z", "--json");
        Assert.Equal("Ann", (string?)show.Json["rotations"]![0]!["person"]);
        await RefusedAsync(2, "time-format", "oncall", "show", "--at", "tomorrow");
        File.Delete(_ground.PathOf("config/oncall.json"));
        await RefusedAsync(2, "oncall-missing", "oncall", "show");
    }

    private static string[] Silence(string time, params string[] more) => ["alert", "silence", "--for", time, "--reason", "expected", "--signer", "ann", .. more];

    private async Task RefusedAsync(int exit, string code, params string[] arguments)
    {
        var refused = await _ground.RunAsync([.. arguments, "--json"]);
        Assert.True(refused.Exit == exit && (string?)refused.Json["error"]?["code"] == code, refused.ToString());
    }

    private async Task FireAsync(string rule)
    {
        Directory.CreateDirectory(_ground.PathOf("storage/state"));
        await using var store = await StateStore.OpenAsync(StateLocation.File(_ground.PathOf("storage/state/main.db")), TimeProvider.System);
        var settings = new AlertSettings("main", ChainId.Local)
        {
            Plan = new OnCallPlan(JsonFile.Read(_ground.PathOf("config/oncall.json"), WorkspaceJson.Default.OnCallFile)),
            People = new OperatorBook(JsonFile.Read(_ground.PathOf("config/operators.json"), WorkspaceJson.Default.OperatorsFile)),
        };
        await AlertCommit.TakeAsync(store, settings, [new Finding { Id = rule, Fingerprint = rule, Kind = FindingKind.Firing, Rule = rule, Source = "test", Network = "main", Severity = Severity.Sev1, Title = "the pool drains" }], TimeProvider.System, CancellationToken.None);
    }
}
