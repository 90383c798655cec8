namespace AgiJobs.Ethereum.Safes.Deployment;

/// <summary>
/// A contract that deploys any code by CREATE2 from calldata <c>salt ‖ init code</c>, so that the same code gets the same address on every
/// chain. Safe 1.4.1 got its canonical addresses from <see cref="SafeSingletonFactory"/>; anvil has <see cref="Arachnid"/> from the start.
/// Source: safe-singleton-factory and deterministic-deployment-proxy, whose runtime code is the same.
/// </summary>
public sealed record DeterministicDeployer
{
    private DeterministicDeployer(Address address) => Address = address;

    /// <summary>The factory behind the canonical Safe addresses, 0x914d7Fec....</summary>
    public static DeterministicDeployer SafeSingletonFactory { get; } = new(Address.Parse("0x914d7Fec6aaC8cd542e72Bca78B30650d45643d7"));

    /// <summary>The deployment proxy by Nick Johnson, 0x4e59b448..., behind the canonical addresses of Safe 1.3.0.</summary>
    public static DeterministicDeployer Arachnid { get; } = new(Address.Parse("0x4e59b44847b379578588920cA78FbF26c0B4956C"));

    /// <summary>The runtime code of both.</summary>
    public static ReadOnlyMemory<byte> RuntimeCode { get; } = Hex.Decode(
        "0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3");

    /// <summary>
    /// The account that deploys <see cref="SafeSingletonFactory"/> by <see cref="LocalDeployment"/>. It must hold <see cref="LocalDeploymentCost"/>
    /// first.
    /// </summary>
    public static Address LocalDeploymentSender { get; } = Address.Parse("0xE1CB04A0fA36DdD16a06ea828007E35e1a3cBC37");

    /// <summary>What <see cref="LocalDeployment"/> can cost: 100,000 gas at 100 gwei.</summary>
    public static Wei LocalDeploymentCost { get; } = Wei.FromEther("0.01");

    /// <summary>
    /// The signed transaction by which the Safe project's own key deploys its factory on chain 31337, so that a local network has Safe at the
    /// canonical addresses. Valid on that chain only (EIP-155); to be sent as it is.
    /// </summary>
    public static ReadOnlyMemory<byte> LocalDeployment { get; } = Hex.Decode(
        "0xf8a78085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
        + "82f4f5a00dc4d1d21b308094a30f5f93da35e4d72e99115378f135f2295bea47301a3165a0636b822daad40aa8c52dd5132f378c0c0e6d83b4898228c7e21c84e631a0b891");

    /// <summary>Where the deployer is.</summary>
    public Address Address { get; }

    /// <summary>The address that code gets.</summary>
    public Address AddressOf(Bytes32 salt, ReadOnlySpan<byte> initCode) => ContractAddress.Create2(Address, salt, initCode);

    /// <summary>Calldata to send to the deployer. Sending them twice reverts, since the address is taken.</summary>
    public static byte[] Encode(Bytes32 salt, ReadOnlySpan<byte> initCode) => [.. salt.ToBytes(), .. initCode];
}
