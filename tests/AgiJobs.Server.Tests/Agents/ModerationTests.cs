using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Arena.Gateway;
using AgiJobs.Arena.Moderation;
using AgiJobs.Arena.Rounds;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Server.Hosting;
using AgiJobs.Storage;
using AgiJobs.Tasks;
using AgiJobs.Testing;

namespace AgiJobs.Server.Tests.Agents;

/// <summary>The review that <c>serve</c> has, in a served gateway: rules, copies, overrides. Validators' notes stand for text that people write.</summary>
public sealed class ModerationTests(ServerGround ground) : IClassFixture<ServerGround>, IAsyncLifetime
{
    private const long Round = ServerGround.FirstRound;
    private const string Path = "/v1/rounds/1/note";
    private const string Original = "The sorter first splits the sequence into runs that already ascend, then merges neighbours pairwise from the left, and keeps a stack of run lengths so that no merge is lopsided.";
    private const string Offending = "Ransomware and a botnet for sale; phishing on demand.";

    private static readonly Bytes32 Salt = Bytes32.FromUnsigned(7);
    private static readonly string Filler = string.Join(' ', Enumerable.Range(0, 90).Select(number => $"w{number * 7919 % 10007} of{number}"));

    private readonly ManualTime _time = new();
    private readonly string _overrides = Directory.CreateTempSubdirectory("agijobs-overrides-").FullName;
    private readonly List<string> _told = [];

    private IReadOnlyList<ISigner> Validators => [.. ground.Devnet.Accounts.All("validator-")];

    public async ValueTask InitializeAsync() => await ground.Devnet.FreshAsync();

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_overrides, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_note_is_allowed_flagged_or_blocked_and_a_copy_is_found_in_filler_also_after_a_restart()
    {
        await CountingAsync();
        var state = ground.NewState();
        await using (var host = await HostAsync(state))
        {
            Assert.Equal(200, (await PutAsync(host, Validators[0], Original)).Status);
            Assert.Equal(200, (await PutAsync(host, Validators[0], Original)).Status);
            Assert.Equal((409, "already-there"), Short(await PutAsync(host, Validators[0], "Another one.")));
            Assert.Equal((403, "moderation:banned-phrase"), Short(await PutAsync(host, Validators[1], Offending)));
        }

        // Another process, which has only the store.
        await using (var host = await HostAsync(state))
        {
            Assert.Equal((403, "moderation:similarity"), Short(await PutAsync(host, Validators[1], Original.ToUpperInvariant())));
            Assert.Equal((403, "moderation:similarity"), Short(await PutAsync(host, Validators[1], $"{Filler} {Original} {Filler[..600]}")));
            Assert.Equal(200, (await PutAsync(host, Validators[1], $"{Filler[..300]} {Original[..(Original.Length * 2 / 3)]}")).Status);
            Assert.Equal(200, (await PutAsync(host, Validators[2], "All of it was right.")).Status);
            using var reader = new AgentClient(host, ground.Student, ground.Arena.Address);
            var notes = (await reader.GetAsync("/v1/rounds/1/notes")).Json.AsArray().ToDictionary(note => (string)note!["validator"]!, note => (string)note!["moderation"]!);
            Assert.Equal(("allow", "flag:similarity", "allow"), (notes[Validators[0].Address.ToString()], notes[Validators[1].Address.ToString()], notes[Validators[2].Address.ToString()]));
        }
    }

    [Fact]
    public async Task A_persons_override_counts_from_the_next_review_until_it_expires_and_nobody_elses_does()
    {
        await CountingAsync();
        var state = ground.NewState();
        await using var host = await HostAsync(state);
        Assert.Equal((403, "moderation:banned-phrase"), Short(await PutAsync(host, Validators[0], Offending)));
        await OverrideAsync("stranger", ground.Stranger, Offending, ModerationOutcome.Allow);
        Assert.Equal((403, "moderation:banned-phrase"), Short(await PutAsync(host, Validators[0], Offending)));
        Assert.Contains("nobody's address", Assert.Single(_told), StringComparison.Ordinal);

        await OverrideAsync("hers", ground.Teacher, Offending, ModerationOutcome.Allow);
        Assert.Equal(200, (await PutAsync(host, Validators[0], Offending)).Status);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal((403, "moderation:banned-phrase"), Short(await PutAsync(host, Validators[1], Offending)));
        await OverrideAsync("again", ground.Teacher, "Fine words.", ModerationOutcome.Block);
        var blocked = await PutAsync(host, Validators[1], "Fine words.");
        Assert.Equal((403, "moderation:override"), Short(blocked));
        Assert.Contains("Decided by a test.", blocked.Text, StringComparison.Ordinal);
        Assert.Single(_told);
    }

