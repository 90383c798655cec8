using System.Globalization;
using AgiJobs.Control.Authority;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Planning;

/// <summary>A wave of calls as a change.</summary>
/// <param name="Change">The change; null when everything is so already.</param>
/// <param name="Option">The path that it takes; null when there is nothing to do.</param>
/// <param name="Moves">The moves, in the order in which they are made.</param>
/// <param name="Findings">What the reader must know.</param>
/// <param name="Already">What was asked for and is so already.</param>
public sealed record WavePlan(ChangeDocument? Change, RouteOption? Option, IReadOnlyList<Move> Moves, IReadOnlyList<string> Findings, IReadOnlyList<string> Already);

/// <summary>What a wave is called.</summary>
/// <param name="Kind">The kind of change: <c>set-params</c>, <c>rotate</c>.</param>
/// <param name="Title">One line for people; null makes it of the moves.</param>
/// <param name="Instance">The ticket or incident.</param>
public sealed record WaveName(string Kind, string? Title, string Instance);

/// <summary>
/// Makes one change of a wave: finds who may make each call, brings the calls into an order in which none reverts, joins them into as few transactions as routes and gas allow, and derives what
/// undoes it. Nothing is assumed: routes are read from the chain, and the order is tried on the observed block.
/// </summary>
public sealed class WavePlanner(ProtocolState state, string network, IReadOnlyList<SignerReference> signers)
{
    /// <summary>The gas that the calls of one transaction are planned for: the limit of EIP-7825, 16,777,216, less a quarter for the Safe's own work and for states that differ.</summary>
    public const ulong GasOfChunk = 12_500_000;

    // Where no node says what a call takes.
    private const ulong AssumedGas = 400_000;

    /// <summary>True restricts the paths to those that the given signers can at least begin; set when they were named on the command line.</summary>
    public bool Named { get; init; }

    /// <summary>The sort of path to take; null takes the best.</summary>
    public RouteKind? Prefer { get; init; }

    /// <summary>True gives each deployment a transaction of its own before all else, also where everything would fit into one.</summary>
    public bool DeploysApart { get; init; }

    /// <summary>When the change may be executed; null when at any time.</summary>
    public ExecutionWindow? Window { get; init; }

    /// <summary>What its author demands above the policy; null when nothing.</summary>
    public ApprovalDemand? Demand { get; init; }

    /// <summary>Plans; one round trip for a wave that is in order already, one more for each call that has to be moved.</summary>
    /// <exception cref="ControlException">
    /// <c>rule-broken</c>, <c>no-route</c>, <c>move-reverts</c> (exit 4); <c>reading-unknown</c>, <c>rule-unknown</c> (exit 5).
    /// </exception>
    /// <exception cref="EthereumException"><c>rpc-wrong-chain</c>.</exception>
    public async Task<WavePlan> PlanAsync(EthereumClient client, WaveDraft draft, WaveName name, CancellationToken cancellation)
    {
        var moves = draft.Moves();
        if (moves.Count == 0)
        {
            return new WavePlan(null, null, [], [], draft.Already);
        }

        var findings = new List<string>();
        var routed = Routed(moves);
        var ordered = await OrderedAsync(client, routed, findings, cancellation).ConfigureAwait(false);
        var inOrder = draft.InOrder([.. ordered.Select(entry => entry.Move)]);
        var steps = ordered.Zip(inOrder, (entry, move) => entry with { Move = move }).ToList();
        return new WavePlan(Document(name, steps), RouteOption.Joined(steps.Select(entry => entry.Option)), inOrder, findings, draft.Already);
    }

    // As few paths as possible, each the best that serves the most.
    private List<RoutedMove> Routed(IReadOnlyList<Move> moves)
    {
        var finder = new RouteFinder(state, signers);
        var closed = new List<string>();
        var open = Enumerable.Range(0, moves.Count).Where(index => moves[index].By is not null || moves[index].Callers.Count > 0).ToDictionary(index => index, index => Options(finder, moves[index], closed));
        var chosen = new Dictionary<int, RouteOption>();
        while (open.Count > 0)
        {
            var best = open.Values.SelectMany(options => options).GroupBy(option => option.Path, StringComparer.Ordinal)
                .OrderByDescending(group => group.First().IsComplete).ThenByDescending(group => group.Count()).ThenBy(group => group.First().DelaySeconds).ThenBy(group => RouteFinder.Rank(group.First().Route)).ThenBy(group => group.Key, StringComparer.Ordinal)
                .First().Key;
            foreach (var (index, options) in open.Where(entry => entry.Value.Any(option => string.Equals(option.Path, best, StringComparison.Ordinal))).ToList())
            {
                chosen[index] = options.First(option => string.Equals(option.Path, best, StringComparison.Ordinal));
                open.Remove(index);
            }
        }

        // What anybody may do goes along with the rest.
        var common = chosen.Values.GroupBy(option => option.Path, StringComparer.Ordinal).OrderByDescending(group => group.Count()).FirstOrDefault()?.First() ?? Own();
        return [.. moves.Select((move, index) => new RoutedMove(move, chosen.GetValueOrDefault(index) ?? common with { Route = Bare(common.Route) with { Role = "anybody" } }, AssumedGas))];
    }

