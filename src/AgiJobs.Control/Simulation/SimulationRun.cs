using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Control.Simulation;

/// <summary>What one transaction did, as far as a node told it.</summary>
/// <param name="Outcome">By <c>eth_simulateV1</c>; null when the node did not tell.</param>
/// <param name="Calls">By the call tracer; null when the node did not tell.</param>
/// <param name="Difference">By the prestate tracer; null when the node did not tell.</param>
internal sealed record TriedTransaction(SimulatedOutcome? Outcome, CallFrame? Calls, StateDifference? Difference);

/// <summary>A view read before and after.</summary>
/// <param name="Target">The contract.</param>
/// <param name="Call">The view's calldata.</param>
/// <param name="Before">What it returned on the block; null when it is not known.</param>
/// <param name="After">What it returns in the simulated state; null when it is not known.</param>
/// <param name="Problem">Why <paramref name="After"/> is not known, or what it reverts with.</param>
internal sealed record TriedView(Address Target, byte[] Call, byte[]? Before, byte[]? After, string? Problem);

/// <summary>Everything that one node told about a plan.</summary>
internal sealed class SimulationRun
{
    private SimulationRun(IReadOnlyList<TriedTransaction> transactions, IReadOnlyList<TriedView> views, IReadOnlySet<Address> published, IReadOnlyList<string> problems)
    {
        Transactions = transactions;
        Views = views;
        Published = published;
        Problems = problems;
    }

    /// <summary>The transactions, as many as were planned.</summary>
    public IReadOnlyList<TriedTransaction> Transactions { get; }

    /// <summary>The views, as many as were asked for.</summary>
    public IReadOnlyList<TriedView> Views { get; }

    /// <summary>The batch contracts whose code is the published one.</summary>
    public IReadOnlySet<Address> Published { get; }

    /// <summary>What could not be had, and why.</summary>
    public IReadOnlyList<string> Problems { get; }

    /// <summary>True when the node told everything that can be told.</summary>
    public bool IsComplete => Transactions.All(transaction => transaction is { Calls: not null, Difference: not null });

    /// <summary>
    /// Tries the plan. One transaction takes one round trip, each further one another, since its storage differences are traced on top of those before it; the views take one
    /// more where <c>eth_simulateV1</c> is missing.
    /// </summary>
    public static async Task<SimulationRun> TryAsync(EthereumClient client, SimulationPlan plan, BlockHeader header, BlockReference at, IReadOnlyList<(Address Target, byte[] Call)> views, CancellationToken cancellation)
    {
        var problems = new List<string>();
        var blocks = BlocksOf(plan, header);
        var reads = views.Select(view => new CallRequest { To = view.Target, Data = view.Call }).ToList();
        var simulated = blocks.Select((block, i) => new SimulatedBlock(block.Block, i == 0 ? plan.Overrides : new StateOverrides(), [.. block.Transactions.Select(transaction => transaction.Request), .. i == blocks.Count - 1 ? reads : []])).ToList();

        var batch = client.NewBatch();
        var outcomes = batch.Add(SimulationRequests.Simulate(simulated, at));
        var before = views.Select(view => batch.Add(EthRequests.Call(new CallRequest { To = view.Target, Data = view.Call }, at))).ToList();
        var batchers = BatchersOf(plan).ToDictionary(address => address, address => batch.Add(EthRequests.Code(address, at)));
        var overrides = plan.Overrides.Copy();
        var calls = new CallFrame?[plan.Transactions.Count];
        var differences = new StateDifference?[plan.Transactions.Count];
        var all = blocks.SelectMany(block => block.Transactions.Select(transaction => (block.Block, transaction.Request))).ToList();
        for (var i = 0; i < all.Count; i++)
        {
            batch = i == 0 ? batch : client.NewBatch();
            var frame = batch.Add(SimulationRequests.TraceCalls(all[i].Request, at, all[i].Block, overrides));
            var difference = batch.Add(SimulationRequests.TraceDifference(all[i].Request, at, all[i].Block, overrides));
            await batch.SendAsync(cancellation).ConfigureAwait(false);
            calls[i] = Told(frame, "the tree of calls", problems);
            differences[i] = Told(difference, "the storage differences", problems);
            if (differences[i] is not { } known)
            {
                break;
            }

            overrides.Apply(known);
        }

        var told = Told(outcomes, "the outcome by eth_simulateV1", problems);
        var after = new (byte[]? Result, string? Problem)[views.Count];
        if (told is not null)
        {
            for (var i = 0; i < views.Count; i++)
            {
                var view = told[all.Count + i];
                after[i] = view.Succeeded ? (view.ReturnData.ToArray(), null) : (null, view.Error);
            }
        }
        else if (Array.TrueForAll(differences, difference => difference is not null) && views.Count > 0)
        {
            batch = client.NewBatch();
            var slots = reads.ConvertAll(read => batch.Add(SimulationRequests.Call(read, at, overrides)));
            await batch.SendAsync(cancellation).ConfigureAwait(false);
            for (var i = 0; i < views.Count; i++)
            {
                after[i] = slots[i].TryGet(out var value) ? (value, null) : (null, slots[i].Error!.Message);
            }
        }
        else
        {
            Array.Fill(after, (null, "the node does not tell the state afterwards"));
        }

        return new SimulationRun(
            [.. calls.Select((frame, i) => new TriedTransaction(told?[i], frame, differences[i]))],
            [.. views.Select((view, i) => new TriedView(view.Target, view.Call, before[i].TryGet(out var old) ? old : null, after[i].Result, after[i].Problem))],
            batchers.Where(entry => entry.Value.TryGet(out var code) && code.Length > 0 && SafeContracts.Find(entry.Key) is { CodeHash: { } hash } && Keccak256.Hash(code) == hash).Select(entry => entry.Key).ToHashSet(),
            [.. problems.Distinct(StringComparer.Ordinal)]);
    }

