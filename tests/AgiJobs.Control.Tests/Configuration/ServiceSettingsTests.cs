using System.Text;
using System.Text.Json;
using AgiJobs.Control.Configuration;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Tests.Configuration;

public sealed class ServiceSettingsTests : IDisposable
{
    private readonly SyntheticProtocol _synthetic = new();

    public void Dispose() => _synthetic.Dispose();

    [Fact]
    public void What_is_absent_has_the_programs_own_value_and_the_addresses_are_among_them()
    {
        var settings = Of("""{"version": 1}""").Values;
        Assert.Equal(("127.0.0.1:8420", "20", "1000"), (settings["listen"], settings["limits.agent.perSecond"], settings["limits.connections"]));
        Assert.Equal(SyntheticProtocol.AddressOf("Hub").ToString(), settings["modules.Hub"]);
        Assert.DoesNotContain("version", settings.Keys);
    }

    [Fact]
    public void A_secret_and_a_URL_can_be_compared_and_not_read()
    {
        const string file = """{"version": 1, "alerts": {"webhook": {"url": "https://hooks.example/T0KEN", "secret": {"env": "HOOK_KEY"}}}}""";
        var settings = Of(file).Values;
        Assert.All(["alerts.webhook.url", "alerts.webhook.secret"], (string key) => Assert.Matches("^sha256:[0-9a-f]{64}$", settings[key]));
        Assert.Equal(settings, Of(file).Values);
        Assert.NotEqual(settings["alerts.webhook.url"], Of(file.Replace("T0KEN", "OTHER", StringComparison.Ordinal)).Values["alerts.webhook.url"]);
        Assert.NotEqual(settings["alerts.webhook.secret"], Of(file.Replace("HOOK_KEY", "OTHER_KEY", StringComparison.Ordinal)).Values["alerts.webhook.secret"]);
    }

    [Fact]
    public void The_digest_is_that_of_the_values_in_any_order()
    {
        var settings = Of("""{"version": 1}""");
        Assert.Equal(settings.Digest, ServiceSettings.DigestOf(settings.Values.Reverse()));
        Assert.NotEqual(settings.Digest, Of("""{"version": 1, "drainSeconds": 21}""").Digest);
    }

    private ServiceSettings Of(string json) => ServiceSettings.Of(JsonSerializer.Deserialize(Encoding.UTF8.GetBytes(json), WorkspaceJson.Default.ServicesFile)!, _synthetic.Load());
}
