using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Pausing;
using AgiJobs.Ethereum;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Control.Tests.Pausing;

/// <summary>Plans for AGI Jobs from a sample of mixes of paused and running modules, carried out on a chain call by call.</summary>
public sealed class PauseOnChainTests(DevnetFixture fixture, ITestOutputHelper output) : IClassFixture<DevnetFixture>
{
    private TestNetwork Devnet => fixture.Devnet;

    [Theory]
    [InlineData(LeverAction.Pause)]
    [InlineData(LeverAction.Resume)]
    public async Task From_many_mixes_of_states_the_plan_succeeds_and_leads_to_the_end_asked_for(LeverAction action)
    {
        var wanted = action == LeverAction.Pause;
        var protocol = Devnet.Protocol;
        var modules = protocol.Modules.Where(module => module.Paused is not null).ToList();
        var all = (1 << modules.Count) - 1;

        // None, all, each one alone, all but one, and every second.
        foreach (var mask in modules.SelectMany((_, i) => new[] { 1 << i, all ^ (1 << i) }).Append(0).Append(all).Append(all & 0x5555).Distinct())
        {
            await Devnet.FreshAsync();
            foreach (var module in modules.Where((_, i) => (mask & (1 << i)) != 0))
            {
                await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseModule", module.Address);
            }

            await CarryAsync(action, null, mask == (wanted ? all : 0));

            Assert.True(await Devnet.IsPausedAsync(wanted), $"from mix {mask}");
        }
    }

    [Theory]
    [InlineData(LeverAction.Pause)]
    [InlineData(LeverAction.Resume)]
    public async Task From_every_mix_of_four_modules_they_are_moved_and_no_other(LeverAction action)
    {
        string[] names = ["StakeManager", "JobRegistry", "FeePool", "SelfPlayArena"];
        var wanted = action == LeverAction.Pause;
        await Devnet.FreshAsync();
        var fresh = await Devnet.SnapshotAsync();
        for (var mask = 0; mask < 1 << names.Length; mask++)
        {
            await Devnet.RevertAsync(fresh);
            fresh = await Devnet.SnapshotAsync();
            foreach (var name in names.Where((_, i) => (mask & (1 << i)) != 0).Append("Thermostat"))
            {
                await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseModule", Devnet.Protocol[name].Address);
            }

            await CarryAsync(action, names, mask == (wanted ? 15 : 0));
            Assert.All((await Devnet.ObserveAsync()).Pausable, module => Assert.Equal(names.Contains(module.Module.Name) ? wanted : module.Module.Name is "Thermostat", module.Paused!.Value));
        }

        output.WriteLine($"{action} on a chain: {1 << names.Length} combinations of {names.Length} modules tried, reverts 0");
    }

    private async Task CarryAsync(LeverAction action, IReadOnlyList<string>? modules, bool isThere)
    {
        var plan = await new PausePlanner(await Devnet.ObserveAsync(), TestNetwork.Network, Devnet.Signers.All).PlanAsync(Devnet.Client, action, "INC-1", modules, CancellationToken.None);
        Assert.Equal(isThere, plan.Change is null);
        foreach (var call in plan.Change?.Steps.Select(step => RouteCalls.Of(step.Route, (step.Target, step.Calldata), Bytes32.Zero)[^1]) ?? [])
        {
            await Devnet.CallAsAsync(call.From, call.To, call.Data.ToArray());
        }
    }
}
