using Npgsql;

namespace AgiJobs.Storage;

/// <summary>Where a store is. Printing it shows no secret.</summary>
public sealed class StateLocation
{
    private readonly string _display;

    private StateLocation(string? path, string? connectionString, string display)
    {
        Path = path;
        ConnectionString = connectionString;
        _display = display;
    }

    /// <summary>The file's full path; null for PostgreSQL.</summary>
    public string? Path { get; }

    /// <summary>Carries the password: never to be printed.</summary>
    internal string? ConnectionString { get; }

    /// <summary>A SQLite database in a file of this machine's own disk (write-ahead logging does not work over a network).</summary>
    public static StateLocation File(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var full = System.IO.Path.GetFullPath(path);
        return new StateLocation(full, null, full);
    }

    /// <summary>A PostgreSQL database (15 or later, encoding UTF8); the tables are in the first schema of its search path.</summary>
    /// <param name="connectionString">As Npgsql has it: <c>Host=...;Database=...;Username=...;Password=...</c>.</param>
    /// <exception cref="StorageException"><see cref="StorageException.Location"/>; the message does not repeat the text, since it may hold a password.</exception>
    public static StateLocation Postgres(string connectionString)
    {
        ArgumentException.ThrowIfNullOrEmpty(connectionString);
        const string Mend = "Write it as Host=...;Port=...;Database=...;Username=...;Password=...";
        NpgsqlConnectionStringBuilder parsed;
        try
        {
            parsed = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or InvalidOperationException or OverflowException)
        {
            // The parser's message may repeat a value, and so it is left out.
            throw new StorageException(StorageException.Location, "The connection string of PostgreSQL cannot be read.", Mend);
        }

        if (string.IsNullOrEmpty(parsed.Host))
        {
            throw new StorageException(StorageException.Location, "The connection string of PostgreSQL names no host.", Mend);
        }

        parsed.ApplicationName ??= "agijobs";
        parsed.IncludeErrorDetail = false;
        parsed.LogParameters = false;
        parsed.PersistSecurityInfo = false;
        return new StateLocation(null, parsed.ConnectionString, $"PostgreSQL {parsed.Host}:{parsed.Port}/{parsed.Database ?? parsed.Username}");
    }

    /// <summary>The path, or host, port and database; no user and no password.</summary>
    public override string ToString() => _display;
}
