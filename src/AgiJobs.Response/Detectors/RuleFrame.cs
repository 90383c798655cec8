using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Detectors;

/// <summary>What all findings of a rule have in common.</summary>
internal sealed class RuleFrame(MonitoringRule rule, Severity severity, RuleTitle title, IReadOnlyDictionary<string, Unit> units, RuleGround ground)
{
    public MonitoringRule Rule => rule;

    public string Name => rule.Name;

    public RuleTitle Title => title;

    public RuleGround Ground => ground;

    public int BlindAfter => rule.BlindAfter ?? 3;

    /// <summary>Set once, when every rule is compiled.</summary>
    public Bytes32 RuleSet { get; set; }

    // What a rule's kind itself gives; an argument of such a name is under arg.NAME.
    private static readonly HashSet<string> Given = new(["module", "address", "event", "arguments", "function", "sender", "status", "total", "limit", "window", "part", "since", "view", "percent", "firstBlock", "firstTransaction", "group", "runbook", "change", "unread"], StringComparer.Ordinal);

    /// <summary>The fact that an argument is found under.</summary>
    public static string FactOf(string argument) => Given.Contains(argument) ? $"arg.{argument}" : argument;

    public Unit? UnitOf(string name) => units.GetValueOrDefault(name);

    public string Text(string name, AbiValue? value) => ValueText.Of(value, UnitOf(name), ground.NameOf);

    /// <summary>True when the rule asks for what nobody planned, and a change of the workspace is behind the transaction.</summary>
    public bool IsExplained(Bytes32? transaction) => rule.Unexplained && transaction is { } hash && ground.ChangeOf(hash) is not null;

    public Finding Firing(string subject, ChainPlace place, SortedDictionary<string, string> facts, string? unread = null)
    {
        if (unread is not null)
        {
            facts["unread"] = unread;
        }

        var line = title.Fill(facts);
        return Make(FindingKind.Firing, rule.Name, severity, subject, place, unread is null ? line : $"{line} (not all could be read: {unread})", facts);
    }

    public Finding Resolved(string subject, ChainPlace place, string line, SortedDictionary<string, string>? facts = null) =>
        Make(FindingKind.Resolved, rule.Name, severity, subject, place, line, facts ?? new SortedDictionary<string, string>(StringComparer.Ordinal));

    /// <summary>That a rule cannot see what it is to watch.</summary>
    public Finding Blind(string key, ChainPlace place, string why, bool resolved) =>
        Make(resolved ? FindingKind.Resolved : FindingKind.Firing, DetectorSet.BlindRule, Severity.Sev2, key, place, resolved ? $"The rule {key} can be read again" : $"The rule {key} is blind: {why}", new SortedDictionary<string, string>(StringComparer.Ordinal) { ["blind"] = key, ["why"] = why });

    private Finding Make(FindingKind kind, string name, Severity level, string subject, ChainPlace place, string line, SortedDictionary<string, string> facts)
    {
        facts["group"] = rule.Group ?? rule.Name;
        if (rule.Runbook is { } runbook)
        {
            facts["runbook"] = runbook;
        }

        if (rule.Unexplained)
        {
            facts["change"] = "none of this workspace is behind it";
        }

        return new Finding
        {
            Id = FindingIdentity.Id(ground.Network, name, subject, kind, place),
            Fingerprint = FindingIdentity.Fingerprint(ground.Network, name, subject),
            Kind = kind,
            Rule = name,
            RuleSet = RuleSet,
            Source = ground.Source,
            Network = ground.Network,
            Severity = level,
            Title = line,
            Subject = subject,
            Place = place,
            Facts = facts,
        };
    }
}
