using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace AgiJobs.Storage.Sqlite;

/// <summary>
/// The SQLite of the system, under the names that distributions give it. The one that comes with the binding is too old for strict tables, and a distribution mends its own when a fault is found.
/// </summary>
internal static class SqliteLibrary
{
    private const string Name = "e_sqlite3";
    private const int HasMovedOpcode = 20;
    private const int NoCheckpointOnCloseOption = 1006;

    /// <summary>3.37 brought strict tables.</summary>
    private const int Oldest = 3_037_000;

    private static readonly string[] Names = ["libsqlite3.so.0", "libsqlite3.so", "libsqlite3.dylib", "winsqlite3.dll", "sqlite3.dll"];

    private static readonly Lazy<nint> Handle = new(Load);

    static SqliteLibrary()
    {
        NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, Resolve);
        NativeLibrary.SetDllImportResolver(typeof(SqliteLibrary).Assembly, Resolve);
        if (Handle.Value != 0)
        {
            raw.SetProvider(new SQLite3Provider_e_sqlite3());
        }
    }

    /// <summary>Must be called before the first use of a connection.</summary>
    /// <exception cref="StorageException"><see cref="StorageException.Library"/>.</exception>
    public static void Require()
    {
        const string Mend = "Run 'apt-get install libsqlite3-0' (macOS has it).";
        if (Handle.Value == 0)
        {
            throw new StorageException(StorageException.Library, "The library libsqlite3, which keeps the state, is not installed.", Mend);
        }

        if (raw.sqlite3_libversion_number() < Oldest)
        {
            throw new StorageException(StorageException.Library, $"The library libsqlite3 is version {raw.sqlite3_libversion().utf8_to_string()}; 3.37 or later is needed.", Mend);
        }
    }

    /// <summary>Whether the file that the connection has open is no longer at its path.</summary>
    public static bool HasMoved(SqliteConnection connection)
    {
        var moved = 0;
        return sqlite3_file_control(connection.Handle!.DangerousGetHandle(), "main\0"u8.ToArray(), HasMovedOpcode, ref moved) == raw.SQLITE_OK && moved != 0;
    }

    /// <summary>Whether closing leaves the file and its log as they are, instead of moving the log into the file.</summary>
    public static void LeaveAsIs(SqliteConnection connection, bool on) => _ = raw.sqlite3_db_config(connection.Handle, NoCheckpointOnCloseOption, on ? 1 : 0, out _);

    private static nint Load()
    {
        foreach (var name in Names)
        {
            if (NativeLibrary.TryLoad(name, typeof(SqliteLibrary).Assembly, DllImportSearchPath.SafeDirectories, out var handle))
            {
                return handle;
            }
        }

        return 0;
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => string.Equals(name, Name, StringComparison.Ordinal) ? Handle.Value : 0;

    [DllImport(Name, ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int sqlite3_file_control(nint database, byte[] name, int opcode, ref int value);
}
