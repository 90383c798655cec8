using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Pausing;
using AgiJobs.Control.Simulation;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Control.Tests.Simulation;

/// <summary>Whole changes of AGI Jobs, tried on a chain before they are sent.</summary>
public sealed class ChangeSimulationOnChainTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>
{
    private TestNetwork Devnet => fixture.Devnet;

    private static int Pausable(Protocol protocol) => protocol.Modules.Count(module => module.Paused is not null);

    [Fact]
    public async Task A_pause_by_the_guardian_shows_every_write_by_name_and_nothing_that_is_not_declared()
    {
        await Devnet.FreshAsync();
        var protocol = Devnet.Protocol;
        var change = await PlanAsync(LeverAction.Pause);
        var result = await SimulateAsync(change);

        Assert.Equal([], result.Findings);
        Assert.Equal(ExitCode.Findings, result.Exit);
        Assert.Equal(["debug_traceCall calls", "debug_traceCall differences", "eth_simulateV1"], result.Means);
        var transaction = Assert.Single(result.Transactions);
        Assert.True(transaction.Succeeds);
        Assert.Equal("SystemPause.pauseAll()", transaction.Call);
        Assert.Equal(Devnet.Accounts["guardian"].Address, transaction.From);
        Assert.Equal(2 * Pausable(protocol), transaction.Storage.Count);
        Assert.Equal(Pausable(protocol), transaction.Storage.Count(write => write is { Variable: "_paused", Before: "false", After: "true", Standing: EffectStanding.Declared }));
        Assert.Equal(Pausable(protocol), transaction.Storage.Count(write => write is { Variable: "_pausedAt", Before: "0", Standing: EffectStanding.Declared } && write.After == $"{result.Time}"));
        Assert.Equal(Pausable(protocol) + 1, transaction.Events.Count);
        Assert.All(transaction.Events, one => Assert.Equal(EffectStanding.Declared, one.Standing));
        Assert.All(result.Expected, expectation => Assert.True(expectation.Holds));
        Assert.Equal(Pausable(protocol), transaction.Calls!.Count(call => call.Call.EndsWith(".pause()", StringComparison.Ordinal)));
        Assert.Equal(result.Block, (await Devnet.Client.BlockNumberAsync()).Value);
    }

    [Fact]
    public async Task A_simulation_changes_nothing_on_the_chain_and_is_the_same_twice_and_on_file()
    {
        await Devnet.FreshAsync();
        var change = await PlanAsync(LeverAction.Pause);
        var filed = new ChangeStore(Devnet.Workspace, TimeProvider.System).File(change, "brief");
        var first = await SimulateAsync(change);
        _ = SimulationFile.Write(filed, first);
        var bytes = await File.ReadAllBytesAsync(SimulationFile.PathOf(filed));
        _ = SimulationFile.Write(filed, await SimulateAsync(change));

        Assert.Equal(bytes, await File.ReadAllBytesAsync(SimulationFile.PathOf(filed)));
        Assert.Equivalent(first, SimulationFile.Read(filed), strict: true);
        Assert.True(await Devnet.IsPausedAsync(false));
    }

    [Fact]
    public async Task A_resume_by_the_Safe_is_tried_as_the_Safe_will_run_it_without_any_signature()
    {
        await PausedAsync();
        var protocol = Devnet.Protocol;
        var change = await PlanAsync(LeverAction.Resume);
        var result = await SimulateAsync(change);

        Assert.Empty(result.Blocks);
        Assert.True(result.IsComplete);
        var transaction = Assert.Single(result.Transactions);
        Assert.Equal(Devnet.Safe, transaction.To);
        Assert.StartsWith("Safe.execTransaction(", transaction.Call, StringComparison.Ordinal);
        Assert.Equal(Pausable(protocol), transaction.Storage.Count(write => write is { Variable: "_paused", Before: "true", After: "false", Standing: EffectStanding.Declared }));
        Assert.All(transaction.Storage.Where(write => write.Address == Devnet.Safe), write => Assert.Equal(("nonce", EffectStanding.Route), (write.Variable, write.Standing)));
        Assert.Contains(transaction.Storage, write => write.Address == Devnet.Safe);
        Assert.Equal(EffectStanding.Route, Assert.Single(transaction.Events, one => one.Name == "ExecutionSuccess").Standing);
        Assert.All(result.Expected, expectation => Assert.True(expectation.Holds));
        Assert.Equal("1", Assert.Single(result.Safes).Nonce);
    }

