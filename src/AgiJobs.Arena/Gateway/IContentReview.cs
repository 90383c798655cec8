using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Gateway;

/// <summary>What is reviewed.</summary>
public enum ContentKind
{
    /// <summary>A teacher's statement.</summary>
    Task,

    /// <summary>A student's answer.</summary>
    Answer,
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
public sealed record ReviewOutcome(ReviewVerdict Verdict, string? Rule = null, string? Message = null);

/// <summary>Reviews content before it is taken. Safe for use by several threads. What it throws means that the content was not reviewed, and then it is not taken.</summary>
public interface IContentReview
{
    /// <summary>Reviews one piece of content.</summary>
    /// <param name="kind">What it is.</param>
    /// <param name="round">For which round.</param>
    /// <param name="author">Who sent it.</param>
    /// <param name="text">The whole text.</param>
    /// <param name="cancellation">Ends the review.</param>
    Task<ReviewOutcome> ReviewAsync(ContentKind kind, long round, Address author, string text, CancellationToken cancellation);
}
