namespace AgiJobs.Hgm.Simulation;

/// <summary>A mean over replicates and its standard error. Replicates without a value are left out and counted.</summary>
/// <param name="Mean">The mean; not a number without a value.</param>
/// <param name="Error">The standard error; not a number below two values.</param>
/// <param name="Count">How many replicates had a value.</param>
public readonly record struct Estimate(double Mean, double Error, int Count)
{
    /// <summary>Mean over standard error.</summary>
    public double Z => Mean / Error;

    /// <summary>Of these values, in this order; not-a-numbers are left out.</summary>
    public static Estimate Of(IEnumerable<double> values)
    {
        var kept = values.Where(value => !double.IsNaN(value)).ToArray();
        var mean = kept.Length == 0 ? double.NaN : kept.Sum() / kept.Length;
        var squares = 0.0;
        foreach (var value in kept)
            squares += (value - mean) * (value - mean);
        return new Estimate(mean, kept.Length < 2 ? double.NaN : Math.Sqrt(squares / (kept.Length - 1) / kept.Length), kept.Length);
    }
}
