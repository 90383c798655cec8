namespace AgiJobs.Ethereum.Transactions;

/// <summary>A transaction ready to be signed, with what was read to make it.</summary>
/// <param name="From">Who must sign.</param>
/// <param name="Unsigned">What is to be signed.</param>
/// <param name="Fees">The fees chosen.</param>
/// <param name="EstimatedGas">The gas that the node needed when it tried; null for a replacement, which keeps its limit.</param>
/// <param name="MaximumCost">Value and the most that gas may cost.</param>
/// <param name="Waiting">How many transactions of the sender wait before this one.</param>
public sealed record PreparedTransaction(
    Address From, UnsignedTransaction Unsigned, FeeQuote Fees, Gas? EstimatedGas, Wei MaximumCost, ulong Waiting);
