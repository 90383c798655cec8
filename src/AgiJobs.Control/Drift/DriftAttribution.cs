using System.Globalization;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Drift;

/// <summary>
/// Finds for each thing that drifted the transaction that made it so: among the blocks in which its module logged anything, the newest after which the view is as now and before which it was not.
/// </summary>
public sealed class DriftAttribution(EthereumClient client, ExecutedState executed)
{
    private const int BlocksAtOnce = 16;

    /// <summary>The first block that is looked at, by module; default: the first of the chain.</summary>
    public Func<Module, ulong> Since { get; init; } = _ => 0;

    /// <summary>Told how far it has come.</summary>
    public Action<string>? OnProgress { get; init; }

    /// <summary>The report with the cause of everything that differs.</summary>
    /// <exception cref="EthereumException"><c>rpc-wrong-chain</c>. Whatever else a node refuses makes causes unknown.</exception>
    public async Task<DriftReport> ExplainAsync(DriftReport report, CancellationToken cancellation)
    {
        var wanted = report.Items.Where(item => item.Status == DriftStatus.Differs && item.View is not null).ToList();
        if (wanted.Count == 0)
        {
            return report;
        }

        var searches = wanted.ConvertAll(item => new Search(item));
        IReadOnlyList<LogEntry> logs;
        try
        {
            var modules = wanted.Select(item => item.View!.Module).DistinctBy(module => module.Name, StringComparer.Ordinal).ToList();
            logs = await new LogHistory(client) { OnProgress = OnProgress }.ReadAsync([.. modules.Select(module => module.Address)], modules.Min(Since), report.State.Block.Value, cancellation).ConfigureAwait(false);
        }
        catch (EthereumException problem) when (problem.Code is not "rpc-wrong-chain")
        {
            return With(report, wanted.ToDictionary(item => item, _ => DriftCause.Of($"the node gives no logs: {problem.Message}")));
        }

        foreach (var search in searches)
        {
            search.Blocks = [.. logs.Where(log => log.Address == search.View.Module.Address && log.BlockNumber!.Value.Value >= Since(search.View.Module)).Select(log => log.BlockNumber!.Value.Value).Distinct().OrderDescending()];
        }

        await FindBlocksAsync(searches, cancellation).ConfigureAwait(false);
        return With(report, await CausesAsync(searches, logs, cancellation).ConfigureAwait(false));
    }

    private async Task FindBlocksAsync(List<Search> searches, CancellationToken cancellation)
    {
        for (var from = 0; searches.Exists(search => search.IsOpen); from += BlocksAtOnce)
        {
            var batch = client.NewBatch();
            var asked = searches.Where(search => search.IsOpen).Select(search => (Search: search, Answers: search.Blocks.Skip(from).Take(BlocksAtOnce).Select(block => (Block: block, Before: block == 0 ? null : Ask(search.View, block - 1), At: Ask(search.View, block))).ToList())).ToList();
            RpcSlot<byte[]> Ask(ProtocolView view, ulong block) => batch.Add(view.Call is null
                ? EthRequests.Code(view.Module.Address, BlockReference.At(new BlockNumber(block)))
                : EthRequests.Call(new CallRequest { To = view.Module.Address, Data = view.Call }, BlockReference.At(new BlockNumber(block))));
            if (batch.Count > 0)
            {
                await batch.SendAsync(cancellation).ConfigureAwait(false);
            }

            foreach (var (search, answers) in asked)
            {
                if (answers.Count == 0)
                {
                    search.Why = search.Blocks.Count == 0
                        ? string.Create(CultureInfo.InvariantCulture, $"{search.View.Module.Name} logged nothing since block {Since(search.View.Module)}")
                        : string.Create(CultureInfo.InvariantCulture, $"it was so already at block {Math.Max(1, search.Blocks[^1]) - 1}, before which nothing was looked at");
                    continue;
                }

                foreach (var (block, before, at) in answers.TakeWhile(_ => search.IsOpen))
                {
                    if (Missing(at) is { } gone)
                    {
                        search.Why = string.Create(CultureInfo.InvariantCulture, $"the node has no state of block {block} ({gone})");
                    }
                    else if (!Same(search, at))
                    {
                        search.Why = string.Create(CultureInfo.InvariantCulture, $"it changed after block {block} without any event of {search.View.Module.Name}");
                    }
                    else if (before is not null && Missing(before) is { } none)
                    {
                        search.Why = string.Create(CultureInfo.InvariantCulture, $"the node has no state of block {block - 1} ({none})");
                    }
                    else if (before is null || !Same(search, before))
                    {
                        search.Found = block;
                    }
                }
            }
        }
    }

