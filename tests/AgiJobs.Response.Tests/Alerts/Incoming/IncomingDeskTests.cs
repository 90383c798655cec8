using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AgiJobs.Control.OnCall;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Alerts;
using AgiJobs.Response.Alerts.Incoming;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Incidents;
using AgiJobs.Testing;

namespace AgiJobs.Response.Tests.Alerts.Incoming;

public sealed class IncomingDeskTests : IAsyncLifetime
{
    private const string Key = "a-long-enough-secret";
    private const string TenderlyBody = """{"id":"8a1f","event_type":"ALERT","transaction":{"network":"1","block_number":7,"hash":"0xaa","from":"0x01","to":"0x02"}}""";
    private const string ForwardBody = """{"EVM":{"monitor":{"name":"Big reward"},"transaction":{"hash":"0xaa","to":"0x02"},"network_slug":"ethereum","matched_on":{},"matched_on_args":{"functions":[],"events":[{"signature":"RewardPaid(address,uint256)","args":[{"name":"amount","value":"1000","indexed":false,"kind":"uint256"}],"hex_signature":"0x"}]}}}""";
    private const string FortaBody = """{"alertId":"AGI-1","name":"Slashing","description":"many","protocol":"agi","severity":"CRITICAL","findingType":"EXPLOIT","hash":"0xf1","createdAt":"2026-11-20T08:00:00.1Z","addresses":["0x02"],"labels":[],"metadata":{"count":"9"}}""";

    private AlertGround _ground = null!;

    public async ValueTask InitializeAsync()
    {
        _ground = await AlertGround.OpenAsync();
        await File.WriteAllTextAsync(Path.Combine(_ground.Folder.FullName, "key"), Key);
    }

    public ValueTask DisposeAsync() => _ground.DisposeAsync();

    [Fact]
    public async Task Tenderly_signs_the_body_and_the_Date_header_and_each_message_is_taken_once()
    {
        var date = "2026-11-20 08:00:10.123456789 +0000 UTC m=+0.001";
        var headers = Headers(("Date", date), ("X-Tenderly-Signature", Sign(TenderlyBody + date)));
        Assert.Equal((200, "taken", 1), await TakeAsync("tenderly", headers, TenderlyBody));
        Assert.Equal((409, "replayed", 0), await TakeAsync("tenderly", headers, TenderlyBody));
        var alert = Assert.Single((await _ground.WholeAsync()).Alerts);
        Assert.Equal(("tenderly", Severity.Sev1, "0x02", "7"), (alert.Source, alert.Severity, alert.Subject, alert.Facts["block"]));
        // A signature over the body alone is none.
        Assert.Equal((401, "signature-wrong", 0), await TakeAsync("tenderly", Headers(("Date", date), ("X-Tenderly-Signature", Sign(TenderlyBody))), TenderlyBody));
    }

    [Fact]
    public async Task A_test_of_Tenderly_is_taken_and_is_no_finding()
    {
        const string Body = """{"id":"1","event_type":"TEST","transaction":{}}""";
        Assert.Equal((200, "taken", 0), await TakeAsync("tenderly", Headers(("Date", "Fri, 20 Nov 2026 08:00:00 GMT"), ("X-Tenderly-Signature", Sign(Body + "Fri, 20 Nov 2026 08:00:00 GMT"))), Body));
    }

    [Theory]
    [InlineData(0, 200, "taken")]
    [InlineData(299, 200, "taken")]
    [InlineData(-299, 200, "taken")]
    [InlineData(301, 401, "timestamp-off")]
    [InlineData(-301, 401, "timestamp-off")]
    public async Task OpenZeppelin_Monitor_signs_the_body_and_its_time_which_may_not_be_far_from_ours(int seconds, int status, string code)
    {
        var stamp = _ground.Time.GetUtcNow().AddSeconds(seconds).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        var (got, said, _) = await TakeAsync("openzeppelin-monitor", Headers(("X-Timestamp", stamp), ("X-Signature", Sign(ForwardBody + stamp))), ForwardBody);
        Assert.Equal((status, code), (got, said));
        if (status == 200)
        {
            var alert = Assert.Single((await _ground.WholeAsync()).Alerts);
            Assert.Equal(("Big reward", "1000"), (alert.Rule, alert.Facts["RewardPaid(address,uint256).amount"]));
        }
    }

    [Fact]
    public async Task The_same_text_of_OpenZeppelin_Monitor_at_another_time_is_another_finding()
    {
        const string Body = """{"title":"Paused","body":"the pool is paused"}""";
        Assert.Equal((200, "taken", 1), await TakeAsync("openzeppelin-monitor", Stamped(), Body));
        Assert.Equal((409, "replayed", 0), await TakeAsync("openzeppelin-monitor", Stamped(), Body));
        var first = Assert.Single((await _ground.WholeAsync()).Alerts);
        await _ground.CommitAsync((await _ground.WholeAsync()).Close(await _ground.SignAsync("ann", AlertAct.Close, first.Id), "Ann", _ground.Time.GetUtcNow(), out _));
        _ground.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal((200, "taken", 1), await TakeAsync("openzeppelin-monitor", Stamped(), Body));
        Assert.Equal((AlertState.Firing, 2), (await _ground.WholeAsync()).Alerts.Select(alert => (alert.State, alert.Firings)).Single());

        Dictionary<string, string> Stamped()
        {
            var stamp = _ground.Time.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
            return Headers(("X-Timestamp", stamp), ("X-Signature", Sign(Body + stamp)));
        }
    }

