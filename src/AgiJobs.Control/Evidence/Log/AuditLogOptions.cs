namespace AgiJobs.Control.Evidence.Log;

/// <summary>How a log is written.</summary>
public sealed record AuditLogOptions
{
    /// <summary>The name of this machine, from which a new writer gets its name.</summary>
    public string Host { get; init; } = Environment.MachineName;

    /// <summary>How long the lock of a log is waited for before another writer is begun.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Fills with random bytes, for the names of writers; by default the system's cryptographic source.</summary>
    public Action<Span<byte>>? Random { get; init; }

    /// <summary>Called with the name of each write before and after it happens, so that a test can let the process die there.</summary>
    internal Action<string>? OnStep { get; init; }
}