    /// <summary>The views of a change: what it expects, and the paused bit of every module that it says nothing about.</summary>
    public static IReadOnlyList<(Address Target, byte[] Call)> ViewsOf(ChangeDocument document, Description.Protocol protocol) =>
        [.. document.Expected.Where(expectation => expectation.Call is not null).Select(expectation => (expectation.Target, expectation.Call!)), .. Watched(document, protocol).Select(module => (module.Address, module.Paused!.Encode()))];

    /// <summary>The modules whose paused bit must stay as it is.</summary>
    public static IEnumerable<Description.Module> Watched(ChangeDocument document, Description.Protocol protocol) =>
        protocol.Modules.Where(module => module.Paused is { } paused && !document.Expected.Any(expectation => expectation.Target == module.Address && expectation.Call is { } call && call.AsSpan().SequenceEqual(paused.Encode())));

    private static T? Told<T>(RpcSlot<T> slot, string what, List<string> problems)
        where T : class
    {
        if (slot.TryGet(out var value))
        {
            return value;
        }

        problems.Add($"{what}: {slot.Error!.Message}");
        return null;
    }

    // Transactions that may follow each other at once share a block; each wait begins another.
    private static List<(BlockOverride Block, List<PlannedTransaction> Transactions)> BlocksOf(SimulationPlan plan, BlockHeader header)
    {
        var blocks = new List<(BlockOverride Block, List<PlannedTransaction> Transactions)>();
        var number = header.Number.Value;
        var time = plan.Time;
        foreach (var transaction in plan.Transactions)
        {
            if (blocks.Count == 0 || transaction.After > 0)
            {
                time = time.AddSeconds(transaction.After);
                blocks.Add((new BlockOverride(new BlockNumber(++number), time), []));
            }

            blocks[^1].Transactions.Add(transaction);
        }

        return blocks;
    }

    private static IEnumerable<Address> BatchersOf(SimulationPlan plan) =>
        plan.Transactions.Any(transaction => transaction.Data.AsSpan().IndexOf(MultiSendCall) >= 0) ? [SafeContracts.MultiSendCallOnly.Address] : [];

    private static readonly byte[] MultiSendCall = AbiFunction.Parse("function multiSend(bytes)").Selector.ToBytes();
}
