using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Incidents;

namespace AgiJobs.Response.Tests.Incidents;

public sealed class IncidentStateTests
{
    private readonly Team _team = new();
    private readonly IncidentState _state = new();

    private static DateTimeOffset At(int minutes) => Team.Start.AddMinutes(minutes);

    private async Task<string> RefusedAsync(string name, IncidentAct act)
    {
        var version = _state.Version;
        var refused = await Assert.ThrowsAsync<ControlException>(() => _team.DoAsync(_state, name, act));
        Assert.Equal(version, _state.Version);
        Assert.NotNull(refused.Mend);
        return refused.Code;
    }

    private async Task StaffAsync()
    {
        await _team.DoAsync(_state, "cy", Team.Open(At(0)));
        await _team.DoAsync(_state, "ada", _team.Assign(At(1), IncidentRole.Commander, "ada"));
        await _team.DoAsync(_state, "ada", _team.Assign(At(2), IncidentRole.Operator, "bob"));
    }

    private async Task RecoverAsync()
    {
        foreach (var (minute, step, who) in ((int, string, string)[])[(3, "confirm", "cy"), (4, "stabilize", "bob"), (5, "communicate", "dee"), (6, "remediate", "bob")])
        {
            await _team.DoAsync(_state, who, Team.Mark(At(minute), step));
        }

        foreach (var (minute, who) in ((int, string)[])[(7, "ada"), (8, "bob")])
        {
            await _team.DoAsync(_state, who, Team.Act(IncidentActs.SignOff, At(minute)));
        }

        await _team.DoAsync(_state, "ada", Team.Mark(At(9), "recover"));
    }

    [Fact]
    public async Task An_incident_runs_from_the_opening_to_the_close_and_its_fold_is_the_same_again()
    {
        await StaffAsync();
        await RecoverAsync();
        await _team.DoAsync(_state, "cy", Team.Act(IncidentActs.BeginReview, At(10)) with { Person = "bob", Addresses = [_team.Of("bob")] });
        await _team.DoAsync(_state, "eve", Team.Act(IncidentActs.CompleteReview, At(11)) with { Sha256 = Bytes32.Zero });
        await _team.DoAsync(_state, "ada", Team.Act(IncidentActs.Close, At(12)));
        Assert.Equal((IncidentPhase.Closed, "ada", At(9)), (_state.Phase, _state.Closed!.By, _state.ResolvedAt));
        var again = IncidentState.Fold(_state.Acts);
        Assert.Equal((_state.Phase, _state.Version, _state.Title), (again.Phase, again.Version, again.Title));
        Assert.Equal("incident-closed", await RefusedAsync("ada", Team.Act(IncidentActs.Decide, At(13)) with { Severity = "SEV-0", Reason = "again" }));
        await _team.DoAsync(_state, "cy", Team.Act(IncidentActs.Note, At(13)) with { Text = "still taken" });
    }

    [Fact]
    public async Task The_operator_is_never_the_commander_in_either_order()
    {
        await _team.DoAsync(_state, "cy", Team.Open(At(0)));
        await _team.DoAsync(_state, "ada", _team.Assign(At(1), IncidentRole.Commander, "ada"));
        Assert.Equal("incident-dual-control", await RefusedAsync("ada", _team.Assign(At(2), IncidentRole.Operator, "ada")));
        // Another spelling of the name, or another name with the same key, is the same person.
        Assert.Equal("incident-dual-control", await RefusedAsync("ada", _team.Assign(At(2), IncidentRole.Operator, "ada") with { Person = "somebody else" }));
        Assert.Equal("incident-dual-control", await RefusedAsync("ada", _team.Assign(At(2), IncidentRole.Operator, "bob") with { Person = " Ada ", Addresses = [_team.Of("bob")] }));
        await _team.DoAsync(_state, "ada", _team.Assign(At(3), IncidentRole.Operator, "bob"));
        Assert.Equal("incident-dual-control", await RefusedAsync("ada", _team.Assign(At(4), IncidentRole.Commander, "bob")));
    }

