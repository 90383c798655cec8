using AgiJobs.Arena.Difficulty;
using AgiJobs.Arena.Tests.Scoreboard;
using AgiJobs.Control;

namespace AgiJobs.Arena.Tests.Difficulty;

public sealed class DifficultyControllerTests
{
    private static readonly DifficultySettings Settings = new() { TargetSuccessRateBps = 5_000, MaxStep = 100 };

    [Fact]
    public void Too_easy_becomes_harder_and_too_hard_easier()
    {
        var start = DifficultyState.Start("here", 500);
        Assert.True(DifficultyController.Apply(start, Settings, Ended.Round(1, "11111")).Difficulty > 500);
        Assert.True(DifficultyController.Apply(start, Settings, Ended.Round(1, "00000")).Difficulty < 500);
    }

    [Fact]
    public void A_round_on_the_target_changes_nothing()
    {
        var state = DifficultyController.Apply(DifficultyState.Start("here", 500), Settings, Ended.Round(1, "1100"));
        Assert.Equal(500, state.Difficulty);
    }

    [Fact]
    public void A_round_counts_once_and_one_that_came_to_nothing_steers_nothing()
    {
        var state = DifficultyController.Apply(DifficultyState.Start("here", 500), Settings, Ended.Round(1, "111"));
        Assert.Same(state, DifficultyController.Apply(state, Settings, Ended.Round(1, "000")));
        Assert.Equal(state.OutputMicro, DifficultyController.Apply(state, Settings, Ended.Round(2, "000", failure: "x")).OutputMicro);
        Assert.Equal(state.OutputMicro, DifficultyController.Apply(state, Settings, Ended.Round(3, "")).OutputMicro);
    }

    [Fact]
    public void No_step_is_above_that_of_the_contract_and_no_difficulty_out_of_bounds()
    {
        var settings = Settings with { MaxStep = 7, Proportional = 5_000 };
        var random = new Random(5);
        var state = DifficultyState.Start("here", 20);
        for (var id = 1; id < 400; id++)
        {
            var before = state.Difficulty;
            state = DifficultyController.Apply(state, settings, Ended.Round(id, id < 200 ? "00000" : random.Next(4) == 0 ? "00000" : "11111"));
            Assert.InRange(state.Difficulty - before, -7, 7);
            Assert.InRange(state.Difficulty, 0, 1000);
        }
    }

    [Fact]
    public void The_windup_of_the_upstream_controller_recovers_here()
    {
        // Target 600 s, gains .4 .05 .1, bounds .25 to 4: ten rounds of 5000 s, then six of 600 s. Upstream stays at .25 for all sixteen.
        var law = new ControlLaw(0.4m, 0.05m, 0.1m, 0.25m, 4, 4);
        var memory = new ControlMemory(1, 1);
        var outputs = new List<decimal>();
        var before = 600m;
        foreach (var seconds in (decimal[])[.. Enumerable.Repeat(5000m, 10), .. Enumerable.Repeat(600m, 6)])
        {
            memory = law.Step(memory, (600 - seconds) / 600, (before - seconds) / 600);
            before = seconds;
            outputs.Add(memory.Output);
        }

        Assert.All(outputs.Take(10), output => Assert.Equal(0.25m, output));
        Assert.All(outputs.Skip(10), output => Assert.True(output > 0.6m, $"{output}"));
    }

    [Fact]
    public void After_a_long_time_at_its_limit_it_leaves_it_at_once_when_the_error_turns()
    {
        var state = DifficultyState.Start("here", 300);
        for (var id = 1; id <= 200; id++)
        {
            state = DifficultyController.Apply(state, Settings, Ended.Round(id, "00000"));
        }

        Assert.Equal(0, state.Difficulty);
        for (var id = 201; id <= 206; id++)
        {
            state = DifficultyController.Apply(state, Settings, Ended.Round(id, "11111"));
        }

        Assert.True(state.Difficulty > 50, $"{state.Difficulty}");
    }

    [Theory]
    [InlineData(5_000, 350, 650)]
    [InlineData(6_500, 650, 300)]
    [InlineData(3_000, 200, 700)]
    public void It_finds_the_target_and_finds_it_again_after_a_jump_of_skill(int target, int skill, int laterSkill)
    {
        var settings = Settings with { TargetSuccessRateBps = target };
        var random = new Random(11);
        var state = DifficultyState.Start("here", 500);
        var rates = new List<double>();
        for (var id = 1; id <= 400; id++)
        {
            var level = id <= 200 ? skill : laterSkill;
            var chance = 1 / (1 + Math.Exp((state.Difficulty - level) / 60.0));
            rates.Add(chance);
            state = DifficultyController.Apply(state, settings, Ended.Round(id, string.Concat(Enumerable.Range(0, 5).Select(_ => random.NextDouble() < chance ? '1' : '0'))));
        }

        // Of true chances, not of luck: from twenty-five rounds after the start and after the jump on.
        Assert.InRange(rates[25..200].Average(), (target / 10_000.0) - 0.04, (target / 10_000.0) + 0.04);
        Assert.InRange(rates[225..].Average(), (target / 10_000.0) - 0.04, (target / 10_000.0) + 0.04);
        Assert.InRange(Spread(rates[25..200]), 0, 0.15);
    }

    [Fact]
    public void The_posterior_begins_at_the_target_and_is_pulled_by_evidence()
    {
        var prior = SuccessPosterior.Prior(6_500, 4);
        Assert.Equal(0.65m, prior.Mean);
        var posterior = prior.After(3, 3);
        Assert.Equal((2.6m + 3) / 7, posterior.Mean);
        Assert.True(posterior.Variance < prior.Variance);
    }

    [Fact]
    public void A_state_goes_on_after_a_restart_and_belongs_to_its_arena()
    {
        var state = DifficultyController.Apply(DifficultyState.Start("here", 500), Settings, Ended.Round(1, "111"));
        var read = DifficultyState.Decode(state.Encode(), "state", "here");
        Assert.Equal(state.Encode(), read.Encode());
        Assert.Equal(DifficultyController.Apply(state, Settings, Ended.Round(2, "101")).Encode(), DifficultyController.Apply(read, Settings, Ended.Round(2, "101")).Encode());
        Assert.Equal("difficulty-other-arena", Assert.Throws<ControlException>(() => DifficultyState.Decode(state.Encode(), "state", "there")).Code);
    }

    [Fact]
    public void The_next_difficulty_keeps_to_the_step_from_the_chains_last()
    {
        var state = DifficultyState.Start("here", 500);
        Assert.Equal(500, DifficultyController.Next(state, Settings, null));
        Assert.Equal(300, DifficultyController.Next(state, Settings, 200));
        Assert.Equal(800, DifficultyController.Next(state, Settings, 900));
    }

    [Theory]
    [InlineData(0, 100)]
    [InlineData(10_000, 100)]
    [InlineData(5_000, 0)]
    public void Settings_that_steer_nowhere_are_refused(int target, int step) => Assert.Equal("difficulty-settings", Assert.Throws<ControlException>(() =>
        DifficultyController.Apply(DifficultyState.Start("here", 500), new DifficultySettings { TargetSuccessRateBps = target, MaxStep = step }, Ended.Round(1, "1"))).Code);

    private static double Spread(List<double> values)
    {
        var mean = values.Average();
        return Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
    }
}
