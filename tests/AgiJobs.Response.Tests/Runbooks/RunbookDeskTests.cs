using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Runbooks;
using AgiJobs.Storage;
using static AgiJobs.Response.Tests.Runbooks.RunbookGround;

namespace AgiJobs.Response.Tests.Runbooks;

public sealed class RunbookDeskTests : IAsyncLifetime
{
    private static readonly IReadOnlyDictionary<string, string> Nothing = new Dictionary<string, string>(StringComparer.Ordinal);
    private static readonly string Pause = Step("pause", """ "within": "5m", "command": {"line": "owner system-pause --action pause --instance {incident} --signer {me}", "send": true, "emergency": true, "interrupted": {"repeat": true}} """);
    private static readonly string Command = Step("command", """ "approval": {"statement": "I command {incident}."} """, "commander");
    private static readonly string Once = Step("once", """ "command": {"line": "send-once {me}", "send": true, "interrupted": {"ask": {"line": "look", "must": [{"at": "sent", "is": "true"}]}}}, "maySkip": true """);
    private static readonly string Tell = Step("tell", """ "needs": ["pause"], "withinAt": {"SEV-0": "15m"}, "within": "1h", "task": {"writeDown": "who"} """, "communications");

    private RunbookGround _ground = null!;

    public async ValueTask InitializeAsync() => _ground = await StartAsync();

    public ValueTask DisposeAsync() => _ground.DisposeAsync();

    private RunbookActor Operator => _ground.Person(1, Duty.Operator, Duty.Commander);

    private RunbookActor Commander => _ground.Person(2, Duty.Operator, Duty.Commander);

    private Task<RunbookRun> BeginAsync(string steps, RunbookDesk? desk = null, Severity? severity = null) => (desk ?? _ground.Desk()).BeginAsync(_ground.Book(steps), "INC-7", severity, Nothing, null, CancellationToken.None);

    private static async Task<ControlException> RefusedAsync(string code, Func<Task> act)
    {
        var refused = await Assert.ThrowsAsync<ControlException>(act);
        Assert.Equal(code, refused.Code);
        return refused;
    }

    [Fact]
    public async Task Everybody_who_types_the_same_works_on_the_same_run_and_a_given_up_one_is_not_joined()
    {
        var steps = $"{Pause},{Command}";
        var run = await BeginAsync(steps);
        Assert.Equal("test-INC-7", run.Id);
        Assert.Equal(run.Id, (await BeginAsync(steps)).Id);
        await _ground.Desk().EndAsync(run.Id, "a false alarm", _ground.Person(1, Duty.Commander), CancellationToken.None);
        Assert.Equal("test-INC-7.2", (await BeginAsync(steps)).Id);
        await RefusedAsync("run-over", () => _ground.Desk().StepAsync(run.Id, "pause", Operator, true, CancellationToken.None));
        Assert.Empty(_ground.Lines);
    }

    [Fact]
    public async Task What_sends_is_only_tried_without_the_persons_own_key_and_sent_once_with_it()
    {
        var run = await BeginAsync($"{Pause},{Command}");
        _ground.Answer = line => line.EndsWith("--execute", StringComparison.Ordinal) ? (0, """{"change": "c", "transactions": [{"hash": "0xaa"}]}""") : (3, """{"change": "c"}""");
        var tried = await _ground.Desk().StepAsync(run.Id, "pause", Operator, send: false, CancellationToken.None);
        Assert.Equal((StepState.Open, 3), (tried["pause"].State, tried["pause"].Preview!.Exit));
        var sent = await _ground.Desk().StepAsync(run.Id, "pause", Operator, send: true, CancellationToken.None);
        Assert.Equal((StepState.Done, "person-1", "c", "0xaa"), (sent["pause"].State, sent["pause"].By, sent["pause"].Last!.Change, Assert.Single(sent["pause"].Last!.Transactions)));
        await _ground.Desk().StepAsync(run.Id, "pause", Operator, send: false, CancellationToken.None);
        Assert.Equal(["owner system-pause --action pause --instance INC-7 --signer signer-1", "owner system-pause --action pause --instance INC-7 --signer signer-1 --execute"], _ground.Lines);

        // A pause alone is sent again when a person says so, and what it says then takes nothing back.
        _ground.Answer = _ => (5, "{}");
        Assert.Equal(StepState.Done, (await _ground.Desk().StepAsync(run.Id, "pause", Operator, send: true, CancellationToken.None))["pause"].State);
        Assert.Equal(3, _ground.Lines.Count);
    }

