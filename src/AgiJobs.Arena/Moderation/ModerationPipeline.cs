using System.Security.Cryptography;
using System.Text;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Moderation;

/// <summary>
/// Decides what becomes of content: form and size, words, likeness to earlier submissions, a moderator elsewhere, and last a person's override. The gravest finding counts. Nothing that fails on the way allows anything.
/// </summary>
public sealed class ModerationPipeline
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ModerationRules _rules;
    private readonly IContentModerator? _remote;
    private readonly TimeProvider _time;

    /// <summary>A pipeline.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="remote">A moderator besides them; null for none.</param>
    /// <param name="time">The clock.</param>
    public ModerationPipeline(ModerationRules rules, IContentModerator? remote, TimeProvider time) => (_rules, _remote, _time) = (rules, remote, time);

    /// <summary>The fingerprint of content: the SHA-256 of it in UTF-8. Half surrogate pairs count as U+FFFD.</summary>
    public static Bytes32 Fingerprint(string content) => new(SHA256.HashData(Encoding.UTF8.GetBytes(content)));

    /// <summary>Decides. The corpus is only read: what is to be found later is added to it by the caller, once it was admitted.</summary>
    public async Task<ModerationDecision> JudgeAsync(Submission submission, SimilarityCorpus corpus, OverrideBook overrides, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(submission);
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(overrides);
        var findings = new List<ModerationFinding>();
        var bytes = Encoding.UTF8.GetByteCount(submission.Content);
        if (!IsWellFormed(submission.Content))
        {
            findings.Add(new ModerationFinding("malformed", ModerationOutcome.Block, "it is no Unicode text: it has half of a surrogate pair"));
        }

        if (bytes > _rules.MaxBytes)
        {
            // What is too long is not read either: a limit that costs as much as what it forbids is none.
            findings.Add(new ModerationFinding("size", ModerationOutcome.Block, $"it has {bytes} bytes, and {_rules.MaxBytes} are allowed"));
        }
        else
        {
            var text = NormalText.Of(submission.Content);
            Words(text, findings);
            if (!submission.MayRecur)
            {
                Likeness(submission, corpus, findings);
            }

            if (_remote is not null)
            {
                await AskAsync(_remote, submission.Content, findings, cancellation).ConfigureAwait(false);
            }
        }

        IReadOnlyList<ModerationFinding> ordered = [.. findings.OrderByDescending(finding => finding.Outcome)];
        var content = Fingerprint(submission.Content);
        var now = _time.GetUtcNow();
        var ruling = overrides.For(content, now);
        var outcome = ruling?.Record.Outcome ?? (ordered is [var gravest, ..] ? gravest.Outcome : ModerationOutcome.Allow);
        return new ModerationDecision(submission, content, bytes, now, outcome, ordered, ruling);
    }

    private void Words(NormalText text, List<ModerationFinding> findings)
    {
        foreach (var rule in _rules.Terms)
        {
            if (rule.Find(text) is { Count: > 0 } terms)
            {
                findings.Add(new ModerationFinding(rule.Name, rule.Outcome, $"it has: {string.Join(", ", terms)}"));
            }
        }
    }

    private void Likeness(Submission submission, SimilarityCorpus corpus, List<ModerationFinding> findings)
    {
        var (other, own) = corpus.Find(submission.Entry(), submission.IsBlind);
        if (other is not null && other.Percent >= _rules.FlagPercent)
        {
            findings.Add(new ModerationFinding("similarity", other.Percent >= _rules.BlockPercent && !other.IsShort && !submission.MayResemble ? ModerationOutcome.Block : ModerationOutcome.Flag, $"{other.Percent}% is that of {other.Earlier.Author} in round {other.Earlier.Round} ({other.Earlier.Id}){Chance(other)}"));
        }

        if (own is not null && own.Percent >= _rules.FlagPercent && _rules.Own != ModerationOutcome.Allow)
        {
            var outcome = own.Percent >= _rules.BlockPercent && !own.IsShort && !submission.MayResemble ? _rules.Own : ModerationOutcome.Flag;
            findings.Add(new ModerationFinding("repetition", outcome, $"{own.Percent}% is the author's own of round {own.Earlier.Round} ({own.Earlier.Id}){Chance(own)}"));
        }
    }

    private static string Chance(Similarity found) => found.IsShort ? ", too short to tell a copy from chance" : "";

    private async Task AskAsync(IContentModerator remote, string content, List<ModerationFinding> findings, CancellationToken cancellation)
    {
        var answer = await remote.AskAsync(content, cancellation).ConfigureAwait(false);
        if (answer.Verdict == ModeratorVerdict.Flagged)
        {
            findings.Add(new ModerationFinding("remote", _rules.RemoteFlagged, answer.Detail));
        }
        else if (answer.Verdict == ModeratorVerdict.Silent)
        {
            findings.Add(new ModerationFinding("remote-silent", _rules.RemoteSilent, answer.Detail));
        }
    }

    private static bool IsWellFormed(string content)
    {
        try
        {
            _ = Strict.GetByteCount(content);
            return true;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }
}
