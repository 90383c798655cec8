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
internal sealed record TriedTransaction(SimulatedOutcome? Outcome, CallFrame? Calls, StateDifference? Difference)
{
    /// <summary>What it hashes; empty when the node does not tell or was not asked.</summary>
    public IReadOnlyList<byte[]> Images { get; init; } = [];
}

/// <summary>A view read before and after.</summary>
/// <param name="Target">The contract.</param>
/// <param name="Call">The view's calldata.</param>
/// <param name="Before">What it returned on the block; null when it is not known.</param>
/// <param name="After">What it returns in the simulated state; null when it is not known.</param>
/// <param name="Problem">Why <paramref name="After"/> is not known, or what it reverts with.</param>
/// <param name="Reverted">True when the node told that it fails afterwards.</param>
internal sealed record TriedView(Address Target, byte[] Call, byte[]? Before, byte[]? After, string? Problem, bool Reverted = false);

/// <summary>Everything that one node told about a plan.</summary>
internal sealed class SimulationRun
{
    private readonly int _judged;

    private SimulationRun(IReadOnlyList<TriedTransaction> transactions, int judged, IReadOnlyList<IReadOnlyList<TriedView>> views, IReadOnlySet<Address> published, IReadOnlyList<string> problems)
    {
        Transactions = transactions;
        _judged = judged;
        Views = views;
        Published = published;
        Problems = problems;
    }

    /// <summary>The transactions, as many as were planned.</summary>
    public IReadOnlyList<TriedTransaction> Transactions { get; }

    /// <summary>For each change the views, as many as were asked for: before it, that is after the one before, and after it.</summary>
    public IReadOnlyList<IReadOnlyList<TriedView>> Views { get; }

    /// <summary>The batch contracts whose code is the published one.</summary>
    public IReadOnlySet<Address> Published { get; }

    /// <summary>What could not be had, and why.</summary>
    public IReadOnlyList<string> Problems { get; }

    /// <summary>True when the node told everything that is to be told.</summary>
    public bool IsComplete => Transactions.Take(_judged).All(transaction => transaction is { Calls: not null, Difference: not null })
        && Transactions.Skip(_judged).All(transaction => transaction.Outcome is not null || transaction.Calls is not null);

