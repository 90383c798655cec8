using AgiJobs.Cli.Alerts;
using AgiJobs.Cli.Incidents;
using AgiJobs.Control;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Serving;
using AgiJobs.Response.Alerts;
using AgiJobs.Response.Breakers;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Index;
using AgiJobs.Response.Watching;
using AgiJobs.Server.Hosting;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Monitoring;

/// <summary>The monitors of a network as a session makes them.</summary>
internal static class MonitorWatch
{
    /// <summary>The name of the monitor that a host runs.</summary>
    public const string DefaultName = "main";

    private static readonly TimeSpan BreakerPoll = TimeSpan.FromMilliseconds(100);

    /// <summary>The workers of the role monitor: the watch over the chain, where there are rules, and the index.</summary>
    public static IReadOnlyList<IWorker> Workers(Session session, ServerParts parts)
    {
        var time = session.Environment.Time;
        var watching = new RuledMonitorWorker(
            DefaultName,
            cancellation => RulesInForce.LoadAsync(parts.Store, session.Workspace, session.Network, time, cancellation),
            sets => new MonitorWorker(Monitor(session, parts.Store, DefaultName, 1, null, WatchTrack.Of(sets)), time) { Tell = session.Terminal.Progress, Hear = tick => Say(session, tick) },
            time)
        {
            Tell = session.Terminal.Progress,
            Take = (findings, cancellation) => AlertCommit.TakeAsync(parts.Store, AlertWatch.Settings(session), findings, time, cancellation),
            Look = rules => RuleTampering.Find(session.Network, $"monitor {DefaultName}", rules.Applied, rules.Disk, rules.WhyNoDisk, RuleTampering.Logged(new AuditArchive(session.Workspace, session.Environment.Seal).Entries(session.Network, []).Select(entry => entry.Entry))),
        };
        return
        [
            watching,
            new MonitorWorker(Index(session, parts.Store, 1), time) { Tell = session.Terminal.Progress },
            IncidentWiring.Clocks(session, parts.Store),
            new BreakerWorker(parts.Store, session.Network, session.NetworkFile.ChainId, () => session.Workspace.Breakers(session.Network), new ArmoryTrigger(session), AlertWatch.Take(session, parts.Store), $"{Environment.MachineName}/{Environment.ProcessId}", BreakerPoll, time) { Tell = session.Terminal.Progress },
        ];
    }

    /// <summary>A monitor that follows one node.</summary>
    /// <exception cref="ControlException"><c>monitor-name</c>, <c>rpc-number</c>, and those of the configuration folder.</exception>
    public static ChainMonitor Monitor(Session session, IStateStore store, string name, int rpc, ulong? from, IReadOnlyList<WatchTrack> tracks)
    {
        var options = Options(session, name, rpc) with { From = from };
        options.Check();
        var key = MonitorKey.Open(session.Environment.Seal, session.Network, name);
        return new ChainMonitor(store, Connect(session, rpc), tracks, options with { Key = key, Take = Testified(session, AlertWatch.Take(session, store), name, key) }, session.Environment.Time);
    }

    /// <summary>The monitor that keeps the index.</summary>
    public static ChainMonitor Index(Session session, IStateStore store, int rpc) =>
        new EventIndex(store, session.Network, session.Protocol).Follower(session.Network, Options(session, EventIndex.Monitor, rpc), Connect(session, rpc), session.Environment.Time);

    // How findings reach people, and what the monitor testifies of them, by the breakers of the moment. A file of breakers that cannot be read keeps nobody from being told; the breakers' worker says what is wrong with it.
    private static TakeFindings Testified(Session session, TakeFindings told, string name, MonitorKey key) => async (findings, now, cancellation) =>
    {
        var writes = await told(findings, now, cancellation).ConfigureAwait(false);
        try
        {
            return session.Workspace.Breakers(session.Network) is { } breakers
                ? writes.And(new FindingWrites([], new Witness(breakers, name, session.Network, session.NetworkFile.ChainId, key.Sign).Of(findings, now), []))
                : writes;
        }
        catch (ControlException problem)
        {
            session.Terminal.Progress($"monitor {name}: it does not testify: {problem.Message} [{problem.Code}]");
            return writes;
        }
    };

    private static MonitorOptions Options(Session session, string name, int rpc) => new()
    {
        Network = session.Network,
        ChainId = session.NetworkFile.ChainId,
        Name = name,
        Node = session.NodeOf(rpc).Name,
        Poll = TimeSpan.FromMilliseconds(session.Workspace.Services(session.Network).PollMilliseconds!.Value),
        Lease = TimeSpan.FromSeconds(session.Workspace.Services(session.Network).LeaseSeconds!.Value),
    };

    // A client lives as long as the process: a monitor connects once, and the client itself copes with a node that comes and goes.
    private static Func<CancellationToken, Task<IWatchedChain>> Connect(Session session, int rpc) => async cancellation => new NodeChain(await session.ConnectAsync(rpc, cancellation).ConfigureAwait(false));

    private static void Say(Session session, MonitorTick tick)
    {
        foreach (var note in tick.Notes)
        {
            session.Terminal.Progress($"monitor {DefaultName}: {note}");
        }
    }
}
