using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Breakers;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Tests.Breakers;

public sealed class BreakerLawTests
{
    private static readonly DateTimeOffset Now = BreakerGround.Start.AddSeconds(3);

    [Fact]
    public void Two_of_three_that_found_the_same_agree()
    {
        var verdict = Judge(("east", Note("east")), ("north", Note("north")));
        Assert.True(verdict.IsAgreed);
        Assert.Equal(["east", "north"], verdict.Counted.Select(one => one.Monitor));
        Assert.Empty(verdict.Discounted);
    }

    [Fact]
    public void One_that_lies_alone_fires_nothing_and_takes_nothing_from_the_others()
    {
        Assert.False(Judge(("west", Note("west", BreakerGround.Drain("a block that nobody else has")))).IsAgreed);
        var verdict = Judge(("east", Note("east")), ("north", Note("north")), ("west", Note("west", BreakerGround.Drain("a block that nobody else has"))));
        Assert.True(verdict.IsAgreed);
        Assert.Contains("west: its block 7 is", Assert.Single(verdict.Discounted), StringComparison.Ordinal);
    }

    [Fact]
    public void A_monitor_does_not_speak_for_another_and_nobody_speaks_for_one_with_another_key()
    {
        Assert.Contains("it speaks for 'east'", Assert.Single(Judge(("north", BreakerGround.NoteOf("east", BreakerGround.Drain(), Now, key: "north"))).Discounted), StringComparison.Ordinal);
        Assert.Contains("signature", Assert.Single(Judge(("north", BreakerGround.NoteOf("north", BreakerGround.Drain(), Now, key: "east"))).Discounted), StringComparison.Ordinal);
        Assert.Contains("none of the monitors", Assert.Single(Judge(("south", Note("east"))).Discounted), StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Single(Judge(("north", "garbage")).Discounted), StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Single(Judge(("north", null)).Discounted), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_signature_was_given_for_cannot_be_altered()
    {
        var note = Note("north").Replace("the treasury loses 1,000", "the treasury loses 2,000", StringComparison.Ordinal);
        Assert.Contains("signature", Assert.Single(Judge(("north", note)).Discounted), StringComparison.Ordinal);
    }

    [Fact]
    public void Monitors_with_other_rules_do_not_agree()
    {
        var verdict = Judge(("east", Note("east")), ("north", Note("north", BreakerGround.Drain(rules: BreakerGround.Word("other rules")))));
        Assert.False(verdict.IsAgreed);
        Assert.Contains("apply the same rules everywhere", Assert.Single(verdict.Discounted), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-301, "301 s old")]
    [InlineData(180, "ahead of this machine's clock")]
    public void Old_blocks_and_blocks_of_the_future_stop_nothing(int seconds, string why)
    {
        var finding = BreakerGround.Drain(blockTime: Now.AddSeconds(seconds));
        var verdict = Judge(("east", Note("east", finding)), ("north", Note("north", finding)));
        Assert.False(verdict.IsAgreed);
        Assert.All(verdict.Discounted, line => Assert.Contains(why, line, StringComparison.Ordinal));
    }

    [Fact]
    public void Testimony_of_another_network_counts_for_nothing() =>
        Assert.Contains("it is for 'other'", Assert.Single(Judge(("north", BreakerGround.NoteOf("north", BreakerGround.Drain(), Now, network: "other"))).Discounted), StringComparison.Ordinal);

    [Fact]
    public void Testimony_is_given_for_rules_that_stop_and_taken_back_with_the_finding()
    {
        Assert.Empty(BreakerGround.Witness("east").Of([BreakerGround.Drain() with { Rule = "noise" }, BreakerGround.Drain() with { Place = null }, BreakerGround.Drain(kind: FindingKind.Resolved)], Now));
        var given = Assert.Single(BreakerGround.Witness("east").Of([BreakerGround.Drain()], Now));
        var back = Assert.Single(BreakerGround.Witness("east").Of([BreakerGround.Drain(kind: FindingKind.Retracted)], Now));
        Assert.Equal((given.Key, null), (back.Key, back.Data));
    }

    [Theory]
    [InlineData(0, "cannot agree")]
    [InlineData(4, "cannot agree")]
    [InlineData(1, "one lying node")]
    public void A_number_that_cannot_agree_or_one_that_fires_alone_is_refused(int agree, string why) =>
        Assert.Contains(BreakerGround.File(agree).Problems(), problem => problem.Message.Contains(why, StringComparison.Ordinal));

    [Fact]
    public void One_monitor_may_offer() => Assert.Empty(BreakerGround.File(1, BreakerAction.Offer).Problems());

    [Fact]
    public void Names_keys_and_rules_that_stand_twice_and_keys_that_are_none_are_refused()
    {
        var file = BreakerGround.File();
        var twice = file with { Monitors = [.. file.Monitors, file.Monitors[0], new BreakerMonitor { Name = "south", Key = file.Monitors[1].Key }, new BreakerMonitor { Name = "up", Key = "nothing" }], Breakers = [.. file.Breakers, file.Breakers[0]], FreshSeconds = 0 };
        Assert.Equal(
            ["$.monitors[3]", "$.monitors[3]", "$.monitors[4]", "$.monitors[5]", "$.freshSeconds", "$.breakers[1]"],
            twice.Problems().Select(problem => problem.Place));
    }

    private static string Note(string monitor, Finding? finding = null) => BreakerGround.NoteOf(monitor, finding ?? BreakerGround.Drain(), Now);

    private static Verdict Judge(params (string Monitor, string? Note)[] notes) =>
        BreakerLaw.Judge(BreakerGround.File(), BreakerGround.Network, BreakerGround.Chain, notes.ToDictionary(entry => entry.Monitor, entry => entry.Note, StringComparer.Ordinal), Now);
}
