namespace AgiJobs.Ethereum.Safes;

/// <summary>Storage words of a Safe that no view of every version returns. Source: safe-smart-account, GuardManager, ModuleManager, FallbackManager, SafeProxy.</summary>
public static class SafeSlots
{
    /// <summary>The guard: keccak256 of <c>guard_manager.guard.address</c>.</summary>
    public static Bytes32 Guard { get; } = Bytes32.Parse("0x4a204f620c8c5ccdca3fd54d003badd85ba500436a431f0cbda4f558c93c34c8");

    /// <summary>The guard of modules, from 1.5 on: keccak256 of <c>module_manager.module_guard.address</c>.</summary>
    public static Bytes32 ModuleGuard { get; } = Bytes32.Parse("0xb104e0b93118902c651344349b610029d694cfdec91c589c91ebafbcd0289947");

    /// <summary>The fallback handler: keccak256 of <c>fallback_manager.handler.address</c>.</summary>
    public static Bytes32 FallbackHandler { get; } = Bytes32.Parse("0x6c9a6c4a39284e37ed1cf53d337577d14212a4870fb976a4366c693b939918d5");

    /// <summary>The code that the proxy runs.</summary>
    public static Bytes32 Singleton => Bytes32.Zero;
}
