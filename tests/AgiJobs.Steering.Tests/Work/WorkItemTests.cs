using System.Text;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Work;

namespace AgiJobs.Steering.Tests.Work;

public sealed class WorkItemTests
{
    private static readonly WorkItem Evaluation = new()
    {
        Network = "local",
        World = "other",
        WorldDigest = new string('a', 64),
        RunSeed = ulong.MaxValue,
        Tasks = 5,
        Evaluation = new EvaluationWork("run", 3, ulong.MaxValue - 1, 2, "text \u00e9 \"quoted\"\n", 4, Amount.Parse("0.000000000000000001")),
    };

    [Fact]
    public void An_item_and_a_result_read_back_as_they_were_written()
    {
        var expansion = Evaluation with { Evaluation = null, WorldDigest = null, Mate = "mate", Expansion = new ExpansionWork("run", 3, 1, 2, null, Amount.Zero) };
        foreach (var item in (WorkItem[])[Evaluation, expansion])
        {
            Assert.True(WorkItem.TryRead(item.Write(), out var read, out var fault), fault);
            Assert.Equal(item, read);
            Assert.Equal(WorkItem.DigestOf(item.Write()), WorkItem.DigestOf(read.Write()));
        }

        foreach (var result in (WorkResult[])
        [
            new() { Item = "i", Network = "n", Run = "r", Operation = 1, Expansion = new ExpansionOutcome("why", null, Amount.Parse("-1")) },
            new() { Item = "i", Network = "n", Run = "r", Operation = 1, Evaluation = new EvaluationOutcome(null, "why", Amount.Zero, Amount.Zero) },
            new() { Item = "i", Network = "n", Run = "r", Operation = 1, Evaluation = new EvaluationOutcome(true, null, Amount.Parse("0.1"), Amount.Parse("1")) },
        ])
        {
            Assert.True(WorkResult.TryRead(result.Write(), out var read, out var fault), fault);
            Assert.Equal(result, read);
        }
    }

    [Fact]
    public void An_item_that_is_cut_or_changed_anywhere_is_refused_or_is_another_item()
    {
        var bytes = Evaluation.Write();
        for (var at = 0; at < bytes.Length; at++)
        {
            Assert.False(WorkItem.TryRead(bytes.AsMemory(0, at), out _, out _));
            var changed = bytes.ToArray();
            changed[at] ^= 1;
            Assert.NotEqual(WorkItem.DigestOf(bytes), WorkItem.DigestOf(changed));
            _ = WorkItem.TryRead(changed, out _, out _);
        }

        Assert.False(WorkItem.TryRead(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes).Replace("\"kind\":\"evaluate\"", "\"kind\":\"expand\"", StringComparison.Ordinal)), out _, out _));
    }
}
