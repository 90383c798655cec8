using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Tasks.Tests;

public sealed class HostileInputTests
{
    public static TheoryData<string> Names => TaskFamiliesTests.Names;

    private static readonly string[] Fragments =
    [
        "", " ", "0", "-0", "1", "-1", "00", "1.5", "1e9", "+1", "NaN", "Infinity", "null", "\0", "\ud800", "\udfff\ud800", "\u202e", "٣", "0x10", "9007199254740991", "9007199254740992",
        "-9223372036854775808", "99999999999999999999999999999999", ",", ":", "@", "(", ")", "((", "*", "/", "/0", "a", "[]", "{}", "\"", "0:1", "1:0", "0@0", "0@64", "15@63", "[[0,1]]", "[0,0]",
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public void Any_answer_has_a_judgement_and_only_a_right_one_has_a_style(string name)
    {
        var family = TaskFamilies.Find(name)!;
        var tasks = new[] { 0, 500, 1000 }.Select(difficulty => family.Generate(difficulty, 3)).ToArray();
        var answers =
            from task in Gen.Elements(tasks)
            from at in Gen.Choose(0, task.Witness.Length)
            from cut in Gen.Choose(0, 3)
            from first in Gen.Elements(Fragments)
            from second in Gen.Elements(Fragments)
            from shape in Gen.Choose(0, 3)
            select (task.Statement, shape switch
            {
                0 => string.Concat(task.Witness.AsSpan(0, at), first, task.Witness.AsSpan(Math.Min(task.Witness.Length, at + cut))),
                1 => first + second,
                2 => string.Concat(Enumerable.Repeat(first + second, 40)),
                _ => task.Witness + first + second,
            });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(3000), Prop.ForAll(answers.ToArbitrary(), pair => IsOrderly(family, pair.Statement, pair.Item2)));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(ArbMap.Default.ArbFor<string>(), answer => IsOrderly(family, tasks[0].Statement, answer ?? "")));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_longest_answers_are_judged(string name)
    {
        var family = TaskFamilies.Find(name)!;
        var task = family.Generate(1000, 3);
        foreach (var fragment in Fragments.Where(fragment => fragment.Length > 0))
        {
            var long_ = string.Concat(Enumerable.Repeat(fragment, TaskStatement.MaxAnswer / fragment.Length));
            Assert.False(family.Check(task.Statement, long_).IsRight);
            Assert.Equal("malformed", family.Check(task.Statement, long_.PadRight(TaskStatement.MaxAnswer + 1, '0')).Code);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Any_body_is_a_task_or_has_a_fault_and_nothing_throws(string name)
    {
        var family = TaskFamilies.Find(name)!;
        var tasks = new[] { 0, 500, 1000 }.Select(difficulty => family.Generate(difficulty, 3)).ToArray();
        var bodies =
            from task in Gen.Elements(tasks)
            from at in Gen.Choose(0, task.Statement.Body.Length)
            from cut in Gen.Choose(0, 3)
            from fragment in Gen.Elements(Fragments)
            select (string.Concat(task.Statement.Body.AsSpan(0, at), fragment, task.Statement.Body.AsSpan(Math.Min(task.Statement.Body.Length, at + cut))), task.Witness);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(3000), Prop.ForAll(bodies.ToArbitrary(), pair =>
        {
            var statement = new TaskStatement(name, 500, pair.Item1);
            if (family.Validate(statement) is { } fault)
                return fault.Code.StartsWith("task-", StringComparison.Ordinal) && IsPrintable(fault.Message) && family.Check(statement, pair.Witness).Code == "malformed";
            // What a family takes, everybody can publish and read.
            return TaskStatement.Parse(Encoding.UTF8.GetBytes(statement.Text)).Body == pair.Item1
                && IsOrderly(family, statement, pair.Witness)
                && (family.Solve(statement, 200, 1) is not { } answer || family.Check(statement, answer).IsRight);
        }));
    }

    // A teacher may set what cannot be solved: it is a task, and simply never solved.
    [Theory]
    [InlineData("arithmetic-target", """{"numbers":[2,2],"target":5}""")]
    [InlineData("graph-colouring", """{"colours":2,"edges":[[0,1],[0,2],[1,2]],"vertices":3}""")]
    [InlineData("integer-sequences", """{"count":1,"digest":"0000000000000000000000000000000000000000000000000000000000000000","terms":[1,2,3,4,5]}""")]
    [InlineData("sorting-networks", """{"comparators":4,"prefix":[],"wires":4}""")]
    [InlineData("string-rewriting", """{"from":"a","rules":[["a","aa"]],"steps":64,"to":"b"}""")]
    public void A_task_without_an_answer_is_a_task_that_nobody_solves(string name, string body)
    {
        var statement = new TaskStatement(name, 0, body);
        Assert.Null(TaskFamilies.Validate(statement));
        Assert.Null(TaskFamilies.Find(name)!.Solve(statement, 1_000_000, 1));
    }

    [Fact]
    public void The_largest_tasks_are_checked()
    {
        var edges = from a in Enumerable.Range(0, 128) from b in Enumerable.Range(a + 1, 127 - a) select $"[{a},{b}]";
        var terms = Enumerable.Repeat("-9007199254740991", 64);
        foreach (var (name, body) in new[]
        {
            ("graph-colouring", $"{{\"colours\":8,\"edges\":[{string.Join(',', edges.Take(1024))}],\"vertices\":128}}"),
            ("integer-sequences", $"{{\"count\":16,\"digest\":\"{new string('f', 64)}\",\"terms\":[{string.Join(',', terms)}]}}"),
            ("arithmetic-target", "{\"numbers\":[1000000,1000000,1000000,1000000,1000000,1000000,1000000,1000000,1000000,1000000],\"target\":-9007199254740991}"),
            ("sorting-networks", $"{{\"comparators\":64,\"prefix\":[{string.Join(',', Enumerable.Repeat("[0,11]", 64))}],\"wires\":12}}"),
            ("string-rewriting", $"{{\"from\":\"{new string('a', 64)}\",\"rules\":[{string.Join(',', Enumerable.Repeat("[\"a\",\"bbbbbbbb\"]", 16))}],\"steps\":64,\"to\":\"{new string('b', 64)}\"}}"),
        })
        {
            var statement = new TaskStatement(name, 1000, body);
            Assert.Null(TaskFamilies.Validate(statement));
            Assert.False(TaskFamilies.Judge(statement, "0").IsRight);
            Assert.Null(TaskFamilies.Find(name)!.Solve(statement, name == "graph-colouring" ? 5 : 2_000, 1));
        }
    }

    private static bool IsOrderly(ITaskFamily family, TaskStatement statement, string answer)
    {
        var judgement = family.Check(statement, answer);
        var style = family.StyleOf(statement, answer);
        return judgement.IsRight == (judgement.Code == "right") && judgement.IsRight == (style != "none") && judgement.Code is "right" or "wrong" or "malformed" && IsPrintable(judgement.Message);
    }

    private static bool IsPrintable(string message) => message.Length is > 0 and < 400 && message.All(character => character is >= ' ' and < '\x7f');
}
