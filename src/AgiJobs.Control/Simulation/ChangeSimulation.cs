using System.Globalization;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Execution;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Control.Simulation;

/// <summary>
/// Tries a whole change on the state of one block: every transaction that its routes will make, one after another, from whoever will send it. Sends nothing. Signatures go to the
/// network's own nodes and nowhere else.
/// </summary>
public static class ChangeSimulation
{
    /// <summary>
    /// Simulates. By <c>eth_simulateV1</c> and <c>debug_traceCall</c> of the network's nodes, by a fork where these are missing; what no means tells is a finding. One transaction from
    /// an account takes two round trips, of which one is saved by naming the block; a Safe takes two more at most.
    /// </summary>
    /// <exception cref="EthereumException"><c>rpc-wrong-chain</c>; what cannot be read otherwise is a finding.</exception>
    /// <exception cref="ControlException"><c>change-chain</c> (exit 6) when the change is for another chain.</exception>
    public static async Task<SimulationResult> RunAsync(EthereumClient client, Protocol protocol, ChangeDocument document, SimulationOptions? options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(protocol);
        ArgumentNullException.ThrowIfNull(document);
        if (document.ChainId != client.ChainId)
        {
            throw new ControlException("change-chain", ExitCode.Mismatch, $"The change is for chain {document.ChainId}, and this is chain {client.ChainId}.");
        }

        options ??= new SimulationOptions();
        PinnedBlock block;
        try
        {
            block = options.Block ?? await PinnedBlock.AtAsync(client, BlockReference.Latest, cancellation).ConfigureAwait(false);
        }
        catch (EthereumException problem) when (problem.Code is not "rpc-wrong-chain")
        {
            return Nothing(document, PinnedBlock.AtConnect(client).Header, problem.Message);
        }

        try
        {
            // Forward, and then back on top of it.
            IReadOnlyList<ChangeDocument> documents = document.Undoing(document.Instance) is { } undoing ? [document, undoing] : [document];
            var plan = await SimulationPlan.MakeAsync(client, protocol, documents, 1, options, block, signatures: true, cancellation).ConfigureAwait(false);
            IReadOnlyList<(Address Target, byte[] Call)> views = [.. SimulationRun.ViewsOf(document, protocol), .. documents.Count == 1 ? [] : SimulationRun.PlannedOn(document).Select(expectation => (expectation.Target, expectation.Call!))];
            var run = await SimulationRun.TryAsync(client, plan, block.Header, block.Reference, views, HidesKeys(document, protocol, options, plan), cancellation).ConfigureAwait(false);
            if (run.IsComplete || options.Fork is null)
            {
                return Judge(document, protocol, options, block.Header, plan, run, null, [.. run.Problems]);
            }

            // A fork is no configured node of the network: nothing signed goes there.
            var unsigned = await SimulationPlan.MakeAsync(client, protocol, documents, 1, options, block, signatures: false, cancellation).ConfigureAwait(false);
            return await ForkedAsync(document, protocol, options, block.Header, plan, run, unsigned, views, cancellation).ConfigureAwait(false);
        }
        catch (EthereumException problem) when (problem.Code is not "rpc-wrong-chain")
        {
            return Nothing(document, block.Header, problem.Message);
        }
    }

