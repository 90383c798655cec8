using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Alerts;

/// <summary>Which alerts are read.</summary>
internal enum AlertReach
{
    /// <summary>Those that the findings concern.</summary>
    Concerned,

    /// <summary>Those that fire as well.</summary>
    Firing,

    /// <summary>All that there ever were.</summary>
    All,
}

/// <summary>What was read of alerts, pages, silences and findings, what has become of it, and what is to be written for that. Not safe for several threads.</summary>
internal sealed class AlertLedger
{
    private readonly AlertPlaces _places;
    private readonly Dictionary<string, Kept<AlertRecord>> _alerts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Kept<AlertPage>> _pages = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Kept<TakenFinding>> _taken = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Kept<SilenceRecord>> _silences = new(StringComparer.Ordinal);
    private readonly List<(string Stream, long Version, NewEvent Event)> _events = [];
    private readonly List<MessageWrite> _messages = [];

    // The names of those that fire, with their versions; null when they were not read.
    private Dictionary<string, long>? _firing;

    private AlertLedger(AlertPlaces places) => _places = places;

    public IEnumerable<AlertRecord> Alerts => _alerts.Values.Select(kept => kept.Now!);

    public IEnumerable<AlertPage> Pages => _pages.Values.Select(kept => kept.Now!);

    public IEnumerable<SilenceRecord> Silences => _silences.Values.Select(kept => kept.Now!);

    /// <summary>Whether every alert that fires was read.</summary>
    public bool KnowsAllThatFires => _firing is not null;

    public static async Task<AlertLedger> ReadAsync(IStateStore store, AlertPlaces places, IReadOnlyList<Finding> findings, AlertReach reach, CancellationToken cancellation)
    {
        var ledger = new AlertLedger(places);
        foreach (var document in await store.ListAsync(places.Pages, cancellationToken: cancellation).ConfigureAwait(false))
        {
            ledger._pages.Add(document.Key, new Kept<AlertPage>(AlertPage.Read(document), document));
        }

        foreach (var document in await store.ListAsync(places.Silences, cancellationToken: cancellation).ConfigureAwait(false))
        {
            ledger._silences.Add(document.Key, new Kept<SilenceRecord>(SilenceRecord.Read(document), document));
        }

        if (reach != AlertReach.Concerned)
        {
            ledger._firing = (await store.ListAsync(places.Firing, cancellationToken: cancellation).ConfigureAwait(false)).ToDictionary(document => document.Key, document => document.Version, StringComparer.Ordinal);
        }

        if (reach == AlertReach.All)
        {
            foreach (var document in await store.ListAsync(places.Alerts, cancellationToken: cancellation).ConfigureAwait(false))
            {
                ledger._alerts.Add(document.Key, new Kept<AlertRecord>(AlertRecord.Read(document), document));
            }
        }
        else
        {
            foreach (var id in findings.Select(finding => AlertPlaces.IdOf(finding.Fingerprint)).Concat(ledger._firing?.Keys.AsEnumerable() ?? []).Distinct(StringComparer.Ordinal).ToList())
            {
                if (await store.GetAsync(places.Alerts, id, cancellation).ConfigureAwait(false) is { } document)
                {
                    ledger._alerts.Add(id, new Kept<AlertRecord>(AlertRecord.Read(document), document));
                }
            }
        }

        foreach (var key in findings.Select(KeyOf).Distinct(StringComparer.Ordinal))
        {
            var document = await store.GetAsync(places.Findings, key, cancellation).ConfigureAwait(false);
            ledger._taken.Add(key, new Kept<TakenFinding>(document?.Read(AlertJson.Default.TakenFinding), document));
        }

        return ledger;
    }

    public AlertRecord? Alert(string id) => _alerts.GetValueOrDefault(id)?.Now;

    public AlertPage? Page(string id) => _pages.GetValueOrDefault(id)?.Now;

    public SilenceRecord? Silence(string id) => _silences.GetValueOrDefault(id)?.Now;

    /// <summary>What is remembered of a finding; what nobody knows yet is begun. What was remembered long ago is remembered anew, for what is found again may be found once more.</summary>
    public TakenFinding Taken(Finding finding, DateTimeOffset now)
    {
        if (!_taken.TryGetValue(KeyOf(finding), out var kept))
        {
            throw new ArgumentException($"the finding {finding.Id} was not read for", nameof(finding));
        }

        if (kept is { Now: { } known, ReadAt: { } at } && now - at > AlertSweep.Kept / 2)
        {
            kept.Now = known with { };
        }

        return kept.Now ?? new TakenFinding { Id = AlertPlaces.NameOf(finding), Alert = AlertPlaces.IdOf(finding.Fingerprint) };
    }

    public void Put(Finding finding, TakenFinding taken) => _taken[KeyOf(finding)].Now = taken;

    public void Put(AlertRecord alert) => Put(_alerts, alert.Id, alert);

    public void Put(AlertPage page) => Put(_pages, page.Id, page);

    public void Put(SilenceRecord silence) => Put(_silences, silence.Id, silence);

    public void Send(MessageWrite message) => _messages.Add(message);