    // A forwarder passes on calls of its own modules only, and what anybody may do does not need its rights.
    private static Route Bare(Route route) => route is { Kind: RouteKind.Forwarder, Via: { } via } ? Bare(via) : route;

    private RouteOption Own() => signers is [var first, ..]
        ? new RouteOption(new Route { Kind = RouteKind.Direct, Role = "anybody", Caller = first.Address }, [first], 1)
        : throw new ControlException("no-route", ExitCode.Refused, "Nobody at hand can send a transaction.", "Add a signer with 'agijobs signer add', or name one with --signer.");

    private List<RouteOption> Options(RouteFinder finder, Move move, List<string> closed)
    {
        var routes = move.By is { } account ? finder.As(account) : finder.To(move.Module!, move.Callers);
        var options = routes.Options.Where(option => (!Named || option.Signers.Count > 0) && (Prefer is null || option.Route.Base.Kind == Prefer)).ToList();
        closed.AddRange(routes.Refusals);
        return options.Count > 0
            ? options
            : throw new ControlException(
                "no-route",
                ExitCode.Refused,
                $"{Hand()} cannot call {move.Contract}.{move.Function} ({move.Purpose}): {(closed.Count > 0 ? string.Join("; ", closed.Distinct(StringComparer.Ordinal).Take(4)) : Prefer is { } kind && routes.Options.Count > 0 ? $"there is a path, but none through {(kind == RouteKind.Safe ? "a Safe" : kind.ToString())}" : "none of the signers named is on a path to it")}.",
                "Name a signer that holds one of these roles, or that owns the Safe that does, with --signer; or leave --signer out to see every path of the workspace's signers.");
    }

    // Moves keep the order that they came in as far as none of them reverts in it; one that would is tried again after those behind it.
    private async Task<List<RoutedMove>> OrderedAsync(EthereumClient client, List<RoutedMove> moves, List<string> findings, CancellationToken cancellation)
    {
        var done = new List<RoutedMove>();
        var open = moves.ToList();
        while (open.Count > 0)
        {
            if (await TryAsync(client, [.. done, .. open], cancellation).ConfigureAwait(false) is not { } outcomes)
            {
                findings.Add("in which order the calls go through could not be tried: the node does not simulate (eth_simulateV1)");
                return [.. done, .. open];
            }

            var good = outcomes.Skip(done.Count).TakeWhile(outcome => outcome.Succeeded).Count();
            done.AddRange(open.Take(good).Select((move, index) => move with { Gas = outcomes[done.Count + index].GasUsed.Value }).ToList());
            open.RemoveRange(0, good);
            if (open.Count == 0)
            {
                break;
            }

            var refused = outcomes[done.Count];
            var next = -1;
            for (var index = 1; index < open.Count && next < 0; index++)
            {
                var tried = await TryAsync(client, [.. done, open[index]], cancellation).ConfigureAwait(false);
                next = tried is not null && tried[^1].Succeeded ? index : -1;
            }

            if (next < 0)
            {
                var stuck = open[0].Move;
                throw new ControlException("move-reverts", ExitCode.Refused, $"{stuck.Contract}.{stuck.Function} ({stuck.Purpose}) would revert in every order: {Reason(refused)}.", "Mend what it says, or leave this value out of the wave.");
            }

            (open[0], open[next]) = (open[next], open[0]);
        }

        return done;
    }

    private string Reason(SimulatedOutcome outcome)
    {
        try
        {
            return state.Protocol.Abi.DecodeRevert(outcome.ReturnData.ToArray()).ToString() ?? outcome.Error ?? "no reason given";
        }
        catch (EthereumException)
        {
            return outcome.Error ?? "no reason given";
        }
    }

    private async Task<IReadOnlyList<SimulatedOutcome>?> TryAsync(EthereumClient client, IReadOnlyList<RoutedMove> moves, CancellationToken cancellation)
    {
        var head = await HeadAsync(client, cancellation).ConfigureAwait(false);
        var block = new BlockOverride(new BlockNumber(head.Number.Value + 1), head.Timestamp.AddSeconds(12));
        var batch = client.NewBatch();
        var slot = batch.Add(SimulationRequests.Simulate([new SimulatedBlock(block, new StateOverrides(), [.. moves.Select(move => new CallRequest { From = move.Option.Route.Caller, To = move.Move.Target, Data = move.Move.Calldata })])], BlockReference.At(state.BlockHash)));
        await batch.SendAsync(cancellation).ConfigureAwait(false);
        return slot.TryGet(out var outcomes) ? outcomes : slot.Error is { Code: "rpc-wrong-chain" } wrong ? throw wrong : null;
    }

