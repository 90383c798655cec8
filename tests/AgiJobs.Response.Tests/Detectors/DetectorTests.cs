using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;
using static AgiJobs.Response.Tests.Detectors.RuleWorld;

namespace AgiJobs.Response.Tests.Detectors;

public sealed class DetectorTests : IDisposable
{
    private readonly RuleWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void An_event_of_any_module_that_has_it_fires_with_its_arguments_in_words()
    {
        var set = _world.Set("""{ "title": "{module} was paused by {account}", "event": { "events": ["Paused"] } }""");
        var finding = Assert.Single(Run(set, [Block(7, _world.Log("FeePool", "Paused", "a", 3, Alice), _world.Log("FeePool", "Unpaused", "a", 4, Alice))]));

        Assert.Equal($"FeePool was paused by {Alice}", finding.Title);
        Assert.Equal((FindingKind.Firing, Severity.Sev1, "FeePool", 7UL, 3, HashOf("a")), (finding.Kind, finding.Severity, finding.Subject, finding.Place!.Block.Value, finding.Place.LogIndex, finding.Place.Transaction));
        Assert.Equal(set.Digest, finding.RuleSet);
        Assert.True(set.Needs.Addresses!.Count > 10, "every module that can be paused is watched");
    }

    [Fact]
    public void A_finding_has_the_same_identity_whoever_finds_it_and_another_place_another()
    {
        const string Rule = """{ "event": { "events": ["Paused"] } }""";
        var log = _world.Log("FeePool", "Paused", "a", 3, Alice);
        var first = Assert.Single(Run(_world.Set(Rule), [Block(7, log)]));
        _world.Ground = _world.Ground with { Source = "monitor two", NameOf = _ => "somebody" };
        var second = Assert.Single(Run(_world.Set(Rule), [Block(7, log)]));
        var later = Assert.Single(Run(_world.Set(Rule), [Block(8, log)]));

        Assert.Equal(first.Id, second.Id);
        Assert.NotEqual(first.Id, later.Id);
        Assert.Equal(first.Fingerprint, later.Fingerprint);
    }

    [Fact]
    public void An_amount_with_its_unit_is_what_an_event_is_held_against()
    {
        var set = _world.Set("""{ "title": "{amount} to {to}", "units": { "amount": "AGIALPHA" }, "event": { "modules": ["FeePool"], "events": ["RewardPaid"], "where": "amount >= 150 AGIALPHA" } }""");
        var found = Run(set, [Block(1, _world.Log("FeePool", "RewardPaid", "a", 0, Alice, Bob, Tokens(149)), _world.Log("FeePool", "RewardPaid", "b", 1, Alice, Bob, Tokens(150)))]);

        Assert.Equal($"150 AGIALPHA to {Bob}", Assert.Single(found).Title);
    }

    // Trap 3.
    [Theory]
    [InlineData("event Paused(address indexed account)")]
    [InlineData("event Paused(address account)")]
    public void An_event_whose_contract_indexes_other_parameters_than_the_ABI_matches_all_the_same(string onChain)
    {
        var set = _world.Set("{ \"title\": \"{account}\", \"event\": { \"events\": [\"Paused\"], \"where\": \"account == " + Alice + "\" } }");
        var emitted = AbiEvent.Parse(onChain);
        var at = AddressOf("FeePool");

        Assert.Equal(Alice.ToString(), Assert.Single(Run(set, [Block(1, Log(at, emitted, "a", 0, Alice))])).Title);
        Assert.Empty(Run(set, [Block(1, Log(at, emitted, "a", 0, Bob))]));
    }

