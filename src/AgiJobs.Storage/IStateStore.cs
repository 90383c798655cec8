using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace AgiJobs.Storage;

/// <summary>
/// Where services keep what they must not lose: streams of events, documents, leases and messages that wait to be delivered, in one database, so that
/// one commit changes all of them or none. Safe for use by several threads and, for the same database, by several processes. What is committed
/// survives the death of the process at any moment. Writers take turns: of two commits one sees the other whole. Names are 1 to 1,024 bytes of UTF-8; what cannot be kept is refused with
/// <see cref="StorageException.Invalid"/> before anything is written. Any member may throw a <see cref="StorageException"/> that says why the database did not answer.
/// </summary>
public interface IStateStore : IAsyncDisposable
{
    /// <summary>
    /// Makes a commit whole or not at all. What names the same stream or document twice is taken in its order. A fence holds as long as nobody else took the lease and it was not given back, also past
    /// its time: a late commit is refused exactly when another may have acted.
    /// </summary>
    /// <returns>The position of the last event that it appended; the newest position of the store when it appended none.</returns>
    /// <exception cref="StorageException">
    /// <see cref="StorageException.FenceLost"/>, <see cref="StorageException.StreamConflict"/>, <see cref="StorageException.DocumentConflict"/>: nothing was changed, read again.
    /// <see cref="StorageException.Invalid"/>, <see cref="StorageException.Full"/>, <see cref="StorageException.Denied"/>, <see cref="StorageException.Newer"/>: nothing was changed.
    /// <see cref="StorageException.Unreachable"/>, <see cref="StorageException.Damaged"/>: whether it was made is not known; read again.
    /// </exception>
    Task<long> CommitAsync(StateCommit commit, CancellationToken cancellationToken = default);

    /// <summary>The events of a stream, oldest first.</summary>
    /// <param name="stream">Its name.</param>
    /// <param name="after">Only versions above this; 0 for all.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Stops the read.</param>
    Task<IReadOnlyList<StoredEvent>> ReadAsync(string stream, long after = 0, int limit = int.MaxValue, CancellationToken cancellationToken = default);

    /// <summary>The events of all streams whose name begins with <paramref name="prefix"/>, in the order of their commits: a reader that goes on after the last position misses none.</summary>
    Task<IReadOnlyList<StoredEvent>> ReadAllAsync(string prefix, long afterPosition = 0, int limit = int.MaxValue, CancellationToken cancellationToken = default);

    /// <summary>A document; null when there is none.</summary>
    Task<StoredDocument?> GetAsync(string collection, string key, CancellationToken cancellationToken = default);

    /// <summary>The documents of a collection in the order of the bytes of their keys in UTF-8.</summary>
    Task<IReadOnlyList<StoredDocument>> ListAsync(string collection, string? afterKey = null, int limit = int.MaxValue, CancellationToken cancellationToken = default);

    /// <summary>
    /// Takes a lease that nobody holds, or whose time is over by the clock of the store (see <see cref="StateStore.OpenAsync"/>); null when somebody else holds it. A holder that asks again gets it anew
    /// with a higher fence. A duration is above zero and at most a year.
    /// </summary>
    Task<Lease?> TryAcquireAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken = default);

    /// <summary>Holds a lease for longer, from now, also one whose time is over while nobody took it; null when it is lost, and then the holder must stop at once.</summary>
    Task<Lease?> RenewAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken = default);

    /// <summary>Gives a lease back; nothing happens when it is lost.</summary>
    Task ReleaseAsync(Lease lease, CancellationToken cancellationToken = default);

    /// <summary>Who holds a lease; null when nobody does, or its time is over by the clock of the store. What it tells may be over when it is read: only a fence protects.</summary>
    Task<Lease?> FindLeaseAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Takes messages that are due, oldest first and none that another one took and has not settled within <paramref name="held"/>. Delivery is at least once; the receiver tells repeats by the key.</summary>
    Task<IReadOnlyList<OutboxMessage>> ClaimAsync(string channel, int limit, TimeSpan held, CancellationToken cancellationToken = default);

    /// <summary>Says what became of a claimed message. A claim that was settled, or that ran out and was taken by another, is not settled: false.</summary>
    Task<bool> SettleAsync(OutboxMessage message, Delivery delivery, CancellationToken cancellationToken = default);

    /// <summary>How many messages wait, were given up, and how old the oldest one that waits is.</summary>
    Task<OutboxState> OutboxAsync(string channel, CancellationToken cancellationToken = default);

    /// <summary>Makes one read that shows whether the database answers.</summary>
    /// <exception cref="StorageException">Says why not.</exception>
    Task ProbeAsync(CancellationToken cancellationToken = default);
}

/// <summary>What is written together.</summary>
public sealed record StateCommit
{
    /// <summary>The lease that the writer must still hold, by its fence; null for a writer that needs none.</summary>
    public Lease? Fence { get; init; }

    /// <summary>Events.</summary>
    public IReadOnlyList<StreamAppend> Events { get; init; } = [];

    /// <summary>Documents.</summary>
    public IReadOnlyList<DocumentWrite> Documents { get; init; } = [];

    /// <summary>Messages for outboxes.</summary>
    public IReadOnlyList<MessageWrite> Messages { get; init; } = [];
}

