using System.Text;
using AgiJobs.Control;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Moderation;

/// <summary>
/// The earlier submissions of a network that new ones are held against, by kind: fingerprints, never texts, in streams <c>arena/NETWORK/corpus/ID</c> of one event each, so that each is committed together with what it is of and
/// every gateway on the store finds those of the others. The newest <see cref="Most"/> of a kind count. Safe for use by several threads.
/// </summary>
/// <param name="store">Where they are kept.</param>
/// <param name="network">The network's name.</param>
public sealed class PastSubmissions(IStateStore store, string network) : IDisposable
{
    /// <summary>The most submissions of a kind that new ones are held against.</summary>
    public const int Most = 4096;

    private const string EventType = "submission-taken";

    private readonly string _prefix = $"arena/{network}/corpus/";
    private readonly Dictionary<string, SimilarityCorpus> _kinds = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _reading = new(1, 1);
    private long? _position;

    /// <summary>The submissions of a kind, with everything that is committed by now.</summary>
    /// <exception cref="StorageException">They could not be read, or are damaged.</exception>
    public async Task<SimilarityCorpus> OfAsync(string kind, CancellationToken cancellation)
    {
        await _reading.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            var (events, newest) = _position is { } known ? (await store.ReadAllAsync(_prefix, known, cancellationToken: cancellation).ConfigureAwait(false), known) : await NewestAsync(cancellation).ConfigureAwait(false);
            foreach (var entry in events.Select(Read))
            {
                Corpus(entry.Id[..entry.Id.IndexOf('/', StringComparison.Ordinal)]).Add(entry);
            }

            // Only when all are in it: after one that is damaged everything is asked again.
            _position = events.Count > 0 ? Math.Max(newest, events[^1].Position) : newest;
            return Corpus(kind);
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>What remembers a submission, for the commit that takes it.</summary>
    public StreamAppend Remember(Submission submission)
    {
        ArgumentNullException.ThrowIfNull(submission);
        return new StreamAppend(_prefix + submission.Id, 0, [new NewEvent(EventType, Encoding.UTF8.GetString(submission.Entry().Encode()))]);
    }

    /// <summary>The name of a submission.</summary>
    public static string IdOf(string kind, long round, Ethereum.Address author) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{kind}/{round}/{author}");

    /// <inheritdoc/>
    public void Dispose() => _reading.Dispose();

    // The store has everything since the beginning, and only the end of it counts: looked for in ever longer stretches.
    private async Task<(IReadOnlyList<StoredEvent> Events, long Newest)> NewestAsync(CancellationToken cancellation)
    {
        var newest = await store.CommitAsync(new StateCommit(), cancellation).ConfigureAwait(false);
        for (var stretch = 8L * Most; ; stretch *= 8)
        {
            var after = Math.Max(0, newest - stretch);
            var events = await store.ReadAllAsync(_prefix, after, cancellationToken: cancellation).ConfigureAwait(false);
            if (after == 0 || events.Count >= 3 * Most)
            {
                return (events, newest);
            }
        }
    }

    private SimilarityCorpus Corpus(string kind)
    {
        if (!_kinds.TryGetValue(kind, out var corpus))
        {
            _kinds.Add(kind, corpus = new SimilarityCorpus { Most = Most });
        }

        return corpus;
    }

    private static CorpusEntry Read(StoredEvent happened)
    {
        try
        {
            return CorpusEntry.Decode(Encoding.UTF8.GetBytes(happened.Data), happened.Stream) is { } entry && entry.Id.Contains('/', StringComparison.Ordinal) ? entry : throw new ControlException("file-format", ExitCode.Failed, "its name has no kind.");
        }
        catch (ControlException problem)
        {
            throw new StorageException(StorageException.Damaged, $"The fingerprint in {happened.Stream} cannot be read: {problem.Message}", "Restore the state from a backup.", problem);
        }
    }
}
