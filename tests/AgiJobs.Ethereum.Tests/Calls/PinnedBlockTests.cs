using System.Text.Json.Nodes;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;

namespace AgiJobs.Ethereum.Tests.Calls;

public sealed class PinnedBlockTests
{
    private const string Source = """
        // SPDX-License-Identifier: MIT
        pragma solidity ^0.8.20;
        contract Probe {
            error Refused(address who, uint256 why);
            uint256 public number = 7;
            function set(uint256 n) external { number = n; }
            function echo(uint256 n, string calldata text, bytes32[] calldata list)
                external pure returns (uint256, string memory, bytes32[] memory) { return (n, text, list); }
            function refuse(uint256 why) external view returns (uint256) { revert Refused(address(this), why); }
            function say() external pure returns (uint256) { revert("no"); }
            function bare() external pure returns (uint256) { revert(); }
            function panic(uint256 a) external pure returns (uint256) { return 1 / a; }
            function burn() external pure returns (uint256) { assembly { invalid() } }
            function caller() external view returns (address) { return msg.sender; }
            function height() external view returns (uint256) { return block.number; }
        }
        """;

    private static readonly Address Target = Address.Parse("0x00000000000000000000000000000000DeaDBeef");
    private static readonly Address Nobody = Anvil.Accounts[5];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Multicall_and_batch_give_identical_results_for_every_kind_of_outcome()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        var abi = await PrepareAsync(anvil, withMulticall: false);
        await using var plain = await anvil.ConnectAsync(Token);
        var (plainReads, before) = ReadAll(PinnedBlock.AtConnect(plain), abi);
        await plainReads.SendAsync(Token);
        Assert.Equal(2, plain.RoundTrips);

