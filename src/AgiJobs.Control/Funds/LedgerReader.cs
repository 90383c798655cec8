using System.Globalization;
using System.Numerics;
using AgiJobs.Control.Description;
using AgiJobs.Control.Drift;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Funds;

/// <summary>Reads ledgers at one block: which items there are, each of them, and the totals that the contract keeps. Three round trips for all counted ledgers, besides the logs of those that events tell of.</summary>
/// <param name="client">The chain.</param>
/// <param name="block">The block.</param>
/// <param name="network">The network's name, for commands.</param>
public sealed class LedgerReader(EthereumClient client, PinnedBlock block, string network)
{
    /// <summary>The first block whose events are looked at, by module; default: the first of the chain.</summary>
    public Func<Module, ulong> Since { get; init; } = _ => 0;

    /// <summary>Told how far it has come.</summary>
    public Action<string>? OnProgress { get; init; }

    /// <summary>Reads.</summary>
    /// <exception cref="EthereumException"><c>rpc-wrong-chain</c>, <c>block-reorganised</c>. Whatever else fails makes items unknown.</exception>
    public async Task<IReadOnlyList<LedgerReading>> ReadAsync(IReadOnlyList<Ledger> ledgers, CancellationToken cancellation)
    {
        var drafts = ledgers.Select(ledger => new Draft(ledger)).ToList();
        await FindAsync(drafts, cancellation).ConfigureAwait(false);
        var reads = block.NewReads();
        foreach (var draft in drafts)
        {
            draft.Items = draft.Keys.ConvertAll(keys => (keys, reads.Call(new ContractCall(draft.Ledger.Module.Address, draft.Ledger.Item, [.. keys]))));
        }

        await SendAsync(reads, cancellation).ConfigureAwait(false);
        foreach (var draft in drafts)
        {
            Open(draft);
        }

        reads = block.NewReads();
        foreach (var draft in drafts)
        {
            draft.Extra = draft.Live.ConvertAll(item => draft.Ledger.Columns.Select(column => column.Call is null ? null : reads.Call(column.CallFor(item.Keys))).ToList());
            draft.Totals = [.. draft.Ledger.Totals.SelectMany(total => Groups(draft, total.File).Select(group => (Total: total, Group: group.Key, Items: group.Items, Read: reads.Call(new ContractCall(draft.Ledger.Module.Address, total.View, [.. group.Key])))))];
        }

        await SendAsync(reads, cancellation).ConfigureAwait(false);
        return [.. drafts.Select(Close)];
    }

    private static Task SendAsync(PinnedReads reads, CancellationToken cancellation) => reads.Count == 0 ? Task.CompletedTask : reads.SendAsync(cancellation);

    // Which items there are.
    private async Task FindAsync(List<Draft> drafts, CancellationToken cancellation)
    {
        var reads = block.NewReads();
        var counts = drafts.Where(draft => draft.Ledger.Count is not null).Select(draft => (Draft: draft, Read: reads.Call(new ContractCall(draft.Ledger.Module.Address, draft.Ledger.Count!)))).ToList();
        await SendAsync(reads, cancellation).ConfigureAwait(false);
        foreach (var (draft, read) in counts)
        {
            if (!read.TryGet(out var count))
            {
                draft.Unknown.Add($"{draft.Ledger.Module.Name}.{draft.Ledger.Count!.Signature}: {read.Error!.Message}");
            }
            else
            {
                for (BigInteger number = draft.Ledger.First; number < draft.Ledger.First + count[0].AsInteger(); number++)
                {
                    draft.Keys.Add([number]);
                }
            }
        }

        foreach (var draft in drafts.Where(draft => draft.Ledger.Event is not null))
        {
            var ledger = draft.Ledger;
            try
            {
                var logs = await new LogHistory(client) { OnProgress = OnProgress }.ReadAsync([ledger.Module.Address], Since(ledger.Module), block.Header.Number.Value, cancellation).ConfigureAwait(false);
                draft.Keys.AddRange(logs.Where(log => log.Topics is [var topic, ..] && topic == ledger.Event!.Topic0)
                    .Select(log => ledger.Event!.Decode([.. log.Topics], log.Data.Span))
                    .Select(told => (IReadOnlyList<AbiValue>)[.. ledger.Keys.Select(key => told[key])])
                    .DistinctBy(keys => string.Join('|', keys)));
            }
            catch (EthereumException problem) when (problem.Code is not "rpc-wrong-chain")
            {
                draft.Unknown.Add($"which items there are: {problem.Message}");
            }
        }
    }

