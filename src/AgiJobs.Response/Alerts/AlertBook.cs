using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Response.Alerts.Escalation;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Alerts;

/// <summary>
/// The alerts of a network as they were read at one moment. What findings, acts and time change about them is worked out without touching the store, so that it is committed together with what caused it: both or neither. Each
/// write expects the version that was read; of two writers one fails and reads again. <see cref="After"/> or one of the acts is called once. Not safe for several threads.
/// <para>Each <see cref="Finding.Id"/> counts once, whoever finds it and however often. A retraction has the identity of what it withdraws; what was withdrawn may be found again and then counts again. What goes on
/// (<see cref="Finding.Condition"/>) counts once until it is resolved, or until a person has closed the alert and the time after which its severity is told again is over.</para>
/// </summary>
public sealed class AlertBook
{
    private readonly AlertSettings _settings;
    private readonly AlertLedger _ledger;

    private AlertBook(AlertSettings settings, AlertLedger ledger) => (_settings, _ledger) = (settings, ledger);

    /// <summary>The alerts that were read, the worst and newest first.</summary>
    public IReadOnlyList<AlertRecord> Alerts => [.. _ledger.Alerts.OrderBy(alert => alert.State).ThenBy(alert => alert.Severity).ThenByDescending(alert => alert.LastAt).ThenBy(alert => alert.Id, StringComparer.Ordinal)];

    /// <summary>The open pages, the worst and oldest first. Each is what an incident may be made of.</summary>
    public IReadOnlyList<AlertPage> Pages => [.. _ledger.Pages.Where(page => page.Closed is null).OrderBy(page => page.Severity).ThenBy(page => page.OpenedAt).ThenBy(page => page.Id, StringComparer.Ordinal)];

    /// <summary>The silences, those that were ended among them.</summary>
    public IReadOnlyList<SilenceRecord> Silences => [.. _ledger.Silences.OrderBy(silence => silence.Signed.Act.Issued).ThenBy(silence => silence.Id, StringComparer.Ordinal)];

    /// <summary>Reads what the given findings concern.</summary>
    /// <exception cref="StorageException">Also <see cref="StorageException.Damaged"/>.</exception>
    public static Task<AlertBook> ReadAsync(IStateStore store, AlertSettings settings, IReadOnlyList<Finding> findings, CancellationToken cancellation) => ReadAsync(store, settings, findings, AlertReach.Concerned, cancellation);

    /// <summary>Reads what fires, and what the given findings concern besides.</summary>
    /// <exception cref="StorageException">Also <see cref="StorageException.Damaged"/>.</exception>
    public static Task<AlertBook> ReadFiringAsync(IStateStore store, AlertSettings settings, IReadOnlyList<Finding> findings, CancellationToken cancellation) => ReadAsync(store, settings, findings, AlertReach.Firing, cancellation);

    /// <summary>Reads all alerts that there ever were, and what the given findings concern besides.</summary>
    /// <exception cref="StorageException">Also <see cref="StorageException.Damaged"/>.</exception>
    public static Task<AlertBook> ReadWholeAsync(IStateStore store, AlertSettings settings, IReadOnlyList<Finding> findings, CancellationToken cancellation) => ReadAsync(store, settings, findings, AlertReach.All, cancellation);

    /// <summary>What findings change, and who is to be told; nothing when there are none. The seam of whoever commits findings together with something of its own.</summary>
    public static async Task<FindingWrites> TakeAsync(IStateStore store, AlertSettings settings, IReadOnlyList<Finding> findings, DateTimeOffset now, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(findings);
        return findings.Count == 0 ? FindingWrites.None : (await ReadAsync(store, settings, findings, cancellation).ConfigureAwait(false)).After(findings, now);
    }

    /// <summary>What findings and the time change, and who is to be told.</summary>
    /// <param name="findings">What was found, in order: those that were read for.</param>
    /// <param name="now">The time.</param>
    /// <param name="closedIncidents">Incidents that are over, and their silences with them.</param>
    public FindingWrites After(IReadOnlyList<Finding> findings, DateTimeOffset now, IReadOnlySet<string>? closedIncidents = null)
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
    public FindingWrites Acknowledge(SignedAlertAct signed, string by, DateTimeOffset now, out AlertPage page)
    {
        ArgumentNullException.ThrowIfNull(signed);
        page = PageOf(signed.Act.Target!);
        if (page.Acknowledged is { } before)
        {
            throw new ControlException("alert-acknowledged", ExitCode.Refused, $"{before.By} has acknowledged the page {page.Id} at {before.At:yyyy-MM-dd HH:mm:ss} UTC: {before.Reason}", "Nothing has to be done. What is worse, or new, is told anew by itself.");
        }

        page = page with { Acknowledged = new Acknowledgement(by, now, signed.Act.Reason, signed.Act.Id()) };
        _ledger.Put(_ledger.Say(page, "page.acknowledged", now, signed.Act.Reason, by, signed));
        TellThose(page.Id, NoticeKind.Acknowledge, $"acknowledged by {by}: {signed.Act.Reason}", now);
        page = _ledger.Page(page.Id)!;
        return Finish(now);
    }

