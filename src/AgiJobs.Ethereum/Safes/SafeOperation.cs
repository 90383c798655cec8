namespace AgiJobs.Ethereum.Safes;

/// <summary>How a Safe runs a transaction. The numbers are those of <c>Enum.Operation</c> in the Safe contracts.</summary>
public enum SafeOperation : byte
{
    /// <summary>An ordinary call: the target runs in its own storage.</summary>
    Call = 0,

    /// <summary>The target's code runs in the Safe's own storage and can take it over; only for code that is known, such as MultiSend.</summary>
    DelegateCall = 1,
}