    private static void Open(Draft draft)
    {
        foreach (var (keys, read) in draft.Items)
        {
            try
            {
                if (!read.TryGet(out var item))
                {
                    draft.Unknown.Add($"{draft.Ledger.Module.Name}.{draft.Ledger.Item.Name}({string.Join(", ", keys)}): {read.Error!.Message}");
                }
                else if (draft.Ledger.IsOpen(item))
                {
                    draft.Live.Add((keys, item));
                }
                else
                {
                    draft.Closed++;
                }
            }
            catch (EthereumException problem)
            {
                draft.Unknown.Add($"{draft.Ledger.Module.Name}.{draft.Ledger.Item.Name}({string.Join(", ", keys)}): {problem.Message}");
            }
        }
    }

    // Items that have the arguments of a total in common; a total without arguments is of all.
    private static IEnumerable<(IReadOnlyList<AbiValue> Key, IReadOnlyList<int> Items)> Groups(Draft draft, LedgerTotal total) =>
        total.By.Count == 0
            ? [([], [.. Enumerable.Range(0, draft.Live.Count)])]
            : draft.Keys.Select(keys => (IReadOnlyList<AbiValue>)[.. total.By.Select(name => KeyOf(draft, keys, name))]).DistinctBy(key => string.Join('|', key))
                .Select(key => (key, (IReadOnlyList<int>)[.. Enumerable.Range(0, draft.Live.Count).Where(index => total.By.Zip(key).All(part => KeyOf(draft, draft.Live[index].Keys, part.First).Equals(part.Second)))]));

    private static AbiValue KeyOf(Draft draft, IReadOnlyList<AbiValue> keys, string name) => keys[draft.Ledger.Keys.ToList().FindIndex(key => string.Equals(key, name, StringComparison.Ordinal))];

    private LedgerReading Close(Draft draft)
    {
        var ledger = draft.Ledger;
        var items = new List<LedgerItem>();
        for (var index = 0; index < draft.Live.Count; index++)
        {
            var (keys, item) = draft.Live[index];
            var cells = new List<AbiValue?>();
            for (var column = 0; column < ledger.Columns.Count; column++)
            {
                var field = ledger.Columns[column];
                try
                {
                    var read = draft.Extra[index][column];
                    cells.Add(field.Key is { } key ? KeyOf(draft, keys, key) : read is null ? field.Read(item) : field.Read(read.Value));
                }
                catch (EthereumException problem)
                {
                    cells.Add(null);
                    draft.Unknown.Add($"{field.Name} of {ledger.Name} {string.Join(", ", keys)}: {problem.Message}");
                }
            }

            items.Add(new LedgerItem(keys, ledger.StateOf(item), cells, ledger.Refund(keys, network)));
        }

        return new LedgerReading(ledger, items, draft.Closed, [.. draft.Totals.Select(total => Sum(draft, items, total))], draft.Unknown);
    }

    private static LedgerSum Sum(Draft draft, List<LedgerItem> items, ((LedgerTotal File, AbiFunction View, LedgerField Column) Total, IReadOnlyList<AbiValue> Group, IReadOnlyList<int> Items, PinnedRead<AbiArguments> Read) entry)
    {
        var (total, group, members, read) = entry;
        var column = draft.Ledger.Columns.ToList().IndexOf(total.Column);
        var sum = members.Aggregate(BigInteger.Zero, (amount, index) => amount + (items[index].Cells[column]?.AsInteger() ?? 0));
        var what = $"{draft.Ledger.Module.Name}.{total.View.Name}({string.Join(", ", group)})";
        try
        {
            var says = total.File.Output is { } output ? LedgerField.Member(total.View, read.Value, output) : read.Value[0];
            return new LedgerSum(what, total.Column.Name, total.Column.Unit.Format(sum), total.Column.Unit.Format(says), draft.Unknown.Count > 0 ? null : says.AsInteger() == sum);
        }
        catch (EthereumException problem)
        {
            draft.Unknown.Add(string.Create(CultureInfo.InvariantCulture, $"{what}: {problem.Message}"));
            return new LedgerSum(what, total.Column.Name, total.Column.Unit.Format(sum), null, null);
        }
    }

    private sealed class Draft(Ledger ledger)
    {
        public Ledger Ledger => ledger;

        public List<string> Unknown { get; } = [];

        public List<IReadOnlyList<AbiValue>> Keys { get; } = [];

        public List<(IReadOnlyList<AbiValue> Keys, PinnedRead<AbiArguments> Read)> Items { get; set; } = [];

        public List<(IReadOnlyList<AbiValue> Keys, AbiArguments Item)> Live { get; } = [];

        public List<List<PinnedRead<AbiArguments>?>> Extra { get; set; } = [];

        public List<((LedgerTotal File, AbiFunction View, LedgerField Column) Total, IReadOnlyList<AbiValue> Group, IReadOnlyList<int> Items, PinnedRead<AbiArguments> Read)> Totals { get; set; } = [];

        public int Closed { get; set; }
    }
}
