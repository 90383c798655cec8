using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Watching;
using AgiJobs.Storage.Tests;
using AgiJobs.Testing;

namespace AgiJobs.Response.Tests.Watching;

/// <summary>Monitors on a real node, with real stores.</summary>
public sealed class NodeChainTests(PostgresServer postgres)
{
    // Emits LOG1 with topic 0x2a and no data, whoever calls it.
    private static readonly byte[] Emitter = Hex.Decode("0x602a60006000a100");

    private static readonly Address Contract = Address.Parse("0x00000000000000000000000000000000000e1234");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_real_reorganisation_takes_findings_back_and_the_new_branch_is_examined(bool usesPostgres)
    {
        await using var anvil = await Anvil.StartAsync();
        await anvil.SetCodeAsync(Contract, Emitter);
        await using var client = await anvil.ConnectAsync();
        var chain = new NodeChain(client);
        await using var ground = await WatchGround.StartAsync(place: usesPostgres ? await postgres.PlaceAsync() : null);
        ground.Time.Advance(TimeProvider.System.GetUtcNow() - ground.Time.GetUtcNow());
        using var monitor = new ChainMonitor(ground.Store, _ => Task.FromResult<IWatchedChain>(chain), WatchTrack.Of([new CountingSet(0)]), ground.Options with { Take = ground.TakeAsync }, ground.Time);
        for (var block = 0; block < 4; block++)
        {
            await anvil.ExecuteAsync(Anvil.Accounts[0], Contract);
        }

        await ground.CatchUpAsync(monitor);
        Assert.Equal(4, (await ground.FoundAsync()).Count(found => found.Kind == "Firing"));

        // The transactions of the withdrawn blocks are not mined again.
        await anvil.ReorgAsync(2);
        await ground.CatchUpAsync(monitor);
        var told = await ground.FoundAsync();
        Assert.Equal(2, told.Count(found => found.Kind == "Retracted"));
        Assert.Equal(1, (await ground.StandingAsync()).Reorganisations);

        var snapshot = await anvil.SnapshotAsync();
        await anvil.ExecuteAsync(Anvil.Accounts[0], Contract);
        await ground.CatchUpAsync(monitor);
        await anvil.RevertAsync(snapshot);
        await anvil.MineAsync(2);
        await ground.CatchUpAsync(monitor);
        told = await ground.FoundAsync();
        Assert.Equal(3, told.Count(found => found.Kind == "Retracted"));
        Assert.Equal(5, told.Count(found => found.Kind == "Firing"));
    }

    [Fact]
    public async Task Views_transactions_and_outcomes_are_those_of_the_block_that_is_examined()
    {
        await using var anvil = await Anvil.StartAsync();
        // Returns the number of the block.
        await anvil.SetCodeAsync(Contract, Hex.Decode("0x4360005260206000f3"));
        var receipt = await anvil.ExecuteAsync(Anvil.Accounts[0], Contract);
        await anvil.MineAsync(3);
        await using var client = await anvil.ConnectAsync();
        var chain = new NodeChain(client);
        var read = new StateRead(Contract, "0x");
        var needs = new BlockNeeds([], null, true, [read]) { Outcomes = [Contract] };
        var contents = await chain.ReadRangeAsync(1, 4, needs, CancellationToken.None);
        Assert.Equal([1, 2, 3, 4], contents.Select(content => (int)new Bytes32(Hex.Decode(content.Answers.Answers[read].Result!)).ToUnsigned()));
        Assert.Equal(receipt.TransactionHash, contents.Single(content => content.Block.Transactions!.Count > 0).Block.Transactions!.Single().Hash);
        Assert.True(contents.Single(content => content.Block.Header.Number == receipt.BlockNumber).Block.Outcomes![receipt.TransactionHash]);
        Assert.All(contents, content => Assert.Empty(content.Block.Logs));
    }

