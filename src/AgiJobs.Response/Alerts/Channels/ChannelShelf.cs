using AgiJobs.Control.OnCall;

namespace AgiJobs.Response.Alerts.Channels;

/// <summary>Makes channels of their entries.</summary>
public static class ChannelShelf
{
    /// <summary>The channels of a file, in its order. Secrets are looked up when something is sent.</summary>
    /// <param name="file">The file, checked.</param>
    /// <param name="root">The workspace's folder.</param>
    /// <param name="time">The clock.</param>
    public static IReadOnlyList<IAlertChannel> Open(OnCallFile file, string root, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(file);
        return [.. file.Channels.Select(channel => (IAlertChannel)(channel.Kind switch
        {
            ChannelKind.Pagerduty => new PagerDutyChannel(channel, time),
            ChannelKind.Slack => new SlackChannel(channel, time),
            ChannelKind.Webhook => new WebhookChannel(channel, time),
            ChannelKind.Email => new EmailChannel(channel, time),
            ChannelKind.Alertmanager => new AlertmanagerChannel(channel, time),
            _ => new LogChannel(channel, root),
        }))];
    }
}
