using System.Text.Json.Nodes;
using AgiJobs.Arena.Gateway;
using AgiJobs.Ethereum;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Arena.Tests.Gateway;

public sealed class UsedNoncesTests : IAsyncLifetime
{
    private static readonly Address Agent = Address.Parse("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");

    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-nonces-").FullName;
    private readonly ManualTime _time = new();
    private IStateStore _store = null!;

    public async ValueTask InitializeAsync() => _store = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder, "state.db")), _time);

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_nonce_is_remembered_for_twice_the_window_after_its_timestamp_and_then_its_place_is_free()
    {
        var nonces = new UsedNonces(_store, "test", _time);
        var began = _time.GetUtcNow();
        Assert.True(await nonces.TryUseAsync(Agent, "a", began.AddSeconds(30), CancellationToken.None));
        _time.Advance(TimeSpan.FromSeconds(89));
        Assert.False(await nonces.TryUseAsync(Agent, "a", began.AddSeconds(60), CancellationToken.None));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(await nonces.TryUseAsync(Agent, "b", _time.GetUtcNow(), CancellationToken.None));
        var kept = JsonNode.Parse((await _store.GetAsync("arena/test/nonces", Agent.ToString()))!.Data)!.AsObject();
        Assert.Equal(["b"], kept.Select(entry => entry.Key));
    }

    [Fact]
    public async Task Of_many_at_once_by_two_gateways_each_nonce_is_taken_once()
    {
        UsedNonces[] gateways = [new(_store, "test", _time), new(_store, "test", _time)];
        var uses = Enumerable.Range(0, 400).Select(i => (Gateway: gateways[i % 2], Nonce: $"n{i / 4}", Address: i % 3 == 0 ? Agent : Address.Zero)).ToList();
        var taken = await Task.WhenAll(uses.Select(use => Task.Run(() => use.Gateway.TryUseAsync(use.Address, use.Nonce, _time.GetUtcNow(), CancellationToken.None))));
        var counts = uses.Zip(taken, (use, isTaken) => (use.Nonce, use.Address, IsTaken: isTaken)).GroupBy(use => (use.Nonce, use.Address));
        Assert.All(counts, group => Assert.Single(group, use => use.IsTaken));
    }

    [Fact]
    public async Task A_store_that_fails_is_a_failure_and_never_a_new_nonce()
    {
        var nonces = new UsedNonces(_store, "test", _time);
        Assert.True(await nonces.TryUseAsync(Agent, "a", _time.GetUtcNow(), CancellationToken.None));
        await _store.DisposeAsync();
        _ = await Assert.ThrowsAnyAsync<Exception>(() => nonces.TryUseAsync(Agent, "b", _time.GetUtcNow(), CancellationToken.None));
        _store = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder, "state.db")), _time);
    }
}
