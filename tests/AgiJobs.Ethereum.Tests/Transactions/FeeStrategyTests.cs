using System.Numerics;
using System.Text.Json.Nodes;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Transactions;
using AgiJobs.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Ethereum.Tests.Transactions;

public sealed class FeeStrategyTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_cap_is_twice_the_next_base_fee_plus_the_median_tip()
    {
        var quote = await QuoteAsync(new FeeOptions(), nextBaseFee: "1.125", "3", "2", "9");
        Assert.Equal(new FeeQuote(true, Wei.FromGwei("3"), Wei.FromGwei("5.25"), Wei.FromGwei("1")), quote);
    }

    [Fact]
    public async Task Empty_blocks_do_not_lower_the_tip_and_the_floor_and_ceiling_hold()
    {
        var options = new FeeOptions { MinPriorityFeePerGas = Wei.FromGwei("2"), MaxPriorityFeePerGas = Wei.FromGwei("4") };
        Assert.Equal(Wei.FromGwei("3"), (await QuoteAsync(options, "1", "0", "3", "0")).MaxPriorityFeePerGas);
        Assert.Equal(Wei.FromGwei("2"), (await QuoteAsync(options, "1", "0", "0", "0")).MaxPriorityFeePerGas);
        Assert.Equal(Wei.FromGwei("2"), (await QuoteAsync(options, "1", "1", "1", "1")).MaxPriorityFeePerGas);
        Assert.Equal(Wei.FromGwei("4"), (await QuoteAsync(options, "1", "7", "7", "7")).MaxPriorityFeePerGas);
    }

    [Fact]
    public async Task The_limit_lowers_the_headroom_but_never_below_what_the_next_block_takes()
    {
        var options = new FeeOptions { MaxFeePerGas = Wei.FromGwei("14"), MaxPriorityFeePerGas = Wei.FromGwei("2") };
        Assert.Equal(Wei.FromGwei("14"), (await QuoteAsync(options, "10", "2", "2", "2")).MaxFeePerGas);

        var refusal = await Assert.ThrowsAsync<EthereumException>(() => QuoteAsync(options, "13", "2", "2", "2"));
        Assert.Equal(("fee-above-cap", Fault.Refused), (refusal.Code, refusal.Fault));
        Assert.Contains("13.0 gwei", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("14.0 gwei", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_base_fee_the_gas_price_is_taken_and_limited()
    {
        await using var node = FaultyRpc.Alone();
        node.On("eth_getBlockByNumber").Result(new JsonObject
        {
            ["number"] = "0x1",
            ["hash"] = Bytes32.FromUnsigned(1).ToString(),
            ["parentHash"] = Bytes32.Zero.ToString(),
            ["timestamp"] = "0x1",
            ["gasLimit"] = "0x1c9c380",
            ["gasUsed"] = "0x0",
        });
        node.On("eth_gasPrice").Result(Hex.EncodeQuantity(Wei.FromGwei("7").Value));
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(node.Url), ChainId.Local, TimeProvider.System, Token);

        Assert.Equal(new FeeQuote(false, Wei.FromGwei("7"), Wei.FromGwei("7"), null), await new FeeStrategy().QuoteAsync(client, Token));
        var careful = new FeeStrategy(new FeeOptions { MaxFeePerGas = Wei.FromGwei("6"), MaxPriorityFeePerGas = Wei.FromGwei("6") });
        Assert.Equal("fee-above-cap", (await Assert.ThrowsAsync<EthereumException>(() => careful.QuoteAsync(client, Token))).Code);
    }

    [Fact]
    public async Task A_node_without_a_fee_history_is_asked_for_its_suggestion()
    {
        await using var node = FaultyRpc.Alone();
        node.On("eth_maxPriorityFeePerGas").Result(Hex.EncodeQuantity(Wei.FromGwei("5").Value));
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(node.Url), ChainId.Local, TimeProvider.System, Token);
        var before = client.RoundTrips;
        Assert.Equal(Wei.FromGwei("5"), (await new FeeStrategy().QuoteAsync(client, Token)).MaxPriorityFeePerGas);
        Assert.Equal(before + 1, client.RoundTrips);
    }

    [Fact]
    public void A_replacement_raises_tip_and_cap_by_at_least_the_bump_for_every_amount()
    {
        var strategy = new FeeStrategy(new FeeOptions { MaxFeePerGas = new Wei(BigInteger.One << 128) });
        var cases =
            from tip in Gen.Choose(0, int.MaxValue)
            from extra in Gen.Choose(0, int.MaxValue)
            from bump in Gen.Elements(1_000, 1_250)
            from market in Gen.Choose(0, int.MaxValue)
            select (tip, extra, bump, market);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var old = Dynamic(new Wei(one.tip), new Wei((BigInteger)one.tip + one.extra));
            var quote = strategy.Bump(
                old, new FeeQuote(true, new Wei(one.market), new Wei(one.market), Wei.Zero), new BasisPoints(one.bump));
            return quote.MaxPriorityFeePerGas.Value * 10_000 >= old.MaxPriorityFeePerGas.Value * (10_000 + one.bump)
                && quote.MaxFeePerGas.Value * 10_000 >= old.MaxFeePerGas.Value * (10_000 + one.bump)
                && quote.MaxPriorityFeePerGas > old.MaxPriorityFeePerGas && quote.MaxFeePerGas > old.MaxFeePerGas
                && quote.MaxPriorityFeePerGas <= quote.MaxFeePerGas;
        }));
    }

    [Fact]
    public void A_replacement_above_the_limit_is_refused()
    {
        var strategy = new FeeStrategy(new FeeOptions { MaxFeePerGas = Wei.FromGwei("10"), MaxPriorityFeePerGas = Wei.FromGwei("1") });
        var market = new FeeQuote(true, Wei.FromGwei("1"), Wei.FromGwei("10"), Wei.FromGwei("5"));
        Assert.Equal(Wei.FromGwei("9.9"), strategy.Bump(Dynamic(
            Wei.FromGwei("1"), Wei.FromGwei("9")), market with { MaxFeePerGas = Wei.FromGwei("99") }, new BasisPoints(1_000)).MaxFeePerGas);
        Assert.Equal("fee-above-cap", Assert.Throws<EthereumException>(
            () => strategy.Bump(Dynamic(Wei.FromGwei("1"), Wei.FromGwei("9.5")), market, new BasisPoints(1_000))).Code);
    }

    [Fact]
    public void Options_out_of_range_are_refused() =>
        Assert.Equal(
            "fee-options", Assert.Throws<EthereumException>(() => new FeeStrategy(new FeeOptions { RewardPercentile = 101 })).Code);

    private static UnsignedTransaction Dynamic(Wei tip, Wei cap) =>
        UnsignedTransaction.DynamicFee(
            ChainId.Local, 0, tip, cap, new Gas(21_000), Anvil.Accounts[1], Wei.Zero, ReadOnlyMemory<byte>.Empty);

    private static async Task<FeeQuote> QuoteAsync(FeeOptions options, string nextBaseFee, params string[] tips)
    {
        await using var node = FaultyRpc.Alone();
        node.On("eth_feeHistory").Result(new JsonObject
        {
            ["oldestBlock"] = "0x62",
            ["baseFeePerGas"] = new JsonArray(
                "0x3b9aca00", "0x3b9aca00", "0x3b9aca00", Hex.EncodeQuantity(Wei.FromGwei(nextBaseFee).Value)),
            ["gasUsedRatio"] = new JsonArray(0.5, 0.5, 0.5),
            ["reward"] = new JsonArray([.. tips.Select(tip => new JsonArray(Hex.EncodeQuantity(Wei.FromGwei(tip).Value)))]),
        });
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(node.Url), ChainId.Local, TimeProvider.System, Token);
        return await new FeeStrategy(options).QuoteAsync(client, Token);
    }
}
