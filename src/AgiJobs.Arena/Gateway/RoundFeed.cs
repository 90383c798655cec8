using System.Runtime.CompilerServices;
using System.Text.Json;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Gateway;

/// <summary>What an agent is told without asking: each change of a round that it is in, pauses, and that the chain cannot be read.</summary>
public sealed class RoundFeed(RoundBoard board)
{
    /// <summary>Lines of JSON: first how things stand, then every change. Ends only when cancelled.</summary>
    public async IAsyncEnumerable<string> WatchAsync(Address account, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var told = new Dictionary<long, RoundNotice>();
        var isPaused = false;
        var isUnknown = false;
        long seen = 0;
        while (true)
        {
            var reading = await board.NextAsync(seen, cancellation).ConfigureAwait(false);
            seen = reading.Number;
            IReadOnlyList<RoundNotice>? notices = null;
            if (reading is { Problem: null, State: { } state })
            {
                notices = await NoticesAsync(state, account, told, cancellation).ConfigureAwait(false);
            }

            if (notices is null != isUnknown)
            {
                isUnknown = !isUnknown;
                yield return Line(isUnknown ? "chain-unknown" : "chain-known");
            }

            if (notices is null)
            {
                continue;
            }

            if (reading.State!.Arena.IsPaused != isPaused)
            {
                isPaused = !isPaused;
                yield return Line(isPaused ? "pause" : "resume");
            }

            foreach (var notice in notices.Where(notice => !told.TryGetValue(notice.Id, out var last) || last != notice))
            {
                told[notice.Id] = notice;
                yield return JsonSerializer.Serialize(notice, GatewayJson.Default.RoundNotice);
            }

            // The last word on a round that has ended was said.
            foreach (var id in told.Keys.Where(id => !reading.State.Rounds.TryGetValue(id, out var round) || !round.IsLive).ToList())
            {
                told.Remove(id);
            }
        }
    }

    /// <summary>How the rounds stand that the account is in, and those that it was told of and that have ended since; null when the chain cannot be read.</summary>
    private async Task<IReadOnlyList<RoundNotice>?> NoticesAsync(BoardState state, Address account, Dictionary<long, RoundNotice> told, CancellationToken cancellation)
    {
        try
        {
            var rounds = new List<RoundState>();
            foreach (var id in state.Live.Select(round => round.Id).Union(told.Keys).Order())
            {
                if (await board.RoundAsync(state, id, cancellation).ConfigureAwait(false) is { } round)
                {
                    rounds.Add(round);
                }
            }

            var seats = await board.SeatsAsync(state, account, [.. rounds.Select(round => round.Id)], cancellation).ConfigureAwait(false);
            return
            [
                .. rounds.Where(round => seats[round.Id].Seat != Seat.None)
                    .Select(round => new RoundNotice("round", round.Id, Todo.NameOf(round.Phase), round.PhaseEndsAt, Todo.NameOf(seats[round.Id].Seat), Todo.Of(state.Arena, round, seats[round.Id]))),
            ];
        }
        catch (EthereumException)
        {
            return null;
        }
    }

    private static string Line(string type) => JsonSerializer.Serialize(new ArenaNotice(type), GatewayJson.Default.ArenaNotice);
}
