using System.Numerics;

namespace AgiJobs.Ethereum;

/// <summary>An exact amount of the chain's native coin in wei. Never negative, at most 2^256 - 1.</summary>
public readonly record struct Wei : IComparable<Wei>
{
    /// <summary>Takes a whole number of wei.</summary>
    /// <exception cref="EthereumException"><c>wei-range</c> outside 0 .. 2^256 - 1.</exception>
    public Wei(BigInteger value)
    {
        if (value.Sign < 0 || value.GetByteCount(isUnsigned: true) > 32)
        {
            throw EthereumException.BadInput("wei-range", $"{value} wei is out of range: an amount is 0 to 2^256 - 1.");
        }

        Value = value;
    }

    /// <summary>The number of wei.</summary>
    public BigInteger Value { get; }

    /// <summary>Nothing.</summary>
    public static Wei Zero => default;

    /// <summary>Reads a decimal number of ether, such as <c>1.5</c>, exactly.</summary>
    /// <exception cref="EthereumException"><c>decimal-format</c>, <c>decimal-precision</c> or <c>wei-range</c>.</exception>
    public static Wei FromEther(string text) => new(FixedPoint.Parse(text, 18));

    /// <summary>Reads a decimal number of gwei, such as <c>1.5</c>, exactly.</summary>
    /// <exception cref="EthereumException"><c>decimal-format</c>, <c>decimal-precision</c> or <c>wei-range</c>.</exception>
    public static Wei FromGwei(string text) => new(FixedPoint.Parse(text, 9));

    /// <summary>The amount in ether without its unit, exact, at least one digit after the point.</summary>
    public string ToEther() => FixedPoint.Format(Value, 18);

    /// <summary>The amount in gwei without its unit, exact, at least one digit after the point.</summary>
    public string ToGwei() => FixedPoint.Format(Value, 9);

    /// <inheritdoc/>
    public int CompareTo(Wei other) => Value.CompareTo(other.Value);

    /// <summary>The amount with its unit: ether.</summary>
    public override string ToString() => ToEther() + " ether";

    /// <summary>Sum.</summary>
    public static Wei operator +(Wei left, Wei right) => new(left.Value + right.Value);

    /// <summary>Difference; refused when negative.</summary>
    public static Wei operator -(Wei left, Wei right) => new(left.Value - right.Value);

    /// <summary>Product with a count, such as gas.</summary>
    public static Wei operator *(Wei left, BigInteger right) => new(left.Value * right);

    /// <summary>Order of amounts.</summary>
    public static bool operator <(Wei left, Wei right) => left.Value < right.Value;

    /// <summary>Order of amounts.</summary>
    public static bool operator >(Wei left, Wei right) => left.Value > right.Value;

    /// <summary>Order of amounts.</summary>
    public static bool operator <=(Wei left, Wei right) => left.Value <= right.Value;

    /// <summary>Order of amounts.</summary>
    public static bool operator >=(Wei left, Wei right) => left.Value >= right.Value;
}
