using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.Storage;

namespace AgiJobs.Control.Simulation;

/// <summary>A contract that a route leads through, and what the route does to it.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Name">Its name when nothing else names it.</param>
/// <param name="Abi">Its interface; null when the protocol's description has it.</param>
/// <param name="Layout">Its variables; null when the protocol's description has them or nobody knows them.</param>
/// <param name="Emits">Events that the route makes it emit, by signature.</param>
/// <param name="Writes">Variables that the route makes it write; null when that is not known.</param>
/// <param name="Code">The code that it runs by delegate call, when that is known and published; null otherwise.</param>
internal sealed record Carrier(Address Address, string Name, ContractAbi? Abi, StorageLayout? Layout, IReadOnlyList<string> Emits, IReadOnlyList<string>? Writes, Address? Code)
{
    private static readonly string[] ExecutionEvents =
        ["ExecutionSuccess(bytes32,uint256)", "SafeMultiSigTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes,bytes)"];

    /// <summary>The variables of a Safe, and the places of its guard and handler. Source: GnosisSafe and Safe, 1.0.0 to 1.5.0.</summary>
    private static readonly StorageLayout SafeLayout = StorageLayout.Of(
        "address singleton @0",
        "mapping(address => address) modules @1",
        "mapping(address => address) owners @2",
        "uint256 ownerCount @3",
        "uint256 threshold @4",
        "uint256 nonce @5",
        "bytes32 _deprecatedDomainSeparator @6",
        "mapping(bytes32 => uint256) signedMessages @7",
        "mapping(address => mapping(bytes32 => uint256)) approvedHashes @8",
        "address guard @0x4a204f620c8c5ccdca3fd54d003badd85ba500436a431f0cbda4f558c93c34c8",
        "address moduleGuard @0xb104e0b93118902c651344349b610029d694cfdec91c589c91ebafbcd0289947",
        "address fallbackHandler @0x6c9a6c4a39284e37ed1cf53d337577d14212a4870fb976a4366c693b939918d5");

    // OpenZeppelin 4 and 5; the delay and the operations lie where both have them.
    private static readonly StorageLayout TimelockLayout = StorageLayout.Of("mapping(bytes32 => bytes32) _roles @0", "mapping(bytes32 => uint256) _timestamps @1", "uint256 _minDelay @2");

    /// <summary>The interface of OpenZeppelin's TimelockController, as far as a route uses it.</summary>
    public static ContractAbi TimelockAbi { get; } = ContractAbi.FromHumanReadable(
        "function schedule(address target, uint256 value, bytes data, bytes32 predecessor, bytes32 salt, uint256 delay)",
        "function execute(address target, uint256 value, bytes payload, bytes32 predecessor, bytes32 salt) payable",
        "function scheduleBatch(address[] targets, uint256[] values, bytes[] payloads, bytes32 predecessor, bytes32 salt, uint256 delay)",
        "function executeBatch(address[] targets, uint256[] values, bytes[] payloads, bytes32 predecessor, bytes32 salt) payable",
        "function hashOperation(address target, uint256 value, bytes data, bytes32 predecessor, bytes32 salt) pure returns (bytes32)",
        "function getTimestamp(bytes32 id) view returns (uint256)",
        "event CallScheduled(bytes32 indexed id, uint256 indexed index, address target, uint256 value, bytes data, bytes32 predecessor, uint256 delay)",
        "event CallExecuted(bytes32 indexed id, uint256 indexed index, address target, uint256 value, bytes data)",
        "event CallSalt(bytes32 indexed id, bytes32 salt)",
        "event Cancelled(bytes32 indexed id)",
        "error TimelockInsufficientDelay(uint256 delay, uint256 minDelay)",
        "error TimelockUnexpectedOperationState(bytes32 operationId, bytes32 expectedStates)",
        "error TimelockUnauthorizedCaller(address caller)",
        "error AccessControlUnauthorizedAccount(address account, bytes32 neededRole)");

    /// <summary>A Safe that executes; <paramref name="approved"/> when an owner approves a hash in it too.</summary>
    public static Carrier OfSafe(SafeState state, bool approved) => new(
        state.Domain.Safe,
        "Safe",
        SafeAbi.Safe,
        SafeLayout,
        approved ? [.. ExecutionEvents, "ApproveHash(bytes32,address)"] : ExecutionEvents,
        approved ? ["nonce", "approvedHashes"] : ["nonce"],
        state.KnownSingleton is null ? null : state.Singleton);

    /// <summary>The guard of a Safe: what it does is its own affair and not described.</summary>
    public static Carrier OfGuard(Address guard) => new(guard, "Safe guard", null, null, [], null, null);

    /// <summary>A timelock.</summary>
    public static Carrier OfTimelock(Address timelock) => new(
        timelock,
        "Timelock",
        TimelockAbi,
        TimelockLayout,
        ["CallScheduled(bytes32,uint256,address,uint256,bytes,bytes32,uint256)", "CallExecuted(bytes32,uint256,address,uint256,bytes)", "CallSalt(bytes32,bytes32)"],
        ["_timestamps"],
        null);

    /// <summary>Two roles of one contract together.</summary>
    public Carrier Merge(Carrier other) => this with
    {
        Emits = [.. Emits.Union(other.Emits, StringComparer.Ordinal)],
        Writes = Writes is null || other.Writes is null ? null : [.. Writes.Union(other.Writes, StringComparer.Ordinal)],
    };
}
