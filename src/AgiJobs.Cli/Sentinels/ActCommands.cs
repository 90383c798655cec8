using System.CommandLine;
using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Control.Evidence.Ledger;
using AgiJobs.Control.Workspaces;
using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Sentinels;

namespace AgiJobs.Cli.Sentinels;

/// <summary><c>sentinel acknowledge|override|end-override|top-up|apply|sign</c>: what people tell the sentinel, signed. It takes effect with the last signature that it needs.</summary>
internal static class ActCommands
{
    private const string TwoPeople = "It takes two different people, in one command or one after the other ('sentinel sign')";

    public static IEnumerable<Command> Build(CommonOptions options, CommandEnvironment environment)
    {
        var run = SentinelCommands.Run();
        var rule = new Argument<string>("rule") { Description = string.Join(", ", SentinelRules.All), HelpName = "RULE" };
        var reason = new Option<string>("--reason") { Description = "why", HelpName = "TEXT", Required = true };
        var until = new Option<string?>("--until") { Description = "until when, UTC, such as 2026-12-31T18:00:00Z; bounded by sentinel.maxOverrideHours", HelpName = "TIME" };
        var hours = new Option<int?>("--hours") { Description = "in the place of --until: for how many hours from now", HelpName = "N" };
        var amount = new Argument<string>("amount") { Description = "by how much, in the run's unit, such as 1000 or 0.5", HelpName = "AMOUNT" };
        var id = new Argument<string>("id") { Description = "the act, as the command that began it told", HelpName = "ID" };

        var acknowledge = new Command("acknowledge", "say that a rule's hold, stop or pruning was seen; it changes nothing else. It takes one person with the duty security, operator or commander") { run, rule, reason, options.Signers };
        Session.Run(acknowledge, options, environment, (session, parsed, cancellation) =>
            BeginAsync(session, parsed.GetValue(run)!, act => act with { Act = SentinelAct.Acknowledge, Rule = Known(parsed.GetValue(rule)!) }, parsed.GetValue(reason)!, cancellation));
        yield return acknowledge;

        var set = new Command("override", $"let a rule hold and prune nothing until a time; {string.Join(", ", SentinelRules.Overridable)}. {TwoPeople}: one with the duty security, the other an operator or commander") { run, rule, until, hours, reason, options.Signers };
        Session.Run(set, options, environment, (session, parsed, cancellation) =>
        {
            var end = Until(session, parsed.GetValue(until), parsed.GetValue(hours));
            return BeginAsync(session, parsed.GetValue(run)!, act => act with { Act = SentinelAct.Override, Rule = Known(parsed.GetValue(rule)!), Until = end.ToUnixTimeSeconds() }, parsed.GetValue(reason)!, cancellation);
        });
        yield return set;

        var end = new Command("end-override", "end an override before its time; what the rule holds has effect again at once. It takes one person with the duty security, operator or commander") { run, rule, reason, options.Signers };
        Session.Run(end, options, environment, (session, parsed, cancellation) =>
            BeginAsync(session, parsed.GetValue(run)!, act => act with { Act = SentinelAct.EndOverride, Rule = Known(parsed.GetValue(rule)!) }, parsed.GetValue(reason)!, cancellation));
        yield return end;

        var raise = new Command("top-up", $"raise the budget of a run, its own cap and the sentinel's; a soft cap lets go when it is far enough. {TwoPeople}: one with the duty finance, the other an operator or commander") { run, amount, reason, options.Signers };
        Session.Run(raise, options, environment, (session, parsed, cancellation) =>
        {
            var text = parsed.GetValue(amount)!;
            return Amount.TryParse(text, out var money) && money > Amount.Zero
                ? BeginAsync(session, parsed.GetValue(run)!, act => act with { Act = SentinelAct.TopUp, Amount = money.ToString() }, parsed.GetValue(reason)!, cancellation)
                : throw new ControlException("bad-amount", ExitCode.BadInput, $"'{text}' is no amount above zero with at most 12 digits before the point and 18 after it.", "Write a plain decimal such as 12.50.");
        });
        yield return raise;

        var apply = new Command("apply", $"bring today's settings ('config show sentinel') into a run that began with others, or with none. {TwoPeople}: one with the duty security, the other an operator or commander") { run, reason, options.Signers };
        Session.Run(apply, options, environment, (session, parsed, cancellation) =>
            BeginAsync(session, parsed.GetValue(run)!, act => act with { Act = SentinelAct.Apply, Settings = session.Steering().Digest("sentinel") }, parsed.GetValue(reason)!, cancellation));
        yield return apply;

        var sign = new Command("sign", "sign an act that another person began; the last signature brings it into effect. Without --signer it is shown. Exit 3: it still waits") { id, options.Signers };
        Session.Run(sign, options, environment, (session, parsed, cancellation) => SentinelCommands.WithStateAsync(session, (_, store) => SignAsync(session, parsed.GetValue(id)!, store, cancellation), cancellation));
        yield return sign;
    }

