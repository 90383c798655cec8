using System.Globalization;
using System.Text.Json;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Orchestration;

/// <summary>The runs of one network in the state store: a stream for each. Not for use by several threads.</summary>
public sealed class RunLog(IStateStore store, string network, TimeProvider time)
{
    private const int Page = 500;

    /// <summary>What all streams of runs begin with.</summary>
    public string Prefix => $"arena/{network}/runs/";

    /// <summary>Collection of the network's documents that views read.</summary>
    public string Views => $"arena/{network}/views";

    private string State => $"arena/{network}/state";

    /// <summary>The stream of a run.</summary>
    public string StreamOf(string run) => Prefix + run;

    /// <summary>The runs that have not ended, oldest first.</summary>
    /// <exception cref="StorageException"><see cref="StorageException.Damaged"/>.</exception>
    public async Task<IReadOnlyList<RunRecord>> OpenAsync(CancellationToken cancellation)
    {
        // Ended runs leave the list of open ones in the commit that ends them, so that the start does not read the whole history.
        var open = await store.ListAsync($"arena/{network}/open", cancellationToken: cancellation).ConfigureAwait(false);
        var runs = new List<RunRecord>();
        foreach (var entry in open)
        {
            runs.Add(await GetAsync(entry.Key, cancellation).ConfigureAwait(false) ?? throw new StorageException(StorageException.Damaged, $"Run {entry.Key} is listed as open and has no events.", "Restore the state from a backup."));
        }

        return runs;
    }

    /// <summary>A run; null when there is none of that name.</summary>
    public async Task<RunRecord?> GetAsync(string run, CancellationToken cancellation) =>
        RunRecord.Read(await store.ReadAsync(StreamOf(run), cancellationToken: cancellation).ConfigureAwait(false));

    /// <summary>All runs, oldest first.</summary>
    public async Task<IReadOnlyList<RunRecord>> AllAsync(CancellationToken cancellation)
    {
        var streams = new SortedDictionary<string, List<StoredEvent>>(StringComparer.Ordinal);
        for (var position = 0L; ;)
        {
            var page = await store.ReadAllAsync(Prefix, position, Page, cancellation).ConfigureAwait(false);
            foreach (var stored in page)
            {
                (streams.TryGetValue(stored.Stream, out var events) ? events : streams[stored.Stream] = []).Add(stored);
            }

            if (page.Count < Page)
            {
                return [.. streams.Values.Select(events => RunRecord.Read(events)!)];
            }

            position = page[^1].Position;
        }
    }

    /// <summary>How many runs were planned so far.</summary>
    public async Task<long> PlannedAsync(CancellationToken cancellation) =>
        await store.GetAsync(State, "runs", cancellation).ConfigureAwait(false) is { } counter ? long.Parse(counter.Data, CultureInfo.InvariantCulture) : 0;

    /// <summary>Plans a run: gives it the next name and writes its plan, in one commit.</summary>
    public async Task<RunRecord> PlanAsync(Lease fence, Func<string, RunPlanned> plan, CancellationToken cancellation)
    {
        var counter = await store.GetAsync(State, "runs", cancellation).ConfigureAwait(false);
        var number = counter is null ? 1 : long.Parse(counter.Data, CultureInfo.InvariantCulture) + 1;
        var planned = plan(string.Create(CultureInfo.InvariantCulture, $"run-{number:000000}"));
        await store.CommitAsync(
            new StateCommit
            {
                Fence = fence,
                Events = [new StreamAppend(StreamOf(planned.RunId), 0, [Event(planned)])],
                Documents =
                [
                    new DocumentWrite(State, "runs", number.ToString(CultureInfo.InvariantCulture), counter?.Version ?? 0),
                    new DocumentWrite($"arena/{network}/open", planned.RunId, "{}", 0),
                ],
            },
            cancellation).ConfigureAwait(false);
        return (await GetAsync(planned.RunId, cancellation).ConfigureAwait(false))!;
    }

    /// <summary>Appends what happened to a run; returns it as it is then.</summary>
    /// <exception cref="StorageException"><see cref="StorageException.FenceLost"/>, <see cref="StorageException.StreamConflict"/>: another process goes on with it.</exception>
    public async Task<RunRecord> AppendAsync(Lease fence, RunRecord run, CancellationToken cancellation, params IReadOnlyList<RunEvent> happened)
    {
        await store.CommitAsync(new StateCommit { Fence = fence, Events = [new StreamAppend(StreamOf(run.Id), run.Version, [.. happened.Select(Event)])] }, cancellation).ConfigureAwait(false);
        return Apply(run, happened);
    }

    /// <summary>Runs whose end is committed and whose files may not be written yet, oldest first.</summary>
    public async Task<IReadOnlyList<RunRecord>> UnpublishedAsync(CancellationToken cancellation)
    {
        var runs = new List<RunRecord>();
        foreach (var entry in await store.ListAsync($"arena/{network}/unpublished", cancellationToken: cancellation).ConfigureAwait(false))
        {
            runs.Add((await GetAsync(entry.Key, cancellation).ConfigureAwait(false))!);
        }

        return runs;
    }

    /// <summary>Says that a run's files are written.</summary>
    public Task PublishedAsync(RunRecord run, CancellationToken cancellation) =>
        store.CommitAsync(new StateCommit { Documents = [new DocumentWrite($"arena/{network}/unpublished", run.Id, null)] }, cancellation);

    /// <summary>Ends a run, with everything that follows from it, in one commit.</summary>
    public async Task<RunRecord> EndAsync(Lease fence, RunRecord run, RunEnded ended, StateCommit besides, CancellationToken cancellation)
    {
        await store.CommitAsync(
            besides with
            {
                Fence = fence,
                Events = [new StreamAppend(StreamOf(run.Id), run.Version, [Event(ended)]), .. besides.Events],
                Documents = [new DocumentWrite($"arena/{network}/open", run.Id, null), new DocumentWrite($"arena/{network}/unpublished", run.Id, "{}"), .. besides.Documents],
            },
            cancellation).ConfigureAwait(false);
        return Apply(run, [ended]);
    }

    private RunRecord Apply(RunRecord run, IReadOnlyList<RunEvent> happened)
    {
        foreach (var one in happened)
        {
            run = run.With(one, run.Version + 1, time.GetUtcNow());
        }

        return run;
    }

    private static NewEvent Event(RunEvent happened) => new(happened.Name, JsonSerializer.Serialize(happened, RunJson.Default.RunEvent));
}
