using System.Runtime.InteropServices;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Ratings;

/// <summary>A player's rating by periods, as of now.</summary>
/// <param name="Account">Who.</param>
/// <param name="Rating">With the games of the period under way as if it ended now, and with the doubt of the periods without one.</param>
/// <param name="Idle">Whole periods since the last game.</param>
public sealed record PeriodRating(Address Account, GlickoRating Rating, long Idle);

/// <summary>
/// Glicko-2 of teachers and students by days (UTC): what the <see cref="Ladder"/> does not know is that somebody has not played for a while, and then is less certain. The games are the ladder's: each ended round is one of the teacher
/// against every student. All games of a period count against the ratings before it. Pure: the same rounds and the same day give the same bits. Not for use by several threads.
/// </summary>
public sealed class PeriodRatings
{
    /// <summary>A period.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromDays(1);

    private readonly Dictionary<Address, (GlickoRating Rating, long Last)> _players = [];
    private readonly SortedDictionary<long, EndedRound> _open = [];
    private long _period = long.MinValue;

    /// <summary>The ratings of some rounds, in any order.</summary>
    public PeriodRatings(params IEnumerable<EndedRound> rounds)
    {
        ArgumentNullException.ThrowIfNull(rounds);
        foreach (var round in rounds.OrderBy(round => round.EndedAt).ThenBy(round => round.Id))
        {
            _ = TryAdd(round);
        }
    }

    /// <summary>The number of the period that a time lies in.</summary>
    public static long PeriodOf(DateTimeOffset at) => (long)Math.Floor((at - DateTimeOffset.UnixEpoch) / Period);

    /// <summary>Adds a round; one that is there already changes nothing. False when its period is closed: then they are to be made anew from all rounds.</summary>
    public bool TryAdd(EndedRound round)
    {
        ArgumentNullException.ThrowIfNull(round);
        var period = PeriodOf(round.EndedAt);
        if (period < _period)
        {
            return false;
        }

        CloseBefore(period);
        if (round.Failure is null && (round.Solved > 0 || (round.IsProven && round.Students.Count > 0)))
        {
            _open[round.Id] = round;
        }

        return true;
    }

    /// <summary>Everybody who was rated, by address.</summary>
    /// <param name="now">The time; not before the last round's.</param>
    public IReadOnlyList<PeriodRating> At(DateTimeOffset now)
    {
        var present = Math.Max(PeriodOf(now), _period);
        var played = Played();
        return
        [
            .. _players.Keys.Union(played.Keys).Order().Select(account => played.TryGetValue(account, out var rating)
                ? new PeriodRating(account, Glicko2.Inactive(rating, Idle(_period, present)), Idle(_period, present))
                : new PeriodRating(account, Glicko2.Inactive(_players[account].Rating, Idle(_players[account].Last, present)), Idle(_players[account].Last, present))),
        ];
    }

    private void CloseBefore(long period)
    {
        if (period == _period)
        {
            return;
        }

        foreach (var (account, rating) in Played())
        {
            _players[account] = (rating, _period);
        }

        _open.Clear();
        _period = period;
    }

    // Who has games in the open period, with them.
    private Dictionary<Address, GlickoRating> Played()
    {
        var games = new Dictionary<Address, List<GlickoGame>>();
        foreach (var round in _open.Values)
        {
            foreach (var student in round.Students.OrderBy(student => student.Account))
            {
                Game(round.Teacher, student.Account, student.Solved ? 0 : 1);
                Game(student.Account, round.Teacher, student.Solved ? 1 : 0);
            }
        }

        return games.ToDictionary(entry => entry.Key, entry => Glicko2.Rate(Before(entry.Key), CollectionsMarshal.AsSpan(entry.Value)));

        void Game(Address player, Address opponent, double score)
        {
            var before = Before(opponent);
            (CollectionsMarshal.GetValueRefOrAddDefault(games, player, out _) ??= []).Add(new GlickoGame(before.Rating, before.Deviation, score));
        }
    }

    private GlickoRating Before(Address account) => _players.TryGetValue(account, out var known) ? Glicko2.Inactive(known.Rating, Idle(known.Last, _period)) : GlickoRating.Start;

    private static int Idle(long last, long present) => (int)Math.Clamp(present - last - 1, 0, int.MaxValue);
}
