using System.Numerics;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.Safes.Deployment;

namespace AgiJobs.Deployment.LocalNetwork;

/// <summary>A Safe 1.4.1 made of the official bytecode at its canonical addresses, and the batch by which it accepts the protocol.</summary>
internal sealed class LocalSafe(EthereumClient client, TransactionRun run, string safePackage)
{
    /// <summary>Puts the Safe contracts where they stand on public chains and makes a Safe with these owners.</summary>
    public async Task<Address> CreateAsync(ISigner deployer, IReadOnlyList<Address> owners, int threshold, CancellationToken cancellation)
    {
        var artifacts = SafeArtifacts.Load(safePackage);
        var factory = DeterministicDeployer.SafeSingletonFactory;
        await run.SendAsync(deployer, "fund the Safe Singleton Factory", DeterministicDeployer.LocalDeploymentSender, default, cancellation, DeterministicDeployer.LocalDeploymentCost).ConfigureAwait(false);
        await run.SendRawAsync("deploy the Safe Singleton Factory", DeterministicDeployer.LocalDeployment, cancellation).ConfigureAwait(false);
        foreach (var artifact in artifacts.All)
        {
            await run.SendAsync(deployer, $"deploy {artifact.Name}", factory.Address, artifact.EncodeDeployment(), cancellation).ConfigureAwait(false);
        }

        var safe = new SafeDeployment(new SafeQuorum(owners, threshold), BigInteger.Zero, artifacts.ProxyCreationCode);
        await run.SendAsync(deployer, "create the Safe", safe.ProxyFactory, safe.EncodeCreation(), cancellation).ConfigureAwait(false);
        return safe.Address;
    }

    /// <summary>Accepts ownership of every module, and then makes a call as their owner, in one transaction that these owners sign.</summary>
    public async Task AcceptAsync(Address safe, IReadOnlyList<Address> modules, (Address To, byte[] Data) first, IReadOnlyList<ISigner> owners, ISigner sender, CancellationToken cancellation)
    {
        var accept = AbiFunction.Parse("function acceptOwnership()").Encode();
        var transaction = MultiSend.ToTransaction([.. modules.Select(module => new MultiSendCall(module, Wei.Zero, accept)), new MultiSendCall(first.To, Wei.Zero, first.Data)], SafeContracts.MultiSendCallOnly.Address, BigInteger.Zero);
        var hash = SafeTransactionHash.Compute(new SafeDomain(SafeVersion.V141, client.ChainId, safe), transaction);
        var signatures = new List<SafeSignature>();
        foreach (var owner in owners)
        {
            signatures.Add(SafeSignature.OfHash(await owner.SignTypedDataAsync(hash.Document, cancellation).ConfigureAwait(false)));
        }

        var prepared = await new SafeAccount(client, safe).PrepareAsync(transaction, signatures, sender.Address, BlockReference.Latest, cancellation).ConfigureAwait(false);
        await run.SendAsync(sender, "the Safe accepts ownership", safe, prepared.Calldata, cancellation).ConfigureAwait(false);
    }
}
