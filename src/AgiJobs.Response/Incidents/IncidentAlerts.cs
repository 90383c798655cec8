using System.Globalization;
using System.Text.Json;
using AgiJobs.Ethereum;
using AgiJobs.Response.Alerts;
using AgiJobs.Response.Alerts.Incoming;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Incidents;

/// <summary>What an incident reads of alerts and pages: the documents <c>response/NETWORK/alerts</c> and the streams <c>response/NETWORK/alerts/ID</c> and <c>response/NETWORK/pages/ID</c>. Reads only; what is not there is told as unknown.</summary>
/// <param name="store">The state store.</param>
/// <param name="network">The network's name in the workspace.</param>
public sealed class IncidentAlerts(IStateStore store, string network)
{
    private const int ShortestId = 4;

    /// <summary>What happened to the alerts of an incident, and whom they were told by pages.</summary>
    /// <exception cref="StorageException">The store did not answer.</exception>
    public async Task<(IReadOnlyList<TimelineEntry> Entries, IReadOnlyList<string> Unknown)> EntriesAsync(IncidentState state, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(state);
        var (alerts, unknown) = await FindAsync(state.Alerts, cancellation).ConfigureAwait(false);
        var entries = new List<TimelineEntry>();
        foreach (var (id, alert) in alerts)
        {
            entries.AddRange(await PastAsync("alert", $"response/{network}/alerts/{id}", Text(alert, "title"), cancellation).ConfigureAwait(false));
            if (Text(alert, "page") is { Length: > 0 } page)
            {
                entries.AddRange(await PastAsync("page", $"response/{network}/pages/{page}", Text(alert, "title"), cancellation).ConfigureAwait(false));
            }
        }

        return ([.. entries.DistinctBy(entry => entry.Key)], unknown);
    }

    /// <summary>Alerts as findings, for a triage.</summary>
    /// <param name="named">Fingerprints, or identities of which four digits are enough.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="StorageException">The store did not answer.</exception>
    public async Task<(IReadOnlyList<Finding> Findings, IReadOnlyList<string> Unknown)> FindingsAsync(IReadOnlyList<string> named, CancellationToken cancellation = default)
    {
        var (alerts, unknown) = await FindAsync(named, cancellation).ConfigureAwait(false);
        return ([.. alerts.Select(entry => new Finding
        {
            Id = entry.Id,
            Fingerprint = Text(entry.Alert, "fingerprint"),
            Kind = FindingKind.Firing,
            Rule = Text(entry.Alert, "rule"),
            Source = Text(entry.Alert, "source"),
            Network = network,
            Severity = SeverityOf(entry.Alert),
            Title = Text(entry.Alert, "title"),
            Subject = Text(entry.Alert, "subject"),
            Facts = entry.Alert.TryGetProperty("facts", out var facts) && facts.ValueKind == JsonValueKind.Object
                ? new SortedDictionary<string, string>(facts.EnumerateObject().ToDictionary(fact => fact.Name, fact => fact.Value.ToString(), StringComparer.Ordinal), StringComparer.Ordinal)
                : [],
        })], unknown);
    }

    /// <summary>The transactions that alerts were found in.</summary>
    /// <exception cref="StorageException">The store did not answer.</exception>
    public async Task<IReadOnlyList<Bytes32>> TransactionsAsync(IReadOnlyList<string> named, CancellationToken cancellation = default)
    {
        var hashes = new List<Bytes32>();
        foreach (var (_, alert) in (await FindAsync(named, cancellation).ConfigureAwait(false)).Alerts)
        {
            if (alert.TryGetProperty("place", out var place) && HashOf(place) is { } hash)
            {
                hashes.Add(hash);
            }
        }

        return hashes;
    }

