using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Arena.Gateway;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Server.Hosting;
using AgiJobs.Tasks;

namespace AgiJobs.Server.Tests.Agents;

/// <summary>Rounds on a real chain, seen and served by the gateway. Each test has the chain as it was at the start.</summary>
public sealed class RoundTests(ServerGround ground) : IClassFixture<ServerGround>, IAsyncLifetime
{
    private const long Round = ServerGround.FirstRound;

    private static readonly Bytes32 Salt = Bytes32.FromUnsigned(7);

    private readonly List<AgentClient> _clients = [];
    private ServerHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        await ground.Devnet.FreshAsync();
        _host = await ground.HostAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task A_round_is_played_through_the_gateway_as_its_document_says()
    {
        var (teacher, student, other, validator, stranger) = (Agent(ground.Teacher), Agent(ground.Student), Agent(ground.OtherStudent), Agent(ground.Validator), Agent(ground.Stranger));
        var task = Task(ServerGround.Difficulty);

        // Registration.
        await SeenAsync(teacher, "registration", "teacher", "publish-task");
        await SeenAsync(student, "registration", "student", "nothing");
        await SeenAsync(stranger, "registration", "none", "nothing");
        await RefusedAsync(404, "not-published", student.GetAsync($"/v1/rounds/{Round}/task"));
        await RefusedAsync(403, "not-seated", stranger.GetAsync($"/v1/rounds/{Round}/task"));
        await RefusedAsync(409, "too-early", student.GetAsync($"/v1/rounds/{Round}/answers"));
        await RefusedAsync(409, "too-early", student.PutAsync($"/v1/rounds/{Round}/answer", AnswerBody("1")));
        await RefusedAsync(403, "not-seated", stranger.PutAsync($"/v1/rounds/{Round}/task", task.Text));
        await RefusedAsync(403, "not-yours", student.PutAsync($"/v1/rounds/{Round}/task", task.Text));
        await RefusedAsync(404, "round-unknown", teacher.PutAsync("/v1/rounds/99/task", task.Text));
        await RefusedAsync(400, "task-malformed", teacher.PutAsync($"/v1/rounds/{Round}/task", "{ }"));
        await RefusedAsync(400, "task-malformed", teacher.PutAsync($"/v1/rounds/{Round}/task", ""));
        await RefusedAsync(400, "task-too-large", teacher.PutAsync($"/v1/rounds/{Round}/task", new string(' ', TaskStatement.MaxBytes + 1)));
        await RefusedAsync(400, "task-unknown-family", teacher.PutAsync($"/v1/rounds/{Round}/task", """{"body":{},"difficulty":10,"family":"riddles","version":1}"""));
        await RefusedAsync(400, "task-out-of-bounds", teacher.PutAsync($"/v1/rounds/{Round}/task", """{"body":{},"difficulty":1001,"family":"riddles","version":1}"""));
        await RefusedAsync(400, "task-difficulty", teacher.PutAsync($"/v1/rounds/{Round}/task", Task(ServerGround.Difficulty + 1).Text));
        var put = await teacher.PutAsync($"/v1/rounds/{Round}/task", task.Text);
        Assert.Equal(200, put.Status);
        Assert.Equal(new Bytes32(task.Digest()).ToString(), (string?)put.Json["hash"]);
        Assert.StartsWith("ni:///sha-256;", (string?)put.Json["uri"], StringComparison.Ordinal);
        Assert.Equal(put.Text, (await teacher.PutAsync($"/v1/rounds/{Round}/task", task.Text)).Text);
        await RefusedAsync(409, "already-there", teacher.PutAsync($"/v1/rounds/{Round}/task", Task(ServerGround.Difficulty, 2).Text));
        await RefusedAsync(404, "not-published", student.GetAsync($"/v1/rounds/{Round}/task"));
        await ground.SendAsync(ground.Teacher, ground.Arena.Publish(Round, new Bytes32(task.Digest()), (string)put.Json["uri"]!));
        Assert.Equal(task.Text, (await student.GetAsync($"/v1/rounds/{Round}/task")).Text);
        Assert.Equal(task.Text, (await validator.GetAsync($"/v1/rounds/{Round}/task")).Text);
        await SeenAsync(teacher, "registration", "teacher", "nothing");

        // Answering: one student commits, the other does not.
        await ground.SendAsync(ground.Devnet.Accounts["orchestrator"], ground.Arena.Close(Round));
        await SeenAsync(student, "answering", "student", "commit-answer");
        await RefusedAsync(409, "too-late", teacher.PutAsync($"/v1/rounds/{Round}/task", Task(ServerGround.Difficulty, 2).Text), "already-there");
        await RefusedAsync(409, "too-early", student.PutAsync($"/v1/rounds/{Round}/answer", AnswerBody("1")));
        await ground.SendAsync(ground.Student, ground.Arena.CommitAnswer(Round, Commitment(ground.Student, "an answer")));
        await SeenAsync(student, "answering", "student", "nothing");
        await ground.WarpAsync(TimeSpan.FromHours(2));
        await SeenAsync(other, "answering", "student", "nothing");
        await ground.SendAsync(ground.Stranger, ground.Arena.Advance(Round));

        // Revealing.
        await SeenAsync(student, "revealing", "student", "reveal-answer");
        await SeenAsync(other, "revealing", "student", "nothing");
        await RefusedAsync(409, "commitment-mismatch", student.PutAsync($"/v1/rounds/{Round}/answer", AnswerBody("another answer")));
        await RefusedAsync(409, "commitment-mismatch", student.PutAsync($"/v1/rounds/{Round}/answer", AnswerBody("an answer", Bytes32.FromUnsigned(8))));
        await RefusedAsync(409, "commitment-mismatch", other.PutAsync($"/v1/rounds/{Round}/answer", AnswerBody("an answer")));
        await RefusedAsync(403, "not-yours", validator.PutAsync($"/v1/rounds/{Round}/answer", AnswerBody("an answer")));
        await RefusedAsync(403, "not-seated", stranger.PutAsync($"/v1/rounds/{Round}/answer", AnswerBody("an answer")));
        await RefusedAsync(400, "answer-malformed", student.PutAsync($"/v1/rounds/{Round}/answer", AnswerBody("")));
        await RefusedAsync(400, "answer-malformed", student.PutAsync($"/v1/rounds/{Round}/answer", AnswerBody(new string('a', TaskStatement.MaxAnswer + 1))));
        await RefusedAsync(400, "malformed", student.PutAsync($"/v1/rounds/{Round}/answer", """{"answer":"\ud800","salt":"0x00"}"""));
        await RefusedAsync(400, "malformed", student.PutAsync($"/v1/rounds/{Round}/answer", """{"answer":"an answer","salt":"0x00"}"""));
        var revealed = await student.PutAsync($"/v1/rounds/{Round}/answer", AnswerBody("an answer"));
        Assert.Equal(200, revealed.Status);
        Assert.Equal(revealed.Text, (await student.PutAsync($"/v1/rounds/{Round}/answer", AnswerBody("an answer"))).Text);
        await RefusedAsync(409, "already-there", student.PutAsync($"/v1/rounds/{Round}/answer", AnswerBody("another answer")));
        await RefusedAsync(409, "too-early", validator.GetAsync($"/v1/rounds/{Round}/answers"));
        await ground.SendAsync(ground.Student, ground.Arena.RevealAnswer(Round, Bytes32.Parse((string)revealed.Json["hash"]!), Salt, (string)revealed.Json["uri"]!));
        await ground.SendAsync(ground.Stranger, ground.Arena.Advance(Round));

        // Voting.
        await SeenAsync(validator, "voting", "validator", "commit-vote");
        await RefusedAsync(409, "too-late", other.PutAsync($"/v1/rounds/{Round}/answer", AnswerBody("an answer")));
        var answers = (await validator.GetAsync($"/v1/rounds/{Round}/answers")).Json.AsArray();
        var shown = Assert.Single(answers)!;
        Assert.Equal(ground.Student.Address.ToString(), (string?)shown["student"]);
        Assert.Equal((await ground.SeatAsync(Round, ground.Student)).Index, (int)shown["index"]!);
        Assert.Equal("an answer", (string?)shown["answer"]);
        Assert.Equal("allow", (string?)shown["moderation"]);
        await RefusedAsync(403, "not-seated", stranger.GetAsync($"/v1/rounds/{Round}/answers"));
        var vote = new System.Numerics.BigInteger(1) << (await ground.SeatAsync(Round, ground.Student)).Index;
        foreach (var judge in ground.Devnet.Accounts.All("validator-"))
        {
            await ground.SendAsync(judge, ground.Arena.CommitVote(Round, RoundCommitment.OfVote(ChainId.Local, ground.Arena.Address, Round, judge.Address, vote, Salt)));
        }

        await SeenAsync(validator, "voting", "validator", "nothing");
        await ground.SendAsync(ground.Stranger, ground.Arena.Advance(Round));

        // Counting and the end.
        await SeenAsync(validator, "counting", "validator", "reveal-vote");
        foreach (var judge in ground.Devnet.Accounts.All("validator-"))
        {
            await ground.SendAsync(judge, ground.Arena.RevealVote(Round, vote, Salt));
        }

        await ground.SendAsync(ground.Stranger, ground.Arena.Finalise(Round));
        await SeenAsync(validator, "finalised", "validator", "nothing");
        var ended = (await student.GetAsync($"/v1/rounds/{Round}")).Json;
        Assert.Equal([(int)shown["index"]!], ended["winners"]!.AsArray().Select(index => (int)index!));
        Assert.Equal([Round], await ListedAsync(student, "/v1/rounds"));
        Assert.Empty(await ListedAsync(student, "/v1/rounds?live=true"));
        Assert.Single((await student.GetAsync($"/v1/rounds/{Round}/answers")).Json.AsArray());
    }

