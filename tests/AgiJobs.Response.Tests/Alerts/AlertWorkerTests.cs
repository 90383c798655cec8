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
        var signed = await _ground.SignAsync("ann", AlertAct.Silence, matcher: new AlertMatcher(Rule: "drain"), incident: "INC-1", until: _ground.Time.GetUtcNow().AddHours(1));
        await _ground.CommitAsync((await _ground.WholeAsync()).Silence(signed, "Ann", _ground.Time.GetUtcNow()));
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", severity: Severity.Sev0));
        await LookAsync();
        Assert.True(Assert.Single((await _ground.WholeAsync()).Pages).IsSilenced);
        await LookAsync("INC-1");
        var page = Assert.Single((await _ground.WholeAsync()).Pages);
        Assert.Equal((false, 1), (page.IsSilenced, page.Notices));
        Assert.Equal("the incident INC-1 is closed", Assert.Single((await _ground.WholeAsync()).Silences).Ended?.Why);
    }

    private async Task LookAsync(params string[] closed)
    {
        using var worker = new AlertWorker(_ground.Store, _ground.Settings, TimeSpan.FromSeconds(1), _ground.Time) { ClosedIncidents = (_, _) => Task.FromResult<IReadOnlySet<string>>(closed.ToHashSet(StringComparer.Ordinal)) };
        await worker.LookAsync(CancellationToken.None);
        Assert.True(worker.State.IsReady);
    }

    private Task<long> BeatAsync() => _ground.Store.CommitAsync(new StateCommit { Documents = [new DocumentWrite(_ground.Places.Monitors, "main", "{}")] });

    private async Task<long> BeatsAsync() => (await _ground.Store.OutboxAsync(_ground.Places.Outbox("alive"))).Waiting;
}
