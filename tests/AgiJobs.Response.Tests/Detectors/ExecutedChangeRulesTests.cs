using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;
using static AgiJobs.Response.Tests.Detectors.RuleWorld;

namespace AgiJobs.Response.Tests.Detectors;

public sealed class ExecutedChangeRulesTests : IDisposable
{
    private const string Id = "the-change";

    private readonly RuleWorld _world = new();
    private readonly List<ExecutedChange> _record = [];
    private readonly IDetectorSet _set;
    private IDetectorMemory _memory;
    private int _share = 2;

    public ExecutedChangeRulesTests()
    {
        _world.Changes[HashOf("own")] = Id;
        _world.Changes[HashOf("another change's")] = "another-change";
        _set = ExecutedChangeRules.Of(_world.Ground, () => [.. _record], 3);
        _memory = _set.Begin();
    }

    public void Dispose() => _world.Dispose();

    [Fact]
    public void What_was_announced_and_appears_is_silent_and_it_ends_by_itself()
    {
        Assert.Empty(See(9));
        Record(null, null);
        Assert.Empty(See(10, Own("BurnPctUpdated", 1, 2), Other("RewardPaid", "stranger", Alice, Bob, 1)));
        Record(10, 10);
        Assert.Empty(See(11));
        Assert.Empty(See(12));
        // The window is over.
        Assert.Empty(See(13, Other("BurnPctUpdated", "stranger", 2, 3)));
        Assert.Empty(_set.NeedsOf(13, 13).Addresses!);
        Assert.Empty(_set.NeedsOf(13, 13).Reads);
    }

    [Fact]
    public void What_was_not_announced_and_what_others_set_meanwhile_are_found_and_what_another_change_sets_is_not()
    {
        See(9);
        Record(null, null);
        var found = See(10, Own("Paused", Alice), Other("BurnPctUpdated", "stranger", 1, 9), Other("RewarderUpdated", "stranger", Alice, false, true), Other("BurnPctUpdated", "another change's", 1, 9), Other("ReservationUpdated", "stranger", Alice, 1, 2));

        Assert.Equal(3, found.Count);
        Assert.Contains("did not announce", found[0].Title, StringComparison.Ordinal);
        Assert.All(found.Skip(1), finding => Assert.Contains("is of no change", finding.Title, StringComparison.Ordinal));
        Assert.All(found, finding => Assert.Equal((ExecutedChangeRules.RuleName, Severity.Sev1), (finding.Rule, finding.Severity)));
    }

    [Fact]
    public void What_does_not_appear_in_time_and_what_does_not_hold_are_found_once_at_the_end()
    {
        See(9);
        Record(10, 10);
        _share = 1;
        Assert.Empty(See(10));
        Assert.Empty(See(11));
        var found = See(12);
        Assert.Equal(2, found.Count);
        Assert.Contains(found, finding => finding.Title.Contains("none appeared within 3 blocks", StringComparison.Ordinal));
        Assert.Contains(found, finding => finding.Title.Contains("does not hold", StringComparison.Ordinal));
        Assert.Empty(See(13));
    }

    [Fact]
    public void A_record_that_becomes_whole_late_is_judged_then_and_a_view_that_is_not_read_is_unknown()
    {
        See(9);
        Record(10, null);
        See(10, Own("BurnPctUpdated", 1, 2));
        for (ulong number = 11; number < 20; number++)
        {
            Assert.Empty(See(number));
        }

        Record(10, 10);
        _share = -1;
        Assert.Contains("UNKNOWN", Assert.Single(See(20)).Title, StringComparison.Ordinal);
        Assert.Empty(See(21));
    }

    [Fact]
    public void A_record_that_comes_after_its_blocks_is_told_as_unknown_and_one_of_before_the_watch_is_not()
    {
        See(10);
        See(11);
        Record(9, 9);
        Assert.Empty(See(12));
        _record.Clear();
        Record(11, 11);
        var late = Assert.Single(See(13));
        Assert.Equal(Severity.Sev2, late.Severity);
        Assert.Contains("UNKNOWN", late.Title, StringComparison.Ordinal);
        Assert.Empty(See(14, Other("BurnPctUpdated", "stranger", 1, 9)));
        Assert.Empty(See(15));
    }

    [Fact]
    public void What_failed_or_was_taken_from_the_record_is_forgotten()
    {
        See(9);
        Record(null, null);
        See(10);
        _record.Clear();
        Assert.Empty(See(11, Other("BurnPctUpdated", "stranger", 1, 9)));
        Assert.DoesNotContain(Id, _memory.Encode(), StringComparison.Ordinal);
    }

    [Fact]
    public void Far_behind_no_views_are_asked_for_and_the_rest_is_held_against_it_all_the_same()
    {
        See(9);
        Record(10, 10);
        Assert.Empty(_set.NeedsOf(10, 1000).Reads);
        var found = new List<Finding>();
        foreach (var block in (WatchedBlock[])[Block(10), Block(11), Block(12)])
        {
            var done = _set.Examine(_memory, block, StateAnswers.None);
            found.AddRange(done.Findings);
            _memory = done.Memory;
        }

        Assert.Contains("none appeared", Assert.Single(found).Title, StringComparison.Ordinal);
    }

    private LogEntry Own(string @event, params AgiJobs.Ethereum.Abi.AbiValue[] values) => _world.Log("FeePool", @event, "own", 0, values);

    private LogEntry Other(string @event, string transaction, params AgiJobs.Ethereum.Abi.AbiValue[] values) => _world.Log("FeePool", @event, transaction, 1, values);

    private IReadOnlyList<Finding> See(ulong number, params LogEntry[] logs)
    {
        var needs = _set.NeedsOf(number, number);
        var view = _world.Ground.Protocol["FeePool"].Abi.Function("burnPct");
        var answers = new StateAnswers(needs.Reads.ToDictionary(read => read, _ => _share < 0 ? new StateAnswer(null, "it reverted") : new StateAnswer(Hex.Encode(view.EncodeOutput(_share)), null)));
        var block = Block(number, [.. logs.Select((log, index) => log with { LogIndex = (ulong)index })]);
        var done = _set.Examine(_set.Read(_memory.Encode()), block, answers);
        _memory = done.Memory;
        return done.Findings;
    }

    private void Record(ulong? first, ulong? last)
    {
        var pool = _world.Ground.Protocol["FeePool"];
        _record.RemoveAll(change => change.Id == Id);
        _record.Add(new ExecutedChange(
            Id,
            new ChangeDocument
            {
                Version = 1,
                Kind = "parameters",
                Network = "test",
                ChainId = new ChainId(31337),
                Protocol = "agi-jobs",
                Instance = "T-1",
                Title = "Set the burn share",
                Risk = Risk.Amber,
                Steps = [],
                Preconditions = [],
                Expected = [new Expectation { Subject = "FeePool.burnPct = 2 bps", Target = pool.Address, Call = pool.Abi.Function("burnPct").Encode(), Result = pool.Abi.Function("burnPct").EncodeOutput(2) }],
                Effects = [new DeclaredEffect { Contract = "FeePool", Target = pool.Address, Emits = ["BurnPctUpdated(uint256,uint256)"] }],
                Rollback = new Rollback { Note = "none" },
            },
            first,
            last));
    }
}
