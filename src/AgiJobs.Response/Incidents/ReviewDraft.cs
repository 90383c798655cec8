using System.Text;
using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Incidents;

/// <summary>The post-incident review by the playbooks' template: what the record says is filled in and stays the record's; judgement is left to people, in blanks that nobody can close over.</summary>
public static class ReviewDraft
{
    /// <summary>How a blank begins.</summary>
    public const string Blank = "[TO BE WRITTEN:";

    private const string FactsBegin = "<!-- facts: written by agijobs from the record -->\n";
    private const string FactsEnd = "<!-- end of facts -->\n";

    private static readonly (string Heading, string[] Blanks)[] Sections =
    [
        ("1. Summary", ["what happened, in words that somebody who was not there understands"]),
        ("2. Root Cause", ["technical factors", "organizational factors"]),
        ("3. Mitigations", ["which fixes were applied and how it is known that they hold"]),
        ("4. Detection Gaps", ["what monitoring or alerting would have shown it earlier; 'none' with the reason when nothing would"]),
        ("5. Lessons Learned", ["what changes in runbooks, simulations or training"]),
    ];

    /// <summary>Drafts the review, or brings the facts of one up to date and leaves what people wrote.</summary>
    /// <param name="state">The incident; its review has an owner.</param>
    /// <param name="timeline">Its timeline.</param>
    /// <param name="settings">How long duties may take.</param>
    /// <param name="now">The time.</param>
    /// <param name="written">What is on file; null when nothing is.</param>
    /// <exception cref="ControlException"><c>review-owner</c> (exit 4).</exception>
    public static string Write(IncidentState state, Timeline timeline, IncidentsFile settings, DateTimeOffset now, string? written)
    {
        ArgumentNullException.ThrowIfNull(state);
        var review = state.Review ?? throw new ControlException("review-owner", ExitCode.Refused, $"The review of {state.Id} has no owner.", $"agijobs incident review {state.Id} --owner NAME --signer NAME");
        var facts = Facts(state, timeline, settings, now);
        var text = new StringBuilder($"# Post-incident review of {state.Id}\n\nnetwork {Plain.Markdown(state.Network)}, chain {state.ChainId}. Owner: {Plain.Markdown(review.Owner)}.\n");
        foreach (var (index, (heading, blanks)) in Sections.Index())
        {
            text.Append($"\n## {heading}\n\n").Append(FactsBegin).Append(facts[index]).Append(FactsEnd);
            text.Append(written is not null && Judgement(written, index) is { } own ? own : "\n" + string.Concat(blanks.Select(blank => $"{Blank} {blank}]\n")));
        }

        return text.ToString().TrimEnd('\n') + "\n";
    }

    /// <summary>Why a review is not complete; empty when it is.</summary>
    /// <param name="state">The incident.</param>
    /// <param name="text">What is on file.</param>
    /// <param name="expected">What <see cref="Write"/> makes of it: the same, unless facts were changed.</param>
    public static IReadOnlyList<string> Check(IncidentState state, string text, string expected)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(text);
        var problems = new List<string>();
        if (state.ResolvedAt is null)
        {
            problems.Add("the incident has not recovered");
        }

        foreach (var (index, (heading, _)) in Sections.Index())
        {
            if (Judgement(text, index) is not { } own)
            {
                problems.Add($"the section '{heading}' is missing, or its facts are");
            }
            else if (own.Contains(Blank, StringComparison.Ordinal))
            {
                problems.AddRange(own.Split('\n').Where(line => line.Contains(Blank, StringComparison.Ordinal)).Select(line => $"{heading}: {Plain.Line(line.Trim())}"));
            }
            else if (string.IsNullOrWhiteSpace(own))
            {
                problems.Add($"{heading}: nothing is written");
            }
        }

        if (problems.Count == 0 && !string.Equals(text, expected, StringComparison.Ordinal))
        {
            problems.Add($"its facts are not those of the record: run 'agijobs incident review {state.Id}' to bring them up to date, then read it again");
        }

