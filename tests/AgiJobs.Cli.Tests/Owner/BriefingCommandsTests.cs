using System.Text.Json.Nodes;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Owner;

public sealed class BriefingCommandsTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task The_dashboard_shows_pauses_counters_pools_changes_under_way_and_what_is_not_connected()
    {
        var pending = (string)(await Devnet.RunAsync("owner", "set", "FeePool.burnPct=12.34%", "--json")).Json["change"]!;
        await Devnet.CallAsAsync(Devnet.Safe, "SystemPause", "pauseModule", Devnet.Protocol["FeePool"].Address);
        var dashboard = await Devnet.RunAsync("owner", "dashboard", "--json");
        Assert.True(dashboard.Exit == 0, dashboard.ToString());
        Assert.Equal("FeePool", (string?)Assert.Single(dashboard.Json["modules"]!.AsArray(), module => (bool)module!["paused"]!)!["module"]);
        Assert.Equal("3", (string?)Figure("jobs so far")["value"]);
        Assert.Equal("495.5 AGIALPHA", (string?)Figure("money in escrow")["value"]);
        Assert.Equal("1", (string?)Figure("rounds under way")["value"]);
        Assert.All(dashboard.Json["notConnected"]!.AsObject(), entry => Assert.Equal("unknown: not connected", (string?)entry.Value));
        var change = Assert.Single(dashboard.Json["pending"]!.AsArray())!;
        Assert.Equal(pending, (string?)change["change"]);
        Assert.Contains(pending, (string?)change["next"], StringComparison.Ordinal);
        Assert.Contains(dashboard.Json["balances"]!.AsArray(), entry => (string?)entry!["signer"] == "guardian" && ((string?)entry["balance"])!.EndsWith(" ether", StringComparison.Ordinal));
        var people = await Devnet.RunAsync("owner", "dashboard");
        Assert.Contains("PAUSED: 1 of", people.Output, StringComparison.Ordinal);
        Assert.Contains("unknown: not connected", people.Output, StringComparison.Ordinal);

        JsonNode Figure(string name) => dashboard.Json["figures"]!.AsArray().Single(figure => (string?)figure!["name"] == name)!;
    }

    [Fact]
    public async Task The_command_center_says_what_to_do_next_the_most_urgent_first_and_writes_the_same_bytes_twice()
    {
        var clean = await Devnet.RunAsync("owner", "command-center", "--json");
        Assert.True(clean.Exit == 0, clean.ToString());
        Assert.Empty(clean.Json["next"]!.AsArray());

        await Devnet.CallAsAsync(Devnet.Safe, "SelfPlayArena", "setOrchestrator", Devnet.Accounts["agent-3"].Address, true);
        await Devnet.RunAsync("owner", "set", "FeePool.burnPct=12.34%");
        var center = await Devnet.RunAsync("owner", "command-center", "--json");
        Assert.True(center.Exit == 3, center.ToString());
        var next = center.Json["next"]!.AsArray();
        Assert.Equal("agijobs owner audit --network local", (string?)next[0]!["command"]);
        Assert.Contains(next, step => ((string?)step!["command"])!.StartsWith("agijobs owner set-roles --revoke SelfPlayArena.orchestrator=", StringComparison.Ordinal));
        Assert.Contains(next, step => ((string?)step!["command"])!.StartsWith("agijobs change ", StringComparison.Ordinal));
        var ranks = next.Select(step => Array.IndexOf(["red", "amber", "green"], (string?)step!["risk"])).ToList();
        Assert.Equal(ranks.Order(), ranks);

        var folder = Path.Combine(Devnet.Folder, "reports", "owner-control");
        var (text, json) = (await File.ReadAllBytesAsync(Path.Combine(folder, "command-center.md")), await File.ReadAllTextAsync(Path.Combine(folder, "command-center.json")));
        Assert.Equal(center.Output, json);
        var again = await Devnet.RunAsync("owner", "command-center", "--out", "briefing");
        Assert.Equal(3, again.Exit);
        Assert.Equal(text, await File.ReadAllBytesAsync(Path.Combine(Devnet.Folder, "briefing", "command-center.md")));
        Assert.Equal(json, await File.ReadAllTextAsync(Path.Combine(Devnet.Folder, "briefing", "command-center.json")));
        Assert.Contains("What to do next", again.Output, StringComparison.Ordinal);
    }
}
