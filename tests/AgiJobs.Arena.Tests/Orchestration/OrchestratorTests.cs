using AgiJobs.Arena.Orchestration;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Storage;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Arena.Tests.Orchestration;

public sealed class OrchestratorTests(DevnetFixture fixture, ITestOutputHelper output) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    // The local network has a round of its own under way.
    private const long Round = 2;

    private static readonly bool IsLong = Environment.GetEnvironmentVariable("AGIJOBS_TEST_LONG") is "1";

    private readonly CountedStandings _standings = new();
    private IStateStore _store = null!;
    private EthereumClient _client = null!;

    private TestNetwork Devnet => fixture.Devnet;

    public async ValueTask InitializeAsync()
    {
        await Devnet.FreshAsync();
        _client = await EthereumClient.ConnectAsync(RpcOptions.For(Devnet.Url), ChainId.Local, TimeProvider.System);
        _store = await OpenAsync("state");
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await _client.DisposeAsync();
    }

    [Fact]
    public async Task A_round_is_played_from_its_start_to_the_counting_of_the_votes()
    {
        var scene = new ArenaScene(Devnet, _client) { Votes = { ["validator-1"] = 1, ["validator-2"] = 1, ["validator-3"] = 3 } };
        var run = await PlayAsync(scene, scene.NewOrchestrator(_client, _store, _standings));
        Assert.Equal("finalised", run.Ended!.Outcome);
        Assert.Equal([RunStep.Start, RunStep.Close, RunStep.EndAnswering, RunStep.EndRevealing, RunStep.EndVoting, RunStep.Finalise], run.Transactions.Select(transaction => transaction.Step));
        Assert.All(run.Transactions, transaction => Assert.True(transaction.HasSucceeded && transaction.GasUsed > 21_000));
        var round = await scene.Arena.ChronicleAsync(Round, new BlockNumber(0), await _client.BlockNumberAsync());
        Assert.Equal(RoundEnding.Finalised, round!.Ending);
        Assert.Equal(5_000, round.SuccessRateBps);
        var winner = Assert.Single(round.Students, round.HasWon);
        Assert.Equal(0, winner.Index);
        Assert.True(winner.Earned.Value > 0);
        Assert.True(round.People[0].Earned.Value > 0);
        Assert.Equal(["run-000001"], _standings.Ended);
        Assert.Equal(["run-000001"], _standings.Published);
        Assert.Equal(2, (await scene.Arena.ReadAsync([])).TotalRounds);
    }

    [Theory]
    [InlineData("publish", "teacher-vanished")]
    [InlineData("join", "committee-too-small")]
    [InlineData("count", "too-few-votes")]
    public async Task A_round_that_its_people_desert_is_voided_and_says_why(string step, string code)
    {
        var scene = new ArenaScene(Devnet, _client);
        scene.Silent.UnionWith(scene.Teachers.Concat(scene.Validators).Select(name => $"{name}:{step}"));
        var run = await PlayAsync(scene, scene.NewOrchestrator(_client, _store, _standings), lapses: true);
        Assert.Equal(("voided", code), (run.Ended!.Outcome, run.Ended.Code));
        Assert.Equal(code, run.Log[^1].Code);
    }

    [Fact]
    public async Task A_validator_who_reveals_nothing_pays_the_price_of_silence_and_the_round_counts()
    {
        var scene = new ArenaScene(Devnet, _client) { Silent = { "validator-2:count" } };
        var run = await PlayAsync(scene, scene.NewOrchestrator(_client, _store, _standings), lapses: true);
        Assert.Equal("finalised", run.Ended!.Outcome);
        var round = await scene.Arena.ChronicleAsync(Round, new BlockNumber(0), await _client.BlockNumberAsync());
        var silent = Assert.Single(round!.Committee, validator => validator.Silence.Value > 0);
        Assert.Equal(scene.Account("validator-2"), silent.Account);
        Assert.Null(silent.Disclosed);
    }

    [Fact]
    public async Task While_the_arena_is_paused_nothing_is_sent_and_afterwards_it_goes_on_by_itself()
    {
        var scene = new ArenaScene(Devnet, _client);
        var orchestrator = scene.NewOrchestrator(_client, _store, _standings);
        scene.Silent.UnionWith(scene.Students.Select(name => $"{name}:commit"));
        await TickUntilAsync(orchestrator, scene, phase => phase == RoundPhase.Answering);
        var sent = await Devnet.PendingNonceAsync("orchestrator");
        await Devnet.CallAsAsync(Devnet.Safe, "SystemPause", "pauseAll");
        var pausedIn = (await _client.BlockNumberAsync()).Value;
        for (var i = 0; i < 5; i++)
        {
            await scene.PlayAsync(Round);
            await IncreaseTimeAsync();
            var tick = await orchestrator.TickAsync(CancellationToken.None);
            Assert.Equal(OrchestratorState.Paused, tick.State);
            Assert.Equal(0, tick.Sent);
        }

        Assert.Equal(sent, await Devnet.PendingNonceAsync("orchestrator"));
        var view = (await _store.GetAsync("arena/local/views", "status"))!.Data;
        Assert.Contains("\"state\":\"paused\"", view, StringComparison.Ordinal);
        Assert.Contains($"\"pausedIn\":{pausedIn}", view, StringComparison.Ordinal);
        Assert.Contains("\"actionsAfterPause\":0", view, StringComparison.Ordinal);
        scene.Silent.Clear();
        await Devnet.CallAsAsync(Devnet.Safe, "SystemPause", "unpauseAll");
        var run = await PlayAsync(scene, orchestrator);
        Assert.Equal("finalised", run.Ended!.Outcome);
        Assert.Equal(["arena-paused", "arena-resumed"], run.Log.Select(line => line.Code).Where(code => code.StartsWith("arena-", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killed_at_any_commit_it_goes_on_and_the_round_is_played_and_counted_once(bool isAfter)
    {
        var points = 0;
        var start = await Devnet.SnapshotAsync();
        for (var commit = 1; ; commit++)
        {
            await Devnet.RevertAsync(start);
            start = await Devnet.SnapshotAsync();
            await using var store = await OpenAsync($"kill-{commit}");
            var dying = new DyingStore(store, commit, isAfter);
            var scene = new ArenaScene(Devnet, _client) { Students = ["agent-1"] };
            try
            {
                await PlayAsync(scene, scene.NewOrchestrator(_client, dying, new CountedStandings()), dying);
            }
            catch (ProcessDiedException)
            {
                // The next process goes on with what is in the store.
            }

            if (!dying.HasDied)
            {
                break;
            }

            points++;
            var run = await PlayAsync(scene, scene.NewOrchestrator(_client, store, new CountedStandings()), store);
            Assert.Equal("finalised", run.Ended!.Outcome);
            Assert.Equal(2, (await scene.Arena.ReadAsync([])).TotalRounds);
            Assert.Single(await store.ListAsync("test/ended"));
            Assert.Equal(6, run.Transactions.Count);
            Assert.Empty(await new RunLog(store, TestNetwork.Network, TimeProvider.System).UnpublishedAsync(CancellationToken.None));
        }

        output.WriteLine($"{points} points");
        Assert.True(points > 20, $"{points}");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cut_off_from_the_chain_at_any_exchange_it_goes_on_and_sends_nothing_twice(bool isAfterForwarding)
    {
        var start = await Devnet.SnapshotAsync();
        var exchanges = 0;
        for (var cut = 3; ; cut += IsLong ? 1 : 4)
        {
            await Devnet.RevertAsync(start);
            start = await Devnet.SnapshotAsync();
            await using var store = await OpenAsync($"cut-{cut}");
            await using var rpc = FaultyRpc.InFrontOf(Devnet.Url);
            rpc.CutAtExchange = cut;
            rpc.CutAfterForwarding = isAfterForwarding;
            var scene = new ArenaScene(Devnet, _client) { Students = ["agent-1"] };
            await using var first = await EthereumClient.ConnectAsync(RpcOptions.For(rpc.Url) with { Rounds = 1 }, ChainId.Local, TimeProvider.System);
            var hasDied = false;
            try
            {
                await PlayAsync(scene, scene.NewOrchestrator(first, store, new CountedStandings()), store);
            }
            catch (EthereumException)
            {
                hasDied = true;
            }

            if (!hasDied && rpc.Exchanges < cut)
            {
                break;
            }

            exchanges++;
            var run = await PlayAsync(scene, scene.NewOrchestrator(_client, store, new CountedStandings()), store);
            Assert.Equal("finalised", run.Ended!.Outcome);
            Assert.Equal(2, (await scene.Arena.ReadAsync([])).TotalRounds);
            Assert.Single(await store.ListAsync("test/ended"));
        }

        Assert.True(exchanges > 5, $"{exchanges}");
    }

    [Fact]
    public async Task Of_two_orchestrators_one_acts_and_the_other_takes_over_when_its_lease_is_over()
    {
        var scene = new ArenaScene(Devnet, _client);
        var clock = new MovedClock();
        var first = scene.NewOrchestrator(_client, _store, _standings, "first", time: clock);
        var second = scene.NewOrchestrator(_client, _store, _standings, "second", time: clock);
        Assert.Equal(1, (await first.TickAsync(CancellationToken.None)).Sent);
        Assert.Equal(OrchestratorState.StandingBy, (await second.TickAsync(CancellationToken.None)).State);
        await scene.PlayAsync(Round);
        Assert.Equal(OrchestratorState.StandingBy, (await second.TickAsync(CancellationToken.None)).State);
        clock.Ahead += TimeSpan.FromMinutes(1);
        var run = await PlayAsync(scene, second, clock: clock);
        Assert.Equal("finalised", run.Ended!.Outcome);
        Assert.Equal(2, (await scene.Arena.ReadAsync([])).TotalRounds);

        // The first wakes up, finds its lease with another, and does nothing.
        Assert.Equal(OrchestratorState.StandingBy, (await first.TickAsync(CancellationToken.None)).State);
    }

    [Fact]
    public async Task Without_enough_agents_it_waits_and_says_what_is_missing()
    {
        var scene = new ArenaScene(Devnet, _client) { Validators = ["validator-1", "validator-2"] };
        var tick = await scene.NewOrchestrator(_client, _store, _standings).TickAsync(CancellationToken.None);
        Assert.Equal(OrchestratorState.Waiting, tick.State);
        Assert.Contains("2 could judge; a round needs 1, 1 and 3", tick.Why, StringComparison.Ordinal);
        Assert.Equal(1, (await scene.Arena.ReadAsync([])).TotalRounds);
    }

    [Fact]
    public async Task A_start_that_is_refused_is_told_and_tried_again_later_and_not_with_every_look()
    {
        var scene = new ArenaScene(Devnet, _client);
        await Devnet.CallAsAsync(Devnet.Safe, "SelfPlayArena", "setOrchestrator", scene.Account("orchestrator"), false);
        var orchestrator = scene.NewOrchestrator(_client, _store, _standings);
        var tick = await orchestrator.TickAsync(CancellationToken.None);
        Assert.Contains("Unauthorized", tick.Why, StringComparison.Ordinal);
        await orchestrator.TickAsync(CancellationToken.None);
        await orchestrator.TickAsync(CancellationToken.None);
        var run = Assert.Single(await new RunLog(_store, TestNetwork.Network, TimeProvider.System).AllAsync(CancellationToken.None));
        Assert.Equal(("abandoned", "transaction-would-revert"), (run.Ended!.Outcome, run.Ended.Code));
    }

    private Task<IStateStore> OpenAsync(string name) => StateStore.OpenAsync(StateLocation.File(Devnet.Workspace.Locate("storage", "state", name + ".sqlite")), TimeProvider.System);

    private async Task<RunRecord> PlayAsync(ArenaScene scene, Orchestrator orchestrator, IStateStore? store = null, bool lapses = false, MovedClock? clock = null)
    {
        var log = new RunLog(store ?? _store, TestNetwork.Network, TimeProvider.System);
        return await Wait.ForAsync("the end of the run", async () =>
        {
            var tick = await orchestrator.TickAsync(CancellationToken.None);
            var before = await Devnet.Client.BlockNumberAsync();
            await scene.PlayAsync(Round);
            if (lapses && tick.Sent == 0 && before == await Devnet.Client.BlockNumberAsync())
            {
                await IncreaseTimeAsync();
            }

            clock?.Ahead += TimeSpan.FromSeconds(1);
            return (await log.AllAsync(CancellationToken.None)).FirstOrDefault(run => run.Ended is not null);
        });
    }

    private static async Task TickUntilAsync(Orchestrator orchestrator, ArenaScene scene, Func<RoundPhase, bool> isThere) => await Wait.ForAsync("the phase", async () =>
    {
        await orchestrator.TickAsync(CancellationToken.None);
        var state = await scene.Arena.ReadAsync([Round]);
        if (state.TotalRounds >= Round && isThere(state.Rounds[Round].Phase))
        {
            return state;
        }

        await scene.PlayAsync(Round);
        return null;
    });

    private async Task IncreaseTimeAsync()
    {
        await Devnet.Client.RequestAsync("evm_increaseTime", writer => writer.WriteNumberValue(3_601));
        await Devnet.MineAsync();
    }

    private sealed class MovedClock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Ahead;
    }
}
