using AgiJobs.Cli.Alerts;
using AgiJobs.Cli.Arena;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Alerts;
using AgiJobs.Response.Incidents;
using AgiJobs.Response.Runbooks;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Incidents;

/// <summary>Incidents where changes are let through: dual control at sending, the commander's approval at a resume.</summary>
internal static class IncidentWiring
{
    private const string ClockSource = "duty clocks";

    private static readonly TimeSpan ClockPoll = TimeSpan.FromSeconds(10);

    /// <summary>Dual control of changes whose instance names an incident. The store is opened for such alone.</summary>
    public static IExecutionGate DualControl(Session session, IExecutionGate gate) => new IncidentGate(
        gate,
        session.Protocol,
        session.Workspace.Operators(session.Network) is { } people ? new OperatorBook(people) : null,
        (id, cancellation) => WithAsync(session, incidents => incidents.FindAsync(id, cancellation), cancellation),
        finding => session.Terminal.Progress($"FINDING {finding}"));

    /// <summary>The point of the resume gate.</summary>
    public static IGatePoint Point(Session session) => new IncidentPoint(cancellation => WithAsync(session, incidents => incidents.ListAsync(cancellation), cancellation));

    /// <summary>What runs of runbooks have to know of their incident; null when there is none of the name.</summary>
    public static async Task<IncidentSight?> SightAsync(Session session, IStateStore store, string id, CancellationToken cancellation) =>
        await new IncidentStore(store, session.Network, session.NetworkFile.ChainId).FindAsync(id, cancellation).ConfigureAwait(false) is { } incident
            ? new IncidentSight(incident.Severity, incident.Roles.ToDictionary(role => role.Key.Duty(), role => role.Value.Person))
            : null;

    /// <summary>The clocks of incidents and of the duty calendar as the work of a host: what is overdue becomes an alert.</summary>
    public static DutyClockWorker Clocks(Session session, IStateStore store)
    {
        var time = session.Environment.Time;
        return new DutyClockWorker(
            new IncidentStore(store, session.Network, session.NetworkFile.ChainId),
            async (now, cancellation) => DutyCalendar.Findings(session.Network, await DutyCommands.StandingsAsync(session, store, now, cancellation).ConfigureAwait(false), ClockSource),
            () => session.Workspace.Incidents(session.Network),
            (findings, cancellation) => AlertCommit.TakeAsync(store, AlertWatch.Settings(session), findings, time, cancellation),
            session.Network,
            ClockSource,
            ClockPoll,
            time)
        { Tell = session.Terminal.Progress };
    }

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
