using AgiJobs.Control.Simulation;
using AgiJobs.Testing;

namespace AgiJobs.Control.Tests.Simulation;

/// <summary>Entries of mappings are named by the keys that the trace shows to be hashed, also keys that stand in no calldata and no event.</summary>
public sealed class MappingKeyTests : IAsyncLifetime
{
    private StoreProtocol _store = null!;

    public async ValueTask InitializeAsync() => _store = await StoreProtocol.StartAsync();

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Theory]
    [InlineData(7, "_texts[\"fee.validator\"]")]
    [InlineData(8, "_texts[\"fee.other.and.a.name.that.is.longer.than.one.word\"]")]
    public async Task Texts_words_bytes_structs_and_lists_in_nested_mappings_have_their_names(int seed, string text)
    {
        var writes = await WritesAsync(seed);
        Assert.All(writes, write => Assert.NotNull(write.Variable));
        var key = writes.Single(write => write.Variable!.EndsWith("].amount", StringComparison.Ordinal)).Variable!["_stakes[".Length..("_stakes[".Length + 66)];
        Assert.Contains(writes, write => write.Variable == text && write.After == $"{seed}");
        Assert.Contains(writes, write => write.Variable == $"_stakes[{key}][{seed + 100}].amount" && write is { Before: "0", Standing: EffectStanding.Declared } && write.After == $"{seed}");
        Assert.Contains(writes, write => write.Variable == $"_stakes[{key}][{seed + 100}].note");
        var list = writes.Single(write => write.Variable!.StartsWith($"_lists[{key}0{seed}][0x", StringComparison.Ordinal) && write.Variable.EndsWith("].length", StringComparison.Ordinal)).Variable!;
        Assert.Contains(writes, write => write.Variable == $"{list[..^".length".Length]}[0]" && write.After == $"{seed}");
        Assert.Contains(writes, write => write.Variable == $"_names[{key}]" && write.After == "52 bytes");
        Assert.Contains(writes, write => write.Variable == $"_names[{key}][0..31]");
    }

    [Fact]
    public async Task A_node_that_takes_no_tracer_of_ours_leaves_them_without_a_name_and_that_is_said()
    {
        await using var proxy = FaultyRpc.InFrontOf(_store.Anvil);
        proxy.On("debug_traceCall").When(parameters => parameters.ToJsonString().Contains("images", StringComparison.Ordinal)).Error(-32601, "no such tracer");
        var result = await SimulateAsync(proxy, 7);
        Assert.Contains(result.Transactions[0].Storage, write => write.Variable is null);
        Assert.Contains(result.Findings, finding => finding.Code == "simulation-not-described");
    }

    private async Task<IReadOnlyList<SimulatedWrite>> WritesAsync(int seed)
    {
        await using var proxy = FaultyRpc.InFrontOf(_store.Anvil);
        var result = await SimulateAsync(proxy, seed);
        Assert.Equal([], result.Findings);
        return result.Transactions[0].Storage;
    }

    private async Task<SimulationResult> SimulateAsync(FaultyRpc proxy, int seed)
    {
        await using var client = await _store.ConnectAsync(proxy);
        var change = _store.Change("fill", [_store.Step("fill", seed)], [("low", 0, 0)], null, "_texts", "_stakes", "_lists", "_names");
        return await ChangeSimulation.RunAsync(client, _store.Protocol, change, null, CancellationToken.None);
    }
}
