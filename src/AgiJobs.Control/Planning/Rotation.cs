using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Control.Planning;

/// <summary>A power that an account still has.</summary>
/// <param name="Account">Who.</param>
/// <param name="What">The power in words.</param>
/// <param name="Risk">How much it can do.</param>
public sealed record ResidualPower(Address Account, string What, Risk Risk);

/// <summary>
/// Moves ownership and offices to new holders. Ownership that is two-step is offered first and moves only when the new controller accepts, which proves that it is alive; what a lost key holds is
/// taken from it before anything is given.
/// </summary>
/// <param name="state">What was observed.</param>
public sealed class Rotation(ProtocolState state)
{
    private static readonly Address Sentinel = Address.Parse("0x0000000000000000000000000000000000000001");

    private readonly HashSet<(Address Safe, Address Owner)> _left = [];

    /// <summary>The ownership of every module: the role that others hand over, or that a single grant replaces.</summary>
    public IEnumerable<Role> Ownerships => state.Protocol.Modules.SelectMany(module => module.Roles).Where(role => role is { Grant: not null, IsSingle: true } && role.Module.Roles.All(other => !string.Equals(other.Pending, role.Name, StringComparison.Ordinal)) && role.Name is "owner" or "governance");

    /// <summary>Offers, or gives where one step is enough, ownership of a module to an account. What is offered to it already is accepted in its name.</summary>
    /// <returns>True when the module's contract takes one step only, so that a controller that is not alive would lose it.</returns>
    public bool HandOver(WaveDraft draft, Role ownership, Address account)
    {
        var now = state.HoldersOf(ownership).Value;
        if (now is [var only] && only == account)
        {
            draft.Grant(ownership, account);
            return false;
        }

        if (ownership.Pending is { } pending && state.HoldersOf(ownership.Module.Roles.First(role => string.Equals(role.Name, pending, StringComparison.Ordinal))).Value.Contains(account))
        {
            draft.Accept(ownership, Acceptance(draft, ownership, pending, account, now is [var old] ? old : Address.Zero), account);
            return false;
        }

        draft.Grant(ownership, account);
        return ownership.Accept is null;
    }

    /// <summary>Takes everything that can be taken from an account, first of all; where it owns a Safe its place goes to <paramref name="replacement"/>, or is removed.</summary>
    /// <returns>What cannot be taken by a call of its own, in words.</returns>
    public IReadOnlyList<string> Dismiss(WaveDraft draft, Address account, Address? replacement)
    {
        var left = new List<string>();
        foreach (var role in state.Protocol.Modules.SelectMany(module => module.Roles).Where(role => state.HoldersOf(role).TryGet(out var holders) && holders.Contains(account)))
        {
            if (role.Revoke is not null)
            {
                draft.Revoke(role, account, first: true);
            }
            else if (!Ownerships.Contains(role))
            {
                left.Add($"{role.FullName} cannot be revoked; it is given to another, or given up by {account} itself");
            }
        }

        foreach (var (address, safe) in SafesOwnedBy(account))
        {
            draft.Add(Swap(address, safe, account, replacement));
            _left.Add((address, account));
        }

        return left;
    }

    /// <summary>Everything that an account can do in its own name or as an owner of a Safe once a draft is carried out, ranked. Empty means that nothing that was read gives it any power.</summary>
    public IReadOnlyList<ResidualPower> Residual(Address account, WaveDraft draft)
    {
        var powers = new List<ResidualPower>();
        foreach (var role in state.Protocol.Modules.SelectMany(module => module.Roles))
        {
            if (draft.Future(role) is not { } holders)
            {
                powers.Add(new ResidualPower(account, $"unknown: {role.FullName}: {state.HoldersOf(role).Why}", role.Risk));
            }
            else if (holders.Contains(account))
            {
                powers.Add(new ResidualPower(account, $"{role.FullName}: {role.Power}", role.Risk));
            }
        }

        foreach (var (address, reading) in state.Accounts)
        {
            if (!reading.TryGet(out var known))
            {
                powers.Add(new ResidualPower(account, $"unknown: what stands at {address}: {reading.Why}", Risk.Red));
            }
            else if (known is SafeAccountState safe && safe.Owners.Contains(account) && !_left.Contains((address, account)))
            {
                powers.Add(new ResidualPower(account, $"owner of the Safe {address} ({safe.Threshold} of {safe.Owners.Count})", Risk.Red));
            }
            else if (known is SafeAccountState { Extensions.IsKnown: false } unread)
            {
                powers.Add(new ResidualPower(account, $"unknown: which modules act for the Safe {address}: {unread.Extensions.Why}", Risk.Red));
            }
            else if (known is SafeAccountState extended && extended.Extensions.Value.Modules.Contains(account))
            {
                powers.Add(new ResidualPower(account, $"module of the Safe {address}: acts in its name without a signature", Risk.Red));
            }
            else if (known is TimelockState timelock && (timelock.Proposers.Contains(account) || timelock.Executors.Contains(account)))
            {
                powers.Add(new ResidualPower(account, $"{(timelock.Proposers.Contains(account) ? "schedules on" : "executes on")} the timelock {address}", Risk.Red));
            }
        }

        powers.AddRange(state.Modules.Values.Where(module => module.Proxy is not { IsKnown: true }).Select(module => new ResidualPower(account, $"unknown: who may exchange the code of {module.Module.Name}: {module.Proxy?.Why ?? "it was not read"}", Risk.Red)));
        powers.AddRange(state.Modules.Values.Where(module => module.Proxy is { } proxy && proxy.TryGet(out var slots) && slots.Admin == account).Select(module => new ResidualPower(account, $"admin of the proxy {module.Module.Name}: exchanges its code", Risk.Red)));
        return [.. powers.OrderByDescending(power => power.Risk).ThenBy(power => power.What, StringComparer.Ordinal)];
    }

