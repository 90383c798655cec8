using System.Text;
using AgiJobs.Ethereum.Rpc;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Ethereum.Tests.Rpc;

/// <summary>Whatever a node sends, the outcome is a value or an <see cref="EthereumException"/>.</summary>
public sealed class MalformedAnswerTests
{
    private static readonly RpcEndpoint Endpoint = RpcEndpoint.Parse("http://127.0.0.1:8545");

    // Every typed request reads every one of these as its result.
    private static readonly string[] Fragments =
    [
        "null", "true", "0", "-1", "1e999", "18446744073709551616", "\"\"", "\"0x\"", "\"0x0\"", "\"0x1\"", "\"0xzz\"", "\"\\ud800\"", "\"0x\\ud83d\"",
        "\"0x\\u0031\"", "[]", "[null]", "[[[]]]", "{}", "{\"number\":\"0x1\"}", "{\"timestamp\":\"0xffffffffffffffff\",\"number\":\"0x1\"}",
        "{\"address\":\"0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266\",\"topics\":[],\"data\":\"0x\"}", "{\"status\":\"0x2\"}", "{\"a\":1,\"a\":2}",
        "{\"code\":3,\"message\":\"execution reverted\",\"data\":\"0x08c379a0\"}", "{\"code\":\"x\",\"message\":7,\"data\":{\"data\":{\"data\":{}}}}",
        "\"0x" + "ff" + "\"", "\"0x" + new string('f', 64) + "\"", "\"0x" + new string('f', 66) + "\"",
    ];

    private static readonly Func<RpcSlot>[] Requests =
    [
        () => new RpcSlot<ChainId>(EthRequests.ChainId()),
        () => new RpcSlot<BlockHeader?>(EthRequests.Block(BlockReference.Latest)),
        () => new RpcSlot<byte[]>(EthRequests.Call(new CallRequest(), BlockReference.Latest)),
        () => new RpcSlot<Bytes32>(EthRequests.Storage(default, default, BlockReference.Latest)),
        () => new RpcSlot<Gas>(EthRequests.EstimateGas(new CallRequest())),
        () => new RpcSlot<FeeHistory>(EthRequests.FeeHistory(1, BlockReference.Latest, [])),
        () => new RpcSlot<TransactionReceipt?>(EthRequests.Receipt(default)),
        () => new RpcSlot<TransactionInfo?>(EthRequests.Transaction(default)),
        () => new RpcSlot<IReadOnlyList<LogEntry>>(EthRequests.Logs(new LogFilter())),
        () => new RpcSlot<Bytes32>(EthRequests.SendRaw(default)),
    ];

    [Fact]
    public void Any_bytes_give_a_value_or_an_error_of_ours() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes => IsOrderly(bytes ?? [])));

    [Fact]
    public void Any_fragment_in_any_place_gives_a_value_or_an_error_of_ours()
    {
        var document =
            from id in Gen.Elements("1", "2", "3", "null", "\"1\"", "1.0", "1e0", "-1", "99999999999999999999", "{}")
            from field in Gen.Elements("result", "error", "Result", "err\\u006fr")
            from fragment in Gen.Elements(Fragments)
            from second in Gen.Elements(Fragments)
            from shape in Gen.Choose(0, 5)
            select shape switch
            {
                0 => $"{{\"id\":{id},\"{field}\":{fragment}}}",
                1 => $"[{{\"id\":{id},\"{field}\":{fragment}}},{{\"id\":2,\"result\":{second}}}]",
                2 => $"{{\"id\":{id},\"result\":{fragment},\"error\":{second}}}",
                3 => $"[{fragment},{second}]",
                4 => fragment,
                _ => $"{{\"id\":1,\"result\":{{\"hash\":{fragment},\"number\":{second},\"logs\":[{fragment}],\"topics\":{second}}}}}",
            };
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(5000),
            Prop.ForAll(document.ToArbitrary(), text => IsOrderly(Encoding.UTF8.GetBytes(text))));
    }

    [Fact]
    public void A_good_answer_with_bytes_changed_or_cut_gives_a_value_or_an_error_of_ours()
    {
        var good = Encoding.UTF8.GetBytes(
            """
            {"jsonrpc":"2.0","id":1,"result":{"number":"0x64","hash":"0x0000000000000000000000000000000000000000000000000000000000000064",
            "parentHash":"0x0000000000000000000000000000000000000000000000000000000000000063","timestamp":"0x65920080","gasLimit":"0x1c9c380",
            "gasUsed":"0x0","baseFeePerGas":"0x3b9aca00","transactions":[]}}
            """);
        var changed =
            from at in Gen.Choose(0, good.Length - 1)
            from to in Gen.Choose(0, 255)
            from cut in Gen.Choose(0, good.Length)
            select (at, to, cut);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(5000), Prop.ForAll(changed.ToArbitrary(), change =>
        {
            var bytes = (byte[])good.Clone();
            bytes[change.at] = (byte)change.to;
            return IsOrderly(bytes) && IsOrderly(bytes.AsSpan(0, change.cut).ToArray());
        }));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(100_000)]
    public void Deep_nesting_is_an_error_and_not_a_crash(int depth)
    {
        Assert.True(IsOrderly(Encoding.UTF8.GetBytes(new string('[', depth) + new string(']', depth))));
        Assert.True(IsOrderly(Encoding.UTF8.GetBytes(
            "{\"id\":1,\"error\":{\"data\":" + string.Concat(Enumerable.Repeat("{\"data\":", depth)) + "1" + new string('}', depth + 2))));
    }

    [Fact]
    public void Control_characters_of_a_node_never_reach_a_message()
    {
        var slot = (RpcSlot<ChainId>)Requests[0]();
        slot.Id = 1;
        Read("{\"id\":1,\"error\":{\"code\":1,\"message\":\"a\\u001b[2Jb\\nc\"}}"u8.ToArray(), [slot]);
        Assert.Equal("a [2Jb c", Assert.IsType<RpcException>(slot.Error).NodeMessage);
        Assert.DoesNotContain(slot.Error!.Message, char.IsControl);
    }

    private static bool IsOrderly(byte[] body)
    {
        foreach (var make in Requests)
        {
            var one = make();
            one.Id = 1;
            Read(body, [one]);

            RpcSlot[] two = [make(), make()];
            two[0].Id = 1;
            two[1].Id = 2;
            Read(body, two);
        }

        return true;
    }

    private static void Read(byte[] body, RpcSlot[] slots)
    {
        RpcAnswerReader.Read(Endpoint, new RpcAnswer(body), null, slots, () => { });
        foreach (var slot in slots)
        {
            Assert.True(
                slot.IsComplete != (slot.Failures.Count > 0),
                $"slot {slot.Id} has neither an outcome nor a failure");
        }
    }
}
