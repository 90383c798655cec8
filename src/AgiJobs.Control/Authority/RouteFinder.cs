using System.Collections.Immutable;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Authority;

/// <summary>
/// Finds who may call a function, from roles as they were read from the chain: a key, a Safe and the Safes that own it, a contract that forwards, a timelock, a statement signed in advance, and
/// these through one another. Nothing is assumed; whether the call then succeeds is for <see cref="RouteTrials"/> to say.
/// </summary>
public sealed class RouteFinder(ProtocolState state, IReadOnlyList<SignerReference> signers)
{
    /// <summary>True offers statements also of signers that are not at hand, for a signature that comes from elsewhere.</summary>
    public bool AwaitsStatements { get; init; }

    /// <summary>The paths to a lever.</summary>
    public Routes To(Lever lever)
    {
        var options = new List<RouteOption>();
        var refusals = new List<string>();
        foreach (var (role, holder) in Holders(lever.Module, lever.Callers, refusals))
        {
            options.AddRange(lever.Authorization is null ? Through(role, holder, [], refusals) : Signed(role, holder, refusals));
        }

        return new Routes(Ordered(options), [.. refusals.Distinct(StringComparer.Ordinal)]);
    }

    /// <summary>The paths to a function of a module that holders of the given roles may call.</summary>
    /// <param name="module">The module that has it.</param>
    /// <param name="callers">The roles, as in <see cref="LeverFile.Callers"/>.</param>
    public Routes To(Module module, IReadOnlyList<string> callers)
    {
        var refusals = new List<string>();
        return new Routes(Ordered(Holders(module, callers, refusals).SelectMany(entry => Through(entry.Role, entry.Holder, [], refusals)).ToList()), [.. refusals.Distinct(StringComparer.Ordinal)]);
    }

    /// <summary>The paths by which an account itself is made to call something, such as a Safe that changes its own owners.</summary>
    /// <param name="account">The account.</param>
    public Routes As(Address account)
    {
        var refusals = new List<string>();
        return new Routes(Ordered(Through("itself", account, [], refusals).ToList()), [.. refusals.Distinct(StringComparer.Ordinal)]);
    }

    /// <summary>Paths in the order in which they are to be tried: complete ones, then those without delay, then the quickest.</summary>
    public static IReadOnlyList<RouteOption> Ordered(IEnumerable<RouteOption> options) =>
        [.. options.OrderByDescending(option => option.IsComplete).ThenBy(option => option.DelaySeconds).ThenBy(option => Rank(option.Route)).ThenByDescending(option => option.Signers.Count)];

    /// <summary>How slow a path is, apart from delays: the worst of its parts, and for equal ones their number.</summary>
    public static int Rank(Route route) => route.Kind switch
    {
        RouteKind.Direct => 0,
        RouteKind.Authorization => 1,
        RouteKind.Safe => 2,
        RouteKind.Forwarder => 3 + (route.Via is { } via ? Rank(via) : 0),
        _ => 100 + (route.Via is { } via ? Rank(via) : 0),
    };

    private List<(string Role, Address Holder)> Holders(Module module, IReadOnlyList<string> callers, List<string> refusals)
    {
        var found = new List<(string, Address)>();
        foreach (var caller in callers)
        {
            if (state.Protocol.Role(module, caller) is not { } role)
            {
                refusals.Add($"{caller}: its module is not managed on this network");
            }
            else if (!state.HoldersOf(role).TryGet(out var holders))
            {
                refusals.Add($"{role.FullName}: unknown: {state.HoldersOf(role).Why}");
            }
            else if (holders.Count == 0)
            {
                refusals.Add($"{role.FullName}: nobody holds it");
            }
            else
            {
                found.AddRange(holders.Select(holder => (role.FullName, holder)));
            }
        }

        return found;
    }

