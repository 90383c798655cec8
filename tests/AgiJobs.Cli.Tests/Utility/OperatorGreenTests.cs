using AgiJobs.Arena.Orchestration;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Arena.Standings;
using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Runs;
using AgiJobs.Storage;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;
using RunStep = AgiJobs.Arena.Orchestration.RunStep;

namespace AgiJobs.Cli.Tests.Utility;

/// <summary>operator green on a local network whose books are written as the orchestrator and the engine write them.</summary>
public sealed class OperatorGreenTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private static readonly SentinelSettings Guarded = new();

    private TestNetwork Devnet => fixture.Devnet;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_network_without_records_is_not_green_and_every_guardrail_says_unknown()
    {
        var told = await Devnet.RunAsync("operator", "green", "--json");

        Assert.Equal((5, "unknown"), (told.Exit, (string?)told.Json["verdict"]));
        Assert.Equal(["not-paused"], Names(told, "held"));
        Assert.StartsWith("NOT GREEN", (string?)told.Json["banner"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rounds_and_a_run_that_are_recorded_and_good_are_green_and_the_report_is_written()
    {
        await RunAsync("one", 800, Guarded);
        await RoundsAsync(40, _ => 10, _ => false);

        var told = await Devnet.RunAsync("operator", "green", "--json");

        Assert.True(told.Exit == 0, told.ToString());
        Assert.Equal(("held", "one", 20), ((string?)told.Json["verdict"], (string?)told.Json["run"], (int)told.Json["rounds"]!["judged"]!));
        Assert.True((double)told.Json["utility"]!["uplift"]! > 0.05);
        var folder = Devnet.Workspace.Locate("reports", "operator-green");
        Assert.Equal(told.Output.TrimEnd(), (await File.ReadAllTextAsync(Path.Combine(folder, "report.json"), Stop)).TrimEnd());
        Assert.Contains("GREEN: utility +", await File.ReadAllTextAsync(Path.Combine(folder, "report.md"), Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_missed_guardrail_is_exit_3_and_never_green()
    {
        await RunAsync("one", 800, Guarded);
        await RoundsAsync(40, _ => 10, round => round > 36);

        var told = await Devnet.RunAsync("operator", "green", "--json");

        Assert.Equal((3, "missed"), (told.Exit, (string?)told.Json["verdict"]));
        Assert.Equal(["reliability"], Names(told, "missed"));
        Assert.Equal("NOT GREEN: reliability missed", (string?)told.Json["banner"]);
    }

    [Fact]
    public async Task A_paused_system_a_slower_arena_and_an_idle_run_are_each_missed()
    {
        await RunAsync("idle", 0, Guarded);
        await RoundsAsync(40, round => round > 20 ? 15 : 10, _ => false);
        Assert.Equal(0, (await Devnet.RunAsync("owner", "system-pause", "--action", "pause", "--signer", "guardian", "--execute")).Exit);

        var told = await Devnet.RunAsync("operator", "green", "--json");

        Assert.Equal(3, told.Exit);
        Assert.Equal(["utility-uplift", "round-latency", "not-paused"], Names(told, "missed"));
    }

    [Fact]
    public async Task A_run_without_a_sentinel_and_old_records_are_not_fine()
    {
        await RunAsync("one", 800, null);
        await RoundsAsync(40, _ => 10, _ => false);

        Assert.Equal(["sentinel"], Names(await Devnet.RunAsync("operator", "green", "--json"), "unknown"));
        var old = await Devnet.RunAsync("operator", "green", "--max-age", "0", "--json");
        Assert.Equal(3, old.Exit);
        Assert.Equal(["fresh-run", "fresh-rounds"], Names(old, "missed"));
    }

    [Fact]
    public async Task Of_several_runs_none_is_guessed()
    {
        await RunAsync("one", 0, null);
        await RunAsync("two", 0, null);

        var refused = await Devnet.RunAsync("operator", "green", "--json");

        Assert.Equal((2, "run-ambiguous"), (refused.Exit, (string?)refused.Json["error"]!["code"]));
        Assert.Contains("one, two", (string?)refused.Json["error"]!["message"], StringComparison.Ordinal);
        Assert.Equal((2, "run-unknown"), ((await Devnet.RunAsync("operator", "green", "--run", "three", "--json")) is var unknown ? (unknown.Exit, (string?)unknown.Json["error"]!["code"]) : default));
    }

    [Fact]
    public async Task The_published_micro_set_is_a_scenario_with_its_figures()
    {
        var told = await Devnet.RunAsync("operator", "green", "--scenario", "micro-set", "--strategy", "all", "--json");

        Assert.Equal(0, told.Exit);
        Assert.Equal([10.94, 15.17, 9.83, 19.70, 25.28], told.Json["strategies"]!.AsArray().Select(one => Math.Round(100 * (double)one!["uplift"]!, 2)));
        Assert.Equal((2, "unknown-strategy"), await CodeAsync("--scenario", "micro-set", "--strategy", "core"));
        Assert.Equal((2, "strategy-alone"), await CodeAsync("--strategy", "e2e"));
        Assert.Equal((2, "rounds-range"), await CodeAsync("--rounds", "5"));
    }

    private async Task<(int, string?)> CodeAsync(params string[] arguments) =>
        await Devnet.RunAsync(["operator", "green", .. arguments, "--json"]) is var refused ? (refused.Exit, (string?)refused.Json["error"]?["code"]) : default;

    private static IEnumerable<string?> Names(Outcome told, string verdict) =>
        told.Json["guardrails"]!.AsArray().Where(guardrail => (string?)guardrail!["verdict"] == verdict).Select(guardrail => (string?)guardrail!["name"]);

    private async Task RunAsync(string name, int evaluations, SentinelSettings? sentinel)
    {
        await using var state = await OpenAsync(TimeProvider.System);
        var store = new DurableRunStore(state, TestNetwork.Network);
        var settings = EvolutionStudy.Run with { Evaluations = evaluations, FreeRootEvaluation = evaluations > 0 };
        await RunSteering.BeginAsync(store, name, EvolutionWorld.Begin(settings), sentinel is null ? null : new SentinelSet(sentinel, "test"), Stop);
        await new RunDriver(store, EvolutionWorld.For(settings, store), 1).DriveAsync(name, EvolutionWorld.Begin(settings), Stop);
        if (await store.FindAsync(name, Stop) is null)
        {
            await store.EnlistAsync(name, RunState.Fold(await store.ReadAsync(name, 0, Stop)), Stop);
        }
    }

    private async Task RoundsAsync(int count, Func<int, double> seconds, Func<int, bool> fails)
    {
        var clock = new ManualTime(TimeProvider.System.GetUtcNow().AddHours(-1));
        await using var state = await OpenAsync(clock);
        var (log, book) = (new RunLog(state, TestNetwork.Network, clock), new ResultBook(state, TestNetwork.Network));
        var lease = (await state.TryAcquireAsync("rounds", "test", TimeSpan.FromHours(12), Stop))!;
        for (var round = 1; round <= count; round++)
        {
            var run = await log.PlanAsync(lease, name => new RunPlanned(name, 1, default, 500, default, [], []), Stop);
            run = await log.AppendAsync(lease, run, Stop, new TransactionMined(RunStep.Start, default, 1, 1, true, round));
            clock.Advance(TimeSpan.FromSeconds(seconds(round)));
            var ended = new EndedRound { Id = round, EndedAt = clock.GetUtcNow(), Difficulty = 500, Teacher = default, Failure = fails(round) ? "task-missing" : null };
            await log.EndAsync(lease, run, new RunEnded("finalised", 2), new StateCommit { Documents = [book.Write(ended)] }, Stop);
        }
    }

    private Task<IStateStore> OpenAsync(TimeProvider time) => StateStore.OpenAsync(StateLocation.File(Devnet.Workspace.StatePath(TestNetwork.Network)), time, Stop);
}
