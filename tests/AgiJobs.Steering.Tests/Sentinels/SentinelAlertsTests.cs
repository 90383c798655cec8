using System.Text.Json.Nodes;
using AgiJobs.Ethereum;
using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Runs;
using AgiJobs.Steering.Sentinels;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Steering.Tests.Sentinels;

public sealed class SentinelAlertsTests : IDisposable
{
    private const string Channel = "alerts";

    private static readonly RunStarted Start = new(new RunSettings(), null);
    private static readonly SentinelSet Guard = new(new SentinelSettings(), "test");

    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-alerts-").FullName;
    private readonly ManualTime _time = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Each_intervention_is_told_once_with_its_time_and_a_hold_after_a_release_again()
    {
        await using var state = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder, "state.db")), _time);
        var runs = new DurableRunStore(state, "local");
        var alerts = new SentinelAlerts(state, "local", ChainId.Local, Channel);
        Assert.Equal(0, await alerts.TellAsync("run", default));
        await runs.AppendAsync("run", 0, [Start, Guard, new SentinelHeld(SentinelRules.RoiFloor, "low")], default);
        Assert.Equal(1, await alerts.TellAsync("run", default));
        Assert.Equal(0, await alerts.TellAsync("run", default));
        _time.Advance(TimeSpan.FromMinutes(1));
        await runs.AppendAsync("run", 3, [new SentinelReleased(SentinelRules.RoiFloor, "well"), new SentinelHeld(SentinelRules.RoiFloor, "low"), new SentinelAcknowledged(SentinelRules.RoiFloor, "ada"), new SentinelStopped(SentinelRules.BudgetCap, "spent")], default);

        // Another process goes on where this one was.
        Assert.Equal(3, await new SentinelAlerts(state, "local", ChainId.Local, Channel).TellAsync("run", default));
        var messages = await state.ClaimAsync(Channel, 10, TimeSpan.FromMinutes(1));
        Assert.Equal(["local-sentinel-run-3", "local-sentinel-run-4", "local-sentinel-run-5", "local-sentinel-run-7"], messages.Select(message => message.Key));
        Assert.Equal(
            ["warning Sentinel paused expansions (roi_floor) 2026-01-01T00:00:00.000Z", "info Sentinel resumed expansions (roi_floor) 2026-01-01T00:01:00.000Z", "warning Sentinel paused expansions (roi_floor) 2026-01-01T00:01:00.000Z", "critical Sentinel stopped the run (budget_cap) 2026-01-01T00:01:00.000Z"],
            messages.Select(message => JsonNode.Parse(message.Data)!).Select(json => $"{json["severity"]} {json["message"]} {json["timestamp"]}"));
    }

    [Fact]
    public async Task Two_that_tell_at_once_tell_nothing_twice_and_nothing_not()
    {
        await using var state = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder, "state.db")), _time);
        var runs = new DurableRunStore(state, "local");
        RunEvent[] events = [Start, Guard, .. Enumerable.Range(0, 300).SelectMany(_ => (RunEvent[])[new SentinelHeld(SentinelRules.RoiFloor, "low"), new SentinelReleased(SentinelRules.RoiFloor, "well")])];
        await runs.AppendAsync("run", 0, events, default);
        var told = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => new SentinelAlerts(state, "local", ChainId.Local, Channel).TellAsync("run", default))));
        Assert.Equal(600, told.Sum());
        Assert.Equal(600, (await state.OutboxAsync(Channel)).Waiting);
    }
}
