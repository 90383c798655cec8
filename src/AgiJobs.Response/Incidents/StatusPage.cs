using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Incidents;

/// <summary>What the public reads: <c>reports/status/NETWORK/index.html</c> and <c>status.json</c>. Only updates whose words are approved; no scripts, nothing from elsewhere; every text is text and no markup.</summary>
public static class StatusPage
{
    private const string Style = """
        <style>
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }
        .state { border-left: .4rem solid; padding: .5rem 1rem; } .fine { border-color: #1b7f3b; } .open { border-color: #b3261e; }
        time { color: #555; font-size: .9rem; } h2 { margin-bottom: 0; } li { margin: .5rem 0; overflow-wrap: anywhere; }
        @media (prefers-color-scheme: dark) { body { color: #eee; background: #161616; } time { color: #aaa; } }
        </style>
        """;

    private static readonly TimeSpan Shown = TimeSpan.FromDays(90);

    /// <summary>The folder of a network.</summary>
    public static string FolderOf(Workspace workspace, string network)
    {
        ArgumentNullException.ThrowIfNull(workspace);
        return workspace.Locate("reports", "status", network);
    }

    /// <summary>Writes both files.</summary>
    /// <exception cref="Control.ControlException"><c>file-write</c>.</exception>
    public static void Write(Workspace workspace, string network, string chain, string title, IReadOnlyList<IncidentState> incidents, DateTimeOffset now)
    {
        var folder = FolderOf(workspace, network);
        AtomicFile.Write(Path.Combine(folder, "status.json"), Json(network, chain, incidents, now));
        AtomicFile.Write(Path.Combine(folder, "index.html"), Encoding.UTF8.GetBytes(Html(network, chain, title, incidents, now)));
    }

    /// <summary>The page. An incident without an approved update is not on it.</summary>
    public static string Html(string network, string chain, string title, IReadOnlyList<IncidentState> incidents, DateTimeOffset now)
    {
        var shown = Public(incidents, now);
        var open = shown.Where(entry => entry.State.Phase == IncidentPhase.Open).ToList();
        var text = new StringBuilder($"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
            <meta name="referrer" content="no-referrer">
            <title>{Encode(title)}</title>
            {Style}
            </head>
            <body>
            <h1>{Encode(title)}</h1>
            <p class="state {(open.Count == 0 ? "fine" : "open")}">{(open.Count == 0 ? "No incident is announced." : $"{open.Count.ToString(CultureInfo.InvariantCulture)} incident{(open.Count == 1 ? "" : "s")} announced.")}</p>
            <p>Network {Encode(network)}, chain {Encode(chain)}. Written {Time(now)}; older than an hour, it says nothing about now.</p>

            """.ReplaceLineEndings("\n"));
        foreach (var (state, updates) in shown)
        {
            text.Append($"<section>\n<h2>{state.Severity.Name()}, {(state.Phase == IncidentPhase.Open ? "going on" : "over")}</h2>\n{Time(state.DetectedAt ?? state.Opened.At)}\n<ul>\n");
            foreach (var update in updates)
            {
                text.Append($"<li>{Time(update.OutAt!.Value)} {Encode(update.Text)}</li>\n");
            }

            text.Append("</ul>\n</section>\n");
        }

        return text.Append("</body>\n</html>\n").ToString();
    }

    /// <summary>The same for machines: schema <c>agijobs.status/1</c>.</summary>
    public static byte[] Json(string network, string chain, IReadOnlyList<IncidentState> incidents, DateTimeOffset now)
    {
        var shown = Public(incidents, now);
        using var buffer = new MemoryStream();
        // The strict encoder: what is read into a page must not end it.
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.Default }))
        {
            writer.WriteStartObject();
            writer.WriteString("schema", "agijobs.status/1");
            writer.WriteString("network", network);
            writer.WriteString("chainId", chain);
            writer.WriteString("written", Stamp(now));
            writer.WriteNumber("open", shown.Count(entry => entry.State.Phase == IncidentPhase.Open));
            writer.WriteStartArray("incidents");
            foreach (var (state, updates) in shown)
            {
                writer.WriteStartObject();
                // The name of an incident is made of words that nobody approved.
                writer.WriteString("id", state.Acts[0].Signed.Act.Id());
                writer.WriteString("severity", state.Severity.Name());
                writer.WriteString("phase", state.Phase.ToString().ToLowerInvariant());
                writer.WriteString("since", Stamp(state.DetectedAt ?? state.Opened.At));
                writer.WriteStartArray("updates");
                foreach (var update in updates)
                {
                    writer.WriteStartObject();
                    writer.WriteString("at", Stamp(update.OutAt!.Value));
                    writer.WriteString("text", Plain.Line(update.Text));
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return [.. buffer.ToArray(), (byte)'\n'];
    }

    private static List<(IncidentState State, List<IncidentUpdate> Updates)> Public(IReadOnlyList<IncidentState> incidents, DateTimeOffset now) =>
        [.. incidents.Select(state => (State: state, Updates: state.Updates.Where(update => update is { IsPublic: true, OutAt: not null }).OrderByDescending(update => update.OutAt).ToList()))
            .Where(entry => entry.Updates.Count > 0 && (entry.State.Phase == IncidentPhase.Open || now - entry.Updates[0].OutAt < Shown))
            .OrderBy(entry => entry.State.Phase == IncidentPhase.Open ? 0 : 1).ThenByDescending(entry => entry.Updates[0].OutAt).ThenBy(entry => entry.State.Id, StringComparer.Ordinal)];

    private static string Encode(string text) => WebUtility.HtmlEncode(Plain.Line(text));

    private static string Time(DateTimeOffset at) => $"<time datetime=\"{Stamp(at)}\">{at.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC</time>";

    private static string Stamp(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
