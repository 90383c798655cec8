namespace AgiJobs.Ethereum.Rpc;

/// <summary>
/// Why a node does not take a signed transaction. Nodes tell it in words only; the words are those of geth, Nethermind, Besu, Erigon, Reth
/// and anvil.
/// </summary>
internal enum SendRefusal
{
    Other,
    AlreadyKnown,
    NonceTooLow,
    NonceTooHigh,
    Underpriced,
    InsufficientFunds,
}

/// <summary>Reads refusals.</summary>
internal static class SendRefusals
{
    private static readonly (string Text, SendRefusal Refusal)[] Known =
    [
        ("already known", SendRefusal.AlreadyKnown),
        ("alreadyknown", SendRefusal.AlreadyKnown),
        ("known transaction", SendRefusal.AlreadyKnown),
        ("already imported", SendRefusal.AlreadyKnown),
        ("already in mempool", SendRefusal.AlreadyKnown),
        ("already exists", SendRefusal.AlreadyKnown),
        ("nonce too low", SendRefusal.NonceTooLow),
        ("nonce is too low", SendRefusal.NonceTooLow),
        ("oldnonce", SendRefusal.NonceTooLow),
        ("nonce too high", SendRefusal.NonceTooHigh),
        ("nonce is too high", SendRefusal.NonceTooHigh),
        ("noncegap", SendRefusal.NonceTooHigh),
        ("underpriced", SendRefusal.Underpriced),
        ("feetoolow", SendRefusal.Underpriced),
        ("fee too low", SendRefusal.Underpriced),
        ("max fee per gas less than block base fee", SendRefusal.Underpriced),
        ("gas price below", SendRefusal.Underpriced),
        ("insufficient funds", SendRefusal.InsufficientFunds),
        ("insufficientfunds", SendRefusal.InsufficientFunds),
        ("upfront cost exceeds", SendRefusal.InsufficientFunds),
    ];

    /// <summary>The reason, or <see cref="SendRefusal.Other"/>.</summary>
    public static SendRefusal Of(RpcException error)
    {
        foreach (var (text, refusal) in Known)
        {
            if (error.NodeMessage.Contains(text, StringComparison.OrdinalIgnoreCase))
            {
                return refusal;
            }
        }

        return SendRefusal.Other;
    }
}
