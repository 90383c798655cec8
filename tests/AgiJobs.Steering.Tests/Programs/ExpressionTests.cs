using AgiJobs.Steering.Programs;

namespace AgiJobs.Steering.Tests.Programs;

public sealed class ExpressionTests
{
    private static readonly string[] Features = ["depth", "gap", "left"];

    [Theory]
    [InlineData("depth", 7)]
    [InlineData("-3", -3)]
    [InlineData("(+ depth (* 3 gap))", 22)]
    [InlineData("(- depth gap)", 2)]
    [InlineData("(/ depth left)", 0)]
    [InlineData("(/ depth 2)", 3)]
    [InlineData("(min depth gap)", 5)]
    [InlineData("(max depth gap)", 7)]
    [InlineData("(if left 1 2)", 2)]
    [InlineData("(if depth 1 2)", 1)]
    [InlineData("(* 2000000000 2000000000)", Expression.Limit)]
    [InlineData("(* (- 0 2000000000) 2000000000)", -Expression.Limit)]
    public void An_expression_is_read_written_and_evaluated(string text, long value)
    {
        var expression = Expression.Parse(text, Features)!;
        Assert.Equal(text, expression.Text(Features));
        Assert.Equal(value, expression.Evaluate([7, 5, 0]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("width")]
    [InlineData("(+ depth)")]
    [InlineData("(+ depth gap left)")]
    [InlineData("(% depth gap)")]
    [InlineData("(+ depth gap")]
    [InlineData("depth gap")]
    [InlineData("9999999999999999999999")]
    [InlineData("4000000000")]
    public void What_is_no_expression_is_refused(string text) => Assert.Null(Expression.Parse(text, Features));

    [Fact]
    public void What_is_too_large_or_too_deep_is_refused()
    {
        Assert.Null(Expression.Parse(string.Concat(Enumerable.Repeat("(+ 1 ", 30)) + "1" + new string(')', 30), Features));
        Assert.Null(Expression.Parse(new string('(', 100_000), Features));
    }

    [Fact]
    public void Any_node_can_be_taken_and_replaced()
    {
        var expression = Expression.Parse("(if depth (+ gap 1) (- left 2))", Features)!;
        string[] nodes = ["(if depth (+ gap 1) (- left 2))", "depth", "(+ gap 1)", "gap", "1", "(- left 2)", "left", "2"];
        Assert.Equal(nodes.Length, expression.Nodes);
        for (var node = 0; node < nodes.Length; node++)
        {
            Assert.Equal(nodes[node], expression.At(node).Text(Features));
            var changed = expression.With(node, Expression.Number(9));
            Assert.Equal("9", changed.At(node).Text(Features));
            Assert.Equal(expression.Nodes - expression.At(node).Nodes + 1, changed.Nodes);
        }
    }
}
