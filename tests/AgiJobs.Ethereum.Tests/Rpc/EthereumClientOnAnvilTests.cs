using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;

namespace AgiJobs.Ethereum.Tests.Rpc;

public sealed class EthereumClientOnAnvilTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Connecting_checks_the_chain_and_brings_the_newest_block_in_one_round_trip()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await anvil.MineAsync(3);
        await using var client = await anvil.ConnectAsync(Token);

        Assert.Equal(1, client.RoundTrips);
        Assert.Equal(new BlockNumber(3), client.HeadAtConnect.Number);
        Assert.Equal(await client.BlockNumberAsync(Token), client.HeadAtConnect.Number);
    }

    [Fact]
    public async Task A_node_of_another_chain_is_refused_with_both_ids()
    {
        await using var anvil = await Anvil.StartAsync(new AnvilOptions { ChainId = new ChainId(5) }, Token);
        var refusal = await Assert.ThrowsAsync<EthereumException>(
            () => EthereumClient.ConnectAsync(RpcOptions.For(anvil.Url), new ChainId(1), TimeProvider.System, Token));

        Assert.Equal(("rpc-wrong-chain", Fault.Mismatch), (refusal.Code, refusal.Fault));
        Assert.Contains("serves chain 5, but chain 1 was expected", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Different_reads_travel_in_one_round_trip_and_answer_each_for_itself()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var client = await anvil.ConnectAsync(Token);
        var before = client.RoundTrips;

        var batch = client.NewBatch();
        var balance = batch.Add(EthRequests.Balance(Anvil.Accounts[0], BlockReference.Latest));
        var code = batch.Add(EthRequests.Code(Anvil.Accounts[1], BlockReference.At(client.HeadAtConnect.Hash!.Value)));
        var nonce = batch.Add(EthRequests.Nonce(Anvil.Accounts[2], BlockReference.Pending));
        var unknown = batch.Add(EthRequests.Raw("eth_noSuchMethod"));
        var missing = batch.Add(EthRequests.Balance(Anvil.Accounts[0], BlockReference.At(new BlockNumber(1_000_000))));
        var receipt = batch.Add(EthRequests.Receipt(Bytes32.Zero));
        await batch.SendAsync(Token);

        Assert.Equal(before + 1, client.RoundTrips);
        Assert.Equal(Wei.FromEther("10000"), balance.Value);
        Assert.Empty(code.Value);
        Assert.Equal(0UL, nonce.Value);
        Assert.Equal("rpc-method", Assert.Throws<RpcException>(() => unknown.Value).Code);
        Assert.Equal("rpc-error", Assert.Throws<RpcException>(() => missing.Value).Code);
        Assert.Null(receipt.Value);
    }

    [Fact]
    public async Task Receipts_transactions_blocks_and_fees_read_what_the_chain_did()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var client = await anvil.ConnectAsync(Token);

        // Init code that emits LOG1 with topic 7 and returns no code.
        var receipt = await anvil.ExecuteAsync(Anvil.Accounts[0], null, Hex.Decode("0x602a600052600760206000a100"));
        var transaction = await client.TransactionAsync(receipt.TransactionHash, Token);
        var block = await client.BlockAsync(BlockReference.At(receipt.BlockHash), Token);
        var logs = await client.LogsAsync(new LogFilter { BlockHash = receipt.BlockHash }, Token);
        var fees = await client.FeeHistoryAsync(2, BlockReference.Latest, [10, 50], Token);

        Assert.True(receipt.Succeeded);
        Assert.Null(receipt.To);
        Assert.NotNull(receipt.ContractAddress);
        Assert.Equal(Anvil.Accounts[0], transaction!.From);
        Assert.Equal(receipt.BlockHash, transaction.BlockHash);
        Assert.Equal([receipt.TransactionHash], block!.Transactions);
        var log = Assert.Single(logs);
        Assert.Equal(Bytes32.FromUnsigned(7), Assert.Single(log.Topics));
        Assert.Equal(Bytes32.FromUnsigned(42).ToBytes(), log.Data.ToArray());
        Assert.Equal(receipt.Logs[0].LogIndex, log.LogIndex);
        Assert.Equal(3, fees.BaseFees.Count);
        Assert.Equal(2, fees.Rewards[0].Count);
    }

    [Fact]
    public async Task Disposing_leaves_no_chain_running()
    {
        var anvil = await Anvil.StartAsync(cancellationToken: Token);
        var url = anvil.Url;
        await anvil.DisposeAsync();
        var failure = await Assert.ThrowsAsync<EthereumException>(() => EthereumClient.ConnectAsync(
            RpcOptions.For(url) with { Rounds = 1 }, ChainId.Local, TimeProvider.System, Token));
        Assert.Equal(("rpc-unreachable", Fault.Unknown), (failure.Code, failure.Fault));
        Assert.Contains(url, failure.Message, StringComparison.Ordinal);
    }
}
