using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Arena.Rounds;
using AgiJobs.Cli.Tests.Arena;
using AgiJobs.Ethereum;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Agents;

/// <summary>The sample in another language beside reference agents, at the gateway that <c>serve</c> runs.</summary>
public sealed class SampleAgentTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>
{
    // Account 7 of the development phrase.
    private const string Key = "0x4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356";

    private TestNetwork Devnet => fixture.Devnet;

    [Fact]
    public async Task It_fits_on_a_page() => Assert.InRange((await File.ReadAllLinesAsync(Toolchain.PathOf("samples", "agent", "agent.mjs"), TestContext.Current.CancellationToken)).Length, 1, 40);

    [Fact]
    public async Task Its_answer_is_counted_and_paid_in_a_round_with_an_agijobs_agent()
    {
        await using var arena = await LocalArena.StartAsync(Devnet, new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["agent-3"] = "teacher --families graph-colouring",
            ["agent-2"] = "student",
            ["validator-1"] = "validator",
            ["validator-2"] = "validator",
            ["validator-3"] = "validator",
        });
        var student = Devnet.Accounts["agent-1"].Address;
        var state = Path.Combine(Devnet.Folder, "sample-state.json");
        RoundState? counted = null;
        using (var sample = Start(arena, state))
        {
            try
            {
                await arena.UntilAsync("a round that the sample and the other student answered is counted", async () =>
                {
                    Assert.False(sample.HasExited);
                    var total = (await arena.Contract.ReadAsync([])).TotalRounds;
                    var rounds = (await arena.Contract.ReadAsync([.. Enumerable.Range(2, Math.Max(0, (int)total - 1)).Select(id => (long)id)])).Rounds;
                    counted = rounds.Values.FirstOrDefault(round => round is { Phase: RoundPhase.Finalised, RevealedAnswers: 2 } && round.Students.Contains(student));
                    return counted is not null;
                });
            }
            finally
            {
                sample.Kill();
                await sample.WaitForExitAsync(TestContext.Current.CancellationToken);
            }
        }

        var chronicle = (await ArenaLedger.ReadAsync(Devnet, arena.Contract)).Rounds.Single(round => round.Id == counted!.Id);
        var mine = chronicle.Students.Single(person => person.Account == student);
        var answer = (string)JsonNode.Parse(await File.ReadAllTextAsync(state, TestContext.Current.CancellationToken))![$"{counted!.Id}"]!["answer"]!;
        Assert.Equal(new Bytes32(SHA256.HashData(Encoding.UTF8.GetBytes(answer))), mine.Disclosed);
        Assert.True(chronicle.HasWon(mine), $"the committee found the sample's answer wrong: {answer}");
        Assert.True(mine.Earned > Wei.Zero);
        Assert.NotNull(chronicle.Students.Single(person => person.Account == Devnet.Accounts["agent-2"].Address).Disclosed);
    }

    private Process Start(LocalArena arena, string state)
    {
        var start = new ProcessStartInfo("node", [Toolchain.PathOf("samples", "agent", "agent.mjs")]) { UseShellExecute = false, WorkingDirectory = Devnet.Folder };
        start.Environment["AGENT_KEY"] = Key;
        start.Environment["RPC_URL"] = Devnet.Url;
        start.Environment["ARENA"] = arena.Contract.Address.ToString();
        start.Environment["GATEWAY_URL"] = arena.Gateway.ToString().TrimEnd('/');
        start.Environment["STATE"] = state;
        return Process.Start(start)!;
    }
}