    private static string Known(string rule) => SentinelRules.All.Contains(rule, StringComparer.Ordinal)
        ? rule
        : throw new ControlException("unknown-rule", ExitCode.BadInput, $"The sentinel has no rule '{rule}'.", $"Name one of {string.Join(", ", SentinelRules.All)}.");

    private static DateTimeOffset Until(Session session, string? until, int? hours)
    {
        var now = session.Environment.Time.GetUtcNow();
        if (until is null == hours is null)
        {
            throw new ControlException("override-end", ExitCode.BadInput, until is null ? "An override without an end is none." : "--until and --hours say the same thing twice.", "Give --until TIME or --hours N.");
        }

        DateTimeOffset end;
        if (hours is { } count)
        {
            end = count is >= 1 and <= 10_000 ? now.AddHours(count) : throw new ControlException("override-end", ExitCode.BadInput, $"--hours {count} is no time.", "Give 1 or more.");
        }
        else if (!DateTimeOffset.TryParseExact(until, ["yyyy-MM-ddTHH:mm:ssZ", "yyyy-MM-ddTHH:mmZ"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out end))
        {
            throw new ControlException("override-end", ExitCode.BadInput, $"--until '{until}' is no time in UTC.", "Write it such as 2026-12-31T18:00:00Z.");
        }

        return end <= now ? throw new ControlException("override-end", ExitCode.BadInput, $"{end:yyyy-MM-dd HH:mm:ss} UTC is over.", "Give a time to come.")
            : end;
    }

    private static SentinelActs Acts(Session session) => new(
        session.Workspace,
        session.Network,
        session.NetworkFile.ChainId,
        session.Workspace.Operators(session.Network) is { } people ? new OperatorBook(people) : throw new ControlException("people-missing", ExitCode.Refused, $"No people are on file for the network '{session.Network}', so that nobody can be told from anybody.", "Name them with their duties in config/operators.json."),
        session.Steering().LongestOverride,
        session.Environment.Time);

    private static Task<ExitCode> BeginAsync(Session session, string run, Func<SentinelAct, SentinelAct> say, string reason, CancellationToken cancellation) => SentinelCommands.WithStateAsync(session, async (_, store) =>
    {
        var acts = Acts(session);
        if (session.NamedSigners.Count == 0)
        {
            throw new ControlException("signer-needed", ExitCode.BadInput, "Who decides must be said.", "Give --signer NAME, once for each person who is here.");
        }

        if (string.IsNullOrWhiteSpace(reason))
        {
            throw new ControlException("reason-needed", ExitCode.BadInput, "A decision without a reason can be judged by nobody.", "Give --reason TEXT.");
        }

        var now = session.Environment.Time.GetUtcNow().ToUnixTimeSeconds();
        var act = say(new SentinelAct
        {
            Version = 1,
            Network = session.Network,
            ChainId = session.NetworkFile.ChainId,
            Run = run,
            Act = "",
            Reason = reason,
            Issued = now,
            Expires = now + (long)SentinelActs.Patience.TotalSeconds,
        });

        // What could not follow now is not worth a signature.
        var events = await store.ReadAsync(run, 0, cancellation).ConfigureAwait(false);
        if (events.Count == 0)
        {
            throw SentinelCommands.Unknown(session, run);
        }

        RunState.Fold(events).Apply(act.Event("", session.Steering().Guard));
        acts.File(act);
        return await SignAsync(session, act.Id(), store, cancellation).ConfigureAwait(false);
    }, cancellation);

    private static async Task<ExitCode> SignAsync(Session session, string id, IRunStore store, CancellationToken cancellation)
    {
        var acts = Acts(session);
        var signed = acts.Read(id);
        var act = signed.Act;
        session.Terminal.Progress($"{SentinelCommands.Heading(session, act.Run)}: {act.Act} {act.Subject()}, because: {act.Reason}");
        foreach (var named in session.NamedSigners)
        {
            session.Terminal.Progress($"{named.Name} ({named.Address}) is asked to sign it");
            using var opened = new Changes.OpenedSigner(SignerBook.Open(named, session.NetworkFile.ChainId));
            signed = await acts.SignAsync(id, opened.Signer, cancellation).ConfigureAwait(false);
            var consent = signed.Consents.First(one => one.Signer == named.Address);
            await session.RecordAsync("sentinel.signed", act.Digest(), data =>
            {
                data["act"] = id;
                data["what"] = $"{act.Act} {act.Subject()}";
                data["run"] = act.Run;
                data["by"] = named.Address.ToString();
                data["duty"] = consent.Duty.Name();
            }, cancellation).ConfigureAwait(false);
        }

        foreach (var why in signed.Discounted)
        {
            session.Terminal.Progress($"FINDING counts not: {why}");
        }

        if (signed.Filled() is not { } people)
        {
            session.Terminal.Line($"{SentinelCommands.Heading(session, act.Run)}: {act.Act} {act.Subject()} waits; nothing has changed yet");
            session.Terminal.Line($"  signed by {(signed.Consents.Count == 0 ? "nobody" : signed.By())}; missing: {string.Join(", and ", signed.Missing().Select(need => need.Names()))}");
            session.Terminal.Line($"  until {DateTimeOffset.FromUnixTimeSeconds(act.Expires):yyyy-MM-dd HH:mm:ss} UTC: agijobs sentinel sign {id} --signer NAME");
            Json(ExitCode.Findings, null);
            return ExitCode.Findings;
        }

        var version = await acts.CarryOutAsync(signed, store, reason => Settings(session, act, reason), cancellation).ConfigureAwait(false);
        await RecordAsync(session, act, people, version, cancellation).ConfigureAwait(false);
        session.Terminal.Line($"{SentinelCommands.Heading(session, act.Run)}: {act.Act} {act.Subject()}, signed by {signed.By()}");
        session.Terminal.Line(version is { } at ? string.Create(CultureInfo.InvariantCulture, $"  in force with event {at} of the run") : "  it was in force already; nothing was done twice");
        Json(ExitCode.Clean, version);
        return ExitCode.Clean;

        void Json(ExitCode exit, long? at) => session.Terminal.Json("agijobs.sentinel-act/1", exit, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
            writer.WriteString("run", act.Run);
            writer.WriteString("act", act.Act);
            writer.WriteString("id", id);
            writer.WriteString("subject", act.Subject());
            writer.WriteBoolean("inForce", exit == ExitCode.Clean);
            if (at is { } known)
            {
                writer.WriteNumber("event", known);
            }

            writer.WriteStartArray("signedBy");
            foreach (var consent in signed.Consents)
            {
                writer.WriteStartObject();
                writer.WriteString("name", consent.Person.Name);
                writer.WriteString("duty", consent.Duty.Name());
                writer.WriteString("address", consent.Signer.ToString());
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
    }

    // The settings may have changed between the first signature and the last.
    private static SentinelSet Settings(Session session, SentinelAct act, string reason)
    {
        var today = session.Steering();
        return today.Digest("sentinel") == act.Settings
            ? today.Guard(reason)
            : throw new ControlException("settings-other", ExitCode.Refused, $"The settings that were signed have the digest {act.Settings}, those of this workspace and environment {today.Digest("sentinel")}.", "Begin it anew, with the settings that are meant on file everywhere.");
    }

    // The run itself names the act and who signed it; the ledger is made whole also by whoever comes second.
    private static async Task RecordAsync(Session session, SentinelAct act, IReadOnlyList<ActConsent> people, long? version, CancellationToken cancellation)
    {
        var ledger = new OwnerLedger(session.Workspace, session.Environment.Time);
        var digest = act.Digest();
        if (version is null && ledger.Read().Any(entry => entry.Change == digest))
        {
            return;
        }

        await ledger.AppendAsync(
            new LedgerEntry
            {
                At = session.Environment.Time.GetUtcNow(),
                Network = session.Network,
                ChainId = session.NetworkFile.ChainId,
                Change = digest,
                Kind = $"sentinel.{act.Act}",
                Title = $"{act.Act} {act.Subject()} in the run '{act.Run}'",
                Who = [.. people.Select(person => new LedgerParty { Name = person.Person.Name, Address = person.Signer })],
                Outcome = "in-force",
                Instance = act.Id(),
                Note = act.Reason,
            },
            cancellation).ConfigureAwait(false);
        await session.RecordAsync($"sentinel.{act.Act}", digest, data =>
        {
            data["act"] = act.Id();
            data["what"] = act.Subject();
            data["run"] = act.Run;
            data["event"] = version;
            data["reason"] = act.Reason;
        }, cancellation).ConfigureAwait(false);
    }
}
