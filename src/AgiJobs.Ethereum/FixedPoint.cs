using System.Globalization;
using System.Numerics;

namespace AgiJobs.Ethereum;

/// <summary>Exact decimal text of integers that count a fraction of a unit: wei of an ether, base units of a token.</summary>
public static class FixedPoint
{
    /// <summary>Reads <c>[-]digits[.digits]</c> as a count of 10^-<paramref name="decimals"/>.</summary>
    /// <exception cref="EthereumException">
    /// <c>decimal-format</c> for other text (an exponent, a thousands separator, spaces), <c>decimal-precision</c> when it has more
    /// digits after the point than the unit can hold.
    /// </exception>
    public static BigInteger Parse(string text, int decimals)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfNegative(decimals);
        var body = text.AsSpan();
        var negative = body.StartsWith("-");
        body = negative ? body[1..] : body;
        var point = body.IndexOf('.');
        var whole = point < 0 ? body : body[..point];
        var fraction = point < 0 ? [] : body[(point + 1)..];
        if (whole.IsEmpty || (point >= 0 && fraction.IsEmpty) || body.Length > 200 || !Digits(whole) || !Digits(fraction))
        {
            throw EthereumException.BadInput("decimal-format", $"'{Hex.Shorten(text)}' is not a decimal number: write digits with at most one point, as in 12.5.");
        }

        var significant = fraction.TrimEnd('0');
        if (significant.Length > decimals)
        {
            throw EthereumException.BadInput("decimal-precision", $"'{text}' has {significant.Length} digits after the point; this unit has {decimals}.");
        }

        var padded = string.Concat(whole, significant) + new string('0', decimals - significant.Length);
        var value = BigInteger.Parse(padded, NumberStyles.None, CultureInfo.InvariantCulture);
        return negative ? -value : value;
    }

    /// <summary>Writes a count of 10^-<paramref name="decimals"/> exactly, with at least one digit after the point.</summary>
    public static string Format(BigInteger value, int decimals)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(decimals);
        var digits = BigInteger.Abs(value).ToString(CultureInfo.InvariantCulture).PadLeft(decimals + 1, '0');
        var whole = digits[..^decimals];
        var fraction = digits[^decimals..].TrimEnd('0');
        return $"{(value.Sign < 0 ? "-" : "")}{whole}.{(fraction.Length == 0 ? "0" : fraction)}";
    }

    private static bool Digits(ReadOnlySpan<char> text) => !text.ContainsAnyExceptInRange('0', '9');
}
