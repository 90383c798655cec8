using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Response.Alerts.Escalation;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Alerts;

/// <summary>What is written together with what caused it.</summary>
/// <param name="Events">Transitions, for the streams of alerts and pages.</param>
/// <param name="Documents">Alerts, pages, silences, findings that were counted.</param>
/// <param name="Messages">What channels are told.</param>
public sealed record AlertWrites(IReadOnlyList<StreamAppend> Events, IReadOnlyList<DocumentWrite> Documents, IReadOnlyList<MessageWrite> Messages)
{
    /// <summary>Nothing.</summary>
    public static AlertWrites None { get; } = new([], [], []);

    /// <summary>True when there is nothing to write.</summary>
    public bool IsEmpty => Events.Count + Documents.Count + Messages.Count == 0;

    /// <summary>The commit.</summary>
    public StateCommit Commit => new() { Events = Events, Documents = Documents, Messages = Messages };
}

/// <summary>
/// The alerts of a network as they were read at one moment. What findings, acts and time change about them is worked out without touching the store, so that it is committed together with what caused it: both or neither. Each
/// write expects the version that was read; of two writers one fails and reads again. <see cref="After"/> or one of the acts is called once. Not safe for several threads.
/// <para>Each <see cref="Finding.Id"/> counts once, whoever finds it and however often. A retraction has the identity of what it withdraws; what was withdrawn may be found again and then counts again.</para>
/// </summary>
public sealed class AlertBook
{
    private readonly AlertSettings _settings;
    private readonly Dictionary<string, Kept<AlertRecord>> _alerts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Kept<AlertPage>> _pages = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Kept<TakenFinding>> _taken = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Kept<SilenceRecord>> _silences = new(StringComparer.Ordinal);
    private readonly List<(string Stream, long Version, NewEvent Event)> _events = [];
    private readonly List<MessageWrite> _messages = [];
    private bool _isWhole;

    private AlertBook(AlertSettings settings) => _settings = settings;

    /// <summary>The alerts that were read, the worst and newest first.</summary>
    public IReadOnlyList<AlertRecord> Alerts => [.. _alerts.Values.Select(kept => kept.Now!).OrderBy(alert => alert.State).ThenBy(alert => alert.Severity).ThenByDescending(alert => alert.LastAt).ThenBy(alert => alert.Id, StringComparer.Ordinal)];

    /// <summary>The open pages, the worst and oldest first. Each is what an incident may be made of.</summary>
    public IReadOnlyList<AlertPage> Pages => [.. _pages.Values.Select(kept => kept.Now!).Where(page => page.Closed is null).OrderBy(page => page.Severity).ThenBy(page => page.OpenedAt).ThenBy(page => page.Id, StringComparer.Ordinal)];

    /// <summary>The silences, those that were ended among them.</summary>
    public IReadOnlyList<SilenceRecord> Silences => [.. _silences.Values.Select(kept => kept.Now!).OrderBy(silence => silence.Signed.Act.Issued).ThenBy(silence => silence.Id, StringComparer.Ordinal)];

    /// <summary>Reads what the given findings concern.</summary>
    /// <exception cref="StorageException">Also <see cref="StorageException.Damaged"/>.</exception>
    public static async Task<AlertBook> ReadAsync(IStateStore store, AlertSettings settings, IReadOnlyList<Finding> findings, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(findings);
        var book = new AlertBook(settings);
        await book.ReadFrameAsync(store, cancellation).ConfigureAwait(false);
        foreach (var id in findings.Select(finding => AlertPlaces.IdOf(finding.Fingerprint)).Distinct(StringComparer.Ordinal))
        {
            if (await store.GetAsync(settings.Places.Alerts, id, cancellation).ConfigureAwait(false) is { } document)
            {
                book._alerts.Add(id, new Kept<AlertRecord>(AlertRecord.Read(document), document.Version));
            }
        }

        await book.ReadTakenAsync(store, findings, cancellation).ConfigureAwait(false);
        return book;
    }

