using System.Text;
using System.Text.Json;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Runs;
using AgiJobs.Storage;

namespace AgiJobs.Steering.Runs;

/// <summary>
/// The runs of one network in the state store, a stream of events for each. An event is kept as the bytes of <see cref="RunEventJson"/>, so that two runs can be compared to the byte. What the store accepted
/// outlives the process. Two drivers of one run do not disturb it: the version refuses what comes second. The runs that there are stand in the collection <c>hgm/NETWORK/runs</c>, a document for each, written with the
/// run's first and last event. Safe for use by several threads and processes.
/// </summary>
/// <param name="store">Where the services of the network keep their state.</param>
/// <param name="network">Its name.</param>
public sealed class DurableRunStore(IStateStore store, string network) : IRunStore
{
    /// <summary>Most characters of a run's name.</summary>
    public const int MaxName = 64;

    private const int Page = 500;

    private readonly string _runs = $"hgm/{network}/runs";

    /// <summary>The network's name.</summary>
    public string Network { get; } = network;

    /// <summary>The store beneath.</summary>
    public IStateStore State { get; } = store;

    /// <summary>The stream of a run, which is the name of its driver's lease too.</summary>
    /// <exception cref="HgmException"><c>run-name</c>.</exception>
    public string StreamOf(string run) => $"{_runs}/{Checked(run)}";

    /// <inheritdoc/>
    /// <exception cref="HgmException"><c>run-name</c>.</exception>
    /// <exception cref="StorageException">As <see cref="IStateStore.ReadAsync"/>; <see cref="StorageException.Damaged"/> for an event that cannot be read.</exception>
    public async ValueTask<IReadOnlyList<RunEvent>> ReadAsync(string run, long after, CancellationToken cancellation)
    {
        var events = new List<RunEvent>();
        foreach (var stored in await StoredAsync(run, after, cancellation).ConfigureAwait(false))
        {
            events.Add(Read(stored));
        }

        return events;
    }

    /// <summary>The run's events as they are kept; none for a run that does not exist.</summary>
    public async Task<IReadOnlyList<string>> TextsAsync(string run, CancellationToken cancellation) =>
        [.. (await StoredAsync(run, 0, cancellation).ConfigureAwait(false)).Select(stored => stored.Data)];

    /// <inheritdoc/>
    /// <exception cref="HgmException"><c>run-name</c>.</exception>
    /// <exception cref="StorageException">As <see cref="IStateStore.CommitAsync"/>, but for a conflict of the stream, which is told by the result.</exception>
    public ValueTask<bool> AppendAsync(string run, long expectedVersion, IReadOnlyList<RunEvent> events, CancellationToken cancellation) => CommitAsync(run, expectedVersion, events, null, [], cancellation);

