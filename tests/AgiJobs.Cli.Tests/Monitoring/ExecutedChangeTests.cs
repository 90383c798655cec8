using System.Diagnostics;
using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Monitoring;

/// <summary>A running monitor holds what a change does against what it announced, without anybody putting a rule in force.</summary>
public sealed class ExecutedChangeTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private readonly List<Process> _processes = [];

    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    [Fact]
    public async Task A_change_that_does_what_it_announced_is_silent_a_record_without_events_and_a_strangers_setting_are_alerts()
    {
        Assert.Equal(0, (await Devnet.RunAsync("monitoring", "apply", "--execute", "--reason", "test")).Exit);
        await Devnet.MineAsync();
        _processes.Add(Agijobs.Start(Devnet.Folder, ["serve", "--roles", "monitor", "--listen", "127.0.0.1:0", "--network", TestNetwork.Network]));
        await CaughtUpAsync();

        var pause = await Devnet.RunAsync("owner", "system-pause", "--action", "pause", "--signer", "guardian", "--execute");
        Assert.True(pause.Exit == 0, pause.ToString());
        await MineAsync(25);
        await CaughtUpAsync();
        Assert.Empty(await FoundAsync());
        Assert.Equal(["module-paused", "system-pause"], (await AlertsAsync()).Select(alert => (string)alert["rule"]!).Distinct().Order(StringComparer.Ordinal));

        // A record of an execution that never was.
        var forged = new ChangeStore(Devnet.Workspace, TimeProvider.System).Get((string)(await Devnet.RunAsync("owner", "system-pause", "--action", "unpause", "--json")).Json["change"]!);
        var block = (await Devnet.Client.BlockNumberAsync()).Value + 1;
        using (var journal = Journal.Open(forged.JournalPath, TimeProvider.System))
        {
            var hash = "0x" + new string('7', 64);
            journal.Append("signed", new JsonObject { ["hash"] = hash });
            journal.Append("mined", new JsonObject { ["hash"] = hash, ["block"] = $"{block}", ["blockHash"] = hash, ["succeeded"] = true });
            journal.Append("verified", new JsonObject { ["block"] = $"{block}", ["blockHash"] = hash });
        }

        // A setting of a contract that the change is at work on, by a transaction that is of no change.
        var view = Devnet.Protocol["FeePool"].Abi.Function("owner");
        var owner = view.DecodeOutput(await Devnet.Client.CallAsync(new CallRequest { To = Devnet.Protocol["FeePool"].Address, Data = view.Encode() }, BlockReference.Latest))[0].AsAddress();
        await MineAsync(1);
        await Devnet.CallAsAsync(owner, "FeePool", "setBurnPct", 3);
        await Wait.UntilAsync("the stranger is found", async () => (await FoundAsync()).Any(title => title.Contains("is of no change", StringComparison.Ordinal)));
        Assert.DoesNotContain(await FoundAsync(), title => title.Contains("none appeared", StringComparison.Ordinal));
        await MineAsync(20);
        await Wait.UntilAsync("the missing events are found", async () => (await FoundAsync()).Any(title => title.Contains("FeePool", StringComparison.Ordinal) && title.Contains("none appeared", StringComparison.Ordinal)));
        Assert.DoesNotContain(await AlertsAsync(), alert => (string?)alert["rule"] == "rules-changed");

        // It has ended by itself.
        var before = (await FoundAsync()).Count;
        await Devnet.CallAsAsync(owner, "FeePool", "setStakerShare", 4);
        await CaughtUpAsync();
        Assert.Equal(before, (await FoundAsync()).Count);
    }

    private async Task MineAsync(int blocks)
    {
        for (var i = 0; i < blocks; i++)
        {
            await Devnet.MineAsync();
        }
    }

    private Task CaughtUpAsync() => Wait.UntilAsync("the monitor has examined every block", async () =>
    {
        var head = (await Devnet.Client.BlockNumberAsync()).Value;
        return (await Devnet.RunAsync("monitoring", "status", "--json")).Json["monitors"]?.AsArray().FirstOrDefault(monitor => (string?)monitor!["monitor"] == "main")?["sets"] is JsonArray { Count: > 1 } sets && sets.All(set => (ulong)set!["next"]! > head);
    });

    private async Task<List<JsonNode>> AlertsAsync() => [.. (await Devnet.RunAsync("alert", "list", "--json")).Json["alerts"]!.AsArray().Select(alert => alert!).Where(alert => (string?)alert["severity"] is not "SEV-3")];

    private async Task<List<string>> FoundAsync() => [.. (await AlertsAsync()).Where(alert => (string?)alert["rule"] == "change-effects").Select(alert => (string)alert["title"]!)];
}