        return problems;
    }

    // What people wrote below the facts of a section, up to the next heading of the template.
    private static string? Judgement(string text, int index)
    {
        var begin = text.IndexOf($"\n## {Sections[index].Heading}\n", StringComparison.Ordinal);
        if (begin < 0)
        {
            return null;
        }

        var end = index + 1 < Sections.Length ? text.IndexOf($"\n## {Sections[index + 1].Heading}\n", begin, StringComparison.Ordinal) : text.Length;
        var facts = text.IndexOf(FactsEnd, begin, StringComparison.Ordinal);
        return end < 0 || facts < 0 || facts > end ? null : text[(facts + FactsEnd.Length)..end];
    }

    private static string[] Facts(IncidentState state, Timeline timeline, IncidentsFile settings, DateTimeOffset now)
    {
        var times = IncidentTimes.Of(state, timeline);
        var late = DutyClocks.Of(state, settings, state.ResolvedAt ?? now).Where(clock => clock.Name is "update" or "disclosure" && clock.IsLate(state.ResolvedAt ?? now)).ToList();
        return
        [
            Lines([
                $"- What: {Plain.Markdown(state.Title)} ({state.Category}), {state.Severity.Name()}",
                $"- Found: {(state.DetectedAt is { } at ? Timeline.Time(at) + " UTC" : "unknown")}{(state.DetectedBlock is { } block ? $", block {block}" : "")}",
                $"- Opened: {Timeline.Time(state.Opened.At)} UTC by {Plain.Markdown(state.Opened.By)}",
                $"- Recovered: {(state.ResolvedAt is { } resolved ? Timeline.Time(resolved) + " UTC" : "not yet")}",
                $"- Time to detect: {IncidentTimes.Words(times.ToDetect)}",
                $"- Time to the commander's first signature: {IncidentTimes.Words(times.ToAcknowledge)}",
                $"- Time to pause: {IncidentTimes.Words(times.ToPause)}{(times.BlocksToPause is { } blocks ? $", {blocks} blocks" : ", blocks unknown")}",
                $"- Time to resolve: {IncidentTimes.Words(times.ToResolve)}",
                .. state.Severities.Select(decision => $"- {Timeline.Time(decision.Hand.At)} UTC: {decision.Severity.Name()} by {Plain.Markdown(decision.Hand.By)}, because {Plain.Markdown(decision.Reason)}"),
                .. state.Roles.Values.OrderBy(role => role.Role).Select(role => $"- {role.Role.Name()}: {Plain.Markdown(role.Person)}"),
            ]),
            Lines([
                $"- Alerts: {(state.Alerts.Count == 0 ? "none named" : string.Join(", ", state.Alerts.Select(Plain.Markdown)))}",
                $"- Transactions named: {(state.Transactions.Count == 0 ? "none" : string.Join(", ", state.Transactions))}",
            ]),
            Lines([
                .. IncidentSteps.All.Select(step => state.Steps.TryGetValue(step, out var mark) ? $"- {step}: {(mark.IsSkipped ? "skipped" : "done")} {Timeline.Time(mark.Hand.At)} UTC by {Plain.Markdown(mark.Hand.By)}{(mark.Text.Length == 0 ? "" : $": {Plain.Markdown(mark.Text)}")}" : $"- {step}: not done"),
                .. timeline.Entries.Where(entry => entry.Text.StartsWith("change.mined", StringComparison.Ordinal)).Select(entry => $"- {Timeline.Time(entry.At)} UTC: {Plain.Markdown(entry.Text)}"),
                .. state.FollowUps.Select(followUp => $"- {followUp.Id}: {Plain.Markdown(followUp.Text)}; owner {Plain.Markdown(followUp.Owner)}, due {followUp.Due:yyyy-MM-dd}{(followUp.Done is null ? "" : ", done")}"),
            ]),
            Lines([
                $"- Time to detect: {IncidentTimes.Words(times.ToDetect)}",
                .. late.Select(clock => $"- late: {clock.What}, due {Timeline.Time(clock.Due)} UTC, {(clock.SettledAt is { } settled ? $"{DutyClock.Words(settled - clock.Due)} late" : "never settled")}"),
                .. timeline.Unknown.Select(gap => $"- unknown: {Plain.Markdown(gap)}"),
            ]),
            Lines([$"- Follow-ups: {state.FollowUps.Count}, of which {state.FollowUps.Count(followUp => followUp.Done is not null)} are done"]),
        ];

        static string Lines(IReadOnlyList<string> lines) => string.Concat(lines.Select(line => line + "\n"));
    }
}
