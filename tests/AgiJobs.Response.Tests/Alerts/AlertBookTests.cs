using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Alerts;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Tests.Alerts;

public sealed class AlertBookTests : IAsyncLifetime
{
    private AlertGround _ground = null!;

    public async ValueTask InitializeAsync() => _ground = await AlertGround.OpenAsync();

    public ValueTask DisposeAsync() => _ground.DisposeAsync();

    [Fact]
    public async Task A_finding_fires_once_whoever_finds_it_and_however_often()
    {
        var told = await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool"));
        Assert.Equal(["ann", "log"], told.Select(one => one.Channel).Order());
        Assert.Empty(await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool") with { Source = "monitor two" }));
        var alert = Assert.Single((await _ground.WholeAsync()).Alerts);
        Assert.Equal((AlertState.Firing, 1, 1L, "monitor one"), (alert.State, alert.Firings, alert.Count, alert.Source));
        Assert.Empty(await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 2)));
        Assert.Equal(2, Assert.Single((await _ground.WholeAsync()).Alerts).Count);
        Assert.Equal(["alert.fired", "alert.repeated"], (await _ground.Store.ReadAsync(_ground.Places.AlertStream(alert.Id))).Select(one => one.Type));
    }

    [Fact]
    public async Task A_finding_that_ends_it_resolves_and_the_same_channels_are_told()
    {
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool"));
        var told = await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 2, kind: FindingKind.Resolved));
        Assert.Equal([("ann", NoticeKind.Resolve), ("log", NoticeKind.Resolve)], told.Select(one => (one.Channel, one.Notice.Kind)));
        Assert.All(told, one => Assert.NotNull(one.Notice.Behind));
        var book = await _ground.WholeAsync();
        Assert.Equal(AlertState.Resolved, Assert.Single(book.Alerts).State);
        Assert.Empty(book.Pages);
        Assert.NotNull(AlertPage.Read(Assert.Single(await _ground.Store.ListAsync(_ground.Places.PagesPast))).Closed);
        // What was examined again changes nothing; what happens again does.
        Assert.Empty(await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool"), AlertGround.Finding("drain", "FeePool", 2, kind: FindingKind.Resolved)));
        Assert.NotEmpty(await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 3)));
        Assert.Equal(2, Assert.Single((await _ground.WholeAsync()).Alerts).Firings);
    }

    [Fact]
    public async Task What_began_and_ended_before_anybody_could_be_told_is_told()
    {
        var told = await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool"), AlertGround.Finding("drain", "FeePool", 2, kind: FindingKind.Resolved));
        Assert.Equal([NoticeKind.Trigger, NoticeKind.Resolve], told.Where(one => one.Channel == "log").Select(one => one.Notice.Kind));
    }

    [Fact]
    public async Task A_reorg_retracts_with_the_reason_and_the_same_finding_may_come_back()
    {
        var finding = AlertGround.Finding("drain", "FeePool", transaction: 1);
        await _ground.TakeAsync(finding);
        var told = await _ground.TakeAsync(finding with { Kind = FindingKind.Retracted, Why = "block 1 was replaced by 0xbb" });
        Assert.Equal("retracted: block 1 was replaced by 0xbb", told[0].Notice.Why);
        var alert = Assert.Single((await _ground.WholeAsync()).Alerts);
        Assert.Equal((AlertState.Retracted, "block 1 was replaced by 0xbb", 0L), (alert.State, alert.Why, alert.Count));
        Assert.Empty(await _ground.TakeAsync(finding with { Kind = FindingKind.Retracted, Why = "again" }));
        Assert.NotEmpty(await _ground.TakeAsync(finding));
        Assert.Equal((AlertState.Firing, 2), (await _ground.WholeAsync()).Alerts.Select(one => (one.State, one.Firings)).Single());
    }

    [Fact]
    public async Task The_numbers_of_monitors_are_no_part_of_a_finding()
    {
        var finding = AlertGround.Finding("drain", "FeePool", transaction: 1);
        await _ground.TakeAsync(finding);
        await _ground.TakeAsync(finding with { Id = finding.Id + "#retracted", Kind = FindingKind.Retracted, Why = "gone" });
        Assert.Equal(AlertState.Retracted, Assert.Single((await _ground.WholeAsync()).Alerts).State);
        await _ground.TakeAsync(finding with { Id = finding.Id + "#2" });
        Assert.Empty(await _ground.TakeAsync(finding));
        await _ground.TakeAsync(finding with { Id = finding.Id + "#2#retracted", Kind = FindingKind.Retracted, Why = "gone again" });
        Assert.Equal((AlertState.Retracted, "gone again"), (await _ground.WholeAsync()).Alerts.Select(one => (one.State, one.Why!)).Single());
    }

    [Fact]
    public async Task A_retraction_of_one_of_several_leaves_the_alert_on_the_others_and_its_severity_on_theirs()
    {
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 1, Severity.Sev2), AlertGround.Finding("drain", "FeePool", 2, Severity.Sev0));
        Assert.Equal(Severity.Sev0, Assert.Single((await _ground.WholeAsync()).Alerts).Severity);
        Assert.Empty(await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 2, Severity.Sev0, FindingKind.Retracted, why: "gone")));
        var alert = Assert.Single((await _ground.WholeAsync()).Alerts);
        Assert.Equal((AlertState.Firing, Severity.Sev2, 1L), (alert.State, alert.Severity, alert.Count));
    }

    [Fact]
    public async Task A_retracted_end_lets_it_fire_again()
    {
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool"));
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 2, kind: FindingKind.Resolved));
        Assert.NotEmpty(await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 2, kind: FindingKind.Retracted, why: "gone")));
        Assert.Equal((AlertState.Firing, 1), (await _ground.WholeAsync()).Alerts.Select(one => (one.State, one.Firings)).Single());
    }

    [Fact]
    public async Task What_becomes_worse_is_told_anew_also_when_it_was_acknowledged()
    {
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 1, Severity.Sev2));
        await AcknowledgeAsync();
        var told = await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 2, Severity.Sev0));
        Assert.Equal(["ann", "log"], told.Select(one => one.Channel).Order());
        Assert.Null(Assert.Single((await _ground.WholeAsync()).Pages).Acknowledged);
    }

    [Fact]
    public async Task The_alerts_of_one_transaction_are_one_page_and_none_is_lost()
    {
        Assert.Equal(2, (await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", transaction: 7), AlertGround.Finding("owner", "StakeManager", transaction: 7), AlertGround.Finding("pause", "JobRegistry", transaction: 7))).Count);
        var book = await _ground.WholeAsync();
        var page = Assert.Single(book.Pages);
        Assert.Equal((3, 3), (page.Alerts, page.Firing));
        Assert.All(book.Alerts, alert => Assert.Equal(page.Id, alert.Page));
    }

    [Fact]
    public async Task A_storm_is_one_notification_with_the_whole_count()
    {
        // One rule with many subjects.
        var told = await _ground.TakeAsync([.. Enumerable.Range(1, 300).Select(n => AlertGround.Finding("slash", $"validator {n}", n))]);
        Assert.Equal(2, told.Count);
        Assert.Equal((300, Notice.MostListed), (told[0].Notice.Count, told[0].Notice.Alerts.Count));
        Assert.Equal(300, (await _ground.WholeAsync()).Alerts.Count);
    }

    [Fact]
    public async Task Many_rules_at_once_are_a_storm_and_what_is_worse_breaks_through()
    {
        var told = await _ground.TakeAsync([.. Enumerable.Range(1, 20).Select(n => AlertGround.Finding($"rule-{n}", "x", n, Severity.Sev2))]);
        Assert.Equal(3, told.Count);
        var book = await _ground.WholeAsync();
        Assert.Equal(3, book.Pages.Count);
        Assert.Equal(18, Assert.Single(book.Pages, page => page.IsStorm).Alerts);
        Assert.Equal(20, book.Pages.Sum(page => page.Firing));
        told = await _ground.TakeAsync(AlertGround.Finding("rule-99", "x", 1, Severity.Sev0));
        Assert.Contains(told, one => one.Channel == "ann" && one.Notice is { Severity: Severity.Sev0, IsStorm: true });
    }

    [Fact]
    public async Task What_is_new_after_an_acknowledgement_is_a_page_of_its_own()
    {
        await _ground.TakeAsync(AlertGround.Finding("slash", "a"));
        await AcknowledgeAsync();
        Assert.NotEmpty(await _ground.TakeAsync(AlertGround.Finding("slash", "b")));
        Assert.Equal(2, (await _ground.WholeAsync()).Pages.Count);
    }

    [Theory]
    [InlineData("acknowledged")]
    [InlineData("silenced")]
    [InlineData("old")]
    public async Task What_is_new_is_told_though_its_transaction_has_a_page_that_was(string how)
    {
        if (how == "silenced")
        {
            await SilenceAsync(new AlertMatcher(Rule: "drain"), null, TimeSpan.FromHours(1));
        }

        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", transaction: 7));
        if (how == "acknowledged")
        {
            await AcknowledgeAsync();
        }

        _ground.Time.Advance(TimeSpan.FromMinutes(how == "old" ? 6 : 1));
        var told = await _ground.TakeAsync(AlertGround.Finding("owner", "StakeManager", transaction: 7));
        Assert.Contains(told, one => one.Channel == "ann" && one.Notice.Kind == NoticeKind.Trigger && one.Notice.Alerts.Any(alert => alert.Rule == "owner"));
        Assert.Equal(2, (await _ground.WholeAsync()).Pages.Sum(page => page.Firing));
    }

    [Fact]
    public async Task What_was_acknowledged_while_it_was_silenced_is_told_again_when_nothing_silences_it()
    {
        var silence = await SilenceAsync(new AlertMatcher(Rule: "drain"), null, TimeSpan.FromHours(8));
        Assert.Empty(await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool")));
        await AcknowledgeAsync();
        _ground.Time.Advance(TimeSpan.FromHours(1));
        Assert.Empty(await _ground.LookAsync());
        Assert.Equal(["ann", "log"], (await _ground.CommitAsync((await _ground.WholeAsync()).Unsilence(await _ground.SignAsync("ben", AlertAct.Unsilence, silence), "Ben", _ground.Time.GetUtcNow()))).Select(one => one.Channel).Order());
    }

    [Fact]
    public async Task Nobody_acknowledges_and_the_next_step_is_told_and_then_all_again()
    {
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", severity: Severity.Sev0));
        Assert.Empty(await _ground.LookAsync());
        _ground.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(["ann", "ben", "log"], (await _ground.LookAsync()).Select(one => one.Channel).Order());
        Assert.Empty(await _ground.LookAsync());
        _ground.Time.Advance(TimeSpan.FromMinutes(14));
        Assert.Empty(await _ground.LookAsync());
        _ground.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(["ann", "ben", "log"], (await _ground.LookAsync()).Select(one => one.Channel).Order());
    }

    [Fact]
    public async Task What_was_acknowledged_goes_no_further_and_is_told_again_to_the_first()
    {
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", severity: Severity.Sev0));
        _ground.Time.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal([NoticeKind.Acknowledge, NoticeKind.Acknowledge], (await AcknowledgeAsync()).Select(one => one.Notice.Kind));
        _ground.Time.Advance(TimeSpan.FromMinutes(14));
        Assert.Empty(await _ground.LookAsync());
        _ground.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(["ann", "log"], (await _ground.LookAsync()).Select(one => one.Channel).Order());
        var refused = await Assert.ThrowsAsync<ControlException>(AcknowledgeAsync);
        Assert.Equal(("alert-acknowledged", ExitCode.Refused), (refused.Code, refused.Exit));
    }

    [Fact]
    public async Task A_silence_keeps_from_channels_and_never_from_the_list_and_ends_with_its_time()
    {
        await SilenceAsync(new AlertMatcher(Rule: "drain"), null, TimeSpan.FromHours(1));
        Assert.Empty(await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool")));
        Assert.Equal(AlertState.Firing, Assert.Single((await _ground.WholeAsync()).Alerts).State);
        Assert.NotEmpty(await _ground.TakeAsync(AlertGround.Finding("owner", "FeePool")));
        _ground.Time.Advance(TimeSpan.FromHours(1));
        Assert.Contains(await _ground.LookAsync(), one => one.Notice.Alerts.Any(alert => alert.Rule == "drain"));
    }

    [Fact]
    public async Task A_silence_ends_with_its_incident_and_by_a_person()
    {
        await SilenceAsync(new AlertMatcher(Rule: "drain"), "INC-1", TimeSpan.FromHours(1));
        var second = await SilenceAsync(new AlertMatcher(Module: "FeePool"), "INC-2", TimeSpan.FromHours(1));
        Assert.Empty(await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool")));
        Assert.Empty(await _ground.LookAsync(new HashSet<string>(["INC-1"])));
        var act = await _ground.SignAsync("ben", AlertAct.Unsilence, second);
        Assert.NotEmpty(await _ground.CommitAsync((await _ground.WholeAsync()).Unsilence(act, "Ben", _ground.Time.GetUtcNow())));
        Assert.Equal("silence-over", (await Assert.ThrowsAsync<ControlException>(async () => (await _ground.WholeAsync()).Unsilence(act, "Ben", _ground.Time.GetUtcNow()))).Code);
    }

    [Fact]
    public async Task Without_an_incident_no_silence_keeps_SEV_0_from_channels()
    {
        await SilenceAsync(new AlertMatcher(Rule: "drain"), null, TimeSpan.FromHours(1));
        Assert.NotEmpty(await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", severity: Severity.Sev0)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("INC-1")]
    public async Task A_severity_alone_is_no_silence_for_a_new_attack_would_be_in_it(string? incident)
    {
        Assert.Equal(("silence-matcher", ExitCode.BadInput), Refused(await Assert.ThrowsAsync<ControlException>(() => SilenceAsync(new AlertMatcher(Severity: Severity.Sev1), incident, TimeSpan.FromHours(1)))));
        Assert.Equal("silence-matcher", Assert.Throws<ControlException>(() => new AlertMatcher().Check()).Code);
        // One that an earlier program took counts not.
        var signed = await _ground.SignAsync("ann", AlertAct.Silence, matcher: new AlertMatcher(Severity: Severity.Sev1), incident: incident, until: _ground.Time.GetUtcNow().AddHours(1));
        var record = new SilenceRecord { Version = 1, Id = signed.Act.Id(), Signed = signed, By = "Ann" };
        await _ground.Store.CommitAsync(new StateCommit { Documents = [new DocumentWrite(_ground.Places.Silences, record.Id, record.Encode())] });
        Assert.Null(signed.Author(AlertGround.Network, _ground.Settings.ChainId, _ground.Settings.People, out var why));
        Assert.Contains("names no rule", why, StringComparison.Ordinal);
        Assert.NotEmpty(await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool")));
    }

    [Fact]
    public async Task A_silence_of_an_incident_covers_what_it_names_and_nothing_else()
    {
        await SilenceAsync(new AlertMatcher(Rule: "paused", Module: "FeePool", Severity: Severity.Sev0), "INC-1", TimeSpan.FromHours(1));
        Assert.Empty(await _ground.TakeAsync(AlertGround.Finding("paused", "FeePool", severity: Severity.Sev0)));
        Assert.NotEmpty(await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", severity: Severity.Sev0)));
        Assert.NotEmpty(await _ground.TakeAsync(AlertGround.Finding("paused", "StakeManager", severity: Severity.Sev1)));
    }

    [Theory]
    [InlineData("channel-failing")]
    [InlineData("monitor-silent")]
    [InlineData("incident-duty-overdue")]
    [InlineData("breaker")]
    [InlineData("breaker-gaps")]
    public async Task What_nobody_may_miss_is_never_silenced(string rule)
    {
        Assert.Equal(("silence-never", ExitCode.Refused), Refused(await Assert.ThrowsAsync<ControlException>(() => SilenceAsync(new AlertMatcher(Rule: rule), "INC-1", TimeSpan.FromHours(1)))));
        await SilenceAsync(new AlertMatcher(Module: "FeePool"), "INC-1", TimeSpan.FromHours(1));
        Assert.NotEmpty(await _ground.TakeAsync(AlertGround.Finding(rule, "FeePool", severity: Severity.Sev0)));
        Assert.Empty(await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", severity: Severity.Sev0)));
    }

    [Fact]
    public async Task A_silence_that_nobody_signed_silences_nothing()
    {
        var signed = await _ground.SignAsync("ann", AlertAct.Silence, matcher: new AlertMatcher(Rule: "drain"), until: _ground.Time.GetUtcNow().AddHours(1));
        var forged = signed with { Act = signed.Act with { Matcher = new AlertMatcher(Rule: "owner") } };
        Assert.Null(forged.Author(AlertGround.Network, _ground.Settings.ChainId, _ground.Settings.People, out var why));
        Assert.Contains("altered", why, StringComparison.Ordinal);
        await _ground.CommitAsync((await _ground.WholeAsync()).Silence(forged, "Ann", _ground.Time.GetUtcNow()));
        Assert.NotEmpty(await _ground.TakeAsync(AlertGround.Finding("owner", "FeePool")));
    }

    [Fact]
    public async Task Only_people_with_a_duty_act()
    {
        Assert.Equal("act-duty", (await Assert.ThrowsAsync<ControlException>(() => _ground.SignAsync("cid", AlertAct.Acknowledge, "x"))).Code);
        Assert.Equal("act-nobody", (await Assert.ThrowsAsync<ControlException>(() => _ground.SignAsync("dora", AlertAct.Acknowledge, "x"))).Code);
        var signed = await _ground.SignAsync("ben", AlertAct.Acknowledge, "x");
        Assert.Equal("Ben", signed.Author(AlertGround.Network, _ground.Settings.ChainId, _ground.Settings.People, out _)?.Name);
        Assert.Null((signed with { Duty = Duty.Security }).Author(AlertGround.Network, _ground.Settings.ChainId, _ground.Settings.People, out _));
        Assert.Null(signed.Author("mainnet", _ground.Settings.ChainId, _ground.Settings.People, out _));
    }

    [Fact]
    public async Task A_person_closes_what_nothing_resolves()
    {
        await _ground.TakeAsync(AlertGround.Finding("paused", "FeePool"));
        var act = await _ground.SignAsync("ann", AlertAct.Close, (await _ground.WholeAsync()).Alerts[0].Id);
        var told = await _ground.CommitAsync((await _ground.WholeAsync()).Close(act, "Ann", _ground.Time.GetUtcNow(), out _));
        Assert.Equal("closed by Ann: because", told[0].Notice.Why);
        Assert.Equal("alert-over", (await Assert.ThrowsAsync<ControlException>(async () => (await _ground.WholeAsync()).Close(act, "Ann", _ground.Time.GetUtcNow(), out _))).Code);
    }

    [Fact]
    public async Task Of_two_writers_one_fails_and_reads_again()
    {
        var (one, two) = (AlertGround.Finding("drain", "FeePool", 1), AlertGround.Finding("drain", "FeePool", 2));
        var late = await AlertBook.TakeAsync(_ground.Store, _ground.Settings, [two], _ground.Time.GetUtcNow(), CancellationToken.None);
        await _ground.TakeAsync(one);
        Assert.Contains((await Assert.ThrowsAsync<StorageException>(() => _ground.Store.CommitAsync(late.Commit))).Code, (string[])[StorageException.DocumentConflict, StorageException.StreamConflict]);
        await AlertCommit.TakeAsync(_ground.Store, _ground.Settings, [two], _ground.Time, CancellationToken.None);
        Assert.Equal(2, Assert.Single((await _ground.WholeAsync()).Alerts).Count);
    }

    [Fact]
    public async Task Who_reads_what_fires_reads_that_and_nothing_of_the_past()
    {
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool"), AlertGround.Finding("owner", "FeePool"));
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 2, kind: FindingKind.Resolved));
        Assert.Equal("owner", Assert.Single((await FiringAsync()).Alerts).Rule);
        Assert.Equal(2, (await _ground.WholeAsync()).Alerts.Count);
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 3));
        Assert.Equal(2, (await FiringAsync()).Alerts.Count);
        await _ground.TakeAsync(AlertGround.Finding("owner", "FeePool", kind: FindingKind.Retracted, why: "gone"));
        await _ground.CommitAsync((await _ground.WholeAsync()).Close(await _ground.SignAsync("ann", AlertAct.Close, (await FiringAsync()).Alerts[0].Id), "Ann", _ground.Time.GetUtcNow(), out _));
        Assert.Empty((await FiringAsync()).Alerts);
        Assert.Empty(await _ground.Store.ListAsync(_ground.Places.Firing));
    }

    [Fact]
    public async Task A_store_that_names_none_of_what_fires_or_names_too_much_is_mended_by_whoever_reads_all()
    {
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool"));
        var id = AlertPlaces.IdOf($"{AlertGround.Network}/drain/FeePool");
        await _ground.Store.CommitAsync(new StateCommit { Documents = [new DocumentWrite(_ground.Places.Firing, id, null)] });
        Assert.Empty((await FiringAsync()).Alerts);
        await _ground.LookAsync();
        Assert.Equal(id, Assert.Single((await FiringAsync()).Alerts).Id);
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 2, kind: FindingKind.Resolved));
        await _ground.Store.CommitAsync(new StateCommit { Documents = [new DocumentWrite(_ground.Places.Firing, id, "{\"version\":1}")] });
        // Somebody made it fire again between the look and its commit: what he wrote stays.
        var late = (await FiringAsync()).After([], _ground.Time.GetUtcNow());
        await _ground.Store.CommitAsync(new StateCommit { Documents = [new DocumentWrite(_ground.Places.Firing, id, "{\"version\":1}")] });
        Assert.Equal(StorageException.DocumentConflict, (await Assert.ThrowsAsync<StorageException>(() => _ground.Store.CommitAsync(late.Commit))).Code);
        await _ground.CommitAsync((await FiringAsync()).After([], _ground.Time.GetUtcNow()));
        Assert.Empty(await _ground.Store.ListAsync(_ground.Places.Firing));
    }

    private static (string Code, ExitCode Exit) Refused(ControlException refused) => (refused.Code, refused.Exit);

    private Task<AlertBook> FiringAsync() => AlertBook.ReadFiringAsync(_ground.Store, _ground.Settings, [], CancellationToken.None);

    private async Task<IReadOnlyList<(string Channel, Notice Notice)>> AcknowledgeAsync()
    {
        var book = await _ground.WholeAsync();
        return await _ground.CommitAsync(book.Acknowledge(await _ground.SignAsync("ann", AlertAct.Acknowledge, book.Pages[0].Id), "Ann", _ground.Time.GetUtcNow(), out _));
    }

    private async Task<string> SilenceAsync(AlertMatcher matcher, string? incident, TimeSpan length)
    {
        var signed = await _ground.SignAsync("ann", AlertAct.Silence, matcher: matcher, incident: incident, until: _ground.Time.GetUtcNow() + length);
        await _ground.CommitAsync((await _ground.WholeAsync()).Silence(signed, "Ann", _ground.Time.GetUtcNow()));
        return signed.Act.Id();
    }
}
