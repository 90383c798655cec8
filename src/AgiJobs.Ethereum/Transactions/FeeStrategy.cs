using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Ethereum.Transactions;

/// <summary>
/// Chooses fees. With EIP-1559: the tip is the median over recent blocks of the configured percentile, within its bounds; the cap is a
/// multiple of the base fee plus the tip. Without: the node's gas price.
/// </summary>
public sealed class FeeStrategy
{
    private readonly FeeOptions _options;

    /// <summary>Takes the bounds.</summary>
    /// <exception cref="EthereumException"><c>fee-options</c>.</exception>
    public FeeStrategy(FeeOptions? options = null)
    {
        _options = options ?? new FeeOptions();
        _options.Check();
    }

    /// <summary>Asks the node in one round trip.</summary>
    /// <exception cref="EthereumException"><c>fee-above-cap</c> (<see cref="Fault.Refused"/>); else what reading may throw.</exception>
    public async Task<FeeQuote> QuoteAsync(EthereumClient client, CancellationToken cancellationToken = default)
    {
        var batch = client.NewBatch();
        var reads = Add(batch);
        await batch.SendAsync(cancellationToken).ConfigureAwait(false);
        return Quote(reads);
    }

    /// <summary>
    /// Fees that replace a waiting transaction: both at least <paramref name="bump"/> above the old ones, and not below what a new
    /// transaction would get.
    /// </summary>
    /// <exception cref="EthereumException"><c>fee-above-cap</c> (<see cref="Fault.Refused"/>).</exception>
    public FeeQuote Bump(UnsignedTransaction previous, FeeQuote current, BasisPoints bump)
    {
        var priority = Max(
            Raise(previous.MaxPriorityFeePerGas, bump),
            previous.Type == TransactionType.DynamicFee ? current.MaxPriorityFeePerGas : current.MaxFeePerGas);
        var cap = Max(Max(Raise(previous.MaxFeePerGas, bump), current.MaxFeePerGas), priority);
        if (cap > _options.MaxFeePerGas)
        {
            // The market's share may be given up, the bump may not: without it every node refuses the replacement.
            cap = Max(Raise(previous.MaxFeePerGas, bump), Raise(previous.MaxPriorityFeePerGas, bump));
            priority = previous.Type == TransactionType.DynamicFee ? Raise(previous.MaxPriorityFeePerGas, bump) : cap;
        }

        return cap <= _options.MaxFeePerGas
            ? new FeeQuote(
                previous.Type == TransactionType.DynamicFee,
                previous.Type == TransactionType.DynamicFee ? priority : cap,
                cap,
                current.BaseFee)
            : throw AboveCap($"replacing it needs a fee cap of {cap.ToGwei()} gwei ({bump} above the last one)");
    }

    internal FeeReads Add(RpcBatch batch) => new(
        batch.Add(EthRequests.Block(BlockReference.Latest)),
        batch.Add(EthRequests.FeeHistory(_options.HistoryBlocks, BlockReference.Latest, _options.RewardPercentile)),
        batch.Add(EthRequests.MaxPriorityFee()),
        batch.Add(EthRequests.GasPrice()));

    internal FeeQuote Quote(FeeReads reads)
    {
        var head = reads.Head.Value ?? throw new EthereumException(
            "rpc-no-head", Fault.Unknown, "The node has no newest block: it has not begun to synchronise.");
        if (head.BaseFee is not { } baseFee)
        {
            var price = reads.GasPrice.Value;
            return price <= _options.MaxFeePerGas
                ? new FeeQuote(false, price, price, null)
                : throw AboveCap($"the node asks for a gas price of {price.ToGwei()} gwei");
        }

        // Between the newest block and the next the base fee may rise; the history tells the next one where the node has it.
        var next = reads.History.TryGet(out var history) && history.BaseFees.Count > 0 ? Max(baseFee, history.BaseFees[^1]) : baseFee;
        var priority = Max(_options.MinPriorityFeePerGas, Min(_options.MaxPriorityFeePerGas, Tip(reads)));
        if (next + priority > _options.MaxFeePerGas)
        {
            throw AboveCap($"the base fee is {next.ToGwei()} gwei and the tip {priority.ToGwei()} gwei");
        }

        return new FeeQuote(true, priority, Min(_options.MaxFeePerGas, (next * _options.BaseFeeMultiple) + priority), baseFee);
    }

    private static Wei Tip(FeeReads reads)
    {
        if (!reads.History.TryGet(out var history))
        {
            return reads.PriorityFee.Value;
        }

        // Empty blocks report zero and say nothing about what is paid.
        var tips = history.Rewards.Where(block => block.Count > 0 && block[0] > Wei.Zero).Select(block => block[0]).Order().ToArray();
        return tips.Length == 0 ? Wei.Zero : tips[tips.Length / 2];
    }

    /// <summary>Rounded up, and by at least one wei, so that the rule of the pools holds exactly.</summary>
    private static Wei Raise(Wei amount, BasisPoints bump) =>
        Max(new Wei(amount.Value + 1), new Wei(((amount.Value * (10_000 + bump.Value)) + 9_999) / 10_000));

    private static Wei Max(Wei left, Wei right) => left > right ? left : right;

    private static Wei Min(Wei left, Wei right) => left < right ? left : right;

    private EthereumException AboveCap(string why) => new("fee-above-cap", Fault.Refused,
        $"Nothing was signed: {why}, and the limit is {_options.MaxFeePerGas.ToGwei()} gwei a unit of gas. Wait until fees fall, "
        + "or raise the limit (MaxFeePerGas).");
}

/// <summary>The reads that a quote is made of.</summary>
internal sealed record FeeReads(RpcSlot<BlockHeader?> Head, RpcSlot<FeeHistory> History, RpcSlot<Wei> PriorityFee, RpcSlot<Wei> GasPrice);
