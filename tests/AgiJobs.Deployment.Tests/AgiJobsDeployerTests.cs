using AgiJobs.Control.Observation;
using AgiJobs.Deployment.LocalNetwork;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Deployment.Tests;

public sealed class DevnetFixture : IAsyncLifetime
{
    public TestNetwork Devnet { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Devnet = await TestNetwork.StartAsync();

    public ValueTask DisposeAsync() => Devnet.DisposeAsync();
}

public sealed class AgiJobsDeployerTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task The_deployer_holds_no_authority_over_any_module_when_it_is_done()
    {
        var state = await Devnet.ObserveAsync();
        var deployer = Devnet.Accounts["deployer"].Address;
        Assert.All(state.Roles, role => Assert.DoesNotContain(deployer, role.Value.Value));
        Assert.All(state.Roles.Where(role => role.Key.EndsWith(".pendingOwner", StringComparison.Ordinal)), role => Assert.Empty(role.Value.Value));
        var asked = 0;
        foreach (var module in Devnet.Protocol.Modules.Where(module => module.Abi.Functions.Any(function => function.Name == "hasRole")))
        {
            foreach (var id in module.Abi.Functions.Where(function => function.Name.EndsWith("_ROLE", StringComparison.Ordinal)))
            {
                var role = (await CallAsync(module.Address, id))[0].AsBytes32();
                Assert.False((await CallAsync(module.Address, module.Abi.Function("hasRole"), role, deployer))[0].AsBoolean(), $"{module.Name}.{id.Name}");
                asked++;
            }
        }

        Assert.True(asked >= 2, $"only {asked} roles were looked at");
    }

    [Fact]
    public async Task Every_module_is_owned_by_the_Safe_of_two_of_three()
    {
        var state = await Devnet.ObserveAsync();
        var owners = state.Roles.Where(role => role.Key.EndsWith(".owner", StringComparison.Ordinal)).ToList();
        Assert.Equal(Devnet.Protocol.Modules.Count(module => module.Roles.Any(role => role.Name == "owner")), owners.Count);
        Assert.All(owners, role => Assert.Equal([Devnet.Safe], role.Value.Value));
        var safe = Assert.IsType<SafeAccountState>(state.Accounts[Devnet.Safe].Value);
        Assert.Equal(("1.4.1", 2), (safe.Version, safe.Threshold));
        Assert.Equal(Devnet.Accounts.All("safe-owner-").Select(owner => owner.Address).Order(), safe.Owners.Order());
    }

    [Fact]
    public async Task The_manifest_says_what_the_chain_holds()
    {
        var state = await Devnet.ObserveAsync();
        var manifest = Devnet.Workspace.Manifest(TestNetwork.Network);
        var named = manifest.Modules.SelectMany(module => (module.Value.Roles ?? new Dictionary<string, IReadOnlyList<Address>>(StringComparer.Ordinal)).Select(role => (Name: $"{module.Key}.{role.Key}", Members: role.Value))).ToList();
        Assert.NotEmpty(named);
        Assert.All(named, role => Assert.Equal(role.Members.Order(), state.Roles[role.Name].Value.Order()));
        Assert.All(state.Roles.Keys.Where(role => role.EndsWith(".owner", StringComparison.Ordinal)), owner => Assert.Contains(owner, named.Select(role => role.Name)));
    }

    [Fact]
    public async Task Every_link_leads_to_the_module_that_the_description_names()
    {
        foreach (var module in Devnet.Protocol.Modules)
        {
            foreach (var link in module.Links)
            {
                Assert.Equal(Devnet.Protocol[link.Target].Address, (await CallAsync(module.Address, link.Getter))[0].AsAddress());
            }
        }
    }

    [Fact]
    public async Task Every_value_moving_call_succeeds_while_it_runs_and_is_refused_because_of_the_pause_while_it_is_paused()
    {
        Assert.All(await TryAsync(), outcome => Assert.Null(outcome.Refusal));
        await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseAll");
        Assert.All(await TryAsync(), outcome => Assert.Contains("EnforcedPause", outcome.Refusal ?? "it succeeds", StringComparison.Ordinal));
        await Devnet.CallAsAsync(Devnet.Safe, "SystemPause", "unpauseAll");
        Assert.All(await TryAsync(), outcome => Assert.Null(outcome.Refusal));
    }

    [Fact]
    public void The_calls_reach_the_modules_that_hold_money_and_start_work()
    {
        var reached = LocalCalls.All(Devnet.Protocol).Select(call => call.To).ToHashSet();
        Assert.All((string[])["StakeManager", "JobRegistry", "FeePool", "SelfPlayArena"], name => Assert.Contains(Devnet.Protocol[name].Address, reached));
    }

    [Fact]
    public async Task Each_module_has_the_code_of_this_build()
    {
        foreach (var module in Devnet.Protocol.Modules)
        {
            Assert.NotEmpty(await Devnet.Client.CodeAsync(module.Address, BlockReference.Latest));
        }

        Assert.True(Devnet.Started.Transactions > 30);
    }

    private async Task<IReadOnlyList<(string What, string? Refusal)>> TryAsync()
    {
        var outcomes = new List<(string What, string? Refusal)>();
        foreach (var call in LocalCalls.All(Devnet.Protocol))
        {
            try
            {
                await Devnet.Client.CallAsync(new CallRequest { From = call.From, To = call.To, Data = call.Calldata }, BlockReference.Latest);
                outcomes.Add((call.What, null));
            }
            catch (RevertException refused)
            {
                outcomes.Add((call.What, refused.DecodedBy(Devnet.Protocol.Abi).Message));
            }
        }

        return outcomes;
    }

    private async Task<AbiArguments> CallAsync(Address to, AbiFunction function, params AbiValue[] arguments) =>
        function.DecodeOutput(await Devnet.Client.CallAsync(new CallRequest { To = to, Data = function.Encode(arguments) }, BlockReference.Latest));
}
