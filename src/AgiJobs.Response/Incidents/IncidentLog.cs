using System.Text;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Incidents;

/// <summary><c>reports/incident-log.md</c>: every incident with the decisions about its severity, written anew from the streams. What stands there of other networks stays.</summary>
public static class IncidentLog
{
    private const string Head = "# Incident log\n\nWritten by `agijobs incident` from signed records; what is changed here by hand is lost at the next writing. Times are UTC.\n";

    /// <summary>The path.</summary>
    public static string PathOf(Workspace workspace)
    {
        ArgumentNullException.ThrowIfNull(workspace);
        return workspace.Locate("reports", "incident-log.md");
    }

    /// <summary>Writes a network's part.</summary>
    /// <exception cref="ControlException"><c>file-write</c>: the records themselves are in the store.</exception>
    public static void Write(Workspace workspace, string network, string chain, IReadOnlyList<IncidentState> incidents)
    {
        var path = PathOf(workspace);
        var others = File.Exists(path) ? Parts(File.ReadAllText(path)) : new SortedDictionary<string, string>(StringComparer.Ordinal);
        others[network] = Part(network, chain, incidents);
        AtomicFile.Write(path, Encoding.UTF8.GetBytes(Head + string.Concat(others.Values)));
    }

    /// <summary>A network's part: the same for the same streams.</summary>
    public static string Part(string network, string chain, IReadOnlyList<IncidentState> incidents)
    {
        ArgumentNullException.ThrowIfNull(incidents);
        var text = new StringBuilder($"\n<!-- network {network} -->\n## Network {Plain.Markdown(network)}, chain {chain}\n\n| incident | severity | phase | opened | by | what | resolved | closed |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n");
        var ordered = incidents.OrderBy(state => state.Opened.At).ThenBy(state => state.Id, StringComparer.Ordinal).ToList();
        foreach (var state in ordered)
        {
            text.Append($"| {state.Id} | {state.Severity.Name()} | {state.Phase.ToString().ToLowerInvariant()} | {Time(state.Opened.At)} | {Plain.Markdown(state.Opened.By)} | {Plain.Markdown(state.Title)} | {(state.ResolvedAt is { } resolved ? Time(resolved) : "")} | {(state.Closed is { } closed ? Time(closed.At) : "")} |\n");
        }

        text.Append("\n### Decisions about severity\n\n| time | incident | severity | who | duty | why |\n| --- | --- | --- | --- | --- | --- |\n");
        foreach (var (state, decision) in ordered.SelectMany(state => state.Severities.Select(decision => (State: state, Decision: decision))).OrderBy(entry => entry.Decision.Hand.At).ThenBy(entry => entry.State.Id, StringComparer.Ordinal))
        {
            text.Append($"| {Time(decision.Hand.At)} | {state.Id} | {decision.Severity.Name()} | {Plain.Markdown(decision.Hand.By)} {decision.Hand.Signer} | {decision.Hand.Duty.Name()} | {Plain.Markdown(decision.Reason)} |\n");
        }

        return text.ToString();
    }

    private static SortedDictionary<string, string> Parts(string text)
    {
        const string Mark = "\n<!-- network ";
        var parts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var at = text.IndexOf(Mark, StringComparison.Ordinal); at >= 0;)
        {
            var next = text.IndexOf(Mark, at + 1, StringComparison.Ordinal);
            var name = text[(at + Mark.Length)..].Split(" -->", 2)[0];
            parts[name] = next < 0 ? text[at..] : text[at..next];
            at = next;
        }

        return parts;
    }

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture);
}
