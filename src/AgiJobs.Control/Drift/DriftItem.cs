using AgiJobs.Control.Description;

namespace AgiJobs.Control.Drift;

/// <summary>How something stands to what is wanted.</summary>
public enum DriftStatus
{
    /// <summary>It is as wanted, or where nothing says what is wanted as the last executed change made it.</summary>
    Agrees,

    /// <summary>It is otherwise.</summary>
    Differs,

    /// <summary>No file says what it is to be, and no change on file made it so.</summary>
    NotManaged,

    /// <summary>It could not be read.</summary>
    Unknown,
}

/// <summary>One thing three ways: wanted, is, was made so. Immutable.</summary>
public sealed record DriftItem
{
    /// <summary>What it is about.</summary>
    public required DriftKind Kind { get; init; }

    /// <summary>The module's name.</summary>
    public required string Module { get; init; }

    /// <summary>Its name: <c>FeePool.burnPct</c>.</summary>
    public required string Subject { get; init; }

    /// <summary>How much a wrong value can do.</summary>
    public required Risk Risk { get; init; }

    /// <summary>How it stands.</summary>
    public required DriftStatus Status { get; init; }

    /// <summary>What a file wants; null when none does.</summary>
    public string? Wanted { get; init; }

    /// <summary>What the chain has; null when that is unknown.</summary>
    public string? Is { get; init; }

    /// <summary>What the last executed change made of it; null when none is on file.</summary>
    public string? Executed { get; init; }

    /// <summary>That change; null when none is on file.</summary>
    public string? ExecutedBy { get; init; }

    /// <summary>The file and key that say what is wanted; null when none does.</summary>
    public string? Source { get; init; }

    /// <summary>The command that mends it; null when there is nothing to mend.</summary>
    public string? Mend { get; init; }

    /// <summary>Why it is unknown; null when it is known.</summary>
    public string? Why { get; init; }

    /// <summary>What made it so; null when that was not looked for.</summary>
    public DriftCause? Cause { get; init; }

    /// <summary>The view that tells it; null when it is a storage word.</summary>
    internal ProtocolView? View { get; init; }
}
