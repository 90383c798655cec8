namespace AgiJobs.Tasks.Tests.Families;

public sealed class ArithmeticTargetTests
{
    [Theory]
    [InlineData("5*5-1", 24, "right")]
    [InlineData("(5-1)*5+4", 24, "right")]
    [InlineData("5-1-4", 0, "right")]
    [InlineData("5-(1-4)", 8, "right")]
    [InlineData("5*4/5", 4, "right")]
    [InlineData("5/(1-(5-4))", 0, "wrong", "Something is divided by zero.")]
    [InlineData("5/4*4", 5, "wrong", "5 / 4 is not an integer.")]
    [InlineData("5+5+5", 15, "wrong", "5 is not given, or not given so often.")]
    [InlineData("24", 24, "wrong", "24 is not given, or not given so often.")]
    [InlineData("5+4", 24, "wrong", "The expression is 9, not 24.")]
    [InlineData("(1-5)/(5-4)", -4, "right")]
    [InlineData("((((((((((((((((5))))))))))))))))", 5, "right")]
    [InlineData("(((((((((((((((((5)))))))))))))))))", 5, "malformed")]
    [InlineData("", 5, "malformed")]
    [InlineData("5 ", 5, "malformed")]
    [InlineData("05", 5, "malformed")]
    [InlineData("(5", 5, "malformed")]
    [InlineData("5)", 5, "malformed")]
    [InlineData("5**1", 5, "malformed")]
    [InlineData("-5", -5, "malformed")]
    [InlineData("5x1", 5, "malformed")]
    [InlineData("5*1.0", 5, "malformed")]
    public void An_expression_is_judged_exactly(string answer, long target, string code, string? message = null)
    {
        var judgement = TaskFamilies.Judge(new TaskStatement("arithmetic-target", 0, $"{{\"numbers\":[5,1,5,4],\"target\":{target}}}"), answer);
        Assert.Equal(code, judgement.Code);
        if (message is not null)
            Assert.Equal(message, judgement.Message);
    }

    [Fact]
    public void What_leaves_the_exact_integers_is_wrong()
    {
        var statement = new TaskStatement("arithmetic-target", 0, """{"numbers":[1000000,1000000,1000000],"target":1}""");
        Assert.Equal("1000000000000 * 1000000 is beyond 9007199254740991.", TaskFamilies.Judge(statement, "1000000*1000000*1000000").Message);
    }

    [Theory]
    [InlineData("5+5+4+1", 15, "additive")]
    [InlineData("5*5-1", 24, "chain")]
    [InlineData("(5-1)*(5+4)", 36, "balanced")]
    [InlineData("5/5", 1, "division")]
    public void The_shape_of_the_expression_is_its_style(string answer, long target, string style) =>
        Assert.Equal(style, TaskFamilies.Find("arithmetic-target")!.StyleOf(new TaskStatement("arithmetic-target", 0, $"{{\"numbers\":[5,1,5,4],\"target\":{target}}}"), answer));

    [Theory]
    [InlineData("""{"numbers":[],"target":1}""", "task-malformed")]
    [InlineData("""{"numbers":[0],"target":1}""", "task-out-of-bounds")]
    [InlineData("""{"numbers":[1000001],"target":1}""", "task-out-of-bounds")]
    [InlineData("""{"numbers":[1,1,1,1,1,1,1,1,1,1,1],"target":1}""", "task-too-large")]
    [InlineData("""{"target":1,"numbers":[1]}""", "task-malformed")]
    public void Bodies_beyond_the_limits_are_no_tasks(string body, string code) => Assert.Equal(code, TaskFamilies.Validate(new TaskStatement("arithmetic-target", 0, body))!.Code);
}
