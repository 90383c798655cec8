using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Programs;
using AgiJobs.Steering.Searches;
using AgiJobs.Steering.Tests.Programs;
using AgiJobs.Tasks;

namespace AgiJobs.Steering.Tests.Searches;

public sealed class SearchSpaceTests
{
    [Fact]
    public void The_families_are_those_of_the_arena() => Assert.Equal(TaskFamilies.All.Select(family => family.Name), SearchSpace.Families);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void In_every_family_what_people_know_solves_more_than_the_root_and_no_answer_is_malformed(int family)
    {
        Assert.True(AgentProgram.TryParse(Samples.Good, out var good));
        var (byRoot, byGood) = (0, 0);
        for (var task = 0; task < 24; task++)
        {
            var statement = TaskFamilies.All[family].Generate(25 * task, (ulong)task).Statement;
            byRoot += Solves(AgentProgram.Root, statement);
            byGood += Solves(good, statement);
        }

        Assert.True(byGood > byRoot, $"{SearchSpace.Families[family]}: {byGood} and {byRoot} of 24");
    }

    [Fact]
    public void Any_program_ends_within_the_step_limit_and_answers_in_the_familys_form()
    {
        var agent = AgentProgram.Root;
        for (var seed = 0UL; seed < 60; seed++)
        {
            agent = Breeding.Child(agent, null, seed) ?? agent;
            Solves(agent, TaskSet.Of(seed, 25)[(int)(seed % 25)]);
        }
    }

    private static int Solves(AgentProgram program, TaskStatement statement)
    {
        var (answer, steps) = SearchSpace.Solve(program, statement);
        Assert.InRange(steps, 0, SearchSpace.StepLimit);
        if (answer is null)
            return 0;
        var judgement = TaskFamilies.Judge(statement, answer);
        Assert.NotEqual("malformed", judgement.Code);

        // A recurrence may explain all terms and not be the teacher's.
        Assert.True(judgement.IsRight || statement.Family is "integer-sequences", judgement.Message);
        return judgement.IsRight ? 1 : 0;
    }
}
