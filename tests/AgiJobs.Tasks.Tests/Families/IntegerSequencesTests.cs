using System.Security.Cryptography;
using System.Text;

namespace AgiJobs.Tasks.Tests.Families;

public sealed class IntegerSequencesTests
{
    [Theory]
    [InlineData("21,34", "right")]
    [InlineData("34,21", "wrong")]
    [InlineData("21", "malformed")]
    [InlineData("21,34,55", "malformed")]
    [InlineData("21, 34", "malformed")]
    [InlineData("021,34", "malformed")]
    [InlineData("21,34.0", "malformed")]
    [InlineData("21,-0", "malformed")]
    [InlineData("21,9007199254740992", "malformed")]
    [InlineData("", "malformed")]
    public void Terms_are_judged_by_their_digest(string answer, string code) => Assert.Equal(code, TaskFamilies.Judge(Task("1,1,2,3,5,8,13", "21,34"), answer).Code);

    [Theory]
    [InlineData("1,4,9,16,25,36", "49,64", "polynomial")]
    [InlineData("1,2,4,8,16,32,64", "128,256", "first-order")]
    [InlineData("1,1,2,3,5,8,13,21,34,56", "90,147,237", "recurrence")]
    [InlineData("1,7,2,5,4,1,8,-7,16,-23,32,-55,64,-119", "128,-247", "pairs")]
    [InlineData("1,7,1,2,5,3,4,1,9,8,-7,27,16,-23,81,32,-55,243,64,-119,729", "128,-247,2187", "triples")]
    public void The_shortest_law_is_the_style(string terms, string answer, string style) => Assert.Equal(style, TaskFamilies.Find("integer-sequences")!.StyleOf(Task(terms, answer), answer));

    [Fact]
    public void The_solver_continues_known_sequences()
    {
        var family = TaskFamilies.Find("integer-sequences")!;
        Assert.Equal("21,34", family.Solve(Task("1,1,2,3,5,8,13", "21,34"), 10_000, 1));
        Assert.Equal("49,64", family.Solve(Task("1,4,9,16,25,36", "49,64"), 10_000, 1));
        Assert.Equal("128,-247", family.Solve(Task("1,7,2,5,4,1,8,-7,16,-23,32,-55,64,-119", "128,-247"), 10_000, 1));
    }

    [Fact]
    public void A_law_that_leaves_the_exact_integers_is_no_answer()
    {
        var doubling = string.Join(',', Enumerable.Range(46, 7).Select(power => 1L << power));
        Assert.Null(TaskFamilies.Find("integer-sequences")!.Solve(Task(doubling, "9007199254740992"), 100_000, 1));
    }

    [Theory]
    [InlineData("""{"count":0,"digest":"D","terms":[1]}""", "task-out-of-bounds")]
    [InlineData("""{"count":17,"digest":"D","terms":[1]}""", "task-out-of-bounds")]
    [InlineData("""{"count":1,"digest":"abc","terms":[1]}""", "task-malformed")]
    [InlineData("""{"count":1,"digest":"D0","terms":[1]}""", "task-too-large")]
    [InlineData("""{"count":1,"digest":"D","terms":[]}""", "task-malformed")]
    [InlineData("""{"count":1,"digest":"D","terms":[9007199254740992]}""", "task-out-of-bounds")]
    public void Bodies_beyond_the_limits_are_no_tasks(string body, string code) =>
        Assert.Equal(code, TaskFamilies.Validate(new TaskStatement("integer-sequences", 0, body.Replace("D", new string('a', 64), StringComparison.Ordinal)))!.Code);

    private static TaskStatement Task(string terms, string answer)
    {
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(answer)));
        return new TaskStatement("integer-sequences", 0, $"{{\"count\":{answer.Count(c => c == ',') + 1},\"digest\":\"{digest}\",\"terms\":[{terms}]}}");
    }
}
