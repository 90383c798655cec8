using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Ethereum.Safes;

/// <summary>
/// The calls by which a Safe changes its own owners, threshold, modules and guards, computed from its state. Owners and modules are linked lists
/// on chain, so removing one names the one before it: a call fits only the state it was computed from, and within one batch the state after the
/// steps before it. Each is to be executed by the Safe itself.
/// Source: OwnerManager.sol, ModuleManager.sol, GuardManager.sol, FallbackManager.sol.
/// </summary>
public static class SafeChanges
{
    /// <summary>Adds an owner and sets the threshold.</summary>
    /// <exception cref="EthereumException"><c>safe-owner-exists</c>, <c>safe-owners</c>, <c>safe-threshold</c>.</exception>
    public static MultiSendCall AddOwner(SafeState state, Address owner, int threshold)
    {
        ArgumentNullException.ThrowIfNull(state);
        RequireNewOwner(state, owner);
        _ = new SafeQuorum([owner, .. state.Quorum.Owners], threshold);
        return Self(state, "addOwnerWithThreshold", owner, threshold);
    }

    /// <summary>Removes an owner and sets the threshold.</summary>
    /// <exception cref="EthereumException"><c>safe-not-owner</c> (refused), <c>safe-threshold</c>.</exception>
    public static MultiSendCall RemoveOwner(SafeState state, Address owner, int threshold)
    {
        ArgumentNullException.ThrowIfNull(state);
        var previous = Previous(state, state.Quorum.Owners, owner, "safe-not-owner", "an owner");
        _ = new SafeQuorum([.. state.Quorum.Owners.Where(other => other != owner)], threshold);
        return Self(state, "removeOwner", previous, owner, threshold);
    }

    /// <summary>Puts one owner in the place of another; the threshold stays.</summary>
    /// <exception cref="EthereumException"><c>safe-not-owner</c> (refused), <c>safe-owner-exists</c>, <c>safe-owners</c>.</exception>
    public static MultiSendCall SwapOwner(SafeState state, Address oldOwner, Address newOwner)
    {
        ArgumentNullException.ThrowIfNull(state);
        var previous = Previous(state, state.Quorum.Owners, oldOwner, "safe-not-owner", "an owner");
        RequireNewOwner(state, newOwner);
        return Self(state, "swapOwner", previous, oldOwner, newOwner);
    }

    /// <summary>Sets the threshold.</summary>
    /// <exception cref="EthereumException"><c>safe-threshold</c>.</exception>
    public static MultiSendCall ChangeThreshold(SafeState state, int threshold)
    {
        ArgumentNullException.ThrowIfNull(state);
        _ = new SafeQuorum(state.Quorum.Owners, threshold);
        return Self(state, "changeThreshold", threshold);
    }

    /// <summary>Takes a module's power away.</summary>
    /// <exception cref="EthereumException"><c>safe-not-module</c> (refused).</exception>
    public static MultiSendCall DisableModule(SafeState state, Address module)
    {
        ArgumentNullException.ThrowIfNull(state);
        return Self(state, "disableModule", Previous(state, state.Modules, module, "safe-not-module", "a module"), module);
    }

    /// <summary>Sets the guard, or removes it when null.</summary>
    /// <exception cref="EthereumException"><c>safe-version-unsupported</c> (refused) before 1.3.0.</exception>
    public static MultiSendCall SetGuard(SafeState state, Address? guard)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Domain.Version.HasGuard
            ? Self(state, "setGuard", guard ?? Address.Zero)
            : throw new EthereumException("safe-version-unsupported", Fault.Refused, $"{state.Domain} has no guard; guards exist since 1.3.0.");
    }

    private static MultiSendCall Self(SafeState state, string function, params ReadOnlySpan<AbiValue> arguments) =>
        new(state.Domain.Safe, Wei.Zero, SafeAbi.Safe.Function(function).Encode(arguments));

    private static Address Previous(SafeState state, IReadOnlyList<Address> list, Address item, string code, string kind)
    {
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] == item)
            {
                return i == 0 ? SafeQuorum.Sentinel : list[i - 1];
            }
        }

        throw new EthereumException(code, Fault.Refused, $"{item} is not {kind} of {state.Domain}. It has: {(list.Count == 0 ? "none" : string.Join(", ", list))}.");
    }

    private static void RequireNewOwner(SafeState state, Address owner)
    {
        if (state.Quorum.Contains(owner))
        {
            throw EthereumException.BadInput("safe-owner-exists", $"{owner} is an owner of {state.Domain} already.");
        }

        if (owner.IsZero || owner == SafeQuorum.Sentinel || owner == state.Domain.Safe)
        {
            throw EthereumException.BadInput("safe-owners", $"{owner} cannot be an owner of {state.Domain}: not zero, not {SafeQuorum.Sentinel}, not the Safe itself.");
        }
    }
}
