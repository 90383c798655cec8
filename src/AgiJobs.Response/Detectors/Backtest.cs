using AgiJobs.Control;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;

namespace AgiJobs.Response.Detectors;

/// <summary>What rules would have found in a stretch of the chain.</summary>
/// <param name="From">The first block.</param>
/// <param name="To">The last block.</param>
/// <param name="Blocks">How many blocks were examined.</param>
/// <param name="Findings">What would have been found, in the order of the chain.</param>
public sealed record BacktestReport(ulong From, ulong To, ulong Blocks, IReadOnlyList<Finding> Findings);

/// <summary>Runs rules over history; nothing is told to anybody and nothing is kept.</summary>
public static class Backtest
{
    /// <summary>Examines the blocks from one to another, both included. A rule begins with the first of them: what a window would have held before is not known to it.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="from">The first block.</param>
    /// <param name="to">The last block.</param>
    /// <param name="read">Reads the blocks in parts, in order and without gaps.</param>
    /// <param name="progress">Hears of the last block that was examined.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ControlException"><c>backtest-range</c> when the range is empty, <c>backtest-gap</c> (exit 5) when the blocks that were read are not all of it.</exception>
    public static async Task<BacktestReport> RunAsync(CompiledRules rules, ulong from, ulong to, Func<BlockNeeds, IAsyncEnumerable<IReadOnlyList<BlockContent>>> read, Action<ulong>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(read);
        if (to < from)
        {
            throw new ControlException("backtest-range", ExitCode.BadInput, $"The blocks from {from} to {to} are none.", "Give a --to that is not below --from.");
        }

        var found = new List<Finding>();
        foreach (var set in rules.Sets)
        {
            var (memory, next) = (set.Begin(), from);
            await foreach (var part in read(set.Needs).WithCancellation(cancellation).ConfigureAwait(false))
            {
                foreach (var content in part)
                {
                    if (content.Block.Header.Number.Value != next)
                    {
                        throw Gap(next, content.Block.Header.Number.Value);
                    }

                    var done = set.Examine(memory, content.Block, content.Answers);
                    memory = done.Memory;
                    found.AddRange(done.Findings);
                    next++;
                }

                progress?.Invoke(next - 1);
            }

            if (next != to + 1)
            {
                throw Gap(next, to + 1);
            }
        }

        return new BacktestReport(from, to, to - from + 1, [.. found.OrderBy(finding => finding.Place!.Block).ThenBy(finding => finding.Place!.LogIndex ?? int.MaxValue).ThenBy(finding => finding.Rule, StringComparer.Ordinal).ThenBy(finding => finding.Id, StringComparer.Ordinal)]);
    }

    private static ControlException Gap(ulong wanted, ulong got) =>
        new("backtest-gap", ExitCode.Unknown, $"Block {wanted} was not read; what came was of block {got}.", "Run it again; nothing was told to anybody.");
}
