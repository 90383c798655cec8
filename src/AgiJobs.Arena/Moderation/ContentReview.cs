using System.Text;
using System.Text.RegularExpressions;
using AgiJobs.Arena.Gateway;
using AgiJobs.Control.Workspaces;
using AgiJobs.Tasks;

namespace AgiJobs.Arena.Moderation;

/// <summary>
/// The gateway's review: rules, likeness to past submissions of the same kind, a moderator elsewhere, and people's overrides. Of a task
/// the values of its body are held against earlier ones, and likeness only flags it, since two teachers may well make the same small one (what a repeated task earns is <see cref="Diversity.TeacherReward"/>'s affair); an answer that is right
/// may have been found by many and is not held against others, and none is held against those of its own round, which nobody could read before. What is taken is remembered.
/// </summary>
/// <param name="pipeline">What judges.</param>
/// <param name="past">What new content is held against.</param>
/// <param name="overrides">What people decided.</param>
public sealed partial class ContentReview(ModerationPipeline pipeline, PastSubmissions past, Func<OverrideBook> overrides) : IContentReview
{
    /// <summary>What of a task is its teacher's own: the values of its body, without their names.</summary>
    public static string CoreOf(TaskStatement statement)
    {
        ArgumentNullException.ThrowIfNull(statement);
        return Names().Replace(statement.Body, " ");
    }

    /// <inheritdoc/>
    public async Task<ReviewOutcome> ReviewAsync(ContentToReview content, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(content);
        var kind = Todo.NameOf(content.Kind);
        var submission = new Submission(PastSubmissions.IdOf(kind, content.Round, content.Author), content.Author, content.Round, kind, content.Text, content.IsRight)
        {
            Core = content.Kind == ContentKind.Task && TaskStatement.TryParse(Encoding.UTF8.GetBytes(content.Text), out var statement, out _) ? CoreOf(statement) : null,
            MayResemble = content.Kind == ContentKind.Task,
            IsBlind = content.Kind == ContentKind.Answer,
        };
        var decision = await pipeline.JudgeAsync(submission, await past.OfAsync(kind, cancellation).ConfigureAwait(false), overrides(), cancellation).ConfigureAwait(false);
        var rule = decision.Reason?[GatewayCode.Moderation.Length..];
        var why = decision.Override is { } ruling ? $"{ruling.By} decided: {ruling.Record.Reason}" : decision.Findings is [var gravest, ..] ? gravest.Detail : null;
        return decision.Outcome switch
        {
            ModerationOutcome.Allow => new ReviewOutcome(ReviewVerdict.Allow) { Memory = [past.Remember(submission)] },
            ModerationOutcome.Flag => new ReviewOutcome(ReviewVerdict.Flag, rule, why) { Memory = [past.Remember(submission)] },
            _ => new ReviewOutcome(ReviewVerdict.Block, rule, why),
        };
    }

    [GeneratedRegex("\"[A-Za-z0-9]+\":", RegexOptions.NonBacktracking)]
    private static partial Regex Names();
}
