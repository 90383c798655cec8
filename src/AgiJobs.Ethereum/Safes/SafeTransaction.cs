using System.Numerics;

namespace AgiJobs.Ethereum.Safes;

/// <summary>
/// What a Safe executes: the ten fields of <c>SafeTx</c>. Immutable; <see cref="Nonce"/> has no default, since zero is a real nonce (the
/// first transaction of a Safe) and must never stand for "not given".
/// </summary>
public sealed record SafeTransaction
{
    /// <summary>The target.</summary>
    public required Address To { get; init; }

    /// <summary>Wei sent with the call.</summary>
    public Wei Value { get; init; }

    /// <summary>Calldata; copied when set.</summary>
    public ReadOnlyMemory<byte> Data
    {
        get;
        init => field = value.ToArray();
    }

    /// <summary>Call or delegate call.</summary>
    /// <exception cref="EthereumException"><c>safe-operation</c> for any other number.</exception>
    public SafeOperation Operation
    {
        get;
        init => field = value is SafeOperation.Call or SafeOperation.DelegateCall
            ? value
            : throw EthereumException.BadInput("safe-operation", $"{(byte)value} is not an operation of a Safe: 0 is a call, 1 a delegate call.");
    }

    /// <summary>Gas the inner call must get; 0 lets a failing inner call revert the whole transaction.</summary>
    /// <exception cref="EthereumException"><c>safe-number</c> outside 0 .. 2^256 - 1.</exception>
    public BigInteger SafeTxGas
    {
        get;
        init => field = Number(value, "safeTxGas");
    }

    /// <summary>Gas added to the refund for what is spent outside the inner call.</summary>
    /// <exception cref="EthereumException"><c>safe-number</c> outside 0 .. 2^256 - 1.</exception>
    public BigInteger BaseGas
    {
        get;
        init => field = Number(value, "baseGas");
    }

    /// <summary>Price of a unit of gas that the Safe refunds, in wei or base units of <see cref="GasToken"/>; 0 means no refund.</summary>
    /// <exception cref="EthereumException"><c>safe-number</c> outside 0 .. 2^256 - 1.</exception>
    public BigInteger GasPrice
    {
        get;
        init => field = Number(value, "gasPrice");
    }

    /// <summary>The token a refund is paid in; zero is the chain's coin.</summary>
    public Address GasToken { get; init; }

    /// <summary>Who gets the refund; zero is whoever sends the transaction.</summary>
    public Address RefundReceiver { get; init; }

    /// <summary>The Safe's own counter that this transaction uses up; zero is the first.</summary>
    /// <exception cref="EthereumException"><c>safe-number</c> outside 0 .. 2^256 - 1.</exception>
    public required BigInteger Nonce
    {
        get;
        init => field = Number(value, "nonce");
    }

    /// <summary>True when the Safe pays somebody for gas, a field that drained Safes before: a reader must be told.</summary>
    public bool PaysRefund => !GasPrice.IsZero;

    /// <inheritdoc/>
    public bool Equals(SafeTransaction? other) =>
        other is not null
        && To == other.To
        && Value == other.Value
        && Data.Span.SequenceEqual(other.Data.Span)
        && Operation == other.Operation
        && SafeTxGas == other.SafeTxGas
        && BaseGas == other.BaseGas
        && GasPrice == other.GasPrice
        && GasToken == other.GasToken
        && RefundReceiver == other.RefundReceiver
        && Nonce == other.Nonce;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(To, Value, Data.Length, Operation, GasPrice, Nonce);

    private static BigInteger Number(BigInteger value, string field) =>
        value.Sign >= 0 && value.GetByteCount(isUnsigned: true) <= 32
            ? value
            : throw EthereumException.BadInput("safe-number", $"{field} {value} is out of range: it is 0 to 2^256 - 1.");
}
