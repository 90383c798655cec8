namespace AgiJobs.Response.Alerts;

/// <summary>Rules of the alerting itself.</summary>
public static class AlertRules
{
    /// <summary>A channel has given a message up; the subject is the channel. Told by all others.</summary>
    public const string ChannelFailing = "channel-failing";

    /// <summary>A monitor was not heard of for too long; the subject is the monitor.</summary>
    public const string MonitorSilent = "monitor-silent";

    /// <summary>Whether alerts of a rule are told each by itself, because who is told, or what is wrong, differs from one to the next.</summary>
    public static bool IsAlone(string rule) => rule is ChannelFailing or MonitorSilent;
}
