namespace AgiJobs.Storage.Tests;

/// <summary>The seam in lists and dictionaries, as plainly as it can be said; what the databases are held against.</summary>
internal sealed class ModelStore(TimeProvider time) : IStateStore
{
    private readonly Lock _lock = new();
    private readonly List<StoredEvent> _events = [];
    private readonly Dictionary<(string, string), (long Version, StoredDocument? Document)> _documents = [];
    private readonly Dictionary<string, (string? Holder, long Fence, DateTimeOffset Until)> _leases = [];
    private readonly List<Message> _messages = [];
    private long _newestMessage;

    public Task<long> CommitAsync(StateCommit commit, CancellationToken cancellationToken = default)
    {
        StateText.Check(commit);
        lock (_lock)
        {
            if (commit.Fence is { } fence && !(_leases.TryGetValue(fence.Name, out var held) && held.Fence == fence.Fence && held.Holder is not null))
            {
                throw new StorageException(StorageException.FenceLost, "model");
            }

            var versions = new Dictionary<string, long>();
            foreach (var append in commit.Events)
            {
                var version = versions.TryGetValue(append.Stream, out var known) ? known : Version(append.Stream);
                if (version != append.ExpectedVersion)
                {
                    throw new StorageException(StorageException.StreamConflict, "model");
                }

                versions[append.Stream] = version + append.Events.Count;
            }

            var documents = new Dictionary<(string, string), (long Version, StoredDocument? Document)>(_documents);
            foreach (var write in commit.Documents)
            {
                var (version, document) = documents.GetValueOrDefault((write.Collection, write.Key));
                if (write.ExpectedVersion is { } expected && expected != (document?.Version ?? 0))
                {
                    throw new StorageException(StorageException.DocumentConflict, "model");
                }

                if (document is not null || write.Data is not null)
                {
                    documents[(write.Collection, write.Key)] = (version + 1, write.Data is null ? null : new StoredDocument(write.Collection, write.Key, version + 1, write.Data, Now));
                }
            }

            foreach (var append in commit.Events)
            {
                foreach (var added in append.Events)
                {
                    _events.Add(new StoredEvent(_events.Count + 1, append.Stream, Version(append.Stream) + 1, added.Type, added.Data, Now));
                }
            }

            foreach (var (name, document) in documents)
            {
                _documents[name] = document;
            }

            var id = _newestMessage;
            foreach (var message in commit.Messages)
            {
                id++;
                if (!_messages.Exists(known => known.Written.Channel == message.Channel && known.Written.Key == message.Key))
                {
                    _messages.Add(new Message { Id = id, Written = message, Created = Now, Due = Now });
                    _newestMessage = id;
                }
            }

            return Task.FromResult((long)_events.Count);
        }
    }

    public Task<IReadOnlyList<StoredEvent>> ReadAsync(string stream, long after = 0, int limit = int.MaxValue, CancellationToken cancellationToken = default) =>
        Locked<IReadOnlyList<StoredEvent>>(() => [.. _events.Where(known => known.Stream == stream && known.Version > after).Take(limit)]);

    public Task<IReadOnlyList<StoredEvent>> ReadAllAsync(string prefix, long afterPosition = 0, int limit = int.MaxValue, CancellationToken cancellationToken = default) =>
        Locked<IReadOnlyList<StoredEvent>>(() => [.. _events.Where(known => known.Stream.StartsWith(prefix, StringComparison.Ordinal) && known.Position > afterPosition).Take(limit)]);

    public Task<StoredDocument?> GetAsync(string collection, string key, CancellationToken cancellationToken = default) =>
        Locked(() => _documents.GetValueOrDefault((collection, key)).Document);

    public Task<IReadOnlyList<StoredDocument>> ListAsync(string collection, string? afterKey = null, int limit = int.MaxValue, CancellationToken cancellationToken = default) => Locked<IReadOnlyList<StoredDocument>>(() =>
        [.. _documents.Values.Select(known => known.Document).OfType<StoredDocument>().Where(document => document.Collection == collection && Compare(document.Key, afterKey ?? "") > 0).Order(Comparer<StoredDocument>.Create((a, b) => Compare(a.Key, b.Key))).Take(limit)]);

