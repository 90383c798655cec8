using System.Globalization;
using AgiJobs.Hgm;
using AgiJobs.Steering.Guardrails;

namespace AgiJobs.Steering.Utility;

/// <summary>A strategy of the micro-set: factors on what a job brings, costs and takes.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Factor on the value.</param>
/// <param name="Cost">Factor on the cost.</param>
/// <param name="Latency">Factor on the latency.</param>
/// <param name="Reliability">The reliability that it is said to have.</param>
/// <param name="Quality">Further share on the value.</param>
/// <param name="Bonus">Share of the value as treasury bonus.</param>
public sealed record MicroStrategy(string Name, decimal Value, decimal Cost, decimal Latency, decimal Reliability, decimal Quality, decimal Bonus);

/// <summary>
/// The published Day-One micro-set: ten jobs and five strategies whose factors are given. Everything follows from the factors and nothing of it is measured; it is kept to check the formulas by.
/// </summary>
public static class MicroSet
{
    /// <summary>The platform's fee, 180 basis points.</summary>
    public const decimal Fee = 0.0180m;

    /// <summary>The least uplift of utility.</summary>
    public const decimal LeastUplift = 0.05m;

    /// <summary>The most that the mean latency may grow by.</summary>
    public const decimal MostLatencyDelta = 0.05m;

    /// <summary>The least reliability.</summary>
    public const decimal LeastReliability = 0.92m;

    /// <summary>The strategy when none is named.</summary>
    public const string Default = "e2e";

    /// <summary>The jobs as they were.</summary>
    public static IReadOnlyList<UtilityJob> Baseline { get; } =
    [
        new("job-01", 5, 1, 0.1m),
        new("job-02", 15, 3, 0.2m),
        new("job-03", 20, 4, 0.3m),
        new("job-04", 10, 2, 0.4m),
        new("job-05", 10, 2, 0.5m),
        new("job-06", 10, 2, 0.6m),
        new("job-07", 10, 2, 0.7m),
        new("job-08", 10, 2, 0.8m),
        new("job-09", 5, 1, 0.9m),
        new("job-10", 5, 1, 1.0m),
    ];

    /// <summary>The strategies.</summary>
    public static IReadOnlyList<MicroStrategy> Strategies { get; } =
    [
        new("e2e", 1.09m, 1.03m, 0.96m, 0.97m, 0.0180m, 0.0035m),
        new("alphaevolve", 1.12m, 1.05m, 0.93m, 0.96m, 0.0240m, 0.0045m),
        new("hgm", 1.08m, 1.01m, 0.95m, 0.98m, 0.0160m, 0.0028m),
        new("trm", 1.15m, 1.07m, 0.99m, 0.95m, 0.0320m, 0.0052m),
        new("omni", 1.18m, 1.06m, 0.92m, 0.99m, 0.0410m, 0.0065m),
    ];

    /// <summary>A strategy by its name.</summary>
    /// <exception cref="HgmException"><c>unknown-strategy</c>.</exception>
    public static MicroStrategy Find(string name) => Strategies.FirstOrDefault(strategy => string.Equals(strategy.Name, name, StringComparison.Ordinal))
        ?? throw new HgmException("unknown-strategy", $"The micro-set has no strategy '{name}'.", $"Choose one of {string.Join(", ", Strategies.Select(strategy => strategy.Name))}.");

    /// <summary>The published reading of a strategy.</summary>
    public static UtilityReading Of(MicroStrategy strategy) => UtilityReading.Of(
        Baseline,
        [.. Baseline.Select(job => new UtilityJob(job.Id, job.Value * strategy.Value * (1m + strategy.Quality), job.Cost * strategy.Cost, job.Latency * strategy.Latency))],
        Fee,
        strategy.Bonus);

    /// <summary>The published guardrails of a strategy.</summary>
    public static IReadOnlyList<Guardrail> GuardrailsOf(MicroStrategy strategy)
    {
        var reading = Of(strategy);
        return
        [
            new Guardrail("utility-uplift", Guardrail.Of(reading.Uplift >= LeastUplift), Guardrail.Percent(reading.Uplift), $"at least {Guardrail.Percent(LeastUplift)}", "Choose another strategy."),
            new Guardrail("latency", Guardrail.Of(reading.LatencyDelta <= MostLatencyDelta), Guardrail.Percent(reading.LatencyDelta), $"at most {Guardrail.Percent(MostLatencyDelta)}", "Choose another strategy."),
            new Guardrail("reliability", Guardrail.Of(strategy.Reliability >= LeastReliability), strategy.Reliability.ToString("0.00", CultureInfo.InvariantCulture), $"at least {LeastReliability.ToString("0.00", CultureInfo.InvariantCulture)}", "Choose another strategy."),
        ];
    }
}
