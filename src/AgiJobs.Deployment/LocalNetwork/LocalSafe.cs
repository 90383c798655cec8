using System.Numerics;
using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Deployment.LocalNetwork;

/// <summary>A Safe 1.4.1 made of the official bytecode at its canonical addresses, and the batch by which it accepts the protocol.</summary>
internal sealed class LocalSafe(EthereumClient client, TransactionRun run, string artefacts)
{
    /// <summary>Deploys the Safe contracts where they are missing and a Safe with these owners.</summary>
    public async Task<Address> CreateAsync(ISigner deployer, IReadOnlyList<Address> owners, int threshold, CancellationToken cancellation)
    {
        var factory = new DeterministicFactory(client, run);
        var singleton = await PlaceAsync("Safe", SafeContracts.Singleton);
        var proxyFactory = await PlaceAsync("SafeProxyFactory", SafeContracts.ProxyFactory);
        var handler = await PlaceAsync("CompatibilityFallbackHandler", SafeContracts.FallbackHandler);
        _ = await PlaceAsync("MultiSendCallOnly", SafeContracts.MultiSendCallOnly);

        var setup = Artefact("Safe").Abi.Function("setup").Encode(
            AbiValue.List([.. owners.Select(owner => (AbiValue)owner)]), threshold, Address.Zero, Array.Empty<byte>(), handler, Address.Zero, 0, Address.Zero);
        var proxies = Artefact("SafeProxyFactory").Abi;
        var create = proxies.Function("createProxyWithNonce").Encode(singleton, setup, 0);
        var receipt = await run.SendAsync(deployer, "create the Safe", proxyFactory, create, cancellation).ConfigureAwait(false);
        var created = proxies.Event("ProxyCreation");
        var log = receipt.Logs.First(entry => entry.Address == proxyFactory && entry.Topics[0] == created.Topic0);
        return created.Decode([.. log.Topics], log.Data.Span)["proxy"].AsAddress();

        async Task<Address> PlaceAsync(string name, SafeContract expected)
        {
            var at = await factory.DeployAsync(deployer, name, Artefact(name).InitCode(), cancellation).ConfigureAwait(false);
            return at == expected.Address
                ? at
                : throw new ControlException("safe-bytecode", ExitCode.Mismatch, $"The {name} from npm deploys to {at}, not to its canonical address {expected.Address}: it is not the official 1.4.1 bytecode.", "Run npm ci again in the launcher's folder.");
        }
    }

    /// <summary>Accepts ownership of every module in one transaction signed by as many owners as it takes.</summary>
    public async Task AcceptAsync(Address safe, IReadOnlyList<Address> modules, IReadOnlyList<ISigner> owners, ISigner sender, CancellationToken cancellation)
    {
        var accept = AbiFunction.Parse("function acceptOwnership()").Encode();
        var transaction = MultiSend.ToTransaction([.. modules.Select(module => new MultiSendCall(module, Wei.Zero, accept))], SafeContracts.MultiSendCallOnly.Address, BigInteger.Zero);
        var hash = SafeTransactionHash.Compute(new SafeDomain(SafeVersion.V141, client.ChainId, safe), transaction);
        var signatures = new List<SafeSignature>();
        foreach (var owner in owners)
        {
            signatures.Add(SafeSignature.OfHash(await owner.SignTypedDataAsync(hash.Document, cancellation).ConfigureAwait(false)));
        }

        var execute = Artefact("Safe").Abi.Function("execTransaction").Encode(
            transaction.To, transaction.Value, transaction.Data.ToArray(), (int)transaction.Operation, 0, 0, 0, Address.Zero, Address.Zero, SafeSignatures.Encode(hash.Value, signatures));
        await run.SendAsync(sender, "the Safe accepts ownership", safe, execute, cancellation).ConfigureAwait(false);
    }

    private ContractArtefact Artefact(string name) => ContractArtefact.Load(Path.Combine(artefacts, name + ".json"));
}
