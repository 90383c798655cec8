using System.Text;
using AgiJobs.Arena.Moderation;
using AgiJobs.Arena.Tests.Scoreboard;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Testing;

namespace AgiJobs.Arena.Tests.Moderation;

public sealed class OverrideBookTests
{
    private const string Content = "a lesson about malware";

    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    private readonly ManualTime _time = new();
    private readonly DevelopmentKeys _keys = new(ChainId.Local);

    private OperatorBook People => new(new OperatorsFile
    {
        Version = 1,
        People =
        [
            new Operator { Name = "Sara", Addresses = [_keys.Signer(0).Address], Duties = [Duty.Security] },
            new Operator { Name = "Otto", Addresses = [_keys.Signer(1).Address], Duties = [Duty.Operator] },
        ],
    });

    [Fact]
    public async Task A_person_with_the_duty_allows_what_rules_block_for_a_time()
    {
        var book = Read(await SignAsync(0));
        Assert.Empty(book.Discounted);
        var decision = await JudgeAsync(book);
        Assert.Equal((ModerationOutcome.Allow, "moderation:override"), (decision.Outcome, decision.Reason));
        Assert.Equal("moderation:banned-phrase", decision.Findings[0].Reason);
        Assert.Contains("\"by\":\"Sara\"", decision.ToJson(), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromDays(2) - TimeSpan.FromSeconds(1));
        Assert.Equal(ModerationOutcome.Allow, (await JudgeAsync(book)).Outcome);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ModerationOutcome.Block, (await JudgeAsync(book)).Outcome);
    }

    [Fact]
    public async Task It_is_for_one_content_only_and_the_strictest_of_several_counts()
    {
        var allow = await SignAsync(0);
        Assert.Equal(ModerationOutcome.Block, (await JudgeAsync(Read(allow), Content + ".")).Outcome);
        var block = await SignAsync(0, ModerationOutcome.Block);
        Assert.Equal((ModerationOutcome.Block, "moderation:override"), Short(await JudgeAsync(Read(allow, block))));
        Assert.Equal(ModerationOutcome.Block, (await JudgeAsync(OverrideBook.Empty)).Outcome);
    }

    [Fact]
    public async Task One_of_nobody_with_the_duty_never_allows()
    {
        var operators = Read(await SignAsync(1));
        Assert.Contains("Otto does not have the duty security", Assert.Single(operators.Discounted), StringComparison.Ordinal);
        Assert.Equal(ModerationOutcome.Block, (await JudgeAsync(operators)).Outcome);
        Assert.Contains("nobody's address", Assert.Single(Read(await SignAsync(2)).Discounted), StringComparison.Ordinal);
        var unmanaged = OverrideBook.Read([("a", (await SignAsync(0)).Encode())], null, ChainId.Local, Longest);
        Assert.Single(unmanaged.Discounted);
        Assert.Equal(ModerationOutcome.Block, (await JudgeAsync(unmanaged)).Outcome);
    }

    [Theory]
    [InlineData("\"outcome\": \"block\"", "\"outcome\": \"allow\"")]
    [InlineData("\"reason\": \"a lesson\"", "\"reason\": \"another\"")]
    [InlineData("\"expires\": 1767398400", "\"expires\": 1767398401")]
    [InlineData("\"issued\": 1767225600", "\"issued\": 1767225599")]
    [InlineData("\"chainId\": 31337", "\"chainId\": 1")]
    [InlineData("\"version\": 1", "\"version\": 2")]
    [InlineData("\"version\": 1", "\"version\": 1, \"more\": 1")]
    [InlineData("\"signature\": \"0x", "\"signature\": \"0x00")]
    [InlineData("}", "")]
    public async Task An_altered_one_never_allows(string from, string to)
    {
        var record = await SignAsync(0, ModerationOutcome.Block);
        var text = Encoding.UTF8.GetString(record.Encode());
        Assert.Contains(from, text, StringComparison.Ordinal);
        var book = OverrideBook.Read([("a", Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal)))], People, ChainId.Local, Longest);
        Assert.Single(book.Discounted);
        Assert.Equal("moderation:banned-phrase", (await JudgeAsync(book)).Reason);
    }

    [Fact]
    public async Task One_for_too_long_or_without_a_reason_does_not_count()
    {
        Assert.Single(Read(await SignAsync(0, days: 31)).Discounted);
        Assert.Empty(Read(await SignAsync(0, days: 30)).Discounted);
        Assert.Single(Read(await SignAsync(0, days: 0)).Discounted);
        Assert.Single(Read(await SignAsync(0, reason: " ")).Discounted);
        var future = Read(await ModerationOverride.SignAsync(ChainId.Local, ModerationPipeline.Fingerprint(Content), ModerationOutcome.Allow, "later", _time.GetUtcNow().AddDays(1), _time.GetUtcNow().AddDays(2), _keys.Signer(0), TestContext.Current.CancellationToken));
        Assert.Equal(ModerationOutcome.Block, (await JudgeAsync(future)).Outcome);
    }

    [Fact]
    public async Task A_folder_is_read_and_one_that_is_missing_is_empty()
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-test-").FullName;
        try
        {
            Assert.Empty(OverrideBook.ReadFolder(Path.Combine(folder, "none"), People, ChainId.Local, Longest).Discounted);
            await File.WriteAllBytesAsync(Path.Combine(folder, "a.json"), (await SignAsync(0)).Encode(), TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(Path.Combine(folder, "b.json"), "{", TestContext.Current.CancellationToken);
            var book = OverrideBook.ReadFolder(folder, People, ChainId.Local, Longest);
            Assert.StartsWith("b.json: it cannot be read", Assert.Single(book.Discounted), StringComparison.Ordinal);
            Assert.Equal(ModerationOutcome.Allow, (await JudgeAsync(book)).Outcome);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (ModerationOutcome, string?) Short(ModerationDecision decision) => (decision.Outcome, decision.Reason);

    private OverrideBook Read(params IEnumerable<ModerationOverride> records) =>
        OverrideBook.Read(records.Select((record, index) => ($"{index}.json", (ReadOnlyMemory<byte>)record.Encode())), People, ChainId.Local, Longest);

    private Task<ModerationOverride> SignAsync(int signer, ModerationOutcome outcome = ModerationOutcome.Allow, int days = 2, string reason = "a lesson") => ModerationOverride.SignAsync(
        ChainId.Local, ModerationPipeline.Fingerprint(Content), outcome, reason, _time.GetUtcNow(), _time.GetUtcNow().AddDays(days), _keys.Signer(signer), TestContext.Current.CancellationToken);

    private Task<ModerationDecision> JudgeAsync(OverrideBook book, string content = Content) => new ModerationPipeline(new ModerationRules(), null, _time)
        .JudgeAsync(new Submission("this", Ended.Agent(9), 7, "task", content), new SimilarityCorpus(), book, TestContext.Current.CancellationToken);
}