    /// <summary>Reads all alerts, and what the given findings concern besides.</summary>
    /// <exception cref="StorageException">Also <see cref="StorageException.Damaged"/>.</exception>
    public static async Task<AlertBook> ReadWholeAsync(IStateStore store, AlertSettings settings, IReadOnlyList<Finding> findings, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(findings);
        var book = new AlertBook(settings) { _isWhole = true };
        await book.ReadFrameAsync(store, cancellation).ConfigureAwait(false);
        foreach (var document in await store.ListAsync(settings.Places.Alerts, cancellationToken: cancellation).ConfigureAwait(false))
        {
            book._alerts.Add(document.Key, new Kept<AlertRecord>(AlertRecord.Read(document), document.Version));
        }

        await book.ReadTakenAsync(store, findings, cancellation).ConfigureAwait(false);
        return book;
    }

    /// <summary>What findings change, and who is to be told; nothing when there are none. The seam of whoever commits findings together with something of its own.</summary>
    public static async Task<AlertWrites> TakeAsync(IStateStore store, AlertSettings settings, IReadOnlyList<Finding> findings, DateTimeOffset now, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(findings);
        return findings.Count == 0 ? AlertWrites.None : (await ReadAsync(store, settings, findings, cancellation).ConfigureAwait(false)).After(findings, now);
    }

    /// <summary>What findings and the time change, and who is to be told.</summary>
    /// <param name="findings">What was found, in order: those that were read for.</param>
    /// <param name="now">The time.</param>
    /// <param name="closedIncidents">Incidents that are over, and their silences with them.</param>
    public AlertWrites After(IReadOnlyList<Finding> findings, DateTimeOffset now, IReadOnlySet<string>? closedIncidents = null)
    {
        ArgumentNullException.ThrowIfNull(findings);
        foreach (var silence in Silences.Where(silence => silence.Ended is null && silence.Signed.Act.Incident is { } incident && closedIncidents?.Contains(incident) is true))
        {
            End(silence, now, $"the incident {silence.Signed.Act.Incident} is closed");
        }

        foreach (var finding in findings)
        {
            Take(finding, now);
        }

        return Finish(now);
    }

    /// <summary>Acknowledges a page, or the page of an alert.</summary>
    /// <param name="signed">The act; its author was checked.</param>
    /// <param name="by">Who.</param>
    /// <param name="now">The time.</param>
    /// <param name="page">The page.</param>
    /// <exception cref="ControlException"><c>alert-unknown</c>, <c>alert-over</c> (exit 4), <c>alert-acknowledged</c> (exit 4).</exception>
    public AlertWrites Acknowledge(SignedAlertAct signed, string by, DateTimeOffset now, out AlertPage page)
    {
        ArgumentNullException.ThrowIfNull(signed);
        page = PageOf(signed.Act.Target!);
        if (page.Acknowledged is { } before)
        {
            throw new ControlException("alert-acknowledged", ExitCode.Refused, $"{before.By} has acknowledged the page {page.Id} at {before.At:yyyy-MM-dd HH:mm:ss} UTC: {before.Reason}", "Nothing has to be done. What is worse, or new, is told anew by itself.");
        }

        page = page with { Acknowledged = new Acknowledgement(by, now, signed.Act.Reason, signed.Act.Id()) };
        Put(Say(page, "page.acknowledged", now, signed.Act.Reason, by, signed));
        TellThose(page.Id, NoticeKind.Acknowledge, $"acknowledged by {by}: {signed.Act.Reason}", now);
        page = _pages[page.Id].Now!;
        return Finish(now);
    }

    /// <summary>Closes an alert that nothing resolves by itself.</summary>
    /// <param name="signed">The act; its author was checked.</param>
    /// <param name="by">Who.</param>
    /// <param name="now">The time.</param>
    /// <param name="alert">The alert.</param>
    /// <exception cref="ControlException"><c>alert-unknown</c>, <c>alert-over</c> (exit 4).</exception>
    public AlertWrites Close(SignedAlertAct signed, string by, DateTimeOffset now, out AlertRecord alert)
    {
        ArgumentNullException.ThrowIfNull(signed);
        alert = Find(signed.Act.Target!);
        if (alert.State != AlertState.Firing)
        {
            throw Over(alert);
        }

        alert = alert with { State = AlertState.Closed, Since = now, Why = $"closed by {by}: {signed.Act.Reason}" };
        Put(Say(alert, "alert.closed", now, signed.Act.Reason, by, signed));
        Leave(alert, now);
        return Finish(now);
    }