    /// <summary>As <see cref="AppendAsync"/>, with a fence and with documents that are written together with the events or not at all.</summary>
    /// <param name="run">The run's name.</param>
    /// <param name="expectedVersion">How many events the writer has seen.</param>
    /// <param name="events">What follows them.</param>
    /// <param name="fence">The lease that the writer must still hold; null for one who steers from outside.</param>
    /// <param name="documents">What else is written.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="StorageException">As <see cref="AppendAsync"/>, and <see cref="StorageException.FenceLost"/>.</exception>
    public async ValueTask<bool> CommitAsync(string run, long expectedVersion, IReadOnlyList<RunEvent> events, Lease? fence, IReadOnlyList<DocumentWrite> documents, CancellationToken cancellation)
    {
        var append = new StreamAppend(StreamOf(run), expectedVersion, [.. events.Select(Event)]);
        var commit = new StateCommit { Fence = fence, Events = [append], Documents = [.. RunEntry.Of(events) is { } entry ? [Entry(run, entry)] : Array.Empty<DocumentWrite>(), .. documents] };
        try
        {
            await State.CommitAsync(commit, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (StorageException problem) when (problem.Code == StorageException.StreamConflict)
        {
            return false;
        }
    }

    /// <summary>The runs of the network, in the order of their names.</summary>
    /// <exception cref="StorageException">The store did not answer; <see cref="StorageException.Damaged"/>.</exception>
    public async Task<IReadOnlyList<RunEntry>> ListAsync(CancellationToken cancellation) =>
        [.. (await State.ListAsync(_runs, cancellationToken: cancellation).ConfigureAwait(false)).Select(RunEntry.Read)];

    /// <summary>The run's entry in the list; null when it has none.</summary>
    public async Task<RunEntry?> FindAsync(string run, CancellationToken cancellation) =>
        await State.GetAsync(_runs, Checked(run), cancellation).ConfigureAwait(false) is { } found ? RunEntry.Read(found) : null;

    /// <summary>Begins a run without a sentinel, for a study or a show, or says that it is there.</summary>
    public ValueTask<bool> BeginAsync(string run, RunStarted start, TimeSpan? pace, CancellationToken cancellation) => BeginAsync(run, start, null, pace, cancellation);

    /// <summary>Begins a run, or says that it is there.</summary>
    /// <param name="run">Its name.</param>
    /// <param name="start">Its first event.</param>
    /// <param name="sentinel">What guards it from then on; null for nothing.</param>
    /// <param name="pace">The least time between its committed results, for who drives it; null for the driver's own.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>False when a run of this name is there; nothing was changed then.</returns>
    /// <exception cref="HgmException">The sentinel does not fit the run, or either is bad.</exception>
    public ValueTask<bool> BeginAsync(string run, RunStarted start, SentinelSet? sentinel, TimeSpan? pace, CancellationToken cancellation) =>
        CommitAsync(run, 0, RunSteering.Beginning(start, sentinel), null, pace is null ? [] : [Entry(run, new RunEntry(run, false, pace))], cancellation);

    /// <summary>Puts a run that was begun by a program that kept no list into the list.</summary>
    public async Task EnlistAsync(string run, RunState state, CancellationToken cancellation)
    {
        if (state.Version > 0 && await FindAsync(run, cancellation).ConfigureAwait(false) is null)
        {
            await State.CommitAsync(new StateCommit { Documents = [Entry(run, new RunEntry(run, state.Finished is not null, null))] }, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The run's events from a version on with the time at which each was kept.</summary>
    /// <param name="run">Its name.</param>
    /// <param name="after">How many events to leave out.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<IReadOnlyList<KeptEvent>> KeptAsync(string run, long after, int limit, CancellationToken cancellation) =>
        [.. (await State.ReadAsync(StreamOf(run), after, limit, cancellation).ConfigureAwait(false)).Select(stored => new KeptEvent(stored.Version, stored.At, stored.Data, Read(stored)))];

    private DocumentWrite Entry(string run, RunEntry entry) => new(_runs, Checked(run), entry.Write());

    private async Task<List<StoredEvent>> StoredAsync(string run, long after, CancellationToken cancellation)
    {
        var stream = StreamOf(run);
        var events = new List<StoredEvent>();
        while (true)
        {
            var page = await State.ReadAsync(stream, after, Page, cancellation).ConfigureAwait(false);
            events.AddRange(page);
            if (page.Count < Page)
            {
                return events;
            }

            after = page[^1].Version;
        }
    }

    // The kind of an event is what its JSON says first.
    private static NewEvent Event(RunEvent happened)
    {
        var json = RunEventJson.Write(happened);
        var reader = new Utf8JsonReader(json);
        while (reader.TokenType != JsonTokenType.String)
        {
            reader.Read();
        }

        return new NewEvent($"hgm.{reader.GetString()}", Encoding.UTF8.GetString(json));
    }

    private static RunEvent Read(StoredEvent stored)
    {
        try
        {
            return RunEventJson.Read(Encoding.UTF8.GetBytes(stored.Data));
        }
        catch (Exception problem) when (problem is JsonException or HgmException)
        {
            throw new StorageException(StorageException.Damaged, $"Event {stored.Version} of {stored.Stream} cannot be read: {problem.Message}", "Read it with the version of agijobs that wrote it, or restore the state from a backup.", problem);
        }
    }

    private static string Checked(string run) =>
        run.Length is >= 1 and <= MaxName && run[0] is not ('-' or '.') && run.All(character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character is '-' or '.')
            ? run
            : throw new HgmException("run-name", $"'{run}' is no name of a run: 1 to {MaxName} small letters, digits, hyphens and dots, not a hyphen or dot first.", "Name it such as night-1.");
}

/// <summary>An event with what the store says of it.</summary>
/// <param name="Version">Its place in the run, from 1.</param>
/// <param name="At">When it was kept.</param>
/// <param name="Text">Its bytes as text.</param>
/// <param name="Happened">The event.</param>
public sealed record KeptEvent(long Version, DateTimeOffset At, string Text, RunEvent Happened);
