using AgiJobs.Control.OnCall;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Alerts.Channels;

/// <summary>
/// PagerDuty Events API v2. What is triggered by the dedup_key of an incident that somebody there has acknowledged is only added to it and pages nobody; therefore each time that people are told of a page, because it has become worse,
/// by a further step or again, is an incident of its own, by the message's key, and resolves the one before. A repetition of a message changes nothing there. SEV-0 is critical, SEV-1 error, SEV-2 warning, SEV-3 info. 202 is receipt;
/// 429 and 5xx are tried again; any other status says that the event or the key is wrong. A test is triggered and resolved at once.
/// </summary>
public sealed class PagerDutyChannel(AlertChannel channel, TimeProvider time) : HttpChannel(channel, time)
{
    // Theirs is 255 with the prefix.
    private const int LongestKey = 240;

    private static readonly Uri Default = new("https://events.pagerduty.com/v2/enqueue");

    /// <inheritdoc/>
    public override string Kind => "pagerduty";

    /// <inheritdoc/>
    public override string To => Entry.Url is null ? Default.ToString() : base.To;

    /// <inheritdoc/>
    public override async Task<ChannelAnswer> SendAsync(Notice notice, string key, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(notice);
        if (notice.Kind is NoticeKind.Acknowledge)
        {
            return await EnqueueAsync(notice, notice.Standing ?? key, "acknowledge", cancellation).ConfigureAwait(false);
        }

        var answer = notice.Kind is NoticeKind.Resolve ? null : await EnqueueAsync(notice, key, "trigger", cancellation).ConfigureAwait(false);
        if (answer is { Outcome: not SendOutcome.Delivered })
        {
            return answer;
        }

        string[] over = [.. notice.Unsure, .. notice.Kind is NoticeKind.Test ? (string[])[key] : notice.Standing is { } standing ? [standing] : []];
        foreach (var one in over)
        {
            var ended = await EnqueueAsync(notice, one, "resolve", cancellation).ConfigureAwait(false);
            if (ended.Outcome == SendOutcome.Again)
            {
                return ended;
            }

            // People were told: an end of what was before, that is never taken, is no reason to tell them nothing more.
            answer ??= ended;
        }

        return answer ?? new ChannelAnswer(SendOutcome.Delivered, "nothing is open there");
    }

    private Task<ChannelAnswer> EnqueueAsync(Notice notice, string key, string action, CancellationToken cancellation)
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
            writer.WriteString("dedup_key", $"agijobs-{(key.Length <= LongestKey ? key : AlertPlaces.Hash(key))}");
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
