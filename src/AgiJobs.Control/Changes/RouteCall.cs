using System.Numerics;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Control.Changes;

/// <summary>A call as the chain sees it.</summary>
/// <param name="From">Who makes it.</param>
/// <param name="To">The contract that is called.</param>
/// <param name="Data">The calldata.</param>
public sealed record RouteCall(Address From, Address To, ReadOnlyMemory<byte> Data)
{
    /// <inheritdoc/>
    public bool Equals(RouteCall? other) => other is not null && From == other.From && To == other.To && Data.Span.SequenceEqual(other.Data.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(From, To, Data.Length);
}

/// <summary>What a route makes of a call: the calls of the contracts that it leads through. Source of the timelock's part: OpenZeppelin Contracts 5, TimelockController.</summary>
public static class RouteCalls
{
    /// <summary>The timelock's functions and events as far as routes need them.</summary>
    public static ContractAbi Timelock { get; } = ContractAbi.FromHumanReadable(
        "function getMinDelay() view returns (uint256)",
        "function getTimestamp(bytes32 id) view returns (uint256)",
        "function hasRole(bytes32 role, address account) view returns (bool)",
        "function hashOperation(address target, uint256 value, bytes data, bytes32 predecessor, bytes32 salt) view returns (bytes32)",
        "function hashOperationBatch(address[] targets, uint256[] values, bytes[] payloads, bytes32 predecessor, bytes32 salt) view returns (bytes32)",
        "function schedule(address target, uint256 value, bytes data, bytes32 predecessor, bytes32 salt, uint256 delay)",
        "function scheduleBatch(address[] targets, uint256[] values, bytes[] payloads, bytes32 predecessor, bytes32 salt, uint256 delay)",
        "function execute(address target, uint256 value, bytes payload, bytes32 predecessor, bytes32 salt) payable",
        "function executeBatch(address[] targets, uint256[] values, bytes[] payloads, bytes32 predecessor, bytes32 salt) payable",
        "event CallScheduled(bytes32 indexed id, uint256 indexed index, address target, uint256 value, bytes data, bytes32 predecessor, uint256 delay)",
        "event CallExecuted(bytes32 indexed id, uint256 indexed index, address target, uint256 value, bytes data)",
        "event CallSalt(bytes32 indexed id, bytes32 salt)",
        "error TimelockInsufficientDelay(uint256 delay, uint256 minDelay)",
        "error TimelockUnexpectedOperationState(bytes32 operationId, bytes32 expectedStates)",
        "error TimelockUnauthorizedCaller(address caller)",
        "error AccessControlUnauthorizedAccount(address account, bytes32 neededRole)");

    /// <summary>
    /// The calls that lead to <paramref name="call"/>, the call itself first, each one made by the contract that the next one calls. The last is made by the account or the Safe at the route's end;
    /// of a timelock it is the scheduling.
    /// </summary>
    /// <param name="route">The route.</param>
    /// <param name="call">Target and calldata of the function in the end.</param>
    /// <param name="salt">The salt of a timelock's operation.</param>
    public static IReadOnlyList<RouteCall> Of(Route route, (Address To, ReadOnlyMemory<byte> Data) call, Bytes32 salt)
    {
        var calls = new List<RouteCall> { new(route.Caller, call.To, call.Data) };
        for (var part = route; part.Via is { } via; part = via)
        {
            var inner = calls[^1];
            calls.Add(new RouteCall(via.Caller, part.Caller, part.Kind == RouteKind.Forwarder ? Forward(part, inner.To, inner.Data) : Schedule([(inner.To, inner.Data)], salt, part.DelaySeconds ?? 0)));
        }

        return calls;
    }

    /// <summary>The calldata of a forwarder for a call that it is to pass on.</summary>
    public static byte[] Forward(Route forwarder, Address to, ReadOnlyMemory<byte> data) => AbiFunction.Parse($"function {forwarder.Function}").Encode(to, data);

    /// <summary>The calldata that schedules calls as one operation.</summary>
    public static byte[] Schedule(IReadOnlyList<(Address To, ReadOnlyMemory<byte> Data)> calls, Bytes32 salt, ulong delay) => calls is [var only]
        ? Timelock.Function("schedule").Encode(only.To, 0, only.Data, Bytes32.Zero, salt, delay)
        : Timelock.Function("scheduleBatch").Encode(Targets(calls), Zeros(calls), Payloads(calls), Bytes32.Zero, salt, delay);

    /// <summary>The calldata that executes an operation that was scheduled.</summary>
    public static byte[] Execute(IReadOnlyList<(Address To, ReadOnlyMemory<byte> Data)> calls, Bytes32 salt) => calls is [var only]
        ? Timelock.Function("execute").Encode(only.To, 0, only.Data, Bytes32.Zero, salt)
        : Timelock.Function("executeBatch").Encode(Targets(calls), Zeros(calls), Payloads(calls), Bytes32.Zero, salt);

    /// <summary>The call that asks a timelock for the id of an operation.</summary>
    public static byte[] HashOperation(IReadOnlyList<(Address To, ReadOnlyMemory<byte> Data)> calls, Bytes32 salt) => calls is [var only]
        ? Timelock.Function("hashOperation").Encode(only.To, 0, only.Data, Bytes32.Zero, salt)
        : Timelock.Function("hashOperationBatch").Encode(Targets(calls), Zeros(calls), Payloads(calls), Bytes32.Zero, salt);

    /// <summary>The id that a timelock gives an operation: the hash of what it is about.</summary>
    public static Bytes32 OperationId(IReadOnlyList<(Address To, ReadOnlyMemory<byte> Data)> calls, Bytes32 salt) => Ethereum.Hashing.Keccak256.Hash(HashOperation(calls, salt).AsSpan(4));

    private static AbiList Targets(IReadOnlyList<(Address To, ReadOnlyMemory<byte> Data)> calls) => new([.. calls.Select(call => (AbiValue)call.To)]);

    private static AbiList Zeros(IReadOnlyList<(Address To, ReadOnlyMemory<byte> Data)> calls) => new([.. calls.Select(_ => (AbiValue)BigInteger.Zero)]);

    private static AbiList Payloads(IReadOnlyList<(Address To, ReadOnlyMemory<byte> Data)> calls) => new([.. calls.Select(call => (AbiValue)call.Data)]);
}
