using System.Text.Json;
using AgiJobs.Arena.Orchestration;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Arena.Standings;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Storage;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Arena.Tests.Orchestration;

public sealed class StandingsTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private IStateStore _store = null!;
    private EthereumClient _client = null!;
    private ArenaScene _scene = null!;

    private TestNetwork Devnet => fixture.Devnet;

    private string ScoreboardPath => Devnet.Workspace.Locate([.. ScoreboardFile.Place]);

    public async ValueTask InitializeAsync()
    {
        await Devnet.FreshAsync();
        _client = await EthereumClient.ConnectAsync(RpcOptions.For(Devnet.Url), ChainId.Local, TimeProvider.System);
        _store = await StateStore.OpenAsync(StateLocation.File(Devnet.Workspace.Locate("storage", "state", "local.sqlite")), TimeProvider.System);
        _scene = new ArenaScene(Devnet, _client) { Votes = { ["validator-1"] = 1, ["validator-2"] = 1, ["validator-3"] = 1 }, Silent = { "validator-3:count" } };
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await _client.DisposeAsync();
    }

    [Fact]
    public async Task Two_rounds_move_ratings_difficulty_and_scoreboard_and_all_of_it_is_what_a_replay_of_the_chain_gives()
    {
        await PlayAsync(2);
        var board = ScoreboardFile.Read(ScoreboardPath, TimeProvider.System)!;
        Assert.Equal((2, 0, 0), Counts(board, "agent-3"));
        Assert.Equal(2, board.Values.Sum(entry => entry.Slashes));
        Assert.Equal((0, 2, 2), Counts(board, "validator-3"));
        Assert.Contains(board[_scene.Account("validator-3")].Notes, note => note.Contains("slash recorded -> auto-slash:non-reveal", StringComparison.Ordinal));

        using var receipt = JsonDocument.Parse(await File.ReadAllTextAsync(Devnet.Workspace.Locate("storage", "orchestrator", "runs", "run-000001.json")));
        Assert.Equal("succeeded", receipt.RootElement.GetProperty("state").GetString());
        Assert.Equal(6, receipt.RootElement.GetProperty("txes").GetArrayLength());
        Assert.True(receipt.RootElement.GetProperty("timings").GetProperty("scoreboard").TryGetProperty(_scene.Account("agent-3").ToString(), out _));
        Assert.Equal(5, receipt.RootElement.GetProperty("timings").GetProperty("phases").GetArrayLength());
        Assert.Contains(receipt.RootElement.GetProperty("logs").EnumerateArray(), line => line.GetProperty("message").GetString()!.StartsWith("validator slashed: auto-slash:non-reveal", StringComparison.Ordinal));
        Assert.All(receipt.RootElement.GetProperty("payouts").EnumerateArray(), payout => Assert.EndsWith(" wei", payout.GetProperty("amount").GetString(), StringComparison.Ordinal));

        using var ratings = JsonDocument.Parse((await _store.GetAsync("arena/local/views", "ratings"))!.Data);
        Assert.Equal(3, ratings.RootElement.GetProperty("players").GetArrayLength());

        var report = await ReconcileAsync();
        Assert.Empty(report.Discrepancies);
        Assert.Equal((2, 1, 2), (report.Rounds, report.Open, report.Slashes));
        Assert.Equal(await File.ReadAllBytesAsync(ScoreboardPath), report.Replayed.Encode());
    }

    [Fact]
    public async Task Voided_rounds_its_own_and_those_that_others_started_are_in_the_books_as_on_the_chain()
    {
        _scene.Silent.Add("agent-3:publish");
        await PlayAsync(1);

        // The round that the network came with was nobody's run, and its time is over too.
        await Devnet.SendMinedAsync(_scene.Account("agent-1"), _scene.Arena.Address, _scene.Arena.Close(1));
        await NewOrchestrator(1).TickAsync(CancellationToken.None);
        var report = await ReconcileAsync();
        Assert.Empty(report.Discrepancies);
        Assert.Equal((2, 0), (report.Rounds, report.Open));
        Assert.Equal(["teacher-vanished", "teacher-vanished"], (await new ResultBook(_store, TestNetwork.Network).RoundsAsync(CancellationToken.None)).Select(round => round.Failure));
        Assert.Equal((0, 2, 0), Counts(ScoreboardFile.Read(ScoreboardPath, TimeProvider.System)!, "agent-3"));
        Assert.Equal(await File.ReadAllBytesAsync(ScoreboardPath), report.Replayed.Encode());
    }

    [Fact]
    public async Task A_scoreboard_is_written_from_the_chain_and_not_from_the_books()
    {
        await PlayAsync(1);
        var right = await File.ReadAllBytesAsync(ScoreboardPath);
        var book = new ResultBook(_store, TestNetwork.Network);
        var round = Assert.Single(await book.RoundsAsync(CancellationToken.None));
        await _store.CommitAsync(new StateCommit { Documents = [book.Write(round with { Id = 9 })] });
        await File.WriteAllTextAsync(ScoreboardPath, "{ damaged");
        var report = await new Reconciliation(_client, _scene.Arena, book, TimeProvider.System).RunAsync(ScoreboardPath, null, CancellationToken.None, writes: true);
        Assert.Equal(["round-extra"], report.Discrepancies.Select(found => found.Code));
        Assert.Equal(right, await File.ReadAllBytesAsync(ScoreboardPath));
        Assert.Single(Directory.EnumerateFiles(Path.GetDirectoryName(ScoreboardPath)!, "scoreboard.json.damaged-*"));
    }

    [Fact]
    public async Task Ratings_by_periods_are_in_the_view_and_grow_doubtful_with_the_days()
    {
        await PlayAsync(1);
        var time = new ManualTime();
        time.Advance(TimeProvider.System.GetUtcNow() - time.GetUtcNow());
        var (today, later) = (await GlickoAsync(), TimeSpan.FromDays(40));
        Assert.True(today.Rating != 1500 && today is { Deviation: < 350, IdleDays: 0 }, today.ToString());
        time.Advance(later);
        await Devnet.MineAsync();
        await _scene.NewOrchestrator(_client, _store, new ArenaStandings(_client, _scene.Arena, _store, new StoredContent(_store, TestNetwork.Network), Devnet.Workspace, TestNetwork.Network, time), lastRun: 1).TickAsync(CancellationToken.None);
        var idle = await GlickoAsync();
        Assert.Equal(today.Rating, idle.Rating);
        Assert.True(idle.Deviation > today.Deviation && idle.IdleDays >= 38, idle.ToString());

        async Task<(decimal Rating, decimal Deviation, long IdleDays)> GlickoAsync()
        {
            using var view = JsonDocument.Parse((await _store.GetAsync("arena/local/views", "ratings"))!.Data);
            var glicko = view.RootElement.GetProperty("players").EnumerateArray().Single(player => player.GetProperty("account").GetString() == _scene.Account("agent-1").ToString()).GetProperty("glicko");
            return (glicko.GetProperty("rating").GetDecimal(), glicko.GetProperty("deviation").GetDecimal(), glicko.GetProperty("idleDays").GetInt64());
        }
    }

    [Fact]
    public async Task What_was_changed_in_the_books_is_found_with_both_answers()
    {
        await PlayAsync(1);
        var book = new ResultBook(_store, TestNetwork.Network);
        var round = Assert.Single(await book.RoundsAsync(CancellationToken.None));
        await _store.CommitAsync(new StateCommit { Documents = [book.Write(round with { Students = [.. round.Students.Select(student => student with { Solved = !student.Solved })] }), book.Write(round with { Id = 9 })] });
        await File.WriteAllTextAsync(ScoreboardPath, (await File.ReadAllTextAsync(ScoreboardPath)).Replace("\"wins\": 1", "\"wins\": 8", StringComparison.Ordinal));
        var report = await ReconcileAsync();
        Assert.Equal(["round-differs", "round-extra", "scoreboard-differs"], report.Discrepancies.Select(discrepancy => discrepancy.Code).Distinct());
        Assert.Contains(report.Discrepancies, discrepancy => discrepancy.Message.Contains("8 wins", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_scoreboard_and_receipts_that_were_lost_are_written_again_by_the_next_process()
    {
        await PlayAsync(1);
        var before = await File.ReadAllBytesAsync(ScoreboardPath);
        File.Delete(ScoreboardPath);
        await NewOrchestrator(1).TickAsync(CancellationToken.None);
        Assert.Equal(before, await File.ReadAllBytesAsync(ScoreboardPath));
    }

    private (long Wins, long Losses, long Slashes) Counts(IReadOnlyDictionary<Address, ScoreboardEntry> board, string name)
    {
        var entry = board[_scene.Account(name)];
        return (entry.Wins, entry.Losses, entry.Slashes);
    }

    // The round that the network comes with goes on; nobody plays it.
    private Task<ReconciliationReport> ReconcileAsync() =>
        new Reconciliation(_client, _scene.Arena, new ResultBook(_store, TestNetwork.Network), TimeProvider.System).RunAsync(ScoreboardPath, null, CancellationToken.None);

    private Orchestrator NewOrchestrator(long lastRun) => _scene.NewOrchestrator(
        _client, _store, new ArenaStandings(_client, _scene.Arena, _store, new StoredContent(_store, TestNetwork.Network), Devnet.Workspace, TestNetwork.Network, TimeProvider.System), lastRun: lastRun);

    private async Task PlayAsync(long runs)
    {
        var orchestrator = NewOrchestrator(runs);
        var log = new RunLog(_store, TestNetwork.Network, TimeProvider.System);
        await Wait.ForAsync("the end of the runs", async () =>
        {
            var tick = await orchestrator.TickAsync(CancellationToken.None);
            var before = await Devnet.Client.BlockNumberAsync();
            var newest = (await _scene.Arena.ReadAsync([])).TotalRounds;
            await _scene.PlayAsync(newest);
            if (tick.Sent == 0 && before == await Devnet.Client.BlockNumberAsync())
            {
                await Devnet.Client.RequestAsync("evm_increaseTime", writer => writer.WriteNumberValue(3_601));
                await Devnet.MineAsync();
            }

            return (await log.AllAsync(CancellationToken.None)).Count(run => run.Ended is not null) == runs ? "done" : null;
        });

        // The last slash is mined in the block that ends the round.
        await orchestrator.TickAsync(CancellationToken.None);
    }
}
