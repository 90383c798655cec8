using System.Data.Common;

namespace AgiJobs.Storage;

/// <summary>
/// The store in the SQL that SQLite and PostgreSQL share. Every write runs in a transaction that excludes all other writers, from its first read to its commit; therefore versions read in it stay true,
/// and positions, which are counted on from the newest, are in the order of commits.
/// </summary>
internal abstract class SqlStore(string place, IReadOnlyList<Migration> migrations) : IStateStore
{
    /// <summary>Reads the newest position and the schema, at the beginning of each write: an old program stops when a newer one moves the schema on under it.</summary>
    protected const string Begin = "SELECT coalesce((SELECT max(position) FROM state_events), 0), (SELECT max(number) FROM state_migrations)";

    private const int NamesAtOnce = 100;
    private const int Waits = 0;
    private const int Delivered = 1;
    private const int GivenUp = 2;

    private static readonly TimeSpan LongestDuration = TimeSpan.FromDays(366);

    /// <summary>Where it is, for messages.</summary>
    protected string Place => place;

    /// <inheritdoc/>
    public async Task<long> CommitAsync(StateCommit commit, CancellationToken cancellationToken = default)
    {
        StateText.Check(commit);
        return await WriteAsync(session => CommitAsync(session, commit, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredEvent>> ReadAsync(string stream, long after = 0, int limit = int.MaxValue, CancellationToken cancellationToken = default)
    {
        StateText.Name("stream", stream);
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return QueryAsync(
            "SELECT position, stream, version, type, data, at FROM state_events WHERE stream = @stream AND version > @after ORDER BY version LIMIT @limit",
            ReadEvent,
            cancellationToken,
            ("@stream", stream), ("@after", after), ("@limit", (long)limit));
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredEvent>> ReadAllAsync(string prefix, long afterPosition = 0, int limit = int.MaxValue, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        if (prefix.Length > 0)
        {
            StateText.Name("prefix", prefix);
        }

        return QueryAsync(
            "SELECT position, stream, version, type, data, at FROM state_events WHERE position > @after AND substr(stream, 1, @length) = @prefix ORDER BY position LIMIT @limit",
            ReadEvent,
            cancellationToken,
            // The databases count characters, not UTF-16 units.
            ("@after", afterPosition), ("@length", prefix.EnumerateRunes().Count()), ("@prefix", prefix), ("@limit", (long)limit));
    }

    /// <inheritdoc/>
    public async Task<StoredDocument?> GetAsync(string collection, string key, CancellationToken cancellationToken = default)
    {
        StateText.Name("collection", collection);
        StateText.Name("key", key);
        var found = await QueryAsync(
            "SELECT collection, key, version, data, at FROM state_documents WHERE collection = @collection AND key = @key AND data IS NOT NULL",
            ReadDocument,
            cancellationToken,
            ("@collection", collection), ("@key", key)).ConfigureAwait(false);
        return found.Count == 0 ? null : found[0];
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredDocument>> ListAsync(string collection, string? afterKey = null, int limit = int.MaxValue, CancellationToken cancellationToken = default)
    {
        StateText.Name("collection", collection);
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        if (!string.IsNullOrEmpty(afterKey))
        {
            StateText.Name("key", afterKey);
        }

        return QueryAsync(
            "SELECT collection, key, version, data, at FROM state_documents WHERE collection = @collection AND key > @after AND data IS NOT NULL ORDER BY key LIMIT @limit",
            ReadDocument,
            cancellationToken,
            ("@collection", collection), ("@after", afterKey ?? ""), ("@limit", (long)limit));
    }

    /// <inheritdoc/>
    public Task<Lease?> TryAcquireAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken = default)
    {
        StateText.Name("lease", name);
        StateText.Name("holder", holder);
        CheckDuration(duration);
        return WriteAsync(
            async session =>
            {
                var held = await LeaseAsync(session, name, cancellationToken).ConfigureAwait(false);
                if (held is { Holder: { } other } && !string.Equals(other, holder, StringComparison.Ordinal) && held.Until > session.Now)
                {
                    return null;
                }

                var fence = (held?.Fence ?? 0) + 1;
                var until = session.Now + Microseconds(duration);
                await session.ExecuteAsync(
                    """
                    INSERT INTO state_leases (name, holder, fence, until) VALUES (@name, @holder, @fence, @until)
                    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, fence = excluded.fence, until = excluded.until
                    """,
                    cancellationToken,
                    ("@name", name), ("@holder", holder), ("@fence", fence), ("@until", until)).ConfigureAwait(false);
                return new Lease(name, holder, fence, Moment(until));
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<Lease?> RenewAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken = default)
    {
        CheckLease(lease);
        CheckDuration(duration);
        return WriteAsync(
            async session =>
            {
                var until = session.Now + Microseconds(duration);
                var renewed = await session.ExecuteAsync(
                    "UPDATE state_leases SET until = @until WHERE name = @name AND fence = @fence AND holder IS NOT NULL",
                    cancellationToken,
                    ("@until", until), ("@name", lease.Name), ("@fence", lease.Fence)).ConfigureAwait(false);
                return renewed == 1 ? lease with { Until = Moment(until) } : null;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task ReleaseAsync(Lease lease, CancellationToken cancellationToken = default)
    {
        CheckLease(lease);
        return WriteAsync(
            session => session.ExecuteAsync(
                "UPDATE state_leases SET holder = NULL, until = 0 WHERE name = @name AND fence = @fence", cancellationToken, ("@name", lease.Name), ("@fence", lease.Fence)),
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<Lease?> FindLeaseAsync(string name, CancellationToken cancellationToken = default)
    {
        StateText.Name("lease", name);
        // A turn, for only in its own does a session know the clock of the store.
        return WriteAsync<Lease?>(
            async session => await LeaseAsync(session, name, cancellationToken).ConfigureAwait(false) is { Holder: { } holder } held && held.Until > session.Now
                ? new Lease(name, holder, held.Fence, Moment(held.Until))
                : null,
            cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<OutboxMessage>> ClaimAsync(string channel, int limit, TimeSpan held, CancellationToken cancellationToken = default)
    {
        StateText.Name("channel", channel);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        CheckDuration(held);
        var claimed = await WriteAsync(
            session => session.QueryAsync(
                """
                UPDATE state_messages SET attempts = attempts + 1, claimed_until = @until WHERE id IN (
                    SELECT id FROM state_messages WHERE channel = @channel AND state = @waits AND due <= @now AND (claimed_until IS NULL OR claimed_until <= @now) ORDER BY id LIMIT @limit)
                RETURNING id, channel, key, data, attempts, created, claimed_until
                """,
                row => new OutboxMessage(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), checked((int)row.GetInt64(4)), Moment(row.GetInt64(5)), Moment(row.GetInt64(6))),
                cancellationToken,
                ("@until", session.Now + Microseconds(held)), ("@channel", channel), ("@waits", (long)Waits), ("@now", session.Now), ("@limit", (long)limit)),
            cancellationToken).ConfigureAwait(false);
        return [.. claimed.OrderBy(message => message.Id)];
    }

    /// <inheritdoc/>
    public Task<bool> SettleAsync(OutboxMessage message, Delivery delivery, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(delivery);
        var state = delivery switch { { IsDelivered: true } => Delivered, { RetryAt: null } => GivenUp, _ => Waits };
        return WriteAsync(
            async session => await session.ExecuteAsync(
                // Each claim counts an attempt, and so the number of attempts tells this claim from a later one.
                """
                UPDATE state_messages SET state = @state, due = @due, claimed_until = NULL, settled = @now, error = @error
                WHERE id = @id AND attempts = @attempts AND state = @waits AND claimed_until IS NOT NULL
                """,
                cancellationToken,
                ("@state", (long)state), ("@due", state == Waits ? Microseconds(delivery.RetryAt!.Value) : session.Now), ("@now", session.Now),
                ("@error", state == Delivered ? null : StateText.Error(delivery.Error)), ("@id", message.Id), ("@attempts", (long)message.Attempts), ("@waits", (long)Waits)).ConfigureAwait(false) == 1,
            cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<OutboxState> OutboxAsync(string channel, CancellationToken cancellationToken = default)
    {
        StateText.Name("channel", channel);
        var state = await QueryAsync(
            """
            SELECT (SELECT count(*) FROM state_messages WHERE channel = @channel AND state = @waits),
                   (SELECT count(*) FROM state_messages WHERE channel = @channel AND state = @gone),
                   (SELECT created FROM state_messages WHERE channel = @channel AND state = @waits ORDER BY id LIMIT 1),
                   (SELECT error FROM state_messages WHERE channel = @channel AND state IN (@waits, @gone) AND error IS NOT NULL ORDER BY settled DESC, id DESC LIMIT 1)
            """,
            row => new OutboxState(row.GetInt64(0), row.GetInt64(1), row.IsDBNull(2) ? null : Moment(row.GetInt64(2)), row.IsDBNull(3) ? null : row.GetString(3)),
            cancellationToken,
            ("@channel", channel), ("@waits", (long)Waits), ("@gone", (long)GivenUp)).ConfigureAwait(false);
        return state[0];
    }

    /// <inheritdoc/>
    public async Task ProbeAsync(CancellationToken cancellationToken = default)
    {
        var schema = await QueryAsync(Begin, row => row.GetInt64(1), cancellationToken).ConfigureAwait(false);
        CheckSchema(schema[0]);
    }

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();

    /// <summary>Runs reads that see one state, or a single read.</summary>
    protected abstract Task<T> ReadAsync<T>(Func<SqlSession, Task<T>> read, CancellationToken cancellationToken);

    /// <summary>Runs a transaction that excludes other writers; commits when the delegate returns, takes everything back when it throws.</summary>
    protected abstract Task<T> WriteAsync<T>(Func<SqlSession, Task<T>> write, CancellationToken cancellationToken);

    /// <summary>Applies the steps that are missing, within the transaction of the session.</summary>
    protected async Task MigrateAsync(SqlSession session, bool isEmpty, CancellationToken cancellationToken)
    {
        var applied = isEmpty ? 0 : (await session.QueryAsync("SELECT coalesce(max(number), 0) FROM state_migrations", row => row.GetInt64(0), cancellationToken).ConfigureAwait(false))[0];
        CheckSchema(applied);
        foreach (var migration in migrations.Where(migration => migration.Number > applied))
        {
            await session.ExecuteAsync(migration.Sql, cancellationToken).ConfigureAwait(false);
            await session.ExecuteAsync(
                "INSERT INTO state_migrations (number, name, at) VALUES (@number, @name, @at)",
                cancellationToken,
                ("@number", (long)migration.Number), ("@name", migration.Name), ("@at", session.Now)).ConfigureAwait(false);
        }
    }

    /// <summary>Refuses a schema that a later program wrote.</summary>
    protected void CheckSchema(long applied)
    {
        if (applied > migrations[^1].Number)
        {
            throw new StorageException(
                StorageException.Newer,
                $"The state in {place} has schema {applied}, and this program knows schemas up to {migrations[^1].Number}: a newer program wrote it.",
                "Run the newer program; or restore a backup from before it into another place.");
        }
    }

    /// <summary>Microseconds since 1970 UTC, the form in which times are kept.</summary>
    protected static long Microseconds(DateTimeOffset moment) => (moment.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    private static long Microseconds(TimeSpan duration) => duration.Ticks / TimeSpan.TicksPerMicrosecond;

    private static DateTimeOffset Moment(long microseconds) => DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);

    private static void CheckLease(Lease lease)
    {
        ArgumentNullException.ThrowIfNull(lease);
        StateText.Name("lease", lease.Name);
    }

    private static void CheckDuration(TimeSpan duration)
    {
        if (duration < TimeSpan.FromMicroseconds(1) || duration > LongestDuration)
        {
            throw new ArgumentOutOfRangeException(nameof(duration), duration, "A duration is at least a microsecond and at most a year.");
        }
    }

    private static StoredEvent ReadEvent(DbDataReader row) =>
        new(row.GetInt64(0), row.GetString(1), row.GetInt64(2), row.GetString(3), row.GetString(4), Moment(row.GetInt64(5)));

    private static StoredDocument ReadDocument(DbDataReader row) => new(row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetString(3), Moment(row.GetInt64(4)));

    private static async Task<HeldLease?> LeaseAsync(SqlSession session, string name, CancellationToken cancellationToken)
    {
        var rows = await session.QueryAsync(
            "SELECT holder, fence, until FROM state_leases WHERE name = @name",
            row => new HeldLease(row.IsDBNull(0) ? null : row.GetString(0), row.GetInt64(1), row.GetInt64(2)),
            cancellationToken,
            ("@name", name)).ConfigureAwait(false);
        return rows.Count == 0 ? null : rows[0];
    }

    private static async Task<long> CommitAsync(SqlSession session, StateCommit commit, CancellationToken cancellationToken)
    {
        await CheckFenceAsync(session, commit.Fence, cancellationToken).ConfigureAwait(false);
        // Both lists are judged before anything is written.
        var events = await EventRowsAsync(session, commit.Events, cancellationToken).ConfigureAwait(false);
        var documents = await DocumentRowsAsync(session, commit.Documents, cancellationToken).ConfigureAwait(false);
        await session.InsertAsync("state_events (position, stream, version, type, data, at)", events, "", cancellationToken).ConfigureAwait(false);
        await session.InsertAsync(
            "state_documents (collection, key, version, data, at)",
            documents,
            "ON CONFLICT (collection, key) DO UPDATE SET version = excluded.version, data = excluded.data, at = excluded.at",
            cancellationToken).ConfigureAwait(false);
        if (commit.Messages.Count > 0)
        {
            var newest = (await session.QueryAsync("SELECT coalesce(max(id), 0) FROM state_messages", row => row.GetInt64(0), cancellationToken).ConfigureAwait(false))[0];
            object?[][] messages = [.. commit.Messages.Select((message, index) => (object?[])[newest + 1 + index, message.Channel, message.Key, message.Data, (long)Waits, 0L, session.Now, session.Now])];
            await session.InsertAsync("state_messages (id, channel, key, data, state, attempts, created, due)", messages, "ON CONFLICT (channel, key) DO NOTHING", cancellationToken).ConfigureAwait(false);
        }

        return session.Newest + events.Count;
    }

    private static async Task CheckFenceAsync(SqlSession session, Lease? fence, CancellationToken cancellationToken)
    {
        if (fence is null)
        {
            return;
        }

        var held = await LeaseAsync(session, fence.Name, cancellationToken).ConfigureAwait(false);
        if (held?.Fence != fence.Fence || held.Holder is null)
        {
            var now = held switch
            {
                null => "nobody ever took it",
                { Holder: null } => $"nobody holds it, and its fence is {held.Fence}",
                _ => $"'{held.Holder}' took it with fence {held.Fence}",
            };
            throw new StorageException(StorageException.FenceLost, $"'{fence.Holder}' lost the lease '{fence.Name}' with fence {fence.Fence}: {now}.", "Stop this writer. It may take the lease again and read what was done meanwhile.");
        }
    }

    private static async Task<IReadOnlyList<object?[]>> EventRowsAsync(SqlSession session, IReadOnlyList<StreamAppend> appends, CancellationToken cancellationToken)
    {
        var versions = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var names in appends.Select(append => append.Stream).Distinct(StringComparer.Ordinal).Chunk(NamesAtOnce))
        {
            // A look into the index for each, whatever the length of the stream.
            var sql = string.Join(" UNION ALL ", names.Select((_, index) => $"SELECT @s{index}, coalesce((SELECT max(version) FROM state_events WHERE stream = @s{index}), 0)"));
            var found = await session.QueryAsync(sql, row => (Stream: row.GetString(0), Version: row.GetInt64(1)), cancellationToken, [.. names.Select((name, index) => ($"@s{index}", (object?)name))])
                .ConfigureAwait(false);
            foreach (var (stream, version) in found)
            {
                versions.Add(stream, version);
            }
        }

        var rows = new List<object?[]>();
        foreach (var append in appends)
        {
            var version = versions[append.Stream];
            if (version != append.ExpectedVersion)
            {
                throw new StorageException(
                    StorageException.StreamConflict, $"The stream '{append.Stream}' is at version {version}, not at {append.ExpectedVersion}: another wrote meanwhile.", "Read it again and decide anew.");
            }

            foreach (var added in append.Events)
            {
                rows.Add([session.Newest + 1 + rows.Count, append.Stream, ++version, added.Type, added.Data, session.Now]);
            }

            versions[append.Stream] = version;
        }

        return rows;
    }

    private static async Task<IReadOnlyList<object?[]>> DocumentRowsAsync(SqlSession session, IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
    {
        var documents = new Dictionary<(string Collection, string Key), (long Version, bool Exists)>();
        foreach (var names in writes.Select(write => (write.Collection, write.Key)).Distinct().Chunk(NamesAtOnce))
        {
            var sql = $"SELECT collection, key, version, data IS NULL FROM state_documents WHERE {string.Join(" OR ", names.Select((_, index) => $"(collection = @c{index} AND key = @k{index})"))}";
            var found = await session.QueryAsync(
                sql,
                row => (Name: (row.GetString(0), row.GetString(1)), Version: row.GetInt64(2), Exists: !row.GetBoolean(3)),
                cancellationToken,
                [.. names.SelectMany((name, index) => new[] { ($"@c{index}", (object?)name.Collection), ($"@k{index}", name.Key) })]).ConfigureAwait(false);
            foreach (var (name, version, exists) in found)
            {
                documents.Add(name, (version, exists));
            }
        }

        var rows = new Dictionary<(string, string), object?[]>();
        foreach (var write in writes)
        {
            var name = (write.Collection, write.Key);
            var (version, exists) = documents.GetValueOrDefault(name);
            if (write.ExpectedVersion is { } expected && expected != (exists ? version : 0))
            {
                throw new StorageException(
                    StorageException.DocumentConflict,
                    $"The document '{write.Collection}/{write.Key}' {(exists ? $"is at version {version}" : "does not exist")}, expected was {(expected == 0 ? "that it does not exist" : $"version {expected}")}: another wrote meanwhile.",
                    "Read it again and decide anew.");
            }

            if (exists || write.Data is not null)
            {
                rows[name] = [write.Collection, write.Key, version + 1, write.Data, session.Now];
                documents[name] = (version + 1, write.Data is not null);
            }
        }

        return [.. rows.Values];
    }

    private Task<IReadOnlyList<T>> QueryAsync<T>(string sql, Func<DbDataReader, T> read, CancellationToken cancellationToken, params (string Name, object? Value)[] parameters) =>
        ReadAsync(session => session.QueryAsync(sql, read, cancellationToken, parameters), cancellationToken);

    private sealed record HeldLease(string? Holder, long Fence, long Until);
}
