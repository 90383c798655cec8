using System.Globalization;
using Microsoft.Data.Sqlite;

namespace AgiJobs.Storage.Sqlite;

/// <summary>The files of a database: how it is made, opened, judged and set aside. With it lie its log (<c>-wal</c>) and the log's index (<c>-shm</c>), which belong to it.</summary>
internal sealed class SqliteFile(string path, TimeProvider time)
{
    /// <summary>How long a writer waits for the writer of another process.</summary>
    private const int PatienceMilliseconds = 10_000;

    /// <summary>"AGIJ": marks the database as ours.</summary>
    private const int ApplicationId = 0x4147494A;

    private const string Restore = "Restore a backup to this path, or make a fresh one on purpose; what lies aside is untouched and opens with sqlite3 for rescue (.recover).";

    private static readonly string[] Parts = ["", "-wal", "-shm"];

    public string Path => path;

    private string Folder => System.IO.Path.GetDirectoryName(path)!;

    /// <summary>What was set aside here last, a database rather than its log; null when nothing was.</summary>
    private string? SetAside => Directory.Exists(Folder)
        ? Directory.EnumerateFiles(Folder, $"{System.IO.Path.GetFileName(path)}.damaged-*")
            .OrderByDescending(file => file.EndsWith('Z') || char.IsAsciiDigit(file[^1])).ThenByDescending(file => file, StringComparer.Ordinal).FirstOrDefault()
        : null;

    /// <summary>A connection to the file, which must be there.</summary>
    public SqliteConnection Connect() => Connect(path, SqliteOpenMode.ReadWrite);

    /// <summary>
    /// Makes an empty database, or finds that another made one at the same moment. It is made beside and linked to its name when it is whole, so that a file under this name is never an unfinished one:
    /// an empty or a short one is damaged.
    /// </summary>
    /// <param name="fill">Makes the tables.</param>
    /// <param name="isOnPurpose">Whether it may take the place of a database that left its log behind.</param>
    /// <returns>Whether it was made here.</returns>
    public bool Create(Action<SqliteConnection> fill, bool isOnPurpose)
    {
        Guard(() => Directory.CreateDirectory(Folder));
        if (Guard(SetLogsAside) is { } log && !isOnPurpose)
        {
            throw Damage($"{path} is missing, while its log was there; the log is now {log}");
        }

        var draft = $"{path}.new-{System.IO.Path.GetRandomFileName()}";
        try
        {
            return Guard(() =>
            {
                Draft(draft, fill);
                try
                {
                    // Never over an existing file. The folder reaches the disk with the log's first write, before the first commit is acknowledged.
                    File.Move(draft, path, overwrite: false);
                    return true;
                }
                catch (IOException) when (File.Exists(path))
                {
                    return false;
                }
            });
        }
        finally
        {
            foreach (var part in Parts)
            {
                File.Delete(draft + part);
            }
        }
    }

    /// <summary>Refuses a place where a damaged database was, and a file that is empty.</summary>
    /// <returns>Whether there is a file to open.</returns>
    public bool Look()
    {
        if (Directory.Exists(path))
        {
            throw new StorageException(StorageException.Location, $"{path} is a folder.", "Name a file in it.");
        }

        if (!File.Exists(path))
        {
            return SetAside is not { } aside ? false : throw Damage($"A damaged database was set aside as {aside}, and nothing is in its place");
        }

        return new FileInfo(path).Length > 0 ? true : throw Damage($"{path} was empty, and is now {Move() ?? "gone"}");
    }

    /// <summary>Reads the whole file for damage and for whether it is ours. Leaves file and log as they are.</summary>
    public void Judge(SqliteConnection connection)
    {
        if (Scalar(connection, "PRAGMA application_id") is not (long)ApplicationId)
        {
            throw new StorageException(StorageException.Location, $"{path} is a database of another program.", "Name another file.");
        }

        if (Scalar(connection, "PRAGMA quick_check(1)") is var found and not "ok")
        {
            throw new SqliteException($"quick_check found: {found}", SQLitePCL.raw.SQLITE_CORRUPT);
        }

        RequireLog(connection);
    }

