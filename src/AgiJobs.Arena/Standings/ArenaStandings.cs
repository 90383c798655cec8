using System.Globalization;
using System.Text;
using AgiJobs.Arena.Difficulty;
using AgiJobs.Arena.Diversity;
using AgiJobs.Arena.Orchestration;
using AgiJobs.Arena.Ratings;
using AgiJobs.Arena.Rounds;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Storage;
using AgiJobs.Tasks;

namespace AgiJobs.Arena.Standings;

/// <summary>
/// Ratings, difficulty, the archive of tasks, the scoreboard and the receipts of runs: changed in the commit that ends a round, each state under the version that was read. What shows them (documents of the views, files of
/// the workspace) is written from them and can be made again. Not for use by several threads.
/// </summary>
public sealed class ArenaStandings : IStandings
{
    private readonly EthereumClient _client;
    private readonly ArenaContract _arena;
    private readonly IStateStore _store;
    private readonly IRoundContent _content;
    private readonly Workspace _workspace;
    private readonly string _network;
    private readonly TimeProvider _time;
    private readonly ResultBook _book;
    private readonly List<EndedRound> _rounds = [];
    private ScoreboardProjection _board = new();
    private PeriodRatings _periods = new();
    private long _shownPeriod;

    /// <summary>Takes what it works with; nothing is read yet.</summary>
    public ArenaStandings(EthereumClient client, ArenaContract arena, IStateStore store, IRoundContent content, Workspace workspace, string network, TimeProvider time)
    {
        (_client, _arena, _store, _content, _workspace, _network, _time) = (client, arena, store, content, workspace, network, time);
        _book = new ResultBook(store, network);
    }

    /// <summary>More that is committed with the end of a round: alerts, findings for slashing.</summary>
    public IList<Func<RunRecord, RoundChronicle?, RunEnded, CancellationToken, Task<StateCommit>>> Besides { get; } = [];

    private string States => $"arena/{_network}/standings";

    private string Views => $"arena/{_network}/views";

    /// <inheritdoc/>
    public async Task RestoreAsync(CancellationToken cancellation)
    {
        _rounds.Clear();
        _rounds.AddRange(await _book.RoundsAsync(cancellation).ConfigureAwait(false));
        _periods = new PeriodRatings(_rounds);
        _board = await _book.ScoreboardAsync(cancellation).ConfigureAwait(false);
        WriteScoreboard();
    }

    /// <inheritdoc/>
    public async Task<int> NextDifficultyAsync(ArenaState arena, CancellationToken cancellation)
    {
        var (state, _) = await DifficultyAsync(arena, cancellation).ConfigureAwait(false);
        return DifficultyController.Next(state, Settings(arena), arena.TotalRounds == 0 ? null : arena.Difficulty);
    }

    /// <inheritdoc/>
    public async Task<StateCommit> AfterAsync(RunRecord run, RoundChronicle? round, RunEnded ended, ArenaState arena, CancellationToken cancellation)
    {
        var documents = new List<DocumentWrite>();
        var besides = new List<StateCommit>();
        EndedRound? result = null;
        if (round is not null)
        {
            (result, var booked) = await BookAsync(round, arena, cancellation).ConfigureAwait(false);
            documents.AddRange(booked);
        }

        documents.Add(new DocumentWrite(Views, $"runs/{run.Id}", RunReceipt.Write(_network, _client.ChainId, run, round, result, ended, _board, _time.GetUtcNow())));
        foreach (var more in Besides)
        {
            besides.Add(await more(run, round, ended, cancellation).ConfigureAwait(false));
        }

        return new StateCommit
        {
            Documents = [.. documents, .. besides.SelectMany(more => more.Documents)],
            Events = [.. besides.SelectMany(more => more.Events)],
            Messages = [.. besides.SelectMany(more => more.Messages)],
        };
    }

    // A round's result and everything that it moves.
    private async Task<(EndedRound Result, IReadOnlyList<DocumentWrite> Documents)> BookAsync(RoundChronicle round, ArenaState arena, CancellationToken cancellation)
    {
        var block = await _client.BlockAsync(BlockReference.At(round.EndedIn!.Value), cancellation).ConfigureAwait(false)
            ?? throw new EthereumException("block-unknown", Fault.Unknown, $"The node does not have block {round.EndedIn}, in which round {round.Id} ended.");
        var result = await RoundResults.OfAsync(round, block.Timestamp, _content, cancellation).ConfigureAwait(false);
        var documents = new List<DocumentWrite> { _book.Write(result) };

        var ladder = await _store.GetAsync(States, "ladder", cancellation).ConfigureAwait(false);
        var rated = Ladder.Apply(ladder is null ? LadderState.Empty : LadderState.Decode(Encoding.UTF8.GetBytes(ladder.Data), "ladder"), result);
        documents.Add(Write("ladder", rated.Encode(), ladder));
        _periods = _periods.TryAdd(result) ? _periods : new PeriodRatings([.. _rounds, result]);
        documents.Add(Shown(rated));

        var (difficulty, before) = await DifficultyAsync(arena, cancellation).ConfigureAwait(false);
        documents.Add(Write("difficulty", DifficultyController.Apply(difficulty, Settings(arena), result).Encode(), before));

        var kept = await _store.GetAsync(States, "archive", cancellation).ConfigureAwait(false);
        var archive = new TaskArchive(kept is null ? null : ArchiveState.Decode(Encoding.UTF8.GetBytes(kept.Data), "archive"));
        var merit = TeacherReward.Judge(result, arena.TargetSuccessRateBps, _rounds);
        var novelty = archive.Apply(result, merit);
        documents.Add(Write("archive", archive.State().Encode(), kept));
        documents.Add(new DocumentWrite(Views, "archive", StandingsView.Archive(archive.Profile(TaskFamilies.All.Count), archive.State(), result.Id, merit, novelty)));

        if (_rounds.TrueForAll(other => other.Id != result.Id))
        {
            _rounds.Add(result);
        }

        _board.Add(result);
        documents.Add(new DocumentWrite(Views, "scoreboard", Encoding.UTF8.GetString(_board.Encode())));
        return (result, documents);
    }