    // Trap 12.
    [Fact]
    public void An_event_that_cannot_be_decoded_fires_with_a_mark_whatever_its_condition()
    {
        var set = _world.Set("""{ "event": { "modules": ["FeePool"], "events": ["RewardPaid"], "where": "amount > 150 AGIALPHA" } }""");
        var log = _world.Log("FeePool", "RewardPaid", "a", 0, Alice, Bob, Tokens(1)) with { Data = new byte[7] };
        var finding = Assert.Single(Run(set, [Block(1, log)]));

        Assert.Contains("not all could be read", finding.Title, StringComparison.Ordinal);
        Assert.Equal("unknown", finding.Facts["amount"]);
    }

    [Fact]
    public void What_a_change_of_the_workspace_sent_is_explained_and_what_nobody_sent_is_not()
    {
        var set = _world.Set("""{ "unexplained": true, "event": { "events": ["TreasuryUpdated"] } }""");
        _world.Changes[HashOf("planned")] = "2026-11-22-treasury";
        var found = Run(set, [Block(1, _world.Log("FeePool", "TreasuryUpdated", "planned", 0, Alice, Bob), _world.Log("StakeManager", "TreasuryUpdated", "stranger", 1, Alice, Bob))]);

        Assert.Equal("StakeManager", Assert.Single(found).Subject);
    }

    [Fact]
    public void A_changed_Safe_is_found_in_either_version_of_its_events()
    {
        var set = _world.Set("""{ "title": "{module} {event} {arguments}", "event": { "addresses": ["@safe"], "events": ["AddedOwner", "ChangedThreshold"] } }""");
        var safe = AddressOf("the Safe");
        var found = Run(set, [Block(1, Log(safe, AbiEvent.Parse("event AddedOwner(address indexed owner)"), "a", 0, Alice), Log(safe, AbiEvent.Parse("event AddedOwner(address owner)"), "a", 1, Bob), Log(safe, AbiEvent.Parse("event ChangedThreshold(uint256 threshold)"), "a", 2, 1))]);

        Assert.Equal([$"Safe AddedOwner owner {Alice}", $"Safe AddedOwner owner {Bob}", "Safe ChangedThreshold threshold 1"], found.Select(finding => finding.Title));
    }

    [Fact]
    public void Calls_are_told_apart_by_function_arguments_sender_and_outcome()
    {
        var set = _world.Set("{ \"title\": \"{sender} called {function}: {status}\", \"call\": { \"modules\": [\"FeePool\"], \"functions\": [\"set*\"], \"status\": \"failure\", \"where\": \"tx.from == " + Alice + "\" } }");
        var pool = _world.Ground.Protocol["FeePool"];
        TransactionInfo Call(string hash, Address from, string function, params AbiValue[] arguments) =>
            new(HashOf(hash), from, pool.Address, 0, new Wei(0), new Gas(0), pool.Abi.Function(function).Encode(arguments), 2, null, null, null, null, null);
        var calls = Block(1, [], [Call("failed", Alice, "setBurnPct", 5), Call("went", Alice, "setBurnPct", 5), Call("other", Bob, "setBurnPct", 5), Call("reward", Alice, "reward", Bob, 1), Call("open", Alice, "setTreasury", Bob)]);
        var block = calls with { Outcomes = new Dictionary<Bytes32, bool> { [HashOf("failed")] = false, [HashOf("went")] = true, [HashOf("other")] = false, [HashOf("reward")] = false } };
        var found = Run(set, [block]);

        Assert.True(set.Needs.Transactions);
        Assert.Equal([pool.Address], set.Needs.Outcomes);
        Assert.Equal([HashOf("failed"), HashOf("open")], found.Select(finding => finding.Place!.Transaction!.Value).OrderBy(hash => hash == HashOf("open")));
        Assert.Single(found, finding => finding.Facts.ContainsKey("unread"));
    }

