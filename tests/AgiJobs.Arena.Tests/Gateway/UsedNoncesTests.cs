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
        var beside = Enumerable.Range(0, 1_000).Select(number => $"b{number}").First(nonce => UsedNonces.KeyOf(Agent, nonce) == UsedNonces.KeyOf(Agent, "a"));
        Assert.True(await nonces.TryUseAsync(Agent, beside, _time.GetUtcNow(), CancellationToken.None));
        var kept = JsonNode.Parse((await _store.GetAsync("arena/test/nonces", UsedNonces.KeyOf(Agent, "a")))!.Data)!.AsObject();
        Assert.Equal([beside], kept.Select(entry => entry.Key));
        Assert.True(await nonces.TryUseAsync(Agent, "a", _time.GetUtcNow(), CancellationToken.None));
    }

    [Fact]
    public async Task What_is_written_for_a_nonce_does_not_grow_with_those_before_it()
    {
        var nonces = new UsedNonces(_store, "test", _time);
        await Task.WhenAll(Enumerable.Range(0, 2_000).Select(number => nonces.TryUseAsync(Agent, $"{number:x16}", _time.GetUtcNow(), CancellationToken.None)));
        var kept = await _store.ListAsync("arena/test/nonces");
        Assert.Equal(2_000, kept.Sum(document => JsonNode.Parse(document.Data)!.AsObject().Count));
        Assert.InRange(kept.Max(document => document.Data.Length), 1, 4_000);
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
