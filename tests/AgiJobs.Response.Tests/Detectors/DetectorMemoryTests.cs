using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;
using FsCheck;
using FsCheck.Fluent;
using static AgiJobs.Response.Tests.Detectors.RuleWorld;

namespace AgiJobs.Response.Tests.Detectors;

public sealed class DetectorMemoryTests : IDisposable
{
    private static readonly string[] Rules =
    [
        """{ "name": "paused", "event": { "events": ["Paused"] } }""",
        """{ "name": "stakes", "blindAfter": 2, "state": { "modules": ["StakeManager"], "view": "totalStakes", "arguments": ["0"], "where": "value < 50 AGIALPHA" } }""",
        """{ "name": "any", "change": { "modules": ["StakeManager"], "view": "totalStakes", "arguments": ["0"] } }""",
        """{ "name": "drop", "change": { "modules": ["StakeManager"], "view": "totalStakes", "arguments": ["0"], "drop": "30%", "within": "3 blocks" } }""",
        """{ "name": "rise", "change": { "modules": ["StakeManager"], "view": "totalStakes", "arguments": ["0"], "rise": "30%", "within": "40 seconds" } }""",
        """{ "name": "rate", "rate": { "of": { "events": ["RewardPaid"] }, "within": "3 blocks", "count": 3 } }""",
        """{ "name": "sum", "rate": { "of": { "events": ["RewardPaid"] }, "within": "30 seconds", "sum": "amount", "reaches": "100 AGIALPHA", "by": "to" } }""",
        """{ "name": "absent", "absence": { "of": { "modules": ["SelfPlayArena"], "events": ["RoundFinalised"] }, "within": "4 blocks" } }""",
        """{ "name": "follow", "absence": { "of": { "modules": ["SelfPlayArena"], "events": ["RoundFinalised"] }, "after": { "modules": ["SelfPlayArena"], "events": ["PhaseExtended"] }, "same": "roundId", "within": "2 blocks" } }""",
        """{ "name": "then", "sequence": { "first": { "modules": ["SelfPlayArena"], "events": ["PhaseExtended"] }, "then": { "modules": ["SelfPlayArena"], "events": ["RoundFinalised"] }, "same": "roundId", "within": "3 blocks" } }""",
    ];

