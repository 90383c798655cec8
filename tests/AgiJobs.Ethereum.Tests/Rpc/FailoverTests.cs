using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;

namespace AgiJobs.Ethereum.Tests.Rpc;

public sealed class FailoverTests
{
    private static readonly Address Account = Anvil.Accounts[0];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("drop")]
    [InlineData("500")]
    [InlineData("503")]
    [InlineData("429")]
    [InlineData("302")]
    [InlineData("404")]
    [InlineData("garbage")]
    [InlineData("overload")]
    public async Task The_second_node_answers_when_the_first_fails(string fault)
    {
        await using var first = FaultyRpc.Alone();
        await using var second = FaultyRpc.Alone();
        await using var client = await ConnectAsync(RpcOptions.For(first.Url, second.Url));
        second.On("eth_gasPrice").Result("0x5");
        _ = fault switch
        {
            "drop" => first.On("*").Drop(),
            "garbage" => first.On("*").Http(200, "<html>"),
            "overload" => first.On("eth_gasPrice").Error(429, "Too Many Requests"),
            _ => first.On("*").Http(int.Parse(fault), headers: "Retry-After: 1\r\n"),
        };

        Assert.Equal(new Wei(5), await client.GasPriceAsync(Token));
        Assert.Equal(["eth_chainId", "eth_gasPrice"], second.Requests.Select(request => request.Method));
    }

    [Fact]
    public async Task A_node_that_stalls_is_left_after_the_timeout_of_the_clock()
    {
        var time = new ManualTime();
        await using var first = FaultyRpc.Alone();
        await using var second = FaultyRpc.Alone();
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(first.Url, second.Url), ChainId.Local, time, Token);
        first.On("*").Stall();
        second.On("eth_gasPrice").Result("0x5");

        var price = client.GasPriceAsync(Token);
        await Wait.UntilAsync("the request reached the first node", () => first.Count("eth_gasPrice") == 1);
        Assert.False(price.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(new Wei(5), await price);
    }

    [Fact]
    public async Task A_node_that_failed_rests_and_is_primary_again_afterwards()
    {
        var time = new ManualTime();
        await using var first = FaultyRpc.Alone();
        await using var second = FaultyRpc.Alone();
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(first.Url, second.Url), ChainId.Local, time, Token);
        first.On("eth_gasPrice").Drop().Times(1);
        first.On("eth_gasPrice").Result("0x1").After(1);
        second.On("eth_gasPrice").Result("0x2");

        Assert.Equal(new Wei(2), await client.GasPriceAsync(Token));
        Assert.Equal(new Wei(2), await client.GasPriceAsync(Token));
        time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(new Wei(1), await client.GasPriceAsync(Token));
    }

    [Fact]
    public async Task Rounds_wait_longer_each_time_and_never_longer_than_allowed()
    {
        var time = new ManualTime();
        var bounds = new List<int>();
        await using var node = FaultyRpc.Alone();
        var options = RpcOptions.For(node.Url) with
        {
            Rounds = 5,
            RetryDelay = TimeSpan.FromMilliseconds(200),
            MaxRetryDelay = TimeSpan.FromMilliseconds(1000),
            Jitter = bound =>
            {
                bounds.Add(bound);
                return bound - 1;
            },
        };
        await using var client = await EthereumClient.ConnectAsync(options, ChainId.Local, time, Token);
        node.On("*").Drop();

        var waits = new List<TimeSpan>();
        var price = client.GasPriceAsync(Token);
        for (var round = 1; round < 5; round++)
        {
            await Wait.UntilAsync($"the wait after round {round}", () => time.NextTimer < TimeSpan.FromSeconds(2));
            waits.Add(time.NextTimer!.Value);
            time.Advance(time.NextTimer.Value);
        }

        await Assert.ThrowsAsync<EthereumException>(() => price);
        Assert.Equal([200, 400, 800, 1000], waits.Select(wait => wait.TotalMilliseconds));
        Assert.Equal([101, 201, 401, 501], bounds);
    }

    [Fact]
    public async Task When_no_node_answers_the_error_says_which_failed_how_without_secrets()
    {
        await using var first = FaultyRpc.Alone();
        await using var second = FaultyRpc.Alone();
        first.On("*").Http(503);
        second.On("*").Http(200, "no such key: t0psecrettoken or hunter22");
        var options = RpcOptions.For(
            first.Url.Replace("http://", "http://alice:hunter22@", StringComparison.Ordinal) + "/v3/t0psecrettoken",
            second.Url.Replace("http://", "http://alice:hunter22@", StringComparison.Ordinal) + "/rpc?apikey=t0psecrettoken") with
        {
            Rounds = 2,
            RetryDelay = TimeSpan.Zero,
        };

        var error = await Assert.ThrowsAsync<EthereumException>(() => ConnectAsync(options));
        Assert.Equal(("rpc-unreachable", Fault.Unknown), (error.Code, error.Fault));
        Assert.Contains($"{first.Url}/*** answered HTTP 503 (2 times)", error.Message, StringComparison.Ordinal);
        Assert.Contains($"{second.Url}/*** sent something that is not JSON", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("t0psecrettoken", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter22", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("alice", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_chain_is_refused_with_the_redacted_URL_and_both_ids()
    {
        await using var node = FaultyRpc.Alone(new ChainId(1));
        var options = RpcOptions.For(node.Url + "/v3/t0psecrettoken");

        var error = await Assert.ThrowsAsync<EthereumException>(
            () => EthereumClient.ConnectAsync(options, new ChainId(11155111), TimeProvider.System, Token));
        Assert.Equal(("rpc-wrong-chain", Fault.Mismatch), (error.Code, error.Fault));
        Assert.Contains($"{node.Url}/*** serves chain 1, but chain 11155111 was expected", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("t0psecrettoken", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fallback_node_of_another_chain_never_gets_a_transaction()
    {
        await using var first = FaultyRpc.Alone();
        await using var second = FaultyRpc.Alone(new ChainId(1));
        await using var client = await ConnectAsync(RpcOptions.For(first.Url, second.Url));
        first.On("*").Drop();

        var error = await Assert.ThrowsAsync<EthereumException>(() => client.SendRawAsync(new byte[] { 1, 2, 3 }, Token));
        Assert.Equal("rpc-wrong-chain", error.Code);
        Assert.Equal(["eth_chainId"], second.Requests.Select(request => request.Method));
    }

    [Fact]
    public async Task A_node_that_changes_its_chain_after_a_lost_connection_is_noticed()
    {
        await using var node = FaultyRpc.Alone();
        await using var client = await ConnectAsync(RpcOptions.For(node.Url));
        node.On("eth_gasPrice").Result("0x5");
        node.On("eth_gasPrice").Drop().Times(1);
        node.WrongChain(new ChainId(5));

        Assert.Equal("rpc-wrong-chain", (await Assert.ThrowsAsync<EthereumException>(() => client.GasPriceAsync(Token))).Code);
    }

    [Theory]
    [InlineData("eth_sendTransaction")]
    [InlineData("anvil_mine")]
    [InlineData("evm_snapshot")]
    [InlineData("eth_getFilterChanges")]
    [InlineData("eth_somethingNew")]
    public async Task What_may_act_twice_is_sent_once(string method)
    {
        await using var first = FaultyRpc.Alone();
        await using var second = FaultyRpc.Alone();
        await using var client = await ConnectAsync(RpcOptions.For(first.Url, second.Url));
        first.On(method).Drop();

        var error = await Assert.ThrowsAsync<EthereumException>(() => client.RequestAsync(method, cancellationToken: Token));
        Assert.Contains("may have acted on it", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, first.Count(method));
        Assert.Equal(0, second.Exchanges);
    }

    [Fact]
    public async Task What_may_act_twice_still_goes_to_the_second_node_when_the_first_was_never_connected()
    {
        await using var second = FaultyRpc.Alone();
        var gone = FaultyRpc.Alone();
        await using var client = await ConnectAsync(RpcOptions.For(gone.Url, second.Url));
        await gone.DisposeAsync();
        second.On("evm_snapshot").Result("0x1");

        Assert.Equal("0x1", (await client.RequestAsync("evm_snapshot", cancellationToken: Token)).GetString());
    }

    [Fact]
    public async Task A_signed_transaction_whose_answer_was_lost_is_sent_again_and_already_known_is_success()
    {
        var signed = new byte[] { 1, 2, 3 };
        var hash = Keccak256.Hash(signed);
        await using var node = FaultyRpc.Alone();
        await using var client = await ConnectAsync(RpcOptions.For(node.Url));
        node.On("eth_sendRawTransaction").Error(-32000, "already known");
        node.On("eth_sendRawTransaction").DropAnswer().Times(1);
        node.On("eth_getTransactionByHash").Result(Transaction(hash));

        Assert.Equal(hash, await client.SendRawAsync(signed, Token));
        Assert.Equal(2, node.Count("eth_sendRawTransaction"));
        Assert.Single(
            node.Requests.Where(request => request.Method == "eth_sendRawTransaction").Select(request => request.Parameters).Distinct());
    }

    [Theory]
    [InlineData("already known", "transaction-unknown")]
    [InlineData("nonce too low: next nonce 5, tx nonce 4", "transaction-nonce-used")]
    public async Task A_claim_to_have_the_transaction_is_checked(string message, string code)
    {
        await using var node = FaultyRpc.Alone();
        await using var client = await ConnectAsync(RpcOptions.For(node.Url));
        node.On("eth_sendRawTransaction").Error(-32000, message);
        node.On("eth_getTransactionByHash").Result(null);

        Assert.Equal(code, (await Assert.ThrowsAsync<EthereumException>(() => client.SendRawAsync(new byte[] { 1 }, Token))).Code);
    }

    [Fact]
    public async Task A_node_that_answers_with_another_hash_is_not_believed()
    {
        await using var node = FaultyRpc.Alone();
        await using var client = await ConnectAsync(RpcOptions.For(node.Url));
        node.On("eth_sendRawTransaction").Result(Bytes32.FromUnsigned(1).ToString());

        var error = await Assert.ThrowsAsync<EthereumException>(() => client.SendRawAsync(new byte[] { 1 }, Token));
        Assert.Equal(("rpc-hash", Fault.Mismatch), (error.Code, error.Fault));
    }

    [Fact]
    public async Task Cancelling_ends_the_wait_at_once()
    {
        await using var node = FaultyRpc.Alone();
        await using var client = await ConnectAsync(RpcOptions.For(node.Url));
        node.On("*").Stall();
        using var cancel = new CancellationTokenSource();
        var price = client.GasPriceAsync(cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => price);
    }

    [Fact]
    public async Task A_lie_about_the_nonce_is_found_by_asking_two_nodes()
    {
        await using var honest = FaultyRpc.Alone();
        await using var liar = FaultyRpc.Alone();
        honest.On("eth_getTransactionCount").Result("0x5");
        liar.On("eth_getTransactionCount").Result("0x4");
        await using var client = await ConnectAsync(RpcOptions.For(honest.Url, liar.Url));

        var check = await client.CrossCheckAsync(EthRequests.Nonce(Account, BlockReference.Latest), Token);
        Assert.Equal(CrossCheckVerdict.Disagreed, check.Verdict);
        var error = Assert.Throws<EthereumException>(() => check.AgreedValue());
        Assert.Equal(("rpc-disagreement", Fault.Mismatch), (error.Code, error.Fault));
        Assert.Contains($"{honest.Url} says 5; {liar.Url} says 4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cross_check_compares_code_by_content_and_tells_confirmed_from_unconfirmed()
    {
        await using var first = FaultyRpc.Alone();
        await using var second = FaultyRpc.Alone();
        first.On("eth_getCode").Result("0x6001");
        second.On("eth_getCode").Result("0x6001");
        await using var client = await ConnectAsync(RpcOptions.For(first.Url, second.Url) with { Rounds = 1 });

        var agreed = await client.CrossCheckAsync(EthRequests.Code(Account, BlockReference.Latest), Token);
        Assert.Equal(CrossCheckVerdict.Agreed, agreed.Verdict);
        Assert.Equal([0x60, 0x01], agreed.AgreedValue(requireConfirmation: true));

        second.On("*").Drop();
        var alone = await client.CrossCheckAsync(EthRequests.Code(Account, BlockReference.Latest), Token);
        Assert.Equal(CrossCheckVerdict.Unconfirmed, alone.Verdict);
        Assert.Equal([0x60, 0x01], alone.AgreedValue());
        Assert.Equal("rpc-unconfirmed", Assert.Throws<EthereumException>(() => alone.AgreedValue(requireConfirmation: true)).Code);

        first.On("*").Drop();
        var nobody = await client.CrossCheckAsync(EthRequests.Code(Account, BlockReference.Latest), Token);
        Assert.Equal(CrossCheckVerdict.Unknown, nobody.Verdict);
    }

    private static System.Text.Json.Nodes.JsonObject Transaction(Bytes32 hash) => new()
    {
        ["hash"] = hash.ToString(),
        ["from"] = Hex.Encode(Account.ToBytes()),
        ["to"] = null,
        ["nonce"] = "0x0",
        ["value"] = "0x0",
        ["gas"] = "0x5208",
        ["input"] = "0x",
    };

    private static Task<EthereumClient> ConnectAsync(RpcOptions options) =>
        EthereumClient.ConnectAsync(options with { RetryDelay = TimeSpan.Zero }, ChainId.Local, TimeProvider.System, Token);
}
