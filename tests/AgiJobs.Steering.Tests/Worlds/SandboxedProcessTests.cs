using System.Globalization;
using System.Text.Json.Nodes;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;

namespace AgiJobs.Steering.Tests.Worlds;

public sealed class SandboxedProcessTests : IDisposable
{
    private const string Verdict = """print "{\"version\":1,\"operation\":$op,\"task\":$task,\"passed\":true,\"cost\":\"0.01\"}\n";""";

    private readonly WorldGround _ground = new();

    public void Dispose() => _ground.Dispose();

    [Fact]
    public async Task A_verdict_with_its_cost_counts()
    {
        _ground.Write(WorldGround.Perl("1"), WorldGround.Perl(WorldGround.Asked + Verdict));
        Assert.Equal(new EvaluationOutcome(true, null, Amount.Parse("0.01"), Amount.Parse("1")), await _ground.EvaluateAsync());
    }

    [Fact]
    public async Task A_child_comes_from_its_parent_and_a_mate()
    {
        const string script = WorldGround.Asked + """my ($p) = /"artifact":"([^"]*)"/; my ($m) = /"mate":"([^"]*)"/; print "{\"version\":1,\"operation\":$op,\"artifact\":\"$p and $m\",\"cost\":\"0\"}\n";""";
        _ground.Write(WorldGround.Perl(script), WorldGround.Perl("1"));
        Assert.Equal(new ExpansionOutcome(null, "one and two", Amount.Zero), await _ground.ExpandAsync("one", "two"));
    }

    [Theory]
    [InlineData("garbage", """print "garbage\n";""", "no JSON")]
    [InlineData("no object", """print "[1]\n";""", "no JSON object")]
    [InlineData("NaN", """print "{\"version\":1,\"operation\":$op,\"task\":$task,\"passed\":true,\"cost\":NaN}\n";""", "no JSON")]
    [InlineData("NaN as text", """print "{\"version\":1,\"operation\":$op,\"task\":$task,\"passed\":true,\"cost\":\"NaN\"}\n";""", "'cost' is no decimal")]
    [InlineData("a rounded cost", """print "{\"version\":1,\"operation\":$op,\"task\":$task,\"passed\":true,\"cost\":0.1}\n";""", "'cost' is not text")]
    [InlineData("a negative cost", """print "{\"version\":1,\"operation\":$op,\"task\":$task,\"passed\":true,\"cost\":\"-1\"}\n";""", "claims a cost of -1")]
    [InlineData("more than was reserved", """print "{\"version\":1,\"operation\":$op,\"task\":$task,\"passed\":true,\"cost\":\"0.51\"}\n";""", "claims a cost of 0.51, and 0.5 was reserved")]
    [InlineData("a lie about the operation", """$op++; print "{\"version\":1,\"operation\":$op,\"task\":$task,\"passed\":true}\n";""", "'operation' is 5, and 4 was asked")]
    [InlineData("a lie about the task", """$task++; print "{\"version\":1,\"operation\":$op,\"task\":$task,\"passed\":true}\n";""", "'task' is 2, and 1 was asked")]
    [InlineData("another version", """print "{\"version\":2,\"operation\":$op}\n";""", "version 2")]
    [InlineData("more than is known", """print "{\"version\":1,\"operation\":$op,\"task\":$task,\"passed\":true,\"more\":1}\n";""", "'more' is unknown")]
    [InlineData("a member twice", """print "{\"version\":1,\"operation\":$op,\"task\":$task,\"passed\":true,\"passed\":false}\n";""", "twice")]
    [InlineData("two answers", """for (1, 2) { print "{\"version\":1,\"operation\":$op,\"task\":$task,\"passed\":true}\n"; }""", "answered 2 times")]
    [InlineData("no answer", "exit 0;", "ended without an answer")]
    [InlineData("a crash", """die "out of luck";""", "exit code 255: out of luck")]
    [InlineData("a signal", "kill 9, $$;", "exit code 137")]
    [InlineData("no verdict", """print "{\"version\":1,\"operation\":$op,\"task\":$task}\n";""", "no verdict")]
    [InlineData("a flood", """print "x" x 65536 while 1;""", "wrote more than 4096 bytes")]
    [InlineData("a flood of errors", """print STDERR "x" x 65536 while 1;""", "wrote more than 4096 bytes of errors")]
    public async Task What_is_no_answer_is_no_verdict_and_costs_what_was_reserved(string what, string script, string why)
    {
        _ground.Write(WorldGround.Perl("1"), WorldGround.Perl(WorldGround.Asked + script));
        var outcome = await _ground.EvaluateAsync();
        Assert.True(outcome.Passed is null && outcome.Fault!.Contains(why, StringComparison.Ordinal), $"{what}: {outcome}");
        Assert.Equal((WorldGround.Most, Amount.Zero), (outcome.Cost, outcome.Value));
        Assert.True(outcome.Fault!.Length < 600);
    }

