using System.Text.Json.Nodes;
using AgiJobs.Response.Drills;

namespace AgiJobs.Response.Tests.Drills;

public sealed class PauseDrillTests
{
    // Commands and probes together; the first test holds it to what the drill really does.
    private const int Steps = 51;

    public static TheoryData<int> EveryStep => [.. Enumerable.Range(0, Steps)];

    private static Task<DrillReport> RunAsync(ScriptedGround ground) => new PauseDrill(ground, TimeProvider.System).RunAsync(CancellationToken.None);

    // Which claim a step belongs to: one is about several commands.
    private static async Task<int> ClaimOfAsync(int step)
    {
        var ground = new ScriptedGround();
        var ends = new List<int>();
        await new PauseDrill(ground, TimeProvider.System, _ => ends.Add(ground.Steps)).RunAsync(CancellationToken.None);
        return ends.FindIndex(end => end > step);
    }

    [Fact]
    public async Task It_holds_when_every_claim_held()
    {
        var ground = new ScriptedGround();
        var heard = new List<DrilledClaim>();
        var report = await new PauseDrill(ground, TimeProvider.System, heard.Add).RunAsync(CancellationToken.None);
        Assert.All(report.Claims, claim => Assert.True(claim.Held, $"{claim.Claim}: {claim.Detail}"));
        Assert.True(report.Held);
        Assert.Equal(Steps, ground.Steps);
        Assert.Equal(Steps - 4, report.Claims.Count);
        Assert.Equal(report.Claims, heard);
        Assert.Equal(6, report.Claims.Select(claim => claim.Part).Distinct(StringComparer.Ordinal).Count());
        var took = TimeSpan.FromMilliseconds(250);
        Assert.Equal((new DrillTiming(took, 1), new DrillTiming(took, 1), new DrillTiming(took, 5)), (report.Pause, report.Fire, report.Resume));
        Assert.Equal(("0.25 s from command to verified, mined in the next block", "0.25 s from command to verified, mined 5 blocks later"), (report.Pause!.ToString(), report.Resume!.ToString()));
    }

    [Theory]
    [MemberData(nameof(EveryStep))]
    public async Task One_claim_that_does_not_hold_is_enough_to_fail_the_drill(int step)
    {
        var claim = await ClaimOfAsync(step);
        var report = await RunAsync(new ScriptedGround { Spoiled = step });
        Assert.False(report.Held);
        Assert.False(report.Claims[claim].Held);
        Assert.All(report.Claims.Take(claim), earlier => Assert.True(earlier.Held));
    }

    [Theory]
    [MemberData(nameof(EveryStep))]
    public async Task An_empty_answer_with_the_right_exit_code_proves_nothing_where_an_answer_is_needed(int step)
    {
        // A repeated pause answers with the state only; that nothing was sent is the absence of a transaction.
        int[] byExitAlone = [8];
        var claim = await ClaimOfAsync(step);
        var report = await RunAsync(new ScriptedGround { Spoiled = step, Spoil = outcome => outcome with { Json = [] } });
        Assert.Equal(byExitAlone.Contains(step), report.Claims[claim].Held);
    }

    [Fact]
    public async Task What_it_verifies_elsewhere_it_verifies_with_two_who_signed_and_then_with_one_who_did_not()
    {
        var ground = new ScriptedGround();
        var report = await RunAsync(ground);
        Assert.Equal(["evidence verify evidence.tar --owner 0x1 --owner 0x2", "evidence verify evidence.tar --owner 0x1 --owner 0x3"], ground.Commands.TakeLast(2));
        Assert.Contains("as far apart as a script can be", report.Claims[^1].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_that_is_refused_for_another_reason_than_the_pause_is_no_proof_of_the_pause()
    {
        var paused = await RunAsync(new ScriptedGround { Spoiled = 7 - 1, SpoilProbes = outcomes => [.. outcomes.Select(outcome => outcome with { Reason = "ERC20InsufficientBalance()" })] });
        var claim = paused.Claims.First(claim => claim.Claim.StartsWith("The same calls are refused", StringComparison.Ordinal));
        Assert.False(claim.Held);
        Assert.Contains("ERC20InsufficientBalance", claim.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_module_that_still_runs_falsifies_the_pause()
    {
        var report = await RunAsync(new ScriptedGround { Spoiled = 5, Spoil = outcome => outcome with { Json = new JsonObject { ["summary"] = "MIXED", ["modules"] = new JsonArray(new JsonObject { ["state"] = "paused" }, new JsonObject { ["state"] = "running" }) } } });
        Assert.False(report.Held);
        Assert.Equal("Every module is paused", report.Claims[5].Claim);
        Assert.Equal("MIXED", report.Claims[5].Detail);
    }

    [Fact]
    public async Task An_unknown_module_is_neither_running_nor_paused()
    {
        var report = await RunAsync(new ScriptedGround { Spoiled = 0, Spoil = outcome => outcome with { Json = new JsonObject { ["summary"] = "1 UNKNOWN", ["modules"] = new JsonArray(new JsonObject { ["state"] = "UNKNOWN" }) } } });
        Assert.False(report.Held);
        Assert.Equal(TimeSpan.Zero, report.Claims[^1].Took);
        Assert.Contains("stopped after", report.Claims[^1].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_without_claims_is_not_held() =>
        Assert.False(new DrillReport("pause", default, default, [], null, null).Held);

    [Fact]
    public async Task The_markdown_shows_each_claim_once_with_what_was_seen()
    {
        var report = await RunAsync(new ScriptedGround());
        var text = report.ToMarkdown();
        Assert.StartsWith("# Drill: pause\n\nEvery claim held.", text, StringComparison.Ordinal);
        Assert.Equal(report.Claims.Count, text.Split('\n').Count(line => line.StartsWith("| ", StringComparison.Ordinal) && line.Contains("| yes |", StringComparison.Ordinal)));
        Assert.All(report.Claims, claim => Assert.Contains($"| {claim.Claim} |", text, StringComparison.Ordinal));
        Assert.DoesNotContain("**NO**", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_markdown_of_a_failed_drill_says_so_first_and_keeps_its_table_whole()
    {
        var report = new DrillReport("pause", default, TimeSpan.FromSeconds(1), [new DrilledClaim("Every module is paused", false, "a | b\nc", null, TimeSpan.Zero)], null, null);
        var text = report.ToMarkdown();
        Assert.Contains("1 of 1 claims DID NOT HOLD.", text, StringComparison.Ordinal);
        Assert.Contains("| 1 | Every module is paused | **NO** | a \\| b c | 0.00 s |", text, StringComparison.Ordinal);
        Assert.Contains("- Pause: not reached", text, StringComparison.Ordinal);
    }
}
