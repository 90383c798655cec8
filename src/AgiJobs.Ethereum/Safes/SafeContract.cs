namespace AgiJobs.Ethereum.Safes;

/// <summary>What a contract published by the Safe project is for.</summary>
public enum SafeContractRole
{
    /// <summary>The code behind every Safe proxy.</summary>
    Singleton,

    /// <summary>The same with events for chains without traces.</summary>
    SingletonL2,

    /// <summary>Makes Safe proxies.</summary>
    ProxyFactory,

    /// <summary>Answers what the singleton does not: EIP-1271 and token callbacks.</summary>
    FallbackHandler,

    /// <summary>Runs a batch of calls.</summary>
    MultiSendCallOnly,

    /// <summary>Runs a batch of calls and delegate calls.</summary>
    MultiSend,
}

/// <summary>A contract published by the Safe project at a known address.</summary>
/// <param name="Role">What it is for.</param>
/// <param name="Version">Its version.</param>
/// <param name="Address">Where it is.</param>
/// <param name="CodeHash">Keccak-256 of its runtime code; null where the project published none, so that only the address is known.</param>
public sealed record SafeContract(SafeContractRole Role, SafeVersion Version, Address Address, Bytes32? CodeHash);
