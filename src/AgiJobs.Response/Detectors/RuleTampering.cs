using System.Globalization;
using System.Text.Json.Nodes;
using AgiJobs.Control.Evidence;
using AgiJobs.Ethereum;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Detectors;

/// <summary>Finds that somebody changed what is watched otherwise than by applying it.</summary>
public static class RuleTampering
{
    /// <summary>The rule of its findings.</summary>
    public const string RuleName = "rules-changed";

    private const string Group = "monitoring";

    /// <summary>What may be changed otherwise than by applying it.</summary>
    internal static IReadOnlyList<string> Subjects { get; } = ["in force", "on disk"];

    /// <summary>The content of the rules that were put in force last, as the audit log has it; null when it knows of none. Older ones are vouched for no more: somebody may have put them back.</summary>
    /// <param name="entries">The entries of the network's logs, in the order of time.</param>
    public static Bytes32? Newest(IEnumerable<AuditEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        Bytes32? found = null;
        foreach (var entry in entries.Where(entry => string.Equals(entry.Kind, AppliedRulesStore.AuditKind, StringComparison.Ordinal)))
        {
            if (entry.Data["content"] is JsonValue value && value.TryGetValue<string>(out var text) && Hex.TryDecode(text, out var bytes) && bytes.Length == Bytes32.Size)
            {
                found = new Bytes32(bytes);
            }
        }

        return found;
    }

    /// <summary>What is wrong with the rules in force and those on the disk; empty when they are one and vouched for.</summary>
    /// <param name="network">The network.</param>
    /// <param name="source">Who looks: <c>monitor NAME</c>.</param>
    /// <param name="applied">The rules in force; null when none are.</param>
    /// <param name="disk">The rules on the disk; null when they cannot be read.</param>
    /// <param name="why">Why they cannot be read; null otherwise.</param>
    /// <param name="newest">The content that the audit log vouches for; null when it vouches for none.</param>
    public static IReadOnlyList<Finding> Find(string network, string source, AppliedRules? applied, IReadOnlyList<RuleSource>? disk, string? why, Bytes32? newest)
    {
        if (applied is null)
        {
            return [Make("in force", "none", Severity.Sev2, "No monitoring rules were ever put in force: 'agijobs monitoring apply --execute' does")];
        }

        var found = new List<Finding>();
        var content = AppliedRules.ContentOf(applied.Rules.Select(rule => rule.Rule));
        if (content != applied.Content)
        {
            found.Add(Make("in force", content.ToString(), Severity.Sev1, $"The monitoring rules in force are not those that {applied.By} applied at {Moment(applied.At)}: the state store was altered"));
        }
        else if (newest != content)
        {
            found.Add(Make("in force", content.ToString(), Severity.Sev1, newest is null
                ? $"The monitoring rules in force were put there at {Moment(applied.At)} without an entry in the audit log"
                : $"The monitoring rules in force, of {Moment(applied.At)}, are not those that were put in force last by the audit log: they were put back, or 'monitoring apply' did not finish"));
        }

        if (disk is null)
        {
            found.Add(Make("on disk", "unreadable", Severity.Sev2, $"The monitoring rules on the disk cannot be read: {ValueText.Clean(why ?? "unknown")}"));
        }
        else if (AppliedRules.ContentOf(disk.Select(rule => rule.Rule)) is var now && now != applied.Content)
        {
            var names = AppliedRulesStore.Compare(applied, [.. disk.DistinctBy(rule => rule.Rule.Name, StringComparer.Ordinal)]).Select(difference => $"{difference.Action} {difference.Name}").ToList();
            found.Add(Make("on disk", now.ToString(), Severity.Sev2, string.Create(CultureInfo.InvariantCulture, $"The monitoring rules on the disk are not those in force: {string.Join(", ", names.Take(5))}{(names.Count > 5 ? $" and {names.Count - 5} more" : "")}; 'agijobs monitoring plan' shows it")));
        }

        return found;

        // Off the chain: the same state of affairs has one identity; which time it is tells RuleTamperingRecord.
        Finding Make(string subject, string state, Severity severity, string title) => new()
        {
            Id = FindingIdentity.Of("rules", network, RuleName, subject, state, applied?.Content.ToString() ?? ""),
            Fingerprint = FindingIdentity.Fingerprint(network, RuleName, subject),
            Kind = FindingKind.Firing,
            Rule = RuleName,
            RuleSet = applied?.Digest,
            Source = source,
            Network = network,
            Severity = severity,
            Title = title,
            Subject = subject,
            Facts = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["group"] = Group, ["state"] = state },
        };
    }

    private static string Moment(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
