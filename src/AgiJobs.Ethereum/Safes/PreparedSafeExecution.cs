using AgiJobs.Ethereum.Transactions;

namespace AgiJobs.Ethereum.Safes;

/// <summary>A Safe transaction that was checked as far as one block's state allows, ready to be sent. Holds as long as that state does.</summary>
public sealed class PreparedSafeExecution
{
    internal PreparedSafeExecution(SafeState state, SafeTransactionHash hash, IReadOnlyList<Address> owners, Address executor, byte[] calldata)
    {
        State = state;
        Hash = hash;
        Owners = owners;
        Executor = executor;
        Calldata = calldata;
    }

    /// <summary>The Safe as it was read.</summary>
    public SafeState State { get; }

    /// <summary>The transaction and its hash, to which the contract agreed.</summary>
    public SafeTransactionHash Hash { get; }

    /// <summary>Who consented, ascending.</summary>
    public IReadOnlyList<Address> Owners { get; }

    /// <summary>Who must send it; for another sender the check does not hold.</summary>
    public Address Executor { get; }

    /// <summary>Calldata to send to the Safe, without value.</summary>
    public ReadOnlyMemory<byte> Calldata { get; }

    /// <summary>The transaction to send, its reverts explained by the Safe's interface.</summary>
    public TransactionIntent Intent => new() { From = Executor, To = State.Domain.Safe, Data = Calldata, Abi = SafeAbi.Safe };
}
