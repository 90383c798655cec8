using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Observation;

/// <summary>What one node told.</summary>
/// <param name="Endpoint">Its redacted name.</param>
/// <param name="State">The state as it has it; unknown when it did not answer.</param>
/// <param name="RoundTrips">Exchanges with it.</param>
public sealed record NodeAnswer(string Endpoint, Reading<ProtocolState> State, long RoundTrips);

/// <summary>Something that two nodes tell differently of the same block.</summary>
/// <param name="Subject">What.</param>
/// <param name="First">What the first says.</param>
/// <param name="FirstEndpoint">Who that is.</param>
/// <param name="Second">What the other says.</param>
/// <param name="SecondEndpoint">Who that is.</param>
public sealed record NodeDisagreement(string Subject, string First, string FirstEndpoint, string Second, string SecondEndpoint);

/// <summary>The whole protocol as every configured node has it, at one block, all nodes at once.</summary>
/// <param name="State">The state, as the first node that answered tells it.</param>
/// <param name="Header">The block.</param>
/// <param name="Nodes">What each node told, in the order of the network's file.</param>
/// <param name="Disagreements">What they tell differently: at least one of them lies or is broken.</param>
public sealed record WholeObservation(ProtocolState State, BlockHeader Header, IReadOnlyList<NodeAnswer> Nodes, IReadOnlyList<NodeDisagreement> Disagreements)
{
    /// <summary>
    /// Reads the protocol from every node. One that does not answer is part of the result; when none does that is the error of the first. The nodes are called while the
    /// description is read; what is wrong with the description is said first.
    /// </summary>
    /// <param name="options">The nodes.</param>
    /// <param name="describe">Reads the protocol, and the addresses that may matter besides those of its manifest; called once, by the caller's thread.</param>
    /// <param name="chain">The chain that every node must serve.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Stops the reads.</param>
    /// <exception cref="EthereumException"><c>rpc-wrong-chain</c>; <c>rpc-unreachable</c> and others when no node answers.</exception>
    public static async Task<WholeObservation> ReadAsync(RpcOptions options, Func<(Protocol Protocol, IReadOnlyList<Address> Hints)> describe, ChainId chain, TimeProvider time, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(describe);
        // What is wrong with the description is not kept waiting by a node that does not answer.
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var connecting = options.Endpoints.Select(endpoint => Task.Run(() => ConnectAsync(options with { Endpoints = [endpoint], Relays = [] }, endpoint, chain, time, giveUp.Token), giveUp.Token)).ToList();
        try
        {
            var (protocol, hints) = describe();
            var connected = await Task.WhenAll(connecting).ConfigureAwait(false);
            if (Array.Find(connected, node => node.Client is not null) is not { Client: { } first })
            {
                throw connected[0].Problem!;
            }

            // Every node is asked about the block that the first of them has; one that does not have it says so.
            var header = first.HeadAtConnect;
            var answers = await Task.WhenAll(connected.Select(node => ObserveAsync(node, header, protocol, hints, cancellation))).ConfigureAwait(false);
            var whole = Array.Find(answers, answer => answer.State.IsKnown);
            return whole is not null
                ? new WholeObservation(whole.State.Value, header, answers, [.. answers.Where(answer => answer != whole && answer.State.IsKnown).SelectMany(answer => Compare(whole, answer))])
                : throw new EthereumException("rpc-unreachable", Fault.Unknown, $"No node could be read: {string.Join("; ", answers.Select(answer => $"{answer.Endpoint}: {answer.State.Why}"))}.");
        }
        finally
        {
            await giveUp.CancelAsync().ConfigureAwait(false);
            foreach (var node in connecting)
            {
                // One that was not connected has nothing to close, and its error was told above.
                await node.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
                if (node.IsCompletedSuccessfully && (await node.ConfigureAwait(false)).Client is { } client)
                {
                    await client.DisposeAsync().ConfigureAwait(false);
                }
            }
        }
    }

    private static async Task<(EthereumClient? Client, string Endpoint, EthereumException? Problem)> ConnectAsync(RpcOptions options, RpcEndpoint endpoint, ChainId chain, TimeProvider time, CancellationToken cancellation)
    {
        try
        {
            return (await EthereumClient.ConnectAsync(options, chain, time, cancellation).ConfigureAwait(false), endpoint.Name, null);
        }
        catch (EthereumException problem) when (problem.Code is not "rpc-wrong-chain")
        {
            return (null, endpoint.Name, problem);
        }
    }