        await anvil.SetCodeAsync(Multicall.CanonicalAddress, await Solidity.Multicall3CodeAsync());
        await using var proxy = FaultyRpc.InFrontOf(anvil);
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(proxy.Url), ChainId.Local, TimeProvider.System, Token);
        var (bundledReads, after) = ReadAll(PinnedBlock.AtConnect(client), abi);
        await bundledReads.SendAsync(Token);

        Assert.Equal(before.Select(Show), after.Select(Show));
        Assert.Equal(
            [ReadStatus.Known, ReadStatus.Reverted, ReadStatus.Undecodable],
            before.Select(read => read.Status).Where(status => status != ReadStatus.Unknown).Distinct().Order());

        // One round trip to connect, one for the bundle, one to confirm the failure that came without data.
        Assert.Equal(3, client.RoundTrips);
        Assert.Equal(2, proxy.Count("eth_call"));
    }

    [Fact]
    public async Task Calls_that_burn_the_gas_of_a_bundle_do_not_change_what_others_say()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        var abi = await PrepareAsync(anvil, withMulticall: true);
        await using var client = await anvil.ConnectAsync(Token);
        var reads = PinnedBlock.AtConnect(client).NewReads();
        var burning = Enumerable.Range(0, 3).Select(_ => reads.Call(Target, abi.Function("burn"))).ToArray();
        var number = reads.Call(Target, abi.Function("number"));
        await reads.SendAsync(Token);
        Assert.All(burning, read => Assert.NotEqual(ReadStatus.Known, read.Status));
        Assert.Equal(7, number.Value[0].AsInteger());
    }

    [Fact]
    public async Task A_thousand_calls_and_other_reads_are_one_round_trip_with_multicall()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        var abi = await PrepareAsync(anvil, withMulticall: true);
        await using var client = await anvil.ConnectAsync(Token);
        var reads = PinnedBlock.AtConnect(client).NewReads();
        var calls = Enumerable.Range(0, 1000).Select(
            i => reads.Call(Target, abi.Function("echo"), i, "x", Array.Empty<AbiValue>())).ToArray();
        var balance = reads.Balance(Nobody);
        await reads.SendAsync(Token);

        Assert.Equal(2, client.RoundTrips);
        Assert.All(calls.Index(), pair => Assert.Equal(pair.Index, pair.Item.Value[0].AsInteger()));
        Assert.Equal(Wei.FromEther("10000"), balance.Value);
    }

    [Fact]
    public async Task Reads_stay_at_their_block_while_the_chain_goes_on()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        var abi = await PrepareAsync(anvil, withMulticall: true);
        await using var client = await anvil.ConnectAsync(Token);
        var block = PinnedBlock.AtConnect(client);
        await anvil.ExecuteAsync(Anvil.Accounts[0], Target, abi.Function("set").Encode(99));
        await anvil.MineAsync(3);

        var reads = block.NewReads();
        var number = reads.Call(Target, abi.Function("number"));
        var height = reads.Call(Target, abi.Function("height"));
        var nonce = reads.Nonce(Anvil.Accounts[0]);
        await reads.SendAsync(Token);
        Assert.Equal(7, number.Value[0].AsInteger());
        Assert.Equal(block.Header.Number.Value, (ulong)height.Value[0].AsInteger());
        Assert.Equal(0UL, nonce.Value);

        var later = (await PinnedBlock.AtAsync(client, BlockReference.Latest, Token)).NewReads();
        var changed = later.Call(Target, abi.Function("number"));
        await later.SendAsync(Token);
        Assert.Equal(99, changed.Value[0].AsInteger());
    }

    [Fact]
    public async Task Before_multicall_was_deployed_reads_go_without_it_and_without_a_wrong_answer()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        var abi = await PrepareAsync(anvil, withMulticall: false);
        await using var first = await anvil.ConnectAsync(Token);
        var old = first.HeadAtConnect;
        await anvil.SetCodeAsync(Multicall.CanonicalAddress, await Solidity.Multicall3CodeAsync());
        await anvil.MineAsync();

        await using var client = await anvil.ConnectAsync(Token);
        Assert.True(client.HadMulticallAtConnect);
        var block = await PinnedBlock.AtAsync(client, BlockReference.At(old.Hash!.Value), Token);
        var reads = block.NewReads();
        var number = reads.Call(Target, abi.Function("number"));
        var height = reads.Call(Target, abi.Function("height"));
        await reads.SendAsync(Token);
        Assert.Equal(7, number.Value[0].AsInteger());
        Assert.Equal(old.Number.Value, (ulong)height.Value[0].AsInteger());
    }

    [Fact]
    public async Task Something_else_at_the_address_of_multicall_does_no_harm()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        var abi = await PrepareAsync(anvil, withMulticall: false);
        await anvil.SetCodeAsync(Multicall.CanonicalAddress, Hex.Decode("0x60205ff3"));
        await using var client = await anvil.ConnectAsync(Token);
        var reads = PinnedBlock.AtConnect(client).NewReads();
        var number = reads.Call(Target, abi.Function("number"));
        var height = reads.Call(Target, abi.Function("height"));
        await reads.SendAsync(Token);
        Assert.Equal(7, number.Value[0].AsInteger());
        Assert.True(height.TryGet(out _));
    }

    [Fact]
    public async Task A_call_with_a_caller_and_a_probe_are_made_by_themselves_in_the_same_round_trip()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        var abi = await PrepareAsync(anvil, withMulticall: true);
        await using var client = await anvil.ConnectAsync(Token);
        var reads = PinnedBlock.AtConnect(client).NewReads();
        var mine = reads.Call(new ContractCall(Target, abi.Function("caller")) { From = Nobody });
        var probe = reads.Call(new ContractCall(Target, abi.Function("bare")) { IsProbe = true });
        var one = reads.Call(Target, abi.Function("number"));
        var two = reads.Call(Target, abi.Function("number"));
        await reads.SendAsync(Token);
        Assert.Equal(Nobody, mine.Value[0].AsAddress());
        Assert.Equal(ReadStatus.Reverted, probe.Status);
        Assert.Equal(one.Value[0], two.Value[0]);
        Assert.Equal(2, client.RoundTrips);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_node_that_knows_no_block_hashes_here_is_read_by_height_and_checked(bool withMulticall)
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        var abi = await PrepareAsync(anvil, withMulticall);
        await using var proxy = FaultyRpc.InFrontOf(anvil);
        proxy.On("*").When(parameters => parameters.Count > 0 && parameters[^1] is JsonObject last && last.ContainsKey("blockHash"))
            .Error(-32602, "invalid argument 1: json: cannot unmarshal object into Go value of type string");
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(proxy.Url), ChainId.Local, TimeProvider.System, Token);
        var block = PinnedBlock.AtConnect(client);
        await anvil.ExecuteAsync(Anvil.Accounts[0], Target, abi.Function("set").Encode(99));

        for (var i = 0; i < 2; i++)
        {
            var reads = block.NewReads();
            var number = reads.Call(Target, abi.Function("number"));
            var height = reads.Call(Target, abi.Function("height"));
            await reads.SendAsync(Token);
            Assert.Equal(7, number.Value[0].AsInteger());
            Assert.Equal(block.Header.Number.Value, (ulong)height.Value[0].AsInteger());
        }

        await anvil.ReorgAsync(2);
        var void_ = block.NewReads();
        void_.Call(Target, abi.Function("number"));
        Assert.Equal("block-reorganised", (await Assert.ThrowsAsync<EthereumException>(() => void_.SendAsync(Token))).Code);
    }

    [Fact]
    public async Task A_reorganisation_of_the_pinned_block_is_an_error_and_reading_begins_again()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        var abi = await PrepareAsync(anvil, withMulticall: true);
        await anvil.MineAsync(3);
        await using var client = await anvil.ConnectAsync(Token);
        var old = PinnedBlock.AtConnect(client);
        await anvil.ReorgAsync(2);

        var error = await Assert.ThrowsAsync<EthereumException>(() => NumberAsync(old, Token));
        Assert.Equal(("block-reorganised", Fault.Unknown), (error.Code, error.Fault));
        Assert.Equal("block-reorganised", (await Assert.ThrowsAsync<EthereumException>(() => old.RequireCanonicalAsync(Token))).Code);

        var attempts = 0;
        Assert.Equal(7, await PinnedBlock.ReadAsync(client, async (block, token) =>
        {
            if (++attempts < 3)
            {
                await anvil.ReorgAsync(2);
            }

            return await NumberAsync(block, token);
        }, Token));
        Assert.Equal(3, attempts);

        async Task<int> NumberAsync(PinnedBlock block, CancellationToken token)
        {
            var reads = block.NewReads();
            var number = reads.Call(Target, abi.Function("number"));
            await reads.SendAsync(token);
            return (int)number.Value[0].AsInteger();
        }
    }

    [Fact]
    public async Task An_unreachable_node_makes_every_read_unknown_and_none_an_exception()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        var abi = await PrepareAsync(anvil, withMulticall: true);
        await using var proxy = FaultyRpc.InFrontOf(anvil);
        await using var client = await EthereumClient.ConnectAsync(
            RpcOptions.For(proxy.Url) with { Rounds = 1 }, ChainId.Local, TimeProvider.System, Token);
        proxy.On("*").Drop();
        var reads = PinnedBlock.AtConnect(client).NewReads();
        PinnedRead[] all = [reads.Call(
            Target, abi.Function("number")), reads.Call(Target, abi.Function("height")), reads.Code(Target), reads.Balance(Nobody)];
        await reads.SendAsync(Token);
        Assert.All(all, read => Assert.Equal((ReadStatus.Unknown, "rpc-unreachable"), (read.Status, read.Error!.Code)));
    }

    [Fact]
    public async Task A_block_that_no_node_knows_cannot_be_pinned()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var client = await anvil.ConnectAsync(Token);
        var error = await Assert.ThrowsAsync<EthereumException>(
            () => PinnedBlock.AtAsync(client, BlockReference.At(new BlockNumber(1_000)), Token));
        Assert.Equal("block-unknown", error.Code);
    }

    private static async Task<ContractAbi> PrepareAsync(Anvil anvil, bool withMulticall)
    {
        var compiled = await Solidity.CompileAsync(Source, "Probe");
        await anvil.SetCodeAsync(Target, compiled.RuntimeCode);
        await anvil.SetStorageAsync(Target, Bytes32.Zero, Bytes32.FromUnsigned(7));
        if (withMulticall)
        {
            await anvil.SetCodeAsync(Multicall.CanonicalAddress, await Solidity.Multicall3CodeAsync());
        }

        await anvil.MineAsync();
        return ContractAbi.FromJson(compiled.AbiJson);
    }

    private static (PinnedReads Reads, PinnedRead[] All) ReadAll(PinnedBlock block, ContractAbi abi)
    {
        var reads = block.NewReads();
        PinnedRead[] all =
        [
            reads.Call(Target, abi.Function("number")),
            reads.Call(Target, abi.Function("echo"), 5, "text", new AbiValue[] { Bytes32.FromUnsigned(1), Bytes32.FromUnsigned(2) }),
            reads.Call(Target, abi.Function("refuse"), 12),
            reads.Call(Target, abi.Function("say")),
            reads.Call(Target, abi.Function("bare")),
            reads.Call(Target, abi.Function("panic"), 0),
            reads.Call(Target, abi.Function("panic"), 1),
            reads.Call(Nobody, abi.Function("number")),
            reads.Call(new ContractCall(Target, abi.Function("number")), results => results[0].AsText()),
            reads.Code(Target),
            reads.Code(Nobody),
            reads.Balance(Nobody),
            reads.Nonce(Nobody),
            reads.Storage(Target, Bytes32.Zero),
        ];
        return (reads, all);
    }

    private static string Show(PinnedRead read)
    {
        var value = read switch
        {
            PinnedRead<AbiArguments> call when call.TryGet(out var results) => results.ToString(),
            PinnedRead<byte[]> bytes when bytes.TryGet(out var code) => Hex.Encode(code),
            PinnedRead<Wei> wei when wei.TryGet(out var balance) => balance.ToString(),
            PinnedRead<ulong> nonce when nonce.TryGet(out var count) => $"{count}",
            PinnedRead<Bytes32> word when word.TryGet(out var storage) => storage.ToString(),
            _ => read.Error is RevertException revert ? Hex.Encode(revert.RevertData.Span) : read.Error!.Code,
        };
        return $"{read.Subject}: {read.Status} {value}";
    }
}
