using System.Text.Json;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Ethereum.Rpc;

/// <summary>One block of calls that <c>eth_simulateV1</c> executes one after another.</summary>
/// <param name="Block">The block that they believe to be in; must be above the one before it in height and time.</param>
/// <param name="Overrides">What is replaced in the state before the first of them.</param>
/// <param name="Calls">The calls.</param>
public sealed record SimulatedBlock(BlockOverride Block, StateOverrides Overrides, IReadOnlyList<CallRequest> Calls);

/// <summary>One log of a simulated call.</summary>
/// <param name="Address">The contract that emitted it.</param>
/// <param name="Topics">At most four words.</param>
/// <param name="Data">The data that is not indexed.</param>
public sealed record SimulatedLog(Address Address, IReadOnlyList<Bytes32> Topics, ReadOnlyMemory<byte> Data)
{
    /// <inheritdoc/>
    public bool Equals(SimulatedLog? other) =>
        other is not null && Address == other.Address && Topics.SequenceEqual(other.Topics) && Data.Span.SequenceEqual(other.Data.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Address, Topics.Count, Data.Length);
}

/// <summary>Native coin that a simulated call moved.</summary>
/// <param name="From">Where from.</param>
/// <param name="To">Where to.</param>
/// <param name="Value">How much.</param>
public sealed record SimulatedTransfer(Address From, Address To, Wei Value);

/// <summary>What one call of <c>eth_simulateV1</c> did.</summary>
/// <param name="Succeeded">False when it reverted or halted.</param>
/// <param name="ReturnData">What it returned; for a revert its data, where the node gives them.</param>
/// <param name="GasUsed">Gas.</param>
/// <param name="Logs">What it emitted, in order.</param>
/// <param name="Transfers">Native coin that it moved, in order.</param>
/// <param name="Error">The node's words for a failure; null when it succeeded.</param>
public sealed record SimulatedOutcome(bool Succeeded, ReadOnlyMemory<byte> ReturnData, Gas GasUsed, IReadOnlyList<SimulatedLog> Logs, IReadOnlyList<SimulatedTransfer> Transfers, string? Error);

/// <summary>Requests that execute calls on a made-up state. They change nothing.</summary>
public static class SimulationRequests
{
    // Where eth_simulateV1 puts its pseudo logs of coin that moved (traceTransfers), in the form of an ERC-20 Transfer.
    private static readonly Address TransferMark = Address.Parse("0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE");
    private static readonly Bytes32 TransferTopic = AbiEvent.Parse("event Transfer(address indexed from, address indexed to, uint256 value)").Topic0!.Value;

    /// <summary>
    /// <c>eth_simulateV1</c>: executes blocks of calls on top of <paramref name="at"/>, each call on the state that the one before left. Balances and nonces of senders
    /// are not checked (<c>validation</c> is off), moved coin is told. The answer has as many outcomes as there are calls, or is malformed.
    /// Source: execution-apis, eth_simulateV1.
    /// </summary>
    public static RpcRequest<IReadOnlyList<SimulatedOutcome>> Simulate(IReadOnlyList<SimulatedBlock> blocks, BlockReference at)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        var counts = blocks.Select(block => block.Calls.Count).ToArray();
        return new RpcRequest<IReadOnlyList<SimulatedOutcome>>(
            "eth_simulateV1",
            writer =>
            {
                writer.WriteStartObject();
                writer.WriteStartArray("blockStateCalls");
                foreach (var block in blocks)
                {
                    writer.WriteStartObject();
                    writer.WritePropertyName("blockOverrides");
                    block.Block.Write(writer);
                    if (!block.Overrides.IsEmpty)
                    {
                        writer.WritePropertyName("stateOverrides");
                        block.Overrides.Write(writer);
                    }

                    writer.WriteStartArray("calls");
                    foreach (var call in block.Calls)
                    {
                        call.Write(writer);
                    }

                    writer.WriteEndArray();
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                writer.WriteBoolean("traceTransfers", true);
                writer.WriteBoolean("validation", false);
                writer.WriteEndObject();
                at.Write(writer);
            },
            result => ReadBlocks(result, counts));
    }

    /// <summary>Executes a call on a made-up state and returns what it returns.</summary>
    public static RpcRequest<byte[]> Call(CallRequest call, BlockReference at, StateOverrides overrides)
    {
        ArgumentNullException.ThrowIfNull(call);
        ArgumentNullException.ThrowIfNull(overrides);
        return new RpcRequest<byte[]>(
            "eth_call",
            writer =>
            {
                call.Write(writer);
                at.Write(writer);
                overrides.Write(writer);
            },
            result => NodeJson.Data(result, "the call's result"));
    }

    /// <summary>
    /// <c>debug_traceCall</c> with the call tracer: the tree of calls that a call makes, with what each emits. Source: geth, "Built-in tracers".
    /// </summary>
    public static RpcRequest<CallFrame> TraceCalls(CallRequest call, BlockReference at, BlockOverride block, StateOverrides overrides) =>
        new("debug_traceCall",
            Trace(call, at, block, overrides, writer =>
            {
                writer.WriteString("tracer", "callTracer");
                writer.WriteStartObject("tracerConfig");
                writer.WriteBoolean("withLog", true);
                writer.WriteEndObject();
            }),
            result => CallFrame.Read(result, 0));

