using System.Text.Json.Nodes;
using AgiJobs.Arena.Agents;
using AgiJobs.Arena.Rounds;
using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Tasks;
using AgiJobs.Testing;

namespace AgiJobs.Arena.Tests.Agents;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class ReferenceAgentTests
{
    private static readonly Address Anna = ScriptedChain.Named("anna");
    private static readonly Address Bert = ScriptedChain.Named("bert");
    private static readonly Address Cleo = ScriptedChain.Named("cleo");

    [Fact]
    public async Task A_teacher_hands_in_a_task_of_the_rounds_difficulty_and_publishes_its_digest()
    {
        using var bench = new AgentBench();
        bench.Chain.At(1, RoundPhase.Registration, Seat.Teacher, joined: false, difficulty: 300);
        await bench.StepAsync();
        Assert.True(TaskStatement.TryParse(bench.Gateway.Tasks[1], out var task, out _));
        Assert.Equal(300, task.Difficulty);
        Assert.Equal(new PublishTask(1, new Bytes32(task.Digest()), "memory:" + Convert.ToHexStringLower(task.Digest())[..8]), Assert.Single(bench.Chain.Signed));
        Assert.True(TaskFamilies.Judge(task, bench.Notes.Of(1)!.Witness!).IsRight);
    }

    [Fact]
    public async Task A_task_follows_from_the_seed_and_a_salt_does_not()
    {
        var (task, _, hash) = AgentBench.Task();
        var seen = new List<(string Task, Bytes32? Salt)>();
        foreach (var seed in (ulong[])[1, 1, 2])
        {
            using var bench = new AgentBench(new AgentOptions { Seats = [Seat.Teacher, Seat.Student], Families = ["sorting-networks"], Seed = seed });
            bench.Chain.At(1, RoundPhase.Registration, Seat.Teacher, joined: false);
            bench.Chain.At(2, RoundPhase.Answering, Seat.Student, hash);
            bench.Publish(2, task);
            await bench.StepAsync();
            seen.Add((bench.Notes.Of(1)!.Task!, bench.Notes.Of(2)!.Salt));
        }

        Assert.Equal(seen[0].Task, seen[1].Task);
        Assert.NotEqual(seen[0].Task, seen[2].Task);
        Assert.NotEqual(seen[0].Salt, seen[1].Salt);
    }