    [Fact]
    public async Task What_is_done_is_not_sent_a_second_time()
    {
        var run = await BeginAsync(Once);
        await _ground.Desk().StepAsync(run.Id, "once", Operator, true, CancellationToken.None);
        await _ground.Desk().StepAsync(run.Id, "once", Operator, true, CancellationToken.None);
        Assert.Single(_ground.Lines);
    }

    [Fact]
    public async Task Nobody_commands_and_operates_at_once_and_the_emergency_alone_goes_before_that()
    {
        var run = await BeginAsync($"{Pause},{Command}");
        await _ground.Desk().StepAsync(run.Id, "pause", Operator, true, CancellationToken.None);
        var refused = await RefusedAsync("dual-control", () => _ground.Desk().DecideAsync(run.Id, "command", "approved", null, Operator, CancellationToken.None));
        Assert.Equal(ExitCode.Refused, refused.Exit);
        var after = await _ground.Desk().DecideAsync(run.Id, "command", "approved", null, Commander, CancellationToken.None);
        Assert.True(after.IsComplete);
        Assert.Empty(after.Findings);

        // The commander alone at night: nothing stands in the way of the pause, and it is told.
        var desk = _ground.Desk();
        var night = await desk.BeginAsync(_ground.Book($"{Pause},{Command}"), "INC-8", null, Nothing, null, CancellationToken.None);
        await desk.DecideAsync(night.Id, "command", "approved", null, Commander, CancellationToken.None);
        night = await desk.StepAsync(night.Id, "pause", Commander, true, CancellationToken.None);
        Assert.Equal(StepState.Done, night["pause"].State);
        Assert.Contains("dual-control", Assert.Single(night.Findings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_takes_its_duty_its_needs_and_its_inputs()
    {
        var run = await BeginAsync($"{Pause},{Tell},{Once}");
        var desk = _ground.Desk();
        await RefusedAsync("step-needs", () => desk.DecideAsync(run.Id, "tell", "done", "x", _ground.Person(3, Duty.Communications), CancellationToken.None));
        await RefusedAsync("duty-missing", () => desk.StepAsync(run.Id, "once", _ground.Person(3, Duty.Communications), true, CancellationToken.None));
        await RefusedAsync("signer-needed", () => desk.StepAsync(run.Id, "once", null, true, CancellationToken.None));
        await RefusedAsync("skip-forbidden", () => desk.DecideAsync(run.Id, "pause", "skipped", "no", Operator, CancellationToken.None));
        await RefusedAsync("reason-needed", () => desk.DecideAsync(run.Id, "once", "skipped", " ", Operator, CancellationToken.None));
        await RefusedAsync("step-kind", () => desk.DecideAsync(run.Id, "once", "done", "x", Operator, CancellationToken.None));
        await RefusedAsync("step-kind", () => desk.StepAsync(run.Id, "tell", Operator, true, CancellationToken.None));
        await RefusedAsync("step-unknown", () => desk.StepAsync(run.Id, "fly", Operator, true, CancellationToken.None));
        await RefusedAsync("input-unknown", () => desk.GiveAsync(run.Id, new Dictionary<string, string>(StringComparer.Ordinal) { ["incident"] = "x" }, null, CancellationToken.None));
        await RefusedAsync("runbook-run-unknown", () => desk.ReadAsync("other", CancellationToken.None));
        await RefusedAsync("incident-needed", () => desk.BeginAsync(_ground.Book(Pause), null, null, Nothing, null, CancellationToken.None));
        await RefusedAsync("incident-name", () => desk.BeginAsync(_ground.Book(Pause), "a/b", null, Nothing, null, CancellationToken.None));
        Assert.Empty(_ground.Lines);
    }

    [Fact]
    public async Task The_incident_says_how_bad_it_is_and_who_has_which_role()
    {
        var desk = _ground.Desk((id, _) => Task.FromResult(id == "INC-7" ? new IncidentSight(Severity.Sev1, new Dictionary<Duty, string> { [Duty.Operator] = "person-1", [Duty.Commander] = "person-2" }) : null));
        var run = await BeginAsync($"{Once},{Command}", desk);
        Assert.Equal(Severity.Sev1, run.Severity);
        await RefusedAsync("role-other", () => desk.StepAsync(run.Id, "once", _ground.Person(4, Duty.Operator), true, CancellationToken.None));
        await RefusedAsync("role-other", () => desk.DecideAsync(run.Id, "command", "approved", null, Operator, CancellationToken.None));

        // A runbook does not wait for its incident to be opened.
        Assert.True((await desk.BeginAsync(_ground.Book(Command), "INC-9", null, Nothing, null, CancellationToken.None)).IsOpen);
        Assert.Equal(StepState.Done, (await desk.StepAsync(run.Id, "once", Operator, true, CancellationToken.None))["once"].State);
    }

    [Theory]
    [InlineData(0, """{"sent": true}""", StepState.Done, 1)]
    [InlineData(0, """{"sent": false}""", StepState.Done, 2)]
    [InlineData(5, "{}", StepState.Begun, 1)]
    [InlineData(2, "{}", StepState.Begun, 1)]
    public async Task What_a_process_that_died_may_have_sent_is_asked_about_and_never_repeated_blindly(int exit, string json, StepState state, int sends)
    {
        var run = await BeginAsync(Once);
        _ground.Answer = line => line.StartsWith("send", StringComparison.Ordinal) ? throw new InvalidOperationException("killed") : (exit, json);
        await Assert.ThrowsAsync<InvalidOperationException>(() => _ground.Desk().StepAsync(run.Id, "once", Operator, true, CancellationToken.None));
        Assert.Equal(StepState.Begun, (await _ground.Desk().ReadAsync(run.Id, CancellationToken.None))["once"].State);
        _ground.Answer = line => line.StartsWith("send", StringComparison.Ordinal) ? (0, "{}") : (exit, json);
        if (state == StepState.Begun)
        {
            // However often it is tried.
            await RefusedAsync("step-undecided", () => _ground.Desk().StepAsync(run.Id, "once", Operator, true, CancellationToken.None));
            await RefusedAsync("step-undecided", () => _ground.Desk().StepAsync(run.Id, "once", Operator, true, CancellationToken.None));
        }
        else
        {
            await _ground.Desk().StepAsync(run.Id, "once", Operator, true, CancellationToken.None);
        }

        Assert.Equal((state, sends), ((await _ground.Desk().ReadAsync(run.Id, CancellationToken.None))["once"].State, _ground.Lines.Count(line => line.StartsWith("send", StringComparison.Ordinal))));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(5, true)]
    [InlineData(2, false)]
    [InlineData(4, false)]
    public async Task After_an_end_that_may_have_sent_it_is_asked_and_after_a_refusal_it_is_not(int exit, bool asks)
    {
        var run = await BeginAsync(Once);
        _ground.Answer = _ => (exit, "{}");
        Assert.Equal(StepState.Failed, (await _ground.Desk().StepAsync(run.Id, "once", Operator, true, CancellationToken.None))["once"].State);
        _ground.Answer = _ => (0, """{"sent": true}""");
        await _ground.Desk().StepAsync(run.Id, "once", Operator, true, CancellationToken.None);
        Assert.Equal(asks ? ["send-once signer-1 --execute", "look"] : ["send-once signer-1 --execute", "send-once signer-1 --execute"], _ground.Lines);
    }

    [Fact]
    public async Task While_one_works_on_a_step_another_waits_but_not_with_a_pause()
    {
        var run = await BeginAsync($"{Once},{Pause}");
        ControlException? second = null;
        RunbookRun? paused = null;
        _ground.Answer = line =>
        {
            if (line.StartsWith("send", StringComparison.Ordinal))
            {
                // Another process, while this one works.
                second = Task.Run(() => RefusedAsync("step-under-way", () => _ground.Desk().StepAsync(run.Id, "once", Commander, true, CancellationToken.None))).GetAwaiter().GetResult();
                paused = Task.Run(() => _ground.Desk().StepAsync(run.Id, "pause", Commander, true, CancellationToken.None)).GetAwaiter().GetResult();
            }

            return (0, "{}");
        };
        var after = await _ground.Desk().StepAsync(run.Id, "once", Operator, true, CancellationToken.None);
        Assert.Equal(ExitCode.Refused, second!.Exit);
        Assert.Equal((StepState.Begun, StepState.Done), (paused!["once"].State, paused["pause"].State));
        Assert.True(after.IsComplete);
    }

    [Fact]
    public async Task A_decision_that_was_altered_counts_not()
    {
        var run = await BeginAsync(Command);
        var stream = RunbookRun.StreamOf("local", run.Id);
        var forged = new StepDecided { Step = "command", Decision = "approved", Text = "I command INC-7.", By = "person-2", Duty = Duty.Commander, Signer = Commander.Address, Issued = 1, Signature = new byte[65] };
        await _ground.Store.CommitAsync(new StateCommit { Events = [new StreamAppend(stream, run.Version, [forged.Write()])] });
        run = await _ground.Desk().ReadAsync(run.Id, CancellationToken.None);
        Assert.Equal(StepState.Open, run["command"].State);
        Assert.Single(run.Findings);

        // A signature for one run does not count in another.
        var signed = await _ground.Desk().DecideAsync(run.Id, "command", "approved", null, Commander, CancellationToken.None);
        var events = await _ground.Store.ReadAsync(stream);
        var desk = _ground.Desk();
        var other = await desk.BeginAsync(_ground.Book(Command), "INC-8", null, Nothing, null, CancellationToken.None);
        await _ground.Store.CommitAsync(new StateCommit { Events = [new StreamAppend(RunbookRun.StreamOf("local", other.Id), other.Version, [new NewEvent(events[^1].Type, events[^1].Data)])] });
        Assert.True(signed.IsComplete);
        Assert.False((await desk.ReadAsync(other.Id, CancellationToken.None)).IsComplete);
    }

    [Fact]
    public async Task Deadlines_count_from_the_start_by_the_severity_and_what_is_late_stays_so()
    {
        var run = await BeginAsync($"{Pause},{Tell}", severity: Severity.Sev1);
        _ground.Time.Advance(TimeSpan.FromMinutes(20));
        var now = _ground.Time.GetUtcNow();
        Assert.Equal(["pause"], run.OverdueAt(now).Select(step => step.Step.Id));
        run = await _ground.Desk().ChangeSeverityAsync(run.Id, Severity.Sev0, _ground.Person(2, Duty.Operator), CancellationToken.None);
        Assert.Equal(["pause", "tell"], run.OverdueAt(now).Select(step => step.Step.Id));
        run = await _ground.Desk().StepAsync(run.Id, "pause", Operator, true, CancellationToken.None);
        Assert.Equal(["pause"], run.Late.Select(step => step.Step.Id));
        Assert.Equal(["tell"], run.OverdueAt(now).Select(step => step.Step.Id));
    }

    [Fact]
    public async Task Overdue_steps_are_findings_with_the_same_names_at_every_look_and_are_resolved_when_it_is_over()
    {
        var run = await BeginAsync($"{Pause},{Tell}", severity: Severity.Sev1);
        Assert.Empty(Of(run));
        _ground.Time.Advance(TimeSpan.FromMinutes(20));
        var overdue = Assert.Single(Of(run));
        Assert.Equal((RunbookFindings.Rule, FindingKind.Firing, Severity.Sev1, run.Id, "pause"), (overdue.Rule, overdue.Kind, overdue.Severity, overdue.Subject, overdue.Facts["step"]));
        Assert.Equal(overdue.Id, Assert.Single(Of(run)).Id);
        run = await _ground.Desk().StepAsync(run.Id, "pause", Operator, true, CancellationToken.None);
        Assert.Equal([(overdue.Id, FindingKind.Firing), (overdue.Id + "/settled", FindingKind.Resolved)], Of(run).Select(finding => (finding.Id, finding.Kind)));

        // Worse, the other is overdue too; given up, nothing is.
        run = await _ground.Desk().ChangeSeverityAsync(run.Id, Severity.Sev0, Commander, CancellationToken.None);
        var tell = Assert.Single(Of(run), finding => finding is { Kind: FindingKind.Firing } && finding.Facts["step"] == "tell");
        Assert.Equal(Severity.Sev1, tell.Severity);
        run = await _ground.Desk().EndAsync(run.Id, "a false alarm", Commander, CancellationToken.None);
        Assert.Equal(FindingKind.Resolved, Assert.Single(Of(run), finding => finding.Facts["step"] == "tell").Kind);

        IReadOnlyList<Finding> Of(RunbookRun one) => RunbookFindings.Of("local", [one], _ground.Time.GetUtcNow());
    }

    [Fact]
    public async Task Giving_up_and_more_time_are_the_commanders_to_say_and_nobody_says_it_in_anothers_name()
    {
        var run = await BeginAsync($"{Pause},{Tell}", severity: Severity.Sev0);
        var only = _ground.Person(4, Duty.Operator);
        await RefusedAsync("duty-missing", () => _ground.Desk().EndAsync(run.Id, "enough", only, CancellationToken.None));
        await RefusedAsync("duty-missing", () => _ground.Desk().ChangeSeverityAsync(run.Id, Severity.Sev1, only, CancellationToken.None));
        Assert.Equal(Severity.Sev1, (await _ground.Desk().ChangeSeverityAsync(run.Id, Severity.Sev1, Commander, CancellationToken.None)).Severity);
        run = await _ground.Desk().ChangeSeverityAsync(run.Id, Severity.Sev0, only, CancellationToken.None);
        Assert.Equal(Severity.Sev0, run.Severity);

        // Past the program: the words of the one event with the signature of the other, and a signature under a duty that is not enough.
        var stream = RunbookRun.StreamOf("local", run.Id);
        var signed = (SeverityChanged)RunbookEvent.Read((await _ground.Store.ReadAsync(stream))[^1]);
        var milder = Severity.Sev3.Name();
        var own = RunbookStatement.OfSeverity("local", ChainId.Local, run.Id, milder, 1, Duty.Operator);
        NewEvent[] forged =
        [
            (signed with { Severity = milder }).Write(),
            new SeverityChanged { Severity = milder, By = only.Name, Signed = new RunbookSignature(Duty.Operator, only.Address, 1, await only.SignAsync(own, CancellationToken.None)) }.Write(),
            new RunEnded { Reason = "enough", By = Commander.Name, Signed = signed.Signed }.Write(),
        ];
        await _ground.Store.CommitAsync(new StateCommit { Events = [new StreamAppend(stream, run.Version, forged)] });
        run = await _ground.Desk().ReadAsync(run.Id, CancellationToken.None);
        Assert.Equal((Severity.Sev0, true, 3), (run.Severity, run.IsOpen, run.Findings.Count));
        Assert.False((await _ground.Desk().EndAsync(run.Id, "a false alarm", Commander, CancellationToken.None)).IsOpen);
    }

    [Fact]
    public async Task A_command_that_does_not_use_the_persons_key_is_signed_for()
    {
        var plan = Step("plan", """ "command": {"line": "look {incident}", "interrupted": {"repeat": true}} """);
        var broken = Operator with { SignAsync = (_, _) => throw new ControlException("signer-locked", ExitCode.BadInput, "no password") };
        var run = await BeginAsync(plan);
        await RefusedAsync("signer-locked", () => _ground.Desk().StepAsync(run.Id, "plan", broken, false, CancellationToken.None));
        Assert.Empty(_ground.Lines);
        var forged = new CommandBegun { Step = "plan", Words = ["look", "INC-7"], What = "do", By = "person-2" };
        await _ground.Store.CommitAsync(new StateCommit { Events = [new StreamAppend(RunbookRun.StreamOf("local", run.Id), run.Version, [forged.Write()])] });
        Assert.Contains("not proven", Assert.Single((await _ground.Desk().ReadAsync(run.Id, CancellationToken.None)).Findings), StringComparison.Ordinal);
        var done = await _ground.Desk().StepAsync(run.Id, "plan", Operator, false, CancellationToken.None);
        Assert.Equal((StepState.Done, 1), (done["plan"].State, done.Findings.Count));

        // Beside a pause nothing waits for a key.
        var urgent = await BeginAsync($"{Pause},{plan}");
        urgent = await _ground.Desk().StepAsync(urgent.Id, "plan", broken, false, CancellationToken.None);
        Assert.Equal((StepState.Done, 1), (urgent["plan"].State, urgent.Findings.Count));
    }

    [Fact]
    public async Task What_somebody_else_changed_while_one_signed_is_asked_for_anew()
    {
        var plan = Step("plan", """ "command": {"line": "look {job}", "interrupted": {"repeat": true}} """);
        var book = _ground.Book(plan, """{"name": "job", "from": "asked", "what": "which"}""");
        var run = await _ground.Desk().BeginAsync(book, null, Severity.Sev2, new Dictionary<string, string>(StringComparer.Ordinal) { ["job"] = "41" }, null, CancellationToken.None);
        var slow = Operator with
        {
            SignAsync = async (document, cancellation) =>
            {
                await _ground.Desk().GiveAsync(run.Id, new Dictionary<string, string>(StringComparer.Ordinal) { ["job"] = "42" }, null, cancellation);
                return await Operator.SignAsync(document, cancellation);
            },
        };
        await RefusedAsync("run-changed", () => _ground.Desk().StepAsync(run.Id, "plan", slow, false, CancellationToken.None));
        Assert.Empty(_ground.Lines);
        await _ground.Desk().StepAsync(run.Id, "plan", Operator, false, CancellationToken.None);
        Assert.Equal(["look 42"], _ground.Lines);

        // Worse by one may be better by one when it is said: that is the commander's alone to say.
        var other = _ground.Person(3, Duty.Operator);
        var late = other with
        {
            SignAsync = async (document, cancellation) =>
            {
                await _ground.Desk().ChangeSeverityAsync(run.Id, Severity.Sev0, Commander, cancellation);
                return await other.SignAsync(document, cancellation);
            },
        };
        await RefusedAsync("run-changed", () => _ground.Desk().ChangeSeverityAsync(run.Id, Severity.Sev1, late, CancellationToken.None));
        Assert.Equal(Severity.Sev0, (await _ground.Desk().ReadAsync(run.Id, CancellationToken.None)).Severity);
    }

    [Fact]
    public async Task A_run_whose_steps_were_done_about_one_thing_is_not_turned_to_another()
    {
        var plan = Step("plan", """ "command": {"line": "look {job}", "take": {"change": "change"}, "interrupted": {"repeat": true}} """);
        var read = Step("read", """ "check": {"line": "look {change}"}, "needs": ["plan"] """);
        var book = _ground.Book($"{plan},{read}", """{"name": "job", "from": "asked", "what": "which"}, {"name": "change", "from": "step", "what": "which"}""");
        var run = await _ground.Desk().BeginAsync(book, null, null, new Dictionary<string, string>(StringComparer.Ordinal) { ["job"] = "41" }, null, CancellationToken.None);
        Task GiveAsync(string name, string value) => _ground.Desk().GiveAsync(run.Id, new Dictionary<string, string>(StringComparer.Ordinal) { [name] = value }, null, CancellationToken.None);

        // Before anything was done about it, it may be corrected.
        await GiveAsync("job", "42");
        _ground.Answer = _ => (0, """{"change": "a"}""");
        await _ground.Desk().StepAsync(run.Id, "plan", Operator, false, CancellationToken.None);
        await RefusedAsync("input-used", () => GiveAsync("job", "43"));
        await RefusedAsync("input-used", () => GiveAsync("change", "b"));
        await GiveAsync("job", "42");
        await _ground.Desk().StepAsync(run.Id, "read", null, false, CancellationToken.None);
        Assert.Equal(["look 42", "look a"], _ground.Lines);
    }

    [Fact]
    public async Task A_check_holds_only_when_its_answer_is_so_and_may_be_asked_by_anybody()
    {
        var run = await BeginAsync(Step("see", """ "check": {"line": "look {incident}", "must": [{"at": "m[*].s", "is": "paused"}]} """));
        foreach (var (exit, json, state) in ((int, string, StepState)[])[(5, """{"m": [{"s": "paused"}]}""", StepState.Failed), (0, "{}", StepState.Failed), (0, """{"m": [{"s": "paused"}, {"s": "running"}]}""", StepState.Failed), (0, "no document", StepState.Failed), (0, """{"m": [{"s": "paused"}]}""", StepState.Done)])
        {
            _ground.Answer = _ => (exit, json);
            Assert.Equal(state, (await _ground.Desk().StepAsync(run.Id, "see", null, false, CancellationToken.None))["see"].State);
        }
    }

    [Fact]
    public async Task What_somebody_must_look_at_waits_for_a_signed_decision()
    {
        var run = await BeginAsync(Step("look", """ "command": {"line": "look {me} {incident}", "attention": [3], "interrupted": {"repeat": true}} """));
        var desk = _ground.Desk();
        await RefusedAsync("step-kind", () => desk.DecideAsync(run.Id, "look", "accepted", "fine", Operator, CancellationToken.None));
        _ground.Answer = _ => (3, "{}");
        Assert.Equal(StepState.Attention, (await desk.StepAsync(run.Id, "look", Operator, false, CancellationToken.None))["look"].State);
        Assert.True((await desk.DecideAsync(run.Id, "look", "accepted", "seen and judged", Operator, CancellationToken.None)).IsComplete);
    }

    [Fact]
    public async Task The_timeline_tells_what_was_sent_decided_and_by_whom()
    {
        var run = await BeginAsync($"{Pause},{Command}");
        _ground.Answer = _ => (0, """{"change": "c", "transactions": [{"hash": "0xaa"}]}""");
        await _ground.Desk().StepAsync(run.Id, "pause", Operator, true, CancellationToken.None);
        await _ground.Desk().DecideAsync(run.Id, "command", "approved", null, Commander, CancellationToken.None);
        var moments = RunbookTimeline.Moments("local", await _ground.Store.ReadAllAsync(RunbookRun.StreamsOf("local"))).ToList();
        Assert.All(moments, moment => Assert.Equal(("INC-7", run.Id), (moment.Incident, moment.Run)));
        Assert.Equal(4, moments.Count);
        Assert.Contains("--execute", moments[1].Text, StringComparison.Ordinal);
        Assert.Equal(("c", "0xaa"), (moments[2].Change, Assert.Single(moments[2].Transactions)));
        Assert.Equal("person-2", moments[3].By);
    }

    [Fact]
    public async Task An_incident_is_named_as_incidents_are_and_a_record_that_cannot_be_read_does_not_hold_a_pause()
    {
        var book = _ground.Book($$"""{{Step("pause", """ "command": {"line": "owner system-pause --instance {incident} --signer {me}", "send": true, "emergency": true, "interrupted": {"repeat": true}} """)}},{{Step("plan", """ "command": {"line": "look {incident}", "interrupted": {"repeat": true}} """)}}""");
        var desk = _ground.Desk((_, _) => throw new ControlException("incident-damaged", ExitCode.Mismatch, "Event 3 is not what a person signed."));
        var run = await desk.BeginAsync(book, "2026-11-22-rewards-drain", null, new Dictionary<string, string>(StringComparer.Ordinal), null, CancellationToken.None);
        Assert.Equal("test-2026-11-22-rewards-drain", run.Id);
        var refused = await Assert.ThrowsAsync<ControlException>(() => desk.StepAsync(run.Id, "plan", _ground.Person(1, Duty.Operator), false, CancellationToken.None));
        Assert.Equal("incident-damaged", refused.Code);
        run = await desk.StepAsync(run.Id, "pause", _ground.Person(1, Duty.Operator), true, CancellationToken.None);
        Assert.Equal(StepState.Done, run["pause"].State);
    }

    [Fact]
    public async Task An_input_that_a_command_would_read_as_an_option_is_refused()
    {
        var book = _ground.Book(Step("look", """ "command": {"line": "look {job}", "interrupted": {"repeat": true}} """), """{"name": "job", "from": "asked", "what": "it"}""");
        var refused = await Assert.ThrowsAsync<ControlException>(() => _ground.Desk().BeginAsync(book, null, null, new Dictionary<string, string>(StringComparer.Ordinal) { ["job"] = "--execute" }, null, CancellationToken.None));
        Assert.Equal(("input-form", ExitCode.BadInput), (refused.Code, refused.Exit));
    }
}
