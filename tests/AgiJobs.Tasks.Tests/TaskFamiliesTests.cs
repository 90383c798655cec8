using System.Text;

namespace AgiJobs.Tasks.Tests;

public sealed class TaskFamiliesTests
{
    public static TheoryData<string> Names { get; } = [.. TaskFamilies.All.Select(family => family.Name)];

    [Fact]
    public void There_are_five_families_in_the_order_of_their_names() =>
        Assert.Equal(["arithmetic-target", "graph-colouring", "integer-sequences", "sorting-networks", "string-rewriting"], TaskFamilies.All.Select(family => family.Name));

    [Fact]
    public void A_family_is_found_by_its_exact_name()
    {
        Assert.All(TaskFamilies.All, family => Assert.Same(family, TaskFamilies.Find(family.Name)));
        Assert.Null(TaskFamilies.Find("Sorting-Networks"));
        Assert.Null(TaskFamilies.Find(""));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_generated_task_is_valid_canonical_and_solved_by_its_witness(string name)
    {
        var family = TaskFamilies.Find(name)!;
        for (var difficulty = 0; difficulty <= TaskStatement.MaxDifficulty; difficulty += 20)
        {
            for (ulong seed = 0; seed < 10; seed++)
            {
                var task = family.Generate(difficulty, seed * 0x9E3779B97F4A7C15);
                var published = Encoding.UTF8.GetBytes(task.Statement.Text);
                var parsed = TaskStatement.Parse(published);
                Assert.Equal(task.Statement.Text, parsed.Text);
                Assert.Equal((name, difficulty, task.Statement.Body), (parsed.Family, parsed.Difficulty, parsed.Body));
                Assert.Null(TaskFamilies.Validate(parsed));
                Assert.Equal(new Judgement(IsRight: true, "right", "The answer solves the task."), TaskFamilies.Judge(parsed, task.Witness));
                Assert.NotEqual("none", family.StyleOf(parsed, task.Witness));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_same_seed_gives_the_same_task_and_another_seed_mostly_another(string name)
    {
        var family = TaskFamilies.Find(name)!;
        foreach (var difficulty in new[] { 0, 500, 1000 })
        {
            Assert.Equal(family.Generate(difficulty, 5).Statement.Text, family.Generate(difficulty, 5).Statement.Text);
            Assert.Equal(family.Generate(difficulty, 5).Witness, family.Generate(difficulty, 5).Witness);
            Assert.InRange(Enumerable.Range(0, 40).Select(seed => family.Generate(difficulty, (ulong)seed).Statement.Text).Distinct(StringComparer.Ordinal).Count(), 20, 40);
        }

        Assert.Equal(family.Generate(0, 5).Statement.Text, family.Generate(-1, 5).Statement.Text);
        Assert.Equal(family.Generate(1000, 5).Statement.Text, family.Generate(int.MaxValue, 5).Statement.Text);
    }

    // What is published on chain never changes: a new way to generate is a new family.
    [Theory]
    [InlineData("arithmetic-target", 0, 0UL, "0ac5bd56f0722fd39b615f446bf1df19e7ef4dec23775450b1fdfdb816f6d1fa")]
    [InlineData("arithmetic-target", 250, 1UL, "f4ff7eee488f84862a7a5113f1372357212b84ed5122deed26f4b1330f53548c")]
    [InlineData("arithmetic-target", 500, 18446744073709551615UL, "b34308294d3112417ad0358743ecc7931354ce39ab8e595d0dddd39b9726bbe5")]
    [InlineData("arithmetic-target", 1000, 81985529216486895UL, "813d3d029053f1ee85c61590a5c447da031b727bf99d4ae4b210e4a1ff847730")]
    [InlineData("graph-colouring", 0, 0UL, "7568d57aeecfe9284d8fc0769fa824cadb4ade2fa295257a10b5cd9cbed0f03f")]
    [InlineData("graph-colouring", 250, 1UL, "8f83bb8763e7c2069bf86b91320385e91ac929b2a672b9ececfd7450fbfd14af")]
    [InlineData("graph-colouring", 500, 18446744073709551615UL, "a27bc1edc4c1626c0e978e9991939d58f88f815d7fabd58a9472c28393dba6ea")]
    [InlineData("graph-colouring", 1000, 81985529216486895UL, "25c68776b19b804f8bdc8b9449a3823e0262d5f630f4d3fb333e3e4cbb79abe5")]
    [InlineData("integer-sequences", 0, 0UL, "49ebbd5adf604df5a117203683b27ee8dccc90706456f7028f382f819ff32f72")]
    [InlineData("integer-sequences", 250, 1UL, "c1abf7a29a66bc9abc699f10e3b683f589cb534fd663cb1b19b91dcab2b729c3")]
    [InlineData("integer-sequences", 500, 18446744073709551615UL, "cf5274192015dec70e266d42a59f12002ce02f9e46ccf838587782a848c178df")]
    [InlineData("integer-sequences", 1000, 81985529216486895UL, "e7ffe56d07fe03b304eb9767716b19a785d571650878c061898dc8c37a42a764")]
    [InlineData("sorting-networks", 0, 0UL, "9f32d2cb393f5f724a89def853a137d89bb46fe9a9c6415ab12249894f3d30e8")]
    [InlineData("sorting-networks", 250, 1UL, "3ffc2d8dedb762aa190109a1163e2901de09f70cbab535746d6f5776bdb55494")]
    [InlineData("sorting-networks", 500, 18446744073709551615UL, "58a57e5f4eb6fc4184f70451897a327164a2249ddabc0ae594ed0628fc69b65c")]
    [InlineData("sorting-networks", 1000, 81985529216486895UL, "e7d6312c9d8716dfa2deb9669be9f6cdf8ee7147ac04b14a709e55599840ae15")]
    [InlineData("string-rewriting", 0, 0UL, "0fc59d7f358a36afd9ba3c7fc2be83f4c1eec6478af067383137d36231c66b4e")]
    [InlineData("string-rewriting", 250, 1UL, "475a2ec6fec22aa8b1568d363ac32d676e22832c64d2928febbcd9d5e357dbe3")]
    [InlineData("string-rewriting", 500, 18446744073709551615UL, "1d8988e813c43da8d182de42a058cbb3794586c312ced1e95ca3d5b019675663")]
    [InlineData("string-rewriting", 1000, 81985529216486895UL, "06d729d547f5c761ed9c9e6c6d90faff53d25b7e36af8484719d0e40f427e86d")]
    public void Digests_are_what_they_always_were(string name, int difficulty, ulong seed, string digest) =>
        Assert.Equal(digest, Convert.ToHexStringLower(TaskFamilies.Find(name)!.Generate(difficulty, seed).Statement.Digest()));

    [Theory]
    [InlineData("arithmetic-target", 1_000)]
    [InlineData("graph-colouring", 1_000)]
    [InlineData("integer-sequences", 2_000)]
    [InlineData("sorting-networks", 1_000)]
    [InlineData("string-rewriting", 1_000)]
    public void The_harder_the_task_the_less_a_solver_of_one_skill_solves(string name, long steps)
    {
        int[] difficulties = [0, 350, 600, 1000];
        var solved = difficulties.Select(difficulty => Solved(TaskFamilies.Find(name)!, difficulty, steps).Count).ToArray();
        Assert.Equal(solved.OrderDescending(), solved);
        Assert.Equal(60, solved[0]);
        Assert.InRange(solved[^1], 0, 12);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void More_steps_never_find_less_and_at_last_find_more(string name)
    {
        var family = TaskFamilies.Find(name)!;
        long[] budgets = [0, 1, 10, 37, 100, 300, 1_000, 3_000, 10_000];
        foreach (var difficulty in new[] { 200, 500 })
        {
            var before = new HashSet<ulong>();
            foreach (var steps in budgets)
            {
                var now = Solved(family, difficulty, steps);
                Assert.Superset(before, now);
                before = now;
            }

            Assert.True(before.Count > Solved(family, difficulty, 10).Count);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void At_least_three_styles_occur(string name)
    {
        var family = TaskFamilies.Find(name)!;
        var styles = new SortedSet<string>(StringComparer.Ordinal);
        for (ulong seed = 0; seed < 200; seed++)
        {
            var statement = family.Generate((int)seed * 4, seed).Statement;
            if (family.Solve(statement, 3_000, seed) is { } answer)
                styles.Add(family.StyleOf(statement, answer));
        }

        Assert.DoesNotContain("none", styles);
        Assert.True(styles.Count >= 3, string.Join(", ", styles));
    }

    [Fact]
    public void What_is_no_task_has_its_fault_and_no_right_answer()
    {
        var unknown = new TaskStatement("poetry", 0, "{}");
        Assert.Equal("task-unknown-family", TaskFamilies.Validate(unknown)!.Code);
        Assert.Equal("malformed", TaskFamilies.Judge(unknown, "").Code);
        foreach (var family in TaskFamilies.All)
        {
            var good = family.Generate(0, 1);
            foreach (var (statement, code) in new[]
            {
                (unknown, "task-other-family"),
                (new TaskStatement(family.Name, -1, good.Statement.Body), "task-out-of-bounds"),
                (new TaskStatement(family.Name, 1001, good.Statement.Body), "task-out-of-bounds"),
                (new TaskStatement(family.Name, 0, "{}"), "task-malformed"),
                (new TaskStatement(family.Name, 0, good.Statement.Body + " "), "task-malformed"),
                (new TaskStatement(family.Name, 0, good.Statement.Body + new string(' ', TaskStatement.MaxBytes)), "task-too-large"),
            })
            {
                Assert.Equal(code, family.Validate(statement)!.Code);
                Assert.Equal("malformed", family.Check(statement, good.Witness).Code);
                Assert.Equal("none", family.StyleOf(statement, good.Witness));
                Assert.Null(family.Solve(statement, 1000, 1));
            }
        }
    }

    private static HashSet<ulong> Solved(ITaskFamily family, int difficulty, long steps)
    {
        var solved = new HashSet<ulong>();
        for (ulong seed = 0; seed < 60; seed++)
        {
            var statement = family.Generate(difficulty, seed).Statement;
            if (family.Solve(statement, steps, seed + 1) is { } answer)
            {
                Assert.True(family.Check(statement, answer).IsRight);
                solved.Add(seed);
            }
        }

        return solved;
    }
}
