namespace AgiJobs.Control.Serving;

/// <summary>Work that is one loop until it is told to stop. A loop that has ended without being told, by a defect, is not ready, whatever it said last.</summary>
/// <param name="time">The clock.</param>
public abstract class LoopWorker(TimeProvider time) : IWorker, IDisposable
{
    // Beyond the drain: the loop hears of the end at its next wait.
    private static readonly TimeSpan LastBreath = TimeSpan.FromSeconds(1);

    /// <summary>The code of the state of a worker whose loop has ended.</summary>
    public const string Stopped = "stopped";

    private readonly CancellationTokenSource _stop = new();
    private Task? _work;

    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public WorkerState State => _work is { IsCompleted: true } ended
        ? new WorkerState(false, Stopped, ended.Exception is { } defect ? $"it has stopped: {defect.GetBaseException().Message}" : "it has stopped")
        : Present;

    /// <summary>Ends with the loop, and fails with it.</summary>
    public Task Completion => _work ?? Task.CompletedTask;

    /// <summary>How it stands while the loop goes on, or before it began. Read by any thread.</summary>
    protected abstract WorkerState Present { get; }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellation)
    {
        _work = Task.Run(() => RunAsync(_stop.Token), CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StopAsync(TimeSpan drain)
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        // Whatever is under way is written down, and the next start goes on from there.
        await (_work ?? Task.CompletedTask).WaitAsync(drain + LastBreath, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>The loop; returns when it is cancelled.</summary>
    protected abstract Task RunAsync(CancellationToken cancellation);

    /// <summary>Looks, waits and looks again until it is cancelled. Whatever a look throws is handed over and ends nothing: the next look tries anew.</summary>
    /// <param name="poll">How long it waits after a look, failed or not.</param>
    /// <param name="look">One look.</param>
    /// <param name="fail">Hears why a look failed.</param>
    /// <param name="cancellation">Ends it.</param>
    protected async Task RepeatAsync(TimeSpan poll, Func<CancellationToken, Task> look, Action<Exception> fail, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(look);
        ArgumentNullException.ThrowIfNull(fail);
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await look(cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception problem)
            {
                fail(problem);
            }

            await Task.Delay(poll, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Frees what the worker owns.</summary>
    protected virtual void Dispose(bool disposing) => _stop.Dispose();
}
