using System.Collections.Immutable;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Authority;

/// <summary>
/// Who can call what, from roles and accounts as they were read from the chain: through Safes, contracts that forward, timelocks, modules of Safes, statements, and these through one another. Routes and
/// the authority matrix are both views of it.
/// </summary>
public sealed class AuthorityGraph(ProtocolState state)
{
    private const string NoPath = "a contract that is no Safe, no timelock and not described as one that forwards; no path through it is known";

    /// <summary>Every way to a function of a module.</summary>
    /// <param name="module">The module.</param>
    /// <param name="callers">The roles that may call it: <c>role</c> or <c>Module.role</c>.</param>
    /// <param name="bySignature">True when the holders do not call but sign a statement.</param>
    public AuthorityAnswer To(Module module, IReadOnlyList<string> callers, bool bySignature = false)
    {
        var gaps = new List<AuthorityGap>();
        var paths = new List<AuthorityPath>();
        foreach (var (role, holder) in Holders(module, callers, gaps))
        {
            paths.AddRange(bySignature ? [Signed(role, holder)] : Through(role, holder, [], gaps));
        }

        return new AuthorityAnswer(paths, gaps);
    }

    /// <summary>Every way to act as an account that has a power by another rule than a role, such as the administrator of a proxy.</summary>
    /// <param name="role">What the account is.</param>
    /// <param name="holder">The account.</param>
    public AuthorityAnswer Of(string role, Address holder)
    {
        var gaps = new List<AuthorityGap>();
        return new AuthorityAnswer([.. Through(role, holder, [], gaps)], gaps);
    }

    private List<(string Role, Address Holder)> Holders(Module module, IReadOnlyList<string> callers, List<AuthorityGap> gaps)
    {
        var found = new List<(string, Address)>();
        foreach (var caller in callers)
        {
            if (state.Protocol.Role(module, caller) is not { } role)
            {
                gaps.Add(new AuthorityGap(caller, "its module is not managed on this network", IsUnknown: true));
            }
            else if (!state.HoldersOf(role).TryGet(out var holders))
            {
                gaps.Add(new AuthorityGap(role.FullName, $"unknown: {state.HoldersOf(role).Why}", IsUnknown: true));
            }
            else if (holders.Count == 0)
            {
                gaps.Add(new AuthorityGap(role.FullName, "nobody holds it", IsUnknown: false));
            }
            else
            {
                found.AddRange(holders.Select(holder => (role.FullName, holder)));
            }
        }

        return found;
    }

    // The path holds the contracts that were gone through already: none is gone through twice.
    private IEnumerable<AuthorityPath> Through(string role, Address holder, ImmutableHashSet<Address> path, List<AuthorityGap> gaps)
    {
        if (path.Contains(holder))
        {
            return [new AuthorityPath(PathKind.Circle, role, holder)];
        }

        if (state.Protocol.At(holder) is { Forwards.Count: > 0 } forwarder)
        {
            return Forwarded(role, forwarder, path, gaps);
        }

        var account = state.AccountAt(holder);
        if (!account.TryGet(out var known))
        {
            return [new AuthorityPath(PathKind.Unknown, role, holder) { Why = $"unknown: {account.Why}" }];
        }

        return known switch
        {
            KeyAccount => [new AuthorityPath(PathKind.Key, role, holder)],
            SafeAccountState safe => [new AuthorityPath(PathKind.Safe, role, holder), .. Modules(role, holder, safe, path, gaps)],
            TimelockState timelock => Delayed(role, holder, timelock, path, gaps),
            ContractState when state.Protocol.At(holder) is not null => [new AuthorityPath(PathKind.Module, role, holder) { Why = NoPath }],
            ContractState { Owner: { } owner } => Through($"{holder}.owner", owner, path.Add(holder), gaps).Select(via => new AuthorityPath(PathKind.Owned, role, holder) { Via = via }),
            _ => [new AuthorityPath(PathKind.Contract, role, holder) { Why = NoPath }],
        };
    }

    private IEnumerable<AuthorityPath> Modules(string role, Address holder, SafeAccountState safe, ImmutableHashSet<Address> path, List<AuthorityGap> gaps) =>
        safe.Extensions.TryGet(out var extensions)
            ? extensions.Modules.SelectMany(module => Through($"{holder}.module", module, path.Add(holder), gaps).Select(via => new AuthorityPath(PathKind.SafeModule, role, holder) { Via = via }))
            : [];

    private List<AuthorityPath> Forwarded(string role, Module forwarder, ImmutableHashSet<Address> path, List<AuthorityGap> gaps)
    {
        var paths = new List<AuthorityPath>();
        foreach (var forward in forwarder.Forwards)
        {
            foreach (var (caller, holder) in Holders(forwarder, forward.Callers, gaps))
            {
                paths.AddRange(Through(caller, holder, path.Add(forwarder.Address), gaps).Select(via => new AuthorityPath(PathKind.Forwarder, role, forwarder.Address) { Via = via, Function = forward.Function }));
            }
        }

        return paths;
    }

    private IEnumerable<AuthorityPath> Delayed(string role, Address address, TimelockState timelock, ImmutableHashSet<Address> path, List<AuthorityGap> gaps) => timelock.Proposers.Count == 0
        ? [new AuthorityPath(PathKind.Contract, role, address) { Why = "a timelock whose proposers are not among the addresses that are known here, and it does not list them", DelaySeconds = timelock.DelaySeconds }]
        : timelock.Proposers.SelectMany(proposer => Through($"{address}.PROPOSER_ROLE", proposer, path.Add(address), gaps)).Select(via => new AuthorityPath(PathKind.Timelock, role, address) { Via = via, DelaySeconds = timelock.DelaySeconds });

    // A contract may vouch for a statement as well (ERC-1271); a Safe does by its owners.
    private AuthorityPath Signed(string role, Address holder) => state.AccountAt(holder) is var account && !account.TryGet(out var known)
        ? new AuthorityPath(PathKind.Unknown, role, holder) { Why = $"unknown: {account.Why}" }
        : new AuthorityPath(PathKind.Statement, role, holder)
        {
            Via = known switch
            {
                KeyAccount => new AuthorityPath(PathKind.Key, role, holder),
                SafeAccountState => new AuthorityPath(PathKind.Safe, role, holder),
                _ => new AuthorityPath(PathKind.Contract, role, holder) { Why = "a contract, whose signature of a statement has to come from elsewhere" },
            },
        };
}
