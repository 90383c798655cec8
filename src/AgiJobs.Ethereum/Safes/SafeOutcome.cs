namespace AgiJobs.Ethereum.Safes;

/// <summary>How a Safe transaction ended, which the status of the Ethereum transaction around it does not tell.</summary>
public enum SafeOutcome
{
    /// <summary>The inner call succeeded.</summary>
    Succeeded,

    /// <summary>The nonce is used up and any refund was paid, but the inner call failed and changed nothing.</summary>
    Failed,
}
