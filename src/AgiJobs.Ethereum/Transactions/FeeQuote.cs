namespace AgiJobs.Ethereum.Transactions;

/// <summary>The fees for one transaction, per unit of gas. On a chain without EIP-1559 both are the gas price.</summary>
/// <param name="IsDynamic">True for a transaction of type 2.</param>
/// <param name="MaxPriorityFeePerGas">The tip.</param>
/// <param name="MaxFeePerGas">The cap.</param>
/// <param name="BaseFee">The newest block's base fee; null on a chain without one.</param>
public sealed record FeeQuote(bool IsDynamic, Wei MaxPriorityFeePerGas, Wei MaxFeePerGas, Wei? BaseFee)
{
    /// <summary>The fees in gwei.</summary>
    public override string ToString() => IsDynamic
        ? $"cap {MaxFeePerGas.ToGwei()} gwei, tip {MaxPriorityFeePerGas.ToGwei()} gwei, base fee {BaseFee?.ToGwei() ?? "unknown"} gwei"
        : $"gas price {MaxFeePerGas.ToGwei()} gwei";
}
