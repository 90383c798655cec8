using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Control.Files;
using AgiJobs.Control.OnCall;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Tests.OnCall;

public sealed class OnCallCheckTests
{
    private const string Good = """
        {
          "version": 1,
          "channels": [ { "name": "ops", "kind": "slack", "url": { "env": "SLACK" } }, { "name": "alive", "kind": "webhook", "url": "https://alive.example.org/x", "key": { "env": "ALIVE" } } ],
          "contacts": [ { "person": "Ann", "channels": ["ops"] }, { "person": "Ben", "channels": ["ops"] } ],
          "groups": [ { "name": "legal", "people": ["Ben"] } ],
          "rotations": [ { "name": "first", "timeZone": "Europe/Zurich", "start": "2026-11-23", "watches": [ { "from": "08:00", "to": "20:00", "people": ["Ann"] }, { "from": "20:00", "to": "08:00", "people": ["Ben"] } ] } ],
          "policies": [ { "name": "all", "steps": [ { "rotations": ["first"] }, { "after": "10m", "groups": ["legal"] } ] } ],
          "severities": [
            { "severity": "SEV-0", "policy": "all", "acknowledge": "5m", "renotify": "15m" }, { "severity": "SEV-1", "policy": "all", "acknowledge": "5m", "renotify": "15m" },
            { "severity": "SEV-2", "policy": "all", "acknowledge": "5m", "renotify": "15m" }, { "severity": "SEV-3", "policy": "all", "acknowledge": "5m", "renotify": "15m" }
          ],
          "heartbeat": { "channel": "alive" }
        }
        """;

    private static readonly OperatorsFile People = new()
    {
        Version = 1,
        People = [.. ((string[])["Ann", "Ben", "Cid"]).Select((name, at) => new Operator { Name = name, Addresses = [Address.Parse($"0x{at + 1:x40}")], Duties = [Duty.Security] })],
    };

    [Fact]
    public void A_sound_file_has_no_problem() => Assert.Empty(Problems(_ => { }));

