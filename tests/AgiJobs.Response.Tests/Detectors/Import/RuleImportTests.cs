using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Control;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Detectors.Import;

namespace AgiJobs.Response.Tests.Detectors.Import;

public sealed class RuleImportTests : IDisposable
{
    private const string NoExpression = "true";

    private readonly RuleWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void A_monitor_becomes_rules_with_its_conditions_its_depth_and_what_it_was()
    {
        var result = Import(Monitor("""{ "events": [ { "signature": "RewardPaid(address,address,uint256)", "expression": "amount > 100 AND to != 0x0000000000000000000000000000000000000000" } ] }"""), Network(31337));
        var rule = Assert.Single(result.Rules.Rules);

        Assert.Equal(("pool-watch-feepool-rewardpaid", 12, "FeePool"), (rule.Name, rule.Confirmations, Assert.Single(rule.Event!.Modules)));
        Assert.StartsWith("amount > 100", rule.Event!.Where, StringComparison.Ordinal);
        Assert.Contains("slack_ops", rule.Note, StringComparison.Ordinal);
        Assert.Empty(new RuleCompiler(_world.Ground).Check([new RuleSource("imported", 0, rule)]).Problems);
    }

    [Fact]
    public void Conditions_of_transactions_are_joined_with_those_of_functions_in_any_case_of_their_words()
    {
        var result = Import(Monitor("""{ "functions": [ { "signature": "setBurnPct(uint256)", "expression": null } ], "transactions": [ { "status": "FAILURE", "expression": "value > 0" } ] }"""));
        var call = Assert.Single(result.Rules.Rules).Call!;

        Assert.Equal(("failure", "(tx.value > 0)"), (call.Status, call.Where));
    }

    // Trap 12.
    [Fact]
    public void A_script_and_a_condition_that_mean_nothing_here_make_the_rule_wider_and_are_said()
    {
        var result = Import(Monitor("""{ "events": [ { "signature": "Paused(address)", "expression": "account is_contract" } ] }""", """[ { "script_path": "./f.py", "language": "PYTHON", "arguments": ["--v"], "timeout_ms": 1000 } ]"""));

        Assert.Null(Assert.Single(result.Rules.Rules).Event!.Where);
        Assert.Contains(result.Warnings, warning => warning.Code == "import-script");
        Assert.Contains(result.Warnings, warning => warning.Code == "import-condition");
    }

    // Traps 3 and 4.
    [Fact]
    public void A_Sentinel_whose_ABI_indexes_otherwise_and_that_watches_one_module_of_many_is_warned_of()
    {
        var result = Import([("s.json", Sentinel("Paused(address)", NoExpression, """[ { "type": "event", "name": "Paused", "inputs": [ { "name": "account", "type": "address", "indexed": true } ], "anonymous": false } ]"""))], Map());
        var rule = Assert.Single(result.Rules.Rules);

        Assert.Equal(("SEV-0", "FeePool"), (rule.Severity, Assert.Single(rule.Event!.Modules)));
        Assert.Contains(result.Warnings, warning => warning.Code == "import-indexed");
        Assert.Contains(result.Warnings, warning => warning.Code == "import-unwatched" && warning.Message.Contains("StakeManager", StringComparison.Ordinal));
    }

    [Fact]
    public void A_Sentinel_for_an_event_that_the_module_does_not_have_is_said_to_be_silent()
    {
        var result = Import([("s.json", Sentinel("Paused(address)", NoExpression, "[]")), ("t.json", Sentinel("Halted()", NoExpression, """["event Halted()"]"""))], Map());

        Assert.Single(result.Rules.Rules);
        Assert.Contains(result.Warnings, warning => warning.Code == "import-event-unknown");
    }