    /// <summary>Closes an alert that nothing resolves by itself. What goes on all the same fires again after the time after which its severity is told again.</summary>
    /// <param name="signed">The act; its author was checked.</param>
    /// <param name="by">Who.</param>
    /// <param name="now">The time.</param>
    /// <param name="alert">The alert.</param>
    /// <exception cref="ControlException"><c>alert-unknown</c>, <c>alert-over</c> (exit 4).</exception>
    public FindingWrites Close(SignedAlertAct signed, string by, DateTimeOffset now, out AlertRecord alert)
    {
        ArgumentNullException.ThrowIfNull(signed);
        alert = Find(signed.Act.Target!);
        if (alert.State != AlertState.Firing)
        {
            throw Over(alert);
        }

        alert = alert with { State = AlertState.Closed, Since = now, Why = $"closed by {by}: {signed.Act.Reason}" };
        _ledger.Put(_ledger.Say(alert, "alert.closed", now, signed.Act.Reason, by, signed));
        Leave(alert, now);
        return Finish(now);
    }

    /// <summary>Makes a silence.</summary>
    /// <exception cref="ControlException"><c>silence-twice</c> (exit 4); those of <see cref="AlertMatcher.Check"/>.</exception>
    public FindingWrites Silence(SignedAlertAct signed, string by, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(signed);
        signed.Act.Matcher!.Check();
        var id = signed.Act.Id();
        if (_ledger.Silence(id) is not null)
        {
            throw new ControlException("silence-twice", ExitCode.Refused, $"The silence {id} is there already.", "Nothing has to be done.");
        }

        _ledger.Put(new SilenceRecord { Version = 1, Id = id, Signed = signed, By = by });
        return Finish(now);
    }

    /// <summary>Ends a silence.</summary>
    /// <exception cref="ControlException"><c>silence-unknown</c>, <c>silence-over</c> (exit 4).</exception>
    public FindingWrites Unsilence(SignedAlertAct signed, string by, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(signed);
        if (_ledger.Silence(signed.Act.Target!) is not { } silence)
        {
            throw new ControlException("silence-unknown", ExitCode.BadInput, $"There is no silence '{signed.Act.Target}'.", Silences.Count == 0 ? "There is none at all." : $"There are {string.Join(", ", Silences.Where(one => one.Holds(now)).Select(one => one.Id))}.");
        }

        if (!silence.Holds(now))
        {
            throw new ControlException("silence-over", ExitCode.Refused, $"The silence {silence.Id} is over: {silence.Ended?.Why ?? $"its time ended at {silence.UntilTime():yyyy-MM-dd HH:mm:ss} UTC"}.", "Nothing has to be done.");
        }

        End(silence, now, $"ended by {by}: {signed.Act.Reason}");
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
        return _ledger.Alerts.Where(alert => alert.Id.StartsWith(id, StringComparison.Ordinal)).ToList() is [var one] && id.Length >= 4 ? one
            : throw new ControlException("alert-unknown", ExitCode.BadInput, $"There is no alert '{id}' on the network '{_settings.Network}'.", "See them with 'agijobs alert list'; four digits are enough when they are of one alert.");
    }

    private AlertPage PageOf(string id)
    {
        if (_ledger.Page(id) is { } page)
        {
            return page;
        }

        var alert = Find(id);
        return alert is { State: AlertState.Firing, Page: { } of } && _ledger.Page(of) is { } found ? found : throw Over(alert);
    }

    private static ControlException Over(AlertRecord alert) =>
        new("alert-over", ExitCode.Refused, $"The alert {alert.Id} does not fire: it is {alert.State.ToString().ToLowerInvariant()} since {alert.Since:yyyy-MM-dd HH:mm:ss} UTC.", "Nothing has to be done.");