    [Fact]
    public async Task Nothing_is_taken_while_the_arena_is_paused_and_everything_is_still_told()
    {
        var (teacher, student) = (Agent(ground.Teacher), Agent(ground.Student));
        await PauseAsync("pause");
        await SeenAsync(teacher, "registration", "teacher", "nothing");
        Assert.True((bool)(await teacher.GetAsync($"/v1/rounds/{Round}")).Json["paused"]!);
        await RefusedAsync(503, "paused", teacher.PutAsync($"/v1/rounds/{Round}/task", Task(ServerGround.Difficulty).Text));
        await RefusedAsync(503, "paused", student.PutAsync($"/v1/rounds/{Round}/answer", AnswerBody("1")));
        Assert.Equal(200, (await student.PutAsync("/v1/agents/me", """{"seats":["student"],"families":[]}""")).Status);
        await PauseAsync("unpause");
        await SeenAsync(teacher, "registration", "teacher", "publish-task");
        Assert.Equal(200, (await teacher.PutAsync($"/v1/rounds/{Round}/task", Task(ServerGround.Difficulty).Text)).Status);
    }

    [Fact]
    public async Task What_comes_when_the_time_is_over_is_too_late_even_though_nobody_moved_the_round_on()
    {
        await ground.WarpAsync(TimeSpan.FromHours(2));
        await SeenAsync(Agent(ground.Teacher), "registration", "teacher", "nothing");
        await RefusedAsync(409, "too-late", Agent(ground.Teacher).PutAsync($"/v1/rounds/{Round}/task", Task(ServerGround.Difficulty).Text));
    }

