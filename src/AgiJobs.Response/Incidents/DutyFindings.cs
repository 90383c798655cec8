using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Incidents;

/// <summary>Overdue duties as findings, so that they alert like anything else. The same duty overdue has the same <see cref="Finding.Id"/> whoever looks and whenever.</summary>
public static class DutyFindings
{
    /// <summary>The rule of overdue duties of incidents.</summary>
    public const string Rule = "incident-duty-overdue";

    /// <summary>The rule of overdue duties of the calendar.</summary>
    public const string CalendarRule = "duty-overdue";

    /// <summary>What is overdue, and what was and has been settled since.</summary>
    /// <param name="network">The network's name in the workspace.</param>
    /// <param name="clocks">The clocks.</param>
    /// <param name="now">The time.</param>
    /// <param name="source">Who looks, such as <c>monitor NAME</c>.</param>
    public static IReadOnlyList<Finding> Of(string network, IEnumerable<DutyClock> clocks, DateTimeOffset now, string source)
    {
        ArgumentNullException.ThrowIfNull(clocks);
        var findings = new List<Finding>();
        foreach (var clock in clocks.Where(clock => clock.IsLate(now)))
        {
            var fingerprint = $"{Rule}/{network}/{clock.Incident}/{clock.Name}";
            var firing = new Finding
            {
                Id = FormattableString.Invariant($"{fingerprint}/{clock.Due.ToUnixTimeMilliseconds()}"),
                Fingerprint = fingerprint,
                Kind = FindingKind.Firing,
                Rule = Rule,
                Source = source,
                Network = network,
                Severity = clock.Severity,
                Title = $"{clock.Incident}: {clock.What} was due at {clock.Due.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC",
                Subject = clock.Incident,
                Facts = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["command"] = clock.Command, ["due"] = $"{clock.Due.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC", ["duty"] = clock.Name },
            };
            findings.Add(firing);
            if (clock.SettledAt is { } settled)
            {
                findings.Add(firing with { Id = firing.Id + "/settled", Kind = FindingKind.Resolved, Title = $"{clock.Incident}: {clock.Name} was settled at {settled.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, {DutyClock.Words(settled - clock.Due)} late" });
            }
        }

        return findings;
    }
}