    /// <summary>Makes a silence.</summary>
    /// <exception cref="ControlException"><c>silence-twice</c> (exit 4).</exception>
    public AlertWrites Silence(SignedAlertAct signed, string by, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(signed);
        var id = signed.Act.Id();
        if (_silences.ContainsKey(id))
        {
            throw new ControlException("silence-twice", ExitCode.Refused, $"The silence {id} is there already.", "Nothing has to be done.");
        }

        _silences.Add(id, new Kept<SilenceRecord>(null, 0) { Now = new SilenceRecord { Version = 1, Id = id, Signed = signed, By = by } });
        return Finish(now);
    }

    /// <summary>Ends a silence.</summary>
    /// <exception cref="ControlException"><c>silence-unknown</c>, <c>silence-over</c> (exit 4).</exception>
    public AlertWrites Unsilence(SignedAlertAct signed, string by, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(signed);
        if (!_silences.TryGetValue(signed.Act.Target!, out var kept))
        {
            throw new ControlException("silence-unknown", ExitCode.BadInput, $"There is no silence '{signed.Act.Target}'.", Silences.Count == 0 ? "There is none at all." : $"There are {string.Join(", ", Silences.Where(one => one.Holds(now)).Select(one => one.Id))}.");
        }

        if (!kept.Now!.Holds(now))
        {
            throw new ControlException("silence-over", ExitCode.Refused, $"The silence {kept.Now.Id} is over: {kept.Now.Ended?.Why ?? $"its time ended at {kept.Now.UntilTime():yyyy-MM-dd HH:mm:ss} UTC"}.", "Nothing has to be done.");
        }

        End(kept.Now, now, $"ended by {by}: {signed.Act.Reason}");
        return Finish(now);
    }

    /// <summary>The silence that keeps an alert from channels now; null when none does.</summary>
    public SilenceRecord? SilenceOf(AlertRecord alert, DateTimeOffset now) =>
        Silences.FirstOrDefault(silence => silence.Holds(now) && silence.Covers(alert) && silence.Signed.Author(_settings.Network, _settings.ChainId, _settings.People, out _) is not null);

    /// <summary>An alert by its name, or by the first digits of it when they are of no other.</summary>
    /// <exception cref="ControlException"><c>alert-unknown</c>.</exception>
    public AlertRecord Find(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return _alerts.Values.Select(kept => kept.Now!).Where(alert => alert.Id.StartsWith(id, StringComparison.Ordinal)).ToList() is [var one] && id.Length >= 4 ? one
            : throw new ControlException("alert-unknown", ExitCode.BadInput, $"There is no alert '{id}' on the network '{_settings.Network}'.", "See them with 'agijobs alert list'; four digits are enough when they are of one alert.");
    }

    private AlertPage PageOf(string id)
    {
        if (_pages.TryGetValue(id, out var kept))
        {
            return kept.Now!;
        }

        var alert = Find(id);
        return alert.State == AlertState.Firing && alert.Page is { } page && _pages.TryGetValue(page, out kept) ? kept.Now! : throw Over(alert);
    }

    private static ControlException Over(AlertRecord alert) =>
        new("alert-over", ExitCode.Refused, $"The alert {alert.Id} does not fire: it is {alert.State.ToString().ToLowerInvariant()} since {alert.Since:yyyy-MM-dd HH:mm:ss} UTC.", "Nothing has to be done.");

    private void Take(Finding finding, DateTimeOffset now)
    {
        if (!string.Equals(finding.Network, _settings.Network, StringComparison.Ordinal))
        {
            throw new ArgumentException($"a finding of the network {finding.Network}", nameof(finding));
        }

        var (id, key) = (AlertPlaces.IdOf(finding.Fingerprint), AlertPlaces.Hash(AlertPlaces.NameOf(finding.Id)));
        var alert = _alerts.TryGetValue(id, out var known) ? known.Now : null;
        if (!_taken.TryGetValue(key, out var kept))
        {
            throw new ArgumentException($"the finding {finding.Id} was not read for", nameof(finding));
        }

        var taken = kept.Now ?? new TakenFinding { Id = AlertPlaces.NameOf(finding.Id), Alert = id };
        switch (finding.Kind)
        {
            case FindingKind.Firing when !taken.Counts:
                var fired = Fire(alert, finding, id, now);
                kept.Now = taken with { Counts = true, Firing = fired.Firings, Severity = finding.Severity };
                break;
            case FindingKind.Resolved when !taken.Ends:
                kept.Now = taken with { Ends = true, Firing = alert?.Firings ?? 0 };
                if (alert is { State: AlertState.Firing })
                {
                    var resolved = alert with { State = AlertState.Resolved, Since = now, Why = finding.Title };
                    Put(Say(resolved, "alert.resolved", now, finding.Title, finding.Source, null));
                    Leave(resolved, now);
                }

                break;
            case FindingKind.Retracted when taken.Counts:
                kept.Now = taken with { Counts = false };
                Withdraw(alert, taken, finding, now);
                break;
            case FindingKind.Retracted when taken.Ends:
                kept.Now = taken with { Ends = false };
                if (alert is { State: AlertState.Resolved } && alert.Firings == taken.Firing)
                {
                    Join(Say(alert with { State = AlertState.Firing, Since = now, Why = null }, "alert.reopened", now, finding.Why, finding.Source, null), now);
                }

                break;
        }
    }

