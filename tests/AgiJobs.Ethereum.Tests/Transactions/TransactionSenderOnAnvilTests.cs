using System.Collections.Concurrent;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Transactions;
using AgiJobs.Testing;

namespace AgiJobs.Ethereum.Tests.Transactions;

public sealed class TransactionSenderOnAnvilTests
{
    private static readonly ISigner Signer = new DevelopmentKeys(ChainId.Local).Signer(0);
    private static readonly Address From = Anvil.Accounts[0];
    private static readonly Address Receiver = Anvil.Accounts[1];

    // Reverts with NotOwner(address caller) unless called with empty calldata, when it stops.
    private static readonly Address Guarded = Address.Parse("0x00000000000000000000000000000000DeaDBeef");
    private static readonly ContractAbi GuardedAbi = ContractAbi.FromHumanReadable("error NotOwner(address caller)");
    private static readonly byte[] GuardedCode =
    [
        0x36, 0x15, 0x60, 0x15, 0x57, 0x63, .. GuardedAbi.Error("NotOwner").Encode(From)[..4], 0x5f, 0x52, 0x33, 0x60, 0x20, 0x52,
        0x60, 0x24, 0x60, 0x1c, 0xfd, 0x5b, 0x00,
    ];

    private static readonly BroadcastResult[] Taken = [BroadcastResult.Accepted, BroadcastResult.AlreadyKnown];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null, 2UL)]
    [InlineData(TransactionType.Legacy, 0UL)]
    [InlineData(TransactionType.AccessList, 1UL)]
    [InlineData(TransactionType.DynamicFee, 2UL)]
    public async Task Each_type_is_prepared_in_one_round_trip_signed_and_mined(TransactionType? type, ulong expected)
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var client = await anvil.ConnectAsync(Token);
        var sender = new TransactionSender(client);
        var before = client.RoundTrips;
        var intent = Transfer("1") with
        {
            Type = type,
            AccessList = type is TransactionType.AccessList or null ? [new AccessListEntry(Receiver, [Bytes32.Zero])] : [],
        };
        var prepared = await sender.PrepareAsync(intent, Token);
        Assert.Equal(before + 1, client.RoundTrips);

        var signed = await sender.SignAsync(prepared, Signer, Token);
        (await sender.BroadcastAsync(signed, cancellationToken: Token)).EnsureAccepted();
        var confirmed = Assert.IsType<TransactionConfirmed>(await sender.WaitAsync(signed, cancellationToken: Token));
        Assert.True(confirmed.Receipt.Succeeded);
        Assert.Equal(expected, confirmed.Receipt.Type);
        Assert.Equal(signed.Hash, confirmed.Receipt.TransactionHash);
        Assert.Equal(Wei.FromEther("10001"), await client.BalanceAsync(Receiver, BlockReference.Latest, Token));
        Assert.True(confirmed.Receipt.EffectiveGasPrice <= prepared.Unsigned.MaxFeePerGas);
    }

    [Fact]
    public async Task A_chain_without_a_base_fee_gets_a_legacy_transaction()
    {
        await using var anvil = await Anvil.StartAsync(new AnvilOptions { HardFork = "berlin" }, Token);
        await using var client = await anvil.ConnectAsync(Token);
        var sender = new TransactionSender(client);
        var signed = await SendAsync(sender, Transfer("1"));
        Assert.Equal(TransactionType.Legacy, signed.Unsigned.Type);
        Assert.IsType<TransactionConfirmed>(await sender.WaitAsync(signed, cancellationToken: Token));
    }

    [Fact]
    public async Task A_creation_is_mined_and_its_address_known()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var client = await anvil.ConnectAsync(Token);
        var sender = new TransactionSender(client);
        var signed = await SendAsync(sender, new TransactionIntent { From = From, To = null, Data = Hex.Decode("0x60015f5360015ff3") });
        var confirmed = Assert.IsType<TransactionConfirmed>(await sender.WaitAsync(signed, cancellationToken: Token));
        Assert.Equal([0x01], await client.CodeAsync(confirmed.Receipt.ContractAddress!.Value, BlockReference.Latest, Token));
    }

    [Fact]
    public async Task A_call_that_would_revert_is_refused_with_the_error_by_name()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await anvil.SetCodeAsync(Guarded, GuardedCode);
        await using var client = await anvil.ConnectAsync(Token);
        var sender = new TransactionSender(client);
        var intent = new TransactionIntent { From = From, To = Guarded, Data = new byte[] { 1 }, Abi = GuardedAbi };

        var refusal = await Assert.ThrowsAsync<EthereumException>(() => sender.PrepareAsync(intent, Token));
        Assert.Equal(("transaction-would-revert", Fault.Refused), (refusal.Code, refusal.Fault));
        Assert.Contains($"NotOwner(caller: {From})", refusal.Message, StringComparison.Ordinal);
        Assert.IsType<RevertException>(refusal.InnerException);
    }

    [Fact]
    public async Task A_call_to_an_address_without_code_is_refused()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var client = await anvil.ConnectAsync(Token);
        var intent = new TransactionIntent { From = From, To = Guarded, Data = new byte[] { 1 } };
        Assert.Equal("transaction-no-code", (
            await Assert.ThrowsAsync<EthereumException>(() => new TransactionSender(client).PrepareAsync(intent, Token))).Code);
    }

    [Fact]
    public async Task A_sender_without_the_money_is_refused_with_what_is_missing()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var client = await anvil.ConnectAsync(Token);
        var sender = new TransactionSender(client);

        var much = await Assert.ThrowsAsync<EthereumException>(() => sender.PrepareAsync(Transfer("10001"), Token));
        Assert.Equal(("insufficient-funds", Fault.Refused), (much.Code, much.Fault));
        Assert.Contains("1.0 ether are missing", much.Message, StringComparison.Ordinal);

        var allButGas = await Assert.ThrowsAsync<EthereumException>(() => sender.PrepareAsync(Transfer("10000"), Token));
        Assert.Equal("insufficient-funds", allButGas.Code);
    }

    [Fact]
    public async Task Only_the_sender_may_sign()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var client = await anvil.ConnectAsync(Token);
        var sender = new TransactionSender(client);
        var prepared = await sender.PrepareAsync(Transfer("1"), Token);
        var refusal = await Assert.ThrowsAsync<EthereumException>(
            () => sender.SignAsync(prepared, new DevelopmentKeys(ChainId.Local).Signer(1), Token));
        Assert.Equal("signer-mismatch", refusal.Code);
    }

    [Fact]
    public async Task Nonces_come_from_the_pending_pool_and_wrong_ones_are_refused()
    {
        await using var anvil = await Anvil.StartAsync(new AnvilOptions { NoMining = true }, Token);
        await using var client = await anvil.ConnectAsync(Token);
        var sender = new TransactionSender(client);
        await SendAsync(sender, Transfer("1"));
        await anvil.MineAsync();
        await SendAsync(sender, Transfer("1"));

        var next = await sender.PrepareAsync(Transfer("1"), Token);
        Assert.Equal((2UL, 1UL), (next.Unsigned.Nonce, next.Waiting));
        Assert.Equal("nonce-used", (await RefusalAsync(0)).Code);
        Assert.Equal("nonce-waiting", (await RefusalAsync(1)).Code);
        Assert.Equal("nonce-gap", (await RefusalAsync(3)).Code);
        Assert.Equal(3UL, (await sender.PrepareAsync(Transfer("1") with { Nonce = 3, MayLeaveGap = true }, Token)).Unsigned.Nonce);

        Task<EthereumException> RefusalAsync(ulong nonce) =>
            Assert.ThrowsAsync<EthereumException>(() => sender.PrepareAsync(Transfer("1") with { Nonce = nonce }, Token));
    }

    [Fact]
    public async Task A_gap_before_a_transaction_is_what_the_wait_reports()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var client = await anvil.ConnectAsync(Token);
        var sender = new TransactionSender(client);
        var signed = await SendAsync(sender, Transfer("1") with { Nonce = 2, MayLeaveGap = true });
        var undecided = Assert.IsType<TransactionUndecided>(
            await sender.WaitAsync(signed, new WaitOptions { Deadline = TimeSpan.FromMilliseconds(200) }, Token));
        Assert.True(undecided.IsKnown);
        Assert.Contains("waits for nonce 0", undecided.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_replacement_pays_more_and_exactly_one_of_both_is_mined()
    {
        await using var anvil = await Anvil.StartAsync(new AnvilOptions { NoMining = true }, Token);
        await using var client = await anvil.ConnectAsync(Token);
        var sender = new TransactionSender(client);
        var first = await SendAsync(sender, Transfer("1"));
        var replacement = await sender.PrepareReplacementAsync(first, cancellationToken: Token);
        Assert.True(replacement.Unsigned.MaxFeePerGas.Value * 10 >= first.Unsigned.MaxFeePerGas.Value * 11);
        Assert.True(replacement.Unsigned.MaxPriorityFeePerGas.Value * 10 >= first.Unsigned.MaxPriorityFeePerGas.Value * 11);
        var second = await sender.SignAsync(replacement, Signer, Token);
        (await sender.BroadcastAsync(second, cancellationToken: Token)).EnsureAccepted();
        await anvil.MineAsync();

        var confirmed = Assert.IsType<TransactionConfirmed>(await sender.WaitAsync([first, second], cancellationToken: Token));
        Assert.Equal(second.Hash, confirmed.Attempt.Hash);
        Assert.Equal(Wei.FromEther("10001"), await client.BalanceAsync(Receiver, BlockReference.Latest, Token));

        var late = await Assert.ThrowsAsync<EthereumException>(() => sender.PrepareReplacementAsync(second, cancellationToken: Token));
        Assert.Equal("transaction-mined", late.Code);
        Assert.Equal("nonce-used", (
            await Assert.ThrowsAsync<EthereumException>(() => sender.PrepareReplacementAsync(first, cancellationToken: Token))).Code);
    }

    [Fact]
    public async Task A_cancellation_takes_the_place_of_the_transaction()
    {
        await using var anvil = await Anvil.StartAsync(new AnvilOptions { NoMining = true }, Token);
        await using var client = await anvil.ConnectAsync(Token);
        var sender = new TransactionSender(client);
        var first = await SendAsync(sender, Transfer("1"));
        var cancellation = await sender.SignAsync(
            await sender.PrepareCancellationAsync(first, new BasisPoints(1_250), Token), Signer, Token);
        (await sender.BroadcastAsync(cancellation, cancellationToken: Token)).EnsureAccepted();
        await anvil.MineAsync();

        Assert.Equal(cancellation.Hash, Assert.IsType<TransactionConfirmed>(
            await sender.WaitAsync([first, cancellation], cancellationToken: Token)).Attempt.Hash);
        Assert.Equal(Wei.FromEther("10000"), await client.BalanceAsync(Receiver, BlockReference.Latest, Token));
    }

    [Fact]
    public async Task A_nonce_used_by_somebody_else_is_a_finding_with_the_other_transaction()
    {
        await using var anvil = await Anvil.StartAsync(new AnvilOptions { NoMining = true }, Token);
        await using var client = await anvil.ConnectAsync(Token);
        var sender = new TransactionSender(client);
        var ours = await sender.SignAsync(await sender.PrepareAsync(Transfer("1"), Token), Signer, Token);
        var theirs = await SendAsync(sender, Transfer("2"));
        await anvil.MineAsync(5);

        var report = await sender.BroadcastAsync(ours, cancellationToken: Token);
        Assert.False(report.IsAccepted);
        Assert.Equal("transaction-nonce-used", Assert.Throws<EthereumException>(report.EnsureAccepted).Code);
        var replaced = Assert.IsType<TransactionReplaced>(await sender.WaitAsync(ours, new WaitOptions { Confirmations = 3 }, Token));
        Assert.Equal((0UL, theirs.Hash), (replaced.Nonce, replaced.By));
    }

    [Fact]
    public async Task Confirmations_are_waited_for()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var client = await anvil.ConnectAsync(Token);
        var sender = new TransactionSender(client);
        var signed = await SendAsync(sender, Transfer("1"));
        var waiting = sender.WaitAsync(signed, new WaitOptions { Confirmations = 4, PollInterval = TimeSpan.FromMilliseconds(20) }, Token);
        await anvil.MineAsync(2);
        Assert.False(waiting.IsCompleted);
        await anvil.MineAsync();
        Assert.Equal(4UL, Assert.IsType<TransactionConfirmed>(await waiting).Confirmations);
    }

    [Fact]
    public async Task A_transaction_whose_block_is_reorganised_away_is_sent_again_with_the_same_bytes_and_confirmed_in_its_new_block()
    {
        await using var anvil = await Anvil.StartAsync(new AnvilOptions { NoMining = true }, Token);
        await using var proxy = FaultyRpc.InFrontOf(anvil);
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(proxy.Url), ChainId.Local, TimeProvider.System, Token);
        var sender = new TransactionSender(client);
        var events = new ConcurrentQueue<WaitEvent>();
        var before = await anvil.SnapshotAsync();
        var signed = await SendAsync(sender, Transfer("1"));
        await anvil.MineAsync();

        var waiting = sender.WaitAsync(
            signed, new WaitOptions { Confirmations = 3, PollInterval = TimeSpan.FromMilliseconds(20), OnEvent = events.Enqueue }, Token);
        await Wait.UntilAsync("it was seen in its first block", () => events.Any(one => one.Kind == WaitEventKind.Mined));
        await anvil.RevertAsync(before);
        await Wait.UntilAsync("it was sent again", () => events.Any(one => one.Kind == WaitEventKind.Rebroadcast));
        await anvil.MineAsync(3);

        var confirmed = Assert.IsType<TransactionConfirmed>(await waiting);
        Assert.Equal(1, confirmed.Reorganisations);
        Assert.Equal(
            [WaitEventKind.Mined, WaitEventKind.Vanished, WaitEventKind.Rebroadcast],
            events.Select(one => one.Kind).Distinct().Take(3));
        Assert.Single(
            proxy.Requests.Where(request => request.Method == "eth_sendRawTransaction").Select(request => request.Parameters).Distinct());
    }

    [Fact]
    public async Task A_real_reorganisation_of_the_node_is_survived()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var client = await anvil.ConnectAsync(Token);
        var sender = new TransactionSender(client);
        var events = new ConcurrentQueue<WaitEvent>();
        await anvil.MineAsync(5);
        var signed = await SendAsync(sender, Transfer("1"));
        var waiting = sender.WaitAsync(
            signed, new WaitOptions { Confirmations = 4, PollInterval = TimeSpan.FromMilliseconds(20), OnEvent = events.Enqueue }, Token);
        await Wait.UntilAsync("it was seen in its first block", () => events.Any(one => one.Kind == WaitEventKind.Mined));
        await anvil.ReorgAsync(2);
        await Wait.UntilAsync(
            "the reorganisation was seen", () => events.Any(one => one.Kind is WaitEventKind.Vanished or WaitEventKind.Moved));
        await Wait.UntilAsync("it is in a block again", async () => await client.ReceiptAsync(signed.Hash, Token) is not null);
        await anvil.MineAsync(4);
        Assert.Equal(1, Assert.IsType<TransactionConfirmed>(await waiting).Reorganisations);
    }

    [Fact]
    public async Task A_lost_answer_neither_loses_nor_doubles_the_transaction()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var proxy = FaultyRpc.InFrontOf(anvil);
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(proxy.Url), ChainId.Local, TimeProvider.System, Token);
        var sender = new TransactionSender(client);
        var signed = await sender.SignAsync(await sender.PrepareAsync(Transfer("1"), Token), Signer, Token);
        proxy.On("eth_sendRawTransaction").DropAnswer().Times(1);

        var report = await sender.BroadcastAsync(signed, cancellationToken: Token);
        Assert.Equal(BroadcastResult.AlreadyKnown, Assert.Single(report.Answers).Result);
        Assert.IsType<TransactionConfirmed>(await sender.WaitAsync(signed, cancellationToken: Token));
        Assert.Equal(Wei.FromEther("10001"), await client.BalanceAsync(Receiver, BlockReference.Latest, Token));
    }

    [Fact]
    public async Task Every_node_and_relay_gets_the_transaction_and_none_that_hangs_or_fails_holds_it_up()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var good = FaultyRpc.InFrontOf(anvil);
        await using var hanging = FaultyRpc.InFrontOf(anvil);
        await using var refusing = FaultyRpc.InFrontOf(anvil);
        await using var elsewhere = FaultyRpc.Alone(new ChainId(1));
        await using var relay = FaultyRpc.InFrontOf(anvil);
        hanging.On("eth_sendRawTransaction").Stall();
        refusing.On("eth_sendRawTransaction").Error(-32000, "replacement transaction underpriced");
        var options = RpcOptions.For(good.Url, hanging.Url, refusing.Url, elsewhere.Url) with { Relays = [RpcEndpoint.Parse(relay.Url)] };
        await using var client = await EthereumClient.ConnectAsync(options, ChainId.Local, TimeProvider.System, Token);
        var sender = new TransactionSender(
            client, options: new SendOptions { BroadcastGrace = TimeSpan.FromMilliseconds(300), CrossCheckNonce = false });
        var signed = await sender.SignAsync(await sender.PrepareAsync(Transfer("1"), Token), Signer, Token);

        var report = await sender.BroadcastAsync(signed, cancellationToken: Token);
        Assert.True(report.IsAccepted);
        Assert.Contains(report.Answers[0].Result, Taken);
        Assert.Equal(BroadcastResult.NoAnswer, report.Answers[1].Result);
        Assert.Equal(BroadcastResult.Underpriced, report.Answers[2].Result);
        Assert.Equal(BroadcastResult.WrongChain, report.Answers[3].Result);
        Assert.Contains(report.Answers[4].Result, Taken);
        Assert.Equal(0, elsewhere.Count("eth_sendRawTransaction"));
        Assert.DoesNotContain(
            relay.Requests, request => request.Method is not ("eth_chainId" or "eth_sendRawTransaction" or "eth_getTransactionByHash"));
    }

    [Fact]
    public async Task An_underpriced_replacement_says_so_and_a_higher_one_is_taken()
    {
        await using var anvil = await Anvil.StartAsync(new AnvilOptions { NoMining = true }, Token);
        await using var proxy = FaultyRpc.InFrontOf(anvil);
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(proxy.Url), ChainId.Local, TimeProvider.System, Token);
        var sender = new TransactionSender(client);
        var first = await SendAsync(sender, Transfer("1"));
        proxy.On("eth_sendRawTransaction").Error(-32000, "replacement transaction underpriced").Times(1);

        var second = await sender.SignAsync(await sender.PrepareReplacementAsync(first, cancellationToken: Token), Signer, Token);
        var report = await sender.BroadcastAsync(second, cancellationToken: Token);
        Assert.Equal("transaction-underpriced", Assert.Throws<EthereumException>(report.EnsureAccepted).Code);
        var third = await sender.SignAsync(await sender.PrepareReplacementAsync(second, new BasisPoints(1_250), Token), Signer, Token);
        (await sender.BroadcastAsync(third, cancellationToken: Token)).EnsureAccepted();
        await anvil.MineAsync();
        Assert.Equal(third.Hash, Assert.IsType<TransactionConfirmed>(
            await sender.WaitAsync([first, second, third], cancellationToken: Token)).Attempt.Hash);
    }

    [Fact]
    public async Task When_no_answer_came_the_outcome_is_unknown_and_not_failed()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var proxy = FaultyRpc.InFrontOf(anvil);
        await using var client = await EthereumClient.ConnectAsync(
            RpcOptions.For(proxy.Url) with { Rounds = 1 }, ChainId.Local, TimeProvider.System, Token);
        var sender = new TransactionSender(client);
        var signed = await sender.SignAsync(await sender.PrepareAsync(Transfer("1"), Token), Signer, Token);
        proxy.On("eth_sendRawTransaction").DropAnswer();

        var error = Assert.Throws<EthereumException>((await sender.BroadcastAsync(signed, cancellationToken: Token)).EnsureAccepted);
        Assert.Equal(("transaction-unknown", Fault.Unknown), (error.Code, error.Fault));
        Assert.IsType<TransactionConfirmed>(await sender.WaitAsync(signed, cancellationToken: Token));
    }

    [Fact]
    public async Task A_lie_about_the_nonce_is_refused_before_anything_is_signed()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var liar = FaultyRpc.InFrontOf(anvil);
        liar.On("eth_getTransactionCount").Result("0x5");
        await using var client = await EthereumClient.ConnectAsync(
            RpcOptions.For(liar.Url, anvil.Url), ChainId.Local, TimeProvider.System, Token);
        var error = await Assert.ThrowsAsync<EthereumException>(() => new TransactionSender(client).PrepareAsync(Transfer("1"), Token));
        Assert.Equal(("rpc-disagreement", Fault.Mismatch), (error.Code, error.Fault));
        Assert.Contains("says 5", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_contradicts_itself_about_the_nonce_is_refused()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var liar = FaultyRpc.InFrontOf(anvil);
        liar.On("eth_getTransactionCount").When(parameters => (string?)parameters[1] == "latest").Result("0x5");
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(liar.Url), ChainId.Local, TimeProvider.System, Token);
        var error = await Assert.ThrowsAsync<EthereumException>(() => new TransactionSender(client).PrepareAsync(Transfer("1"), Token));
        Assert.Equal(("nonce-inconsistent", Fault.Mismatch), (error.Code, error.Fault));
    }

    [Fact]
    public async Task A_node_that_is_down_while_waiting_is_asked_again()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var proxy = FaultyRpc.InFrontOf(anvil);
        await using var client = await EthereumClient.ConnectAsync(
            RpcOptions.For(proxy.Url) with { Rounds = 1 }, ChainId.Local, TimeProvider.System, Token);
        var sender = new TransactionSender(client);
        var events = new ConcurrentQueue<WaitEvent>();
        var signed = await SendAsync(sender, Transfer("1"));
        proxy.On("*").Drop().Times(3);
        var outcome = await sender.WaitAsync(signed, new WaitOptions { OnEvent = events.Enqueue }, Token);
        Assert.IsType<TransactionConfirmed>(outcome);
        Assert.Contains(events, one => one.Kind == WaitEventKind.Unreadable);
    }

    private static TransactionIntent Transfer(string ether) => new() { From = From, To = Receiver, Value = Wei.FromEther(ether) };

    private static async Task<SignedTransaction> SendAsync(TransactionSender sender, TransactionIntent intent)
    {
        var signed = await sender.SignAsync(await sender.PrepareAsync(intent, Token), Signer, Token);
        (await sender.BroadcastAsync(signed, cancellationToken: Token)).EnsureAccepted();
        return signed;
    }
}