    /// <summary>Adds a transition to an alert's stream; the alert with it is still to be put.</summary>
    public AlertRecord Say(AlertRecord alert, string type, DateTimeOffset now, string? why, string? by, SignedAlertAct? signed, string? finding = null)
    {
        Say(_places.AlertStream(alert.Id), alert.Events, type, now, why, by, signed, writer =>
        {
            writer.WriteString("alert", alert.Id);
            writer.WriteString("page", alert.Page);
            writer.WriteString("rule", alert.Rule);
            writer.WriteString("subject", alert.Subject);
            writer.WriteString("severity", alert.Severity.Name());
            writer.WriteString("title", alert.Title);
            writer.WriteString("finding", finding);
            writer.WriteNumber("findings", alert.Count);
            writer.WriteString("transaction", alert.Place?.Transaction);
            if (alert.Place is { } place)
            {
                writer.WriteNumber("block", place.Block);
            }
        });
        return alert with { Events = alert.Events + 1 };
    }

    /// <summary>Adds a transition to a page's stream; the page with it is still to be put.</summary>
    public AlertPage Say(AlertPage page, string type, DateTimeOffset now, string? why, string? by, SignedAlertAct? signed)
    {
        Say(_places.PageStream(page.Id), page.Events, type, now, why, by, signed, writer =>
        {
            writer.WriteString("page", page.Id);
            writer.WriteString("severity", page.Severity.Name());
            writer.WriteString("title", page.Title);
            writer.WriteNumber("alerts", page.Alerts);
            writer.WriteNumber("firing", page.Firing);
            writer.WriteBoolean("isStorm", page.IsStorm);
        });
        return page with { Events = page.Events + 1 };
    }

    public FindingWrites Writes()
    {
        var documents = new List<DocumentWrite>();
        documents.AddRange(Changed(_alerts).Select(entry => new DocumentWrite(_places.Alerts, entry.Key, entry.Value.Now!.Encode(), entry.Value.Version)));
        documents.AddRange(Names());
        foreach (var (id, kept) in Changed(_pages))
        {
            if (kept.Now!.Closed is null)
            {
                documents.Add(new DocumentWrite(_places.Pages, id, kept.Now.Encode(), kept.Version));
            }
            else
            {
                // One that was opened and closed by the same findings never was among the open ones.
                if (kept.Before is not null)
                {
                    documents.Add(new DocumentWrite(_places.Pages, id, null, kept.Version));
                }

                documents.Add(new DocumentWrite(_places.PagesPast, id, kept.Now.Encode()));
            }
        }

        documents.AddRange(Changed(_taken).Select(entry => new DocumentWrite(_places.Findings, entry.Key, JsonSerializer.Serialize(entry.Value.Now!, AlertJson.Default.TakenFinding), entry.Value.Version)));
        documents.AddRange(Changed(_silences).Select(entry => new DocumentWrite(_places.Silences, entry.Key, entry.Value.Now!.Encode(), entry.Value.Version)));
        return new FindingWrites(
            [.. _events.GroupBy(one => one.Stream, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => new StreamAppend(group.Key, group.Min(one => one.Version), [.. group.Select(one => one.Event)]))],
            documents,
            [.. _messages]);
    }

    // A name that is missing hides an alert, so it is only taken away when nobody has written it since; one too many is seen and taken away at the next look.
    private IEnumerable<DocumentWrite> Names()
    {
        foreach (var (id, kept) in _alerts.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            var fires = kept.Now!.State == AlertState.Firing;
            var isNamed = _firing is null ? kept.Before?.State == AlertState.Firing : _firing.ContainsKey(id);
            if (fires != isNamed)
            {
                yield return new DocumentWrite(_places.Firing, id, fires ? AlertPlaces.Mark : null, !fires && _firing is not null ? _firing[id] : null);
            }
        }
    }

    private void Say(string stream, long version, string type, DateTimeOffset now, string? why, string? by, SignedAlertAct? signed, Action<Utf8JsonWriter> body)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("at", now.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
            body(writer);
            writer.WriteString("why", why);
            writer.WriteString("by", by);
            if (signed is not null)
            {
                writer.WritePropertyName("act");
                JsonSerializer.Serialize(writer, signed, AlertJson.Default.SignedAlertAct);
            }

            writer.WriteEndObject();
        }

        _events.Add((stream, version, new NewEvent(type, Encoding.UTF8.GetString(buffer.WrittenSpan))));
    }

    private static string KeyOf(Finding finding) => AlertPlaces.Hash(AlertPlaces.NameOf(finding));

    private static void Put<T>(Dictionary<string, Kept<T>> entries, string id, T now)
        where T : class
    {
        if (entries.TryGetValue(id, out var kept))
        {
            kept.Now = now;
        }
        else
        {
            entries.Add(id, new Kept<T>(null, null) { Now = now });
        }
    }

    private static IEnumerable<KeyValuePair<string, Kept<T>>> Changed<T>(Dictionary<string, Kept<T>> entries)
        where T : class => entries.Where(entry => entry.Value.Now is not null && !ReferenceEquals(entry.Value.Now, entry.Value.Before)).OrderBy(entry => entry.Key, StringComparer.Ordinal);

    // What was read, and what it has become.
    private sealed class Kept<T>(T? before, StoredDocument? document)
        where T : class
    {
        public T? Before { get; } = before;

        public long Version { get; } = document?.Version ?? 0;

        public DateTimeOffset? ReadAt { get; } = document?.At;

        public T? Now { get; set; } = before;
    }
}