    private readonly RuleWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void Examining_a_chain_in_one_go_is_the_same_as_with_the_memory_written_and_read_after_every_block()
    {
        var set = _world.Set(Rules);
        var read = Assert.Single(set.Needs.Reads);
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Gen.Choose(0, 9).ArrayOf(3).ListOf(25).ToArbitrary(), steps =>
        {
            var (whole, pieces) = (set.Begin(), set.Begin());
            foreach (var (step, index) in steps.Select((step, index) => (step, index)))
            {
                var block = Block((ulong)index + 1, [.. step.Select((what, at) => Event(what, (ulong)at, index)).OfType<LogEntry>()]);
                var answers = step[0] == 9 ? StateAnswers.None : new StateAnswers(new Dictionary<StateRead, StateAnswer> { [read] = new(Hex.Encode(_world.Ground.Protocol["StakeManager"].Abi.Function("totalStakes").EncodeOutput(Tokens(20 * (step[1] + step[2])))), null) });
                var one = set.Examine(whole, block, answers);
                var other = set.Examine(set.Read(pieces.Encode()), block, answers);
                if (one.Memory.Encode() != other.Memory.Encode() || set.Read(one.Memory.Encode()).Encode() != one.Memory.Encode() || !Same(one.Findings, other.Findings))
                {
                    return false;
                }

                (whole, pieces) = (one.Memory, other.Memory);
            }

            return true;
        }));
    }

    [Fact]
    public void A_rule_fires_or_is_resolved_by_turns_and_no_finding_has_the_identity_of_another()
    {
        var set = _world.Set(Rules);
        var read = Assert.Single(set.Needs.Reads);
        var random = new Random(8);
        var found = Run(
            set,
            Enumerable.Range(1, 400).Select(number => Block((ulong)number, [.. Enumerable.Range(0, random.Next(4)).Select(at => Event(random.Next(10), (ulong)at, number)).OfType<LogEntry>()])),
            _ => random.Next(5) == 0 ? StateAnswers.None : new StateAnswers(new Dictionary<StateRead, StateAnswer> { [read] = new(Hex.Encode(_world.Ground.Protocol["StakeManager"].Abi.Function("totalStakes").EncodeOutput(Tokens(random.Next(200)))), null) }));

        Assert.True(found.Count > 100);
        Assert.Equal(found.Count, found.Select(finding => finding.Id).Distinct().Count());
        foreach (var alert in found.Where(finding => finding.Rule is not ("paused" or "any" or "then")).GroupBy(finding => finding.Fingerprint))
        {
            Assert.Equal(alert.Select((_, index) => index % 2 == 0 ? FindingKind.Firing : FindingKind.Resolved), alert.Select(finding => finding.Kind));
        }
    }

    [Fact]
    public void Other_rules_leave_the_memory_of_those_that_are_as_they_were()
    {
        var before = _world.Set(Rules);
        var block = Block(1, [Event(1, 0, 1)!, Event(4, 1, 1)!]);
        var memory = before.Examine(before.Begin(), block, StateAnswers.None).Memory.Encode();
        var after = _world.Set([.. Rules.Select(rule => rule.Contains("\"rate\": { \"of\"", StringComparison.Ordinal) && rule.Contains("\"name\": \"rate\"", StringComparison.Ordinal) ? rule.Replace("3 blocks", "4 blocks", StringComparison.Ordinal) : rule), """{ "name": "new", "event": { "events": ["Unpaused"] } }"""]);

        Assert.Equal("memory-format", Assert.Throws<ControlException>(() => after.Read(memory)).Code);
        var carried = after.Carry(memory, out var lost);
        Assert.Equal(["rate"], lost);
        using var was = JsonDocument.Parse(memory);
        using var json = JsonDocument.Parse(carried.Encode());
        var kept = was.RootElement.GetProperty("detectors").EnumerateObject().Where(detector => detector.Name != "rate").ToDictionary(detector => detector.Name, detector => detector.Value.GetRawText());
        Assert.True(kept.Count > 3);
        Assert.Equal(kept, json.RootElement.GetProperty("detectors").EnumerateObject().ToDictionary(detector => detector.Name, detector => detector.Value.GetRawText()));
    }

    [Fact]
    public void Other_words_change_nothing_of_what_is_remembered_and_what_names_and_units_stand_for_does()
    {
        const string rule = """{ "name": "pool", "title": "one", "rate": { "of": { "modules": ["FeePool"], "events": ["RewardPaid"], "where": "to == @safe AND amount > 5 AGIALPHA" }, "within": "3 blocks", "count": 3 } }""";
        var (one, words) = (_world.Set(rule), _world.Set(rule.Replace("\"one\"", "\"other\"", StringComparison.Ordinal)));
        Assert.NotEqual(one.Digest, words.Digest);
        Assert.Equal(one.Parts["pool"], words.Parts["pool"]);

        _world.Ground = _world.Ground with { Safe = Alice };
        var moved = _world.Set(rule);
        Assert.NotEqual(one.Digest, moved.Digest);
        Assert.NotEqual(one.Parts["pool"], moved.Parts["pool"]);
    }

    [Fact]
    public void What_strangers_log_makes_a_rate_remember_no_more_than_it_needs()
    {
        var count = _world.Set("""{ "rate": { "of": { "modules": ["FeePool"], "events": ["RewardPaid"] }, "within": "100 blocks", "count": 3 } }""");
        var sum = _world.Set("""{ "rate": { "of": { "modules": ["FeePool"], "events": ["RewardPaid"] }, "within": "3 blocks", "sum": "amount", "reaches": "100 AGIALPHA" } }""");
        foreach (var (set, most, found) in (ReadOnlySpan<(IDetectorSet, int, FindingKind[])>)[(count, 3, [FindingKind.Firing]), (sum, 1, [FindingKind.Firing])])
        {
            var done = set.Examine(set.Begin(), Block(1, [.. Enumerable.Range(0, 50).Select(index => Event(1, (ulong)index, index)!)]), StateAnswers.None);
            using var json = JsonDocument.Parse(done.Memory.Encode());
            Assert.Equal(most, json.RootElement.GetProperty("detectors").GetProperty("rule-0").GetProperty("marks").GetArrayLength());
            Assert.Equal(found, done.Findings.Select(finding => finding.Kind));
        }

        // What goes, goes with the newest of them.
        var (memory, kinds) = (count.Begin(), new List<FindingKind>());
        foreach (var number in (ulong[])[1, 50, 60, 70, 150, 160])
        {
            var done = count.Examine(memory, Block(number, number < 100 ? [Event(1, 0, (int)number)!, Event(1, 1, 1000 + (int)number)!] : []), StateAnswers.None);
            memory = done.Memory;
            kinds.AddRange(done.Findings.Select(finding => finding.Kind));
        }

        Assert.Equal([FindingKind.Firing, FindingKind.Resolved], kinds);
    }

    [Fact]
    public void What_never_comes_is_not_remembered_for_ever()
    {
        var set = _world.Set("""{ "absence": { "of": { "modules": ["SelfPlayArena"], "events": ["RoundFinalised"] }, "after": { "modules": ["SelfPlayArena"], "events": ["PhaseExtended"] }, "same": "roundId", "within": "1 block" } }""");
        var memory = set.Begin();
        for (var number = 1; number <= 1100; number++)
        {
            memory = set.Examine(memory, Block((ulong)number, [_world.Log("SelfPlayArena", "PhaseExtended", $"b{number}", 0, number, 1, 2)]), StateAnswers.None).Memory;
        }

        using var json = JsonDocument.Parse(memory.Encode());
        var facts = json.RootElement.GetProperty("detectors").GetProperty("rule-0").GetProperty("facts").EnumerateObject().Select(fact => fact.Name).ToList();
        Assert.Equal(1000, facts.Count);
        Assert.DoesNotContain("on:1", facts);
        Assert.Contains("on:1099", facts);
    }

    // Whatever stands in a rule file is compiled or refused in words.
    [Fact]
    public void No_rule_makes_the_compiler_fail_otherwise_than_with_a_problem()
    {
        var shipped = JsonNode.Parse(_world.Workspace.ShippedRules("agi-jobs")!)!["rules"]!.AsArray().Select(rule => rule!.ToJsonString()).Concat(Rules).ToList();
        string[] words = ["", "*", "**", "Paused", "Paused(", "Paused(address)", "@safe", "@", "0x", "0x00", "{", "{module}", "%", "-1%", "1 blocks", "99999999999999999999 blocks", "value", "value >", "AGIALPHA", "\u0000", "\ud800x", "(((((", "event", "event Paused(", "function f(", "SEV-9"];
        var random = new Random(88);
        for (var round = 0; round < 1500; round++)
        {
            var rule = JsonNode.Parse(shipped[random.Next(shipped.Count)])!;
            for (var changes = 0; changes <= random.Next(3); changes++)
            {
                Change(rule, random, words);
            }

            try
            {
                var check = _world.Check(rule.ToJsonString());
                Assert.True((check.Rules is null) == (check.Problems.Count > 0));
                Assert.All(check.Problems, problem => Assert.NotEmpty(problem.Message));
            }
            catch (Exception problem) when (problem is ControlException or JsonException)
            {
                // The file's form was refused.
            }
        }
    }

    private static void Change(JsonNode rule, Random random, string[] words)
    {
        var places = new List<(JsonNode Parent, string? Key, int Index)>();
        Walk(rule);
        if (places.Count == 0)
        {
            return;
        }

        var (parent, key, index) = places[random.Next(places.Count)];
        JsonNode? value = random.Next(6) switch { 0 => random.Next(-3, 3), 1 => random.Next(2) == 0, 2 => new JsonArray(words[random.Next(words.Length)]), 3 => new JsonObject(), _ => words[random.Next(words.Length)] };
        if (parent is JsonObject map)
        {
            if (random.Next(5) == 0)
            {
                map.Remove(key!);
            }
            else
            {
                map[key!] = value;
            }
        }
        else
        {
            parent.AsArray()[index] = value;
        }

        void Walk(JsonNode node)
        {
            switch (node)
            {
                case JsonObject entries:
                    foreach (var (name, inner) in entries)
                    {
                        places.Add((node, name, 0));
                        if (inner is not null)
                        {
                            Walk(inner);
                        }
                    }

                    break;
                case JsonArray items:
                    for (var at = 0; at < items.Count; at++)
                    {
                        places.Add((node, null, at));
                        Walk(items[at]!);
                    }

                    break;
                default:
                    break;
            }
        }
    }

    private LogEntry? Event(int what, ulong index, int salt) => what switch
    {
        0 => _world.Log("FeePool", "Paused", $"p{salt}", index, Alice),
        1 or 2 or 3 => _world.Log("FeePool", "RewardPaid", $"r{salt}", index, Alice, what == 1 ? Alice : Bob, Tokens(10 * what)),
        4 or 5 => _world.Log("SelfPlayArena", "PhaseExtended", $"b{salt}", index, what, 1, 2),
        6 or 7 => _world.Log("SelfPlayArena", "RoundFinalised", $"c{salt}", index, what - 2, 1, 1, 1),
        _ => null,
    };

    private static bool Same(IReadOnlyList<Finding> one, IReadOnlyList<Finding> other) =>
        one.Select(Said).SequenceEqual(other.Select(Said));

    private static string Said(Finding finding) => $"{finding.Id} {finding.Fingerprint} {finding.Kind} {finding.Title} {string.Join(';', finding.Facts)}";
}
