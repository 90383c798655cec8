namespace AgiJobs.Ethereum.Safes;

/// <summary>One step of a MultiSend batch.</summary>
public sealed record MultiSendCall
{
    /// <summary>Describes a step.</summary>
    /// <param name="to">The target.</param>
    /// <param name="value">Wei sent with it.</param>
    /// <param name="data">Calldata; copied.</param>
    /// <param name="operation">Call, or delegate call where the MultiSend contract allows it.</param>
    /// <exception cref="EthereumException"><c>safe-operation</c> for another operation.</exception>
    public MultiSendCall(Address to, Wei value, ReadOnlyMemory<byte> data, SafeOperation operation = SafeOperation.Call)
    {
        if (operation is not (SafeOperation.Call or SafeOperation.DelegateCall))
        {
            throw EthereumException.BadInput("safe-operation", $"{(byte)operation} is not an operation of a Safe: 0 is a call, 1 a delegate call.");
        }

        To = to;
        Value = value;
        Data = data.ToArray();
        Operation = operation;
    }

    /// <summary>The target. Zero means the Safe itself in MultiSend 1.5.0 only, so it is refused when packing.</summary>
    public Address To { get; }

    /// <summary>Wei sent with the call.</summary>
    public Wei Value { get; }

    /// <summary>Calldata.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>Call or delegate call.</summary>
    public SafeOperation Operation { get; }

    /// <inheritdoc/>
    public bool Equals(MultiSendCall? other) =>
        other is not null && To == other.To && Value == other.Value && Operation == other.Operation && Data.Span.SequenceEqual(other.Data.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(To, Value, Operation, Data.Length);
}
