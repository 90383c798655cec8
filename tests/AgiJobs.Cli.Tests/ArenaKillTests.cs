using AgiJobs.Arena.Orchestration;
using AgiJobs.Arena.Rounds;
using AgiJobs.Cli.Tests.Arena;
using AgiJobs.Ethereum;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests;

/// <summary>The real programs of the arena are killed where chain and books say that they are in the middle of something, and started again.</summary>
public sealed class ArenaKillTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>
{
    // Each phase before and after the first of its people has acted, and two moments between a transaction and the note of it.
    private static readonly (string Name, Func<ArenaState, RoundState, RunRecord?, bool> Holds)[] Moments =
    [
        ("nobody has joined", (_, round, _) => round.Phase == RoundPhase.Registration && round.Students.Count + round.Validators.Count == 0),
        ("somebody has joined", (_, round, _) => round.Phase == RoundPhase.Registration && round.Students.Count + round.Validators.Count > 0),
        ("no answer is committed", (_, round, _) => round.Phase == RoundPhase.Answering && round.Answers == 0),
        ("an answer is committed", (_, round, _) => round.Phase == RoundPhase.Answering && round.Answers > 0),
        ("a transaction is signed and its end not noted", (_, _, run) => run?.Pending is not null),
        ("no answer is revealed", (_, round, _) => round.Phase == RoundPhase.Revealing && round.RevealedAnswers == 0),
        ("an answer is revealed", (_, round, _) => round.Phase == RoundPhase.Revealing && round.RevealedAnswers > 0),
        ("no vote is committed", (_, round, _) => round.Phase == RoundPhase.Voting && round.Votes == 0),
        ("a vote is committed", (_, round, _) => round.Phase == RoundPhase.Voting && round.Votes > 0),
        ("the round has ended and the books do not know", (_, round, run) => !round.IsLive && run?.RoundId == round.Id),
        ("no vote is revealed", (_, round, _) => round.Phase == RoundPhase.Counting && round.RevealedVotes == 0),
        ("a vote is revealed", (_, round, _) => round.Phase == RoundPhase.Counting && round.RevealedVotes > 0),
    ];

    private static readonly string[] Agents = [.. LocalArena.Everybody.Keys];

    private static int Kills => Environment.GetEnvironmentVariable("AGIJOBS_TEST_LONG") is "1" ? 240 : 20;

    private TestNetwork Devnet => fixture.Devnet;

    [Fact]
    public async Task Whoever_is_killed_wherever_every_round_ends_once_and_nobody_is_paid_or_slashed_twice()
    {
        var nonce = await Devnet.NonceAsync("orchestrator");
        await using var arena = await LocalArena.StartAsync(Devnet, LocalArena.Everybody);
        var before = (await arena.LookAsync()).Newest.Id;
        var killed = 0;
        for (var kill = 0; killed < Kills; kill++)
        {
            var (what, holds) = Moments[(kill + (kill / Moments.Length)) % Moments.Length];
            var round = await arena.UntilAsync(what, (state, newest, run) => newest.Id > before && holds(state, newest, run));
            var agent = Agents[kill % Agents.Length];
            string[] victims = (kill % 4) switch { 0 => [LocalArena.Serve], 3 => [LocalArena.Serve, agent], _ => [agent] };
            foreach (var victim in victims)
            {
                await arena.KillAsync(victim);
                killed++;
            }

            if (kill % 4 == 2)
            {
                // Nobody waits for who is gone: silence has its price, or the round is void.
                var (state, newest) = await arena.LookAsync();
                await Devnet.PassAsync((ulong)Math.Max(1, newest.PhaseEndsAt - state.ProtocolTime + 1));
                _ = await arena.UntilAsync("the round goes on without who is gone", (_, now, _) => now.Id > newest.Id || now.Phase != newest.Phase);
            }

            foreach (var victim in victims)
            {
                await arena.AgainAsync(victim);
            }
        }

        await arena.FinishAsync();
        var ledger = await ArenaLedger.ReadAsync(Devnet, arena.Contract);
        await ledger.HoldsAsync(before, nonce);
        Assert.Contains(ledger.Rounds, round => round.Ending == RoundEnding.Finalised);
        Assert.Contains(ledger.Rounds, round => round.Ending == RoundEnding.Voided || round.Committee.Any(person => person.Silence > Wei.Zero));
        var reconciled = await Devnet.RunAsync("arena", "reconcile");
        Assert.True(reconciled.Exit == 0, reconciled.ToString());
    }
}