    public Task<Lease?> TryAcquireAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken = default) => Locked<Lease?>(() =>
    {
        var held = _leases.GetValueOrDefault(name);
        if (held.Holder is not null && held.Holder != holder && held.Until > Now)
        {
            return null;
        }

        _leases[name] = (holder, held.Fence + 1, Now + duration);
        return new Lease(name, holder, held.Fence + 1, Now + duration);
    });

    public Task<Lease?> RenewAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken = default) => Locked<Lease?>(() =>
    {
        var held = _leases.GetValueOrDefault(lease.Name);
        if (held.Holder is null || held.Fence != lease.Fence)
        {
            return null;
        }

        _leases[lease.Name] = held with { Until = Now + duration };
        return lease with { Until = Now + duration };
    });

    public Task ReleaseAsync(Lease lease, CancellationToken cancellationToken = default) => Locked(() =>
    {
        if (_leases.GetValueOrDefault(lease.Name) is var held && held.Fence == lease.Fence)
        {
            _leases[lease.Name] = (null, held.Fence, default);
        }

        return true;
    });

    public Task<Lease?> FindLeaseAsync(string name, CancellationToken cancellationToken = default) => Locked<Lease?>(() =>
        _leases.GetValueOrDefault(name) is { Holder: { } holder } held && held.Until > Now ? new Lease(name, holder, held.Fence, held.Until) : null);

    public Task<IReadOnlyList<OutboxMessage>> ClaimAsync(string channel, int limit, TimeSpan held, CancellationToken cancellationToken = default) => Locked<IReadOnlyList<OutboxMessage>>(() =>
        [.. _messages.Where(message => message.Written.Channel == channel && message.Settled is null && message.Due <= Now && !(message.ClaimedUntil > Now)).Take(limit).ToList().Select(message =>
        {
            message.Attempts++;
            message.ClaimedUntil = Now + held;
            return new OutboxMessage(message.Id, channel, message.Written.Key, message.Written.Data, message.Attempts, message.Created, Now + held);
        })]);

    public Task<bool> SettleAsync(OutboxMessage message, Delivery delivery, CancellationToken cancellationToken = default) => Locked(() =>
    {
        var known = _messages.Find(known => known.Id == message.Id)!;
        if (known.Settled is not null || known.ClaimedUntil is null || known.Attempts != message.Attempts)
        {
            return false;
        }

        known.ClaimedUntil = null;
        known.Settled = delivery.IsDelivered ? true : delivery.RetryAt is null ? false : null;
        known.Due = delivery.RetryAt ?? Now;
        known.Error = delivery.IsDelivered ? null : delivery.Error;
        known.SettledAt = Now;
        return true;
    });

    public Task<OutboxState> OutboxAsync(string channel, CancellationToken cancellationToken = default) => Locked(() =>
    {
        var mine = _messages.Where(message => message.Written.Channel == channel && message.Settled is not true).ToList();
        return new OutboxState(
            mine.Count(message => message.Settled is null), mine.Count(message => message.Settled is false), mine.Find(message => message.Settled is null)?.Created,
            mine.Where(message => message.Error is not null).OrderBy(message => message.SettledAt).ThenBy(message => message.Id).LastOrDefault()?.Error);
    });

    public Task ProbeAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private DateTimeOffset Now => time.GetUtcNow();

    private static int Compare(string left, string right) => System.Text.Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(System.Text.Encoding.UTF8.GetBytes(right));

    private long Version(string stream) => _events.Count(known => known.Stream == stream);

    private Task<T> Locked<T>(Func<T> action)
    {
        lock (_lock)
        {
            return Task.FromResult(action());
        }
    }

    private sealed class Message
    {
        public required long Id { get; init; }

        public required MessageWrite Written { get; init; }

        public required DateTimeOffset Created { get; init; }

        public DateTimeOffset Due { get; set; }

        public int Attempts { get; set; }

        public DateTimeOffset? ClaimedUntil { get; set; }

        public bool? Settled { get; set; }

        public DateTimeOffset SettledAt { get; set; }

        public string? Error { get; set; }
    }
}
