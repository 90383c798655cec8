using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Serving;

public sealed class ServeCommandTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>
{
    [Theory]
    [InlineData("role-unknown", "--roles", "gateway,judge")]
    [InlineData("listen-format", "--listen", "127.0.0.1")]
    [InlineData("listen-format", "--listen", "everywhere:80")]
    public async Task What_cannot_be_meant_is_refused_before_anything_starts(string code, string option, string value)
    {
        var outcome = await fixture.Devnet.RunAsync("serve", option, value, "--json");
        Assert.Equal(2, outcome.Exit);
        Assert.Equal(code, (string?)outcome.Json["error"]!["code"]);
    }

    [Fact]
    public async Task Settings_that_cannot_be_are_refused_by_serve_and_by_lint()
    {
        var path = fixture.Devnet.Workspace.Locate("config", "services.json");
        await File.WriteAllTextAsync(path, """{"version": 1, "storage": {"kind": "postgres"}, "drainSeconds": 700}""", TestContext.Current.CancellationToken);
        var served = await fixture.Devnet.RunAsync("serve", "--json");
        var linted = await fixture.Devnet.RunAsync("config", "lint", "--json");
        File.Delete(path);
        Assert.Equal((2, "services-value"), (served.Exit, (string?)served.Json["error"]!["code"]));
        Assert.Equal(2, linted.Exit);
        Assert.Equal(2, linted.Json["findings"]!.AsArray().Count(finding => (string?)finding!["code"] == "services-value" && (string?)finding["path"] == "config/services.json"));
    }

    [Fact]
    public async Task The_program_serves_until_SIGTERM_and_then_ends_well()
    {
        using var process = Agijobs.Start(fixture.Devnet.Folder, ["serve", "--roles", "api,gateway,hgm", "--listen", "127.0.0.1:0", "--network", TestNetwork.Network]);
        try
        {
            var said = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
            Assert.NotNull(said);
            var address = new Uri(said[(said.IndexOf("http", StringComparison.Ordinal))..]);
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address };
            var network = JsonNode.Parse(await http.GetStringAsync("v1/network", TestContext.Current.CancellationToken))!;
            Assert.Equal(fixture.Devnet.Protocol["SelfPlayArena"].Address.ToString(), (string?)network["arena"]);
            using var ready = await http.GetAsync("readyz", TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, ready.StatusCode);

            // Everything that can be asked without a signature is answered, and the document that lists it too.
            var paths = JsonNode.Parse(await http.GetStringAsync("openapi/v1.json", TestContext.Current.CancellationToken))!["paths"]!.AsObject();
            Assert.Contains("/v1/hgm/runs/{name}", paths);
            foreach (var (route, _) in paths.Where(entry => entry.Value!["get"] is not null && !entry.Key.Contains('{', StringComparison.Ordinal)))
            {
                using var answer = await http.GetAsync(route[1..], TestContext.Current.CancellationToken);
                Assert.True(answer.StatusCode != HttpStatusCode.InternalServerError, route);
            }

            // What runs is held against the files: the address that the flag gave it, and what was written since.
            var same = await fixture.Devnet.RunAsync("config", "diff", "--services", "--at", address.ToString(), "--json");
            Assert.True(same.Exit == 3, same.ToString());
            Assert.Equal("listen", (string?)Assert.Single(same.Json["differences"]!.AsArray())!["key"]);
            var path = fixture.Devnet.Workspace.Locate("config", "services.json");
            await File.WriteAllTextAsync(path, """{"version": 1, "listen": "127.0.0.1:0", "limits": {"connections": 77}}""", TestContext.Current.CancellationToken);
            var other = await fixture.Devnet.RunAsync("config", "diff", "--services", "--at", address.ToString(), "--json");
            File.Delete(path);
            Assert.True(other.Exit == 3, other.ToString());
            var limit = Assert.Single(other.Json["differences"]!.AsArray())!;
            Assert.Equal((3, "limits.connections", "77", "1000"), (other.Exit, (string?)limit["key"], (string?)limit["value"], (string?)limit["other"]));
            Assert.Equal(0, await SignalAsync(process.Id, "TERM"));
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            var gone = await fixture.Devnet.RunAsync("config", "diff", "--services", "--at", address.ToString(), "--json");
            Assert.Equal(5, gone.Exit);
            Assert.NotNull((string?)gone.Json["unknown"]);
        }
        finally
        {
            process.Kill();
        }

        var log = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, log);
        Assert.Contains("\"code\":\"stopped\"", log, StringComparison.Ordinal);
        Assert.True(File.Exists(fixture.Devnet.Workspace.StatePath(TestNetwork.Network)));
    }

    private static async Task<int> SignalAsync(int process, string signal)
    {
        using var kill = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"kill -{signal} {process}"]) { UseShellExecute = false })!;
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        return kill.ExitCode;
    }
}
