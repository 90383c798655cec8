using AgiJobs.Arena.Alerts;
using AgiJobs.Arena.Moderation;
using AgiJobs.Arena.Orchestration;
using AgiJobs.Arena.Rounds;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Slashing;

/// <summary>What the end of a run means for slashes and alerts, as one part of the commit that ends it: both happen with it or not at all.</summary>
public sealed class RunAftermath(IStateStore store, SlashQueue queue, AlertSettings alerts, TimeProvider time)
{
    /// <summary>Works it out; nothing is written.</summary>
    /// <param name="run">The run's name.</param>
    /// <param name="round">Its round; null when none was ever mined.</param>
    /// <param name="ended">How it ends.</param>
    /// <param name="task">The statement of its task; null when it is not at hand.</param>
    /// <param name="answers">Published answers by student.</param>
    /// <param name="decisions">What moderation decided about contents of the round.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>Documents and messages for the commit; the findings, for the log.</returns>
    /// <exception cref="StorageException">The state could not be read.</exception>
    public async Task<(StateCommit Commit, IReadOnlyList<SlashFinding> Findings)> AfterAsync(
        string run, RoundChronicle? round, RunEnded ended, Exhibit? task, IReadOnlyDictionary<Address, Exhibit> answers, IReadOnlyList<ModerationDecision> decisions, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(ended);
        ArgumentNullException.ThrowIfNull(decisions);
        IReadOnlyList<SlashFinding> findings = round is null ? [] : SlashFindings.Of(round, task, answers, decisions);
        var slashes = await queue.WritesAsync(findings, cancellation).ConfigureAwait(false);
        var blocked = decisions.Where(decision => decision.Outcome == ModerationOutcome.Block && decision.Submission.Round == round?.Id).Select(decision => decision.Submission.Author).ToHashSet();
        var book = await AlertBook.ReadAsync(store, alerts, cancellation).ConfigureAwait(false);
        var (documents, messages) = book.After(
            [
                round is null ? new RoundPlayed(run, null, ended.Code ?? ended.Outcome, new Dictionary<Address, string?>()) : RoundPlayed.Of(run, round, blocked),
                .. findings.Where(finding => finding.Executed is not null).Select(finding => new ValidatorSlashed(finding.Key, finding.Round, finding.Validator, finding.Reason)),
            ],
            time.GetUtcNow());
        return (new StateCommit { Documents = [.. slashes, .. documents], Messages = messages }, findings);
    }
}
