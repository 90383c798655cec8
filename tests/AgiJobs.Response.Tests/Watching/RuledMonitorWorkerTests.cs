using System.Collections.Concurrent;
using AgiJobs.Control;
using AgiJobs.Control.Serving;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Response.Tests.Watching;

public sealed class RuledMonitorWorkerTests
{
    private readonly ManualTime _time = new();
    private readonly ConcurrentQueue<string> _said = [];
    private readonly ConcurrentQueue<string> _told = [];
    private readonly ConcurrentQueue<StubWatch> _made = [];
    private volatile Func<RulesInForce> _rules = () => Rules("first");
    private volatile IReadOnlyList<Finding> _seen = [];
    private volatile Exception? _makeFails;
    private volatile Exception? _lookFails;

    [Fact]
    public async Task It_watches_by_the_rules_in_force_and_by_others_once_they_are_applied()
    {
        using var worker = Worker();
        Assert.Equal((false, "starting"), (worker.State.IsReady, worker.State.Code));
        await worker.StartAsync(CancellationToken.None);
        await UntilAsync("it watches", () => worker.State.IsReady);
        Assert.Equal("first", Assert.Single(_made).Rules);

        _rules = () => Rules("second");
        await UntilAsync("it watches by the others", () => _made.Count == 2 && worker.State.IsReady);
        Assert.Equal([("first", true), ("second", false)], _made.Select(watch => (watch.Rules, watch.IsStopped)));
        Assert.True(_made.First().WasStoppedBefore(_made.Last()), "two watched at once");
        Assert.Contains(_said, line => line.Contains($"other rules are in force, {Rules("second").Digest}", StringComparison.Ordinal));

        await worker.StopAsync(TimeSpan.FromSeconds(1));
        Assert.All(_made, watch => Assert.True(watch.IsStopped));
        Assert.Equal("stopped", worker.State.Code);
    }

    [Fact]
    public async Task The_same_rules_leave_the_watch_as_it_is()
    {
        using var worker = Worker();
        await worker.StartAsync(CancellationToken.None);
        await UntilAsync("it watches", () => worker.State.IsReady);
        var looks = 0;
        _rules = () =>
        {
            looks++;
            return Rules("first");
        };
        await UntilAsync("it has looked again and again", () => looks > 5);
        await worker.StopAsync(TimeSpan.FromSeconds(1));

        Assert.Single(_made);
    }