    [Theory]
    [InlineData(1, "flag:similarity")]
    [InlineData(2, "allow")]
    public async Task A_task_that_another_teacher_set_before_is_flagged_and_the_form_that_all_have_is_no_copy(ulong seed, string moderation)
    {
        var state = ground.NewState();
        var earlier = Statement(1);
        await using (var store = await StateStore.OpenAsync(state, TimeProvider.System))
        {
            using var past = new PastSubmissions(store, "local");
            var taken = new Submission(PastSubmissions.IdOf("task", 99, ground.Stranger.Address), ground.Stranger.Address, 99, "task", earlier.Text) { Core = ContentReview.CoreOf(earlier) };
            await store.CommitAsync(new StateCommit { Events = [past.Remember(taken)] });
        }

        await using (var host = await HostAsync(state))
        {
            using var teacher = new AgentClient(host, ground.Teacher, ground.Arena.Address);
            Assert.Equal(200, (await teacher.PutAsync("/v1/rounds/1/task", Statement(seed).Text)).Status);
        }

        await using (var store = await StateStore.OpenAsync(state, TimeProvider.System))
        {
            Assert.Equal(moderation, (string?)JsonNode.Parse((await store.GetAsync("arena/local/tasks", $"0000000001/{ground.Teacher.Address}"))!.Data)!["moderation"]);
        }

        static TaskStatement Statement(ulong seed) => new("graph-colouring", ServerGround.Difficulty, TaskFamilies.Find("graph-colouring")!.Generate(600, seed).Statement.Body);
    }

    [Fact]
    public async Task A_wrong_answer_copied_from_an_earlier_round_is_blocked_and_a_right_one_is_nobodys_copy()
    {
        var state = ground.NewState();
        var (right, wrong) = (TaskFamilies.Find("graph-colouring")!.Generate(700, 1), string.Concat(Enumerable.Range(0, 60).Select(number => (number * 7919 % 101 % 8).ToString(System.Globalization.CultureInfo.InvariantCulture))));
        var task = new TaskStatement("graph-colouring", ServerGround.Difficulty, right.Statement.Body);
        await using (var store = await StateStore.OpenAsync(state, TimeProvider.System))
        {
            using var past = new PastSubmissions(store, "local");
            await store.CommitAsync(new StateCommit { Events = [.. ((string[])[wrong, right.Witness]).Select((text, index) => past.Remember(new Submission(PastSubmissions.IdOf("answer", 90 + index, ground.Stranger.Address), ground.Stranger.Address, 90 + index, "answer", text)))] });
        }

        await using var host = await HostAsync(state);
        using var teacher = new AgentClient(host, ground.Teacher, ground.Arena.Address);
        Assert.Equal(200, (await teacher.PutAsync("/v1/rounds/1/task", task.Text)).Status);
        await ground.SendAsync(ground.Teacher, ground.Arena.Publish(Round, new Bytes32(task.Digest()), ""));
        await ground.SendAsync(ground.Devnet.Accounts["orchestrator"], ground.Arena.Close(Round));
        foreach (var (student, answer) in ((ISigner, string)[])[(ground.Student, right.Witness), (ground.OtherStudent, wrong)])
        {
            await ground.SendAsync(student, ground.Arena.CommitAnswer(Round, RoundCommitment.OfAnswer(ChainId.Local, ground.Arena.Address, Round, student.Address, GatewayStatement.Digest(Encoding.UTF8.GetBytes(answer)), Salt)));
        }

        await ground.SendAsync(ground.Stranger, ground.Arena.Advance(Round));
        Assert.Equal((200, null), Short(await AnswerAsync(ground.Student, right.Witness)));
        Assert.Equal((403, "moderation:similarity"), Short(await AnswerAsync(ground.OtherStudent, wrong)));

        async Task<Reply> AnswerAsync(ISigner student, string answer)
        {
            using var agent = new AgentClient(host, student, ground.Arena.Address);
            return await agent.PutAsync("/v1/rounds/1/answer", new JsonObject { ["answer"] = answer, ["salt"] = Salt.ToString() }.ToJsonString());
        }
    }

