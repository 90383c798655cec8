namespace AgiJobs.Ethereum.Rpc;

/// <summary>A transaction as a node knows it, waiting or mined.</summary>
/// <param name="Hash">Its hash.</param>
/// <param name="From">The sender.</param>
/// <param name="To">The receiver; null for a creation.</param>
/// <param name="Nonce">The sender's count of transactions before it.</param>
/// <param name="Value">Native coin sent along.</param>
/// <param name="Gas">The gas limit.</param>
/// <param name="Input">Call data or initialisation code.</param>
/// <param name="Type">The EIP-2718 type.</param>
/// <param name="GasPrice">Price per gas; for a mined EIP-1559 transaction the price paid.</param>
/// <param name="MaxFeePerGas">Fee cap per gas of an EIP-1559 transaction.</param>
/// <param name="MaxPriorityFeePerGas">Tip cap per gas of an EIP-1559 transaction.</param>
/// <param name="BlockHash">The block it is in; null while it waits.</param>
/// <param name="BlockNumber">Height of that block; null while it waits.</param>
public sealed record TransactionInfo(
    Bytes32 Hash,
    Address From,
    Address? To,
    ulong Nonce,
    Wei Value,
    Gas Gas,
    ReadOnlyMemory<byte> Input,
    ulong Type,
    Wei? GasPrice,
    Wei? MaxFeePerGas,
    Wei? MaxPriorityFeePerGas,
    Bytes32? BlockHash,
    BlockNumber? BlockNumber);
