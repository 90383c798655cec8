using AgiJobs.Control.OnCall;

namespace AgiJobs.Response.Alerts.Channels;

/// <summary>
/// A Slack incoming webhook. 200 with the body <c>ok</c> is receipt; 429 (by its Retry-After) and 5xx are tried again; anything else, such as 410 (the channel is archived) or 404 (no such webhook), is final. Slack does not tell
/// repetitions: what was received while the answer was lost stands there twice.
/// </summary>
public sealed class SlackChannel(AlertChannel channel, TimeProvider time) : HttpChannel(channel, time)
{
    private const int LongestSection = 2900;

    /// <inheritdoc/>
    public override string Kind => "slack";

    /// <inheritdoc/>
    public override Task<ChannelAnswer> SendAsync(Notice notice, string key, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(notice);
        var body = Json(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("text", Escape(Cut(notice.Headline(), LongestSection)));
            writer.WriteStartArray("blocks");
            writer.WriteStartObject();
            writer.WriteString("type", "section");
            writer.WriteStartObject("text");
            writer.WriteString("type", "mrkdwn");
            // Cut before it is escaped: an escape may not be cut.
            var text = Cut(string.Join('\n', notice.Lines()), LongestSection);
            writer.WriteString("text", Escape(text) is { Length: <= 3000 } whole ? whole : Escape(Cut(text, LongestSection / 6)));
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
        });
        return PostAsync(() => Entry.Url!.Resolve(), body, () => [], (status, text) => status == 200 ? text is "ok" ? SendOutcome.Delivered : SendOutcome.Never : status is >= 200 and <= 299 ? SendOutcome.Never : Usual(status), cancellation);
    }

    // So that no text of a chain mentions people or makes links.
    private static string Escape(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);
}
