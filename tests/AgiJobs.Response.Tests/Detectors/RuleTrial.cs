using AgiJobs.Ethereum;
using AgiJobs.Response.Findings;
using static AgiJobs.Response.Tests.Detectors.RuleTrialGround;

namespace AgiJobs.Response.Tests.Detectors;

/// <summary>What a rule that ships is for, as it is really done, and something like it that is not worth an alert.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="What">What is done, for people.</param>
/// <param name="Severity">How bad it has to be.</param>
/// <param name="Title">What its line has to say; <c>@account</c> stands for an address.</param>
/// <param name="Act">Does it.</param>
/// <param name="Like">Does something like it for which the rule must be silent.</param>
public sealed record RuleTrial(string Rule, string What, Severity Severity, string[] Title, Func<RuleTrialGround, Task> Act, Func<RuleTrialGround, Task> Like)
{
    private static readonly string[] Unexplained = ["NO change of this workspace is behind it"];

    /// <summary>What has to be so before; nothing when absent.</summary>
    public Func<RuleTrialGround, Task>? Before { get; init; }

    /// <summary>The other rules that fire with it; no others may.</summary>
    public string[] With { get; init; } = [];

    /// <summary>How many blocks have to pass after the act, in which nothing happens; no other rule examines then. After what is like it, one less passes.</summary>
    public int Quiet { get; init; }

