using System.Security.Cryptography;
using System.Text;
using AgiJobs.Response.Alerts;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Incidents;

/// <summary>Overdue duties as findings, so that they alert like anything else. The same duty overdue has the same <see cref="Finding.Id"/> whoever looks and whenever.</summary>
public static class DutyFindings
{
    /// <summary>Who finds overdue duties and steps of people.</summary>
    public const string Source = "duty clocks";

    /// <summary>The rule of overdue duties of incidents.</summary>
    public const string Rule = "incident-duty-overdue";

    /// <summary>The rule of overdue duties of the calendar.</summary>
    public const string CalendarRule = "duty-overdue";

    /// <summary>The rule of records that cannot be read.</summary>
    public const string DamagedRule = "incident-record-damaged";

    /// <summary>A record that is not what people signed, so that its duties are unknown.</summary>
    /// <param name="network">The network's name in the workspace.</param>
    /// <param name="record">Which: an incident's name, or <c>duties</c>.</param>
    /// <param name="why">Why.</param>
    /// <param name="source">Who looks.</param>
    public static Finding Damaged(string network, string record, string why, string source) => new()
    {
        Id = $"{DamagedRule}/{network}/{record}/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(why)))[..16]}",
        Fingerprint = $"{DamagedRule}/{network}/{record}",
        Kind = FindingKind.Firing,
        Rule = DamagedRule,
        Source = source,
        Network = network,
        Severity = Severity.Sev1,
        Title = $"The record {record} is damaged, so that what is due in it is unknown: {why}",
        Subject = record,
    };

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
                Id = FormattableString.Invariant($"{fingerprint}/{clock.Since.ToUnixTimeMilliseconds()}/{clock.Due.ToUnixTimeMilliseconds()}"),
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
            if (clock.SettledAt is not { } settled)
            {
                // It goes on: an alert of it that a person closed fires again.
                findings.Add(firing with { Condition = firing.Id });
            }
            else if (now - settled <= AlertSweep.Kept / 2)
            {
                // What was settled longer ago may not be remembered any more, and would count anew.
                findings.Add(firing);
                findings.Add(firing with { Id = firing.Id + "/settled", Kind = FindingKind.Resolved, Title = $"{clock.Incident}: {clock.Name} was settled at {settled.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, {DutyClock.Words(settled - clock.Due)} late" });
            }
        }

        return findings;
    }
}
