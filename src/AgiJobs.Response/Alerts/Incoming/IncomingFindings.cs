using System.Globalization;
using System.Text.Json;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Alerts.Incoming;

/// <summary>
/// What others' messages say, as findings: pure functions of the message. Identities are made of what the sender calls it, so that a message that is sent again counts once. Forms: formats of the reference, 9.4 to 9.6 and 9.8.
/// What a message does not say is left out; what it must say and does not is a <see cref="JsonException"/>.
/// </summary>
public static class IncomingFindings
{
    private const int LongestTitle = 300;
    private const int MostFacts = 32;

    /// <summary>An alert of Forta: CRITICAL is SEV-0, HIGH SEV-1, MEDIUM SEV-2, LOW and INFO SEV-3. What is of unknown severity is SEV-1: it is not shown as harmless.</summary>
    public static IReadOnlyList<Finding> Forta(JsonElement root, string network)
    {
        var (alert, hash) = (Need(root, "alertId"), Need(root, "hash"));
        var severity = Need(root, "severity").ToUpperInvariant() switch { "CRITICAL" => Severity.Sev0, "HIGH" => Severity.Sev1, "MEDIUM" => Severity.Sev2, "LOW" or "INFO" => Severity.Sev3, _ => Severity.Sev1 };
        var subject = root.TryGetProperty("addresses", out var addresses) && addresses.ValueKind == JsonValueKind.Array && addresses.GetArrayLength() > 0 && addresses[0].ValueKind == JsonValueKind.String ? addresses[0].GetString()! : May(root, "protocol") ?? "";
        var facts = Facts();
        Add(facts, "description", May(root, "description"));
        Add(facts, "type", May(root, "findingType"));
        Add(facts, "protocol", May(root, "protocol"));
        if (root.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object)
        {
            foreach (var entry in metadata.EnumerateObject().Where(entry => entry.Value.ValueKind == JsonValueKind.String))
            {
                Add(facts, "metadata." + entry.Name, entry.Value.GetString());
            }
        }

        return [Made("forta", network, alert, subject, hash, FindingKind.Firing, severity, Need(root, "name"), facts)];
    }

    /// <summary>An alert of Tenderly: it has no severity, and is SEV-1. A test is no finding.</summary>
    public static IReadOnlyList<Finding> Tenderly(JsonElement root, string network)
    {
        var id = Need(root, "id");
        switch (Need(root, "event_type"))
        {
            case "TEST":
                return [];
            case "ALERT":
                break;
            default:
                throw new JsonException("event_type is neither TEST nor ALERT");
        }

        if (!root.TryGetProperty("transaction", out var transaction) || transaction.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("transaction is missing");
        }

        var hash = Need(transaction, "hash");
        var facts = Facts();
        Add(facts, "transaction", hash);
        Add(facts, "from", May(transaction, "from"));
        Add(facts, "to", May(transaction, "to"));
        Add(facts, "network", May(transaction, "network"));
        Add(facts, "block", May(transaction, "block_number"));
        var to = May(transaction, "to") ?? "";
        return [Made("tenderly", network, "tenderly-alert", to, id, FindingKind.Firing, Severity.Sev1, $"Tenderly tells of the transaction {hash}{(to.Length > 0 ? $" to {to}" : "")}", facts)];
    }

    /// <summary>
    /// A message of OpenZeppelin Monitor, as its raw body has it, or its template of title and body: neither has a severity, and both are SEV-1. A template names no transaction: the same text at another time is another finding.
    /// </summary>
    /// <param name="root">The message.</param>
    /// <param name="network">The network's name in the workspace.</param>
    /// <param name="stamp">The time that was signed with it.</param>
    public static IReadOnlyList<Finding> OpenZeppelin(JsonElement root, string network, string stamp)
    {
        if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("EVM", out var match) && match.ValueKind == JsonValueKind.Object)
        {
            var monitor = match.TryGetProperty("monitor", out var named) && named.ValueKind == JsonValueKind.Object ? Need(named, "name") : throw new JsonException("EVM.monitor is missing");
            var facts = Facts();
            var hash = match.TryGetProperty("transaction", out var transaction) && transaction.ValueKind == JsonValueKind.Object ? Need(transaction, "hash") : throw new JsonException("EVM.transaction is missing");
            Add(facts, "transaction", hash);
            Add(facts, "network", May(match, "network_slug"));
            var what = new List<string>();
            if (match.TryGetProperty("matched_on_args", out var arguments) && arguments.ValueKind == JsonValueKind.Object)
            {
                foreach (var list in (string[])["functions", "events"])
                {
                    if (!arguments.TryGetProperty(list, out var items) || items.ValueKind != JsonValueKind.Array)
                    {
                        continue;
                    }

                    foreach (var item in items.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Object))
                    {
                        var signature = Need(item, "signature");
                        what.Add(signature);
                        if (item.TryGetProperty("args", out var values) && values.ValueKind == JsonValueKind.Array)
                        {
                            foreach (var value in values.EnumerateArray().Where(value => value.ValueKind == JsonValueKind.Object))
                            {
                                Add(facts, $"{signature}.{May(value, "name")}", May(value, "value"));
                            }
                        }
                    }
                }
            }

