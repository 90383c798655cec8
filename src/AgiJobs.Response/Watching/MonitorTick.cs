using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Watching;

/// <summary>How a look of a monitor ended.</summary>
public enum MonitorState
{
    /// <summary>It read what there is.</summary>
    Watching,

    /// <summary>Another one of its name writes.</summary>
    StandingBy,

    /// <summary>Its node could not be read.</summary>
    Blind,

    /// <summary>The chain moved while it was read: it is read again.</summary>
    Moved,
}

/// <summary>What one look came to.</summary>
/// <param name="State">How it ended.</param>
/// <param name="Head">The newest block; null when it is not known.</param>
/// <param name="Behind">How many blocks that are due were not examined, of the track that is furthest behind, holes included.</param>
/// <param name="Told">The findings that were told, in order.</param>
/// <param name="Notes">What else happened, in words.</param>
/// <param name="Why">Why nothing could be read; null otherwise.</param>
public sealed record MonitorTick(MonitorState State, BlockMark? Head, ulong Behind, IReadOnlyList<Finding> Told, IReadOnlyList<string> Notes, string? Why = null);
