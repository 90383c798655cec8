using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using AgiJobs.Control.Configuration;
using AgiJobs.Control.Serving;
using AgiJobs.Control.Workspaces;
using AgiJobs.Server.Hosting;
using AgiJobs.Storage;
using AgiJobs.Tasks;
using AgiJobs.Testing;

namespace AgiJobs.Server.Tests.Hosting;

public sealed class ServerHostTests(ServerGround ground) : IClassFixture<ServerGround>, IAsyncLifetime
{
    public async ValueTask InitializeAsync() => await ground.Devnet.FreshAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_drain_refuses_what_is_new_finishes_what_is_under_way_and_closes_the_events()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var host = await ground.HostAsync(ground.Options() with { Review = _ => new WordReview(begun, release.Task) });
        using var teacher = new AgentClient(host, ground.Teacher, ground.Arena.Address);
        using var events = await teacher.EventsAsync();
        _ = await events.NextAsync();
        var sending = teacher.PutAsync("/v1/rounds/1/task", TaskFamilies.Find("sorting-networks")!.Generate(ServerGround.Difficulty, 1).Statement.Text);
        await begun.Task;
        var stopping = host.StopAsync(TimeSpan.FromSeconds(30));
        await events.UntilClosedAsync();
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, events.Closed);
        var refused = await teacher.GetAsync("/v1/rounds");
        Assert.Equal((503, "draining"), (refused.Status, refused.Code));
        Assert.NotNull(refused.RetryAfter);
        var ready = await teacher.SendAsync("GET", "/readyz", []);
        Assert.Equal(503, ready.Status);
        Assert.Contains("host", ready.Json["notReady"]!.AsArray().Select(name => (string?)name));
        Assert.Equal(200, (await teacher.SendAsync("GET", "/healthz", [])).Status);
        Assert.False(stopping.IsCompleted);
        release.SetResult();
        Assert.Equal(200, (await sending).Status);
        await stopping;
    }

    [Fact]
    public async Task What_it_runs_with_is_told_as_it_was_when_it_started()
    {
        var settings = ServiceSettings.Of(new ServicesFile { Version = 1, Otlp = new TelemetryTarget { Url = new EndpointReference { Url = "http://127.0.0.1:9/hidden" } } }, ground.Devnet.Protocol);
        await using var host = await ground.HostAsync(ground.Options() with { Settings = settings });
        using var agent = new AgentClient(host, ground.Student, ground.Arena.Address);
        var told = await agent.SendAsync("GET", "/configz", []);
        Assert.Equal(200, told.Status);
        Assert.Equal(("local", 31337UL, settings.Digest.ToString()), ((string?)told.Json["network"], (ulong)told.Json["chainId"]!, (string?)told.Json["digest"]));
        Assert.Equal("1000", (string?)told.Json["settings"]!["limits.connections"]);
        Assert.Equal(ground.Arena.Address.ToString(), (string?)told.Json["settings"]!["modules.SelfPlayArena"]);
        Assert.DoesNotContain("hidden", told.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Readiness_flips_when_the_chain_dies_and_when_it_comes_back()
    {
        await using var proxy = FaultyRpc.InFrontOf(ground.Devnet.Url);
        await using var host = await ground.HostAsync(ground.Options(rpc: proxy.Url));
        using var agent = new AgentClient(host, ground.Student, ground.Arena.Address);
        var ready = await agent.SendAsync("GET", "/readyz", []);
        Assert.True(ready.Status == 200 && (bool)ready.Json["ready"]!, ready.ToString());
        _ = proxy.On("*").Http(503);
        var dead = await Wait.ForAsync("readiness without a chain", async () => await agent.SendAsync("GET", "/readyz", []) is { Status: 503 } reply ? reply : null);
        Assert.Equal(["chain"], dead.Json["notReady"]!.AsArray().Select(name => (string?)name));
        Assert.Equal("chain-unknown", (string?)dead.Json["dependencies"]!.AsArray().Single(entry => (string?)entry!["name"] == "chain")!["code"]);
        Assert.Equal(200, (await agent.SendAsync("GET", "/healthz", [])).Status);
        var refused = await agent.GetAsync("/v1/rounds/1");
        Assert.Equal((503, "chain-unknown"), (refused.Status, refused.Code));
        var put = await agent.PutAsync("/v1/rounds/1/task", "{}");
        Assert.Equal((503, "chain-unknown"), (put.Status, put.Code));
        proxy.Heal();
        _ = await Wait.ForAsync("readiness with the chain again", async () => await agent.SendAsync("GET", "/readyz", []) is { Status: 200 } reply ? reply : null);
        Assert.Equal(200, (await agent.GetAsync("/v1/rounds/1")).Status);
    }

    [Fact]
    public async Task Workers_start_in_order_before_the_first_request_and_stop_in_reverse_and_their_state_is_readiness()
    {
        var told = new ConcurrentQueue<string>();
        var first = new TestWorker("arena-lease", told);
        var second = new TestWorker("alerts", told);
        var host = await ground.HostAsync(ground.Options() with { Roles = ServerRole.Arena, Workers = _ => [first, second], Outboxes = ["arena-alerts"] });
        using var client = new AgentClient(host, ground.Student, ground.Arena.Address);
        var reply = await client.SendAsync("GET", "/readyz", []);
        Assert.True(reply.Status == 200, reply.ToString());
        Assert.Equal(["store", "chain", "arena-lease", "alerts", "outbox-arena-alerts"], reply.Json["dependencies"]!.AsArray().Select(entry => (string?)entry!["name"]));
        second.State = new WorkerState(false, "webhook-down", "nobody takes the alerts");
        reply = await client.SendAsync("GET", "/readyz", []);
        Assert.Equal((503, "alerts"), (reply.Status, (string?)reply.Json["notReady"]![0]));
        Assert.Equal("route-unknown", (await client.SendAsync("GET", "/v1/network", [])).Code);
        await host.StopAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(["start arena-lease", "start alerts", "stop alerts", "stop arena-lease"], told);
    }

    [Fact]
    public async Task A_worker_that_cannot_start_keeps_the_host_from_starting_and_what_was_started_is_stopped()
    {
        var told = new ConcurrentQueue<string>();
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => ground.HostAsync(ground.Options() with { Roles = ServerRole.Arena, Workers = _ => [new TestWorker("arena-lease", told), new TestWorker("alerts", told) { Fails = true }] }));
        Assert.Equal("alerts cannot start.", failure.Message);
        Assert.Equal(["start arena-lease", "start alerts", "stop arena-lease"], told);
    }

    [Fact]
    public async Task Another_chain_than_the_networks_keeps_the_host_from_starting()
    {
        await using var proxy = FaultyRpc.InFrontOf(ground.Devnet.Url);
        _ = proxy.WrongChain(new Ethereum.ChainId(1));
        var failure = await Assert.ThrowsAsync<Ethereum.EthereumException>(() => ground.HostAsync(ground.Options(rpc: proxy.Url)));
        Assert.Equal("rpc-wrong-chain", failure.Code);
    }

    [Fact]
    public async Task An_address_that_is_taken_is_refused_with_its_name()
    {
        await using var host = await ground.HostAsync();
        var failure = await Assert.ThrowsAsync<Control.ControlException>(() => ground.HostAsync(ground.Options() with { Listen = System.Net.IPEndPoint.Parse(host.Address.Authority) }));
        Assert.Equal("listen", failure.Code);
        Assert.Contains(host.Address.Authority, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Views_are_served_as_they_were_published()
    {
        var state = ground.NewState();
        await using (var store = await StateStore.OpenAsync(state, TimeProvider.System))
        {
            _ = await store.CommitAsync(new StateCommit { Documents = [new DocumentWrite("arena/local/views", "scoreboard", """{"rounds": 3}"""), new DocumentWrite("arena/local/views", "runs/7", """{"id":"7"}"""), new DocumentWrite("arena/local/views", "ratings", $$"""{"version":1,"players":[{"account":"{{ground.Student.Address}}","mu":25.5}]}""")] });
        }

        await using var host = await ground.HostAsync(ground.Options(state));
        using var client = new AgentClient(host, ground.Student, ground.Arena.Address);
        Assert.Equal("""{"rounds": 3}""", (await client.SendAsync("GET", "/v1/scoreboard", [])).Text);
        Assert.Equal("""{"id":"7"}""", (await client.SendAsync("GET", "/v1/runs/7", [])).Text);
        foreach (var path in (string[])["/v1/runs/8", "/v1/runs", "/v1/arena"])
        {
            Assert.Equal("not-published", (await client.SendAsync("GET", path, [])).Code);
        }

        Assert.Equal(25.5, (double)(await client.GetAsync("/v1/agents/me")).Json["rating"]!["mu"]!);
    }

    [Fact]
    public async Task The_log_is_lines_of_JSON_and_has_who_changed_what()
    {
        using var log = new StringWriter();
        var host = await ground.HostAsync(ground.Options(log: log));
        using var agent = new AgentClient(host, ground.Student, ground.Arena.Address);
        _ = await agent.PutAsync("/v1/agents/me", """{"seats":["student"],"families":[]}""");
        _ = await agent.PutAsync("/v1/rounds/1/task", "{}");
        await host.StopAsync(TimeSpan.FromSeconds(5));
        var lines = log.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject()).ToList();
        Assert.All(lines, line => Assert.Equal(["ts", "level", "code", "message"], line.Select(member => member.Key)));
        Assert.Equal(["listening", "taken", "not-yours", "draining", "stopped"], lines.Select(line => (string?)line["code"]));
        Assert.Contains(ground.Student.Address.ToString(), (string?)lines[1]["message"], StringComparison.Ordinal);
    }

    private sealed class TestWorker(string name, ConcurrentQueue<string> told) : IWorker
    {
        public string Name => name;

        public bool Fails { get; init; }

        public WorkerState State { get; set; } = new(true, "ready", "it works");

        public Task StartAsync(CancellationToken cancellation)
        {
            told.Enqueue($"start {name}");
            return Fails ? throw new InvalidOperationException($"{name} cannot start.") : Task.CompletedTask;
        }

        public Task StopAsync(TimeSpan drain)
        {
            told.Enqueue($"stop {name}");
            return Task.CompletedTask;
        }
    }
}
