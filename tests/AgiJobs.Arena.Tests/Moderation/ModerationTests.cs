using System.Text.Json;
using AgiJobs.Arena.Moderation;
using AgiJobs.Arena.Tests.Scoreboard;
using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Tasks;
using AgiJobs.Testing;

namespace AgiJobs.Arena.Tests.Moderation;

public sealed class ModerationTests
{
    private const string Original = "The sorter first splits the sequence into runs that already ascend, then merges neighbours pairwise from the left, and keeps a stack of run lengths so that no merge is lopsided; its cost is linear on sorted input.";

    private static readonly string Filler = string.Join(' ', Enumerable.Range(0, 4000).Select(number => $"word{number * 7919 % 10007} of{number} filler"));

    private readonly ManualTime _time = new();

    [Theory]
    [InlineData("buy malware here")]
    [InlineData("MALWARE")]
    [InlineData("mal\u200bware")]
    [InlineData("mal\u00adware")]
    [InlineData("m\u0430lw\u0430re")]
    [InlineData("\uff4d\uff41\uff4c\uff57\uff41\uff52\uff45")]
    [InlineData("m\u00e1lwar\u0301e")]
    [InlineData("m4lw@re")]
    [InlineData("MA1WARE")]
    [InlineData("m a l w a r e")]
    [InlineData("m.a.l.w.a.r.e")]
    [InlineData("some hate   speech")]
    [InlineData("hate-speech")]
    [InlineData("terrorists")]
    public async Task A_banned_phrase_is_found_in_every_disguise(string content)
    {
        var decision = await JudgeAsync(content);
        Assert.Equal(ModerationOutcome.Block, decision.Outcome);
        Assert.Equal("moderation:banned-phrase", decision.Reason);
        Assert.Equal("moderation:block", decision.Code);
        Assert.False(decision.IsAdmitted);
    }

    [Theory]
    [InlineData("")]
    [InlineData("sort the numbers 3 1 2")]
    [InlineData("I hate waiting. Speech is silver.")]
    [InlineData("{\"answer\":[1,2,3]}")]
    [InlineData("a b c a b c")]
    [InlineData("Die Größe der Übung \u4f60\u597d \ud83d\ude00")]
    public async Task Ordinary_content_goes_on(string content)
    {
        var decision = await JudgeAsync(content);
        Assert.Equal((ModerationOutcome.Allow, null), (decision.Outcome, decision.Reason));
    }

    [Fact]
    public async Task Filler_does_not_dilute_a_word()
    {
        var half = Filler[..30_000];
        Assert.Equal(ModerationOutcome.Block, (await JudgeAsync($"{half} malware {half}")).Outcome);
        Assert.Equal(ModerationOutcome.Allow, (await JudgeAsync($"{half} {half}")).Outcome);
    }

    [Fact]
    public async Task Words_can_be_counted_within_a_window()
    {
        var rules = new ModerationRules(new ModerationFile { Version = 1, Terms = [new() { Rule = "risky", Terms = ["knife*", "poison"], Outcome = ModerationOutcome.Flag, Count = 2, Within = 5 }] });
        var between = string.Join(' ', Enumerable.Repeat("and", 10));
        Assert.Equal("moderation:risky", (await JudgeAsync($"{Filler[..5000]} a poison and two knifes {Filler[..5000]}", rules)).Reason);
        Assert.Null((await JudgeAsync($"poison {between} knife", rules)).Reason);
        Assert.Null((await JudgeAsync("one poison", rules)).Reason);
    }

