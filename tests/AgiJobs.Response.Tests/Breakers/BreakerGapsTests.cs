using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Breakers;
using AgiJobs.Response.Watching;

namespace AgiJobs.Response.Tests.Breakers;

public sealed class BreakerGapsTests
{
    private static readonly DateTimeOffset Now = BreakerGround.Start;

    [Fact]
    public void With_enough_monitors_the_rule_in_force_and_an_armed_pause_there_is_no_gap() => Assert.Empty(Gaps());

    [Fact]
    public void A_rule_that_is_not_in_force_stops_nothing() => Assert.Equal(["no rule 'treasury-drain' is in force: it stops nothing"], Gaps(rules: ["another"]));

    [Fact]
    public void What_is_not_known_is_a_gap() => Assert.Equal(
        ["which rules are in force is unknown", "whether a pause is armed on this machine is unknown"],
        BreakerGaps.Of(BreakerGround.File(), Three(), null, null, null, Now));

    [Fact]
    public void An_empty_armory_is_a_gap_of_what_fires_and_not_of_what_offers()
    {
        Assert.Equal(["no pause is armed on this machine: NOTHING CAN BE FIRED"], Gaps(armed: 0));
        Assert.Empty(BreakerGaps.Of(BreakerGround.File(2, BreakerAction.Offer), Three(), ["treasury-drain"], BreakerGround.Rules.ToString(), 0, Now));
    }

    [Fact]
    public void Each_monitor_that_cannot_testify_is_named_with_the_reason_and_too_few_stop_nothing()
    {
        var (east, north, west) = (Standing("east"), Standing("north"), Standing("west"));
        Assert.Equal(["west has never run here"], Gaps([east, north]));
        Assert.Equal(["west has not written since 2026-11-22 02:58:59 UTC"], Gaps([east, north, west with { At = Now.AddSeconds(-61) }]));
        Assert.Equal(["west is blind: no answer"], Gaps([east, north, west with { Blind = new Blindness(Now, "no answer", false) }]));
        Assert.Equal(["west signs with another key than config/breakers.json names"], Gaps([east, north, west with { Key = east.Key }]));
        Assert.Equal(["west does not watch by the rules in force"], Gaps([east, north, west with { RuleSet = null }]));
        Assert.Equal(
            ["north does not watch by the rules in force", "west has never run here", "1 monitors can testify and 2 must agree: NOTHING IS STOPPED"],
            Gaps([east, north with { RuleSet = BreakerGround.Word("other").ToString() }]));
    }

    private static IReadOnlyList<string> Gaps(IReadOnlyList<MonitorStanding>? standings = null, IReadOnlyCollection<string>? rules = null, int? armed = 1) =>
        BreakerGaps.Of(BreakerGround.File(), standings ?? Three(), rules ?? ["treasury-drain"], BreakerGround.Rules.ToString(), armed, Now);

    private static IReadOnlyList<MonitorStanding> Three() => [Standing("east"), Standing("north"), Standing("west")];

    private static MonitorStanding Standing(string name) => new()
    {
        Version = 1,
        Network = BreakerGround.Network,
        ChainId = BreakerGround.Chain.Value,
        Monitor = name,
        Node = "node",
        At = Now,
        RuleSet = BreakerGround.Rules.ToString(),
        Key = BreakerGround.KeyOf(name).ToString(),
    };
}
