namespace AgiJobs.Tasks.Tests.Families;

public sealed class StringRewritingTests
{
    private static readonly TaskStatement Statement = new("string-rewriting", 0, """{"from":"aab","rules":[["ab","ba"],["ba","c"],["a",""]],"steps":3,"to":"ac"}""");

    [Theory]
    [InlineData("0@1,1@1", "right", "The answer solves the task.")]
    [InlineData("0@1,1@0", "wrong", "Step 2: rule 1 does not apply at 0 of the word, which then has 3 letters.")]
    [InlineData("0@1,0@0,1@0", "wrong", "The derivation ends in another word of 2 letters after 3 steps.")]
    [InlineData("0@1,2@0,1@0,1@0", "wrong", "The derivation has more than 3 steps.")]
    [InlineData("0@1,0@0,0@1,1@0", "wrong", "Step 3: rule 0 does not apply at 1 of the word, which then has 3 letters.")]
    [InlineData("", "wrong", "The derivation ends in another word of 3 letters after 0 steps.")]
    [InlineData("0@3", "wrong", "Step 1: rule 0 does not apply at 3 of the word, which then has 3 letters.")]
    [InlineData("0@64", "wrong", "Step 1: rule 0 does not apply at 64 of the word, which then has 3 letters.")]
    [InlineData("0@65", "malformed", null)]
    [InlineData("3@0", "malformed", null)]
    [InlineData("0@1,", "malformed", null)]
    [InlineData("0@1 ", "malformed", null)]
    [InlineData("0:1", "malformed", null)]
    [InlineData("00@1", "malformed", null)]
    public void A_derivation_that_fails_says_at_which_step(string answer, string code, string? message)
    {
        var judgement = TaskFamilies.Judge(Statement, answer);
        Assert.Equal(code, judgement.Code);
        if (message is not null)
            Assert.Equal(message, judgement.Message);
    }

    [Theory]
    [InlineData("aab", "[\"ab\",\"ba\"],[\"ba\",\"c\"]", 2, "ca", "0@1,1@1", "wrong")]
    [InlineData("aab", "[\"ab\",\"ba\"],[\"ba\",\"c\"]", 2, "ac", "0@1,1@1", "right")]
    [InlineData("aba", "[\"ab\",\"ba\"],[\"ba\",\"c\"]", 1, "ac", "1@1", "right")]
    [InlineData("aba", "[\"ab\",\"ba\"],[\"ba\",\"c\"]", 2, "ca", "0@0,1@0", "right")]
    [InlineData("aaa", "[\"a\",\"\"]", 2, "a", "0@2,0@0", "right")]
    [InlineData("aaa", "[\"a\",\"\"]", 1, "a", "0@2,0@0", "wrong")]
    [InlineData("ab", "[\"a\",\"\"],[\"b\",\"\"],[\"a\",\"b\"]", 3, "a", "0@0,1@0,2@0", "wrong")]
    [InlineData("a", "[\"a\",\"b\"]", 1, "a", "", "right")]
    public void Rules_apply_where_their_left_side_stands(string from, string rules, int steps, string to, string answer, string code) =>
        Assert.Equal(code, TaskFamilies.Judge(new TaskStatement("string-rewriting", 0, $"{{\"from\":\"{from}\",\"rules\":[{rules}],\"steps\":{steps},\"to\":\"{to}\"}}"), answer).Code);

    [Fact]
    public void A_word_grows_to_its_limit_and_not_beyond()
    {
        string Body(int from, int to) => $"{{\"from\":\"{new string('a', from)}\",\"rules\":[[\"a\",\"aa\"]],\"steps\":1,\"to\":\"{new string('a', to)}\"}}";
        Assert.Equal("right", TaskFamilies.Judge(new TaskStatement("string-rewriting", 0, Body(63, 64)), "0@62").Code);
        Assert.Equal("Step 1: the word grows beyond 64 letters.", TaskFamilies.Judge(new TaskStatement("string-rewriting", 0, Body(64, 64)), "0@0").Message);
    }

    [Theory]
    [InlineData("0@0,0@1", "one-rule")]
    [InlineData("0@0,1@1", "rightwards")]
    [InlineData("1@1,0@0", "leftwards")]
    [InlineData("2@0,1@1,3@0", "wandering")]
    public void How_the_derivation_moves_is_its_style(string answer, string style) =>
        Assert.Equal(style, TaskFamilies.Find("string-rewriting")!.StyleOf(new TaskStatement("string-rewriting", 0, """{"from":"aa","rules":[["a","b"],["a","b"],["a","c"],["c","b"]],"steps":3,"to":"bb"}"""), answer));

    [Fact]
    public void The_solver_finds_a_shortest_derivation()
    {
        var statement = new TaskStatement("string-rewriting", 0, """{"from":"aabb","rules":[["ab","ba"]],"steps":10,"to":"bbaa"}""");
        Assert.Equal(4, TaskFamilies.Find("string-rewriting")!.Solve(statement, 1_000, 1)!.Split(',').Length);
    }

    [Theory]
    [InlineData("""{"from":"","rules":[["a","b"]],"steps":1,"to":"b"}""", "task-malformed")]
    [InlineData("""{"from":"A","rules":[["a","b"]],"steps":1,"to":"b"}""", "task-malformed")]
    [InlineData("""{"from":"a","rules":[],"steps":1,"to":"b"}""", "task-malformed")]
    [InlineData("""{"from":"a","rules":[["","b"]],"steps":1,"to":"b"}""", "task-malformed")]
    [InlineData("""{"from":"a","rules":[["aaaaaaaaa","b"]],"steps":1,"to":"b"}""", "task-too-large")]
    [InlineData("""{"from":"a","rules":[["a","b"]],"steps":0,"to":"b"}""", "task-out-of-bounds")]
    [InlineData("""{"from":"a","rules":[["a","b"]],"steps":65,"to":"b"}""", "task-out-of-bounds")]
    public void Bodies_beyond_the_limits_are_no_tasks(string body, string code) => Assert.Equal(code, TaskFamilies.Validate(new TaskStatement("string-rewriting", 0, body))!.Code);
}
