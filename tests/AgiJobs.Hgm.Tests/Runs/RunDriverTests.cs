using System.Text;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;

namespace AgiJobs.Hgm.Tests.Runs;

public sealed class RunDriverTests
{
    private static readonly RunStarted Start = new(new RunSettings { Seed = 11, Tasks = 12, Evaluations = 90, Concurrency = 6 }, "root");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(PolicyNames.Hgm)]
    [InlineData(PolicyNames.Dgm)]
    [InlineData(PolicyNames.Sica)]
    public async Task Any_number_of_workers_gives_the_same_bytes(string policy)
    {
        var start = Start with { Settings = Start.Settings with { Policy = policy } };
        var alone = await DriveAsync(start, workers: 1, scramble: 1);
        Assert.Equal(90, RunState.Fold(alone.Select(json => RunEventJson.Read(json))).Evaluations);
        foreach (var (workers, scramble) in ((int, int)[])[(2, 13), (6, 50), (20, 97)])
            Assert.Equal(Text(alone), Text(await DriveAsync(start, workers, scramble)));
    }

    [Fact]
    public async Task A_run_cut_at_any_event_goes_on_to_the_same_bytes()
    {
        var whole = await DriveAsync(Start, workers: 3, scramble: 20);
        for (var cut = 0; cut < whole.Count; cut++)
        {
            var store = new MemoryRunStore();
            if (cut > 0)
                await store.AppendAsync("run", 0, [.. whole.Take(cut).Select(json => RunEventJson.Read(json))], Cancellation);
            await new RunDriver(store, new ScriptedWorld(1 + cut % 31), 1 + cut % 7).DriveAsync("run", Start, Cancellation);
            Assert.Equal(Text(whole), Text(store.Bytes("run")));
        }
    }

    [Fact]
    public async Task After_a_cut_only_the_work_in_flight_is_done_again()
    {
        var whole = await DriveAsync(Start, workers: 3, scramble: 20);
        var cut = whole.Count / 2;
        var store = new MemoryRunStore();
        RunEvent[] kept = [.. whole.Take(cut).Select(json => RunEventJson.Read(json))];
        await store.AppendAsync("run", 0, kept, Cancellation);
        var state = RunState.Fold(kept);
        var world = new ScriptedWorld(5);
        var end = await new RunDriver(store, world, 4).DriveAsync("run", Start, Cancellation);
        Assert.Equal(
            state.Pending.Select(operation => operation.Number).Concat(Enumerable.Range(state.OperationsStarted, end.OperationsStarted - state.OperationsStarted)),
            world.CarriedOut.Order());
    }

    [Fact]
    public async Task A_driver_that_is_stopped_in_the_middle_leaves_a_run_that_another_one_finishes()
    {
        var whole = await DriveAsync(Start, workers: 1, scramble: 1);
        var store = new MemoryRunStore();
        using var stop = new CancellationTokenSource();
        var world = new ScriptedWorld(9)
        {
            Answer = work =>
            {
                if (work.Operation == 40)
                    stop.Cancel();
                return null;
            },
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new RunDriver(store, world, 3).DriveAsync("run", Start, stop.Token));
        Assert.InRange(store.Bytes("run").Count, 1, whole.Count - 1);
        await new RunDriver(store, new ScriptedWorld(9), 3).DriveAsync("run", Start, Cancellation);
        Assert.Equal(Text(whole), Text(store.Bytes("run")));
    }

    [Fact]
    public async Task A_world_that_fails_without_an_answer_stops_the_driver_and_writes_nothing_of_it()
    {
        var store = new MemoryRunStore();
        var world = new ScriptedWorld(3) { Answer = work => work.Operation == 20 ? throw new IOException("the broker is gone") : null };
        await Assert.ThrowsAsync<IOException>(() => new RunDriver(store, world, 2).DriveAsync("run", Start, Cancellation));
        Assert.Contains(RunState.Fold(store.Bytes("run").Select(json => RunEventJson.Read(json))).Pending, operation => operation.Number == 20);
        await new RunDriver(store, new ScriptedWorld(3), 2).DriveAsync("run", Start, Cancellation);
        Assert.Equal(Text(await DriveAsync(Start, workers: 1, scramble: 1)), Text(store.Bytes("run")));
    }

    [Fact]
    public async Task No_more_is_carried_out_at_once_than_there_are_workers_nor_in_flight_than_the_concurrency()
    {
        var store = new MemoryRunStore();
        var world = new ScriptedWorld(40);
        await new RunDriver(store, world, 2).DriveAsync("run", Start, Cancellation);
        Assert.InRange(world.MostAtOnce, 1, 2);
        var state = new RunState();
        var most = 0;
        foreach (var json in store.Bytes("run"))
        {
            state.Apply(RunEventJson.Read(json));
            most = Math.Max(most, state.Pending.Count);
        }

        Assert.Equal(6, most);
    }

    [Fact]
    public async Task Garbage_from_the_world_has_a_defined_outcome_and_never_damages_the_log()
    {
        var store = new MemoryRunStore();
        var world = new ScriptedWorld(3)
        {
            Answer = work => (work.Operation % 11) switch
            {
                1 => new EvaluationOutcome(false, null, Amount.Zero, Amount.Parse("1000000")),
                2 => new EvaluationOutcome(true, null, Amount.Parse("-5"), Amount.Zero),
                3 => new EvaluationOutcome(true, null, Amount.Zero, Amount.Parse("-5")),
                5 => new EvaluationOutcome(true, null, Amount.OfAtoms(Int128.MaxValue), Amount.Zero),
                6 => new EvaluationOutcome(true, null, Amount.Zero, Amount.OfAtoms(Int128.MaxValue)),
                4 => new EvaluationOutcome(null, null, Amount.Zero, Amount.Zero),
                _ => null,
            },
            Change = work => work.Operation % 3 == 0 ? new ExpansionOutcome(null, "x", Amount.Parse("-1")) : null,
        };
        var state = await new RunDriver(store, world, 2).DriveAsync("run", Start, Cancellation);
        Assert.NotNull(state.Finished);
        Assert.Contains(store.Bytes("run"), json => Encoding.UTF8.GetString(json).Contains("refused: a value of 1000000 with a fail", StringComparison.Ordinal));
        Assert.True(state.Ledger.Run.Value < Amount.Parse("100"));
    }

    [Fact]
    public async Task An_agent_that_never_gives_a_verdict_is_left_alone_after_its_cap()
    {
        var world = new ScriptedWorld(3) { Answer = work => work.Agent == 0 ? new EvaluationOutcome(null, "hangs", Amount.Zero, Amount.Zero) : null };
        var state = await new RunDriver(new MemoryRunStore(), world, 2).DriveAsync("run", Start with { Settings = Start.Settings with { Concurrency = 1 } }, Cancellation);
        Assert.Equal(0, state.Tree.Successes[0] + state.Tree.Failures[0]);
        Assert.False(state.IsEvaluable(0));
        Assert.Equal(12, state.Allocation.Left[0]);
        Assert.Equal(90, state.Evaluations);
    }

    [Fact]
    public async Task What_others_append_is_taken_in_by_the_live_run()
    {
        var store = new MemoryRunStore();
        var steered = new TaskCompletionSource();
        var world = new ScriptedWorld(3)
        {
            Answer = work =>
            {
                if (work.Operation == 30 && !steered.Task.IsCompleted)
                {
                    var version = store.Bytes("run").Count;
                    while (!store.AppendAsync("run", version, [new ParametersChanged(0.9m, 2m, "thermostat: roi_dip")], CancellationToken.None).AsTask().GetAwaiter().GetResult())
                        version = store.Bytes("run").Count;
                    steered.SetResult();
                }

                return null;
            },
        };
        var state = await new RunDriver(store, world, 2).DriveAsync("run", Start, Cancellation);
        Assert.True(steered.Task.IsCompletedSuccessfully);
        Assert.Equal((0.9m, 2m), (state.Alpha, state.Prior));
        Assert.True(state.Tree.Count > 30, $"{state.Tree.Count} agents");
        Assert.Equal(90, state.Evaluations);
    }

    [Fact]
    public async Task A_stop_lets_the_work_in_flight_end_and_starts_no_more()
    {
        var store = new MemoryRunStore();
        RunEvent[] events = [Start, new ExpansionStarted(0, 0, default), new ExpansionStarted(1, 0, default)];
        await store.AppendAsync("run", 0, events, Cancellation);
        await RunSteering.AppendAsync(store, "run", 3, new StopRequested("system pause"), Cancellation);
        var state = await new RunDriver(store, new ScriptedWorld(3), 2).DriveAsync("run", Start, Cancellation);
        Assert.Equal((RunEnd.Stopped, 2), (state.Finished!.Reason, state.OperationsStarted));
    }

    [Fact]
    public async Task Steering_is_refused_on_a_stale_version_and_where_it_cannot_follow_and_leaves_nothing()
    {
        var store = new MemoryRunStore();
        await store.AppendAsync("run", 0, [Start, new ExpansionStarted(0, 0, default)], Cancellation);
        async Task<string> RefusedAsync(long? version, RunEvent happened) => (await Assert.ThrowsAsync<HgmException>(() => RunSteering.AppendAsync(store, "run", version, happened, Cancellation))).Code;
        Assert.Equal("stale-version", await RefusedAsync(1, new ParametersChanged(0.7m, 1m, "thermostat")));
        Assert.Equal("alpha-above-one", await RefusedAsync(2, new ParametersChanged(1.05m, 1m, "thermostat")));
        Assert.Equal("nothing-to-revoke", await RefusedAsync(null, new ResultRevoked(0, "slashed")));
        Assert.Equal("no-such-agent", await RefusedAsync(null, new AgentPruned(7, "sentinel")));
        Assert.Equal("not-from-outside", await RefusedAsync(2, new AgentAdded(0, null, default)));
        Assert.Equal(2, store.Bytes("run").Count);
        Assert.Equal(3, await RunSteering.AppendAsync(store, "run", 2, new ParametersChanged(0.7m, 1m, "thermostat"), Cancellation));
    }

    [Fact]
    public async Task A_gate_that_is_shut_holds_a_run_that_has_nothing_else_to_do_and_opened_it_goes_on()
    {
        var store = new MemoryRunStore();
        await store.AppendAsync("run", 0, [Start, new ExpansionGateSet(false, "sentinel: roi_floor")], Cancellation);
        var held = await new RunDriver(store, new ScriptedWorld(3), 2).DriveAsync("run", Start, Cancellation);
        Assert.Null(held.Finished);
        Assert.Equal((12, 1), (held.Evaluations, held.Tree.Count));
        await RunSteering.AppendAsync(store, "run", held.Version, new ExpansionGateSet(true, "override by two"), Cancellation);
        Assert.Equal(90, (await new RunDriver(store, new ScriptedWorld(3), 2).DriveAsync("run", Start, Cancellation)).Evaluations);
    }

    [Fact]
    public async Task A_run_of_other_settings_is_not_resumed()
    {
        var store = new MemoryRunStore();
        await store.AppendAsync("run", 0, [Start], Cancellation);
        var other = Start with { Settings = Start.Settings with { Seed = 12 } };
        Assert.Equal("other-run", (await Assert.ThrowsAsync<HgmException>(() => new RunDriver(store, new ScriptedWorld(1), 1).DriveAsync("run", other, Cancellation))).Code);
    }

    [Fact]
    public async Task Work_in_flight_never_overruns_the_cap()
    {
        var cap = Amount.Parse("12.3");
        var start = Start with { Settings = Start.Settings with { CostCap = cap, EvaluationReserve = Amount.Parse("0.4"), ExpansionReserve = Amount.Parse("1.25") } };
        var store = new MemoryRunStore();
        var end = await new RunDriver(store, new ScriptedWorld(7), 3).DriveAsync("run", start, Cancellation);
        Assert.Equal(RunEnd.CostCap, end.Finished!.Reason);
        var state = new RunState();
        foreach (var json in store.Bytes("run"))
        {
            state.Apply(RunEventJson.Read(json));
            Assert.True(state.Budget.Spent + state.Budget.Reserved <= cap);
        }

        // An evaluation that hangs claims 0.75 where 0.4 were promised.
        Assert.Equal(state.Budget.Spent, state.Ledger.Run.Cost);
        Assert.True(end.Budget.Spent > Amount.Parse("10"));
        Assert.True(end.Budget.Disputed > Amount.Zero);
    }

    [Fact]
    public async Task A_run_whose_evaluations_give_no_verdict_ends_and_spends_no_more()
    {
        var store = new MemoryRunStore();
        var end = await new RunDriver(store, new MuteWorld(_ => true), 3).DriveAsync("run", Start, Cancellation);
        Assert.Equal((RunEnd.NoVerdicts, 0), (end.Finished!.Reason, end.Evaluations));
        Assert.InRange(end.VoidsInARow, RunStep.MostVoids(Start.Settings), RunStep.MostVoids(Start.Settings) + Start.Settings.Concurrency);
        Assert.Equal(end.Finished, Assert.IsType<RunFinished>(RunEventJson.Read(store.Bytes("run")[^1])));
    }

    [Fact]
    public async Task One_verdict_in_twenty_lets_a_run_go_on()
    {
        var end = await new RunDriver(new MemoryRunStore(), new MuteWorld(operation => operation % 20 != 0), 3).DriveAsync("run", Start with { Settings = Start.Settings with { VoidCap = 12, Evaluations = 5 } }, Cancellation);
        Assert.Equal((RunEnd.EvaluationsSpent, 5), (end.Finished!.Reason, end.Evaluations));
    }

    /// <summary>Makes agents and says nothing of some evaluations.</summary>
    private sealed class MuteWorld(Func<int, bool> isMute) : IAgentWorld
    {
        public Task<ExpansionOutcome> ExpandAsync(ExpansionWork work, CancellationToken cancellation) => Task.FromResult(new ExpansionOutcome(null, "agent", Amount.Zero));

        public Task<EvaluationOutcome> EvaluateAsync(EvaluationWork work, CancellationToken cancellation) =>
            Task.FromResult(new EvaluationOutcome(isMute(work.Operation) ? null : true, "it hangs", Amount.Zero, Amount.Zero));
    }

    private static async Task<IReadOnlyList<byte[]>> DriveAsync(RunStarted start, int workers, int scramble)
    {
        var store = new MemoryRunStore();
        await new RunDriver(store, new ScriptedWorld(scramble), workers).DriveAsync("run", start, Cancellation);
        return store.Bytes("run");
    }

    private static string Text(IEnumerable<byte[]> events) => string.Join('\n', events.Select(json => Encoding.UTF8.GetString(json)));
}
