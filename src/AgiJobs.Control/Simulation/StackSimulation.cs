using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Simulation;

/// <summary>
/// Tries several changes as one stack on the state of one block, each on top of the ones before, and every two that touch a contract in common in both orders. Sends nothing.
/// </summary>
public static class StackSimulation
{
    /// <summary>Simulates. By the same means as <see cref="ChangeSimulation"/>; the pairs take one round trip for each order where the node has <c>eth_simulateV1</c>.</summary>
    /// <param name="client">The node.</param>
    /// <param name="protocol">The protocol.</param>
    /// <param name="changes">The changes with their names, in the order of the stack; at least one.</param>
    /// <param name="options">What may be used: the signatures of all of them.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="EthereumException">Those of reading the block and the Safes.</exception>
    /// <exception cref="ControlException"><c>change-chain</c> (exit 6) when a change is for another chain; <c>simulation-route</c>; those of starting a fork.</exception>
    public static async Task<StackResult> RunAsync(EthereumClient client, Protocol protocol, IReadOnlyList<(string Id, ChangeDocument Document)> changes, SimulationOptions? options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(protocol);
        ArgumentOutOfRangeException.ThrowIfZero(changes.Count);
        if (changes.FirstOrDefault(change => change.Document.ChainId != client.ChainId) is { Document: { } stranger } other)
        {
            throw new ControlException("change-chain", ExitCode.Mismatch, $"The change {other.Id} is for chain {stranger.ChainId}, and this is chain {client.ChainId}.");
        }

        options ??= new SimulationOptions();
        var block = options.Block ?? await PinnedBlock.AtAsync(client, BlockReference.Latest, cancellation).ConfigureAwait(false);
        var (run, plan, fork) = await StackAsync(client, protocol, [.. changes.Select(change => change.Document)], options, block, cancellation).ConfigureAwait(false);
        await using var ended = fork;
        var pairs = new List<StackPair>();
        for (var i = 0; i < changes.Count; i++)
        {
            for (var j = i + 1; j < changes.Count; j++)
            {
                if (Touched(changes[i].Document).Overlaps(Touched(changes[j].Document)))
                {
                    pairs.Add(await PairAsync(client, fork?.Client ?? client, fork is null ? block.Reference : BlockReference.Latest, fork is null, protocol, changes[i], changes[j], options, block, cancellation).ConfigureAwait(false));
                }
            }
        }

        var judged = new List<StackedChange>();
        var offset = 0;
        for (var i = 0; i < changes.Count; i++)
        {
            var (id, document) = changes[i];
            var result = ChangeSimulation.Judge(document, i, offset, protocol, options, block.Header, plan, run, null, run.Problems);
            offset += SimulationRun.ViewsOf(document, protocol).Count;
            var planned = SimulationRun.PlannedOn(document);
            judged.Add(new StackedChange(id, result, [.. planned.Select((expectation, index) =>
            {
                var found = run.Views[i][offset + index].Before;
                bool? holds = found is null ? null : found.AsSpan().SequenceEqual(expectation.Result);
                return new SimulatedExpectation(expectation.Subject, holds, holds == true ? null : found is null ? "it could not be read" : Hex.Encode(found));
            })]));
            offset += planned.Count;
        }

        return new StackResult(block.Header.Number.Value, block.Header.Hash!.Value, judged, pairs);
    }

    private static async Task<(SimulationRun Run, SimulationPlan Plan, IForkedChain? Fork)> StackAsync(EthereumClient client, Protocol protocol, IReadOnlyList<ChangeDocument> documents, SimulationOptions options, PinnedBlock block, CancellationToken cancellation)
    {
        IReadOnlyList<(Address Target, byte[] Call)> views = [.. documents.SelectMany(document => SimulationRun.ViewsOf(document, protocol).Concat(SimulationRun.PlannedOn(document).Select(expectation => (expectation.Target, expectation.Call!))))];
        var plan = await SimulationPlan.MakeAsync(client, protocol, documents, documents.Count, options, block, signatures: true, cancellation).ConfigureAwait(false);
        var run = await SimulationRun.TryAsync(client, plan, block.Header, block.Reference, views, ChangeSimulation.HidesKeys(documents[0], protocol, options, plan), cancellation).ConfigureAwait(false);
        if (run.IsComplete || options.Fork is null)
        {
            return (run, plan, null);
        }

        // A fork is no configured node of the network: nothing signed goes there.
        var unsigned = await SimulationPlan.MakeAsync(client, protocol, documents, documents.Count, options, block, signatures: false, cancellation).ConfigureAwait(false);
        var fork = await options.Fork.StartAsync(block.Header, cancellation).ConfigureAwait(false);
        var forked = await SimulationRun.TryAsync(fork.Client, unsigned, block.Header, BlockReference.Latest, views, ChangeSimulation.HidesKeys(documents[0], protocol, options, unsigned), cancellation).ConfigureAwait(false);
        return (forked, unsigned, fork);
    }