    [Fact]
    public async Task A_fault_that_it_tells_costs_what_it_says()
    {
        _ground.Write(WorldGround.Perl("1"), WorldGround.Perl(WorldGround.Asked + """print "{\"version\":1,\"operation\":$op,\"task\":$task,\"fault\":\"no\\nmood\",\"cost\":\"0.02\"}\n";"""));
        Assert.Equal(new EvaluationOutcome(null, "it says: no mood", Amount.Parse("0.02"), Amount.Zero), await _ground.EvaluateAsync());
    }

    [Theory]
    [InlineData("it hangs", "sleep 1000;")]
    [InlineData("it works for ever", "1 while 1;")]
    [InlineData("it answers and goes on", Verdict + " sleep 1000;")]
    [InlineData("it hears no signal", "$SIG{TERM} = 'IGNORE'; sleep 1000 while 1;")]
    public async Task Who_does_not_end_is_killed_at_the_limit(string what, string script)
    {
        _ground.Write(WorldGround.Perl("1"), WorldGround.Perl(WorldGround.Asked + script, seconds: 1));
        var outcome = await _ground.EvaluateAsync();
        Assert.True(outcome is { Passed: null, Fault: "it did not end within 1 s" }, $"{what}: {outcome}");
        Assert.Equal(WorldGround.Most, outcome.Cost);
        Assert.Empty(Left());
    }

    [Theory]
    [InlineData("a child in the background", "if (!fork) { sleep 1000; }")]
    [InlineData("a child in a session of its own, as a daemon is", "use POSIX; if (!fork) { POSIX::setsid(); close STDIN; close STDOUT; close STDERR; if (!fork) { sleep 1000; } exit; }")]
    [InlineData("a child with a group of its own", "if (!fork) { setpgrp(0, 0); close STDOUT; close STDERR; sleep 1000; }")]
    public async Task What_it_started_ends_with_it(string what, string script)
    {
        _ground.Write(WorldGround.Perl("1"), WorldGround.Perl(WorldGround.Asked + script + Verdict, seconds: 2));
        _ = await _ground.EvaluateAsync();
        Assert.True(Left().Count == 0, what);
    }

    [Fact]
    public async Task A_process_that_takes_more_memory_than_it_may_has_no_answer()
    {
        // 600 MiB where 128 are allowed: the allocation itself is refused.
        _ground.Write(WorldGround.Perl("1"), WorldGround.Perl(WorldGround.Asked + """my $much = "x" x (600 << 20); """ + Verdict, megabytes: 128));
        var outcome = await _ground.EvaluateAsync();
        Assert.True(outcome.Passed is null && (outcome.Fault!.Contains("emory", StringComparison.Ordinal) || outcome.Fault.Contains("exit code", StringComparison.Ordinal)), outcome.ToString());

        // With as much as it needs the same process answers.
        _ground.Write(WorldGround.Perl("1"), WorldGround.Perl(WorldGround.Asked + """my $much = "x" x (100 << 20); """ + Verdict, megabytes: 1024));
        Assert.True((await _ground.EvaluateAsync()).Passed);
    }

    [Fact]
    public async Task Many_processes_together_have_no_more_memory_than_one()
    {
        _ground.Write(WorldGround.Perl("1"), WorldGround.Perl(WorldGround.Asked + """for (1 .. 6) { if (!fork) { my $much = "x" x (40 << 20); sleep 1000; } } sleep 1000;""", megabytes: 128));
        Assert.Equal("it used more than 128 MiB of memory", (await _ground.EvaluateAsync()).Fault);
        Assert.Empty(Left());
    }

    [Fact]
    public async Task Its_environment_is_empty_but_for_what_is_named_and_no_shell_reads_its_arguments()
    {
        const string script = WorldGround.Asked + """my $all = join(",", sort grep { !/^AGIJOBS_SANDBOX$/ } keys %ENV); print "{\"version\":1,\"operation\":$op,\"artifact\":\"$all $ARGV[0]\"}\n";""";
        Assert.True(Environment.GetEnvironmentVariables().Count > 1);
        var expander = WorldGround.Perl(script, environment: ["PATH", "NOT_THERE"]);
        expander["process"]!["command"]!.AsArray().Add((JsonNode)"$(id); `id` > x");
        _ground.Write(expander, WorldGround.Perl("1"));
        Assert.Equal("PATH $(id); `id` > x", (await _ground.ExpandAsync()).Artifact);
    }

