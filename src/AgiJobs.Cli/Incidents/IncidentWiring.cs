using AgiJobs.Cli.Arena;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Incidents;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Incidents;

/// <summary>Incidents where changes are let through: dual control at sending, the commander's approval at a resume.</summary>
internal static class IncidentWiring
{
    /// <summary>Dual control of changes whose instance names an incident. The store is opened for such alone.</summary>
    public static IExecutionGate DualControl(Session session, IExecutionGate gate) => new IncidentGate(
        gate,
        session.Protocol,
        session.Workspace.Operators(session.Network) is { } people ? new OperatorBook(people) : null,
        (id, cancellation) => WithAsync(session, incidents => incidents.FindAsync(id, cancellation), cancellation),
        finding => session.Terminal.Progress($"FINDING {finding}"));

    /// <summary>The point of the resume gate.</summary>
    public static IGatePoint Point(Session session) => new IncidentPoint(cancellation => WithAsync(session, incidents => incidents.ListAsync(cancellation), cancellation));

    private static async Task<T> WithAsync<T>(Session session, Func<IncidentStore, Task<T>> read, CancellationToken cancellation)
    {
        await using var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
        try
        {
            return await read(new IncidentStore(store, session.Network, session.NetworkFile.ChainId)).ConfigureAwait(false);
        }
        catch (StorageException problem)
        {
            throw ServiceState.Told(problem);
        }
    }
}
