using System.Globalization;
using System.Text.Json;

namespace AgiJobs.Ethereum.Rpc;

/// <summary>The usual requests, typed, to be sent alone (<see cref="EthereumClient.SendAsync{T}"/>) or in a batch.</summary>
public static class EthRequests
{
    /// <summary>The chain id of the node.</summary>
    public static RpcRequest<ChainId> ChainId() => new("eth_chainId", null, result => new ChainId(NodeJson.Count(result, "the chain id")));

    /// <summary>The height of the newest block.</summary>
    public static RpcRequest<BlockNumber> BlockNumber() =>
        new("eth_blockNumber", null, result => new BlockNumber(NodeJson.Count(result, "the block number")));

    /// <summary>A block's header and transaction hashes; null when the node does not know the block.</summary>
    public static RpcRequest<BlockHeader?> Block(BlockReference block) =>
        block.Hash is { } hash
            ? new("eth_getBlockByHash", writer => { writer.WriteStringValue(hash.ToString()); writer.WriteBooleanValue(false); }, ReadBlock)
            : new(
                "eth_getBlockByNumber",
                writer => { writer.WriteStringValue(block.TagOrQuantity()); writer.WriteBooleanValue(false); },
                ReadBlock);

    /// <summary>Executes a call and returns what it returns.</summary>
    public static RpcRequest<byte[]> Call(CallRequest call, BlockReference block) =>
        new("eth_call", writer => { call.Write(writer); block.Write(writer); }, result => NodeJson.Data(result, "the call's result"));

    /// <summary>The balance of an account.</summary>
    public static RpcRequest<Wei> Balance(Address account, BlockReference block) =>
        new("eth_getBalance", AccountAt(account, block), result => NodeJson.Wei(result, "the balance"));

    /// <summary>The code of an account; empty when it has none.</summary>
    public static RpcRequest<byte[]> Code(Address account, BlockReference block) =>
        new("eth_getCode", AccountAt(account, block), result => NodeJson.Data(result, "the code"));

    /// <summary>One storage word.</summary>
    public static RpcRequest<Bytes32> Storage(Address account, Bytes32 slot, BlockReference block) =>
        new("eth_getStorageAt",
            writer =>
            {
                writer.WriteStringValue(Hex.Encode(account.ToBytes()));
                writer.WriteStringValue(slot.ToString());
                block.Write(writer);
            },
            result => Bytes32.FromUnsigned(NodeJson.Quantity(result, "the storage word")));

    /// <summary>How many transactions an account has sent, which is the nonce of its next one.</summary>
    public static RpcRequest<ulong> Nonce(Address account, BlockReference block) =>
        new("eth_getTransactionCount", AccountAt(account, block), result => NodeJson.Count(result, "the nonce"));

    /// <summary>The gas that a call needs, by the node's search. Null leaves the block to the node.</summary>
    public static RpcRequest<Gas> EstimateGas(CallRequest call, BlockReference? block = null) =>
        new("eth_estimateGas",
            writer => { call.Write(writer); block?.Write(writer); },
            result => new Gas(NodeJson.Count(result, "the gas estimate")));

    /// <summary>The node's suggestion for the price of a legacy transaction.</summary>
    public static RpcRequest<Wei> GasPrice() => new("eth_gasPrice", null, result => NodeJson.Wei(result, "the gas price"));

    /// <summary>The node's suggestion for a tip.</summary>
    public static RpcRequest<Wei> MaxPriorityFee() =>
        new("eth_maxPriorityFeePerGas", null, result => NodeJson.Wei(result, "the suggested tip"));

    /// <summary>
    /// Fees of the last <paramref name="blocks"/> blocks up to <paramref name="newest"/>, with tips at the given percentiles (0 to 100,
    /// ascending).
    /// </summary>
    public static RpcRequest<FeeHistory> FeeHistory(int blocks, BlockReference newest, params IReadOnlyList<int> percentiles) =>
        new("eth_feeHistory",
            writer =>
            {
                writer.WriteStringValue(Hex.EncodeQuantity(blocks));
                writer.WriteStringValue(newest.TagOrQuantity());
                writer.WriteStartArray();
                foreach (var percentile in percentiles)
                {
                    writer.WriteNumberValue(percentile);
                }

                writer.WriteEndArray();
            },
            ReadFeeHistory);

