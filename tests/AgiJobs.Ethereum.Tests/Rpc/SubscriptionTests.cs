using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;

namespace AgiJobs.Ethereum.Tests.Rpc;

public sealed class SubscriptionTests
{
    // Emits LOG1 with topic 7 whenever it is called.
    private static readonly Address Emitter = Address.Parse("0x00000000000000000000000000000000DeaDBeef");
    private static readonly byte[] EmitterCode = Hex.Decode("0x60075f5fa100");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_and_batches_travel_over_a_WebSocket_too()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var client = await ConnectAsync(anvil.WebSocketUrl);
        Assert.Equal(1, client.RoundTrips);
        var batch = client.NewBatch();
        var slots = Anvil.Accounts.Select(account => batch.Add(EthRequests.Balance(account, BlockReference.Latest))).ToArray();
        var wrong = batch.Add(EthRequests.Raw("eth_noSuchMethod"));
        await batch.SendAsync(Token);
        Assert.All(slots, slot => Assert.Equal(Wei.FromEther("10000"), slot.Value));
        Assert.IsType<RpcException>(wrong.Error);
        Assert.Equal(2, client.RoundTrips);

        var many = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => client.BlockNumberAsync(Token)));
        Assert.All(many, number => Assert.Equal(new BlockNumber(0), number));
    }

    [Fact]
    public async Task A_WebSocket_that_was_closed_is_opened_again_and_the_chain_checked_first()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var proxy = FaultyRpc.InFrontOf(anvil);
        var seen = new List<RpcExchange>();
        await using var client = await EthereumClient.ConnectAsync(
            RpcOptions.For(proxy.WebSocketUrl) with { RetryDelay = TimeSpan.FromMilliseconds(10), OnExchange = seen.Add },
            ChainId.Local, TimeProvider.System, Token);
        proxy.CutConnections();
        Assert.Equal(new BlockNumber(0), await client.BlockNumberAsync(Token));
        Assert.Equal(["eth_chainId", "eth_blockNumber"], seen[^1].Methods);
    }

    [Fact]
    public async Task New_heads_begin_with_a_gap_and_then_come_one_by_one()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await anvil.MineAsync(2);
        await using var client = await ConnectAsync(anvil.WebSocketUrl);
        await using var heads = client.NewHeadsAsync(Token).GetAsyncEnumerator(Token);

        var start = Assert.IsType<ChainGap<BlockHeader>>(await NextAsync(heads));
        Assert.Equal((null, new BlockNumber(2)), (start.LastSeen, start.Head));
        await anvil.MineAsync(3);
        for (var height = 3UL; height <= 5; height++)
        {
            Assert.Equal(new BlockNumber(height), Assert.IsType<ChainItem<BlockHeader>>(await NextAsync(heads)).Value.Number);
        }
    }

    [Fact]
    public async Task Logs_that_match_the_filter_are_delivered_and_others_are_not()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await anvil.SetCodeAsync(Emitter, EmitterCode);
        await using var client = await ConnectAsync(anvil.WebSocketUrl);
        var filter = new LogFilter { Addresses = [Emitter], Topics = [[Bytes32.FromUnsigned(7)]] };
        await using var logs = client.NewLogsAsync(filter, Token).GetAsyncEnumerator(Token);
        await using var none = client.NewLogsAsync(filter with { Topics = [[Bytes32.FromUnsigned(8)]] }, Token).GetAsyncEnumerator(Token);
        Assert.IsType<ChainGap<LogEntry>>(await NextAsync(logs));
        Assert.IsType<ChainGap<LogEntry>>(await NextAsync(none));

        var silent = NextAsync(none);
        var receipt = await anvil.ExecuteAsync(Anvil.Accounts[0], Emitter);
        var log = Assert.IsType<ChainItem<LogEntry>>(await NextAsync(logs)).Value;
        Assert.Equal((receipt.TransactionHash, Emitter, false), (log.TransactionHash, log.Address, log.Removed));
        Assert.False(silent.IsCompleted);
        await client.DisposeAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => silent);
    }

    [Fact]
    public async Task Pending_transactions_are_announced()
    {
        await using var anvil = await Anvil.StartAsync(new AnvilOptions { NoMining = true }, Token);
        await using var client = await ConnectAsync(anvil.WebSocketUrl);
        await using var pending = client.NewPendingTransactionsAsync(Token).GetAsyncEnumerator(Token);
        await NextAsync(pending);
        var hash = await anvil.SendFromAsync(Anvil.Accounts[0], Anvil.Accounts[1], value: new Wei(1));
        Assert.Equal(hash, Assert.IsType<ChainItem<Bytes32>>(await NextAsync(pending)).Value);
    }

    [Fact]
    public async Task After_a_restart_of_the_node_the_subscription_resumes_with_a_gap_that_can_be_read_later()
    {
        var state = Directory.CreateTempSubdirectory("agijobs-test-");
        try
        {
            await using var anvil = await Anvil.StartAsync(
                new AnvilOptions { StateFile = Path.Combine(state.FullName, "state.json") }, Token);
            await anvil.SetCodeAsync(Emitter, EmitterCode);
            await using var client = await ConnectAsync(anvil.WebSocketUrl);
            var filter = new LogFilter { Addresses = [Emitter] };
            await using var logs = client.NewLogsAsync(filter, Token).GetAsyncEnumerator(Token);
            await NextAsync(logs);
            await anvil.ExecuteAsync(Anvil.Accounts[0], Emitter);
            var before = Assert.IsType<ChainItem<LogEntry>>(await NextAsync(logs)).Value;

            var next = NextAsync(logs);
            await anvil.RestartAsync(Token);
            var missed = await anvil.ExecuteAsync(Anvil.Accounts[0], Emitter);
            var gap = Assert.IsType<ChainGap<LogEntry>>(await next);
            Assert.Equal(before.BlockNumber, gap.LastSeen);
            Assert.Contains(anvil.WebSocketUrl, gap.Reason, StringComparison.Ordinal);

            // The log is in the gap or is delivered: reading the gap and going on loses none.
            var found = new HashSet<Bytes32?>();
            if (gap.Head > gap.LastSeen!.Value)
            {
                var backfill = filter with
                {
                    From = BlockReference.At(new BlockNumber(gap.LastSeen.Value.Value + 1)),
                    To = BlockReference.At(gap.Head),
                };
                found.UnionWith((await client.LogsAsync(backfill, Token)).Select(log => log.TransactionHash));
            }

            var later = await anvil.ExecuteAsync(Anvil.Accounts[0], Emitter);
            while (!found.Contains(later.TransactionHash))
            {
                found.Add(Assert.IsType<ChainItem<LogEntry>>(await NextAsync(logs)).Value.TransactionHash);
            }

            Assert.Contains(missed.TransactionHash, found);
        }
        finally
        {
            state.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_killed_node_is_waited_for()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var client = await ConnectAsync(anvil.WebSocketUrl);
        await using var heads = client.NewHeadsAsync(Token).GetAsyncEnumerator(Token);
        await NextAsync(heads);
        var next = NextAsync(heads);
        await anvil.KillAsync();
        Assert.False(next.IsCompleted);
        await anvil.RestartAsync(Token);
        Assert.IsType<ChainGap<BlockHeader>>(await next);
        await anvil.MineAsync();
        Assert.Equal(new BlockNumber(1), Assert.IsType<ChainItem<BlockHeader>>(await NextAsync(heads)).Value.Number);
    }

    [Fact]
    public async Task A_node_that_comes_back_as_another_chain_ends_the_subscription()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var client = await ConnectAsync(anvil.WebSocketUrl);
        await using var heads = client.NewHeadsAsync(Token).GetAsyncEnumerator(Token);
        await NextAsync(heads);
        var next = NextAsync(heads);
        await anvil.KillAsync();
        await using var other = await Anvil.StartAsync(new AnvilOptions { ChainId = new ChainId(5), Port = anvil.Port }, Token);
        Assert.Equal("rpc-wrong-chain", (await Assert.ThrowsAsync<EthereumException>(() => next)).Code);
    }

    [Fact]
    public async Task The_next_endpoint_takes_over()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var first = FaultyRpc.InFrontOf(anvil);
        await using var client = await ConnectAsync(first.WebSocketUrl, anvil.WebSocketUrl);
        await using var heads = client.NewHeadsAsync(Token).GetAsyncEnumerator(Token);
        await NextAsync(heads);
        var next = NextAsync(heads);
        await first.DisposeAsync();
        Assert.IsType<ChainGap<BlockHeader>>(await next);
        await anvil.MineAsync();
        Assert.IsType<ChainItem<BlockHeader>>(await NextAsync(heads));
    }

    [Fact]
    public async Task A_connection_on_which_nothing_is_heard_is_opened_again()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var proxy = FaultyRpc.InFrontOf(anvil);
        await using var client = await EthereumClient.ConnectAsync(
            RpcOptions.For(proxy.WebSocketUrl) with { IdleTimeout = TimeSpan.FromMilliseconds(400), RetryDelay = TimeSpan.FromMilliseconds(10) },
            ChainId.Local, TimeProvider.System, Token);
        await using var heads = client.NewHeadsAsync(Token).GetAsyncEnumerator(Token);
        await NextAsync(heads);
        proxy.FreezeWebSockets = true;
        var next = NextAsync(heads);
        await anvil.MineAsync();
        await Wait.UntilAsync("the silent connection was given up", () => proxy.SocketsOpened > 1);
        proxy.FreezeWebSockets = false;
        var update = Assert.IsType<ChainGap<BlockHeader>>(await next);
        Assert.Equal(new BlockNumber(1), update.Head);
        Assert.Contains("nothing was heard", update.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_quiet_but_living_connection_is_kept()
    {
        var time = new ManualTime();
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var proxy = FaultyRpc.InFrontOf(anvil);
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(proxy.WebSocketUrl), ChainId.Local, time, Token);
        await using var heads = client.NewHeadsAsync(Token).GetAsyncEnumerator(Token);
        await NextAsync(heads);
        for (var i = 0; i < 5; i++)
        {
            var sent = proxy.SocketBytesFromNode;
            time.Advance(TimeSpan.FromSeconds(15));
            await Wait.UntilAsync("the sign of life came", () => proxy.SocketBytesFromNode > sent);
            Assert.Equal(new BlockNumber(0), await client.BlockNumberAsync(Token));
        }

        Assert.Equal(1, proxy.SocketsOpened);
    }

    [Fact]
    public async Task A_reader_that_is_too_slow_is_told_of_a_gap()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var client = await EthereumClient.ConnectAsync(
            RpcOptions.For(anvil.WebSocketUrl) with { SubscriptionBuffer = 5, RetryDelay = TimeSpan.FromMilliseconds(10) },
            ChainId.Local, TimeProvider.System, Token);
        await using var heads = client.NewHeadsAsync(Token).GetAsyncEnumerator(Token);
        await NextAsync(heads);
        await anvil.MineAsync(50);
        await Wait.UntilAsync("the blocks are there", async () => (await client.BlockNumberAsync(Token)).Value == 50);

        var highest = 0UL;
        ChainGap<BlockHeader>? gap = null;
        while (gap is null)
        {
            switch (await NextAsync(heads))
            {
                case ChainItem<BlockHeader> item:
                    Assert.Equal(highest + 1, item.Value.Number.Value);
                    highest++;
                    break;
                case ChainGap<BlockHeader> found:
                    gap = found;
                    break;
            }
        }

        Assert.Equal(new BlockNumber(highest), gap.LastSeen);
        Assert.Equal(new BlockNumber(50), gap.Head);
        Assert.Contains("too slow", gap.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_WebSocket_endpoint_there_are_no_subscriptions()
    {
        await using var node = FaultyRpc.Alone();
        await using var client = await ConnectAsync(node.Url);
        await using var heads = client.NewHeadsAsync(Token).GetAsyncEnumerator(Token);
        Assert.Equal("rpc-no-websocket", (await Assert.ThrowsAsync<EthereumException>(() => NextAsync(heads))).Code);
    }

    private static Task<EthereumClient> ConnectAsync(params string[] urls) => EthereumClient.ConnectAsync(
        RpcOptions.For(urls) with { RetryDelay = TimeSpan.FromMilliseconds(10), MaxRetryDelay = TimeSpan.FromMilliseconds(50) },
        ChainId.Local, TimeProvider.System, Token);

    private static async Task<ChainUpdate<T>> NextAsync<T>(IAsyncEnumerator<ChainUpdate<T>> updates)
    {
        Assert.True(await updates.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30), Token));
        return updates.Current;
    }
}
