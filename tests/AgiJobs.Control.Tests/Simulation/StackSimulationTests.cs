using AgiJobs.Control.Changes;
using AgiJobs.Control.Simulation;
using AgiJobs.Testing;

namespace AgiJobs.Control.Tests.Simulation;

/// <summary>Several changes tried as one stack, and which of them do not commute.</summary>
public sealed class StackSimulationTests : IAsyncLifetime
{
    private StoreProtocol _store = null!;

    public async ValueTask InitializeAsync() => _store = await StoreProtocol.StartAsync();

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Theory]
    [InlineData(null)]
    [InlineData("eth_simulateV1")]
    public async Task Each_change_is_judged_on_top_of_the_ones_before(string? missing)
    {
        var stack = await SimulateAsync(missing, Raise(), Fill());
        Assert.All(stack.Changes, change => Assert.Empty(change.Result.Blocks));
        Assert.All(stack.Changes, change => Assert.All(change.Result.Expected, expectation => Assert.True(expectation.Holds)));
        Assert.All(stack.Changes, change => Assert.All(change.Preconditions, precondition => Assert.True(precondition.Holds)));
        Assert.Equal(ExitCode.Findings, stack.Exit);

        // The same the other way round: the second needs the first.
        var turned = await SimulateAsync(missing, Fill(), Raise());
        Assert.Equal("simulation-reverts", turned.Changes[0].Result.Blocks[0].Code);
        Assert.Empty(turned.Changes[1].Result.Blocks);
        Assert.Equal(ExitCode.Refused, turned.Exit);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("eth_simulateV1")]
    public async Task A_pair_that_does_not_commute_is_named_with_the_reads_that_differ(string? missing)
    {
        // One copies twice what the other sets.
        var copy = _store.Change("copy", [_store.Step("setDoubled")], [("doubled", 0, 600)], null);
        var pair = Assert.Single((await SimulateAsync(missing, Raise(), copy)).Pairs);
        Assert.Equal(("raise", "copy", false), (pair.First, pair.Second, pair.Commutes));
        var difference = Assert.Single(pair.Differs);
        Assert.Equal("Alpha.doubled()", difference.Subject);
        Assert.EndsWith("0258", difference.InOrder, StringComparison.Ordinal);
        Assert.EndsWith("00c8", difference.Reversed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pair_of_which_one_reverts_in_one_order_is_named()
    {
        var pair = Assert.Single((await SimulateAsync(null, Raise(), Fill())).Pairs);
        Assert.False(pair.Commutes);
        Assert.Contains(pair.Differs, difference => difference is { Subject: "fill", InOrder: "succeeds", Reversed: "reverts" });
    }

    [Fact]
    public async Task Pairs_that_do_not_meet_commute_and_a_precondition_that_an_earlier_one_takes_away_is_said()
    {
        var sticky = _store.Change("sticky", [_store.Step("setSticky", 4)], [("sticky", 0, 4)], null);
        var stack = await SimulateAsync(null, Raise(), sticky);
        Assert.True(Assert.Single(stack.Pairs).Commutes);

        var again = _store.Change("again", [_store.Step("setHigh", 400)], [("high", 100, 400)], null);
        var taken = await SimulateAsync(null, Raise(), again);
        Assert.True(taken.Changes[0].Preconditions[0].Holds);
        Assert.False(taken.Changes[1].Preconditions[0].Holds);
        Assert.False(Assert.Single(taken.Pairs).Commutes);
    }

    [Fact]
    public async Task What_no_node_tells_is_unknown()
    {
        var stack = await SimulateWithoutAsync(["eth_simulateV1", "debug_traceCall"], Raise(), Fill());
        Assert.Null(Assert.Single(stack.Pairs).Commutes);
        Assert.Equal(ExitCode.Unknown, stack.Exit);
    }

    private ChangeDocument Raise() => _store.Change("raise", [_store.Step("setHigh", 300)], [("high", 100, 300)], null);

    private ChangeDocument Fill() => _store.Change("fill", [_store.Step("setLow", 200)], [("low", 0, 200)], null);

    private Task<StackResult> SimulateAsync(string? missing, params IReadOnlyList<ChangeDocument> changes) => SimulateWithoutAsync(missing is null ? [] : [missing], changes);

    private async Task<StackResult> SimulateWithoutAsync(IReadOnlyList<string> missing, params IReadOnlyList<ChangeDocument> changes)
    {
        await using var proxy = FaultyRpc.InFrontOf(_store.Anvil);
        foreach (var method in missing)
        {
            proxy.On(method).Error(-32601, "no such method");
        }

        await using var client = await _store.ConnectAsync(proxy);
        return await StackSimulation.RunAsync(client, _store.Protocol, [.. changes.Select(change => (change.Instance, change))], null, CancellationToken.None);
    }
}