    [Fact]
    public async Task A_task_that_is_not_the_published_one_is_refused_and_the_published_one_taken_afterwards()
    {
        var (teacher, task) = (Agent(ground.Teacher), Task(ServerGround.Difficulty));
        await ground.SendAsync(ground.Teacher, ground.Arena.Publish(Round, new Bytes32(task.Digest()), "elsewhere"));
        await RefusedAsync(404, "not-published", Agent(ground.Student).GetAsync($"/v1/rounds/{Round}/task"));
        await RefusedAsync(409, "commitment-mismatch", teacher.PutAsync($"/v1/rounds/{Round}/task", Task(ServerGround.Difficulty, 2).Text));
        Assert.Equal(200, (await teacher.PutAsync($"/v1/rounds/{Round}/task", task.Text)).Status);
        Assert.Equal(task.Text, (await Agent(ground.Student).GetAsync($"/v1/rounds/{Round}/task")).Text);
    }

    [Fact]
    public async Task Blocked_content_is_refused_with_its_rule_and_recorded_once()
    {
        var (student, other) = (Agent(ground.Student), Agent(ground.OtherStudent));
        await RevealingAsync("a forbidden answer", "an odd answer");
        await RefusedAsync(403, "moderation:words", student.PutAsync($"/v1/rounds/{Round}/answer", AnswerBody("a forbidden answer")));
        await RefusedAsync(403, "moderation:words", student.PutAsync($"/v1/rounds/{Round}/answer", AnswerBody("a forbidden answer")));
        Assert.Equal(200, (await other.PutAsync($"/v1/rounds/{Round}/answer", AnswerBody("an odd answer"))).Status);
        await ground.SendAsync(ground.Student, ground.Arena.RevealAnswer(Round, Digest("a forbidden answer"), Salt, ""));
        await ground.SendAsync(ground.OtherStudent, ground.Arena.RevealAnswer(Round, Digest("an odd answer"), Salt, ""));
        await ground.SendAsync(ground.Stranger, ground.Arena.Advance(Round));
        var answers = (await Agent(ground.Validator).GetAsync($"/v1/rounds/{Round}/answers")).Json.AsArray();
        Assert.Equal(2, answers.Count);
        Assert.Null((string?)answers.Single(answer => (string?)answer!["student"] == ground.Student.Address.ToString())!["answer"]);
        var flagged = answers.Single(answer => (string?)answer!["student"] == ground.OtherStudent.Address.ToString())!;
        Assert.Equal("an odd answer", (string?)flagged["answer"]);
        Assert.Equal("flag:likeness", (string?)flagged["moderation"]);
    }