    [Fact]
    public async Task What_fires_again_by_the_same_beginning_after_it_was_resolved_fires()
    {
        await AlertmanagerAsync("firing", "08:00");
        await AlertmanagerAsync("firing", "08:00");
        Assert.Equal((AlertState.Firing, 1, 1L), await StandsAsync());
        await AlertmanagerAsync("resolved", "08:00");
        Assert.Equal((AlertState.Resolved, 1, 1L), await StandsAsync());
        await AlertmanagerAsync("resolved", "08:00");
        // Prometheus could not be reached, and reaches it again.
        await AlertmanagerAsync("firing", "08:00");
        Assert.Equal((AlertState.Firing, 2, 1L), await StandsAsync());
        Assert.Single((await _ground.WholeAsync()).Pages, page => page.Notices > 0);
        await AlertmanagerAsync("resolved", "08:00");
        Assert.Equal((AlertState.Resolved, 2, 1L), await StandsAsync());
    }

    [Fact]
    public async Task What_is_resolved_ends_nothing_that_began_later()
    {
        await AlertmanagerAsync("firing", "08:00");
        await AlertmanagerAsync("firing", "09:00");
        await AlertmanagerAsync("resolved", "08:00");
        Assert.Equal(AlertState.Firing, (await StandsAsync()).State);
        await AlertmanagerAsync("resolved", "07:00");
        Assert.Equal(AlertState.Firing, (await StandsAsync()).State);
        await AlertmanagerAsync("resolved", "09:00");
        Assert.Equal(AlertState.Resolved, (await StandsAsync()).State);
    }

    [Fact]
    public async Task What_a_person_has_closed_and_still_fires_there_fires_again_after_the_time_for_that()
    {
        await AlertmanagerAsync("firing", "08:00");
        await _ground.CommitAsync((await _ground.WholeAsync()).Close(await _ground.SignAsync("ann", AlertAct.Close, (await _ground.WholeAsync()).Alerts[0].Id), "Ann", _ground.Time.GetUtcNow(), out _));
        _ground.Time.Advance(TimeSpan.FromMinutes(29));
        await AlertmanagerAsync("firing", "08:00");
        Assert.Equal(AlertState.Closed, (await StandsAsync()).State);
        _ground.Time.Advance(TimeSpan.FromMinutes(1));
        await AlertmanagerAsync("firing", "08:00");
        Assert.Equal((AlertState.Firing, 2, 1L), await StandsAsync());
        await AlertmanagerAsync("resolved", "08:00");
        Assert.Equal(AlertState.Resolved, (await StandsAsync()).State);
    }

    [Fact]
    public async Task Forta_shows_its_token_and_what_it_calls_critical_is_SEV_0()
    {
        var headers = Headers(("Authorization", "Bearer " + Key));
        Assert.Equal((200, "taken", 1), await TakeAsync("forta", headers, FortaBody));
        Assert.Equal((200, "taken", 1), await TakeAsync("forta", headers, FortaBody));

        // What came in is kept as it came, once, for the archive of the incident that it is evidence of.
        var alerts = new IncidentAlerts(_ground.Store, AlertGround.Network);
        var id = Assert.Single((await _ground.WholeAsync()).Alerts).Id;
        var (payloads, unknown) = await alerts.PayloadsAsync([id]);
        Assert.Empty(unknown);
        var (name, body) = Assert.Single(payloads);
        Assert.StartsWith("forta-", name, StringComparison.Ordinal);
        Assert.Equal(FortaBody, Encoding.UTF8.GetString(body));
        var kept = Assert.Single(await _ground.Store.ListAsync(_ground.Places.Payloads));
        await _ground.Store.CommitAsync(new AgiJobs.Storage.StateCommit { Documents = [new AgiJobs.Storage.DocumentWrite(_ground.Places.Payloads, kept.Key, null)] });
        Assert.Contains("is gone", Assert.Single((await alerts.PayloadsAsync([id])).Unknown), StringComparison.Ordinal);
        var alert = Assert.Single((await _ground.WholeAsync()).Alerts);
        Assert.Equal((Severity.Sev0, 1L, "9"), (alert.Severity, alert.Count, alert.Facts["metadata.count"]));
        Assert.Equal(Severity.Sev1, Assert.Single(IncomingFindings.Forta(System.Text.Json.JsonDocument.Parse(FortaBody.Replace("CRITICAL", "UNKNOWN", StringComparison.Ordinal)).RootElement, "devnet")).Severity);
    }

