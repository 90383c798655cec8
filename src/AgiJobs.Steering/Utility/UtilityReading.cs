using AgiJobs.Hgm;

namespace AgiJobs.Steering.Utility;

/// <summary>
/// What doing the same jobs in another way is worth. Money is exact; utility is value less cost less the platform's fee, and the fee is what the treasury earns. The entropy and what is derived from it are the
/// published benchmark's own figures, in floating point; they decide nothing.
/// </summary>
public sealed record UtilityReading
{
    private UtilityReading()
    {
    }

    /// <summary>The value of all jobs, before.</summary>
    public required decimal BaselineValue { get; init; }

    /// <summary>The cost of all jobs, before.</summary>
    public required decimal BaselineCost { get; init; }

    /// <summary>The value of all jobs, now.</summary>
    public required decimal Value { get; init; }

    /// <summary>The cost of all jobs, now, the fee included.</summary>
    public required decimal Cost { get; init; }

    /// <summary>The platform's fee on the value.</summary>
    public required decimal Fee { get; init; }

    /// <summary>The bonus of a scenario. Nobody pays it; a measurement has none.</summary>
    public required decimal Bonus { get; init; }

    /// <summary>Utility before: value less cost.</summary>
    public decimal BaselineUtility => BaselineValue - BaselineCost;

    /// <summary>Utility now: value less cost, and the bonus of a scenario.</summary>
    public decimal Utility => Value - Cost + Bonus;

    /// <summary>What the treasury earns: fee and bonus.</summary>
    public decimal Treasury => Fee + Bonus;

    /// <summary>The change of utility as a share of what it was: 0.1 is ten per cent more. Where it was zero, 1, 0 or -1.</summary>
    public decimal Uplift => BaselineUtility == 0m ? Math.Sign(Utility) : (Utility - BaselineUtility) / Math.Abs(BaselineUtility);

    /// <summary>The change of the mean latency as a share of what it was; below zero is faster.</summary>
    public required decimal LatencyDelta { get; init; }

    /// <summary>The mean latency now.</summary>
    public required decimal MeanLatency { get; init; }

    /// <summary>The latency that 95 of 100 jobs stay below, interpolated linearly.</summary>
    public required decimal Latency95 { get; init; }

    /// <summary>Shannon's entropy of the latencies as shares of their sum, in nats.</summary>
    public required double Entropy { get; init; }

    /// <summary>Utility less the mean latency (at least 0.05) times the entropy.</summary>
    public double Gibbs => (double)Utility - Math.Max((double)MeanLatency, 0.05) * Entropy;

    /// <summary>The same less cost times the size of the change of latency.</summary>
    public double Hamiltonian => Gibbs - (double)(Math.Abs(LatencyDelta) * Cost);

    /// <summary>The same on a scale from 0 to 1.</summary>
    public double Stability => 1.0 / (1.0 + Math.Exp(-Hamiltonian / Math.Max(1.0, (double)Math.Abs(BaselineUtility))));

    /// <summary>Compares two ways of doing the same jobs.</summary>
    /// <param name="baseline">Before, in any order.</param>
    /// <param name="candidate">Now: the same jobs in the same order.</param>
    /// <param name="fee">The platform's fee as a share of the value.</param>
    /// <param name="bonus">A scenario's bonus as a share of the value.</param>
    /// <exception cref="HgmException"><c>no-jobs</c>; <c>other-jobs</c> when the two are not of the same jobs; <c>bad-job</c> for a negative value, cost or latency.</exception>
    public static UtilityReading Of(IReadOnlyList<UtilityJob> baseline, IReadOnlyList<UtilityJob> candidate, decimal fee, decimal bonus = 0m)
    {
        if (baseline.Count == 0)
        {
            throw new HgmException("no-jobs", "There are no jobs to compare.", "Give at least one.");
        }

        if (!baseline.Select(job => job.Id).SequenceEqual(candidate.Select(job => job.Id), StringComparer.Ordinal))
        {
            throw new HgmException("other-jobs", $"{baseline.Count} jobs are compared with {candidate.Count} others.", "Compare the same jobs in the same order.");
        }

        if (baseline.Concat(candidate).FirstOrDefault(job => job.Value < 0m || job.Cost < 0m || job.Latency < 0m) is { } bad)
        {
            throw new HgmException("bad-job", $"The job {bad.Id} has a value of {bad.Value}, a cost of {bad.Cost} and a latency of {bad.Latency}.", "None of them is below zero.");
        }

        var value = candidate.Sum(job => job.Value);
        var (before, now) = (baseline.Average(job => job.Latency), candidate.Average(job => job.Latency));
        return new UtilityReading
        {
            BaselineValue = baseline.Sum(job => job.Value),
            BaselineCost = baseline.Sum(job => job.Cost),
            Value = value,
            Cost = candidate.Sum(job => job.Cost) + value * fee,
            Fee = value * fee,
            Bonus = value * bonus,
            LatencyDelta = before == 0m ? Math.Sign(now) : (now - before) / before,
            MeanLatency = now,
            Latency95 = Quantile([.. candidate.Select(job => job.Latency).Order()], 0.95m),
            Entropy = EntropyOf([.. candidate.Select(job => (double)job.Latency)]),
        };
    }

    private static decimal Quantile(decimal[] ordered, decimal share)
    {
        var place = share * (ordered.Length - 1);
        var below = (int)place;
        return below + 1 == ordered.Length ? ordered[below] : ordered[below] + (ordered[below + 1] - ordered[below]) * (place - below);
    }

    private static double EntropyOf(double[] latencies)
    {
        var sum = latencies.Sum();
        return sum == 0.0 ? 0.0 : -latencies.Where(latency => latency > 0.0).Sum(latency => latency / sum * Math.Log(latency / sum));
    }
}
