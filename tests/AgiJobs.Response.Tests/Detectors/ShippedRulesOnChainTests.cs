using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Response.Tests.Detectors;

/// <summary>The rules that ship against real transactions on a real chain.</summary>
public sealed class ShippedRulesOnChainTests : IAsyncLifetime
{
    private static readonly Address Stranger = Address.Parse("0x00000000000000000000000000000000000A11cE");

    private TestNetwork _devnet = null!;
    private CompiledRules _rules = null!;

    public async ValueTask InitializeAsync()
    {
        _devnet = await TestNetwork.StartAsync();
        var sources = RulesFolder.Read(_devnet.Workspace, TestNetwork.Network);
        _rules = new RuleCompiler(RuleGround.Of(_devnet.Workspace, TestNetwork.Network, TimeProvider.System)).Compile(sources);
    }

    public ValueTask DisposeAsync() => _devnet.DisposeAsync();

    [Fact]
    public async Task Each_fires_for_its_transaction_and_none_for_an_ordinary_one()
    {
        // A new local network has them in its workspace.
        Assert.Equal(JsonFile.Parse(_devnet.Workspace.ShippedRules("agi-jobs")!, "shipped", WorkspaceJson.Default.MonitoringRulesFile).Rules.Count, RulesFolder.Read(_devnet.Workspace, TestNetwork.Network).Count);
        var agent = _devnet.Accounts["agent-1"].Address;

        await ExpectAsync([], () => _devnet.CallAsAsync(agent, "StakeManager", "depositStake", 0, Wei.FromEther("1")));
        await ExpectAsync(["module-paused"], () => OwnedAsync("FeePool", "pause"));
        await ExpectAsync(["module-resumed"], () => OwnedAsync("FeePool", "unpause"));
        await ExpectAsync(["ownership-transferred", "ownership-transferred-unexpected"], () => OwnedAsync("FeePool", "transferOwnership", Stranger));
        await ExpectAsync(["treasury-changed"], () => OwnedAsync("FeePool", "setTreasuryAllowlist", Stranger, true));
        await ExpectAsync(["treasury-changed"], () => OwnedAsync("FeePool", "setTreasury", Stranger));
        await ExpectAsync(["fee-pool-set", "parameter-updated-unexpected"], () => OwnedAsync("JobRegistry", "setFeePool", _devnet.Protocol["FeePool"].Address));
        await ExpectAsync(["tax-policy-set", "parameter-updated-unexpected"], () => OwnedAsync("JobRegistry", "setTaxPolicy", _devnet.Protocol["TaxPolicy"].Address));
        await ExpectAsync(["parameter-updated", "parameter-updated-unexpected"], () => OwnedAsync("FeePool", "setBurnPct", 123));
        await ExpectAsync(["role-changed-unexpected"], () => OwnedAsync("FeePool", "setRewarder", Stranger, true));
        await FillPoolAsync();
        await ExpectAsync([], () => _devnet.CallAsAsync(Stranger, "FeePool", "reward", agent, Wei.FromEther("9999")));
        await ExpectAsync(["large-reward", "reward-drain"], async () =>
        {
            await _devnet.CallAsAsync(Stranger, "FeePool", "reward", agent, Wei.FromEther("12500"));
            await _devnet.CallAsAsync(Stranger, "FeePool", "reward", agent, Wei.FromEther("12500"));
        });
        await ExpectAsync(["mass-slashing"], async () =>
        {
            for (var time = 0; time < 5; time++)
            {
                await OwnedAsync("StakeManager", "governanceSlash", 0, agent, Wei.FromEther("1"), "INC-1");
            }
        });
        await ExpectAsync(["total-stakes-drop-agents"], () => OwnedAsync("StakeManager", "governanceSlash", 0, agent, Wei.FromEther("490"), "INC-1"));
        await ExpectAsync(["safe-changed", "safe-changed-unexpected"], () => _devnet.CallAsAsync(_devnet.Safe, _devnet.Safe, SafeAbi.Safe.Function("changeThreshold").Encode(1)));
        await ExpectAsync(["safe-changed", "safe-changed-unexpected"], () => _devnet.CallAsAsync(_devnet.Safe, _devnet.Safe, SafeAbi.Safe.Function("enableModule").Encode(Stranger)));
        await ExpectAsync(["safe-changed", "safe-changed-unexpected"], () => _devnet.CallAsAsync(_devnet.Safe, _devnet.Safe, SafeAbi.Safe.Function("addOwnerWithThreshold").Encode(Stranger, 1)));
        await ExpectAsync(["system-pause"], () => OwnedAsync("SystemPause", "pauseAll"), "module-paused");
    }

    private async Task FillPoolAsync()
    {
        var deployer = _devnet.Accounts["deployer"].Address;
        await OwnedAsync("FeePool", "setRewardLimit", Wei.FromEther("1000000"));
        await _devnet.CallAsAsync(deployer, "Token", "approve", _devnet.Protocol["FeePool"].Address, Wei.FromEther("50000"));
        await _devnet.CallAsAsync(deployer, "FeePool", "contribute", Wei.FromEther("50000"));
    }

    private async Task OwnedAsync(string module, string function, params AbiValue[] arguments)
    {
        var owner = _devnet.Protocol[module].Abi.Function("owner");
        var answer = await _devnet.Client.CallAsync(new CallRequest { To = _devnet.Protocol[module].Address, Data = owner.Encode() }, BlockReference.Latest);
        await _devnet.CallAsAsync(owner.DecodeOutput(answer)[0].AsAddress(), module, function, arguments);
    }

    private async Task ExpectAsync(string[] wanted, Func<Task> act, string? besides = null)
    {
        // One block before, so that what a view was is known.
        var before = (await _devnet.Client.BlockNumberAsync()).Value;
        await act();
        var after = (await _devnet.Client.BlockNumberAsync()).Value;
        Assert.True(after > before);
        var options = new MonitorOptions { Network = TestNetwork.Network, ChainId = ChainId.Local, Name = "test" };
        var report = await Backtest.RunAsync(_rules, before, after, needs => new RangeReader(new NodeChain(_devnet.Client), options).ReadAsync(before, after, needs, CancellationToken.None), null, CancellationToken.None);
        var fired = report.Findings.Where(finding => finding.Kind == FindingKind.Firing && finding.Place!.Block.Value > before).Select(finding => finding.Rule).Distinct().Where(rule => rule != besides).Order().ToArray();

        Assert.Equal(wanted.Order(), fired);
        Assert.All(report.Findings, finding => Assert.DoesNotContain("unread", finding.Facts.Keys));
    }
}
