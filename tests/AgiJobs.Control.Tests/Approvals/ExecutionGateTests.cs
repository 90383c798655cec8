using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Tests.Approvals;

public sealed class ExecutionGateTests : IDisposable
{
    private readonly ApprovalGround _ground = new();

    public void Dispose() => _ground.Dispose();

    [Fact]
    public async Task A_change_that_everybody_signed_is_let_through_and_all_that_is_missing_is_named_at_once_with_its_command()
    {
        var change = _ground.File(_ground.Other());
        var refusal = await Assert.ThrowsAsync<ControlException>(() => _ground.Gate().RequireAsync(change, _ground.At(4), CancellationToken.None));
        Assert.Equal(("approvals-missing", ExitCode.Refused), (refusal.Code, refusal.Exit));
        Assert.Contains("the author's signature: 0 of 1", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("approval by approver: 0 of 2", refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"agijobs change approve {change.Id} --duty author --signer NAME", refusal.Mend, StringComparison.Ordinal);
        Assert.Contains($"agijobs change approve {change.Id} --signer NAME", refusal.Mend, StringComparison.Ordinal);
        await _ground.ApproveAsync(change, Duty.Author, 0);
        await _ground.ApproveAsync(change, Duty.Approver, 1);
        Assert.Contains("1 of 2 (bob)", Assert.Single((await _ground.DecideAsync(change)).Refusals).Why, StringComparison.Ordinal);
        await _ground.ApproveAsync(change, Duty.Approver, 2);
        var decision = await _ground.DecideAsync(change);
        Assert.True(decision is { IsOpen: true, IsApproved: true });
        await _ground.Gate().RequireAsync(change, _ground.At(4), CancellationToken.None);
    }

    [Fact]
    public async Task Two_addresses_of_one_person_are_one_approval()
    {
        var change = _ground.File(_ground.Other());
        await _ground.ApproveAsync(change, Duty.Author, 0);
        await _ground.ApproveAsync(change, Duty.Approver, 1, 11);
        Assert.Contains("1 of 2", Assert.Single((await _ground.DecideAsync(change)).Refusals).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_who_approved_does_not_send_and_one_without_the_duty_does_not_either()
    {
        var change = _ground.File(_ground.Other());
        await _ground.ApproveAsync(change, Duty.Author, 0);
        await _ground.ApproveAsync(change, Duty.Approver, 1, 3);
        Assert.Contains("approver and executor are different people", string.Join('|', (await _ground.DecideAsync(change, 3)).Findings), StringComparison.Ordinal);
        Assert.Equal("approvals-missing", Assert.Single((await _ground.DecideAsync(change, 3)).Refusals).Code);
        Assert.Equal("executor-duty", Assert.Single((await _ground.DecideAsync(change, 5)).Refusals).Code);
        Assert.Contains("nobody's address", Assert.Single((await _ground.DecideAsync(change, 20)).Refusals).Why, StringComparison.Ordinal);
        Assert.True((await _ground.DecideAsync(change, 4)).IsOpen);
    }

    [Fact]
    public async Task A_call_that_only_one_without_the_duty_can_make_is_not_offered_to_those_who_have_it()
    {
        var document = _ground.Other();
        var change = _ground.File(document with { Steps = [.. document.Steps.Select(step => step with { Route = step.Route with { Caller = _ground.At(5) } })] });
        await _ground.ApproveAsync(change, Duty.Author, 0);
        await _ground.ApproveAsync(change, Duty.Approver, 1, 3);
        var refusal = Assert.Single((await _ground.DecideAsync(change, 5)).Refusals);
        Assert.Equal("executor-duty", refusal.Code);
        Assert.Contains($"only {_ground.At(5)} ", refusal.Command, StringComparison.Ordinal);
        Assert.Contains("through the Safe", refusal.Command, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_who_authored_does_not_approve()
    {
        var change = _ground.File(_ground.Other());
        await _ground.ApproveAsync(change, Duty.Author, 0, 1);
        await _ground.ApproveAsync(change, Duty.Approver, 1, 2);
        var decision = await _ground.DecideAsync(change);
        Assert.Contains("1 of 2 (cid)", Assert.Single(decision.Refusals).Why, StringComparison.Ordinal);
        Assert.Contains("author and approver are different people", string.Join('|', decision.Findings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_change_is_held_back_whoever_approved_it()
    {
        var change = await ApprovedAsync(_ground.Other());
        await _ground.RefuseAsync(change, Duty.Author, 1, "Wrong ticket.");
        var refusal = Assert.Single((await _ground.DecideAsync(change)).Refusals);
        Assert.Equal("change-refused", refusal.Code);
        Assert.Contains("Wrong ticket.", refusal.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Windows_and_deadlines_are_kept_to_the_second()
    {
        var noon = _ground.Time.GetUtcNow();
        foreach (var (document, code) in ((ChangeDocument, string?)[])[
            (_ground.Other("A") with { Window = new ExecutionWindow { NotBefore = noon.AddSeconds(1) } }, "window-closed"),
            (_ground.Other("B") with { Window = new ExecutionWindow { NotBefore = noon } }, null),
            (_ground.Other("C") with { Window = new ExecutionWindow { NotAfter = noon } }, "window-over"),
            (_ground.Other("D") with { Window = new ExecutionWindow { NotAfter = noon.AddSeconds(1) } }, null),
            (_ground.Other("E") with { Demand = new ApprovalDemand { Deadline = noon } }, "deadline-over"),
            (_ground.Other("F") with { Demand = new ApprovalDemand { Deadline = noon.AddSeconds(1) } }, null)])
        {
            Assert.Equal(code, (await _ground.DecideAsync(await ApprovedAsync(document))).Refusals.SingleOrDefault()?.Code);
        }
    }

    [Fact]
    public async Task A_change_may_demand_more_than_the_policy_and_never_less()
    {
        var more = await ApprovedAsync(_ground.Other("A") with { Demand = new ApprovalDemand { Approvals = 3 } });
        Assert.Equal("approvals-missing", Assert.Single((await _ground.DecideAsync(more)).Refusals).Code);
        await _ground.ApproveAsync(more, Duty.Approver, 3);
        Assert.True((await _ground.DecideAsync(more)).IsOpen);
        var less = _ground.File(_ground.Other("B") with { Demand = new ApprovalDemand { Approvals = 1 } });
        await _ground.ApproveAsync(less, Duty.Author, 0);
        await _ground.ApproveAsync(less, Duty.Approver, 1);
        Assert.Equal("approvals-missing", Assert.Single((await _ground.DecideAsync(less)).Refusals).Code);
    }

    [Fact]
    public async Task A_simulation_that_is_missing_unreadable_or_blocks_holds_it_back()
    {
        var change = await ApprovedAsync(_ground.Other());
        _ground.Simulation.Verdict = null;
        var missing = Assert.Single((await _ground.DecideAsync(change)).Refusals);
        Assert.Equal(("simulation-missing", $"agijobs change simulate {change.Id}"), (missing.Code, missing.Command));
        _ground.Simulation.Verdict = new SimulationVerdict(true, ["StakeManager.treasury is written, and nobody declared it"]);
        Assert.Contains("nobody declared it", Assert.Single((await _ground.DecideAsync(change)).Refusals, refusal => refusal.Code is "simulation-blocks").Why, StringComparison.Ordinal);
        _ground.Simulation.Problem = new ControlException("file-format", ExitCode.BadInput, "simulation.json is cut");
        Assert.Contains("simulation.json is cut", Assert.Single((await _ground.DecideAsync(change)).Refusals).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_policy_nothing_is_managed_and_every_decision_says_so()
    {
        var decision = await _ground.DecideAsync(_ground.File(_ground.Resume()), 20, managed: false);
        Assert.True(decision is { IsOpen: true, IsManaged: false, IsApproved: false });
        Assert.Contains(GateDecision.NotManaged, decision.Findings);
        var refused = _ground.File(_ground.Other());
        await _ground.RefuseAsync(refused, Duty.Approver, 20, "No.");
        Assert.Equal("change-refused", Assert.Single((await _ground.DecideAsync(refused, 20, managed: false)).Refusals).Code);
    }

    [Fact]
    public async Task A_resume_takes_the_multisig_alerts_checks_and_the_responders_each_named_when_it_is_missing()
    {
        var change = await ApprovedAsync(_ground.Resume());
        _ground.Multisig.Standing = new MultisigStanding(Address.Zero, 1, 2, [], ["0x12: it is for nonce 3"]);
        var decision = await _ground.DecideAsync(change);
        Assert.Equal(["the multisig's approval", "alerts back to normal", "checks passed", "sign-offs of the responders"], decision.Points.Select(point => point.Name));
        Assert.All(decision.Points, point => Assert.False(point.Holds));
        Assert.Equal(4, decision.Refusals.Count);
        Assert.Contains("1 of the 2 signatures", decision.Refusals[^1].Why, StringComparison.Ordinal);
        Assert.Contains("nonce 3", decision.Refusals[^1].Why, StringComparison.Ordinal);
        Assert.Contains("unknown: no monitor ever ran here", decision.Points[1].Detail, StringComparison.Ordinal);
        Assert.Contains(decision.Refusals, refusal => refusal.Why.Contains("the sign-off of security for alerts back to normal (unknown: no monitor ever ran here)", StringComparison.Ordinal));
        Assert.Contains(decision.Refusals, refusal => refusal.Command!.Contains("--duty security", StringComparison.Ordinal));

        _ground.Multisig.Standing = new MultisigStanding(Address.Zero, 2, 2, [], []);
        await _ground.ApproveAsync(change, Duty.Security, 5);
        await _ground.ApproveAsync(change, Duty.Operator, 6);
        Assert.Equal((true, true, true, false), Holds(await _ground.DecideAsync(change)));
        await _ground.ApproveAsync(change, Duty.Commander, 7);
        var open = await _ground.DecideAsync(change);
        Assert.Equal((true, true, true, true), Holds(open));
        Assert.True(open.IsOpen);

        static (bool, bool, bool, bool) Holds(GateDecision decision) => (decision.Points[0].Holds, decision.Points[1].Holds, decision.Points[2].Holds, decision.Points[3].Holds);
    }

    [Fact]
    public async Task One_person_does_not_sign_for_two_points()
    {
        var change = await ApprovedAsync(_ground.Resume());
        await _ground.ApproveAsync(change, Duty.Security, 7);
        await _ground.ApproveAsync(change, Duty.Commander, 7);
        await _ground.ApproveAsync(change, Duty.Operator, 6);
        Assert.Equal("approvals-missing", Assert.Single((await _ground.DecideAsync(change)).Refusals).Code);
        await _ground.ApproveAsync(change, Duty.Security, 5);
        Assert.True((await _ground.DecideAsync(change)).IsOpen);
    }

    [Fact]
    public async Task A_connected_point_needs_no_signature_and_when_it_does_not_hold_no_signature_helps()
    {
        var change = await ApprovedAsync(_ground.Resume());
        await _ground.ApproveAsync(change, Duty.Security, 5);
        await _ground.ApproveAsync(change, Duty.Operator, 6);
        await _ground.ApproveAsync(change, Duty.Commander, 7);
        var point = new Connected(new GateNotPassed("2 alerts are firing", "agijobs monitoring status"));
        var gate = new ExecutionGate(_ground.Policy, _ground.Protocol, _ground.Standings, _ground.Time) { ResumePoints = [point], Simulation = _ground.Simulation, Safeguards = [] };
        var refusal = Assert.Single((await gate.DecideAsync(change, _ground.At(4), CancellationToken.None)).Refusals);
        Assert.Equal(("gate-closed", "agijobs monitoring status"), (refusal.Code, refusal.Command));
        point.Answer = new GatePassed("no alert for an hour");
        Assert.True((await gate.DecideAsync(change, _ground.At(4), CancellationToken.None)).IsOpen);
    }

    [Fact]
    public async Task A_resume_by_a_single_account_never_passes_and_one_that_calls_itself_something_else_is_a_resume_all_the_same()
    {
        var direct = _ground.Resume() with { Kind = "pause-system" };
        direct = direct with { Steps = [direct.Steps[0] with { Route = direct.Steps[0].Route with { Kind = RouteKind.Direct } }] };
        await _ground.AddAsync(_ground.Standing(), 1, 2);
        var decision = await _ground.DecideAsync(_ground.File(direct));
        Assert.True(decision.Nature is { IsResume: true, IsPause: false });
        Assert.Null(decision.Standing);
        Assert.Contains(decision.Refusals, refusal => refusal.Why.Contains("only the multisig", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_change_that_calls_itself_a_pause_and_is_none_takes_what_its_risk_takes()
    {
        var lie = _ground.Other() with { Kind = "pause-system" };
        await _ground.AddAsync(_ground.Standing(), 1, 2);
        var decision = await _ground.DecideAsync(_ground.File(lie));
        Assert.False(decision.Nature.IsPause);
        Assert.Null(decision.Standing);
        Assert.Contains(decision.Refusals, refusal => refusal.Why.Contains("approval by approver: 0 of 2", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_risk_that_is_said_too_low_counts_as_the_description_has_it() =>
        Assert.Equal(Control.Description.Risk.Red, (await _ground.DecideAsync(_ground.File(_ground.Other() with { Risk = Control.Description.Risk.Green }))).Nature.Risk);

    [Fact]
    public async Task A_pause_under_a_standing_approval_needs_no_simulation_and_no_other_approval_and_its_use_is_on_record()
    {
        await _ground.AddAsync(_ground.Standing(), 1, 2);
        _ground.Simulation.Problem = new ControlException("file-format", ExitCode.BadInput, "simulation.json is cut");
        var damaged = _ground.File(_ground.Pause("INC-0"));
        await _ground.ApproveAsync(damaged, Duty.Approver, 1);
        File.WriteAllText(Directory.GetFiles(Path.Combine(damaged.Folder, "approvals")).Single(), "{");
        File.WriteAllText(_ground.Standings.PathOf("aaa-damaged"), "{");
        var change = _ground.File(_ground.Pause());
        await _ground.Gate().RequireAsync(change, _ground.At(4), CancellationToken.None);
        Assert.Contains("\"guardian-pause\"", File.ReadAllText(Path.Combine(change.Folder, "approvals", "standing-guardian-pause.json")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pause_without_authority_is_refused_with_the_one_command_that_gets_it_going()
    {
        var change = _ground.File(_ground.Pause());
        var gate = new ExecutionGate(_ground.Policy, _ground.Protocol, _ground.Standings, _ground.Time)
        {
            ResumePoints = [],
            Simulation = _ground.Simulation,
            Safeguards = [],
            SignerOf = address => address == _ground.At(1) ? "bob-key" : address == _ground.At(4) ? "eve-key" : null,
        };
        var refusal = await Assert.ThrowsAsync<ControlException>(() => gate.RequireAsync(change, _ground.At(4), CancellationToken.None));
        Assert.Equal("approvals-missing", refusal.Code);
        Assert.Equal($"agijobs change execute {change.Id} --signer eve-key --signer bob-key --execute", refusal.Mend);
        await _ground.ApproveAsync(change, Duty.Approver, 1);
        await gate.RequireAsync(change, _ground.At(4), CancellationToken.None);
    }

    [Fact]
    public async Task A_policy_that_nobody_can_satisfy_is_named_as_such()
    {
        _ground.People.RemoveAll(person => person.Duties.Contains(Duty.Approver));
        Assert.Contains((await _ground.DecideAsync(_ground.File(_ground.Other()))).Refusals, refusal => refusal.Code is "policy-unsatisfiable");
    }

    [Fact]
    public async Task A_dry_run_that_cannot_be_stored_holds_no_pause_up()
    {
        await _ground.AddAsync(_ground.Standing(), 1, 2);
        var findings = new List<string>();
        var gate = new ExecutionGate(_ground.Policy, _ground.Protocol, _ground.Standings, _ground.Time) { ResumePoints = [], Simulation = _ground.Simulation, Safeguards = [], OnFinding = findings.Add, StoreDryRunAsync = (_, _) => throw new IOException("disk full") };
        await gate.RequireAsync(_ground.File(_ground.Pause()), _ground.At(4), CancellationToken.None);
        Assert.Contains(findings, finding => finding.Contains("disk full", StringComparison.Ordinal));
    }

    private async Task<FiledChange> ApprovedAsync(ChangeDocument document)
    {
        var change = _ground.File(document);
        await _ground.ApproveAsync(change, Duty.Author, 0);
        await _ground.ApproveAsync(change, Duty.Approver, 1, 2);
        return change;
    }

    private sealed class Connected(GateAnswer answer) : IGatePoint
    {
        public GateAnswer Answer { get; set; } = answer;

        public string Name => "alerts back to normal";

        public Task<GateAnswer> AskAsync(FiledChange change, ChangeDemands demands, CancellationToken cancellation) => Task.FromResult(Answer);
    }
}