    [Fact]
    public async Task The_commander_executes_no_privileged_step_and_nobody_does_without_a_commander_who_signed()
    {
        await _team.DoAsync(_state, "cy", Team.Open(At(0)));
        Assert.Equal("incident-commander-missing", await RefusedAsync("bob", Team.Mark(At(1), "stabilize")));
        await _team.DoAsync(_state, "eve", _team.Assign(At(1), IncidentRole.Commander, "ada"));
        Assert.Equal("incident-commander-not-taken", await RefusedAsync("bob", Team.Mark(At(2), "stabilize")));
        await _team.DoAsync(_state, "ada", Team.Act(IncidentActs.Note, At(2)) with { Text = "I have the command" });
        Assert.Equal("incident-dual-control", await RefusedAsync("ada", Team.Mark(At(3), "stabilize")));
        await _team.DoAsync(_state, "bob", Team.Mark(At(4), "stabilize"));
    }

    [Theory]
    [InlineData("ada", "incident-dual-control")]
    [InlineData("bob", null)]
    [InlineData("eve", "incident-operator-other")]
    [InlineData(null, "incident-executor-unknown")]
    public async Task Whoever_executes_is_judged_by_the_address_that_signs(string? who, string? code)
    {
        await StaffAsync();
        Assert.Equal(code, IncidentDuties.Check(_state, _state.Commander, new IncidentExecutor(who, who is null ? [Address.Zero] : [_team.Of(who)]))?.Code);
    }

    [Fact]
    public async Task Anybody_raises_the_severity_and_the_commander_alone_lowers_it()
    {
        await StaffAsync();
        await _team.DoAsync(_state, "dee", Team.Act(IncidentActs.Decide, At(3)) with { Severity = "SEV-0", Reason = "it goes on" });
        Assert.Equal("act-duty", await RefusedAsync("dee", Team.Act(IncidentActs.Decide, At(4)) with { Severity = "SEV-3", Reason = "it is nothing" }));
        Assert.Equal("incident-commander", await RefusedAsync("eve", Team.Act(IncidentActs.Decide, At(4)) with { Severity = "SEV-3", Reason = "it is nothing" }));
        Assert.Equal("incident-format", await RefusedAsync("ada", Team.Act(IncidentActs.Decide, At(4)) with { Severity = "SEV-3" }));
        await _team.DoAsync(_state, "ada", Team.Act(IncidentActs.Decide, At(5)) with { Severity = "SEV-2", Reason = "it has stopped" });
        Assert.Equal([Severity.Sev1, Severity.Sev0, Severity.Sev2], _state.Severities.Select(decision => decision.Severity));
    }

    [Fact]
    public async Task It_neither_recovers_nor_closes_before_steps_sign_offs_and_review_are_there()
    {
        await StaffAsync();
        Assert.Equal("incident-not-resolved", await RefusedAsync("ada", Team.Act(IncidentActs.Close, At(3))));
        Assert.Equal("incident-steps-missing", await RefusedAsync("ada", Team.Mark(At(3), "recover")));
        foreach (var (step, who) in ((string, string)[])[("confirm", "cy"), ("stabilize", "bob"), ("communicate", "dee"), ("remediate", "bob")])
        {
            await _team.DoAsync(_state, who, Team.Mark(At(4), step));
        }

        Assert.Equal("incident-sign-offs-missing", await RefusedAsync("ada", Team.Mark(At(5), "recover")));
        Assert.Equal("incident-not-responder", await RefusedAsync("cy", Team.Act(IncidentActs.SignOff, At(5))));
        await _team.DoAsync(_state, "ada", Team.Act(IncidentActs.SignOff, At(5)));
        await _team.DoAsync(_state, "bob", Team.Act(IncidentActs.SignOff, At(5)));
        // Who signed off did so for what was then.
        await _team.DoAsync(_state, "ada", Team.Act(IncidentActs.Decide, At(6)) with { Severity = "SEV-0", Reason = "worse" });
        Assert.Equal("incident-sign-offs-missing", await RefusedAsync("ada", Team.Mark(At(7), "recover")));
        await _team.DoAsync(_state, "ada", Team.Act(IncidentActs.SignOff, At(8)));
        await _team.DoAsync(_state, "bob", Team.Act(IncidentActs.SignOff, At(8)));
        await _team.DoAsync(_state, "ada", Team.Mark(At(9), "recover"));
        // The time of the review runs from the first recovery: nobody sets it back.
        Assert.Equal("incident-resolved", await RefusedAsync("ada", Team.Mark(At(10), "recover")));
        Assert.Equal("incident-resolved", await RefusedAsync("bob", Team.Mark(At(10), "stabilize")));
        Assert.Equal("incident-review-missing", await RefusedAsync("ada", Team.Act(IncidentActs.Close, At(10))));
        Assert.Equal("review-owner", await RefusedAsync("eve", Team.Act(IncidentActs.CompleteReview, At(10)) with { Sha256 = Bytes32.Zero }));
    }