    [Theory]
    [InlineData("import-format", "[]")]
    [InlineData("import-format", "{")]
    [InlineData("import-format", """{ "hello": 1 }""")]
    [InlineData("import-empty", """{ "hook": { "name": "h", "trigger_type": "WebHook", "config": {} } }""")]
    [InlineData("import-value", """{ "name": "a", "networks": [], "addresses": [], "match_conditions": { "events": [ { "signature": "Paused(address)" } ] } }""")]
    [InlineData("import-value", """{ "name": "a", "type": "BLOCK", "addresses": [], "conditions": [ { "event": "Paused(address)" } ] }""")]
    [InlineData("import-value", """{ "name": "a", "type": "BLOCK", "addresses": [ "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC" ], "conditions": [] }""")]
    [InlineData("import-value", """{ "name": "a", "type": "BLOCK", "addresses": [ "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC" ], "conditions": [ { "event": "Paused(address)", "function": "pause()" } ] }""")]
    [InlineData("import-unknown-key", """{ "name": "a", "networks": [], "addresses": [], "match_conditions": {}, "min_value": 5 }""")]
    [InlineData("import-unknown-key", """{ "name": "a", "networks": [], "addresses": [], "match_conditions": { "blocks": [] } }""")]
    [InlineData("import-value", """{ "name": "a", "networks": [], "addresses": [ { "address": "0x12" } ], "match_conditions": {} }""")]
    [InlineData("import-value", """{ "name": 5, "networks": [], "addresses": [], "match_conditions": {} }""")]
    [InlineData("import-value", """{ "network_type": "Stellar", "slug": "s", "chain_id": 1, "rpc_urls": [] }""")]
    [InlineData("import-value", """{ "name": "a", "networks": [], "addresses": [], "match_conditions": { "transactions": [ { "status": "Maybe" } ] } }""")]
    public void What_is_not_understood_is_refused(string code, string content)
    {
        Assert.Equal(code, Assert.Throws<ControlException>(() => Import([("f.json", content)], [])).Code);
    }

    [Fact]
    public void A_placeholder_without_an_address_and_another_chain_are_not_passed_over()
    {
        Assert.Equal("import-placeholder", Assert.Throws<ControlException>(() => Import([("s.json", Sentinel("Paused(address)", NoExpression, "[]"))], [])).Code);
        Assert.Contains(Import(Monitor("""{ "events": [ { "signature": "Paused(address)" } ] }"""), Network(1)).Warnings, warning => warning.Code == "import-network" && warning.Message.Contains("chain 1", StringComparison.Ordinal));
    }

    private ImportResult Import(params string[] files) => Import([.. files.Select((content, index) => ($"{index}.json", content))], []);

    private ImportResult Import((string Name, string Content)[] files, Dictionary<string, string> map) =>
        new RuleImport(_world.Ground).Run([.. files.Select(file => new ImportFile(file.Name, Encoding.UTF8.GetBytes(file.Content)))], map);

    private Dictionary<string, string> Map() => new(StringComparer.Ordinal) { ["FEE_POOL"] = _world.Ground.Protocol["FeePool"].Address.ToString() };

    private string Monitor(string conditions, string scripts = "[]") => new JsonObject
    {
        ["name"] = "Pool watch",
        ["paused"] = false,
        ["networks"] = new JsonArray("local_net"),
        ["addresses"] = new JsonArray(new JsonObject { ["address"] = _world.Ground.Protocol["FeePool"].Address.ToString() }),
        ["match_conditions"] = JsonNode.Parse(conditions),
        ["trigger_conditions"] = JsonNode.Parse(scripts),
        ["triggers"] = new JsonArray("slack_ops"),
    }.ToJsonString();

    private static string Network(ulong chain) => new JsonObject
    {
        ["network_type"] = "evm",
        ["slug"] = "local_net",
        ["name"] = "Local",
        ["rpc_urls"] = new JsonArray(new JsonObject { ["type_"] = "rpc", ["url"] = new JsonObject { ["type"] = "PLAIN", ["value"] = "http://127.0.0.1:1" }, ["weight"] = 100 }),
        ["chain_id"] = chain,
        ["block_time_ms"] = 12000,
        ["confirmation_blocks"] = 12,
        ["cron_schedule"] = "0 */1 * * * *",
        ["max_past_blocks"] = "unlimited",
        ["store_blocks"] = false,
    }.ToJsonString();

    private static string Sentinel(string @event, string expression, string abi) => new JsonObject
    {
        ["$schema"] = "https://defender.openzeppelin.com/schemas/sentinel.json",
        ["name"] = "Pause",
        ["type"] = "BLOCK_EVENT",
        ["network"] = "mainnet",
        ["addresses"] = new JsonArray("{{FEE_POOL}}"),
        ["abi"] = JsonNode.Parse(abi),
        ["conditions"] = new JsonArray(new JsonObject { ["event"] = @event, ["expression"] = expression, ["severity"] = "CRITICAL", ["notificationChannels"] = new JsonArray("pagerduty-critical"), ["notes"] = "Call somebody." }),
        ["notes"] = "n",
    }.ToJsonString();
}
