using System.Runtime.CompilerServices;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Detectors;

namespace AgiJobs.Response.Watching;

/// <summary>The chain behind a client. A monitor that is to be independent of others has a client of one node only.</summary>
/// <param name="client">The node; it is not closed here.</param>
public sealed class NodeChain(EthereumClient client) : IWatchedChain
{
    // Requests of views and transactions that travel together; nodes refuse larger batches.
    private const int AtOnce = 500;

    private static readonly string[] SizeWords = ["more than", "too many", "too large", "too big", "limit", "exceed", "response size", "block range", "query timeout"];

    /// <inheritdoc/>
    public bool TellsHeads { get; } = client.Endpoints.Any(name => name.StartsWith("ws", StringComparison.Ordinal));

    /// <inheritdoc/>
    public async Task<BlockHeader> HeadAsync(CancellationToken cancellation) =>
        await client.BlockAsync(BlockReference.Latest, cancellation).ConfigureAwait(false) is { Hash: not null } head ? head : throw Unknown("head-unknown", "the node shows no newest block");

    /// <inheritdoc/>
    public async Task<IReadOnlyList<BlockHeader>> HeadersAsync(ulong from, ulong to, CancellationToken cancellation)
    {
        if (to < from)
        {
            return [];
        }

        var batch = client.NewBatch();
        var slots = new List<RpcSlot<BlockHeader?>>();
        for (var number = from; number <= to; number++)
        {
            slots.Add(batch.Add(EthRequests.Block(BlockReference.At(new BlockNumber(number)))));
        }

        await batch.SendAsync(cancellation).ConfigureAwait(false);
        var headers = new List<BlockHeader>(slots.Count);
        foreach (var slot in slots)
        {
            if (slot.Value is not { } header)
            {
                break;
            }

            headers.Add(header.Hash is not null && header.Number.Value == from + (ulong)headers.Count ? header : throw Unknown("block-malformed", $"the node answers with block {header.Number} where {from + (ulong)headers.Count} was asked for"));
        }

        return headers;
    }

    /// <inheritdoc/>
    public async Task<BlockContent> ReadAsync(BlockHeader header, BlockNeeds needs, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(needs);
        IReadOnlyList<LogEntry> logs = [];
        if (WantsLogs(needs))
        {
            try
            {
                logs = await client.LogsAsync(Filter(needs) with { BlockHash = header.Hash }, cancellation).ConfigureAwait(false);
            }
            catch (RpcException)
            {
                // A node says in words of its own that it does not know the hash: the chain itself tells whether it was taken back.
                await RequireCanonicalAsync(header, cancellation).ConfigureAwait(false);
                throw;
            }
        }

        return (await CompleteAsync([(header, Of(header, logs))], needs, cancellation).ConfigureAwait(false))[0];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<BlockContent>> ReadRangeAsync(ulong from, ulong to, BlockNeeds needs, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(needs);
        // Headers first, then logs, then the last header again: what came in between is of one branch.
        var headers = await HeadersAsync(from, to, cancellation).ConfigureAwait(false);
        if (headers.Count == 0 || headers[^1].Number.Value != to)
        {
            throw Unknown("block-unknown", $"the node has no block {to}");
        }

        IReadOnlyList<LogEntry> logs = [];
        if (WantsLogs(needs))
        {
            try
            {
                logs = await client.LogsAsync(Filter(needs) with { From = BlockReference.At(new BlockNumber(from)), To = BlockReference.At(new BlockNumber(to)) }, cancellation).ConfigureAwait(false);
            }
            catch (EthereumException refused) when (to > from && IsForSize(refused))
            {
                throw new EthereumException(IWatchedChain.RangeTooLarge, Fault.Unknown, refused.Message, refused);
            }

            await RequireCanonicalAsync(headers[^1], cancellation).ConfigureAwait(false);
        }

        var ordered = InOrder(logs);
        var count = 0;
        var blocks = new List<(BlockHeader, IReadOnlyList<LogEntry>)>(headers.Count);
        foreach (var header in headers)
        {
            if (blocks.Count > 0 && header.ParentHash != blocks[^1].Item1.Hash)
            {
                throw Moved(header);
            }

            var first = count;
            while (count < ordered.Count && ordered[count].BlockNumber == header.Number)
            {
                count++;
            }

            IReadOnlyList<LogEntry> own = count == first ? [] : Of(header, [.. ordered.Skip(first).Take(count - first)]);
            blocks.Add((header, own));
        }

        return count == logs.Count
            ? await CompleteAsync(blocks, needs, cancellation).ConfigureAwait(false)
            : throw Unknown("log-malformed", $"the node answers with logs outside of the blocks {from} to {to}");
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<BlockNumber> HeadsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var update in client.NewHeadsAsync(cancellation).ConfigureAwait(false))
        {
            yield return update switch
            {
                ChainItem<BlockHeader> item => item.Value.Number,
                ChainGap<BlockHeader> gap => gap.Head,
                _ => default,
            };
        }
    }

    private static bool WantsLogs(BlockNeeds needs) => needs is not ({ Addresses.Count: 0 } or { Topics.Count: 0 });

    private static LogFilter Filter(BlockNeeds needs) => new() { Addresses = needs.Addresses ?? [], Topics = needs.Topics is { } topics ? [topics] : [] };

