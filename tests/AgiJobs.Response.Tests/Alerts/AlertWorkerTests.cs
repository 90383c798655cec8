using AgiJobs.Response.Alerts;
using AgiJobs.Response.Alerts.Channels;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Tests.Alerts;

public sealed class AlertWorkerTests : IAsyncLifetime
{
    private AlertGround _ground = null!;

    public async ValueTask InitializeAsync() => _ground = await AlertGround.OpenAsync();

    public ValueTask DisposeAsync() => _ground.DisposeAsync();

    [Fact]
    public async Task A_monitor_that_is_not_heard_of_is_an_alert_until_it_is_heard_of_again()
    {
        await BeatAsync();
        await LookAsync();
        Assert.Empty((await _ground.WholeAsync()).Alerts);
        _ground.Time.Advance(TimeSpan.FromSeconds(121));
        await LookAsync();
        await LookAsync();
        var alert = Assert.Single((await _ground.WholeAsync()).Alerts);
        Assert.Equal((AlertRules.MonitorSilent, "main", AlertState.Firing, Severity.Sev1, 1L), (alert.Rule, alert.Subject, alert.State, alert.Severity, alert.Count));
        await BeatAsync();
        await LookAsync();
        Assert.Equal(AlertState.Resolved, Assert.Single((await _ground.WholeAsync()).Alerts).State);
    }

    [Fact]
    public async Task A_monitor_that_is_still_not_heard_of_fires_again_though_a_person_has_closed_that()
    {
        await BeatAsync();
        _ground.Time.Advance(TimeSpan.FromSeconds(121));
        await LookAsync();
        await _ground.CommitAsync((await _ground.WholeAsync()).Close(await _ground.SignAsync("ann", AlertAct.Close, (await _ground.WholeAsync()).Alerts[0].Id), "Ann", _ground.Time.GetUtcNow(), out _));
        _ground.Time.Advance(TimeSpan.FromMinutes(29));
        await LookAsync();
        Assert.Equal(AlertState.Closed, Assert.Single((await _ground.WholeAsync()).Alerts).State);
        _ground.Time.Advance(TimeSpan.FromMinutes(1));
        await LookAsync();
        await LookAsync();
        var alert = Assert.Single((await _ground.WholeAsync()).Alerts);
        Assert.Equal((AlertState.Firing, 2, 1L), (alert.State, alert.Firings, alert.Count));
        Assert.True(Assert.Single((await _ground.WholeAsync()).Pages).Notices > 0);
        await BeatAsync();
        await LookAsync();
        Assert.Equal(AlertState.Resolved, Assert.Single((await _ground.WholeAsync()).Alerts).State);
    }

    [Fact]
    public async Task The_first_look_of_a_host_sees_what_fires_whatever_was_written_before_it()
    {
        await SilenceAsync("drain", 1);
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool"));
        await _ground.Store.CommitAsync(new StateCommit { Documents = [new DocumentWrite(_ground.Places.Firing, AlertPlaces.IdOf($"{AlertGround.Network}/drain/FeePool"), null)] });
        _ground.Time.Advance(TimeSpan.FromHours(1));
        await LookAsync();
        Assert.Equal((false, 1), (await _ground.WholeAsync()).Pages.Select(page => (page.IsSilenced, page.Notices)).Single());
        Assert.Single(await _ground.Store.ListAsync(_ground.Places.Firing));
    }

    [Fact]
    public async Task The_dead_mans_switch_is_told_only_while_a_monitor_lives()
    {
        await LookAsync();
        Assert.Equal(0, await BeatsAsync());
        await BeatAsync();
        await LookAsync();
        await LookAsync();
        Assert.Equal(1, await BeatsAsync());
        _ground.Time.Advance(TimeSpan.FromMinutes(5));
        await LookAsync();
        Assert.Equal(1, await BeatsAsync());
        await BeatAsync();
        await LookAsync();
        Assert.Equal(2, await BeatsAsync());
    }

