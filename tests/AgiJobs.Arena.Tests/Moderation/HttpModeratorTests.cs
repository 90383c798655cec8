using System.Text.Json.Nodes;
using AgiJobs.Arena.Moderation;
using AgiJobs.Arena.Tests.Scoreboard;
using AgiJobs.Control.Workspaces;
using AgiJobs.Testing;

namespace AgiJobs.Arena.Tests.Moderation;

public sealed class HttpModeratorTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task It_is_asked_for_the_whole_content_and_its_word_counts()
    {
        await using var server = new LocalHttp(request => new LocalReply(200, (string)JsonNode.Parse(request.Text)!["input"]! == "bad \"thing\"" ? """{"flagged": true, "reason": "it is\nbad"}""" : """{"flagged": false}"""));
        using var moderator = new HttpModerator(server.Url, "token", TimeSpan.FromSeconds(3), _time);
        Assert.Equal(new ModeratorAnswer(ModeratorVerdict.Flagged, "it is bad"), await AskAsync(moderator, "bad \"thing\""));
        Assert.Equal(ModeratorVerdict.Passed, (await AskAsync(moderator, "good")).Verdict);
        Assert.Equal("Bearer token", server.Requests[0].Headers["Authorization"]);
        var decision = await JudgeAsync(moderator, "bad \"thing\"", null);
        Assert.Equal(("moderation:remote", ModerationOutcome.Block), (decision.Reason, decision.Outcome));
    }

    [Theory]
    [InlineData(500, "{\"flagged\": false}")]
    [InlineData(204, "")]
    [InlineData(302, "{\"flagged\": false}")]
    [InlineData(200, "")]
    [InlineData(200, "nonsense")]
    [InlineData(200, "[]")]
    [InlineData(200, "{}")]
    [InlineData(200, "{\"flagged\": \"false\"}")]
    [InlineData(200, "{\"flagged\": null}")]
    [InlineData(200, "{\"flagged\": false, \"flagged\": true}")]
    [InlineData(200, "{\"flagged\": false")]
    public async Task An_answer_that_is_none_is_silence_and_silence_blocks(int status, string body)
    {
        await using var server = new LocalHttp(_ => new LocalReply(status, body, "Location: http://127.0.0.1:1/\r\n"));
        using var moderator = new HttpModerator(server.Url, null, TimeSpan.FromSeconds(30), _time);
        var decision = await JudgeAsync(moderator, "anything", null);
        Assert.Equal(("moderation:remote-silent", ModerationOutcome.Block), (decision.Reason, decision.Outcome));
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task An_answer_without_end_is_silence()
    {
        await using var server = new LocalHttp(_ => new LocalReply(200, "{\"flagged\": false, \"reason\": \"" + new string('x', HttpModerator.MaxAnswer) + "\"}"));
        using var moderator = new HttpModerator(server.Url, null, TimeSpan.FromSeconds(30), _time);
        Assert.Contains("more than", (await AskAsync(moderator, "x")).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_stalls_is_left_after_the_timeout()
    {
        await using var server = new LocalHttp(_ => null);
        using var moderator = new HttpModerator(server.Url, null, TimeSpan.FromSeconds(3), _time);
        var asked = JudgeAsync(moderator, "x", new RemoteModeratorFile { Endpoint = new EndpointReference(), Silent = ModerationOutcome.Flag });
        await Wait.UntilAsync("the moderator is asked", () => server.Requests.Count == 1);
        Assert.False(asked.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(3));
        var decision = await asked;
        Assert.Equal(("moderation:remote-silent", ModerationOutcome.Flag), (decision.Reason, decision.Outcome));
        Assert.Contains("3000 ms", decision.Findings[0].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_gone_or_drops_the_line_is_silent_and_the_callers_own_end_is_not()
    {
        Uri gone;
        await using (var server = new LocalHttp(_ => throw new IOException("dropped")))
        {
            gone = server.Url;
            using var dropped = new HttpModerator(server.Url, null, TimeSpan.FromSeconds(30), _time);
            Assert.Equal(ModeratorVerdict.Silent, (await AskAsync(dropped, "x")).Verdict);
        }

        using var moderator = new HttpModerator(gone, null, TimeSpan.FromSeconds(30), _time);
        Assert.Equal(ModeratorVerdict.Silent, (await AskAsync(moderator, "x")).Verdict);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => moderator.AskAsync("x", new CancellationToken(canceled: true)));
    }

    private static Task<ModeratorAnswer> AskAsync(HttpModerator moderator, string content) => moderator.AskAsync(content, TestContext.Current.CancellationToken);

    private Task<ModerationDecision> JudgeAsync(HttpModerator moderator, string content, RemoteModeratorFile? remote) =>
        new ModerationPipeline(new ModerationRules(new ModerationFile { Version = 1, Remote = remote }), moderator, _time)
            .JudgeAsync(new Submission("this", Ended.Agent(9), 7, "answer", content), new SimilarityCorpus(), OverrideBook.Empty, TestContext.Current.CancellationToken);
}
