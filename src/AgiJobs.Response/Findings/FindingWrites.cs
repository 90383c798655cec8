using AgiJobs.Storage;

namespace AgiJobs.Response.Findings;

/// <summary>What is written because of findings, in one commit with what caused them.</summary>
/// <param name="Events">Events, each stream once.</param>
/// <param name="Documents">Documents.</param>
/// <param name="Messages">Messages for outboxes.</param>
public sealed record FindingWrites(IReadOnlyList<StreamAppend> Events, IReadOnlyList<DocumentWrite> Documents, IReadOnlyList<MessageWrite> Messages)
{
    /// <summary>Nothing.</summary>
    public static FindingWrites None { get; } = new([], [], []);

    /// <summary>True when there is nothing to write.</summary>
    public bool IsEmpty => Events.Count + Documents.Count + Messages.Count == 0;

    /// <summary>These and others, in one commit.</summary>
    public FindingWrites And(FindingWrites others)
    {
        ArgumentNullException.ThrowIfNull(others);
        return new FindingWrites([.. Events, .. others.Events], [.. Documents, .. others.Documents], [.. Messages, .. others.Messages]);
    }

    /// <summary>The commit of these alone.</summary>
    public StateCommit Commit => new() { Events = Events, Documents = Documents, Messages = Messages };
}
