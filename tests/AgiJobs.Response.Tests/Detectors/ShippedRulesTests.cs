using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Detectors;

namespace AgiJobs.Response.Tests.Detectors;

public sealed class ShippedRulesTests : IDisposable
{
    private readonly RuleWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void The_rules_that_ship_compile_and_only_the_backup_Safe_that_there_is_none_of_sleeps()
    {
        var rules = new RuleCompiler(_world.Ground).Compile(Shipped());

        Assert.True(rules.Rules.Count > 20);
        Assert.All(rules.Sleeping, sleeping => Assert.Contains("no backup Safe", sleeping.Message, StringComparison.Ordinal));
        Assert.All(rules.Rules, rule => Assert.NotEmpty(rule.Watches));
    }

    // Trap 4.
    [Fact]
    public void No_module_that_can_be_paused_owned_or_set_is_unwatched()
    {
        var rules = new RuleCompiler(_world.Ground).Compile(Shipped());
        foreach (var module in _world.Ground.Protocol.Modules)
        {
            foreach (var @event in module.Abi.Events.Where(one => one.Name is "Paused" or "Unpaused" or "OwnershipTransferred" or "OwnershipTransferStarted" or "FeePoolUpdated" or "TaxPolicyUpdated" or "TreasuryUpdated" or "SystemPauseUpdated" or "RoleGranted"))
            {
                Assert.Contains(rules.Rules, rule => rule.Watches.Contains($"{module.Name} ({module.Address}) {@event}"));
            }
        }
    }

    [Fact]
    public void They_compile_for_a_network_that_has_two_modules_of_them_and_what_is_missing_is_said()
    {
        using var world = new RuleWorld([.. _world.Ground.Protocol.Described.Where(name => name is not ("SystemPause" or "FeePool"))]);
        var rules = new RuleCompiler(world.Ground).Compile(Shipped());

        Assert.Contains(rules.Sleeping, sleeping => sleeping.Rule == "mass-slashing");
        Assert.Contains(rules.Rules, rule => rule.Rule.Name == "module-paused");
    }

    private IReadOnlyList<RuleSource> Shipped() =>
        [.. JsonFile.Parse(_world.Workspace.ShippedRules("agi-jobs")!, "agi-jobs.json", WorkspaceJson.Default.MonitoringRulesFile).Rules.Select((rule, index) => new RuleSource("agi-jobs.json", index, rule))];
}