    private AlertRecord Fire(AlertRecord? alert, Finding finding, string id, DateTimeOffset now)
    {
        var begins = alert is not { State: AlertState.Firing };
        alert ??= new AlertRecord { Version = 1, Id = id, Fingerprint = finding.Fingerprint, Network = finding.Network, Rule = finding.Rule, Source = finding.Source, Severity = finding.Severity, Title = finding.Title, State = AlertState.Firing, Since = now, FiredAt = now, LastAt = now };
        if (begins)
        {
            alert = alert with { State = AlertState.Firing, Since = now, FiredAt = now, Firings = alert.Firings + 1, Findings = [0, 0, 0, 0], Severity = finding.Severity, Page = null, Why = null };
        }

        var rises = finding.Severity < alert.Severity;
        var isAsBad = finding.Severity <= alert.Severity;
        alert = alert with
        {
            Findings = [.. alert.Findings.Select((count, severity) => severity == (int)finding.Severity ? count + 1 : count)],
            Severity = isAsBad ? finding.Severity : alert.Severity,
            Title = isAsBad ? finding.Title : alert.Title,
            Subject = finding.Subject,
            Rule = finding.Rule,
            Source = finding.Source,
            LastAt = now,
            Place = finding.Place is { } place ? new AlertPlace(place.Block.Value, place.Hash.ToString(), place.Transaction?.ToString(), place.LogIndex) : alert.Place,
            Facts = finding.Facts,
        };
        alert = Say(alert, begins ? "alert.fired" : rises ? "alert.raised" : "alert.repeated", now, finding.Why, finding.Source, null, finding.Id);
        if (begins)
        {
            return Join(alert, now);
        }

        Put(alert);
        if (rises && alert.Page is { } in_ && _pages.TryGetValue(in_, out var page))
        {
            Put(Raise(page.Now!, alert, now));
        }

        return alert;
    }

    private void Withdraw(AlertRecord? alert, TakenFinding taken, Finding finding, DateTimeOffset now)
    {
        // A withdrawal of what an earlier firing stood on changes nothing of this one.
        if (alert is null || alert.Firings != taken.Firing)
        {
            return;
        }

        alert = alert with { Findings = [.. alert.Findings.Select((count, severity) => severity == (int)taken.Severity ? Math.Max(0, count - 1) : count)] };
        if (alert.Count > 0)
        {
            var worst = (Severity)alert.Findings.Select((count, severity) => (count, severity)).First(one => one.count > 0).severity;
            Put(Say(alert with { Severity = worst }, worst == alert.Severity ? "alert.finding-retracted" : "alert.lowered", now, finding.Why, finding.Source, null, finding.Id));
            return;
        }

        var wasFiring = alert.State == AlertState.Firing;
        alert = alert with { State = AlertState.Retracted, Since = now, Why = finding.Why ?? "what it stood on was withdrawn" };
        Put(Say(alert, "alert.retracted", now, alert.Why, finding.Source, null, finding.Id));
        if (wasFiring)
        {
            Leave(alert, now);
        }
    }

