using AgiJobs.Control.Changes;
using AgiJobs.Control.Simulation;
using AgiJobs.Testing;

namespace AgiJobs.Control.Tests.Simulation;

/// <summary>A change is tried forward and then back: the calls that undo it succeed and restore everything that it was planned on, or that is said.</summary>
public sealed class RollbackSimulationTests : IAsyncLifetime
{
    private StoreProtocol _store = null!;

    public async ValueTask InitializeAsync() => _store = await StoreProtocol.StartAsync();

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    // By eth_simulateV1, and where it is missing by traces on top of each other.
    [Theory]
    [InlineData(null)]
    [InlineData("eth_simulateV1")]
    public async Task One_that_restores_everything_is_said_to_reverse(string? missing)
    {
        var change = _store.Change("both", [_store.Step("setHigh", 300), _store.Step("setLow", 200)], [("high", 100, 300), ("low", 0, 200)], [_store.Step("setLow", 0), _store.Step("setHigh", 100)]);
        var result = await SimulateAsync(change, missing is null ? [] : [missing]);
        Assert.Equal([], result.Findings);
        Assert.Equal(2, result.Transactions.Count);
        Assert.True(result.Rollback!.Reverses);
        Assert.Equal([true, true], result.Rollback.Transactions.Select(transaction => transaction.Succeeds));
        Assert.Empty(result.Rollback.Differs);
        Assert.Equal(ExitCode.Findings, result.Exit);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("eth_simulateV1")]
    public async Task One_that_reverts_is_a_finding_and_does_not_block(string? missing)
    {
        var change = _store.Change("up", [_store.Step("setRising", 5)], [("rising", 0, 5)], [_store.Step("setRising", 0)]);
        var result = await SimulateAsync(change, missing is null ? [] : [missing]);
        var finding = Assert.Single(result.Findings, finding => finding.Code == "simulation-rollback-reverts");
        Assert.Equal(FindingWeight.Note, finding.Weight);
        Assert.Contains("only up", finding.Message, StringComparison.Ordinal);
        Assert.False(result.Rollback!.Reverses);
        Assert.Equal("Alpha.rising()", Assert.Single(result.Rollback.Differs).Subject);
        Assert.Empty(result.Blocks);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("eth_simulateV1")]
    public async Task One_that_does_not_restore_names_what(string? missing)
    {
        var change = _store.Change("sticks", [_store.Step("setSticky", 5)], [("sticky", 0, 5), ("low", 0, 0)], [_store.Step("setSticky", 0)]);
        var result = await SimulateAsync(change, missing is null ? [] : [missing]);
        Assert.False(result.Rollback!.Reverses);
        var differs = Assert.Single(result.Rollback.Differs);
        Assert.Equal("Alpha.sticky()", differs.Subject);
        Assert.EndsWith("05", differs.After, StringComparison.Ordinal);
        Assert.Equal("simulation-rollback-differs", Assert.Single(result.Findings).Code);
        Assert.Empty(result.Blocks);
    }

    [Fact]
    public async Task Where_the_node_tells_neither_it_is_unknown_and_never_fine()
    {
        var change = _store.Change("both", [_store.Step("setHigh", 300)], [("high", 100, 300)], [_store.Step("setHigh", 100)]);
        var result = await SimulateAsync(change, "eth_simulateV1", "debug_traceCall");
        Assert.Null(result.Rollback!.Reverses);
        Assert.NotNull(result.Rollback.Why);
        Assert.Equal(ExitCode.Unknown, result.Exit);
    }

    [Fact]
    public async Task Of_one_that_reverts_itself_the_way_back_is_not_told()
    {
        var change = _store.Change("bad", [_store.Step("setLow", 200)], [("low", 0, 200)], [_store.Step("setLow", 0)]);
        var result = await SimulateAsync(change);
        Assert.Null(result.Rollback!.Reverses);
        Assert.Equal("simulation-reverts", Assert.Single(result.Findings).Code);
    }

    [Fact]
    public async Task One_without_such_calls_has_no_rollback_on_record()
    {
        var change = _store.Change("plain", [_store.Step("setHigh", 300)], [("high", 100, 300)], null);
        var result = await SimulateAsync(change);
        Assert.Null(result.Rollback);
        using var folder = new TemporaryFolder();
        var filed = new FiledChange(folder.Path, change);
        Assert.DoesNotContain("rollback", await File.ReadAllTextAsync(SimulationFile.Write(filed, result)), StringComparison.Ordinal);
        _ = SimulationFile.Write(filed, await SimulateAsync(change with { Rollback = new Rollback { Note = "", Steps = [_store.Step("setHigh", 100)] } }) with { Change = change.Digest() });
        Assert.True(SimulationFile.Read(filed)!.Rollback!.Reverses);
    }

    [Fact]
    public void The_change_that_undoes_goes_from_what_was_expected_to_what_was_found_and_back_again()
    {
        var change = _store.Change("both", [_store.Step("setHigh", 300)], [("high", 100, 300)], [_store.Step("setHigh", 100)]);
        var undoing = change.Undoing("INC-2")!;
        Assert.Equal(change.Digest(), undoing.Undoes);
        Assert.Equal(change.Expected, undoing.Preconditions);
        Assert.Equal(change.Preconditions, undoing.Expected);
        Assert.Equal("undo-set-params", undoing.Kind);
        var redoing = undoing.Undoing("INC-3")!;
        Assert.Equal(("set-params", undoing.Digest()), (redoing.Kind, redoing.Undoes));
        Assert.Equal(change.Steps[0].Calldata, redoing.Steps[0].Calldata);
        Assert.Null((change with { Rollback = new Rollback { Note = "None." } }).Undoing("INC-2"));
    }

    private async Task<SimulationResult> SimulateAsync(ChangeDocument change, params string[] missing)
    {
        await using var proxy = FaultyRpc.InFrontOf(_store.Anvil);
        foreach (var method in missing)
        {
            proxy.On(method).Error(-32601, "no such method");
        }

        await using var client = await _store.ConnectAsync(proxy);
        return await ChangeSimulation.RunAsync(client, _store.Protocol, change, null, CancellationToken.None);
    }
}