    private async Task<Dictionary<DriftItem, DriftCause>> CausesAsync(List<Search> searches, IReadOnlyList<LogEntry> logs, CancellationToken cancellation)
    {
        var batch = client.NewBatch();
        var headers = searches.Where(search => search.Found is not null).Select(search => search.Found!.Value).Distinct().ToDictionary(block => block, block => batch.Add(EthRequests.Block(BlockReference.At(new BlockNumber(block)))));
        var transactions = searches.Where(search => search.Found is not null).SelectMany(search => Logged(search, logs)).Distinct().ToDictionary(hash => hash, hash => batch.Add(EthRequests.Receipt(hash)));
        if (batch.Count > 0)
        {
            await batch.SendAsync(cancellation).ConfigureAwait(false);
        }

        var causes = new Dictionary<DriftItem, DriftCause>();
        foreach (var search in searches)
        {
            causes[search.Item] = search.Found is not { } block ? DriftCause.Of(search.Why!)
                : !headers[block].TryGet(out var header) || header is null ? DriftCause.Of(string.Create(CultureInfo.InvariantCulture, $"the node does not give block {block}"))
                : Logged(search, logs).FirstOrDefault(hash => !transactions[hash].TryGet(out var receipt) || receipt is null) is var missing && missing != default ? DriftCause.Of(string.Create(CultureInfo.InvariantCulture, $"the node does not give the receipt of {missing} in block {block}"))
                : new DriftCause(new BlockNumber(block), header.Timestamp, [.. Logged(search, logs).Select(hash => transactions[hash].Value!).Select(receipt => new CausingTransaction(receipt.TransactionHash, receipt.From, receipt.To, executed.Transactions.GetValueOrDefault(receipt.TransactionHash)))], null);
        }

        return causes;
    }

    private static IEnumerable<Bytes32> Logged(Search search, IReadOnlyList<LogEntry> logs) =>
        logs.Where(log => log.Address == search.View.Module.Address && log.BlockNumber!.Value.Value == search.Found).Select(log => log.TransactionHash!.Value).Distinct();

    // A view that reverts, or finds no contract, had another answer; a node that does not know has none.
    private static string? Missing(RpcSlot<byte[]> slot) => slot.Error is null or RevertException ? null : slot.Error.Message;

    private static bool Same(Search search, RpcSlot<byte[]> slot)
    {
        try
        {
            return slot.TryGet(out var answer) && string.Equals(search.View.Text(answer), search.Item.Is, StringComparison.Ordinal);
        }
        catch (EthereumException)
        {
            return false;
        }
    }

    private static DriftReport With(DriftReport report, Dictionary<DriftItem, DriftCause> causes) =>
        report with { Items = [.. report.Items.Select(item => causes.TryGetValue(item, out var cause) ? item with { Cause = cause } : item)] };

    private sealed class Search(DriftItem item)
    {
        public DriftItem Item => item;

        public ProtocolView View => item.View!;

        public IReadOnlyList<ulong> Blocks { get; set; } = [];

        public ulong? Found { get; set; }

        public string? Why { get; set; }

        public bool IsOpen => Found is null && Why is null;
    }
}
