using System.Globalization;
using AgiJobs.Control.Backups;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Reports;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;

namespace AgiJobs.Response.Controls;

/// <summary>What the queries of controls make of what was read elsewhere. Pure; what is not known is never fine.</summary>
public static class ControlJudge
{
    private const string Day = "yyyy-MM-dd HH:mm:ss 'UTC'";

    /// <summary>Whether somebody else can operate than who commands.</summary>
    /// <param name="people">The people; null when there is no file of them.</param>
    /// <param name="maxWithBoth">How many may have both duties.</param>
    public static ControlVerdict SeparationOfDuties(OperatorBook? people, int maxWithBoth)
    {
        if (people is null)
        {
            return ControlVerdict.Of(false, "there is no config/operators.json: who commands and who operates is nobody's");
        }

        var (commanders, operators) = (people.With(Duty.Commander), people.With(Duty.Operator));
        var both = commanders.Intersect(operators).ToList();
        string[] said = [$"commander: {Names(commanders)}", $"operator: {Names(operators)}", $"both: {Names(both)}; {maxWithBoth} allowed"];
        var canPart = commanders.Any(commander => operators.Any(other => other != commander));
        return ControlVerdict.Of(canPart && both.Count <= maxWithBoth, canPart ? said : [.. said, "no two different people can command and operate"]);
    }

    /// <summary>Whether each Safe has so many owners, and so large a part of them has to sign.</summary>
    /// <param name="safes">What stands at the address of each.</param>
    /// <param name="block">The block at which all of them were read.</param>
    /// <param name="minSigners">How many owners there are at least.</param>
    /// <param name="minThresholdPercent">Which part of them has to sign at least.</param>
    public static ControlVerdict SafeQuorum(IReadOnlyList<(string Name, Address At, Reading<AccountState> State)> safes, string block, int minSigners, int minThresholdPercent)
    {
        ArgumentNullException.ThrowIfNull(safes);
        if (safes.Count == 0)
        {
            return ControlVerdict.Of(false, "the network's file names no Safe");
        }

        var (said, state) = (new List<string> { $"read at {block}" }, ControlState.Holds);
        foreach (var (name, at, reading) in safes)
        {
            if (!reading.TryGet(out var account))
            {
                said.Add($"{name} {at}: unknown: {reading.Why}");
                state = state == ControlState.Holds ? ControlState.Unknown : state;
            }
            else if (account is not SafeAccountState safe)
            {
                said.Add($"{name} {at}: it is no Safe");
                state = ControlState.DoesNotHold;
            }
            else
            {
                said.Add(string.Create(CultureInfo.InvariantCulture, $"{name} {at}: {safe.Threshold} of {safe.Owners.Count} owners; at least {minSigners} owners and {minThresholdPercent}% of them wanted"));
                state = safe.Owners.Count >= minSigners && safe.Threshold * 100 >= safe.Owners.Count * minThresholdPercent ? state : ControlState.DoesNotHold;
            }
        }

        return new ControlVerdict(state, said);
    }

