using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Response.Detectors;
using static AgiJobs.Response.Tests.Detectors.RuleWorld;

namespace AgiJobs.Response.Tests.Detectors;

public sealed class ExecutedChangeRulesTests : IDisposable
{
    private readonly RuleWorld _world = new();

    public ExecutedChangeRulesTests() => _world.Changes[HashOf("own")] = "the-change";

    public void Dispose() => _world.Dispose();

    [Fact]
    public void What_was_announced_and_appears_is_silent_and_the_set_ends_by_itself()
    {
        var set = Set();
        var memory = set.Begin();
        foreach (var block in new[] { Block(10, _world.Log("FeePool", "BurnPctUpdated", "own", 0, 1, 2), _world.Log("FeePool", "RewardPaid", "other", 1, Alice, Bob, 1)), Block(11), Block(12) })
        {
            Assert.False(ExecutedChangeRules.HasEnded(memory));
            var done = set.Examine(set.Read(memory.Encode()), block, Answer(set, 2));
            Assert.Empty(done.Findings);
            memory = done.Memory;
        }

        Assert.True(ExecutedChangeRules.HasEnded(memory));
        Assert.Empty(set.Examine(memory, Block(13, _world.Log("FeePool", "BurnPctUpdated", "stranger", 0, 2, 3)), StateAnswers.None).Findings);
    }

    [Fact]
    public void What_was_not_announced_and_what_another_transaction_does_of_it_are_found()
    {
        var set = Set();
        var found = set.Examine(set.Begin(), Block(10, _world.Log("FeePool", "Paused", "own", 0, Alice), _world.Log("FeePool", "BurnPctUpdated", "stranger", 1, 1, 9)), Answer(set, 2)).Findings;

        Assert.Equal(2, found.Count);
        Assert.Contains("did not announce", found[0].Title, StringComparison.Ordinal);
        Assert.Contains("not of that change", found[1].Title, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_appear_in_time_what_does_not_hold_and_what_was_not_read_are_found_at_the_end()
    {
        var set = Set();
        var found = Run(set, [Block(10), Block(11), Block(12)], _ => Answer(set, 1));

        Assert.Equal([(12UL, true), (12UL, true)], found.Select(finding => (finding.Place!.Block.Value, finding.Title.Contains("none appeared", StringComparison.Ordinal) || finding.Title.Contains("does not hold", StringComparison.Ordinal))));
        Assert.Contains(Run(Set(), [Block(12)]), finding => finding.Title.Contains("UNKNOWN", StringComparison.Ordinal));
    }

    private IDetectorSet Set()
    {
        var pool = _world.Ground.Protocol["FeePool"];
        return ExecutedChangeRules.Of(
            _world.Ground,
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
            "the-change",
            10,
            3);
    }

    private StateAnswers Answer(IDetectorSet set, int share) => _world.Answer(set, "FeePool", "burnPct", share);
}
