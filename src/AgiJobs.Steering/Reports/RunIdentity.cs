namespace AgiJobs.Steering.Reports;

/// <summary>Where a run is: what every report names, so that nobody takes one network's run for another's.</summary>
/// <param name="Network">The network with whose services' state it is kept.</param>
/// <param name="ChainId">That network's chain.</param>
/// <param name="Run">The run's name.</param>
public sealed record RunIdentity(string Network, ulong ChainId, string Run);
