using System.Numerics;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;

namespace AgiJobs.Control.Observation;

/// <summary>The protocol as it was at one block. Immutable.</summary>
/// <param name="Protocol">What was observed.</param>
/// <param name="ChainId">The chain.</param>
/// <param name="Block">The height that every reading belongs to.</param>
/// <param name="BlockHash">The block itself.</param>
/// <param name="Modules">What each module said, by name.</param>
/// <param name="Roles">Who holds each role, by <c>Module.role</c>.</param>
/// <param name="Accounts">What stands at each address that holds a role, owns a Safe or may act through a timelock.</param>
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
    /// <summary>The value of each parameter, by <c>Module.parameter</c>; empty unless the whole protocol was read.</summary>
    public IReadOnlyDictionary<string, Reading<AbiValue>> Parameters { get; init; } = new Dictionary<string, Reading<AbiValue>>(StringComparer.Ordinal);

    /// <summary>The whole of what the view of each parameter returned, by <c>Module.parameter</c>, for those that could be read.</summary>
    public IReadOnlyDictionary<string, AbiArguments> Returned { get; init; } = new Dictionary<string, AbiArguments>(StringComparer.Ordinal);

    /// <summary>Where each link points, by <c>Module.getter()</c>; empty unless the whole protocol was read.</summary>
    public IReadOnlyDictionary<string, Reading<Address>> Links { get; init; } = new Dictionary<string, Reading<Address>>(StringComparer.Ordinal);

    /// <summary>What views returned that were asked for besides, by contract and calldata.</summary>
    internal IReadOnlyDictionary<(Address Target, string Call), Reading<AbiArguments>> Besides { get; init; } = new Dictionary<(Address, string), Reading<AbiArguments>>();

    /// <summary>The coin that senders have to pay for transactions with; empty unless the whole protocol was read.</summary>
    public IReadOnlyDictionary<Address, Reading<Wei>> Balances { get; init; } = new Dictionary<Address, Reading<Wei>>();

    /// <summary>The value of a parameter; unknown too when it was not read.</summary>
    public Reading<AbiValue> ValueOf(Parameter parameter) => Parameters.TryGetValue(parameter.FullName, out var reading) ? reading : Reading.Unknown<AbiValue>($"{parameter.FullName} was not read");

    /// <summary>What a view returned; unknown too when it was not asked for.</summary>
    public Reading<AbiArguments> Told(ContractCall call)
    {
        ArgumentNullException.ThrowIfNull(call);
        return Besides.TryGetValue(KeyOf(call), out var reading) ? reading : Reading.Unknown<AbiArguments>("it was not read");
    }

    internal static (Address Target, string Call) KeyOf(ContractCall call) => (call.To, Convert.ToHexString(call.Calldata.Span));

    /// <summary>The modules that can be paused, in the description's order.</summary>
    public IEnumerable<ModuleState> Pausable => Protocol.Modules.Where(module => module.Paused is not null).Select(module => Modules[module.Name]);

    /// <summary>What stands at an address; unknown too when it was not read.</summary>
    public Reading<AccountState> AccountAt(Address address) => Accounts.TryGetValue(address, out var reading) ? reading : Reading.Unknown<AccountState>("it was not read");

    /// <summary>
    /// The contracts that a lever acts on, or among which its argument chooses: those that the description names and the manifest places, or those that hold the covered role on the chain,
    /// which may include contracts that no module describes.
    /// </summary>
    public Reading<IReadOnlyList<Address>> Covered(Lever lever) => lever.CoveredRole is { } role
        ? HoldersOf(role)
        : Reading.Known<IReadOnlyList<Address>>([.. Protocol.Modules.Where(module => lever.Covers.Contains(module.Name, StringComparer.Ordinal)).Select(module => module.Address)]);

    /// <summary>Who holds a role.</summary>
    public Reading<IReadOnlyList<Address>> HoldersOf(Role role) => Roles[role.FullName];
}

/// <summary>One module at one block.</summary>
/// <param name="Module">The module.</param>
/// <param name="CodeHash">Keccak-256 of its code; unknown also when it has none.</param>
/// <param name="Paused">Whether it is paused; null when it has no pause.</param>
public sealed record ModuleState(Module Module, Reading<Bytes32> CodeHash, Reading<bool>? Paused)
{
    /// <summary>What the proxy slots of EIP-1967 hold; null when they were not read.</summary>
    public Reading<ProxySlots>? Proxy { get; init; }
}

/// <summary>The words that EIP-1967 reserves; null where a word is zero. All null is no such proxy.</summary>
/// <param name="Implementation">The contract whose code runs.</param>
/// <param name="Admin">Who can exchange it.</param>
/// <param name="Beacon">The contract that names the implementation.</param>
public sealed record ProxySlots(Address? Implementation, Address? Admin, Address? Beacon)
{
    /// <summary>True when any word is set.</summary>
    public bool IsProxy => Implementation is not null || Admin is not null || Beacon is not null;
}

/// <summary>What stands at an address.</summary>
public abstract record AccountState;

/// <summary>An account with a key: it has no code, or only an EIP-7702 delegation.</summary>
/// <param name="IsDelegated">True when it runs another contract's code for its own (EIP-7702).</param>
public sealed record KeyAccount(bool IsDelegated) : AccountState
{
    /// <summary>The contract whose code it runs; null when it runs none.</summary>
    public Address? Delegate { get; init; }
}

/// <summary>A Safe.</summary>
/// <param name="Version">What <c>VERSION()</c> says.</param>
/// <param name="Owners">Its owners, in the Safe's order.</param>
/// <param name="Threshold">How many of them must sign.</param>
/// <param name="Nonce">The nonce of its next transaction.</param>
public sealed record SafeAccountState(string Version, IReadOnlyList<Address> Owners, int Threshold, BigInteger Nonce) : AccountState
{
    /// <summary>What rules it besides its owners; unknown too when it was not read.</summary>
    public Reading<SafeExtensions> Extensions { get; init; } = Reading.Unknown<SafeExtensions>("it was not read");
}

/// <summary>What rules a Safe besides its owners.</summary>
/// <param name="Modules">Contracts that may act in its name without any signature.</param>
/// <param name="Guard">The contract that can refuse its transactions; null when there is none.</param>
/// <param name="ModuleGuard">The contract that can refuse what modules do; null when there is none.</param>
/// <param name="FallbackHandler">The contract that answers unknown calls; null when there is none.</param>
/// <param name="Singleton">The code that it runs.</param>
public sealed record SafeExtensions(IReadOnlyList<Address> Modules, Address? Guard, Address? ModuleGuard, Address? FallbackHandler, Address? Singleton);

/// <summary>An OpenZeppelin TimelockController. It does not list who may act through it, so only the addresses that were asked about are known.</summary>
/// <param name="DelaySeconds">The least time between scheduling and executing.</param>
/// <param name="Proposers">Those of the addresses asked about that may schedule.</param>
/// <param name="Executors">Those of the addresses asked about that may execute.</param>
/// <param name="IsOpen">True when anybody may execute what is due.</param>
public sealed record TimelockState(ulong DelaySeconds, IReadOnlyList<Address> Proposers, IReadOnlyList<Address> Executors, bool IsOpen) : AccountState;

/// <summary>A contract that is neither a Safe nor a timelock.</summary>
public sealed record ContractState : AccountState
{
    /// <summary>What its <c>owner()</c> says, such as that of the administrator of a proxy; null when it has none, or unless the whole protocol was read.</summary>
    public Address? Owner { get; init; }
}
