using System.Text.Json;
using AgiJobs.Ethereum;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Response.Tests.Watching;

/// <summary>A scripted chain, a real store in a file, a clock that is moved, and monitors that come and go.</summary>
internal sealed class WatchGround : IAsyncDisposable
{
    public const string Stream = "test/told";

    private readonly string? _folder;
    private readonly List<ChainMonitor> _monitors = [];

    private WatchGround(IStateStore store, string? folder, ManualTime time, ScriptedChain chain) => (Store, _folder, Time, Chain) = (new FaultyStore(store), folder, time, chain);

    public FaultyStore Store { get; }

    public ManualTime Time { get; }

    public ScriptedChain Chain { get; }

    public MonitorOptions Options { get; set; } = new() { Network = "test", ChainId = ChainId.Local, Name = "main", From = 1, Node = "scripted", RangeFrom = 8, MaxRange = 16, Remembered = 16, LogsPerRange = 40 };

    public static async Task<WatchGround> StartAsync(ScriptedChain? chain = null, StateLocation? place = null)
    {
        var time = new ManualTime();
        var folder = place is null ? Directory.CreateTempSubdirectory("agijobs-watch-").FullName : null;
        return new WatchGround(await StateStore.OpenAsync(place ?? StateLocation.File(Path.Combine(folder!, "state.db")), time), folder, time, chain ?? new ScriptedChain());
    }

    /// <summary>A monitor, as a process that has just started.</summary>
    public ChainMonitor Monitor(params CountingSet[] sets)
    {
        var monitor = new ChainMonitor(Store, _ => Task.FromResult<IWatchedChain>(Chain), WatchTrack.Of(sets.Length == 0 ? [new CountingSet(0)] : sets), Options with { Take = TakeAsync }, Time);
        _monitors.Add(monitor);
        return monitor;
    }

    /// <summary>Looks until nothing is due.</summary>
    public async Task<MonitorTick> CatchUpAsync(ChainMonitor monitor)
    {
        for (var looks = 0; looks < 500; looks++)
        {
            var tick = await monitor.TickAsync(CancellationToken.None);
            if (tick is { State: MonitorState.Watching, Behind: 0 })
            {
                return tick;
            }

            if (tick.State != MonitorState.Watching)
            {
                Time.Advance(TimeSpan.FromSeconds(20));
            }
        }

        throw new InvalidOperationException("it does not catch up");
    }

    /// <summary>What was told, in order: kind and id.</summary>
    public async Task<IReadOnlyList<(string Kind, string Id, string Rule)>> ToldAsync() =>
        [.. (await Store.ReadAsync(Stream)).Select(told => JsonDocument.Parse(told.Data).RootElement).Select(told => (told.GetProperty("kind").GetString()!, told.GetProperty("id").GetString()!, told.GetProperty("rule").GetString()!))];

    /// <summary>What was told of the rules under test.</summary>
    public async Task<IReadOnlyList<(string Kind, string Id)>> FoundAsync() => [.. (await ToldAsync()).Where(told => told.Rule is "log" or "storm").Select(told => (told.Kind, told.Id))];

    public async Task<MonitorStanding> StandingAsync() => (await MonitorStanding.ReadAllAsync(Store, "test", CancellationToken.None)).Single(standing => standing.Monitor == Options.Name);

    public async ValueTask DisposeAsync()
    {
        foreach (var monitor in _monitors)
        {
            monitor.Dispose();
        }

        await Store.DisposeAsync();
        if (_folder is not null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    public async Task<FindingWrites> TakeAsync(IReadOnlyList<Finding> findings, DateTimeOffset now, CancellationToken cancellation)
    {
        var version = (await Store.ReadAsync(Stream, cancellationToken: cancellation)).Count;
        return FindingWrites.None with
        {
            Events = [new StreamAppend(Stream, version, [.. findings.Select(finding => new NewEvent("told", $$"""{"kind":"{{finding.Kind}}","id":"{{finding.Id}}","rule":"{{finding.Rule}}","why":{{(finding.Why is null ? "null" : $"\"{finding.Why}\"")}}}"""))])],
        };
    }
}