    [Fact]
    public async Task A_batch_of_several_calls_runs_through_the_published_batch_contract_and_is_seen_call_by_call()
    {
        await PausedAsync();
        var protocol = Devnet.Protocol;
        var whole = await PlanAsync(LeverAction.Resume);
        var lever = protocol["SystemPause"].Levers.First(candidate => candidate is { Action: LeverAction.Resume, TakesModule: true });
        var modules = protocol.Modules.Where(module => module.Paused is not null).ToList();
        var change = whole with
        {
            Steps = [.. modules.Select(module => new ChangeStep { Module = "SystemPause", Target = protocol["SystemPause"].Address, Function = lever.Function.Signature, Arguments = [module.Address.ToString()], Calldata = lever.Function.Encode(module.Address), Route = whole.Steps[0].Route })],
        };
        var result = await SimulateAsync(change);

        Assert.Empty(result.Blocks);
        Assert.Equal(modules.Count, Assert.Single(result.Transactions).Events.Count(one => one.Name == "ModuleResumed"));
        Assert.All(result.Expected, expectation => Assert.True(expectation.Holds));
    }

    [Fact]
    public async Task A_call_that_the_chain_refuses_blocks_with_the_contracts_own_reason()
    {
        await PausedAsync();
        var change = await PlanAsync(LeverAction.Resume);
        var stranger = Devnet.Accounts["employer"].Address;
        var wrong = change with { Steps = [change.Steps[0] with { Route = new Route { Kind = RouteKind.Direct, Role = "SystemPause.owner", Caller = stranger } }] };
        var result = await SimulateAsync(wrong);

        Assert.Equal(ExitCode.Refused, result.Exit);
        Assert.Contains("OwnableUnauthorizedAccount", Assert.Single(result.Blocks, finding => finding.Code == "simulation-reverts").Message, StringComparison.Ordinal);
        Assert.Contains(result.Blocks, finding => finding.Code == "simulation-not-reached");
    }