    private AlertRecord Join(AlertRecord alert, DateTimeOffset now)
    {
        var isSilent = SilenceOf(alert, now) is not null;
        var transaction = alert.Place?.Transaction;
        var recent = Pages.Where(page => !AlertRules.IsAlone(page.Rule)).ToList();
        AlertPage? page = null;
        var becomesStorm = false;
        if (!AlertRules.IsAlone(alert.Rule))
        {
            var open = recent.Where(one => one.Acknowledged is null && now - one.JoinedAt <= _settings.GroupWindow).ToList();
            page = recent.Find(one => transaction is not null && string.Equals(one.Transaction, transaction, StringComparison.Ordinal))
                ?? open.Find(one => string.Equals(one.Rule, alert.Rule, StringComparison.Ordinal));
            if (page is null && (open.Exists(one => one.IsStorm) || open.Count(one => now - one.OpenedAt <= _settings.GroupWindow) >= _settings.Storm))
            {
                page = open.Find(one => one.IsStorm) ?? open[0];
                becomesStorm = true;
            }
        }

        if (page is null)
        {
            page = new AlertPage
            {
                Version = 1,
                Id = AlertPlaces.IdOf(string.Create(CultureInfo.InvariantCulture, $"page/{alert.Id}/{alert.Events}")),
                Network = alert.Network,
                Severity = alert.Severity,
                Title = alert.Title,
                Rule = alert.Rule,
                Subject = alert.Subject,
                Transaction = transaction,
                OpenedAt = now,
                JoinedAt = now,
                EscalatesFrom = now,
                Alerts = 1,
                Firing = 1,
                IsSilenced = isSilent,
            };
            Put(Say(page, "page.opened", now, alert.Title, alert.Id, null));
        }
        else
        {
            page = page with { JoinedAt = now, Alerts = page.Alerts + 1, Firing = page.Firing + 1, IsStorm = page.IsStorm || becomesStorm };
            if (page.IsSilenced && !isSilent)
            {
                page = page with { IsSilenced = false, EscalatesFrom = now, Steps = 0, Title = alert.Title };
            }

            Put(alert.Severity < page.Severity ? Raise(page, alert, now) : page);
        }

        alert = alert with { Page = page.Id };
        Put(alert);
        return alert;
    }

    // Whoever acknowledged something milder has not acknowledged this.
    private AlertPage Raise(AlertPage page, AlertRecord alert, DateTimeOffset now) =>
        alert.Severity >= page.Severity ? page : Say(page with { Severity = alert.Severity, Title = alert.Title, Acknowledged = null, EscalatesFrom = now, Steps = 0 }, "page.raised", now, alert.Title, alert.Id, null);

    private void Leave(AlertRecord alert, DateTimeOffset now)
    {
        if (alert.Page is not { } id || !_pages.TryGetValue(id, out var kept) || kept.Now is not { Closed: null } page)
        {
            return;
        }

        page = page with { Firing = Math.Max(0, page.Firing - 1) };
        if (page.Firing > 0)
        {
            Put(page);
            return;
        }

        // What began and ended before anybody could be told is told all the same; what never was is not.
        if (page is { Notices: 0, IsSilenced: false } && alert.State != AlertState.Retracted && _settings.Plan is { } plan && Escalations.Of(page, plan, now) is { } due)
        {
            Put(page with { Steps = due.Steps, ToldAt = now });
            Tell(id, NoticeKind.Trigger, due.Calls, due.Why, now);
            page = _pages[id].Now!;
        }

        var why = alert.State switch { AlertState.Retracted => $"retracted: {alert.Why}", AlertState.Closed => alert.Why!, _ => "resolved" };
        Put(Say(page with { Closed = new PageEnd(now, why) }, "page.closed", now, why, alert.Id, null));
        TellThose(id, NoticeKind.Resolve, why, now);
    }

    private void End(SilenceRecord silence, DateTimeOffset now, string why) => _silences[silence.Id].Now = silence with { Ended = new PageEnd(now, why) };

    private AlertWrites Finish(DateTimeOffset now)
    {
        if (_isWhole)
        {
            foreach (var page in Pages)
            {
                Hush(page, now);
            }
        }

        if (_settings.Plan is { } plan)
        {
            foreach (var page in Pages)
            {
                if (Escalations.Of(page, plan, now) is { } due)
                {
                    Put(page with { Steps = due.Steps, ToldAt = now });
                    Tell(page.Id, NoticeKind.Trigger, due.Calls, due.Why, now);
                }
            }
        }

        return Writes();
    }

