namespace AgiJobs.Arena.Moderation;

/// <summary>A moderator besides the rules.</summary>
public interface IContentModerator
{
    /// <summary>Asks it. It throws nothing but the caller's own cancellation: what goes wrong is <see cref="ModeratorVerdict.Silent"/>.</summary>
    Task<ModeratorAnswer> AskAsync(string content, CancellationToken cancellation);
}

/// <summary>What a moderator says.</summary>
public enum ModeratorVerdict
{
    /// <summary>Nothing against it.</summary>
    Passed,

    /// <summary>Something against it.</summary>
    Flagged,

    /// <summary>It did not answer, or not as it should.</summary>
    Silent,
}

/// <summary>A moderator's answer.</summary>
/// <param name="Verdict">What it says.</param>
/// <param name="Detail">Why, in one line.</param>
public sealed record ModeratorAnswer(ModeratorVerdict Verdict, string Detail);
