using System.Text;
using System.Text.Json;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Runs;
using AgiJobs.Storage;

namespace AgiJobs.Steering.Runs;

/// <summary>
/// The runs of one network in the state store, a stream of events for each. An event is kept as the bytes of <see cref="RunEventJson"/>, so that two runs can be compared to the byte. What the store accepted
/// outlives the process. Two drivers of one run do not disturb it: the version refuses what comes second. Safe for use by several threads and processes.
/// </summary>
/// <param name="store">Where the services of the network keep their state.</param>
/// <param name="network">Its name.</param>
public sealed class DurableRunStore(IStateStore store, string network) : IRunStore
{
    /// <summary>Most characters of a run's name.</summary>
    public const int MaxName = 64;

    private const int Page = 500;

    /// <summary>The stream of a run.</summary>
    /// <exception cref="HgmException"><c>run-name</c>.</exception>
    public string StreamOf(string run) => $"hgm/{network}/runs/{Checked(run)}";

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

    /// <summary>The run's events from a version on, with when each was committed: what events themselves do not know.</summary>
    /// <param name="run">Its name.</param>
    /// <param name="after">How many events to leave out.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="HgmException"><c>run-name</c>.</exception>
    /// <exception cref="StorageException">As <see cref="ReadAsync"/>.</exception>
    public async Task<IReadOnlyList<TimedEvent>> TimedAsync(string run, long after, CancellationToken cancellation) =>
        [.. (await StoredAsync(run, after, cancellation).ConfigureAwait(false)).Select(stored => new TimedEvent(Read(stored), stored.At))];

    /// <summary>The run's events as they are kept; none for a run that does not exist.</summary>
    public async Task<IReadOnlyList<string>> TextsAsync(string run, CancellationToken cancellation) =>
        [.. (await StoredAsync(run, 0, cancellation).ConfigureAwait(false)).Select(stored => stored.Data)];

    /// <inheritdoc/>
    /// <exception cref="HgmException"><c>run-name</c>.</exception>
    /// <exception cref="StorageException">As <see cref="IStateStore.CommitAsync"/>, but for a conflict of the stream, which is told by the result.</exception>
    public async ValueTask<bool> AppendAsync(string run, long expectedVersion, IReadOnlyList<RunEvent> events, CancellationToken cancellation)
    {
        var append = new StreamAppend(StreamOf(run), expectedVersion, [.. events.Select(Event)]);
        try
        {
            await store.CommitAsync(new StateCommit { Events = [append] }, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (StorageException problem) when (problem.Code == StorageException.StreamConflict)
        {
            return false;
        }
    }

    private async Task<List<StoredEvent>> StoredAsync(string run, long after, CancellationToken cancellation)
    {
        var stream = StreamOf(run);
        var events = new List<StoredEvent>();
        while (true)
        {
            var page = await store.ReadAsync(stream, after, Page, cancellation).ConfigureAwait(false);
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
