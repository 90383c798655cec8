using System.Text.Json.Nodes;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Controls;

public sealed class ControlsCommandTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task On_a_bare_network_what_nobody_set_up_does_not_hold_and_what_was_never_seen_is_unknown()
    {
        var report = Path.Combine(Devnet.Folder, "controls.md");
        var outcome = await Devnet.RunAsync("controls", "check", "--report", report, "--json");
        Assert.Equal((5, "agijobs.controls/1", "local", 31337), (outcome.Exit, (string?)outcome.Json["schema"], (string?)outcome.Json["network"], (int)outcome.Json["chainId"]!));
        var states = outcome.Json["controls"]!.AsArray().ToDictionary(control => (string)control!["id"]!, control => (string)control!["state"]!);

        Assert.Equal(Devnet.Workspace.Controls(TestNetwork.Network).Controls.Select(control => control.Id), states.Keys);
        Assert.All(["authority", "guardian-armory", "rpc-endpoints", "monitors-at-work", "rules-in-force", "breakers", "on-call", "channels-tested", "drill-cadence", "duty-calendar"], id => Assert.Equal((id, "does-not-hold"), (id, states[id])));
        Assert.All(["safe-quorum", "separation-of-duties", "follow-ups", "pending-changes", "leases"], id => Assert.Equal((id, "holds"), (id, states[id])));
        Assert.All(["monitoring-coverage", "evidence-log"], id => Assert.Equal((id, "unknown"), (id, states[id])));
        Assert.All(outcome.Json["controls"]!.AsArray(), control => Assert.NotEmpty(control!["evidence"]!.AsArray()));
        var text = await File.ReadAllTextAsync(report, TestContext.Current.CancellationToken);
        Assert.All(states.Keys, id => Assert.Contains($"## {id}: ", text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_Safe_whose_one_owner_is_enough_does_not_hold_and_the_mend_is_said()
    {
        await Devnet.CallAsAsync(Devnet.Safe, Devnet.Safe, SafeAbi.Safe.Function("changeThreshold").Encode(1));
        var outcome = await Devnet.RunAsync("controls", "check", "safe-quorum");
        Assert.Equal(3, outcome.Exit);
        Assert.Contains("1 of 3 owners", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("MEND agijobs owner doctor", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Safe_that_cannot_be_read_is_unknown()
    {
        Devnet.PointAt("http://127.0.0.1:1");
        Assert.Equal((5, "unknown"), await AskAsync("safe-quorum"));
    }

    [Fact]
    public async Task Whoever_commands_and_operates_is_named_where_the_file_forbids_it()
    {
        var file = Devnet.Workspace.Controls(TestNetwork.Network);
        var shipped = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(TestNetwork.ShippedConfig, "controls.json"), TestContext.Current.CancellationToken))!;
        var control = shipped["controls"]!.AsArray().Single(one => (string?)one!["id"] == "separation-of-duties")!;
        control["limits"]!["maxWithBoth"] = 0;
        await File.WriteAllTextAsync(Devnet.Workspace.Locate("config", "controls.json"), shipped.ToJsonString(), TestContext.Current.CancellationToken);
        Assert.DoesNotContain((await Devnet.RunAsync("config", "lint", "--json")).Json["findings"]!.AsArray(), finding => (string?)finding!["code"] == "controls-value");
        Assert.Equal((3, "does-not-hold"), await AskAsync("separation-of-duties"));
        Assert.Equal(file.Controls.Count, Devnet.Workspace.Controls(TestNetwork.Network).Controls.Count);
    }

    [Fact]
    public async Task Backups_that_are_gone_or_old_do_not_hold()
    {
        Assert.Equal(0, (await Devnet.RunAsync("backup", "create")).Exit);
        Assert.Equal((0, "holds"), await AskAsync("backup-age"));
        Assert.Equal((3, "does-not-hold"), await AskAsync("backup-age", TimeSpan.FromDays(8)));
        foreach (var archive in Directory.GetFiles(Devnet.Workspace.Locate("storage", "backups"), "archive.tar", SearchOption.AllDirectories))
        {
            await File.AppendAllTextAsync(archive, "x", TestContext.Current.CancellationToken);
        }

        Assert.Equal((3, "does-not-hold"), await AskAsync("backup-age"));
    }

    [Fact]
    public async Task A_log_that_was_altered_does_not_hold()
    {
        Assert.Equal(0, (await Devnet.RunAsync("monitoring", "apply", "--execute", "--reason", "test")).Exit);
        Assert.Equal((0, "holds"), await AskAsync("rules-in-force"));
        Assert.Equal((0, "holds"), await AskAsync("evidence-log"));
        var tile = Directory.GetFiles(Devnet.Workspace.Locate("storage", "audit"), "*", SearchOption.AllDirectories).First(path => path.Contains("entries", StringComparison.Ordinal));
        var bytes = await File.ReadAllBytesAsync(tile, TestContext.Current.CancellationToken);
        bytes[^2] ^= 1;
        await File.WriteAllBytesAsync(tile, bytes, TestContext.Current.CancellationToken);
        Assert.Equal((3, "does-not-hold"), await AskAsync("evidence-log"));
    }

    [Fact]
    public async Task Channels_hold_once_they_took_a_test_message_and_no_longer_than_the_limit()
    {
        await File.WriteAllTextAsync(Devnet.Workspace.Locate("config", "oncall.json"), """
            {
              "version": 1,
              "channels": [{ "name": "file", "kind": "log", "path": "reports/alerts.jsonl" }],
              "contacts": [{ "person": "guardian", "channels": ["file"] }],
              "rotations": [],
              "policies": [{ "name": "all", "steps": [{ "people": ["guardian"] }] }],
              "severities": [
                { "severity": "SEV-0", "policy": "all", "acknowledge": "5m", "renotify": "30m" },
                { "severity": "SEV-1", "policy": "all", "acknowledge": "5m", "renotify": "30m" },
                { "severity": "SEV-2", "policy": "all", "acknowledge": "5m", "renotify": "30m" },
                { "severity": "SEV-3", "policy": "all", "acknowledge": "5m", "renotify": "30m" }
              ]
            }
            """, TestContext.Current.CancellationToken);
        var check = await Devnet.RunAsync("oncall", "check");
        Assert.True(check.Exit == 0, check.ToString());
        Assert.Equal((0, "holds"), await AskAsync("on-call"));
        Assert.Equal((3, "does-not-hold"), await AskAsync("channels-tested"));
        Assert.Equal(0, (await Devnet.RunAsync("oncall", "check", "--send")).Exit);
        Assert.Equal((0, "holds"), await AskAsync("channels-tested"));
        Assert.Equal((3, "does-not-hold"), await AskAsync("channels-tested", TimeSpan.FromDays(40)));
    }

    [Fact]
    public async Task What_was_to_be_done_after_an_incident_and_a_change_that_lies_about_do_not_hold_when_their_time_is_over()
    {
        var opened = await Devnet.RunAsync("incident", "open", "Rewards drain", "--severity", "sev1", "--commander", "guardian", "--operator", "pauser", "--signer", "guardian", "--json");
        var id = (string)opened.Json["id"]!;
        var due = TimeProvider.System.GetUtcNow().AddDays(2).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
        var added = await Devnet.RunAsync("incident", "follow-up", "add", id, "a detector for this", "--owner", "moderator", "--due", due, "--signer", "pauser");
        Assert.True(added.Exit == 0, added.ToString());
        Assert.Equal((0, "holds"), await AskAsync("follow-ups"));
        Assert.Equal((3, "does-not-hold"), await AskAsync("follow-ups", TimeSpan.FromDays(5)));

        var planned = await Devnet.RunAsync("owner", "set", "FeePool.burnPct=12.34%", "--json");
        Assert.NotNull((string?)planned.Json["change"]);
        Assert.Equal((0, "holds"), await AskAsync("pending-changes"));
        Assert.Equal((3, "does-not-hold"), await AskAsync("pending-changes", TimeSpan.FromDays(20)));
    }

    [Fact]
    public async Task A_control_that_is_not_there_or_a_file_that_cannot_be_is_refused()
    {
        var unknown = await Devnet.RunAsync("controls", "check", "nope", "--json");
        Assert.Equal((2, "control-unknown"), (unknown.Exit, (string?)unknown.Json["error"]!["code"]));
        await File.WriteAllTextAsync(Devnet.Workspace.Locate("config", "controls.json"), """{"version": 1, "controls": [{"id": "a", "severity": "SEV-1", "says": "a", "command": "owner system-pause --execute", "mend": "a"}]}""", TestContext.Current.CancellationToken);
        var refused = await Devnet.RunAsync("controls", "check", "--json");
        Assert.Equal((2, "controls-value"), (refused.Exit, (string?)refused.Json["error"]!["code"]));
        Assert.Contains((await Devnet.RunAsync("config", "lint", "--json")).Json["findings"]!.AsArray(), finding => (string?)finding!["code"] == "controls-value");
    }

    private async Task<(int Exit, string State)> AskAsync(string id, TimeSpan? later = null)
    {
        var outcome = await Agijobs.RunAsync(Devnet.Folder, ["controls", "check", id, "--json"], requestTimeout: TimeSpan.FromSeconds(2), time: later is { } by ? new Later(by) : null);
        return (outcome.Exit, (string)Assert.Single(outcome.Json["controls"]!.AsArray())!["state"]!);
    }

    private sealed class Later(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}