    /// <summary>Every trial.</summary>
    public static IReadOnlyList<RuleTrial> All { get; } =
    [
        new("module-paused", "the owner pauses a module", Severity.Sev1, ["JobRegistry was paused by"], g => g.OwnedAsync("JobRegistry", "pause"), g => g.OwnedAsync("FeePool", "unpause")) { Before = g => g.OwnedAsync("FeePool", "pause") },
        new("module-resumed", "the owner resumes a module", Severity.Sev1, ["FeePool was resumed by"], g => g.OwnedAsync("FeePool", "unpause"), g => g.OwnedAsync("JobRegistry", "pause")) { Before = g => g.OwnedAsync("FeePool", "pause") },
        new("system-pause", "a guardian pauses everything", Severity.Sev1, ["SystemPause: SystemPaused", "failed 0"], g => g.CallAsync(g["guardian"], "SystemPause", "pauseAll"), g => g.OwnedAsync("FeePool", "pause")) { With = ["module-paused"] },
        new("system-resumed", "everything is resumed", Severity.Sev1, ["SystemPause: SystemResumed"], g => g.OwnedAsync("SystemPause", "unpauseAll"), g => g.OwnedAsync("FeePool", "unpause")) { Before = g => g.CallAsync(g["guardian"], "SystemPause", "pauseAll"), With = ["module-resumed"] },
        new("pause-failed", "a pause of everything goes past a module that does not obey", Severity.Sev0, ["The pause of", "(FeePool) FAILED: it goes on running"], g => g.CallAsync(g["guardian"], "SystemPause", "pauseAll"), g => g.CallAsync(g["guardian"], "SystemPause", "pauseModule", g.Devnet.Protocol["JobRegistry"].Address))
        {
            Before = g => g.OwnedAsync("FeePool", "setSystemPause", g.Devnet.Protocol["TaxPolicy"].Address),
            With = ["module-paused", "system-pause"],
        },
        new("ownership-transferred", "a change of the workspace hands a module over", Severity.Sev1, ["FeePool: OwnershipTransferStarted from", "to @stranger"], g => g.AsChangeAsync(() => g.OwnedAsync("FeePool", "transferOwnership", Stranger)), g => g.OwnedAsync("FeePool", "setBurnPct", 123)),
        new("ownership-transferred", "the new owner accepts", Severity.Sev1, ["FeePool: OwnershipTransferred from", "to @stranger"], g => g.AsChangeAsync(() => g.CallAsync(Stranger, "FeePool", "acceptOwnership")), g => g.OwnedAsync("FeePool", "setBurnPct", 123)) { Before = g => g.OwnedAsync("FeePool", "transferOwnership", Stranger) },
        new("ownership-transferred-unexpected", "somebody with the owner's key hands a module over", Severity.Sev0, ["FeePool: OwnershipTransferStarted", "to @stranger", .. Unexplained], g => g.OwnedAsync("FeePool", "transferOwnership", Stranger), g => g.AsChangeAsync(() => g.OwnedAsync("FeePool", "transferOwnership", Stranger))) { With = ["ownership-transferred"] },
        new("role-changed-unexpected", "a stranger may pay rewards", Severity.Sev0, ["FeePool: RewarderUpdated", "@stranger", .. Unexplained], g => g.OwnedAsync("FeePool", "setRewarder", Stranger, true), g => g.AsChangeAsync(() => g.OwnedAsync("FeePool", "setRewarder", Stranger, true))),
        new("role-changed-unexpected", "a stranger may slash", Severity.Sev0, ["StakeManager: SlasherUpdated", "@stranger", .. Unexplained], g => g.OwnedAsync("StakeManager", "setSlasher", Stranger, true), g => g.AsChangeAsync(() => g.OwnedAsync("StakeManager", "setSlasher", Stranger, true))),
        new("role-changed-unexpected", "a guardian is dismissed", Severity.Sev0, ["SystemPause: GuardianUpdated", .. Unexplained], g => g.OwnedAsync("SystemPause", "setGuardian", g["guardian"], false), g => g.AsChangeAsync(() => g.OwnedAsync("SystemPause", "setGuardian", g["guardian"], false))),
        new("role-changed-unexpected", "a module is taken out of the reach of the pause", Severity.Sev0, ["SystemPause: ModuleRemoved", .. Unexplained], g => g.OwnedAsync("SystemPause", "removeModule", g.Devnet.Protocol["FeePool"].Address), g => g.AsChangeAsync(() => g.OwnedAsync("SystemPause", "removeModule", g.Devnet.Protocol["FeePool"].Address))),
        new("fee-pool-set", "fees go elsewhere", Severity.Sev1, ["JobRegistry: the fee pool was set"], g => g.AsChangeAsync(() => g.OwnedAsync("JobRegistry", "setFeePool", g.Devnet.Protocol["FeePool"].Address)), g => g.AsChangeAsync(() => g.OwnedAsync("JobRegistry", "setTaxPolicy", g.Devnet.Protocol["TaxPolicy"].Address))),
        new("tax-policy-set", "another tax policy", Severity.Sev1, ["JobRegistry: the tax policy was set"], g => g.AsChangeAsync(() => g.OwnedAsync("JobRegistry", "setTaxPolicy", g.Devnet.Protocol["TaxPolicy"].Address)), g => g.AsChangeAsync(() => g.OwnedAsync("JobRegistry", "setFeePool", g.Devnet.Protocol["FeePool"].Address))),
        new("governance-set", "another contract may pause and resume a module", Severity.Sev1, ["FeePool: governance was set, from", "(SystemPause) to", "(TaxPolicy)"], g => g.AsChangeAsync(() => g.OwnedAsync("FeePool", "setSystemPause", g.Devnet.Protocol["TaxPolicy"].Address)), g => g.AsChangeAsync(() => g.OwnedAsync("FeePool", "setBurnPct", 123))),
        new("governance-call", "governance acts through the contract that pauses", Severity.Sev1, ["SystemPause: GovernanceCallExecuted on", "(FeePool), and", .. Unexplained], g => PauseThroughAsync(g), g => g.AsChangeAsync(() => PauseThroughAsync(g))) { With = ["module-paused"] },
        new("governance-call", "governance acts through the configurator", Severity.Sev1, ["OwnerConfigurator: ConfigurationExecuted on", "(FeePool), and", .. Unexplained], g => ConfigureAsync(g), g => g.AsChangeAsync(() => ConfigureAsync(g))),
        new("parameter-updated", "a change of the workspace sets a parameter", Severity.Sev3, ["FeePool: BurnPctUpdated", "123"], g => g.AsChangeAsync(() => g.OwnedAsync("FeePool", "setBurnPct", 123)), g => g.CallAsync(g["agent-1"], "StakeManager", "depositStake", 0, Wei.FromEther("1"))),
        new("parameter-updated-unexpected", "somebody with the owner's key sets a parameter", Severity.Sev1, ["FeePool: BurnPctUpdated", "123", .. Unexplained], g => g.OwnedAsync("FeePool", "setBurnPct", 123), g => g.AsChangeAsync(() => g.OwnedAsync("FeePool", "setBurnPct", 123))) { With = ["parameter-updated"] },
        new("treasury-changed", "somebody may be the treasury", Severity.Sev0, ["FeePool: TreasuryAllowlistUpdated", "@stranger", .. Unexplained], g => g.OwnedAsync("FeePool", "setTreasuryAllowlist", Stranger, true), g => g.AsChangeAsync(() => g.OwnedAsync("FeePool", "setTreasuryAllowlist", Stranger, true))),
        new("treasury-changed", "somebody is the treasury", Severity.Sev0, ["FeePool: TreasuryUpdated", "@stranger", .. Unexplained], g => g.OwnedAsync("FeePool", "setTreasury", Stranger), g => g.AsChangeAsync(() => g.OwnedAsync("FeePool", "setTreasury", Stranger))) { Before = g => g.OwnedAsync("FeePool", "setTreasuryAllowlist", Stranger, true) },
        new("treasury-withdrawal", "the pool is emptied into the treasury", Severity.Sev0, ["FeePool: 40000 AGIALPHA went to the treasury", .. Unexplained], g => g.OwnedAsync("FeePool", "governanceWithdraw", Wei.FromEther("40000")), g => g.AsChangeAsync(() => g.OwnedAsync("FeePool", "governanceWithdraw", Wei.FromEther("40000")))) { Before = g => g.FillPoolAsync() },
        new("paymaster-withdrawal", "the deposit for operations is taken out", Severity.Sev0, ["Paymaster: 1.5 ether of the deposit went to the treasury", .. Unexplained], g => g.OwnedAsync("Paymaster", "withdraw", Wei.FromEther("1.5")), g => g.AsChangeAsync(() => g.OwnedAsync("Paymaster", "withdraw", Wei.FromEther("1.5")))) { Before = g => g.FillPaymasterAsync() },
        new("total-stakes-drop-agents", "a fifth of the agents' stakes is gone", Severity.Sev1, ["The stakes of agents in StakeManager fell by 20% within 300 blocks, from", "AGIALPHA"], g => g.SlashShareAsync(0, 20, "agent-1", "agent-2"), g => g.SlashShareAsync(0, 19, "agent-1", "agent-2")),
        new("total-stakes-drop-validators", "a fifth of the validators' stakes is gone", Severity.Sev1, ["The stakes of validators in StakeManager fell by 20% within 300 blocks, from", "AGIALPHA"], g => g.SlashShareAsync(1, 20, "validator-1", "validator-2"), g => g.SlashShareAsync(1, 19, "validator-1", "validator-2")),
        new("total-stakes-drop-platforms", "a fifth of the platforms' stakes is gone", Severity.Sev1, ["The stakes of platforms in StakeManager fell by 20% within 300 blocks, from 250 AGIALPHA to 200 AGIALPHA"], g => g.SlashShareAsync(2, 20, "platform"), g => g.SlashShareAsync(2, 19, "platform")),
        new("large-reward", "one large reward", Severity.Sev1, ["FeePool paid 10000 AGIALPHA to"], g => g.RewardAsync("10000"), g => g.RewardAsync("9999.999999999999999999")) { Before = g => g.FillPoolAsync() },
        new("reward-drain", "many rewards that are too much together", Severity.Sev1, ["FeePool paid 25000 AGIALPHA within 300 blocks, the last to"], g => RewardsAsync(g, "9000", "9000", "7000"), g => RewardsAsync(g, "9000", "9000", "6999")) { Before = g => g.FillPoolAsync() },
        new("mass-slashing", "five slashings", Severity.Sev1, ["5 slashings within 300 blocks, the last of"], g => SlashAsync(g, 5), g => SlashAsync(g, 4)),
        new("slashed-amount", "much is slashed at once", Severity.Sev1, ["10000 AGIALPHA slashed within 300 blocks, the last 10000 AGIALPHA of"], g => g.OwnedAsync("StakeManager", "governanceSlash", 2, g["deployer"], Wei.FromEther("10000"), "INC-1"), g => g.OwnedAsync("StakeManager", "governanceSlash", 2, g["deployer"], Wei.FromEther("9999"), "INC-1")) { Before = g => g.StakeMuchAsync(2) },
        new("round-not-closed", "a round goes on for ever", Severity.Sev2, ["Round 3 of SelfPlayArena was begun in block", "and not closed within 7200 blocks"], g => RoundsAsync(g), g => g.StartRoundAsync()) { Quiet = 7200 },
        .. SafeTrials(),
        new("safe-module-acted", "a module of the Safe acts without its owners", Severity.Sev1, ["a module of the Safe acted without its owners, ExecutionFromModuleSuccess", "@stranger"], g => g.SendAsync(Stranger, g.Devnet.Safe, FromModule(g.Devnet.Safe)), g => g.ExecuteAsync(g.Devnet.Protocol["FeePool"].Address, g.Devnet.Protocol["FeePool"].Abi.Function("paused").Encode())) { Before = g => g.SafeAsync("enableModule", Stranger) },
        new("safe-execution-failed", "a transaction of the Safe fails", Severity.Sev2, ["a transaction of the Safe failed (0x"], g => g.ExecuteAsync(g.Devnet.Protocol["FeePool"].Address, g.Devnet.Protocol["FeePool"].Abi.Function("unpause").Encode()), g => g.ExecuteAsync(g.Devnet.Protocol["FeePool"].Address, g.Devnet.Protocol["FeePool"].Abi.Function("paused").Encode())),
    ];

