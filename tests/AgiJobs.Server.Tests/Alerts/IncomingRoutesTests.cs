using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using AgiJobs.Control.OnCall;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Alerts;
using AgiJobs.Response.Alerts.Incoming;
using AgiJobs.Server.Hosting;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Server.Tests.Alerts;

public sealed class IncomingRoutesTests(ServerGround ground) : IClassFixture<ServerGround>, IDisposable
{
    private const string Key = "a-long-enough-secret";
    private const string Alert = """{"version":"4","alerts":[{"status":"firing","labels":{"alertname":"DiskFull","severity":"critical"},"annotations":{},"startsAt":"2026-11-20T08:00:00Z","fingerprint":"f1"}]}""";

    private readonly string _key = Path.Combine(Directory.CreateTempSubdirectory("agijobs-test-").FullName, "key");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_key)!, recursive: true);

    [Fact]
    public async Task Alerts_come_in_signed_and_what_is_refused_is_counted()
    {
        await File.WriteAllTextAsync(_key, Key);
        var secret = new Secret { File = _key };
        await using var host = await ground.HostAsync(ground.Options() with
        {
            Roles = ServerRole.Api | ServerRole.Monitor,
            Incoming = parts => new IncomingDesk(parts.Store, new AlertSettings(TestNetwork.Network, ChainId.Local), new IncomingFile { Alertmanager = secret, OpenzeppelinMonitor = secret }, TimeProvider.System),
        });
        using var http = new HttpClient { BaseAddress = host.Address };
        Assert.Equal((200, "ready"), await ReadAsync(await http.GetAsync(new Uri("/v1/alerts/in/tenderly", UriKind.Relative))));
        Assert.Equal((401, "signature-missing"), await PostAsync("alertmanager", Alert));
        Assert.Equal((401, "signature-wrong"), await PostAsync("alertmanager", Alert, ("Authorization", "Bearer wrong-and-long-enough")));
        Assert.Equal((200, "taken"), await PostAsync("alertmanager", Alert, ("Authorization", $"Bearer {Key}")));
        Assert.Equal((400, "malformed"), await PostAsync("alertmanager", "{", ("Authorization", $"Bearer {Key}")));
        Assert.Equal((413, "too-large"), await PostAsync("alertmanager", new string(' ', IncomingDesk.MaxBody + 1), ("Authorization", $"Bearer {Key}")));
        Assert.Equal((404, "source-unknown"), await PostAsync("forta", "{}", ("Authorization", $"Bearer {Key}")));
        const string Body = """{"title":"Pause","body":"StakeManager was paused"}""";
        var stamp = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Key), Encoding.UTF8.GetBytes(Body + stamp)));
        Assert.Equal((200, "taken"), await PostAsync("openzeppelin-monitor", Body, ("X-Timestamp", stamp), ("X-Signature", signature)));
        Assert.Equal((409, "replayed"), await PostAsync("openzeppelin-monitor", Body, ("X-Timestamp", stamp), ("X-Signature", signature)));
        var metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        Assert.Contains("agijobs_http_refusals_total{code=\"signature-missing\"} 1", metrics, StringComparison.Ordinal);

        async Task<(int, string)> PostAsync(string source, string body, params (string Name, string Value)[] headers)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/alerts/in/{source}") { Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json")) };
            foreach (var (name, value) in headers)
            {
                request.Headers.Add(name, value);
            }

            return await ReadAsync(await http.SendAsync(request));
        }
    }

    private static async Task<(int, string)> ReadAsync(HttpResponseMessage response)
    {
        using var answer = response;
        using var body = System.Text.Json.JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return ((int)answer.StatusCode, body.RootElement.GetProperty("code").GetString()!);
    }
}
