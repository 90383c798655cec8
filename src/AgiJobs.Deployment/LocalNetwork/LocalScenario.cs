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

    // Seconds of registration, answering, revealing, voting and counting: who vanishes holds a local round up for minutes and not, as on other networks, for hours.
    private static readonly int[] ShortWindows = [120, 120, 120, 120, 120];

    // A round sets 100 AGIALPHA aside: enough for ten thousand.
    private static readonly Wei Pool = Wei.FromEther("1000000");

    /// <summary>What governance calls besides accepting the protocol: short windows for the rounds that begin after it. The scenario's own round, begun before, has an hour for each phase.</summary>
    public (Address To, byte[] Data) Governed =>
        (modules["SelfPlayArena"], contracts["SelfPlayArena"].Abi.Function("setWindows").Encode(AbiValue.List([.. ShortWindows.Select(seconds => (AbiValue)seconds)])));

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

        await CallAsync(deployer, "Token", "approve", modules["FeePool"], new Wei(Pool.Value + purse.Value));
        await CallAsync(deployer, "FeePool", "contribute", Pool);

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
