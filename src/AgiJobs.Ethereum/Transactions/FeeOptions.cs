namespace AgiJobs.Ethereum.Transactions;

/// <summary>How fees are chosen and what they may cost at most. All amounts are per unit of gas.</summary>
public sealed record FeeOptions
{
    /// <summary>
    /// Nothing above this is ever signed: the fee cap is lowered to it, and where it no longer covers the base fee and tip, refused.
    /// Default 500 gwei.
    /// </summary>
    public Wei MaxFeePerGas { get; init; } = Wei.FromGwei("500");

    /// <summary>The tip is never above this. Default 50 gwei.</summary>
    public Wei MaxPriorityFeePerGas { get; init; } = Wei.FromGwei("50");

    /// <summary>The tip is never below this. Default 1 gwei.</summary>
    public Wei MinPriorityFeePerGas { get; init; } = Wei.FromGwei("1");

    /// <summary>Which percentile of the tips of each recent block is looked at, 0 to 100. Default 50.</summary>
    public int RewardPercentile { get; init; } = 50;

    /// <summary>How many recent blocks are looked at. Default 10.</summary>
    public int HistoryBlocks { get; init; } = 10;

    /// <summary>
    /// How many times the base fee the cap covers; 2 outlasts six full blocks in a row (each raises it by 12.5 %). Default 2.
    /// </summary>
    public int BaseFeeMultiple { get; init; } = 2;

    internal void Check()
    {
        Require(MinPriorityFeePerGas <= MaxPriorityFeePerGas, nameof(MinPriorityFeePerGas), "it must not be above MaxPriorityFeePerGas");
        Require(MaxPriorityFeePerGas <= MaxFeePerGas, nameof(MaxPriorityFeePerGas), "it must not be above MaxFeePerGas");
        Require(RewardPercentile is >= 0 and <= 100, nameof(RewardPercentile), "it must be 0 to 100");
        Require(HistoryBlocks is >= 1 and <= 1024, nameof(HistoryBlocks), "it must be 1 to 1024");
        Require(BaseFeeMultiple is >= 1 and <= 100, nameof(BaseFeeMultiple), "it must be 1 to 100");
    }

    private static void Require(bool holds, string name, string rule)
    {
        if (!holds)
        {
            throw EthereumException.BadInput("fee-options", $"FeeOptions.{name} is out of range: {rule}.");
        }
    }
}
