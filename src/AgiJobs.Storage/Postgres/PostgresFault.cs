using System.Net.Sockets;
using Npgsql;

namespace AgiJobs.Storage.Postgres;

/// <summary>What an error of PostgreSQL, or of the way to it, means for the caller. No message holds a password.</summary>
internal static class PostgresFault
{
    public static bool Is(Exception exception) => exception is NpgsqlException or IOException or SocketException or TimeoutException;

    public static StorageException Translate(Exception exception, string place)
    {
        // Classes and codes: PostgreSQL's manual, appendix A.
        var state = (exception as PostgresException)?.SqlState;
        var reason = exception is PostgresException said ? $"It says: {said.MessageText} ({state})" : $"The reason: {exception.Message}";
        return state switch
        {
            PostgresErrorCodes.DiskFull => new(StorageException.Full, $"The disk of {place} has no room; nothing was changed. {reason}", "Make room on the server; the state is whole, and the program goes on by itself.", exception),
            PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted => new(
                StorageException.Damaged,
                $"{place} is damaged. {reason}",
                "Stop every program that uses it and copy the server's data folder before anything else; then restore a backup, or see amcheck in PostgreSQL's manual.",
                exception),
            PostgresErrorCodes.ReadOnlySqlTransaction => new(StorageException.Denied, $"{place} may only be read; it may be a standby. {reason}", "Name the primary server.", exception),
            PostgresErrorCodes.InsufficientPrivilege => new(StorageException.Denied, $"{place} does not let this user do it. {reason}", "Give the user CREATE on the schema, or ownership of its tables.", exception),
            ['2', '8', ..] => new(StorageException.Denied, $"{place} does not let this user in. {reason}", "See the user and the secret of the connection string, and the server's pg_hba.conf.", exception),
            PostgresErrorCodes.InvalidCatalogName => new(StorageException.Location, $"{place} is not there. {reason}", "Make the database (createdb), or mend the connection string.", exception),
            _ => new(StorageException.Unreachable, $"{place} does not answer as it should; a commit that was under way may be made or not. {reason}", "See whether the server runs and can be reached; the program tries again by itself.", exception),
        };
    }
}
