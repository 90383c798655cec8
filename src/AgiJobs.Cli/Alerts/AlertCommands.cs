using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Cli.Arena;
using AgiJobs.Cli.Changes;
using AgiJobs.Cli.Controls;
using AgiJobs.Control;
using AgiJobs.Control.OnCall;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Alerts;
using AgiJobs.Response.Alerts.Channels;
using AgiJobs.Response.Alerts.Escalation;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Alerts;

/// <summary><c>alert list|show|ack|close|silence|unsilence|test</c>.</summary>
internal static class AlertCommands
{
    private static readonly string Duties = AlertAct.Duties.Names();

    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var all = new Option<bool>("--all") { Description = "also those that do not fire any more" };
        var id = new Argument<string>("id") { Description = "an alert, by its name or the first four digits of it", HelpName = "ID" };
        var target = new Argument<string>("id") { Description = "an alert or a page", HelpName = "ID" };
        var silenceId = new Argument<string>("id") { Description = "a silence", HelpName = "ID" };
        var reason = new Option<string>("--reason") { Description = "why", HelpName = "TEXT", Required = true };
        var fingerprint = new Option<string?>("--fingerprint") { Description = "the alert of this fingerprint", HelpName = "TEXT" };
        var rule = new Option<string?>("--rule") { Description = "alerts of this rule", HelpName = "NAME" };
        var module = new Option<string?>("--module") { Description = "alerts about this module", HelpName = "NAME" };
        var severity = new Option<string?>("--severity") { Description = "of these only what is of this severity, SEV-0 to SEV-3", HelpName = "SEV" };
        var duration = new Option<string>("--for") { Description = "for how long, such as 30m or 2h; maxSilence of config/oncall.json bounds it", HelpName = "TIME", Required = true };
        var incident = new Option<string?>("--incident") { Description = "the incident that it belongs to and ends with; without one SEV-0 is never silenced", HelpName = "ID" };
        var channel = new Argument<string?>("channel") { Description = "a channel of config/oncall.json; all when left out", HelpName = "CHANNEL", Arity = ArgumentArity.ZeroOrOne };

