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

    /// <summary>The accounts that decide disputes, with equal weight.</summary>
    public required IReadOnlyList<Address> Moderators { get; init; }

    /// <summary>The accounts that attest work.</summary>
    public required IReadOnlyList<Address> OracleSigners { get; init; }

    /// <summary>The accounts that tick the Thermostat and record the HamiltonianMonitor's observations.</summary>
    public required IReadOnlyList<Address> Controllers { get; init; }

    /// <summary>The accounts that slash under a ticket, within limits.</summary>
    public required IReadOnlyList<Address> SlashOperators { get; init; }

    /// <summary>The accounts that may act as agents from the start.</summary>
    public required IReadOnlyList<Address> Agents { get; init; }

    /// <summary>The accounts that may act as validators from the start.</summary>
    public required IReadOnlyList<Address> Validators { get; init; }

    /// <summary>Where the protocol's money goes.</summary>
    public required Address Treasury { get; init; }

    /// <summary>The ERC-4337 EntryPoint that the Paymaster serves.</summary>
    public required Address EntryPoint { get; init; }
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

    /// <summary>The modules in the order of deployment, and the contract of each.</summary>
    public static IReadOnlyDictionary<string, string> Contracts { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["Token"] = "AgiToken",
        ["SystemPause"] = "SystemPause",
        ["StakeManager"] = "StakeManager",
        ["FeePool"] = "FeePool",
        ["JobRegistry"] = "JobRegistry",
        ["SelfPlayArena"] = "SelfPlayArena",
        ["TaxPolicy"] = "TaxPolicy",
        ["IdentityRegistry"] = "IdentityRegistry",
        ["ReputationEngine"] = "ReputationEngine",
        ["DisputeModule"] = "DisputeModule",
        ["ValidationModule"] = "ValidationModule",
        ["JobRouter"] = "JobRouter",
        ["EnergyOracle"] = "EnergyOracle",
        ["Thermostat"] = "Thermostat",
        ["RewardEngine"] = "RewardEngine",
        ["HamiltonianMonitor"] = "HamiltonianMonitor",
        ["OwnerConfigurator"] = "OwnerConfigurator",
        ["ValidatorSlash"] = "ValidatorSlash",
        ["Paymaster"] = "Paymaster",
    };

    private const int AgentRole = 0;
    private const int ValidatorRole = 1;
    private const int PlatformRole = 2;
    private const int AgentKind = 0;
    private const int ValidatorKind = 1;

    /// <summary>Deploys and wires everything and offers it to <paramref name="governance"/>.</summary>
    /// <exception cref="Control.ControlException"><c>deployment-step</c>.</exception>
    public async Task<DeployedProtocol> DeployAsync(ISigner deployer, Address governance, InitialOffices offices, CancellationToken cancellation)
    {
        var owner = deployer.Address;
        var at = new Dictionary<string, Address>(StringComparer.Ordinal);
        await CreateAsync("Token", owner, Supply);
        await CreateAsync("SystemPause", owner, List(offices.Guardians));
        await CreateAsync("StakeManager", owner, at["SystemPause"], at["Token"], offices.Treasury);
        await CreateAsync("FeePool", owner, at["SystemPause"], at["Token"], at["StakeManager"], offices.Treasury);
        await CreateAsync("JobRegistry", owner, at["SystemPause"], at["Token"], at["StakeManager"]);
        await CreateAsync("SelfPlayArena", owner, at["SystemPause"], at["StakeManager"], at["FeePool"]);
        await CreateAsync("TaxPolicy", owner, "ipfs://tax-policy", "I answer for my own taxes.");
        await CreateAsync("IdentityRegistry", owner);
        await CreateAsync("ReputationEngine", owner, at["JobRegistry"]);
        await CreateAsync("DisputeModule", owner, at["SystemPause"], at["JobRegistry"]);
        await CreateAsync("ValidationModule", owner, at["SystemPause"], at["JobRegistry"], at["Token"], at["StakeManager"]);
        await CreateAsync("JobRouter", owner, at["SystemPause"], at["JobRegistry"], at["StakeManager"]);
        await CreateAsync("EnergyOracle", owner, at["SystemPause"], List(offices.OracleSigners));
        await CreateAsync("Thermostat", owner, at["SystemPause"], Wei.FromEther("1"), Wei.FromEther("0.1"), Wei.FromEther("5"));
        await CreateAsync("RewardEngine", owner, at["SystemPause"], at["FeePool"], at["EnergyOracle"]);
        await CreateAsync("HamiltonianMonitor", owner, 24);
        await CreateAsync("OwnerConfigurator", owner);
        await CreateAsync("ValidatorSlash", owner, at["SystemPause"], at["StakeManager"]);
        await CreateAsync("Paymaster", owner, at["SystemPause"], offices.EntryPoint, offices.Treasury);

        await WireStakesAsync();
        await WireJobsAsync();
        await WireRewardsAsync();
        foreach (var module in contracts.Where(contract => contract.Value.Abi.Functions.Any(function => string.Equals(function.Signature, "pause()", StringComparison.Ordinal))).Select(contract => contract.Key))
        {
            await CallAsync("SystemPause", "addModule", at[module]);
        }

        // Last: from here on the deployer can do nothing but wait for governance to accept.
        var owned = contracts.Where(contract => contract.Value.Abi.Functions.Any(function => string.Equals(function.Signature, "acceptOwnership()", StringComparison.Ordinal))).Select(contract => contract.Key).ToList();
        foreach (var module in owned)
        {
            await CallAsync(module, "transferOwnership", governance);
        }

        return new DeployedProtocol(at, owned.ConvertAll(module => at[module]));

        async Task WireStakesAsync()
        {
            await CallAsync("StakeManager", "setLockManager", AgentRole, at["JobRegistry"], true);
            foreach (var module in (string[])["SelfPlayArena", "ValidationModule"])
            {
                await CallAsync("StakeManager", "setValidatorLockManager", at[module], true);
            }

            foreach (var module in (string[])["JobRegistry", "SelfPlayArena", "ValidationModule"])
            {
                await CallAsync("StakeManager", "setSlasher", at[module], true);
            }

            foreach (var module in (string[])["SelfPlayArena", "ValidatorSlash"])
            {
                await CallAsync("StakeManager", "setTreasurySlasher", at[module], true);
            }

            await CallAsync("StakeManager", "setFeePool", at["FeePool"]);
            await CallAsync("StakeManager", "setTaxPolicy", at["TaxPolicy"]);
            await CallAsync("StakeManager", "setFeePct", 5);
            await CallAsync("StakeManager", "setValidatorRewardPct", 8);
            foreach (var role in (int[])[AgentRole, ValidatorRole, PlatformRole])
            {
                await CallAsync("StakeManager", "setMinStake", role, Wei.FromEther("10"));
            }

            foreach (var slashOperator in offices.SlashOperators)
            {
                await CallAsync("ValidatorSlash", "setOperator", slashOperator, true);
            }
        }

        async Task WireJobsAsync()
        {
            await CallAsync("JobRegistry", "setFeePool", at["FeePool"]);
            await CallAsync("JobRegistry", "setIdentityRegistry", at["IdentityRegistry"]);
            await CallAsync("JobRegistry", "setTaxPolicy", at["TaxPolicy"]);
            await CallAsync("JobRegistry", "setValidationModule", at["ValidationModule"]);
            await CallAsync("JobRegistry", "setDisputeModule", at["DisputeModule"]);
            await CallAsync("JobRegistry", "setJobStake", Wei.FromEther("10"));
            await CallAsync("ValidationModule", "setFeePool", at["FeePool"]);
            await CallAsync("ValidationModule", "setIdentityRegistry", at["IdentityRegistry"]);
            await CallAsync("SelfPlayArena", "setIdentityRegistry", at["IdentityRegistry"]);
            await CallAsync("IdentityRegistry", "setReputationEngine", at["ReputationEngine"]);
            await CallAsync("JobRouter", "setReputationEngine", at["ReputationEngine"]);
            foreach (var pauser in offices.Pausers)
            {
                await CallAsync("JobRegistry", "grantRole", Keccak256.Hash("PAUSER_ROLE"), pauser);
            }

            foreach (var moderator in offices.Moderators)
            {
                await CallAsync("DisputeModule", "setModerator", moderator, 1);
            }

            foreach (var (kind, accounts) in ((int, IReadOnlyList<Address>)[])[(AgentKind, offices.Agents), (ValidatorKind, offices.Validators)])
            {
                foreach (var account in accounts)
                {
                    await CallAsync("IdentityRegistry", "setAllowed", kind, account, true);
                }
            }
        }

        async Task WireRewardsAsync()
        {
            foreach (var module in (string[])["SelfPlayArena", "RewardEngine"])
            {
                await CallAsync("FeePool", "setRewarder", at[module], true);
            }

            // Without a limit a stolen orchestrator's key and a colluding committee could empty the pool in a day.
            await CallAsync("FeePool", "setRewardLimit", Wei.FromEther("1000"));
            await CallAsync("RewardEngine", "setThermostat", at["Thermostat"]);
            await CallAsync("RewardEngine", "setEpochBudget", Wei.FromEther("100"), Wei.FromEther("300"));
            await CallAsync("Paymaster", "setSpendLimits", Wei.FromEther("0.1"), Wei.FromEther("2"));
            foreach (var orchestrator in offices.Orchestrators)
            {
                await CallAsync("SelfPlayArena", "setOrchestrator", orchestrator, true);
            }

            foreach (var controller in offices.Controllers)
            {
                await CallAsync("Thermostat", "setController", controller, true);
                await CallAsync("HamiltonianMonitor", "setRecorder", controller, true);
            }
        }

        async Task CreateAsync(string module, params AbiValue[] arguments)
        {
            // The address follows from code and arguments, so a second run finds what the first one deployed.
            var initCode = contracts[module].InitCode(arguments);
            var address = DeterministicDeployer.Arachnid.AddressOf(Bytes32.Zero, initCode);
            if ((await client.CodeAsync(address, BlockReference.Latest, cancellation).ConfigureAwait(false)).Length == 0)
            {
                await run.SendAsync(deployer, $"deploy {module}", DeterministicDeployer.Arachnid.Address, DeterministicDeployer.Encode(Bytes32.Zero, initCode), cancellation).ConfigureAwait(false);
            }

            at.Add(module, address);
        }

        Task CallAsync(string module, string function, params AbiValue[] arguments) =>
            run.SendAsync(deployer, $"{module}.{function}", at[module], contracts[module].Abi.Function(function).Encode(arguments), cancellation);
    }

    private static AbiValue List(IEnumerable<Address> addresses) => AbiValue.List([.. addresses.Select(address => (AbiValue)address)]);
}