    // Each way to change who signs: as a change of the workspace, and as nobody's. A guard of modules is of Safe 1.5, which is not on the local network.
    private static IEnumerable<RuleTrial> SafeTrials()
    {
        (string What, string Event, Func<RuleTrialGround, Task>? Before, Func<RuleTrialGround, Task> Act)[] ways =
        [
            ("an owner more", "AddedOwner", null, g => g.SafeAsync("addOwnerWithThreshold", Stranger, 2)),
            ("an owner less", "RemovedOwner", g => g.SafeAsync("addOwnerWithThreshold", Stranger, 2), g => g.SafeAsync("removeOwner", Head, Stranger, 2)),
            ("an owner for another", "RemovedOwner", g => g.SafeAsync("addOwnerWithThreshold", Stranger, 2), g => g.SafeAsync("swapOwner", Head, Stranger, Address.Parse("0x00000000000000000000000000000000000a11CF"))),
            ("one signature is enough", "ChangedThreshold", null, g => g.SafeAsync("changeThreshold", 1)),
            ("a module that acts without owners", "EnabledModule", null, g => g.SafeAsync("enableModule", Stranger)),
            ("a module less", "DisabledModule", g => g.SafeAsync("enableModule", Stranger), g => g.SafeAsync("disableModule", Head, Stranger)),
            ("a guard", "ChangedGuard", null, async g => await g.SafeAsync("setGuard", await g.NewGuardAsync())),
            ("no guard any more", "ChangedGuard", async g => await g.SafeAsync("setGuard", await g.NewGuardAsync()), g => g.SafeAsync("setGuard", Address.Zero)),
            ("another handler of what it does not know", "ChangedFallbackHandler", null, g => g.SafeAsync("setFallbackHandler", Stranger)),
        ];
        foreach (var (what, name, before, act) in ways)
        {
            yield return new("safe-changed", what, Severity.Sev1, [name], g => g.AsChangeAsync(() => act(g)), g => g.ExecuteAsync(g.Devnet.Protocol["FeePool"].Address, g.Devnet.Protocol["FeePool"].Abi.Function("paused").Encode())) { Before = before };
            yield return new("safe-changed-unexpected", what, Severity.Sev0, [name, .. Unexplained], act, g => g.AsChangeAsync(() => act(g))) { Before = before, With = ["safe-changed"] };
        }
    }

