using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes.Deployment;

namespace AgiJobs.Deployment;

/// <summary>Who has which office from the first block on.</summary>
public sealed record InitialOffices
{
    /// <summary>The accounts that can pause and never resume.</summary>
    public required IReadOnlyList<Address> Guardians { get; init; }

    /// <summary>The accounts that start rounds.</summary>
    public required IReadOnlyList<Address> Orchestrators { get; init; }

    /// <summary>The accounts that can stop job intake.</summary>
    public required IReadOnlyList<Address> Pausers { get; init; }

    /// <summary>The account that resolves disputes.</summary>
    public required Address Moderator { get; init; }

    /// <summary>Where the protocol's money goes.</summary>
    public required Address Treasury { get; init; }
}

/// <summary>The protocol as it stands after deployment, before governance has accepted it.</summary>
/// <param name="Modules">Addresses by module name.</param>
/// <param name="HandedOver">The modules whose ownership governance still has to accept.</param>
public sealed record DeployedProtocol(IReadOnlyDictionary<string, Address> Modules, IReadOnlyList<Address> HandedOver);

/// <summary>
/// Deploys AGI Jobs, wires it and offers it to governance. The deployer keeps no authority once governance has accepted. Addresses follow from
/// the code and the constructor arguments alone. <paramref name="contracts"/> is by module name.
/// </summary>
public sealed class AgiJobsDeployer(EthereumClient client, TransactionRun run, IReadOnlyDictionary<string, ContractArtefact> contracts)
{
    /// <summary>The whole supply of the test token, which the deployer holds at first: a thousand million.</summary>
    public static Wei Supply { get; } = Wei.FromEther("1000000000");

    private const int AgentRole = 0;

    /// <summary>Deploys and wires everything and offers it to <paramref name="governance"/>.</summary>
    /// <exception cref="Control.ControlException"><c>deployment-step</c>.</exception>
    public async Task<DeployedProtocol> DeployAsync(ISigner deployer, Address governance, InitialOffices offices, CancellationToken cancellation)
    {
        var owner = deployer.Address;
        var token = await CreateAsync("Token", owner, Supply);
        var systemPause = await CreateAsync("SystemPause", owner, AbiValue.List([.. offices.Guardians.Select(guardian => (AbiValue)guardian)]));
        var stakeManager = await CreateAsync("StakeManager", owner, systemPause, token, offices.Treasury);
        var feePool = await CreateAsync("FeePool", owner, systemPause, token, stakeManager, offices.Treasury);
        var jobRegistry = await CreateAsync("JobRegistry", owner, systemPause, token, stakeManager);
        var arena = await CreateAsync("SelfPlayArena", owner, systemPause, stakeManager, feePool);

        await CallAsync("StakeManager", stakeManager, "setLockManager", AgentRole, jobRegistry, true);
        await CallAsync("StakeManager", stakeManager, "setSlasher", jobRegistry, true);
        await CallAsync("StakeManager", stakeManager, "setValidatorLockManager", arena, true);
        await CallAsync("StakeManager", stakeManager, "setSlasher", arena, true);
        await CallAsync("StakeManager", stakeManager, "setTreasurySlasher", arena, true);
        await CallAsync("StakeManager", stakeManager, "setFeePool", feePool);
        foreach (var role in (int[])[0, 1, 2])
        {
            await CallAsync("StakeManager", stakeManager, "setMinStake", role, Wei.FromEther("10"));
        }

        await CallAsync("StakeManager", stakeManager, "setFeePct", 5);
        await CallAsync("FeePool", feePool, "setRewarder", arena, true);
        await CallAsync("JobRegistry", jobRegistry, "setFeePool", feePool);
        await CallAsync("JobRegistry", jobRegistry, "setDisputeModule", offices.Moderator);
        await CallAsync("JobRegistry", jobRegistry, "setJobStake", Wei.FromEther("10"));
        foreach (var pauser in offices.Pausers)
        {
            await CallAsync("JobRegistry", jobRegistry, "grantRole", Keccak256.Hash("PAUSER_ROLE"), pauser);
        }

        foreach (var orchestrator in offices.Orchestrators)
        {
            await CallAsync("SelfPlayArena", arena, "setOrchestrator", orchestrator, true);
        }

        foreach (var module in (Address[])[stakeManager, jobRegistry, feePool, arena])
        {
            await CallAsync("SystemPause", systemPause, "addModule", module);
        }

        Address[] owned = [systemPause, stakeManager, jobRegistry, feePool, arena];
        foreach (var module in owned)
        {
            await CallAsync("SystemPause", module, "transferOwnership", governance);
        }

        return new DeployedProtocol(
            new Dictionary<string, Address>(StringComparer.Ordinal)
            {
                ["SystemPause"] = systemPause,
                ["StakeManager"] = stakeManager,
                ["JobRegistry"] = jobRegistry,
                ["FeePool"] = feePool,
                ["SelfPlayArena"] = arena,
                ["Token"] = token,
            },
            owned);

        async Task<Address> CreateAsync(string module, params AbiValue[] arguments)
        {
            // The address follows from code and arguments, so a second run finds what the first one deployed.
            var initCode = contracts[module].InitCode(arguments);
            var address = DeterministicDeployer.Arachnid.AddressOf(Bytes32.Zero, initCode);
            if ((await client.CodeAsync(address, BlockReference.Latest, cancellation).ConfigureAwait(false)).Length == 0)
            {
                await run.SendAsync(deployer, $"deploy {module}", DeterministicDeployer.Arachnid.Address, DeterministicDeployer.Encode(Bytes32.Zero, initCode), cancellation).ConfigureAwait(false);
            }

            return address;
        }

        Task CallAsync(string contract, Address at, string function, params AbiValue[] arguments) =>
            run.SendAsync(deployer, $"{contract}.{function}", at, contracts[contract].Abi.Function(function).Encode(arguments), cancellation);
    }
}
