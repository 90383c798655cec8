using System.Globalization;

namespace AgiJobs.Ethereum;

/// <summary>An EIP-155 chain id.</summary>
public readonly record struct ChainId(ulong Value)
{
    /// <summary>31337, the chain id of anvil and of every local network; the only one on which development keys sign.</summary>
    public static ChainId Local => new(31337);

    /// <summary>The decimal number.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The height of a block.</summary>
public readonly record struct BlockNumber(ulong Value) : IComparable<BlockNumber>
{
    /// <inheritdoc/>
    public int CompareTo(BlockNumber other) => Value.CompareTo(other.Value);

    /// <summary>The decimal number.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Order of heights.</summary>
    public static bool operator <(BlockNumber left, BlockNumber right) => left.Value < right.Value;

    /// <summary>Order of heights.</summary>
    public static bool operator >(BlockNumber left, BlockNumber right) => left.Value > right.Value;

    /// <summary>Order of heights.</summary>
    public static bool operator <=(BlockNumber left, BlockNumber right) => left.Value <= right.Value;

    /// <summary>Order of heights.</summary>
    public static bool operator >=(BlockNumber left, BlockNumber right) => left.Value >= right.Value;
}

/// <summary>Units of gas.</summary>
public readonly record struct Gas(ulong Value)
{
    /// <summary>The decimal number.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A share in ten-thousandths: 100 is one percent.</summary>
public readonly record struct BasisPoints
{
    /// <summary>Takes 0 to 10,000.</summary>
    /// <exception cref="EthereumException"><c>basis-points-range</c> outside that range.</exception>
    public BasisPoints(int value)
    {
        if (value is < 0 or > 10_000)
        {
            throw EthereumException.BadInput("basis-points-range", $"{value} bps is out of range: a share is 0 to 10000 bps (100 %).");
        }

        Value = value;
    }

    /// <summary>Ten-thousandths.</summary>
    public int Value { get; }

    /// <summary>The number with its unit.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture) + " bps";
}
