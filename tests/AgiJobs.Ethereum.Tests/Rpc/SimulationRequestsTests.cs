using System.Text.Json.Nodes;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;

namespace AgiJobs.Ethereum.Tests.Rpc;

public sealed class SimulationRequestsTests
{
    private static readonly Address A = Bytes32.FromUnsigned(0xAa).ToAddress();
    private static readonly Address B = Bytes32.FromUnsigned(0xbB).ToAddress();
    private static readonly BlockOverride Next = new(new BlockNumber(101), DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));

    private const string Word1 = "0x0000000000000000000000000000000000000000000000000000000000000001";
    private const string Word2 = "0x0000000000000000000000000000000000000000000000000000000000000002";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static CallRequest Call => new() { From = A, To = B, Data = new byte[] { 1, 2, 3, 4 } };

    [Fact]
    public async Task A_revert_carries_its_data_wherever_the_node_puts_them()
    {
        // geth, anvil and an answer with an empty block to fill a gap.
        var outcomes = await AskAsync(Simulate(3), """
            [{"calls":[]},{"calls":[
              {"returnData":"0x","logs":[],"gasUsed":"0x5208","status":"0x0","error":{"code":3,"message":"execution reverted","data":"0xdeadbeef"}},
              {"returnData":"0xcafe","logs":[],"gasUsed":"0x5209","status":"0x0","error":{"code":-3200,"message":"execution failed"}},
              {"returnData":"0x","logs":[
                {"address":"0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","topics":["0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef","0x00000000000000000000000000000000000000000000000000000000000000aa","0x00000000000000000000000000000000000000000000000000000000000000bb"],"data":"0x0000000000000000000000000000000000000000000000000000000000000005"},
                {"address":"0x00000000000000000000000000000000000000bb","topics":["0x0000000000000000000000000000000000000000000000000000000000000001"],"data":"0x"}],"gasUsed":"0x1","status":"0x1"}]}]
            """);
        Assert.Equal("0xdeadbeef", Hex.Encode(outcomes[0].ReturnData.Span));
        Assert.Equal(("execution failed", "0xcafe"), (outcomes[1].Error, Hex.Encode(outcomes[1].ReturnData.Span)));
        Assert.Equal(new SimulatedTransfer(A, B, new Wei(5)), Assert.Single(outcomes[2].Transfers));
        Assert.Equal(B, Assert.Single(outcomes[2].Logs).Address);
        Assert.Null(outcomes[2].Error);
    }

    [Theory]
    [InlineData("""[]""")]
    [InlineData("""[{"calls":[]}]""")]
    [InlineData("""[{"calls":[{"returnData":"0x","logs":[],"gasUsed":"0x1","status":"0x1"},{"returnData":"0x","logs":[],"gasUsed":"0x1","status":"0x1"}]}]""")]
    [InlineData("""[{"calls":[{"returnData":"0x","logs":[],"gasUsed":"0x1"}]}]""")]
    [InlineData("""[{"calls":[{"returnData":"0x","logs":[],"gasUsed":"0x1","status":"0x2"}]}]""")]
    [InlineData("""[{"calls":[{"returnData":"0x","logs":[{"address":"0x12","topics":[],"data":"0x"}],"gasUsed":"0x1","status":"0x1"}]}]""")]
    [InlineData("""{"calls":7}""")]
    public async Task An_answer_with_other_calls_than_were_asked_for_is_malformed(string answer) =>
        Assert.Equal("rpc-malformed", (await Assert.ThrowsAsync<EthereumException>(() => AskAsync(Simulate(1), answer))).Code);

    [Fact]
    public async Task Logs_are_told_in_the_order_of_the_chain_and_those_of_failed_calls_are_not()
    {
        var frame = await AskAsync(SimulationRequests.TraceCalls(Call, BlockReference.Latest, Next, new StateOverrides()), $$$"""
            {"type":"CALL","from":"0x00000000000000000000000000000000000000aa","to":"0x00000000000000000000000000000000000000bb","input":"0x01020304","gas":"0x1","gasUsed":"0x1","value":"0x0",
             "logs":[{{{Log(1, 0)}}},{{{Log(3, 1)}}},{{{Log(5, 2)}}}],
             "calls":[
               {"type":"CALL","from":"0x00000000000000000000000000000000000000bb","to":"0x00000000000000000000000000000000000000aa","input":"0x","value":"0x3","logs":[{{{Log(2, 0)}}}]},
               {"type":"DELEGATECALL","from":"0x00000000000000000000000000000000000000bb","to":"0x00000000000000000000000000000000000000aa","input":"0x","value":"0x3","error":"execution reverted","logs":[{{{Log(4, 0)}}}]}]}
            """);
        Assert.Equal([1, 2, 3, 5], frame.AllLogs().Select(log => (int)log.Topics[0].ToUnsigned()));
        Assert.Equal([Wei.Zero, new Wei(3)], frame.Effective().Select(call => call.Value));
        Assert.Equal(3, frame.All().Count());

        static string Log(int topic, int position) => $$$"""{"address":"0x00000000000000000000000000000000000000bb","topics":["{{{Bytes32.FromUnsigned(topic)}}}"],"data":"0x","position":"0x{{{position}}}","index":"0x0"}""";
    }

    [Theory]
    [InlineData("""{"type":"JUMP","from":"0x00000000000000000000000000000000000000aa"}""")]
    [InlineData("""{"type":"CALL"}""")]
    [InlineData("""{"type":"CALL","from":"0x00000000000000000000000000000000000000aa","logs":[{"address":"0x00000000000000000000000000000000000000bb","topics":[],"data":"0x"}]}""")]
    [InlineData("""{"failed":false,"structLogs":[]}""")]
    public async Task A_trace_of_another_form_is_malformed(string answer) =>
        Assert.Equal("rpc-malformed", (await Assert.ThrowsAsync<EthereumException>(() => AskAsync(SimulationRequests.TraceCalls(Call, BlockReference.Latest, Next, new StateOverrides()), answer))).Code);

    [Fact]
    public async Task A_difference_tells_both_sides_of_each_word_and_takes_a_missing_one_for_zero()
    {
        // As geth answers: the nonce is a number, what did not change is left out, a word that is zero is left out.
        var difference = await AskAsync(SimulationRequests.TraceDifference(Call, BlockReference.Latest, Next, new StateOverrides()), Words("""
            {"pre":{"0x00000000000000000000000000000000000000aa":{"balance":"0x5","nonce":7},
                    "0x00000000000000000000000000000000000000bb":{"balance":"0x0","nonce":1,"code":"0x60","storage":{"WORD1":"WORD2"}},
                    "0x00000000000000000000000000000000000000cc":{"balance":"0x0","nonce":1,"code":"0x60"}},
             "post":{"0x00000000000000000000000000000000000000aa":{"nonce":8},
                     "0x00000000000000000000000000000000000000bb":{"storage":{"WORD2":"WORD1"}},
                     "0x00000000000000000000000000000000000000dd":{"balance":"0x0","nonce":1,"code":"0x61"}}}
            """));
        Assert.Equal((null, 8UL), (difference.Accounts[A].After.Balance, difference.Accounts[A].After.Nonce!.Value));
        Assert.Equal([(Bytes32.Parse(Word1), Bytes32.Parse(Word2), Bytes32.Zero), (Bytes32.Parse(Word2), Bytes32.Zero, Bytes32.Parse(Word1))], difference.Accounts[B].Storage.Select(word => (word.Key, word.Value.Before, word.Value.After)));
        Assert.True(difference.Accounts[Bytes32.FromUnsigned(0xcC).ToAddress()].IsGone);
        Assert.True(difference.Accounts[Bytes32.FromUnsigned(0xDD).ToAddress()] is { IsNew: true, After.Code: [0x61] });

        var overrides = new StateOverrides();
        overrides.Apply(difference);
        Assert.Equal(Bytes32.Zero, overrides[B].Storage[Bytes32.Parse(Word1)]);
        Assert.Equal(8UL, overrides[A].Nonce);
    }

    [Theory]
    [InlineData("""{"post":{}}""")]
    [InlineData("""{"pre":{},"post":{"0x12":{}}}""")]
    [InlineData("""{"pre":{},"post":{"0x00000000000000000000000000000000000000aa":{"nonce":1.5}}}""")]
    [InlineData("""{"pre":{},"post":{"0x00000000000000000000000000000000000000aa":{"storage":{"0x1":"0x01"}}}}""")]
    [InlineData("""{"pre":{},"post":{"0x00000000000000000000000000000000000000aa":{},"0x00000000000000000000000000000000000000AA":{}}}""")]
    public async Task A_difference_of_another_form_is_malformed(string answer) =>
        Assert.Equal("rpc-malformed", (await Assert.ThrowsAsync<EthereumException>(() => AskAsync(SimulationRequests.TraceDifference(Call, BlockReference.Latest, Next, new StateOverrides()), answer))).Code);

    [Fact]
    public async Task Requests_name_the_block_by_its_hash_and_say_what_is_made_up()
    {
        await using var node = FaultyRpc.Alone();
        node.On("debug_traceCall").Result(JsonNode.Parse("""{"pre":{},"post":{}}"""));
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(node.Url), ChainId.Local, TimeProvider.System, Token);
        var overrides = new StateOverrides();
        overrides[B].Set(Bytes32.Parse(Word1), Bytes32.Parse(Word2));
        overrides[A].Code = [0x60];
        _ = await client.SendAsync(SimulationRequests.TraceDifference(Call, BlockReference.At(Bytes32.Parse(Word1)), Next, overrides), Token);
        Assert.Equal(
            Words("""[{"from":"0x00000000000000000000000000000000000000aa","to":"0x00000000000000000000000000000000000000bb","input":"0x01020304"},{"blockHash":"WORD1","requireCanonical":true},{"tracer":"prestateTracer","tracerConfig":{"diffMode":true},"stateOverrides":{"0x00000000000000000000000000000000000000aa":{"code":"0x60"},"0x00000000000000000000000000000000000000bb":{"stateDiff":{"WORD1":"WORD2"}}},"blockOverrides":{"number":"0x65","time":"0x6b49d200"}}]"""),
            node.Requests.Single(request => request.Method == "debug_traceCall").Parameters);
    }

    private static string Words(string json) => json.Replace("WORD1", Word1, StringComparison.Ordinal).Replace("WORD2", Word2, StringComparison.Ordinal);

    private static RpcRequest<IReadOnlyList<SimulatedOutcome>> Simulate(int calls) =>
        SimulationRequests.Simulate([new SimulatedBlock(Next, new StateOverrides(), [.. Enumerable.Repeat(Call, calls)])], BlockReference.Latest);

    private static async Task<T> AskAsync<T>(RpcRequest<T> request, string answer)
    {
        await using var node = FaultyRpc.Alone();
        node.On(request.Method).Result(JsonNode.Parse(answer));
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(node.Url) with { Rounds = 1 }, ChainId.Local, TimeProvider.System, Token);
        return await client.SendAsync(request, Token);
    }
}