    [Theory]
    [InlineData("rule-event-unknown")]
    [InlineData("state-damaged")]
    public async Task Rules_that_cannot_be_compiled_or_read_leave_the_old_ones_in_force_and_it_says_so_once_and_is_not_ready(string code)
    {
        using var worker = Worker();
        await worker.StartAsync(CancellationToken.None);
        await UntilAsync("it watches", () => worker.State.IsReady);
        _rules = () => throw (code == "state-damaged" ? new StorageException(code, "the document is damaged") : new ControlException(code, ExitCode.BadInput, "the module Nope is not there", "mend it"));
        await UntilAsync("it is in trouble", () => !worker.State.IsReady);
        var looks = 0;
        var failing = _rules;
        _rules = () =>
        {
            looks++;
            return failing();
        };
        await UntilAsync("it has tried again and again", () => looks > 3);

        Assert.Equal(code, worker.State.Code);
        Assert.False(Assert.Single(_made).IsStopped);
        Assert.Single(_said, line => line.Contains($"[{code}]", StringComparison.Ordinal));
        _rules = () => Rules("first");
        await UntilAsync("it is well again", () => worker.State.IsReady);
        Assert.Single(_made);
        await worker.StopAsync(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_network_whose_rules_never_could_be_compiled_is_not_ready_and_says_why_until_they_can()
    {
        _rules = () => throw new ControlException("rules-none", ExitCode.BadInput, "there are no rules", "write some");
        using var worker = Worker();
        await worker.StartAsync(CancellationToken.None);
        await UntilAsync("it says why", () => worker.State.Code == "rules-none");
        Assert.Empty(_made);

        _rules = () => Rules("first");
        await UntilAsync("it watches", () => worker.State.IsReady);
        await worker.StopAsync(TimeSpan.FromSeconds(1));
        Assert.True(Assert.Single(_made).IsStopped);
    }

    [Fact]
    public async Task A_watch_that_cannot_be_made_leaves_the_old_one_at_work()
    {
        using var worker = Worker();
        await worker.StartAsync(CancellationToken.None);
        await UntilAsync("it watches", () => worker.State.IsReady);
        _makeFails = new ControlException("monitor-key", ExitCode.Failed, "the key cannot be opened", "mend it");
        _rules = () => Rules("second");
        await UntilAsync("it is in trouble", () => worker.State.Code == "monitor-key");
        Assert.False(Assert.Single(_made).IsStopped);

        _makeFails = null;
        await UntilAsync("it watches by the others", () => worker.State.IsReady && _made.Count == 2);
        await worker.StopAsync(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_watch_that_did_not_start_is_started_again_even_if_the_rules_go_back_to_what_they_were()
    {
        using var worker = Worker();
        await worker.StartAsync(CancellationToken.None);
        await UntilAsync("it watches", () => worker.State.IsReady);
        StubWatch.FailsFor = "second";
        _rules = () => Rules("second");
        await UntilAsync("it is in trouble", () => worker.State.Code == "monitor-chain");
        _rules = () => Rules("first");
        await UntilAsync("it watches again", () => worker.State.IsReady);

        Assert.Equal(("first", false), (_made.Last().Rules, _made.Last().IsStopped));
        await worker.StopAsync(TimeSpan.FromSeconds(1));
        StubWatch.FailsFor = null;
    }

    [Fact]
    public async Task A_watch_that_has_ended_by_itself_is_begun_anew()
    {
        using var worker = Worker();
        await worker.StartAsync(CancellationToken.None);
        await UntilAsync("it watches", () => worker.State.IsReady);
        _made.First().HasEnded = true;
        await UntilAsync("it watches again", () => _made.Count == 2 && worker.State.IsReady);
        await worker.StopAsync(TimeSpan.FromSeconds(1));

        Assert.Single(_said, line => line.Contains("begun anew", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Rules_that_nobody_applied_do_not_take_the_place_of_those_that_are_watched_by_and_are_looked_at_at_once()
    {
        using var worker = Worker();
        await worker.StartAsync(CancellationToken.None);
        await UntilAsync("it watches", () => worker.State.IsReady);
        _seen = [Found("a")];
        _rules = () => Rules("second") with { IsAltered = true };
        await UntilAsync("it is in trouble", () => worker.State.Code == "rules-altered");
        await UntilAsync("it is told", () => _told.Contains("a"));
        Assert.False(Assert.Single(_made).IsStopped);

        _seen = [];
        _rules = () => Rules("first");
        await UntilAsync("it is well again", () => worker.State.IsReady);
        await UntilAsync("that is told", () => _told.Last().Length == 0);
        Assert.Single(_made);
        await worker.StopAsync(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Altered_rules_are_better_than_none_and_it_is_not_ready()
    {
        _rules = () => Rules("second") with { IsAltered = true };
        using var worker = Worker();
        await worker.StartAsync(CancellationToken.None);
        await UntilAsync("it is in trouble", () => worker.State.Code == "rules-altered");
        Assert.Equal("second", Assert.Single(_made).Rules);

        _rules = () => Rules("first");
        await UntilAsync("it watches by those that were applied", () => worker.State.IsReady && _made.Count == 2);
        await worker.StopAsync(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Rules_that_were_changed_otherwise_are_told_once_for_as_long_as_it_is_so_and_again_when_it_is_something_else()
    {
        _seen = [Found("a")];
        using var worker = Worker();
        await worker.StartAsync(CancellationToken.None);
        await UntilAsync("it is told", () => _told.Count == 1);
        _seen = [Found("a"), Found("b")];
        await UntilAsync("the other is told", () => _told.Count == 2);
        await UntilAsync("time passes", () => _time.GetUtcNow() > new ManualTime().GetUtcNow().AddMinutes(10));
        await worker.StopAsync(TimeSpan.FromSeconds(1));

        Assert.Equal(["a", "a b"], _told);
        Assert.Contains(_said, line => line == "FINDING SEV-1 rules-changed: a was changed");
    }

    [Fact]
    public async Task A_log_that_cannot_be_read_ends_nothing()
    {
        _lookFails = new IOException("the disk is away");
        using var worker = Worker();
        await worker.StartAsync(CancellationToken.None);
        await UntilAsync("it says so", () => worker.State.Code == "file-read");
        Assert.False(Assert.Single(_made).IsStopped);
        _lookFails = null;
        await UntilAsync("it is well again", () => worker.State.IsReady);
        Assert.Single(_made);
        await worker.StopAsync(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_real_monitor_goes_on_by_the_new_rules_from_the_very_block_where_it_was()
    {
        await using var ground = await WatchGround.StartAsync();
        ground.Options = ground.Options with { Poll = TimeSpan.FromSeconds(1) };
        var rules = Rules("first");
        using var worker = new RuledMonitorWorker("main", _ => Task.FromResult(Volatile.Read(ref rules)), sets => new MonitorWorker(ground.Monitor([.. sets.Cast<CountingSet>()]), ground.Time), ground.Time);
        ground.Chain.Mine([1, 1, 1]);
        await worker.StartAsync(CancellationToken.None);
        await UntilAsync("three blocks are examined", async () => (await MonitorStanding.ReadAllAsync(ground.Store, "test", CancellationToken.None)) is [{ Tracks: [{ Next: 4 }] }], ground.Time);
        Volatile.Write(ref rules, Rules("second"));
        await UntilAsync("the others are taken up", async () => (await ground.StandingAsync()).RuleSet == rules.Digest.ToString(), ground.Time);
        ground.Chain.Mine([1, 1]);
        await UntilAsync("five blocks are examined", async () => (await ground.StandingAsync()).Tracks[0].Next == 6, ground.Time);
        await worker.StopAsync(TimeSpan.FromSeconds(1));

        Assert.Equal(["1", "2", "3", "4", "5"], (await ground.ToldAsync()).Where(told => told.Rule == "log").Select(told => told.Id.Split('/')[3]));
        Assert.Contains(await ground.ToldAsync(), told => told.Rule == "monitor-rules-changed");
        Assert.NotNull(await ground.Store.TryAcquireAsync(new MonitorPlaces("test", "main").Lease, "another", TimeSpan.FromSeconds(1)));
    }

    private static RulesInForce Rules(string name) =>
        new(null, [], null, new CompiledRules([new CountingSet(0, name)], new CountingSet(0, name).Digest, [], []));

    private static Finding Found(string subject) => new()
    {
        Id = subject,
        Fingerprint = subject,
        Kind = FindingKind.Firing,
        Rule = RuleTampering.RuleName,
        Source = "monitor main",
        Network = "test",
        Severity = Severity.Sev1,
        Title = $"{subject} was changed",
        Subject = subject,
    };

    private RuledMonitorWorker Worker() => new("main", _ => Task.FromResult(_rules()), Make, _time)
    {
        Tell = _said.Enqueue,
        Look = _ => _lookFails is { } problem ? throw problem : _seen,
        Take = (findings, _) =>
        {
            _told.Enqueue(string.Join(' ', findings.Select(finding => finding.Id)));
            return Task.CompletedTask;
        },
    };

    private StubWatch Make(IReadOnlyList<IDetectorSet> sets)
    {
        if (_makeFails is { } problem)
        {
            throw problem;
        }

        var watch = new StubWatch(sets[0].Digest == Keccak256.Hash("first"u8.ToArray()) ? "first" : "second");
        _made.Enqueue(watch);
        return watch;
    }

    private Task UntilAsync(string what, Func<bool> condition) => UntilAsync(what, () => Task.FromResult(condition()), _time);

    // The clock goes on while it is waited.
    private static Task UntilAsync(string what, Func<Task<bool>> condition, ManualTime time) => Wait.UntilAsync(what, async () =>
    {
        if (await condition())
        {
            return true;
        }

        time.Advance(TimeSpan.FromSeconds(5));
        return false;
    });

    private sealed class StubWatch(string rules) : IWorker
    {
        private static int _clock;
        private int _started;
        private int _stopped;

        public static string? FailsFor { get; set; }

        public string Rules => rules;

        public bool IsStopped => _stopped > 0;

        public string Name => "scripted";

        public bool HasEnded { get; set; }

        public WorkerState State => HasEnded ? new WorkerState(false, "stopped", "it has stopped: a defect") : new(_started > 0 && _stopped == 0, "ready", "it watches");

        public bool WasStoppedBefore(StubWatch other) => _stopped > 0 && _stopped < other._started;

        public Task StartAsync(CancellationToken cancellation)
        {
            if (rules == FailsFor)
            {
                throw new ControlException("monitor-chain", ExitCode.Mismatch, "another chain", "mend it");
            }

            _started = Interlocked.Increment(ref _clock);
            return Task.CompletedTask;
        }

        public Task StopAsync(TimeSpan drain)
        {
            _stopped = Interlocked.Increment(ref _clock);
            return Task.CompletedTask;
        }
    }
}