    [Fact]
    public void A_state_fires_when_it_begins_and_is_resolved_when_it_ends()
    {
        var set = _world.Set("""{ "title": "{value}", "units": { "value": "AGIALPHA" }, "state": { "modules": ["StakeManager"], "view": "totalStakes", "arguments": ["0"], "where": "value < 100 AGIALPHA" } }""");
        var found = Run(set, Enumerable.Range(1, 5).Select(number => Block((ulong)number)), block => _world.Answer(set, "StakeManager", "totalStakes", Tokens(block.Header.Number.Value is 2 or 3 ? 99 : 100)));

        Assert.Equal([(2UL, FindingKind.Firing), (4UL, FindingKind.Resolved)], found.Select(finding => (finding.Place!.Block.Value, finding.Kind)));
        Assert.Equal("99 AGIALPHA", found[0].Title);
    }

    [Fact]
    public void A_view_that_cannot_be_read_makes_its_rule_blind_and_that_is_told_and_taken_back()
    {
        var set = _world.Set("""{ "name": "stakes", "blindAfter": 2, "state": { "modules": ["StakeManager"], "view": "totalStakes", "arguments": ["0"], "where": "value < 100 AGIALPHA" } }""");
        var read = Assert.Single(set.Needs.Reads);
        var found = Run(set, Enumerable.Range(1, 7).Select(number => Block((ulong)number)), block => block.Header.Number.Value switch
        {
            1 or 7 => _world.Answer(set, "StakeManager", "totalStakes", Tokens(100)),
            2 => StateAnswers.None,
            3 => new StateAnswers(new Dictionary<StateRead, StateAnswer> { [read] = new(null, "the node is silent") }),
            4 => new StateAnswers(new Dictionary<StateRead, StateAnswer> { [read] = new("0x", null) }),
            5 => new StateAnswers(new Dictionary<StateRead, StateAnswer> { [read] = new("0xzz", null) }),
            _ => StateAnswers.None,
        });

        Assert.Equal([(3UL, FindingKind.Firing, "rule-blind", "stakes/StakeManager"), (7UL, FindingKind.Resolved, "rule-blind", "stakes/StakeManager")], found.Select(finding => (finding.Place!.Block.Value, finding.Kind, finding.Rule, finding.Subject)));
        Assert.Contains("the node is silent", found[0].Title, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_change_of_a_view_fires_with_what_it_was_and_is()
    {
        var set = _world.Set("""{ "title": "{previous} to {current}", "change": { "modules": ["FeePool"], "view": "treasury()" } }""");
        var found = Run(set, Enumerable.Range(1, 4).Select(number => Block((ulong)number)), block => _world.Answer(set, "FeePool", "treasury", block.Header.Number.Value < 3 ? Alice : Bob));

        Assert.Equal($"{Alice} to {Bob}", Assert.Single(found).Title);
        Assert.Equal(3UL, found[0].Place!.Block.Value);
    }

    [Fact]
    public void A_drop_within_the_window_fires_and_a_slower_one_does_not()
    {
        var set = _world.Set("""{ "title": "{percent} from {previous} to {current}", "units": { "value": "AGIALPHA" }, "change": { "modules": ["StakeManager"], "view": "totalStakes", "arguments": ["0"], "drop": "20%", "within": "3 blocks" } }""");
        List<Finding> Over(params long[] amounts) => Run(set, amounts.Select((_, index) => Block((ulong)index + 1)), block => _world.Answer(set, "StakeManager", "totalStakes", Tokens(amounts[(int)block.Header.Number.Value - 1])));

        Assert.Equal("20% from 100 AGIALPHA to 80 AGIALPHA", Assert.Single(Over(100, 90, 80)).Title);
        Assert.Empty(Over(100, 95, 90, 85, 80, 75));
        Assert.Equal([FindingKind.Firing, FindingKind.Resolved], Over(100, 50, 50, 50, 50).Select(finding => finding.Kind));
    }

    [Fact]
    public void A_drop_while_nothing_could_be_read_is_found_when_it_can_be()
    {
        var set = _world.Set("""{ "change": { "modules": ["StakeManager"], "view": "totalStakes", "arguments": ["0"], "drop": "20%", "within": "2 blocks" } }""");
        var found = Run(set, Enumerable.Range(1, 9).Select(number => Block((ulong)number)), block => block.Header.Number.Value is 1 or 9 ? _world.Answer(set, "StakeManager", "totalStakes", Tokens(block.Header.Number.Value == 1 ? 100 : 10)) : StateAnswers.None);

        Assert.Contains(found, finding => finding.Rule == "rule-0" && finding.Place!.Block.Value == 9);
    }

    [Fact]
    public void Many_of_an_event_within_the_window_fire_once_and_are_resolved_when_it_has_passed()
    {
        var set = _world.Set("""{ "title": "{total} within {window}", "rate": { "of": { "modules": ["StakeManager"], "events": ["StakeSlashed"] }, "within": "2 blocks", "count": 3 } }""");
        LogEntry Slash(ulong index) => _world.Log("StakeManager", "StakeSlashed", "a", index, Alice, 1, Bob, Bob, Tokens(1), 0, 0, 0);
        var found = Run(set, [Block(1, Slash(0)), Block(2, Slash(0), Slash(1), Slash(2)), Block(3, Slash(0)), Block(4), Block(5)]);

        Assert.Equal([(FindingKind.Firing, 2UL), (FindingKind.Resolved, 4UL)], found.Select(finding => (finding.Kind, finding.Place!.Block.Value)));
        Assert.Equal((1, "3 within 2 blocks"), (found[0].Place!.LogIndex, found[0].Title));
        Assert.Empty(Run(set, [Block(1, Slash(0)), Block(2, Slash(0)), Block(3, Slash(0)), Block(4, Slash(0))]));
    }

    [Fact]
    public void Amounts_are_added_up_apart_for_each_argument()
    {
        var set = _world.Set("""{ "title": "{total} to {part}", "units": { "amount": "AGIALPHA" }, "rate": { "of": { "modules": ["FeePool"], "events": ["RewardPaid"] }, "within": "1 minute", "sum": "amount", "reaches": "500 AGIALPHA", "by": "to" } }""");
        LogEntry Pay(Address to, long amount, ulong index) => _world.Log("FeePool", "RewardPaid", "a", index, Alice, to, Tokens(amount));
        var found = Run(set, [Block(1, Pay(Alice, 300, 0), Pay(Bob, 300, 1)), Block(2, Pay(Bob, 200, 0))]);

        Assert.Equal($"500 AGIALPHA to {Bob}", Assert.Single(found).Title);
    }

    [Fact]
    public void What_has_to_come_again_and_again_fires_when_it_does_not()
    {
        var set = _world.Set("""{ "absence": { "of": { "modules": ["SelfPlayArena"], "events": ["RoundFinalised"] }, "within": "3 blocks" } }""");
        LogEntry Closed() => _world.Log("SelfPlayArena", "RoundFinalised", "a", 0, 1, 1, 1, 1);
        var found = Run(set, [Block(1), Block(2, Closed()), Block(3), Block(4), Block(5), Block(6), Block(7, Closed()), Block(8)]);

        Assert.Equal([(FindingKind.Firing, 5UL), (FindingKind.Resolved, 7UL)], found.Select(finding => (finding.Kind, finding.Place!.Block.Value)));
    }

    [Fact]
    public void What_has_to_follow_fires_for_the_one_that_it_does_not_follow()
    {
        var set = _world.Set("""{ "title": "Round {part} since {since}", "absence": { "of": { "modules": ["SelfPlayArena"], "events": ["RoundFinalised", "RoundVoided"] }, "after": { "modules": ["SelfPlayArena"], "events": ["PhaseExtended"] }, "same": "roundId", "within": "2 blocks" } }""");
        LogEntry Begun(int round, ulong index) => _world.Log("SelfPlayArena", "PhaseExtended", "a", index, round, 1, 2);
        LogEntry Closed(int round) => _world.Log("SelfPlayArena", "RoundFinalised", "b", 9, round, 1, 1, 1);
        var found = Run(set, [Block(1, Begun(7, 0), Begun(8, 1)), Block(2, Closed(7)), Block(3), Block(4), Block(5, Closed(8))]);

        Assert.Equal([(FindingKind.Firing, 3UL, "SelfPlayArena 8"), (FindingKind.Resolved, 5UL, "SelfPlayArena 8")], found.Select(finding => (finding.Kind, finding.Place!.Block.Value, finding.Subject)));
        Assert.Equal("Round 8 since 1", found[0].Title);
    }

    [Fact]
    public void A_sequence_fires_for_the_same_argument_within_the_window_and_for_nothing_else()
    {
        var set = _world.Set("""{ "title": "{part} after block {firstBlock}", "sequence": { "first": { "modules": ["FeePool"], "events": ["RewarderUpdated"] }, "then": { "modules": ["FeePool"], "events": ["RewardPaid"] }, "same": "rewarder", "within": "3 blocks" } }""");
        LogEntry Allowed(Address who) => _world.Log("FeePool", "RewarderUpdated", "a", 0, who, false, true);
        LogEntry Paid(Address who, ulong index = 1) => _world.Log("FeePool", "RewardPaid", "b", index, who, Bob, Tokens(1));

        Assert.Equal($"{Alice} after block 1", Assert.Single(Run(set, [Block(1, Allowed(Alice)), Block(3, Paid(Alice))])).Title);
        Assert.Single(Run(set, [Block(1, Allowed(Alice), Paid(Alice))]));
        Assert.Empty(Run(set, [Block(1, Paid(Alice, 0), _world.Log("FeePool", "RewarderUpdated", "a", 1, Alice, false, true))]));
        Assert.Empty(Run(set, [Block(1, Allowed(Alice)), Block(2, Paid(Bob))]));
        Assert.Empty(Run(set, [Block(1, Allowed(Alice)), Block(4, Paid(Alice))]));
    }

    [Fact]
    public void Each_confirmation_depth_has_a_set_of_its_own_and_all_have_one_digest()
    {
        var rules = _world.Check("""{ "event": { "events": ["Paused"] } }""", """{ "confirmations": 12, "event": { "events": ["Unpaused"] } }""").Require();

        Assert.Equal([0, 12], rules.Sets.Select(set => set.Confirmations));
        Assert.Single(rules.Sets.Select(set => set.Digest).Append(rules.Digest).Distinct());
        Assert.NotEqual(rules.Digest, _world.Check("""{ "event": { "events": ["Paused"] } }""", """{ "confirmations": 13, "event": { "events": ["Unpaused"] } }""").Require().Digest);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"version":2}""")]
    [InlineData("""{"version":1,"rules":"0x00","confirmations":0,"detectors":{}}""")]
    public void A_memory_of_other_rules_or_of_none_is_refused(string encoded)
    {
        var set = _world.Set("""{ "event": { "events": ["Paused"] } }""");

        Assert.Equal("memory-format", Assert.Throws<ControlException>(() => set.Read(encoded)).Code);
        Assert.Equal("memory-format", Assert.Throws<ControlException>(() => set.Read(_world.Set("""{ "event": { "events": ["Unpaused"] } }""").Begin().Encode())).Code);
    }

    [Fact]
    public void A_module_without_an_address_sleeps_and_is_said_and_one_that_nobody_describes_is_refused()
    {
        using var world = new RuleWorld("FeePool");
        var check = world.Check("""{ "event": { "modules": ["FeePool"], "events": ["RewardPaid"], "where": "amount > 1" }, "title": "{amount}" }""", """{ "event": { "events": ["Paused"] } }""");

        Assert.Equal("rule-sleeping", Assert.Single(check.Require().Sleeping).Code);
        Assert.Equal("rule-module-unknown", Assert.Single(world.Check("""{ "event": { "modules": ["FeePond"], "events": ["RewardPaid"] } }""").Problems).Code);
    }
}
