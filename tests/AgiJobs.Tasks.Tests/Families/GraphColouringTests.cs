namespace AgiJobs.Tasks.Tests.Families;

public sealed class GraphColouringTests
{
    private static readonly TaskStatement Path = new("graph-colouring", 0, """{"colours":3,"edges":[[0,1],[1,2],[2,3]],"vertices":5}""");

    [Theory]
    [InlineData("01010", "right")]
    [InlineData("01201", "right")]
    [InlineData("00120", "wrong")]
    [InlineData("0101", "malformed")]
    [InlineData("010100", "malformed")]
    [InlineData("01030", "malformed")]
    [InlineData("0101٠", "malformed")]
    public void A_colouring_is_judged(string answer, string code) => Assert.Equal(code, TaskFamilies.Judge(Path, answer).Code);

    [Theory]
    [InlineData("01010", "sparing")]
    [InlineData("01202", "balanced")]
    [InlineData("02010", "uneven")]
    public void The_sizes_of_the_classes_are_the_style(string answer, string style) => Assert.Equal(style, TaskFamilies.Find("graph-colouring")!.StyleOf(Path, answer));

    [Fact]
    public void The_least_free_colours_in_order_are_greedy() =>
        Assert.Equal("greedy", TaskFamilies.Find("graph-colouring")!.StyleOf(new TaskStatement("graph-colouring", 0, """{"colours":3,"edges":[[0,1],[0,2],[1,2]],"vertices":4}"""), "0120"));

    [Theory]
    [InlineData("""{"colours":3,"edges":[[0,1],[0,1]],"vertices":5}""", "task-malformed")]
    [InlineData("""{"colours":3,"edges":[[1,2],[0,1]],"vertices":5}""", "task-malformed")]
    [InlineData("""{"colours":3,"edges":[[1,1]],"vertices":5}""", "task-out-of-bounds")]
    [InlineData("""{"colours":3,"edges":[[1,0]],"vertices":5}""", "task-out-of-bounds")]
    [InlineData("""{"colours":3,"edges":[[0,5]],"vertices":5}""", "task-out-of-bounds")]
    [InlineData("""{"colours":1,"edges":[[0,1]],"vertices":5}""", "task-out-of-bounds")]
    [InlineData("""{"colours":9,"edges":[[0,1]],"vertices":5}""", "task-out-of-bounds")]
    [InlineData("""{"colours":3,"edges":[[0,1]],"vertices":129}""", "task-out-of-bounds")]
    [InlineData("""{"colours":3,"edges":[],"vertices":5}""", "task-malformed")]
    public void Bodies_beyond_the_limits_are_no_tasks(string body, string code) => Assert.Equal(code, TaskFamilies.Validate(new TaskStatement("graph-colouring", 0, body))!.Code);
}