    private BlockHeader? _head;

    private async Task<BlockHeader> HeadAsync(EthereumClient client, CancellationToken cancellation) =>
        _head ??= client.HeadAtConnect.Hash == state.BlockHash ? client.HeadAtConnect
            : await client.BlockAsync(BlockReference.At(state.BlockHash), cancellation).ConfigureAwait(false) ?? throw new ControlException("block-unknown", ExitCode.Unknown, $"Block {state.Block}, on which this was planned, is gone.", "Plan it again.");

    private ChangeDocument Document(WaveName name, List<RoutedMove> moves)
    {
        var steps = Steps(moves);
        var effects = new DeclaredEffects(state.Protocol);
        foreach (var (move, step) in moves.Zip(steps))
        {
            foreach (var effect in move.Move.Effects)
            {
                effects.Add(effect);
            }

            effects.Add(step.Route, _ => true);
        }

        var deployed = moves.Select(entry => entry.Move.Deploys?.Address).OfType<Address>().ToHashSet();
        var touched = moves.Select(entry => entry.Move.Module?.Name).OfType<string>().Concat(steps.SelectMany(step => DeclaredEffects.Forwarders(state.Protocol, step.Route)).Select(entry => entry.Module.Name)).Distinct(StringComparer.Ordinal).Select(module => state.Modules[module]).Where(module => !deployed.Contains(module.Module.Address));
        var code = touched.Select(module => new Expectation { Subject = $"code of {module.Module.Name}", Target = module.Module.Address, CodeHash = module.CodeHash.Value });

        // What was deployed stays where nothing points to it any more, and so does what it was set up with.
        var undone = moves.Where(entry => entry.Move.Deploys is null && !deployed.Contains(entry.Move.Target)).ToList();
        var lasting = undone.Select(entry => entry.Move).Where(move => move.Undo is null).ToList();
        var undo = lasting.Count > 0 || undone.Count == 0 ? null : Steps([.. undone.AsEnumerable().Reverse().Select(entry => entry with { Move = entry.Move.Undo! })]);
        return new ChangeDocument
        {
            Version = 1,
            Kind = name.Kind,
            Network = network,
            ChainId = state.ChainId,
            Protocol = state.Protocol.Name,
            Instance = name.Instance,
            Title = name.Title ?? (moves is [var only] ? only.Move.Purpose : string.Create(CultureInfo.InvariantCulture, $"{moves.Count} changes of {state.Protocol.Title}")),
            Risk = moves.Max(entry => entry.Move.Risk),
            Window = Window,
            Demand = Demand,
            Steps = steps,
            Preconditions = [.. code, .. moves.SelectMany(entry => entry.Move.Before.Where(expectation => entry.Move.Deploys is not null || !deployed.Contains(expectation.Target))).DistinctBy(Key)],
            Expected = [.. moves.SelectMany(entry => entry.Move.After).GroupBy(Key).Select(group => group.Last())],
            Effects = effects.All,
            Rollback = new Rollback
            {
                Steps = undo,
                Note = undo is null && lasting.Count == 0 ? "Nothing points to what it deploys, so that there is nothing to undo."
                    : lasting.Count == 0 ? $"Every value goes back to what it was, by the same authority.{(deployed.Count > 0 ? " The deployed contract stays, and nothing points to it." : "")}"
                    : $"No change undoes all of it: {string.Join("; ", lasting.Select(move => move.Lasting ?? $"{move.Purpose} is not undone by any call"))}.",
            },
        }.For(name.Instance);

        static (Address, string, bool) Key(Expectation expectation) => (expectation.Target, Convert.ToHexString(expectation.Call ?? []), expectation.CodeHash is not null);
    }

    private List<ChangeStep> Steps(List<RoutedMove> moves)
    {
        var steps = new List<ChangeStep>();
        var chunk = 0;
        ulong gas = 0;

        // Where not all fits into one transaction, nothing is wired before the code stands and was looked at.
        var apart = DeploysApart || moves.Aggregate(0UL, (sum, entry) => sum + entry.Gas) > GasOfChunk;
        foreach (var (move, option, needed) in moves)
        {
            if ((gas > 0 && gas + needed > GasOfChunk) || (apart && steps is [.., { Deploys: not null }]))
            {
                chunk++;
                gas = 0;
            }

            gas += needed;
            steps.Add(new ChangeStep
            {
                Module = move.Contract,
                Target = move.Target,
                Function = move.Function,
                Arguments = move.Arguments,
                Purpose = move.Purpose,
                Calldata = move.Calldata,
                Route = option.Route,
                Chunk = chunk == 0 ? null : chunk,
                Deploys = move.Deploys,
            });
        }

        return steps;
    }

    private string Hand() => signers.Count == 0 ? "Nobody at hand" : string.Join(" and ", signers.Select(signer => $"'{signer.Name}' ({signer.Address})"));

    private sealed record RoutedMove(Move Move, RouteOption Option, ulong Gas);
}