    /// <summary>Whether each exercise held lately, by the log of exercises; an entry counts only with its evidence.</summary>
    /// <param name="log">The text of <c>reports/incident-tabletop.md</c>; null when there is none.</param>
    /// <param name="drills">The exercises by name.</param>
    /// <param name="hasEvidence">Whether a path of evidence is there.</param>
    /// <param name="maxAge">How long ago each may be.</param>
    /// <param name="now">The time.</param>
    public static ControlVerdict DrillCadence(string? log, IReadOnlyList<string> drills, Func<string, bool> hasEvidence, TimeSpan maxAge, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(drills);
        ArgumentNullException.ThrowIfNull(hasEvidence);
        var last = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        foreach (var entry in (log ?? "").Split("\n## ").Skip(1))
        {
            var lines = entry.Split('\n');
            var head = lines[0].Split(" UTC: ", 2);
            if (head.Length == 2
                && DateTimeOffset.TryParseExact(head[0], "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) && at <= now
                && lines.Any(line => line.StartsWith("HELD:", StringComparison.Ordinal))
                && lines.FirstOrDefault(line => line.StartsWith("- evidence: ", StringComparison.Ordinal)) is { } evidence && hasEvidence(evidence["- evidence: ".Length..].Trim())
                && (!last.TryGetValue(head[1].Trim(), out var before) || before < at))
            {
                last[head[1].Trim()] = at;
            }
        }

        return ControlVerdict.Of(
            drills.All(drill => last.TryGetValue(drill, out var at) && now - at <= maxAge),
            [.. drills.Select(drill => !last.TryGetValue(drill, out var at) ? $"{drill}: no record says that it ever held" : string.Create(CultureInfo.InvariantCulture, $"{drill}: held {at.UtcDateTime.ToString(Day, CultureInfo.InvariantCulture)}, {(now - at).TotalDays:0} days ago; {maxAge.TotalDays:0} allowed"))]);
    }

    /// <summary>Whether there is a fresh backup of which every byte verifies.</summary>
    /// <param name="newest">The newest that verifies; null when there is none.</param>
    /// <param name="damaged">One that does not; null when every one does.</param>
    /// <param name="maxAge">How old it may be.</param>
    /// <param name="now">The time.</param>
    public static ControlVerdict BackupAge(BackupManifest? newest, string? damaged, TimeSpan maxAge, DateTimeOffset now)
    {
        List<string> said = newest is null ? ["no backup holds all of the network's state and verifies"] : [string.Create(CultureInfo.InvariantCulture, $"{newest.Id()}: {(now - newest.CreatedAt).TotalHours:0} hours old; {maxAge.TotalHours:0} allowed")];
        return ControlVerdict.Of(newest is not null && now - newest.CreatedAt <= maxAge, damaged is null ? said : [.. said, damaged]);
    }

    /// <summary>Whether enough monitors are at work by the rules in force, and none that ever ran is silent.</summary>
    /// <param name="standings">How the monitors stand.</param>
    /// <param name="ruleSet">The digest of the rules in force; null when it is not known.</param>
    /// <param name="minMonitors">How many have to be at work.</param>
    /// <param name="now">The time.</param>
    public static ControlVerdict MonitorsAtWork(IReadOnlyList<MonitorStanding> standings, string? ruleSet, int minMonitors, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(standings);
        if (ruleSet is null)
        {
            return ControlVerdict.Unknown("which rules are in force is unknown");
        }

        var seen = standings.Where(standing => !string.Equals(standing.Monitor, Index.EventIndex.Monitor, StringComparison.Ordinal)).Select(standing => (standing.Monitor, Why: standing.WhyUnable(ruleSet, now))).ToList();
        return ControlVerdict.Of(
            seen.Count(one => one.Why is null) >= minMonitors && seen.TrueForAll(one => one.Why is null),
            [string.Create(CultureInfo.InvariantCulture, $"{seen.Count(one => one.Why is null)} monitors are at work; {minMonitors} wanted"), .. seen.Select(one => $"{one.Monitor} {one.Why ?? "is at work"}")]);
    }

    /// <summary>Whether rules are in force, watch something and were not changed otherwise.</summary>
    /// <param name="rules">The rules in force.</param>
    /// <param name="wanted">The names of those that have to be.</param>
    /// <param name="tampering">What <see cref="RuleTampering"/> found.</param>
    public static ControlVerdict RulesInForce(RulesInForce rules, IReadOnlyList<string> wanted, IReadOnlyList<Finding> tampering)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(wanted);
        ArgumentNullException.ThrowIfNull(tampering);
        var watching = (rules.Compiled?.Rules ?? []).Where(rule => rule.Watches.Count > 0).Select(rule => rule.Rule.Name).ToHashSet(StringComparer.Ordinal);
        var missing = wanted.Where(name => !watching.Contains(name)).ToList();
        List<string> said = [rules.Applied is { } applied ? $"rules {rules.Digest}, applied by {applied.By} at {applied.At.UtcDateTime.ToString(Day, CultureInfo.InvariantCulture)}" : "no rules were ever put in force"];
        said.Add(string.Create(CultureInfo.InvariantCulture, $"{wanted.Count - missing.Count} of {wanted.Count} wanted rules watch"));
        said.AddRange(missing.Select(name => rules.Compiled?.Sleeping.FirstOrDefault(sleeping => sleeping.Rule == name) is { } sleeping ? $"{name} watches nothing: {sleeping.Message}" : $"{name} is not in force"));
        said.AddRange(tampering.Select(finding => finding.Title));
        return ControlVerdict.Of(rules.Applied is not null && missing.Count == 0 && tampering.Count == 0, said);
    }

