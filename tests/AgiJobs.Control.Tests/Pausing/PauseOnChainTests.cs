using AgiJobs.Control.Description;
using AgiJobs.Control.Pausing;
using AgiJobs.Ethereum;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Control.Tests.Pausing;

/// <summary>Plans for AGI Jobs from a sample of mixes of paused and running modules, carried out on a chain call by call.</summary>
public sealed class PauseOnChainTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>
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

            var plan = new PausePlanner(await Devnet.ObserveAsync(), TestNetwork.Network, Devnet.Signers.All).Plan(action, "INC-1");
            Assert.Equal(mask == (wanted ? all : 0), plan.Change is null);
            foreach (var step in plan.Change?.Steps ?? [])
            {
                await Devnet.CallAsAsync(step.Route.Caller, step.Module, step.Function, [.. step.Arguments.Select(argument => (Ethereum.Abi.AbiValue)Address.Parse(argument))]);
            }

            Assert.True(await Devnet.IsPausedAsync(wanted), $"from mix {mask}");
        }
    }
}
