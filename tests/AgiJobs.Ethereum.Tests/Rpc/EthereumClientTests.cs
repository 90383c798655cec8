using System.Text.Json.Nodes;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;

namespace AgiJobs.Ethereum.Tests.Rpc;

public sealed class EthereumClientTests
{
    private static readonly Address Account = Anvil.Accounts[0];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_may_answer_a_batch_in_any_order()
    {
        await using var node = FaultyRpc.Alone();
        node.On("eth_getBalance").Result("0x7");
        node.On("eth_getTransactionCount").Result("0x9");
        node.ReverseBatches = true;
        await using var client = await ConnectAsync(node);

        var (balance, nonce) = await BalanceAndNonceAsync(client);
        Assert.Equal(new Wei(7), balance.Value);
        Assert.Equal(9UL, nonce.Value);
        Assert.Equal(2, node.Exchanges);
    }

    [Fact]
    public async Task An_item_without_an_answer_is_an_error_of_this_item_alone()
    {
        await using var node = FaultyRpc.Alone();
        node.On("eth_getBalance").Omit();
        node.On("eth_getTransactionCount").Result("0x9");
        await using var client = await ConnectAsync(node, rounds: 1);

        var (balance, nonce) = await BalanceAndNonceAsync(client);
        Assert.Equal(9UL, nonce.Value);
        Assert.Equal(("rpc-malformed", Fault.Unknown), (balance.Error!.Code, balance.Error.Fault));
        Assert.Contains("without one for eth_getBalance", balance.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_item_answered_twice_is_an_error_of_this_item_alone()
    {
        await using var node = FaultyRpc.Alone();
        node.On("eth_getBalance").Repeat();
        node.On("eth_getTransactionCount").Result("0x9");
        await using var client = await ConnectAsync(node, rounds: 1);

        var (balance, nonce) = await BalanceAndNonceAsync(client);
        Assert.Equal(9UL, nonce.Value);
        Assert.Contains("twice", balance.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_under_another_id_is_refused()
    {
        await using var node = FaultyRpc.Alone();
        node.On("eth_gasPrice").OtherId();
        await using var client = await ConnectAsync(node, rounds: 1);

        var error = await Assert.ThrowsAsync<EthereumException>(() => client.GasPriceAsync(Token));
        Assert.Equal("rpc-malformed", error.Code);
        Assert.Contains(node.Url, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "empty answer")]
    [InlineData("<html><body>Bad gateway</body></html>", "web page instead of JSON: <html>")]
    [InlineData("{\"jsonrpc\":\"2.0\",", "not JSON")]
    [InlineData("\"hello\"", "not JSON-RPC")]
    [InlineData("[]", "not JSON-RPC")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"result\":\"0x1\"}", "without one for eth_gasPrice")]
    public async Task An_answer_that_is_not_JSON_RPC_is_named_with_its_node(string body, string expected)
    {
        await using var node = FaultyRpc.Alone();
        await using var client = await ConnectAsync(node, rounds: 1);
        node.On("*").Http(200, body);

        var error = await Assert.ThrowsAsync<EthereumException>(() => client.GasPriceAsync(Token));
        Assert.Equal(("rpc-malformed", Fault.Unknown), (error.Code, error.Fault));
        Assert.Contains(node.Url, error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_result_is_refused()
    {
        await using var node = FaultyRpc.Alone();
        await using var client = await ConnectAsync(node, rounds: 1);
        node.On("*").Http(200, "{\"jsonrpc\":\"2.0\",\"id\":4}");

        var error = await Assert.ThrowsAsync<EthereumException>(() => client.GasPriceAsync(Token));
        Assert.Contains("neither a result nor an error", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_above_the_size_limit_is_not_read_further()
    {
        await using var node = FaultyRpc.Alone();
        await using var client = await EthereumClient.ConnectAsync(
            RpcOptions.For(node.Url) with { Rounds = 1, MaxResponseBytes = 10_000 }, ChainId.Local, TimeProvider.System, Token);
        node.On("eth_getCode").Result("0x" + new string('6', 20_000));

        var error = await Assert.ThrowsAsync<EthereumException>(() => client.CodeAsync(Account, BlockReference.Latest, Token));
        Assert.Equal("rpc-too-large", error.Code);
    }

    [Fact]
    public async Task A_node_that_refuses_batches_is_named_with_the_setting_that_helps()
    {
        await using var node = FaultyRpc.Alone();
        await using var client = await ConnectAsync(node, rounds: 1);
        node.On("eth_getBalance").Http(
            200, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":\"batches are off\"}}");

        var (balance, nonce) = await BalanceAndNonceAsync(client);
        Assert.Equal("rpc-batch", balance.Error!.Code);
        Assert.Equal("rpc-batch", nonce.Error!.Code);
        Assert.Contains("batches are off", balance.Error.Message, StringComparison.Ordinal);
        Assert.Contains("MaxBatchSize", balance.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_batching_every_request_travels_alone_and_the_chain_is_still_checked_first()
    {
        await using var node = FaultyRpc.Alone();
        node.On("eth_getBalance").Result("0x7");
        node.On("eth_getTransactionCount").Result("0x9");
        await using var client = await EthereumClient.ConnectAsync(
            RpcOptions.For(node.Url) with { MaxBatchSize = 1 }, ChainId.Local, TimeProvider.System, Token);

        var (balance, nonce) = await BalanceAndNonceAsync(client);
        Assert.Equal((new Wei(7), 9UL), (balance.Value, nonce.Value));
        Assert.Equal("eth_chainId", node.Requests[0].Method);
        Assert.Equal(4, node.Exchanges);
        Assert.Equal(4, client.RoundTrips);
    }

    [Fact]
    public async Task A_large_batch_is_split()
    {
        await using var node = FaultyRpc.Alone();
        node.On("eth_getTransactionCount").Result("0x5");
        await using var client = await EthereumClient.ConnectAsync(
            RpcOptions.For(node.Url) with { MaxBatchSize = 10 }, ChainId.Local, TimeProvider.System, Token);

        var batch = client.NewBatch();
        var slots = Enumerable.Range(0, 95).Select(_ => batch.Add(EthRequests.Nonce(Account, BlockReference.Latest))).ToArray();
        await batch.SendAsync(Token);
        Assert.All(slots, slot => Assert.Equal(5UL, slot.Value));
        Assert.Equal(11, client.RoundTrips);
    }

    [Fact]
    public async Task An_HTTP_error_with_a_JSON_RPC_error_in_it_is_read_as_the_latter()
    {
        await using var node = FaultyRpc.Alone();
        await using var client = await ConnectAsync(node, rounds: 1);
        node.On("eth_gasPrice").Http(400, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32602,\"message\":\"bad parameters\"}}");

        var error = await Assert.ThrowsAsync<RpcException>(() => client.GasPriceAsync(Token));
        Assert.Equal((-32602L, "bad parameters"), (error.NodeCode, error.NodeMessage));
    }

    [Fact]
    public async Task An_error_object_keeps_code_message_and_data()
    {
        await using var node = FaultyRpc.Alone();
        node.On("eth_gasPrice").Error(-32000, "not today", new JsonObject { ["why"] = "closed" });
        await using var client = await ConnectAsync(node);

        var error = await Assert.ThrowsAsync<RpcException>(() => client.GasPriceAsync(Token));
        Assert.Equal(("rpc-error", Fault.Failed), (error.Code, error.Fault));
        Assert.Equal(-32000, error.NodeCode);
        Assert.Equal("not today", error.NodeMessage);
        Assert.Equal("""{"why":"closed"}""", error.NodeData);
        Assert.Equal(1, node.Count("eth_gasPrice"));
    }

    [Fact]
    public async Task Numbers_keep_every_digit()
    {
        await using var node = FaultyRpc.Alone();
        node.On("eth_getBalance").Result("0x" + new string('f', 64));
        node.On("eth_getTransactionCount").Result("0xffffffffffffffff");
        await using var client = await ConnectAsync(node);

        var (balance, nonce) = await BalanceAndNonceAsync(client);
        Assert.Equal((System.Numerics.BigInteger.One << 256) - 1, balance.Value.Value);
        Assert.Equal(ulong.MaxValue, nonce.Value);
    }

    [Theory]
    [InlineData("\"0x10000000000000000\"")]
    [InlineData("\"0x\"")]
    [InlineData("\"12\"")]
    [InlineData("12")]
    [InlineData("null")]
    [InlineData("\"0x1g\"")]
    [InlineData("{}")]
    public async Task A_nonce_that_is_not_a_64_bit_quantity_is_refused(string result)
    {
        await using var node = FaultyRpc.Alone();
        node.On("eth_getTransactionCount").Result(JsonNode.Parse(result));
        await using var client = await ConnectAsync(node, rounds: 1);

        var error = await Assert.ThrowsAsync<EthereumException>(() => client.NonceAsync(Account, BlockReference.Latest, Token));
        Assert.Equal("rpc-malformed", error.Code);
    }

    [Fact]
    public async Task A_block_by_hash_is_asked_for_as_EIP_1898_says()
    {
        await using var node = FaultyRpc.Alone();
        node.On("eth_getBalance").Result("0x7");
        await using var client = await ConnectAsync(node);
        await client.BalanceAsync(Account, BlockReference.At(Bytes32.FromUnsigned(1)), Token);

        Assert.Equal(
            $$"""["0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",{"blockHash":"{{Bytes32.FromUnsigned(1)}}","requireCanonical":true}]""",
            node.Requests[^1].Parameters);
    }

    [Fact]
    public async Task Every_exchange_is_observed_with_its_methods()
    {
        var seen = new List<RpcExchange>();
        await using var node = FaultyRpc.Alone();
        node.On("eth_gasPrice").Drop();
        await using var client = await EthereumClient.ConnectAsync(
            RpcOptions.For(node.Url) with { Rounds = 1, OnExchange = seen.Add }, ChainId.Local, TimeProvider.System, Token);
        await Assert.ThrowsAsync<EthereumException>(() => client.GasPriceAsync(Token));

        Assert.Equal(["eth_chainId", "eth_getBlockByNumber", "eth_getCode"], seen[0].Methods);
        Assert.Null(seen[0].Failure);
        Assert.Equal(["eth_gasPrice"], seen[1].Methods);
        Assert.NotNull(seen[1].Failure);
    }

    private static Task<EthereumClient> ConnectAsync(FaultyRpc node, int rounds = 3) => EthereumClient.ConnectAsync(
        RpcOptions.For(node.Url) with { Rounds = rounds, RetryDelay = TimeSpan.Zero }, ChainId.Local, TimeProvider.System, Token);

    private static async Task<(RpcSlot<Wei> Balance, RpcSlot<ulong> Nonce)> BalanceAndNonceAsync(EthereumClient client)
    {
        var batch = client.NewBatch();
        var slots = (
            batch.Add(EthRequests.Balance(Account, BlockReference.Latest)), batch.Add(EthRequests.Nonce(Account, BlockReference.Latest)));
        await batch.SendAsync(Token);
        return slots;
    }
}
