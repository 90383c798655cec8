using Microsoft.Data.Sqlite;

namespace AgiJobs.Storage.Sqlite;

/// <summary>
/// The store in a file. One connection writes and one reads, so that a reader never waits for the writer; several stores, in one process or in several, may have the same file open. Every commit is on the
/// disk when it is acknowledged.
/// </summary>
internal sealed class SqliteStore : SqlStore
{
    private static readonly IReadOnlyList<Migration> Steps = Migration.Of("sqlite");

    private readonly SqliteFile _file;
    private readonly TimeProvider _time;
    private readonly Seat _writer = new();
    private readonly Seat _reader = new();
    private volatile StorageException? _damage;
    private volatile bool _isDisposed;

    private SqliteStore(SqliteFile file, TimeProvider time)
        : base(file.Path, Steps)
    {
        _file = file;
        _time = time;
    }

    /// <summary>The connection that writes, for tests that make it meet limits.</summary>
    internal SqliteConnection Writer => _writer.Connection!;

    /// <summary>The connection that reads, for tests.</summary>
    internal SqliteConnection Reader => _reader.Connection!;

    /// <summary>See <see cref="StateStore.OpenAsync"/>.</summary>
    public static async Task<SqliteStore> OpenAsync(string path, TimeProvider time, CancellationToken cancellationToken)
    {
        SqliteLibrary.Require();
        var file = new SqliteFile(path, time);
        return await Task.Run(
            () =>
            {
                if (!file.Look())
                {
                    // Should another process have made it at this moment, that one is opened.
                    file.Create(Fill(file, time), isOnPurpose: false);
                }

                return Open(file, time);
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>See <see cref="StateStore.CreateAsync"/>.</summary>
    public static async Task<SqliteStore> CreateAsync(string path, TimeProvider time, CancellationToken cancellationToken)
    {
        SqliteLibrary.Require();
        var file = new SqliteFile(path, time);
        return await Task.Run(
            () => !File.Exists(path) && file.Create(Fill(file, time), isOnPurpose: true)
                ? Open(file, time)
                : throw new StorageException(StorageException.Location, $"{path} is there already; it was left as it is.", "Move it away first, or open it."),
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        _isDisposed = true;
        foreach (var seat in (Seat[])[_writer, _reader])
        {
            await seat.Gate.WaitAsync().ConfigureAwait(false);
            try
            {
                Close(seat);
            }
            finally
            {
                seat.Gate.Release();
            }
        }
    }

    /// <inheritdoc/>
    protected override Task<T> ReadAsync<T>(Func<SqlSession, Task<T>> read, CancellationToken cancellationToken) =>
        UseAsync(_reader, connection => read(new SqlSession(connection, null)), cancellationToken);

    /// <inheritdoc/>
    protected override Task<T> WriteAsync<T>(Func<SqlSession, Task<T>> write, CancellationToken cancellationToken) => UseAsync(
        _writer,
        async connection =>
        {
            // Takes the write lock at once: nothing read in it can be changed by another.
            await using var transaction = connection.BeginTransaction(deferred: false);
            var (newest, schema) = (await new SqlSession(connection, transaction).QueryAsync(Begin, row => (row.GetInt64(0), row.GetInt64(1)), cancellationToken).ConfigureAwait(false))[0];
            CheckSchema(schema);
            var result = await write(new SqlSession(connection, transaction, Microseconds(_time.GetUtcNow()), newest)).ConfigureAwait(false);
            transaction.Commit();
            return result;
        },
        cancellationToken);

    private static Action<SqliteConnection> Fill(SqliteFile file, TimeProvider time) => connection => new SqliteStore(file, time).Migrate(connection);

    private static SqliteStore Open(SqliteFile file, TimeProvider time)
    {
        var store = new SqliteStore(file, time);
        SqliteConnection? connection = null;
        try
        {
            connection = file.Connect();
            file.Judge(connection);
            store.Migrate(connection);
            store._writer.Connection = connection;
            store._reader.Connection = file.Connect();
            return store;
        }
        catch (SqliteException exception)
        {
            var refusal = file.Translate(exception, connection?.Handle is null ? null : connection);
            connection?.Dispose();
            throw refusal;
        }
        catch
        {
            connection?.Dispose();
            throw;
        }
    }

    // Everything in SQLite's binding runs where it is called, and so these tasks are complete when they are returned.
    private void Migrate(SqliteConnection connection)
    {
        using var transaction = connection.BeginTransaction(deferred: false);
        var session = new SqlSession(connection, transaction, Microseconds(_time.GetUtcNow()));
        var isEmpty = session.QueryAsync("SELECT count(*) FROM sqlite_schema WHERE name = 'state_migrations'", row => row.GetInt64(0), CancellationToken.None).GetAwaiter().GetResult()[0] == 0;
        MigrateAsync(session, isEmpty, CancellationToken.None).GetAwaiter().GetResult();
        transaction.Commit();
    }

    private async Task<T> UseAsync<T>(Seat seat, Func<SqliteConnection, Task<T>> action, CancellationToken cancellationToken)
    {
        await seat.Gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_damage is { } damage)
            {
                throw new StorageException(damage.Code, damage.Message, damage.Mend, damage);
            }

            // SQLite waits for the disk and for other processes on the calling thread; that shall not be one that has other work.
            return await Task.Run(() => TryAsync(seat, action), CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            seat.Gate.Release();
        }
    }

    private async Task<T> TryAsync<T>(Seat seat, Func<SqliteConnection, Task<T>> action)
    {
        try
        {
            seat.Connection ??= _file.Connect();
            var result = await action(seat.Connection).ConfigureAwait(false);
            // A commit into a file that another process set aside meanwhile must not be acknowledged.
            return SqliteLibrary.HasMoved(seat.Connection) ? throw Remember(_file.Gone()) : result;
        }
        catch (SqliteException exception)
        {
            var refusal = Remember(_file.Translate(exception, seat.Connection));
            // A new connection next time: closing this one takes back whatever was under way.
            Close(seat);
            throw refusal;
        }
    }

    private StorageException Remember(StorageException refusal)
    {
        if (refusal.Code is StorageException.Damaged)
        {
            _damage = refusal;
        }

        return refusal;
    }

    private void Close(Seat seat)
    {
        if (seat.Connection is { } connection)
        {
            SqliteLibrary.LeaveAsIs(connection, on: _damage is not null || SqliteLibrary.HasMoved(connection));
            connection.Dispose();
            seat.Connection = null;
        }
    }

    /// <summary>A connection and who may use it.</summary>
    private sealed class Seat
    {
        public SemaphoreSlim Gate { get; } = new(1);

        public SqliteConnection? Connection { get; set; }
    }
}
