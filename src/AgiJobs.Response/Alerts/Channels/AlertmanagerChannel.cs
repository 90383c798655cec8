using System.Globalization;
using System.Text.Json;
using AgiJobs.Control.OnCall;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Alerts.Channels;

/// <summary>
/// A Prometheus Alertmanager by its API v2. A page is one alert by its labels, which fires until it is resolved, at most 30 days without being told again; since the severity is a label, a page that has become worse ends the milder
/// one. A heartbeat is an alert <c>AgiJobsAlive</c> that ends by itself. 200 is receipt, 400 says that the alert is wrong.
/// </summary>
public sealed class AlertmanagerChannel(AlertChannel channel, TimeProvider time) : HttpChannel(channel, time)
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);
    private static readonly TimeSpan Short = TimeSpan.FromMinutes(10);

    // It judges what is over by its own clock, which may be behind ours.
    private static readonly TimeSpan Apart = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public override string Kind => "alertmanager";

    /// <inheritdoc/>
    public override Task<ChannelAnswer> SendAsync(Notice notice, string key, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(notice);
        // What is acknowledged fires there as before: it knows no acknowledgement.
        var ends = notice.Kind switch { NoticeKind.Resolve => notice.At - Apart, NoticeKind.Test or NoticeKind.Heartbeat => notice.At + Short, _ => notice.At + Longest };
        var body = Json(writer =>
        {
            writer.WriteStartArray();
            Alert(writer, notice, notice.Severity, ends);
            foreach (var milder in Enum.GetValues<Severity>().Where(severity => severity > notice.Severity && notice.Kind is not (NoticeKind.Test or NoticeKind.Heartbeat)))
            {
                Alert(writer, notice, milder, notice.At - Apart);
            }

            writer.WriteEndArray();
        });
        return PostAsync(
            () => new Uri(Entry.Url!.Resolve().ToString().TrimEnd('/') + "/api/v2/alerts"),
            body,
            () => Entry.Token is { } token ? [("Authorization", $"Bearer {token.Reveal()}")] : [],
            (status, _) => Usual(status),
            cancellation);
    }

    private static void Alert(Utf8JsonWriter writer, Notice notice, Severity severity, DateTimeOffset ends)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("labels");
        writer.WriteString("alertname", notice.Kind switch { NoticeKind.Test => "AgiJobsTest", NoticeKind.Heartbeat => "AgiJobsAlive", _ => "AgiJobsAlert" });
        writer.WriteString("severity", severity.Name());
        writer.WriteString("network", notice.Network);
        writer.WriteString("chain_id", notice.ChainId.ToString(CultureInfo.InvariantCulture));
        writer.WriteString("page", notice.Page);
        writer.WriteEndObject();
        writer.WriteStartObject("annotations");
        writer.WriteString("summary", notice.Headline());
        writer.WriteString("description", string.Join('\n', notice.Lines().Skip(1)));
        writer.WriteEndObject();
        writer.WriteString("startsAt", Iso(notice.Since <= ends ? notice.Since : ends));
        writer.WriteString("endsAt", Iso(ends));
        writer.WriteEndObject();
    }
}
