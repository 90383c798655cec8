using AgiJobs.Control.Changes;

namespace AgiJobs.Control.Approvals;

/// <summary>What a simulation of a change found.</summary>
/// <param name="Blocks">True when the change must not be sent because of it.</param>
/// <param name="Reasons">Why it blocks, or what else the reader must know.</param>
public sealed record SimulationVerdict(bool Blocks, IReadOnlyList<string> Reasons);

/// <summary>Where the simulation of a change is found.</summary>
public interface ISimulationReading
{
    /// <summary>The verdict on this change; null when it has not been simulated.</summary>
    /// <exception cref="ControlException">When the record cannot be read.</exception>
    Task<SimulationVerdict?> ReadAsync(FiledChange change, CancellationToken cancellation);
}