    private void Take(Finding finding, DateTimeOffset now)
    {
        if (!string.Equals(finding.Network, _settings.Network, StringComparison.Ordinal))
        {
            throw new ArgumentException($"a finding of the network {finding.Network}", nameof(finding));
        }

        var id = AlertPlaces.IdOf(finding.Fingerprint);
        var alert = _ledger.Alert(id);
        var taken = _ledger.Taken(finding, now);
        switch (finding.Kind)
        {
            case FindingKind.Firing when !taken.Counts || GoesOn(finding, taken, alert, now):
                var fired = Fire(alert, finding, id, taken.Counts ? $"{alert!.Why}, and it goes on" : finding.Why, now);
                _ledger.Put(finding, taken with { Counts = true, Ends = finding.Condition is null && taken.Ends, Firing = fired.Firings, Severity = finding.Severity });
                break;
            case FindingKind.Resolved when finding.Condition is not null:
                // What came late ends nothing that has begun since.
                if (taken.Counts)
                {
                    _ledger.Put(finding, taken with { Counts = false, Ends = true });
                    if (string.Equals(alert?.Condition, finding.Condition, StringComparison.Ordinal))
                    {
                        Resolve(alert, finding, now);
                    }
                }

                break;
            case FindingKind.Resolved when !taken.Ends:
                _ledger.Put(finding, taken with { Ends = true, Firing = alert?.Firings ?? 0 });
                Resolve(alert, finding, now);
                break;
            case FindingKind.Retracted when taken.Counts:
                _ledger.Put(finding, taken with { Counts = false });
                Withdraw(alert, taken, finding, now);
                break;
            case FindingKind.Retracted when taken.Ends:
                _ledger.Put(finding, taken with { Ends = false });
                if (alert is { State: AlertState.Resolved } && alert.Firings == taken.Firing)
                {
                    Join(_ledger.Say(alert with { State = AlertState.Firing, Since = now, Why = null }, "alert.reopened", now, finding.Why, finding.Source, null), now);
                }

                break;
        }
    }

    // Somebody has closed what goes on: it is told again when it would have been told again.
    private bool GoesOn(Finding finding, TakenFinding taken, AlertRecord? alert, DateTimeOffset now) =>
        finding.Condition is not null && alert is { State: AlertState.Closed } && alert.Firings == taken.Firing && now - alert.Since >= _settings.Renotify(finding.Severity);

    private void Resolve(AlertRecord? alert, Finding finding, DateTimeOffset now)
    {
        if (alert is { State: AlertState.Firing })
        {
            var resolved = alert with { State = AlertState.Resolved, Since = now, Why = finding.Title };
            _ledger.Put(_ledger.Say(resolved, "alert.resolved", now, finding.Title, finding.Source, null));
            Leave(resolved, now);
        }
    }

