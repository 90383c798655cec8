using AgiJobs.Control.OnCall;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Alerts.Channels;

/// <summary>
/// PagerDuty Events API v2. A page is one incident by its dedup_key; a repetition changes nothing there. SEV-0 is critical, SEV-1 error, SEV-2 warning, SEV-3 info. 202 is receipt; 429 and 5xx are tried again; any other
/// status says that the event or the key is wrong. A test is triggered and resolved at once.
/// </summary>
public sealed class PagerDutyChannel(AlertChannel channel, TimeProvider time) : HttpChannel(channel, time)
{
    private static readonly Uri Default = new("https://events.pagerduty.com/v2/enqueue");

    /// <inheritdoc/>
    public override string Kind => "pagerduty";

    /// <inheritdoc/>
    public override string To => Entry.Url is null ? Default.ToString() : base.To;

    /// <inheritdoc/>
    public override async Task<ChannelAnswer> SendAsync(Notice notice, string key, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(notice);
        var answer = await EnqueueAsync(notice, notice.Kind switch { NoticeKind.Acknowledge => "acknowledge", NoticeKind.Resolve => "resolve", _ => "trigger" }, cancellation).ConfigureAwait(false);
        return notice.Kind is NoticeKind.Test && answer.Outcome == SendOutcome.Delivered ? await EnqueueAsync(notice, "resolve", cancellation).ConfigureAwait(false) : answer;
    }

    private Task<ChannelAnswer> EnqueueAsync(Notice notice, string action, CancellationToken cancellation)
    {
        string routing;
        try
        {
            routing = Entry.Key!.Reveal();
        }
        catch (Control.ControlException problem)
        {
            return Task.FromResult(new ChannelAnswer(SendOutcome.Again, problem.Message));
        }

        var body = Json(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("routing_key", routing);
            writer.WriteString("event_action", action);
            writer.WriteString("dedup_key", $"agijobs-{notice.Network}-{notice.Page}");
            if (action is "trigger")
            {
                writer.WriteString("client", "AGI Jobs Owner Control");
                writer.WriteStartObject("payload");
                writer.WriteString("summary", Cut(notice.Headline(), 1024));
                writer.WriteString("source", $"agijobs {notice.Network}, chain {notice.ChainId}");
                writer.WriteString("severity", notice.Severity switch { Severity.Sev0 => "critical", Severity.Sev1 => "error", Severity.Sev2 => "warning", _ => "info" });
                writer.WriteString("timestamp", Iso(notice.Since));
                writer.WriteString("component", Cut(notice.Alerts is [var first, ..] && first.Subject.Length > 0 ? first.Subject : notice.Network, 255));
                writer.WriteString("group", notice.Network);
                writer.WriteString("class", notice.Alerts is [var one, ..] ? one.Rule : notice.Kind.ToString().ToLowerInvariant());
                writer.WriteStartObject("custom_details");
                writer.WriteString("why", notice.Why);
                writer.WriteNumber("alerts", notice.Count);
                writer.WriteNumber("firing", notice.Firing);
                writer.WriteBoolean("storm", notice.IsStorm);
                writer.WriteStartArray("list");
                foreach (var line in notice.Lines().Skip(1))
                {
                    writer.WriteStringValue(Cut(line, 1000));
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        });
        return PostAsync(() => Entry.Url?.Resolve() ?? Default, body, () => [], (status, _) => status == 202 ? SendOutcome.Delivered : status is >= 200 and <= 299 ? SendOutcome.Again : Usual(status), cancellation);
    }
}
