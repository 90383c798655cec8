using AgiJobs.Ethereum.Abi;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Samples;

/// <summary>Doubles of the AGI Jobs v2 deployment, operated from samples/agi-jobs-v2 alone.</summary>
public sealed class AgiJobsV2SampleTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private static readonly string[] Core = ["JobRegistry", "StakeManager", "ValidationModule", "DisputeModule", "PlatformRegistry", "FeePool", "ReputationEngine", "ArbitratorCommittee"];

    private static readonly string[] Owners = ["safe-owner-1", "safe-owner-2"];

    private ForeignGround _ground = null!;

    private TestNetwork Devnet => fixture.Devnet;

    public async ValueTask InitializeAsync()
    {
        await Devnet.FreshAsync();
        _ground = new ForeignGround(Devnet, "agi-jobs-v2", "agi-jobs-v2");
        var deployer = Devnet.Accounts["deployer"].Address;
        foreach (var module in Core)
        {
            var contract = module is "StakeManager" ? "StakeManagerDouble" : module is "JobRegistry" or "DisputeModule" ? "GovernedDouble" : "OwnedDouble";
            _ground.Place(module, await _ground.DeployAsync(contract, deployer));
        }

        _ground.Place("SystemPause", await _ground.DeployAsync("SystemPauseDouble", new AbiList([.. Core.Select(module => (AbiValue)_ground[module])]), Devnet.Safe));
        _ground.Settle();
        foreach (var module in Core)
        {
            await _ground.CallAsync(deployer, module, "transferOwnership", _ground["SystemPause"]);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Everything_is_stopped_and_started_by_one_call_from_a_clean_state()
    {
        await _ground.DriveAsync(["owner", "system-pause", "--action", "pause"], Owners, "relayer");
        Assert.Contains("PAUSED: all 8 modules", (await _ground.RunAsync("owner", "system-pause", "--action", "status")).Output, StringComparison.Ordinal);
        await _ground.DriveAsync(["owner", "system-pause", "--action", "unpause"], Owners, "relayer");
        Assert.Contains("RUNNING: all 8 modules", (await _ground.RunAsync("owner", "system-pause", "--action", "status")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task From_a_mixed_state_in_which_pauseAll_reverts_all_is_stopped_without_a_revert()
    {
        await _ground.CallAsync(Devnet.Safe, "SystemPause", "executeGovernanceCall", _ground["FeePool"], AbiFunction.Parse("function pause()").Encode());
        await _ground.CallAsync(Devnet.Safe, "SystemPause", "executeGovernanceCall", _ground["StakeManager"], AbiFunction.Parse("function pause()").Encode());
        await Assert.ThrowsAnyAsync<Exception>(() => _ground.CallAsync(Devnet.Safe, "SystemPause", "pauseAll"));
        await _ground.DriveAsync(["owner", "system-pause", "--action", "pause"], Owners, "relayer");
        foreach (var module in Core)
        {
            Assert.True((await _ground.ReadAsync(module, "paused")).AsBoolean(), module);
        }
    }

    [Fact]
    public async Task A_value_of_a_module_that_SystemPause_owns_is_set_by_the_Safe_through_its_forwarder()
    {
        await Assert.ThrowsAnyAsync<Exception>(() => _ground.CallAsync(Devnet.Safe, "StakeManager", "setFeePct", 5));
        await _ground.DriveAsync(["owner", "set", "StakeManager.feePct=5%"], Owners, "relayer");
        Assert.Equal(5, (int)(await _ground.ReadAsync("StakeManager", "feePct")).AsInteger());
    }

    [Fact]
    public async Task A_lock_manager_whom_only_events_reveal_is_granted_and_revoked()
    {
        var manager = Devnet.Accounts["employer"].Address;
        await _ground.DriveAsync(["owner", "set-roles", "--allow", $"StakeManager.validatorLockManager={manager}"], Owners, "relayer");
        Assert.True((await _ground.ReadAsync("StakeManager", "validatorLockManagers", manager)).AsBoolean());
        await _ground.DriveAsync(["owner", "set-roles", "--revoke", $"StakeManager.validatorLockManager={manager}"], Owners, "relayer");
        Assert.False((await _ground.ReadAsync("StakeManager", "validatorLockManagers", manager)).AsBoolean());
    }

    [Fact]
    public async Task Governance_of_SystemPause_goes_over_in_its_one_step()
    {
        var next = Devnet.Accounts["employer"].Address;
        await _ground.DriveAsync(["owner", "rotate", "--governance", next.ToString()], Owners, "relayer");
        Assert.Equal(next, (await _ground.ReadAsync("SystemPause", "governance")).AsAddress());
    }
}