    // The path holds the contracts that were gone through already: none is gone through twice.
    private IEnumerable<RouteOption> Through(string role, Address holder, ImmutableHashSet<Address> path, List<string> refusals)
    {
        if (path.Contains(holder))
        {
            return [];
        }

        if (state.Protocol.At(holder) is { Forwards.Count: > 0 } forwarder)
        {
            return Forwarded(role, forwarder, path, refusals);
        }

        var account = state.AccountAt(holder);
        if (!account.TryGet(out var known))
        {
            refusals.Add($"{role} {holder}: unknown: {account.Why}");
            return [];
        }

        switch (known)
        {
            case KeyAccount when At(holder) is { } own:
                return [new RouteOption(new Route { Kind = RouteKind.Direct, Role = role, Caller = holder }, [own], 1)];
            case KeyAccount:
                refusals.Add($"{role} {holder}: no signer at hand has this key");
                return [];
            case SafeAccountState:
                return Safe(role, holder, refusals);
            case TimelockState timelock:
                return Delayed(role, holder, timelock, path, refusals);
            default:
                refusals.Add($"{role} {holder}: a contract that is no Safe, no timelock and not described as one that forwards; no path through it is known");
                return [];
        }
    }

    private IEnumerable<RouteOption> Safe(string role, Address safe, List<string> refusals)
    {
        var keys = new SafeKeys(state, safe);
        if (keys.Enough(keys.All) is not { } all)
        {
            refusals.Add($"{role} {safe}: a Safe for which no choice of keys that are known can sign");
            return [];
        }

        // Signatures can be collected later and elsewhere, so a Safe is a path also when none of its owners is at hand.
        var atHand = signers.Where(signer => keys.All.Contains(signer.Address)).ToList();
        var enough = keys.Enough(atHand.Select(signer => signer.Address)) ?? [];
        return [new RouteOption(new Route { Kind = RouteKind.Safe, Role = role, Caller = safe }, atHand, all.Count) { Enough = [.. atHand.Where(signer => enough.Contains(signer.Address)).DistinctBy(signer => signer.Address)] }];
    }

    private List<RouteOption> Forwarded(string role, Module forwarder, ImmutableHashSet<Address> path, List<string> refusals)
    {
        var options = new List<RouteOption>();
        foreach (var forward in forwarder.Forwards)
        {
            foreach (var (caller, holder) in Holders(forwarder, forward.Callers, refusals))
            {
                options.AddRange(Through(caller, holder, path.Add(forwarder.Address), refusals).Select(via => via with { Route = new Route { Kind = RouteKind.Forwarder, Role = role, Caller = forwarder.Address, Via = via.Route, Function = forward.Function } }));
            }
        }

        return options;
    }

    private List<RouteOption> Delayed(string role, Address address, TimelockState timelock, ImmutableHashSet<Address> path, List<string> refusals)
    {
        if (path.Any(passed => state.AccountAt(passed).TryGet(out var other) && other is TimelockState))
        {
            refusals.Add($"{role} {address}: a timelock behind another timelock; no path through two delays is made here");
            return [];
        }

        if (timelock.Proposers.Count == 0)
        {
            refusals.Add($"{role} {address}: a timelock whose proposers are not among the addresses that are known here, and it does not list them");
            return [];
        }

        var options = new List<RouteOption>();
        foreach (var proposer in timelock.Proposers)
        {
            foreach (var via in Through($"{address}.PROPOSER_ROLE", proposer, path.Add(address), refusals))
            {
                if (timelock.IsOpen || timelock.Executors.Contains(via.Route.Caller) || signers.Any(signer => timelock.Executors.Contains(signer.Address)))
                {
                    options.Add(via with { Route = new Route { Kind = RouteKind.Timelock, Role = role, Caller = address, Via = via.Route, DelaySeconds = timelock.DelaySeconds } });
                }
                else
                {
                    refusals.Add($"{role} {address}: a timelock on which {via.Route.Caller} could schedule, and neither it nor a signer at hand may execute");
                }
            }
        }

        return options;
    }

    private IEnumerable<RouteOption> Signed(string role, Address holder, List<string> refusals)
    {
        var account = state.AccountAt(holder);
        if (!account.TryGet(out var known))
        {
            refusals.Add($"{role} {holder}: unknown: {account.Why}");
            return [];
        }

        var route = new Route { Kind = RouteKind.Authorization, Role = role, Caller = holder };
        if (known is KeyAccount && At(holder) is { } own)
        {
            return [new RouteOption(route, [own], 1)];
        }

        if (AwaitsStatements)
        {
            return [new RouteOption(route, [], 1)];
        }

        refusals.Add(known is KeyAccount ? $"{role} {holder}: no signer at hand has this key, so it signs no statement here" : $"{role} {holder}: a contract, whose signature of a statement has to come from elsewhere");
        return [];
    }

    private SignerReference? At(Address address) => signers.FirstOrDefault(signer => signer.Address == address);
}
