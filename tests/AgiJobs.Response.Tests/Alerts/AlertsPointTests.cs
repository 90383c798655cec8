using System.Text.Json.Nodes;
using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Alerts;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Incidents;
using AgiJobs.Response.Tests.Breakers;
using AgiJobs.Response.Tests.Detectors;
using AgiJobs.Response.Tests.Watching;
using AgiJobs.Response.Watching;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Response.Tests.Alerts;

public sealed class AlertsPointTests : IAsyncLifetime
{
    private readonly RuleWorld _world = new();
    private readonly ScriptedChain _chain = new();
    private AlertGround _ground = null!;
    private RulesInForce? _rules;
    private BreakersFile? _breakers;
    private List<MonitorStanding> _monitors = [];
    private Func<Task> _onLook = () => Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        _ground = await AlertGround.OpenAsync();
        _world.Ground = _world.Ground with { Network = AlertGround.Network };
        _chain.Mine([0, 0, 0]);
        _rules = InForce("""{ "name": "module-paused", "standstill": true, "event": { "events": ["Paused"] } }""");
        _monitors = [Standing("main")];
    }

    public async ValueTask DisposeAsync()
    {
        _world.Dispose();
        await _ground.DisposeAsync();
    }

    [Fact]
    public async Task With_nothing_firing_and_a_monitor_at_the_head_it_holds_and_says_how()
    {
        var passed = Assert.IsType<GatePassed>(await AskAsync());
        Assert.Contains("main examined every block up to 3 by the rules in force", passed.How, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Severity.Sev0)]
    [InlineData(Severity.Sev1)]
    [InlineData(Severity.Sev2)]
    public async Task What_fires_closes_it_until_a_person_has_ended_it(Severity severity)
    {
        await _ground.TakeAsync(AlertGround.Finding("reward-drain", "FeePool", severity: severity));
        var alert = Assert.Single((await _ground.WholeAsync()).Alerts);
        var refused = Assert.IsType<GateNotPassed>(await AskAsync());
        Assert.Equal(AlertsPoint.Code, refused.Code);
        Assert.Contains($"{alert.Id} {severity.Name()} {alert.Title}", refused.Why, StringComparison.Ordinal);
        Assert.StartsWith($"agijobs alert list --network {AlertGround.Network}", refused.Command, StringComparison.Ordinal);

        // That somebody has seen it does not make it normal.
        await _ground.CommitAsync((await _ground.WholeAsync()).Acknowledge(await _ground.SignAsync("ann", AlertAct.Acknowledge, alert.Id), "Ann", _ground.Time.GetUtcNow(), out _));
        Assert.IsType<GateNotPassed>(await AskAsync());
        await _ground.CommitAsync((await _ground.WholeAsync()).Close(await _ground.SignAsync("ann", AlertAct.Close, alert.Id), "Ann", _ground.Time.GetUtcNow(), out _));
        Assert.IsType<GatePassed>(await AskAsync());
    }

    [Fact]
    public async Task What_is_over_or_was_never_so_does_not_close_it_and_noise_is_named()
    {
        await _ground.TakeAsync(AlertGround.Finding("ended"), AlertGround.Finding("withdrawn"), AlertGround.Finding("noise", severity: Severity.Sev3));
        await _ground.TakeAsync(AlertGround.Finding("ended", place: 2, kind: FindingKind.Resolved), AlertGround.Finding("withdrawn", kind: FindingKind.Retracted, why: "gone"));
        Assert.Contains("are SEV-3", Assert.IsType<GatePassed>(await AskAsync()).How, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silence_that_counts_opens_it_and_is_named_and_one_that_does_not_count_does_not()
    {
        await _ground.TakeAsync(AlertGround.Finding("drain", severity: Severity.Sev0));
        var until = _ground.Time.GetUtcNow().AddHours(1);
        await SilenceAsync("ann", null);
        Assert.IsType<GateNotPassed>(await AskAsync());
        // A forged one: Cid has no duty for it.
        await Assert.ThrowsAsync<ControlException>(() => SilenceAsync("cid", "INC-1"));
        await SilenceAsync("ben", "INC-1");
        Assert.Contains("is silenced by Ben: because", Assert.IsType<GatePassed>(await AskAsync()).How, StringComparison.Ordinal);
        await _ground.LookAsync(new HashSet<string>(StringComparer.Ordinal) { "INC-1" });
        Assert.IsType<GateNotPassed>(await AskAsync());

        async Task SilenceAsync(string who, string? incident) => await _ground.CommitAsync((await _ground.WholeAsync()).Silence(await _ground.SignAsync(who, AlertAct.Silence, matcher: new AlertMatcher(Rule: "drain"), incident: incident, until: until), who == "ben" ? "Ben" : "Ann", _ground.Time.GetUtcNow()));
    }

    [Fact]
    public async Task That_something_stands_still_does_not_close_it_where_rule_and_description_say_so()
    {
        var paused = AlertGround.Finding("module-paused", "JobRegistry") with { Fingerprint = FindingIdentity.Fingerprint(AlertGround.Network, "module-paused", "JobRegistry") };
        await _ground.TakeAsync(paused);
        Assert.Contains("stand still", Assert.IsType<GatePassed>(await AskAsync()).How.Replace("stands still", "stand still", StringComparison.Ordinal), StringComparison.Ordinal);

        // Somebody else's alert of the same name is not one of the rule's.
        await _ground.TakeAsync(AlertGround.Finding("module-paused", "FeePool"));
        Assert.IsType<GateNotPassed>(await AskAsync());
    }

    [Fact]
    public async Task Overdue_duties_of_people_do_not_close_it_and_somebody_elses_alert_of_that_name_does()
    {
        await _ground.TakeAsync(AlertGround.Finding("incident-duty-overdue") with { Source = DutyFindings.Source });
        Assert.Contains("are overdue duties of people", Assert.IsType<GatePassed>(await AskAsync()).How, StringComparison.Ordinal);
        await _ground.TakeAsync(AlertGround.Finding("incident-duty-overdue", "another") with { Source = "forta" });
        Assert.IsType<GateNotPassed>(await AskAsync());
    }

    [Fact]
    public async Task A_record_of_duties_that_is_damaged_closes_it()
    {
        await _ground.TakeAsync(DutyFindings.Damaged(AlertGround.Network, "duties", "it was altered", DutyFindings.Source));
        Assert.IsType<GateNotPassed>(await AskAsync());
    }

    [Fact]
    public async Task A_name_alone_is_no_standstill()
    {
        await _ground.TakeAsync(AlertGround.Finding("module-paused", "JobRegistry") with { Fingerprint = FindingIdentity.Fingerprint(AlertGround.Network, "module-paused", "JobRegistry") });
        _rules = InForce("""{ "name": "module-paused", "event": { "events": ["Paused"] } }""");
        _monitors = [Standing("main")];
        Assert.IsType<GateNotPassed>(await AskAsync());
    }

    [Fact]
    public async Task The_rules_word_alone_is_no_standstill()
    {
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool") with { Fingerprint = FindingIdentity.Fingerprint(AlertGround.Network, "drain", "FeePool") });
        _rules = InForce("""{ "name": "drain", "standstill": true, "event": { "modules": ["FeePool"], "events": ["RewardPaid", "Paused"] } }""");
        _monitors = [Standing("main")];
        Assert.IsType<GateNotPassed>(await AskAsync());
    }

    [Fact]
    public async Task A_resume_that_was_begun_is_not_stopped_by_what_it_did_itself_and_by_what_others_did_it_is()
    {
        var change = Resume(Path.Combine(_ground.Folder.FullName, "resume"));
        Directory.CreateDirectory(change.Folder);
        using (var journal = Journal.Open(change.JournalPath, _ground.Time))
        {
            journal.Append("signed", new JsonObject { ["hash"] = AlertGround.Word(7).ToString() });
        }

        await _ground.TakeAsync(AlertGround.Finding("module-resumed", "FeePool", transaction: 7));
        Assert.IsType<GateNotPassed>(await AskAsync());
        Assert.Contains("transactions of this change", Assert.IsType<GatePassed>(await AskAsync(change)).How, StringComparison.Ordinal);
        await _ground.TakeAsync(AlertGround.Finding("module-resumed", "FeePool", place: 2, transaction: 7));
        Assert.IsType<GateNotPassed>(await AskAsync(change));
    }

    [Fact]
    public async Task Whoever_does_not_watch_leaves_it_to_people_with_the_reason()
    {
        await UnknownAsync("no monitor ever ran here", () => _monitors = []);
        await UnknownAsync("no monitor ever ran here", () => _monitors = [Standing("event-index")]);
        await UnknownAsync("the monitor main has not written since 2026-11-20 07:58:59 UTC", () => _monitors = [Standing("main") with { At = _ground.Time.GetUtcNow().AddSeconds(-61) }]);
        await UnknownAsync("the monitor main is blind: no answer", () => _monitors = [Standing("main") with { Blind = new Blindness(_ground.Time.GetUtcNow(), "no answer", false) }]);
        await UnknownAsync("the monitor main does not watch by the rules in force", () => _monitors = [Standing("main") with { RuleSet = null }]);
        await UnknownAsync("the monitor main does not watch by the rules in force", () => _monitors = [Standing("main") with { RuleSet = Bytes32.Zero.ToString() }]);
        await UnknownAsync("the monitor second is blind: no answer", () => _monitors = [Standing("main"), Standing("second") with { Blind = new Blindness(_ground.Time.GetUtcNow(), "no answer", true) }]);
        await UnknownAsync("follows another branch of the chain", () => _monitors = [Standing("main") with { Head = new BlockMark(2, Bytes32.Zero.ToString()) }]);
        await UnknownAsync("has not seen a block yet", () => _monitors = [Standing("main") with { Head = null }]);
        await UnknownAsync("no rules were ever put in force", () => _rules = _rules! with { Applied = null });
        await UnknownAsync("the rules in force watch nothing", () => _rules = _rules! with { Compiled = null });
        await UnknownAsync("the rules in force could not be read: rule x", () => _rules = null);
        await UnknownAsync("it is locked", () => _onLook = () => throw new StorageException(StorageException.Unreachable, "it is locked", null));
        await UnknownAsync("no node", () => _chain.OnCall = _ => throw new EthereumException("rpc-unreachable", Fault.Unknown, "no node"));

        async Task UnknownAsync(string why, Action spoil)
        {
            var (monitors, rules) = (_monitors, _rules);
            spoil();
            var open = Assert.IsType<GateNotConnected>(await AskAsync());
            Assert.Contains(why, open.Why, StringComparison.Ordinal);
            Assert.StartsWith("unknown: ", open.Why, StringComparison.Ordinal);
            Assert.Equal([Duty.Security], open.Duties);
            (_monitors, _rules, _onLook, _chain.OnCall) = (monitors, rules, () => Task.CompletedTask, _ => { });
        }
    }

    [Fact]
    public async Task What_fires_closes_it_though_nobody_watches_any_more()
    {
        _monitors = [];
        await _ground.TakeAsync(AlertGround.Finding("drain"));
        Assert.IsType<GateNotPassed>(await AskAsync());
    }

    [Fact]
    public async Task A_block_that_came_just_now_is_waited_for_and_what_is_found_in_it_counts()
    {
        _monitors = [Standing("main") with { Tracks = [Track(3)] }];
        var looks = 0;
        _onLook = async () =>
        {
            if (++looks == 2)
            {
                _monitors = [Standing("main")];
                await _ground.TakeAsync(AlertGround.Finding("drain"));
            }
        };
        Assert.IsType<GateNotPassed>(await WaitedAsync(AskAsync()));
        Assert.Equal(2, looks);
    }

    [Fact]
    public async Task A_monitor_that_stays_behind_or_fills_a_hole_leaves_it_to_people()
    {
        _monitors = [Standing("main") with { Tracks = [Track(3)] }];
        Assert.Contains("has not examined block 3 of 3 yet", Assert.IsType<GateNotConnected>(await WaitedAsync(AskAsync())).Why, StringComparison.Ordinal);
        _monitors = [Standing("main") with { Tracks = [Track(4) with { Fill = new CoverageFill(0, 2, 1, null) }] }];
        Assert.Contains("has not examined block 1 of 3 yet", Assert.IsType<GateNotConnected>(await WaitedAsync(AskAsync())).Why, StringComparison.Ordinal);
        // By a rule that waits for two confirmations the second newest is not due.
        _monitors = [Standing("main") with { Tracks = [Track(4), Track(2) with { Confirmations = 2 }] }];
        Assert.IsType<GatePassed>(await AskAsync());
    }

    [Fact]
    public async Task Where_breakers_name_the_monitors_as_many_of_them_as_must_agree_are_enough_and_others_count_not()
    {
        _breakers = BreakerGround.File();
        _monitors = [Named("east"), Named("north"), Standing("stray") with { Blind = new Blindness(_ground.Time.GetUtcNow(), "no answer", false) }];
        Assert.IsType<GatePassed>(await AskAsync());
        _monitors = [Named("east"), Named("north") with { Key = Named("east").Key }, Standing("stray")];
        var open = Assert.IsType<GateNotConnected>(await AskAsync());
        Assert.Contains("1 of the 2 monitors that have to agree see", open.Why, StringComparison.Ordinal);
        Assert.Contains("the monitor north signs with another key", open.Why, StringComparison.Ordinal);
        Assert.Contains("the monitor west has never run here", open.Why, StringComparison.Ordinal);

        MonitorStanding Named(string name) => Standing(name) with { Key = BreakerGround.KeyOf(name).ToString() };
    }

    private static FiledChange Resume(string folder) => new(folder, new ChangeDocument
    {
        Version = 1,
        Kind = "resume-system",
        Network = AlertGround.Network,
        ChainId = ChainId.Local,
        Protocol = "agi-jobs",
        Instance = "T-1",
        Title = "Resume",
        Risk = Risk.Red,
        Steps = [],
        Preconditions = [],
        Expected = [],
        Effects = [],
        Rollback = new Rollback { Note = "none" },
    });

    private Task<GateAnswer> AskAsync(FiledChange? change = null) => new AlertsPoint(
        AlertGround.Network,
        async _ =>
        {
            await _onLook();
            return new AlertsSight(_monitors, await _ground.WholeAsync(), _rules, _rules is null ? "rule x" : null, _breakers);
        },
        _ => Task.FromResult<IWatchedChain>(_chain),
        _ground.Time).AskAsync(change ?? Resume("resume"), new ChangeDemands(new ChangeNature(false, true, Risk.Red), [], [], new GatePolicy()), default);

    private async Task<GateAnswer> WaitedAsync(Task<GateAnswer> answer)
    {
        while (!answer.IsCompleted)
        {
            await Wait.UntilAsync("the point waits or answers", () => answer.IsCompleted || _ground.Time.ArmedTimers > 0);
            _ground.Time.Advance(TimeSpan.FromSeconds(1));
        }

        return await answer;
    }

    private RulesInForce InForce(params string[] rules)
    {
        var sources = RuleWorld.Sources(rules);
        var compiled = new RuleCompiler(_world.Ground).Compile(sources);
        return new RulesInForce(
            new AppliedRules { Version = 1, Network = AlertGround.Network, Digest = compiled.Digest, Content = AppliedRules.ContentOf(sources.Select(source => source.Rule)), At = _ground.Time.GetUtcNow(), By = "ann@here", Rules = [] },
            sources,
            null,
            compiled);
    }

    private MonitorStanding Standing(string name) => new()
    {
        Version = 1,
        Network = AlertGround.Network,
        ChainId = 31337,
        Monitor = name,
        Node = "node",
        At = _ground.Time.GetUtcNow(),
        Head = new BlockMark(3, _chain.HashOf(3).ToString()),
        RuleSet = _rules!.Digest.ToString(),
        Tracks = [Track(4)],
    };

    private static TrackStanding Track(ulong next) => new() { Name = "depth-0", Confirmations = 0, RuleSet = "", From = 0, LiveFrom = 0, Next = next };
}
