using System.Net.WebSockets;
using AgiJobs.Ethereum;
using AgiJobs.Testing;

namespace AgiJobs.Server.Tests.Agents;

public sealed class EventTests(ServerGround ground) : IClassFixture<ServerGround>, IAsyncLifetime
{
    public async ValueTask InitializeAsync() => await ground.Devnet.FreshAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task An_agent_is_told_how_things_stand_and_then_every_change_of_its_rounds()
    {
        await using var host = await ground.HostAsync();
        using var student = new AgentClient(host, ground.Student, ground.Arena.Address);
        using var events = await student.EventsAsync();
        var first = (await events.NextAsync())!;
        Assert.Equal(("round", 1L, "registration", "student", "nothing"), ((string?)first["type"], (long)first["id"]!, (string?)first["phase"], (string?)first["seat"], (string?)first["todo"]));

        await ground.SendAsync(ground.Teacher, ground.Arena.Publish(1, Bytes32.FromUnsigned(5), ""));
        await ground.SendAsync(ground.Devnet.Accounts["orchestrator"], ground.Arena.Close(1));
        var second = (await events.NextAsync())!;
        Assert.Equal(("answering", "commit-answer"), ((string?)second["phase"], (string?)second["todo"]));
        Assert.Equal((long)(await student.GetAsync("/v1/rounds/1")).Json["endsAt"]!, (long)second["endsAt"]!);
    }

    [Fact]
    public async Task An_agent_is_told_of_pause_and_resume_and_of_a_new_round_that_it_is_in()
    {
        await using var host = await ground.HostAsync();
        using var agent = new AgentClient(host, ground.Teacher, ground.Arena.Address);
        using var events = await agent.EventsAsync();
        Assert.Equal("publish-task", (string?)(await events.NextAsync())!["todo"]);
        var pauser = ground.Devnet.Protocol["SystemPause"].Address;
        await ground.Devnet.CallAsAsync(pauser, "SelfPlayArena", "pause");
        Assert.Equal("pause", (string?)(await events.NextAsync())!["type"]);
        Assert.Equal("nothing", (string?)(await events.NextAsync())!["todo"]);
        await ground.Devnet.CallAsAsync(pauser, "SelfPlayArena", "unpause");
        Assert.Equal("resume", (string?)(await events.NextAsync())!["type"]);

        await ground.SendAsync(
            ground.Devnet.Accounts["orchestrator"],
            ground.Arena.Start(ServerGround.Difficulty, ground.Student.Address, [ground.Teacher.Address], [.. ground.Devnet.Accounts.All("validator-").Select(judge => judge.Address)]));
        var invited = await events.UntilAsync(line => (long?)line["id"] == 2);
        Assert.Equal(("student", "join"), ((string?)invited["seat"], (string?)invited["todo"]));
    }

    [Fact]
    public async Task A_chain_that_cannot_be_read_is_told_and_so_is_its_return()
    {
        await using var proxy = FaultyRpc.InFrontOf(ground.Devnet.Url);
        await using var host = await ground.HostAsync(ground.Options(rpc: proxy.Url));
        using var agent = new AgentClient(host, ground.Teacher, ground.Arena.Address);
        using var events = await agent.EventsAsync();
        Assert.Equal("round", (string?)(await events.NextAsync())!["type"]);
        _ = proxy.On("*").Http(503);
        Assert.Equal("chain-unknown", (string?)(await events.NextAsync())!["type"]);
        proxy.Heal();
        Assert.Equal("chain-known", (string?)(await events.NextAsync())!["type"]);
    }

    [Fact]
    public async Task Who_has_no_good_signature_gets_no_connection_and_nobody_gets_many()
    {
        await using var host = await ground.HostAsync();
        using var elsewhere = new AgentClient(host, ground.Student, ground.Student.Address);
        _ = await Assert.ThrowsAsync<WebSocketException>(elsewhere.EventsAsync);
        using var agent = new AgentClient(host, ground.Student, ground.Arena.Address);
        var open = new List<EventReader>();
        for (var i = 0; i < 4; i++)
        {
            open.Add(await agent.EventsAsync());
        }

        _ = await Assert.ThrowsAsync<WebSocketException>(agent.EventsAsync);
        open.ForEach(events => events.Dispose());
    }
}
