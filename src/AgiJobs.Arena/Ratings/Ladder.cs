using AgiJobs.Arena.Scoreboard;
using AgiJobs.Control;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Ratings;

/// <summary>
/// The public ladder of teachers and students. Each ended round is a game of the teacher against every student: who solves the task wins, who does not loses, be it by silence. The teacher's change is the mean of the changes of
/// these games, so that many students do not count the teacher many times. Validators are not on it: they judge, they do not play. A task that nobody solved and whose teacher never proved that it can be solved moves nothing, or
/// unsolvable tasks would win. Pure: the same rounds in the same order give the same bytes on every machine.
/// </summary>
public static class Ladder
{
    /// <summary>Takes a round into account. Rounds go in the order in which the chain ended them; one that is in the state already changes nothing.</summary>
    /// <exception cref="ControlException"><c>ladder-round</c> when the teacher is among the students, or one stands there twice; nothing was changed.</exception>
    public static LadderState Apply(LadderState state, EndedRound round)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(round);
        if (state.Applied.Contains(round.Id))
        {
            return state;
        }

        var seen = new HashSet<Address> { round.Teacher };
        if (round.Students.FirstOrDefault(student => !seen.Add(student.Account)) is { } twice)
        {
            throw new ControlException("ladder-round", ExitCode.BadInput, $"Round {round.Id} has {twice.Account} twice among its teacher and students: it cannot be rated.", "Read the round from the chain again.");
        }

        var applied = state.Applied.With(round.Id);
        if (round.Failure is not null || round.Students.Count == 0 || (round.Solved == 0 && !round.IsProven))
        {
            return state with { Applied = applied };
        }

        var players = state.Players.ToDictionary(player => player.Account);
        var teacher = Of(players, round.Teacher);
        var (mu, variance) = (0.0, 0.0);
        Span<Skill> pair = stackalloc Skill[2];
        // By address: sums of floating-point numbers depend on their order, and the list's order must not matter.
        foreach (var student in round.Students.OrderBy(student => student.Account))
        {
            var before = Of(players, student.Account);
            (pair[0], pair[1]) = (teacher.Skill, before.Skill);
            WengLin.Rate(pair, [1, 1], student.Solved ? [1, 0] : [0, 1], pair);
            mu += pair[0].Mu;
            variance += pair[0].Sigma * pair[0].Sigma;
            players[student.Account] = before.After(pair[1], round.Id);
        }

        var games = round.Students.Count;
        players[round.Teacher] = teacher.After(new Skill(mu / games, Math.Sqrt(variance / games)), round.Id);
        return state with { Applied = applied, Players = [.. players.Values.OrderBy(player => player.Account)] };
    }

    /// <summary>The players from the best down: by <see cref="LadderPlayer.Ordinal"/>, then by mean, then by address.</summary>
    public static IReadOnlyList<LadderPlayer> Ranking(LadderState state) =>
        [.. state.Players.OrderByDescending(player => player.Ordinal).ThenByDescending(player => player.Mu).ThenBy(player => player.Account)];

    private static LadderPlayer Of(Dictionary<Address, LadderPlayer> players, Address account) =>
        players.TryGetValue(account, out var known) ? known : new LadderPlayer(account, LadderPlayer.Micro(Skill.Start.Mu), LadderPlayer.Micro(Skill.Start.Sigma), 0, 0);
}
