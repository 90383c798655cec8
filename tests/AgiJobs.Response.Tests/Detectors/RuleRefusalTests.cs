
namespace AgiJobs.Response.Tests.Detectors;

public sealed class RuleRefusalTests : IDisposable
{
    private readonly RuleWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Theory]
    [InlineData("rule-name", "$.rules[0].name", """{ "name": "Paused!", "event": { "events": ["Paused"] } }""")]
    [InlineData("rule-name", "$.rules[0].name", """{ "name": "rule-blind", "event": { "events": ["Paused"] } }""")]
    [InlineData("rule-severity", "$.rules[0].severity", """{ "severity": "HIGH", "event": { "events": ["Paused"] } }""")]
    [InlineData("rule-confirmations", "$.rules[0].confirmations", """{ "confirmations": -1, "event": { "events": ["Paused"] } }""")]
    [InlineData("rule-blind-after", "$.rules[0].blindAfter", """{ "blindAfter": 0, "event": { "events": ["Paused"] } }""")]
    [InlineData("rule-title", "$.rules[0].title", """{ "title": "{nobody}", "event": { "events": ["Paused"] } }""")]
    [InlineData("rule-title", "$.rules[0].title", """{ "title": "{account", "event": { "events": ["Paused"] } }""")]
    [InlineData("rule-title", "$.rules[0].title", """{ "title": " ", "event": { "events": ["Paused"] } }""")]
    [InlineData("rule-kind", "$.rules[0]", """{ }""")]
    [InlineData("rule-kind", "$.rules[0]", """{ "event": { "events": ["Paused"] }, "state": { "view": "paused()", "where": "value" } }""")]
    [InlineData("rule-unexplained", "$.rules[0].unexplained", """{ "unexplained": true, "state": { "view": "paused()", "where": "value" } }""")]
    [InlineData("rule-standstill", "$.rules[0].standstill", """{ "standstill": true, "state": { "view": "paused()", "where": "value" } }""")]
    [InlineData("rule-module-unknown", "$.rules[0].event.modules", """{ "event": { "modules": ["Fee"], "events": ["Paused"] } }""")]
    [InlineData("rule-event-unknown", "$.rules[0].event.events", """{ "event": { "modules": ["FeePool"], "events": ["StakeSlashed"] } }""")]
    [InlineData("rule-event-unknown", "$.rules[0].event.events", """{ "event": { "events": ["Halted"] } }""")]
    [InlineData("rule-event-unknown", "$.rules[0].event.events", """{ "event": { "events": ["Paused(uint256)"] } }""")]
    [InlineData("rule-event-unknown", "$.rules[0].event.events", """{ "event": { "events": [] } }""")]
    [InlineData("rule-except-unknown", "$.rules[0].event.except", """{ "event": { "events": ["*Updated"], "except": ["TreasuryUpdatd"] } }""")]
    [InlineData("rule-except-unknown", "$.rules[0].event.except", """{ "event": { "modules": ["FeePool"], "events": ["*Updated"], "except": ["SlasherUpdated"] } }""")]
    [InlineData("rule-abi", "$.rules[0].event.events", """{ "event": { "events": ["Paused(wint256)"] } }""")]
    [InlineData("rule-abi", "$.rules[0].event.addresses", """{ "event": { "addresses": ["0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"], "events": ["Paused"] } }""")]
    [InlineData("rule-abi", "$.rules[0].event.abi", """{ "event": { "abi": ["event Paused("], "addresses": ["@safe"], "events": ["Paused"] } }""")]
    [InlineData("rule-abi", "$.rules[0].event.abi", """{ "event": { "abi": ["event Paused()"], "events": ["Paused"] } }""")]
    [InlineData("rule-address", "$.rules[0].event.addresses", """{ "event": { "addresses": ["FeePool"], "events": ["Paused"] } }""")]
    [InlineData("rule-function-unknown", "$.rules[0].call.functions", """{ "call": { "modules": ["FeePool"], "functions": ["steal"] } }""")]
    [InlineData("rule-status", "$.rules[0].call.status", """{ "call": { "modules": ["FeePool"], "functions": ["pause"], "status": "maybe" } }""")]
    [InlineData("rule-view-unknown", "$.rules[0].state.view", """{ "state": { "modules": ["FeePool"], "view": "totalStakes()", "where": "value > 1" } }""")]
    [InlineData("rule-view-several", "$.rules[0].state.view", """{ "state": { "modules": ["StakeManager"], "view": "fee*", "where": "value > 1" } }""")]
    [InlineData("rule-arguments", "$.rules[0].state.arguments", """{ "state": { "modules": ["StakeManager"], "view": "minStake", "where": "value > 1" } }""")]
    [InlineData("argument-format", "$.rules[0].state.arguments", """{ "state": { "modules": ["StakeManager"], "view": "minStake", "arguments": ["much"], "where": "value > 1" } }""")]
    [InlineData("rule-view-type", "$.rules[0].change.view", """{ "change": { "modules": ["FeePool"], "view": "treasury()", "drop": "20%", "within": "5 blocks" } }""")]
    [InlineData("rule-threshold", "$.rules[0].change.drop", """{ "change": { "modules": ["StakeManager"], "view": "totalStakes", "arguments": ["0"], "drop": "0%", "within": "5 blocks" } }""")]
    [InlineData("rule-threshold", "$.rules[0].change.drop", """{ "change": { "modules": ["StakeManager"], "view": "totalStakes", "arguments": ["0"], "drop": "101%", "within": "5 blocks" } }""")]
    [InlineData("rule-threshold", "$.rules[0].change", """{ "change": { "modules": ["StakeManager"], "view": "totalStakes", "arguments": ["0"], "drop": "1%", "rise": "1%", "within": "5 blocks" } }""")]
    [InlineData("rule-window", "$.rules[0].change.within", """{ "change": { "modules": ["StakeManager"], "view": "totalStakes", "arguments": ["0"], "drop": "20%" } }""")]
    [InlineData("rule-window", "$.rules[0].change.within", """{ "change": { "modules": ["StakeManager"], "view": "totalStakes", "arguments": ["0"], "within": "5 blocks" } }""")]
    [InlineData("rule-window", "$.rules[0].rate.within", """{ "rate": { "of": { "events": ["Paused"] }, "within": "0 blocks", "count": 2 } }""")]
    [InlineData("rule-window", "$.rules[0].rate.within", """{ "rate": { "of": { "events": ["Paused"] }, "within": "soon", "count": 2 } }""")]
    [InlineData("rule-threshold", "$.rules[0].rate.count", """{ "rate": { "of": { "events": ["Paused"] }, "within": "5 blocks", "count": 0 } }""")]
    [InlineData("rule-threshold", "$.rules[0].rate", """{ "rate": { "of": { "events": ["Paused"] }, "within": "5 blocks" } }""")]
    [InlineData("rule-threshold", "$.rules[0].rate", """{ "rate": { "of": { "events": ["RewardPaid"] }, "within": "5 blocks", "count": 3, "sum": "amount", "reaches": "1" } }""")]
    [InlineData("rule-argument-unknown", "$.rules[0].rate.sum", """{ "rate": { "of": { "events": ["RewardPaid"] }, "within": "5 blocks", "sum": "much", "reaches": "1" } }""")]
    [InlineData("rule-argument-type", "$.rules[0].rate.sum", """{ "rate": { "of": { "events": ["RewardPaid"] }, "within": "5 blocks", "sum": "to", "reaches": "1" } }""")]
    [InlineData("rule-units", "$.rules[0].rate.reaches", """{ "rate": { "of": { "events": ["RewardPaid"] }, "within": "5 blocks", "sum": "amount", "reaches": "5 DOGE" } }""")]
    [InlineData("rule-same", "$.rules[0].absence.same", """{ "absence": { "of": { "events": ["RoundFinalised"] }, "within": "5 blocks", "same": "roundId" } }""")]
    [InlineData("rule-argument-unknown", "$.rules[0].sequence.same", """{ "sequence": { "first": { "events": ["RoundFinalised"] }, "then": { "events": ["Paused"] }, "within": "5 blocks", "same": "roundId" } }""")]
    [InlineData("unit-unknown", "$.rules[0].units.amount", """{ "units": { "amount": "DOGE" }, "event": { "events": ["RewardPaid"] } }""")]
    [InlineData("rule-units-unused", "$.rules[0].units.amonut", """{ "units": { "amonut": "AGIALPHA" }, "event": { "events": ["RewardPaid"] } }""")]
    [InlineData("rule-units", "$.rules[0].units.to", """{ "units": { "to": "AGIALPHA" }, "event": { "events": ["RewardPaid"] } }""")]
    [InlineData("where-contradiction", "$.rules[0].event.where", """{ "event": { "events": ["RewardPaid"], "where": "amount > 10 AND amount < 5" } }""")]
    [InlineData("where-type", "$.rules[0].event.where", """{ "event": { "events": ["RewardPaid"], "where": "to > 10" } }""")]
    [InlineData("where-argument-unknown", "$.rules[0].event.where", """{ "event": { "events": ["RewardPaid"], "where": "amonut > 10" } }""")]
    [InlineData("where-syntax", "$.rules[0].event.where", """{ "event": { "events": ["RewardPaid"], "where": "amount >" } }""")]
    public void A_rule_that_cannot_be_watched_is_refused_with_place_and_mend(string code, string place, string rule)
    {
        var check = _world.Check(rule);
        var problem = Assert.Single(check.Problems);

        Assert.Null(check.Rules);
        Assert.Equal((code, place), (problem.Code, problem.Place));
        Assert.NotEmpty(problem.Message);
        Assert.NotEmpty(problem.Mend!);
    }

    [Fact]
    public void Every_name_that_nothing_has_is_said_and_where_a_module_has_no_address_each_is_said_to_sleep()
    {
        const string rule = """{ "name": "a", "event": { "events": ["Paused", "Halted", "Stopped"], "except": ["Resumed"] } }""";
        var refused = Assert.Single(_world.Check(rule).Problems);
        Assert.Contains("'Halted' or 'Stopped'", refused.Message, StringComparison.Ordinal);

        using var part = new RuleWorld("SelfPlayArena");
        var sleeping = part.Check(rule).Require().Sleeping;
        Assert.Equal(3, sleeping.Count);
        Assert.All(sleeping, problem => Assert.Equal("rule-sleeping", problem.Code));
        Assert.All((string[])["'Halted'", "'Stopped'", "'Resumed'"], name => Assert.Single(sleeping, problem => problem.Message.Contains(name, StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_problem_is_said_at_once_and_two_rules_of_one_name_are_one()
    {
        var check = _world.Check("""{ "name": "a", "event": { "events": ["Paused"] } }""", """{ "name": "a", "event": { "events": ["Unpaused"] } }""", """{ "name": "b", "event": { "events": ["Nothing"] } }""");

        Assert.Equal(["rule-twice", "rule-event-unknown"], check.Problems.Select(problem => problem.Code));
    }
}
