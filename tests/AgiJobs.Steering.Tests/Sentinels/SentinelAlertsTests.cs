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
    public async Task A_host_tells_of_all_runs_also_of_those_that_are_over()
    {
        await using var state = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder, "state.db")), _time);
        var runs = new DurableRunStore(state, "local");
        await runs.AppendAsync("one", 0, [Start, Guard, new SentinelHeld(SentinelRules.RoiFloor, "low")], default);
        await runs.AppendAsync("two", 0, [Start, Guard, new SentinelStopped(SentinelRules.BudgetCap, "spent"), new RunFinished(RunEnd.Stopped, 0)], default);
        using var worker = new SentinelAlertWorker(runs, new SentinelAlerts(state, "local", ChainId.Local, Channel), TimeSpan.FromSeconds(2), _time);
        await worker.StartAsync(default);
        await Wait.UntilAsync("the worker waits", () => _time.ArmedTimers > 0);
        await runs.AppendAsync("one", 3, [new SentinelReleased(SentinelRules.RoiFloor, "well")], default);
        _time.Advance(TimeSpan.FromSeconds(2));
        await Wait.UntilAsync("three are told", async () => (await state.OutboxAsync(Channel)).Waiting == 3);
        Assert.True(worker.State.IsReady);
        await worker.StopAsync(TimeSpan.Zero);
        Assert.Equal(["local-sentinel-one-3", "local-sentinel-one-4", "local-sentinel-two-3"], (await state.ClaimAsync(Channel, 10, TimeSpan.FromMinutes(1))).Select(message => message.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_run_that_cannot_be_read_is_told_by_readiness_and_keeps_no_other_from_being_told_of()
    {
        await using var state = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder, "state.db")), _time);
        var runs = new DurableRunStore(state, "local");
        await runs.AppendAsync("a-bad", 0, [Start, Guard], default);
        await state.CommitAsync(new StateCommit { Events = [new StreamAppend(runs.StreamOf("a-bad"), 2, [new NewEvent("hgm.odd", "{}")])] });
        await runs.AppendAsync("b-good", 0, [Start, Guard, new SentinelHeld(SentinelRules.RoiFloor, "low")], default);
        using var worker = new SentinelAlertWorker(runs, new SentinelAlerts(state, "local", ChainId.Local, Channel), TimeSpan.FromSeconds(2), _time);
        await worker.StartAsync(default);
        await Wait.UntilAsync("the good one is told of", async () => (await state.OutboxAsync(Channel)).Waiting == 1);
        await Wait.UntilAsync("the bad one is told by readiness", () => worker.State is { IsReady: false, Code: "run-fault" } told && told.Message.Contains("run 'a-bad'", StringComparison.Ordinal));
        await worker.StopAsync(TimeSpan.Zero);
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