    private static async Task<NodeAnswer> ObserveAsync((EthereumClient? Client, string Endpoint, EthereumException? Problem) node, BlockHeader header, Protocol protocol, IReadOnlyList<Address> hints, CancellationToken cancellation)
    {
        if (node.Client is not { } client)
        {
            return new NodeAnswer(node.Endpoint, Reading.Unknown<ProtocolState>(node.Problem!.Message), 1);
        }

        try
        {
            var block = client.HeadAtConnect.Hash == header.Hash ? PinnedBlock.AtConnect(client) : await PinnedBlock.AtAsync(client, BlockReference.At(header.Hash!.Value), cancellation).ConfigureAwait(false);
            var state = await new ProtocolObserver(client) { Whole = true, Hints = hints, Senders = [.. hints.Concat(protocol.Declared)] }.ObserveAsync(protocol, block, cancellation).ConfigureAwait(false);
            return new NodeAnswer(node.Endpoint, Reading.Known(state), client.RoundTrips);
        }
        catch (EthereumException problem) when (problem.Code is not "rpc-wrong-chain")
        {
            return new NodeAnswer(node.Endpoint, Reading.Unknown<ProtocolState>(problem.Message), client.RoundTrips);
        }
    }

    // What one of them could not tell is no disagreement; that it could not is said of its state.
    private static IEnumerable<NodeDisagreement> Compare(NodeAnswer first, NodeAnswer second)
    {
        var (left, right) = (Told(first.State.Value), Told(second.State.Value));
        return left.Where(entry => right.TryGetValue(entry.Key, out var other) && !string.Equals(entry.Value, other, StringComparison.Ordinal)).Select(entry => new NodeDisagreement(entry.Key, entry.Value, first.Endpoint, right[entry.Key], second.Endpoint));
    }

    private static SortedDictionary<string, string> Told(ProtocolState state)
    {
        var told = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, module) in state.Modules)
        {
            Add($"code of {name}", module.CodeHash, hash => hash.ToString());
            Add($"{name} paused", module.Paused, paused => paused ? "true" : "false");
            Add($"proxy of {name}", module.Proxy, slots => $"implementation {slots.Implementation}, admin {slots.Admin}, beacon {slots.Beacon}");
        }

        foreach (var (name, role) in state.Roles)
        {
            Add($"holders of {name}", role, holders => string.Join(", ", holders.Order()));
        }

        foreach (var (name, value) in state.Parameters)
        {
            Add(name, value, known => known.ToString() ?? "");
        }

        foreach (var (name, link) in state.Links)
        {
            Add(name, link, address => address.ToString());
        }

        foreach (var (address, balance) in state.Balances)
        {
            Add($"balance of {address}", balance, wei => wei.ToString());
        }

        foreach (var (address, account) in state.Accounts)
        {
            Add($"account {address}", account, Said);
        }

        return told;

        void Add<T>(string subject, Reading<T>? reading, Func<T, string> say)
        {
            if (reading is not null && reading.TryGet(out var known))
            {
                told[subject] = say(known);
            }
        }
    }

    private static string Said(AccountState account) => account switch
    {
        KeyAccount key => $"key{(key.IsDelegated ? $" with the code of {key.Delegate}" : "")}",
        SafeAccountState safe => $"Safe {safe.Version}, {safe.Threshold} of {string.Join(", ", safe.Owners)}, nonce {safe.Nonce}{(safe.Extensions.TryGet(out var rules) ? $", modules {string.Join(", ", rules.Modules)}, guard {rules.Guard}, module guard {rules.ModuleGuard}, fallback handler {rules.FallbackHandler}, singleton {rules.Singleton}" : "")}",
        TimelockState timelock => $"timelock of {timelock.DelaySeconds} seconds, proposers {string.Join(", ", timelock.Proposers)}, executors {string.Join(", ", timelock.Executors)}, {(timelock.IsOpen ? "open" : "closed")}",
        ContractState { Owner: { } owner } => $"contract of {owner}",
        _ => "contract",
    };
}