    private DocumentWrite Shown(LadderState ladder)
    {
        var now = _time.GetUtcNow();
        _shownPeriod = PeriodRatings.PeriodOf(now);
        return new DocumentWrite(Views, "ratings", StandingsView.Ratings(ladder, _periods.At(now)));
    }

    /// <inheritdoc/>
    public async Task FollowAsync(Lease fence, ArenaState arena, IReadOnlySet<long> own, CancellationToken cancellation)
    {
        if (_shownPeriod != PeriodRatings.PeriodOf(_time.GetUtcNow()) && await _store.GetAsync(States, "ladder", cancellation).ConfigureAwait(false) is { } ladder)
        {
            // Who does not play grows uncertain, also when nobody plays.
            await _store.CommitAsync(new StateCommit { Fence = fence, Documents = [Shown(LadderState.Decode(Encoding.UTF8.GetBytes(ladder.Data), "ladder"))] }, cancellation).ConfigureAwait(false);
        }

        var cursor = await _store.GetAsync(States, "slash-cursor", cancellation).ConfigureAwait(false);
        var from = cursor is null ? _arena.Since.Value : ulong.Parse(cursor.Data, CultureInfo.InvariantCulture) + 1;
        if (from > arena.Block.Value)
        {
            return;
        }

        // Rounds that somebody else started or a program before this one lost count as much as its own.
        var ended = await SlashLog.EndedAsync(_client, _arena, new BlockNumber(from), arena.Block, cancellation).ConfigureAwait(false);
        foreach (var id in ended.Where(id => !own.Contains(id) && _rounds.TrueForAll(round => round.Id != id)))
        {
            if (await _arena.ChronicleAsync(id, _arena.Since, arena.Block, cancellation).ConfigureAwait(false) is { Ending: not RoundEnding.Open } round)
            {
                await _store.CommitAsync(new StateCommit { Fence = fence, Documents = (await BookAsync(round, arena, cancellation).ConfigureAwait(false)).Documents }, cancellation).ConfigureAwait(false);
                WriteScoreboard();
            }
        }

        var slashes = await SlashLog.ReadAsync(_client, _arena, new BlockNumber(from), arena.Block, cancellation).ConfigureAwait(false);
        foreach (var slash in slashes)
        {
            _board.Add(slash);
        }

        await _store.CommitAsync(
            new StateCommit
            {
                Fence = fence,
                Documents =
                [
                    new DocumentWrite(States, "slash-cursor", arena.Block.Value.ToString(CultureInfo.InvariantCulture), cursor?.Version ?? 0),
                    .. slashes.Select(_book.Write),
                    .. slashes.Count > 0 ? [new DocumentWrite(Views, "scoreboard", Encoding.UTF8.GetString(_board.Encode()))] : Array.Empty<DocumentWrite>(),
                ],
            },
            cancellation).ConfigureAwait(false);
        if (slashes.Count > 0)
        {
            WriteScoreboard();
        }
    }

    /// <inheritdoc/>
    public async Task PublishAsync(RunRecord run, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (await _store.GetAsync(Views, $"runs/{run.Id}", cancellation).ConfigureAwait(false) is { } receipt)
        {
            AtomicFile.Write(_workspace.Locate("storage", "orchestrator", "runs", run.Id + ".json"), Encoding.UTF8.GetBytes(receipt.Data));
        }

        foreach (var reversal in await _book.ReversalsAsync(cancellation).ConfigureAwait(false))
        {
            _board.Add(reversal);
        }

        WriteScoreboard();
    }

    private void WriteScoreboard() => ScoreboardFile.Write(_workspace.Locate([.. ScoreboardFile.Place]), _board, _time);

    private async Task<(DifficultyState State, StoredDocument? Kept)> DifficultyAsync(ArenaState arena, CancellationToken cancellation)
    {
        var kept = await _store.GetAsync(States, "difficulty", cancellation).ConfigureAwait(false);
        return (kept is null ? DifficultyState.Start(_arena.Address.ToString(), arena.Difficulty) : DifficultyState.Decode(Encoding.UTF8.GetBytes(kept.Data), "difficulty", _arena.Address.ToString()), kept);
    }

    private DocumentWrite Write(string key, byte[] state, StoredDocument? before) => new(States, key, Encoding.UTF8.GetString(state), before?.Version ?? 0);

    private static DifficultySettings Settings(ArenaState arena) => new() { TargetSuccessRateBps = Math.Clamp(arena.TargetSuccessRateBps, 1, 9_999), MaxStep = arena.MaxDifficultyStep };
}
