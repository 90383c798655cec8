using AgiJobs.Control;
using AgiJobs.Control.Serving;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Worlds;
using AgiJobs.Storage;

namespace AgiJobs.Steering.Runs;

/// <summary>How a host drives runs.</summary>
public sealed record RunsOptions
{
    /// <summary>Opens the world of a run, by its name, its settings, the network's runs and who hears what people should know. What it throws is a fault of that run.</summary>
    public required Func<string, RunSettings, DurableRunStore, Action<string>, CancellationToken, Task<OpenWorld>> World { get; init; }

    /// <summary>How many runs are driven at once; others wait for a place.</summary>
    public int Runs { get; init; } = 4;

    /// <summary>How many operations of one run are carried out at once.</summary>
    public int Workers { get; init; } = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>The least time between committed results of a run that was begun without one of its own.</summary>
    public TimeSpan Pace { get; init; }

    /// <summary>What holds back the start of operations while the system is paused; null for nothing.</summary>
    public PauseBrake? Brake { get; init; }

    /// <summary>For how long a lease is held without being renewed.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How often is looked for runs that nobody drives.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Hears what goes into the log: whether it is a fault, a code, and words.</summary>
    public Action<bool, string, string> Tell { get; init; } = (_, _, _) => { };
}

/// <summary>
/// Drives every unfinished run of a network that nobody drives, a bounded number at once. A run that cannot be driven is told by readiness and log and tried again after a while; it stops no other. A held run is
/// left alone until something is steered.
/// </summary>
public sealed class RunsWorker : LoopWorker
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly DurableRunStore _runs;
    private readonly RunsOptions _options;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, Task> _driving = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _held = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Fault> _faults = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private volatile WorkerState _present = new(false, "starting", "it has not looked for runs yet");

    /// <summary>Takes the runs; nothing is read yet.</summary>
    public RunsWorker(DurableRunStore runs, RunsOptions options, TimeProvider time)
        : base(time) => (_runs, _options, _time) = (runs, options, time);

    /// <inheritdoc/>
    public override string Name => "hgm-runs";

    /// <inheritdoc/>
    protected override WorkerState Present => _present;

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken cancellation)
    {
        await RepeatAsync(_options.Poll, LookAsync, Fail, cancellation).ConfigureAwait(false);
        await Task.WhenAll(_driving.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Fail(Exception problem)
    {
        var code = problem is StorageException store ? store.Code : "runs-failed";
        if (_present.Code != code)
        {
            _options.Tell(true, code, problem.Message);
        }

        _present = new WorkerState(false, code, problem.Message);
    }

    private async Task LookAsync(CancellationToken cancellation)
    {
        foreach (var ended in _driving.Where(entry => entry.Value.IsCompleted).Select(entry => entry.Key).ToList())
        {
            _driving.Remove(ended);
        }

        var (waiting, elsewhere) = (0, 0);
        var all = await _runs.ListAsync(cancellation).ConfigureAwait(false);
        var open = all.Where(entry => !entry.IsFinished).ToList();
        foreach (var entry in open.Where(entry => !_driving.ContainsKey(entry.Name)))
        {
            if (NotBefore(entry.Name) > _time.GetUtcNow() || await IsHeldAsync(entry.Name, cancellation).ConfigureAwait(false))
            {
                continue;
            }

            if (_driving.Count >= _options.Runs)
            {
                waiting++;
                continue;
            }

            if (await RunSeat.TryTakeAsync(_runs, entry.Name, DriverName.New(), _options.Lease, _time, cancellation).ConfigureAwait(false) is not { } seat)
            {
                elsewhere++;
                continue;
            }

            _driving[entry.Name] = Task.Run(() => DriveAsync(seat, entry, cancellation), CancellationToken.None);
        }

        Forget(open.Select(entry => entry.Name).ToHashSet(StringComparer.Ordinal));
        _present = Standing(waiting, elsewhere);
    }

    private async Task DriveAsync(RunSeat seat, RunEntry entry, CancellationToken cancellation)
    {
        var run = entry.Name;
        await using (seat.ConfigureAwait(false))
        {
            try
            {
                _options.Tell(false, "run-driving", $"run '{run}' is driven");
                var start = (await _runs.ReadAsync(run, 0, cancellation).ConfigureAwait(false)) is [RunStarted first, ..] ? first : throw new HgmException("not-started", $"The run '{run}' is in the list and has no first event.", "Restore the state from a backup.");
                var world = await _options.World(run, start.Settings, _runs, words => _options.Tell(false, "run-work", $"run '{run}': {words}"), cancellation).ConfigureAwait(false);
                await using (world.ConfigureAwait(false))
                {
                    var state = await seat.DriveAsync(world, world.Parallel ?? _options.Workers, start, entry.Pace ?? _options.Pace, _options.Brake, cancellation).ConfigureAwait(false);
                    await world.EndAsync(state, cancellation).ConfigureAwait(false);
                    Ended(run, state);
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                // The next start goes on.
            }
            catch (Exception problem)
            {
                var (code, message) = problem switch
                {
                    ControlException told => (told.Code, told.Message),
                    HgmException told => (told.Code, told.Message),
                    StorageException told => (told.Code, told.Message),
                    _ => ("run-failed", $"{problem.GetType().Name}: {problem.Message}"),
                };
                Failed(run, code, message);
            }
        }
    }

    private void Ended(string run, RunState state)
    {
        lock (_lock)
        {
            _faults.Remove(run);
            _held[run] = state.Version;
        }

        _options.Tell(false, state.Finished is null ? "run-held" : "run-finished", state.Finished is { } end ? $"run '{run}' is over: {end.Reason}" : $"run '{run}' is held: expansions are, and nothing else is left to do");
    }

    private void Failed(string run, string code, string message)
    {
        lock (_lock)
        {
            var times = _faults.TryGetValue(run, out var before) ? before.Times + 1 : 1;
            var pause = FirstPause * Math.Pow(2, Math.Min(times - 1, 10));
            _faults[run] = new Fault(code, message, times, _time.GetUtcNow() + (pause < LongestPause ? pause : LongestPause));
            if (before?.Code == code && before.Message == message)
            {
                return;
            }
        }

        _options.Tell(true, code, $"run '{run}': {message}");
    }

    private DateTimeOffset NotBefore(string run)
    {
        lock (_lock)
        {
            return _faults.TryGetValue(run, out var fault) ? fault.NotBefore : DateTimeOffset.MinValue;
        }
    }

    private async Task<bool> IsHeldAsync(string run, CancellationToken cancellation)
    {
        long version;
        lock (_lock)
        {
            if (!_held.TryGetValue(run, out version))
            {
                return false;
            }
        }

        return (await _runs.State.ReadAsync(_runs.StreamOf(run), version, 1, cancellation).ConfigureAwait(false)).Count == 0;
    }

    private void Forget(HashSet<string> open)
    {
        lock (_lock)
        {
            foreach (var gone in _faults.Keys.Concat(_held.Keys).Where(run => !open.Contains(run)).ToList())
            {
                _faults.Remove(gone);
                _held.Remove(gone);
            }
        }
    }

    private WorkerState Standing(int waiting, int elsewhere)
    {
        lock (_lock)
        {
            var others = $"{_driving.Count} driven here{(elsewhere > 0 ? $", {elsewhere} elsewhere" : "")}{(waiting > 0 ? $", {waiting} wait for a place" : "")}{(_options.Brake?.Why is { } why ? $"; {why}" : "")}";
            return _faults.Count == 0
                ? new WorkerState(true, "ready", others)
                : new WorkerState(false, "run-fault", $"{string.Join("; ", _faults.OrderBy(fault => fault.Key, StringComparer.Ordinal).Select(fault => $"run '{fault.Key}': {fault.Value.Message} [{fault.Value.Code}], tried {fault.Value.Times} times"))}; {others}");
        }
    }

    private sealed record Fault(string Code, string Message, int Times, DateTimeOffset NotBefore);
}