        var list = new Command("list", "what fires, the worst first, with who was told and who has acknowledged; silenced ones too. Exit 3: something fires") { all };
        Session.Run(list, options, environment, (session, parsed, cancellation) => WithBookAsync(session, (settings, _, book) => List(session, settings, book, parsed.GetValue(all)), cancellation));
        var show = new Command("show", "one alert whole: facts, place, transitions, and the proof of every message about it") { id };
        Session.Run(show, options, environment, (session, parsed, cancellation) => WithStoreAsync(session, (settings, store) => ShowAsync(session, settings, store, parsed.GetValue(id)!, cancellation), cancellation));
        var acknowledge = new Command("ack", $"say that you have seen it and work on it: the escalation stops for all alerts of its page, until something gets worse or new. It takes one person with the duty {Duties}") { target, reason, options.Signers };
        Session.Run(acknowledge, options, environment, (session, parsed, cancellation) => ActAsync(session, act => act with { Act = AlertAct.Acknowledge, Target = parsed.GetValue(target)! }, parsed.GetValue(reason)!, cancellation));
        var close = new Command("close", $"end an alert that nothing ends by itself, such as that of an event; what goes on all the same, such as a monitor that is not heard of, fires again after 'renotify'. It takes one person with the duty {Duties}") { id, reason, options.Signers };
        Session.Run(close, options, environment, (session, parsed, cancellation) => ActAsync(session, act => act with { Act = AlertAct.Close, Target = parsed.GetValue(id)! }, parsed.GetValue(reason)!, cancellation));
        var silence = new Command("silence", $"keep alerts from channels for a time; 'alert list' shows them all the same. Name a rule, a module or a fingerprint; all of what is named must be so of an alert. Never silenced: {AlertRules.NeverSilencedWords}. It takes one person with the duty {Duties}") { fingerprint, rule, module, severity, duration, incident, reason, options.Signers };
        Session.Run(silence, options, environment, (session, parsed, cancellation) => SilenceAsync(session, new AlertMatcher(parsed.GetValue(fingerprint), parsed.GetValue(rule), parsed.GetValue(module), Known(parsed.GetValue(severity))), parsed.GetValue(duration)!, parsed.GetValue(incident), parsed.GetValue(reason)!, cancellation));
        var unsilence = new Command("unsilence", $"end a silence before its time. It takes one person with the duty {Duties}") { silenceId, reason, options.Signers };
        Session.Run(unsilence, options, environment, (session, parsed, cancellation) => ActAsync(session, act => act with { Act = AlertAct.Unsilence, Target = parsed.GetValue(silenceId)! }, parsed.GetValue(reason)!, cancellation));
        var test = new Command("test", "send a test message and say what came back; the same as 'oncall check --send'. Exit 1: a channel did not take it") { channel };
        Session.Run(test, options, environment, (session, parsed, cancellation) => TestAsync(session, parsed.GetValue(channel), cancellation));
        return new Command("alert", "alerts: what fires, and what people say about it. docs/alerts.md") { list, show, acknowledge, close, silence, unsilence, test };
    }

    /// <summary>Sends a test message by channels and says what came back.</summary>
    public static async Task<ExitCode> TestAsync(Session session, string? name, CancellationToken cancellation)
    {
        var plan = OnCallPlan.Load(session.Workspace, session.Network) ?? throw OnCallCommands.Missing();
        var now = session.Environment.Time.GetUtcNow();
        var channels = ChannelShelf.Open(plan.File, session.Workspace.Root, session.Environment.Time).Where(channel => name is null || string.Equals(channel.Name, name, StringComparison.Ordinal)).ToList();
        if (channels.Count == 0)
        {
            throw new ControlException("channel-unknown", ExitCode.BadInput, name is null ? "config/oncall.json has no channel." : $"There is no channel '{name}'.", name is null ? "Add one to channels." : $"There are {string.Join(", ", plan.File.Channels.Select(channel => channel.Name))}.");
        }

        var answers = await Task.WhenAll(channels.Select(async channel =>
        {
            using (channel)
            {
                var notice = new Notice { Version = 1, Kind = NoticeKind.Test, Page = string.Create(CultureInfo.InvariantCulture, $"test-{now.ToUnixTimeSeconds()}"), Network = session.Network, ChainId = session.NetworkFile.ChainId.Value, Channel = channel.Name, Severity = Severity.Sev3, Title = "a test of this channel; nothing has happened", Why = "a person tries it", Since = now, At = now };
                return (Channel: channel, Answer: await channel.SendAsync(notice, string.Create(CultureInfo.InvariantCulture, $"{session.Network}-test-{now.ToUnixTimeSeconds()}-{channel.Name}"), cancellation).ConfigureAwait(false));
            }
        })).ConfigureAwait(false);
        await session.RecordAsync(
            ControlQueries.TestedKind,
            null,
            data =>
            {
                data["taken"] = new JsonArray([.. answers.Where(one => one.Answer.Outcome == SendOutcome.Delivered).Select(one => (JsonNode?)one.Channel.Name)]);
                data["refused"] = new JsonArray([.. answers.Where(one => one.Answer.Outcome != SendOutcome.Delivered).Select(one => (JsonNode?)one.Channel.Name)]);
            },
            cancellation).ConfigureAwait(false);
        var exit = answers.All(one => one.Answer.Outcome == SendOutcome.Delivered) ? ExitCode.Clean : ExitCode.Failed;
        session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}: {answers.Count(one => one.Answer.Outcome == SendOutcome.Delivered)} of {answers.Length} channels took a test message");
        session.Terminal.Table(["channel", "kind", "to", "taken", "what came back"], answers.Select(one => (IReadOnlyList<string>)[one.Channel.Name, one.Channel.Kind, one.Channel.To, one.Answer.Outcome == SendOutcome.Delivered ? "yes" : "NO", one.Answer.Words]));
        session.Terminal.Json("agijobs.alert-test/1", exit, writer =>
        {
            Heading(session, writer);
            writer.WriteStartArray("channels");
            foreach (var (channel, answer) in answers)
            {
                writer.WriteStartObject();
                writer.WriteString("name", channel.Name);
                writer.WriteString("kind", channel.Kind);
                writer.WriteString("to", channel.To);
                writer.WriteBoolean("taken", answer.Outcome == SendOutcome.Delivered);
                writer.WriteString("answer", answer.Words);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
        return exit;
    }

    /// <summary>What every document begins with.</summary>
    public static void Heading(Session session, Utf8JsonWriter writer)
    {
        writer.WriteString("network", session.Network);
        writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
    }

    private static Severity? Known(string? severity) => severity is null ? null : Severities.Parse(severity) ?? throw new ControlException("severity-unknown", ExitCode.BadInput, $"'{severity}' is no severity.", "Write SEV-0, SEV-1, SEV-2 or SEV-3.");

    private static async Task<ExitCode> WithStoreAsync(Session session, Func<AlertSettings, IStateStore, Task<ExitCode>> work, CancellationToken cancellation)
    {
        var settings = Lenient(session);
        try
        {
            await using var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
            return await work(settings, store).ConfigureAwait(false);
        }
        catch (StorageException problem)
        {
            throw ServiceState.Told(problem);
        }
    }

    // Whoever broke the on-call file keeps nobody from seeing what fires and from saying so.
    private static AlertSettings Lenient(Session session)
    {
        try
        {
            return AlertWatch.Settings(session);
        }
        catch (ControlException problem)
        {
            session.Terminal.Progress($"FINDING channels are told nothing by this command: {problem.Message} [{problem.Code}] See: agijobs oncall check");
            return new AlertSettings(session.Network, session.NetworkFile.ChainId) { People = session.Workspace.Operators(session.Network) is { } people ? new OperatorBook(people) : null };
        }
    }

    private static Task<ExitCode> WithBookAsync(Session session, Func<AlertSettings, IStateStore, AlertBook, ExitCode> work, CancellationToken cancellation) =>
        WithStoreAsync(session, async (settings, store) => work(settings, store, await AlertBook.ReadWholeAsync(store, settings, [], cancellation).ConfigureAwait(false)), cancellation);

    private static ExitCode List(Session session, AlertSettings settings, AlertBook book, bool all)
    {
        var now = session.Environment.Time.GetUtcNow();
        var alerts = book.Alerts.Where(alert => all || alert.State == AlertState.Firing).ToList();
        var pages = book.Pages.ToDictionary(page => page.Id, StringComparer.Ordinal);
        var firing = book.Alerts.Count(alert => alert.State == AlertState.Firing);
        var exit = firing > 0 ? ExitCode.Findings : ExitCode.Clean;
        session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}: {firing} alerts fire in {pages.Count} pages{(settings.Plan is null ? "; NOBODY IS TOLD: there is no config/oncall.json that can be used" : "")}");
        if (alerts.Count > 0)
        {
            session.Terminal.Table(["alert", "severity", "state", "since (UTC)", "times", "page", "told", "what"], alerts.Select(alert => (IReadOnlyList<string>)
            [
                alert.Id, alert.Severity.Name(), alert.State.ToString().ToLowerInvariant(), $"{alert.Since.UtcDateTime:MM-dd HH:mm:ss}", alert.Count.ToString(CultureInfo.InvariantCulture), alert.Page ?? "-", Standing(alert), alert.Title,
            ]));
        }

        foreach (var silence in book.Silences.Where(silence => silence.Holds(now)))
        {
            var author = silence.Signed.Author(settings.Network, settings.ChainId, settings.People, out var why);
            session.Terminal.Line($"silence {silence.Id} until {silence.UntilTime().UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC: {silence.Signed.Act.Subject()}, by {author?.Name ?? "NOBODY"}{(silence.Signed.Act.Incident is { } incident ? $", incident {incident}" : "")}: {silence.Signed.Act.Reason}{(why is null ? "" : $" - COUNTS NOT: {why}")}");
        }

        session.Terminal.Json("agijobs.alerts/1", exit, writer =>
        {
            Heading(session, writer);
            writer.WriteNumber("firing", firing);
            writer.WriteBoolean("somebodyIsTold", settings.Plan is not null);
            writer.WriteStartArray("alerts");
            foreach (var alert in alerts)
            {
                Write(writer, alert, pages.GetValueOrDefault(alert.Page ?? ""), book.SilenceOf(alert, now));
            }

            writer.WriteEndArray();
        });
        return exit;

        string Standing(AlertRecord alert) => alert.State != AlertState.Firing ? "-"
            : book.SilenceOf(alert, now) is { } silence ? $"silenced by {silence.By}"
            : !pages.TryGetValue(alert.Page ?? "", out var page) || page.Told.Count == 0 ? "NOBODY"
            : page.Acknowledged is { } seen ? $"acknowledged by {seen.By}"
            : string.Join(",", page.Told.Keys);
    }

    private static async Task<ExitCode> ShowAsync(Session session, AlertSettings settings, IStateStore store, string id, CancellationToken cancellation)
    {
        var book = await AlertBook.ReadWholeAsync(store, settings, [], cancellation).ConfigureAwait(false);
        var alert = book.Find(id);
        var now = session.Environment.Time.GetUtcNow();
        IReadOnlyList<StoredEvent> events =
        [
            .. (await store.ReadAsync(settings.Places.AlertStream(alert.Id), cancellationToken: cancellation).ConfigureAwait(false))
                .Concat(alert.Page is null ? [] : await store.ReadAsync(settings.Places.PageStream(alert.Page), cancellationToken: cancellation).ConfigureAwait(false)).OrderBy(one => one.Position),
        ];
        var proofs = alert.Page is null ? [] : (await store.ListAsync(settings.Places.Deliveries, $"{session.Network}-{alert.Page}-", cancellationToken: cancellation).ConfigureAwait(false)).TakeWhile(document => document.Key.StartsWith($"{session.Network}-{alert.Page}-", StringComparison.Ordinal)).Select(DeliveryProof.Read).ToList();
        var exit = alert.State == AlertState.Firing ? ExitCode.Findings : ExitCode.Clean;
        var page = book.Pages.FirstOrDefault(page => string.Equals(page.Id, alert.Page, StringComparison.Ordinal));
        var terminal = session.Terminal;
        terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}: alert {alert.Id}, {alert.Severity.Name()}, {alert.State.ToString().ToLowerInvariant()} since {alert.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
        terminal.Line($"  {alert.Title}");
        terminal.Line($"  rule {alert.Rule}, {(alert.Subject.Length == 0 ? "about the whole" : $"about {alert.Subject}")}, found by {alert.Source}, {alert.Count} findings, fired {alert.Firings} times; fingerprint {alert.Fingerprint}");
        if (alert.Place is { } place)
        {
            terminal.Line($"  block {place.Block} ({place.Hash}){(place.Transaction is null ? "" : $", transaction {place.Transaction}")}");
        }

        if (alert.Why is { } why)
        {
            terminal.Line($"  {why}");
        }

        foreach (var (name, value) in alert.Facts)
        {
            terminal.Line($"  {name}: {value}");
        }

        if (page is not null)
        {
            terminal.Line($"  page {page.Id}: {page.Firing} of {page.Alerts} alerts fire{(page.IsStorm ? ", a storm" : "")}; {(page.Acknowledged is { } seen ? $"acknowledged by {seen.By} at {seen.At.UtcDateTime:HH:mm:ss} UTC: {seen.Reason}" : "NOT acknowledged")}{(settings.Plan is { } plan && Escalations.NextOf(page, plan) is { } next ? $"; told next at {next.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC" : "")}");
        }

        terminal.Table(["at (UTC)", "transition", "why"], events.Select(one => (IReadOnlyList<string>)[$"{one.At.UtcDateTime:yyyy-MM-dd HH:mm:ss}", one.Type, Why(one)]));
        terminal.Table(["message", "channel", "to", "tries", "state", "what came back"], proofs.Select(proof => (IReadOnlyList<string>)
        [
            proof.Key, proof.Channel, proof.To, proof.Tries.ToString(CultureInfo.InvariantCulture), proof.DeliveredAt is { } at ? $"delivered {at.UtcDateTime:HH:mm:ss}" : proof.GivenUpAt is not null ? "GIVEN UP" : proof.SupersededBy is not null ? "superseded" : proof.Tries == 0 ? "waits" : "tried again", proof.Attempts is [.., var last] ? last.Words : "",
        ]));
        terminal.Json("agijobs.alert/1", exit, writer =>
        {
            Heading(session, writer);
            writer.WritePropertyName("alert");
            Write(writer, alert, page, book.SilenceOf(alert, now));
            writer.WriteStartArray("transitions");
            foreach (var one in events)
            {
                writer.WriteStartObject();
                writer.WriteString("type", one.Type);
                writer.WritePropertyName("data");
                writer.WriteRawValue(one.Data);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteStartArray("deliveries");
            foreach (var proof in proofs)
            {
                writer.WriteRawValue(proof.Encode());
            }

            writer.WriteEndArray();
        });
        return exit;
    }

    private static string Why(StoredEvent one)
    {
        using var data = JsonDocument.Parse(one.Data);
        return data.RootElement.TryGetProperty("why", out var why) && why.ValueKind == JsonValueKind.String ? why.GetString()! : "";
    }

    private static void Write(Utf8JsonWriter writer, AlertRecord alert, AlertPage? page, SilenceRecord? silence)
    {
        writer.WriteStartObject();
        writer.WriteString("id", alert.Id);
        writer.WriteString("fingerprint", alert.Fingerprint);
        writer.WriteString("rule", alert.Rule);
        writer.WriteString("subject", alert.Subject);
        writer.WriteString("source", alert.Source);
        writer.WriteString("severity", alert.Severity.Name());
        writer.WriteString("state", alert.State.ToString().ToLowerInvariant());
        writer.WriteString("title", alert.Title);
        writer.WriteString("since", alert.Since);
        writer.WriteString("lastFound", alert.LastAt);
        writer.WriteNumber("findings", alert.Count);
        writer.WriteNumber("firings", alert.Firings);
        writer.WriteString("page", alert.Page);
        writer.WriteString("why", alert.Why);
        writer.WriteString("silence", silence?.Id);
        writer.WriteString("acknowledgedBy", page?.Acknowledged?.By);
        writer.WriteString("transaction", alert.Place?.Transaction);
        if (alert.Place is { } place)
        {
            writer.WriteNumber("block", place.Block);
        }

        writer.WriteStartObject("facts");
        foreach (var (name, value) in alert.Facts)
        {
            writer.WriteString(name, value);
        }

        writer.WriteEndObject();
        writer.WriteStartArray("told");
        foreach (var channel in page?.Told.Keys ?? [])
        {
            writer.WriteStringValue(channel);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static Task<ExitCode> SilenceAsync(Session session, AlertMatcher matcher, string duration, string? incident, string reason, CancellationToken cancellation) => WithStoreAsync(session, async (settings, store) =>
    {
        matcher.Check();
        var longest = settings.Plan?.MaxSilence ?? TimeSpan.FromHours(8);
        if (Spans.Parse(duration) is not { } length || length <= TimeSpan.Zero)
        {
            throw new ControlException("silence-time", ExitCode.BadInput, $"--for '{duration}' is no length of time.", "Write it as 30m or 2h.");
        }

        if (length > longest)
        {
            throw new ControlException("silence-too-long", ExitCode.Refused, $"A silence of {duration} is longer than the {Spans.Format(longest)} that maxSilence allows.", "Give a shorter one; it can be made again when it is over.");
        }

        if (matcher.Severity == Severity.Sev0 && incident is null)
        {
            throw new ControlException("silence-incident", ExitCode.Refused, "SEV-0 is not silenced without an incident.", "Open one, and name it with --incident ID.");
        }

        if (incident is not null && await AlertWatch.IsOpenAsync(store, session.Network, incident, cancellation).ConfigureAwait(false) is not true and var open)
        {
            throw new ControlException("incident-unknown", ExitCode.Refused, open is null ? $"There is no incident '{incident}' on the network '{session.Network}'." : $"The incident '{incident}' is closed.", "Name an open incident.");
        }

        var until = session.Environment.Time.GetUtcNow() + length;
        return await SignedAsync(session, settings, store, act => act with { Act = AlertAct.Silence, Matcher = matcher, Incident = incident, Until = until.ToUnixTimeSeconds() }, reason, cancellation).ConfigureAwait(false);
    }, cancellation);

    private static Task<ExitCode> ActAsync(Session session, Func<AlertAct, AlertAct> say, string reason, CancellationToken cancellation) =>
        WithStoreAsync(session, (settings, store) => SignedAsync(session, settings, store, say, reason, cancellation), cancellation);

    private static async Task<ExitCode> SignedAsync(Session session, AlertSettings settings, IStateStore store, Func<AlertAct, AlertAct> say, string reason, CancellationToken cancellation)
    {
        var named = session.NamedSigners is [var only] ? only : throw new ControlException("signer-needed", ExitCode.BadInput, "Who decides must be said, and it takes one signature.", "Give one --signer NAME.");
        var people = settings.People ?? throw new ControlException("people-missing", ExitCode.Refused, $"No people are on file for the network '{session.Network}', so that nobody can be told from anybody.", "Name them with their duties in config/operators.json.");
        if (string.IsNullOrWhiteSpace(reason))
        {
            throw new ControlException("reason-needed", ExitCode.BadInput, "A decision without a reason can be judged by nobody.", "Give --reason TEXT.");
        }

        var time = session.Environment.Time;
        var act = say(new AlertAct { Version = 1, Network = session.Network, ChainId = session.NetworkFile.ChainId, Act = "", Reason = reason, Issued = time.GetUtcNow().ToUnixTimeSeconds() });
        if (act.Act is AlertAct.Close or AlertAct.Acknowledge)
        {
            // What cannot be is not worth a signature; and what is signed is named whole.
            var book = await AlertBook.ReadWholeAsync(store, settings, [], cancellation).ConfigureAwait(false);
            act = book.Pages.FirstOrDefault(page => act.Act is AlertAct.Acknowledge && string.Equals(page.Id, act.Target, StringComparison.Ordinal)) is { } page ? act with { Target = page.Id } : act with { Target = book.Find(act.Target!).Id };
        }

        session.Terminal.Progress($"network {session.Network}, chain {session.NetworkFile.ChainId}: {named.Name} ({named.Address}) is asked to sign: {act.Act} {act.Subject()}, because: {reason}");
        using var opened = new OpenedSigner(SignerBook.Open(named, session.NetworkFile.ChainId));
        var signed = await act.SignAsync(opened.Signer, people, cancellation).ConfigureAwait(false);
        var author = signed.Author(session.Network, session.NetworkFile.ChainId, people, out var why) ?? throw new ControlException("act-format", ExitCode.BadInput, $"This act cannot be: {why}.", "Correct the command.");
        var outcome = "";
        await AlertCommit.AsNeededAsync(
            store,
            async token =>
            {
                var book = await AlertBook.ReadWholeAsync(store, settings, [], token).ConfigureAwait(false);
                var now = time.GetUtcNow();
                FindingWrites writes;
                switch (act.Act)
                {
                    case AlertAct.Acknowledge:
                        writes = book.Acknowledge(signed, author.Name, now, out var page);
                        outcome = $"the page {page.Id} with {page.Firing} firing alerts is acknowledged by {author.Name}: {page.Title}";
                        break;
                    case AlertAct.Close:
                        writes = book.Close(signed, author.Name, now, out var alert);
                        outcome = $"the alert {alert.Id} is closed by {author.Name}: {alert.Title}";
                        break;
                    case AlertAct.Silence:
                        writes = book.Silence(signed, author.Name, now);
                        outcome = $"silence {act.Id()} of {act.Subject()} until {DateTimeOffset.FromUnixTimeSeconds(act.Until!.Value).UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC by {author.Name}{(act.Incident is null ? "; SEV-0 is told all the same" : $", until the incident {act.Incident} is closed at the latest")}";
                        break;
                    default:
                        writes = book.Unsilence(signed, author.Name, now);
                        outcome = $"the silence {act.Target} is ended by {author.Name}";
                        break;
                }

                return writes;
            },
            cancellation).ConfigureAwait(false);
        await session.RecordAsync($"alert.{act.Act}", act.Digest(), data =>
        {
            data["act"] = act.Id();
            data["subject"] = act.Subject();
            data["incident"] = act.Incident;
            data["by"] = named.Address.ToString();
            data["duty"] = signed.Duty.Name();
            data["reason"] = reason;
        }, cancellation).ConfigureAwait(false);
        session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}: {outcome}");
        session.Terminal.Json("agijobs.alert-act/1", ExitCode.Clean, writer =>
        {
            Heading(session, writer);
            writer.WriteString("act", act.Act);
            writer.WriteString("id", act.Id());
            writer.WriteString("subject", act.Subject());
            writer.WriteString("by", author.Name);
            writer.WriteString("duty", signed.Duty.Name());
            writer.WriteString("address", named.Address.ToString());
        });
        return ExitCode.Clean;
    }
}
