using AgiJobs.Cli.Alerts;
using AgiJobs.Control.Serving;
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

    /// <summary>The workers of the role monitor: the watch over the chain, where there are rules, and the index.</summary>
    public static IReadOnlyList<IWorker> Workers(Session session, ServerParts parts)
    {
        var time = session.Environment.Time;
        var sets = DetectorSets.Of(session.Workspace, session.Network, session.Protocol);
        var watching = new MonitorWorker(Monitor(session, parts.Store, DefaultName, 1, null, WatchTrack.Of(sets)), time) { Tell = session.Terminal.Progress, Hear = tick => Say(session, tick) };
        return [watching, new MonitorWorker(Index(session, parts.Store, 1), time) { Tell = session.Terminal.Progress }];
    }

    /// <summary>A monitor that follows one node.</summary>
    /// <exception cref="AgiJobs.Control.ControlException"><c>monitor-name</c>, <c>rpc-number</c>, and those of the configuration folder.</exception>
    public static ChainMonitor Monitor(Session session, IStateStore store, string name, int rpc, ulong? from, IReadOnlyList<WatchTrack> tracks)
    {
        var options = Options(session, name, rpc) with { From = from };
        options.Check();
        return new ChainMonitor(store, Connect(session, rpc), tracks, options with { Take = AlertWatch.Take(session, store), Key = MonitorKey.Open(session.Environment.Seal, session.Network, name) }, session.Environment.Time);
    }

    /// <summary>The monitor that keeps the index.</summary>
    public static ChainMonitor Index(Session session, IStateStore store, int rpc) =>
        new EventIndex(store, session.Network, session.Protocol).Follower(session.Network, Options(session, EventIndex.Monitor, rpc), Connect(session, rpc), session.Environment.Time);

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
