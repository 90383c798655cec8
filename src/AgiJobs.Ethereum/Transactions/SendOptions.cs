namespace AgiJobs.Ethereum.Transactions;

/// <summary>How transactions are prepared and broadcast.</summary>
public sealed record SendOptions
{
    /// <summary>
    /// Added to the node's gas estimate, since state may change before the transaction is mined. Default 20 %; a plain transfer gets none.
    /// </summary>
    public BasisPoints GasBuffer { get; init; } = new(2_000);

    /// <summary>Most gas of one transaction. Default 16,777,216 (EIP-7825).</summary>
    public Gas GasCap { get; init; } = new(16_777_216);

    /// <summary>With several nodes, compare the sender's nonce among them at one block before using it. Default true.</summary>
    public bool CrossCheckNonce { get; init; } = true;

    /// <summary>After one node took the transaction, how long to wait for the answers of the others. Default 2 s.</summary>
    public TimeSpan BroadcastGrace { get; init; } = TimeSpan.FromSeconds(2);
}
