using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Authority;

/// <summary>A path to a function that the chain admits.</summary>
/// <param name="Route">The path.</param>
/// <param name="Signers">The signers at hand who can walk it or help to: the account itself, or owners of the Safe.</param>
/// <param name="Needed">How many of them it takes.</param>
public sealed record RouteOption(Route Route, IReadOnlyList<SignerReference> Signers, int Needed)
{
    /// <summary>True when the signers at hand are enough.</summary>
    public bool IsComplete => Signers.Count >= Needed;
}

/// <summary>The paths to a function, and why others are none.</summary>
/// <param name="Options">Paths, best first: a key at hand, then a Safe with most of its signatures at hand.</param>
/// <param name="Refusals">What is no path, each with its reason.</param>
public sealed record Routes(IReadOnlyList<RouteOption> Options, IReadOnlyList<string> Refusals);

/// <summary>Finds who may call a function, from roles as they were read from the chain. Nothing is assumed.</summary>
public sealed class RouteFinder(ProtocolState state, IReadOnlyList<SignerReference> signers)
{
    /// <summary>The paths to a lever.</summary>
    public Routes To(Lever lever)
    {
        var options = new List<RouteOption>();
        var refusals = new List<string>();
        foreach (var caller in lever.Callers)
        {
            if (state.Protocol.Role(lever.Module, caller) is not { } role)
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
                foreach (var holder in holders)
                {
                    Through(role, holder, options, refusals);
                }
            }
        }

        return new Routes([.. options.OrderByDescending(option => option.IsComplete).ThenBy(option => option.Route.Kind).ThenByDescending(option => option.Signers.Count)], refusals);
    }

    private void Through(Role role, Address holder, List<RouteOption> options, List<string> refusals)
    {
        var account = state.Accounts.TryGetValue(holder, out var reading) ? reading : Reading.Unknown<AccountState>("it was not read");
        if (!account.TryGet(out var known))
        {
            refusals.Add($"{role.FullName} {holder}: unknown: {account.Why}");
            return;
        }

        switch (known)
        {
            case KeyAccount when signers.FirstOrDefault(signer => signer.Address == holder) is { } own:
                options.Add(new RouteOption(new Route { Kind = RouteKind.Direct, Role = role.FullName, Caller = holder }, [own], 1));
                break;
            case KeyAccount:
                refusals.Add($"{role.FullName} {holder}: no signer at hand has this key");
                break;
            case SafeAccountState safe:
                // Signatures can be collected later and elsewhere, so a Safe is a path also when none of its owners is at hand.
                options.Add(new RouteOption(new Route { Kind = RouteKind.Safe, Role = role.FullName, Caller = holder }, [.. signers.Where(signer => safe.Owners.Contains(signer.Address))], safe.Threshold));
                break;
            default:
                refusals.Add($"{role.FullName} {holder}: a contract that is no Safe; no path through it is known");
                break;
        }
    }
}
