using System.Security.Cryptography;
using System.Text;

namespace AgiJobs.Response.Alerts;

/// <summary>Where the alerts of a network are kept, and by which names.</summary>
/// <param name="Network">The network's name.</param>
public sealed record AlertPlaces(string Network)
{
    /// <summary>A document that says nothing but that it is there.</summary>
    internal const string Mark = "{\"version\":1}";

    /// <summary>The collection of alerts by <see cref="IdOf"/> their fingerprint; also what the streams of their transitions begin with.</summary>
    public string Alerts => $"response/{Network}/alerts";

    /// <summary>The names of the alerts that fire, each an empty document.</summary>
    public string Firing => $"response/{Network}/alerts-firing";

    /// <summary>The collection of pages that are open; also what the streams of their transitions begin with.</summary>
    public string Pages => $"response/{Network}/pages";

    /// <summary>The collection of pages that are closed.</summary>
    public string PagesPast => $"response/{Network}/pages-past";

    /// <summary>The collection of findings that were counted, by the SHA-256 of their identity, or of what goes on; see <see cref="AlertSweep.Kept"/>.</summary>
    public string Findings => $"response/{Network}/findings";

    /// <summary>The collection of silences by the act that made them.</summary>
    public string Silences => $"response/{Network}/silences";

    /// <summary>The collection of the proofs of delivery, by the message's key; see <see cref="AlertSweep.Kept"/>.</summary>
    public string Deliveries => $"response/{Network}/deliveries";

    /// <summary>The collection of what came in by webhook and may not come again.</summary>
    public string Incoming => $"response/{Network}/incoming";

    /// <summary>The collection of what came in by webhook, as it came, by the SHA-256 of the body.</summary>
    public string Payloads => $"response/{Network}/incoming-payloads";

    /// <summary>The collection of which payloads an alert is from: keys are <c>ALERT/SHA256</c>.</summary>
    public string PayloadsOf => $"response/{Network}/incoming-payloads-of";

    /// <summary>The collection of the monitors' standings: when one was last written, its monitor was alive.</summary>
    public string Monitors => $"response/{Network}/monitors";

    /// <summary>The collection of the dead-man's switch.</summary>
    public string Heartbeat => $"response/{Network}/heartbeat";

    /// <summary>The outbox of a channel: each has its own, so that none waits for another.</summary>
    public string Outbox(string channel) => $"response/{Network}/alerts/{channel}";

    /// <summary>The stream of an alert's transitions.</summary>
    public string AlertStream(string id) => $"{Alerts}/{id}";

    /// <summary>The stream of a page's transitions.</summary>
    public string PageStream(string id) => $"{Pages}/{id}";

    /// <summary>How people name what has a long name: the first 16 hexadecimal digits of its SHA-256.</summary>
    public static string IdOf(string name) => Hash(name)[..16];

    // By what a finding is remembered.
    internal static string NameOf(Findings.Finding finding) => NameOf(finding.Condition ?? finding.Id);

    // A monitor numbers what it tells again after a retraction (X#2), and names the retraction after it (X#retracted): for the book it is the same finding, whichever monitor counts how.
    internal static string NameOf(string finding)
    {
        var name = finding.EndsWith("#retracted", StringComparison.Ordinal) ? finding[..^"#retracted".Length] : finding;
        var mark = name.LastIndexOf('#');
        return mark > 0 && mark < name.Length - 1 && name.AsSpan(mark + 1).IndexOfAnyExceptInRange('0', '9') < 0 ? name[..mark] : name;
    }

    internal static string Hash(string name) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
}