/// <summary>Events for one stream.</summary>
/// <param name="Stream">Its name, such as <c>arena/devnet/rounds/7</c>.</param>
/// <param name="ExpectedVersion">The version of its last event, 0 for a stream that must not exist.</param>
/// <param name="Events">One or more.</param>
public sealed record StreamAppend(string Stream, long ExpectedVersion, IReadOnlyList<NewEvent> Events);

/// <summary>An event to append.</summary>
/// <param name="Type">Its kind, stable for ever.</param>
/// <param name="Data">JSON.</param>
public sealed record NewEvent(string Type, string Data);

/// <summary>An event as it is kept.</summary>
/// <param name="Position">Its place among all events of the store; rises, may have gaps.</param>
/// <param name="Stream">Its stream.</param>
/// <param name="Version">Its place in the stream, from 1, without gaps.</param>
/// <param name="Type">Its kind.</param>
/// <param name="Data">JSON, byte for byte as it was given.</param>
/// <param name="At">When it was committed.</param>
public sealed record StoredEvent(long Position, string Stream, long Version, string Type, string Data, DateTimeOffset At);

/// <summary>A document to write.</summary>
/// <param name="Collection">Where it belongs.</param>
/// <param name="Key">Its name there.</param>
/// <param name="Data">JSON; null deletes it.</param>
/// <param name="ExpectedVersion">The version that it must have, 0 when it must not exist; null writes over whatever is there.</param>
public sealed record DocumentWrite(string Collection, string Key, string? Data, long? ExpectedVersion = null);

/// <summary>A document as it is kept.</summary>
/// <param name="Collection">Where it belongs.</param>
/// <param name="Key">Its name there.</param>
/// <param name="Version">From 1, one more with every write. A deletion counts and a document that is made again goes on from there, so that a version never stands for two contents.</param>
/// <param name="Data">JSON, byte for byte as it was given.</param>
/// <param name="At">When it was written.</param>
public sealed record StoredDocument(string Collection, string Key, long Version, string Data, DateTimeOffset At)
{
    /// <summary>Reads its JSON.</summary>
    /// <param name="type">As what.</param>
    /// <param name="fault">What is wrong with what was read, in words; null when nothing is.</param>
    /// <param name="mend">What to do about a damaged one.</param>
    /// <exception cref="StorageException"><see cref="StorageException.Damaged"/>: never taken for one that is not there.</exception>
    public T Read<T>(JsonTypeInfo<T> type, Func<T, string?>? fault = null, string mend = "Restore the state from a backup.")
        where T : class
    {
        ArgumentNullException.ThrowIfNull(type);
        try
        {
            var read = JsonSerializer.Deserialize(Data, type) ?? throw new JsonException("it is null");
            return fault?.Invoke(read) is { } why ? throw new JsonException(why) : read;
        }
        catch (Exception problem) when (problem is JsonException or NotSupportedException)
        {
            throw new StorageException(StorageException.Damaged, $"{Collection}/{Key} cannot be read: {problem.Message}", mend, problem);
        }
    }
}

/// <summary>The right to do something alone for a while.</summary>
/// <param name="Name">What for.</param>
/// <param name="Holder">Who has it.</param>
/// <param name="Fence">Higher with each taking, for ever: a commit with an older one is refused, however late it comes.</param>
/// <param name="Until">When it runs out.</param>
public sealed record Lease(string Name, string Holder, long Fence, DateTimeOffset Until);

/// <summary>A message for an outbox.</summary>
/// <param name="Channel">Who delivers it, such as <c>arena-alerts</c>.</param>
/// <param name="Key">Its identity for the receiver. A message whose key the channel has already is left out, so that a repeated step sends nothing twice.</param>
/// <param name="Data">JSON.</param>
public sealed record MessageWrite(string Channel, string Key, string Data);

/// <summary>A message that was claimed for delivery.</summary>
/// <param name="Id">Its place in the store.</param>
/// <param name="Channel">Who delivers it.</param>
/// <param name="Key">Its identity for the receiver.</param>
/// <param name="Data">JSON.</param>
/// <param name="Attempts">How often it was claimed, this time included.</param>
/// <param name="CreatedAt">When it was committed.</param>
/// <param name="ClaimedUntil">When the claim runs out.</param>
public sealed record OutboxMessage(long Id, string Channel, string Key, string Data, int Attempts, DateTimeOffset CreatedAt, DateTimeOffset ClaimedUntil);

/// <summary>What became of a message.</summary>
/// <param name="IsDelivered">The receiver has it.</param>
/// <param name="RetryAt">When to try again; null with <paramref name="IsDelivered"/> false gives it up.</param>
/// <param name="Error">Why it was not delivered; kept up to 4,000 characters.</param>
public sealed record Delivery(bool IsDelivered, DateTimeOffset? RetryAt = null, string? Error = null);

/// <summary>How an outbox stands.</summary>
/// <param name="Waiting">Messages that are to be delivered.</param>
/// <param name="GivenUp">Messages that were given up.</param>
/// <param name="OldestWaiting">When the oldest one that waits was committed.</param>
/// <param name="LastError">Why the newest failed attempt failed, of the messages that wait or were given up.</param>
public sealed record OutboxState(long Waiting, long GivenUp, DateTimeOffset? OldestWaiting, string? LastError);