    [Fact]
    public async Task Too_much_and_malformed_content_is_blocked()
    {
        Assert.Equal("moderation:size", (await JudgeAsync(new string('a', 65_537))).Reason);
        Assert.Null((await JudgeAsync(new string('a', 65_536))).Reason);
        Assert.Equal("moderation:malformed", (await JudgeAsync("half \ud83d of it")).Reason);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(500)]
    [InlineData(30_000)]
    public async Task A_copy_is_found_in_any_amount_of_filler(int filler)
    {
        var corpus = new SimilarityCorpus(CorpusEntry.Of("first", Ended.Agent(1), 3, Original));
        var copy = Original.ToUpperInvariant().Replace(",", " --", StringComparison.Ordinal);
        var decision = await JudgeAsync($"{Filler[..filler]} {copy} {Filler[..filler]}", corpus: corpus);
        Assert.Equal(("moderation:similarity", ModerationOutcome.Block), (decision.Reason, decision.Outcome));
        Assert.Contains(Ended.Agent(1).ToString(), decision.Findings[0].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_excerpt_of_a_long_text_is_found_and_half_a_copy_is_flagged()
    {
        var corpus = new SimilarityCorpus(CorpusEntry.Of("first", Ended.Agent(1), 3, $"{Filler[..20_000]} {Original}"), CorpusEntry.Of("second", Ended.Agent(1), 3, Original));
        Assert.Equal(ModerationOutcome.Block, (await JudgeAsync(Original, corpus: corpus)).Outcome);
        var half = await JudgeAsync($"{Filler[20_000..21_000]} {Original[..(Original.Length * 2 / 3)]}", corpus: new SimilarityCorpus(CorpusEntry.Of("second", Ended.Agent(1), 3, Original)));
        Assert.Equal(("moderation:similarity", ModerationOutcome.Flag), (half.Reason, half.Outcome));
        Assert.True(half.IsAdmitted);
    }

    [Fact]
    public async Task Ones_own_text_again_is_told_apart_from_a_copy()
    {
        var corpus = new SimilarityCorpus(CorpusEntry.Of("first", Ended.Agent(9), 3, Original));
        Assert.Equal(("moderation:repetition", ModerationOutcome.Flag), Short(await JudgeAsync(Original, corpus: corpus)));
        corpus.Add(CorpusEntry.Of("second", Ended.Agent(1), 4, Original));
        Assert.Equal(("moderation:similarity", ModerationOutcome.Block), Short(await JudgeAsync(Original, corpus: corpus)));
    }

    [Fact]
    public async Task What_everybody_writes_and_what_may_recur_is_no_copy()
    {
        var corpus = new SimilarityCorpus(Enumerable.Range(1, SimilarityCorpus.CommonAuthors).Select(number => CorpusEntry.Of($"s{number}", Ended.Agent(number), 1, Original)));
        Assert.Null((await JudgeAsync(Original, corpus: corpus)).Reason);
        var one = new SimilarityCorpus(CorpusEntry.Of("first", Ended.Agent(1), 3, Original));
        Assert.Null((await Pipeline().JudgeAsync(Submission(Original) with { MayRecur = true }, one, OverrideBook.Empty, TestContext.Current.CancellationToken)).Reason);
        // The same submission, judged again after a restart, is no copy of itself.
        Assert.Null((await JudgeAsync(Original, corpus: new SimilarityCorpus(CorpusEntry.Of("this", Ended.Agent(9), 3, Original)))).Reason);
    }

    [Fact]
    public void Of_more_entries_than_are_kept_the_first_are_left_out()
    {
        var corpus = new SimilarityCorpus { Most = 16 };
        for (var number = 0; number < 100; number++)
        {
            corpus.Add(CorpusEntry.Of($"s{number}", Ended.Agent(1), number, Filler[(number * 100)..((number * 100) + 100)]));
        }

        Assert.InRange(corpus.Count, 16, 18);
        Assert.Null(corpus.Find(CorpusEntry.Of("new", Ended.Agent(2), 200, Filler[..100])).Other);
        Assert.Equal("s99", corpus.Find(CorpusEntry.Of("new", Ended.Agent(2), 200, Filler[9900..10_000])).Other!.Earlier.Id);
    }

    [Fact]
    public async Task What_may_come_about_by_chance_is_flagged_for_likeness_and_never_blocked()
    {
        var corpus = new SimilarityCorpus(CorpusEntry.Of("first", Ended.Agent(1), 3, Original), CorpusEntry.Of("short", Ended.Agent(1), 4, "3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5"), CorpusEntry.Of("shorter", Ended.Agent(1), 4, "3, 1, 4"));
        var decision = await Pipeline().JudgeAsync(Submission(Original) with { MayResemble = true }, corpus, OverrideBook.Empty, TestContext.Current.CancellationToken);
        Assert.Equal(("moderation:similarity", ModerationOutcome.Flag), Short(decision));
        Assert.Null((await JudgeAsync("3 1 4", corpus: corpus)).Reason);
        Assert.Null((await JudgeAsync("3 1 4 1 5 9 2 6 5 3 5", corpus: corpus)).Reason);
        corpus.Add(CorpusEntry.Of("long enough", Ended.Agent(1), 4, "3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8"));
        Assert.Equal(("moderation:similarity", ModerationOutcome.Flag), Short(await JudgeAsync("3 1 4 1 5 9 2 6 5 3 5 8", corpus: corpus)));
        var blind = await Pipeline().JudgeAsync(Submission(Original) with { Round = 3, IsBlind = true }, corpus, OverrideBook.Empty, TestContext.Current.CancellationToken);
        Assert.Null(blind.Reason);
    }

    [Fact]
    public void Of_a_task_the_names_of_its_parts_do_not_count() =>
        Assert.Equal("{ 4, [[2,3],[1,2]], 5}", ContentReview.CoreOf(new TaskStatement("sorting-networks", 1, """{"comparators":4,"prefix":[[2,3],[1,2]],"wires":5}""")));

    [Fact]
    public void Whatever_two_texts_share_of_the_stated_length_is_found()
    {
        var random = new Random(12);
        for (var i = 0; i < 200; i++)
        {
            var shared = Letters(TextPrint.Shared);
            var left = TextPrint.Of(NormalText.Of(Letters(random.Next(100)) + shared + Letters(random.Next(100))));
            var right = TextPrint.Of(NormalText.Of(Letters(random.Next(100)) + shared + Letters(random.Next(100))));
            Assert.NotEmpty(left.Intersect(right));
        }

        Assert.Empty(TextPrint.Of(NormalText.Of("short")));

        string Letters(int count) => string.Concat(Enumerable.Range(0, count).Select(_ => (char)('a' + random.Next(26))));
    }

    [Fact]
    public async Task The_record_says_everything_but_the_content()
    {
        var decision = await JudgeAsync("an exploit of malware");
        Assert.Equal(["moderation:banned-phrase", "moderation:risky-term"], decision.Findings.Select(finding => finding.Reason));
        using var record = JsonDocument.Parse(decision.ToJson());
        Assert.Equal("block", record.RootElement.GetProperty("outcome").GetString());
        Assert.Equal(ModerationPipeline.Fingerprint("an exploit of malware").ToString(), record.RootElement.GetProperty("content").GetString());
        Assert.Equal("2026-01-01T00:00:00.000Z", record.RootElement.GetProperty("at").GetString());
        Assert.DoesNotContain('\n', decision.ToJson());
        Assert.DoesNotContain("an exploit", decision.ToJson(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"version": 2}""")]
    [InlineData("""{"version": 1, "maxBytes": 0}""")]
    [InlineData("""{"version": 1, "terms": [{"rule": "Bad Name", "terms": ["x"], "outcome": "block"}]}""")]
    [InlineData("""{"version": 1, "terms": [{"rule": "size", "terms": ["x"], "outcome": "block"}]}""")]
    [InlineData("""{"version": 1, "terms": [{"rule": "a", "terms": [], "outcome": "block"}]}""")]
    [InlineData("""{"version": 1, "terms": [{"rule": "a", "terms": ["--"], "outcome": "block"}]}""")]
    [InlineData("""{"version": 1, "terms": [{"rule": "a", "terms": ["x"], "outcome": "allow"}]}""")]
    [InlineData("""{"version": 1, "similarity": {"flagPercent": 90}}""")]
    [InlineData("""{"version": 1, "remote": {"endpoint": "https://moderator.example.org", "silent": "allow"}}""")]
    [InlineData("""{"version": 1, "maxOverrideDays": 0}""")]
    public void Rules_that_cannot_be_meant_are_refused(string file)
    {
        var parsed = AgiJobs.Control.Files.JsonFile.Parse(System.Text.Encoding.UTF8.GetBytes(file), "config/moderation.json", WorkspaceJson.Default.ModerationFile);
        Assert.Equal("moderation-rules", Assert.Throws<ControlException>(() => new ModerationRules(parsed)).Code);
    }

    [Fact]
    public void The_rules_of_a_network_go_before_those_of_all()
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-test-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, "config", "networks"));
            var workspace = Workspace.At(folder, Path.Combine(folder, "config"));
            Assert.Equal(65_536, ModerationRules.Load(workspace, "devnet", out var none).MaxBytes);
            Assert.Null(none);
            File.WriteAllText(Path.Combine(folder, "config", "moderation.json"), """{"version": 1, "maxBytes": 100}""");
            Assert.Equal(100, ModerationRules.Load(workspace, "devnet", out _).MaxBytes);
            File.WriteAllText(Path.Combine(folder, "config", "moderation.devnet.json"), """{"version": 1, "maxBytes": 200}""");
            Assert.Equal(200, ModerationRules.Load(workspace, "devnet", out var file).MaxBytes);
            Assert.NotNull(file);
            File.WriteAllText(Path.Combine(folder, "config", "moderation.devnet.json"), """{"version": 1, "maxByte": 200}""");
            Assert.Equal("file-format", Assert.Throws<ControlException>(() => ModerationRules.Load(workspace, "devnet", out _)).Code);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void An_entry_of_the_corpus_goes_through_a_store()
    {
        var entry = CorpusEntry.Of("first", Ended.Agent(1), 3, Original);
        var read = CorpusEntry.Decode(entry.Encode(), "entry");
        Assert.Equal((entry.Id, entry.Author, entry.Round), (read.Id, read.Author, read.Round));
        Assert.Equal(entry.Prints, read.Prints);
        Assert.NotEmpty(read.Prints);
    }

    private static (string?, ModerationOutcome) Short(ModerationDecision decision) => (decision.Reason, decision.Outcome);

    private static Submission Submission(string content) => new("this", Ended.Agent(9), 7, "answer", content);

    private ModerationPipeline Pipeline(ModerationRules? rules = null) => new(rules ?? new ModerationRules(), null, _time);

    private Task<ModerationDecision> JudgeAsync(string content, ModerationRules? rules = null, SimilarityCorpus? corpus = null) =>
        Pipeline(rules).JudgeAsync(Submission(content), corpus ?? new SimilarityCorpus(), OverrideBook.Empty, TestContext.Current.CancellationToken);
}
