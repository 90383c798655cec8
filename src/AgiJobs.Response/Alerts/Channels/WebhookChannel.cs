using System.Net;
using System.Text.Json;
using AgiJobs.Control.Feed;
using AgiJobs.Control.OnCall;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Alerts.Channels;

/// <summary>A webhook that is signed by the header of <see cref="FeedSignature"/>, its identity in <c>Idempotency-Key</c>. Any status of 200 to 299 is receipt, 410 (gone) is final, whatever else is tried again.</summary>
public sealed class WebhookChannel(AlertChannel channel, TimeProvider time) : HttpChannel(channel, time)
{
    /// <inheritdoc/>
    public override string Kind => "webhook";

    /// <inheritdoc/>
    public override Task<ChannelAnswer> SendAsync(Notice notice, string key, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(notice);
        var body = Json(writer => Write(writer, notice, key));
        return PostAsync(
            () => Entry.Url!.Resolve(),
            body,
            () => [(FeedSignature.Header, FeedSignature.Of(Entry.Key!.Reveal(), Time.GetUtcNow(), body)), ("Idempotency-Key", key)],
            (status, _) => status is >= 200 and <= 299 ? SendOutcome.Delivered : status is (int)HttpStatusCode.Gone ? SendOutcome.Never : SendOutcome.Again,
            cancellation);
    }

    /// <summary>The message as receivers and logs have it.</summary>
    internal static void Write(Utf8JsonWriter writer, Notice notice, string key)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "response.alert");
        writer.WriteNumber("version", 1);
        writer.WriteString("id", key);
        writer.WriteString("kind", notice.Kind.ToString().ToLowerInvariant());
        writer.WriteString("page", notice.Page);
        writer.WriteString("network", notice.Network);
        writer.WriteNumber("chainId", notice.ChainId);
        writer.WriteString("severity", notice.Severity.Name());
        writer.WriteString("title", notice.Title);
        writer.WriteString("why", notice.Why);
        writer.WriteStartArray("people");
        foreach (var person in notice.People)
        {
            writer.WriteStringValue(person);
        }

        writer.WriteEndArray();
        writer.WriteNumber("alerts", notice.Count);
        writer.WriteNumber("firing", notice.Firing);
        writer.WriteBoolean("storm", notice.IsStorm);
        writer.WriteStartArray("list");
        foreach (var alert in notice.Alerts)
        {
            writer.WriteStartObject();
            writer.WriteString("id", alert.Id);
            writer.WriteString("rule", alert.Rule);
            writer.WriteString("severity", alert.Severity.Name());
            writer.WriteString("title", alert.Title);
            writer.WriteString("subject", alert.Subject);
            writer.WriteString("state", alert.State.ToString().ToLowerInvariant());
            writer.WriteString("transaction", alert.Transaction);
            if (alert.Block is { } block)
            {
                writer.WriteNumber("block", block);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteString("since", Iso(notice.Since));
        writer.WriteString("timestamp", Iso(notice.At));
        writer.WriteEndObject();
    }
}
