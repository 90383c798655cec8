using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Incidents;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Response.Tests.Incidents;

public sealed class DutyClocksTests
{
    private static readonly IncidentsFile Settings = new() { Version = 1 };

    private readonly Team _team = new();
    private readonly IncidentState _state = new();

    private static DateTimeOffset At(double minutes) => Team.Start.AddMinutes(minutes);

    [Fact]
    public async Task An_update_is_due_every_fifteen_minutes_while_it_is_bad_and_not_a_second_later()
    {
        await _team.DoAsync(_state, "cy", Team.Open(At(0)));
        Assert.DoesNotContain(DutyClocks.Running(_state, Settings, At(15)), clock => clock.IsOverdue(At(15)));
        var overdue = Assert.Single(DutyClocks.Running(_state, Settings, At(15.1)), clock => clock.IsOverdue(At(15.1)));
        Assert.Equal(("update", At(15)), (overdue.Name, overdue.Due));
        await _team.DoAsync(_state, "cy", Team.Act(IncidentActs.Update, At(20)) with { Text = "we look" });
        Assert.Equal([(At(15), (DateTimeOffset?)At(20)), (At(35), null)], DutyClocks.Of(_state, Settings, At(21)).Select(clock => (clock.Due, clock.SettledAt)));
        Assert.Equal(At(15), Assert.Single(DutyClocks.Late(_state, Settings, At(21))).Due);
    }

    [Fact]
    public async Task What_is_less_bad_needs_no_updates_and_what_becomes_worse_needs_them_from_then_on()
    {
        await _team.DoAsync(_state, "cy", Team.Open(At(0), "SEV-2"));
        Assert.Empty(DutyClocks.Of(_state, Settings, At(600)));
        await _team.DoAsync(_state, "cy", Team.Act(IncidentActs.Decide, At(60)) with { Severity = "SEV-0", Reason = "worse" });
        Assert.Equal(At(75), Assert.Single(DutyClocks.Of(_state, Settings, At(61))).Due);
        await _team.DoAsync(_state, "ada", Team.Act(IncidentActs.Decide, At(70)) with { Severity = "SEV-3", Reason = "noise" });
        Assert.Empty(DutyClocks.Running(_state, Settings, At(600)));
        Assert.Empty(DutyClocks.Late(_state, Settings, At(600)));
    }

    [Fact]
    public async Task Public_words_that_nobody_approved_settle_nothing()
    {
        await _team.DoAsync(_state, "cy", Team.Open(At(0), "SEV-0", IncidentCategories.KeyCompromise));
        var own = await _team.DoAsync(_state, "dee", Team.Act(IncidentActs.Update, At(10)) with { Text = "a key", IsPublic = true, IsDisclosure = true });
        Assert.Equal(["update", "disclosure"], DutyClocks.Running(_state, Settings, At(61)).Where(clock => clock.IsOverdue(At(61))).Select(clock => clock.Name));
        await _team.DoAsync(_state, "ada", Team.Act(IncidentActs.ApproveUpdate, At(50)) with { Subject = own.Act.Id() });
        var disclosure = DutyClocks.Of(_state, Settings, At(61)).Single(clock => clock.Name == "disclosure");
        Assert.Equal((At(60), At(50)), (disclosure.Due, disclosure.SettledAt));
        Assert.False(disclosure.IsLate(At(61)));
    }

    [Fact]
    public async Task The_time_of_the_disclosure_runs_from_the_first_word_of_a_compromise_however_often_it_is_said_anew()
    {
        await _team.DoAsync(_state, "cy", Team.Open(At(0), "SEV-0", IncidentCategories.KeyCompromise));
        Assert.Equal("act-duty", (await Assert.ThrowsAsync<ControlException>(() => _team.DoAsync(_state, "dee", Team.Act(IncidentActs.Classify, At(55)) with { Category = IncidentCategories.Other, Reason = "hush" }))).Code);
        await _team.DoAsync(_state, "ada", Team.Act(IncidentActs.Classify, At(70)) with { Category = IncidentCategories.Other, Reason = "the key was a test's" });
        var taken = Assert.Single(DutyClocks.Of(_state, Settings, At(71)), clock => clock.Name == "disclosure");
        Assert.Equal((At(60), (DateTimeOffset?)At(70)), (taken.Due, taken.SettledAt));
        // It was late before it was taken back, so the alert of it ends.
        Assert.Equal([FindingKind.Firing, FindingKind.Resolved], DutyFindings.Of("local", [taken], At(71), "test").Select(finding => finding.Kind));
        await _team.DoAsync(_state, "cy", Team.Act(IncidentActs.Classify, At(80)) with { Category = IncidentCategories.KeyCompromise, Reason = "it was not" });
        var again = DutyClocks.Of(_state, Settings, At(81)).Where(clock => clock.Name == "disclosure").ToList();
        Assert.Equal([(At(60), (DateTimeOffset?)At(70)), (At(60), null)], again.Select(clock => (clock.Due, clock.SettledAt)));
        Assert.Equal(3, DutyFindings.Of("local", again, At(81), "test").Select(finding => finding.Id).Distinct().Count());
    }