    [Fact]
    public async Task A_run_that_is_given_up_leaves_no_process_and_no_outcome()
    {
        _ground.Write(WorldGround.Perl("1"), WorldGround.Perl("sleep 1000;"));
        using var stop = new CancellationTokenSource();
        var asked = _ground.EvaluateAsync(cancellation: stop.Token);
        await AgiJobs.Testing.Wait.UntilAsync("it runs", () => Left().Count > 0);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        Assert.Empty(Left());
    }

    [Fact]
    public async Task An_answer_to_a_task_of_the_arena_is_checked_and_not_believed()
    {
        // It says that it is right, whatever it is asked; once it is.
        var tasks = TaskSet.Of(7, 5);
        var easy = Enumerable.Range(0, tasks.Count).First(task => tasks[task].Family is "integer-sequences" or "graph-colouring" or "arithmetic-target" or "string-rewriting" or "sorting-networks");
        var right = AgiJobs.Tasks.TaskFamilies.Find(tasks[easy].Family)!.Solve(tasks[easy], 1_000_000, 1)!;
        File.WriteAllText(Path.Combine(_ground.Folder, "answer.json"), ((JsonNode)right).ToJsonString());
        foreach (var (script, passed) in ((string, bool?)[])
        [
            ("""print "{\"version\":1,\"operation\":$op,\"task\":$task,\"answer\":\"surely\"}\n";""", false),
            ("""print "{\"version\":1,\"operation\":$op,\"task\":$task,\"answer\":null}\n";""", false),
            ("""print "{\"version\":1,\"operation\":$op,\"task\":$task,\"passed\":true}\n";""", null),
            ("""open my $f, "<", "answer.json"; my $a = <$f>; print "{\"version\":1,\"operation\":$op,\"task\":$task,\"answer\":$a}\n";""", true),
        ])
        {
            _ground.Write(WorldGround.Perl("1"), WorldGround.Perl(WorldGround.Asked + script), tasks: null);
            var outcome = await _ground.EvaluateAsync(task: easy, tasks: tasks.Count);
            Assert.True(outcome.Passed == passed, $"{script}: {outcome}");
            Assert.Equal(passed is true ? Amount.Parse("1") : Amount.Zero, outcome.Value);
        }
    }

    [Fact]
    public async Task A_run_in_a_world_of_processes_ends_by_itself_and_one_that_only_crashes_does_not_go_on_for_ever()
    {
        const string child = WorldGround.Asked + """my ($p) = /"artifact":"([^"]*)"/; print "{\"version\":1,\"operation\":$op,\"artifact\":\"$p$op\",\"cost\":\"0.1\"}\n";""";
        foreach (var (evaluator, verdicts) in ((string, bool)[])[(WorldGround.Asked + Verdict, true), ("die;", false)])
        {
            _ground.Write(WorldGround.Perl(child), WorldGround.Perl(evaluator));
            var (worlds, store) = (_ground.Worlds(), new MemoryRunStore());
            // Nobody gets a verdict where everything crashes, and agents are made as long as there is money: a cap ends it.
            var start = worlds.Begin(new RunSettings { World = "other", Seed = 7, Evaluations = 6, Concurrency = 3, InitialBurst = 2, CostCap = Amount.Parse("4") });
            Assert.Equal((3, "root"), (start.Settings.Tasks, start.Artifact));
            await using var world = await worlds.OpenAsync("run", start.Settings, store, default);
            var end = await new RunDriver(store, world, 3).DriveAsync("run", start, default);
            Assert.Equal(verdicts ? (RunEnd.EvaluationsSpent, 6) : (RunEnd.CostCap, 0), (end.Finished!.Reason, end.Evaluations));
            Assert.True(end.Budget.Spent <= Amount.Parse("4"));
        }
    }

    // Processes of the sandbox that still run.
    private List<string> Left() =>
        [.. Directory.EnumerateDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out _) && IsOurs(folder))];

    private bool IsOurs(string process)
    {
        try
        {
            return new FileInfo(Path.Combine(process, "cwd")).LinkTarget == _ground.Folder && !File.ReadAllText(Path.Combine(process, "stat")).Contains(") Z", StringComparison.Ordinal);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
