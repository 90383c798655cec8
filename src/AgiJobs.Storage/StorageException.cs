namespace AgiJobs.Storage;

/// <summary>State could not be read or written.</summary>
public sealed class StorageException : Exception
{
    /// <summary>The writer's lease belongs to another now. It must stop.</summary>
    public const string FenceLost = "fence-lost";

    /// <summary>The stream has another version than was expected.</summary>
    public const string StreamConflict = "stream-conflict";

    /// <summary>The document has another version than was expected.</summary>
    public const string DocumentConflict = "document-conflict";

    /// <summary>The database does not answer.</summary>
    public const string Unreachable = "state-unreachable";

    /// <summary>The database is damaged. It was set aside and nothing was put in its place.</summary>
    public const string Damaged = "state-damaged";

    /// <summary>The database was written by a newer program.</summary>
    public const string Newer = "state-newer";

    /// <summary>The disk has no room. Nothing was changed.</summary>
    public const string Full = "state-full";

    /// <summary>The place may not be written, or not by this user. Nothing was changed.</summary>
    public const string Denied = "state-denied";

    /// <summary>The location names no place for a store, or something else is there.</summary>
    public const string Location = "state-location";

    /// <summary>The text cannot be kept: no JSON, a NUL character, half of a surrogate pair, an empty or a too long name. Nothing was changed.</summary>
    public const string Invalid = "state-invalid";

    /// <summary>The SQLite of the system is missing or too old.</summary>
    public const string Library = "state-library";

    /// <summary>Says what and how to mend it.</summary>
    public StorageException(string code, string message, string? mend = null, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
        Mend = mend;
    }

    /// <summary>One of the constants.</summary>
    public string Code { get; }

    /// <summary>What to do about it.</summary>
    public string? Mend { get; }
}
