using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Index;
using AgiJobs.Response.Watching;
using AgiJobs.Storage;
using AgiJobs.Storage.Tests;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Response.Tests.Index;

/// <summary>The index of a real protocol on a real chain.</summary>
public sealed class EventIndexTests(PostgresServer postgres)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Events_are_found_go_with_their_block_and_come_back_the_same_from_scratch(bool usesPostgres)
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-index-").FullName;
        await using var network = await TestNetwork.StartAsync();
        await using var store = await StateStore.OpenAsync(usesPostgres ? await postgres.PlaceAsync() : StateLocation.File(Path.Combine(folder, "state.db")), TimeProvider.System);
        var index = new EventIndex(store, TestNetwork.Network, network.Protocol);
        await FollowAsync(network, store, index);

        var registry = network.Protocol["JobRegistry"];
        var transfers = await index.SearchAsync(new EventQuery { Event = "OwnershipTransferred", Module = "JobRegistry" }, CancellationToken.None);
        Assert.NotEmpty(transfers.Events);
        using (var json = JsonDocument.Parse(transfers.Events[0]))
        {
            Assert.Equal(registry.Address.ToString(), json.RootElement.GetProperty("address").GetString());
            var transaction = Bytes32.Parse(json.RootElement.GetProperty("transaction").GetString()!);
            var ofTransaction = await index.SearchAsync(new EventQuery { Transaction = transaction }, CancellationToken.None);
            Assert.Contains(transfers.Events[0], ofTransaction.Events);
        }

        // Everything, page by page, is the chain's own list.
        var all = new List<string>();
        string? after = null;
        do
        {
            var page = await index.SearchAsync(new EventQuery { After = after, Limit = 37 }, CancellationToken.None);
            all.AddRange(page.Events);
            after = page.Next;
        }
        while (after is not null);
        var logs = await network.Client.LogsAsync(new LogFilter { From = BlockReference.Earliest, To = BlockReference.Latest, Addresses = [.. network.Protocol.Modules.Select(module => module.Address)] });
        Assert.Equal(logs.Select(log => (log.BlockNumber!.Value.Value, log.LogIndex!.Value)), all.Select(Place));

        var part = await index.SearchAsync(new EventQuery { From = 20, To = 30 }, CancellationToken.None);
        Assert.Equal(logs.Count(log => log.BlockNumber!.Value.Value is >= 20 and <= 30), part.Events.Count);
        Assert.All(part.Events, text => Assert.InRange(Place(text).Block, 20UL, 30UL));

        // A pause that is taken back with its block.
        var head = (await network.Client.BlockNumberAsync()).Value;
        var (before, count) = await index.DigestAsync(head, CancellationToken.None);
        var snapshot = await network.SnapshotAsync();
        await network.CallAsAsync(network.Accounts["guardian"].Address, "SystemPause", "pauseAll");
        await FollowAsync(network, store, index);
        var paused = await index.SearchAsync(new EventQuery { Event = "Paused" }, CancellationToken.None);
        Assert.NotEmpty(paused.Events);
        await network.RevertAsync(snapshot);
        await network.MineAsync();
        await network.MineAsync();
        await FollowAsync(network, store, index);
        Assert.Empty((await index.SearchAsync(new EventQuery { Event = "Paused" }, CancellationToken.None)).Events);
        Assert.Equal((before, count), await index.DigestAsync(head, CancellationToken.None));

        await index.ClearAsync(TestNetwork.Network, CancellationToken.None);
        Assert.Empty((await index.SearchAsync(new EventQuery(), CancellationToken.None)).Events);
        await FollowAsync(network, store, index);
        Assert.Equal((before, count), await index.DigestAsync(head, CancellationToken.None));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task An_index_that_is_being_written_is_not_cleared_and_a_query_that_cannot_be_is_refused()
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-index-").FullName;
        await using (var store = await StateStore.OpenAsync(StateLocation.File(Path.Combine(folder, "state.db")), TimeProvider.System))
        {
            var index = new EventIndex(store, "test");
            Assert.NotNull(await store.TryAcquireAsync("response/test/monitors/event-index/lease", "service", TimeSpan.FromMinutes(1)));
            Assert.Equal("index-busy", (await Assert.ThrowsAsync<ControlException>(() => index.ClearAsync("test", CancellationToken.None))).Code);
            foreach (var wrong in (EventQuery[])[new() { Limit = 0 }, new() { Limit = 1001 }, new() { From = 2, To = 1 }, new() { After = "7" }])
            {
                Assert.Equal("index-query", (await Assert.ThrowsAsync<ControlException>(() => index.SearchAsync(wrong, CancellationToken.None))).Code);
            }
        }

        Directory.Delete(folder, recursive: true);
    }

    private static (ulong Block, ulong Log) Place(string text)
    {
        using var json = JsonDocument.Parse(text);
        return (json.RootElement.GetProperty("block").GetUInt64(), json.RootElement.GetProperty("logIndex").GetUInt64());
    }

    private static async Task FollowAsync(TestNetwork network, IStateStore store, EventIndex index)
    {
        using var monitor = index.Follower(TestNetwork.Network, new MonitorOptions { Network = TestNetwork.Network, ChainId = ChainId.Local, Name = EventIndex.Monitor }, _ => Task.FromResult<IWatchedChain>(new NodeChain(network.Client)), TimeProvider.System);
        MonitorTick tick;
        do
        {
            tick = await monitor.TickAsync(CancellationToken.None);
        }
        while (tick is not { State: MonitorState.Watching, Behind: 0 });
        await monitor.LeaveAsync();
    }
}
