using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;

namespace AgiJobs.Hgm.Simulation;

/// <summary>Something to be compared: a run's settings in a world.</summary>
/// <param name="Name">How tables call it.</param>
/// <param name="Run">The run; its seed is replaced by the replicate's.</param>
/// <param name="World">The world.</param>
public sealed record Variant(string Name, RunSettings Run, WorldSettings World)
{
    // A policy with a slip of its own, which no run may follow; made anew for each replicate.
    internal Func<IPolicy>? Slip { get; init; }
}
