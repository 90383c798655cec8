using System.Text.Json.Nodes;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Owner;

public sealed class SurfaceCommandsTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task What_was_deployed_as_wanted_is_clean_and_counts_what_agrees_and_what_is_not_managed()
    {
        var surface = await Devnet.RunAsync("owner", "surface", "--json");
        Assert.True(surface.Exit == 0, surface.ToString());
        Assert.Empty(surface.Json["items"]!.AsArray());
        Assert.Equal(0, (int)surface.Json["counts"]!["unknown"]!);
        Assert.True((int)surface.Json["counts"]!["agrees"]! > 30);
        Assert.True((int)surface.Json["counts"]!["not-managed"]! > 30);
        Assert.True((int)surface.Json["roundTrips"]! <= 3);

        // The node that gives no answers makes nothing clean.
        Manifest(manifest => manifest["modules"]!["FeePool"]!["address"] = "0x000000000000000000000000000000000000dEaD");
        var gone = await Devnet.RunAsync("owner", "surface", "--json");
        Assert.Equal(5, gone.Exit);
        Assert.Contains(gone.Json["items"]!.AsArray(), item => (string?)item!["status"] == "unknown" && (string?)item["subject"] == "FeePool.burnPct" && (string?)item["is"] is null && (string?)item["unknown"] is { Length: > 0 });
    }

    [Fact]
    public async Task A_value_and_a_role_that_nobody_planned_differ_and_name_the_transaction_the_sender_and_the_command_that_mends_them()
    {
        var before = (string?)(await Devnet.RunAsync("owner", "parameters", "--module", "FeePool", "--json")).Json["parameters"]!.AsArray().First(entry => (string?)entry!["parameter"] == "FeePool.burnPct")!["value"];
        Manifest(manifest => manifest["modules"]!["FeePool"]!["parameters"] = new JsonObject { ["burnPct"] = before });
        Assert.Equal(0, (await Devnet.RunAsync("owner", "surface")).Exit);

        var stranger = Devnet.Accounts["agent-3"].Address;
        await Devnet.CallAsAsync(Devnet.Safe, "FeePool", "setBurnPct", 1234);
        var block = (await Devnet.Client.BlockNumberAsync()).Value;
        await Devnet.CallAsAsync(Devnet.Safe, "SelfPlayArena", "setOrchestrator", stranger, true);
        await Devnet.CallAsAsync(Devnet.Safe, "FeePool", "setRewardLimit", 77);

        var surface = await Devnet.RunAsync("owner", "surface", "--why", "--json");
        Assert.True(surface.Exit == 3, surface.ToString());
        var items = surface.Json["items"]!.AsArray();
        var value = items.Single(item => (string?)item!["subject"] == "FeePool.burnPct")!;
        Assert.Equal((before, "1234 bps", (string?)null), ((string?)value["wanted"], (string?)value["is"], (string?)value["lastChange"]));
        Assert.Equal("config/owner-control.local.json, modules.FeePool.parameters.burnPct", (string?)value["source"]);
        Assert.Equal($"agijobs owner set 'FeePool.burnPct={before}' --network local", (string?)value["mend"]);
        Assert.Equal(block, (ulong)value["cause"]!["block"]!);
        var transaction = Assert.Single(value["cause"]!["transactions"]!.AsArray())!;
        Assert.Equal(Devnet.Safe.ToString(), (string?)transaction["from"]);
        Assert.Null((string?)transaction["change"]);
        var role = items.Single(item => (string?)item!["kind"] == "role")!;
        Assert.Equal(($"{stranger} holds it", $"{stranger} does not hold it"), ((string?)role["is"], (string?)role["wanted"]));
        Assert.Equal($"agijobs owner set-roles --revoke SelfPlayArena.orchestrator={stranger} --network local", (string?)role["mend"]);
        Assert.Equal(block + 1, (ulong)role["cause"]!["block"]!);
        Assert.Equal(2, items.Count);

        var people = await Devnet.RunAsync("owner", "surface", "--why", "--format", "markdown");
        Assert.StartsWith("# Surface", people.Output, StringComparison.Ordinal);
        Assert.Contains("no change was behind it", people.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_without_history_leaves_the_cause_unknown_and_says_of_which_block()
    {
        await Devnet.CallAsAsync(Devnet.Safe, "SelfPlayArena", "setOrchestrator", Devnet.Accounts["agent-3"].Address, true);
        var block = await Devnet.Client.BlockNumberAsync();
        await using var pruned = FaultyRpc.InFrontOf(Devnet.Url);

        // What is read of the observed block names it by its hash.
        pruned.On("eth_call").When(parameters => parameters.Count > 1 && parameters[1] is JsonValue).Error(-32000, "missing trie node");
        Devnet.PointAt(pruned.Url);
        var surface = await Devnet.RunAsync("owner", "surface", "--why", "--json");
        Assert.True(surface.Exit == 3, surface.ToString());
        Assert.StartsWith($"the node has no state of block {block}", (string?)Assert.Single(surface.Json["items"]!.AsArray())!["cause"]!["unknown"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pause_by_a_change_is_shown_with_the_change_that_made_it()
    {
        var pause = await Devnet.RunAsync("owner", "system-pause", "--action", "pause", "--signer", "guardian", "--instance", "INC-1", "--execute", "--json");
        Assert.True(pause.Exit == 0, pause.ToString());
        var surface = await Devnet.RunAsync("owner", "surface", "--why", "--json");
        Assert.Equal(3, surface.Exit);
        var items = surface.Json["items"]!.AsArray();
        Assert.Equal(Devnet.Protocol.Modules.Count(module => module.Paused is not null), items.Count);
        Assert.All(items, item =>
        {
            Assert.Equal(("pause", "running", "paused", "paused"), ((string?)item!["kind"], (string?)item["wanted"], (string?)item["is"], (string?)item["lastExecuted"]));
            Assert.Equal((string?)pause.Json["change"], (string?)item["lastChange"]);
            Assert.Equal((string?)pause.Json["change"], (string?)Assert.Single(item["cause"]!["transactions"]!.AsArray())!["change"]);
        });

        // Somebody resumes one module without a change: it runs, and the record says paused.
        await Devnet.CallAsAsync(Devnet.Safe, "SystemPause", "unpauseModule", Devnet.Protocol["FeePool"].Address);
        var resumed = (await Devnet.RunAsync("owner", "surface", "--why", "--json")).Json["items"]!.AsArray().Single(item => (string?)item!["module"] == "FeePool")!;
        Assert.Equal(("running", "paused"), ((string?)resumed["is"], (string?)resumed["lastExecuted"]));
        Assert.Null((string?)Assert.Single(resumed["cause"]!["transactions"]!.AsArray())!["change"]);
    }

    [Fact]
    public async Task Two_workspaces_see_the_same_state_with_the_same_fingerprint_and_another_state_with_another()
    {
        var stranger = Devnet.Accounts["agent-3"].Address;
        await Devnet.CallAsAsync(Devnet.Safe, "SelfPlayArena", "setOrchestrator", stranger, true);
        var second = Directory.CreateTempSubdirectory("agijobs-second-").FullName;
        try
        {
            foreach (var file in Directory.EnumerateFiles(Path.Combine(Devnet.Folder, "config"), "*", SearchOption.AllDirectories))
            {
                var copy = Path.Combine(second, Path.GetRelativePath(Devnet.Folder, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }

            var here = await Devnet.RunAsync("owner", "diff");
            await Devnet.MineAsync();
            var there = await Agijobs.RunAsync(second, ["owner", "diff"]);
            Assert.Equal(3, here.Exit);
            Assert.Equal(here.Output, there.Output);
            Assert.Contains("fingerprint 0x", here.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("\u001b", here.Output, StringComparison.Ordinal);
            await Devnet.CallAsAsync(Devnet.Safe, "SelfPlayArena", "setOrchestrator", Devnet.Accounts["agent-2"].Address, true);
            Assert.NotEqual((await Agijobs.RunAsync(second, ["owner", "diff", "--json"])).Json["fingerprint"]!.ToString(), here.Lines[^1]["fingerprint ".Length..]);
        }
        finally
        {
            Directory.Delete(second, true);
        }
    }

    [Fact]
    public async Task The_diff_of_a_change_ranks_red_before_amber_and_says_from_what_to_what()
    {
        var change = (string)(await Devnet.RunAsync("owner", "set", "FeePool.burnPct=12.34%", "SelfPlayArena.committeeSize=5", "--json")).Json["change"]!;
        var diff = await Devnet.RunAsync("owner", "diff", "--change", change, "--json");
        Assert.True(diff.Exit == 3, diff.ToString());
        var rows = diff.Json["rows"]!.AsArray();
        Assert.Contains(rows, row => (string?)row!["subject"] == "FeePool.burnPct" && (string?)row["to"] == "1234 bps");
        Assert.Contains(rows, row => (string?)row!["subject"] == "SelfPlayArena.committeeSize" && (string?)row["to"] == "5");
        var ranks = rows.Select(row => Array.IndexOf(["red", "amber", "green"], (string?)row!["risk"])).ToList();
        Assert.Equal(ranks.Order(), ranks);
    }

    [Fact]
    public async Task Parameters_show_unit_bounds_rules_risk_and_who_may_set_them_and_an_unknown_module_is_refused()
    {
        var one = await Devnet.RunAsync("owner", "parameters", "--module", "FeePool", "--json");
        Assert.Equal(0, one.Exit);
        var parameters = one.Json["parameters"]!.AsArray();
        Assert.All(parameters, entry => Assert.StartsWith("FeePool.", (string?)entry!["parameter"], StringComparison.Ordinal));
        var burn = parameters.Single(entry => (string?)entry!["parameter"] == "FeePool.burnPct")!;
        Assert.Equal(("bps", "0 bps to 5000 bps", "owner"), ((string?)burn["unit"], (string?)burn["bounds"], (string?)burn["callers"]![0]));
        Assert.Contains("StakeManager", (await Devnet.RunAsync("owner", "parameters")).Output, StringComparison.Ordinal);
        var wrong = await Devnet.RunAsync("owner", "parameters", "--module", "Treasurer", "--json");
        Assert.Equal((2, "module-unknown"), (wrong.Exit, (string?)wrong.Json["error"]!["code"]));
    }

    private void Manifest(Action<JsonNode> edit)
    {
        var path = Devnet.Workspace.ManifestPath(TestNetwork.Network);
        var manifest = JsonNode.Parse(File.ReadAllText(path))!;
        edit(manifest);
        File.WriteAllText(path, manifest.ToJsonString());
    }
}
