using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Monitoring;

public sealed class RulesCommandsTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public async ValueTask InitializeAsync() => await Devnet.FreshAsync();

    public ValueTask DisposeAsync() => default;

    [Fact]
    public async Task The_rules_of_a_new_network_compile_are_planned_put_in_force_and_are_the_same_then()
    {
        var check = await Devnet.RunAsync("monitoring", "check", "--json");
        Assert.True(check.Exit == 0 && check.Json["rules"]!.AsArray().Count > 20, check.ToString());

        var plan = await Devnet.RunAsync("monitoring", "plan", "--json");
        Assert.True(plan.Exit == 3 && plan.Json["differences"]!.AsArray().All(difference => (string?)difference!["action"] == "add"), plan.ToString());

        var preview = await Devnet.RunAsync("monitoring", "apply", "--json");
        Assert.True(preview.Exit == 3 && !preview.Json["applied"]!.GetValue<bool>(), preview.ToString());

        var apply = await Devnet.RunAsync("monitoring", "apply", "--execute", "--reason", "first", "--json");
        Assert.True(apply.Exit == 0 && apply.Json["applied"]!.GetValue<bool>(), apply.ToString());

        var again = await Devnet.RunAsync("monitoring", "plan", "--json");
        Assert.True(again.Exit == 0 && (string?)again.Json["inForce"] == (string?)check.Json["digest"], again.ToString());

        var log = await Devnet.RunAsync("evidence", "log", "--json");
        Assert.Contains("monitoring.applied", log.Output, StringComparison.Ordinal);

        Change(rules => rules[0]!["severity"] = "SEV-2");
        var changed = await Devnet.RunAsync("monitoring", "plan");
        Assert.Equal(3, changed.Exit);
        Assert.Contains("change module-paused", changed.Lines);
    }

    [Fact]
    public async Task A_monitor_in_the_foreground_takes_up_the_rules_that_are_put_in_force()
    {
        Assert.Equal(0, (await Devnet.RunAsync("monitoring", "apply", "--execute", "--json")).Exit);
        using var process = Agijobs.Start(Devnet.Folder, ["monitoring", "run", "--name", "second", "--network", TestNetwork.Network]);
        try
        {
            await SaysAsync(process, "up to date");
            Change(rules => rules[0]!["severity"] = "SEV-2");
            var apply = await Devnet.RunAsync("monitoring", "apply", "--execute", "--json");
            Assert.Equal(0, apply.Exit);
            await SaysAsync(process, $"other rules are in force, {(string?)apply.Json["wanted"]}");
            await SaysAsync(process, "monitor-rules-changed");
            using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, process.ExitCode);
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact]
    public async Task A_rule_that_is_wrong_is_refused_by_every_command_with_its_place()
    {
        Change(rules => rules[0]!["event"]!["events"] = new JsonArray("Halted"));
        var check = await Devnet.RunAsync("monitoring", "check", "--json");
        var problem = Assert.Single(check.Json["problems"]!.AsArray())!;

        Assert.Equal((2, "rule-event-unknown", "$.rules[0].event.events"), (check.Exit, (string?)problem["code"], (string?)problem["place"]));
        foreach (var command in (string[][])[["plan"], ["apply", "--execute"], ["backtest", "--from", "1"]])
        {
            var refused = await Devnet.RunAsync(["monitoring", .. command, "--json"]);
            Assert.True(refused.Exit == 2 && (string?)refused.Json["error"]!["code"] == "rule-event-unknown", refused.ToString());
        }

        Change(rules => rules[0]!["evnt"] = 1);
        Assert.Equal("file-format", (string?)(await Devnet.RunAsync("monitoring", "check", "--json")).Json["error"]!["code"]);
    }

    private static async Task SaysAsync(Process process, string text)
    {
        string? line;
        do
        {
            line = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
            Assert.True(line is not null, $"it ended before it said '{text}'");
        }
        while (!line.Contains(text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_backtest_says_what_would_have_fired_and_writes_nothing()
    {
        var before = (await Devnet.Client.BlockNumberAsync()).Value;
        await Devnet.MineAsync();
        var quiet = await Devnet.RunAsync("monitoring", "backtest", "--from", $"{before + 1}", "--json");
        Assert.True(quiet.Exit == 0 && quiet.Json["findings"]!.AsArray().Count == 0, quiet.ToString());

        await Devnet.CallAsAsync(Devnet.Protocol["SystemPause"].Address, "FeePool", "pause");
        var tree = Devnet.Tree();
        var loud = await Devnet.RunAsync("monitoring", "backtest", "--from", $"{before + 1}", "--json");

        Assert.True(loud.Exit == 3, loud.ToString());
        Assert.Equal("module-paused", (string?)Assert.Single(loud.Json["findings"]!.AsArray())!["rule"]);
        Assert.Equal(tree, Devnet.Tree());
        Assert.Equal(2, (await Devnet.RunAsync("monitoring", "backtest", "--from", "9", "--to", "3")).Exit);
        Assert.Equal(2, (await Devnet.RunAsync("monitoring", "backtest", "--from", "9", "--to", "999999")).Exit);
    }

    [Fact]
    public async Task What_a_change_of_the_workspace_sent_is_explained_and_what_a_stranger_sent_is_not()
    {
        await File.WriteAllTextAsync(Path.Combine(Devnet.Folder, "mine.json"), """{ "version": 1, "rules": [ { "name": "stranger", "severity": "SEV-0", "title": "{module}", "unexplained": true, "event": { "events": ["Paused"] } } ] }""");
        var before = (await Devnet.Client.BlockNumberAsync()).Value;
        var pause = await Devnet.RunAsync("owner", "system-pause", "--action", "pause", "--execute", "--signer", "guardian");
        Assert.True(pause.Exit == 0, pause.ToString());
        var own = await Devnet.RunAsync("monitoring", "backtest", "mine.json", "--from", $"{before + 1}", "--json");
        Assert.True(own.Exit == 0, own.ToString());

        before = (await Devnet.Client.BlockNumberAsync()).Value;
        await Devnet.CallAsAsync(Devnet.Protocol["SystemPause"].Address, "FeePool", "unpause");
        await Devnet.CallAsAsync(Devnet.Protocol["SystemPause"].Address, "FeePool", "pause");
        var stranger = await Devnet.RunAsync("monitoring", "backtest", "mine.json", "--from", $"{before + 1}", "--json");
        Assert.Equal("FeePool", (string?)Assert.Single(stranger.Json["findings"]!.AsArray())!["title"]);
    }

    [Fact]
    public async Task What_is_imported_is_a_file_that_compiles_beside_the_others_and_is_not_written_over()
    {
        await File.WriteAllTextAsync(Path.Combine(Devnet.Folder, "sentinel.json"), """{ "$schema": "s", "name": "Pool", "type": "BLOCK_EVENT", "network": "mainnet", "addresses": ["{{FEE_POOL}}"], "abi": [], "conditions": [ { "event": "Paused(address)", "expression": "true", "severity": "CRITICAL", "notificationChannels": [], "notes": "n" } ] }""");
        await File.WriteAllTextAsync(Path.Combine(Devnet.Folder, "map.json"), new JsonObject { ["FEE_POOL"] = Devnet.Protocol["FeePool"].Address.ToString() }.ToJsonString());
        string[] command = ["monitoring", "import", "sentinel.json", "--address-map", "map.json", "--out", "monitoring/rules/imported.json", "--json"];
        var imported = await Devnet.RunAsync(command);

        Assert.True(imported.Exit == 3, imported.ToString());
        Assert.Contains(imported.Json["warnings"]!.AsArray(), warning => (string?)warning!["code"] == "import-unwatched");
        Assert.Equal(0, (await Devnet.RunAsync("monitoring", "check")).Exit);
        Assert.Equal((4, "file-exists"), (await Devnet.RunAsync(command)) is var twice ? (twice.Exit, (string?)twice.Json["error"]!["code"]) : default);
    }

    private void Change(Action<JsonArray> change)
    {
        var path = Devnet.Workspace.Locate("monitoring", "rules", "agi-jobs.json");
        var file = JsonNode.Parse(File.ReadAllText(path))!;
        change(file["rules"]!.AsArray());
        File.WriteAllText(path, file.ToJsonString());
    }
}
