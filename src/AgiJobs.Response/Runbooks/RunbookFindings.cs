using AgiJobs.Response.Alerts;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Incidents;

namespace AgiJobs.Response.Runbooks;

/// <summary>Overdue steps of runbooks as findings, so that they alert like anything else. The same step overdue has the same <see cref="Finding.Id"/> whoever looks and whenever.</summary>
public static class RunbookFindings
{
    /// <summary>The rule of overdue steps.</summary>
    public const string Rule = "runbook-step-overdue";

    /// <summary>What is overdue, and what was and is no more: settled, given up, or not due any more because the severity was lowered.</summary>
    /// <param name="network">The network's name in the workspace.</param>
    /// <param name="runs">The runs.</param>
    /// <param name="now">The time.</param>
    public static IReadOnlyList<Finding> Of(string network, IEnumerable<RunbookRun> runs, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(runs);
        var findings = new List<Finding>();
        foreach (var run in runs)
        {
            var late = run.Late;
            foreach (var step in run.Steps)
            {
                if (run.DueAt(step.Step) is not { } due)
                {
                    continue;
                }

                var fingerprint = $"{Rule}/{network}/{run.Id}/{step.Step.Id}";
                var firing = new Finding
                {
                    Id = FormattableString.Invariant($"{fingerprint}/{due.ToUnixTimeMilliseconds()}"),
                    Fingerprint = fingerprint,
                    Kind = FindingKind.Firing,
                    Rule = Rule,
                    Source = DutyFindings.Source,
                    Network = network,
                    // The step is late, whatever it is a step against: that is no loss of funds by itself.
                    Severity = run.Severity == Severity.Sev0 ? Severity.Sev1 : run.Severity,
                    Title = $"{run.Id}: {step.Step.Id} ({step.Step.File.Text}) was due at {due.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC",
                    Subject = run.Id,
                    Facts = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["command"] = $"agijobs runbook show {run.Id}", ["due"] = $"{due.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC", ["incident"] = run.Begun.Incident ?? "none", ["step"] = step.Step.Id },
                };
                if (late.Contains(step))
                {
                    // What was settled so long ago may not be remembered any more, and would count anew.
                    if (now - step.At > AlertSweep.Kept / 2)
                    {
                        continue;
                    }


                    findings.AddRange([firing, firing with { Id = firing.Id + "/settled", Kind = FindingKind.Resolved, Title = $"{run.Id}: {step.Step.Id} was settled at {step.At!.Value.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, {DutyClock.Words(step.At.Value - due)} late" }]);
                }
                else if (run.IsOpen && !step.IsSettled && due < now)
                {
                    findings.Add(firing);
                }
                else if (run.Ended is { } ended && !step.IsSettled && due < now)
                {
                    findings.Add(firing with { Id = firing.Id + "/ended", Kind = FindingKind.Resolved, Title = $"{run.Id} was given up: {ended.Reason}" });
                }
                else if (!string.Equals(run.Begun.Severity, run.Severity.Name(), StringComparison.Ordinal))
                {
                    // It may have been overdue by the deadline of another severity.
                    findings.Add(firing with { Id = firing.Id + "/not-due", Kind = FindingKind.Resolved, Title = $"{run.Id}: {step.Step.Id} is not overdue at {run.Severity.Name()}" });
                }
            }
        }

        return findings;
    }
}
