using AgiJobs.Response.Incidents;

namespace AgiJobs.Response.Alerts;

/// <summary>Rules of the alerting itself, and those that nobody may miss.</summary>
public static class AlertRules
{
    /// <summary>A channel has given a message up; the subject is the channel. Told by all others.</summary>
    public const string ChannelFailing = "channel-failing";

    /// <summary>A monitor was not heard of for too long; the subject is the monitor.</summary>
    public const string MonitorSilent = "monitor-silent";

    /// <summary>What cannot be silenced, in words.</summary>
    public const string NeverSilencedWords = "channel-failing, monitor-silent, incident-duty-overdue, breaker and breaker-*";

    /// <summary>Whether alerts of a rule are told each by itself, because who is told, or what is wrong, differs from one to the next.</summary>
    public static bool IsAlone(string rule) => rule is ChannelFailing or MonitorSilent;

    /// <summary>Whether no silence covers alerts of a rule: they say that somebody is not told, that nobody watches, that what is due in an incident is not done, or that a breaker has fired or would not.</summary>
    public static bool IsNeverSilenced(string rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        return IsAlone(rule) || rule is DutyFindings.Rule or "breaker" || rule.StartsWith("breaker-", StringComparison.Ordinal);
    }
}