    [Fact]
    public async Task A_contracts_refusal_is_an_answer_and_the_nodes_is_none()
    {
        await using var anvil = await Anvil.StartAsync();
        // Reverts.
        await anvil.SetCodeAsync(Contract, Hex.Decode("0x60006000fd"));
        await anvil.MineAsync(1);
        await using var rpc = FaultyRpc.InFrontOf(anvil);
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(rpc.Url) with { Rounds = 1 }, ChainId.Local, TimeProvider.System);
        var chain = new NodeChain(client);
        var needs = new BlockNeeds([], null, false, [new StateRead(Contract, "0x")]);
        var header = await chain.HeadAsync(CancellationToken.None);
        var reverted = await chain.ReadAsync(header, needs, CancellationToken.None);
        Assert.False(reverted.IsUnread);
        Assert.Null(Assert.Single(reverted.Answers.Answers.Values).Result);

        rpc.On("eth_call").Error(-32000, "missing trie node 1f (path ) state 0x1f is not available");
        var refused = await chain.ReadAsync(header, needs, CancellationToken.None);
        Assert.True(refused.IsUnread);
        Assert.Contains("missing trie node", Assert.Single(refused.Answers.Answers.Values).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_refuses_for_the_size_of_the_answer_is_asked_for_less_and_any_other_refusal_is_none()
    {
        await using var anvil = await Anvil.StartAsync();
        await anvil.SetCodeAsync(Contract, Emitter);
        await anvil.MineAsync(60);
        await using var rpc = FaultyRpc.InFrontOf(anvil);
        rpc.On("eth_getLogs").When(parameters => Convert.ToInt32((string)parameters[0]!["toBlock"]!, 16) - Convert.ToInt32((string)parameters[0]!["fromBlock"]!, 16) >= 10).Error(-32005, "query returned more than 10000 results");
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(rpc.Url) with { Rounds = 1 }, ChainId.Local, TimeProvider.System);
        var chain = new NodeChain(client);
        var options = new MonitorOptions { Network = "test", ChainId = ChainId.Local, Name = "main" };
        var blocks = new List<ulong>();
        await foreach (var part in new RangeReader(chain, options).ReadAsync(1, 60, new BlockNeeds(null, null, false, []), CancellationToken.None))
        {
            blocks.AddRange(part.Select(content => content.Block.Header.Number.Value));
        }

        Assert.Equal(Enumerable.Range(1, 60).Select(number => (ulong)number), blocks);
        rpc.Heal();
        rpc.On("eth_getLogs").Error(-32000, "header not found");
        Assert.NotEqual(IWatchedChain.RangeTooLarge, (await Assert.ThrowsAnyAsync<EthereumException>(() => chain.ReadRangeAsync(1, 60, new BlockNeeds(null, null, false, []), CancellationToken.None))).Code);
    }

    [Fact]
    public async Task A_subscription_wakes_the_monitor_and_one_that_is_silent_keeps_nothing_from_being_seen()
    {
        await using var anvil = await Anvil.StartAsync();
        await anvil.SetCodeAsync(Contract, Emitter);
        await using var rpc = FaultyRpc.InFrontOf(anvil);
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(rpc.WebSocketUrl), ChainId.Local, TimeProvider.System);
        var chain = new NodeChain(client);
        Assert.True(chain.TellsHeads);
        await using var ground = await WatchGround.StartAsync();
        using var monitor = new ChainMonitor(ground.Store, _ => Task.FromResult<IWatchedChain>(chain), WatchTrack.Of([new CountingSet(0)]), ground.Options with { Take = ground.TakeAsync, Poll = TimeSpan.FromMilliseconds(100), SkewLimit = TimeSpan.FromDays(10_000) }, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var running = monitor.RunAsync(_ => { }, problem => throw problem, stop.Token);
        await anvil.ExecuteAsync(Anvil.Accounts[0], Contract);
        await Wait.UntilAsync("the finding", async () => (await ground.FoundAsync()).Count == 1);
        await anvil.ExecuteAsync(Anvil.Accounts[0], Contract);
        await Wait.UntilAsync("the finding", async () => (await ground.FoundAsync()).Count == 2);
        await stop.CancelAsync();
        await running;
        Assert.Null(await ground.Store.FindLeaseAsync("response/test/monitors/main/lease"));
    }
}
