using AgiJobs.Control;
using AgiJobs.Response.Runbooks;
using static AgiJobs.Response.Tests.Runbooks.RunbookGround;

namespace AgiJobs.Response.Tests.Runbooks;

public sealed class RunbookRulesTests
{
    private const string Look = """ "check": {"line": "look"} """;
    private const string Inputs = """{"name": "incident", "from": "incident", "what": "it"}""";

    public static TheoryData<string, string, string> Bad => new()
    {
        { "command-unknown", "$.steps[0].check.line", Step("a", """ "check": {"line": "fly {incident}"} """) },
        { "command-unending", "$.steps[0].check.line", Step("a", """ "check": {"line": "wait {incident}"} """) },
        { "line-form", "$.steps[0].check.line", Step("a", """ "check": {"line": "look \"{incident}"} """) },
        { "line-reserved", "$.steps[0].command.line", Step("a", """ "command": {"line": "send {incident} --execute", "interrupted": {"repeat": true}} """) },
        { "command-sends-not", "$.steps[0].command.send", Step("a", """ "command": {"line": "look {incident}", "send": true, "interrupted": {"repeat": true}} """) },
        { "command-emergency", "$.steps[0].command.emergency", Step("a", """ "command": {"line": "send {incident}", "send": true, "emergency": true, "interrupted": {"repeat": true}} """) },
        { "command-emergency", "$.steps[0].command.emergency", Step("a", """ "command": {"line": "owner system-pause --action unpause --instance {incident}", "send": true, "emergency": true, "interrupted": {"repeat": true}} """) },
        { "interrupted-kind", "$.steps[0].command.interrupted", Step("a", """ "command": {"line": "look {incident}", "interrupted": {}} """) },
        { "interrupted-repeat", "$.steps[0].command.interrupted.repeat", Step("a", """ "command": {"line": "send-once {incident}", "send": true, "interrupted": {"repeat": true}} """) },
        { "exit-unknown", "$.steps[0].check.answers", Step("a", """ "check": {"line": "look {incident}", "answers": [9]} """) },
        { "exit-twice", "$.steps[0].command.attention", Step("a", """ "command": {"line": "look {incident}", "done": [0], "attention": [0], "interrupted": {"repeat": true}} """) },
        { "json-place", "$.steps[0].check.must[0].at", Step("a", """ "check": {"line": "look {incident}", "must": [{"at": "a..b", "is": "x"}]} """) },
        { "take-input", "$.steps[0].command.take.change", Step("a", """ "command": {"line": "look {incident}", "interrupted": {"repeat": true}, "take": {"change": "change"}} """) },
        { "placeholder-source", "$.steps[0].check.line", Step("a", """ "check": {"line": "look {incident} {nowhere}"} """) },
        { "placeholder-source", "$.steps[0].approval.statement", Step("a", """ "approval": {"statement": "{incident} and {nowhere}"} """) },
        { "step-kind", "$.steps[0]", Step("a", """ "check": {"line": "look {incident}"}, "task": {"writeDown": "what"} """) },
        { "step-twice", "$.steps[1].id", Step("a", """ "check": {"line": "look {incident}"} """) + "," + Step("a", Look) },
        { "step-unknown", "$.steps[0].needs[0]", Step("a", """ "needs": ["z"], "check": {"line": "look {incident}"} """) },
        { "step-cycle", "$.steps[0].needs", Step("a", """ "needs": ["b"], "check": {"line": "look {incident}"} """) + "," + Step("b", """ "needs": ["a"], "check": {"line": "look"} """) },
        { "step-unreachable", "$.steps[2].needs", Step("a", """ "needs": ["b"], "check": {"line": "look {incident}"} """) + "," + Step("b", """ "needs": ["a"], "check": {"line": "look"} """) + "," + Step("c", """ "needs": ["a"], "check": {"line": "look"} """) },
        { "time-form", "$.steps[0].within", Step("a", """ "within": "soon", "check": {"line": "look {incident}"} """) },
        { "severity-unknown", "$.steps[0].withinAt", Step("a", """ "withinAt": {"SEV-9": "5m"}, "check": {"line": "look {incident}"} """) },
        { "name-form", "$.steps[0].id", Step("A b", """ "check": {"line": "look {incident}"} """) },
        { "text-empty", "$.steps[0].task.writeDown", Step("a", """ "task": {"writeDown": " "} """) + "," + Step("b", """ "check": {"line": "look {incident}"} """) },
        { "input-unused", "$.inputs[0]", Step("a", Look) },
        { "step-none", "$.steps", "" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task What_cannot_be_is_refused_with_its_place_and_a_mend(string code, string place, string steps)
    {
        await using var ground = await StartAsync();
        var problems = RunbookRules.Check(File(steps, Inputs), ground).ToList();
        var problem = problems.Find(problem => problem.Code == code && problem.Place == place);
        Assert.True(problem is not null, $"{code} at {place} is not among\n{string.Join('\n', problems)}");
        Assert.NotEmpty(problem.Mend);
        var refused = Assert.Throws<ControlException>(() => ground.Book(steps, Inputs));
        Assert.Equal(("runbook-format", ExitCode.BadInput), (refused.Code, refused.Exit));
        Assert.Contains(code, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"name": "incident", "from": "moon", "what": "it"}""", "input-source")]
    [InlineData("""{"name": "incident", "from": "manifest", "what": "it"}""", "input-module")]
    [InlineData("""{"name": "incident", "from": "incident", "default": "x", "what": "it"}""", "input-default")]
    [InlineData("""{"name": "incident", "from": "incident", "what": "it"}, {"name": "incident", "from": "asked", "what": "it"}""", "input-twice")]
    public async Task An_input_says_where_it_comes_from(string inputs, string code)
    {
        await using var ground = await StartAsync();
        Assert.Contains(RunbookRules.Check(File(Step("a", """ "check": {"line": "look {incident}"} """), inputs), ground), problem => problem.Code == code);
    }

    [Fact]
    public async Task What_a_command_says_is_known_only_to_steps_that_need_it()
    {
        await using var ground = await StartAsync();
        const string Taking = """{"name": "change", "from": "step", "what": "it"}""";
        var plan = Step("plan", """ "command": {"line": "look", "interrupted": {"repeat": true}, "take": {"change": "change"}} """);
        var early = plan + "," + Step("send", """ "check": {"line": "look {change}"} """);
        Assert.Equal("placeholder-early", Assert.Single(RunbookRules.Check(File(early, Taking), ground)).Code);
        Assert.Empty(RunbookRules.Check(File(plan + "," + Step("read", """ "needs": ["plan"], "task": {"writeDown": "x"} """) + "," + Step("send", """ "needs": ["read"], "check": {"line": "look {change}"} """), Taking), ground));
    }

    [Theory]
    [InlineData("look \"two words\" {a}", new[] { "look", "two words", "x y" })]
    [InlineData("look --v={a}b", new[] { "look", "--v=x yb" })]
    [InlineData("  look  \"\"", new[] { "look", "" })]
    public void A_placeholder_never_becomes_two_words(string line, string[] words) => Assert.Equal(words, RunbookLine.Parse(line).Fill(name => name == "a" ? "x y" : null));

    [Theory]
    [InlineData("m[*].s", "paused,running")]
    [InlineData("m[n=B].s", "running")]
    [InlineData("m[n=C].s", "")]
    [InlineData("t", "7")]
    [InlineData("t.x", "")]
    public void A_place_names_values(string place, string expected) =>
        Assert.Equal(expected, string.Join(',', JsonPlace.Values(System.Text.Json.Nodes.JsonNode.Parse("""{"t": 7, "m": [{"n": "A", "s": "paused"}, {"n": "B", "s": "running"}]}"""), place)));
}
