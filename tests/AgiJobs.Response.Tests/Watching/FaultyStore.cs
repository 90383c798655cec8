using AgiJobs.Storage;

namespace AgiJobs.Response.Tests.Watching;

/// <summary>A store whose commits can fail, before or after they are made.</summary>
internal sealed class FaultyStore(IStateStore store) : IStateStore
{
    /// <summary>Called before a commit with its number.</summary>
    public Action<int> Before { get; set; } = _ => { };

    /// <summary>Called when a commit was made, with its number.</summary>
    public Action<int> After { get; set; } = _ => { };

    public int Commits { get; private set; }

    public async Task<long> CommitAsync(StateCommit commit, CancellationToken cancellationToken = default)
    {
        var number = ++Commits;
        Before(number);
        var position = await store.CommitAsync(commit, cancellationToken);
        After(number);
        return position;
    }

    public Task<IReadOnlyList<StoredEvent>> ReadAsync(string stream, long after = 0, int limit = int.MaxValue, CancellationToken cancellationToken = default) => store.ReadAsync(stream, after, limit, cancellationToken);

    public Task<IReadOnlyList<StoredEvent>> ReadAllAsync(string prefix, long afterPosition = 0, int limit = int.MaxValue, CancellationToken cancellationToken = default) => store.ReadAllAsync(prefix, afterPosition, limit, cancellationToken);

    public Task<StoredDocument?> GetAsync(string collection, string key, CancellationToken cancellationToken = default) => store.GetAsync(collection, key, cancellationToken);

    public Task<IReadOnlyList<StoredDocument>> ListAsync(string collection, string? afterKey = null, int limit = int.MaxValue, CancellationToken cancellationToken = default) => store.ListAsync(collection, afterKey, limit, cancellationToken);

    public Task<Lease?> TryAcquireAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken = default) => store.TryAcquireAsync(name, holder, duration, cancellationToken);

    public Task<Lease?> RenewAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken = default) => store.RenewAsync(lease, duration, cancellationToken);

    public Task ReleaseAsync(Lease lease, CancellationToken cancellationToken = default) => store.ReleaseAsync(lease, cancellationToken);

    public Task<Lease?> FindLeaseAsync(string name, CancellationToken cancellationToken = default) => store.FindLeaseAsync(name, cancellationToken);

    public Task<IReadOnlyList<OutboxMessage>> ClaimAsync(string channel, int limit, TimeSpan held, CancellationToken cancellationToken = default) => store.ClaimAsync(channel, limit, held, cancellationToken);

    public Task<bool> SettleAsync(OutboxMessage message, Delivery delivery, CancellationToken cancellationToken = default) => store.SettleAsync(message, delivery, cancellationToken);

    public Task<OutboxState> OutboxAsync(string channel, CancellationToken cancellationToken = default) => store.OutboxAsync(channel, cancellationToken);

    public Task ProbeAsync(CancellationToken cancellationToken = default) => store.ProbeAsync(cancellationToken);

    public ValueTask DisposeAsync() => store.DisposeAsync();
}
