namespace AgiJobs.Steering.Utility;

/// <summary>What came of one job.</summary>
/// <param name="Id">Which job.</param>
/// <param name="Value">What the accepted outcome is worth; zero when none was accepted.</param>
/// <param name="Cost">What it cost, in the same unit.</param>
/// <param name="Latency">How long it took, in a unit of its own.</param>
public sealed record UtilityJob(string Id, decimal Value, decimal Cost, decimal Latency);
