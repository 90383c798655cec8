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
    public async Task Metrics_count_what_was_planned_and_verified_and_the_incidents_that_people_signed_were_caused()
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
        Assert.True(total["incidentsCaused"] is null || (int)total["incidentsCaused"]! == 0, metrics.ToString());
        Assert.Equal(total["incidentsCaused"] is null, metrics.Json["incidentsUnknown"] is not null);
        Assert.Equal(["pause-system", "set-params"], metrics.Json["rows"]!.AsArray().Select(row => (string?)row!["kind"]).Order());

        // People say what caused an incident, once for each incident, and may take it back.
        var change = (string)pause.Json["change"]!;
        Assert.Equal(0, (await Devnet.RunAsync("incident", "open", "Paused for nothing", "--severity", "2", "--name", "nothing", "--signer", "guardian")).Exit);
        var id = (string)(await Devnet.RunAsync("incident", "list", "--json")).Json["incidents"]![0]!["id"]!;
        Assert.Equal((2, "change-needed"), (await Devnet.RunAsync("incident", "cause", id, "--reason", "r", "--signer", "guardian", "--json")) is var none ? (none.Exit, (string?)none.Json["error"]!["code"]) : default);
        var caused = await Devnet.RunAsync("incident", "cause", id, "--change", change, "--reason", "it stopped everybody", "--signer", "guardian");
        Assert.True(caused.Exit == 0, caused.ToString());
        var after = (await Devnet.RunAsync("change", "metrics", "--json")).Json;
        Assert.Equal((1, null), ((int)after["total"]!["incidentsCaused"]!, (string?)after["incidentsUnknown"]));
        Assert.Equal([("pause-system", 1), ("set-params", 0)], after["rows"]!.AsArray().Select(row => ((string)row!["kind"]!, (int)row["incidentsCaused"]!)).Order());
        Assert.Equal(0, (await Devnet.RunAsync("incident", "cause", id, "--change", change, "--not", "--reason", "it was the node", "--signer", "guardian")).Exit);
        Assert.Equal(0, (int)(await Devnet.RunAsync("change", "metrics", "--json")).Json["total"]!["incidentsCaused"]!);

        // A state that cannot be read is no zero.
        await File.WriteAllTextAsync(Devnet.Workspace.StatePath("local"), "not a database");
        for (var i = 0; i < 2; i++)
        {
            var broken = await Devnet.RunAsync("change", "metrics", "--json");
            Assert.Equal((5, true), (broken.Exit, broken.Json["total"]!["incidentsCaused"] is null));
        }
    }
}
