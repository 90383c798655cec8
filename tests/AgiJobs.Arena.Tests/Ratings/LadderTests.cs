using AgiJobs.Arena.Ratings;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Arena.Tests.Scoreboard;
using AgiJobs.Control;

namespace AgiJobs.Arena.Tests.Ratings;

public sealed class LadderTests
{
    [Fact]
    public void A_round_with_one_student_is_a_game_of_openskill()
    {
        var state = Ladder.Apply(LadderState.Empty, Ended.Round(1, "1"));
        var game = WengLin.Rate([[Skill.Start], [Skill.Start]], [1, 0]);
        Assert.Equal(LadderPlayer.Micro(game[0][0].Mu), Player(state, 100).Mu);
        Assert.Equal(LadderPlayer.Micro(game[1][0].Mu), Player(state, 1).Mu);
        Assert.Equal(LadderPlayer.Micro(game[1][0].Sigma), Player(state, 1).Sigma);
    }

    [Fact]
    public void Many_students_do_not_count_the_teacher_many_times()
    {
        var one = Player(Ladder.Apply(LadderState.Empty, Ended.Round(1, "1")), 100);
        var many = Player(Ladder.Apply(LadderState.Empty, Ended.Round(1, "11111111")), 100);
        Assert.Equal(one.Mu, many.Mu);
        Assert.Equal(one.Sigma, many.Sigma);
    }

    [Fact]
    public void Who_solves_rises_and_who_does_not_falls()
    {
        var state = Ladder.Apply(LadderState.Empty, Ended.Round(1, "10"));
        Assert.True(Player(state, 1).Mu > 25_000_000);
        Assert.True(Player(state, 2).Mu < 25_000_000);
        Assert.Equal(25_000_000, Player(state, 100).Mu);
        Assert.DoesNotContain(state.Players, player => player.Account == Ended.Agent(201));
        Assert.Equal(Ended.Agent(1), Ladder.Ranking(state)[0].Account);
    }

    [Fact]
    public void A_task_that_nobody_solved_counts_only_when_it_can_be_solved()
    {
        var unproven = Ladder.Apply(LadderState.Empty, Ended.Round(1, "000"));
        Assert.Empty(unproven.Players);
        Assert.True(unproven.Applied.Contains(1));
        var proven = Ladder.Apply(LadderState.Empty, Ended.Round(1, "000") with { IsProven = true });
        Assert.True(Player(proven, 100).Mu > 25_000_000);
    }

    [Fact]
    public void A_round_counts_once_and_one_that_came_to_nothing_moves_nobody()
    {
        var state = Ladder.Apply(LadderState.Empty, Ended.Round(2, "10"));
        Assert.Same(state, Ladder.Apply(state, Ended.Round(2, "01")));
        Assert.Equal(state.Players, Ladder.Apply(state, Ended.Round(3, "01", failure: "task-missing")).Players);
    }

    [Fact]
    public void The_order_of_students_does_not_matter()
    {
        var round = Ended.Round(1, "1011010");
        var turned = round with { Students = [.. round.Students.Reverse()] };
        Assert.Equal(Ladder.Apply(LadderState.Empty, round).Encode(), Ladder.Apply(LadderState.Empty, turned).Encode());
    }

    [Fact]
    public void A_replay_gives_the_same_bytes_from_any_point_on()
    {
        var random = new Random(3);
        var rounds = Enumerable.Range(1, 60).Select(id => Ended.Round(id, string.Concat(Enumerable.Range(0, 5).Select(_ => random.Next(2))), 100 + (id % 3))).ToList();
        var whole = rounds.Aggregate(LadderState.Empty, Ladder.Apply).Encode();
        var half = LadderState.Decode(rounds.Take(30).Aggregate(LadderState.Empty, Ladder.Apply).Encode(), "half");
        Assert.Equal(whole, rounds.Aggregate(half, Ladder.Apply).Encode());
        Assert.Equal([new RoundRange(1, 60)], LadderState.Decode(whole, "whole").Applied.Ranges);
    }

    [Fact]
    public void A_teacher_among_its_students_is_refused()
    {
        var problem = Assert.Throws<ControlException>(() => Ladder.Apply(LadderState.Empty, Ended.Round(1, "1", teacher: 1)));
        Assert.Equal("ladder-round", problem.Code);
    }

    [Fact]
    public void A_state_of_another_version_is_refused()
    {
        var text = System.Text.Encoding.UTF8.GetString(LadderState.Empty.Encode()).Replace("\"version\": 1", "\"version\": 2", StringComparison.Ordinal);
        Assert.Equal("state-version", Assert.Throws<ControlException>(() => LadderState.Decode(System.Text.Encoding.UTF8.GetBytes(text), "ladder")).Code);
        Assert.Equal("file-format", Assert.Throws<ControlException>(() => LadderState.Decode("{"u8, "ladder")).Code);
    }

    private static LadderPlayer Player(LadderState state, int number) => Assert.Single(state.Players, player => player.Account == Ended.Agent(number));
}
