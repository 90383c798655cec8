using AgiJobs.Control;
using AgiJobs.Control.Serving;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Watching;

/// <summary>
/// A monitor that watches by the rules in force: when others are put in force, it goes on by those, from where it was. Rules that cannot be compiled, and rules that nobody applied, leave it as it is, not ready, and say
/// why; a watch that has ended by itself is begun anew. Now and then it looks whether somebody changed the rules otherwise.
/// </summary>
/// <param name="name">The monitor's name.</param>
/// <param name="load">Loads the rules in force.</param>
/// <param name="make">Makes the monitor for sets.</param>
/// <param name="time">The clock.</param>
public sealed class RuledMonitorWorker(string name, Func<CancellationToken, Task<RulesInForce>> load, Func<IReadOnlyList<IDetectorSet>, IWorker> make, TimeProvider time) : LoopWorker(time)
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time = time;
    private volatile WorkerState _trouble = new(false, "starting", "the rules in force were not read yet");
    private volatile IWorker? _inner;
    private volatile bool _isWell;
    private string? _told;
    private long _lastLook;

    /// <summary>Hears of what goes wrong with the rules, and of other rules.</summary>
    public Action<string> Tell { get; init; } = _ => { };

    /// <summary>Looks whether the rules were changed otherwise than by putting them in force.</summary>
    public Func<RulesInForce, IReadOnlyList<Finding>> Look { get; init; } = _ => [];

    /// <summary>Takes what <see cref="Look"/> found whenever that is another than before, and at the beginning; nothing is found when all is well again.</summary>
    public Func<IReadOnlyList<Finding>, CancellationToken, Task> Take { get; init; } = static (_, _) => Task.CompletedTask;

    /// <inheritdoc/>
    public override string Name => $"monitor-{name}";

    /// <inheritdoc/>
    protected override WorkerState Present => _isWell && _inner is { } inner ? inner.State : _trouble;

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken cancellation)
    {
        RulesInForce? rules = null;
        try
        {
            while (true)
            {
                try
                {
                    var found = await load(cancellation).ConfigureAwait(false);
                    // Also where the turn to these very rules failed half-way: nothing watches then. Rules that nobody applied take the place of none that are watched by.
                    var isWatching = rules is not null && _inner is { State.Code: not Stopped };
                    var isOther = !isWatching || (rules!.Digest != found.Digest && !found.IsAltered);
                    if (isOther)
                    {
                        await TurnAsync(found, cancellation).ConfigureAwait(false);
                    }

                    var isNews = isOther || rules!.IsAltered != found.IsAltered;
                    rules = isOther || !found.IsAltered ? found : rules! with { IsAltered = true };
                    if (found.IsAltered)
                    {
                        Trouble("rules-altered", "the rules in force are not those that were applied: the state store was altered; apply them again with 'agijobs monitoring apply --execute'");
                    }
                    else
                    {
                        _isWell = true;
                    }

                    if (isNews || _time.GetElapsedTime(_lastLook) >= LookEvery)
                    {
                        await LookAsync(found, cancellation).ConfigureAwait(false);
                        _lastLook = _time.GetTimestamp();
                    }
                }
                catch (ControlException problem)
                {
                    Trouble(problem.Code, problem.Message);
                }
                catch (StorageException problem)
                {
                    Trouble(problem.Code, problem.Message);
                }
                catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
                {
                    Trouble("file-read", problem.Message);
                }

                await Task.Delay(Pace, _time, cancellation).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Told to stop.
        }
        finally
        {
            if (_inner is { } inner)
            {
                await inner.StopAsync(Drain).ConfigureAwait(false);
            }
        }
    }

    private async Task TurnAsync(RulesInForce rules, CancellationToken cancellation)
    {
        // What cannot be made leaves the one that watches in its place.
        var next = make(rules.Sets);
        if (_inner is { } before)
        {
            Tell(before.State is { Code: Stopped } ended ? $"monitor {name}: {ended.Message}; it is begun anew" : $"monitor {name}: other rules are in force, {rules.Digest}; it goes on by these");
            _inner = null;
            await before.StopAsync(Drain).ConfigureAwait(false);
        }

        await next.StartAsync(cancellation).ConfigureAwait(false);
        _inner = next;
    }

    private async Task LookAsync(RulesInForce rules, CancellationToken cancellation)
    {
        var found = Look(rules);
        var said = string.Join(' ', found.Select(finding => finding.Id));
        if (!string.Equals(said, _told, StringComparison.Ordinal))
        {
            await Take(found, cancellation).ConfigureAwait(false);
            foreach (var finding in found)
            {
                Tell($"FINDING {finding.Severity.Name()} {finding.Rule}: {finding.Title}");
            }

            if (found.Count == 0 && _told is { Length: > 0 })
            {
                Tell($"monitor {name}: the rules are as they were put in force again");
            }

            _told = said;
        }
    }

    private void Trouble(string code, string message)
    {
        if (_isWell || !string.Equals(_trouble.Message, message, StringComparison.Ordinal))
        {
            Tell($"monitor {name}: {message} [{code}]");
        }

        _trouble = new WorkerState(false, code, message);
        _isWell = false;
    }
}
