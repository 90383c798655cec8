using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Gateway;

/// <summary>What is reviewed.</summary>
public enum ContentKind
{
    /// <summary>A teacher's statement.</summary>
    Task,

    /// <summary>A student's answer.</summary>
    Answer,

    /// <summary>What a validator says to its vote.</summary>
    Note,
}

/// <summary>What becomes of reviewed content.</summary>
public enum ReviewVerdict
{
    /// <summary>It is taken.</summary>
    Allow,

    /// <summary>It is taken, and somebody should look at it.</summary>
    Flag,

    /// <summary>It is not taken.</summary>
    Block,
}

/// <summary>How a review ended.</summary>
/// <param name="Verdict">What becomes of the content.</param>
/// <param name="Rule">The rule that decided; not null unless it is allowed.</param>
/// <param name="Message">Why, in words for the author.</param>
public sealed record ReviewOutcome(ReviewVerdict Verdict, string? Rule = null, string? Message = null)
{
    /// <summary>What the review wants to remember of content that is taken: in the commit that takes it, or not at all. The streams must not exist yet.</summary>
    public IReadOnlyList<StreamAppend> Memory { get; init; } = [];
}

/// <summary>Content to review.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Round">For which round.</param>
/// <param name="Author">Who sent it.</param>
/// <param name="Text">The whole text.</param>
/// <param name="IsRight">Whether it is an answer that was checked and found right: others may have found the same.</param>
public sealed record ContentToReview(ContentKind Kind, long Round, Address Author, string Text, bool IsRight = false);

/// <summary>Reviews content before it is taken. Safe for use by several threads. What it throws means that the content was not reviewed, and then it is not taken.</summary>
public interface IContentReview
{
    /// <summary>Reviews one piece of content.</summary>
    Task<ReviewOutcome> ReviewAsync(ContentToReview content, CancellationToken cancellation);
}
