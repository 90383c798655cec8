using System.Text;
using AgiJobs.Arena.Alerts;
using AgiJobs.Arena.Gateway;
using AgiJobs.Arena.Orchestration;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Slashing;

/// <summary>
/// What the end of a run means for slashes and alerts, as one part of the commit that ends it: both happen with it or not at all. Task, answers and blocked contents are those that the gateway of the network took. Not for use by
/// several threads.
/// </summary>
/// <param name="store">The state.</param>
/// <param name="queue">Where findings go.</param>
/// <param name="alerts">When people are told.</param>
/// <param name="time">The clock.</param>
public sealed class RunAftermath(IStateStore store, SlashDocket queue, AlertSettings alerts, TimeProvider time)
{
    private readonly List<BlockedSubmission> _blocked = [];
    private long _read;

    /// <summary>Hears the log line of what the contract slashed itself. Called before the commit, so that a step that is repeated says it again.</summary>
    public Action<string> Tell { get; init; } = _ => { };

    /// <summary>Works it out; nothing is written.</summary>
    /// <param name="run">The run, not yet ended.</param>
    /// <param name="round">Its round; null when none was ever mined.</param>
    /// <param name="ended">How it ends.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="StorageException">The state could not be read.</exception>
    public async Task<StateCommit> AfterAsync(RunRecord run, RoundChronicle? round, RunEnded ended, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(ended);
        if (round is null)
        {
            return await WithAsync([], new RoundPlayed(run.Id, null, ended.Code ?? ended.Outcome, new Dictionary<Address, string?>()), cancellation).ConfigureAwait(false);
        }

        foreach (var happened in await store.ReadAsync($"arena/{alerts.Network}/moderation", _read, cancellationToken: cancellation).ConfigureAwait(false))
        {
            _read = happened.Version;
            if (BlockedSubmission.Of(happened) is { } refused)
            {
                _blocked.Add(refused);
            }
        }

        var voting = run.Phases.FirstOrDefault(phase => phase.Phase == RoundPhase.Voting).At;
        var answers = new Dictionary<Address, Exhibit>();
        foreach (var student in round.Students)
        {
            if (await ExhibitAsync(Submissions.AnswersOf(alerts.Network), round.Id, student.Account, voting, cancellation).ConfigureAwait(false) is { } answer)
            {
                answers.Add(student.Account, answer);
            }
        }

        var task = await ExhibitAsync(Submissions.TasksOf(alerts.Network), round.Id, round.Teacher, voting, cancellation).ConfigureAwait(false);
        var blocked = new List<BlockedSubmission>();
        foreach (var one in _blocked.Where(one => one.Round == round.Id))
        {
            if (!await WasTakenAsync(one, cancellation).ConfigureAwait(false))
            {
                blocked.Add(one);
            }
        }

        var findings = SlashFindings.Of(round, task, answers, blocked);
        return await WithAsync(findings, RoundPlayed.Of(run.Id, round, blocked.Select(one => one.Author).ToHashSet()), cancellation).ConfigureAwait(false);
    }

    private async Task<StateCommit> WithAsync(IReadOnlyList<SlashFinding> findings, RoundPlayed played, CancellationToken cancellation)
    {
        var done = findings.Where(finding => finding.Executed is not null).ToList();
        var book = await AlertBook.ReadAsync(store, alerts, cancellation).ConfigureAwait(false);
        var (documents, messages) = book.After([played, .. done.Select(finding => new ValidatorSlashed(finding.Key, finding.Round, finding.Validator, finding.Reason))], time.GetUtcNow());
        done.ForEach(finding => Tell(Scoreboard.ScoreboardProjection.LogLine("validator", finding.Reason)));
        return new StateCommit { Documents = [.. await queue.WritesAsync(findings, cancellation).ConfigureAwait(false), .. documents], Messages = messages };
    }

    // What people let through after all is held against nobody.
    private async Task<bool> WasTakenAsync(BlockedSubmission blocked, CancellationToken cancellation)
    {
        foreach (var collection in (string[])[Submissions.TasksOf(alerts.Network), Submissions.AnswersOf(alerts.Network), Submissions.NotesOf(alerts.Network)])
        {
            if (await ContentAsync(collection, blocked.Round, blocked.Author, cancellation).ConfigureAwait(false) is { } taken && string.Equals(taken.Hash, blocked.Content.ToString(), StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    // The gateway takes a task and answers in their own phases only; what it took before the voting was seen could be read by everybody as they voted.
    private async Task<Exhibit?> ExhibitAsync(string collection, long round, Address author, DateTimeOffset voting, CancellationToken cancellation) =>
        await ContentAsync(collection, round, author, cancellation).ConfigureAwait(false) is { } content ? new Exhibit(Encoding.UTF8.GetBytes(content.Text), content.At < voting) : null;

    private async Task<ContentRecord?> ContentAsync(string collection, long round, Address author, CancellationToken cancellation) =>
        (await store.GetAsync(collection, Submissions.Key(round, author), cancellation).ConfigureAwait(false))?.Read(GatewayJson.Default.ContentRecord);
}
