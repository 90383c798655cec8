using System.Text.Json.Nodes;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Worlds;
using AgiJobs.Testing;

namespace AgiJobs.Steering.Tests.Worlds;

public sealed class ChatExpanderTests : IDisposable
{
    private readonly WorldGround _ground = new();

    public void Dispose() => _ground.Dispose();

    [Fact]
    public async Task The_block_of_code_is_the_child_and_the_tokens_are_its_cost_to_the_last_digit()
    {
        await using var server = new LocalHttp(_ => Completion("I thought.\n```\ndraft\n```\nBetter:\n```text\nthe child\nof ```two``` lines\n```\n", """{"prompt_tokens":1001,"completion_tokens":3}"""));
        WriteChat(server.Url);
        var outcome = await _ground.ExpandAsync("the ```parent```", "a mate");

        // 1001 x 1.25 + 3 x 10.000001, by a million.
        Assert.Equal(new ExpansionOutcome(null, "the child\nof ```two``` lines", Amount.Parse("0.001281250003")), outcome);
        var asked = Assert.Single(server.Requests);
        Assert.Equal("/v1/chat/completions", asked.Path);
        var body = JsonNode.Parse(asked.Text)!;
        Assert.Equal(("small", 99, "Improve it."), ((string?)body["model"], (int)body["seed"]!, (string?)body["messages"]![0]!["content"]));
        Assert.Contains("````\nthe ```parent```\n````", (string?)body["messages"]![1]!["content"], StringComparison.Ordinal);
        Assert.Contains("a mate", (string?)body["messages"]![1]!["content"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no code at all", """{"prompt_tokens":0,"completion_tokens":0}""", "no block of code", "0")]
    [InlineData("```\nnever closed", """{"prompt_tokens":0,"completion_tokens":0}""", "no block of code", "0")]
    [InlineData("```\nthe parent\n```", """{"prompt_tokens":0,"completion_tokens":0}""", "is its parent", "0")]
    [InlineData("```\nx\n```", """{"prompt_tokens":-1,"completion_tokens":0}""", "no numbers of tokens", "0.5")]
    [InlineData("```\nx\n```", """{"prompt_tokens":1e99,"completion_tokens":0}""", "no numbers of tokens", "0.5")]
    [InlineData("```\nx\n```", """{"prompt_tokens":9223372036854775807,"completion_tokens":0}""", "more than any operation may", "0.5")]
    [InlineData("```\nx\n```", """{"prompt_tokens":1000000,"completion_tokens":0}""", "claims a cost of 1.25", "0.5")]
    public async Task What_is_no_child_is_a_failed_expansion_with_its_cost(string content, string usage, string why, string cost)
    {
        await using var server = new LocalHttp(_ => Completion(content, usage));
        WriteChat(server.Url);
        var outcome = await _ground.ExpandAsync();
        Assert.True(outcome.Artifact is null && outcome.Fault!.Contains(why, StringComparison.Ordinal), outcome.ToString());
        Assert.Equal(Amount.Parse(cost), outcome.Cost);
    }

    [Theory]
    [InlineData("""{"choices":[]}""", "no completion")]
    [InlineData("""{"choices":[{"message":{"content":7}}]}""", "no completion")]
    [InlineData("""[]""", "no completion")]
    [InlineData("""{"choices":[{"finish_reason":"length","message":{"content":"```\nx\n```"}}]}""", "cut off")]
    [InlineData("garbage", "no JSON")]
    public async Task What_is_no_completion_costs_what_was_reserved(string body, string why)
    {
        await using var server = new LocalHttp(_ => new LocalReply(200, body));
        WriteChat(server.Url);
        var outcome = await _ground.ExpandAsync();
        Assert.True(outcome.Artifact is null && outcome.Fault!.Contains(why, StringComparison.Ordinal), outcome.ToString());
        Assert.Equal(WorldGround.Most, outcome.Cost);
    }

    [Theory]
    [InlineData("```\na\n```", "a")]
    [InlineData("```python\r\na\r\nb\r\n```\r\n", "a\nb")]
    [InlineData("````\n```\na\n```\n````", "```\na\n```")]
    [InlineData("```\n```", null)]
    [InlineData("``` inline ``` only", null)]
    [InlineData("", null)]
    public void A_block_of_code_is_what_stands_between_its_fences(string content, string? code) => Assert.Equal(code, ChatExpander.CodeOf(content));

    private static LocalReply Completion(string content, string usage) => new(200, new JsonObject
    {
        ["choices"] = new JsonArray(new JsonObject { ["finish_reason"] = "stop", ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = content } }),
        ["usage"] = JsonNode.Parse(usage),
    }.ToJsonString());

    private void WriteChat(Uri url)
    {
        File.WriteAllText(Path.Combine(_ground.Folder, "instruction.txt"), "Improve it.");
        _ground.Write(
            new JsonObject
            {
                ["chat"] = new JsonObject { ["endpoint"] = new JsonObject { ["url"] = url.ToString() }, ["model"] = "small", ["instruction"] = "instruction.txt", ["promptPrice"] = "1.25", ["answerPrice"] = "10.000001" },
                ["mostCost"] = "0.5",
            },
            WorldGround.Perl("1"));
    }
}
