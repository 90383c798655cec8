using System.Text.Json;
using AgiJobs.Control.Feed;
using AgiJobs.Control.OnCall;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Alerts;
using AgiJobs.Response.Alerts.Channels;
using AgiJobs.Response.Alerts.Escalation;
using AgiJobs.Response.Findings;
using AgiJobs.Testing;

namespace AgiJobs.Response.Tests.Alerts.Channels;

public sealed class NoticeDeliveryTests : IAsyncLifetime
{
    private AlertGround _ground = null!;

    public async ValueTask InitializeAsync()
    {
        _ground = await AlertGround.OpenAsync();
        await File.WriteAllTextAsync(Path.Combine(_ground.Folder.FullName, "key"), "0123456789abcdef0123456789abcdef\n");
    }

    public ValueTask DisposeAsync() => _ground.DisposeAsync();

    [Fact]
    public async Task PagerDuty_hears_of_a_page_by_its_documented_form_and_of_its_end_by_the_same_key()
    {
        var desk = new PagerDutyIncidents();
        await using var receiver = new LocalHttp(desk.Take);
        UseOne(new AlertChannel { Name = "pager", Kind = ChannelKind.Pagerduty, Key = Key, Url = Url(receiver) });
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", severity: Severity.Sev0));
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 2, kind: FindingKind.Resolved));
        using var delivery = Delivery();
        await UntilEmptyAsync(delivery);
        Assert.Equal(["trigger", "resolve"], desk.Events.Select(one => one.GetProperty("event_action").GetString()));
        Assert.Empty(desk.Open);
        Assert.Equal("critical", desk.Events[0].GetProperty("payload").GetProperty("severity").GetString());
        var proof = await ProofsAsync();
        Assert.All(proof, one => Assert.Equal((true, 202, 1), (one.DeliveredAt is not null, one.Attempts[^1].Status!.Value, one.Tries)));
    }

    [Fact]
    public async Task PagerDuty_pages_somebody_whenever_people_are_told_also_after_an_acknowledgement_there_and_one_incident_is_open()
    {
        var desk = new PagerDutyIncidents();
        await using var receiver = new LocalHttp(desk.Take);
        var pager = new AlertChannel { Name = "pager", Kind = ChannelKind.Pagerduty, Key = Key, Url = Url(receiver) };
        UseOne(pager, steps: 2);
        using var delivery = Delivery();
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", severity: Severity.Sev2));
        await UntilEmptyAsync(delivery);
        Assert.Equal(["warning"], desk.Paged);
        // Acknowledged on the telephone, which nobody here hears of: the next step is told.
        desk.AcknowledgeAll();
        _ground.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.NotEmpty(await _ground.LookAsync());
        await UntilEmptyAsync(delivery);
        Assert.Equal((2, "triggered"), (desk.Paged.Count, Assert.Single(desk.Open).Value));
        // Acknowledged here.
        await AcknowledgeAsync();
        await UntilEmptyAsync(delivery);
        Assert.Equal((2, "acknowledged"), (desk.Paged.Count, Assert.Single(desk.Open).Value));
        // It is told again, then becomes worse.
        _ground.Time.Advance(TimeSpan.FromDays(30));
        Assert.NotEmpty(await _ground.LookAsync());
        await UntilEmptyAsync(delivery);
        Assert.Equal((3, "triggered"), (desk.Paged.Count, Assert.Single(desk.Open).Value));
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 2, Severity.Sev0));
        await UntilEmptyAsync(delivery);
        Assert.Equal((4, "critical", "triggered"), (desk.Paged.Count, desk.Paged[^1], Assert.Single(desk.Open).Value));
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 3, kind: FindingKind.Resolved));
        await UntilEmptyAsync(delivery);
        Assert.Empty(desk.Open);
        Assert.Equal(4, desk.Paged.Count);
    }

    [Fact]
    public async Task No_incident_stays_open_at_PagerDuty_though_the_end_of_one_was_refused_and_a_newer_one_came()
    {
        var (desk, refusesEnds) = (new PagerDutyIncidents(), false);
        await using var receiver = new LocalHttp(request => refusesEnds && request.Text.Contains("\"resolve\"", StringComparison.Ordinal) ? new LocalReply(429) : desk.Take(request));
        UseOne(new AlertChannel { Name = "pager", Kind = ChannelKind.Pagerduty, Key = Key, Url = Url(receiver) });
        using var delivery = Delivery();
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", severity: Severity.Sev2));
        await UntilEmptyAsync(delivery);
        refusesEnds = true;
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 2, Severity.Sev1));
        Assert.Equal(1, (await delivery.DeliverAsync(CancellationToken.None)).Delayed);
        Assert.Equal(2, desk.Open.Count);
        refusesEnds = false;
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 3, Severity.Sev0));
        Assert.Equal(1, (await delivery.DeliverAsync(CancellationToken.None)).Delivered);
        Assert.Equal(["warning", "error", "critical"], desk.Paged);
        Assert.Single(desk.Open);
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 4, kind: FindingKind.Resolved));
        await UntilEmptyAsync(delivery);
        Assert.Empty(desk.Open);
    }

    [Fact]
    public async Task A_test_leaves_no_incident_at_PagerDuty()
    {
        var desk = new PagerDutyIncidents();
        await using var receiver = new LocalHttp(desk.Take);
        using var channel = new PagerDutyChannel(new AlertChannel { Name = "pager", Kind = ChannelKind.Pagerduty, Key = Key, Url = Url(receiver) }, _ground.Time);
        var now = _ground.Time.GetUtcNow();
        var notice = new Notice { Version = 1, Kind = NoticeKind.Test, Page = "test-1", Network = "devnet", ChainId = 31337, Channel = "pager", Severity = Severity.Sev3, Title = "a test", Why = "a person tries it", Since = now, At = now };
        Assert.Equal(SendOutcome.Delivered, (await channel.SendAsync(notice, new string('k', 300), CancellationToken.None)).Outcome);
        Assert.Empty(desk.Open);
        Assert.Single(desk.Paged);
    }

    [Fact]
    public async Task What_is_worse_is_told_at_once_though_the_receiver_asked_to_be_left_alone_and_takes_the_place_of_what_did_not_arrive()
    {
        var (refuses, texts) = (true, new List<string>());
        await using var receiver = new LocalHttp(request =>
        {
            using var body = JsonDocument.Parse(request.Body);
            texts.Add(body.RootElement.GetProperty("severity").GetString()!);
            return refuses ? new LocalReply(429, "busy", "Retry-After: 21600\r\n") : new LocalReply(200);
        });
        UseOne(new AlertChannel { Name = "hook", Kind = ChannelKind.Webhook, Key = Key, Url = Url(receiver) }, Log);
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", severity: Severity.Sev2));
        using var delivery = Delivery();
        Assert.Equal(1, (await delivery.DeliverAsync(CancellationToken.None)).Delayed);
        // So long a wait is told to others at once.
        Assert.Single((await _ground.WholeAsync()).Alerts, alert => alert.Rule == AlertRules.ChannelFailing);
        // It was acknowledged meanwhile, which nobody there can hear of yet.
        await AcknowledgeAsync("drain");
        Assert.Equal(1, (await delivery.DeliverAsync(CancellationToken.None)).Delayed);
        refuses = false;
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 2, Severity.Sev0));
        Assert.Equal(1, (await delivery.DeliverAsync(CancellationToken.None)).Delivered);
        Assert.Equal(["SEV-2", "SEV-0"], texts);
        var proofs = await ProofsAsync("hook");
        Assert.Equal([true, true, false], proofs.Select(proof => proof.SupersededBy is not null));
        Assert.All(proofs.Take(2), proof => Assert.Equal((proofs[2].Key, $"superseded by {proofs[2].Key}"), (proof.SupersededBy, proof.Attempts[^1].Words)));
        // They are settled when their time comes, and neither sent nor counted as lost.
        _ground.Time.Advance(TimeSpan.FromHours(6));
        await delivery.DeliverAsync(CancellationToken.None);
        var outbox = await _ground.Store.OutboxAsync(_ground.Places.Outbox("hook"));
        Assert.Equal((0, 0, 2), (outbox.Waiting, outbox.GivenUp, texts.Count));
        // The end finds what it ends.
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 3, kind: FindingKind.Resolved));
        Assert.Equal(1, (await delivery.DeliverAsync(CancellationToken.None)).Delivered);
    }

    [Fact]
    public async Task What_another_host_is_just_sending_is_superseded_by_nobody_until_it_cannot_be_any_more()
    {
        await using var receiver = new LocalHttp(_ => new LocalReply(200));
        UseOne(new AlertChannel { Name = "hook", Kind = ChannelKind.Webhook, Key = Key, Url = Url(receiver) });
        var told = await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", severity: Severity.Sev2));
        // Another host has claimed it and died while it was sending.
        var claimed = Assert.Single(await _ground.Store.ClaimAsync(_ground.Places.Outbox("hook"), 1, TimeSpan.FromHours(1)));
        var proof = new DeliveryProof { Version = 1, Key = claimed.Key, Channel = "hook", ChannelKind = "webhook", To = "x", Page = told[0].Notice.Page, Kind = NoticeKind.Trigger, TryingUntil = _ground.Time.GetUtcNow().AddMinutes(1) };
        await _ground.Store.CommitAsync(new Storage.StateCommit { Documents = [new Storage.DocumentWrite(_ground.Places.Deliveries, claimed.Key, proof.Encode())] });
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 2, Severity.Sev0));
        using var delivery = Delivery();
        Assert.Equal(1, (await delivery.DeliverAsync(CancellationToken.None)).Delayed);
        Assert.Empty(receiver.Requests);
        _ground.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, (await delivery.DeliverAsync(CancellationToken.None)).Delivered);
        Assert.Single(receiver.Requests);
    }

    [Fact]
    public async Task A_message_that_nobody_can_read_is_lost_loudly_and_stops_no_other()
    {
        await using var receiver = new LocalHttp(_ => new LocalReply(200));
        UseOne(new AlertChannel { Name = "hook", Kind = ChannelKind.Webhook, Key = Key, Url = Url(receiver) }, Log);
        await _ground.Store.CommitAsync(new Storage.StateCommit { Messages = [new Storage.MessageWrite(_ground.Places.Outbox("hook"), "newer", "{\"version\":2}"), new Storage.MessageWrite(_ground.Places.Outbox("hook"), "broken", "[]")] });
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool"));
        using var delivery = Delivery();
        var round = await delivery.DeliverAsync(CancellationToken.None);
        Assert.Equal((1, 2), (round.Delivered, round.GivenUp.Count));
        Assert.Single(receiver.Requests);
        Assert.Equal(2, (await _ground.Store.OutboxAsync(_ground.Places.Outbox("hook"))).GivenUp);
        Assert.Equal(2, (await ProofsAsync()).Count(proof => proof.GivenUpAt is not null));
        var alert = Assert.Single((await _ground.WholeAsync()).Alerts, alert => alert.Rule == AlertRules.ChannelFailing);
        Assert.Equal((Severity.Sev0, 2L), (alert.Severity, alert.Count));
        using var log = Delivery("log");
        await UntilEmptyAsync(log);
        Assert.Contains("cannot be read", await File.ReadAllTextAsync(Path.Combine(_ground.Folder.FullName, "alerts.jsonl")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proof_that_nobody_can_read_stops_no_message_behind_it()
    {
        await using var receiver = new LocalHttp(_ => new LocalReply(200));
        UseOne(new AlertChannel { Name = "hook", Kind = ChannelKind.Webhook, Key = Key, Url = Url(receiver) });
        var told = await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", severity: Severity.Sev2));
        await _ground.Store.CommitAsync(new Storage.StateCommit { Documents = [new Storage.DocumentWrite(_ground.Places.Deliveries, $"{AlertGround.Network}-{told[0].Notice.Page}-0001-hook", "[]")] });
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 2, Severity.Sev0));
        using var delivery = Delivery();
        Assert.Equal(2, (await delivery.DeliverAsync(CancellationToken.None)).Delivered);
    }

    [Fact]
    public async Task The_end_is_never_sent_before_the_beginning_however_often_that_is_refused()
    {
        var (desk, refusals) = (new PagerDutyIncidents(), 3);
        await using var receiver = new LocalHttp(request => refusals-- > 0 ? new LocalReply(429, "{\"status\":\"throttle exceeded\"}") : desk.Take(request));
        UseOne(new AlertChannel { Name = "pager", Kind = ChannelKind.Pagerduty, Key = Key, Url = Url(receiver) });
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool"));
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 2, kind: FindingKind.Resolved));
        using var delivery = Delivery();
        await UntilEmptyAsync(delivery);
        Assert.Equal(["trigger", "resolve"], desk.Events.Select(one => one.GetProperty("event_action").GetString()));
        Assert.Empty(desk.Open);
    }

    [Fact]
    public async Task The_end_of_what_never_arrived_is_left_out_and_the_loss_is_an_alert_on_the_others()
    {
        await using var receiver = new LocalHttp(_ => new LocalReply(400, "{\"status\":\"invalid event\",\"errors\":[\"routing_key\"]}"));
        UseOne(new AlertChannel { Name = "pager", Kind = ChannelKind.Pagerduty, Key = Key, Url = Url(receiver) }, Log);
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", severity: Severity.Sev0));
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 2, kind: FindingKind.Resolved));
        using var delivery = Delivery();
        await UntilEmptyAsync(delivery);
        Assert.Single(receiver.Requests);
        var alert = Assert.Single((await _ground.WholeAsync()).Alerts, alert => alert.Rule == AlertRules.ChannelFailing);
        Assert.Equal((AlertState.Firing, Severity.Sev0, "pager"), (alert.State, alert.Severity, alert.Subject));
        Assert.Contains("400", alert.Title, StringComparison.Ordinal);
        using var log = Delivery("log");
        await UntilEmptyAsync(log);
        Assert.Contains("has lost a message", await File.ReadAllTextAsync(Path.Combine(_ground.Folder.FullName, "alerts.jsonl")), StringComparison.Ordinal);
        Assert.Equal(1, (await _ground.Store.OutboxAsync(_ground.Places.Outbox("pager"))).GivenUp);
        Assert.Contains(await ProofsAsync(), proof => proof.Attempts[^1].Words.StartsWith("left out", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(410, "channel_is_archived")]
    [InlineData(404, "no_service")]
    [InlineData(403, "action_prohibited")]
    [InlineData(200, "<html>a proxy's page</html>")]
    public async Task Slack_says_that_it_never_will_and_is_not_asked_again(int status, string body)
    {
        await using var receiver = new LocalHttp(_ => new LocalReply(status, body));
        UseOne(new AlertChannel { Name = "slack", Kind = ChannelKind.Slack, Url = Url(receiver) }, Log);
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool"));
        using var delivery = Delivery();
        var given = Assert.Single((await delivery.DeliverAsync(CancellationToken.None)).GivenUp);
        Assert.Contains(body, given, StringComparison.Ordinal);
        _ground.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(0, (await delivery.DeliverAsync(CancellationToken.None)).Delivered);
        Assert.Single(receiver.Requests);
    }

    [Fact]
    public async Task Slack_is_asked_again_when_it_wants_and_the_alert_about_it_ends_when_it_takes_one()
    {
        var refusals = NoticeDelivery.AlarmAt;
        await using var receiver = new LocalHttp(request =>
        {
            using var body = JsonDocument.Parse(request.Body);
            Assert.DoesNotContain("<!channel>", body.RootElement.GetProperty("text").GetString(), StringComparison.Ordinal);
            Assert.Equal("section", body.RootElement.GetProperty("blocks")[0].GetProperty("type").GetString());
            return refusals-- > 0 ? new LocalReply(429, "rate_limited", "Retry-After: 120\r\n") : new LocalReply(200, "ok");
        });
        UseOne(new AlertChannel { Name = "slack", Kind = ChannelKind.Slack, Url = Url(receiver) }, Log);
        await _ground.TakeAsync(AlertGround.Finding("drain", "<!channel> FeePool"));
        using var delivery = Delivery();
        Assert.Equal(1, (await delivery.DeliverAsync(CancellationToken.None)).Delayed);
        _ground.Time.Advance(TimeSpan.FromSeconds(119));
        Assert.Equal(0, (await delivery.DeliverAsync(CancellationToken.None)).Delayed);
        for (var i = 1; i < NoticeDelivery.AlarmAt; i++)
        {
            _ground.Time.Advance(TimeSpan.FromSeconds(121));
            Assert.Equal(1, (await delivery.DeliverAsync(CancellationToken.None)).Delayed);
        }

        Assert.Equal(AlertState.Firing, (await _ground.WholeAsync()).Alerts.Single(alert => alert.Rule == AlertRules.ChannelFailing).State);
        _ground.Time.Advance(TimeSpan.FromSeconds(121));
        Assert.Equal(1, (await delivery.DeliverAsync(CancellationToken.None)).Delivered);
        Assert.Equal(AlertState.Resolved, (await _ground.WholeAsync()).Alerts.Single(alert => alert.Rule == AlertRules.ChannelFailing).State);
    }

    [Fact]
    public async Task A_webhook_is_signed_as_the_change_feed_is_and_names_its_message()
    {
        await using var receiver = new LocalHttp(_ => new LocalReply(204));
        UseOne(new AlertChannel { Name = "hook", Kind = ChannelKind.Webhook, Key = Key, Url = Url(receiver) });
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", transaction: 9));
        using var delivery = Delivery();
        Assert.Equal(1, (await delivery.DeliverAsync(CancellationToken.None)).Delivered);
        var request = Assert.Single(receiver.Requests);
        Assert.Equal(FeedSignature.Of(Key.Reveal(), _ground.Time.GetUtcNow(), request.Body), request.Headers[FeedSignature.Header]);
        using var body = JsonDocument.Parse(request.Body);
        Assert.Equal((request.Headers["Idempotency-Key"], "SEV-1", 31337), (body.RootElement.GetProperty("id").GetString(), body.RootElement.GetProperty("severity").GetString(), body.RootElement.GetProperty("chainId").GetInt32()));
    }

    [Fact]
    public async Task A_channel_that_stalls_blocks_no_other()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var stalls = new LocalHttp(_ =>
        {
            asked.TrySetResult();
            return null;
        });
        UseOne(new AlertChannel { Name = "hook", Kind = ChannelKind.Webhook, Key = Key, Url = Url(stalls) }, Log, both: true);
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool"));
        using var worker = new DeliveryWorker([Delivery(), Delivery("log")], _ground.Store, _ground.Places, TimeSpan.FromMilliseconds(20), TimeProvider.System);
        await worker.StartAsync(CancellationToken.None);
        await asked.Task;
        await Wait.UntilAsync("the log has it", () => File.Exists(Path.Combine(_ground.Folder.FullName, "alerts.jsonl")));
        await worker.StopAsync(TimeSpan.Zero);
    }

    [Fact]
    public async Task A_message_that_was_delivered_before_the_outbox_heard_of_it_is_not_sent_again()
    {
        await using var receiver = new LocalHttp(_ => new LocalReply(200));
        UseOne(new AlertChannel { Name = "hook", Kind = ChannelKind.Webhook, Key = Key, Url = Url(receiver) });
        var told = await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool"));
        var key = $"{AlertGround.Network}-{told[0].Notice.Page}-0001-hook";
        var proof = new DeliveryProof { Version = 1, Key = key, Channel = "hook", ChannelKind = "webhook", To = "x", Page = told[0].Notice.Page, Kind = NoticeKind.Trigger, Tries = 1, DeliveredAt = _ground.Time.GetUtcNow(), Standing = key };
        await _ground.Store.CommitAsync(new Storage.StateCommit { Documents = [new Storage.DocumentWrite(_ground.Places.Deliveries, key, proof.Encode())] });
        using var delivery = Delivery();
        await UntilEmptyAsync(delivery);
        Assert.Empty(receiver.Requests);
    }

    [Fact]
    public async Task A_real_Alertmanager_takes_a_page_that_becomes_worse_and_ends()
    {
        await using var server = await AlertmanagerServer.StartAsync(null);
        UseOne(new AlertChannel { Name = "am", Kind = ChannelKind.Alertmanager, Url = new EndpointReference { Url = server.Url.ToString() } });
        // It judges ends by its own clock.
        _ground.Time.Advance(TimeProvider.System.GetUtcNow() - _ground.Time.GetUtcNow() is var ahead && ahead > TimeSpan.Zero ? ahead : TimeSpan.Zero);
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 1, Severity.Sev2));
        using var delivery = Delivery();
        await UntilEmptyAsync(delivery);
        Assert.Equal("SEV-2", Assert.Single(await AlertsAsync(server))["severity"]);
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 2, Severity.Sev0));
        await UntilEmptyAsync(delivery);
        var alert = Assert.Single(await AlertsAsync(server));
        Assert.Equal(("AgiJobsAlert", "SEV-0", "devnet", "31337"), (alert["alertname"], alert["severity"], alert["network"], alert["chain_id"]));
        await _ground.TakeAsync(AlertGround.Finding("drain", "FeePool", 3, kind: FindingKind.Resolved));
        await UntilEmptyAsync(delivery);
        await Wait.UntilAsync("it is over there", async () => (await AlertsAsync(server)).Count == 0);
    }

    private static async Task<IReadOnlyList<IReadOnlyDictionary<string, string>>> AlertsAsync(AlertmanagerServer server) => await server.AlertsAsync();

    private Secret Key => new() { File = Path.Combine(_ground.Folder.FullName, "key") };

    private AlertChannel Log { get; } = new() { Name = "log", Kind = ChannelKind.Log, Path = "alerts.jsonl" };

    private static EndpointReference Url(LocalHttp receiver) => new() { Url = receiver.Url.ToString() };

    // Everything goes to the first channel, and to the second as well where it is to.
    private void UseOne(AlertChannel channel, AlertChannel? other = null, bool both = false, int steps = 1)
    {
        var file = AlertGround.File with
        {
            Channels = [channel, .. other is null ? (AlertChannel[])[] : [other]],
            Contacts = [],
            Groups = [],
            Rotations = [],
            Heartbeat = null,
            Policies = [new EscalationPolicy { Name = "all", Steps = [.. Enumerable.Repeat(new EscalationStep { Channels = [channel.Name, .. both ? (string[])[other!.Name] : []] }, steps)] }],
            Severities = [.. AlertGround.File.Severities.Select(rule => rule with { Policy = "all", Acknowledge = "5m", Renotify = "30d" })],
        };
        Assert.Empty(OnCallCheck.Problems(file, AlertGround.People));
        _ground.Settings = _ground.Settings with { Plan = new OnCallPlan(file) };
    }

    private NoticeDelivery Delivery(string? name = null)
    {
        var channels = ChannelShelf.Open(_ground.Settings.Plan!.File, _ground.Folder.FullName, _ground.Time);
        return new NoticeDelivery(_ground.Store, _ground.Settings, name is null ? channels[0] : channels.Single(channel => channel.Name == name), _ground.Time);
    }

    private async Task UntilEmptyAsync(NoticeDelivery delivery)
    {
        for (var i = 0; i < 100 && (await _ground.Store.OutboxAsync(_ground.Places.Outbox(delivery.Name))).Waiting > 0; i++)
        {
            await delivery.DeliverAsync(CancellationToken.None);
            _ground.Time.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.Equal(0, (await _ground.Store.OutboxAsync(_ground.Places.Outbox(delivery.Name))).Waiting);
    }

    private async Task<IReadOnlyList<DeliveryProof>> ProofsAsync(string? channel = null) => [.. (await _ground.Store.ListAsync(_ground.Places.Deliveries)).Select(DeliveryProof.Read).Where(proof => channel is null || proof.Channel == channel)];

    private async Task AcknowledgeAsync(string? rule = null)
    {
        var book = await _ground.WholeAsync();
        var page = Assert.Single(book.Pages, page => rule is null || page.Rule == rule);
        await _ground.CommitAsync(book.Acknowledge(await _ground.SignAsync("ann", AlertAct.Acknowledge, page.Id), "Ann", _ground.Time.GetUtcNow(), out _));
    }
}