            var to = May(transaction, "to") ?? "";
            return [Made("openzeppelin-monitor", network, monitor, to, hash, FindingKind.Firing, Severity.Sev1, $"{monitor}: {(what.Count == 0 ? hash : string.Join(", ", what))}", facts)];
        }

        var (title, body) = (Need(root, "title"), Need(root, "body"));
        var text = Facts();
        Add(text, "body", body);
        return [Made("openzeppelin-monitor", network, title, "", $"{AlertPlaces.Hash(body)}/{stamp.Trim()}", FindingKind.Firing, Severity.Sev1, title, text)];
    }

    /// <summary>
    /// Alerts of Alertmanager, version 4: each by its fingerprint and its beginning, firing or resolved. What is resolved ends that of the same beginning; what then fires again by the same one (Prometheus was cut off) fires. The label <c>severity</c> is a name of ours, or critical (SEV-0), error or high (SEV-1), warning or medium (SEV-2), info, low
    /// or none (SEV-3); SEV-1 when it is missing or another. Those that are this program's own, come back by a circle, are left out.
    /// </summary>
    public static IReadOnlyList<Finding> Alertmanager(JsonElement root, string network)
    {
        if (Need(root, "version") is not "4")
        {
            throw new JsonException("version is not 4");
        }

        if (!root.TryGetProperty("alerts", out var alerts) || alerts.ValueKind != JsonValueKind.Array)
        {
            throw new JsonException("alerts is missing");
        }

        var findings = new List<Finding>();
        foreach (var alert in alerts.EnumerateArray())
        {
            var labels = alert.ValueKind == JsonValueKind.Object && alert.TryGetProperty("labels", out var some) && some.ValueKind == JsonValueKind.Object ? some : throw new JsonException("labels is missing");
            var name = May(labels, "alertname") ?? "alert";
            if (name is "AgiJobsAlert" or "AgiJobsAlive" or "AgiJobsTest")
            {
                continue;
            }

            var kind = Need(alert, "status") switch { "firing" => FindingKind.Firing, "resolved" => FindingKind.Resolved, var other => throw new JsonException($"status '{other}' is neither firing nor resolved") };
            var (fingerprint, begun) = (Need(alert, "fingerprint"), Need(alert, "startsAt"));
            var severity = May(labels, "severity") is { } word ? Severities.Parse(word) ?? word.ToLowerInvariant() switch { "critical" or "page" => Severity.Sev0, "error" or "high" => Severity.Sev1, "warning" or "medium" => Severity.Sev2, "info" or "low" or "none" => Severity.Sev3, _ => Severity.Sev1 } : Severity.Sev1;
            var facts = Facts();
            foreach (var label in labels.EnumerateObject().Where(label => label.Value.ValueKind == JsonValueKind.String))
            {
                Add(facts, label.Name, label.Value.GetString());
            }

            string? summary = null;
            if (alert.TryGetProperty("annotations", out var annotations) && annotations.ValueKind == JsonValueKind.Object)
            {
                summary = May(annotations, "summary") ?? May(annotations, "description");
                Add(facts, "description", May(annotations, "description"));
            }

            Add(facts, "generator", May(alert, "generatorURL"));
            var made = Made("alertmanager", network, name, May(labels, "instance") ?? May(labels, "job") ?? "", $"{fingerprint}/{begun}/{(kind == FindingKind.Resolved ? "resolved" : "firing")}", kind, severity, summary ?? name, facts);
            findings.Add(made with { Fingerprint = $"{network}/alertmanager/{Line(fingerprint)}", Condition = $"{network}/alertmanager/{Line(fingerprint)}/{Line(begun)}" });
        }

        return findings;
    }

    /// <summary>A time as Go prints it: <c>2026-11-20 08:00:00.123456789 +0000 UTC m=+0.1</c>; also that of HTTP and of RFC 3339. Null for anything else.</summary>
    internal static DateTimeOffset? GoTime(string text)
    {
        if (DateTimeOffset.TryParseExact(text, ["r", "yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var plain))
        {
            return plain;
        }

        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words is not [var date, var clock, var offset, ..])
        {
            return null;
        }

        // Go has nanoseconds; the ninth digit decides nothing.
        var point = clock.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? clock : clock[..point];
        return offset is [('+' or '-'), _, _, _, _] && DateTimeOffset.TryParseExact($"{date} {whole} {offset[..3]}:{offset[3..]}", "yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture, DateTimeStyles.None, out var at) ? at : null;
    }

    private static Finding Made(string source, string network, string rule, string subject, string place, FindingKind kind, Severity severity, string title, SortedDictionary<string, string> facts) => new()
    {
        Id = $"{network}/{source}/{Line(rule)}/{Line(place)}",
        Fingerprint = $"{network}/{source}/{Line(rule)}/{Line(subject)}",
        Kind = kind,
        Rule = Line(rule),
        Source = source,
        Network = network,
        Severity = severity,
        Title = Line(title),
        Subject = Line(subject),
        Facts = facts,
    };

    private static SortedDictionary<string, string> Facts() => new(StringComparer.Ordinal);

    private static void Add(SortedDictionary<string, string> facts, string name, string? value)
    {
        if (value is { Length: > 0 } && facts.Count < MostFacts)
        {
            facts[Line(name)] = Line(value);
        }
    }

    // One line of bounded length: what comes from outside is shown on terminals and in channels.
    private static string Line(string text)
    {
        var clean = new string([.. text.Take(LongestTitle).Select(letter => char.IsControl(letter) || char.IsSurrogate(letter) ? ' ' : letter)]);
        return text.Length > LongestTitle ? $"{clean} ({AlertPlaces.IdOf(text)})" : clean;
    }

    private static string Need(JsonElement root, string name) =>
        root.ValueKind == JsonValueKind.Object && May(root, name) is { Length: > 0 } text ? text : throw new JsonException($"{name} is missing");

    private static string? May(JsonElement root, string name) => root.TryGetProperty(name, out var value)
        ? value.ValueKind switch { JsonValueKind.String => value.GetString(), JsonValueKind.Number => value.GetRawText(), _ => null }
        : null;
}
