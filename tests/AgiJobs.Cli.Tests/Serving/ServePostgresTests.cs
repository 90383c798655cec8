using AgiJobs.Arena.Rounds;
using AgiJobs.Cli.Tests.Arena;
using AgiJobs.Storage;
using AgiJobs.Storage.Tests;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Serving;

/// <summary>One setting in config/services.json puts the state of the services in PostgreSQL.</summary>
public sealed class ServePostgresTests(DevnetFixture fixture, PostgresServer postgres) : IClassFixture<DevnetFixture>
{
    private TestNetwork Devnet => fixture.Devnet;

    [Fact]
    public async Task Rounds_are_played_killed_and_reconciled_with_their_state_in_a_real_PostgreSQL()
    {
        var connection = await postgres.ConnectionAsync();
        var secret = Path.Combine(TestNetwork.UserFolderOf(Devnet.Folder), "postgres");
        Directory.CreateDirectory(Path.GetDirectoryName(secret)!);
        await File.WriteAllTextAsync(secret, connection, TestContext.Current.CancellationToken);
        var nonce = await Devnet.NonceAsync("orchestrator");
        await using var arena = await LocalArena.StartAsync(
            Devnet, LocalArena.Everybody, $$$""", "storage": {"kind": "postgres", "connection": {"file": "{{{secret}}}"}}""", StateLocation.Postgres(connection));
        var before = (await arena.LookAsync()).Newest.Id;
        var killed = await arena.UntilAsync("answers are revealed", (_, round, run) => round.Id > before && round.Phase == RoundPhase.Revealing && run?.RoundId == round.Id);
        await arena.KillAsync(LocalArena.Serve);
        await arena.AgainAsync(LocalArena.Serve);
        _ = await arena.UntilAsync("a round after that one is answered", (_, round, _) => round.Id > killed.Id && round.Answers > 0);
        await arena.FinishAsync();

        var ledger = await ArenaLedger.ReadAsync(Devnet, arena.Contract);
        await ledger.HoldsAsync(before, nonce);
        Assert.Equal(RoundEnding.Finalised, ledger.Rounds.Single(round => round.Id == killed.Id).Ending);
        var reconciled = await Devnet.RunAsync("arena", "reconcile");
        Assert.True(reconciled.Exit == 0, reconciled.ToString());
        Assert.False(File.Exists(Devnet.Workspace.StatePath(TestNetwork.Network)));
        Assert.DoesNotContain(arena.Said(LocalArena.Serve), said => said.Contains(postgres.Password, StringComparison.Ordinal));
    }
}
