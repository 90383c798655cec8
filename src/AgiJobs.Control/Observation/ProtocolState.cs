using System.Numerics;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Observation;

/// <summary>The protocol as it was at one block. Immutable.</summary>
/// <param name="Protocol">What was observed.</param>
/// <param name="ChainId">The chain.</param>
/// <param name="Block">The height that every reading belongs to.</param>
/// <param name="BlockHash">The block itself.</param>
/// <param name="Modules">What each module said, by name.</param>
/// <param name="Roles">Who holds each role, by <c>Module.role</c>.</param>
/// <param name="Accounts">What stands at each address that holds a role.</param>
/// <param name="RoundTrips">Exchanges with nodes that it took, connecting included.</param>
public sealed record ProtocolState(
    Protocol Protocol,
    ChainId ChainId,
    BlockNumber Block,
    Bytes32 BlockHash,
    IReadOnlyDictionary<string, ModuleState> Modules,
    IReadOnlyDictionary<string, Reading<IReadOnlyList<Address>>> Roles,
    IReadOnlyDictionary<Address, Reading<AccountState>> Accounts,
    long RoundTrips)
{
    /// <summary>The modules that can be paused, in the description's order.</summary>
    public IEnumerable<ModuleState> Pausable => Protocol.Modules.Where(module => module.Paused is not null).Select(module => Modules[module.Name]);

    /// <summary>Who holds a role.</summary>
    public Reading<IReadOnlyList<Address>> HoldersOf(Role role) => Roles[role.FullName];
}

/// <summary>One module at one block.</summary>
/// <param name="Module">The module.</param>
/// <param name="CodeHash">Keccak-256 of its code; unknown also when it has none.</param>
/// <param name="Paused">Whether it is paused; null when it has no pause.</param>
public sealed record ModuleState(Module Module, Reading<Bytes32> CodeHash, Reading<bool>? Paused);

/// <summary>What stands at an address.</summary>
public abstract record AccountState;

/// <summary>An account with a key: it has no code, or only an EIP-7702 delegation.</summary>
/// <param name="IsDelegated">True when it runs another contract's code for its own (EIP-7702).</param>
public sealed record KeyAccount(bool IsDelegated) : AccountState;

/// <summary>A Safe.</summary>
/// <param name="Version">What <c>VERSION()</c> says.</param>
/// <param name="Owners">Its owners, in the Safe's order.</param>
/// <param name="Threshold">How many of them must sign.</param>
/// <param name="Nonce">The nonce of its next transaction.</param>
public sealed record SafeAccountState(string Version, IReadOnlyList<Address> Owners, int Threshold, BigInteger Nonce) : AccountState;

/// <summary>A contract that is no Safe.</summary>
public sealed record ContractState : AccountState;
