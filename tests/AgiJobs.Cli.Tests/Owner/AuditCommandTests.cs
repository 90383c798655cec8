using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Owner;

public sealed class AuditCommandTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task The_first_deployment_is_told_apart_and_nothing_of_it_is_unexplained()
    {
        var audit = await Devnet.RunAsync("owner", "audit", "--json");
        Assert.True(audit.Exit == 0, audit.ToString());
        Assert.NotEmpty(audit.Json["transactions"]!.AsArray());
        Assert.All(audit.Json["transactions"]!.AsArray(), transaction => Assert.Equal("deployment", (string?)transaction!["verdict"]));
    }

    [Fact]
    public async Task What_a_change_did_is_explained_and_what_nobody_planned_is_not()
    {
        var pause = await Devnet.RunAsync("owner", "system-pause", "--action", "pause", "--signer", "guardian", "--instance", "INC-1", "--execute", "--json");
        Assert.True(pause.Exit == 0, pause.ToString());
        await Devnet.CallAsAsync(Devnet.Safe, "FeePool", "setBurnPct", 1234);
        var audit = await Devnet.RunAsync("owner", "audit", "--json");
        Assert.True(audit.Exit == 3, audit.ToString());
        var transactions = audit.Json["transactions"]!.AsArray();
        Assert.Equal((string?)pause.Json["change"], (string?)Assert.Single(transactions, transaction => (string?)transaction!["verdict"] == "explained")!["change"]);
        var stray = Assert.Single(transactions, transaction => (string?)transaction!["verdict"] == "unexplained")!;
        Assert.Equal(Devnet.Safe.ToString(), (string?)stray["from"]);
        Assert.Contains("BurnPctUpdated", (string?)stray["events"]![0], StringComparison.Ordinal);
        Assert.Empty(audit.Json["findings"]!.AsArray());

        var people = await Devnet.RunAsync("owner", "audit");
        Assert.Contains("1 UNEXPLAINED", people.Output, StringComparison.Ordinal);
        Assert.Contains((string?)stray["hash"] ?? "?", people.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_receipt_that_is_gone_from_the_record_is_a_finding_and_one_that_the_chain_does_not_have_is_a_mismatch()
    {
        var pause = await Devnet.RunAsync("owner", "system-pause", "--action", "pause", "--signer", "guardian", "--instance", "INC-1", "--execute", "--json");
        var receipt = Assert.Single(Directory.GetFiles(Path.Combine(Devnet.Folder, "storage", "receipts", "local"), "*.json"));
        var stray = Path.Combine(Path.GetDirectoryName(receipt)!, "0x" + new string('1', 64) + ".json");
        File.Move(receipt, stray);
        var audit = await Devnet.RunAsync("owner", "audit", "--json");
        Assert.Equal(6, audit.Exit);
        var codes = audit.Json["findings"]!.AsArray().Select(finding => ((string?)finding!["code"], (string?)finding["change"])).ToList();
        Assert.Contains(("receipt-missing", (string?)pause.Json["change"]), codes);
        Assert.Contains(("receipt-gone", (string?)null), codes);
        Assert.Contains(("receipt-stray", (string?)null), codes);
        Assert.Equal(6, (int)audit.Json["log"]!["exit"]!);
    }

    [Fact]
    public async Task Metrics_count_what_was_planned_verified_and_say_that_incidents_are_not_connected()
    {
        await Devnet.RunAsync("owner", "set", "FeePool.burnPct=12.34%");
        var pause = await Devnet.RunAsync("owner", "system-pause", "--action", "pause", "--signer", "guardian", "--instance", "INC-1", "--execute", "--json");
        Assert.True(pause.Exit == 0, pause.ToString());
        var metrics = await Devnet.RunAsync("change", "metrics", "--json");
        Assert.True(metrics.Exit == 0, metrics.ToString());
        var total = metrics.Json["total"]!;
        Assert.Equal((2, 1, 0), ((int)total["planned"]!, (int)total["verified"]!, (int)total["rolledBack"]!));
        Assert.True((double)total["meanSecondsToExecute"]! >= 0);
        Assert.Equal(0, (double)total["rollbackRate"]!);
        Assert.Equal("unknown: not connected", (string?)total["incidentsCaused"]);
        Assert.Equal(["pause-system", "set-params"], metrics.Json["rows"]!.AsArray().Select(row => (string?)row!["kind"]).Order());
        Assert.Contains("unknown: not connected", (await Devnet.RunAsync("change", "metrics")).Output, StringComparison.Ordinal);
    }
}
