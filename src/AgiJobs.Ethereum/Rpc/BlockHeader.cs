namespace AgiJobs.Ethereum.Rpc;

/// <summary>A block without the bodies of its transactions.</summary>
/// <param name="Number">Its height.</param>
/// <param name="Hash">Its hash; null for the pending block.</param>
/// <param name="ParentHash">The hash of the block before it.</param>
/// <param name="Timestamp">The time its proposer claims, whole seconds UTC.</param>
/// <param name="GasLimit">Most gas that fits.</param>
/// <param name="GasUsed">Gas its transactions used.</param>
/// <param name="BaseFee">Base fee per gas; null before EIP-1559.</param>
/// <param name="Transactions">Hashes of its transactions in order.</param>
public sealed record BlockHeader(
    BlockNumber Number,
    Bytes32? Hash,
    Bytes32 ParentHash,
    DateTimeOffset Timestamp,
    Gas GasLimit,
    Gas GasUsed,
    Wei? BaseFee,
    IReadOnlyList<Bytes32> Transactions);
