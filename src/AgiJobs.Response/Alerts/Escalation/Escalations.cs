namespace AgiJobs.Response.Alerts.Escalation;

/// <summary>What is due of a page.</summary>
/// <param name="Steps">How many steps are told from then on.</param>
/// <param name="Calls">Who is told now.</param>
/// <param name="Why">Why, in words.</param>
public sealed record DueCalls(int Steps, IReadOnlyList<Call> Calls, string Why);

/// <summary>What is due: a function of the page, the plan and the time, and of nothing else.</summary>
public static class Escalations
{
    /// <summary>
    /// Who is to be told of a page now; null when nobody is. While nobody has acknowledged, each step is told when its time has come, several that are due at once as one; when all were told, they are told again after the severity's
    /// time. What was acknowledged is told again to those of the first step. A page about a channel that fails goes by all other channels.
    /// </summary>
    public static DueCalls? Of(AlertPage page, OnCallPlan plan, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(page);
        ArgumentNullException.ThrowIfNull(plan);
        if (page.IsSilenced || page.Closed is not null)
        {
            return null;
        }

        var severity = plan.Of(page.Severity);
        var isAgainDue = AgainAt(page, severity) is { } again && now >= again;
        if (IsChannel(page))
        {
            return page.ToldAt is not null && !isAgainDue ? null
                : new DueCalls(1, [.. plan.File.Channels.Where(channel => !string.Equals(channel.Name, page.Subject, StringComparison.Ordinal)).Select(channel => new Call(channel.Name, []))], "a channel fails, so every other one is told");
        }

        if (page.Acknowledged is not null)
        {
            return isAgainDue ? new DueCalls(page.Steps, plan.Audience([severity.Steps[0].Step], now), "it was acknowledged and goes on") : null;
        }

        var due = severity.Steps.Count(step => page.EscalatesFrom + step.After <= now);
        return due > page.Steps
            ? new DueCalls(due, plan.Audience(severity.Steps.Skip(page.Steps).Take(due - page.Steps).Select(step => step.Step), now), page.Steps == 0 ? "it fires" : $"nobody has acknowledged it: step {due} of {severity.Steps.Count}")
            : due == severity.Steps.Count && isAgainDue ? new DueCalls(due, plan.Audience(severity.Steps.Select(step => step.Step), now), "it goes on and nobody has acknowledged it")
            : null;
    }

    /// <summary>When something is next due of a page, as it stands: from then on <see cref="Of"/> says so. Null when nothing is due ever.</summary>
    public static DateTimeOffset? NextOf(AlertPage page, OnCallPlan plan)
    {
        ArgumentNullException.ThrowIfNull(page);
        ArgumentNullException.ThrowIfNull(plan);
        if (page.IsSilenced || page.Closed is not null)
        {
            return null;
        }

        var severity = plan.Of(page.Severity);
        return IsChannel(page) && page.ToldAt is null ? page.OpenedAt
            : !IsChannel(page) && page.Acknowledged is null && page.Steps < severity.Steps.Count ? page.EscalatesFrom + severity.Steps[page.Steps].After
            : AgainAt(page, severity);
    }

    private static bool IsChannel(AlertPage page) => string.Equals(page.Rule, AlertRules.ChannelFailing, StringComparison.Ordinal);

    // Whoever acknowledges has heard of it just then, also when nobody was told before, because it was silenced or its first step is a later one.
    private static DateTimeOffset? AgainAt(AlertPage page, SeverityPlan severity) => (page.Acknowledged is { } seen && !(page.ToldAt > seen.At) ? seen.At : page.ToldAt) + severity.Renotify;
}