    [Fact]
    public async Task A_follow_up_cannot_be_due_in_another_age()
    {
        await _team.DoAsync(_state, "cy", Team.Open(At(0), "SEV-2"));
        foreach (var due in (string[])["9999-12-31", "2031-03-02", "yesterday"])
        {
            Assert.Equal("incident-format", (await Assert.ThrowsAsync<ControlException>(() => _team.DoAsync(_state, "cy", Team.Act(IncidentActs.AddFollowUp, At(1)) with { Text = "mend", Person = "bob", Due = due }))).Code);
        }

        await _team.DoAsync(_state, "cy", Team.Act(IncidentActs.AddFollowUp, At(1)) with { Text = "mend", Person = "bob", Due = "2031-03-01" });
        Assert.Single(DutyClocks.Of(_state, Settings, At(2)));
    }

    [Fact]
    public async Task Settings_may_be_stricter_and_never_laxer()
    {
        await _team.DoAsync(_state, "cy", Team.Open(At(0)));
        Assert.Equal(At(5), Assert.Single(DutyClocks.Of(_state, Settings with { UpdateMinutes = 5 }, At(1))).Due);
        Assert.Equal("$.updateMinutes", (Settings with { UpdateMinutes = 16 }).Problem()!.Value.Place);
        Assert.Equal("$.reviewHours", (Settings with { ReviewHours = 0 }).Problem()!.Value.Place);
        Assert.Null(Settings.Problem());
    }

    [Fact]
    public async Task At_any_time_a_clock_is_either_settled_or_has_time_left_or_is_overdue()
    {
        var random = new Random(8);
        await _team.DoAsync(_state, "cy", Team.Open(At(0), "SEV-0", IncidentCategories.KeyCompromise));
        var minute = 0.0;
        for (var round = 0; round < 60; round++)
        {
            minute += random.Next(1, 40);
            var act = random.Next(3) switch
            {
                0 => Team.Act(IncidentActs.Update, At(minute)) with { Text = $"update {round}" },
                1 => Team.Act(IncidentActs.Decide, At(minute)) with { Severity = $"SEV-{random.Next(4)}", Reason = "as it is" },
                _ => Team.Act(IncidentActs.AddFollowUp, At(minute)) with { Text = "mend", Person = "bob", Due = "2026-03-02" },
            };
            await _team.DoAsync(_state, "ada", act);
            var now = At(minute + random.Next(0, 30));
            var clocks = DutyClocks.Of(_state, Settings, now);
            Assert.All(clocks, clock => Assert.True(clock.Since < clock.Due && !(clock.IsSettled && clock.IsOverdue(now)) && clock.IsOverdue(now) == (!clock.IsSettled && clock.Remaining(now) < TimeSpan.Zero)));
            // No moment of a bad time is without a clock, and no two update clocks run at once.
            var updates = clocks.Where(clock => clock.Name == "update").OrderBy(clock => clock.Since).ToList();
            Assert.All(updates.Zip(updates.Skip(1)), pair => Assert.True(pair.First.SettledAt <= pair.Second.Since));
            Assert.Equal(_state.Severity <= Severity.Sev1 ? 1 : 0, updates.Count(clock => !clock.IsSettled));
        }
    }