    // A page is silenced while all of its alerts that fire are.
    private void Hush(AlertPage page, DateTimeOffset now)
    {
        var firing = _alerts.Values.Select(kept => kept.Now!).Where(alert => alert.State == AlertState.Firing && string.Equals(alert.Page, page.Id, StringComparison.Ordinal)).ToList();
        var isSilent = firing.Count > 0 && firing.TrueForAll(alert => SilenceOf(alert, now) is not null);
        if (isSilent != page.IsSilenced)
        {
            Put(Say(isSilent ? page with { IsSilenced = true } : page with { IsSilenced = false, EscalatesFrom = now, Steps = 0 }, isSilent ? "page.silenced" : "page.unsilenced", now, isSilent ? SilenceOf(firing[0], now)!.Signed.Act.Reason : "no silence covers it any more", null, null));
        }
    }

    private void TellThose(string page, NoticeKind kind, string why, DateTimeOffset now)
    {
        if (_settings.Plan is { } plan)
        {
            // A channel that is in the file no more has nobody who delivers.
            Tell(page, kind, [.. _pages[page].Now!.Told.Keys.Where(channel => plan.File.Channels.Any(one => string.Equals(one.Name, channel, StringComparison.Ordinal))).Select(channel => new Call(channel, []))], why, now);
        }
    }

    private void Tell(string id, NoticeKind kind, IReadOnlyList<Call> calls, string why, DateTimeOffset now)
    {
        var page = _pages[id].Now!;
        var number = page.Notices + 1;
        var alerts = _alerts.Values.Select(kept => kept.Now!).Where(alert => string.Equals(alert.Page, id, StringComparison.Ordinal)).OrderBy(alert => alert.Severity).ThenBy(alert => alert.FiredAt).ThenBy(alert => alert.Id, StringComparer.Ordinal).Take(Notice.MostListed)
            .Select(alert => new NoticeAlert(alert.Id, alert.Rule, alert.Severity, alert.Title, alert.Subject, alert.State, alert.Place?.Transaction, alert.Place?.Block)).ToList();
        var told = new SortedDictionary<string, string>(page.Told.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);
        foreach (var call in calls)
        {
            var key = string.Create(CultureInfo.InvariantCulture, $"{_settings.Network}-{id}-{number:D4}-{call.Channel}");
            var notice = new Notice
            {
                Version = 1,
                Kind = kind,
                Page = id,
                Network = page.Network,
                ChainId = _settings.ChainId.Value,
                Channel = call.Channel,
                Severity = page.Severity,
                Title = page.Title,
                Why = why,
                People = call.People,
                Count = page.Alerts,
                Firing = page.Firing,
                IsStorm = page.IsStorm,
                Alerts = alerts,
                Since = page.OpenedAt,
                At = now,
                Behind = told.GetValueOrDefault(call.Channel),
            };
            _messages.Add(new MessageWrite(_settings.Places.Outbox(call.Channel), key, notice.Encode()));
            told[call.Channel] = key;
        }

        Put(Say(page with { Notices = number, Told = told }, "page.told", now, calls.Count == 0 ? $"{why}; nobody is to be told" : $"{why}: {string.Join(", ", calls.Select(call => call.Channel))}", kind.ToString().ToLowerInvariant(), null));
    }

    private AlertRecord Say(AlertRecord alert, string type, DateTimeOffset now, string? why, string? by, SignedAlertAct? signed, string? finding = null)
    {
        _events.Add((_settings.Places.AlertStream(alert.Id), alert.Events, new NewEvent(type, Data(writer =>
        {
            writer.WriteString("at", Time(now));
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

            Ending(writer, why, by, signed);
        }))));
        return alert with { Events = alert.Events + 1 };
    }

    private AlertPage Say(AlertPage page, string type, DateTimeOffset now, string? why, string? by, SignedAlertAct? signed)
    {
        _events.Add((_settings.Places.PageStream(page.Id), page.Events, new NewEvent(type, Data(writer =>
        {
            writer.WriteString("at", Time(now));
            writer.WriteString("page", page.Id);
            writer.WriteString("severity", page.Severity.Name());
            writer.WriteString("title", page.Title);
            writer.WriteNumber("alerts", page.Alerts);
            writer.WriteNumber("firing", page.Firing);
            writer.WriteBoolean("isStorm", page.IsStorm);
            Ending(writer, why, by, signed);
        }))));
        return page with { Events = page.Events + 1 };
    }