    [Fact]
    public async Task A_sign_of_life_that_is_late_is_not_sent()
    {
        await BeatAsync();
        await LookAsync();
        _ground.Time.Advance(TimeSpan.FromMinutes(6));
        using var delivery = new NoticeDelivery(_ground.Store, _ground.Settings, ChannelShelf.Open(_ground.Settings.Plan!.File, _ground.Folder.FullName, _ground.Time).Single(channel => channel.Name == "alive"), _ground.Time);
        Assert.Equal(0, (await delivery.DeliverAsync(CancellationToken.None)).Delivered);
        Assert.False(File.Exists(Path.Combine(_ground.Folder.FullName, "reports", "alive.jsonl")));
        Assert.Equal(0, await BeatsAsync());
    }

    [Fact]
    public async Task A_silence_whose_incident_is_closed_is_over_at_the_next_look()
    {
        await SilenceAsync("drain", 1, "INC-1");
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", severity: Severity.Sev0));
        await LookAsync();
        Assert.True(Assert.Single((await _ground.WholeAsync()).Pages).IsSilenced);
        await LookAsync("INC-1");
        var page = Assert.Single((await _ground.WholeAsync()).Pages);
        Assert.Equal((false, 1), (page.IsSilenced, page.Notices));
        Assert.Equal("the incident INC-1 is closed", Assert.Single((await _ground.WholeAsync()).Silences).Ended?.Why);
    }

    private async Task SilenceAsync(string rule, int hours, string? incident = null)
    {
        var signed = await _ground.SignAsync("ann", AlertAct.Silence, matcher: new AlertMatcher(Rule: rule), incident: incident, until: _ground.Time.GetUtcNow().AddHours(hours));
        await _ground.CommitAsync((await _ground.WholeAsync()).Silence(signed, "Ann", _ground.Time.GetUtcNow()));
    }

    private async Task LookAsync(params string[] closed)
    {
        using var worker = new AlertWorker(_ground.Store, _ground.Settings, TimeSpan.FromSeconds(1), _ground.Time) { ClosedIncidents = (_, _) => Task.FromResult<IReadOnlySet<string>>(closed.ToHashSet(StringComparer.Ordinal)) };
        await worker.LookAsync(CancellationToken.None);
        Assert.True(worker.State.IsReady);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_cannot_be_asked_or_does_not_answer_in_time_is_told_once_and_keeps_no_alert_from_being_escalated(bool isLate)
    {
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool"));
        var (fails, told) = (true, new List<string>());
        using var worker = new AlertWorker(_ground.Store, _ground.Settings, TimeSpan.FromSeconds(1), _ground.Time)
        {
            Others = _ => fails ? throw (isLate ? new TaskCanceledException("a number that is none") : new InvalidOperationException("a number that is none")) : Task.FromResult<IReadOnlyList<Finding>>([]),
            Tell = told.Add,
        };
        await worker.LookAsync(CancellationToken.None);
        var first = Assert.Single((await _ground.WholeAsync()).Pages).Notices;
        _ground.Time.Advance(TimeSpan.FromMinutes(30));
        await worker.LookAsync(CancellationToken.None);
        Assert.True(Assert.Single((await _ground.WholeAsync()).Pages).Notices > first);
        Assert.Equal((false, "findings-unread"), (worker.State.IsReady, worker.State.Code));
        Assert.Contains("a number that is none", worker.State.Message, StringComparison.Ordinal);
        Assert.Contains("a number that is none", Assert.Single(told), StringComparison.Ordinal);
        fails = false;
        await worker.LookAsync(CancellationToken.None);
        Assert.True(worker.State.IsReady);
    }

    private Task<long> BeatAsync() => _ground.Store.CommitAsync(new StateCommit { Documents = [new DocumentWrite(_ground.Places.Monitors, "main", "{}")] });

    private async Task<long> BeatsAsync() => (await _ground.Store.OutboxAsync(_ground.Places.Outbox("alive"))).Waiting;
}