    [Fact]
    public async Task A_student_has_answer_and_salt_on_the_disk_before_the_commitment_is_sent()
    {
        using var bench = new AgentBench();
        var (task, _, hash) = AgentBench.Task();
        bench.Chain.At(1, RoundPhase.Answering, Seat.Student, hash);
        bench.Publish(1, task);
        JsonNode? onDisk = null;
        bench.Chain.OnSend = _ => onDisk = JsonNode.Parse(File.ReadAllText(bench.StatePath));
        await bench.StepAsync();
        var noted = onDisk!["rounds"]![0]!;
        var (answer, salt) = ((string)noted["answer"]!, Bytes32.Parse((string)noted["salt"]!));
        Assert.True(TaskFamilies.Judge(task, answer).IsRight);
        Assert.Equal(new CommitAnswer(1, RoundCommitment.OfAnswer(ChainId.Local, bench.Chain.Arena, 1, ScriptedChain.Me, AgentBench.Digest(answer), salt)), Assert.Single(bench.Chain.Signed));
        Assert.Equal("1/commit-answer", (string)onDisk["pending"]!["act"]!);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(bench.StatePath));
        Assert.Null(bench.Notes.File.Pending);
    }

    [Fact]
    public async Task A_task_that_is_not_the_published_one_is_not_answered()
    {
        using var bench = new AgentBench();
        bench.Chain.At(1, RoundPhase.Answering, Seat.Student, AgentBench.Task(1).Hash);
        bench.Publish(1, AgentBench.Task(2).Task);
        await bench.StepAsync();
        Assert.Empty(bench.Chain.Signed);
        Assert.Contains("gateway-contradicts-chain", bench.Codes);
    }

    [Fact]
    public async Task Killed_between_commitment_and_reveal_it_reveals_what_it_committed_to()
    {
        using var bench = new AgentBench();
        var (task, _, hash) = AgentBench.Task();
        bench.Chain.At(1, RoundPhase.Answering, Seat.Student, hash);
        bench.Publish(1, task);
        await bench.StepAsync();
        var committed = Assert.IsType<CommitAnswer>(bench.Chain.Signed[0]).Commitment;
        bench.Restart();
        bench.Chain.At(1, RoundPhase.Revealing, Seat.Student, hash, commitment: committed);
        await bench.StepAsync();
        var revealed = Assert.IsType<RevealAnswer>(bench.Chain.Signed[1]);
        Assert.Equal(committed, RoundCommitment.OfAnswer(ChainId.Local, bench.Chain.Arena, 1, ScriptedChain.Me, revealed.AnswerHash, revealed.Salt));
    }

    [Fact]
    public async Task Without_its_notes_it_reveals_nothing()
    {
        using var bench = new AgentBench();
        bench.Restart(losingState: true);
        bench.Chain.At(1, RoundPhase.Counting, Seat.Validator, commitment: AgentBench.Digest("lost"));
        await bench.StepAsync();
        await bench.StepAsync();
        Assert.Empty(bench.Chain.Signed);
        Assert.Single(bench.Codes, "commitment-unknown");
    }

    [Fact]
    public async Task What_was_signed_before_a_death_is_sent_again_byte_for_byte_and_nothing_else_is_signed_before_it_ended()
    {
        using var bench = new AgentBench();
        bench.Chain.At(1, RoundPhase.Registration, Seat.Student, joined: false);
        bench.Chain.OnSend = _ => throw new InvalidOperationException("killed");
        await Assert.ThrowsAsync<InvalidOperationException>(bench.StepAsync);
        var signed = bench.Notes.File.Pending!;
        bench.Restart();
        bench.Chain.OnSend = _ => { };
        bench.Chain.Ends = _ => ActEnd.Unsent;
        bench.Chain.At(2, RoundPhase.Registration, Seat.Student, joined: false);
        await bench.StepAsync();
        bench.Chain.Ends = _ => ActEnd.Waiting;
        await bench.StepAsync();
        Assert.Equal(signed.Raw, Assert.Single(bench.Chain.Sent).Raw);
        Assert.Single(bench.Chain.Signed);

        bench.Chain.Ends = _ => ActEnd.Succeeded;
        bench.Chain.At(1, RoundPhase.Registration, Seat.Student);
        await bench.StepAsync();
        Assert.Equal([new JoinRound(1), new JoinRound(2)], bench.Chain.Signed);
    }

    [Fact]
    public async Task While_the_arena_is_paused_nothing_is_sent_and_it_goes_on_by_itself()
    {
        using var bench = new AgentBench();
        bench.Chain.At(1, RoundPhase.Registration, Seat.Student, joined: false);
        bench.Chain.OnSend = _ => throw new InvalidOperationException("killed");
        await Assert.ThrowsAsync<InvalidOperationException>(bench.StepAsync);
        bench.Restart();
        bench.Chain.OnSend = _ => { };
        bench.Chain.Ends = _ => ActEnd.Unsent;
        bench.Chain.IsPaused = true;
        bench.Gateway.Requests.Clear();
        await bench.StepAsync();
        await bench.StepAsync();
        Assert.Empty(bench.Chain.Sent);
        Assert.Empty(bench.Gateway.Requests);
        Assert.Single(bench.Codes, "arena-paused");
        bench.Chain.IsPaused = false;
        await bench.StepAsync();
        Assert.Single(bench.Chain.Sent);
        Assert.Single(bench.Codes, "arena-resumed");
    }

    [Fact]
    public async Task What_the_gateway_tells_while_the_arena_is_paused_wakes_it_once_and_not_for_ever()
    {
        using var bench = new AgentBench();
        bench.Chain.IsPaused = true;
        using var stop = new CancellationTokenSource();
        var running = Task.Run(() => bench.Agent.RunAsync(stop.Token), TestContext.Current.CancellationToken);
        await Wait.UntilAsync("it has looked", () => bench.Chain.Looks == 1);
        _ = bench.Gateway.Told.Writer.TryWrite(new GatewayEvent("pause", null, null, null));
        await Wait.UntilAsync("it is woken", () => bench.Chain.Looks >= 2);
        for (var turn = 0; turn < 200; turn++)
        {
            await Task.Yield();
        }

        Assert.Equal(2, bench.Chain.Looks);
        await Wait.UntilAsync("its own time wakes it", () =>
        {
            bench.Time.Advance(TimeSpan.FromSeconds(2));
            return bench.Chain.Looks >= 3;
        });
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task A_validator_approves_what_is_right_and_was_revealed_on_chain()
    {
        using var bench = new AgentBench();
        var task = Judged(bench);
        await bench.StepAsync();
        // Anna is right, Bert is wrong, of Cleo the gateway tells another answer than she revealed.
        Assert.Equal("1", bench.Notes.Of(1)!.Vote);
        Assert.Contains("answer-differs", bench.Codes);
        Assert.Equal(new CommitVote(1, RoundCommitment.OfVote(ChainId.Local, bench.Chain.Arena, 1, ScriptedChain.Me, 1, bench.Notes.Of(1)!.Salt!.Value)), Assert.Single(bench.Chain.Signed));
        bench.Chain.At(1, RoundPhase.Counting, Seat.Validator, task, [Anna, Bert, Cleo], commitment: ((CommitVote)bench.Chain.Signed[0]).Commitment);
        bench.Restart();
        await bench.StepAsync();
        Assert.Equal(new RevealVote(1, 1, bench.Notes.Of(1)!.Salt!.Value), bench.Chain.Signed[1]);
    }

    [Fact]
    public async Task A_colluding_validator_approves_its_allies_and_judges_the_others()
    {
        using var bench = new AgentBench(new AgentOptions { Seats = [Seat.Validator], Behaviour = AgentBehaviour.Colluding, Allies = [Bert] });
        Judged(bench);
        await bench.StepAsync();
        Assert.Equal("3", bench.Notes.Of(1)!.Vote);
    }

    [Theory]
    [InlineData(10_000, true)]
    [InlineData(0, false)]
    public async Task A_lazy_validator_approves_everything_unseen_and_reveals_nothing_in_its_share_of_the_rounds(int share, bool isLazy)
    {
        using var bench = new AgentBench(new AgentOptions { Seats = [Seat.Validator], Behaviour = AgentBehaviour.Lazy, LazyShare = share });
        var task = Judged(bench);
        await bench.StepAsync();
        Assert.Equal(isLazy ? "7" : "1", bench.Notes.Of(1)!.Vote);
        bench.Chain.At(1, RoundPhase.Counting, Seat.Validator, task, [Anna, Bert, Cleo], commitment: ((CommitVote)bench.Chain.Signed[0]).Commitment);
        await bench.StepAsync();
        Assert.Equal(isLazy ? 1 : 2, bench.Chain.Signed.Count);
    }

    [Fact]
    public async Task A_copying_student_answers_with_what_another_revealed_before()
    {
        using var bench = new AgentBench(new AgentOptions { Seats = [Seat.Student], Behaviour = AgentBehaviour.Copying });
        var (task, right, hash) = AgentBench.Task();
        bench.Publish(1, task);
        bench.Publish(2, task);
        bench.Chain.At(1, RoundPhase.Answering, Seat.Student, hash);
        await bench.StepAsync();
        Assert.False(TaskFamilies.Judge(task, bench.Notes.Of(1)!.Answer!).IsRight);

        bench.Chain.At(1, RoundPhase.Voting, Seat.Student, hash, [Anna], commitment: AgentBench.Digest("own"));
        bench.Chain.Students[Anna] = ScriptedChain.Seated(Seat.Student, disclosed: AgentBench.Digest(right));
        bench.Gateway.Places = _ => Task.FromResult<IReadOnlyList<Address>>([Anna]);
        bench.Gateway.Answers[(1, Anna)] = right;
        bench.Chain.At(2, RoundPhase.Answering, Seat.Student, hash);
        await bench.StepAsync();
        Assert.Equal(right, bench.Notes.Of(2)!.Answer);
    }

    [Fact]
    public async Task An_offline_agent_takes_its_seat_and_vanishes()
    {
        using var bench = new AgentBench(new AgentOptions { Seats = [Seat.Student, Seat.Teacher], Behaviour = AgentBehaviour.Offline });
        bench.Chain.At(1, RoundPhase.Registration, Seat.Student, joined: false);
        bench.Chain.At(2, RoundPhase.Registration, Seat.Teacher, joined: false);
        await bench.StepAsync();
        Assert.Equal([new JoinRound(1)], bench.Chain.Signed);
        bench.Chain.At(1, RoundPhase.Answering, Seat.Student, AgentBench.Task().Hash);
        bench.Gateway.Requests.Clear();
        bench.Time.Advance(TimeSpan.FromMinutes(1));
        await bench.StepAsync();
        Assert.Single(bench.Chain.Signed);
        Assert.Empty(bench.Gateway.Requests);
    }

    [Fact]
    public async Task A_toxic_student_whose_answer_is_blocked_reveals_nothing_and_does_not_insist()
    {
        using var bench = new AgentBench(new AgentOptions { Seats = [Seat.Student], Behaviour = AgentBehaviour.Toxic, ToxicAnswer = "poison" });
        var (task, _, hash) = AgentBench.Task();
        bench.Publish(1, task);
        bench.Chain.At(1, RoundPhase.Answering, Seat.Student, hash);
        await bench.StepAsync();
        Assert.Equal("poison", bench.Notes.Of(1)!.Answer);
        bench.Gateway.Refuses = what => what is "put-answer" ? new GatewayException("moderation:secrets", 403, "blocked") : null;
        bench.Chain.At(1, RoundPhase.Revealing, Seat.Student, hash, commitment: ((CommitAnswer)bench.Chain.Signed[0]).Commitment);
        for (var step = 0; step < 3; step++)
        {
            bench.Time.Advance(TimeSpan.FromMinutes(1));
            await bench.StepAsync();
        }

        Assert.Single(bench.Chain.Signed);
        Assert.Single(bench.Gateway.Requests, "put-answer");
        Assert.Single(bench.Codes, "moderation:secrets");
    }

    [Fact]
    public async Task A_seat_that_it_does_not_take_and_a_phase_that_is_over_are_left_alone()
    {
        using var bench = new AgentBench(new AgentOptions { Seats = [Seat.Validator] });
        bench.Chain.At(1, RoundPhase.Registration, Seat.Student, joined: false);
        bench.Chain.At(2, RoundPhase.Registration, Seat.Validator, joined: false);
        bench.Chain.Time = 3_600;
        await bench.StepAsync();
        Assert.Empty(bench.Chain.Signed);
        bench.Chain.Time = 3_599;
        await bench.StepAsync();
        Assert.Equal([new JoinRound(2)], bench.Chain.Signed);
    }

    [Fact]
    public async Task It_has_its_reward_paid_now_and_then()
    {
        using var bench = new AgentBench();
        bench.Chain.Owed = Wei.FromEther("1");
        await bench.StepAsync();
        bench.Restart();
        await bench.StepAsync();
        Assert.Equal([new ClaimReward()], bench.Chain.Signed);
        bench.Time.Advance(TimeSpan.FromMinutes(10));
        await bench.StepAsync();
        Assert.Equal(2, bench.Chain.Signed.Count);
    }

    [Fact]
    public async Task A_gateway_that_fails_is_asked_again_later_each_time_and_told_once()
    {
        using var bench = new AgentBench();
        bench.Chain.At(1, RoundPhase.Registration, Seat.Teacher, joined: false);
        bench.Gateway.Refuses = what => what is "put-task" ? new GatewayException(GatewayException.Unreachable, 0, "down") : null;
        for (var step = 0; step < 10; step++)
        {
            await bench.StepAsync();
            bench.Time.Advance(TimeSpan.FromSeconds(1));
        }

        // At 0, 1, 3 and 7 s.
        Assert.Equal(4, bench.Gateway.Requests.Count(request => request is "put-task"));
        Assert.Single(bench.Codes, GatewayException.Unreachable);
        bench.Gateway.Refuses = _ => null;
        bench.Time.Advance(TimeSpan.FromSeconds(15));
        await bench.StepAsync();
        Assert.Single(bench.Chain.Signed);
    }

    [Fact]
    public async Task A_state_file_that_is_damaged_stays_as_it_is_and_one_in_use_or_of_another_is_refused()
    {
        using var bench = new AgentBench();
        bench.Chain.At(1, RoundPhase.Registration, Seat.Student, joined: false);
        await bench.StepAsync();
        Assert.Equal("agent-state-busy", Assert.Throws<ControlException>(() => AgentNotebook.Open(bench.StatePath, ChainId.Local, bench.Chain.Genesis, bench.Chain.Arena, ScriptedChain.Me)).Code);
        var copy = bench.StatePath + ".copy";
        File.Copy(bench.StatePath, copy);
        Assert.Equal("agent-state-other", Assert.Throws<ControlException>(() => AgentNotebook.Open(copy, ChainId.Local, bench.Chain.Genesis, bench.Chain.Arena, Anna)).Code);
        File.WriteAllText(copy, File.ReadAllText(copy)[..^10]);
        var damaged = File.ReadAllText(copy);
        Assert.Equal("agent-state", Assert.Throws<ControlException>(() => AgentNotebook.Open(copy, ChainId.Local, bench.Chain.Genesis, bench.Chain.Arena, ScriptedChain.Me)).Code);
        Assert.Equal(damaged, File.ReadAllText(copy));
    }

    [Fact]
    public async Task Notes_of_another_chain_of_the_same_number_are_kept_aside_and_taken_up_again_when_it_comes_back()
    {
        using var bench = new AgentBench();
        var (task, _, hash) = AgentBench.Task();
        bench.Publish(1, task);
        bench.Chain.At(1, RoundPhase.Answering, Seat.Student, hash);
        await bench.StepAsync();
        var state = bench.StatePath + ".two";
        File.Copy(bench.StatePath, state);
        var salt = bench.Notes.Of(1)!.Salt;
        Assert.NotNull(salt);

        var other = Bytes32.FromUnsigned(7);
        using (var anew = AgentNotebook.Open(state, ChainId.Local, other, bench.Chain.Arena, ScriptedChain.Me))
        {
            Assert.Empty(anew.File.Rounds);
            anew.See(5);
        }

        using (var back = AgentNotebook.Open(state, ChainId.Local, bench.Chain.Genesis, bench.Chain.Arena, ScriptedChain.Me))
        {
            Assert.Equal(salt, back.Of(1)!.Salt);
        }

        using (var arena = AgentNotebook.Open(state, ChainId.Local, bench.Chain.Genesis, Anna, ScriptedChain.Me))
        {
            Assert.Empty(arena.File.Rounds);
        }

        using (var again = AgentNotebook.Open(state, ChainId.Local, other, bench.Chain.Arena, ScriptedChain.Me))
        {
            Assert.Equal(5, again.File.SeenRounds);
        }

        // Where the place is taken, both are left as they are.
        File.WriteAllText($"{state}.{other.ToString()[2..10]}-{bench.Chain.Arena.ToString()[2..10].ToLowerInvariant()}", "somebody's");
        Assert.Equal("agent-state-other", Assert.Throws<ControlException>(() => AgentNotebook.Open(state, ChainId.Local, bench.Chain.Genesis, bench.Chain.Arena, ScriptedChain.Me)).Code);
    }

    [Fact]
    public void Notes_of_before_that_name_no_first_block_are_those_of_the_chain_that_they_are_opened_on()
    {
        using var bench = new AgentBench();
        var state = bench.StatePath + ".old";
        File.WriteAllText(state, $$"""{"version": 1, "chainId": 31337, "arena": "{{bench.Chain.Arena}}", "account": "{{ScriptedChain.Me}}", "seenRounds": 4}""");
        foreach (var _ in (int[])[1, 2])
        {
            using var notes = AgentNotebook.Open(state, ChainId.Local, bench.Chain.Genesis, bench.Chain.Arena, ScriptedChain.Me);
            Assert.Equal((4, bench.Chain.Genesis), (notes.File.SeenRounds, notes.File.Genesis!.Value));
        }
    }

    // Round 1 in voting: Anna revealed a right answer, Bert a wrong one, and Cleo one that the gateway does not have.
    private static Bytes32 Judged(AgentBench bench)
    {
        var (task, right, hash) = AgentBench.Task();
        bench.Publish(1, task);
        bench.Chain.At(1, RoundPhase.Voting, Seat.Validator, hash, [Anna, Bert, Cleo]);
        bench.Gateway.Places = _ => Task.FromResult<IReadOnlyList<Address>>([Anna, Bert, Cleo]);
        foreach (var (student, index, told, revealed) in ((Address, int, string, string)[])[(Anna, 0, right, right), (Bert, 1, "wrong", "wrong"), (Cleo, 2, right, "something else")])
        {
            bench.Gateway.Answers[(1, student)] = told;
            bench.Chain.Students[student] = ScriptedChain.Seated(Seat.Student, index: index, disclosed: AgentBench.Digest(revealed));
        }

        return hash;
    }
}
