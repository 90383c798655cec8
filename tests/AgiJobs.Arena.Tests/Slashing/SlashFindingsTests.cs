using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using AgiJobs.Arena.Moderation;
using AgiJobs.Arena.Rounds;
using AgiJobs.Arena.Slashing;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Tasks;

namespace AgiJobs.Arena.Tests.Slashing;

public sealed class SlashFindingsTests
{
    private static readonly Address Teacher = Who(1);
    private static readonly Address[] Students = [Who(2), Who(3)];
    private static readonly Address[] Validators = [Who(5), Who(6), Who(7)];
    private static readonly GeneratedTask Task = TaskFamilies.Find("arithmetic-target")!.Generate(100, 7);
    private static readonly Exhibit Statement = Open(Task.Statement.Text);

    [Fact]
    public void A_vote_that_checking_the_answers_disproves_is_a_contradiction_with_its_digests()
    {
        var round = Round(votes: [0b01, 0b11, 0b00]);
        var found = SlashFindings.Of(round, Statement, Answers(Task.Witness, "0"), []);
        Assert.Equal([(Validators[1], SlashFinding.Contradiction), (Validators[2], SlashFinding.Contradiction)], found.Select(finding => (finding.Validator, finding.Reason)));
        Assert.All(found, finding => Assert.Null(finding.Executed));
        Assert.Equal(["task", "answer", "vote"], found[0].Evidence.Select(evidence => evidence.What));
        Assert.Equal([Digest(Task.Statement.Text), Digest("0"), Bytes32.FromUnsigned(3)], found[0].Evidence.Select(evidence => evidence.Digest));
        Assert.Equal(Digest(Task.Witness), found[1].Evidence[1].Digest);
        Assert.Equal($"9-{Validators[1]}-auto-slash:contradiction", found[0].Key);
    }

    [Fact]
    public void Without_the_bytes_that_the_chain_has_the_digest_of_nothing_is_proven()
    {
        var round = Round(votes: [0b11, 0b11, 0b11]);
        var answers = Answers(Task.Witness, "0");
        Assert.Equal(3, SlashFindings.Of(round, Statement, answers, []).Count);
        Assert.Empty(SlashFindings.Of(round, null, answers, []));
        Assert.Empty(SlashFindings.Of(round, Open(Task.Statement.Text + " "), answers, []));
        Assert.Empty(SlashFindings.Of(round with { TaskHash = null }, Statement, answers, []));
        Assert.Empty(SlashFindings.Of(round, Statement, new Dictionary<Address, Exhibit> { [Students[0]] = Open(Task.Witness) }, []));
        Assert.Empty(SlashFindings.Of(round, Statement, new Dictionary<Address, Exhibit> { [Students[1]] = Open("1") }, []));
    }

    [Fact]
    public void Bytes_that_were_not_open_before_the_voting_prove_nothing()
    {
        var round = Round(votes: [0b11, 0b11, 0b11]);
        Assert.Empty(SlashFindings.Of(round, Statement with { WasOpen = false }, Answers(Task.Witness, "0"), []));
        Assert.Empty(SlashFindings.Of(round, Statement, new Dictionary<Address, Exhibit> { [Students[1]] = Open("0") with { WasOpen = false } }, []));
    }

    [Fact]
    public void A_statement_that_is_no_task_proves_nothing_whatever_was_voted()
    {
        const string Broken = "{\"body\":{},\"difficulty\":1,\"family\":\"arithmetic-target\",\"version\":1}";
        Assert.Empty(SlashFindings.Of(Round(votes: [0, 1, 3]) with { TaskHash = Digest(Broken) }, Open(Broken), Answers(Task.Witness, "0"), []));
    }

    [Fact]
    public void A_validator_that_revealed_no_vote_contradicts_nothing_and_its_lost_stake_is_recorded_as_done()
    {
        var round = Round(votes: [0b01, null, 0b01]);
        round = round with { People = [.. round.People.Select(person => person.Account == Validators[1] ? person with { Silence = Wei.FromEther("2") } : person)] };
        var finding = Assert.Single(SlashFindings.Of(round, Statement, Answers(Task.Witness, "0"), []));
        Assert.Equal((Validators[1], SlashFinding.NoReveal, round.EndedBy, (Wei?)Wei.FromEther("2")), (finding.Validator, finding.Reason, finding.Executed, finding.Taken));
    }

