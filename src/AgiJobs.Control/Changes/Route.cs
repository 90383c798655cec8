using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Changes;

/// <summary>How a call reaches its function.</summary>
public enum RouteKind
{
    /// <summary>An account with the role sends it.</summary>
    Direct,

    /// <summary>A Safe with the role executes it, on its owners' signatures; owners that are Safes sign through their own owners.</summary>
    Safe,

    /// <summary>Anybody sends it with a statement that a holder of the role signed (EIP-712).</summary>
    Authorization,

    /// <summary>A contract with the role passes the call on, <see cref="Route.Via"/> the way in which that contract is called.</summary>
    Forwarder,

    /// <summary>An OpenZeppelin TimelockController with the role executes it after its delay; <see cref="Route.Via"/> is how it is scheduled and executed.</summary>
    Timelock,
}

/// <summary>The path from signers to a function, as it was read from the chain.</summary>
public sealed record Route
{
    /// <summary>The sort of path.</summary>
    public required RouteKind Kind { get; init; }

    /// <summary>The role that admits the caller: <c>Module.role</c>.</summary>
    public required string Role { get; init; }

    /// <summary>The account that the function sees as its caller: the sending account, the Safe, the forwarder or the timelock. For an authorisation its signer.</summary>
    public required Address Caller { get; init; }

    /// <summary>How <see cref="Caller"/> is called in its turn; only with a forwarder and a timelock.</summary>
    public Route? Via { get; init; }

    /// <summary>The forwarder's function; only with a forwarder.</summary>
    public string? Function { get; init; }

    /// <summary>The seconds between scheduling and execution; only with a timelock.</summary>
    public ulong? DelaySeconds { get; init; }

    /// <summary>What was or is to be signed; only with an authorisation.</summary>
    public PauseStatement? Statement { get; init; }

    /// <summary>The outermost part: how the transaction itself is sent.</summary>
    [JsonIgnore]
    public Route Base => Via?.Base ?? this;
}

/// <summary>Leave to pause, which anybody may submit once and within its window.</summary>
public sealed record PauseStatement
{
    /// <summary>What to pause; none means every module.</summary>
    public required IReadOnlyList<Address> Modules { get; init; }

    /// <summary>The first second of block time in which it may be used.</summary>
    public required ulong ValidAfter { get; init; }

    /// <summary>The first second of block time in which it may no longer be used.</summary>
    public required ulong ValidBefore { get; init; }

    /// <summary>Tells the statements of one signer apart; each is used once.</summary>
    public required Bytes32 Salt { get; init; }
}

/// <summary>The signature over a change's <see cref="PauseStatement"/>: <c>approvals/authorization-SIGNER.json</c>.</summary>
public sealed record SignedAuthorization
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The change that it carries.</summary>
    public required Bytes32 Change { get; init; }

    /// <summary>The chain.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>The contract that it is for.</summary>
    public required Address Contract { get; init; }

    /// <summary>The EIP-712 digest that was signed.</summary>
    public required Bytes32 Digest { get; init; }

    /// <summary>Whose authority it is.</summary>
    public required Address Signer { get; init; }

    /// <summary>The signature as the contract takes it: 65 bytes of a key, or what an ERC-1271 contract accepts.</summary>
    public required byte[] Signature { get; init; }

    /// <summary>When it was signed, for the record.</summary>
    public required DateTimeOffset SignedAt { get; init; }
}

/// <summary>Route kinds by their lower-case names.</summary>
public sealed class RouteKindConverter() : JsonStringEnumConverter<RouteKind>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);
