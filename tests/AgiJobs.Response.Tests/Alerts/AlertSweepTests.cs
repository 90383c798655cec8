using AgiJobs.Response.Alerts;
using AgiJobs.Response.Alerts.Channels;
using AgiJobs.Response.Alerts.Incoming;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Tests.Alerts;

public sealed class AlertSweepTests : IAsyncLifetime
{
    private AlertGround _ground = null!;

    public async ValueTask InitializeAsync() => _ground = await AlertGround.OpenAsync();

    public ValueTask DisposeAsync() => _ground.DisposeAsync();

    [Fact]
    public async Task A_message_that_may_not_come_again_is_remembered_for_as_long_as_its_time_would_be_taken()
    {
        await PutAsync(_ground.Places.Incoming, "tenderly/a", AlertPlaces.Mark);
        await PutAsync(_ground.Places.Payloads, "b", "{\"version\":1,\"body\":\"kept\"}");
        _ground.Time.Advance(2 * IncomingDesk.Skew);
        Assert.Equal(0, await SweepAsync());
        _ground.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await SweepAsync());
        Assert.Empty(await _ground.Store.ListAsync(_ground.Places.Incoming));
        Assert.Single(await _ground.Store.ListAsync(_ground.Places.Payloads));
    }

    [Fact]
    public async Task A_finding_counts_once_for_as_long_as_it_is_found_again_in_time_and_is_forgotten_only_after_that()
    {
        var finding = AlertGround.Finding("drain", "FeePool");
        await _ground.TakeAsync(finding);
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 2, kind: FindingKind.Resolved));
        _ground.Time.Advance(AlertSweep.Kept - TimeSpan.FromDays(1));
        Assert.Empty(await _ground.TakeAsync(finding));
        _ground.Time.Advance(AlertSweep.Kept - TimeSpan.FromDays(1));
        // The end was not found again.
        Assert.Equal(1, await SweepAsync());
        Assert.Empty(await _ground.TakeAsync(finding));
        _ground.Time.Advance(AlertSweep.Kept + TimeSpan.FromSeconds(1));
        Assert.Equal(1, await SweepAsync());
        Assert.Empty(await _ground.Store.ListAsync(_ground.Places.Findings));
        Assert.Equal(AlertState.Resolved, Assert.Single((await _ground.WholeAsync()).Alerts).State);
    }

    [Fact]
    public async Task What_an_alert_that_fires_stands_on_is_not_forgotten()
    {
        var finding = AlertGround.Finding("drain", "FeePool");
        await _ground.TakeAsync(finding);
        _ground.Time.Advance(2 * AlertSweep.Kept);
        Assert.Equal(0, await SweepAsync());
        await _ground.TakeAsync(finding);
        Assert.Equal(1, Assert.Single((await _ground.WholeAsync()).Alerts).Count);
    }

    [Fact]
    public async Task A_proof_of_delivery_stays_while_its_page_is_open_and_for_its_time()
    {
        var told = await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool"));
        var proof = new DeliveryProof { Version = 1, Key = "a", Channel = "log", ChannelKind = "log", To = "x", Page = told[0].Notice.Page, Kind = NoticeKind.Trigger, DeliveredAt = _ground.Time.GetUtcNow() };
        await PutAsync(_ground.Places.Deliveries, "a", proof.Encode());
        await PutAsync(_ground.Places.Deliveries, "b", (proof with { Key = "b", DeliveredAt = null }).Encode());
        _ground.Time.Advance(AlertSweep.Kept + TimeSpan.FromSeconds(1));
        Assert.Equal(0, await SweepAsync());
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 2, kind: FindingKind.Resolved));
        // The finding that it stood on, and what was delivered; what was not is still waited for.
        Assert.Equal(2, await SweepAsync());
        Assert.Equal("b", Assert.Single(await _ground.Store.ListAsync(_ground.Places.Deliveries)).Key);
    }

    [Fact]
    public async Task Many_are_removed_a_few_at_a_time_and_all_of_them_in_the_end()
    {
        await _ground.Store.CommitAsync(new StateCommit { Documents = [.. Enumerable.Range(0, 450).Select(n => new DocumentWrite(_ground.Places.Incoming, $"forta/{n:D4}", AlertPlaces.Mark))] });
        _ground.Time.Advance(TimeSpan.FromHours(1));
        var sweep = new AlertSweep(_ground.Store, _ground.Settings, _ground.Time);
        var gone = new List<int>();
        for (var i = 0; i < 4; i++)
        {
            gone.Add(await sweep.SweepAsync(CancellationToken.None));
        }

        Assert.Equal([200, 200, 50, 0], gone);
    }

    private Task<int> SweepAsync() => new AlertSweep(_ground.Store, _ground.Settings, _ground.Time).SweepAsync(CancellationToken.None);

    private Task<long> PutAsync(string collection, string key, string data) => _ground.Store.CommitAsync(new StateCommit { Documents = [new DocumentWrite(collection, key, data)] });
}
