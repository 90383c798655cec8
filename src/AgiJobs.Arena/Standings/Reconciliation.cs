using AgiJobs.Arena.Rounds;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Arena.Standings;

/// <summary>A place where the books say something else than the chain.</summary>
/// <param name="Code"><c>round-missing</c>, <c>round-extra</c>, <c>round-differs</c>, <c>slash-missing</c>, <c>slash-extra</c>, <c>scoreboard-differs</c>, <c>scoreboard-missing</c>.</param>
/// <param name="Subject">The round, slash or account.</param>
/// <param name="Message">Both answers.</param>
public sealed record Discrepancy(string Code, string Subject, string Message);

/// <summary>What a comparison of chain and books came to.</summary>
/// <param name="From">First block that was replayed.</param>
/// <param name="To">Last block that was replayed.</param>
/// <param name="Rounds">Ended rounds on chain.</param>
/// <param name="Open">Rounds that go on.</param>
/// <param name="Slashes">Slashes on chain.</param>
/// <param name="Discrepancies">Where they differ; empty when the books are the chain's.</param>
/// <param name="Replayed">The scoreboard that the chain gives.</param>
public sealed record ReconciliationReport(BlockNumber From, BlockNumber To, int Rounds, int Open, int Slashes, IReadOnlyList<Discrepancy> Discrepancies, ScoreboardProjection Replayed);

/// <summary>Replays the whole chain of the arena and holds the results in the state store, and the scoreboard's file, against it.</summary>
public sealed class Reconciliation(EthereumClient client, ArenaContract arena, ResultBook book, TimeProvider time)
{
    /// <summary>Replays and compares.</summary>
    /// <param name="scoreboard">The scoreboard's file.</param>
    /// <param name="only">The rounds that are of the books; null for all.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <param name="writes">Whether the scoreboard's file is written from the replay before it is compared; a damaged one is copied beside it.</param>
    /// <exception cref="EthereumException">What could not be read; nothing is compared or written then.</exception>
    public async Task<ReconciliationReport> RunAsync(string scoreboard, IReadOnlySet<long>? only, CancellationToken cancellation, bool writes = false)
    {
        var block = await PinnedBlock.AtAsync(client, BlockReference.Latest, cancellation).ConfigureAwait(false);
        var to = block.Header.Number;
        var rounds = await arena.ChroniclesAsync(arena.Since, to, cancellation: cancellation).ConfigureAwait(false);
        var ended = rounds.Where(round => round.Ending != RoundEnding.Open && only?.Contains(round.Id) != false).ToList();
        var batch = client.NewBatch();
        var headers = ended.Select(round => round.EndedIn!.Value).Distinct().ToDictionary(number => number, number => batch.Add(EthRequests.Block(BlockReference.At(number))));
        if (headers.Count > 0)
        {
            await batch.SendAsync(cancellation).ConfigureAwait(false);
        }

        var slashes = await SlashLog.ReadAsync(client, arena, arena.Since, to, cancellation).ConfigureAwait(false);
        var replayed = new ScoreboardProjection();
        var found = new List<Discrepancy>();
        var kept = (await book.RoundsAsync(cancellation).ConfigureAwait(false)).ToDictionary(round => round.Id);
        foreach (var round in ended)
        {
            var header = headers[round.EndedIn!.Value].Value ?? throw new EthereumException("block-unknown", Fault.Unknown, $"The node does not have block {round.EndedIn}, in which round {round.Id} ended.");
            var result = await RoundResults.OfAsync(round, header.Timestamp, null, cancellation).ConfigureAwait(false);
            replayed.Add(result);
            if (!kept.Remove(round.Id, out var booked))
            {
                found.Add(new Discrepancy("round-missing", $"round {round.Id}", $"It ended on chain in block {round.EndedIn} and the books do not have it."));
            }
            else if (Differences(result, booked) is { } differences)
            {
                found.Add(new Discrepancy("round-differs", $"round {round.Id}", differences));
            }
        }

        found.AddRange(kept.Keys.Order().Select(id => new Discrepancy("round-extra", $"round {id}", "The books have it as ended and the chain does not.")));
        var booking = (await book.SlashesAsync(cancellation).ConfigureAwait(false)).ToDictionary(slash => slash.Id, StringComparer.Ordinal);
        foreach (var slash in slashes)
        {
            replayed.Add(slash);
            if (!booking.Remove(slash.Id, out var booked) || booked != slash)
            {
                found.Add(new Discrepancy("slash-missing", slash.Id, $"{slash.Agent} lost {slash.Amount} in round {slash.Round} ({slash.Reason}) on chain; the books {(booked is null ? "do not have it" : $"say {booked}")}."));
            }
        }

        found.AddRange(booking.Values.OrderBy(slash => slash.Id, StringComparer.Ordinal).Select(slash => new Discrepancy("slash-extra", slash.Id, $"The books say that {slash.Agent} was slashed ({slash.Reason}), and the chain does not.")));
        foreach (var reversal in await book.ReversalsAsync(cancellation).ConfigureAwait(false))
        {
            replayed.Add(reversal);
        }

        if (writes)
        {
            _ = ScoreboardFile.Write(scoreboard, replayed, time);
        }

        Compare(replayed, ScoreboardFile.Read(scoreboard, time), found);
        return new ReconciliationReport(arena.Since, to, ended.Count, rounds.Count(round => round.Ending == RoundEnding.Open), slashes.Count, found, replayed);
    }

    private static string? Differences(EndedRound chain, EndedRound booked)
    {
        // Family and styles come from what people sent and are not on chain.
        var plain = booked with { Family = null, IsProven = false, Students = [.. booked.Students.Select(student => student with { Style = null })] };
        return plain.Failure == chain.Failure && plain.Teacher == chain.Teacher && plain.Difficulty == chain.Difficulty && plain.EndedAt == chain.EndedAt && plain.Task == chain.Task
            && plain.Students.SequenceEqual(chain.Students) && plain.Validators.SequenceEqual(chain.Validators) && plain.AtFault.SequenceEqual(chain.AtFault)
            ? null
            : $"On chain {Words(chain)}; in the books {Words(booked)}.";
    }

    private static string Words(EndedRound round) => round.Failure is { } failure
        ? $"it came to nothing ({failure}) at {round.EndedAt:u}"
        : $"{round.Solved} of {round.Students.Count} students solved it, {round.Validators.Count(validator => validator.Succeeded)} of {round.Validators.Count} validators judged with the majority, at {round.EndedAt:u}";

    private static void Compare(ScoreboardProjection replayed, IReadOnlyDictionary<Address, ScoreboardEntry>? file, List<Discrepancy> found)
    {
        var chain = replayed.Entries();
        if (file is null)
        {
            if (chain.Count > 0)
            {
                found.Add(new Discrepancy("scoreboard-missing", "scoreboard.json", "There is no scoreboard, and the chain has rounds that ended."));
            }

            return;
        }

        foreach (var account in chain.Keys.Union(file.Keys).OrderBy(account => account.ToString(), StringComparer.Ordinal))
        {
            var (there, here) = (chain.GetValueOrDefault(account), file.GetValueOrDefault(account));
            if (there is null || here is null || (there.Wins, there.Losses, there.Slashes) != (here.Wins, here.Losses, here.Slashes))
            {
                found.Add(new Discrepancy("scoreboard-differs", account.ToString(), $"The chain gives {Words(there)}; the scoreboard says {Words(here)}."));
            }
        }
    }

    private static string Words(ScoreboardEntry? entry) => entry is null ? "nothing" : $"{entry.Wins} wins, {entry.Losses} losses, {entry.Slashes} slashes";
}
