using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Deployment;

/// <summary>
/// The canonical CREATE2 factory at 0x4e59b44847b379578588920cA78FbF26c0B4956C: an address follows from the code alone, whoever deploys it.
/// Source: Arachnid/deterministic-deployment-proxy; anvil has it from the start.
/// </summary>
public sealed class DeterministicFactory(EthereumClient client, TransactionRun run)
{
    /// <summary>Where it stands on every chain.</summary>
    public static Address Address { get; } = Ethereum.Address.Parse("0x4e59b44847b379578588920cA78FbF26c0B4956C");

    /// <summary>Deploys code with salt zero, unless it stands there already.</summary>
    /// <returns>The address.</returns>
    /// <exception cref="Control.ControlException"><c>deployment-step</c>.</exception>
    public async Task<Address> DeployAsync(ISigner deployer, string name, byte[] initCode, CancellationToken cancellation)
    {
        var address = Predict(initCode);
        if ((await client.CodeAsync(address, BlockReference.Latest, cancellation).ConfigureAwait(false)).Length == 0)
        {
            await run.SendAsync(deployer, $"deploy {name}", Address, (byte[])[.. Bytes32.Zero.ToBytes(), .. initCode], cancellation).ConfigureAwait(false);
        }

        return address;
    }

    /// <summary>The address that code gets with salt zero. Source: EIP-1014.</summary>
    public static Address Predict(ReadOnlySpan<byte> initCode)
    {
        byte[] preimage = [0xff, .. Address.ToBytes(), .. Bytes32.Zero.ToBytes(), .. Keccak256.Hash(initCode).ToBytes()];
        return new Address(Keccak256.Hash(preimage).ToBytes().AsSpan(12));
    }
}
