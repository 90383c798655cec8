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
    private readonly AuthorityGraph _graph = new(state);

    /// <summary>True offers statements also of signers that are not at hand, for a signature that comes from elsewhere.</summary>
    public bool AwaitsStatements { get; init; }

    /// <summary>The paths to a lever.</summary>
    public Routes To(Lever lever) => To(lever.Module, lever.Callers, lever.Authorization is not null);

    /// <summary>The paths to a function.</summary>
    /// <param name="module">The module that has it.</param>
    /// <param name="callers">The roles that may call it.</param>
    /// <param name="bySignature">True when anybody may call it with a statement that a holder signed.</param>
    public Routes To(Module module, IReadOnlyList<string> callers, bool bySignature = false) => Walk(_graph.To(module, callers, bySignature));

    /// <summary>The paths by which an account itself is made to call something, such as a Safe that changes its own owners.</summary>
    /// <param name="account">The account.</param>
    public Routes As(Address account) => Walk(_graph.Of("itself", account));

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

    private Routes Walk(AuthorityAnswer answer)
    {
        var refusals = answer.Gaps.Select(gap => gap.ToString()).ToList();
        var options = answer.Paths.SelectMany(path => Walk(path, isDelayed: false, refusals)).ToList();
        return new Routes(Ordered(options), [.. refusals.Distinct(StringComparer.Ordinal)]);
    }

    private IEnumerable<RouteOption> Walk(AuthorityPath path, bool isDelayed, List<string> refusals)
    {
        var (role, holder) = (path.Role, path.Holder);
        switch (path.Kind)
        {
            case PathKind.Key when At(holder) is { } own:
                return [new RouteOption(new Route { Kind = RouteKind.Direct, Role = role, Caller = holder }, [own], 1)];
            case PathKind.Key:
                refusals.Add($"{role} {holder}: no signer at hand has this key");
                return [];
            case PathKind.Safe:
                return Safe(role, holder, refusals);
            case PathKind.Forwarder:
                return Walk(path.Via!, isDelayed, refusals).Select(via => via with { Route = new Route { Kind = RouteKind.Forwarder, Role = role, Caller = holder, Via = via.Route, Function = path.Function } });
            case PathKind.Timelock when isDelayed:
                refusals.Add($"{role} {holder}: a timelock behind another timelock; no path through two delays is made here");
                return [];
            case PathKind.Timelock:
                return Delayed(path, (TimelockState)state.AccountAt(holder).Value, refusals);
            case PathKind.Statement:
                return Signed(path, refusals);
            case PathKind.SafeModule:
                refusals.Add($"{role} {holder}: its module {path.Via!.Holder} may act without signatures; no path is made through a module");
                return [];
            case PathKind.Owned:
                refusals.Add($"{role} {holder}: a contract that is no Safe, no timelock and not described as one that forwards; no path through it is known");
                return [];
            case PathKind.Circle:
                return [];
            default:
                refusals.Add($"{role} {holder}: {path.Why}");
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

    private List<RouteOption> Delayed(AuthorityPath path, TimelockState timelock, List<string> refusals)
    {
        var options = new List<RouteOption>();
        foreach (var via in Walk(path.Via!, isDelayed: true, refusals))
        {
            if (timelock.IsOpen || timelock.Executors.Contains(via.Route.Caller) || signers.Any(signer => timelock.Executors.Contains(signer.Address)))
            {
                options.Add(via with { Route = new Route { Kind = RouteKind.Timelock, Role = path.Role, Caller = path.Holder, Via = via.Route, DelaySeconds = timelock.DelaySeconds } });
            }
            else
            {
                refusals.Add($"{path.Role} {path.Holder}: a timelock on which {via.Route.Caller} could schedule, and neither it nor a signer at hand may execute");
            }
        }

        return options;
    }

    private IEnumerable<RouteOption> Signed(AuthorityPath path, List<string> refusals)
    {
        var route = new Route { Kind = RouteKind.Authorization, Role = path.Role, Caller = path.Holder };
        var isKey = path.Via!.Kind == PathKind.Key;
        if (isKey && At(path.Holder) is { } own)
        {
            return [new RouteOption(route, [own], 1)];
        }

        if (AwaitsStatements)
        {
            return [new RouteOption(route, [], 1)];
        }

        refusals.Add(isKey ? $"{path.Role} {path.Holder}: no signer at hand has this key, so it signs no statement here" : $"{path.Role} {path.Holder}: a contract, whose signature of a statement has to come from elsewhere");
        return [];
    }

    private SignerReference? At(Address address) => signers.FirstOrDefault(signer => signer.Address == address);
}