    /// <summary>Whether every channel took a test message lately.</summary>
    /// <param name="channels">The channels by name; null when nobody is told of anything.</param>
    /// <param name="tests">When which channel was tried, and whether it took the message.</param>
    /// <param name="maxAge">How long ago that may be.</param>
    /// <param name="now">The time.</param>
    public static ControlVerdict ChannelsTested(IReadOnlyList<string>? channels, IReadOnlyList<(DateTimeOffset At, string Channel, bool Taken)> tests, TimeSpan maxAge, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(tests);
        if (channels is not { Count: > 0 })
        {
            return ControlVerdict.Of(false, "there is no channel: nobody is told of alerts");
        }

        // The newest try counts: what worked once and fails since does not work.
        var newest = channels.Select(channel => (Channel: channel, Test: tests.Where(test => test.Channel == channel && test.At <= now).OrderBy(test => test.At).Select(test => ((DateTimeOffset At, bool Taken)?)(test.At, test.Taken)).LastOrDefault())).ToList();
        return ControlVerdict.Of(
            newest.TrueForAll(one => one.Test is { Taken: true } test && now - test.At <= maxAge),
            [.. newest.Select(one => one.Test is not { } test ? $"{one.Channel}: never tried" : $"{one.Channel}: {(test.Taken ? "took" : "DID NOT TAKE")} a test message at {test.At.UtcDateTime.ToString(Day, CultureInfo.InvariantCulture)}")]);
    }

    /// <summary>Whether no change lies about half done.</summary>
    /// <param name="pending">The changes under way, with when the audit log first heard of each; null when it never did.</param>
    /// <param name="maxAge">How long one may be under way.</param>
    /// <param name="now">The time.</param>
    public static ControlVerdict PendingChanges(IReadOnlyList<(PendingChange Change, DateTimeOffset? Since)> pending, TimeSpan maxAge, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(pending);
        if (pending.Count == 0)
        {
            return ControlVerdict.Of(true, "no change is under way");
        }

        var bad = pending.Where(one => one.Change.State is null || now - one.Since > maxAge).ToList();
        var dark = pending.Any(one => one.Since is null && one.Change.State is not null);
        return new ControlVerdict(
            bad.Count > 0 ? ControlState.DoesNotHold : dark ? ControlState.Unknown : ControlState.Holds,
            [.. pending.Select(one => $"{one.Change.Id} ({one.Change.State?.Name ?? "damaged"}): {(one.Since is { } since ? string.Create(CultureInfo.InvariantCulture, $"under way for {(now - since).TotalDays:0} days; {maxAge.TotalDays:0} allowed") : "since when is unknown: the audit log does not know it")}; next: {one.Change.Next}")]);
    }

    /// <summary>Whether the audit log is whole. That there is none may mean that it was removed.</summary>
    /// <param name="report">What verifying it came to.</param>
    public static ControlVerdict EvidenceLog(AuditReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (report.Logs.Count == 0 && report.Findings.Count == 0)
        {
            return ControlVerdict.Unknown("there is no log: nothing was recorded, or it was removed");
        }

        List<string> said = [.. report.Logs.Select(log => $"{log.Log.Origin}: {(log.Findings.Count == 0 ? "verified" : string.Create(CultureInfo.InvariantCulture, $"{log.Findings.Count} findings"))}"), string.Create(CultureInfo.InvariantCulture, $"{report.Files} files are as the log says")];
        said.AddRange(report.Logs.SelectMany(log => log.Findings).Concat(report.Findings).Select(finding => $"{finding.Message} [{finding.Code}]"));
        return new ControlVerdict(ControlAnswer.StateOf((int)report.Exit), said);
    }

    /// <summary>Whether there are enough RPCs, each named once.</summary>
    /// <param name="endpoints">Their names, without secrets.</param>
    /// <param name="minEndpoints">How many are wanted.</param>
    public static ControlVerdict RpcEndpoints(IReadOnlyList<string> endpoints, int minEndpoints)
    {
        var different = endpoints.Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        return ControlVerdict.Of(different.Count >= minEndpoints, string.Create(CultureInfo.InvariantCulture, $"{different.Count} different RPCs ({string.Join(", ", different)}); {minEndpoints} wanted"));
    }

    private static string Names(IReadOnlyCollection<Operator> people) => people.Count == 0 ? "nobody" : string.Join(", ", people.Select(person => person.Name));
}