    private IEnumerable<(Address Address, SafeAccountState Safe)> SafesOwnedBy(Address account) =>
        state.Accounts.Where(entry => entry.Value.TryGet(out var known) && known is SafeAccountState safe && safe.Owners.Contains(account)).OrderBy(entry => entry.Key).Select(entry => (entry.Key, (SafeAccountState)entry.Value.Value));

    private static Move Acceptance(WaveDraft draft, Role ownership, string pending, Address account, Address old)
    {
        var view = ownership.Holders!;
        var open = ownership.Module.Roles.First(role => string.Equals(role.Name, pending, StringComparison.Ordinal)).Holders!;
        return draft.Call(ownership.Module, ownership.Accept!, [], [pending], Risk.Red, $"{ownership.FullName}: {account} takes over from {old}", MoveOrder.HandOver) with
        {
            Before = [Is(view, old), Is(open, account)],
            After = [Is(view, account), Is(open, Address.Zero)],
            Lasting = $"{ownership.FullName} can only be handed back by {account}",
        };

        Expectation Is(Ethereum.Abi.AbiFunction function, Address holder) => new() { Subject = $"{ownership.Module.Name}.{function.Signature} = {(holder.IsZero ? "nobody" : holder)}", Target = ownership.Module.Address, Call = function.Encode(), Result = function.EncodeOutput(holder) };
    }

    // The Safe contracts keep owners in a linked list, newest first, that begins and ends with the sentinel (OwnerManager).
    private static Move Swap(Address address, SafeAccountState safe, Address account, Address? replacement)
    {
        var at = safe.Owners.ToList().IndexOf(account);
        var previous = at == 0 ? Sentinel : safe.Owners[at - 1];
        var threshold = Math.Min(safe.Threshold, safe.Owners.Count - 1);
        if (replacement is null && threshold < 1)
        {
            throw new ControlException("safe-last-owner", ExitCode.Refused, $"{account} is the only owner of the Safe {address}.", "Name who takes its place with --replacement ADDRESS.");
        }

        var function = SafeAbi.Safe.Function(replacement is null ? "removeOwner" : "swapOwner");
        Ethereum.Abi.AbiValue[] arguments = replacement is { } other ? [previous, account, other] : [previous, account, threshold];
        var owners = replacement is { } taken ? safe.Owners.Select(owner => owner == account ? taken : owner).ToList() : [.. safe.Owners.Where(owner => owner != account)];
        var view = SafeAbi.Safe.Function("getOwners");
        return new Move
        {
            Contract = "Safe",
            Target = address,
            By = address,
            Callers = [],
            Function = function.Signature,
            Arguments = [.. arguments.Select(argument => argument.ToString())],
            Calldata = function.Encode(arguments),
            Risk = Risk.Red,
            Purpose = replacement is { } next ? $"Safe {address}: owner {account} -> {next}" : $"Safe {address}: remove the owner {account}, threshold {safe.Threshold} -> {threshold}",
            Order = MoveOrder.Revoke,
            Before = [Owners(safe.Owners)],
            After = [Owners(owners)],
            Effects = [new DeclaredEffect { Contract = "Safe", Target = address, Emits = replacement is null ? ["RemovedOwner(address)", "ChangedThreshold(uint256)"] : ["RemovedOwner(address)", "AddedOwner(address)"], Writes = replacement is null ? ["owners", "ownerCount", "threshold"] : ["owners"] }],
            Lasting = $"the owner {account} of the Safe {address} is put back by nobody but its owners",
        };

        Expectation Owners(IReadOnlyList<Address> list) => new() { Subject = $"owners of the Safe {address} = {string.Join(", ", list)}", Target = address, Call = view.Encode(), Result = view.EncodeOutput(new Ethereum.Abi.AbiList([.. list.Select(owner => (Ethereum.Abi.AbiValue)owner)])) };
    }
}