    private AlertRecord Fire(AlertRecord? alert, Finding finding, string id, string? why, DateTimeOffset now)
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
            Condition = finding.Condition,
        };
        alert = _ledger.Say(alert, begins ? "alert.fired" : rises ? "alert.raised" : "alert.repeated", now, why, finding.Source, null, finding.Id);
        if (begins)
        {
            return Join(alert, now);
        }

        _ledger.Put(alert);
        if (rises && alert.Page is { } told && _ledger.Page(told) is { } page)
        {
            _ledger.Put(Raise(page, alert, now));
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
            _ledger.Put(_ledger.Say(alert with { Severity = worst }, worst == alert.Severity ? "alert.finding-retracted" : "alert.lowered", now, finding.Why, finding.Source, null, finding.Id));
            return;
        }

        var wasFiring = alert.State == AlertState.Firing;
        alert = alert with { State = AlertState.Retracted, Since = now, Why = finding.Why ?? "what it stood on was withdrawn" };
        _ledger.Put(_ledger.Say(alert, "alert.retracted", now, alert.Why, finding.Source, null, finding.Id));
        if (wasFiring)
        {
            Leave(alert, now);
        }
    }

    private AlertRecord Join(AlertRecord alert, DateTimeOffset now)
    {
        var isSilent = SilenceOf(alert, now) is not null;
        var page = PageGroups.Find(Pages, alert, _settings, now, out var isStorm);
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
                Transaction = alert.Place?.Transaction,
                OpenedAt = now,
                JoinedAt = now,
                EscalatesFrom = now,
                Alerts = 1,
                Firing = 1,
                IsSilenced = isSilent,
            };
            _ledger.Put(_ledger.Say(page, "page.opened", now, alert.Title, alert.Id, null));
        }
        else
        {
            page = page with { JoinedAt = now, Alerts = page.Alerts + 1, Firing = page.Firing + 1, IsStorm = page.IsStorm || isStorm };
            if (page.IsSilenced && !isSilent)
            {
                page = page with { IsSilenced = false, EscalatesFrom = now, Steps = 0, Title = alert.Title };
            }

            _ledger.Put(alert.Severity < page.Severity ? Raise(page, alert, now) : page);
        }

        alert = alert with { Page = page.Id };
        _ledger.Put(alert);
        return alert;
    }

    // Whoever acknowledged something milder has not acknowledged this.
    private AlertPage Raise(AlertPage page, AlertRecord alert, DateTimeOffset now) =>
        alert.Severity >= page.Severity ? page : _ledger.Say(page with { Severity = alert.Severity, Title = alert.Title, Acknowledged = null, EscalatesFrom = now, Steps = 0 }, "page.raised", now, alert.Title, alert.Id, null);

    private void Leave(AlertRecord alert, DateTimeOffset now)
    {
        if (alert.Page is not { } id || _ledger.Page(id) is not { Closed: null } page)
        {
            return;
        }

        page = page with { Firing = Math.Max(0, page.Firing - 1) };
        if (page.Firing > 0)
        {
            _ledger.Put(page);
            return;
        }

        // What began and ended before anybody could be told is told all the same; what never was is not.
        if (page is { Notices: 0, IsSilenced: false } && alert.State != AlertState.Retracted && _settings.Plan is { } plan && Escalations.Of(page, plan, now) is { } due)
        {
            _ledger.Put(page with { Steps = due.Steps, ToldAt = now });
            Tell(id, NoticeKind.Trigger, due.Calls, due.Why, now);
            page = _ledger.Page(id)!;
        }

        var why = alert.State switch { AlertState.Retracted => $"retracted: {alert.Why}", AlertState.Closed => alert.Why!, _ => "resolved" };
        _ledger.Put(_ledger.Say(page with { Closed = new PageEnd(now, why) }, "page.closed", now, why, alert.Id, null));
        TellThose(id, NoticeKind.Resolve, why, now);
    }

    private void End(SilenceRecord silence, DateTimeOffset now, string why) => _ledger.Put(silence with { Ended = new PageEnd(now, why) });

    private FindingWrites Finish(DateTimeOffset now)
    {
        if (_ledger.KnowsAllThatFires)
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
                    _ledger.Put(page with { Steps = due.Steps, ToldAt = now });
                    Tell(page.Id, NoticeKind.Trigger, due.Calls, due.Why, now);
                }
            }
        }

        return _ledger.Writes();
    }

    // A page is silenced while all of its alerts that fire are.
    private void Hush(AlertPage page, DateTimeOffset now)
    {
        var firing = _ledger.Alerts.Where(alert => alert.State == AlertState.Firing && string.Equals(alert.Page, page.Id, StringComparison.Ordinal)).ToList();
        var isSilent = firing.Count > 0 && firing.TrueForAll(alert => SilenceOf(alert, now) is not null);
        if (isSilent != page.IsSilenced)
        {
            _ledger.Put(_ledger.Say(isSilent ? page with { IsSilenced = true } : page with { IsSilenced = false, EscalatesFrom = now, Steps = 0 }, isSilent ? "page.silenced" : "page.unsilenced", now, isSilent ? SilenceOf(firing[0], now)!.Signed.Act.Reason : "no silence covers it any more", null, null));
        }
    }

    private void TellThose(string page, NoticeKind kind, string why, DateTimeOffset now)
    {
        if (_settings.Plan is { } plan)
        {
            // A channel that is in the file no more has nobody who delivers.
            Tell(page, kind, [.. _ledger.Page(page)!.Told.Keys.Where(channel => plan.File.Channels.Any(one => string.Equals(one.Name, channel, StringComparison.Ordinal))).Select(channel => new Call(channel, []))], why, now);
        }
    }

    private void Tell(string id, NoticeKind kind, IReadOnlyList<Call> calls, string why, DateTimeOffset now)
    {
        var page = _ledger.Page(id)!;
        var number = page.Notices + 1;
        var alerts = _ledger.Alerts.Where(alert => string.Equals(alert.Page, id, StringComparison.Ordinal)).OrderBy(alert => alert.Severity).ThenBy(alert => alert.FiredAt).ThenBy(alert => alert.Id, StringComparer.Ordinal).Take(Notice.MostListed)
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
            _ledger.Send(new MessageWrite(_settings.Places.Outbox(call.Channel), key, notice.Encode()));
            told[call.Channel] = key;
        }

        _ledger.Put(_ledger.Say(page with { Notices = number, Told = told }, "page.told", now, calls.Count == 0 ? $"{why}; nobody is to be told" : $"{why}: {string.Join(", ", calls.Select(call => call.Channel))}", kind.ToString().ToLowerInvariant(), null));
    }

    private static async Task<AlertBook> ReadAsync(IStateStore store, AlertSettings settings, IReadOnlyList<Finding> findings, AlertReach reach, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(findings);
        return new AlertBook(settings, await AlertLedger.ReadAsync(store, settings.Places, findings, reach, cancellation).ConfigureAwait(false));
    }
}
