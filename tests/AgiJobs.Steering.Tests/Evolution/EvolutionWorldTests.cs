using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Tests.Programs;

namespace AgiJobs.Steering.Tests.Evolution;

public sealed class EvolutionWorldTests
{
    private static readonly RunSettings Settings = new() { Seed = 3, Tasks = 20, Evaluations = 120, Concurrency = 5 };

    [Fact]
    public async Task A_run_comes_to_the_same_bytes_for_any_number_of_workers_and_to_others_for_another_seed()
    {
        var alone = await DriveAsync(Settings, 1);
        Assert.Equal(alone, await DriveAsync(Settings, 4));
        Assert.NotEqual(alone, await DriveAsync(Settings with { Seed = 4 }, 1));
    }

    [Fact]
    public async Task An_artifact_that_is_no_program_gives_no_verdict_and_no_child()
    {
        var store = new MemoryRunStore();
        var world = EvolutionWorld.For(Settings, store);
        var tried = await world.EvaluateAsync(new EvaluationWork("run", 0, 1, 0, "rm -rf", 0, Amount.Zero), default);
        Assert.Equal((null, "the agent is no program"), (tried.Passed, tried.Fault));
        Assert.Equal("the parent is no program", (await world.ExpandAsync(new ExpansionWork("run", 0, 1, 0, null, Amount.Zero), default)).Fault);
    }

    [Fact]
    public async Task A_mate_is_never_one_that_came_after_the_start_and_never_the_parent()
    {
        RunEvent[] events =
        [
            EvolutionWorld.Begin(Settings), new ExpansionStarted(0, 0, Amount.Zero), new AgentAdded(0, "child", Amount.Zero),
            new EvaluationStarted(1, 1, 0, true, Amount.Zero), new EvaluationRecorded(1, true, Amount.Zero, Amount.Zero),
            new ExpansionStarted(2, 0, Amount.Zero), new ExpansionStarted(3, 1, Amount.Zero), new AgentAdded(2, "late", Amount.Zero),
        ];
        var store = new MemoryRunStore();
        await store.AppendAsync("run", 0, events, default);
        var archive = new RunArchive(store);
        var (before, after) = (await archive.BeforeAsync("run", 0, default), await archive.BeforeAsync("run", 3, default));
        for (var seed = 0UL; seed < 40; seed++)
        {
            Assert.Null(before.Mate(0, seed));
            Assert.Equal("child", after.Mate(0, seed));
            Assert.Equal(EvolutionWorld.RootArtifact, after.Mate(1, seed));
        }
    }

    [Fact]
    public void Held_out_tasks_are_others_of_the_same_kinds()
    {
        var (tasks, heldOut) = (TaskSet.Of(9, 60), TaskSet.HeldOut(9, 60));
        for (var task = 0; task < 60; task++)
            Assert.Equal((tasks[task].Family, tasks[task].Difficulty), (heldOut[task].Family, heldOut[task].Difficulty));
        Assert.Empty(Enumerable.Range(0, 60).Select(task => tasks[task].Text).Intersect(Enumerable.Range(0, 60).Select(task => heldOut[task].Text), StringComparer.Ordinal));
        var difficulties = Enumerable.Range(0, 60).Select(task => tasks[task].Difficulty).ToArray();
        Assert.Equal((0, 1000), (difficulties.Min(), difficulties.Max()));
        Assert.All(Enumerable.Range(0, 60).GroupBy(task => tasks[task].Family, StringComparer.Ordinal), family => Assert.Equal(12, family.Count()));

        // The first are no easier than the last.
        Assert.InRange(difficulties.Take(30).Average(), 350, 650);
    }

    [Fact]
    public async Task A_run_costs_what_its_steps_cost_and_is_worth_what_it_solved()
    {
        var store = new MemoryRunStore();
        var state = await new RunDriver(store, EvolutionWorld.For(Settings, store), 2).DriveAsync("run", EvolutionWorld.Begin(Settings), default);
        var events = await store.ReadAsync("run", 0, default);
        Assert.Equal(events.OfType<EvaluationRecorded>().Count(result => result.Passed), (int)decimal.Parse(state.Ledger.Run.Value.ToString(), System.Globalization.CultureInfo.InvariantCulture));
        Assert.All(events.OfType<EvaluationRecorded>(), result => Assert.True(result.Cost <= EvolutionWorld.EvaluationReserve));
        Assert.Equal(Amount.OfAtoms(EvolutionWorld.ExpansionCost.Atoms * events.Count(happened => happened is AgentAdded or ExpansionFailed)), state.ExpansionCost);
    }

    [Fact]
    public void What_people_know_solves_clearly_more_than_the_root_does()
    {
        var tasks = TaskSet.Of(1, 60);
        var (root, good) = (EvolutionWorld.Accuracy(EvolutionWorld.RootArtifact, tasks), EvolutionWorld.Accuracy(Samples.Good, tasks));
        Assert.True(root > 0.1 && good > root + 0.2, $"{root} {good}");
    }

    private static async Task<IReadOnlyList<string>> DriveAsync(RunSettings settings, int workers)
    {
        var store = new MemoryRunStore();
        await new RunDriver(store, EvolutionWorld.For(settings, store), workers).DriveAsync("run", EvolutionWorld.Begin(settings), default);
        return [.. store.Bytes("run").Select(bytes => System.Text.Encoding.UTF8.GetString(bytes))];
    }
}