    /// <summary>The receipt of a transaction; null while it is not in a canonical block.</summary>
    public static RpcRequest<TransactionReceipt?> Receipt(Bytes32 transaction) =>
        new("eth_getTransactionReceipt", writer => writer.WriteStringValue(transaction.ToString()), ReadReceipt);

    /// <summary>A transaction by hash; null when the node does not know it.</summary>
    public static RpcRequest<TransactionInfo?> Transaction(Bytes32 hash) =>
        new("eth_getTransactionByHash", writer => writer.WriteStringValue(hash.ToString()), ReadTransaction);

    /// <summary>Logs that match, in order.</summary>
    public static RpcRequest<IReadOnlyList<LogEntry>> Logs(LogFilter filter) =>
        new("eth_getLogs", writer => filter.Write(writer), result => NodeJson.List(result, "the logs", ReadLog));

    /// <summary>Hands a signed transaction to the node, which answers with its hash.</summary>
    public static RpcRequest<Bytes32> SendRaw(ReadOnlyMemory<byte> signed) =>
        new("eth_sendRawTransaction",
            writer => writer.WriteStringValue(Hex.Encode(signed.Span)),
            result => NodeJson.Word(result, "the transaction hash"));

    /// <summary>Any request; the result is a copy that may be kept.</summary>
    public static RpcRequest<JsonElement> Raw(string method, Action<Utf8JsonWriter>? parameters = null) =>
        new(method, parameters, result => result.Clone());

    internal static BlockHeader? ReadBlock(JsonElement block)
    {
        if (NodeJson.IsNull(block))
        {
            return null;
        }

        var seconds = NodeJson.Count(NodeJson.Field(block, "timestamp"), "timestamp");
        if (seconds > 253_402_300_799)
        {
            throw NodeJson.Malformed(
                string.Create(CultureInfo.InvariantCulture, $"timestamp is {seconds} seconds, which is after the year 9999"));
        }

        return new BlockHeader(
            new BlockNumber(NodeJson.Count(NodeJson.Field(block, "number"), "number")),
            NodeJson.Optional(block, "hash") is { } hash ? NodeJson.Word(hash, "hash") : null,
            NodeJson.Word(NodeJson.Field(block, "parentHash"), "parentHash"),
            DateTimeOffset.FromUnixTimeSeconds((long)seconds),
            new Gas(NodeJson.Count(NodeJson.Field(block, "gasLimit"), "gasLimit")),
            new Gas(NodeJson.Count(NodeJson.Field(block, "gasUsed"), "gasUsed")),
            OptionalWei(block, "baseFeePerGas"),
            NodeJson.Optional(block, "transactions") is { } list
                ? NodeJson.List(list, "transactions", item => NodeJson.Word(item, "a transaction hash"))
                : []);
    }

    internal static LogEntry ReadLog(JsonElement log) => new(
        NodeJson.Address(NodeJson.Field(log, "address"), "address"),
        NodeJson.List(NodeJson.Field(log, "topics"), "topics", topic => NodeJson.Word(topic, "a topic")) is { Length: <= 4 } topics
            ? topics
            : throw NodeJson.Malformed("a log has more than four topics"),
        NodeJson.Data(NodeJson.Field(log, "data"), "data"),
        OptionalCount(log, "blockNumber") is { } number ? new BlockNumber(number) : null,
        OptionalWord(log, "blockHash"),
        OptionalWord(log, "transactionHash"),
        OptionalCount(log, "transactionIndex"),
        OptionalCount(log, "logIndex"),
        NodeJson.Optional(log, "removed") is { } removed && NodeJson.Boolean(removed, "removed"));