    [Fact]
    public async Task The_record_of_blocked_content_is_an_event_with_the_evidence()
    {
        var state = ground.NewState();
        await using (var host = await ground.HostAsync(ground.Options(state)))
        {
            using var student = new AgentClient(host, ground.Student, ground.Arena.Address);
            await RevealingAsync("a forbidden answer", "x");
            await RefusedAsync(403, "moderation:words", student.PutAsync($"/v1/rounds/{Round}/answer", AnswerBody("a forbidden answer")));
            await RefusedAsync(403, "moderation:words", student.PutAsync($"/v1/rounds/{Round}/answer", AnswerBody("a forbidden answer")));
        }

        await using var store = await Storage.StateStore.OpenAsync(state, TimeProvider.System);
        var recorded = Assert.Single(await store.ReadAsync("arena/local/moderation"));
        Assert.Equal("content-blocked", recorded.Type);
        var data = JsonNode.Parse(recorded.Data)!;
        Assert.Equal("words", (string?)data["rule"]);
        Assert.Equal(Round, (long)data["round"]!);
        Assert.Equal(ground.Student.Address.ToString(), (string?)data["author"]);
        Assert.Equal("a forbidden answer", (string?)data["text"]);
    }

    [Fact]
    public async Task What_cannot_be_reviewed_is_not_taken()
    {
        var student = Agent(ground.Student);
        await RevealingAsync("an unreviewable answer", "x");
        await RefusedAsync(503, "review-unknown", student.PutAsync($"/v1/rounds/{Round}/answer", AnswerBody("an unreviewable answer")));
    }

