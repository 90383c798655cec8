using System.Data;
using System.Data.Common;
using Npgsql;

namespace AgiJobs.Storage.Postgres;

/// <summary>
/// The store in PostgreSQL. Writers of all machines take turns by an advisory lock of the transaction, which the server gives free after the commit can be seen. Times and the ends of leases are told by the
/// server's clock.
/// </summary>
internal sealed class PostgresStore : SqlStore
{
    /// <summary>
    /// What each transaction that writes begins with: a writer that died or hangs does not hold the others up for long, a commit is on the disk before it is acknowledged whatever the server's default is,
    /// and no other writer is under way.
    /// </summary>
    private const string TakeTurn =
        """
        SELECT set_config('lock_timeout', '15s', true), set_config('idle_in_transaction_session_timeout', '15s', true),
            set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, true);
        SELECT pg_advisory_xact_lock(hashtextextended('agijobs/state/' || current_schema(), 0));
        """;

    private const string ServerClock = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

    private static readonly IReadOnlyList<Migration> Steps = Migration.Of("postgres");

    private readonly NpgsqlDataSource _source;
    private readonly TimeProvider _time;

    private PostgresStore(StateLocation location, TimeProvider time)
        : base(location.ToString(), Steps)
    {
        _source = NpgsqlDataSource.Create(location.ConnectionString!);
        _time = time;
    }

    /// <summary>See <see cref="StateStore"/>.</summary>
    public static async Task<PostgresStore> OpenAsync(StateLocation location, TimeProvider time, bool isNew, CancellationToken cancellationToken)
    {
        var store = new PostgresStore(location, time);
        try
        {
            await store.UseAsync(connection => store.PrepareAsync(connection, isNew, cancellationToken), cancellationToken).ConfigureAwait(false);
            return store;
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => _source.DisposeAsync();

    /// <inheritdoc/>
    protected override Task<T> ReadAsync<T>(Func<SqlSession, Task<T>> read, CancellationToken cancellationToken) =>
        UseAsync(connection => read(new SqlSession(connection, null)), cancellationToken);

    /// <inheritdoc/>
    protected override Task<T> WriteAsync<T>(Func<SqlSession, Task<T>> write, CancellationToken cancellationToken) => UseAsync(
        async connection =>
        {
            await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken).ConfigureAwait(false);
            var (newest, schema, now) = await BeginAsync(connection, transaction, $"{Begin}, {ServerClock}", row => (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)), cancellationToken).ConfigureAwait(false);
            CheckSchema(schema);
            var result = await write(new SqlSession(connection, transaction, Clock(now), newest)).ConfigureAwait(false);
            // From here on it cannot be called off: the answer is awaited, or the outcome is not known.
            await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
            return result;
        },
        cancellationToken);

    private async Task<bool> PrepareAsync(NpgsqlConnection connection, bool isNew, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken).ConfigureAwait(false);
        var (encoding, schema, table, now) = await BeginAsync(
            connection,
            transaction,
            $"SELECT current_setting('server_encoding'), current_schema(), to_regclass(quote_ident(current_schema()) || '.state_migrations')::text, {ServerClock}",
            row => (row.GetString(0), row.IsDBNull(1) ? null : row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2), row.GetInt64(3)),
            cancellationToken).ConfigureAwait(false);
        if (encoding is not "UTF8")
        {
            throw new StorageException(StorageException.Location, $"The database {Place} has the encoding {encoding}, which cannot keep every text.", "Make it with ENCODING 'UTF8'.");
        }

        if (schema is null)
        {
            throw new StorageException(StorageException.Location, $"The database {Place} has no schema of those in the search path.", "Make the schema (CREATE SCHEMA ...), or mend 'Search Path' in the connection string.");
        }

        if (isNew && table is not null)
        {
            throw new StorageException(StorageException.Location, $"The schema '{schema}' of {Place} holds a store already; it was left as it is.", "Open it, or name another schema or database.");
        }

        await MigrateAsync(new SqlSession(connection, transaction, Clock(now)), isEmpty: table is null, cancellationToken).ConfigureAwait(false);
        await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
        return true;
    }

    // Waits for its turn and reads after it in one exchange; each statement sees what was committed before it.
    private static async Task<T> BeginAsync<T>(NpgsqlConnection connection, NpgsqlTransaction transaction, string sql, Func<DbDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"{TakeTurn}{sql}", connection, transaction);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        return read(reader);
    }

    private long Clock(long server) => ReferenceEquals(_time, TimeProvider.System) ? server : Microseconds(_time.GetUtcNow());

    private async Task<T> UseAsync<T>(Func<NpgsqlConnection, Task<T>> action, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await _source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            return await action(connection).ConfigureAwait(false);
        }
        catch (Exception exception) when (PostgresFault.Is(exception))
        {
            throw PostgresFault.Translate(exception, Place);
        }
    }
}
