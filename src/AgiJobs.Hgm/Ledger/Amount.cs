using System.Globalization;

namespace AgiJobs.Hgm.Ledger;

/// <summary>
/// An amount of money with up to 18 decimal places, exact: a whole number of 10^-18, so that adding and taking away never round, whatever the order. Of the unit (AGIALPHA, dollars) it
/// knows nothing; one run uses one.
/// </summary>
public readonly record struct Amount : IComparable<Amount>
{
    private const int Places = 18;
    private const int MostDigits = 12;
    private static Int128 One => 1_000_000_000_000_000_000;

    private Amount(Int128 atoms) => Atoms = atoms;

    /// <summary>The amount in units of 10^-18.</summary>
    public Int128 Atoms { get; }

    /// <summary>Nothing.</summary>
    public static Amount Zero => default;

    /// <summary>The largest amount that one operation may cost or earn, 10^12 - 10^-18: sums of them stay exact for 10^8 operations.</summary>
    public static Amount Most { get; } = new(1_000_000_000_000 * One - 1);

    /// <summary>This many units of 10^-18.</summary>
    public static Amount OfAtoms(Int128 atoms) => new(atoms);

    /// <summary>Reads <c>12</c>, <c>-0.5</c> or <c>0.000000000000000001</c>: digits, at most one point with digits on both sides, no exponent, no separators.</summary>
    /// <exception cref="HgmException"><c>bad-amount</c>.</exception>
    public static Amount Parse(string text)
    {
        if (TryParse(text, out var amount))
            return amount;
        throw new HgmException("bad-amount", $"'{text}' is no amount with at most {MostDigits} digits before the point and {Places} after it.", "Write a plain decimal such as 12.50, without exponent or separators.");
    }

    /// <summary>As <see cref="Parse"/>, false instead of an exception.</summary>
    public static bool TryParse(string? text, out Amount amount)
    {
        amount = default;
        if (string.IsNullOrEmpty(text))
            return false;
        var rest = text.AsSpan();
        var negative = rest[0] == '-';
        if (negative)
            rest = rest[1..];
        var point = rest.IndexOf('.');
        var whole = point < 0 ? rest : rest[..point];
        var fraction = point < 0 ? default : rest[(point + 1)..];
        if (whole.IsEmpty || whole.Length > MostDigits || fraction.Length > Places || (point >= 0 && fraction.IsEmpty))
            return false;
        Int128 atoms = 0;
        foreach (var digit in whole)
        {
            if (!char.IsAsciiDigit(digit))
                return false;
            atoms = atoms * 10 + (digit - '0');
        }

        for (var place = 0; place < Places; place++)
        {
            var digit = place < fraction.Length ? fraction[place] : '0';
            if (!char.IsAsciiDigit(digit))
                return false;
            atoms = atoms * 10 + (digit - '0');
        }

        amount = new Amount(negative ? -atoms : atoms);
        return true;
    }

    /// <inheritdoc/>
    public int CompareTo(Amount other) => Atoms.CompareTo(other.Atoms);

    /// <summary>The shortest decimal that reads back as this amount.</summary>
    public override string ToString()
    {
        var size = Atoms < 0 ? (UInt128)(-Atoms) : (UInt128)Atoms;
        var whole = (size / (UInt128)One).ToString(CultureInfo.InvariantCulture);
        var fraction = (size % (UInt128)One).ToString(CultureInfo.InvariantCulture).PadLeft(Places, '0').TrimEnd('0');
        return (Atoms < 0 ? "-" : "") + whole + (fraction.Length == 0 ? "" : "." + fraction);
    }

    /// <summary>This amount divided by another, rounded down to 12 decimal places; nothing when the other is not positive or the quotient is beyond a decimal.</summary>
    public decimal? Over(Amount divisor)
    {
        if (divisor.Atoms <= 0)
            return null;
        var scaled = (System.Numerics.BigInteger)Atoms * 1_000_000_000_000;
        var quotient = System.Numerics.BigInteger.DivRem(scaled, divisor.Atoms, out var remainder);
        if (remainder.Sign < 0)
            quotient--;
        return System.Numerics.BigInteger.Abs(quotient) >= System.Numerics.BigInteger.Pow(10, 28) ? null : (decimal)quotient / 1_000_000_000_000m;
    }

    /// <summary>The sum, exact.</summary>
    /// <exception cref="OverflowException">Beyond about 1.7 * 10^20.</exception>
    public static Amount operator +(Amount left, Amount right) => new(checked(left.Atoms + right.Atoms));

    /// <summary>The difference, exact.</summary>
    /// <exception cref="OverflowException">Beyond about 1.7 * 10^20.</exception>
    public static Amount operator -(Amount left, Amount right) => new(checked(left.Atoms - right.Atoms));

    /// <summary>Less.</summary>
    public static bool operator <(Amount left, Amount right) => left.Atoms < right.Atoms;

    /// <summary>More.</summary>
    public static bool operator >(Amount left, Amount right) => left.Atoms > right.Atoms;

    /// <summary>Not more.</summary>
    public static bool operator <=(Amount left, Amount right) => left.Atoms <= right.Atoms;

    /// <summary>Not less.</summary>
    public static bool operator >=(Amount left, Amount right) => left.Atoms >= right.Atoms;
}
