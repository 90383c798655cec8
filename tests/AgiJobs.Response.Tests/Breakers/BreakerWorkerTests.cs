using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Breakers;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Response.Tests.Breakers;

public sealed class BreakerWorkerTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-breakers-").FullName;
    private readonly ManualTime _time = new(BreakerGround.Start.AddSeconds(3));
    private readonly Trigger _trigger = new();
    private readonly List<Finding> _told = [];
    private int _holders;
    private string[] _missing = [];
    private IStateStore _store = null!;

    public async ValueTask InitializeAsync() => _store = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder, "state.db")), _time, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task When_two_agree_the_pause_is_fired_once_and_the_account_is_kept()
    {
        var worker = Worker(BreakerGround.File());
        await TestifyAsync("east");
        Assert.Equal("ready", (await worker.LookAsync(null, default)).Code);
        Assert.Empty(await CasesAsync());
        Assert.Equal(0, _trigger.Fired);

        await TestifyAsync("north");
        _trigger.Head = 8;
        await worker.LookAsync(null, default);
        await worker.LookAsync(null, default);
        var one = Assert.Single(await CasesAsync());
        Assert.Equal((BreakerState.Fired, "pause-1", 1), (one.State, one.Change, _trigger.Fired));
        Assert.Equal(new BreakerAccount(3, 1, 0, 5, 1), one.Account());
        Assert.Equal(["breaker-agreed", "breaker-fired"], _told.Select(finding => finding.Id.Split('/')[1]).Where(what => what != "breaker-gaps"));
    }

    [Fact]
    public async Task One_monitor_that_lies_neither_fires_nor_keeps_the_others_from_it()
    {
        var worker = Worker(BreakerGround.File());
        await TestifyAsync("west", BreakerGround.Drain("a block of its own"));
        await worker.LookAsync(null, default);
        Assert.Equal(0, _trigger.Fired);

        await TestifyAsync("east");
        await TestifyAsync("north");
        await worker.LookAsync(null, default);
        Assert.Equal(1, _trigger.Fired);
        Assert.Equal(["east", "north"], Assert.Single(await CasesAsync()).Monitors);
    }

    [Fact]
    public async Task A_look_that_fails_by_a_defect_is_told_once_and_does_not_end_the_watch()
    {
        var (asked, told) = (0, new List<string>());
        await TestifyAsync("east");
        await TestifyAsync("north");
        using var worker = Worker(() => Interlocked.Increment(ref asked) <= 2 ? throw new InvalidOperationException("a defect") : BreakerGround.File(), told.Add);
        await worker.StartAsync(CancellationToken.None);
        await Wait.UntilAsync("the pause is fired", () =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return _trigger.Fired == 1;
        });
        await worker.StopAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("breakers: a defect [breakers-failed]", told[0]);
        Assert.DoesNotContain(told.Skip(1), line => line.Contains("a defect", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_offer_fires_nothing_and_is_settled_when_people_stop_the_protocol()
    {
        var worker = Worker(BreakerGround.File(2, BreakerAction.Offer));
        await TestifyAsync("east");
        await TestifyAsync("north");
        await worker.LookAsync(null, default);
        Assert.Equal(BreakerState.Offered, Assert.Single(await CasesAsync()).State);
        Assert.Contains("agijobs owner armory fire --execute", Assert.Single(_told, finding => finding.Rule == "breaker").Title, StringComparison.Ordinal);

        _trigger.IsStopped = true;
        _time.Advance(TimeSpan.FromSeconds(20));
        await worker.LookAsync(null, default);
        var one = Assert.Single(await CasesAsync());
        Assert.Equal((BreakerState.Stopped, 20.0, 0), (one.State, one.Account().DecideSeconds, _trigger.Fired));
    }

    [Fact]
    public async Task An_offer_whose_block_was_reorganised_away_is_withdrawn()
    {
        var worker = Worker(BreakerGround.File(2, BreakerAction.Offer));
        await TestifyAsync("east");
        await TestifyAsync("north");
        await worker.LookAsync(null, default);
        await TestifyAsync("east", BreakerGround.Drain(kind: FindingKind.Retracted));
        await TestifyAsync("north", BreakerGround.Drain(kind: FindingKind.Retracted));
        _time.Advance(TimeSpan.FromSeconds(20));
        await worker.LookAsync(null, default);
        Assert.Equal(BreakerState.Withdrawn, Assert.Single(await CasesAsync()).State);
    }

    [Fact]
    public async Task What_happens_while_the_protocol_stands_is_recorded_and_fires_nothing()
    {
        _trigger.IsStopped = true;
        var worker = Worker(BreakerGround.File());
        await TestifyAsync("east");
        await TestifyAsync("north");
        await worker.LookAsync(null, default);
        Assert.Equal((BreakerState.Stopped, 0), (Assert.Single(await CasesAsync()).State, _trigger.Fired));
    }

    [Fact]
    public async Task Whether_it_stands_unknown_fires()
    {
        _trigger.IsStopped = null;
        var worker = Worker(BreakerGround.File());
        await TestifyAsync("east");
        await TestifyAsync("north");
        await worker.LookAsync(null, default);
        Assert.Equal(1, _trigger.Fired);
    }

    [Fact]
    public async Task A_pause_that_fails_is_told_at_once_with_what_to_type_and_tried_again_until_it_goes_through()
    {
        _trigger.Failing = 3;
        var worker = Worker(BreakerGround.File());
        await TestifyAsync("east");
        await TestifyAsync("north");
        Assert.Equal(("pause-failing", false), await StateAfterLookingTwiceAsync(worker));
        Assert.Contains(_told, finding => finding.Title.Contains("THE PAUSE WAS NOT SENT", StringComparison.Ordinal) && finding.Title.Contains("agijobs owner emergency", StringComparison.Ordinal));
        for (var look = 0; look < 5; look++)
        {
            _time.Advance(TimeSpan.FromSeconds(40));
            await worker.LookAsync(null, default);
        }

        var one = Assert.Single(await CasesAsync());
        Assert.Equal((BreakerState.Fired, 3, 1), (one.State, one.Failures, _trigger.Fired));

        // The same reason is told once.
        Assert.Single(_told, finding => finding.Title.Contains("NOT SENT", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_pause_that_was_under_way_when_its_process_died_is_fired_again_by_the_next()
    {
        _trigger.Dies = true;
        await TestifyAsync("east");
        await TestifyAsync("north");
        await Assert.ThrowsAsync<OperationCanceledException>(() => Worker(BreakerGround.File()).LookAsync(null, default));
        Assert.Equal(BreakerState.Firing, Assert.Single(await CasesAsync()).State);
        await Worker(BreakerGround.File()).LookAsync(null, default);
        Assert.Equal((BreakerState.Fired, 1), (Assert.Single(await CasesAsync()).State, _trigger.Fired));
    }

    [Fact]
    public async Task A_pause_that_was_under_way_and_went_through_is_not_fired_a_second_time()
    {
        _trigger.Dies = true;
        await TestifyAsync("east");
        await TestifyAsync("north");
        await Assert.ThrowsAsync<OperationCanceledException>(() => Worker(BreakerGround.File()).LookAsync(null, default));
        _trigger.IsStopped = true;
        await Worker(BreakerGround.File()).LookAsync(null, default);
        Assert.Equal((BreakerState.Stopped, 0), (Assert.Single(await CasesAsync()).State, _trigger.Fired));
    }

    [Theory]
    [InlineData(false, "not everything stands")]
    [InlineData(null, "whether everything stands is unknown")]
    public async Task A_pause_after_which_not_everything_is_known_to_stand_is_no_end(bool? stands, string why)
    {
        var worker = Worker(BreakerGround.File());
        _trigger.After = new Queue<bool?>([stands, stands, false, true]);
        await TestifyAsync("east");
        await TestifyAsync("north");
        await worker.LookAsync(null, default);
        Assert.Equal(BreakerState.Firing, Assert.Single(await CasesAsync()).State);
        Assert.Contains(_told, finding => finding.Title.Contains(why, StringComparison.Ordinal));
        _time.Advance(TimeSpan.FromSeconds(40));
        await worker.LookAsync(null, default);
        Assert.Equal((BreakerState.Fired, 2), (Assert.Single(await CasesAsync()).State, _trigger.Fired));
    }

    [Fact]
    public async Task Whatever_breaks_in_firing_is_told_and_the_breaker_goes_on()
    {
        _trigger.Breaks = true;
        var worker = Worker(BreakerGround.File());
        await TestifyAsync("east");
        await TestifyAsync("north");
        await worker.LookAsync(null, default);
        Assert.Contains(_told, finding => finding.Title.Contains("the disk is full", StringComparison.Ordinal));
        _time.Advance(TimeSpan.FromSeconds(40));
        await worker.LookAsync(null, default);
        Assert.Equal(BreakerState.Fired, Assert.Single(await CasesAsync()).State);
    }

    [Fact]
    public async Task A_breaker_that_would_stop_nothing_is_not_ready_and_an_alert_until_it_would()
    {
        _missing = ["no pause is armed on this machine: NOTHING CAN BE FIRED"];
        var worker = Worker(BreakerGround.File());
        var state = await worker.LookAsync(null, default);
        Assert.Equal((false, "breaker-gaps"), (state.IsReady, state.Code));
        Assert.Equal(FindingKind.Firing, Assert.Single(_told).Kind);
        _missing = [];
        _time.Advance(TimeSpan.FromSeconds(40));
        Assert.True((await worker.LookAsync(null, default)).IsReady);
        Assert.Equal(FindingKind.Resolved, _told[^1].Kind);
    }

    [Fact]
    public async Task Without_breakers_nothing_is_done_and_it_says_so()
    {
        await TestifyAsync("east");
        await TestifyAsync("north");
        Assert.Equal("no-breakers", (await Worker(null).LookAsync(null, default)).Code);
        Assert.Equal(0, _trigger.Fired);
    }

    [Fact]
    public async Task Of_two_workers_one_acts()
    {
        await TestifyAsync("east");
        await TestifyAsync("north");
        var workers = new[] { Worker(BreakerGround.File()), Worker(BreakerGround.File()) };
        foreach (var worker in workers)
        {
            await worker.StartAsync(default);
        }

        await Wait.UntilAsync("it is fired", async () =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            return (await CasesAsync()).Any(one => one.State == BreakerState.Fired);
        });
        Assert.Contains(workers, worker => worker.State.Code == "standing-by");
        foreach (var worker in workers)
        {
            var stopping = worker.StopAsync(TimeSpan.FromSeconds(5));
            _time.Advance(TimeSpan.FromSeconds(1));
            await stopping;
        }

        Assert.Equal(1, _trigger.Fired);
    }

    private BreakerWorker Worker(BreakersFile? file) => Worker(() => file, _ => { });

    private BreakerWorker Worker(Func<BreakersFile?> load, Action<string> tell) => new(
        _store,
        BreakerGround.Network,
        BreakerGround.Chain,
        load,
        _trigger,
        (_, _) => Task.FromResult<IReadOnlyList<string>>(_missing),
        (findings, _, _) =>
        {
            _told.AddRange(findings);
            return Task.FromResult(FindingWrites.None);
        },
        $"holder-{++_holders}",
        TimeSpan.FromMilliseconds(100),
        _time)
    { Tell = tell };

    private static async Task<(string Code, bool IsReady)> StateAfterLookingTwiceAsync(BreakerWorker worker)
    {
        await worker.LookAsync(null, default);
        var state = await worker.LookAsync(null, default);
        return (state.Code, state.IsReady);
    }

    private Task<long> TestifyAsync(string monitor, Finding? finding = null) =>
        _store.CommitAsync(new StateCommit { Documents = BreakerGround.Witness(monitor).Of([finding ?? BreakerGround.Drain()], _time.GetUtcNow()) });

    private async Task<IReadOnlyList<BreakerCase>> CasesAsync() => [.. (await _store.ListAsync(BreakerCase.Collection(BreakerGround.Network))).Select(BreakerCase.Read)];

    private sealed class Trigger : IPauseTrigger
    {
        public bool? IsStopped { get; set; } = false;

        public long? Head { get; set; } = 7;

        public int Failing { get; set; }

        public bool Dies { get; set; }

        public bool Breaks { get; set; }

        // What the chain shows at the looks after a pause was fired.
        public Queue<bool?> After { get; set; } = new();

        public int Fired { get; private set; }

        public Task<StopStanding> StandingAsync(CancellationToken cancellation) => Task.FromResult(new StopStanding(Fired > 0 && After.TryDequeue(out var seen) ? seen : IsStopped, Head));

        public Task<FiredPause> FireAsync(BreakerCase open, CancellationToken cancellation)
        {
            if (Dies)
            {
                Dies = false;
                throw new OperationCanceledException("the process dies here");
            }

            if (Breaks)
            {
                Breaks = false;
                throw new IOException("the disk is full");
            }

            if (Failing-- > 0)
            {
                throw new ControlException("armory-empty", ExitCode.Refused, "No armed pause is there to fire.", "Arm one.");
            }

            Fired++;
            IsStopped = true;
            return Task.FromResult(new FiredPause($"pause-{Fired}", 8, BreakerGround.Start.AddSeconds(5)));
        }
    }
}
