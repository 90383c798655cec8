using AgiJobs.Cli.Arena;
using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Serving;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Alerts;
using AgiJobs.Response.Alerts.Channels;
using AgiJobs.Response.Alerts.Escalation;
using AgiJobs.Response.Alerts.Incoming;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;
using AgiJobs.Steering.Runs;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Alerts;

/// <summary>The alerts of a network as a session has them.</summary>
internal static class AlertWatch
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    /// <summary>What alerts are handled by.</summary>
    /// <exception cref="ControlException">Those of the on-call file and of the operators' file.</exception>
    public static AlertSettings Settings(Session session) => new(session.Network, session.NetworkFile.ChainId)
    {
        Plan = OnCallPlan.Load(session.Workspace, session.Network),
        People = session.Workspace.Operators(session.Network) is { } people ? new OperatorBook(people) : null,
    };

    /// <summary>The workers of the role monitor: the escalation, and the delivery of every channel.</summary>
    public static IReadOnlyList<IWorker> Workers(Session session, IStateStore store)
    {
        var settings = Settings(session);
        var time = session.Environment.Time;
        var channels = settings.Plan is { } plan ? ChannelShelf.Open(plan.File, session.Workspace.Root, time) : [];
        return
        [
            new AlertWorker(store, settings, Poll, time) { ClosedIncidents = (incidents, cancellation) => ClosedAsync(store, session.Network, incidents, cancellation), Others = Others(session, store), Tell = session.Terminal.Progress },
            .. channels.Count == 0 ? Array.Empty<IWorker>() : [new DeliveryWorker([.. channels.Select(channel => new NoticeDelivery(store, settings, channel, time))], store, settings.Places, Poll, time) { Tell = session.Terminal.Progress }],
        ];
    }

    // Services with alerts of their own: people have one list.
    private static Func<CancellationToken, Task<IReadOnlyList<Finding>>> Others(Session session, IStateStore store)
    {
        var arena = new ArenaFindings(store, session.Network, session.Environment.Time);
        var sentinels = new SentinelFindings(new DurableRunStore(store, session.Network), session.Environment.Time);
        return async cancellation => [.. await arena.ReadAsync(cancellation).ConfigureAwait(false), .. await sentinels.ReadAsync(cancellation).ConfigureAwait(false)];
    }

    /// <summary>What a monitor makes of what it finds, in its own commit.</summary>
    /// <exception cref="ControlException">Those of <see cref="Settings"/>.</exception>
    public static TakeFindings Take(Session session, IStateStore store)
    {
        var settings = Settings(session);
        return (findings, now, cancellation) => AlertBook.TakeAsync(store, settings, findings, now, cancellation);
    }

    /// <summary>The point of the resume gate. A broken on-call file does not keep it from seeing what fires.</summary>
    public static IGatePoint Point(Session session, EthereumClient client) => new AlertsPoint(
        session.Network,
        async cancellation =>
        {
            await using var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
            var people = session.Workspace.Operators(session.Network) is { } file ? new OperatorBook(file) : null;
            return await AlertsSight.ReadAsync(store, session.Workspace, new AlertSettings(session.Network, session.NetworkFile.ChainId) { People = people }, session.Environment.Time, cancellation).ConfigureAwait(false);
        },
        _ => Task.FromResult<IWatchedChain>(new NodeChain(client)),
        session.Environment.Time);

    /// <summary>What takes alerts of others.</summary>
    public static IncomingDesk? Incoming(Session session, IStateStore store)
    {
        var settings = Settings(session);
        return settings.Plan?.File.Incoming is { } file ? new IncomingDesk(store, settings, file, session.Environment.Time) : null;
    }

    /// <summary>Whether an incident is open; null when there is none of the name.</summary>
    public static async Task<bool?> IsOpenAsync(IStateStore store, string network, string incident, CancellationToken cancellation)
    {
        var events = await store.ReadAsync($"response/{network}/incidents/{incident}", cancellationToken: cancellation).ConfigureAwait(false);
        return events.Count == 0 ? null : !events.Any(one => one.Type is "incident.close");
    }

    private static async Task<IReadOnlySet<string>> ClosedAsync(IStateStore store, string network, IReadOnlyList<string> incidents, CancellationToken cancellation)
    {
        var closed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var incident in incidents)
        {
            if (await IsOpenAsync(store, network, incident, cancellation).ConfigureAwait(false) is false)
            {
                closed.Add(incident);
            }
        }

        return closed;
    }
}