    [Theory]
    [InlineData("rotation-overlap", "Sunday at 19:00", """$.rotations[0].watches[1].from="19:00" """)]
    [InlineData("rotation-gap", "Sunday at 20:00", """$.rotations[0].watches[1].from="21:00" """)]
    [InlineData("person-unknown", "'Dora'", """$.rotations[0].watches[1].people=["Dora"] """)]
    [InlineData("person-unreachable", "Cid has no channel", """$.rotations[0].watches[1].people=["Cid"] """)]
    [InlineData("person-unknown", "'Dora'", """$.contacts[0].person="Dora" """)]
    [InlineData("contact-channel", "Ann has no channel", """$.contacts[0].channels=[] """)]
    [InlineData("channel-unknown", "'pager'", """$.contacts[0].channels=["pager"] """)]
    [InlineData("group-unknown", "'lega'", """$.policies[0].steps[1].groups=["lega"] """)]
    [InlineData("rotation-unknown", "'second'", """$.policies[0].steps[0].rotations=["second"] """)]
    [InlineData("step-empty", "tells nobody", """$.policies[0].steps[0].rotations=[] """)]
    [InlineData("policy-empty", "tells nobody", """$.policies[0].steps=[] """)]
    [InlineData("policy-unknown", "'most'", """$.severities[0].policy="most" """)]
    [InlineData("severity-missing", "SEV-0 stands there not at all", """$.severities[0].severity="SEV-1" """)]
    [InlineData("severity-unknown", "'SEV-9'", """$.severities[0].severity="SEV-9" """)]
    [InlineData("span-format", "'5'", """$.severities[0].acknowledge="5" """)]
    [InlineData("rotation-zone", "'Europe/Nowhere'", """$.rotations[0].timeZone="Europe/Nowhere" """)]
    [InlineData("rotation-start", "'tomorrow'", """$.rotations[0].start="tomorrow" """)]
    [InlineData("rotation-hour", "'25:00'", """$.rotations[0].handOver="25:00" """)]
    [InlineData("rotation-shift", "'hourly'", """$.rotations[0].shift="hourly" """)]
    [InlineData("rotation-people", "people and watches", """$.rotations[0].people=["Ann"] """)]
    [InlineData("override-empty", "before it begins", """$.rotations[0].overrides=[{"person":"Ann","from":"2026-12-02T00:00:00Z","to":"2026-12-01T00:00:00Z"}] """)]
    [InlineData("override-overlap", "Ann and Ben at the same time", """$.rotations[0].overrides=[{"person":"Ann","from":"2026-12-01T00:00:00Z","to":"2026-12-03T00:00:00Z"},{"person":"Ben","from":"2026-12-02T00:00:00Z","to":"2026-12-04T00:00:00Z"}] """)]
    [InlineData("channel-incomplete", "has no url", """$.channels[0]={"name":"ops","kind":"slack"} """)]
    [InlineData("channel-surplus", "has no path", """$.channels[0].path="x" """)]
    [InlineData("channel-url", "neither https", """$.channels[1].url="http://alive.example.org" """)]
    [InlineData("channel-secret", "is a secret", """$.channels[0].url="https://hooks.slack.com/services/T00000000/B00000000/abcdefghij0123456789abcd" """)]
    [InlineData("channel-path", "leads out", """$.channels[0]={"name":"ops","kind":"log","path":"../x"} """)]
    [InlineData("channel-plain", "in the clear", """$.channels[0]={"name":"ops","kind":"email","smtp":{"host":"mail.example.org","security":"none"},"from":"a@example.org","to":["b@example.org"]} """)]
    [InlineData("channel-address", "'b'", """$.channels[0]={"name":"ops","kind":"email","smtp":{"host":"mail.example.org"},"from":"a@example.org","to":["b"]} """)]
    [InlineData("name-twice", "'ops'", """$.channels[1].name="ops" """)]
    [InlineData("heartbeat-channel", "tells people", """$.heartbeat.channel="ops" """)]
    public void What_cannot_be_is_refused_with_its_place_and_the_mend(string code, string words, string change)
    {
        var problem = Problems(file => Change(file, change)).First(one => one.Code == code);
        Assert.Contains(words, problem.Message, StringComparison.Ordinal);
        Assert.NotEmpty(problem.Mend);
    }

    [Fact]
    public void A_secret_that_stands_in_the_file_is_refused_without_being_repeated()
    {
        var file = JsonNode.Parse(Good)!;
        file["channels"]![0]!["url"] = null;
        file["channels"]![1]!["key"] = "hunter2";
        var refused = Assert.Throws<ControlException>(() => Parse(file));
        Assert.Equal("file-format", refused.Code);
        Assert.DoesNotContain("hunter2", refused.Message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<OnCallProblem> Problems(Action<JsonNode> change)
    {
        var file = JsonNode.Parse(Good)!;
        change(file);
        return OnCallCheck.Problems(Parse(file), People);
    }

    private static OnCallFile Parse(JsonNode file) => JsonFile.Parse(Encoding.UTF8.GetBytes(file.ToJsonString()), "config/oncall.json", WorkspaceJson.Default.OnCallFile);

    // $.a[0].b=VALUE
    private static void Change(JsonNode file, string change)
    {
        var (path, value) = (change[2..change.IndexOf('=', StringComparison.Ordinal)], change[(change.IndexOf('=', StringComparison.Ordinal) + 1)..]);
        var steps = path.Replace("[", ".", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal).Split('.');
        var at = file;
        foreach (var step in steps[..^1])
        {
            at = int.TryParse(step, out var index) ? at[index]! : at[step]!;
        }

        if (int.TryParse(steps[^1], out var last))
        {
            at[last] = JsonNode.Parse(value);
        }
        else
        {
            at[steps[^1]] = JsonNode.Parse(value);
        }
    }
}
