using System.Globalization;
using System.Text.Json;
using AgiJobs.Arena.Rounds;
using AgiJobs.Cli.Tests.Arena;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Runbooks;

/// <summary>"By the runbook" of docs/arena.md (emergency operations v1, §3 and §4), line by line on a local network with rounds at work.</summary>
public sealed class ArenaRunbookTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>
{
    private static readonly string[] Senders = ["orchestrator", .. LocalArena.Everybody.Keys];

    private TestNetwork Devnet => fixture.Devnet;

    [Fact]
    public async Task Every_command_ends_as_the_page_says_and_rounds_stand_still_from_the_pause_to_the_resume()
    {
        var lines = await WalkedPage.ReadAsync("arena.md");
        await using var arena = await LocalArena.StartAsync(Devnet, LocalArena.Everybody);
        var counted = await arena.UntilAsync("a round is counted and in the books", (_, round, run) => round is { Id: > 1, Phase: RoundPhase.Finalised } && run is null);
        var known = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ROUND"] = counted.Id.ToString(CultureInfo.InvariantCulture),
            ["VALIDATOR"] = counted.Validators[0].ToString(),
            ["ARENA"] = arena.Contract.Address.ToString(),
            ["STAKEMANAGER"] = Devnet.Protocol["StakeManager"].Address.ToString(),
            ["TODAY"] = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        };
        RoundState? frozen = null;
        IReadOnlyList<ulong> nonces = [];
        foreach (var line in lines)
        {
            var arguments = line.With(known);
            if (arguments is ["arena", ..])
            {
                await SeenAsync(arena);
            }

            var isResume = frozen is not null && known.GetValueOrDefault("CHANGE")?.Contains("resume", StringComparison.Ordinal) == true && arguments is ["change", "execute", ..];
            if (isResume)
            {
                // Two hours of the chain's time, and everything that the page does, moved nothing.
                var (state, still) = await arena.LookAsync();
                Assert.True(state.IsPaused);
                Assert.Equal((frozen!.Id, frozen.Phase, frozen.PhaseEndsAt), (still.Id, still.Phase, still.PhaseEndsAt));
                Assert.Equal((frozen.Students.Count, frozen.Answers, frozen.RevealedAnswers, frozen.Votes, frozen.RevealedVotes), (still.Students.Count, still.Answers, still.RevealedAnswers, still.Votes, still.RevealedVotes));
                Assert.Equal(nonces, await NoncesAsync());
            }

            var outcome = await Devnet.RunAsync(arguments);
            if (arguments is ["arena", "reconcile", ..] && outcome.Exit != line.Exit)
            {
                // Rounds go on: one that ended in the newest block is in the books a moment after it is on the chain.
                await Wait.UntilAsync("the books have what the chain has", async () => (outcome = await Devnet.RunAsync(arguments)).Exit == line.Exit);
            }

            Assert.True(outcome.Exit == line.Exit, $"{line.Text}\n{outcome}");
            known["CHANGE"] = line.Planned(outcome) ?? known.GetValueOrDefault("CHANGE", "none was planned yet");
            if (arguments is ["owner", "pause", .., "--execute"])
            {
                await Wait.UntilAsync("every agent has seen the pause", () => LocalArena.Everybody.Keys.All(agent => arena.Said(agent).Any(said => said.Contains("\"arena-paused\"", StringComparison.Ordinal))));
                await SeenAsync(arena);
                (_, frozen) = await arena.LookAsync();
                nonces = await NoncesAsync();
                await Devnet.PassAsync(7_200);
            }
        }

        Assert.NotNull(frozen);
        Assert.False((await arena.LookAsync()).Arena.IsPaused);
        _ = await arena.UntilAsync("the round that was frozen has ended and another one goes on", (_, newest, _) => newest.Id > frozen.Id && newest.Phase > RoundPhase.Registration);
        var ended = (await arena.Contract.ReadAsync([frozen.Id])).Rounds[frozen.Id];
        Assert.Equal(RoundPhase.Finalised, ended.Phase);
        await arena.StopAsync();
    }

    // The orchestrator looks several times a second; what it has seen of the newest block stands in its view.
    private static async Task SeenAsync(LocalArena arena)
    {
        await using var store = await arena.StoreAsync();
        await Wait.UntilAsync("the orchestrator has seen the newest block", async () =>
        {
            var head = (await arena.Contract.ReadAsync([])).Block.Value;
            using var view = JsonDocument.Parse((await store.GetAsync($"arena/{TestNetwork.Network}/views", "status"))!.Data);
            return view.RootElement.GetProperty("block").GetUInt64() >= head;
        });
    }

    private async Task<IReadOnlyList<ulong>> NoncesAsync()
    {
        var nonces = new List<ulong>();
        foreach (var sender in Senders)
        {
            nonces.Add(await Devnet.PendingNonceAsync(sender));
        }

        return nonces;
    }
}
