using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Tasks.Tests;

public sealed class TaskStatementTests
{
    private const string Good = """{"body":{"colours":2,"edges":[[0,1]],"vertices":2},"difficulty":7,"family":"graph-colouring","version":1}""";

    [Fact]
    public void The_digest_is_the_SHA_256_of_the_text()
    {
        var statement = TaskStatement.Parse(Encoding.UTF8.GetBytes(Good));
        Assert.Equal(Good, statement.Text);
        Assert.Equal(("graph-colouring", 7, """{"colours":2,"edges":[[0,1]],"vertices":2}"""), (statement.Family, statement.Difficulty, statement.Body));
        // Computed with sha256sum.
        Assert.Equal("c61c23b26fe71fd5ebf685c8730354c53fcec5e0611e33ceb9a91133fa9040c7", Convert.ToHexStringLower(statement.Digest()));
    }

    [Theory]
    [InlineData("""{"body":{},"difficulty":0,"family":"x","version":1}""")]
    [InlineData("""{"body":{"A":0,"a":[],"b":[-1,[{}],""],"c1":"\u001f\n\"\\/é😀"},"difficulty":1000,"family":"a-1","version":1}""")]
    [InlineData("""{"body":{"a":9007199254740991,"b":-9007199254740991},"difficulty":1,"family":"x","version":1}""")]
    public void Canonical_bytes_are_read_whatever_the_family(string text) => Assert.Equal(text, TaskStatement.Parse(Encoding.UTF8.GetBytes(text)).Text);

    [Theory]
    [InlineData("", "task-malformed")]
    [InlineData("null", "task-malformed")]
    [InlineData("""{"body":{},"difficulty":0,"family":"x","version":1} """, "task-malformed")]
    [InlineData("""{ "body":{},"difficulty":0,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"difficulty":0,"body":{},"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{},"difficulty":0,"extra":1,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{},"body":{},"difficulty":0,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":[],"difficulty":0,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{},"difficulty":0,"family":"x","version":2}""", "task-malformed")]
    [InlineData("""{"body":{},"difficulty":0,"family":"X","version":1}""", "task-malformed")]
    [InlineData("""{"body":{},"difficulty":0,"family":"","version":1}""", "task-malformed")]
    [InlineData("""{"body":{},"difficulty":0,"family":"-x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{},"difficulty":1001,"family":"x","version":1}""", "task-out-of-bounds")]
    [InlineData("""{"body":{},"difficulty":-1,"family":"x","version":1}""", "task-out-of-bounds")]
    [InlineData("""{"body":{},"difficulty":"7","family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{},"difficulty":7.0,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{},"difficulty":7e0,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{},"difficulty":07,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{},"difficulty":-0,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{},"difficulty":+7,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{},"difficulty":99999999999999999999999,"family":"x","version":1}""", "task-out-of-bounds")]
    [InlineData("""{"body":{"a":9007199254740992},"difficulty":0,"family":"x","version":1}""", "task-out-of-bounds")]
    [InlineData("""{"body":{"a":NaN},"difficulty":0,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{"a":true},"difficulty":0,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{"a":null},"difficulty":0,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{"b":1,"a":1},"difficulty":0,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{"a":1,"a":1},"difficulty":0,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{"a":{"c":1,"B":1}},"difficulty":0,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{"é":1},"difficulty":0,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{"a":[1,]},"difficulty":0,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{"a":"\u0041"},"difficulty":0,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{"a":"\u000a"},"difficulty":0,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{"a":"\u001F"},"difficulty":0,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{"a":"\/"},"difficulty":0,"family":"x","version":1}""", "task-malformed")]
    [InlineData("""{"body":{"a":"\ud800"},"difficulty":0,"family":"x","version":1}""", "task-malformed")]
    [InlineData("{\"body\":{\"a\":\"\n\"},\"difficulty\":0,\"family\":\"x\",\"version\":1}", "task-malformed")]
    [InlineData("{\"body\":{\"a\":\"\0\"},\"difficulty\":0,\"family\":\"x\",\"version\":1}", "task-malformed")]
    [InlineData("""{"body":{"a":"open""", "task-malformed")]
    [InlineData("""{"body":{"a":[[[[[[[[1]]]]]]]]},"difficulty":0,"family":"x","version":1}""", "task-too-large")]
    [InlineData("""{"body":{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":1},"difficulty":0,"family":"x","version":1}""", "task-too-large")]
    public void Anything_else_is_refused_with_its_code(string text, string code) => Assert.Equal(code, FaultOf(Encoding.UTF8.GetBytes(text)).Code);

    [Fact]
    public void Bytes_that_are_no_UTF_8_are_refused()
    {
        foreach (var bad in new byte[][] { [0x80], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80] })
            Assert.Equal("task-malformed", FaultOf([.. "{\"body\":{\"a\":\""u8, .. bad, .. "\"},\"difficulty\":0,\"family\":\"x\",\"version\":1}"u8]).Code);
        Assert.Equal("task-malformed", FaultOf([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Good)]).Code);
    }

    [Fact]
    public void Bytes_beyond_the_limit_are_not_even_read()
    {
        Assert.Equal("task-too-large", FaultOf(new byte[TaskStatement.MaxBytes + 1]).Code);
        Assert.Equal("task-malformed", FaultOf(new byte[TaskStatement.MaxBytes]).Code);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{\"a\":")]
    [InlineData("\"\\")]
    public void Endless_nesting_is_a_fault_and_no_crash(string opening)
    {
        var text = "{\"body\":{\"a\":" + string.Concat(Enumerable.Repeat(opening, 3_000));
        Assert.StartsWith("task-", FaultOf(Encoding.UTF8.GetBytes(text)).Code, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_throws_the_fault()
    {
        var thrown = Assert.Throws<TaskFaultException>(() => TaskStatement.Parse("{}"u8));
        Assert.Equal("task-malformed", thrown.Fault.Code);
        Assert.Equal("At character 0 stands `{` instead of `{\"body\":`.", thrown.Message);
    }

    [Fact]
    public void Any_bytes_are_a_statement_with_these_bytes_or_a_fault() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes => IsOrderly(bytes ?? [])));

    [Fact]
    public void A_good_statement_with_bytes_changed_or_cut_is_one_with_these_bytes_or_a_fault()
    {
        var good = Encoding.UTF8.GetBytes(Good);
        var changed =
            from at in Gen.Choose(0, good.Length - 1)
            from to in Gen.Choose(0, 255)
            from cut in Gen.Choose(0, good.Length)
            select (at, to, cut);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(5000), Prop.ForAll(changed.ToArbitrary(), change =>
        {
            var bytes = (byte[])good.Clone();
            bytes[change.at] = (byte)change.to;
            return IsOrderly(bytes) && IsOrderly(bytes.AsSpan(0, change.cut));
        }));
    }

    private static bool IsOrderly(ReadOnlySpan<byte> bytes) =>
        TaskStatement.TryParse(bytes, out var statement, out var fault) ? bytes.SequenceEqual(Encoding.UTF8.GetBytes(statement.Text)) : fault.Code.StartsWith("task-", StringComparison.Ordinal);

    private static TaskFault FaultOf(ReadOnlySpan<byte> bytes)
    {
        Assert.False(TaskStatement.TryParse(bytes, out var statement, out var fault));
        Assert.Null(statement);
        return fault;
    }
}