    /// <summary>
    /// Tries the plan. One transaction takes one round trip, each further one that is judged another, since its storage differences are traced on top of those before it; the views of each
    /// change take one more where <c>eth_simulateV1</c> is missing, and so does a transaction of which <paramref name="hidesKeys"/> says that what it writes has no name without what it hashes.
    /// </summary>
    public static async Task<SimulationRun> TryAsync(EthereumClient client, SimulationPlan plan, BlockHeader header, BlockReference at, IReadOnlyList<(Address Target, byte[] Call)> views, Func<int, TriedTransaction, bool> hidesKeys, CancellationToken cancellation)
    {
        var problems = new List<string>();
        var reads = views.Select(view => new CallRequest { To = view.Target, Data = view.Call }).ToList();
        var calls = new CallFrame?[plan.Transactions.Count];
        var differences = new StateDifference?[plan.Transactions.Count];
        var images = new IReadOnlyList<byte[]>[plan.Transactions.Count];
        Array.Fill(images, []);

        // In the order in which the node answers: the views are read when each change has been made.
        var blocks = BlocksOf(plan, header);
        var all = blocks.SelectMany(block => block.Transactions.Select(transaction => (block.Block, transaction.Request))).ToList();
        var requests = new List<SimulatedBlock>();
        var transactionAt = new int[all.Count];
        var viewsAt = new int[plan.Ends.Count];
        var (transactions, answers) = (0, 0);
        foreach (var (block, planned) in blocks)
        {
            var inBlock = new List<CallRequest>();
            foreach (var transaction in planned)
            {
                transactionAt[transactions++] = answers++;
                inBlock.Add(transaction.Request);
                for (var change = 0; change < plan.Ends.Count; change++)
                {
                    if (plan.Ends[change] == transactions)
                    {
                        viewsAt[change] = answers;
                        answers += reads.Count;
                        inBlock.AddRange(reads);
                    }
                }
            }

            requests.Add(new SimulatedBlock(block, requests.Count == 0 ? plan.Overrides : new StateOverrides(), inBlock));
        }

        var batch = client.NewBatch();
        var outcomes = batch.Add(SimulationRequests.Simulate(requests, at));
        var before = reads.ConvertAll(read => batch.Add(EthRequests.Call(read, at)));
        var batchers = BatchersOf(plan).ToDictionary(address => address, address => batch.Add(EthRequests.Code(address, at)));
        var overrides = plan.Overrides.Copy();
        var after = plan.Ends.Select(_ => Enumerable.Repeat<(byte[]? Result, string? Problem, bool Reverted)>((null, "the node does not tell the state afterwards", false), reads.Count).ToArray()).ToArray();
        if (plan.Judged == 0)
        {
            await batch.SendAsync(cancellation).ConfigureAwait(false);
        }

        for (var i = 0; i < all.Count; i++)
        {
            var isSent = i > 0 || plan.Judged == 0;
            if (isSent && i >= plan.Judged && outcomes.TryGet(out _))
            {
                break;
            }

            batch = isSent ? client.NewBatch() : batch;
            var frame = batch.Add(SimulationRequests.TraceCalls(all[i].Request, at, all[i].Block, overrides));
            var difference = batch.Add(SimulationRequests.TraceDifference(all[i].Request, at, all[i].Block, overrides));
            await batch.SendAsync(cancellation).ConfigureAwait(false);
            calls[i] = Told(frame, "the tree of calls", problems);
            differences[i] = Told(difference, "the storage differences", problems);
            if (i < plan.Judged && differences[i] is { } left && hidesKeys(i, new TriedTransaction(null, calls[i], left)))
            {
                // Only where something was written whose name cannot be found otherwise: it takes the node long. One that does not tell leaves it without a name.
                batch = client.NewBatch();
                var hashing = batch.Add(SimulationRequests.TraceHashing(all[i].Request, at, all[i].Block, overrides));
                await batch.SendAsync(cancellation).ConfigureAwait(false);
                images[i] = hashing.TryGet(out var seen) ? seen : [];
            }

            if (differences[i] is not { } known)
            {
                break;
            }

            overrides.Apply(known);
            for (var change = 0; change < plan.Ends.Count; change++)
            {
                if (plan.Ends[change] == i + 1 && !outcomes.TryGet(out _) && reads.Count > 0)
                {
                    batch = client.NewBatch();
                    var slots = reads.ConvertAll(read => batch.Add(SimulationRequests.Call(read, at, overrides)));
                    await batch.SendAsync(cancellation).ConfigureAwait(false);
                    after[change] = [.. slots.Select(slot => slot.TryGet(out var value) ? (value, (string?)null, false) : (null, slot.Error!.Message, slot.Error is RevertException))];
                }
            }
        }

        var told = Told(outcomes, "the outcome by eth_simulateV1", problems);
        if (told is not null)
        {
            for (var change = 0; change < plan.Ends.Count; change++)
            {
                after[change] = [.. Enumerable.Range(viewsAt[change], reads.Count).Select(index => told[index]).Select(view => view.Succeeded ? (view.ReturnData.ToArray(), (string?)null, false) : ((byte[]?)null, view.Error, true))];
            }
        }

        var first = before.ConvertAll(slot => slot.TryGet(out var old) ? old : null);
        return new SimulationRun(
            [.. calls.Select((frame, i) => new TriedTransaction(told?[transactionAt[i]], frame, differences[i]) { Images = images[i] })],
            plan.Judged,
            [.. after.Select((read, change) => (IReadOnlyList<TriedView>)[.. views.Select((view, i) => new TriedView(view.Target, view.Call, change == 0 ? first[i] : after[change - 1][i].Result, read[i].Result, read[i].Problem, read[i].Reverted))])],
            batchers.Where(entry => entry.Value.TryGet(out var code) && code.Length > 0 && SafeContracts.Find(entry.Key) is { CodeHash: { } hash } && Keccak256.Hash(code) == hash).Select(entry => entry.Key).ToHashSet(),
            [.. problems.Distinct(StringComparer.Ordinal)]);
    }

    /// <summary>The views of a change: what it expects, and the paused bit of every module that it says nothing about.</summary>
    public static IReadOnlyList<(Address Target, byte[] Call)> ViewsOf(ChangeDocument document, Description.Protocol protocol) =>
        [.. document.Expected.Where(expectation => expectation.Call is not null).Select(expectation => (expectation.Target, expectation.Call!)), .. Watched(document, protocol).Select(module => (module.Address, module.Paused!.Encode()))];

    /// <summary>The views that a change was planned on, each once.</summary>
    public static IReadOnlyList<Expectation> PlannedOn(ChangeDocument document) => [.. document.Preconditions.Where(expectation => expectation.Call is not null).DistinctBy(expectation => (expectation.Target, Hex.Encode(expectation.Call)))];

    /// <summary>What a view is about, for people: <c>StakeManager.minimum()</c> of <c>StakeManager.minimum() = 5</c>.</summary>
    public static string SubjectOf(Expectation expectation) => expectation.Subject.IndexOf(" = ", StringComparison.Ordinal) is var at and > 0 ? expectation.Subject[..at] : expectation.Subject;

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
