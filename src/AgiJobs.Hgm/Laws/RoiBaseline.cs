namespace AgiJobs.Hgm.Laws;

/// <summary>A stored average of ROI samples, to compare later ones with.</summary>
/// <param name="Mean">The average, above zero.</param>
/// <param name="Samples">Of how many samples.</param>
public sealed record RoiBaseline(decimal Mean, int Samples)
{
    /// <summary>The share of the baseline beyond which finance is told.</summary>
    public const decimal EscalationShare = 0.10m;

    /// <summary>The baseline of these samples.</summary>
    /// <exception cref="HgmException"><c>no-samples</c>, <c>no-return</c> when the average is not above zero: nothing can be a share of it.</exception>
    public static RoiBaseline Of(IReadOnlyCollection<RoiSample> samples)
    {
        if (samples.Count == 0)
            throw new HgmException("no-samples", "There is no sample to make a baseline of.", "Watch until there is a full window.");
        var mean = samples.Sum(sample => sample.Roi) / samples.Count;
        return mean > 0m
            ? new RoiBaseline(mean, samples.Count)
            : throw new HgmException("no-return", $"The average is {mean}, of which nothing is a share.", "Take the baseline when the run has a return.");
    }

    /// <summary>How far another average is from this one, as a share of this one: -0.1 is ten per cent below.</summary>
    public decimal Deviation(RoiBaseline current) => (current.Mean - Mean) / Mean;

    /// <summary>Whether the other average is more than ten per cent off, above or below; ten per cent exactly is not more.</summary>
    public bool Escalates(RoiBaseline current) => Math.Abs(current.Mean - Mean) > Mean * EscalationShare;
}