    /// <summary>What came in by webhooks for alerts, by file name; and the alerts from outside whose payload is not there.</summary>
    /// <exception cref="StorageException">The store did not answer.</exception>
    public async Task<(IReadOnlyDictionary<string, byte[]> Payloads, IReadOnlyList<string> Unknown)> PayloadsAsync(IReadOnlyList<string> named, CancellationToken cancellation = default)
    {
        var payloads = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        var unknown = new List<string>();
        foreach (var (id, alert) in (await FindAsync(named, cancellation).ConfigureAwait(false)).Alerts.Where(entry => IncomingDesk.Sources.Contains(Text(entry.Alert, "source"), StringComparer.Ordinal)))
        {
            try
            {
                var found = await IncomingPayload.ReadAsync(store, new AlertPlaces(network), id, cancellation).ConfigureAwait(false);
                foreach (var payload in found)
                {
                    payloads[payload.FileName] = payload.Body;
                }

                if (found.Count == 0)
                {
                    unknown.Add($"the webhook of the alert {id}: none is kept");
                }
            }
            catch (StorageException problem) when (problem.Code == StorageException.Damaged)
            {
                unknown.Add($"the webhooks of the alert {id}: {problem.Message}");
            }
        }

        return (payloads, unknown);
    }

    private async Task<(List<(string Id, JsonElement Alert)> Alerts, List<string> Unknown)> FindAsync(IReadOnlyList<string> named, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(named);
        var (alerts, unknown) = (new List<(string, JsonElement)>(), new List<string>());
        if (named.Count == 0)
        {
            return (alerts, unknown);
        }

        var kept = new List<(string Id, JsonElement Alert)>();
        foreach (var document in await store.ListAsync($"response/{network}/alerts", cancellationToken: cancellation).ConfigureAwait(false))
        {
            using var parsed = JsonDocument.Parse(document.Data);
            kept.Add((document.Key, parsed.RootElement.Clone()));
        }

        foreach (var name in named)
        {
            var found = kept.Where(entry => Text(entry.Alert, "fingerprint") == name || (name.Length >= ShortestId && entry.Id.StartsWith(name, StringComparison.Ordinal))).ToList();
            if (found is [var one])
            {
                alerts.Add(one);
            }
            else
            {
                unknown.Add($"the alert {Plain.Line(name)}: {(found.Count == 0 ? "the alert book has none of this name" : "several begin so")}");
            }
        }

        return (alerts, unknown);
    }

    private async Task<IReadOnlyList<TimelineEntry>> PastAsync(string source, string stream, string title, CancellationToken cancellation)
    {
        var entries = new List<TimelineEntry>();
        foreach (var entry in await store.ReadAsync(stream, cancellationToken: cancellation).ConfigureAwait(false))
        {
            using var parsed = JsonDocument.Parse(entry.Data);
            var data = parsed.RootElement;
            var why = Text(data, "why");
            entries.Add(new TimelineEntry(
                DateTimeOffset.TryParse(Text(data, "at"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : entry.At,
                source,
                string.Create(CultureInfo.InvariantCulture, $"{source}-{stream[(stream.LastIndexOf('/') + 1)..]}-{entry.Version}"),
                $"{entry.Type}: {(Text(data, "title") is { Length: > 0 } own ? own : title)}{(why.Length == 0 ? "" : $", because {why}")}")
            {
                By = Text(data, "by") is { Length: > 0 } by ? by : null,
                Transaction = HashOf(data),
                Block = data.ValueKind == JsonValueKind.Object && data.TryGetProperty("block", out var block) && block.ValueKind == JsonValueKind.Number && block.TryGetUInt64(out var number) ? new BlockNumber(number) : null,
            });
        }

        return entries;
    }

    // What cannot be read is taken for the worst.
    private static Severity SeverityOf(JsonElement alert) => alert.TryGetProperty("severity", out var value)
        ? value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number is >= 0 and <= 3 ? (Severity)number : Severities.Parse(value.ToString()) ?? Severity.Sev0
        : Severity.Sev0;

    private static Bytes32? HashOf(JsonElement of) => Text(of, "transaction") is { Length: 66 } text && text.StartsWith("0x", StringComparison.Ordinal) && text.Skip(2).All(char.IsAsciiHexDigit) ? Bytes32.Parse(text) : null;

    private static string Text(JsonElement of, string name) => of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
