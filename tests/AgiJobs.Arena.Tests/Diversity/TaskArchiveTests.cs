using AgiJobs.Arena.Diversity;
using AgiJobs.Arena.Tests.Scoreboard;

namespace AgiJobs.Arena.Tests.Diversity;

public sealed class TaskArchiveTests
{
    [Fact]
    public void The_best_of_each_cell_stays_and_of_equals_the_earlier_round()
    {
        var archive = new TaskArchive();
        archive.Apply(Ended.Round(2, "10"), new TeacherMerit(0, 0, 500_000));
        archive.Apply(Ended.Round(1, "10"), new TeacherMerit(0, 0, 500_000));
        archive.Apply(Ended.Round(3, "10"), new TeacherMerit(0, 0, 400_000));
        var elite = Assert.Single(archive.State().Elites);
        Assert.Equal((1L, 500_000L, 3), (elite.Round, elite.Fitness, elite.Visits));
        archive.Apply(Ended.Round(4, "10"), new TeacherMerit(0, 0, 900_000));
        Assert.Equal(4, Assert.Single(archive.State().Elites).Round);
    }

    [Fact]
    public void Novelty_falls_with_each_visit_and_a_round_counts_once()
    {
        var archive = new TaskArchive();
        Assert.Equal(2_000_000, archive.Apply(Ended.Round(1, "11"), default));
        Assert.Equal(1_000_000, archive.Apply(Ended.Round(2, "11"), default));
        Assert.Equal(0, archive.Apply(Ended.Round(2, "11"), default));
        Assert.Equal(333_333, archive.Novelty(new ArchiveCell("sums", TaskArchive.BandOf(500), "style0")));
        Assert.Equal(1_000_000, archive.Apply(Ended.Round(3, "10", family: "nets"), default));
        Assert.Equal(0, archive.Apply(Ended.Round(4, "00"), default));
        Assert.Equal(0, archive.Apply(Ended.Round(5, "11", failure: "x"), default));
    }

    [Fact]
    public void Its_figures_are_those_of_its_elites()
    {
        var archive = new TaskArchive();
        archive.Apply(Ended.Round(1, "10", difficulty: 0), new TeacherMerit(0, 0, 300_000));
        archive.Apply(Ended.Round(2, "11", difficulty: 1000), new TeacherMerit(0, 0, 700_000));
        var profile = archive.Profile(2);
        Assert.Equal((3, 1_700_000L, 700_000L, 1_000), (profile.Filled, profile.Score, profile.Best, profile.CoverageBps));
        Assert.Equal([700_000L, 700_000L, 300_000L], profile.Fitness);
    }

    [Fact]
    public void The_order_of_rounds_and_a_restart_do_not_matter()
    {
        var random = new Random(9);
        var rounds = Enumerable.Range(1, 80).Select(id => (Round: Ended.Round(id, $"{random.Next(2)}{random.Next(2)}1", family: $"f{random.Next(3)}", difficulty: random.Next(1001)), Merit: new TeacherMerit(0, 0, random.Next(4) * 250_000))).ToList();
        var whole = new TaskArchive();
        rounds.ForEach(one => whole.Apply(one.Round, one.Merit));
        var turned = new TaskArchive();
        foreach (var (round, merit) in rounds.AsEnumerable().Reverse().Take(40))
        {
            turned.Apply(round, merit);
        }

        turned = new TaskArchive(ArchiveState.Decode(turned.State().Encode(), "half"));
        rounds.ForEach(one => turned.Apply(one.Round, one.Merit));
        Assert.Equal(whole.State().Encode(), turned.State().Encode());
        Assert.Equal(whole.Profile(3).Score, turned.Profile(3).Score);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(100, 0)]
    [InlineData(101, 1)]
    [InlineData(1000, 9)]
    [InlineData(5000, 9)]
    public void Bands_divide_the_dial(int difficulty, int band) => Assert.Equal(band, TaskArchive.BandOf(difficulty));

    [Fact]
    public void The_teachers_reward_peaks_at_the_target_and_pays_nothing_for_the_unsolvable()
    {
        Assert.Equal(0, TeacherReward.Aim(0, 5, 5_000));
        Assert.Equal(1_000_000, TeacherReward.Aim(2, 4, 5_000));
        Assert.Equal(500_000, TeacherReward.Aim(4, 4, 5_000));
        Assert.Equal(833_300, TeacherReward.Aim(1, 3, 5_000));
        foreach (var target in (int[])[3_000, 5_000, 6_500])
        {
            var aims = Enumerable.Range(1, 20).Select(solved => TeacherReward.Aim(solved, 20, target)).ToList();
            var peak = aims.IndexOf(aims.Max()) + 1;
            Assert.Equal(target * 20 / 10_000, peak);
            Assert.Equal(aims.Take(peak), aims.Take(peak).Order());
            Assert.Equal(aims.Skip(peak), aims.Skip(peak).OrderDescending());
        }
    }

    [Fact]
    public void Repetition_is_worth_less_and_the_same_task_nothing()
    {
        var before = Ended.Round(1, "10");
        var again = Ended.Round(2, "10");
        Assert.Equal(1_000_000, TeacherReward.Judge(again, 5_000, []).MeritMicro);
        Assert.Equal(500_000, TeacherReward.Judge(again, 5_000, [before, again]).MeritMicro);
        Assert.Equal(0, TeacherReward.Judge(again with { Task = before.Task }, 5_000, [before]).MeritMicro);
        Assert.Equal(1_000_000, TeacherReward.Judge(again, 5_000, [before with { Family = "nets" }, Ended.Round(3, "10", teacher: 101)]).MeritMicro);
        Assert.Equal(0, TeacherReward.Judge(Ended.Round(4, "00"), 5_000, []).MeritMicro);
    }

    [Fact]
    public void The_search_fills_a_known_grid_the_same_way_each_time()
    {
        var first = new MapElites<Plane>(default, 1);
        first.Run(50_000);
        var second = new MapElites<Plane>(default, 1);
        second.Run(20_000);
        second.Run(30_000);
        Assert.Equal(first.Grid.Score, second.Grid.Score);
        Assert.Equal(100, first.Grid.Filled);
        // The best of a cell is its corner nearest to (1, 1): all of them are nearly found.
        Assert.InRange(first.Grid.Score, 108_000_000, 110_000_000);
        Assert.Equal(Enumerable.Range(0, 100).Sum(first.Grid.Fitness), first.Grid.Score);
        var other = new MapElites<Plane>(default, 2);
        other.Run(50_000);
        Assert.NotEqual(first.Grid.Score, other.Grid.Score);
    }

    private readonly struct Plane : IEliteDomain
    {
        public int Genes => 2;

        public int Cells => 100;

        public long Evaluate(ReadOnlySpan<double> genes, out int cell)
        {
            cell = (Math.Min(9, (int)(genes[0] * 10)) * 10) + Math.Min(9, (int)(genes[1] * 10));
            return (long)((genes[0] + genes[1]) * 1_000_000);
        }
    }
}
