using AgiJobs.Steering.Programs;

namespace AgiJobs.Steering.Tests.Programs;

public sealed class BreedingTests
{
    [Fact]
    public void A_long_line_of_descendants_stays_within_the_bounds_and_reads_back_as_it_is()
    {
        var (agent, other) = (AgentProgram.Root, AgentProgram.Root);
        for (var seed = 0UL; seed < 3000; seed++)
        {
            if (Breeding.Child(agent, other, seed) is not { } child)
                continue;
            Assert.NotEqual(agent.Text, child.Text);
            Assert.True(AgentProgram.TryParse(child.Text, out var read));
            Assert.Equal(child.Text, read.Text);
            (agent, other) = (child, seed % 7 == 0 ? agent : other);
        }

        Assert.NotEqual(AgentProgram.Root.Editor, agent.Editor);
    }

    [Fact]
    public void A_child_follows_from_parent_mate_and_seed() =>
        Assert.All(Enumerable.Range(0, 50), seed => Assert.Equal(Breeding.Child(AgentProgram.Root, null, (ulong)seed)?.Text, Breeding.Child(AgentProgram.Root, null, (ulong)seed)?.Text));

    [Fact]
    public void Most_of_a_parent_is_inherited_and_parts_of_the_mate_are_taken()
    {
        Assert.True(AgentProgram.TryParse(Samples.Good, out var good));
        var inherited = 0;
        var taken = 0;
        for (var seed = 0UL; seed < 200; seed++)
        {
            var child = Breeding.Child(good, null, seed)!;
            inherited += child.Likings.Zip(good.Likings).Count(pair => pair.First == pair.Second || string.Equals(pair.First.Text(Samples.Names), pair.Second.Text(Samples.Names), StringComparison.Ordinal));
            taken += Breeding.Child(AgentProgram.Root, good, seed)!.Text.Contains("saturation", StringComparison.Ordinal) ? 1 : 0;
        }

        Assert.True(inherited > 600, $"{inherited} of 1000");
        Assert.True(taken > 10, $"{taken} of 200");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("agent 2")]
    [InlineData("agent 1\neditor 2 25 30 4")]
    public void What_is_no_program_is_refused(string? text) => Assert.False(AgentProgram.TryParse(text, out _));

    [Theory]
    [InlineData("editor 2 25 30 4", "editor 9 25 30 4")]
    [InlineData("editor 2 25 30 4", "editor 2 25 30")]
    [InlineData("editor 2 25 30 4", "editor 2 25 30 0")]
    [InlineData("string-rewriting", "string-rewritings")]
    public void A_program_with_one_wrong_line_is_refused(string right, string wrong) =>
        Assert.False(AgentProgram.TryParse(AgentProgram.Root.Text.Replace(right, wrong, StringComparison.Ordinal), out _));
}

internal static class Samples
{
    // What people know about these searches.
    public const string Good = """
        agent 1
        editor 2 25 30 4
        arithmetic-target (- (* 1000 depth) nearest)
        graph-colouring (+ (* 1000 saturation) (+ (* 100 depth) degree))
        integer-sequences (- 0 (+ error (* 8 (+ order strands))))
        sorting-networks (- 0 (+ (* 4 distinct) misplaced))
        string-rewriting (- 0 (+ mismatches (+ letters depth)))
        """;

    public static string[] Names { get; } = [.. Enumerable.Range(0, 32).Select(index => $"f{index}")];
}
