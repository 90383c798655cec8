namespace AgiJobs.Hgm.Runs;

/// <summary>Runs in memory, as the bytes that a durable store would keep; for tests and for runs that need no tomorrow. Safe for use by several threads.</summary>
public sealed class MemoryRunStore : IRunStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<byte[]>> _runs = new(StringComparer.Ordinal);

    /// <summary>The run's events as bytes.</summary>
    public IReadOnlyList<byte[]> Bytes(string run)
    {
        lock (_lock)
            return _runs.TryGetValue(run, out var events) ? [.. events] : [];
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RunEvent>> ReadAsync(string run, long after, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        lock (_lock)
            return ValueTask.FromResult<IReadOnlyList<RunEvent>>(_runs.TryGetValue(run, out var events) ? [.. events.Skip((int)after).Select(json => RunEventJson.Read(json))] : []);
    }

    /// <inheritdoc/>
    public ValueTask<bool> AppendAsync(string run, long expectedVersion, IReadOnlyList<RunEvent> events, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        lock (_lock)
        {
            if (!_runs.TryGetValue(run, out var kept))
                _runs[run] = kept = [];
            if (kept.Count != expectedVersion)
                return ValueTask.FromResult(false);
            kept.AddRange(events.Select(RunEventJson.Write));
            return ValueTask.FromResult(true);
        }
    }
}
