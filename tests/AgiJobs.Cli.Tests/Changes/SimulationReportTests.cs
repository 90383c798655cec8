using System.Text.Json.Nodes;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Changes;

public sealed class SimulationReportTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private const string NothingSent = "NOTHING WAS SENT - add --execute";

    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_simulation_shows_calls_events_and_variables_sends_nothing_and_is_filed()
    {
        var change = await PlanAsync();
        var first = await Devnet.RunAsync("change", "simulate", change);
        Assert.True(first.Exit == 3, first.ToString());
        Assert.Equal(NothingSent, first.Lines[0]);
        Assert.Equal(NothingSent, first.Lines[^1]);
        Assert.Contains("network local, chain 31337", first.Lines);
        Assert.Contains("  sends    SystemPause.pauseAll(): guardian calls SystemPause.pauseAll()", first.Lines);
        Assert.Contains(first.Lines, line => line.Contains("_paused ", StringComparison.Ordinal) && line.Contains("false", StringComparison.Ordinal) && line.Contains("declared", StringComparison.Ordinal));
        Assert.DoesNotContain("BLOCKED", first.Output, StringComparison.Ordinal);
        Assert.False(await Devnet.IsPausedAsync());
        Assert.Equal(first.Output, (await Devnet.RunAsync("change", "simulate", change)).Output);

        var json = (await Devnet.RunAsync("change", "simulate", change, "--json")).Json;
        Assert.Equal(("agijobs.change-simulation/1", 3, false, true), ((string)json["schema"]!, (int)json["exit"]!, (bool)json["blocked"]!, (bool)json["complete"]!));
        Assert.Equal(json["simulation"]!.ToJsonString(), JsonNode.Parse(await File.ReadAllTextAsync((string)json["file"]!))!.ToJsonString());
        var dryRun = await File.ReadAllTextAsync(Path.Combine(Devnet.Folder, "monitoring", "runbooks", $"{change}.md"));
        Assert.Contains("## Simulation", dryRun, StringComparison.Ordinal);
        Assert.Contains("| _paused | false | true | declared |", dryRun, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_would_revert_is_blocked_with_exit_4_and_the_reason()
    {
        var change = await PlanAsync();
        await Devnet.CallAsAsync(Devnet.Safe, "SystemPause", "setGuardian", Devnet.Accounts["guardian"].Address, false);
        var outcome = await Devnet.RunAsync("change", "simulate", change);
        Assert.True(outcome.Exit == 4, outcome.ToString());
        Assert.Contains(outcome.Lines, line => line.StartsWith("  BLOCKED  SystemPause.pauseAll() would revert: Unauthorized(", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_node_that_cannot_trace_is_helped_by_a_fork()
    {
        var change = await PlanAsync();
        await using var proxy = FaultyRpc.InFrontOf(Devnet.Url);
        proxy.On("debug_traceCall").Error(-32601, "no such method");
        Devnet.PointAt(proxy.Url);
        var json = (await Devnet.RunAsync("change", "simulate", change, "--json")).Json;
        Assert.Equal(3, (int)json["exit"]!);
        Assert.Equal(["eth_simulateV1", "fork"], json["simulation"]!["means"]!.AsArray().Select(means => (string)means!));
    }

    private async Task<string> PlanAsync() => (string)(await Devnet.RunAsync("owner", "system-pause", "--action", "pause", "--json")).Json["change"]!;
}
