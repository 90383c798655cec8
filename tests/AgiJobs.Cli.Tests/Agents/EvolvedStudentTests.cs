using System.Numerics;
using AgiJobs.Arena.Rounds;
using AgiJobs.Cli.Tests.Arena;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Agents;

/// <summary>The best agent of an HGM run as a student of the arena, on a real chain.</summary>
public sealed class EvolvedStudentTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>
{
    private TestNetwork Devnet => fixture.Devnet;

    [Fact]
    public async Task The_best_agent_of_a_run_enters_the_arena_and_wins_a_round()
    {
        var run = await Devnet.RunAsync("hgm", "run", "night-1", "--seed", "5", "--tasks", "15", "--budget", "60", "--concurrency", "4", "--json");
        Assert.True(run.Exit == 0, run.ToString());
        var student = Devnet.Accounts["agent-2"].Address;
        await using var arena = await LocalArena.StartAsync(Devnet, new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["agent-1"] = "teacher --families graph-colouring",
            ["agent-2"] = "student --solver run:night-1",
            ["agent-3"] = "student",
            ["validator-1"] = "validator",
            ["validator-2"] = "validator",
            ["validator-3"] = "validator",
        });
        await arena.UntilAsync("the evolved student has won a round", async () =>
        {
            var total = (await arena.Contract.ReadAsync([])).TotalRounds;
            return (await arena.Contract.ReadAsync([.. Enumerable.Range(2, Math.Max(0, (int)total - 1)).Select(id => (long)id)])).Rounds.Values.Any(round => round.Phase == RoundPhase.Finalised && Won(round));
        });
        await arena.FinishAsync();

        bool Won(RoundState round)
        {
            var index = round.Students.ToList().IndexOf(student);
            return index >= 0 && ((round.Winners >> index) & BigInteger.One) == BigInteger.One;
        }
    }

    [Theory]
    [InlineData("solver-format", "night-1")]
    [InlineData("solver-format", "run:")]
    [InlineData("solver-format", "run:night-1/best")]
    [InlineData("run-unknown", "run:never")]
    [InlineData("run-name", "run:Never")]
    public async Task A_solver_that_is_none_is_refused_before_it_begins(string code, string solver)
    {
        var refused = await Devnet.RunAsync("agent", "--signer", "agent-1", "--gateway", "http://127.0.0.1:1", "--state", "refused.json", "--solver", solver, "--json");
        Assert.Equal((2, code), (refused.Exit, (string?)refused.Json["error"]?["code"]));
    }

    [Fact]
    public async Task An_agent_that_the_run_has_not_is_refused()
    {
        Assert.Equal(0, (await Devnet.RunAsync("hgm", "run", "small", "--tasks", "5", "--budget", "10", "--concurrency", "2")).Exit);
        var refused = await Devnet.RunAsync("agent", "--signer", "agent-1", "--gateway", "http://127.0.0.1:1", "--state", "refused.json", "--solver", "run:small/999", "--json");
        Assert.Equal((2, "agent-unknown"), (refused.Exit, (string?)refused.Json["error"]?["code"]));
    }
}
