using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Arena.Gateway;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.TypedData;
using AgiJobs.Tasks;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Arena.Tests.Agents;

/// <summary>The sample in another language plays a student's round on a real chain, against a gateway that knows who signed.</summary>
public sealed class AgentSampleTests
{
    // Account 7 of the development phrase.
    private const string Key = "0x4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356";

    [Fact]
    public async Task The_sample_joins_commits_to_a_right_answer_and_reveals_it()
    {
        await using var network = await TestNetwork.StartAsync();
        var arena = new ArenaContract(network.Client, network.Protocol);
        var student = network.Accounts["agent-1"].Address;
        var task = TaskFamilies.Find("graph-colouring")!.Generate(100, 3).Statement;
        await OrchestrateAsync(arena.Start(20, network.Accounts["agent-3"].Address, [student], [.. network.Accounts.All("validator-").Select(account => account.Address)]));
        var round = (await arena.ReadAsync([])).TotalRounds;
        await network.SendMinedAsync(network.Accounts["agent-3"].Address, arena.Address, arena.Publish(round, new Bytes32(task.Digest()), "test:task"));
        foreach (var validator in network.Accounts.All("validator-"))
        {
            await network.SendMinedAsync(validator.Address, arena.Address, arena.Join(round));
        }

        var todo = Todo.Join;
        string? handedIn = null;
        var strangers = 0;
        await using var gateway = new LocalHttp(Serve);
        var state = Path.Combine(network.Folder, "sample-state.json");
        using var sample = Start(network, arena.Address, gateway.Url, state);
        try
        {
            await UntilAsync("the sample joined", found => found.Students.Count == 1);
            await OrchestrateAsync(arena.Close(round));
            todo = Todo.CommitAnswer;
            await UntilAsync("the sample committed", found => found.Answers == 1);
            await OrchestrateAsync(arena.Advance(round));
            todo = Todo.RevealAnswer;
            await UntilAsync("the sample revealed", found => found.RevealedAnswers == 1);
        }
        finally
        {
            sample.Kill();
            await sample.WaitForExitAsync();
        }

        Assert.True(TaskFamilies.Judge(task, handedIn!).IsRight);
        Assert.Equal(0, strangers);
        Assert.Contains(gateway.Requests, request => request is { Method: "PUT", Path: "/v1/agents/me" });

        Task OrchestrateAsync(byte[] data) => network.SendMinedAsync(network.Accounts["orchestrator"].Address, arena.Address, data);

        Task UntilAsync(string what, Func<RoundState, bool> holds) => Wait.UntilAsync(what, async () => holds((await arena.ReadAsync([round])).Rounds[round]));

        LocalReply Serve(LocalRequest request)
        {
            if (request.Path is "/v1/network/abi")
            {
                return new LocalReply(200, arena.Abi.ToJson());
            }

            strangers += SignerOf(request, arena.Address) == student ? 0 : 1;
            switch ((request.Method, request.Path.Split('/')[^1]))
            {
                case ("GET", "rounds?live=true"):
                    return new LocalReply(200, string.Create(CultureInfo.InvariantCulture, $$"""[{"id":{{round}},"todo":"{{todo}}"}]"""));
                case ("GET", "task"):
                    return new LocalReply(200, task.Text);
                case ("PUT", "answer"):
                    handedIn = (string)JsonNode.Parse(request.Text)!["answer"]!;
                    return new LocalReply(200, $$"""{"hash":"{{new Bytes32(SHA256.HashData(Encoding.UTF8.GetBytes(handedIn)))}}","uri":"test:answer"}""");
                default:
                    return new LocalReply(200, "{}");
            }
        }
    }

    private static Process Start(TestNetwork network, Address arena, Uri gateway, string state)
    {
        var start = new ProcessStartInfo("node", [Toolchain.PathOf("samples", "agent", "agent.mjs")]) { UseShellExecute = false };
        start.Environment["AGENT_KEY"] = Key;
        start.Environment["RPC_URL"] = network.Url;
        start.Environment["ARENA"] = arena.ToString();
        start.Environment["GATEWAY_URL"] = gateway.ToString().TrimEnd('/');
        start.Environment["STATE"] = state;
        return Process.Start(start)!;
    }

    private static Address SignerOf(LocalRequest request, Address arena)
    {
        var statement = new GatewayStatement(
            ChainId.Local, arena, request.Method, request.Path, GatewayStatement.Digest(request.Body),
            DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(request.Headers[GatewayStatement.TimestampHeader], CultureInfo.InvariantCulture)),
            request.Headers[GatewayStatement.NonceHeader], Address.Parse(request.Headers[GatewayStatement.AddressHeader]));
        return Secp256k1.Recover(PersonalMessage.Hash(statement.ToString()), Signature.FromBytes(Hex.Decode(request.Headers[GatewayStatement.SignatureHeader])));
    }
}