    // Every contract that it calls, declares or was planned on.
    private static HashSet<Address> Touched(ChangeDocument document) =>
        [.. document.Steps.Select(step => step.Target), .. document.Effects.Select(effect => effect.Target), .. document.Preconditions.Concat(document.Expected).Where(expectation => expectation.Call is not null).Select(expectation => expectation.Target)];

    private static async Task<StackPair> PairAsync(EthereumClient client, EthereumClient node, BlockReference at, bool signatures, Protocol protocol, (string Id, ChangeDocument Document) first, (string Id, ChangeDocument Document) second, SimulationOptions options, PinnedBlock block, CancellationToken cancellation)
    {
        var watched = first.Document.Preconditions.Concat(first.Document.Expected).Concat(second.Document.Preconditions).Concat(second.Document.Expected)
            .Where(expectation => expectation.Call is not null)
            .DistinctBy(expectation => (expectation.Target, Hex.Encode(expectation.Call)))
            .ToList();
        var views = watched.ConvertAll(expectation => (expectation.Target, expectation.Call!));
        var inOrder = await EndAsync(first.Document, second.Document).ConfigureAwait(false);
        var reversed = await EndAsync(second.Document, first.Document).ConfigureAwait(false);
        var differs = new List<StackDifference>();
        string? unknown = null;
        foreach (var (id, one, other) in ((string, bool?, bool?)[])[(first.Id, inOrder.First, reversed.Second), (second.Id, inOrder.Second, reversed.First)])
        {
            if (one is null || other is null)
            {
                unknown ??= $"whether {id} succeeds is not told";
            }
            else if (one != other)
            {
                differs.Add(new StackDifference(id, one == true ? "succeeds" : "reverts", other == true ? "succeeds" : "reverts"));
            }
        }

        foreach (var (expectation, one, other) in watched.Zip(inOrder.Views, reversed.Views))
        {
            var subject = SimulationRun.SubjectOf(expectation);
            if (Text(one) is not { } left || Text(other) is not { } right)
            {
                unknown ??= $"{subject} could not be read";
            }
            else if (!string.Equals(left, right, StringComparison.Ordinal))
            {
                differs.Add(new StackDifference(subject, left, right));
            }
        }

        bool? commutes = differs.Count > 0 ? false : unknown is null ? true : null;
        return new StackPair(first.Id, second.Id, commutes, commutes is null ? unknown : null, differs);

        async Task<(bool? First, bool? Second, IReadOnlyList<TriedView> Views)> EndAsync(ChangeDocument one, ChangeDocument two)
        {
            // Planned on the network's own node, also when it is tried on a fork, which does not know the block by its hash.
            var plan = await SimulationPlan.MakeAsync(client, protocol, [one, two], 0, options, block, signatures, cancellation).ConfigureAwait(false);
            var run = await SimulationRun.TryAsync(node, plan, block.Header, at, views, (_, _) => false, cancellation).ConfigureAwait(false);
            return (Outcome(run.Transactions.Take(plan.Ends[0])), Outcome(run.Transactions.Skip(plan.Ends[0])), run.Views[1]);
        }

        static string? Text(TriedView view) => view.After is { } answer ? Hex.Encode(answer) : view.Reverted ? "reverts" : null;

        static bool? Outcome(IEnumerable<TriedTransaction> transactions)
        {
            bool? all = true;
            foreach (var transaction in transactions)
            {
                bool? one = transaction.Outcome?.Succeeded ?? transaction.Calls?.Succeeded;
                all = all == false || one == false ? false : all is null || one is null ? null : true;
            }

            return all;
        }
    }
}
