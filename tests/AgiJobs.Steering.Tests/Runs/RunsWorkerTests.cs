using System.Collections.Concurrent;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Runs;
using AgiJobs.Steering.Worlds;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Steering.Tests.Runs;

public sealed class RunsWorkerTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-worker-").FullName;
    private readonly ConcurrentBag<string> _told = [];
    private IStateStore _state = null!;
    private DurableRunStore _runs = null!;

    public async ValueTask InitializeAsync()
    {
        _state = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder, "state.db")), TimeProvider.System);
        _runs = new DurableRunStore(_state, "local");
    }

    public async ValueTask DisposeAsync()
    {
        await _state.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Every_run_that_nobody_drives_is_driven_to_its_end_and_one_bad_run_stops_none_and_is_told()
    {
        await BeginAsync("a-bad", 666);
        await BeginAsync("b", 1);
        await BeginAsync("c", 2);
        using var worker = Worker(options => options with { Runs = 1, World = (_, settings, runs, _) => settings.Seed == 666 ? throw new InvalidOperationException("no such world") : Task.FromResult(new OpenWorld(EvolutionWorld.For(settings, runs), null)) });
        await worker.StartAsync(default);
        await Wait.UntilAsync("both good runs are over", async () => (await _runs.ListAsync(default)).Count(entry => entry.IsFinished) == 2);
        await Wait.UntilAsync("readiness tells the bad one", () => worker.State is { IsReady: false, Code: "run-fault" } state && state.Message.Contains("run 'a-bad': InvalidOperationException: no such world", StringComparison.Ordinal));
        await worker.StopAsync(TimeSpan.FromSeconds(10));
        Assert.Single(_told, told => told.StartsWith("fault run-failed", StringComparison.Ordinal));
        Assert.Single(await _runs.TextsAsync("a-bad", default));
        await new RunDriver(_runs, EvolutionWorld.For(RunSeatTests.Settings with { Seed = 1 }, _runs), 3).DriveAsync("bare", EvolutionWorld.Begin(RunSeatTests.Settings with { Seed = 1 }), default);
        Assert.Equal(await _runs.TextsAsync("bare", default), await _runs.TextsAsync("b", default));
    }

    [Fact]
    public async Task No_more_than_the_bound_are_driven_at_once_and_a_run_that_another_drives_is_left_to_it()
    {
        foreach (var run in (string[])["a", "b", "c", "d"])
        {
            await BeginAsync(run, 1);
        }

        await using var elsewhere = await RunSeat.TakeAsync(_runs, "a", DriverName.New(), TimeSpan.FromMinutes(1), TimeProvider.System, default);
        var world = new WaitingWorld();
        using var worker = Worker(options => options with { Runs = 2, World = (_, _, _, _) => Task.FromResult(new OpenWorld(world, null)) });
        await worker.StartAsync(default);
        await Wait.UntilAsync("two are driven", () => worker.State is { IsReady: true } state && state.Message.StartsWith("2 driven here, ", StringComparison.Ordinal));
        Assert.NotNull(await _state.FindLeaseAsync(_runs.StreamOf("c")));
        Assert.Null(await _state.FindLeaseAsync(_runs.StreamOf("d")));
        await worker.StopAsync(TimeSpan.FromSeconds(10));

        // What was driven is free for the next.
        Assert.Null(await _state.FindLeaseAsync(_runs.StreamOf("b")));
    }

    [Fact]
    public async Task A_held_run_is_left_alone_until_something_is_steered()
    {
        await BeginAsync("held", 1);
        await RunSteering.AppendAsync(_runs, "held", null, new ExpansionGateSet(false, "wait"), default);
        using var worker = Worker(options => options);
        await worker.StartAsync(default);
        await Wait.UntilAsync("the run is held", () => _told.Any(told => told.StartsWith("note run-held", StringComparison.Ordinal)));
        await Wait.UntilAsync("nobody drives it", async () => await _state.FindLeaseAsync(_runs.StreamOf("held")) is null);
        await RunSteering.AppendAsync(_runs, "held", null, new ExpansionGateSet(true, "go on"), default);
        await Wait.UntilAsync("the run is over", async () => (await _runs.FindAsync("held", default))!.IsFinished);
        await worker.StopAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(2, _told.Count(told => told.StartsWith("note run-driving", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_store_that_does_not_answer_is_not_ready()
    {
        using var worker = Worker(options => options);
        Assert.Equal((false, "starting"), (worker.State.IsReady, worker.State.Code));
        await _state.CommitAsync(new StateCommit { Documents = [new DocumentWrite("hgm/local/runs", "odd", "{}")] });
        await worker.StartAsync(default);
        await Wait.UntilAsync("the damage is told", () => worker.State is { IsReady: false, Code: StorageException.Damaged });
        await worker.StopAsync(TimeSpan.FromSeconds(10));
        Assert.Equal("stopped", worker.State.Code);
    }

    private ValueTask<bool> BeginAsync(string run, ulong seed) => _runs.BeginAsync(run, EvolutionWorld.Begin(RunSeatTests.Settings with { Seed = seed }), null, null, default);

    private RunsWorker Worker(Func<RunsOptions, RunsOptions> options) => new(
        _runs,
        options(new RunsOptions
        {
            World = (_, settings, runs, _) => Task.FromResult(new OpenWorld(EvolutionWorld.For(settings, runs), null)),
            Poll = TimeSpan.FromMilliseconds(10),
            Tell = (isFault, code, message) => _told.Add($"{(isFault ? "fault" : "note")} {code} {message}"),
        }),
        TimeProvider.System);
}