    internal static TransactionReceipt? ReadReceipt(JsonElement receipt)
    {
        if (NodeJson.IsNull(receipt))
        {
            return null;
        }

        var status = NodeJson.Count(NodeJson.Field(receipt, "status"), "status");
        return new TransactionReceipt(
            NodeJson.Word(NodeJson.Field(receipt, "transactionHash"), "transactionHash"),
            NodeJson.Count(NodeJson.Field(receipt, "transactionIndex"), "transactionIndex"),
            NodeJson.Word(NodeJson.Field(receipt, "blockHash"), "blockHash"),
            new BlockNumber(NodeJson.Count(NodeJson.Field(receipt, "blockNumber"), "blockNumber")),
            NodeJson.Address(NodeJson.Field(receipt, "from"), "from"),
            OptionalAddress(receipt, "to"),
            OptionalAddress(receipt, "contractAddress"),
            status <= 1 ? status == 1 : throw NodeJson.Malformed($"status is {status} where 0 or 1 was expected"),
            new Gas(NodeJson.Count(NodeJson.Field(receipt, "gasUsed"), "gasUsed")),
            OptionalWei(receipt, "effectiveGasPrice"),
            OptionalCount(receipt, "type") ?? 0,
            NodeJson.List(NodeJson.Field(receipt, "logs"), "logs", ReadLog));
    }

    internal static TransactionInfo? ReadTransaction(JsonElement transaction) => NodeJson.IsNull(transaction)
        ? null
        : new TransactionInfo(
            NodeJson.Word(NodeJson.Field(transaction, "hash"), "hash"),
            NodeJson.Address(NodeJson.Field(transaction, "from"), "from"),
            OptionalAddress(transaction, "to"),
            NodeJson.Count(NodeJson.Field(transaction, "nonce"), "nonce"),
            NodeJson.Wei(NodeJson.Field(transaction, "value"), "value"),
            new Gas(NodeJson.Count(NodeJson.Field(transaction, "gas"), "gas")),
            NodeJson.Data(NodeJson.Field(transaction, "input"), "input"),
            OptionalCount(transaction, "type") ?? 0,
            OptionalWei(transaction, "gasPrice"),
            OptionalWei(transaction, "maxFeePerGas"),
            OptionalWei(transaction, "maxPriorityFeePerGas"),
            OptionalWord(transaction, "blockHash"),
            OptionalCount(transaction, "blockNumber") is { } number ? new BlockNumber(number) : null);

    private static FeeHistory ReadFeeHistory(JsonElement history)
    {
        var rewards = NodeJson.Optional(history, "reward") is { } list
            ? NodeJson.List(list, "reward", ReadRewards)
            : [];
        return new FeeHistory(
            new BlockNumber(NodeJson.Count(NodeJson.Field(history, "oldestBlock"), "oldestBlock")),
            NodeJson.List(NodeJson.Field(history, "baseFeePerGas"), "baseFeePerGas", fee => NodeJson.Wei(fee, "a base fee")),
            rewards);
    }

    private static IReadOnlyList<Wei> ReadRewards(JsonElement block) =>
        NodeJson.List(block, "the rewards of a block", reward => NodeJson.Wei(reward, "a reward"));

    private static Action<Utf8JsonWriter> AccountAt(Address account, BlockReference block) => writer =>
    {
        writer.WriteStringValue(Hex.Encode(account.ToBytes()));
        block.Write(writer);
    };

    private static Wei? OptionalWei(JsonElement parent, string name) =>
        NodeJson.Optional(parent, name) is { } value ? NodeJson.Wei(value, name) : null;

    private static ulong? OptionalCount(JsonElement parent, string name) =>
        NodeJson.Optional(parent, name) is { } value ? NodeJson.Count(value, name) : null;

    private static Bytes32? OptionalWord(JsonElement parent, string name) =>
        NodeJson.Optional(parent, name) is { } value ? NodeJson.Word(value, name) : null;

    private static Address? OptionalAddress(JsonElement parent, string name) =>
        NodeJson.Optional(parent, name) is { } value ? NodeJson.Address(value, name) : null;
}
