using System.Text.Json.Nodes;
using AgiJobs.Arena.Alerts;
using AgiJobs.Arena.Orchestration;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Arena.Tests.Alerts;

public sealed class OrchestratorPulseTests : IAsyncLifetime
{
    private static readonly OrchestratorTick Blind = new(OrchestratorState.Unknown, null, 0, 0, "rpc-unreachable: nobody answers") { Code = "rpc-unreachable" };
    private static readonly OrchestratorTick Well = new(OrchestratorState.Running, null, 1, 0, null);

    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-pulse-").FullName;
    private readonly ManualTime _time = new();
    private readonly AlertSettings _settings = new("devnet", 31337);
    private IStateStore _store = null!;

    public async ValueTask InitializeAsync() => _store = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder, "state.db")), _time);

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_chain_that_stays_unreadable_fires_once_and_its_return_resolves()
    {
        var pulse = new OrchestratorPulse(_store, _settings, _time);
        await pulse.HearAsync(Well, CancellationToken.None);
        for (var look = 0; look < 40; look++)
        {
            await pulse.HearAsync(Blind, CancellationToken.None);
            _time.Advance(TimeSpan.FromMilliseconds(250));
        }

        Assert.Empty(await MessagesAsync());
        await pulse.HearAsync(Blind, CancellationToken.None);
        var fired = Assert.Single(await MessagesAsync());
        Assert.Equal(("orchestrator-failing", "firing", "rpc-unreachable", 3), ((string)fired["rule"]!, (string)fired["state"]!, (string)fired["reason"]!, (int)fired["failures"]!));
        _time.Advance(TimeSpan.FromSeconds(1));
        await pulse.HearAsync(Well, CancellationToken.None);
        await pulse.HearAsync(Well, CancellationToken.None);
        Assert.Equal("resolved", (string)Assert.Single(await MessagesAsync())["state"]!);
    }

    [Fact]
    public async Task A_step_that_goes_on_failing_fires_and_another_process_that_works_resolves()
    {
        var pulse = new OrchestratorPulse(_store, _settings, _time);
        for (var look = 0; look < 3; look++)
        {
            Assert.Empty(await MessagesAsync());
            await pulse.HearAsync(Well with { Failures = 1, Code = "transaction-would-revert" }, CancellationToken.None);
            _time.Advance(OrchestratorPulse.Spacing);
        }

        Assert.Equal("transaction-would-revert", (string)Assert.Single(await MessagesAsync())["reason"]!);
        var next = new OrchestratorPulse(_store, _settings, _time);
        await next.HearAsync(Blind with { State = OrchestratorState.StandingBy }, CancellationToken.None);
        Assert.Empty(await MessagesAsync());
        await next.HearAsync(Well, CancellationToken.None);
        Assert.Equal("resolved", (string)Assert.Single(await MessagesAsync())["state"]!);
    }

    [Fact]
    public async Task What_failed_as_the_arena_was_paused_neither_goes_on_nor_is_over_until_it_runs_again()
    {
        var pulse = new OrchestratorPulse(_store, _settings, _time);
        var failed = Well with { Failures = 1, Code = "transaction-would-revert" };
        await LookAsync(failed);
        await LookAsync(failed with { State = OrchestratorState.Paused }, 20);
        Assert.Empty(await MessagesAsync());
        await LookAsync(failed, 2);
        Assert.Equal("firing", (string)Assert.Single(await MessagesAsync())["state"]!);
        await LookAsync(failed with { State = OrchestratorState.Paused }, 20);
        Assert.Empty(await MessagesAsync());
        await LookAsync(Well);
        Assert.Equal("resolved", (string)Assert.Single(await MessagesAsync())["state"]!);

        async Task LookAsync(OrchestratorTick tick, int times = 1)
        {
            for (var look = 0; look < times; look++)
            {
                await pulse.HearAsync(tick, CancellationToken.None);
                _time.Advance(OrchestratorPulse.Spacing);
            }
        }
    }

    private async Task<IReadOnlyList<JsonNode>> MessagesAsync()
    {
        var claimed = await _store.ClaimAsync(AlertBook.Channel("devnet"), 10, TimeSpan.FromMinutes(1));
        foreach (var message in claimed)
        {
            await _store.SettleAsync(message, new Delivery(IsDelivered: true));
        }

        return [.. claimed.Select(message => JsonNode.Parse(message.Data)!)];
    }
}
