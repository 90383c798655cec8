namespace AgiJobs.Ethereum.Rpc;

/// <summary>What became of a mined transaction.</summary>
/// <param name="TransactionHash">The transaction.</param>
/// <param name="TransactionIndex">Its place in the block.</param>
/// <param name="BlockHash">The block's hash.</param>
/// <param name="BlockNumber">The block's height.</param>
/// <param name="From">The sender.</param>
/// <param name="To">The receiver; null for a creation.</param>
/// <param name="ContractAddress">The contract created, if one was.</param>
/// <param name="Succeeded">False when the execution reverted.</param>
/// <param name="GasUsed">Gas the transaction used.</param>
/// <param name="EffectiveGasPrice">What was paid per gas; null when the node does not say.</param>
/// <param name="Type">The EIP-2718 type.</param>
/// <param name="Logs">Its logs in order.</param>
public sealed record TransactionReceipt(
    Bytes32 TransactionHash,
    ulong TransactionIndex,
    Bytes32 BlockHash,
    BlockNumber BlockNumber,
    Address From,
    Address? To,
    Address? ContractAddress,
    bool Succeeded,
    Gas GasUsed,
    Wei? EffectiveGasPrice,
    ulong Type,
    IReadOnlyList<LogEntry> Logs);