    /// <summary>
    /// Whether a simulation may still be relied on: nothing that it rests on is different now. A newer block alone does not matter; a Safe's nonce or a precondition that changed does.
    /// One round trip.
    /// </summary>
    /// <returns>Null when it is fresh, else why not.</returns>
    public static async Task<string?> StaleAsync(EthereumClient client, ChangeDocument document, SimulationResult result, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(result);
        if (result.Change != document.Digest())
        {
            return $"it is the simulation of the change {result.Change}";
        }

        var batch = client.NewBatch();
        var nonce = SafeAbi.Safe.Function("nonce");
        var there = batch.Add(EthRequests.Block(BlockReference.At(new BlockNumber(result.Block))));
        var nonces = result.Safes.Select(safe => batch.Add(EthRequests.Call(new CallRequest { To = safe.Safe, Data = nonce.Encode() }, BlockReference.Latest))).ToList();
        var checks = StateCheck.ReadAsync(client, document.Preconditions, BlockReference.Latest, cancellation);
        await Task.WhenAll(batch.SendAsync(cancellation), checks).ConfigureAwait(false);
        if (!there.TryGet(out var block) || block?.Hash != result.BlockHash)
        {
            return $"block {result.Block.ToString(CultureInfo.InvariantCulture)}, on which it was made, is no longer part of the chain, or the node does not tell";
        }

        foreach (var (safe, slot) in result.Safes.Zip(nonces))
        {
            if (!slot.TryGet(out var answer) || answer.Length != 32)
            {
                return $"the nonce of the Safe {safe.Safe} could not be read";
            }

            if (new Bytes32(answer).ToUnsigned().ToString(CultureInfo.InvariantCulture) is var now && !string.Equals(now, safe.Nonce, StringComparison.Ordinal))
            {
                return $"the Safe {safe.Safe} is at nonce {now} and was at {safe.Nonce}";
            }
        }

        return (await checks.ConfigureAwait(false)).FirstOrDefault(check => check.Holds != true) is { } broken ? $"{broken.Expectation.Subject} {(broken.Holds is null ? "could not be read" : "no longer holds")}" : null;
    }

    private static async Task<SimulationResult> ForkedAsync(ChangeDocument document, Protocol protocol, SimulationOptions options, BlockHeader header, SimulationPlan plan, SimulationRun run, SimulationPlan unsigned, IReadOnlyList<(Address Target, byte[] Call)> views, CancellationToken cancellation)
    {
        try
        {
            await using var fork = await options.Fork!.StartAsync(header, cancellation).ConfigureAwait(false);
            var forked = await SimulationRun.TryAsync(fork.Client, unsigned, header, BlockReference.Latest, views, HidesKeys(document, protocol, options, unsigned), cancellation).ConfigureAwait(false);
            return Judge(document, protocol, options, header, plan, run, forked, [.. forked.Problems.Select(problem => $"on a fork, {problem}")]);
        }
        catch (Exception problem) when (problem is ControlException or EthereumException)
        {
            return Judge(document, protocol, options, header, plan, run, null, [.. run.Problems, $"a fork: {problem.Message}"]);
        }
    }

    private static SimulationResult Judge(ChangeDocument document, Protocol protocol, SimulationOptions options, BlockHeader header, SimulationPlan plan, SimulationRun run, SimulationRun? fork, IReadOnlyList<string> problems) =>
        Judge(document, 0, 0, protocol, options, header, plan, run, fork, problems);

