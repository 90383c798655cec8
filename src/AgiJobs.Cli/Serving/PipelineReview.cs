using AgiJobs.Arena.Gateway;
using AgiJobs.Arena.Moderation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Cli.Serving;

/// <summary>Reviews tasks and answers by the network's moderation rules and, where one is configured, by the moderator elsewhere.</summary>
internal sealed class PipelineReview(ModerationPipeline pipeline) : IContentReview
{
    /// <summary>The review of a network.</summary>
    /// <exception cref="Control.ControlException"><c>moderation-rules</c>, <c>file-format</c>, <c>secret-missing</c>.</exception>
    public static PipelineReview Of(Session session)
    {
        var rules = ModerationRules.Load(session.Workspace, session.Network, out var file);
        var remote = file?.Remote is { } reference ? new HttpModerator(reference.Endpoint.Resolve(), reference.Token?.Reveal(), rules.RemoteTimeout, session.Environment.Time) : null;
        return new PipelineReview(new ModerationPipeline(rules, remote, session.Environment.Time));
    }

    /// <inheritdoc/>
    public async Task<ReviewOutcome> ReviewAsync(ContentKind kind, long round, Address author, string text, CancellationToken cancellation)
    {
        // Statements of one family and right answers to one task are alike by nature.
        var submission = new Submission($"{round}/{Todo.NameOf(kind)}/{author}", author, round, Todo.NameOf(kind), text, MayRecur: true);
        var decision = await pipeline.JudgeAsync(submission, new SimilarityCorpus(), OverrideBook.Empty, cancellation).ConfigureAwait(false);
        var finding = decision.Findings is [var gravest, ..] ? gravest : null;
        return decision.Outcome switch
        {
            ModerationOutcome.Allow => new ReviewOutcome(ReviewVerdict.Allow),
            ModerationOutcome.Flag => new ReviewOutcome(ReviewVerdict.Flag, finding?.Rule, finding?.Detail),
            _ => new ReviewOutcome(ReviewVerdict.Block, finding?.Rule, finding?.Detail),
        };
    }
}