    [Fact]
    public async Task A_note_is_taken_from_a_validator_with_a_vote_while_votes_are_revealed_and_from_nobody_else()
    {
        await using var host = await HostAsync(ground.NewState());
        Assert.Equal((409, "too-early"), Short(await PutAsync(host, Validators[0], "Early.")));
        await CountingAsync(silent: Validators[2]);
        Assert.Equal((403, "not-yours"), Short(await PutAsync(host, ground.Student, "Not mine.")));
        Assert.Equal((403, "not-seated"), Short(await PutAsync(host, ground.Stranger, "Not there.")));
        Assert.Equal((409, "commitment-mismatch"), Short(await PutAsync(host, Validators[2], "To no vote.")));
        Assert.Equal((400, "note-malformed"), Short(await PutAsync(host, Validators[0], "")));
        Assert.Equal((400, "note-malformed"), Short(await PutAsync(host, Validators[0], new string('a', Submissions.MaxNote + 1))));
        using var reader = new AgentClient(host, ground.Stranger, ground.Arena.Address);
        Assert.Equal((403, "not-seated"), Short(await reader.GetAsync("/v1/rounds/1/notes")));
        await ground.WarpAsync(TimeSpan.FromHours(2));
        Assert.Equal((409, "too-late"), Short(await PutAsync(host, Validators[0], "Late.")));
    }

    private Task<ServerHost> HostAsync(StateLocation state)
    {
        var people = new OperatorBook(new OperatorsFile { Version = 1, People = [new Operator { Name = "Ada", Addresses = [ground.Teacher.Address], Duties = [Duty.Security] }] });
        var folder = new OverrideFolder(_overrides, () => people, ChainId.Local, TimeSpan.FromDays(30)) { Tell = _told.Add };
        return ground.HostAsync(ground.Options(state) with
        {
            Review = parts => new ContentReview(new ModerationPipeline(new ModerationRules(), null, _time), new PastSubmissions(parts.Store, parts.Network), folder.Read),
        });
    }

    private async Task OverrideAsync(string name, ISigner author, string content, ModerationOutcome outcome)
    {
        var now = _time.GetUtcNow();
        var record = await ModerationOverride.SignAsync(ChainId.Local, ModerationPipeline.Fingerprint(content), outcome, "Decided by a test.", now, now + TimeSpan.FromHours(1), author, CancellationToken.None);
        await File.WriteAllBytesAsync(System.IO.Path.Combine(_overrides, name + ".json"), record.Encode());
    }

    private async Task<Reply> PutAsync(ServerHost host, ISigner author, string note)
    {
        using var agent = new AgentClient(host, author, ground.Arena.Address);
        return await agent.PutAsync(Path, new JsonObject { ["note"] = note }.ToJsonString());
    }

    private static (int Status, string? Code) Short(Reply reply) => (reply.Status, reply.Code);

    // One answer was revealed, and the validators have voted.
    private async Task CountingAsync(ISigner? silent = null)
    {
        var digest = GatewayStatement.Digest(Encoding.UTF8.GetBytes("an answer"));
        await ground.SendAsync(ground.Teacher, ground.Arena.Publish(Round, Bytes32.FromUnsigned(5), ""));
        await ground.SendAsync(ground.Devnet.Accounts["orchestrator"], ground.Arena.Close(Round));
        await ground.SendAsync(ground.Student, ground.Arena.CommitAnswer(Round, RoundCommitment.OfAnswer(ChainId.Local, ground.Arena.Address, Round, ground.Student.Address, digest, Salt)));
        await ground.WarpAsync(TimeSpan.FromHours(2));
        await ground.SendAsync(ground.Stranger, ground.Arena.Advance(Round));
        await ground.SendAsync(ground.Student, ground.Arena.RevealAnswer(Round, digest, Salt, ""));
        await ground.SendAsync(ground.Stranger, ground.Arena.Advance(Round));
        foreach (var judge in Validators.Where(judge => judge != silent))
        {
            await ground.SendAsync(judge, ground.Arena.CommitVote(Round, RoundCommitment.OfVote(ChainId.Local, ground.Arena.Address, Round, judge.Address, 1, Salt)));
        }

        if (silent is not null)
        {
            await ground.WarpAsync(TimeSpan.FromHours(2));
        }

        await ground.SendAsync(ground.Stranger, ground.Arena.Advance(Round));
    }
}
