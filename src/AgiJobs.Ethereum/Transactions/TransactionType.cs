namespace AgiJobs.Ethereum.Transactions;

/// <summary>The transaction envelopes that are written and read here; the value is the EIP-2718 type byte.</summary>
public enum TransactionType
{
    /// <summary>The original form, with the chain id in <c>v</c> (EIP-155) or, in old transactions, without one.</summary>
    Legacy = 0,

    /// <summary>EIP-2930: a gas price and an access list.</summary>
    AccessList = 1,

    /// <summary>EIP-1559: a fee cap, a priority fee cap and an access list.</summary>
    DynamicFee = 2,
}
