using AgiJobs.Hgm.Runs;
using AgiJobs.Storage;

namespace AgiJobs.Steering.Runs;

/// <summary>
/// A run's store as its driver writes to it: every append carries the fence of the driver's lease, and results are at least a pace apart. The pace has no influence on the events: what was steered while a result
/// waited comes before it, as it does for a driver that is slow for any other reason.
/// </summary>
internal sealed class DrivenStore(DurableRunStore store, Lease lease, TimeSpan pace, PauseBrake? brake, TimeProvider time) : IRunStore
{
    private long? _last;

    public ValueTask<IReadOnlyList<RunEvent>> ReadAsync(string run, long after, CancellationToken cancellation) => store.ReadAsync(run, after, cancellation);

    public async ValueTask<bool> AppendAsync(string run, long expectedVersion, IReadOnlyList<RunEvent> events, CancellationToken cancellation)
    {
        if (brake is not null && events.Any(happened => happened is ExpansionStarted or EvaluationStarted))
        {
            await brake.PassAsync(cancellation).ConfigureAwait(false);
        }

        var isResult = pace > TimeSpan.Zero && events.Any(happened => happened is AgentAdded or ExpansionFailed or EvaluationRecorded or EvaluationVoided);
        if (isResult && _last is { } last && pace - time.GetElapsedTime(last) is var left && left > TimeSpan.Zero)
        {
            await Task.Delay(left, time, cancellation).ConfigureAwait(false);
        }

        var isKept = await store.CommitAsync(run, expectedVersion, events, lease, [], cancellation).ConfigureAwait(false);
        if (isResult && isKept)
        {
            _last = time.GetTimestamp();
        }

        return isKept;
    }
}
