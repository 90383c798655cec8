using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Gateway;

/// <summary>
/// The nonces that addresses used, remembered in the store until no request that has them can be taken any more, in documents <c>ADDRESS/SHARD</c> of <c>arena/NETWORK/nonces</c>, so that neither a
/// second gateway nor a restart takes a request again. Requests that come at the same time share a commit, and what is written for one does not grow with how many came before it. Safe for use by several
/// threads.
/// </summary>
public sealed class UsedNonces(IStateStore store, string network, TimeProvider time)
{
    private const int MostInOneCommit = 256;
    private const int Attempts = 16;

    // Each document is written anew for each nonce in it, so an address's are spread over several.
    private const int Shards = 64;

    /// <summary>How long after its timestamp a nonce is remembered: twice the window.</summary>
    private static readonly TimeSpan Kept = RequestAuthentication.Window * 2;

    private readonly string _collection = $"arena/{network}/nonces";
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Book> _books = new(StringComparer.Ordinal);
    private List<Use> _waiting = [];
    private bool _isWriting;

    /// <summary>Notes a nonce; false when the address used it before. Once this is true, it is on the disk.</summary>
    /// <exception cref="StorageException">Whether it was noted is not known.</exception>
    public Task<bool> TryUseAsync(Address address, string nonce, DateTimeOffset timestamp, CancellationToken cancellation)
    {
        var use = new Use(KeyOf(address, nonce), nonce, (timestamp + Kept).ToUnixTimeMilliseconds());
        lock (_lock)
        {
            _waiting.Add(use);
            if (!_isWriting)
            {
                _isWriting = true;
                _ = Task.Run(WriteAllAsync, CancellationToken.None);
            }
        }

        return use.Outcome.Task.WaitAsync(cancellation);
    }

    // One at a time, so the books need no lock.
    private async Task WriteAllAsync()
    {
        while (true)
        {
            List<Use> batch;
            lock (_lock)
            {
                if (_waiting.Count == 0)
                {
                    _isWriting = false;
                    return;
                }

                batch = _waiting.Count <= MostInOneCommit ? _waiting : _waiting[..MostInOneCommit];
                _waiting = _waiting.Count <= MostInOneCommit ? [] : _waiting[MostInOneCommit..];
            }

            try
            {
                await WriteAsync(batch).ConfigureAwait(false);
            }
            catch (Exception problem)
            {
                // What the store holds now is not known.
                foreach (var use in batch)
                {
                    _books.Remove(use.Key);
                    _ = use.Outcome.TrySetException(problem);
                }
            }
        }
    }

    private async Task WriteAsync(List<Use> batch)
    {
        for (var attempt = 1; ; attempt++)
        {
            var now = time.GetUtcNow().ToUnixTimeMilliseconds();
            var taken = new HashSet<Use>();
            var after = new Dictionary<string, Book>(StringComparer.Ordinal);
            foreach (var uses in batch.GroupBy(use => use.Key, StringComparer.Ordinal))
            {
                var book = _books.TryGetValue(uses.Key, out var known) ? known : await ReadAsync(uses.Key).ConfigureAwait(false);
                var nonces = book.Nonces.Where(entry => entry.Value > now).ToDictionary(StringComparer.Ordinal);
                foreach (var use in uses.Where(use => nonces.TryAdd(use.Nonce, use.Until)))
                {
                    taken.Add(use);
                    after[uses.Key] = new Book(book.Version, nonces);
                }
            }

            try
            {
                if (after.Count > 0)
                {
                    _ = await store.CommitAsync(new StateCommit { Documents = [.. after.Select(entry => new DocumentWrite(_collection, entry.Key, Encode(entry.Value), entry.Value.Version))] }).ConfigureAwait(false);
                }
            }
            catch (StorageException problem) when (problem.Code == StorageException.DocumentConflict && attempt < Attempts)
            {
                // Another gateway wrote; its nonces count as well.
                foreach (var use in batch)
                {
                    _books.Remove(use.Key);
                }

                continue;
            }

            foreach (var (key, book) in after)
            {
                _books[key] = book with { Version = book.Version + 1 };
            }

            Forget(now);
            batch.ForEach(use => use.Outcome.TrySetResult(taken.Contains(use)));
            return;
        }
    }

    /// <summary>The document that remembers a nonce of an address.</summary>
    internal static string KeyOf(Address address, string nonce) => string.Create(CultureInfo.InvariantCulture, $"{address}/{SHA256.HashData(Encoding.UTF8.GetBytes(nonce))[0] % Shards:d2}");

    private async Task<Book> ReadAsync(string key)
    {
        var found = await store.GetAsync(_collection, key).ConfigureAwait(false);
        return found is null
            ? new Book(0, new Dictionary<string, long>(StringComparer.Ordinal))
            : new Book(found.Version, JsonSerializer.Deserialize(found.Data, GatewayJson.Default.DictionaryStringInt64) ?? []);
    }

    // A book all of whose nonces ran out need not be at hand; the document stays for the next time.
    private void Forget(long now)
    {
        if (_books.Count > 10_000)
        {
            foreach (var key in _books.Where(entry => entry.Value.Nonces.Values.All(until => until <= now)).Select(entry => entry.Key).ToList())
            {
                _books.Remove(key);
            }
        }
    }

    private static string Encode(Book book) => JsonSerializer.Serialize(book.Nonces, GatewayJson.Default.DictionaryStringInt64);

    private sealed record Book(long Version, Dictionary<string, long> Nonces);

    private sealed class Use(string key, string nonce, long until)
    {
        public string Key { get; } = key;

        public string Nonce { get; } = nonce;

        public long Until { get; } = until;

        public TaskCompletionSource<bool> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
