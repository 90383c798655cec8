using AgiJobs.Control.Serving;
using AgiJobs.Hgm;
using AgiJobs.Steering.Runs;
using AgiJobs.Storage;

namespace AgiJobs.Steering.Sentinels;

/// <summary>Puts what the sentinels of all runs of a network do into the outbox of its alerts, as the work of a host. Beside a second one, or beside 'sentinel watch', nothing is told twice.</summary>
/// <param name="runs">The network's runs.</param>
/// <param name="alerts">What tells.</param>
/// <param name="poll">How often it looks.</param>
/// <param name="time">The clock.</param>
public sealed class SentinelAlertWorker(DurableRunStore runs, SentinelAlerts alerts, TimeSpan poll, TimeProvider time) : LoopWorker(time)
{
    private readonly HashSet<string> _over = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _untold = new(StringComparer.Ordinal);
    private volatile WorkerState _state = new(false, "starting", "it has not looked at the runs yet");

    /// <summary>Hears of what cannot be done.</summary>
    public Action<string> Tell { get; init; } = _ => { };

    /// <inheritdoc/>
    public override string Name => "sentinel-alerts";

    /// <inheritdoc/>
    protected override WorkerState Present => _state;

    /// <inheritdoc/>
    protected override Task RunAsync(CancellationToken cancellation) => RepeatAsync(poll, async token => _state = await LookAsync(token).ConfigureAwait(false), Fail, cancellation);

    private void Fail(Exception problem)
    {
        var code = problem is StorageException store ? store.Code : "alerts-failed";
        if (_state.Code != code)
        {
            Tell($"alerts of sentinels: {problem.Message} [{code}]");
        }

        _state = new WorkerState(false, code, problem.Message);
    }

    private async Task<WorkerState> LookAsync(CancellationToken cancellation)
    {
        // What is over is told to its end once; nothing but an acknowledgement follows, which is no alert.
        foreach (var run in (await runs.ListAsync(cancellation).ConfigureAwait(false)).Where(run => !_over.Contains(run.Name)))
        {
            try
            {
                _ = await alerts.TellAsync(run.Name, cancellation).ConfigureAwait(false);
                _ = _untold.Remove(run.Name);
                if (run.IsFinished)
                {
                    _over.Add(run.Name);
                }
            }
            catch (Exception problem) when (problem is HgmException or StorageException { Code: StorageException.Damaged })
            {
                // One run that cannot be read keeps no other from being told of.
                if (_untold.TryAdd(run.Name, problem.Message))
                {
                    Tell($"what the sentinel of run '{run.Name}' does cannot be told: {problem.Message}");
                }
            }
        }

        return _untold.Count == 0
            ? new WorkerState(true, "ready", "what sentinels did was told")
            : new WorkerState(false, "run-fault", string.Join("; ", _untold.Select(run => $"run '{run.Key}': {run.Value}")));
    }
}
