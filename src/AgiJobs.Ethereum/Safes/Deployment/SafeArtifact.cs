namespace AgiJobs.Ethereum.Safes.Deployment;

/// <summary>One compiled contract of the Safe project, checked to be the published one.</summary>
public sealed class SafeArtifact
{
    internal SafeArtifact(string name, SafeContract published, ReadOnlyMemory<byte> initCode)
    {
        Name = name;
        Published = published;
        InitCode = initCode;
    }

    /// <summary>The contract's name.</summary>
    public string Name { get; }

    /// <summary>What it is; its address is the one that <see cref="DeterministicDeployer.SafeSingletonFactory"/> gives it.</summary>
    public SafeContract Published { get; }

    /// <summary>The code that deploys it.</summary>
    public ReadOnlyMemory<byte> InitCode { get; }

    /// <summary>Calldata for a deterministic deployer.</summary>
    public byte[] EncodeDeployment() => DeterministicDeployer.Encode(Bytes32.Zero, InitCode.Span);

    /// <summary>The address it gets by a deterministic deployer with salt zero.</summary>
    public Address AddressBy(DeterministicDeployer deployer)
    {
        ArgumentNullException.ThrowIfNull(deployer);
        return deployer.AddressOf(Bytes32.Zero, InitCode.Span);
    }
}