    /// <summary>Judges one of the changes that were tried one after another, whose views begin at <paramref name="offset"/>.</summary>
    internal static SimulationResult Judge(ChangeDocument document, int change, int offset, Protocol protocol, SimulationOptions options, BlockHeader header, SimulationPlan plan, SimulationRun run, SimulationRun? fork, IReadOnlyList<string> problems)
    {
        var book = new ContractBook(protocol, plan.Carriers, address => options.NameOf(address) ?? NewNameOf(document, address));
        var judge = new EffectJudge(document, protocol, plan, book);
        var means = new SortedSet<string>(StringComparer.Ordinal);
        var published = fork is null ? run.Published : run.Published.Union(fork.Published).ToHashSet();
        var transactions = new List<SimulatedTransaction>();
        var differences = new List<StateDifference?>();
        for (var i = change == 0 ? 0 : plan.Ends[change - 1]; i < plan.Ends[change]; i++)
        {
            var own = run.Transactions[i];
            var other = fork?.Transactions[i];
            Mean(own.Outcome, "eth_simulateV1");
            Mean(own.Calls, "debug_traceCall calls");
            Mean(own.Difference, "debug_traceCall differences");
            Mean(other, "fork");
            if (own.Outcome is { } told && (other?.Outcome?.Succeeded ?? other?.Calls?.Succeeded) is { } forked && forked != told.Succeeded)
            {
                judge.FindUnlessPause("simulation-disagreement", $"The node says that {plan.Transactions[i].Purpose} {(told.Succeeded ? "succeeds" : "reverts")}, a fork of it says that it {(forked ? "succeeds" : "reverts")}.");
            }

            var tried = Tried(i);
            differences.Add(tried.Difference);
            transactions.Add(judge.Judge(plan.Transactions[i], tried, published));
            if (tried.Calls is null || tried.Difference is null)
            {
                judge.Find("simulation-unknown", FindingWeight.Unknown, $"{(tried.Difference is null ? "What is left different in storage" : "Which contracts are called")} by {plan.Transactions[i].Purpose} is unknown: {(problems.Count == 0 ? "a transaction before it could not be traced" : string.Join("; ", problems))}.");
            }
        }

        var expected = judge.Judge([.. ViewsAfter(change).Skip(offset)], differences);
        return new SimulationResult
        {
            Version = 1,
            Change = document.Digest(),
            Network = document.Network,
            ChainId = document.ChainId,
            Block = header.Number.Value,
            BlockHash = header.Hash!.Value,
            Time = (ulong)plan.Time.ToUnixTimeSeconds(),
            Means = [.. means],
            Safes = plan.Safes,
            Transactions = transactions,
            Expected = expected,
            Rollback = change == 0 && plan is { Ends: [var forward, var all], Judged: var judged } && judged == forward ? Rollback(forward, all) : null,
            Findings = judge.Findings,
        };

        TriedTransaction Tried(int index)
        {
            var (own, other) = (run.Transactions[index], fork?.Transactions[index]);
            return new TriedTransaction(own.Outcome ?? other?.Outcome, own.Calls ?? other?.Calls, own.Difference ?? other?.Difference) { Images = own.Images.Count > 0 ? own.Images : other?.Images ?? [] };
        }

        List<TriedView> ViewsAfter(int index) => [.. run.Views[index].Select((view, i) => view.After is not null || view.Reverted || fork is null ? view : fork.Views[index][i])];

        SimulatedRollback Rollback(int forward, int all)
        {
            var watched = SimulationRun.ViewsOf(document, protocol).Count;
            var before = run.Views[0].Skip(watched).ToList();
            bool? succeeded = transactions.Exists(transaction => transaction.Succeeds == false) ? false : transactions.TrueForAll(transaction => transaction.Succeeds == true) ? true : null;
            return judge.Judge(
                [.. plan.Transactions.Skip(forward).Take(all - forward)],
                [.. Enumerable.Range(forward, all - forward).Select(Tried)],
                [.. ViewsAfter(1).Skip(watched).Select((view, i) => view with { Before = before[i].Before })],
                succeeded);
        }

        void Mean(object? told, string name)
        {
            if (told is not null)
            {
                means.Add(name);
            }
        }
    }

    // What a change makes has no name in the manifest yet.
    private static string? NewNameOf(ChangeDocument document, Address address) => document.Steps.FirstOrDefault(step => step.Deploys?.Address == address) is { Deploys: { } made } ? $"the new {made.Module}" : null;

    internal static Func<int, TriedTransaction, bool> HidesKeys(ChangeDocument document, Protocol protocol, SimulationOptions options, SimulationPlan plan)
    {
        var judge = new EffectJudge(document, protocol, plan, new ContractBook(protocol, plan.Carriers, address => options.NameOf(address) ?? NewNameOf(document, address)));
        return (index, tried) => judge.HidesKeys(plan.Transactions[index], tried);
    }

    private static SimulationResult Nothing(ChangeDocument document, BlockHeader header, string why) => new()
    {
        Version = 1,
        Change = document.Digest(),
        Network = document.Network,
        ChainId = document.ChainId,
        Block = header.Number.Value,
        BlockHash = header.Hash!.Value,
        Time = (ulong)header.Timestamp.ToUnixTimeSeconds(),
        Means = [],
        Safes = [],
        Transactions = [],
        Expected = [],
        Findings = [new SimulationFinding("simulation-unknown", FindingWeight.Unknown, $"The change could not be tried: {why}")],
    };
}
