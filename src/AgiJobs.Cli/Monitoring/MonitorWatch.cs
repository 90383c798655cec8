using AgiJobs.Cli.Alerts;
using AgiJobs.Cli.Incidents;
using AgiJobs.Control;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Serving;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Alerts;
using AgiJobs.Response.Breakers;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Findings;
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
        var watching = Ruled(session, parts.Store, DefaultName, 1, null, tick => Say(session, tick), session.Terminal.Progress);
        return
        [
            watching,
            new MonitorWorker(Index(session, parts.Store, 1), time) { Tell = session.Terminal.Progress, BehindLimit = BehindLimit(session) },
            IncidentWiring.Clocks(session, parts.Store),
            new BreakerWorker(parts.Store, session.Network, session.NetworkFile.ChainId, () => session.Workspace.Breakers(session.Network), new ArmoryTrigger(session), (file, cancellation) => BreakersCommand.GapsAsync(session, parts.Store, file, cancellation), AlertWatch.Take(session, parts.Store), $"{Environment.MachineName}/{Environment.ProcessId}", BreakerPoll, time) { Tell = session.Terminal.Progress },
        ];
    }

    /// <summary>A monitor that follows one node by the rules in force, and takes up others when they are put in force.</summary>
    /// <param name="session">The session.</param>
    /// <param name="store">The state.</param>
    /// <param name="name">The monitor's name.</param>
    /// <param name="rpc">Which RPC endpoint, from 1.</param>
    /// <param name="from">The first block; null for where it left off, else the newest.</param>
    /// <param name="hear">Hears of every look.</param>
    /// <param name="tell">Hears of what goes wrong, and of other rules.</param>
    public static RuledMonitorWorker Ruled(Session session, IStateStore store, string name, int rpc, ulong? from, Action<MonitorTick> hear, Action<string> tell)
    {
        var time = session.Environment.Time;
        var record = new RuleTamperingRecord(store, session.Network, Environment.MachineName);
        return new RuledMonitorWorker(
            name,
            cancellation => RulesInForce.LoadAsync(store, session.Workspace, session.Network, time, cancellation),
            sets => new MonitorWorker(Monitor(session, store, name, rpc, from, ExecutedChangeRules.Tracks(sets, session.Workspace, session.Network, time)), time) { Tell = tell, Hear = hear, BehindLimit = BehindLimit(session) },
            time)
        {
            Tell = tell,
            Look = rules => RuleTampering.Find(session.Network, $"monitor {name}", rules.Applied, rules.Disk, rules.WhyNoDisk, RuleTampering.Newest(new AuditArchive(session.Workspace, session.Environment.Seal).Entries(session.Network, []).Select(entry => entry.Entry))),
            Take = (seen, cancellation) => AlertCommit.AsNeededAsync(
                store,
                async token =>
                {
                    var (findings, writes) = await record.AfterAsync(seen, $"monitor {name}", token).ConfigureAwait(false);
                    var told = findings.Count == 0 ? FindingWrites.None : await AlertBook.TakeAsync(store, AlertWatch.Settings(session), findings, time.GetUtcNow(), token).ConfigureAwait(false);
                    return told.And(new FindingWrites([], writes, []));
                },
                cancellation),
        };
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

    private static ulong BehindLimit(Session session) => (ulong)session.Workspace.Services(session.Network).Monitor.BehindBlocks!.Value;

    /// <summary>How a monitor of a network watches.</summary>
    public static MonitorOptions Options(Session session, string name, int rpc) => Options(session.Workspace.Services(session.Network), session.Network, session.NetworkFile.ChainId, name, session.NodeOf(rpc).Name);

    /// <summary>How a monitor watches, by the settings of services.</summary>
    internal static MonitorOptions Options(ServicesFile services, string network, ChainId chain, string name, string node)
    {
        var monitor = services.Monitor;
        return new MonitorOptions
        {
            Network = network,
            ChainId = chain,
            Name = name,
            Node = node,
            Poll = TimeSpan.FromMilliseconds((monitor.PollMilliseconds ?? services.PollMilliseconds)!.Value),
            Lease = TimeSpan.FromSeconds(services.LeaseSeconds!.Value),
            RangeFrom = monitor.RangeFromBlocks!.Value,
            MaxRange = monitor.MaxRangeBlocks!.Value,
            LogsPerRange = monitor.LogsPerRange!.Value,
            InFlight = monitor.RangesAtOnce!.Value,
            BlindAfter = TimeSpan.FromSeconds(monitor.BlindSeconds!.Value),
            SkewLimit = TimeSpan.FromSeconds(monitor.SkewSeconds!.Value),
            StaleAfter = StaleAfter(monitor.StaleSeconds, chain),
            Remembered = monitor.RememberedBlocks!.Value,
        };
    }

    // On a local network blocks come as they please.
    private static TimeSpan? StaleAfter(int? seconds, ChainId chain) =>
        (seconds ?? (chain == ChainId.Local ? 0 : MonitorService.OwnStaleSeconds)) is > 0 and var limit ? TimeSpan.FromSeconds(limit) : null;

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
