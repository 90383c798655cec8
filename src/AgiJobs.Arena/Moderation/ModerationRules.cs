using System.Text.RegularExpressions;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Arena.Moderation;

/// <summary>What content is held against, ready for use. Immutable.</summary>
public sealed partial class ModerationRules
{
    private static readonly string[] Reserved = ["malformed", "size", "similarity", "repetition", "remote", "remote-silent"];

    private static readonly TermRuleFile[] OwnTerms =
    [
        new() { Rule = "banned-phrase", Terms = ["hate speech", "terrorism", "terrorist*", "malware", "ransomware", "botnet*", "phishing", "ddos"], Outcome = ModerationOutcome.Block },
        new() { Rule = "risky-term", Terms = ["exploit", "exploits", "weapon*", "propaganda"], Outcome = ModerationOutcome.Flag },
        new() { Rule = "copied-phrase", Terms = ["copy this", "as previously submitted", "unaltered excerpt"], Outcome = ModerationOutcome.Flag },
    ];

    /// <summary>The rules of a file; the program's own for null.</summary>
    /// <exception cref="ControlException"><c>moderation-rules</c> when the file says what cannot be meant.</exception>
    public ModerationRules(ModerationFile? file = null)
    {
        file ??= new ModerationFile { Version = 1 };
        Refuse(file.Version != 1, $"it has version {file.Version}; this program reads version 1");
        Terms = [.. (file.Terms ?? OwnTerms).Select(Term)];
        Refuse(Terms.GroupBy(rule => rule.Name, StringComparer.Ordinal).Any(group => group.Count() > 1), "two rules have the same name");
        MaxBytes = file.MaxBytes ?? 65_536;
        Refuse(MaxBytes is < 1 or > 4_194_304, $"{MaxBytes} bytes is not between 1 and 4194304");
        FlagPercent = file.Similarity?.FlagPercent ?? 50;
        BlockPercent = file.Similarity?.BlockPercent ?? 80;
        Refuse(FlagPercent < 1 || BlockPercent > 100 || FlagPercent > BlockPercent, $"similarity is flagged from {FlagPercent}% and blocked from {BlockPercent}% on: they must be from 1 to 100, the first not above the second");
        Own = file.Similarity?.Own ?? ModerationOutcome.Flag;
        RemoteFlagged = file.Remote?.Flagged ?? ModerationOutcome.Block;
        Refuse(RemoteFlagged == ModerationOutcome.Allow, "what the remote moderator flags is allowed: leave the moderator out instead");
        RemoteSilent = file.Remote?.Silent ?? ModerationOutcome.Block;
        Refuse(RemoteSilent == ModerationOutcome.Allow, "a silent remote moderator must not allow: whoever cuts its line could publish anything");
        var milliseconds = file.Remote?.TimeoutMilliseconds ?? 3000;
        Refuse(milliseconds is < 1 or > 60_000, $"a timeout of {milliseconds} ms is not between 1 and 60000");
        RemoteTimeout = TimeSpan.FromMilliseconds(milliseconds);
        var days = file.MaxOverrideDays ?? 30;
        Refuse(days is < 1 or > 366, $"{days} days for an override is not between 1 and 366");
        MaxOverride = TimeSpan.FromDays(days);
    }

    /// <summary>The rules of a network: those of <c>config/moderation.NAME.json</c>, else of <c>config/moderation.json</c>, else the program's own.</summary>
    /// <param name="workspace">The workspace.</param>
    /// <param name="network">The network's name.</param>
    /// <param name="file">The file that they are from, which names the remote moderator; null when there is none.</param>
    /// <exception cref="ControlException"><c>moderation-rules</c>, <c>file-format</c>, <c>file-read</c>.</exception>
    public static ModerationRules Load(Workspace workspace, string network, out ModerationFile? file)
    {
        ArgumentNullException.ThrowIfNull(workspace);
        if (!JsonFile.TryRead(workspace.Locate("config", $"moderation.{network}.json"), WorkspaceJson.Default.ModerationFile, out file))
        {
            _ = JsonFile.TryRead(workspace.Locate("config", "moderation.json"), WorkspaceJson.Default.ModerationFile, out file);
        }

        return new ModerationRules(file);
    }

    /// <summary>Words that must not occur.</summary>
    public IReadOnlyList<TermRule> Terms { get; }

    /// <summary>The most bytes of content.</summary>
    public int MaxBytes { get; }

    /// <summary>From which percentage of containment on content is flagged.</summary>
    public int FlagPercent { get; }

    /// <summary>From which percentage of containment on content is blocked.</summary>
    public int BlockPercent { get; }

    /// <summary>What becomes at most of content that its author submitted before.</summary>
    public ModerationOutcome Own { get; }

    /// <summary>What becomes of content that the remote moderator flags.</summary>
    public ModerationOutcome RemoteFlagged { get; }

    /// <summary>What becomes of content when the remote moderator does not answer.</summary>
    public ModerationOutcome RemoteSilent { get; }

    /// <summary>How long the remote moderator is waited for.</summary>
    public TimeSpan RemoteTimeout { get; }

    /// <summary>How long an override counts at most.</summary>
    public TimeSpan MaxOverride { get; }

    private static TermRule Term(TermRuleFile file)
    {
        Refuse(!RuleName().IsMatch(file.Rule), $"'{file.Rule}' is no name of a rule: write small letters, digits and hyphens, 40 at most");
        Refuse(Reserved.Contains(file.Rule, StringComparer.Ordinal), $"the name '{file.Rule}' is the program's own");
        Refuse(file.Terms.Count == 0 || file.Terms.Any(term => NormalText.Of(term.TrimEnd('*')).Words.Count == 0), $"the rule '{file.Rule}' has a term without a letter or digit, or none at all");
        Refuse(file.Outcome == ModerationOutcome.Allow, $"the rule '{file.Rule}' allows what it finds");
        Refuse(file.Count is < 1 || file.Within is < 1, $"the rule '{file.Rule}' counts less than one");
        return new TermRule(file.Rule, file.Terms, file.Outcome, file.Count ?? 1, file.Within);
    }

    private static void Refuse(bool isWrong, string what)
    {
        if (isWrong)
        {
            throw new ControlException("moderation-rules", ExitCode.BadInput, $"The rules of moderation cannot be used: {what}.", "Correct config/moderation.json; nothing is moderated by half a file.");
        }
    }

    [GeneratedRegex("^[a-z][a-z0-9-]{0,39}$", RegexOptions.NonBacktracking)]
    private static partial Regex RuleName();
}