    [Fact]
    public async Task The_same_answer_left_at_two_gateways_at_once_is_taken_once_and_answered_twice()
    {
        var state = ground.NewState();
        await RevealingAsync("an answer", "x");
        await using var first = await ground.HostAsync(ground.Options(state));
        await using var second = await ground.HostAsync(ground.Options(state));
        using var one = new AgentClient(first, ground.Student, ground.Arena.Address);
        using var two = new AgentClient(second, ground.Student, ground.Arena.Address);
        var replies = await System.Threading.Tasks.Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? one : two).PutAsync($"/v1/rounds/{Round}/answer", AnswerBody("an answer"))));
        Assert.All(replies, reply => Assert.True(reply.Status == 200, reply.ToString()));
        Assert.Single(replies.Select(reply => reply.Text).Distinct(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_branch_of_the_chain_that_is_gone_is_forgotten()
    {
        var teacher = Agent(ground.Teacher);
        var snapshot = await ground.Devnet.SnapshotAsync();
        await ground.SendAsync(ground.Teacher, ground.Arena.Publish(Round, Bytes32.FromUnsigned(5), ""));
        await ground.WarpAsync(TimeSpan.FromHours(2));
        await ground.SendAsync(ground.Student, ground.Arena.Close(Round));
        Assert.NotEqual("registration", (string?)(await teacher.GetAsync($"/v1/rounds/{Round}")).Json["phase"]);
        await ground.Devnet.RevertAsync(snapshot);
        await ground.Devnet.MineAsync();
        await SeenAsync(teacher, "registration", "teacher", "publish-task");
    }

    private AgentClient Agent(ISigner signer)
    {
        var client = new AgentClient(_host, signer, ground.Arena.Address);
        _clients.Add(client);
        return client;
    }

    // Both students have committed, and the round is revealing.
    private async Task RevealingAsync(string answer, string otherAnswer)
    {
        await ground.SendAsync(ground.Teacher, ground.Arena.Publish(Round, new Bytes32(Task(ServerGround.Difficulty).Digest()), ""));
        await ground.SendAsync(ground.Devnet.Accounts["orchestrator"], ground.Arena.Close(Round));
        await ground.SendAsync(ground.Student, ground.Arena.CommitAnswer(Round, Commitment(ground.Student, answer)));
        await ground.SendAsync(ground.OtherStudent, ground.Arena.CommitAnswer(Round, Commitment(ground.OtherStudent, otherAnswer)));
        await ground.SendAsync(ground.Stranger, ground.Arena.Advance(Round));
    }

    private Task PauseAsync(string function) => ground.Devnet.CallAsAsync(ground.Devnet.Protocol["SystemPause"].Address, "SelfPlayArena", function);

    private Bytes32 Commitment(ISigner student, string answer) => RoundCommitment.OfAnswer(ChainId.Local, ground.Arena.Address, Round, student.Address, Digest(answer), Salt);

    private static Bytes32 Digest(string answer) => GatewayStatement.Digest(Encoding.UTF8.GetBytes(answer));

    private static string AnswerBody(string answer, Bytes32? salt = null) => new JsonObject { ["answer"] = answer, ["salt"] = (salt ?? Salt).ToString() }.ToJsonString();

    private static TaskStatement Task(int difficulty, ulong seed = 1) => TaskFamilies.Find("sorting-networks")!.Generate(difficulty, seed).Statement;

    private static async Task SeenAsync(AgentClient agent, string phase, string seat, string todo)
    {
        var reply = await agent.GetAsync($"/v1/rounds/{Round}");
        Assert.True(reply.Status == 200, reply.ToString());
        Assert.Equal((phase, seat, todo), ((string?)reply.Json["phase"], (string?)reply.Json["seat"], (string?)reply.Json["todo"]));
    }

    private static async Task<IEnumerable<long>> ListedAsync(AgentClient agent, string path) => (await agent.GetAsync(path)).Json.AsArray().Select(round => (long)round!["id"]!).ToList();

    private static async Task RefusedAsync(int status, string code, Task<Reply> sending, string? orCode = null)
    {
        var reply = await sending;
        Assert.True(reply.Status == status && (reply.Code == code || reply.Code == orCode), $"{status} {code} was expected: {reply}");
    }
}