    private static Address Head { get; } = Address.Parse("0x0000000000000000000000000000000000000001");

    private static byte[] FromModule(Address to) => AgiJobs.Ethereum.Safes.SafeAbi.Safe.Function("execTransactionFromModule").Encode(to, 0, Array.Empty<byte>(), 0);

    private static Task PauseThroughAsync(RuleTrialGround g) =>
        g.OwnedAsync("SystemPause", "executeGovernanceCall", g.Devnet.Protocol["FeePool"].Address, g.Devnet.Protocol["FeePool"].Abi.Function("pause").Encode());

    private static Task ConfigureAsync(RuleTrialGround g)
    {
        var none = Array.Empty<byte>();
        return g.OwnedAsync("OwnerConfigurator", "configure", AgiJobs.Ethereum.Abi.AbiValue.List(g.Devnet.Protocol["FeePool"].Address, g.Devnet.Protocol["FeePool"].Abi.Function("paused").Encode(), none, Bytes32.Zero, Bytes32.Zero, none, none));
    }

    private static async Task RewardsAsync(RuleTrialGround g, params string[] amounts)
    {
        foreach (var amount in amounts)
        {
            await g.RewardAsync(amount);
        }
    }

    private static async Task SlashAsync(RuleTrialGround g, int times)
    {
        for (var time = 0; time < times; time++)
        {
            await g.OwnedAsync("StakeManager", "governanceSlash", 0, g["agent-1"], Wei.FromEther("1"), "INC-1");
        }
    }

    // One that is closed, and one that is not.
    private static async Task RoundsAsync(RuleTrialGround g)
    {
        await g.StartRoundAsync();
        await g.OwnedAsync("SelfPlayArena", "voidRound", 2);
        await g.StartRoundAsync();
    }
}