    /// <summary>
    /// <c>debug_traceCall</c> with the prestate tracer in diff mode: what a call leaves different in storage, code, balances and nonces. Source: geth, "Built-in tracers".
    /// </summary>
    public static RpcRequest<StateDifference> TraceDifference(CallRequest call, BlockReference at, BlockOverride block, StateOverrides overrides) =>
        new("debug_traceCall",
            Trace(call, at, block, overrides, writer =>
            {
                writer.WriteString("tracer", "prestateTracer");
                writer.WriteStartObject("tracerConfig");
                writer.WriteBoolean("diffMode", true);
                writer.WriteEndObject();
            }),
            StateDifference.Read);

    // In the language that geth's tracers have in common: what each KECCAK256 hashes, from a word to 16 of them.
    private const string HashingTracer =
        "{images:[],step:function(log){if(log.op.toNumber()===32){var o=Number(log.stack.peek(0).toString()),n=Number(log.stack.peek(1).toString());"
        + "if(n>=32&&n<=512&&o+n<=log.memory.length()&&this.images.length<20000){this.images.push(toHex(log.memory.slice(o,o+n)))}}},fault:function(){},result:function(){return this.images}}";

    /// <summary>
    /// <c>debug_traceCall</c> with a tracer that tells what a call hashes, which is how the keys of mappings get to their entries: each distinct image of 32 to 512 bytes, at most 20,000. Not every node
    /// takes such tracers. Source: geth, "Custom EVM tracer".
    /// </summary>
    public static RpcRequest<IReadOnlyList<byte[]>> TraceHashing(CallRequest call, BlockReference at, BlockOverride block, StateOverrides overrides) =>
        new("debug_traceCall",
            Trace(call, at, block, overrides, writer => writer.WriteString("tracer", HashingTracer)),
            result => [.. NodeJson.List(result, "the images", image => NodeJson.Data(image, "an image")).DistinctBy(Convert.ToHexString)]);

    private static Action<Utf8JsonWriter> Trace(CallRequest call, BlockReference at, BlockOverride block, StateOverrides overrides, Action<Utf8JsonWriter> tracer)
    {
        ArgumentNullException.ThrowIfNull(call);
        ArgumentNullException.ThrowIfNull(block);
        ArgumentNullException.ThrowIfNull(overrides);
        return writer =>
        {
            call.Write(writer);
            at.Write(writer);
            writer.WriteStartObject();
            tracer(writer);
            if (!overrides.IsEmpty)
            {
                writer.WritePropertyName("stateOverrides");
                overrides.Write(writer);
            }

            writer.WritePropertyName("blockOverrides");
            block.Write(writer);
            writer.WriteEndObject();
        };
    }

    private static List<SimulatedOutcome> ReadBlocks(JsonElement result, int[] counts)
    {
        var blocks = NodeJson.List(result, "the simulated blocks", block => NodeJson.List(NodeJson.Field(block, "calls"), "calls", ReadOutcome));

        // A node may put empty blocks between those that were asked for, to fill a gap of heights.
        blocks = [.. blocks.Where(block => block.Length > 0)];
        var asked = counts.Where(count => count > 0).ToArray();
        return blocks.Select(block => block.Length).SequenceEqual(asked)
            ? [.. blocks.SelectMany(block => block)]
            : throw NodeJson.Malformed($"eth_simulateV1 answered {string.Join('+', blocks.Select(block => block.Length))} calls where {string.Join('+', asked)} were asked for");
    }

    private static SimulatedOutcome ReadOutcome(JsonElement call)
    {
        var status = NodeJson.Count(NodeJson.Field(call, "status"), "status");
        if (status > 1)
        {
            throw NodeJson.Malformed($"status is {status} where 0 or 1 was expected");
        }

        var logs = new List<SimulatedLog>();
        var transfers = new List<SimulatedTransfer>();
        if (NodeJson.Optional(call, "logs") is { } list)
        {
            foreach (var log in NodeJson.List(list, "logs", ReadLog))
            {
                if (log.Address == TransferMark && log.Topics is [var topic, var from, var to] && topic == TransferTopic && log.Data.Length == Bytes32.Size)
                {
                    transfers.Add(new SimulatedTransfer(from.ToAddress(), to.ToAddress(), new Wei(new Bytes32(log.Data.Span).ToUnsigned())));
                }
                else
                {
                    logs.Add(log);
                }
            }
        }

        var error = NodeJson.Optional(call, "error");
        var data = NodeJson.Optional(call, "returnData") is { } returned ? NodeJson.Data(returned, "returnData") : [];
        if (data.Length == 0 && error is { ValueKind: JsonValueKind.Object } problem && NodeJson.Optional(problem, "data") is { ValueKind: JsonValueKind.String } revert)
        {
            data = NodeJson.Data(revert, "the revert data");
        }

        var words = error is { ValueKind: JsonValueKind.Object } said && NodeJson.Optional(said, "message") is { ValueKind: JsonValueKind.String } message ? NodeError.Printable(NodeJson.Text(message, "message")) : null;
        return new SimulatedOutcome(
            status == 1,
            data,
            new Gas(NodeJson.Count(NodeJson.Field(call, "gasUsed"), "gasUsed")),
            logs,
            transfers,
            status == 1 ? null : words ?? "execution failed");
    }

    internal static SimulatedLog ReadLog(JsonElement log) => new(
        NodeJson.Address(NodeJson.Field(log, "address"), "address"),
        NodeJson.List(NodeJson.Field(log, "topics"), "topics", topic => NodeJson.Word(topic, "a topic")) is { Length: <= 4 } topics
            ? topics
            : throw NodeJson.Malformed("a log has more than four topics"),
        NodeJson.Optional(log, "data") is { } data ? NodeJson.Data(data, "data") : []);
}