    // The node's own order is not trusted, and a log of another branch is no log of this block.
    private static IReadOnlyList<LogEntry> Of(BlockHeader header, IReadOnlyList<LogEntry> logs) =>
        logs.All(log => log.BlockHash == header.Hash && log is { Removed: false, LogIndex: not null, TransactionHash: not null })
            ? InOrder(logs)
            : throw Moved(header);

    // Nodes answer in order; one that does not is put right.
    private static IReadOnlyList<LogEntry> InOrder(IReadOnlyList<LogEntry> logs)
    {
        for (var i = 1; i < logs.Count; i++)
        {
            if ((logs[i - 1].BlockNumber?.Value, logs[i - 1].LogIndex) is var before && (logs[i].BlockNumber?.Value, logs[i].LogIndex) is var after && Comparer<(ulong?, ulong?)>.Default.Compare(before, after) > 0)
            {
                return [.. logs.OrderBy(log => log.BlockNumber?.Value).ThenBy(log => log.LogIndex)];
            }
        }

        return logs;
    }

    private async Task<IReadOnlyList<BlockContent>> CompleteAsync(List<(BlockHeader Header, IReadOnlyList<LogEntry> Logs)> blocks, BlockNeeds needs, CancellationToken cancellation)
    {
        if (needs.Reads.Count == 0 && !needs.Transactions && needs.Outcomes.Count == 0)
        {
            return [.. blocks.Select(block => new BlockContent(new WatchedBlock(block.Header, block.Logs), StateAnswers.None))];
        }

        var contents = new List<BlockContent>(blocks.Count);
        var weight = Math.Max(1, needs.Reads.Count);
        foreach (var part in blocks.Chunk(Math.Max(1, AtOnce / weight)))
        {
            var batch = client.NewBatch();
            var asked = part.Select(block => (
                Block: block,
                Reads: needs.Reads.Select(read => (Read: read, Slot: batch.Add(EthRequests.Call(new CallRequest { To = read.To, Data = Hex.Decode(read.Calldata) }, BlockReference.At(block.Header.Hash!.Value))))).ToList(),
                Transactions: needs.Transactions || needs.Outcomes.Count > 0 ? block.Header.Transactions.Select(hash => batch.Add(EthRequests.Transaction(hash))).ToList() : null)).ToList();
            await batch.SendAsync(cancellation).ConfigureAwait(false);
            foreach (var (block, reads, transactions) in asked)
            {
                var answers = new Dictionary<StateRead, StateAnswer>();
                foreach (var (read, slot) in reads)
                {
                    // The contract's refusal is an answer. The node's is none, as of state that it has not: whoever asked decides how long to ask again. Silence is an error.
                    answers[read] = slot.TryGet(out var result) ? new StateAnswer(Hex.Encode(result), null)
                        : slot.Error is RpcException problem ? new StateAnswer(null, problem.Message) { IsRefused = problem is not RevertException }
                        : throw slot.Error!;
                }

                if (answers.Values.Any(answer => answer.IsRefused))
                {
                    await RequireCanonicalAsync(block.Header, cancellation).ConfigureAwait(false);
                }

                IReadOnlyList<TransactionInfo>? found = transactions is null ? null : [.. transactions.Select(slot => slot.Value is { } one && one.BlockHash == block.Header.Hash ? one : throw Moved(block.Header))];
                var whole = new WatchedBlock(block.Header, block.Logs, needs.Transactions ? found : null);
                contents.Add(new BlockContent(needs.Outcomes.Count == 0 ? whole : whole with { Outcomes = await OutcomesAsync(block.Header, found!, needs.Outcomes, cancellation).ConfigureAwait(false) }, new StateAnswers(answers)));
            }
        }

        return contents;
    }

    private async Task<IReadOnlyDictionary<Bytes32, bool>> OutcomesAsync(BlockHeader header, IReadOnlyList<TransactionInfo> transactions, IReadOnlyList<Address> contracts, CancellationToken cancellation)
    {
        var batch = client.NewBatch();
        var slots = transactions.Where(transaction => transaction.To is { } to && contracts.Contains(to)).Select(transaction => batch.Add(EthRequests.Receipt(transaction.Hash))).ToList();
        if (slots.Count > 0)
        {
            await batch.SendAsync(cancellation).ConfigureAwait(false);
        }

        return slots.Select(slot => slot.Value is { } receipt && receipt.BlockHash == header.Hash ? receipt : throw Moved(header)).ToDictionary(receipt => receipt.TransactionHash, receipt => receipt.Succeeded);
    }

    private async Task RequireCanonicalAsync(BlockHeader header, CancellationToken cancellation)
    {
        if ((await client.BlockAsync(BlockReference.At(header.Number), cancellation).ConfigureAwait(false))?.Hash != header.Hash)
        {
            throw Moved(header);
        }
    }

    private static bool IsForSize(EthereumException problem) => problem.Code == "rpc-too-large"
        || (problem is RpcException { Code: "rpc-error" } refusal && (refusal.NodeCode == -32005 || SizeWords.Any(word => refusal.NodeMessage.Contains(word, StringComparison.OrdinalIgnoreCase))));

    private static EthereumException Moved(BlockHeader header) => Unknown("block-reorganised", $"block {header.Number} ({header.Hash}) was taken back while it was read");

    private static EthereumException Unknown(string code, string message) => new(code, Fault.Unknown, message);
}
