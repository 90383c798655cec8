namespace AgiJobs.Tasks.Families;

/// <summary>Length of the shortest linear recurrence of a sequence, modulo the prime 2^61 - 1: Massey 1969, "Shift-register synthesis and BCH decoding".</summary>
internal static class LinearComplexity
{
    private const ulong Prime = (1UL << 61) - 1;

    /// <summary>Of terms with magnitudes below the prime.</summary>
    public static int Of(ReadOnlySpan<long> terms)
    {
        var current = new ulong[terms.Length + 1];
        var previous = new ulong[terms.Length + 1];
        current[0] = previous[0] = 1;
        var (length, since, last) = (0, 1, 1UL);
        for (var n = 0; n < terms.Length; n++, since++)
        {
            var discrepancy = 0UL;
            for (var i = 0; i <= length; i++)
                discrepancy = (discrepancy + Multiply(current[i], Residue(terms[n - i]))) % Prime;
            if (discrepancy == 0)
                continue;
            var factor = Multiply(discrepancy, Inverse(last));
            var before = (ulong[])current.Clone();
            for (var i = 0; i + since < current.Length; i++)
                current[i + since] = (current[i + since] + Prime - Multiply(factor, previous[i])) % Prime;
            if (2 * length > n)
                continue;
            (length, previous, last, since) = (n + 1 - length, before, discrepancy, 0);
        }

        return length;
    }

    private static ulong Residue(long value) => value < 0 ? Prime - (ulong)-value : (ulong)value;

    private static ulong Multiply(ulong left, ulong right) => (ulong)((UInt128)left * right % Prime);

    // Fermat: a^(p - 2).
    private static ulong Inverse(ulong value)
    {
        var result = 1UL;
        for (var exponent = Prime - 2; exponent > 0; exponent >>= 1, value = Multiply(value, value))
        {
            if ((exponent & 1) == 1)
                result = Multiply(result, value);
        }

        return result;
    }
}