    [Fact]
    public async Task The_worker_tells_what_is_overdue_once_and_that_it_is_settled_once()
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-clocks-").FullName;
        try
        {
            var time = new ManualTime(Team.Start);
            await using var state = await StateStore.OpenAsync(StateLocation.File(Path.Combine(folder, "state.db")), time);
            var store = new IncidentStore(state, "local", AgiJobs.Ethereum.ChainId.Local);
            await store.AppendAsync(await _team.Signing.SignAsync(Team.Open(At(0)), null, _team.KeyOf("cy"), null, default), _team.Signing);
            var told = new List<Finding>();
            using var worker = new DutyClockWorker(store, (_, _) => Task.FromResult<IReadOnlyList<Finding>>([]), () => Settings, (findings, _) => { told.AddRange(findings); return Task.CompletedTask; }, "local", "monitor a", TimeSpan.FromSeconds(10), time);
            Assert.Equal(0, await worker.LookAsync(default));
            time.Advance(TimeSpan.FromMinutes(16));
            Assert.Equal((1, 0), (await worker.LookAsync(default), await worker.LookAsync(default)));
            Assert.Equal((FindingKind.Firing, DutyFindings.Rule, Severity.Sev1), (told[0].Kind, told[0].Rule, told[0].Severity));
            await store.AppendAsync(await _team.Signing.SignAsync(Team.Act(IncidentActs.Update, time.GetUtcNow()) with { Text = "we look" }, null, _team.KeyOf("cy"), null, default), _team.Signing);
            Assert.Equal((1, 0), (await worker.LookAsync(default), await worker.LookAsync(default)));
            Assert.Equal((FindingKind.Resolved, told[0].Fingerprint), (told[^1].Kind, told[^1].Fingerprint));
            Assert.NotEqual(told[0].Id, told[^1].Id);
            // While it goes on it is handed on at every look, as the same.
            Assert.Equal(told[0].Id, told[0].Condition);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_damaged_record_is_told_and_stops_no_clock_of_another()
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-clocks-").FullName;
        try
        {
            var time = new ManualTime(Team.Start);
            await using var state = await StateStore.OpenAsync(StateLocation.File(Path.Combine(folder, "state.db")), time);
            var store = new IncidentStore(state, "local", AgiJobs.Ethereum.ChainId.Local);
            await store.AppendAsync(await _team.Signing.SignAsync(Team.Open(At(0)), null, _team.KeyOf("cy"), null, default), _team.Signing);
            await state.CommitAsync(new StateCommit { Events = [new StreamAppend("response/local/incidents/2026-02-02-damaged", 0, [new NewEvent("incident.open", "{}")])] });
            var told = new List<Finding>();
            using var worker = new DutyClockWorker(store, (_, _) => throw new ControlException("duties-damaged", ExitCode.Mismatch, "altered", "restore"), () => Settings, (findings, _) => { told.AddRange(findings); return Task.CompletedTask; }, "local", "monitor a", TimeSpan.FromSeconds(10), time);
            time.Advance(TimeSpan.FromMinutes(16));
            Assert.Equal((3, 0), (await worker.LookAsync(default), await worker.LookAsync(default)));
            Assert.Equal([(DutyFindings.Rule, Team.Id), (DutyFindings.DamagedRule, "2026-02-02-damaged"), (DutyFindings.DamagedRule, "duties")], told.Take(3).Select(finding => (finding.Rule, finding.Subject)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("month", 2026, 1, 15, 2026, 3, 1)]
    [InlineData("month", 2026, 12, 31, 2027, 2, 1)]
    [InlineData("quarter", 2026, 2, 1, 2026, 7, 1)]
    [InlineData("quarter", 2026, 11, 1, 2027, 4, 1)]
    [InlineData("year", 2026, 5, 5, 2028, 1, 1)]
    public void A_duty_that_was_done_counts_for_its_period_and_the_next_one_is_due_by_the_end_of_the_next(string every, int year, int month, int day, int dueYear, int dueMonth, int dueDay) =>
        Assert.Equal(new DateTimeOffset(dueYear, dueMonth, dueDay, 0, 0, 0, TimeSpan.Zero), DutyCalendar.EndOfNext(every, new DateTimeOffset(year, month, day, 12, 0, 0, TimeSpan.Zero)));

    [Fact]
    public async Task What_was_never_done_is_overdue_and_a_release_makes_its_review_due()
    {
        var entries = Settings.Calendar;
        Assert.All(DutyCalendar.Of(entries, [], "1.0.0", At(0)), standing => Assert.True(standing.IsOverdue));
        var done = await _team.Signing.SignAsync(new DutyDone { Version = 1, Network = "local", ChainId = AgiJobs.Ethereum.ChainId.Local, Name = "runbook-review", Note = "read", Release = "1.0.0", At = 1 }, _team.KeyOf("cy"), default);
        Assert.False(DutyCalendar.Of(entries, [(At(0), done)], "1.0.0", At(1)).Single(standing => standing.Entry.Name == "runbook-review").IsOverdue);
        // What was overdue and is done ends its alert.
        FindingKind KindOf(IReadOnlyList<DutyStanding> standings) => DutyCalendar.Findings("local", standings, "test").Single(finding => finding.Subject == "runbook-review").Kind;
        Assert.Equal((FindingKind.Firing, FindingKind.Resolved), (KindOf(DutyCalendar.Of(entries, [], "1.0.0", At(0))), KindOf(DutyCalendar.Of(entries, [(At(0), done)], "1.0.0", At(1)))));
        Assert.True(DutyCalendar.Of(entries, [(At(0), done)], "1.1.0", At(1)).Single(standing => standing.Entry.Name == "runbook-review").IsOverdue);
    }
}
