namespace AgiJobs.Control.Evidence;

/// <summary>Where what happens is recorded. Safe for use by several threads.</summary>
public interface IAuditTrail
{
    /// <summary>
    /// Records an entry; when this returns without a problem it is on the disk. Recording never throws but for cancellation: whether an entry that could not be kept stops the
    /// caller is the caller's choice, and for an emergency pause it must not.
    /// </summary>
    ValueTask<AuditRecord> RecordAsync(AuditEntry entry, CancellationToken cancellation);
}

/// <summary>What became of an entry.</summary>
/// <param name="Position">Where it stands in a log; null when it could not be recorded.</param>
/// <param name="Problem">Why it could not be recorded; null when it was.</param>
public readonly record struct AuditRecord(LogPosition? Position, ControlException? Problem);

/// <summary>A place in a log.</summary>
/// <param name="Writer">The log's writer.</param>
/// <param name="Index">The entry's index there, from 0.</param>
public readonly record struct LogPosition(string Writer, long Index)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Writer}#{Index}");
}

/// <summary>A trail that keeps nothing, for what runs without a workspace.</summary>
public sealed class NoAuditTrail : IAuditTrail
{
    /// <summary>The one there is.</summary>
    public static NoAuditTrail Instance { get; } = new();

    /// <inheritdoc/>
    public ValueTask<AuditRecord> RecordAsync(AuditEntry entry, CancellationToken cancellation) => new(new AuditRecord(null, null));
}
