using System.Text.Json.Nodes;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Testing;
using static AgiJobs.Ethereum.Tests.Safes.SafeSamples;

namespace AgiJobs.Ethereum.Tests.Safes;

public sealed class LyingNodeTests(SafeChain chain) : IClassFixture<SafeChain>, IAsyncDisposable
{
    private EthereumClient? _client;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("nonce", 5, "safe-state-mismatch")]
    [InlineData("getThreshold", 1, "safe-state-mismatch")]
    [InlineData("domainSeparator", 1, "safe-domain-mismatch")]
    public async Task A_node_that_lies_about_one_value_is_caught_by_the_others(string function, int lie, string code)
    {
        await using var node = FaultyRpc.InFrontOf(chain.Anvil);
        var safe = await SafeBehindAsync(node);
        Answer(node, function).Result(Bytes32.FromUnsigned(lie).ToString());
        var refusal = await Assert.ThrowsAsync<EthereumException>(() => safe.ReadAsync(BlockReference.Latest, Stop));
        Assert.Equal(code, refusal.Code);
        Assert.Equal(Fault.Mismatch, refusal.Fault);
    }

    [Fact]
    public async Task State_that_a_node_mixes_with_the_next_block_is_read_again_at_that_block()
    {
        await using var node = FaultyRpc.InFrontOf(chain.Anvil);
        var safe = await SafeBehindAsync(node);
        var earlier = JsonNode.Parse((await chain.Client.RequestAsync(
            "eth_getBlockByNumber",
            writer =>
            {
                writer.WriteStringValue("latest");
                writer.WriteBooleanValue(false);
            },
            Stop)).GetRawText())!;
        await chain.Anvil.MineAsync();
        node.On("eth_getBlockByNumber").Times(1).Result(earlier);
        var mixed = Answer(node, "nonce").Times(1).Result(Bytes32.FromUnsigned(5).ToString());
        var state = await safe.ReadAsync(BlockReference.Latest, Stop);
        Assert.Equal(1, mixed.Hits);
        Assert.Equal(0, state.Nonce);
        Assert.NotEqual(earlier["hash"]!.GetValue<string>(), state.Block.Hash.ToString());
    }

    [Fact]
    public async Task A_node_that_hides_an_owner_is_caught_by_their_count()
    {
        await using var node = FaultyRpc.InFrontOf(chain.Anvil);
        var safe = await SafeBehindAsync(node);
        Answer(node, "getOwners").Result(Hex.Encode(SafeAbi.Safe.Function("getOwners").EncodeOutput(AbiValue.List(Owner(1), Owner(2)))));
        Assert.Equal("safe-state-mismatch", (await Assert.ThrowsAsync<EthereumException>(() => safe.ReadAsync(BlockReference.Latest, Stop))).Code);
    }

    [Theory]
    [InlineData("1.4.2-beta", "safe-not-a-safe")]
    [InlineData("7.0.0", "safe-version-newer")]
    [InlineData("0.1.0", "safe-version-unsupported")]
    public async Task A_version_that_cannot_be_served_is_refused(string version, string code)
    {
        await using var node = FaultyRpc.InFrontOf(chain.Anvil);
        var safe = await SafeBehindAsync(node);
        Answer(node, "VERSION").Result(Hex.Encode(SafeAbi.Safe.Function("VERSION").EncodeOutput(version)));
        var refusal = await Assert.ThrowsAsync<EthereumException>(() => safe.ReadAsync(BlockReference.Latest, Stop));
        Assert.Equal(code, refusal.Code);
        Assert.Equal(Fault.Refused, refusal.Fault);
    }

    [Fact]
    public async Task Another_hash_from_the_node_stops_the_preparation()
    {
        await using var node = FaultyRpc.InFrontOf(chain.Anvil);
        var safe = await SafeBehindAsync(node);
        var hash = (await safe.ReadAsync(BlockReference.Latest, Stop)).HashOf(Pause with { Nonce = 0 });
        Answer(node, "getTransactionHash").Result(Bytes32.Zero.ToString());
        SafeSignature[] signatures = [SafeSignature.OfHash(Sign(1, hash.Value)), SafeSignature.OfHash(Sign(2, hash.Value))];
        Assert.Equal("safe-hash-mismatch", (await Assert.ThrowsAsync<EthereumException>(
            () => safe.PrepareAsync(hash.Transaction, signatures, SafeChain.Sender, BlockReference.Latest, Stop))).Code);
    }

    [Fact]
    public async Task A_node_that_cannot_answer_leaves_the_Safe_unknown_and_does_not_make_it_no_Safe()
    {
        await using var node = FaultyRpc.InFrontOf(chain.Anvil);
        var safe = await SafeBehindAsync(node);
        Answer(node, "getOwners").Error(-32000, "missing trie node");
        var refusal = await Assert.ThrowsAnyAsync<EthereumException>(() => safe.ReadAsync(BlockReference.Latest, Stop));
        Assert.NotEqual("safe-not-a-safe", refusal.Code);
    }

    [Fact]
    public async Task Modules_that_cannot_be_read_are_not_shown_as_none()
    {
        await using var node = FaultyRpc.InFrontOf(chain.Anvil);
        var safe = await SafeBehindAsync(node);
        Answer(node, "getModulesPaginated").Error(-32000, "limit exceeded");
        await Assert.ThrowsAnyAsync<EthereumException>(() => safe.ReadAsync(BlockReference.Latest, Stop));
    }

    [Fact]
    public async Task A_node_that_will_not_run_the_probe_costs_one_more_exchange_and_no_certainty()
    {
        await using var node = FaultyRpc.InFrontOf(chain.Anvil);
        var safe = await SafeBehindAsync(node);
        node.On("eth_call").When(parameters => parameters[0]!["to"] is null).Error(-32602, "missing to");
        var state = await safe.ReadAsync(BlockReference.Latest, Stop);
        Assert.Equal(SafeContracts.Singleton, state.KnownSingleton);
        Assert.Empty(state.Findings);
    }

    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
        {
            await _client.DisposeAsync();
        }
    }

    private static FaultRule Answer(FaultyRpc node, string function)
    {
        var selector = SafeAbi.Safe.Function(function).Selector.ToString();
        return node.On("eth_call").When((JsonArray parameters) => parameters[0]!["input"]?.GetValue<string>().StartsWith(selector, StringComparison.Ordinal) == true);
    }

    private async Task<SafeAccount> SafeBehindAsync(FaultyRpc node)
    {
        var direct = await chain.TwoOfThreeAsync();
        _client = await EthereumClient.ConnectAsync(RpcOptions.For(node.Url), ChainId.Local, TimeProvider.System, Stop);
        return new SafeAccount(_client, direct.Address);
    }
}
