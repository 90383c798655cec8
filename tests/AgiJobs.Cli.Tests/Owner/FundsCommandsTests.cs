using System.Text.Json.Nodes;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Owner;

public sealed class FundsCommandsTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Escrows_show_every_live_job_with_its_parties_and_refund_and_agree_with_the_contract()
    {
        var escrows = await Devnet.RunAsync("owner", "escrows", "--json");
        Assert.True(escrows.Exit == 0, escrows.ToString());
        var ledger = Assert.Single(escrows.Json["ledgers"]!.AsArray())!;
        var items = ledger["items"]!.AsArray();
        Assert.Equal(["Applied", "Submitted", "Created"], items.Select(item => (string?)item!["state"]));
        Assert.Equal("120 AGIALPHA", (string?)items[0]!["columns"]!["escrow"]);
        Assert.Equal(Devnet.Accounts["employer"].Address.ToString(), (string?)items[0]!["columns"]!["employer"]);
        Assert.Equal("agijobs owner refund --job 1 --force-refund --network local", (string?)items[0]!["refund"]);
        var total = ledger["totals"]!.AsArray().Single(entry => (string?)entry!["view"] == "JobRegistry.totalEscrow()")!;
        Assert.Equal(("495.5 AGIALPHA", "495.5 AGIALPHA", true), ((string?)total["sum"], (string?)total["says"], (bool)total["agrees"]!));

        await Devnet.CallAsAsync(Devnet.Safe, "JobRegistry", "forceRefund", 1);
        var after = (await Devnet.RunAsync("owner", "escrows", "--json")).Json["ledgers"]![0]!;
        Assert.Equal((2, 1), (after["items"]!.AsArray().Count, (int)after["closed"]!));
        Assert.Contains("375.5 AGIALPHA", (await Devnet.RunAsync("owner", "escrows")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Locks_are_found_by_their_events_and_add_up_to_what_each_stake_says_is_locked()
    {
        var locks = await Devnet.RunAsync("owner", "locks", "--json");
        Assert.True(locks.Exit == 0, locks.ToString());
        var ledger = locks.Json["ledgers"]![0]!;
        Assert.NotEmpty(ledger["items"]!.AsArray());
        Assert.NotEmpty(ledger["totals"]!.AsArray());
        Assert.All(ledger["totals"]!.AsArray(), total => Assert.True((bool)total!["agrees"]!));
        Assert.Contains(ledger["items"]!.AsArray(), item => (string?)item!["columns"]!["locked by"] == Devnet.Protocol["SelfPlayArena"].Address.ToString() && (string?)item["columns"]!["role"] == "Validator");
    }

    [Fact]
    public async Task A_total_that_the_items_do_not_reach_is_a_finding_and_a_view_that_fails_is_unknown()
    {
        Describe(description => description["ledgers"]![0]!["open"] = new JsonArray("Created"));
        var escrows = await Devnet.RunAsync("owner", "escrows", "--json");
        Assert.Equal(3, escrows.Exit);
        Assert.False((bool)escrows.Json["ledgers"]![0]!["totals"]![0]!["agrees"]!);
        Assert.Contains("DIFFERS", (await Devnet.RunAsync("owner", "escrows")).Output, StringComparison.Ordinal);

        var manifest = JsonNode.Parse(File.ReadAllText(Devnet.Workspace.ManifestPath(TestNetwork.Network)))!;
        manifest["modules"]!["JobRegistry"]!["address"] = "0x000000000000000000000000000000000000dEaD";
        File.WriteAllText(Devnet.Workspace.ManifestPath(TestNetwork.Network), manifest.ToJsonString());
        var gone = await Devnet.RunAsync("owner", "escrows", "--json");
        Assert.Equal(5, gone.Exit);
        Assert.NotEmpty(gone.Json["ledgers"]![0]!["unknown"]!.AsArray());
    }

    [Fact]
    public async Task Disputes_are_listed_with_both_parties_and_the_votes()
    {
        Assert.Empty((await Devnet.RunAsync("owner", "disputes", "--json")).Json["ledgers"]![0]!["items"]!.AsArray());
        Describe(description =>
        {
            var dispute = description["ledgers"]!.AsArray().Single(ledger => (string?)ledger!["name"] == "disputes")!;
            dispute["open"] = new JsonArray("Submitted");
        });
        var disputes = (await Devnet.RunAsync("owner", "disputes", "--json")).Json;
        var item = Assert.Single(disputes["ledgers"]![0]!["items"]!.AsArray())!;
        Assert.Equal(("2", "75.5 AGIALPHA", "0 points"), ((string?)item["keys"]!["job"], (string?)item["columns"]!["escrow"], (string?)item["columns"]!["votes for the agent"]));
    }

    [Fact]
    public async Task A_ledger_that_cannot_be_right_is_refused()
    {
        Describe(description => description["ledgers"]![0]!["totals"]![0]!["column"] = "treasure");
        var escrows = await Devnet.RunAsync("owner", "escrows", "--json");
        Assert.Equal((2, "description-invalid"), (escrows.Exit, (string?)escrows.Json["error"]!["code"]));
    }

    // The workspace's own description goes before the one that ships.
    private void Describe(Action<JsonNode> edit)
    {
        var description = JsonNode.Parse(File.ReadAllText(Path.Combine(TestNetwork.ShippedConfig, "protocol", "agi-jobs.json")))!;
        edit(description);
        Directory.CreateDirectory(Path.Combine(Devnet.Folder, "config", "protocol"));
        File.WriteAllText(Path.Combine(Devnet.Folder, "config", "protocol", "agi-jobs.json"), description.ToJsonString());
    }
}
