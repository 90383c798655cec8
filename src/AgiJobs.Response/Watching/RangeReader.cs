using System.Runtime.CompilerServices;
using AgiJobs.Ethereum;

namespace AgiJobs.Response.Watching;

/// <summary>
/// Reads far stretches of a chain in ranges: several at once, in order for whoever examines them, each so large that its answer has about as many logs as wanted; a range that a node refuses for its size is
/// halved until it is taken. No more is held than the ranges in flight. For one reader at a time.
/// </summary>
/// <param name="chain">The chain.</param>
/// <param name="options">Sizes.</param>
public sealed class RangeReader(IWatchedChain chain, MonitorOptions options)
{
    private const int FirstRange = 64;

    private int _size = Math.Min(FirstRange, options.MaxRange);

    /// <summary>How many blocks the next range has.</summary>
    public int Size => Volatile.Read(ref _size);

    /// <summary>The blocks from one to another, in order, in parts.</summary>
    /// <exception cref="EthereumException">What reading may throw; also for a single block that is refused for its size.</exception>
    public async IAsyncEnumerable<IReadOnlyList<BlockContent>> ReadAsync(ulong from, ulong to, BlockNeeds needs, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var flight = new Queue<Task<IReadOnlyList<BlockContent>>>();
        try
        {
            var next = from;
            while (next <= to || flight.Count > 0)
            {
                while (next <= to && flight.Count < options.InFlight)
                {
                    var last = Math.Min(to, next + (ulong)Size - 1);
                    flight.Enqueue(ReadPartAsync(next, last, needs, stop.Token));
                    next = last + 1;
                }

                var part = await flight.Dequeue().ConfigureAwait(false);
                Learn(part);
                yield return part;
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await ((Task)Task.WhenAll(flight)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<IReadOnlyList<BlockContent>> ReadPartAsync(ulong from, ulong to, BlockNeeds needs, CancellationToken cancellation)
    {
        try
        {
            return await chain.ReadRangeAsync(from, to, needs, cancellation).ConfigureAwait(false);
        }
        catch (EthereumException refused) when (refused.Code == IWatchedChain.RangeTooLarge && to > from)
        {
            var half = (to - from + 1) / 2;
            Volatile.Write(ref _size, (int)Math.Max(1, Math.Min(half, (ulong)Size)));
            var first = await ReadPartAsync(from, from + half - 1, needs, cancellation).ConfigureAwait(false);
            return [.. first, .. await ReadPartAsync(from + half, to, needs, cancellation).ConfigureAwait(false)];
        }
    }

    private void Learn(IReadOnlyList<BlockContent> part)
    {
        var logs = part.Sum(content => (long)content.Block.Logs.Count);
        var size = Size;
        if (logs > options.LogsPerRange)
        {
            Volatile.Write(ref _size, Math.Max(1, size / 2));
        }
        else if (logs * 2 < options.LogsPerRange && part.Count >= size)
        {
            Volatile.Write(ref _size, Math.Min(options.MaxRange, size * 2));
        }
    }
}