    [Fact]
    public async Task An_effect_that_was_left_out_of_the_change_blocks_it_by_name()
    {
        await PausedAsync();
        var change = await PlanAsync(LeverAction.Resume);
        var narrowed = change with { Effects = [.. change.Effects.Select(effect => effect.Contract == "FeePool" ? effect with { Emits = [], Writes = ["_paused"] } : effect)] };
        var blocks = (await SimulateAsync(narrowed)).Blocks.Select(finding => finding.Message).ToList();

        Assert.Contains(blocks, message => message.StartsWith("Not declared: FeePool emits Unpaused(", StringComparison.Ordinal));
        Assert.Contains(blocks, message => message.StartsWith("Not declared: _pausedBefore of FeePool", StringComparison.Ordinal));
        Assert.Equal(2, blocks.Count);

        var undescribed = change with { Effects = [.. change.Effects.Select(effect => effect with { Writes = null })] };
        var result = await SimulateAsync(undescribed);
        Assert.Empty(result.Blocks);
        Assert.Contains(result.Findings, finding => finding is { Code: "simulation-not-described", Weight: FindingWeight.Note } && finding.Message.StartsWith("What FeePool", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_simulation_goes_stale_when_the_Safe_moves_on_and_not_when_only_blocks_pass()
    {
        await PausedAsync();
        var change = await PlanAsync(LeverAction.Resume);
        var result = await SimulateAsync(change);
        await Devnet.MineAsync();
        Assert.Null(await ChangeSimulation.StaleAsync(Devnet.Client, change, result, CancellationToken.None));

        _ = await Devnet.Client.RequestAsync("anvil_setStorageAt", writer =>
        {
            writer.WriteStringValue(Devnet.Safe.ToString());
            writer.WriteStringValue(Bytes32.FromUnsigned(5).ToString());
            writer.WriteStringValue(Bytes32.FromUnsigned(9).ToString());
        });
        Assert.Contains("nonce 9", await ChangeSimulation.StaleAsync(Devnet.Client, change, result, CancellationToken.None), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("eth_simulateV1", "debug_traceCall calls,debug_traceCall differences", true)]
    [InlineData("debug_traceCall", "eth_simulateV1", false)]
    public async Task A_node_that_lacks_one_means_is_asked_by_the_other_and_what_stays_unknown_is_said(string missing, string means, bool complete)
    {
        await Devnet.FreshAsync();
        var change = await PlanAsync(LeverAction.Pause);
        await using var proxy = FaultyRpc.InFrontOf(Devnet.Url);
        proxy.On(missing).Error(-32601, "the method does not exist");
        var result = await SimulateAsync(change, proxy);

        Assert.Equal(means, string.Join(',', result.Means));
        Assert.Equal(complete, result.IsComplete);
        Assert.Empty(result.Blocks);
        Assert.True(Assert.Single(result.Transactions).Succeeds);
        Assert.Equal(Pausable(Devnet.Protocol) + 1, result.Transactions[0].Events.Count);
        Assert.All(result.Expected, expectation => Assert.True(expectation.Holds));
        Assert.Equal(complete ? ExitCode.Findings : ExitCode.Unknown, result.Exit);
        if (!complete)
        {
            Assert.Contains("does not offer debug_traceCall", Assert.Single(result.Findings).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_node_that_tells_nothing_makes_everything_unknown_and_nothing_fine()
    {
        await Devnet.FreshAsync();
        var change = await PlanAsync(LeverAction.Pause);
        await using var proxy = FaultyRpc.InFrontOf(Devnet.Url);
        proxy.On("eth_simulateV1").Error(-32601, "no");
        proxy.On("debug_traceCall").Error(-32601, "no");
        var result = await SimulateAsync(change, proxy);

        Assert.Equal(ExitCode.Unknown, result.Exit);
        Assert.Empty(result.Means);
        Assert.Null(Assert.Single(result.Transactions).Succeeds);
        Assert.All(result.Expected, expectation => Assert.Null(expectation.Holds));
        Assert.Empty(result.Blocks);
    }

    [Fact]
    public async Task Two_means_that_tell_different_things_are_a_finding_which_blocks_all_but_a_pause()
    {
        await PausedAsync();
        var change = await PlanAsync(LeverAction.Resume);
        await using var proxy = FaultyRpc.InFrontOf(Devnet.Url);
        proxy.On("eth_simulateV1").Change((_, result) =>
        {
            result![0]!["calls"]![0]!["logs"]!.AsArray().RemoveAt(0);
            return result;
        });
        Assert.Contains((await SimulateAsync(change, proxy)).Blocks, finding => finding.Code == "simulation-disagreement");

        await Devnet.FreshAsync();
        var pause = await SimulateAsync(await PlanAsync(LeverAction.Pause), proxy);
        Assert.Empty(pause.Blocks);
        Assert.Contains(pause.Findings, finding => finding.Code == "simulation-disagreement");
    }

    private async Task PausedAsync()
    {
        await Devnet.FreshAsync();
        await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseAll");
    }

    private async Task<ChangeDocument> PlanAsync(LeverAction action) => new PausePlanner(await Devnet.ObserveAsync(), TestNetwork.Network, Devnet.Signers.All).Plan(action, "INC-1").Change!;

    private async Task<SimulationResult> SimulateAsync(ChangeDocument change, FaultyRpc? proxy = null)
    {
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(proxy?.Url ?? Devnet.Url) with { Rounds = 1 }, ChainId.Local, TimeProvider.System);
        return await ChangeSimulation.RunAsync(client, Devnet.Protocol, change, new SimulationOptions { NameOf = address => address == Devnet.Safe ? "Safe" : null }, CancellationToken.None);
    }
}
