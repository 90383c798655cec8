namespace AgiJobs.Ethereum.Rpc;

/// <summary>One log of a transaction.</summary>
/// <param name="Address">The contract that emitted it.</param>
/// <param name="Topics">At most four words; the first is the event's signature hash unless the event is anonymous.</param>
/// <param name="Data">The data that is not indexed.</param>
/// <param name="BlockNumber">Height of its block; null while pending.</param>
/// <param name="BlockHash">Hash of its block; null while pending.</param>
/// <param name="TransactionHash">The transaction; null while pending.</param>
/// <param name="TransactionIndex">The transaction's place in the block; null while pending.</param>
/// <param name="LogIndex">Its place among all logs of the block; null while pending.</param>
/// <param name="Removed">True when a subscription takes the log back because its block was reorganised away.</param>
public sealed record LogEntry(
    Address Address,
    IReadOnlyList<Bytes32> Topics,
    ReadOnlyMemory<byte> Data,
    BlockNumber? BlockNumber,
    Bytes32? BlockHash,
    Bytes32? TransactionHash,
    ulong? TransactionIndex,
    ulong? LogIndex,
    bool Removed);
