using AgiJobs.Cli.Alerts;
using AgiJobs.Cli.Arena;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Alerts;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Incidents;
using AgiJobs.Response.Runbooks;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Incidents;

/// <summary>Incidents where changes are let through: dual control at sending, the commander's approval at a resume.</summary>
internal static class IncidentWiring
{
    private static readonly TimeSpan ClockPoll = TimeSpan.FromSeconds(10);

    /// <summary>Dual control of changes whose instance names an incident. The store is opened for such alone.</summary>
    public static IExecutionGate DualControl(Session session, IExecutionGate gate) => new IncidentGate(
        gate,
        session.Protocol,
        People(session),
        (id, cancellation) => WithAsync(session, incidents => incidents.FindAsync(id, cancellation), cancellation),
        finding => session.Terminal.Progress($"FINDING {finding}"));

    /// <summary>The point of the resume gate.</summary>
    public static IGatePoint Point(Session session) => new IncidentPoint(cancellation => WithAsync(session, incidents => incidents.ListAsync(cancellation), cancellation), People(session));

    /// <summary>What runs of runbooks have to know of their incident; null when there is none of the name.</summary>
    public static async Task<IncidentSight?> SightAsync(Session session, IStateStore store, string id, CancellationToken cancellation) =>
        await new IncidentStore(store, session.Network, session.NetworkFile.ChainId).FindAsync(id, cancellation).ConfigureAwait(false) is { } incident
            ? new IncidentSight(incident.Severity, incident.Roles.ToDictionary(role => role.Key.Duty(), role => role.Value.Person))
            : null;

    /// <summary>The clocks of incidents, of the duty calendar and of runbooks as the work of a host: what is overdue becomes an alert.</summary>
    public static DutyClockWorker Clocks(Session session, IStateStore store)
    {
        var time = session.Environment.Time;
        return new DutyClockWorker(
            new IncidentStore(store, session.Network, session.NetworkFile.ChainId),
            async (now, cancellation) =>
            [
                .. DutyCalendar.Findings(session.Network, await DutyCommands.StandingsAsync(session, store, now, cancellation).ConfigureAwait(false), DutyFindings.Source),
                .. await RunbooksAsync(session, store, now, cancellation).ConfigureAwait(false),
            ],
            () => session.Workspace.Incidents(session.Network),
            (findings, cancellation) => AlertCommit.TakeAsync(store, AlertWatch.Settings(session), findings, time, cancellation),
            session.Network,
            DutyFindings.Source,
            ClockPoll,
            time)
        { Tell = session.Terminal.Progress };
    }

    /// <summary>Who is on file for the network; null when nobody is.</summary>
    public static OperatorBook? People(Session session) => session.Workspace.Operators(session.Network) is { } people ? new OperatorBook(people) : null;

    // A damaged run stops no clock of an incident.
    private static async Task<IReadOnlyList<Finding>> RunbooksAsync(Session session, IStateStore store, DateTimeOffset now, CancellationToken cancellation)
    {
        try
        {
            return RunbookFindings.Of(session.Network, await RunbookRun.ListAsync(store, session.Network, cancellation).ConfigureAwait(false), now);
        }
        catch (StorageException problem) when (problem.Code == StorageException.Damaged)
        {
            return [DutyFindings.Damaged(session.Network, "runbooks", problem.Message, DutyFindings.Source)];
        }
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
