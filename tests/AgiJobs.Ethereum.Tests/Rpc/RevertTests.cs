using System.Text.Json.Nodes;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;

namespace AgiJobs.Ethereum.Tests.Rpc;

public sealed class RevertTests
{
    // Error("no")
    private const string Data =
        "0x08c379a000000000000000000000000000000000000000000000000000000000000000200000000000000000000000000000000000000000000000000000000000000002"
        + "6e6f000000000000000000000000000000000000000000000000000000000000";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> NodeStyles() => new()
    {
        { "geth, Erigon, Reth, anvil", $$$"""{"code":3,"message":"execution reverted: no","data":"{{{Data}}}" }""" },
        { "Besu", $$$"""{"code":-32000,"message":"Execution reverted","data":"{{{Data}}}" }""" },
        { "Nethermind", $$$"""{"code":-32015,"message":"VM execution error.","data":"Reverted {{{Data}}}" }""" },
        { "Nethermind, newer", $$$"""{"code":-32015,"message":"execution reverted","data":"{{{Data}}}" }""" },
        { "Hardhat", $$$"""{"code":-32603,"message":"Error: VM Exception: reverted","data":{"message":"reverted","data":"{{{Data}}}" } }""" },
        { "wallet proxy", $$$"""{"code":-32603,"message":"Internal error: reverted","data":{"originalError":{"code":3,"data":"{{{Data}}}" } } }""" },
        { "Ganache", $$$"""{"code":-32000,"message":"VM Exception: revert","data":{"0xabcd":{"error":"revert","return":"{{{Data}}}" },"name":"RuntimeError"}}""" },
        { "Ganache, newer", $$$"""{"code":-32000,"message":"VM Exception: revert","data":{"hash":null,"result":"{{{Data}}}" } }""" },
    };

    [Theory]
    [MemberData(nameof(NodeStyles))]
    public async Task Revert_data_is_found_where_each_node_puts_it(string style, string error)
    {
        await using var node = FaultyRpc.Alone();
        var parsed = JsonNode.Parse(error)!;
        node.On("eth_call").Error((long)parsed["code"]!, (string)parsed["message"]!, parsed["data"]!.DeepClone());
        await using var client = await ConnectAsync(node);

        var revert = await Assert.ThrowsAsync<RevertException>(() => client.CallAsync(new CallRequest(), BlockReference.Latest, Token));
        Assert.Equal(("call-reverted", Fault.Failed), (revert.Code, revert.Fault));
        Assert.True(Data == Hex.Encode(revert.RevertData.Span), style);
        Assert.Equal(RevertKind.Text, revert.Reason.Kind);
        Assert.Contains("eth_call reverted: \"no\" (", revert.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_custom_error_is_named_with_its_arguments_once_an_ABI_is_given()
    {
        var abi = ContractAbi.FromHumanReadable("error NotOwner(address caller, uint256 count)");
        await using var node = FaultyRpc.Alone();
        node.On("eth_call").Error(
            3, "execution reverted: custom error 0x...", Hex.Encode(abi.Error("NotOwner").Encode(Anvil.Accounts[0], 7)));
        await using var client = await ConnectAsync(node);

        var revert = await Assert.ThrowsAsync<RevertException>(() => client.CallAsync(new CallRequest(), BlockReference.Latest, Token));
        Assert.Equal(RevertKind.Unknown, revert.Reason.Kind);
        var decoded = revert.DecodedBy(abi);
        Assert.Equal("NotOwner", decoded.Reason.Error!.Name);
        Assert.Equal(7, decoded.Reason.Arguments!["count"].AsInteger());
        Assert.Contains($"NotOwner(caller: {Anvil.Accounts[0]}, count: 7)", decoded.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, "execution reverted")]
    [InlineData(-32000, "execution reverted")]
    [InlineData(-32000, "VM execution error: revert")]
    public async Task A_revert_without_data_is_still_a_revert(long code, string message)
    {
        await using var node = FaultyRpc.Alone();
        node.On("eth_call").Error(code, message);
        await using var client = await ConnectAsync(node);

        var revert = await Assert.ThrowsAsync<RevertException>(() => client.CallAsync(new CallRequest(), BlockReference.Latest, Token));
        Assert.True(revert.RevertData.IsEmpty);
    }

    [Theory]
    [InlineData(-32000, "header not found")]
    [InlineData(-32015, "VM execution error: out of gas")]
    [InlineData(-32000, "insufficient funds for gas * price + value")]
    public async Task Other_failures_of_a_call_are_not_reverts(long code, string message)
    {
        await using var node = FaultyRpc.Alone();
        node.On("eth_call").Error(code, message);
        await using var client = await ConnectAsync(node);

        Assert.IsNotType<RevertException>(await Assert.ThrowsAsync<RpcException>(
            () => client.CallAsync(new CallRequest(), BlockReference.Latest, Token)));
    }

    [Fact]
    public async Task Anvil_gives_the_data_of_calls_and_of_gas_estimates()
    {
        await using var anvil = await Anvil.StartAsync(cancellationToken: Token);
        await using var client = await anvil.ConnectAsync(Token);

        // Returns the four bytes de ad be ef by revert.
        var contract = Address.Parse("0x00000000000000000000000000000000DeaDBeef");
        await anvil.SetCodeAsync(contract, Hex.Decode("0x63deadbeef5f526004601cfd"));
        var call = new CallRequest { To = contract };

        foreach (var attempt in (Func<Task>[])[() => client.CallAsync(
            call, BlockReference.Latest, Token), () => client.EstimateGasAsync(call, null, Token)])
        {
            var revert = await Assert.ThrowsAsync<RevertException>(attempt);
            Assert.Equal("0xdeadbeef", Hex.Encode(revert.RevertData.Span));
        }
    }

    private static Task<EthereumClient> ConnectAsync(FaultyRpc node) =>
        EthereumClient.ConnectAsync(RpcOptions.For(node.Url), ChainId.Local, TimeProvider.System, Token);
}
