using System.Collections.Concurrent;
using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Work;

namespace AgiJobs.Steering.Worlds;

/// <summary>
/// The worlds that a network's runs can be in: the program's own, and those of the workspace's file; and where their work is done, in this process or by workers at the broker. Safe for use by several threads.
/// </summary>
public sealed class RunWorlds : IWorkerWorlds
{
    private const int MostOpen = 64;

    private readonly string _network;
    private readonly Broker? _broker;
    private readonly Action<string> _told;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, DefinedWorld> _defined;
    private readonly ConcurrentDictionary<(string World, ulong Seed, int Tasks), IPortableWorld> _open = new();

    /// <summary>Reads what the definitions name.</summary>
    /// <param name="network">The network.</param>
    /// <param name="defined">The worlds of the workspace's file.</param>
    /// <param name="broker">Who carries work to workers; null when it is done in this process.</param>
    /// <param name="told">What people should know, a line each.</param>
    /// <param name="time">The clock.</param>
    public RunWorlds(string network, IReadOnlyList<DefinedWorld> defined, Broker? broker, Action<string> told, TimeProvider time)
    {
        (_network, _broker, _told, _time) = (network, broker, told, time);
        _defined = defined.ToDictionary(world => world.Name, StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public IReadOnlyList<(string World, string? Digest)> Served => [(RunSettings.Programs, null), .. _defined.Values.Select(world => (world.Name, (string?)world.Digest)).OrderBy(world => world.Name, StringComparer.Ordinal)];

    /// <summary>Opens the worlds of a network as its workspace defines them.</summary>
    /// <param name="workspace">The workspace.</param>
    /// <param name="network">The network.</param>
    /// <param name="told">What people should know, a line each.</param>
    /// <param name="time">The clock.</param>
    /// <param name="isNear">Whether all work is done in this process, whatever the settings say.</param>
    /// <exception cref="ControlException">Those of the files; <c>broker-url</c>, <c>world-value</c>, <c>world-file</c>.</exception>
    public static RunWorlds Of(Workspace workspace, string network, Action<string> told, TimeProvider time, bool isNear = false)
    {
        var broker = isNear || workspace.Services(network).Hgm.Broker is not { } url ? null : Broker.Of(url.Reveal());
        return new RunWorlds(network, DefinedWorld.Load(workspace, network), broker, told, time);
    }

    /// <summary>The first event of a run with these settings: with what operations may cost in its world, the root agent, and the digest of the world's definition.</summary>
    /// <exception cref="ControlException"><c>world-unknown</c>.</exception>
    public RunStarted Begin(RunSettings settings) => settings.World == RunSettings.Programs ? EvolutionWorld.Begin(settings with { WorldDigest = null }) : Find(settings.World).Begin(settings);

    /// <summary>Opens a run's world, to be driven here.</summary>
    /// <param name="run">The run's name.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="store">Where its events are.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ControlException"><c>world-unknown</c>, <c>other-world</c>; those of <see cref="BrokerWorld.StartAsync"/>.</exception>
    public async Task<OpenWorld> OpenAsync(string run, RunSettings settings, IRunStore store, CancellationToken cancellation)
    {
        Check(run, settings);
        return _broker is null
            ? new OpenWorld(new NearWorld(Open(settings.World, settings.Seed, settings.Tasks), store), null)
            : new OpenWorld(await BrokerWorld.StartAsync(_broker, _network, run, settings, store, _told, _time, cancellation).ConfigureAwait(false), settings.Concurrency);
    }

    /// <summary>Says whether a run's world is still the one that it began in.</summary>
    /// <exception cref="ControlException"><c>world-unknown</c>, <c>other-world</c>.</exception>
    public void Check(string run, RunSettings settings)
    {
        var digest = settings.World == RunSettings.Programs ? null : Find(settings.World).Digest;
        if (!string.Equals(digest, settings.WorldDigest, StringComparison.Ordinal))
        {
            throw new ControlException(
                "other-world",
                ExitCode.BadInput,
                $"The run '{run}' began in a world '{settings.World}' that was defined otherwise (digest {settings.WorldDigest?[..16] ?? "none"}, now {digest?[..16] ?? "none"}).",
                "Put the definition, its root and its tasks back as they were, or begin another run.");
        }
    }

    /// <inheritdoc/>
    public IPortableWorld Open(string world, ulong runSeed, int tasks)
    {
        if (_open.TryGetValue((world, runSeed, tasks), out var known))
        {
            return known;
        }

        if (_open.Count >= MostOpen)
        {
            _open.Clear();
        }

        return _open.GetOrAdd((world, runSeed, tasks), key => key.World == RunSettings.Programs ? new ProgramWorld(TaskSet.Of(key.Seed, key.Tasks)) : Find(key.World).Open(key.Seed, key.Tasks, _time));
    }

    private DefinedWorld Find(string name) => _defined.TryGetValue(name, out var world)
        ? world
        : throw new ControlException(
            "world-unknown",
            ExitCode.BadInput,
            $"There is no world '{name}' on the network '{_network}': {string.Join(", ", Served.Select(served => served.World))}.",
            "Define it in config/hgm-worlds.json, or name one of these with --world.");
}
