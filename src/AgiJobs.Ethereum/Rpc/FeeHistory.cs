namespace AgiJobs.Ethereum.Rpc;

/// <summary>
/// Fees of recent blocks. The node's <c>gasUsedRatio</c> is left out: it is a rounded fraction and nothing exact follows from it.
/// </summary>
/// <param name="OldestBlock">Height of the first block described.</param>
/// <param name="BaseFees">Base fee per gas of each block, and last that of the block to come.</param>
/// <param name="Rewards">For each block the tips at the percentiles asked for; empty when none were.</param>
public sealed record FeeHistory(BlockNumber OldestBlock, IReadOnlyList<Wei> BaseFees, IReadOnlyList<IReadOnlyList<Wei>> Rewards);