    [Theory]
    [InlineData("forta", null, FortaBody, 401, "signature-missing")]
    [InlineData("forta", "Bearer wrong", FortaBody, 401, "signature-wrong")]
    [InlineData("forta", "Bearer " + Key, "{", 400, "malformed")]
    [InlineData("forta", "Bearer " + Key, "[]", 400, "malformed")]
    [InlineData("forta", "Bearer " + Key, """{"alertId":"x"}""", 400, "malformed")]
    [InlineData("alertmanager", "Bearer " + Key, """{"version":"3","alerts":[]}""", 400, "malformed")]
    [InlineData("alertmanager", "Bearer " + Key, """{"version":"4","alerts":[{"status":"maybe","labels":{},"startsAt":"x","fingerprint":"y"}]}""", 400, "malformed")]
    [InlineData("tenderly", "Bearer " + Key, TenderlyBody, 401, "signature-missing")]
    [InlineData("pagerduty", "Bearer " + Key, "{}", 404, "source-unknown")]
    public async Task What_is_unsigned_or_malformed_is_refused_and_changes_nothing(string source, string? token, string body, int status, string code)
    {
        var (got, said, _) = await TakeAsync(source, token is null ? Headers() : Headers(("Authorization", token)), body);
        Assert.Equal((status, code), (got, said));
        Assert.Empty((await _ground.WholeAsync()).Alerts);
    }

    [Fact]
    public async Task What_is_too_large_is_refused() =>
        Assert.Equal((413, "too-large", 0), await TakeAsync("forta", Headers(("Authorization", "Bearer " + Key)), new string(' ', IncomingDesk.MaxBody + 1)));

    [Fact]
    public async Task A_source_that_is_not_on_file_is_not_taken()
    {
        var desk = new IncomingDesk(_ground.Store, _ground.Settings, null, _ground.Time);
        Assert.Equal((404, "source-unknown"), await desk.TakeAsync("forta", _ => "Bearer " + Key, Encoding.UTF8.GetBytes(FortaBody), CancellationToken.None) is var answer ? (answer.Status, answer.Code) : default);
    }

    [Fact]
    public async Task A_real_Alertmanager_sends_what_fires_and_what_is_over()
    {
        var answers = new List<(int Status, string Code, int Findings)>();
        await using var receiver = new LocalHttp(request =>
        {
            var answer = TakeAsync("alertmanager", request.Headers, request.Text).GetAwaiter().GetResult();
            answers.Add(answer);
            return new LocalReply(answer.Status);
        });
        await using var server = await AlertmanagerServer.StartAsync(receiver.Url, Key);
        using var http = new HttpClient();
        var now = TimeProvider.System.GetUtcNow();
        await PostAsync(now.AddHours(1));
        await Wait.UntilAsync("it fires here", async () => (await _ground.WholeAsync()).Alerts is [{ State: AlertState.Firing, Severity: Severity.Sev2, Title: "the disk is full", Rule: "DiskFull" }]);
        await PostAsync(now.AddSeconds(-1));
        await Wait.UntilAsync("it is over here", async () => (await _ground.WholeAsync()).Alerts is [{ State: AlertState.Resolved }]);
        Assert.All(answers, answer => Assert.Equal((200, "taken", 1), answer));

        async Task PostAsync(DateTimeOffset ends)
        {
            using var content = new StringContent($$"""[{"labels":{"alertname":"DiskFull","severity":"warning","instance":"db"},"annotations":{"summary":"the disk is full"},"startsAt":"{{now.AddMinutes(-1):O}}","endsAt":"{{ends:O}}"}]""", Encoding.UTF8, "application/json");
            using var response = await http.PostAsync(new Uri(server.Url, "api/v2/alerts"), content);
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        }
    }

    private async Task AlertmanagerAsync(string status, string begun) => Assert.Equal((200, "taken", 1), await TakeAsync(
        "alertmanager",
        Headers(("Authorization", "Bearer " + Key)),
        $$"""{"version":"4","alerts":[{"status":"{{status}}","labels":{"alertname":"NodeDown","severity":"high"},"startsAt":"2026-11-20T{{begun}}:00Z","fingerprint":"f1"}]}"""));

    private async Task<(AlertState State, int Firings, long Count)> StandsAsync() => (await _ground.WholeAsync()).Alerts.Select(alert => (alert.State, alert.Firings, alert.Count)).Single();

    private static Dictionary<string, string> Headers(params (string Name, string Value)[] headers) => headers.ToDictionary(header => header.Name, header => header.Value, StringComparer.OrdinalIgnoreCase);

    private static string Sign(string text) => Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Key), Encoding.UTF8.GetBytes(text)));

    private async Task<(int Status, string Code, int Findings)> TakeAsync(string source, IReadOnlyDictionary<string, string> headers, string body)
    {
        var secret = new Secret { File = Path.Combine(_ground.Folder.FullName, "key") };
        var desk = new IncomingDesk(_ground.Store, _ground.Settings, new IncomingFile { Forta = secret, Tenderly = secret, OpenzeppelinMonitor = secret, Alertmanager = secret }, _ground.Time);
        var answer = await desk.TakeAsync(source, name => headers.GetValueOrDefault(name), Encoding.UTF8.GetBytes(body), CancellationToken.None);
        return (answer.Status, answer.Code, answer.Findings);
    }
}
