using AgiJobs.Arena.Ratings;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Arena.Tests.Scoreboard;

namespace AgiJobs.Arena.Tests.Ratings;

public sealed class PeriodRatingsTests
{
    private static readonly DateTimeOffset Day = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Games_of_a_day_count_against_the_ratings_before_it_as_the_formulas_say()
    {
        var ratings = new PeriodRatings(Round(1, 0, (1, true), (2, false)), Round(2, 0.5, (1, true)));
        var expected = Glicko2.Rate(GlickoRating.Start, [new(1500, 350, 1), new(1500, 350, 1)]);
        Assert.Equal(expected, Of(ratings, 1, 0.9).Rating);
        var teacher = Glicko2.Rate(GlickoRating.Start, [new(1500, 350, 0), new(1500, 350, 1), new(1500, 350, 0)]);
        Assert.Equal(teacher, Of(ratings, 9, 0.9).Rating);

        // The next day the opponent is rated by then.
        Assert.True(ratings.TryAdd(Round(3, 1, (1, false), (2, true))));
        Assert.Equal(Glicko2.Rate(expected, [new(teacher.Rating, teacher.Deviation, 0)]), Of(ratings, 1, 1.5).Rating);
    }

    [Fact]
    public void Days_without_a_game_add_doubt_and_nothing_else()
    {
        var ratings = new PeriodRatings(Round(1, 0, (1, true)));
        var (today, tomorrow, later) = (Of(ratings, 1, 0.9), Of(ratings, 1, 1), Of(ratings, 1, 31));
        Assert.Equal((0, 0, 30), (today.Idle, tomorrow.Idle, later.Idle));
        Assert.Equal(today.Rating, tomorrow.Rating);
        Assert.Equal(Glicko2.Inactive(today.Rating, 30), later.Rating);
        Assert.True(later.Rating.Deviation > today.Rating.Deviation);

        // The doubt of that time is in the next game.
        Assert.True(ratings.TryAdd(Round(2, 31, (2, true))));
        Assert.Equal(30, Of(ratings, 1, 31).Idle);
        var teacher = Glicko2.Inactive(Of(new PeriodRatings(Round(1, 0, (1, true))), 9, 0.9).Rating, 30);
        Assert.Equal(Glicko2.Rate(GlickoRating.Start, [new(teacher.Rating, teacher.Deviation, 1)]), Of(ratings, 2, 31).Rating);
    }

    [Fact]
    public void The_order_and_the_number_of_tellings_do_not_matter_and_a_closed_day_says_so()
    {
        EndedRound[] rounds = [Round(1, 0, (1, true)), Round(2, 0.2, (1, false)), Round(3, 2, (2, true))];
        var one = new PeriodRatings(rounds);
        var other = new PeriodRatings([.. rounds.Reverse(), rounds[0]]);
        Assert.Equal(one.At(Day.AddDays(9)), other.At(Day.AddDays(9)));
        Assert.True(one.TryAdd(rounds[2]));
        Assert.Equal(one.At(Day.AddDays(9)), other.At(Day.AddDays(9)));
        Assert.False(one.TryAdd(rounds[0]));
    }

    [Fact]
    public void What_the_ladder_does_not_count_is_no_game()
    {
        var ratings = new PeriodRatings(Round(1, 0, (1, false)), Round(2, 0, (2, true)) with { Failure = "too-few-votes" });
        Assert.Empty(ratings.At(Day));
    }

    private static PeriodRating Of(PeriodRatings ratings, int agent, double days) => ratings.At(Day.AddDays(days)).Single(rating => rating.Account == Ended.Agent(agent));

    private static EndedRound Round(long id, double days, params (int Agent, bool Solved)[] students) => new()
    {
        Id = id,
        EndedAt = Day.AddDays(days),
        Difficulty = 100,
        Teacher = Ended.Agent(9),
        Students = [.. students.Select(student => new StudentResult(Ended.Agent(student.Agent), student.Solved))],
    };
}
