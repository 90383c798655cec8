using System.Text;
using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Sampling;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Hgm.Tests.Runs;

public sealed class SentinelRunTests
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly RunStarted Start = new(
        new RunSettings { Seed = 11, Tasks = 12, Evaluations = 200, Concurrency = 6, EvaluationReserve = Amount.Parse("0.4"), ExpansionReserve = Amount.Parse("1.25") }, "root");

    // Set so that each rule has something to do in a run of the scripted world.
    private static readonly SentinelSet Guard = new(
        new SentinelSettings { RoiFloor = 1.1m, RoiGrace = 2, MinimumEvidence = 10, RollingWindow = 8, BudgetCap = Amount.Parse("30"), SoftRatio = 0.9m, FailureStreak = 4, SuccessThreshold = 0.5m }, "test");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_guarded_run_has_the_same_bytes_for_any_number_of_workers_and_every_rule_has_spoken()
    {
        var alone = await DriveAsync(workers: 1, scramble: 1);
        var events = alone.Select(json => RunEventJson.Read(json)).ToList();
        Assert.Contains(events, happened => happened is SentinelHeld { Rule: SentinelRules.RoiFloor });
        Assert.Contains(events, happened => happened is SentinelReleased { Rule: SentinelRules.RoiFloor });
        Assert.Contains(events, happened => happened is SentinelHeld { Rule: SentinelRules.BudgetSoft });
        Assert.Contains(events, happened => happened is SentinelPruned);
        Assert.Contains(events, happened => happened is SentinelStopped);
        Assert.Equal(RunEnd.Stopped, Assert.IsType<RunFinished>(events[^1]).Reason);
        foreach (var (workers, scramble) in ((int, int)[])[(2, 13), (6, 50), (20, 97)])
            Assert.Equal(Text(alone), Text(await DriveAsync(workers, scramble)));
    }

    [Fact]
    public async Task A_guarded_run_cut_at_any_event_goes_on_to_the_same_bytes()
    {
        var whole = await DriveAsync(workers: 3, scramble: 20);
        for (var cut = 2; cut < whole.Count; cut++)
        {
            var store = new MemoryRunStore();
            await store.AppendAsync("run", 0, [.. whole.Take(cut).Select(json => RunEventJson.Read(json))], Cancellation);
            await new RunDriver(store, new ScriptedWorld(1 + cut % 31), 1 + cut % 7).DriveAsync("run", Start, Cancellation);
            Assert.Equal(Text(whole), Text(store.Bytes("run")));
        }
    }

    [Fact]
    public async Task While_expansions_are_held_none_starts_and_money_never_overruns_the_cap()
    {
        var state = new RunState();
        foreach (var json in await DriveAsync(workers: 2, scramble: 9))
        {
            var happened = RunEventJson.Read(json);
            Assert.False(happened is ExpansionStarted && !state.ExpansionsOpen);
            Assert.False(happened is EvaluationStarted started && state.IsPruned(started.Agent));
            state.Apply(happened);
            Assert.True(state.Budget.Spent + state.Budget.Reserved <= Amount.Parse("30"));
        }

        Assert.True(state.Budget.Spent > Amount.Parse("27"));
    }

    [Fact]
    public async Task A_run_without_a_sentinel_is_the_same_with_one_that_has_nothing_to_say()
    {
        var without = new MemoryRunStore();
        await new RunDriver(without, new ScriptedWorld(3), 2).DriveAsync("run", Start, Cancellation);
        var with = new MemoryRunStore();
        await RunSteering.BeginAsync(with, "run", Start, new SentinelSet(new SentinelSettings { RoiFloor = null, FailureStreak = null }, "quiet"), Cancellation);
        await new RunDriver(with, new ScriptedWorld(3), 2).DriveAsync("run", Start, Cancellation);
        var quiet = with.Bytes("run").ToList();
        quiet.RemoveAt(1);
        Assert.Equal(Text(without.Bytes("run")), Text(quiet));
    }

    [Fact]
    public async Task An_override_lets_a_held_run_go_on_until_its_time_has_come_and_replays_without_a_clock()
    {
        var store = new MemoryRunStore();
        var guard = new SentinelSet(new SentinelSettings { RoiFloor = 1000m, RoiGrace = 1, MinimumEvidence = 1, RollingWindow = 0, FailureStreak = null }, "held at once");
        Assert.True(await RunSteering.BeginAsync(store, "run", Start, guard, Cancellation));
        Assert.False(await RunSteering.BeginAsync(store, "run", Start, guard, Cancellation));
        var clock = new SetClock(Noon);
        var held = await new RunDriver(store, new ScriptedWorld(3), 2, clock).DriveAsync("run", Start, Cancellation);
        Assert.Equal((null, false), (held.Finished, held.ExpansionsOpen));
        var agents = held.Tree.Count;

        await RunSteering.AppendAsync(store, "run", held.Version, new SentinelOverridden(SentinelRules.RoiFloor, Noon.AddHours(1), "security and operator"), Cancellation);
        var world = new ScriptedWorld(3)
        {
            Change = work =>
            {
                if (work.Operation > held.OperationsStarted + 5)
                    clock.Now = Noon.AddHours(1);
                return null;
            },
        };
        var ended = await new RunDriver(store, world, 2, clock).DriveAsync("run", Start, Cancellation);
        Assert.True(ended.Tree.Count > agents);
        Assert.Equal((null, false, 0), (ended.Finished, ended.ExpansionsOpen, ended.Sentinel.Overrides.Count));
        Assert.Contains(store.Bytes("run"), json => Encoding.UTF8.GetString(json).Contains("\"sentinel-override-ended\",\"rule\":\"roi_floor\",\"reason\":\"expired\"", StringComparison.Ordinal));

        // The fold of what was kept is what was driven, whatever time it is.
        var folded = RunState.Fold(store.Bytes("run").Select(json => RunEventJson.Read(json)));
        Assert.Equal((ended.Version, ended.Tree.Count, ended.Sentinel.Breaches), (folded.Version, folded.Tree.Count, folded.Sentinel.Breaches));
    }

    [Fact]
    public async Task An_override_that_ran_out_while_nobody_drove_ends_before_anything_starts()
    {
        var store = new MemoryRunStore();
        RunEvent[] events =
        [
            Start, new SentinelSet(new SentinelSettings { RoiFloor = 1000m, RoiGrace = 1, MinimumEvidence = 1, RollingWindow = 0 }, "test"),
            new EvaluationStarted(0, 0, 0, true, Amount.Parse("0.4")), new EvaluationRecorded(0, false, Amount.Parse("0.1"), Amount.Zero),
            new SentinelHeld(SentinelRules.RoiFloor, "low"), new SentinelOverridden(SentinelRules.RoiFloor, Noon, "two people"),
        ];
        await store.AppendAsync("run", 0, events, Cancellation);
        var end = await new RunDriver(store, new ScriptedWorld(3), 2, new SetClock(Noon)).DriveAsync("run", Start, Cancellation);
        Assert.IsType<SentinelOverrideEnded>(RunEventJson.Read(store.Bytes("run")[events.Length]));
        Assert.Equal((1, 0), (end.Tree.Count, end.ExpansionsStarted));
    }

    [Fact]
    public async Task People_steer_the_sentinel_and_only_the_driver_intervenes()
    {
        var store = new MemoryRunStore();
        await RunSteering.BeginAsync(store, "run", Start, Guard, Cancellation);
        foreach (var happened in (RunEvent[])[new SentinelHeld(SentinelRules.RoiFloor, ""), new SentinelReleased(SentinelRules.RoiFloor, ""), new SentinelPruned(0, 1), new SentinelSpared(0, 1), new SentinelStopped(SentinelRules.BudgetCap, "")])
            Assert.Equal("not-from-outside", (await Assert.ThrowsAsync<HgmException>(() => RunSteering.AppendAsync(store, "run", null, happened, Cancellation))).Code);
        await RunSteering.AppendAsync(store, "run", null, new BudgetToppedUp(Amount.Parse("10"), "two people"), Cancellation);
        await RunSteering.AppendAsync(store, "run", null, new SentinelOverridden(SentinelRules.RoiFloor, Noon, "two people"), Cancellation);
        await RunSteering.AppendAsync(store, "run", null, new SentinelOverrideEnded(SentinelRules.RoiFloor, "withdrawn"), Cancellation);
        await RunSteering.AppendAsync(store, "run", null, Guard, Cancellation);
        Assert.Equal("nothing-to-acknowledge", (await Assert.ThrowsAsync<HgmException>(() => RunSteering.AppendAsync(store, "run", null, new SentinelAcknowledged(SentinelRules.RoiFloor, "ada"), Cancellation))).Code);
        Assert.Equal(6, store.Bytes("run").Count);
    }

    [Fact]
    public void The_fold_of_any_prefix_and_of_what_follows_is_the_fold_of_the_whole() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(40), Prop.ForAll(Gen.Choose(0, 1_000_000).ToArbitrary(), seed =>
        {
            var random = new Xoshiro256((ulong)seed + 1, 5, 6, 7);
            var events = new List<RunEvent> { new RunStarted(Start.Settings with { Seed = (ulong)seed, Evaluations = 60 }, null), Guard };
            var state = RunState.Fold(events);
            while (state.Finished is null && events.Count < 600)
            {
                var next = RunStep.Next(state, PolicyNames.Find("hgm"));
                if (next is null && state.Pending.Count == 0)
                    break;
                next ??= Answer(state, ref random);
                Add(next);
                if (state.Finished is null && random.Below(9) == 0 && Steer(state, ref random) is { } steered)
                    Add(steered);
            }

            var cut = random.Below(events.Count);
            var resumed = RunState.Fold(events.Take(cut + 1).Select(happened => RunEventJson.Read(RunEventJson.Write(happened))));
            foreach (var happened in events.Skip(cut + 1))
                resumed.Apply(happened);
            Assert.Equal(Told(state), Told(resumed));
            Assert.Equal(RunStep.Next(state, PolicyNames.Find("hgm")), RunStep.Next(resumed, PolicyNames.Find("hgm")));

            // Recounts: the window and the streaks as the events tell them.
            Assert.True(state.Sentinel.Breaches <= state.Sentinel.Settings!.MostBreaches);
            Assert.True(state.Budget.Cap is null || state.Budget.Spent + state.Budget.Reserved <= state.Budget.Cap);

            void Add(RunEvent happened)
            {
                state.Apply(happened);
                events.Add(happened);
            }
        }));

    private static RunEvent Answer(RunState state, ref Xoshiro256 random)
    {
        var operation = state.Pending[random.Below(state.Pending.Count)];
        if (operation.IsExpansion)
            return random.Below(8) == 0 ? new ExpansionFailed(operation.Number, "fault", Amount.Parse("1")) : new AgentAdded(operation.Number, null, Amount.Parse("1"));
        var passed = random.Below(3) == 0;
        return random.Below(10) == 0
            ? new EvaluationVoided(operation.Number, "fault", Amount.Parse("0.4"))
            : new EvaluationRecorded(operation.Number, passed, Amount.Parse("0.3"), passed ? Amount.Parse("1") : Amount.Zero);
    }

    private static RunEvent? Steer(RunState state, ref Xoshiro256 random) => random.Below(6) switch
    {
        0 when !state.Sentinel.IsOverridden(SentinelRules.RoiFloor) => new SentinelOverridden(SentinelRules.RoiFloor, Noon, "two people"),
        1 when state.Sentinel.IsOverridden(SentinelRules.RoiFloor) => new SentinelOverrideEnded(SentinelRules.RoiFloor, "expired"),
        2 when state.StopReason is null => new BudgetToppedUp(Amount.Parse("0.5"), "two people"),
        3 when state.Sentinel.Holds.Count > 0 => new SentinelAcknowledged(state.Sentinel.Holds[0].Rule, "ada"),
        4 => new ExpansionGateSet(random.Below(2) == 0, "a person"),
        _ => null,
    };

    private static string Told(RunState state) => string.Join('|',
        state.Version, state.Tree.Count, state.ExpansionsOpen, state.GateOpen, state.Budget.Spent, state.Budget.Cap, state.Sentinel.Breaches, state.Sentinel.Evidence, state.Sentinel.Rolling, state.Sentinel.Rolled, state.Sentinel.ToppedUp,
        string.Join(',', state.Sentinel.Holds), string.Join(',', state.Sentinel.Overrides), string.Join(',', state.Sentinel.Pruned), state.Sentinel.Stop, state.Sentinel.LastPrune,
        string.Join(',', Enumerable.Range(0, state.Tree.Count).Select(state.Sentinel.StreakOf)));

    private static async Task<IReadOnlyList<byte[]>> DriveAsync(int workers, int scramble)
    {
        var store = new MemoryRunStore();
        await RunSteering.BeginAsync(store, "run", Start, Guard, Cancellation);
        await new RunDriver(store, new ScriptedWorld(scramble), workers).DriveAsync("run", Start, Cancellation);
        return store.Bytes("run");
    }

    private static string Text(IEnumerable<byte[]> events) => string.Join('\n', events.Select(json => Encoding.UTF8.GetString(json)));

    private sealed class SetClock(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = now;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
