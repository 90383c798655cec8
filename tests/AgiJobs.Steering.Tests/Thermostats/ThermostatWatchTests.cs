using AgiJobs.Control;
using AgiJobs.Hgm.Laws;
using AgiJobs.Steering.Thermostats;
using AgiJobs.Testing;

namespace AgiJobs.Steering.Tests.Thermostats;

public sealed class ThermostatWatchTests : IDisposable
{
    private static readonly ThermostatSettings Settings = new ThermostatSettings { Window = 3, Cooldown = 1 }.Checked();
    private static readonly ThermostatState Start = new(0.5m, 1m);

    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-watch-").FullName;
    private readonly FakeRun _run = new();

    private MemoryFile Kept => new(Path.Combine(_folder, "memory", "run.json"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_dip_is_answered_once_and_the_move_carries_its_reason()
    {
        var watch = Watch(Kept);
        var third = (await LookAsync(watch, 1m, 1m, 1m))[^1];
        Assert.Equal((0.65m, 1.1m, _run.Version), (_run.Alpha, _run.Prior, third.AppliedAt));
        Assert.StartsWith("thermostat roi_dip: average ROI 1 [", Assert.Single(_run.Reasons), StringComparison.Ordinal);
        Assert.Equal((0.65m, 1, null), (watch.Memory.State.Alpha, watch.Memory.State.Cooldown, watch.Memory.Intent));
    }

    [Fact]
    public async Task Without_anything_new_in_the_run_a_sample_is_no_evidence()
    {
        var watch = Watch(Kept);
        await LookAsync(watch, 1m);
        var again = await watch.LookAsync(default);
        Assert.Null(again.Reading);
        Assert.Contains("nothing has happened", again.Note, StringComparison.Ordinal);
        Assert.Single(watch.Memory.State.Window);
    }

    [Fact]
    public async Task A_dry_run_asks_for_nothing_keeps_nothing_and_its_recommendations_add_up()
    {
        var steps = await LookAsync(Watch(null), 1m, 1m, 1m, 1m, 1m);
        Assert.Equal([0.65m, 0.70m], steps.Select(step => step.Reading!.Adjustment?.Alpha).OfType<decimal>());
        Assert.Empty(_run.Reasons);
        Assert.Equal(0.6m, _run.Alpha);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public async Task Window_and_cooldown_and_moves_survive_a_restart()
    {
        await LookAsync(Watch(Kept), 1m, 1m);
        Assert.NotNull((await LookAsync(Watch(Kept), 1m))[0].AppliedAt);
        Assert.Equal(ThermostatOutcome.CoolingDown, (await LookAsync(Watch(Kept), 1m))[0].Reading!.Outcome);
        Assert.NotNull((await LookAsync(Watch(Kept), 1m))[0].AppliedAt);
        Assert.False((await LookAsync(Watch(Kept), 1m))[0].Escalates);

        // The third time a move is due people decide: it is not made, today and after a restart.
        var due = (await LookAsync(Watch(Kept), 1m))[0];
        Assert.True(due.Escalates);
        Assert.Equal((2, 0.70m), (_run.Reasons.Count, _run.Alpha));
        Assert.True((await LookAsync(Watch(Kept), 1m))[0].Escalates);
        Assert.False((await LookAsync(Watch(Kept), 2m, 2m, 2m))[^1].Escalates);
    }

    [Fact]
    public async Task Killed_at_any_step_and_started_again_the_move_is_made_exactly_once()
    {
        var kills = 0;
        for (var at = 1; ; at++)
        {
            var run = new FakeRun { KillAt = at };
            var store = new FragileStore(run, new MemoryFile(Path.Combine(_folder, $"{at}.json")));
            var watch = Watch(store, run, Settings with { ResetWindow = true });
            foreach (var roi in (decimal[])[1m, 1m, 1m, 2m, 2m, 2m, 2m, 2m])
            {
                run.Roi = roi;
                run.Version++;
                try
                {
                    await watch.LookAsync(default);
                }
                catch (KilledException)
                {
                    watch = Watch(store, run, Settings with { ResetWindow = true });
                }
            }

            Assert.True(run.Reasons.Count == 1, $"killed at step {at}: {run.Reasons.Count} moves");
            Assert.Equal((0.65m, 1.1m), (run.Alpha, run.Prior));
            Assert.Equal((0.65m, null), (store.Load()!.State.Alpha, store.Load()!.Intent));
            if (!run.WasKilled)
            {
                break;
            }

            kills++;
        }

        Assert.InRange(kills, 30, 200);
    }

    [Fact]
    public async Task An_answer_that_is_lost_is_found_out_about_by_the_next_look()
    {
        var watch = Watch(Kept);
        await LookAsync(watch, 1m, 1m);
        _run.LosesAnswer = true;
        Assert.Equal(ExitCode.Unknown, (await Assert.ThrowsAsync<ControlException>(() => LookAsync(watch, 1m))).Exit);
        Assert.NotNull(watch.Memory.Intent);
        await LookAsync(Watch(Kept), 1m);
        Assert.Single(_run.Reasons);
        Assert.Equal(0.65m, _run.Alpha);
    }

    [Fact]
    public async Task When_somebody_else_steered_meanwhile_it_is_decided_anew_on_what_they_set()
    {
        var watch = Watch(Kept);
        await LookAsync(watch, 1m, 1m);
        _run.BeforeSet = run => run.Steer(0.8m, 1m, "by hand");
        Assert.NotNull((await LookAsync(watch, 1m))[0].AppliedAt);
        Assert.Equal((0.85m, 2), (_run.Alpha, _run.Reasons.Count));
    }

    [Fact]
    public async Task What_was_open_at_a_death_and_overtaken_by_somebody_is_not_made_and_decided_anew()
    {
        var store = new FragileStore(_run, Kept);
        var watch = Watch(store);
        await LookAsync(watch, 1m, 1m);
        _run.KillBeforeSet = true;
        await Assert.ThrowsAsync<KilledException>(() => LookAsync(watch, 1m));
        _run.KillBeforeSet = false;
        _run.Steer(0.9m, 1m, "by hand");
        var next = (await LookAsync(Watch(store), 1m))[0];
        Assert.Equal(0.9m, next.Reading!.Adjustment!.OldAlpha);
        Assert.Equal((0.95m, 2), (_run.Alpha, _run.Reasons.Count));
    }

    [Fact]
    public async Task A_run_that_refuses_leaves_nothing_open_and_the_sample_untaken()
    {
        var watch = Watch(Kept);
        await LookAsync(watch, 1m, 1m);
        _run.Refuses = new ControlException("duty-missing", ExitCode.Refused, "no", "ask");
        Assert.Equal("duty-missing", (await Assert.ThrowsAsync<ControlException>(() => LookAsync(watch, 1m))).Code);
        Assert.Equal((null, 2), (Kept.Load()!.Intent, Kept.Load()!.State.Window.Length));
    }

    [Fact]
    public async Task Alpha_stops_at_one_with_the_reason_unless_more_is_allowed()
    {
        _run.Alpha = 0.98m;
        var steep = Settings with { MaxWideningAlpha = 1.8m, WideningStep = 0.08m };
        var step = (await LookAsync(Watch(Kept, null, steep), 1m, 1m, 1m))[^1];
        Assert.Equal(1m, _run.Alpha);
        Assert.Contains("stops at 1", step.Reading!.Note, StringComparison.Ordinal);
        Assert.Contains("stops at 1", _run.Reasons[0], StringComparison.Ordinal);
        File.Delete(Path.Combine(_folder, "memory", "run.json"));
        await LookAsync(Watch(Kept, null, steep with { AllowAlphaAboveOne = true }), 1m, 1m, 1m);
        Assert.Equal(1.08m, _run.Alpha);
    }

    [Fact]
    public async Task By_the_cost_ratio_alpha_goes_to_where_the_sweep_says_and_the_band_decides_nothing()
    {
        var watch = Watch(Kept, null, Settings, ThermostatRule.CostRatio);
        Assert.Contains("not known yet", (await LookAsync(watch, 1m))[0].Reading!.Note, StringComparison.Ordinal);
        _run.CostRatio = 1m;
        Assert.NotNull((await LookAsync(watch, 1m))[0].AppliedAt);
        Assert.Equal((0.77m, 1m), (_run.Alpha, _run.Prior));
        Assert.Contains("an expansion costs 1 evaluations", _run.Reasons[0], StringComparison.Ordinal);
        _run.CostRatio = 10m;
        Assert.Equal(ThermostatOutcome.CoolingDown, (await LookAsync(watch, 1m))[0].Reading!.Outcome);
        Assert.NotNull((await LookAsync(watch, 1m))[0].AppliedAt);
        Assert.Equal(0.6m, _run.Alpha);
        Assert.DoesNotContain(await LookAsync(watch, 1m, 1m, 1m, 1m, 1m, 1m), step => step.Escalates);
        Assert.Equal(2, _run.Reasons.Count);
    }

    [Fact]
    public async Task A_run_that_is_over_is_moved_no_more_and_ends_the_watch()
    {
        var watch = Watch(Kept);
        await LookAsync(watch, 1m, 1m);
        _run.IsFinished = true;
        var last = (await LookAsync(watch, 1m))[0];
        Assert.Equal((true, null), (last.IsEnd, last.AppliedAt));
        Assert.Empty(_run.Reasons);
    }

    [Fact]
    public async Task Samples_that_are_stale_late_or_of_no_return_change_nothing()
    {
        var time = new ManualTime(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
        var source = new ListSource(
            new RoiSample(time.GetUtcNow(), 1m), new RoiSample(time.GetUtcNow(), 1m), new RoiSample(time.GetUtcNow().AddSeconds(-1), 1m), new RoiSample(time.GetUtcNow().AddHours(-2), 1m), null, new RoiSample(time.GetUtcNow().AddSeconds(1), -1m));
        var watch = new ThermostatWatch(Settings with { MaxAge = TimeSpan.FromMinutes(1) }, ThermostatRule.Simple, source, _run, Kept, Start, time);
        var notes = new List<string?>();
        for (var look = 0; look < 6; look++)
        {
            var step = await watch.LookAsync(default);
            notes.Add(step.Reading?.Note ?? step.Note);
        }

        Assert.Equal([null, "nothing has happened since the last sample", "out-of-order", "out-of-order", "none", "roi-out-of-range"], notes);
        Assert.Single(watch.Memory.State.Window);
        var old = new ThermostatWatch(Settings with { MaxAge = TimeSpan.FromMinutes(1) }, ThermostatRule.Simple, new ListSource(new RoiSample(time.GetUtcNow().AddMinutes(-2), 1m)), null, null, Start, time);
        Assert.Equal("stale", (await old.LookAsync(default)).Reading!.Note);
    }

    [Fact]
    public async Task A_damaged_memory_is_not_taken_for_an_empty_one_and_that_of_another_run_of_the_name_is()
    {
        await LookAsync(Watch(Kept), 1m, 1m);
        _run.Begun = _run.Begun.AddDays(1);
        var watch = Watch(Kept);
        await LookAsync(watch, 1m);
        Assert.Single(watch.Memory.State.Window);
        await File.WriteAllTextAsync(Path.Combine(_folder, "memory", "run.json"), "{}");
        Assert.Equal("thermostat-state", (await Assert.ThrowsAsync<ControlException>(() => LookAsync(Watch(Kept), 1m))).Code);
    }

    [Fact]
    public void What_a_watch_prints_is_read_back_as_samples()
    {
        var at = new DateTimeOffset(2026, 1, 1, 12, 0, 0, 250, TimeSpan.Zero);
        var text = "# network local\n" + SampleFile.Line(new RoiSample(at, 1.25m), at.AddDays(1), "alpha=0.6 prior=1: the window is not full") + "\n" + SampleFile.Line(new RoiSample(null, 2m), at.AddDays(1), "x") + "\nodd\n";
        var read = SampleFile.Read(text);
        Assert.Equal([(2, new RoiSample(at, 1.25m)), (3, new RoiSample(at.AddDays(1), 2m))], read.Samples);
        Assert.Equal(4, Assert.Single(read.Refused).Place);
    }

    private ThermostatWatch Watch(IThermostatStore? store, FakeRun? run = null, ThermostatSettings? settings = null, ThermostatRule rule = ThermostatRule.Simple) =>
        new(settings ?? Settings, rule, new RunSource(run ?? _run), run ?? _run, store, Start, TimeProvider.System);

    private async Task<List<WatchStep>> LookAsync(ThermostatWatch watch, params decimal[] returns)
    {
        var steps = new List<WatchStep>();
        foreach (var roi in returns)
        {
            _run.Roi = roi;
            _run.Version++;
            steps.Add(await watch.LookAsync(default));
        }

        return steps;
    }

    /// <summary>A run that is steered as the server lets it be; each exchange with it is a step at which the thermostat can be killed.</summary>
    private sealed class FakeRun : IRunHand
    {
        private int _steps;

        public long Version { get; set; } = 1;

        public decimal Roi { get; set; }

        public decimal Alpha { get; set; } = 0.6m;

        public decimal Prior { get; private set; } = 1m;

        public decimal? CostRatio { get; set; }

        public bool IsFinished { get; set; }

        public DateTimeOffset Begun { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public int KillAt { get; init; }

        public bool WasKilled { get; private set; }

        public bool KillBeforeSet { get; set; }

        public bool LosesAnswer { get; set; }

        public ControlException? Refuses { get; set; }

        public Action<FakeRun>? BeforeSet { get; set; }

        public List<string> Reasons { get; } = [];

        private long Steered { get; set; } = 1;

        public void Step()
        {
            if (++_steps == KillAt)
            {
                WasKilled = true;
                throw new KilledException();
            }
        }

        public void Steer(decimal alpha, decimal prior, string reason)
        {
            (Alpha, Prior, Version) = (alpha, prior, Version + 1);
            Steered = Version;
            Reasons.Add(reason);
        }

        public Task<WatchedRun> ReadAsync(CancellationToken cancellation)
        {
            Step();
            return Task.FromResult(new WatchedRun("run", Begun, Version, Steered, Begun.AddSeconds(Version), Alpha, Prior, Roi, CostRatio, IsFinished));
        }

        public Task<long?> SetAsync(long expectedVersion, decimal alpha, decimal prior, string reason, CancellationToken cancellation)
        {
            Step();
            if (KillBeforeSet)
            {
                throw new KilledException();
            }

            if (Refuses is not null)
            {
                throw Refuses;
            }

            BeforeSet?.Invoke(this);
            BeforeSet = null;
            if (expectedVersion < Steered)
            {
                return Task.FromResult<long?>(null);
            }

            Steer(alpha, prior, reason);
            Step();
            if (LosesAnswer)
            {
                LosesAnswer = false;
                throw new ControlException("server-unreachable", ExitCode.Unknown, "no answer", "wait");
            }

            return Task.FromResult<long?>(Version);
        }

        public Task<bool> HasMarkAsync(long after, string mark, CancellationToken cancellation)
        {
            Step();
            return Task.FromResult(Reasons.Any(reason => reason.Contains($"[{mark}]", StringComparison.Ordinal)));
        }
    }

    /// <summary>A file at which the thermostat can be killed before and after each write.</summary>
    private sealed class FragileStore(FakeRun run, MemoryFile file) : IThermostatStore
    {
        public ThermostatMemory? Load() => file.Load();

        public void Save(ThermostatMemory memory)
        {
            run.Step();
            file.Save(memory);
            run.Step();
        }
    }

    private sealed class ListSource(params RoiSample?[] samples) : ISampleSource
    {
        private int _next;

        public Task<SourceReading> ReadAsync(CancellationToken cancellation) => Task.FromResult(samples[_next++] is { } sample ? new SourceReading(sample) : new SourceReading(null, Note: "none"));
    }
}