    /// <summary>What an error of SQLite means for the caller. Sets a damaged file aside, unless the connection's file is no longer the one at the path.</summary>
    public StorageException Translate(SqliteException error, SqliteConnection? connection)
    {
        var reason = $"SQLite says: {error.Message} (code {error.SqliteExtendedErrorCode.ToString(CultureInfo.InvariantCulture)})";
        switch (error.SqliteErrorCode)
        {
            case SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB:
                var moved = connection is not null && SqliteLibrary.HasMoved(connection) ? null : Move();
                return Damage($"{path} is damaged, and is now {moved ?? SetAside ?? "gone"}. {reason}", error);
            case SQLitePCL.raw.SQLITE_FULL:
                return new StorageException(StorageException.Full, $"The disk of {path} has no room; nothing was changed. {reason}", "Make room; the state is whole, and the program goes on by itself.", error);
            case SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_PERM or SQLitePCL.raw.SQLITE_AUTH:
                return Denied(reason, error);
            case SQLitePCL.raw.SQLITE_CANTOPEN when File.Exists(path) || !Directory.Exists(Folder):
                return Denied(reason, error);
            case SQLitePCL.raw.SQLITE_CANTOPEN:
                return Gone();
            case SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED:
                return new StorageException(StorageException.Unreachable, $"Another process holds {path} for longer than {PatienceMilliseconds / 1000} s. {reason}", "See which programs have it open (fuser FILE).", error);
            default:
                return new StorageException(StorageException.Unreachable, $"{path} could not be read or written; a commit that was under way may be made or not. {reason}", "See the system's log for faults of the disk.", error);
        }
    }

    /// <summary>The file is no longer where it was opened.</summary>
    public StorageException Gone() => SetAside is { } aside
        ? Damage($"Another process found {path} damaged; it is now {aside}. What this process just wrote is there, if anywhere")
        : new StorageException(StorageException.Unreachable, $"{path} was moved or deleted while it was open.", "Put it back with its -wal, or restore a backup; then start the program again.");

    private StorageException Denied(string reason, Exception? inner) =>
        new(StorageException.Denied, $"{path} or its folder may not be written by this user. {reason}", "Let this user write the folder (a database needs it for its log), or choose another place.", inner);

    // The database first: should the process die in between, nothing is left that looks like a database without its last commits.
    private string? Move()
    {
        var target = Free();
        try
        {
            File.Move(path, target, overwrite: false);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(StorageException.Damaged, $"{path} is damaged and could not be set aside: {exception.Message}", $"Stop every program that uses it, and move it, its -wal and its -shm away together. {Restore}", exception);
        }

        MoveLogs(target);
        return target;
    }

    // A log without its database holds commits, and would be read into whatever database takes the name.
    private string? SetLogsAside()
    {
        if (!File.Exists($"{path}-wal") || File.Exists(path))
        {
            return null;
        }

        if (new FileInfo($"{path}-wal").Length == 0)
        {
            File.Delete($"{path}-wal");
            return null;
        }

        var target = Free();
        MoveLogs(target);
        return $"{target}-wal";
    }

    private void MoveLogs(string target)
    {
        foreach (var part in Parts.Skip(1))
        {
            if (File.Exists(path + part))
            {
                File.Move(path + part, target + part, overwrite: false);
            }
        }
    }

    private string Free()
    {
        var name = $"{path}.damaged-{time.GetUtcNow().UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}";
        var free = name;
        for (var count = 2; Parts.Any(part => File.Exists(free + part)); count++)
        {
            free = string.Create(CultureInfo.InvariantCulture, $"{name}-{count}");
        }

        return free;
    }

    private void Draft(string draft, Action<SqliteConnection> fill)
    {
        using var connection = Connect(draft, SqliteOpenMode.ReadWriteCreate);
        RequireLog(connection);
        Scalar(connection, string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {ApplicationId}"));
        fill(connection);
        // Closing moves the log into the file and deletes it.
        SqliteLibrary.LeaveAsIs(connection, on: false);
    }

    private void RequireLog(SqliteConnection connection)
    {
        if (!string.Equals(Scalar(connection, "PRAGMA journal_mode = WAL") as string, "wal", StringComparison.OrdinalIgnoreCase))
        {
            throw new StorageException(StorageException.Location, $"{path} cannot have a write-ahead log; it may be on a network.", "Choose a file on this machine's own disk, or PostgreSQL.");
        }
    }

    private static StorageException Damage(string message, Exception? inner = null) => new(StorageException.Damaged, $"{message}.", Restore, inner);

    private static SqliteConnection Connect(string path, SqliteOpenMode mode)
    {
        // The pool would hold files open that were moved. SQLite itself waits for other writers; the binding's own waiting, in steps of 150 ms, ends after a second.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false, DefaultTimeout = 1 }.ConnectionString);
        try
        {
            connection.Open();
            // Until the file has been judged; the store decides anew when it closes.
            SqliteLibrary.LeaveAsIs(connection, on: true);
            Scalar(connection, string.Create(CultureInfo.InvariantCulture, $"PRAGMA busy_timeout = {PatienceMilliseconds}; PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF"));
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this file.
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteScalar();
    }

    private T Guard<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (SqliteException exception)
        {
            throw exception.SqliteErrorCode == SQLitePCL.raw.SQLITE_CANTOPEN ? Denied($"SQLite says: {exception.Message}", exception) : Translate(exception, null);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Denied($"The system says: {exception.Message}", exception);
        }
    }
}