    [Fact]
    public void An_answer_that_is_no_text_is_wrong()
    {
        byte[] bytes = [0xff, 0xfe];
        var round = Round(votes: [0b01, 0b11, 0b01], second: new Bytes32(SHA256.HashData(bytes)));
        var answers = new Dictionary<Address, Exhibit> { [Students[0]] = Open(Task.Witness), [Students[1]] = new(bytes, WasOpen: true) };
        Assert.Equal([Validators[1]], SlashFindings.Of(round, Statement, answers, []).Select(finding => finding.Validator));
    }

    [Fact]
    public void Blocked_content_of_a_validator_of_the_round_is_a_finding_once_for_each_rule()
    {
        var round = Round(votes: [0b01, 0b01, 0b01]);
        var found = SlashFindings.Of(round, null, new Dictionary<Address, Exhibit>(), Blocked(
        [
            Decision("a", Validators[0], 9, "insult", ModerationOutcome.Block),
            Decision("b", Validators[0], 9, "insult", ModerationOutcome.Block),
            Decision("c", Validators[0], 9, "copy", ModerationOutcome.Block),
            Decision("d", Validators[1], 9, "insult", ModerationOutcome.Flag),
            Decision("e", Validators[2], 8, "insult", ModerationOutcome.Block),
            Decision("f", Students[0], 9, "insult", ModerationOutcome.Block),
            Decision("g", Who(99), 9, "insult", ModerationOutcome.Block),
        ]));
        Assert.Equal([(Validators[0], "moderation:copy", 2), (Validators[0], "moderation:insult", 4)], found.Select(finding => (finding.Validator, finding.Reason, finding.Evidence.Count)));
        Assert.All(found, finding => Assert.Equal(["content", "decision"], finding.Evidence.Take(2).Select(evidence => evidence.What)));
    }

    [Fact]
    public void The_order_of_what_is_given_changes_nothing()
    {
        var round = Round(votes: [0b11, 0b00, 0b10]);
        ModerationDecision[] decisions = [Decision("a", Validators[1], 9, "insult", ModerationOutcome.Block), Decision("b", Validators[0], 9, "copy", ModerationOutcome.Block)];
        var one = SlashFindings.Of(round, Statement, Answers(Task.Witness, "0"), Blocked(decisions));
        var other = SlashFindings.Of(round, Statement, Answers(Task.Witness, "0"), Blocked(Enumerable.Reverse(decisions)));
        Assert.Equal(5, one.Count);
        Assert.Equal(one.Select(finding => SlashCase.Of(finding, default).Encode()), other.Select(finding => SlashCase.Of(finding, default).Encode()));
    }

    private static ModerationDecision Decision(string id, Address author, long round, string rule, ModerationOutcome outcome) =>
        new(new Submission(id, author, round, "comment", ""), Digest(id), 1, DateTimeOffset.UnixEpoch, outcome, [new ModerationFinding(rule, outcome, "found")], null);

    private static IEnumerable<BlockedSubmission> Blocked(params IEnumerable<ModerationDecision> decisions) => decisions.Select(BlockedSubmission.Of).OfType<BlockedSubmission>();

    internal static RoundChronicle Round(int?[] votes, Bytes32? second = null) => new()
    {
        Id = 9,
        Difficulty = 100,
        Teacher = Teacher,
        Orchestrator = Who(90),
        StartedIn = new BlockNumber(10),
        TaskHash = Digest(Task.Statement.Text),
        Ending = RoundEnding.Finalised,
        EndedIn = new BlockNumber(20),
        EndedBy = Digest("the end"),
        People =
        [
            new Attendance(Teacher, Seat.Teacher, null) { HasCome = true },
            new Attendance(Students[0], Seat.Student, 0) { HasCome = true, Disclosed = Digest(Task.Witness) },
            new Attendance(Students[1], Seat.Student, 1) { HasCome = true, Disclosed = second ?? Digest("0") },
            .. votes.Select((vote, index) => new Attendance(Validators[index], Seat.Validator, index) { HasCome = true, Disclosed = vote is { } bits ? Bytes32.FromUnsigned(new BigInteger(bits)) : null }),
        ],
    };

    internal static Address Who(byte number) => new([.. new byte[19], number]);

    private static Dictionary<Address, Exhibit> Answers(string first, string second) => new() { [Students[0]] = Open(first), [Students[1]] = Open(second) };

    private static Exhibit Open(string text) => new(Encoding.UTF8.GetBytes(text), WasOpen: true);

    private static Bytes32 Digest(string text) => new(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