    private static void Ending(Utf8JsonWriter writer, string? why, string? by, SignedAlertAct? signed)
    {
        writer.WriteString("why", why);
        writer.WriteString("by", by);
        if (signed is not null)
        {
            writer.WritePropertyName("act");
            JsonSerializer.Serialize(writer, signed, AlertJson.Default.SignedAlertAct);
        }
    }

    private void Put(AlertRecord alert)
    {
        if (_alerts.TryGetValue(alert.Id, out var kept))
        {
            kept.Now = alert;
        }
        else
        {
            _alerts.Add(alert.Id, new Kept<AlertRecord>(null, 0) { Now = alert });
        }
    }

    private void Put(AlertPage page)
    {
        if (_pages.TryGetValue(page.Id, out var kept))
        {
            kept.Now = page;
        }
        else
        {
            _pages.Add(page.Id, new Kept<AlertPage>(null, 0) { Now = page });
        }
    }

    private AlertWrites Writes()
    {
        var places = _settings.Places;
        var documents = new List<DocumentWrite>();
        documents.AddRange(Changed(_alerts).Select(entry => new DocumentWrite(places.Alerts, entry.Key, entry.Value.Now!.Encode(), entry.Value.Version)));
        foreach (var (id, kept) in Changed(_pages))
        {
            if (kept.Now!.Closed is null)
            {
                documents.Add(new DocumentWrite(places.Pages, id, kept.Now.Encode(), kept.Version));
            }
            else
            {
                // One that was opened and closed by the same findings never was among the open ones.
                if (kept.Before is not null)
                {
                    documents.Add(new DocumentWrite(places.Pages, id, null, kept.Version));
                }

                documents.Add(new DocumentWrite(places.PagesPast, id, kept.Now.Encode()));
            }
        }

        documents.AddRange(Changed(_taken).Select(entry => new DocumentWrite(places.Findings, entry.Key, JsonSerializer.Serialize(entry.Value.Now!, AlertJson.Default.TakenFinding), entry.Value.Version)));
        documents.AddRange(Changed(_silences).Select(entry => new DocumentWrite(places.Silences, entry.Key, entry.Value.Now!.Encode(), entry.Value.Version)));
        return new AlertWrites(
            [.. _events.GroupBy(one => one.Stream, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => new StreamAppend(group.Key, group.Min(one => one.Version), [.. group.Select(one => one.Event)]))],
            documents,
            [.. _messages]);
    }

    private static IEnumerable<KeyValuePair<string, Kept<T>>> Changed<T>(Dictionary<string, Kept<T>> entries)
        where T : class => entries.Where(entry => entry.Value.Now is not null && !ReferenceEquals(entry.Value.Now, entry.Value.Before)).OrderBy(entry => entry.Key, StringComparer.Ordinal);

    private async Task ReadFrameAsync(IStateStore store, CancellationToken cancellation)
    {
        foreach (var document in await store.ListAsync(_settings.Places.Pages, cancellationToken: cancellation).ConfigureAwait(false))
        {
            _pages.Add(document.Key, new Kept<AlertPage>(AlertPage.Read(document), document.Version));
        }

        foreach (var document in await store.ListAsync(_settings.Places.Silences, cancellationToken: cancellation).ConfigureAwait(false))
        {
            _silences.Add(document.Key, new Kept<SilenceRecord>(SilenceRecord.Read(document), document.Version));
        }
    }

    private async Task ReadTakenAsync(IStateStore store, IReadOnlyList<Finding> findings, CancellationToken cancellation)
    {
        foreach (var key in findings.Select(finding => AlertPlaces.Hash(AlertPlaces.NameOf(finding.Id))).Distinct(StringComparer.Ordinal))
        {
            _taken.Add(key, await store.GetAsync(_settings.Places.Findings, key, cancellation).ConfigureAwait(false) is { } document ? new Kept<TakenFinding>(document.Read(AlertJson.Default.TakenFinding), document.Version) : new Kept<TakenFinding>(null, 0));
        }
    }

    private static string Data(Action<Utf8JsonWriter> body)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            body(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    // What was read, and what it has become.
    private sealed class Kept<T>(T? before, long version)
        where T : class
    {
        public T? Before { get; } = before;

        public long Version { get; } = version;

        public T? Now { get; set; } = before;
    }
}
