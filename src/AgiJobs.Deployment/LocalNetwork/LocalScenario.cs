using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Deployment.LocalNetwork;

/// <summary>Gives a fresh local network a life to protect: stakes, fees, jobs with money in escrow, a round under way.</summary>
internal sealed class LocalScenario(TransactionRun run, IReadOnlyDictionary<string, ContractArtefact> contracts, IReadOnlyDictionary<string, Address> modules, LocalAccounts accounts)
{
    private const int AgentRole = 0;
    private const int ValidatorRole = 1;
    private const int PlatformRole = 2;

    /// <summary>Plays it.</summary>
    /// <exception cref="Control.ControlException"><c>deployment-step</c>.</exception>
    public async Task PlayAsync(CancellationToken cancellation)
    {
        var deployer = accounts["deployer"];
        var agents = accounts.All("agent-");
        var validators = accounts.All("validator-");
        var employer = accounts["employer"];
        var orchestrator = accounts["orchestrator"];
        var purse = Wei.FromEther("10000");
        foreach (var actor in (ISigner[])[.. agents, .. validators, employer, accounts["platform"]])
        {
            await CallAsync(deployer, "Token", "transfer", actor.Address, purse);
            await CallAsync(actor, "TaxPolicy", "acknowledge");
        }

        foreach (var (actors, role, stake) in ((IReadOnlyList<ISigner>, int, string)[])[(agents, AgentRole, "500"), (validators, ValidatorRole, "1000"), ([accounts["platform"]], PlatformRole, "250")])
        {
            foreach (var actor in actors)
            {
                await CallAsync(actor, "Token", "approve", modules["StakeManager"], purse);
                await CallAsync(actor, "StakeManager", "depositStake", role, Wei.FromEther(stake));
            }
        }

        await CallAsync(deployer, "Token", "approve", modules["FeePool"], Wei.FromEther("10000"));
        await CallAsync(deployer, "FeePool", "contribute", Wei.FromEther("5000"));

        await CallAsync(employer, "Token", "approve", modules["JobRegistry"], purse);
        foreach (var (id, reward) in ((int, string)[])[(1, "120"), (2, "75.5"), (3, "300")])
        {
            await CallAsync(employer, "JobRegistry", "createJob", Wei.FromEther(reward), 7 * 86_400, Keccak256.Hash($"specification of job {id}"), $"ipfs://job-{id}");
        }

        await CallAsync(agents[0], "JobRegistry", "applyForJob", 1);
        await CallAsync(agents[1], "JobRegistry", "applyForJob", 2);
        await CallAsync(agents[1], "JobRegistry", "submit", 2, Keccak256.Hash("result of job 2"), "ipfs://result-2");

        await CallAsync(orchestrator, "SelfPlayArena", "startRound", 10, agents[2].Address, AbiValue.List(agents[0].Address, agents[1].Address), AbiValue.List([.. validators.Select(validator => (AbiValue)validator.Address)]));
        foreach (var participant in (ISigner[])[agents[0], agents[1], .. validators])
        {
            await CallAsync(participant, "SelfPlayArena", "joinRound", 1);
        }

        Task CallAsync(ISigner from, string module, string function, params AbiValue[] arguments) =>
            run.SendAsync(from, $"{module}.{function}", modules[module], contracts[module].Abi.Function(function).Encode(arguments), cancellation);
    }
}
