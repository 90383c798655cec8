using System.Numerics;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Ethereum.Safes;

/// <summary>What a Safe was at one block.</summary>
public sealed record SafeState
{
    /// <summary>Address, chain and version: all that a hash needs.</summary>
    public required SafeDomain Domain { get; init; }

    /// <summary>The block all values are of.</summary>
    public required BlockReference Block { get; init; }

    /// <summary>Owners, in the contract's own order, and threshold.</summary>
    public required SafeQuorum Quorum { get; init; }

    /// <summary>The nonce the next transaction must have.</summary>
    public required BigInteger Nonce { get; init; }

    /// <summary>The code behind the proxy.</summary>
    public required Address Singleton { get; init; }

    /// <summary>Keccak-256 of the singleton's code.</summary>
    public required Bytes32 SingletonCodeHash { get; init; }

    /// <summary>The published singleton this is, by address and code; null when it is none, which is also a finding.</summary>
    public required SafeContract? KnownSingleton { get; init; }

    /// <summary>Keccak-256 of the proxy's code.</summary>
    public required Bytes32 ProxyCodeHash { get; init; }

    /// <summary>Contracts that can act for the Safe without any signature.</summary>
    public required IReadOnlyList<Address> Modules { get; init; }

    /// <summary>The contract that may veto transactions, or null.</summary>
    public required Address? Guard { get; init; }

    /// <summary>The contract that may veto modules (1.5.0 and later), or null.</summary>
    public required Address? ModuleGuard { get; init; }

    /// <summary>The contract that answers what the Safe does not, or null.</summary>
    public required Address? FallbackHandler { get; init; }

    /// <summary>What a reader must know: unknown code, modules, guards.</summary>
    public required IReadOnlyList<SafeFinding> Findings { get; init; }

    /// <summary>The hash of a transaction of this Safe.</summary>
    /// <exception cref="EthereumException"><c>safe-hash-mismatch</c> (mismatch).</exception>
    public SafeTransactionHash HashOf(SafeTransaction transaction) => SafeTransactionHash.Compute(Domain, transaction);
}
