using AgiJobs.Hgm;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Guardrails;
using AgiJobs.Steering.Utility;

namespace AgiJobs.Steering.Tests.Utility;

public class RunUtilityTests
{
    private static async Task<RunState> RunAsync(int evaluations)
    {
        var store = new MemoryRunStore();
        var settings = EvolutionStudy.Run with { Evaluations = evaluations };
        return await new RunDriver(store, EvolutionWorld.For(settings, store), 1).DriveAsync("one", EvolutionWorld.Begin(settings), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_run_that_did_nothing_has_no_uplift_and_misses_its_guardrail()
    {
        var utility = RunUtility.Of(await RunAsync(0), 100, 0m, TestContext.Current.CancellationToken);

        Assert.Equal((0, 0m, 0m, (long?)null), (utility.Agent, utility.Reading.Uplift, utility.Reading.LatencyDelta, utility.PaysBackAfter));
        Assert.Equal(["utility-uplift"], utility.GuardrailsOf("one").Where(guardrail => guardrail.Verdict == GuardrailVerdict.Missed).Select(guardrail => guardrail.Name));
    }

    [Fact]
    public async Task An_uplift_that_a_few_jobs_cannot_tell_from_chance_is_unknown_and_one_that_many_can_is_held()
    {
        var run = await RunAsync(800);

        var many = RunUtility.Of(run, 2000, 0m, TestContext.Current.CancellationToken);

        Assert.True(many.Reading.Uplift > 0.05m, $"{many.Reading.Uplift}");
        Assert.Equal(GuardrailVerdict.Held, many.GuardrailsOf("one")[0].Verdict);
        var few = many with { UpliftError = (double)(many.Reading.Uplift - 0.05m) };
        Assert.Equal(GuardrailVerdict.Unknown, few.GuardrailsOf("one")[0].Verdict);
        Assert.True(many.PaysBackAfter > 0);
        Assert.Equal(many.Solved.Now, (int)many.Reading.Value);
    }

    [Fact]
    public async Task The_same_run_is_measured_the_same_twice()
    {
        var run = await RunAsync(60);

        Assert.Equal(RunUtility.Of(run, 100, 0.05m, TestContext.Current.CancellationToken), RunUtility.Of(run, 100, 0.05m, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Agents_of_another_world_cannot_be_measured()
    {
        var state = RunState.Fold([new RunStarted(new RunSettings(), "prompt: be good")]);

        Assert.Equal("no-program", Assert.Throws<HgmException>(() => RunUtility.Of(state, 100, 0m, TestContext.Current.CancellationToken)).Code);
        Assert.Equal("jobs-range", Assert.Throws<HgmException>(() => RunUtility.Of(state, 10, 0m, TestContext.Current.CancellationToken)).Code);
    }
}
