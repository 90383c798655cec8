using System.Globalization;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Incidents;

/// <summary>A duty of an incident with a time to it.</summary>
/// <param name="Incident">The incident.</param>
/// <param name="Name">Which: <c>update</c>, <c>disclosure</c>, <c>review</c>, <c>follow-up F1</c>.</param>
/// <param name="Since">From when on it runs.</param>
/// <param name="Due">When it must be settled.</param>
/// <param name="SettledAt">When it was; null while it runs.</param>
/// <param name="Severity">How bad it is to be late.</param>
/// <param name="What">In words.</param>
/// <param name="Command">What settles it.</param>
public sealed record DutyClock(string Incident, string Name, DateTimeOffset Since, DateTimeOffset Due, DateTimeOffset? SettledAt, Severity Severity, string What, string Command)
{
    /// <summary>True when it was settled.</summary>
    public bool IsSettled => SettledAt is not null;

    /// <summary>True when it was due before it was settled.</summary>
    public bool IsLate(DateTimeOffset now) => (SettledAt ?? now) > Due;

    /// <summary>True when it is due and nobody has settled it.</summary>
    public bool IsOverdue(DateTimeOffset now) => SettledAt is null && now > Due;

    /// <summary>The time left, below zero when it is overdue.</summary>
    public TimeSpan Remaining(DateTimeOffset now) => Due - now;

    /// <summary>In one line: what is due, and how late it is.</summary>
    public string Line(DateTimeOffset now) => SettledAt is { } settled
        ? $"{Name}: {(settled > Due ? $"settled {Words(settled - Due)} late" : "settled in time")}, {settled.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC"
        : now > Due ? $"OVERDUE by {Words(now - Due)}: {What} ({Incident})"
        : $"due in {Words(Due - now)}: {What} ({Incident})";

    /// <summary>A time in words, to the second below an hour, to the minute above.</summary>
    public static string Words(TimeSpan time)
    {
        var total = time.Duration();
        return total < TimeSpan.FromHours(1) ? string.Create(CultureInfo.InvariantCulture, $"{(int)total.TotalMinutes} min {total.Seconds:00} s")
            : total < TimeSpan.FromDays(2) ? string.Create(CultureInfo.InvariantCulture, $"{(int)total.TotalHours} h {total.Minutes:00} min")
            : string.Create(CultureInfo.InvariantCulture, $"{(int)total.TotalDays} days {total.Hours} h");
    }
}

/// <summary>The clocks of an incident: pure in the incident, the settings and the time.</summary>
public static class DutyClocks
{
    /// <summary>Every clock that runs or ran, settled ones included, by due time.</summary>
    /// <param name="state">The incident.</param>
    /// <param name="settings">How long duties may take.</param>
    /// <param name="now">The time, by the clock of the store.</param>
    public static IReadOnlyList<DutyClock> Of(IncidentState state, IncidentsFile settings, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(settings);
        return [.. Updates(state, settings, now).Concat(Disclosure(state, settings)).Concat(Review(state, settings)).Concat(FollowUps(state)).OrderBy(clock => clock.Due).ThenBy(clock => clock.Name, StringComparer.Ordinal)];
    }

    /// <summary>Those that wait to be settled, the most urgent first.</summary>
    public static IReadOnlyList<DutyClock> Running(IncidentState state, IncidentsFile settings, DateTimeOffset now) => [.. Of(state, settings, now).Where(clock => !clock.IsSettled)];

    /// <summary>Those that were or are late.</summary>
    public static IReadOnlyList<DutyClock> Late(IncidentState state, IncidentsFile settings, DateTimeOffset now) => [.. Of(state, settings, now).Where(clock => clock.IsLate(now))];

    // A clock runs from each update, or from the moment at which it became so bad, to the next update, to the end, or to the moment at which it is less bad.
    private static IEnumerable<DutyClock> Updates(IncidentState state, IncidentsFile settings, DateTimeOffset now)
    {
        var pace = TimeSpan.FromMinutes(settings.UpdateMinutes!.Value);
        var end = state.ResolvedAt ?? state.Closed?.At;
        var moments = state.Severities.Select(decision => (decision.Hand.At, Bad: (bool?)(decision.Severity <= Severity.Sev1)))
            .Concat(state.Updates.Select(update => update.OutAt).OfType<DateTimeOffset>().Select(at => (At: at, Bad: (bool?)null)))
            .Where(moment => end is null || moment.At <= end)
            .OrderBy(moment => moment.At).ToList();
        DateTimeOffset? since = null;
        foreach (var (at, bad) in moments)
        {
            if (since is { } from && (bad is null || bad is false))
            {
                yield return Clock(from, at);
                since = null;
                if (bad is false)
                {
                    continue;
                }

                since = at;
            }
            else if (bad is true)
            {
                since ??= at;
            }
        }

        if (since is { } last)
        {
            yield return Clock(last, end);
        }

        DutyClock Clock(DateTimeOffset from, DateTimeOffset? settled) => new(
            state.Id, "update", from, from + pace, settled, Severity.Sev1,
            $"an update every {settings.UpdateMinutes} minutes while it is SEV-0 or SEV-1", $"agijobs incident update {state.Id} \"TEXT\" --signer NAME");
    }

    // It runs from the first word of a compromise, also when that was taken back and said again: the public waits since then. What took it back settles it.
    private static IEnumerable<DutyClock> Disclosure(IncidentState state, IncidentsFile settings)
    {
        var disclosed = state.Updates.Where(update => update is { IsPublic: true, IsDisclosure: true }).Select(update => update.OutAt).OfType<DateTimeOffset>().Cast<DateTimeOffset?>().Min();
        DateTimeOffset? first = null;
        foreach (var (index, decision) in state.Categories.Index().Where(entry => entry.Item.Category == IncidentCategories.KeyCompromise))
        {
            first ??= decision.Hand.At;
            var takenBack = index + 1 < state.Categories.Count ? state.Categories[index + 1].Hand.At : (DateTimeOffset?)null;
            yield return new DutyClock(
                state.Id, "disclosure", decision.Hand.At, first.Value + TimeSpan.FromMinutes(settings.DisclosureMinutes!.Value), disclosed < takenBack || takenBack is null ? disclosed : takenBack, Severity.Sev0, $"the public disclosure of the compromised key within {settings.DisclosureMinutes} minutes", $"agijobs incident update {state.Id} --public --disclosure --template key-compromise --signer NAME");
        }
    }

    private static IEnumerable<DutyClock> Review(IncidentState state, IncidentsFile settings)
    {
        if (state.ResolvedAt is { } resolved)
        {
            yield return new DutyClock(
                state.Id, "review", resolved, resolved + TimeSpan.FromHours(settings.ReviewHours!.Value), state.Review?.Completed?.At,
                Severity.Sev2, $"the review within {settings.ReviewHours} hours of the resolution", $"agijobs incident review {state.Id}{(state.Review is null ? " --owner NAME --signer NAME" : " --complete --signer NAME")}");
        }
    }

    private static IEnumerable<DutyClock> FollowUps(IncidentState state) => state.FollowUps.Select(followUp => new DutyClock(
        state.Id, $"follow-up {followUp.Id}", followUp.Hand.At, new DateTimeOffset(followUp.Due.AddDays(1).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero), followUp.Done?.At,
        Severity.Sev3, $"{followUp.Owner}: {Plain.Line(followUp.Text)}, by {followUp.Due:yyyy-MM-dd}", $"agijobs incident follow-up done {state.Id} {followUp.Id} \"OUTCOME\" --signer NAME"));
}
