using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Monitoring;

public sealed class MonitoringCommandsTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>
{
    [Theory]
    [InlineData("rpc-number", "monitoring", "run", "--rpc", "2")]
    [InlineData("rpc-number", "monitoring", "run", "--rpc", "0")]
    [InlineData("monitor-name", "monitoring", "run", "--name", "A/b")]
    [InlineData("rpc-number", "index", "rebuild", "--rpc", "9")]
    [InlineData("index-query", "index", "search", "--limit", "0")]
    [InlineData("index-query", "index", "search", "--from", "3", "--to", "2")]
    [InlineData("address-format", "index", "search", "--account", "0x12")]
    [InlineData("module-unknown", "index", "search", "--module", "Nowhere")]
    [InlineData("change-unknown", "index", "search", "--change", "0x12345678")]
    public async Task What_cannot_be_meant_is_refused(string code, params string[] arguments)
    {
        var outcome = await fixture.Devnet.RunAsync([.. arguments, "--json"]);
        Assert.Equal((2, code), (outcome.Exit, (string?)outcome.Json["error"]!["code"]));
    }

    [Fact]
    public async Task The_index_is_made_searched_and_made_again_to_the_same_content()
    {
        var first = await fixture.Devnet.RunAsync("index", "rebuild", "--json");
        Assert.True(first.Exit == 0, first.ToString());
        var again = await fixture.Devnet.RunAsync("index", "rebuild", "--json");
        Assert.Equal((0, true), (again.Exit, (bool)again.Json["before"]!["isEqual"]!));
        Assert.Equal((string?)first.Json["content"], (string?)again.Json["content"]);

        var found = await fixture.Devnet.RunAsync("index", "search", "--module", "StakeManager", "--event", "OwnershipTransferred", "--limit", "1", "--json");
        Assert.Equal(0, found.Exit);
        var one = Assert.Single(found.Json["events"]!.AsArray())!;
        Assert.Equal(fixture.Devnet.Protocol["StakeManager"].Address.ToString(), (string?)one["address"]);
        var words = await fixture.Devnet.RunAsync("index", "search", "--transaction", (string)one["transaction"]!);
        Assert.StartsWith("network local, chain 31337", words.Output, StringComparison.Ordinal);
        Assert.Contains("StakeManager.OwnershipTransferred", words.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_of_the_role_monitor_keeps_the_index_shows_it_and_ends_in_order()
    {
        using var process = Agijobs.Start(fixture.Devnet.Folder, ["serve", "--roles", "api,monitor", "--listen", "127.0.0.1:0", "--network", TestNetwork.Network]);
        try
        {
            var said = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
            Assert.NotNull(said);
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(said[(said.IndexOf("http", StringComparison.Ordinal))..]) };
            await Wait.UntilAsync("the monitors are ready", async () => (await http.GetStringAsync("metrics")).Contains("agijobs_monitor_head{monitor=\"event-index\"}", StringComparison.Ordinal));
            await Wait.UntilAsync("all workers are ready", async () =>
            {
                using var answer = await http.GetAsync("readyz", TestContext.Current.CancellationToken);
                return answer.IsSuccessStatusCode;
            });
            var ready = JsonNode.Parse(await http.GetStringAsync("readyz", TestContext.Current.CancellationToken))!;
            Assert.Superset(new HashSet<string> { "monitor-main", "monitor-event-index" }, ready["dependencies"]!.AsArray().Select(dependency => (string)dependency!["name"]!).ToHashSet());
            var block = (await fixture.Devnet.Client.BlockNumberAsync(TestContext.Current.CancellationToken)).Value;
            await Wait.UntilAsync("the index is up to date", async () => (await http.GetStringAsync("metrics")).Contains(string.Create(CultureInfo.InvariantCulture, $"agijobs_monitor_head{{monitor=\"event-index\"}} {block}"), StringComparison.Ordinal));
            var page = JsonNode.Parse(await http.GetStringAsync("v1/index/events?module=JobRegistry&limit=2", TestContext.Current.CancellationToken))!;
            Assert.Equal(2, page["events"]!.AsArray().Count);
            Assert.NotNull((string?)page["next"]);
            using var wrong = await http.GetAsync("v1/index/events?round=x", TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
            Assert.Equal("index-busy", (string?)(await fixture.Devnet.RunAsync("index", "rebuild", "--json")).Json["error"]!["code"]);
            var status = await fixture.Devnet.RunAsync("monitoring", "status", "--json");
            Assert.Contains(status.Json["monitors"]!.AsArray(), monitor => (string?)monitor!["monitor"] == "main");
            using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, process.ExitCode);
        }
        finally
        {
            process.Kill();
        }
    }
}