    [Fact]
    public async Task Public_words_are_out_when_somebody_else_has_approved_them_or_a_wording_is_approved()
    {
        await StaffAsync();
        var own = await _team.DoAsync(_state, "dee", Team.Act(IncidentActs.Update, At(3)) with { Text = "all is well", IsPublic = true });
        await _team.DoAsync(_state, "dee", Team.Act(IncidentActs.Update, At(4)) with { Text = "approved", IsPublic = true, Template = "paused" });
        Assert.Equal([null, At(4)], _state.Updates.Select(update => update.OutAt));
        Assert.Equal("update-own-words", await RefusedAsync("dee", Team.Act(IncidentActs.ApproveUpdate, At(5)) with { Subject = own.Act.Id() }));
        Assert.Equal("update-unknown", await RefusedAsync("ada", Team.Act(IncidentActs.ApproveUpdate, At(5)) with { Subject = "000000000000" }));
        await _team.DoAsync(_state, "ada", Team.Act(IncidentActs.ApproveUpdate, At(6)) with { Subject = own.Act.Id() });
        Assert.Equal([At(6), At(4)], _state.Updates.Select(update => update.OutAt));
        Assert.Equal("act-duty", await RefusedAsync("bob", Team.Act(IncidentActs.Update, At(7)) with { Text = "x", IsPublic = true }));
    }

    [Fact]
    public async Task An_act_counts_once_and_only_in_its_own_incident()
    {
        await _team.DoAsync(_state, "cy", Team.Open(At(0)));
        var note = Team.Act(IncidentActs.Note, At(1)) with { Text = "seen" };
        await _team.DoAsync(_state, "cy", note);
        Assert.Equal("incident-twice", await RefusedAsync("cy", note));
        Assert.Equal("incident-exists", await RefusedAsync("cy", Team.Open(At(2))));
        Assert.Equal("incident-format", await RefusedAsync("cy", note with { Incident = "2026-03-01-another", At = 5 }));
        Assert.Equal("incident-format", await RefusedAsync("cy", note with { Network = "main", At = 5 }));
        var unopened = await Assert.ThrowsAsync<ControlException>(() => _team.DoAsync(new IncidentState(), "cy", note));
        Assert.Equal("incident-unknown", unopened.Code);
    }

    [Fact]
    public async Task A_signature_stands_for_every_word_of_the_act_and_for_the_duty()
    {
        var signed = await _team.DoAsync(_state, "ada", Team.Open(At(0)));
        Assert.Null(signed.Problem());
        Assert.NotNull((signed with { Act = signed.Act with { Severity = "SEV-3" } }).Problem());
        Assert.NotNull((signed with { Act = signed.Act with { Alerts = ["x"] } }).Problem());
        Assert.NotNull((signed with { Duty = Duty.Operator }).Problem());
        Assert.NotNull((signed with { Signer = _team.Of("bob") }).Problem());
        Assert.NotNull((signed with { Signature = [1, 2, 3] }).Problem());
    }

    [Theory]
    [InlineData("2026-03-01-reward-drain", true)]
    [InlineData("2026-02-30-x", false)]
    [InlineData("2026-03-01-", false)]
    [InlineData("2026-03-01-../x", false)]
    [InlineData("2026-03-01-Reward", false)]
    [InlineData("2026-03-01-a--b", false)]
    [InlineData("reward-drain", false)]
    public void A_name_is_a_day_and_words(string name, bool isName) => Assert.Equal(isName, IncidentName.IsName(name));

    [Fact]
    public void A_title_becomes_a_name_whatever_stands_in_it()
    {
        Assert.Equal("2026-03-01-rewards-drain-etc-passwd-cafe", IncidentName.Of(Team.Start, "Rewards drain! ../../etc/passwd \u202e Cafe"));
        Assert.Equal("incident-name", Assert.Throws<ControlException>(() => IncidentName.Of(Team.Start, "报酬 / ..")).Code);
        Assert.True(IncidentName.IsName(IncidentName.Of(Team.Start, string.Join(' ', Enumerable.Repeat("word", 100)))));
        Assert.Equal("2026-03-01-x", IncidentName.OfInstance("2026-03-01-x/2"));
        Assert.Null(IncidentName.OfInstance("manual-1"));
    }
}
